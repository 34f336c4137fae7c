//! The filter as others see it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};

use cel::parser::{ParseErrors, Parser};
use jiff::Timestamp;

use crate::audience::{BLOCKS, Bitmap, Row, Table};
use crate::diagnostic::{Diagnostic, codes};
use crate::model::limits;
use crate::parallel::each_part;

use super::declared::Declared;
use super::explain::{Explained, explain};
use super::lower::Lowering;
use super::person::Person;
use super::requires::requires;
use super::select::{Over, Selection, cost};
use super::tree::{Node, Term, Test};
use super::verdict::{InTable, Scope, verdict};
use super::{guard, never, silent};

/// Blocks of 64 rows that are worth a thread of their own where a filter costs as much as one comparison: twice
/// what it takes to begin a thread. Few in unit tests, so that few users are several parts.
const PART_BLOCKS: usize = if cfg!(test) { 1 } else { 16_384 };

/// A checked filter. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Filter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    text: String,
    root: Node,
    warnings: Vec<Diagnostic>,
    /// Nodes, those of named segments as often as they are named.
    weight: usize,
    /// How deep it names segments.
    depth: usize,
    /// Whether it is known that nobody can be in.
    is_never: OnceLock<bool>,
}

/// Reads and checks a filter.
///
/// ```
/// use recado::segment::{Declared, compile};
///
/// assert!(compile("user.country == \"de\" && user.age >= 30", &Declared::default()).is_ok());
/// let problems = compile("user.name.startWith(\"A\")", &Declared::default()).unwrap_err();
/// assert_eq!(problems[0].message, "there is no function `startWith`");
/// assert_eq!(problems[0].hint.as_deref(), Some("did you mean `startsWith`?"));
/// ```
///
/// # Errors
/// Every problem found, each with its span in `text`.
pub fn compile(text: &str, declared: &Declared) -> Result<Filter, Vec<Diagnostic>> {
    if text.trim().is_empty() {
        return Err(vec![Diagnostic::error(
            codes::FILTER_SYNTAX,
            "the filter is empty",
        )]);
    }
    let brackets = guard::check(text).map_err(|problem| vec![*problem])?;
    // The parser is not ours: what it panics on is refused like what it does not understand.
    let depth = u16::try_from(limits::FILTER_DEPTH_MAX * 2).unwrap_or(u16::MAX);
    let parser = Parser::new().max_recursion_depth(depth);
    let parsed = catch_unwind(AssertUnwindSafe(|| parser.parse_with_source_info(text)));
    let (expr, info) = match parsed {
        Ok(Ok(parsed)) => parsed,
        Ok(Err(errors)) => return Err(syntax(text, &errors)),
        Err(_) => {
            return Err(vec![Diagnostic::error(
                codes::FILTER_SYNTAX,
                "not a filter",
            )]);
        }
    };
    let mut lowering = Lowering {
        text,
        info: &info,
        brackets: &brackets,
        declared,
        found: Vec::new(),
        elements: Vec::new(),
        paths: Vec::new(),
    };
    let root = lowering.node(&expr);
    lowering.warn_of_strangers();
    let mut found = lowering.found;
    let Some(root) = root else { return Err(found) };
    let weight = root.weight();
    if weight > limits::FILTER_WEIGHT_MAX {
        let max = limits::FILTER_WEIGHT_MAX;
        let message =
            format!("with the segments that it names it has {weight} parts; {max} are allowed");
        found.push(Diagnostic::error(codes::FILTER_TOO_DEEP, message).spanning(0..text.len()));
    }
    let depth = root.depth();
    if depth > limits::FILTER_SEGMENTS_DEPTH_MAX {
        let max = limits::FILTER_SEGMENTS_DEPTH_MAX;
        let message = format!("segments name each other {depth} deep; {max} are allowed");
        found.push(Diagnostic::error(codes::FILTER_TOO_DEEP, message).spanning(0..text.len()));
    }
    if found.iter().any(Diagnostic::is_error) {
        return Err(found);
    }
    if !declared.is_facts() {
        found.extend(silent::warnings(&root, text));
    }
    let is_never = never::is_never(&root);
    // `false` alone says what it means.
    if is_never && !matches!(root.test, Test::Const(_)) {
        let message = "this is true for nobody: its clauses contradict each other";
        let warning = Diagnostic::warning(codes::FILTER_ALWAYS_FALSE, message);
        found.push(warning.spanning(0..text.len()));
    }
    Ok(Filter(Arc::new(Inner {
        text: text.to_owned(),
        root,
        warnings: found,
        weight,
        depth,
        is_never: is_never.into(),
    })))
}

