//! The page that a call goes to, and its channel.

use super::report::{BY_HAND, Report};
use super::url::Url;
use super::yaml::{Entry, Yaml};
use crate::diagnostic::Diagnostic;

const HOST: &str = "graph.facebook.com";
/// Versions up to this one are served no more.
const LAST_DEAD_VERSION: u32 = 20;
/// What a channel reads when it names no attribute.
pub(super) const PSID_ATTRIBUTE: &str = "messenger_id";

/// Where a call goes.
#[derive(Debug)]
pub(super) struct Target {
    page_id: String,
    version: Option<String>,
}

/// The page of a URL of the Send API.
pub(super) fn target(url: &Url) -> Option<Target> {
    if url.name() != HOST {
        return None;
    }
    let path = url.path.trim_matches('/');
    let mut steps: Vec<&str> = path.split('/').collect();
    if steps.pop() != Some("messages") {
        return None;
    }
    let is_version = |step: &&str| {
        let digits = step.strip_prefix(['v', 'V']).unwrap_or_default();
        digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.')
    };
    let version = steps
        .first()
        .copied()
        .filter(is_version)
        .map(str::to_ascii_lowercase);
    let page: &[&str] = if version.is_some() {
        &steps[1..]
    } else {
        &steps
    };
    match page {
        [page] => Some(Target {
            page_id: (*page).to_owned(),
            version,
        }),
        // A path that Liquid makes may have slashes of its own.
        _ => None,
    }
}

/// The page of a body alone.
pub(super) fn somewhere() -> Target {
    Target {
        page_id: "me".to_owned(),
        version: None,
    }
}

/// The channel's entries, and what of them needs a hand.
pub(super) fn channel(
    target: &Target,
    variable: &str,
    psid_attribute: &str,
    report: &mut Report,
) -> (Vec<Entry>, Option<Diagnostic>) {
    let is_id = !target.page_id.is_empty()
        && target
            .page_id
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c));
    let page_id = if is_id { target.page_id.as_str() } else { "me" };
    let mut entries = vec![Entry::text("type", "messenger")];
    if page_id == "me" {
        entries.push(Entry::text("page_id", page_id));
    } else {
        report.carried(format!("the page: `page_id: {page_id}`"));
        entries.push(Entry::new("page_id", Yaml::Quoted(page_id.to_owned())));
    }
    entries.push(Entry::bare("token", format!("{{env: {variable}}}")));
    if psid_attribute != PSID_ATTRIBUTE {
        entries.push(Entry::text("psid_attribute", psid_attribute));
    }
    if let Some(version) = &target.version {
        let major = version
            .trim_start_matches('v')
            .split('.')
            .next()
            .and_then(|n| n.parse::<u32>().ok());
        if major.is_some_and(|major| major > LAST_DEAD_VERSION) {
            entries.push(Entry::text("graph_version", version));
            report.carried(format!("`graph_version: {version}`"));
        } else {
            report.changed(format!(
                "Graph API `{version}` has ended: the channel uses the newest that Recado knows"
            ));
        }
    }
    let problem = || {
        let problem = Diagnostic::error(BY_HAND, "the page's id is made by Liquid").at("page_id");
        problem.hint("write one channel for each page, and a campaign over each")
    };
    (entries, (!is_id).then(problem))
}
