//! What a rendered message must be before it is the body of a call.

use serde_json::Value as Json;

use super::compose::{Unmade, unrendered};
use crate::diagnostic::Diagnostic;
use crate::messenger;
use crate::model::delivery::{Notes, Reason, ReasonCode};
use crate::template::{Context, RenderedTree, Tree};

/// A message as the platform takes it.
pub(super) fn for_messenger(
    tree: &Tree,
    context: &Context<'_>,
    notes: &mut Notes,
) -> Result<RenderedTree, Unmade> {
    let mut rendered = tree.render(context).map_err(unrendered)?;
    notes.add(
        rendered.misses.clone(),
        rendered.gaps.clone(),
        rendered.extras.clone(),
    );
    rendered.json = messenger::settle(rendered.json);
    let problems = messenger::check_rendered(&rendered.json);
    if let Some(problem) = problems.into_iter().find(Diagnostic::is_error) {
        let detail = format!("{}: {}", problem.path, problem.message);
        let detail = detail.trim_start_matches(": ");
        return Err(Reason::new(ReasonCode::InvalidMessage, detail).into());
    }
    Ok(rendered)
}

/// A raw body that says that it is JSON has to be: what a name did to it would otherwise be found by the endpoint.
pub(super) fn json_of(content_type: &str, body: &str) -> Result<Option<Json>, Reason> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    if essence != "application/json" && !essence.ends_with("+json") {
        return Ok(None);
    }
    serde_json::from_str(body).map(Some).map_err(|error| {
        let detail = format!(
            "raw.body: once rendered it is not JSON: line {}, column {}",
            error.line(),
            error.column()
        );
        Reason::new(ReasonCode::RenderFailed, detail)
    })
}
