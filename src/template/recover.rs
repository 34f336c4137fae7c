//! What else is wrong in a text in which a mistake was found.
//!
//! The parser stops at its first error. So each piece of markup with a mistake is replaced by one of the same length
//! that has none, and the text is parsed again: all places stay what they are in the author's text.

use std::ops::Range;

use super::language::WITHIN_BLOCKS;
use super::library::Library;
use super::parse::misparsed;
use super::rewrite::{close_of, rewrite};
use crate::diagnostic::Diagnostic;
use crate::model::limits;

/// Pieces without an end that are looked behind.
const UNCLOSED_MAX: usize = 8;

/// A text under repair.
struct Repair {
    text: String,
    /// Tags were taken out whole, so that what stands in their blocks may have none.
    is_torn: bool,
}

/// What was found, and what the parser finds besides.
pub(super) fn all(source: &str, library: &Library, mut found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut repair = Repair {
        text: source.to_owned(),
        is_torn: false,
    };
    let mut goes_on = repair.mend(&found);
    for _ in 0..limits::TEXT_PARSES_MAX {
        if !goes_on || found.len() >= limits::TEXT_PROBLEMS_MAX {
            break;
        }
        goes_on = match rewrite(&repair.text, library, None) {
            // These come from the repair: they are taken out and not told.
            Err(problems) => repair.tear(&problems),
            Ok(rewritten) => match misparsed(&repair.text, &rewritten) {
                None => false,
                Some(problem) if repair.is_orphan(&problem) => repair.tear(&[problem]),
                Some(problem) => {
                    found.push(problem);
                    repair.mend(&found[found.len() - 1..])
                }
            },
        };
    }
    found
}

// === impl Repair ===

impl Repair {
    /// Puts harmless markup in the place of what has a mistake; false where that is not possible.
    fn mend(&mut self, problems: &[Diagnostic]) -> bool {
        self.replace(problems, harmless)
    }

    fn tear(&mut self, problems: &[Diagnostic]) -> bool {
        self.is_torn = true;
        self.replace(problems, |_| Some(String::new()))
    }

    fn replace(&mut self, problems: &[Diagnostic], by: impl Fn(&str) -> Option<String>) -> bool {
        let Some(pieces) = pieces(&self.text) else {
            return false;
        };
        let starts = problems
            .iter()
            .filter_map(|it| Some(it.span.as_ref()?.start));
        let broken = starts.map(|start| piece_at(&pieces, start));
        let Some(broken) = broken.collect::<Option<Vec<_>>>() else {
            return false;
        };
        for range in broken {
            let piece = &self.text[range.clone()];
            let Some(new) = by(piece).filter(|new| new.len() <= piece.len()) else {
                return false;
            };
            let new = filled(piece, &new);
            self.text.replace_range(range, &new);
        }
        !problems.is_empty()
    }

    /// Whether it is about a tag that had a block before one was taken out.
    fn is_orphan(&self, problem: &Diagnostic) -> bool {
        let name_at = |pieces: &[Range<usize>]| {
            let piece = piece_at(pieces, problem.span.as_ref()?.start)?;
            Some(name(&self.text[piece]))
        };
        self.is_torn
            && pieces(&self.text)
                .and_then(|pieces| name_at(&pieces))
                .is_some_and(|name| WITHIN_BLOCKS.contains(&name))
    }
}

/// A tag, or nothing, made as long as a piece; lines stay where they are.
fn filled(piece: &str, tag: &str) -> String {
    // The parser takes blanks between markup for the beginning of some, again and again.
    let (head, fill, tail) = match tag.strip_suffix("%}") {
        Some(head) => (head, ' ', "%}"),
        None => ("", 'x', ""),
    };
    let rest = piece.bytes().skip(head.len());
    let rest = rest.take(piece.len() - head.len() - tail.len());
    let rest = rest.map(|byte| if byte == b'\n' { '\n' } else { fill });
    let mut new = head.to_owned();
    new.extend(rest);
    new + tail
}

