//! The way through a text: what is copied, what is replaced, and where variables and filters stand.

use std::ops::Range;

use super::branches::Forked;
use super::{Rewritten, SYNTAX, UNKNOWN_FILTER, UNKNOWN_NAME};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::model::{clipped, limits};
use crate::template::language::FILTERS;
use crate::template::library::{Library, References};
use crate::template::visits::Visits;

/// Where the inside of a tag or output ends, and what stands there in plain Liquid.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) stop: Stop,
    pub(super) out: &'static str,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Stop {
    Mark(&'static str),
    /// The end of a line of `{% liquid %}`.
    At(usize),
}

pub(super) struct Rewriter<'a> {
    pub(super) source: &'a str,
    pub(super) at: usize,
    pub(super) out: Rewritten,
    /// Open blocks, with where they were opened.
    pub(super) open: Vec<(&'a str, Range<usize>)>,
    pub(super) problems: Vec<Diagnostic>,
    pub(super) library: &'a Library,
    pub(super) references: References,
    /// It asks for connected content.
    pub(super) fetches: bool,
    /// Something is broken so that blocks that are open behind it may be closed, and the other way round.
    pub(super) is_shaky: bool,
    /// Branches are marked for it.
    pub(super) visits: Option<&'a Visits>,
    /// Blocks that may have an `else` and are still open, where branches are marked.
    pub(super) forked: Vec<Forked>,
}

/// Namespaces of Braze that there are not: they would be empty for everybody.
const UNSUPPORTED: [(&str, &str); 9] = [
    ("canvas", NO_CANVAS),
    ("canvas_entry_properties", NO_CANVAS),
    ("context", NO_CANVAS),
    ("most_recently_used_device", NO_DEVICE),
    ("targeted_device", NO_DEVICE),
    ("app", NO_DEVICE),
    ("card", NO_DEVICE),
    ("sms", NO_DEVICE),
    ("whats_app", NO_DEVICE),
];
/// Whether it is told what stands there.
pub(super) fn is_unsupported(namespace: &str) -> bool {
    UNSUPPORTED.iter().any(|(known, _)| *known == namespace)
}

const NO_CANVAS: &str = "there are no Canvases: send it along as `api_trigger_properties.${...}`";
const NO_DEVICE: &str = "it is of another channel than Messenger and webhooks";

// === impl End ===

impl End {
    pub(super) const OUTPUT: Self = Self {
        stop: Stop::Mark("}}"),
        out: "}}",
    };
    pub(super) const TAG: Self = Self {
        stop: Stop::Mark("%}"),
        out: "%}",
    };
}

// === impl Rewriter ===

impl<'a> Rewriter<'a> {
    pub(super) fn new(source: &'a str, library: &'a Library) -> Self {
        Self {
            source,
            at: 0,
            out: Rewritten::default(),
            open: Vec::new(),
            problems: Vec::new(),
            library,
            references: References::default(),
            fetches: false,
            is_shaky: false,
            visits: None,
            forked: Vec::new(),
        }
    }

    /// Goes through the whole text, whatever is wrong in it: a second mistake is told with the first.
    pub(super) fn run(&mut self) {
        while let Some(found) = self.next_markup() {
            self.copy(found);
            let done = if self.rest().starts_with("{{") {
                self.output()
            } else {
                self.tag()
            };
            if let Err(problem) = done {
                self.fail(problem);
                self.at = self.behind(found);
            }
            if self.problems.len() >= limits::TEXT_PROBLEMS_MAX {
                self.is_shaky = true;
                return;
            }
        }
        self.copy(self.source.len());
    }

    /// Notes a mistake that leaves open where its tag or output ends.
    pub(super) fn fail(&mut self, problem: Diagnostic) {
        self.problems.push(problem);
        self.is_shaky = true;
    }

    /// Where the text goes on behind a broken tag or output: at its end, or where the next one begins.
    fn behind(&self, start: usize) -> usize {
        let inside = start + 2;
        let rest = &self.source[inside..];
        let (close, opens) = if self.source[start..].starts_with("{{") {
            ("}}", ["{{", "{%"])
        } else {
            ("%}", ["{%", "{%"])
        };
        let next = opens.iter().filter_map(|open| rest.find(open)).min();
        match (rest.find(close), next) {
            (Some(close), Some(next)) if next < close => inside + next,
            (Some(close), _) => inside + close + 2,
            // Nothing more of its kind is closed either: it was gone through to the end.
            (None, _) => self.source.len(),
        }
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.source[self.at..]
    }

