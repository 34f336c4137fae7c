//! The documents that one webhook comes to.

use super::convert::Draft;
use super::input::Source;
use super::names;
use super::yaml::{self, Entry};
use crate::campaign::read::source::SourceFile;

pub(super) fn path(folder: &str, name: &str) -> String {
    format!("{folder}/{name}.yaml")
}

pub(super) fn document(
    folder: &str,
    name: &str,
    remarks: &[String],
    entries: &[Entry],
) -> SourceFile {
    SourceFile {
        path: path(folder, name),
        text: yaml::write(remarks, entries),
    }
}

pub(super) fn channel_entries(draft: &Draft) -> Vec<Entry> {
    let mut entries = vec![
        Entry::text("kind", "Channel"),
        Entry::text("name", &draft.channel),
    ];
    entries.extend(draft.built.channel.iter().cloned());
    entries
}

pub(super) fn remarks(source: &Source) -> Vec<String> {
    let of = match source.name.as_str() {
        "" => "From a webhook of Braze's.".to_owned(),
        name => format!("From `{name}` in Braze."),
    };
    let variation = match source.variation.as_str() {
        "" => String::new(),
        variation => format!(" Its variation `{variation}`."),
    };
    vec![format!("{of}{variation}")]
}

pub(super) fn campaign_entries(draft: &Draft) -> Vec<Entry> {
    let (source, built) = (&draft.source, &draft.built);
    let mut entries = vec![
        Entry::text("kind", "Campaign"),
        Entry::text("name", &draft.campaign),
    ];
    if !source.description.is_empty() {
        entries.push(Entry::text("description", &source.description));
    }
    if !source.team.is_empty() {
        entries.push(Entry::text("team", &source.team));
    }
    if !source.tags.is_empty() {
        entries.push(Entry::new("tags", yaml::labels(&source.tags)));
    }
    entries.push(Entry::text("channel", &draft.channel));
    if let Some(attribute) = &built.psid_attribute {
        let filter = format!("!blank({})", names::attribute(attribute));
        entries.push(Entry::text("filter", filter));
    }
    entries.push(Entry::bare("trigger", "{api: {}}"));
    entries.push(built.content.entry());
    entries
}
