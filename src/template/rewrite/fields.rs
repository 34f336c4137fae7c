//! Headers and forms of connected content, taken apart before anything is rendered: what a user's attribute holds
//! can then add no header and no field.

use std::ops::Range;

use super::SYNTAX;
use super::scanner::Rewriter;
use crate::diagnostic::Diagnostic;
use crate::model::limits;
use crate::template::tags::OPTION;

/// A field as it is written.
struct Field<'a> {
    key: &'a str,
    value: Range<usize>,
    /// The value is a JSON string: it may hold escapes.
    is_quoted: bool,
}

/// A way through a JSON object.
struct Object<'a> {
    source: &'a str,
    at: usize,
    end: usize,
}

// === impl Rewriter ===

impl Rewriter<'_> {
    /// `:headers {"X-Name": "{{${first_name}}}"}`: a section for each header.
    pub(super) fn header_sections(
        &mut self,
        span: Range<usize>,
        start: usize,
    ) -> Result<(), Diagnostic> {
        let fields = Object::new(self.source, span).fields()?;
        for (at, field) in fields.iter().enumerate() {
            let is_same = |other: &Field<'_>| other.key.eq_ignore_ascii_case(field.key);
            if fields[..at].iter().any(is_same) {
                let problem = format!("the header `{}` stands here twice", field.key);
                return Err(Diagnostic::error(SYNTAX, problem).spanning(field.value.clone()));
            }
        }
        self.sections_of("headers", fields, start)
    }

    /// `:body a=1&n={{${first_name}}}` where it is to be JSON: a section for each field. False for what is no form.
    pub(super) fn form_sections(
        &mut self,
        span: Range<usize>,
        start: usize,
    ) -> Result<bool, Diagnostic> {
        let Some(fields) = form(self.source, span) else {
            return Ok(false);
        };
        self.sections_of("body", fields, start)?;
        Ok(true)
    }

    fn sections_of(
        &mut self,
        option: &str,
        fields: Vec<Field<'_>>,
        start: usize,
    ) -> Result<(), Diagnostic> {
        if fields.len() > limits::CONTENT_FIELDS_MAX {
            let message = format!(
                "{} fields; there may be {}",
                fields.len(),
                limits::CONTENT_FIELDS_MAX
            );
            return Err(Diagnostic::error(SYNTAX, message).spanning(start..start + 2));
        }
        for field in fields {
            let quote = if field.key.contains('"') { '\'' } else { '"' };
            let key = field.key;
            self.put(&format!(
                "{{% {OPTION} \"{option}\" {quote}{key}{quote} %}}"
            ));
            self.at = field.value.start;
            if field.is_quoted {
                self.unescaped(field.value.end, start)?;
            } else {
                self.outputs(field.value.end, start)?;
            }
        }
        Ok(())
    }

    /// The inside of a JSON string: escapes become what they stand for, outputs are rewritten.
    fn unescaped(&mut self, to: usize, start: usize) -> Result<(), Diagnostic> {
        while let Some(len) = self.source[self.at..to].find(['\\', '{']) {
            let at = self.at + len;
            if self.source[at..].starts_with("{{") {
                let end = output_end(self.source, at, to).unwrap_or(to);
                self.outputs(end, start)?;
            } else if self.source[at..].starts_with('{') {
                self.copy(at + 1);
            } else {
                self.copy(at);
                let (meant, len) = escaped(&self.source[at..to]).ok_or_else(|| {
                    let problem = "this is no escape that a header may hold";
                    Diagnostic::error(SYNTAX, problem).spanning(at..at + 1)
                })?;
                self.put(&meant);
                self.at = at + len;
            }
        }
        self.copy(to);
        Ok(())
    }
}

// === impl Object ===

impl<'a> Object<'a> {
    fn new(source: &'a str, span: Range<usize>) -> Self {
        Self {
            source,
            at: span.start,
            end: span.end,
        }
    }

