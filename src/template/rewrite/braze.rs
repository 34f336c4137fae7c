//! Tags of Braze, which are written in ways that plain Liquid does not parse.

use std::ops::Range;

use super::scanner::{End, Rewriter, Stop};
use super::{SYNTAX, UNKNOWN_NAME};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::model::limits;
use crate::template::tags::{OPTION, host};

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
    /// `abort_message('why')`, `("why")`, `()`, and without parentheses.
    pub(super) fn abort_message(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        self.copy(self.at + "abort_message".len());
        let close = self.end_of(end, start)?;
        let body = &self.source[self.at..close];
        let trimmed = body.trim().trim_end_matches('-').trim();
        let argument = trimmed
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .unwrap_or(trimmed)
            .trim();
        if !argument.is_empty() {
            self.at += body.find(argument).unwrap_or(0);
            self.put(" ");
            let to = self.at + argument.len();
            let inside = End {
                stop: Stop::At(to),
                out: " ",
            };
            self.inner(inside, start)?;
        }
        self.at = close;
        self.put(" ");
        self.inner(end, start)
    }

    /// `message_extras :key k :value v` becomes a block with the value for its body, so that both may hold texts and
    /// outputs.
    pub(super) fn message_extras(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let close = self.end_of(end, start)?;
        let body = self.source[self.at..close].trim_end_matches('-');
        let problem = || {
            let problem = Diagnostic::error(SYNTAX, "`message_extras` needs a key and a value");
            let hint = "write `{% message_extras :key campaign_type :value launch %}`";
            problem.spanning(start..start + 2).hint(hint)
        };
        let (_, key) = body.split_once(":key").ok_or_else(problem)?;
        let (key, value) = key.split_once(":value").ok_or_else(problem)?;
        let key = key.trim();
        if key.is_empty() || key.contains(['{', '"', '%']) {
            return Err(problem());
        }
        self.put(&format!("message_extras \"{key}\" %}}"));
        let from = close - (self.source[self.at..close].len() - body.len()) - value.len();
        self.at = from;
        let to = from + value.len();
        self.outputs(to, start)?;
        self.put("{% endmessage_extras ");
        self.at = to;
        let dash = self.source[to..close].trim();
        self.put(dash);
        self.at = close;
        self.inner(end, start)
    }

    /// A text of its own within a tag: outputs in it are rewritten, tags are not allowed.
    pub(super) fn outputs(&mut self, to: usize, start: usize) -> Result<(), Diagnostic> {
        while let Some(open) = self.source[self.at..to].find("{{") {
            let open = self.at + open;
            self.copy(open + 2);
            self.inner(End::OUTPUT, start)?;
            // Its braces are closed, but beyond the tag that they are in.
            if self.at > to {
                return Err(self.unclosed(open));
            }
        }
        self.copy(to);
        Ok(())
    }

    /// `catalog_items games 1234 {{ id }}`: a bare word is a text, inner braces hold a variable.
    pub(super) fn catalog_items(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let close = self.end_of(end, start)?;
        let body = self.source[self.at..close].trim_end_matches('-');
        let (from, to) = (self.at + "catalog_items".len(), self.at + body.len());
        let words = words(self.source, from..to);
        let problem = |span: Range<usize>, message: String| {
            let hint = "write `{% catalog_items catalog id %}`, with one to three ids";
            Diagnostic::error(SYNTAX, message).spanning(span).hint(hint)
        };
        let Some((catalog, ids)) = words.split_first() else {
            return Err(problem(
                start..close,
                "`catalog_items` needs a catalog".into(),
            ));
        };
        if ids.is_empty() || ids.len() > limits::CATALOG_IDS_MAX {
            return Err(problem(start..close, format!("{} ids", ids.len())));
        }
        if let Some(rerender) = ids
            .iter()
            .find(|id| self.source[(*id).clone()].starts_with(':'))
        {
            let message = format!("`{}` is not supported", &self.source[rerender.clone()]);
            return Err(problem(rerender.clone(), message));
        }
        let name = self.source[catalog.clone()].trim_matches(['"', '\'']);
        self.refers_to_catalog(name, catalog.clone());
        self.put(&format!("catalog_items \"{name}\""));
        for id in ids {
            self.at = id.start;
            self.put(" ");
            let word = &self.source[id.clone()];
            if word.starts_with("{{") && !word.ends_with("}}") {
                return Err(self.unclosed(id.start));
            }
            if word.starts_with("{{") || word.starts_with(['"', '\'']) {
                let inside = End {
                    stop: Stop::At(id.end),
                    out: "",
                };
                self.inner(inside, start)?;
            } else {
                self.put(&format!("\"{}\"", word.replace('"', "")));
            }
        }
        self.at = to;
        self.put(" ");
        self.inner(end, start)
    }

    fn refers_to_catalog(&mut self, name: &str, span: Range<usize>) {
        self.references.catalogs.insert(name.to_owned());
        let known = self.library.catalog(name).is_some() || self.library.is_part();
        if !known {
            let meant = did_you_mean(name, self.library.catalog_names());
            let problem = unknown("catalog", name, meant).spanning(span);
            self.problems.push(problem);
        }
    }

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
        }
        Ok((unquoted(self.source, url.clone()), options))
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

    /// `{{content_blocks.${name}}}` by itself, from its braces on: blocks are texts, not values.
    pub(super) fn content_block(&mut self) -> Result<bool, Diagnostic> {
        let rest = self.rest();
        let opening = if rest.starts_with("{{-") { 3 } else { 2 };
        let inner = rest[opening..].trim_start();
        let Some(name) = inner.strip_prefix("content_blocks") else {
            return Ok(false);
        };
        let start = self.at;
        let lead = rest.len() - inner.len();
        let alone = || -> Option<(&str, usize, bool)> {
            let named = name
                .trim_start()
                .strip_prefix('.')?
                .trim_start()
                .strip_prefix("${")?;
            let (name, behind) = named.split_once('}')?;
            let close = behind.find("}}")?;
            let id = behind[..close].trim_end_matches('-').trim();
            // Newer dashboards write the block's own id behind it.
            let is_alone =
                id.is_empty() || (id.starts_with('|') && id[1..].trim_start().starts_with("id:"));
            let dash = behind[..close].ends_with('-');
            let end = rest.len() - behind.len() + close + 2;
            is_alone.then_some((name.trim(), end, dash))
        };
        let Some((name, len, is_trimmed)) = alone() else {
            let problem =
                Diagnostic::error(SYNTAX, "a content block stands by itself in its braces");
            let span = start + lead..start + lead + "content_blocks".len();
            return Err(problem.spanning(span).hint(
                "write `{{content_blocks.${name}}}`, within `{% capture x %}` where its text is worked on",
            ));
        };
        self.references.blocks.insert(name.to_owned());
        if self.library.block(name).is_none() && !self.library.is_part() {
            let meant = did_you_mean(name, self.library.block_names());
            let problem = unknown("content block", name, meant);
            self.problems.push(problem.spanning(start..start + len));
        }
        let (open, close) = (
            if opening == 3 { "{%-" } else { "{%" },
            if is_trimmed { "-%}" } else { "%}" },
        );
        self.put(&format!(
            "{open} content_block \"{}\" {close}",
            name.replace('"', "")
        ));
        self.at = start + len;
        Ok(true)
    }
}

