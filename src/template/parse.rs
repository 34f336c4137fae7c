//! From an author's text to a template, with every mistake where the author wrote it.

use std::ops::Range;

use super::caught::caught;
use super::language::LANGUAGE;
use super::library::{Library, References};
use super::recover;
use super::rewrite::{Bare, Rewritten, rewrite};
use super::tags::Body;
use super::visits::Branch;
use super::words::Words;
use crate::diagnostic::{Diagnostic, codes};
use crate::model::limits;

/// What a tree's `each:` is made to for the parser.
const FOR: &str = "{% for ";
const END_FOR: &str = "%}{% endfor %}";

/// A parsed text.
pub(super) struct Parsed {
    pub(super) template: Body,
    pub(super) references: References,
    pub(super) bare: Vec<Bare>,
    pub(super) branches: Vec<Branch>,
    pub(super) words: Words,
    /// Blocks, catalogs, or the hosts of connected content.
    pub(super) uses_library: bool,
}

/// Parses a text.
///
/// # Errors
/// Everything that is wrong, with places in the author's text.
pub(super) fn parse(source: &str, library: &Library) -> Result<Parsed, Vec<Diagnostic>> {
    check_length(source)?;
    once(source, library).map_err(|found| recover::all(source, library, found))
}

fn once(source: &str, library: &Library) -> Result<Parsed, Vec<Diagnostic>> {
    let rewritten = rewrite(source, library, library.visits())?;
    let text = rewritten.text.clone();
    finish(source, rewritten, &text)
}

/// What the parser says first of a text, if it is not content.
pub(super) fn misparsed(source: &str, rewritten: &Rewritten) -> Option<Diagnostic> {
    let parsed = caught(|| liquid_core::parser::parse(&rewritten.text, &LANGUAGE))?;
    let error = parsed.err()?;
    Some(diagnose(source, rewritten, &error.to_string()))
}

/// Parses the head of a loop, `item in list limit:3`.
///
/// # Errors
/// As [`parse`].
pub(super) fn parse_head(source: &str, library: &Library) -> Result<Parsed, Vec<Diagnostic>> {
    check_length(source)?;
    // As a loop it is looked through like any other; then it becomes a tag without a body.
    let whole = format!("{FOR}{source}{END_FOR}");
    let shifted = |mut problems: Vec<Diagnostic>| {
        for problem in &mut problems {
            problem.span = problem.span.take().map(|span| within(&span, source.len()));
        }
        problems
    };
    let rewritten = rewrite(&whole, library, None).map_err(shifted)?;
    let head = rewritten.text.strip_prefix(FOR);
    let head = head.and_then(|text| text.strip_suffix(END_FOR));
    let Some(head) = head else {
        let problem = syntax("`each` takes the head of a loop", 0..source.len());
        return Err(vec![
            problem.hint("write `item in custom_attribute.${list}`"),
        ]);
    };
    let text = format!("{{% each {head}%}}");
    // What the parser expected next says little to who writes no `for`.
    finish(&whole, rewritten, &text).map_err(|_| vec![not_a_head(source)])
}

fn not_a_head(source: &str) -> Diagnostic {
    let problem = syntax("`each` takes the head of a loop", 0..source.len());
    problem.hint("write `item in custom_attribute.${list}`, and `limit:3` behind it if it is meant")
}

/// # Errors
/// The text is too long, or too long a part of it is blank.
pub(super) fn check_length(source: &str) -> Result<(), Vec<Diagnostic>> {
    if source.len() > limits::TEMPLATE_BYTES_MAX {
        let message = format!(
            "{} bytes; a text may have {}",
            source.len(),
            limits::TEMPLATE_BYTES_MAX
        );
        return Err(vec![Diagnostic::error(codes::TEMPLATE_TOO_LONG, message)]);
    }
    match blanks(source) {
        None => Ok(()),
        Some(span) => {
            let message = format!(
                "{} blanks in a row; a text may have {}",
                span.len(),
                limits::TEMPLATE_BLANKS_MAX
            );
            let problem = Diagnostic::error(codes::TEMPLATE_TOO_LONG, message);
            Err(vec![problem.spanning(span)])
        }
    }
}

/// The first run of blanks and line ends that is too long.
fn blanks(source: &str) -> Option<Range<usize>> {
    let is_blank = |byte: &u8| byte.is_ascii_whitespace();
    let mut start = 0;
    for run in source
        .as_bytes()
        .chunk_by(|a, b| is_blank(a) == is_blank(b))
    {
        let end = start + run.len();
        if run.len() > limits::TEMPLATE_BLANKS_MAX && is_blank(&run[0]) {
            return Some(start..end);
        }
        start = end;
    }
    None
}

