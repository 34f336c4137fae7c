//! What users have, held against a filter: names that nobody has, and values that never meet.

use std::collections::BTreeMap;

use crate::audience::Table;
use crate::diagnostic::{Code, Diagnostic, codes, did_you_mean};
use crate::model::Value;
use crate::model::value::Type;

use super::Filter;
use super::check::Kind;
use super::declared::Declared;
use super::happened::RECEIVED;
use super::tree::{Node, Op, Term, Test};

/// Every type that a list may be asked as.
const LISTS: [Type; 2] = [Type::List, Type::Object];

/// A filter's own text against the users there are; segments that it names stand elsewhere.
struct Doubts<'a> {
    text: &'a str,
    table: &'a Table,
    found: Vec<Diagnostic>,
}

// === impl Filter ===

impl Filter {
    /// What looks wrong given what users have now; what was warned of already is not told again.
    #[must_use]
    pub fn doubts(&self, table: &Table) -> Vec<Diagnostic> {
        let mut doubts = Doubts {
            text: self.text(),
            table,
            found: Vec::new(),
        };
        let mut sources = Vec::new();
        self.root().own_sources(&mut sources);
        for source in sources {
            match source {
                Term::Path(path) => doubts.attribute(path),
                Term::Events(events) if !events.name.starts_with(RECEIVED) => {
                    doubts.event(&events.name);
                }
                _ => {}
            }
        }
        doubts.node(self.root());
        let warned = |found: &Diagnostic| {
            let mut known = self.warnings().iter();
            known.any(|known| known.code == found.code && known.span == found.span)
        };
        doubts.found.retain(|found| !warned(found));
        doubts.found
    }
}

// === impl Doubts ===

impl Doubts<'_> {
    fn attribute(&mut self, path: &[String]) {
        let name = Term::path_text(path);
        if !self.table.has(path) {
            let seen = self.table.paths();
            let seen: Vec<_> = seen.iter().map(|path| Term::path_text(path)).collect();
            let near = did_you_mean(&name, seen.iter().map(String::as_str));
            let message = format!("no user has `{name}`");
            self.warn(codes::FILTER_UNKNOWN_ATTRIBUTE, message, near, &name);
        } else if let Some(other) = self.table.spelt_otherwise(path) {
            let other = Term::path_text(&other);
            let message = format!("users have `{other}` too, another spelling than `{name}`");
            self.warn(codes::FILTER_TWO_SPELLINGS, message, None, &name);
        }
    }

    fn event(&mut self, event: &str) {
        let names: Vec<&str> = self.table.tracked_names().collect();
        // Before anything was tracked nothing is known.
        if names.is_empty() || names.contains(&event) {
            return;
        }
        let near = did_you_mean(event, names);
        let message = format!("no user has an event `{event}`");
        let quoted = ['"', '\''].map(|quote| format!("{quote}{event}{quote}"));
        let written = quoted.iter().find(|written| self.text.contains(*written));
        let written = written.map_or(event, String::as_str);
        self.warn(codes::FILTER_UNKNOWN_EVENT, message, near, written);
    }

    fn warn(&mut self, code: Code, message: String, near: Option<&str>, written: &str) {
        let mut warning = Diagnostic::warning(code, message);
        warning.hint = near.map(|near| format!("did you mean `{near}`?"));
        warning.span = word(self.text, written).map(|at| at..at + written.len());
        self.found.push(warning);
    }

    /// Tests whose attribute has no value of a type with which they could be true.
    fn node(&mut self, node: &Node) {
        match &node.test {
            Test::And(nodes) | Test::Or(nodes) => nodes.iter().for_each(|node| self.node(node)),
            Test::Not(inner) => self.node(inner),
            Test::Truth(of) => self.meets(node, of, &|kind| kind == Type::Bool, "true or false"),
            Test::Text(_, a, b) => {
                self.meets(node, a, &|kind| kind == Type::String, "a text");
                self.meets(node, b, &|kind| kind == Type::String, "a text");
            }
            Test::Matches(of, _) => self.meets(node, of, &|kind| kind == Type::String, "a text"),
            Test::Exists(list, body) | Test::All(list, body) => {
                self.meets(node, list, &|kind| LISTS.contains(&kind), "a list");
                self.node(body);
            }
            Test::In(item, list) => {
                self.meets(node, list, &|kind| LISTS.contains(&kind), "a list");
                if let Term::Literal(Value::List(items)) = list {
                    let kinds = items.iter().map(|item| Kind::Is(item.type_of()));
                    let kinds: Vec<_> = kinds.collect();
                    let fits = |kind| {
                        kinds
                            .iter()
                            .any(|item| Kind::Is(kind).compares(Op::Equal, *item))
                    };
                    self.meets(node, item, &fits, "what is in the list");
                }
            }
            Test::Compare(op, a, b) => {
                for (one, other) in [(a, b), (b, a)] {
                    let other = Kind::of(other, &Declared::default(), &[]);
                    let fits = |kind| Kind::Is(kind).compares(*op, other);
                    self.meets(node, one, &fits, &other.one());
                }
            }
            Test::Const(_) | Test::Has(_) | Test::Blank(_) | Test::InSegment(..) => {}
        }
    }

    fn meets(&mut self, node: &Node, of: &Term, fits: &dyn Fn(Type) -> bool, wanted: &str) {
        let Term::Path(path) = of else { return };
        if !self.table.has(path) || self.table.holds(path, fits) {
            return;
        }
        let types: BTreeMap<Type, usize> = self.table.types_at(path);
        let types: Vec<_> = types.keys().map(|kind| Kind::Is(*kind).one()).collect();
        let name = Term::path_text(path);
        let message = format!(
            "no user has `{name}` as {wanted}, it is {}: this is true for nobody",
            types.join(" or ")
        );
        let mut warning = Diagnostic::warning(codes::FILTER_NEVER, message);
        let at = self.text.find(&node.text);
        warning.span = at.map(|at| at..at + node.text.len());
        self.found.push(warning);
    }
}