// === impl Filter ===

/// They test the same in the same way, segments that they name included; the text may be laid out otherwise.
impl PartialEq for Filter {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.root() == other.root()
    }
}

impl Filter {
    /// Whether it can be true only for users who have the attribute at `path`; false says nothing.
    pub fn requires(&self, path: &[String]) -> bool {
        requires(self.root(), path)
    }

    /// Users that are in both.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let text = format!("({}) && ({})", self.text(), other.text());
        let warnings = self
            .warnings()
            .iter()
            .chain(other.warnings())
            .cloned()
            .collect();
        let parts = vec![self.0.root.clone(), other.0.root.clone()];
        let root = Node {
            text: text.clone(),
            test: Test::And(parts),
        };
        Self(Arc::new(Inner {
            text,
            weight: root.weight(),
            depth: root.depth(),
            root,
            warnings,
            is_never: OnceLock::new(),
        }))
    }

    /// Whether it is known that nobody can be in, whoever the users are; false says nothing.
    pub fn is_never(&self) -> bool {
        *self.0.is_never.get_or_init(|| never::is_never(self.root()))
    }

    /// Tells filters apart that are held at the same time, faster than comparing them.
    pub fn address(&self) -> usize {
        Arc::as_ptr(&self.0).addr()
    }

    pub(super) fn root(&self) -> &Node {
        &self.0.root
    }

    pub(super) fn weight(&self) -> usize {
        self.0.weight
    }

    pub(super) fn depth(&self) -> usize {
        self.0.depth
    }

    /// The segments it names, each once, those that these name not among them.
    pub fn segments(&self) -> Vec<String> {
        let mut names = Vec::new();
        self.0.root.segments(&mut names);
        names.sort();
        names.dedup();
        names
    }

    pub fn text(&self) -> &str {
        &self.0.text
    }

    pub fn warnings(&self) -> &[Diagnostic] {
        &self.0.warnings
    }

    /// The attribute paths it reads; `user.id` and `user.random_bucket` are none.
    pub fn attributes(&self) -> Vec<Vec<String>> {
        let mut sources = Vec::new();
        self.0.root.sources(&mut sources);
        let paths = sources.into_iter().filter_map(|source| match source {
            Term::Path(path) => Some(path.clone()),
            _ => None,
        });
        paths.collect()
    }

    /// Users that are in; on all processors where there are many.
    pub fn count(&self, table: &Table, now: Timestamp) -> u64 {
        let add = |n: &mut u64, rows: &[u64]| {
            *n += rows
                .iter()
                .map(|word| u64::from(word.count_ones()))
                .sum::<u64>();
        };
        self.each_part(table, now, add).into_iter().sum()
    }

    /// As [`Filter::count`], the rows themselves.
    pub fn members(&self, table: &Table, now: Timestamp) -> Bitmap {
        let parts = self.each_part(table, now, Vec::extend_from_slice);
        Bitmap::from_words(parts.concat())
    }

    /// Asks parts of the table at once; `add` is given the members of some blocks after the other, one word each.
    fn each_part<T: Default + Send>(
        &self,
        table: &Table,
        now: Timestamp,
        add: impl Fn(&mut T, &[u64]) + Sync,
    ) -> Vec<T> {
        let (root, live) = (&self.0.root, table.live());
        each_part(live.blocks(), PART_BLOCKS / cost(root).max(1), |blocks| {
            let over = Over {
                table,
                now,
                blocks: blocks.clone(),
            };
            let selection = Selection::new(root, &over, true);
            let mut sum = T::default();
            let mut rows = [0; BLOCKS];
            for first in blocks.clone().step_by(BLOCKS) {
                let rows = &mut rows[..BLOCKS.min(blocks.end - first)];
                rows.fill(u64::MAX);
                live.keep(first, rows);
                selection.keep(first, rows);
                add(&mut sum, rows);
            }
            sum
        })
    }

    /// `None` is unknown: the user is not in.
    pub fn matches(&self, table: &Table, row: Row, now: Timestamp) -> Option<bool> {
        let user = InTable(table, row);
        verdict(
            &self.0.root,
            Scope {
                user: &user,
                now,
                element: None,
            },
        )
    }

    /// As [`Filter::matches`], of a user that no table needs to hold.
    pub fn matches_person<'a>(
        &self,
        person: impl Into<Person<'a>>,
        now: Timestamp,
    ) -> Option<bool> {
        let person = person.into();
        verdict(
            &self.0.root,
            Scope {
                user: &person,
                now,
                element: None,
            },
        )
    }

    pub fn explain(&self, table: &Table, row: Row, now: Timestamp) -> Explained {
        let user = InTable(table, row);
        explain(
            &self.0.root,
            Scope {
                user: &user,
                now,
                element: None,
            },
        )
    }

    /// As [`Filter::explain`], of a user that no table needs to hold.
    pub fn explain_person<'a>(&self, person: impl Into<Person<'a>>, now: Timestamp) -> Explained {
        let person = person.into();
        explain(
            &self.0.root,
            Scope {
                user: &person,
                now,
                element: None,
            },
        )
    }
}