fn finish(source: &str, rewritten: Rewritten, text: &str) -> Result<Parsed, Vec<Diagnostic>> {
    // The library has panics of its own; a template must not end the server.
    let parsed = caught(|| liquid_core::parser::parse(text, &LANGUAGE));
    match parsed {
        Some(Ok(elements)) => Ok(Parsed {
            template: Body::new(elements),
            uses_library: rewritten.uses_library(),
            references: rewritten.references,
            bare: rewritten.bare,
            branches: rewritten.branches,
            words: Words::of(text),
        }),
        Some(Err(error)) => Err(vec![diagnose(source, &rewritten, &error.to_string())]),
        None => Err(vec![syntax("the template does not parse", 0..source.len())]),
    }
}

/// A span of the loop as one of its head.
fn within(span: &Range<usize>, len: usize) -> Range<usize> {
    let at = |at: usize| at.saturating_sub(FOR.len()).min(len);
    at(span.start)..at(span.end)
}

/// The parser's error in our words, where the author wrote it.
fn diagnose(source: &str, rewritten: &Rewritten, error: &str) -> Diagnostic {
    let at = position(&rewritten.text, error)
        .map_or(0, |at| rewritten.origin(at))
        .min(source.len());
    let end = source[floor(source, at)..]
        .chars()
        .next()
        .map_or(at, |c| floor(source, at) + c.len_utf8());
    let expected = error
        .lines()
        .find_map(|line| line.trim().strip_prefix("= "));
    let message = match expected {
        // The parser's own names of what it knows say nothing to an author.
        Some(expected) if expected.contains("Literal") => "this is no value".to_owned(),
        Some(expected) if expected.starts_with("expected") => {
            format!("the template does not parse: {expected}")
        }
        _ => match first_line(error) {
            line if line.chars().any(char::is_alphanumeric) => {
                format!("the template does not parse: {line}")
            }
            _ => "this is not understood".to_owned(),
        },
    };
    let problem = syntax(&message, floor(source, at)..end);
    match source[floor(source, at)..].trim_start().chars().next() {
        Some('=') => problem.hint("a comparison is `==`"),
        Some('(') => problem.hint("conditions have no parentheses: put one `if` into the other"),
        _ => match meant(&source[floor(source, at)..]) {
            Some(hint) => problem.hint(hint),
            None => problem,
        },
    }
}

/// What people write who know other languages, by what the parser stumbled over.
fn meant(rest: &str) -> Option<String> {
    let rest = rest.trim_start();
    if rest.starts_with("in ") {
        return Some("write `list contains \"item\"`".to_owned());
    }
    // It may have stumbled at the end of the name before.
    let is_of_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '}' | ']' | ' ');
    let rest = rest.trim_start_matches(is_of_name);
    let filter = rest.strip_prefix('|')?.trim_start();
    let name = filter
        .split(|c: char| !c.is_ascii_lowercase() && c != '_')
        .next()?;
    let argument = filter[name.len()..].trim_start();
    let is_value = argument.starts_with(|c: char| matches!(c, '"' | '\'') || c.is_ascii_digit());
    is_value.then(|| format!("what a filter is given follows a colon: `{name}: …`"))
}

fn syntax(message: &str, span: Range<usize>) -> Diagnostic {
    Diagnostic::error(codes::LIQUID_SYNTAX, message.trim_end_matches([':', ' '])).spanning(span)
}

/// The parser writes ` --> line:column`, both from 1, the column in characters.
fn position(text: &str, error: &str) -> Option<usize> {
    let (_, rest) = error.split_once("--> ")?;
    let (line, column) = rest.lines().next()?.trim().split_once(':')?;
    let (line, column): (usize, usize) = (line.parse().ok()?, column.parse().ok()?);
    let start: usize = text
        .split_inclusive('\n')
        .take(line.checked_sub(1)?)
        .map(str::len)
        .sum();
    let offset = text[start..]
        .char_indices()
        .nth(column.checked_sub(1)?)
        .map(|(at, _)| at);
    Some(start + offset.unwrap_or(text.len() - start))
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// The library adds the input to its errors, line by line below the first: values do not belong there.
pub(super) fn first_line(error: &str) -> String {
    let line = error
        .lines()
        .find(|line| !line.trim().is_empty() && !line.contains("-->"))
        .unwrap_or(error);
    line.trim().trim_start_matches("liquid:").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use crate::template::Text;

    #[test]
    fn what_other_languages_write_is_answered_with_what_liquid_does() {
        let cases = [
            ("{{${city} | default 'x'}}", "`default: …`"),
            ("{% if 'a' in ${tags} %}y{% endif %}", "contains"),
            ("{% if ${age} = 3 %}y{% endif %}", "`==`"),
        ];
        for (source, expected) in cases {
            let problems = Text::compile(source).unwrap_err();
            let hint = problems[0].hint.clone().unwrap_or_default();
            assert!(hint.contains(expected), "{source}: {problems:?}");
        }
    }
}
