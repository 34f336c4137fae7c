//! What is allowed in a campaign and seldom meant.

use regex::{Regex, RegexBuilder};
use serde_json::Value as Json;

use super::checker::Checker;
use crate::campaign::read::file::{CampaignFile, Resource, SettingsFile};
use crate::campaign::read::source::{Parsed, Read};
use crate::diagnostic::{Diagnostic, codes};
use crate::model::limits;
use crate::segment::{Filter, path_text};

/// Keys of a message whose texts people read.
const READ: [&str; 5] = [
    "coupon_pre_message",
    "question",
    "subtitle",
    "text",
    "title",
];

// === impl Checker ===

impl Checker<'_> {
    /// Warns of a campaign as a whole: who owns it, and whom it goes to, by its segment and its own filter.
    pub(in crate::campaign) fn advise(
        &mut self,
        parsed: &[Parsed<'_>],
        one: &Parsed<'_>,
        file: &CampaignFile,
        parts: [Option<&Filter>; 2],
        audience: Option<&Filter>,
    ) {
        self.owner(parsed, one, file);
        let [segment, own] = parts;
        // What is missing or broken was reported: whom it asks for is not known.
        if segment.is_none() != file.segment.is_none() || own.is_none() != file.filter.is_none() {
            return;
        }
        self.psid(one, file, audience);
        let is_never = |filter: Option<&Filter>| filter.is_some_and(Filter::is_never);
        if is_never(audience) && !is_never(segment) && !is_never(own) {
            let message = "segment and filter contradict each other: nobody is in both";
            let warning = Diagnostic::warning(codes::FILTER_ALWAYS_FALSE, message).at("filter");
            self.report(&one.read, warning);
        }
    }

    fn owner(&mut self, parsed: &[Parsed<'_>], one: &Parsed<'_>, file: &CampaignFile) {
        let names_a_team = |other: &Parsed<'_>| matches!(&other.resource, Resource::Campaign(other) if other.team.is_some());
        let is_wanted =
            || self.set.lints.is_wanted(codes::MISSING_OWNER) || parsed.iter().any(names_a_team);
        if file.team.is_none() && is_wanted() {
            let message = format!("nobody owns the campaign `{}`", file.name);
            let warning = Diagnostic::warning(codes::MISSING_OWNER, message).at("name");
            self.report(&one.read, warning.hint("add `team:`"));
        }
    }

    /// People without a PSID cannot be reached over Messenger.
    fn psid(&mut self, one: &Parsed<'_>, file: &CampaignFile, audience: Option<&Filter>) {
        let channel = self.set.channels.get(&file.channel);
        let Some(attribute) = channel.and_then(|channel| channel.psid_attribute()) else {
            return;
        };
        let path = [attribute.to_owned()];
        if audience.is_some_and(|audience| audience.requires(&path)) {
            return;
        }
        let text = path_text(&path);
        let mut segments = self.filters.iter();
        let asking = segments.find(|(_, filter)| filter.requires(&path));
        let (at, hint) = match (&file.filter, &file.segment, asking) {
            // Of `a || b && c` both would not be asked for.
            (Some(own), _, _) if own.contains("||") => {
                let hint = format!("put it in brackets and add `&& !blank({text})`");
                ("filter", hint)
            }
            (Some(_), _, _) => ("filter", format!("add `&& !blank({text})`")),
            (None, None, Some((name, _))) => ("channel", format!("add `segment: {name}`")),
            (None, segment, _) => {
                let at = segment.as_ref().map_or("channel", |_| "segment");
                (at, format!("add `filter: \"!blank({text})\"`"))
            }
        };
        let message = format!("the audience does not ask for `{text}`: who lacks it is skipped");
        let warning = Diagnostic::warning(codes::MESSENGER_NO_PSID, message);
        self.report(&one.read, warning.at(at).hint(hint));
    }

    /// The words that Settings call marketing.
    pub(in crate::campaign) fn policy(&mut self, read: &Read<'_>, file: &SettingsFile) {
        let words = &file.policy.marketing_words;
        let bytes: usize = words.iter().map(String::len).sum();
        if bytes > limits::MARKETING_WORDS_BYTES_MAX {
            let max = limits::MARKETING_WORDS_BYTES_MAX;
            let message = format!("{bytes} bytes in all words; {max} are allowed");
            let problem = Diagnostic::error(codes::WRONG_VALUE, message);
            self.report(read, problem.at("policy.marketing_words"));
        } else if !words.is_empty() {
            self.marketing = one_of(words);
        }
    }

    /// Warns of each text of a message that sounds like marketing, where it may leave the 24-hour window.
    pub(in crate::campaign) fn marketing(&mut self, read: &Read<'_>, message: &Json) {
        let Some(words) = self.marketing.clone() else {
            return;
        };
        let kind = message.get("messaging_type").and_then(Json::as_str);
        let kind = kind.unwrap_or("UPDATE");
        if kind == "RESPONSE" {
            return;
        }
        let mut texts = Vec::new();
        texts_of(message, "message", &mut texts);
        for (path, text) in texts {
            let Some(found) = words.find(&fixed(text)).map(|found| found.range()) else {
                continue;
            };
            let word = text.get(found.clone()).unwrap_or_default();
            let message = format!("`{word}` sounds like marketing, in a message of type `{kind}`");
            let hint = "beyond the 24-hour window marketing is not allowed: take it out if people may get it later";
            let warning = Diagnostic::warning(codes::MARKETING_WORDS, message);
            self.report(read, warning.at(path).spanning(found).hint(hint));
        }
    }
}

/// Finds each word as a whole, in any case.
fn one_of(words: &[String]) -> Option<Regex> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let edge = |is_edge: bool| if is_edge { r"\b" } else { "" };
    let patterns = words.iter().map(|word| {
        let word = word.trim();
        let (begin, end) = (word.starts_with(is_word), word.ends_with(is_word));
        format!("{}{}{}", edge(begin), regex::escape(word), edge(end))
    });
    let pattern = patterns.collect::<Vec<_>>().join("|");
    RegexBuilder::new(&pattern)
        .case_insensitive(true)
        .build()
        .ok()
}

