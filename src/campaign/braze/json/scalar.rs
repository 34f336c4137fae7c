//! Strings with Liquid in them, and numbers.

use super::reader::Reader;
use super::{Broken, Mode, Value, What};
use crate::campaign::braze::liquid::Close;

// === impl Reader ===

impl Reader<'_> {
    pub(super) fn number(&mut self) -> Result<Value, Broken> {
        let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '.');
        let rest = self.rest();
        let text = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let begin = self.at;
        let is_huge = |error: &serde_json::Error| error.to_string().contains("out of range");
        let number = match serde_json::from_str::<serde_json::Number>(text) {
            Ok(number) => Some(number),
            Err(error) if is_huge(&error) => None,
            Err(_) => return Err(self.broken("this is not a number", None)),
        };
        self.at += text.len();
        let is_whole = !text.contains(['.', 'e', 'E']);
        // What YAML or we would bend is no number of a tree.
        let Some(number) = number.filter(|number| !is_whole || number.is_i64()) else {
            self.outside(begin..self.at, What::Number);
            return Ok(Value::Number("0".to_owned()));
        };
        Ok(Value::Number(written(&number)))
    }

    pub(super) fn string(&mut self) -> Result<String, Broken> {
        let (begin, mut out) = (self.at, String::new());
        self.at += 1;
        loop {
            let rest = self.rest();
            let Some(next) = rest.chars().next() else {
                self.at = begin;
                return Err(self.broken("a string is never closed", None));
            };
            if let Some(Close { end, is_escaped }) = self.markup() {
                let part = &self.text[self.at..end];
                // An author who thinks of JSON first escapes the quotes of tags too.
                match is_escaped.then(|| serde_json::from_str::<String>(&format!("\"{part}\""))) {
                    Some(Ok(part)) => out.push_str(&part),
                    _ => out.push_str(part),
                }
                self.at = end;
            } else if next == '"' {
                self.at += 1;
                return Ok(out);
            } else if next == '\\' {
                out.push(self.escape()?);
            } else if next < ' ' && self.mode == Mode::Strict {
                let hint = Some("write `\\n` for a line break, `\\t` for a tab");
                return Err(self.broken(
                    "a line break or another control character in a string",
                    hint,
                ));
            } else {
                self.has_raw_breaks |= next == '\n';
                if next != '\r' {
                    out.push(next);
                }
                self.at += next.len_utf8();
            }
        }
    }

    fn escape(&mut self) -> Result<char, Broken> {
        let escape = self.rest()[1..].chars().next();
        let c = match escape {
            Some(c @ ('"' | '\\' | '/')) => c,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => return self.code_point(),
            _ => {
                return Err(self.broken(
                    "this is not an escape that JSON knows",
                    Some("write `\\\\` for a backslash"),
                ));
            }
        };
        self.at += 2;
        Ok(c)
    }

    /// `\u00e9`, or two of them for what lies beyond.
    fn code_point(&mut self) -> Result<char, Broken> {
        let unit = |at: usize| {
            let hex = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
            u16::from_str_radix(hex, 16).ok()
        };
        let units: Vec<u16> = [self.at, self.at + 6].into_iter().map_while(unit).collect();
        let one = units
            .first()
            .and_then(|unit| char::from_u32(u32::from(*unit)));
        let (c, len) = match one {
            Some(c) => (Some(c), 6),
            None => (char::decode_utf16(units).next().and_then(Result::ok), 12),
        };
        let c = c.ok_or_else(|| self.broken("this escape stands for no character", None))?;
        self.at += len;
        Ok(c)
    }
}

/// A number as both versions of YAML read it.
fn written(number: &serde_json::Number) -> String {
    let text = number.to_string();
    match text.split_once('e') {
        None => text,
        Some((mantissa, exponent)) => {
            let mantissa = if mantissa.contains('.') {
                mantissa.to_owned()
            } else {
                format!("{mantissa}.0")
            };
            let exponent = if exponent.starts_with(['-', '+']) {
                exponent.to_owned()
            } else {
                format!("+{exponent}")
            };
            format!("{mantissa}e{exponent}")
        }
    }
}