fn unknown(what: &str, name: &str, meant: Option<&str>) -> Diagnostic {
    let problem = Diagnostic::error(UNKNOWN_NAME, format!("there is no {what} `{name}`"));
    match meant {
        Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
        None => problem,
    }
}

/// What stands between blanks, with braces and strings kept whole.
fn words(source: &str, span: Range<usize>) -> Vec<Range<usize>> {
    let (mut words, mut begin, mut depth, mut quote) = (Vec::new(), None, 0_usize, None);
    for (at, c) in source[span.clone()].char_indices() {
        let at = span.start + at;
        match c {
            c if quote == Some(c) => quote = None,
            _ if quote.is_some() => {}
            '"' | '\'' => {
                quote = Some(c);
                begin.get_or_insert(at);
            }
            c if c.is_whitespace() && depth == 0 => {
                if let Some(begin) = begin.take() {
                    words.push(begin..at);
                }
            }
            c => {
                depth = match c {
                    '{' => depth + 1,
                    '}' => depth.saturating_sub(1),
                    _ => depth,
                };
                begin.get_or_insert(at);
            }
        }
    }
    words.extend(begin.map(|begin| begin..span.end));
    words
}

fn unquoted(source: &str, span: Range<usize>) -> Range<usize> {
    let text = &source[span.clone()];
    let quoted = ['"', '\'']
        .into_iter()
        .any(|quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote));
    if quoted {
        span.start + 1..span.end - 1
    } else {
        span
    }
}
