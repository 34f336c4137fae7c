//! What templates fetch: `connected_content`, as it is written in Braze, and the secrets that people put into it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::reads::each_text;
use super::report::BY_HAND;
use super::secrets::{self, MASK, Secrets};
use super::yaml::Entry;
use crate::diagnostic::Diagnostic;
use crate::model::limits;

const TAG: &str = "connected_content";
/// What stands for a host that Liquid makes; Settings that still hold it are not valid.
const HOST: &str = "HOST";

type Pattern = LazyLock<Option<Regex>>;

/// Where the URL leads, as far as it is written out.
static URL: Pattern = LazyLock::new(|| Regex::new(r#"^\s+["']?https?://([^/?#\s"'\\]*)"#).ok());
static CREDENTIAL: Pattern =
    LazyLock::new(|| Regex::new(r#"\s:basic_auth\s+["']?([^\s"'%]+)"#).ok());
/// A header, in an export with its quotes escaped.
static HEADER: Pattern =
    LazyLock::new(|| Regex::new(r#"\\*"([^"\\]{1,100})\\*"\s*:\s*\\*"([^"\\]*)"#).ok());
/// A value of the URL's query, or of a form.
static VALUE: Pattern =
    LazyLock::new(|| Regex::new(r#"[?&\s]([A-Za-z0-9_.-]{1,100})=([^&\s"'\\{}#%]+)"#).ok());
static USER: Pattern = LazyLock::new(|| Regex::new(r#"://([^/\s@"'{}]+)@"#).ok());

/// Where texts fetch from.
#[derive(Debug, Default)]
pub(super) struct Sources {
    pub(super) hosts: BTreeSet<String>,
    /// With the hosts that they are used for, as far as those are written out.
    pub(super) credentials: BTreeMap<String, BTreeSet<String>>,
    /// Of some the host is only known once they are rendered.
    pub(super) has_unknown: bool,
}

// === impl Sources ===

impl Sources {
    pub(super) fn add(&mut self, text: &str) {
        for span in tags(text) {
            let options = &text[span];
            let authority = group(&URL, options);
            let host = authority
                .filter(|host| !host.is_empty() && !host.contains(['{', '@', '%']))
                .map(|host| host.split(':').next().unwrap_or(host).to_ascii_lowercase());
            let credential = group(&CREDENTIAL, options);
            if let Some(name) = credential.filter(|name| !name.contains('{')) {
                let hosts = self.credentials.entry(name.to_owned()).or_default();
                hosts.extend(host.clone());
            }
            match host {
                Some(host) => drop(self.hosts.insert(host)),
                None => self.has_unknown = true,
            }
        }
    }

    /// The hosts of a credential; where Liquid makes them, what a hand replaces.
    pub(super) fn hosts_of(&self, name: &str) -> Vec<String> {
        let hosts = self.credentials.get(name).into_iter().flatten();
        let hosts: Vec<String> = hosts.cloned().collect();
        if hosts.is_empty() {
            return vec![HOST.to_owned()];
        }
        hosts
    }
}

fn group<'t>(pattern: &Pattern, text: &'t str) -> Option<&'t str> {
    let found = pattern.as_ref()?.captures(text)?.get(1)?;
    Some(found.as_str())
}

/// What stands behind the name of each tag, up to its end. Read without regard to what is around it: a secret must be
/// found where the Liquid is broken, too.
fn tags(text: &str) -> Vec<Range<usize>> {
    let places = |of: &str| -> Vec<usize> { text.match_indices(of).map(|(at, _)| at).collect() };
    let names = places(TAG);
    if names.is_empty() {
        return Vec::new();
    }
    let (opens, closes, breaks) = (places("{%"), places("%}"), places("\n"));
    let next = |places: &[usize], from: usize| {
        let at = places.partition_point(|place| *place < from);
        places.get(at).copied().unwrap_or(text.len())
    };
    let begins = names.into_iter().filter_map(|at| {
        let before = text[..at].trim_end_matches([' ', '\t']);
        let is_tag = before.trim_end_matches('-').trim_end().ends_with("{%");
        // A line of a `liquid` tag; in an export its break is escaped.
        let n_opens = opens.partition_point(|open| *open < at);
        let is_line = !is_tag
            && before.ends_with(['\n', 'n'])
            && n_opens > 0
            && next(&closes, opens[n_opens - 1]) > at;
        (is_tag || is_line).then_some((at + TAG.len(), is_line))
    });
    let begins: Vec<_> = begins.collect();
    let ends = begins.iter().enumerate().map(|(at, (begin, is_line))| {
        // Each part of a text is in one tag, however many there are.
        let other = begins.get(at + 1).map_or(text.len(), |(other, _)| *other);
        let end = next(&closes, *begin).min(other);
        if *is_line {
            end.min(next(&breaks, *begin))
        } else {
            end
        }
    });
    let spans = ends.collect::<Vec<_>>();
    begins
        .into_iter()
        .zip(spans)
        .map(|((begin, _), end)| begin..end)
        .collect()
}

/// Remembers the secrets in the tags of a text: by the names of headers and values, whatever they look like.
pub(super) fn keep_secrets(text: &str, secrets: &mut Secrets) {
    for span in tags(text) {
        let options = &text[span];
        for found in [&HEADER, &VALUE]
            .into_iter()
            .filter_map(|pattern| pattern.as_ref())
            .flat_map(|pattern| pattern.captures_iter(options))
        {
            let group = |n: usize| found.get(n).map_or("", |group| group.as_str());
            if secrets::is_key(group(1)) {
                secrets.keep(group(2));
            }
        }
        let users = USER.iter().flat_map(|user| user.captures_iter(options));
        for user in users.filter_map(|found| found.get(1)) {
            secrets.keep(user.as_str());
            user.as_str().split(':').for_each(|part| secrets.keep(part));
        }
    }
}

/// Masks secret headers of a text's tags, short ones too: those are not looked for elsewhere.
pub(super) fn mask(text: &mut String) {
    let mut found: Vec<Range<usize>> = Vec::new();
    for span in tags(text) {
        let headers = HEADER
            .iter()
            .flat_map(|header| header.captures_iter(&text[span.clone()]));
        for header in headers {
            let (Some(name), Some(value)) = (header.get(1), header.get(2)) else {
                continue;
            };
            let written = value.as_str();
            let is_literal = !written.trim().is_empty() && !written.contains("{{");
            if is_literal && secrets::is_key(name.as_str()) && !secrets::is_placeholder(written) {
                found.push(span.start + value.start()..span.start + value.end());
            }
        }
    }
    for span in found.into_iter().rev() {
        text.replace_range(span, MASK);
    }
}

/// Whether secrets were taken out of a text elsewhere than from its tags.
pub(super) fn is_masked_elsewhere(text: &str) -> bool {
    let spans = tags(text);
    let mut masks = text.match_indices(MASK);
    masks.any(|(at, _)| !spans.iter().any(|span| span.contains(&at)))
}

/// What is told of secrets that stood in tags.
pub(super) fn problems(entries: &[Entry]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    each_text(entries, &mut |path, text| {
        for span in tags(text) {
            let masks = text[span.clone()].match_indices(MASK);
            for (at, _) in masks.take(limits::IMPORT_PROBLEMS_MAX - problems.len()) {
                let at = span.start + at;
                let message =
                    format!("a secret stood in `connected_content`: `{MASK}` is in its place");
                let hint = "take it out and write `:basic_auth NAME`: the credential `NAME` stands in Settings, its \
                            password as a reference; and renew it, since it stood in a text";
                let problem = Diagnostic::error(BY_HAND, message).at(path);
                problems.push(problem.spanning(at..at + MASK.len()).hint(hint));
            }
        }
    });
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_credentials_are_read_where_they_are_written_out() {
        let mut sources = Sources::default();
        for text in [
            "{% connected_content https://API.acme.example:8443/x?u={{${id}}} :basic_auth weather :save w %}",
            "{%- connected_content 'http://b.acme.example' -%}",
            "{% liquid\n connected_content https://c.acme.example/ :basic_auth 'other'\n echo connected.x\n%}",
            "connected_content https://no.acme.example",
        ] {
            sources.add(text);
        }
        let hosts: Vec<_> = sources.hosts.iter().map(String::as_str).collect();
        assert_eq!(
            hosts,
            ["api.acme.example", "b.acme.example", "c.acme.example"]
        );
        let names: Vec<_> = sources.credentials.keys().map(String::as_str).collect();
        assert_eq!(names, ["other", "weather"]);
        assert_eq!(sources.hosts_of("weather"), ["api.acme.example"]);
        assert!(!sources.has_unknown);
        for text in [
            "{% connected_content {{url}} %}",
            "{% connected_content https://{{region}}.acme.example/ %}",
            "{% connected_content https://a:b@acme.example/ %}",
        ] {
            let mut sources = Sources::default();
            sources.add(text);
            assert!(sources.has_unknown && sources.hosts.is_empty(), "{text}");
        }
    }

    #[test]
    fn secrets_are_found_by_their_names_and_by_nothing_else() {
        for (text, expected) in [
            (
                r#"{% connected_content https://a.test/ :headers {"X-Api-Key": "abc", "Accept": "text/plain"} %}"#,
                r#"{% connected_content https://a.test/ :headers {"X-Api-Key": "***", "Accept": "text/plain"} %}"#,
            ),
            (
                "{% connected_content https://a.test/?token=hunter2&x=1 %} hunter2",
                "{% connected_content https://a.test/?token=***&x=1 %} ***",
            ),
            (
                "{% connected_content https://me:hunter2@a.test/ %}",
                "{% connected_content https://***@a.test/ %}",
            ),
            (
                r#"{% connected_content https://a.test/ :headers {"Authorization": "Bearer {{${token}}}"} %}Bearer"#,
                r#"{% connected_content https://a.test/ :headers {"Authorization": "Bearer {{${token}}}"} %}Bearer"#,
            ),
            (
                r#"{% assign x = 1 %} {"X-Api-Key": "abc"}"#,
                r#"{% assign x = 1 %} {"X-Api-Key": "abc"}"#,
            ),
        ] {
            let (mut secrets, mut masked) = (Secrets::default(), text.to_owned());
            keep_secrets(text, &mut secrets);
            mask(&mut masked);
            assert_eq!(secrets.scrub(&masked).0, expected);
            let n = usize::from(expected.contains(MASK));
            let entries = [Entry::text("text", expected)];
            assert_eq!(problems(&entries).len(), n, "{text}");
        }
    }
}
