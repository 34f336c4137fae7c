//! `connected_content`: its URL, its options, and what Settings say of them.

use std::ops::Range;

use super::braze::{unknown, unquoted, words};
use super::scanner::{End, Rewriter};
use super::{SYNTAX, UNKNOWN_NAME};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::template::access::{Denied, host, is_secure};
use crate::template::tags::OPTION;

/// What may follow the URL of `connected_content`, and whether it takes a value.
const OPTIONS: [(&str, bool); 9] = [
    ("save", true),
    ("method", true),
    ("body", true),
    ("headers", true),
    ("content_type", true),
    ("basic_auth", true),
    ("cache_max_age", true),
    ("no_cache", false),
    ("retry", false),
];

/// What Braze makes a JSON object of a form for.
const JSON: &str = "application/json";

/// An option's name with where it stands, and where its value does.
type Found<'a> = (&'a str, Range<usize>, Range<usize>);

// === impl Rewriter ===

impl<'a> Rewriter<'a> {
    /// `connected_content URL :save x :method post ...` becomes a block: its body is the URL, and each option
    /// begins a section, so that all of them may hold texts and outputs.
    pub(super) fn connected_content(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let close = self.end_of(end, start)?;
        let body = self.source[self.at..close].trim_end_matches('-').len();
        let (from, to) = (self.at + "connected_content".len(), self.at + body);
        let (url, options) = self.sections(from..to)?;
        self.fetches = true;
        self.check_url(url.clone(), start..close);
        self.put("connected_content %}");
        self.at = url.start;
        self.outputs(url.end, start)?;
        let mut is_json = false;
        for (name, _, value) in &options {
            is_json |= *name == "content_type" && &self.source[value.clone()] == JSON;
        }
        for (name, _, value) in options {
            if name == "headers" {
                self.header_sections(value, start)?;
                continue;
            }
            if name == "body" && is_json && self.form_sections(value.clone(), start)? {
                continue;
            }
            self.put(&format!("{{% {OPTION} \"{name}\" %}}"));
            self.at = value.start;
            self.outputs(value.end, start)?;
        }
        self.put("{% endconnected_content ");
        self.at = to;
        self.inner(end, start)
    }

    /// Where the URL stands, and the options with their values.
    fn sections(
        &mut self,
        span: Range<usize>,
    ) -> Result<(Range<usize>, Vec<Found<'a>>), Diagnostic> {
        let words = words(self.source, span.clone());
        let is_option = |word: &Range<usize>| self.source[word.clone()].starts_with(':');
        let Some(url) = words.first().filter(|word| !is_option(word)) else {
            let problem = Diagnostic::error(SYNTAX, "`connected_content` needs a URL");
            return Err(problem.spanning(span.start - "connected_content".len()..span.start));
        };
        let mut options: Vec<Found<'a>> = Vec::new();
        for word in &words[1..] {
            if is_option(word) {
                let name = &self.source[word.start + 1..word.end];
                options.push((name, word.clone(), word.end..word.end));
            } else if let Some((_, _, value)) = options.last_mut() {
                // A value of several words is taken as it stands.
                if value.start == value.end {
                    value.start = word.start;
                }
                value.end = word.end;
            } else {
                let problem = Diagnostic::error(SYNTAX, "the URL holds a blank");
                return Err(problem
                    .spanning(word.clone())
                    .hint("assign it to a name first"));
            }
        }
        for (at, (name, span, value)) in options.iter().enumerate() {
            if options[..at].iter().any(|(other, ..)| other == name) {
                let problem = Diagnostic::error(SYNTAX, format!("`:{name}` stands here twice"));
                self.problems.push(problem.spanning(span.clone()));
            }
            self.check_option(name, span.clone(), value.start == value.end);
            match *name {
                "headers" => self.check_header_secrets(value.clone()),
                "basic_auth" => self.check_credential(url.clone(), value.clone()),
                _ => {}
            }
        }
        let url = unquoted(self.source, url.clone());
        self.check_url_secrets(url.clone());
        Ok((url, options))
    }

