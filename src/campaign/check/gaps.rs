//! Attributes that a message shows and that its audience need not have.

use std::collections::BTreeSet;

use super::beside::is_kept;
use super::checker::Checker;
use super::names::{COMPUTED, Spot, spots};
use crate::campaign::read::file::{CampaignFile, Resource};
use crate::campaign::read::source::{Parsed, Read};
use crate::campaign::set::{Gap, Message};
use crate::diagnostic::{Diagnostic, codes};
use crate::segment::{Filter, path_text};
use crate::template::Bare;

/// An attribute that a campaign shows, and where: in its own file or in one that it uses.
struct Shown<'a> {
    read: &'a Read<'a>,
    path: String,
    bare: Bare,
    /// A loop goes over it.
    is_list: bool,
}

// === impl Checker ===

impl Checker<'_> {
    /// Warns of each attribute once, where the message of the campaign shows it first.
    pub(in crate::campaign) fn gaps(
        &mut self,
        parsed: &[Parsed<'_>],
        one: &Parsed<'_>,
        file: &CampaignFile,
        (message, audience): (&Message, Option<&Filter>),
    ) -> Vec<Gap> {
        if is_kept(&one.read.file.path) {
            return Vec::new();
        }
        let mut seen = BTreeSet::new();
        let mut gaps = Vec::new();
        for shown in self.shown(parsed, one, file, message) {
            let name = &shown.bare.attribute;
            let required = std::slice::from_ref(name);
            let is_there = COMPUTED.contains(&name.as_str())
                || audience.is_some_and(|audience| audience.requires(required));
            if is_there || !seen.insert(name.clone()) {
                continue;
            }
            let warning = shown.warning();
            // Others that use the same block or channel were told.
            if !self.problems.contains(&warning) {
                self.problems.push(warning.clone());
            }
            gaps.push(Gap {
                attribute: name.clone(),
                warning,
            });
        }
        gaps
    }

    /// All that the message shows: in its own texts, in the blocks within them, and in the call of its channel.
    fn shown<'p>(
        &self,
        parsed: &'p [Parsed<'p>],
        one: &'p Parsed<'p>,
        file: &CampaignFile,
        message: &Message,
    ) -> Vec<Shown<'p>> {
        let named = |kind: &str, name: Option<&str>| {
            let mut all = parsed.iter();
            all.find(|other| other.kind.as_str() == kind && Some(other.name.as_str()) == name)
        };
        let whole = named("Template", file.template.as_deref()).unwrap_or(one);
        let read = &whole.read;
        let mut found: Vec<Shown<'p>> = match message {
            Message::Tree(tree) => {
                let bare = tree.bare().iter();
                bare.map(|(path, bare)| Shown::of(read, format!("message.{path}"), bare.clone()))
                    .collect()
            }
            Message::Raw { body, .. } => {
                let bare = body.bare().iter();
                bare.map(|bare| Shown::of(read, "raw.body".to_owned(), bare.clone()))
                    .collect()
            }
        };
        let texts = spots(&whole.resource);
        found.extend(texts.iter().filter_map(|spot| head(read, spot)));
        found.extend(self.in_blocks(parsed, &texts));
        let hook = named("Channel", Some(&file.channel));
        if let Some(hook) = hook.filter(|hook| matches!(hook.resource, Resource::Webhook(_))) {
            let texts = spots(&hook.resource);
            for spot in &texts {
                let bare = spot.names.bare().into_iter();
                found.extend(bare.map(|bare| Shown::of(&hook.read, spot.path.clone(), bare)));
            }
            found.extend(self.in_blocks(parsed, &texts));
        }
        found
    }

    fn in_blocks<'p>(&self, parsed: &'p [Parsed<'p>], texts: &[Spot]) -> Vec<Shown<'p>> {
        let mut found = Vec::new();
        for spot in texts {
            let Some(within) = self.blocks.within(&spot.names) else {
                continue;
            };
            for (name, names) in within {
                let mut all = parsed.iter();
                let Some(block) = all.find(|other| {
                    matches!(other.resource, Resource::ContentBlock(_)) && other.name == name
                }) else {
                    continue;
                };
                // The text around it may ask first.
                let bare = names.bare().into_iter();
                let bare = bare.filter(|bare| !spot.names.tests(&bare.attribute));
                found.extend(bare.map(|bare| Shown::of(&block.read, "content".to_owned(), bare)));
            }
        }
        found
    }
}

/// What a loop over nodes goes over.
fn head<'p>(read: &'p Read<'p>, spot: &Spot) -> Option<Shown<'p>> {
    let list = spot.names.reads.first().filter(|_| spot.is_head)?;
    let [attribute] = list.attribute()? else {
        return None;
    };
    let bare = Bare {
        attribute: attribute.clone(),
        span: list.span.clone(),
    };
    Some(Shown {
        is_list: true,
        ..Shown::of(read, spot.path.clone(), bare)
    })
}

// === impl Shown ===

impl<'a> Shown<'a> {
    fn of(read: &'a Read<'a>, path: String, bare: Bare) -> Self {
        Self {
            read,
            path,
            bare,
            is_list: false,
        }
    }

    fn warning(&self) -> Diagnostic {
        let name = &self.bare.attribute;
        let path = path_text(std::slice::from_ref(name));
        let (text, hint) = if self.is_list {
            let text =
                format!("`{name}` is what `each` goes over: who lacks it gets an empty list");
            (text, format!("ask for it in the filter: `!blank({path})`"))
        } else {
            let text = format!("`{name}` has no `default`: who lacks it gets nothing in its place");
            let hint = format!(
                "write `{{{{${{{name}}} | default: 'there'}}}}`, or ask for it in the filter: `!blank({path})`"
            );
            (text, hint)
        };
        let warning = Diagnostic::warning(codes::LIQUID_NO_DEFAULT, text);
        let warning = warning.at(&self.path).hint(hint);
        let warning = warning.spanning(self.bare.span.clone());
        self.read.root.placed(self.read.file, warning)
    }
}