/// Where `name` stands by itself and not as the beginning of a longer one.
fn word(text: &str, name: &str) -> Option<usize> {
    let goes_on = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_open = name.ends_with(goes_on);
    let mut found = text.match_indices(name);
    let found = found.find(|(at, _)| !is_open || !text[at + name.len()..].starts_with(goes_on));
    found.map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::super::compile;
    use super::super::tests::{ANNA, profile};
    use super::*;
    use crate::audience::Happening;
    use crate::model::user::Change;

    fn table() -> Table {
        let anna = profile(ANNA);
        let mut table = Table::new();
        let set = anna.attributes.into_iter();
        let row = table.apply(&Change {
            external_id: anna.external_id,
            creates: true,
            set: set.map(|(name, value)| (name, Some(value))).collect(),
        });
        let happening = Happening {
            at: 0,
            batch: 1,
            id: 0,
            numbers: [].into(),
        };
        table.track(row, "order", &happening);
        table
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn what_no_user_can_be_true_for_is_told_with_its_place() {
        let table = table();
        for (text, code, marked, told) in [
            (
                "user.agee > 3",
                "filter-unknown-attribute",
                "user.agee",
                "did you mean `user.age`?",
            ),
            (
                "user.age > 3 && user.ag > 3",
                "filter-unknown-attribute",
                "user.ag",
                "did you mean `user.age`?",
            ),
            (
                "user[\"zip cod\"] == \"x\"",
                "filter-unknown-attribute",
                "user[\"zip cod\"]",
                "did you mean `user[\"zip code\"]`?",
            ),
            (
                "count('ordr') > 1",
                "filter-unknown-event",
                "'ordr'",
                "did you mean `order`?",
            ),
            (
                "user.vip && user.name < now",
                "filter-never",
                "user.name < now",
                "as a timestamp, it is a string",
            ),
            (
                "user.tags.contains(\"a\")",
                "filter-never",
                "user.tags.contains(\"a\")",
                "as a text, it is a list",
            ),
            (
                "!(\"a\" in user.name)",
                "filter-never",
                "\"a\" in user.name",
                "as a list, it is a string",
            ),
            (
                "user.age in [\"31\"]",
                "filter-never",
                "user.age in [\"31\"]",
                "as what is in the list, it is an int",
            ),
            (
                "user.name || user.vip",
                "filter-never",
                "user.name",
                "as true or false, it is a string",
            ),
            (
                "user.age.exists(t, t == 1)",
                "filter-never",
                "user.age.exists(t, t == 1)",
                "as a list",
            ),
        ] {
            let filter = compile(text, &Declared::default()).unwrap();
            let found = filter.doubts(&table);
            let [found] = found.as_slice() else {
                panic!("{text}: {found:?}")
            };
            assert_eq!(found.code.as_str(), code, "{text}");
            assert_eq!(found.span.clone().map(|span| &text[span]), Some(marked));
            let hint = found.hint.clone().unwrap_or_default();
            assert!(
                format!("{} {hint}", found.message).contains(told),
                "{found:?}"
            );
        }
    }

    #[test]
    fn what_some_user_can_be_true_for_is_not_doubted() {
        let table = table();
        for text in [
            "user.age > 3.5 && user.score == 2 && \"a\" in user.tags",
            "user.seen > now && user.mixed.exists(m, m == 1) && \"x\" in user.address",
            "user.name.contains(\"a\") || !user.vip || user.name in [1, \"Anna\"]",
            "count(\"order\") > 1 && received(\"welcome\") && has(user.age) && !blank(user.name)",
        ] {
            let filter = compile(text, &Declared::default()).unwrap();
            assert_eq!(filter.doubts(&table), [], "{text}");
        }
    }

    #[test]
    fn what_a_declaration_warned_of_is_told_once() {
        let mut declared = Declared::default();
        declared.see(vec!["age".into()]);
        declared.close_attributes();
        let filter = compile("user.agee > 3", &declared).unwrap();
        assert_eq!(
            (filter.warnings().len(), filter.doubts(&table())),
            (1, vec![])
        );
    }
}
