//! Policies: what Settings hold every change of a plan against.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::campaign::check::checker::Checker;
use crate::campaign::read::file::{RuleLevel, SettingsFile};
use crate::campaign::read::source::Read;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{POLICY_DENIED, POLICY_WARNED, WRONG_VALUE};
use crate::model::Value;
use crate::model::limits;
use crate::model::value::Type;
use crate::segment::{self, Declared, Filter};

/// What a policy can ask, and of which type it is; docs/policies.md says what each means.
const FACTS: [(&str, Type); 25] = [
    ("resource.kind", Type::String),
    ("resource.name", Type::String),
    ("resource.path", Type::String),
    ("resource.team", Type::String),
    ("resource.tags", Type::List),
    ("resource.channel", Type::String),
    ("resource.channel_type", Type::String),
    ("resource.segment", Type::String),
    ("resource.filter", Type::String),
    ("change.action", Type::String),
    ("change.fields", Type::List),
    ("audience.before", Type::Int),
    ("audience.after", Type::Int),
    ("audience.entered", Type::Int),
    ("audience.left", Type::Int),
    ("audience.reachable", Type::Int),
    ("audience.growth", Type::Double),
    ("audience.share", Type::Double),
    ("audience.requires_psid", Type::Bool),
    ("messages_per_send", Type::Int),
    ("messages_per_user_per_day", Type::Double),
    ("plan.creates", Type::Int),
    ("plan.updates", Type::Int),
    ("plan.deletes", Type::Int),
    ("plan.reached", Type::Int),
];

/// A condition under which there is no plan to apply, or a warning.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    pub name: String,
    pub is_denied: bool,
    pub message: String,
    /// Whose files it holds for; empty for nobody's.
    pub owner: String,
    /// The file it stands in, and where in it.
    pub path: String,
    pub at: String,
    when: Filter,
}

/// What is known of one change.
#[derive(Debug, Clone)]
pub struct Facts(BTreeMap<String, Value>);

// === impl Policy ===

impl Policy {
    /// What to tell of a change, where the condition is true; unknown is not.
    pub fn judge(&self, facts: &Facts, now: Timestamp) -> Option<Diagnostic> {
        if self.when.matches_facts(&facts.0, now) != Some(true) {
            return None;
        }
        let text = |path: &[&str]| match facts.get(path) {
            Some(Value::String(text)) => text.clone(),
            _ => String::new(),
        };
        let (kind, name) = (text(&["resource", "kind"]), text(&["resource", "name"]));
        let message = format!(
            "{kind} `{name}`: {}",
            self.message.trim_end().trim_end_matches('.')
        );
        let problem = if self.is_denied {
            Diagnostic::error(POLICY_DENIED, message)
        } else {
            Diagnostic::warning(POLICY_WARNED, message)
        };
        let when = self
            .when
            .text()
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        Some(problem.hint(format!(
            "the policy `{}` in `{}` says so: `{when}`",
            self.name, self.path
        )))
    }

    /// Whether the other says the same, wherever it stands.
    pub fn is_same(&self, other: &Self) -> bool {
        (&self.name, self.is_denied, &self.message, self.when.text())
            == (
                &other.name,
                other.is_denied,
                &other.message,
                other.when.text(),
            )
    }
}

// === impl Facts ===

impl Facts {
    /// By paths such as `audience.after`; what is not known is left out.
    pub fn new(known: impl IntoIterator<Item = (&'static str, Option<Value>)>) -> Self {
        let mut facts = BTreeMap::new();
        for (path, value) in known {
            let Some(value) = value else { continue };
            match path.split_once('.') {
                None => drop(facts.insert(path.to_owned(), value)),
                Some((root, key)) => {
                    let of = facts.entry(root.to_owned());
                    let of = of.or_insert_with(|| Value::Object(BTreeMap::new()));
                    if let Value::Object(fields) = of {
                        fields.insert(key.to_owned(), value);
                    }
                }
            }
        }
        Self(facts)
    }

    fn get(&self, path: &[&str]) -> Option<&Value> {
        let (name, keys) = path.split_first()?;
        let mut value = self.0.get(*name)?;
        for key in keys {
            let Value::Object(fields) = value else {
                return None;
            };
            value = fields.get(*key)?;
        }
        Some(value)
    }
}

// === impl Checker ===

impl Checker<'_> {
    pub(in crate::campaign) fn policies(&mut self, read: &Read<'_>, file: &SettingsFile) {
        if file.policies.len() > limits::POLICIES_MAX {
            let (n, max) = (file.policies.len(), limits::POLICIES_MAX);
            let problem =
                Diagnostic::error(WRONG_VALUE, format!("{n} policies; {max} are allowed"));
            self.report(read, problem.at("policies"));
            return;
        }
        let declared = facts();
        let mut names = BTreeSet::new();
        for (n, rule) in file.policies.iter().enumerate() {
            let at = format!("policies[{n}]");
            if !names.insert(&rule.name) {
                let message = format!("there is a policy `{}` already", rule.name);
                let problem = Diagnostic::error(WRONG_VALUE, message).at(format!("{at}.name"));
                self.report(read, problem.hint("give it another name, or remove one"));
            }
            let when = match segment::compile(&rule.when, &declared) {
                Ok(when) => when,
                Err(problems) => {
                    self.report_all(read, &format!("{at}.when"), problems);
                    continue;
                }
            };
            self.report_all(read, &format!("{at}.when"), when.warnings().to_vec());
            self.set.policies.push(Policy {
                name: rule.name.clone(),
                is_denied: rule.level == RuleLevel::Deny,
                message: rule.message.clone(),
                owner: file.owner.clone().unwrap_or_default(),
                path: read.file.path.clone(),
                at: format!("{at}.name"),
                when,
            });
        }
    }
}

fn facts() -> Declared {
    let mut declared = Declared::facts();
    for (path, kind) in FACTS {
        let path: Vec<String> = path.split('.').map(str::to_owned).collect();
        if kind == Type::List {
            declared.declare_items(path.clone(), Type::String);
        }
        declared.declare(path, kind);
    }
    declared
}
