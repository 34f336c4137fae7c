//! Attributes that a message shows and that its audience need not have.

use std::collections::BTreeSet;

use super::beside::is_kept;
use super::check::Checker;
use super::file::CampaignFile;
use super::set::{Gap, Message};
use super::source::Parsed;
use crate::diagnostic::{Diagnostic, codes};
use crate::segment::Filter;
use crate::template::Bare;

/// What every user has, whatever was upserted.
const COMPUTED: [&str; 3] = ["user_id", "random_bucket_number", "random_bucket"];

// === impl Checker ===

impl Checker<'_> {
    /// Warns of each attribute once, where the message of the campaign shows it first.
    pub(super) fn gaps(
        &mut self,
        parsed: &[Parsed<'_>],
        one: &Parsed<'_>,
        file: &CampaignFile,
        (message, audience): (&Message, Option<&Filter>),
    ) -> Vec<Gap> {
        if is_kept(&one.read.file.path) {
            return Vec::new();
        }
        let whole = file.template.as_deref();
        let template = parsed
            .iter()
            .find(|other| other.kind.as_str() == "Template" && Some(other.name.as_str()) == whole);
        let read = &template.unwrap_or(one).read;
        let shown: Vec<(String, &Bare)> = match message {
            Message::Tree(tree) => {
                let bare = tree.bare().iter();
                bare.map(|(path, bare)| (format!("message.{path}"), bare))
                    .collect()
            }
            Message::Raw { body, .. } => {
                let bare = body.bare().iter();
                bare.map(|bare| ("raw.body".to_owned(), bare)).collect()
            }
        };
        let mut seen = BTreeSet::new();
        let mut gaps = Vec::new();
        for (path, bare) in shown {
            let name = &bare.attribute;
            let required = std::slice::from_ref(name);
            let is_there = COMPUTED.contains(&name.as_str())
                || audience.is_some_and(|audience| audience.requires(required));
            if is_there || !seen.insert(name) {
                continue;
            }
            let text = format!("`{name}` has no `default`: who lacks it gets nothing in its place");
            let hint = format!(
                "write `{{{{${{{name}}} | default: 'there'}}}}`, or ask for it in the filter: `!blank({})`",
                crate::segment::path_text(required)
            );
            let warning = Diagnostic::warning(codes::LIQUID_NO_DEFAULT, text)
                .at(path)
                .hint(hint);
            let warning = read
                .root
                .placed(read.file, warning.spanning(bare.span.clone()));
            self.problems.push(warning.clone());
            gaps.push(Gap {
                attribute: name.clone(),
                warning,
            });
        }
        gaps
    }
}