/// The text with blanks for its Liquid, as long as it was.
fn fixed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = ["{{", "{%"].iter().filter_map(|open| rest.find(open)).min() {
        let close = if rest[at..].starts_with("{{") {
            "}}"
        } else {
            "%}"
        };
        let end = rest[at..]
            .find(close)
            .map_or(rest.len(), |end| at + end + 2);
        out.push_str(&rest[..at]);
        out.extend(std::iter::repeat_n(' ', end - at));
        rest = &rest[end..];
    }
    out.push_str(rest);
    out
}

fn texts_of<'j>(json: &'j Json, path: &str, found: &mut Vec<(String, &'j str)>) {
    match json {
        Json::Object(map) => {
            for (key, value) in map {
                let path = format!("{path}.{key}");
                match value {
                    Json::String(text) if READ.contains(&key.as_str()) => found.push((path, text)),
                    Json::String(_) => {}
                    _ => texts_of(value, &path, found),
                }
            }
        }
        Json::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                texts_of(item, &format!("{path}[{at}]"), found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_as_a_whole_and_outside_of_liquid() {
        let words = ["sale", "% off", "grátis"].map(str::to_owned);
        let words = one_of(&words).unwrap();
        for (text, expected) in [
            ("Big SALE now", Some("SALE")),
            ("Wholesale", None),
            ("20% off!", Some("% off")),
            ("É GRÁTIS", Some("GRÁTIS")),
            ("{{${sale}}} for you", None),
            ("{% if sale %}ção sale{% endif %}", Some("sale")),
            ("{{ sale", None),
        ] {
            let found = words.find(&fixed(text)).map(|found| &text[found.range()]);
            assert_eq!(found, expected, "{text}");
        }
    }
}