    fn fields(mut self) -> Result<Vec<Field<'a>>, Diagnostic> {
        let mut fields = Vec::new();
        self.expect("{")?;
        if self.is_next("}") {
            return Ok(fields);
        }
        loop {
            fields.push(self.field()?);
            if !self.is_next(",") {
                break;
            }
        }
        self.expect("}")?;
        self.blanks();
        if self.at < self.end {
            return Err(self.problem());
        }
        Ok(fields)
    }

    fn field(&mut self) -> Result<Field<'a>, Diagnostic> {
        self.expect("\"")?;
        let key = self
            .rest()
            .find(['"', '{', '\\'])
            .ok_or_else(|| self.problem())?;
        let key = &self.rest()[..key];
        self.at += key.len();
        self.expect("\"")?;
        self.expect(":")?;
        self.blanks();
        let is_quoted = self.is_next("\"");
        let from = self.at;
        self.at = self.value_end(is_quoted).ok_or_else(|| self.problem())?;
        let value = from..self.at;
        if is_quoted {
            self.expect("\"")?;
        } else if !self.source[value.clone()]
            .starts_with(|c: char| c == '{' || c == '-' || c.is_ascii_digit())
        {
            // Of what is no text only an output or a number is one once it is written.
            self.at = value.start;
            return Err(self.problem());
        }
        Ok(Field {
            key,
            value,
            is_quoted,
        })
    }

    /// A string ends at its quote; what has none, at the blank or sign behind it.
    fn value_end(&self, is_quoted: bool) -> Option<usize> {
        let ends = |next: char| {
            if is_quoted {
                next == '"'
            } else {
                matches!(next, ',' | '}') || next.is_whitespace()
            }
        };
        let mut at = self.at;
        while at < self.end {
            let rest = &self.source[at..self.end];
            let next = rest.chars().next()?;
            if rest.starts_with("{{") {
                at = output_end(self.source, at, self.end)?;
            } else if ends(next) {
                return Some(at);
            } else if !is_quoted && matches!(next, '"' | '[' | '{') {
                return None;
            } else {
                let skipped = if next == '\\' {
                    rest.chars().nth(1)?.len_utf8()
                } else {
                    0
                };
                at += next.len_utf8() + skipped;
            }
        }
        None
    }

    fn rest(&self) -> &'a str {
        &self.source[self.at..self.end]
    }

    fn blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn is_next(&mut self, sign: &str) -> bool {
        self.blanks();
        let is_next = self.rest().starts_with(sign);
        if is_next {
            self.at += sign.len();
        }
        is_next
    }

    fn expect(&mut self, sign: &str) -> Result<(), Diagnostic> {
        if self.is_next(sign) {
            Ok(())
        } else {
            Err(self.problem())
        }
    }

    fn problem(&self) -> Diagnostic {
        let next = self.rest().chars().next().map_or(0, char::len_utf8);
        Diagnostic::error(SYNTAX, "`:headers` is a JSON object of texts")
            .spanning(self.at..self.at + next)
            .hint(r#"write `:headers {"X-Name": "{{${first_name}}}"}`, with the names written out"#)
    }
}

/// What an escape at the beginning of a text stands for, and its length. What Liquid would take for its own is none.
fn escaped(text: &str) -> Option<(String, usize)> {
    // A character beyond 16 bits is two escapes.
    for len in [2, 6, 12] {
        let escape = text.get(..len)?;
        if let Ok(meant) = serde_json::from_str::<String>(&format!("\"{escape}\"")) {
            return (!meant.contains(['{', '}', '%'])).then_some((meant, len));
        }
    }
    None
}

/// `a=1&b={{x}}` with its keys written out; nothing for what is JSON, or known only once it is rendered.
fn form(source: &str, span: Range<usize>) -> Option<Vec<Field<'_>>> {
    if source[span.clone()].trim_start().starts_with(['{', '[']) {
        return None;
    }
    let mut fields = Vec::new();
    let (mut from, mut is_form) = (span.start, false);
    while from < span.end {
        let end = sign(source, from..span.end, '&').unwrap_or(span.end);
        let key = sign(source, from..end, '=');
        is_form |= key.is_some();
        let name = &source[from..key.unwrap_or(end)];
        if name.contains(['{', '%']) || (name.contains('"') && name.contains('\'')) {
            return None;
        }
        if !name.is_empty() {
            fields.push(Field {
                key: name,
                value: key.map_or(end, |key| key + 1)..end,
                is_quoted: false,
            });
        }
        from = end + 1;
    }
    is_form.then_some(fields)
}

/// Where a sign stands outside of outputs.
fn sign(source: &str, span: Range<usize>, sign: char) -> Option<usize> {
    let mut at = span.start;
    while at < span.end {
        let rest = &source[at..span.end];
        if rest.starts_with("{{") {
            at = output_end(source, at, span.end)?;
            continue;
        }
        let next = rest.chars().next()?;
        if next == sign {
            return Some(at);
        }
        at += next.len_utf8();
    }
    None
}

/// Behind the output that begins at `at`, its strings and inner braces skipped.
fn output_end(source: &str, at: usize, to: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0_usize, None);
    for (offset, c) in source[at..to].char_indices() {
        match (c, quote) {
            (c, Some(open)) if c == open => quote = None,
            ('"' | '\'', None) => quote = Some(c),
            ('{', None) => depth += 1,
            ('}', None) => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + offset + 1);
                }
            }
            // In quotes braces are letters, and the rest is one everywhere.
            _ => {}
        }
    }
    None
}