    /// Where the next `{{` or `{%` is.
    fn next_markup(&self) -> Option<usize> {
        let rest = self.rest();
        let mut from = 0;
        while let Some(brace) = rest[from..].find('{') {
            let at = from + brace;
            if rest[at..].starts_with("{{") || rest[at..].starts_with("{%") {
                return Some(self.at + at);
            }
            from = at + 1;
        }
        None
    }

    /// Copies the author's text up to a position.
    pub(super) fn copy(&mut self, to: usize) {
        if to > self.at {
            self.mark();
            self.out.text.push_str(&self.source[self.at..to]);
            self.at = to;
        }
    }

    fn mark(&mut self) {
        self.out.map.push((self.out.text.len(), self.at));
    }

    pub(super) fn put(&mut self, text: &str) {
        self.mark();
        self.out.text.push_str(text);
    }

    fn output(&mut self) -> Result<(), Diagnostic> {
        if self.content_block()? {
            return Ok(());
        }
        let start = self.at;
        self.copy(start + 2);
        self.inner(End::OUTPUT, start)
    }

    /// The inside of a tag or output up to and with its end.
    pub(super) fn inner(&mut self, end: End, start: usize) -> Result<(), Diagnostic> {
        let (mut nested, mut brackets, mut steps) = (0_usize, 0_usize, 0_usize);
        loop {
            let rest = self.rest();
            if nested == 0 && self.is_at(end) {
                self.put(end.out);
                self.at = match end.stop {
                    Stop::Mark(mark) => self.at + mark.len(),
                    Stop::At(at) => at,
                };
                return Ok(());
            }
            let Some(next) = rest.chars().next() else {
                return Err(self.unclosed(start));
            };
            steps = match next {
                '.' | '[' => steps + 1,
                ']' | '_' | '-' | '$' | '{' | '}' | '"' | '\'' => steps,
                c if c.is_alphanumeric() => steps,
                _ => 0,
            };
            if steps > limits::PATH_STEPS_MAX {
                let message = format!("a path of more than {} steps", limits::PATH_STEPS_MAX);
                return Err(Diagnostic::error(SYNTAX, message).spanning(self.at..self.at + 1));
            }
            if rest.starts_with("{{") {
                // Braze allows `{{x}}` where a tag or filter takes a variable; Liquid wants `x`.
                nested += 1;
                self.at += 2;
            } else if nested > 0 && rest.starts_with("}}") {
                nested -= 1;
                self.at += 2;
            } else if rest.starts_with("${") {
                self.variable()?;
            } else if next == '"' || next == '\'' {
                let Some(close) = rest[1..].find(next) else {
                    let problem = Diagnostic::error(SYNTAX, "a string is never closed");
                    return Err(problem.spanning(self.at..self.at + 1));
                };
                self.copy(self.at + close + 2);
            } else if matches!(next, '“' | '”' | '‘' | '’') {
                self.curly(next, end);
            } else if rest.starts_with("&&") || rest.starts_with("||") {
                let word = if next == '&' { "and" } else { "or" };
                let problem = Diagnostic::error(SYNTAX, format!("`{next}{next}` is not Liquid"));
                let problem = problem.spanning(self.at..self.at + 2);
                self.problems.push(problem.hint(format!("write `{word}`")));
                self.copy(self.at + 2);
            } else if next == '|' {
                self.copy(self.at + 1);
                self.filter_name();
            } else if next == '[' || next == ']' {
                brackets = if next == '[' {
                    brackets + 1
                } else {
                    brackets.saturating_sub(1)
                };
                if brackets > limits::BRACKET_DEPTH_MAX {
                    let message = format!(
                        "brackets are nested deeper than {}",
                        limits::BRACKET_DEPTH_MAX
                    );
                    return Err(Diagnostic::error(SYNTAX, message).spanning(self.at..self.at + 1));
                }
                self.copy(self.at + 1);
            } else if next == '\t' {
                self.at += 1;
                self.put(" ");
            } else {
                self.copy(self.at + next.len_utf8());
            }
        }
    }

