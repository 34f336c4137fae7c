//! Filters over something that is no user: a plan, as policies ask it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use cel::common::ast::IdedExpr;
use jiff::Timestamp;

use crate::audience::{Measure, Window};
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::Value;

use super::Filter;
use super::lower::Lowering;
use super::tree::Term;
use super::verdict::{Scope, User, verdict, within};

/// What is known, by name. There is no user behind it.
struct Facts<'a>(&'a BTreeMap<String, Value>);

impl User for Facts<'_> {
    fn at(&self, path: &[String]) -> Option<Cow<'_, Value>> {
        let (name, keys) = path.split_first()?;
        within(self.0.get(name)?, keys).map(Cow::Borrowed)
    }

    fn id(&self) -> Option<Cow<'_, Value>> {
        None
    }

    fn bucket(&self) -> Option<Cow<'_, Value>> {
        None
    }

    fn events(&self, _: &str, _: &Measure, _: Window) -> Option<Cow<'_, Value>> {
        None
    }
}

// === impl Filter ===

impl Filter {
    /// As [`Filter::matches_person`], of one that was compiled over facts.
    pub fn matches_facts(&self, facts: &BTreeMap<String, Value>, now: Timestamp) -> Option<bool> {
        let user = Facts(facts);
        let scope = Scope {
            user: &user,
            now,
            element: None,
        };
        verdict(self.root(), scope)
    }
}

// === impl Lowering ===

impl Lowering<'_> {
    /// A fact, or what begins one.
    pub(super) fn fact(&mut self, expr: &IdedExpr, name: &str) -> Option<Term> {
        let declared = self.declared;
        let roots = declared.roots();
        if roots.contains(name) {
            return self.field(expr, None, name);
        }
        let near = did_you_mean(name, roots.iter().copied().chain(["now"]));
        let hint = near.map_or_else(
            || {
                format!(
                    "there are {}; texts stand in quotes",
                    listed(roots.iter().copied())
                )
            },
            |near| format!("did you mean `{near}`?"),
        );
        let message = format!("there is no `{name}` here");
        self.fail(expr, codes::FILTER_UNKNOWN_NAME, message, Some(hint))
    }

    /// What is asked of users alone; true when it was refused.
    pub(super) fn refuses_users(&mut self, expr: &IdedExpr, function: &str) -> bool {
        if !self.declared.is_facts() {
            return false;
        }
        let message = format!("`{function}` asks about a user, and there is none here");
        let refused: Option<()> = self.fail(expr, codes::FILTER_NOT_SUPPORTED, message, None);
        refused.is_none()
    }

    /// Refuses facts that nobody declared.
    pub(super) fn refuse_strangers(&mut self) {
        for (path, span) in std::mem::take(&mut self.paths) {
            if self.declared.get(&path).is_some() {
                continue;
            }
            let texts = self.declared.attribute_paths();
            let texts: Vec<String> = texts.map(|known| known.join(".")).collect();
            let name = path.join(".");
            let within = texts.iter().filter(|text| {
                path.first()
                    .is_some_and(|root| text.starts_with(&format!("{root}.")))
            });
            let hint = match did_you_mean(&name, texts.iter().map(String::as_str)) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", listed(within.map(String::as_str))),
            };
            let message = format!("there is no `{name}` here");
            let error = Diagnostic::error(codes::FILTER_UNKNOWN_NAME, message);
            self.found.push(error.spanning(span).hint(hint));
        }
    }
}

fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::model::Value;
    use crate::model::value::Type;
    use crate::segment::{Declared, compile};

    fn declared() -> Declared {
        let mut declared = Declared::facts();
        for (path, kind) in [
            ("size.before", Type::Int),
            ("size.after", Type::Int),
            ("name", Type::String),
            ("tags", Type::List),
        ] {
            declared.declare(path.split('.').map(str::to_owned).collect(), kind);
        }
        declared
    }

    #[test]
    fn facts_are_asked_by_names_that_stand_alone() {
        let facts = BTreeMap::from([
            ("name".to_owned(), Value::String("sale".into())),
            (
                "tags".to_owned(),
                Value::List(vec![Value::String("big".into())]),
            ),
            (
                "size".to_owned(),
                Value::Object(BTreeMap::from([("after".to_owned(), Value::Int(12))])),
            ),
        ]);
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("size.after > 10 && name == 'sale'", Some(true)),
            ("size.before > 10", None),
            ("!has(size.before)", Some(true)),
            (
                "tags.exists(tag, tag == 'big') || size.before > 1",
                Some(true),
            ),
            ("name.startsWith('x')", Some(false)),
            ("now > timestamp('2025-12-24T00:00:00Z')", Some(true)),
        ] {
            let filter = compile(text, &declared()).unwrap();
            assert_eq!(filter.matches_facts(&facts, now), expected, "{text}");
            assert!(filter.warnings().is_empty(), "{:?}", filter.warnings());
        }
    }

    #[test]
    fn what_is_no_fact_is_refused_where_it_stands() {
        for (text, span, message) in [
            ("size.aftr > 1", "size.aftr", "there is no `size.aftr` here"),
            ("sized.after > 1", "sized", "there is no `sized` here"),
            ("user.name == 'x'", "user", "there is no `user` here"),
            ("size == 3 && true", "size", "there is no `size` here"),
            (
                "name > 3",
                "name > 3",
                "this compares a value of type string with one of type int: it is never true",
            ),
            (
                "count('order') > 1",
                "count('order')",
                "`count` asks about a user, and there is none here",
            ),
            (
                "in_segment('vip')",
                "in_segment('vip')",
                "`in_segment` asks about a user, and there is none here",
            ),
        ] {
            let problems = compile(text, &declared()).unwrap_err();
            assert_eq!(problems[0].message, message, "{text}");
            assert_eq!(&text[problems[0].span.clone().unwrap()], span, "{text}");
        }
    }
}