    fn check_option(&mut self, name: &str, span: Range<usize>, is_bare: bool) {
        let problem = match OPTIONS.iter().find(|(known, _)| *known == name) {
            Some((_, true)) if is_bare => {
                Diagnostic::error(SYNTAX, format!("`:{name}` needs a value"))
            }
            Some((_, false)) if !is_bare => {
                Diagnostic::error(SYNTAX, format!("`:{name}` takes no value"))
            }
            Some(_) => return,
            None if name == "rerender" => Diagnostic::error(SYNTAX, "`:rerender` is not supported"),
            None => {
                let names = OPTIONS.iter().map(|(name, _)| *name);
                let problem = Diagnostic::error(SYNTAX, format!("unknown option `:{name}`"));
                match did_you_mean(name, names.clone()) {
                    Some(meant) => problem.hint(format!("did you mean `:{meant}`?")),
                    None => problem.hint(format!(
                        "there are: {}",
                        names.collect::<Vec<_>>().join(", ")
                    )),
                }
            }
        };
        self.problems.push(problem.spanning(span));
    }

    /// A host that stands in the text must be allowed; one that is only known later is looked at then.
    fn check_url(&mut self, url: Range<usize>, tag: Range<usize>) {
        let access = self.library.access();
        if self.library.is_part() {
            return;
        }
        let text = &self.source[url.clone()];
        let fixed = host(text).filter(|host| !host.contains("{{"));
        let (message, span) = match fixed {
            _ if !access.is_open() => (
                "connected content is off".to_owned(),
                tag.start..tag.start + 2,
            ),
            Some(host) if !access.allows(host) => (
                format!("connected content from `{host}` is not allowed"),
                url,
            ),
            None if !text.contains("{{") => (format!("`{text}` is not a URL"), url),
            _ => return,
        };
        let hint = match fixed {
            Some(host) => format!("allow it in Settings: `connected_content: {{hosts: [{host}]}}`"),
            None => "allow hosts in Settings: `connected_content: {hosts: [api.example.com]}`"
                .to_owned(),
        };
        self.problems.push(
            Diagnostic::error(UNKNOWN_NAME, message)
                .spanning(span)
                .hint(hint),
        );
    }

    /// A credential that is named in the text must be known, and be for the host if that is written out.
    fn check_credential(&mut self, url: Range<usize>, span: Range<usize>) {
        let access = self.library.access();
        let span = unquoted(self.source, span);
        let name = &self.source[span.clone()];
        // Without hosts the whole is told to be off.
        if self.library.is_part() || !access.is_open() || name.contains("{{") || name.is_empty() {
            return;
        }
        let url = &self.source[unquoted(self.source, url)];
        let fixed = host(url).filter(|host| !host.contains("{{"));
        let is_plain = fixed.is_some() && !is_secure(url);
        let Err(denied) = access.check_credential(name, fixed, is_plain) else {
            return;
        };
        let names = access.credentials.keys().map(String::as_str);
        let problem = match &denied {
            Denied::UnknownCredential => {
                let problem = unknown("credential", name, did_you_mean(name, names));
                let hint = "add it to `connected_content.credentials` in Settings";
                match problem.hint {
                    Some(_) => problem,
                    None => problem.hint(hint),
                }
            }
            Denied::OtherHost(_) => {
                let host = fixed.unwrap_or_default();
                Diagnostic::error(
                    UNKNOWN_NAME,
                    format!("the credential `{name}` is not for `{host}`"),
                )
                .hint(format!(
                    "add it to its `hosts` in Settings: `hosts: [{host}]`"
                ))
            }
            _ => Diagnostic::error(UNKNOWN_NAME, denied.to_string()).hint("write `https://`"),
        };
        self.problems.push(problem.spanning(span));
    }
}