/// An attribute's path as filters write it: `user.address.city`, or `user["zip code"]`.
pub fn path_text(path: &[String]) -> String {
    Term::path_text(path)
}

fn syntax(text: &str, errors: &ParseErrors) -> Vec<Diagnostic> {
    // The first problem is the cause; what follows is mostly its echo.
    let Some(error) = errors.errors.first() else {
        return vec![Diagnostic::error(codes::FILTER_SYNTAX, "not a filter")];
    };
    let at = offset(text, error.pos);
    let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
    let message = match text.get(at..end) {
        None | Some("") => "the filter ends where more is expected".to_owned(),
        Some(_) => {
            let rest = text[at..].split_whitespace().next().unwrap_or_default();
            let shown: String = rest.chars().take(20).collect();
            format!("`{shown}` is not expected here")
        }
    };
    let problem = Diagnostic::error(codes::FILTER_SYNTAX, message).spanning(at..end);
    vec![match hint(text, at) {
        Some(hint) => problem.hint(hint),
        None => problem,
    }]
}

fn hint(text: &str, at: usize) -> Option<&'static str> {
    let rest = &text[at..];
    let is_word = |word: &str| {
        rest.get(..word.len())
            .is_some_and(|s| s.eq_ignore_ascii_case(word))
    };
    if is_word("and") {
        Some("write `&&`")
    } else if is_word("or") {
        Some("write `||`")
    } else if is_word("not") {
        Some("write `!`")
    } else if rest.starts_with("=~") {
        Some("a pattern is asked with `user.x.matches(\"..\")`")
    } else if rest.starts_with('=') {
        Some("equality is `==`")
    } else if rest.starts_with(['“', '”', '„', '‘', '’']) {
        Some("texts stand in straight quotes: `\"a\"`")
    } else if rest.starts_with(['"', '\'']) && rest[1..].find(&rest[..1]).is_none() {
        Some("the text that begins here has no end: a quote is missing")
    } else if rest.starts_with(|c: char| c.is_ascii_digit()) {
        Some("whole numbers go up to 9223372036854775807, others to 1.79e308")
    } else if text[..at].trim_end().ends_with("has(") && !rest.contains('[') {
        Some("`has` takes an attribute: `has(user.x)`")
    } else if text.contains("has(") && text.contains('[') {
        Some("`has` takes a path with dots; for other names write `!blank(user[\"zip code\"])`")
    } else {
        None
    }
}

/// The byte at a line and column, both from 1, columns in characters.
fn offset(text: &str, (line, column): (isize, isize)) -> usize {
    let line = usize::try_from(line - 1).unwrap_or(0);
    let column = usize::try_from(column - 1).unwrap_or(0);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = &text[start.min(text.len())..];
    let within = rest
        .char_indices()
        .nth(column)
        .map_or(rest.len(), |(at, _)| at);
    (start + within).min(text.len())
}