/// All outputs and tags: each from its braces to its end, or to the next where it has none. `None` where too much is
/// broken to tell them apart.
fn pieces(text: &str) -> Option<Vec<Range<usize>>> {
    let (mut pieces, mut from, mut unclosed) = (Vec::new(), 0, 0);
    while let Some(start) = opening(&text[from..]).map(|at| from + at) {
        let rest = &text[start + 2..];
        let close = if text[start..].starts_with("{%") {
            close_of(rest, "%}")
        } else {
            output(rest)
        };
        let len = close.map(|close| close + 2).or_else(|| {
            unclosed += 1;
            // Each was looked for to the text's end.
            (unclosed <= UNCLOSED_MAX).then(|| opening(rest).unwrap_or(rest.len()))
        })?;
        from = start + 2 + len;
        pieces.push(start..from);
    }
    Some(pieces)
}

/// The piece at a place.
fn piece_at(pieces: &[Range<usize>], at: usize) -> Option<Range<usize>> {
    let behind = pieces.partition_point(|piece| piece.end <= at);
    pieces
        .get(behind)
        .filter(|piece| piece.start <= at)
        .cloned()
}

fn opening(text: &str) -> Option<usize> {
    let braces = text.match_indices('{').map(|(at, _)| at);
    let mut openings = braces.filter(|at| matches!(text.as_bytes().get(at + 1), Some(b'{' | b'%')));
    openings.next()
}

/// Where an output ends, behind its inner braces.
fn output(text: &str) -> Option<usize> {
    let (mut nested, mut at) = (0_usize, 0);
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next()?;
        if rest.starts_with("{{") {
            (nested, at) = (nested + 1, at + 2);
        } else if rest.starts_with("}}") && nested == 0 {
            return Some(at);
        } else if rest.starts_with("}}") {
            (nested, at) = (nested - 1, at + 2);
        } else if rest.starts_with("${") {
            at += rest.find('}')? + 1;
        } else if c == '"' || c == '\'' {
            at += rest[1..].find(c)? + 2;
        } else {
            at += c.len_utf8();
        }
    }
    None
}

fn name(piece: &str) -> &str {
    let inside = piece.strip_prefix("{%").unwrap_or_default();
    let inside = inside.trim_start_matches('-').trim_start();
    let end = inside.find(|c: char| !c.is_ascii_alphanumeric());
    &inside[..end.unwrap_or(inside.len())]
}

/// Markup that says nothing and leaves blocks as they are; `None` where there is none of that name.
fn harmless(piece: &str) -> Option<String> {
    Some(match name(piece) {
        name @ ("if" | "elsif" | "unless" | "case" | "when") => format!("{{%{name} 1%}}"),
        name @ ("for" | "tablerow") => format!("{{%{name} i in l%}}"),
        name @ "capture" => format!("{{%{name} x%}}"),
        name if name.starts_with("end") => format!("{{%{name}%}}"),
        "raw" | "comment" => return None,
        _ => String::new(),
    })
}

#[cfg(test)]
mod tests {
    use crate::template::Text;

    /// The words that each problem stands at.
    fn places(source: &str) -> Vec<&str> {
        let problems = Text::compile(source).unwrap_err();
        let starts = problems.into_iter().map(|it| it.span.unwrap().start);
        let mut starts: Vec<_> = starts.collect();
        starts.sort_unstable();
        let word = |at: &usize| source[*at..].split(' ').next().unwrap();
        starts.iter().map(word).collect()
    }

    #[test]
    fn errors_of_the_parser_are_told_with_those_of_the_rewriter() {
        let source = "{{${a} | upcas }} é {% if ${b} = 3 %}x{% else %}y{% endif %}\n{{ ${c} | default 'x' }} {{ 'fine' }} {% nope %}";
        assert_eq!(places(source), ["upcas", "=", "|", "nope"]);
    }

    #[test]
    fn one_error_of_the_parser_hides_no_other() {
        let source = "{% for x of l %}{{ a b }}{% endfor %}{% assign y 3 %}{% case %}{% when 1 %}{% endcase %}";
        assert_eq!(places(source).len(), 4);
    }

    #[test]
    fn what_only_the_repair_breaks_is_not_told() {
        for (source, n) in [
            ("{% if ${a} %}x{% else %}y", 1),
            ("{% iff ${a} %}x{% endif %}", 2),
            ("{% endif %}{{ a b }}", 2),
            ("{{ a b }}{% raw %}x", 1),
            ("{{ ${a} ", 1),
            ("{{ ${a} {% if ${b} = 3 %}x{% endif %}", 2),
        ] {
            let problems = Text::compile(source).unwrap_err();
            assert_eq!(problems.len(), n, "{source}: {problems:#?}");
        }
    }
}