    /// A quote of a word processor, and the text up to the one that closes it.
    fn curly(&mut self, quote: char, end: End) {
        let problem = Diagnostic::error(
            SYNTAX,
            format!("`{quote}` is not a quote that Liquid knows"),
        );
        let behind = self.at + quote.len_utf8();
        self.problems.push(
            problem
                .spanning(self.at..behind)
                .hint("use straight quotes"),
        );
        let to = match end.stop {
            Stop::At(at) => at,
            Stop::Mark(mark) => self.source[behind..]
                .find(mark)
                .map_or(self.source.len(), |at| behind + at),
        };
        let is_closing = |c: char| match quote {
            '“' | '”' => matches!(c, '“' | '”'),
            _ => matches!(c, '‘' | '’'),
        };
        let within = self.source.get(behind..to).unwrap_or_default();
        let close = within
            .char_indices()
            .find(|(_, c)| is_closing(*c))
            .map_or(behind, |(at, c)| behind + at + c.len_utf8());
        self.copy(close);
    }

    fn is_at(&self, end: End) -> bool {
        match end.stop {
            Stop::Mark(mark) => self.rest().starts_with(mark),
            Stop::At(at) => self.at >= at,
        }
    }

    fn filter_name(&mut self) {
        self.blanks();
        let name = identifier(self.rest());
        if !name.is_empty() && !FILTERS.contains(&name) {
            let span = self.at..self.at + name.len();
            let mut problem = Diagnostic::error(UNKNOWN_FILTER, format!("unknown filter `{name}`"))
                .spanning(span);
            if let Some(meant) = did_you_mean(name, FILTERS.iter().copied()) {
                problem = problem.hint(format!("did you mean `{meant}`?"));
            }
            self.problems.push(problem);
        }
        self.copy(self.at + name.len());
    }

    /// `${name}`: a lookup in what stands before the dot, or in the user.
    fn variable(&mut self) -> Result<(), Diagnostic> {
        let rest = self.rest();
        let Some(close) = rest.find('}') else {
            let problem = Diagnostic::error(SYNTAX, "`${` is never closed");
            return Err(problem.spanning(self.at..self.at + 2).hint("add `}`"));
        };
        let name = rest[2..close].trim();
        let span = self.at..self.at + close + 1;
        if name.is_empty()
            || name.contains(['{', '|', '\n'])
            || (name.contains('"') && name.contains('\''))
        {
            let text = clipped(&rest[..=close]);
            let problem = Diagnostic::error(SYNTAX, format!("`{text}` names nothing"));
            self.problems
                .push(problem.spanning(span).hint("write `${attribute_name}`"));
            self.copy(self.at + close + 1);
            return Ok(());
        }
        let quote = if name.contains('"') { '\'' } else { '"' };
        let lookup = format!("[{quote}{name}{quote}]");
        let root = self.out.text.strip_suffix('.');
        // Two dots are a range's.
        if let Some(root) = root.filter(|root| !root.ends_with('.')) {
            if root.ends_with("content_blocks") {
                let message = "a content block stands by itself in its braces";
                let problem = Diagnostic::error(SYNTAX, message).spanning(span);
                return Err(problem.hint(
                    "take it with `{% capture x %}{{content_blocks.${name}}}{% endcapture %}`",
                ));
            }
            let mut words = root.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let name = words.next().unwrap_or_default();
            if let Some((_, hint)) = UNSUPPORTED.iter().find(|(known, _)| *known == name) {
                let problem = Diagnostic::error(UNKNOWN_NAME, format!("`{name}` is not supported"));
                self.problems.push(problem.spanning(span).hint(*hint));
            }
            let len = root.len();
            self.out.text.truncate(len);
            self.put(&lookup);
        } else {
            self.put(&format!("user{lookup}"));
        }
        self.at += close + 1;
        Ok(())
    }

    pub(super) fn blanks(&mut self) {
        let blank = self.rest().len() - self.rest().trim_start().len();
        if blank > 0 {
            self.put(" ");
            self.at += blank;
        }
    }

    pub(super) fn unclosed(&self, start: usize) -> Diagnostic {
        let open = &self.source[start..start + 2];
        let close = if open == "{{" { "}}" } else { "%}" };
        Diagnostic::error(SYNTAX, format!("`{open}` is never closed"))
            .spanning(start..start + 2)
            .hint(format!("add `{close}`"))
    }
}

pub(super) fn identifier(text: &str) -> &str {
    let len = text
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .unwrap_or(text.len());
    &text[..len]
}
