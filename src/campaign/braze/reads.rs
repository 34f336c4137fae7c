//! What templates read: what must be upserted, what is given with a send, and what there is not.

use std::collections::BTreeSet;

use super::json::{push_item, push_step};
use super::liquid;
use super::report::{BY_HAND, Report};
use super::yaml::{Entry, Yaml};
use crate::diagnostic::Diagnostic;
use crate::model::limits;

/// Namespaces that Recado has, besides attributes.
const KNOWN: [&str; 5] = [
    "api_trigger_properties",
    "campaign",
    "content_blocks",
    "subscribed_state",
    "custom_attribute",
];
/// Attributes that every user has.
const COMPUTED: [&str; 2] = ["user_id", "random_bucket_number"];

/// Says which attributes and properties must be there, those of filters among them.
pub(super) fn tell(filtered: BTreeSet<String>, entries: &[Entry], report: &mut Report) {
    let (mut attributes, mut properties) = (filtered, BTreeSet::new());
    each_text(entries, &mut |_, text| {
        for (name, _) in liquid::names(text) {
            match name.root.as_str() {
                "" | "custom_attribute" if !COMPUTED.contains(&name.name.as_str()) => {
                    attributes.insert(name.name)
                }
                "api_trigger_properties" => properties.insert(name.name),
                _ => false,
            };
        }
    });
    if !attributes.is_empty() {
        report.next(format!(
            "upsert users with the attributes that are read, under these names: {}",
            listed(attributes)
        ));
    }
    if !properties.is_empty() {
        report.next(format!(
            "give these with each send (`--properties`, `trigger_properties`): {}",
            listed(properties)
        ));
    }
}

fn listed(names: BTreeSet<String>) -> String {
    let more = names.len().saturating_sub(limits::IMPORT_PROBLEMS_MAX);
    let told = names.into_iter().take(limits::IMPORT_PROBLEMS_MAX);
    let mut quoted: Vec<String> = told.map(|name| format!("`{name}`")).collect();
    if more > 0 {
        quoted.push(format!("and {more} more"));
    }
    quoted.join(", ")
}

/// What is read from namespaces that there are not: it would be empty for everybody.
pub(super) fn unknown(entries: &[Entry]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    each_text(entries, &mut |path, text| {
        let names = liquid::names(text).into_iter();
        let given = liquid::given(text);
        let is_unknown = |name: &liquid::Name| {
            let root = name.root.as_str();
            !root.is_empty() && !KNOWN.contains(&root) && !given.contains(root)
        };
        for (name, span) in names.filter(|(name, _)| is_unknown(name)) {
            if problems.len() == limits::IMPORT_PROBLEMS_MAX {
                return;
            }
            let message = format!(
                "there is no `{}` here: `${{{}}}` is empty for everybody",
                name.root, name.name
            );
            let problem = Diagnostic::error(BY_HAND, message).at(path).spanning(span);
            problems.push(problem.hint(
                "upsert it as an attribute, or give it with each send in `api_trigger_properties`",
            ));
        }
    });
    problems
}

/// Every text with its path.
pub(super) fn each_text(entries: &[Entry], each: &mut impl FnMut(&str, &str)) {
    let mut path = String::new();
    for entry in entries {
        entry.key.clone_into(&mut path);
        walk(&mut path, &entry.value, each);
    }
}

fn walk(path: &mut String, value: &Yaml, each: &mut impl FnMut(&str, &str)) {
    let len = path.len();
    match value {
        Yaml::Text(text) => each(path, text),
        Yaml::Quoted(_) | Yaml::Bare(_) => {}
        Yaml::List(items) => {
            for (at, item) in items.iter().enumerate() {
                push_item(path, at);
                walk(path, item, each);
                path.truncate(len);
            }
        }
        Yaml::Map(entries) => {
            for entry in entries {
                push_step(path, &entry.key);
                walk(path, &entry.value, each);
                path.truncate(len);
            }
        }
    }
}
