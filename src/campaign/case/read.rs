//! From `tests:` to cases, with everything that is wrong with them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::expect::{self, Lines};
use super::values::{event, instant, properties, user};
use super::vary::{Varied, vary};
use super::{Case, Given, NOW};
use crate::campaign::read::node::{Node, Value as Yaml};
use crate::campaign::read::source::SourceFile;
use crate::diagnostic::{Diagnostic, codes, did_you_mean};
use crate::model::limits;
use crate::model::registry::Registry;
use crate::model::resource::Kind;
use crate::model::user::Profile;

/// Reads the cases of one document.
pub(in crate::campaign) struct Reader<'a> {
    kind: Kind,
    resource: &'a str,
    file: Arc<str>,
    lines: Lines,
    registry: &'a Registry,
    cases: Vec<Case>,
    problems: Vec<Diagnostic>,
}

/// A case as it is written, of one combination.
struct Written<'a> {
    node: &'a Node,
    at: &'a str,
    name: String,
    line: u32,
}

pub(super) fn wrong(at: impl Into<String>, message: impl Into<String>) -> Diagnostic {
    Diagnostic::error(codes::WRONG_VALUE, message).at(at)
}

// === impl Reader ===

impl<'a> Reader<'a> {
    pub(in crate::campaign) fn new(
        (kind, resource): (Kind, &'a str),
        file: &SourceFile,
        registry: &'a Registry,
    ) -> Self {
        Self {
            kind,
            resource,
            file: file.path.as_str().into(),
            lines: Lines::of(&file.text),
            registry,
            cases: Vec::new(),
            problems: Vec::new(),
        }
    }

    /// The cases, and what is wrong, by path.
    pub(in crate::campaign) fn read(mut self, tests: &Node) -> (Vec<Case>, Vec<Diagnostic>) {
        let Yaml::List(items) = &tests.value else {
            return (self.cases, self.problems);
        };
        for (n, item) in items.iter().enumerate() {
            let at = format!("tests[{n}]");
            for Varied { node, label } in vary(item, &at, &mut self.problems) {
                let name = item.text("name").unwrap_or_default();
                let written = Written {
                    node: &node,
                    at: &at,
                    name: named(name, &label),
                    line: self.lines.line(item.span.start),
                };
                if let Err(problem) = self.case(&written) {
                    self.problems.push(problem);
                }
                if self.cases.len() > limits::CASES_MAX {
                    let max = limits::CASES_MAX;
                    let message = format!("more than {max} cases with all combinations and users");
                    self.problems.push(wrong("tests", message));
                    return (Vec::new(), self.problems);
                }
            }
        }
        // The combinations of a matrix are mostly wrong in the same way.
        let mut told: Vec<Diagnostic> = Vec::new();
        for problem in self.problems {
            if !told.contains(&problem) {
                told.push(problem);
            }
        }
        (self.cases, told)
    }

    /// One case for each of its users.
    fn case(&mut self, written: &Written<'_>) -> Result<(), Diagnostic> {
        let Written { node, at, .. } = written;
        let now = match node.text("now") {
            None => instant(NOW),
            Some(text) => instant(text),
        };
        let now = now.map_err(|message| wrong(format!("{at}.now"), message))?;
        let users = self.users(node, at)?;
        let common = node.get("expect").map(|entry| &entry.value);
        let common = self.expectations(common, &format!("{at}.expect"))?;
        for (name, user) in users {
            let mut expectations = common.clone();
            if let Some(each) = node.get("each")
                && let Some(own) = name.and_then(|name| each.value.get(name))
            {
                let at = format!("{at}.each.{}", own.key);
                expectations.extend(self.expectations(Some(&own.value), &at)?);
            }
            expect::check(&expectations, at)?;
            let events = self.events(written, &user, now)?;
            let case = Case {
                kind: self.kind,
                resource: self.resource.to_owned(),
                name: named(&written.name, name.unwrap_or_default()),
                file: Arc::clone(&self.file),
                line: written.line,
                user,
                events,
                trigger_properties: match node.get("trigger_properties") {
                    None => BTreeMap::new(),
                    Some(entry) => {
                        let at = format!("{at}.trigger_properties");
                        let max = limits::TRIGGER_PROPERTIES_BYTES_MAX;
                        properties(&entry.value, &at, max)?
                    }
                },
                event_properties: event_properties(node, at)?,
                now,
                contents: contents(node, at)?,
                expectations,
            };
            self.cases.push(case);
        }
        Ok(())
    }

    /// Whom the case is about, with their names where there are several.
    fn users<'n>(
        &self,
        node: &'n Node,
        at: &str,
    ) -> Result<Vec<(Option<&'n str>, Profile)>, Diagnostic> {
        let (one, many) = (node.get("user"), node.get("users"));
        if one.is_some() && many.is_some() {
            let problem = wrong(
                format!("{at}.users"),
                "`user` and `users` exclude each other",
            );
            return Err(problem.hint("keep one of them"));
        }
        let names = match many.map(|entry| &entry.value.value) {
            Some(Yaml::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        if many.is_some() && names.is_empty() {
            let problem = wrong(format!("{at}.users"), "nobody is named");
            return Err(problem.hint("write `users: {ana: {first_name: Ana}}`"));
        }
        let each = node.get("each").map(|entry| &entry.value.value);
        let own = match each {
            Some(Yaml::Map(entries)) => entries.as_slice(),
            _ => &[],
        };
        for entry in own {
            let known = names.iter().map(|name| name.key.as_str());
            if !known.clone().any(|name| name == entry.key) {
                let message = format!("`users` has no `{}`", entry.key);
                let problem = wrong(format!("{at}.each.{}", entry.key), message);
                return Err(match did_you_mean(&entry.key, known) {
                    Some(meant) => problem.hint(format!("did you mean `{meant}`?")),
                    None => problem,
                });
            }
        }
        if many.is_none() {
            let at = format!("{at}.user");
            let profile = user(one.map(|entry| &entry.value), &at, None, self.registry)?;
            return Ok(vec![(None, profile)]);
        }
        let read = names.iter().map(|entry| {
            let (name, at) = (entry.key.as_str(), format!("{at}.users.{}", entry.key));
            let profile = user(Some(&entry.value), &at, Some(name), self.registry)?;
            Ok((Some(name), profile))
        });
        read.collect()
    }

    fn expectations(
        &self,
        node: Option<&Node>,
        at: &str,
    ) -> Result<Vec<super::Expectation>, Diagnostic> {
        let Some(node) = node else {
            return Ok(Vec::new());
        };
        expect::read(node, at, &self.lines)
    }

    /// What the user did and received, in the order of time.
    fn events(
        &self,
        written: &Written<'_>,
        user: &Profile,
        now: Timestamp,
    ) -> Result<Vec<crate::model::event::Event>, Diagnostic> {
        let mut events = Vec::new();
        for key in ["events", "received"] {
            let list = written.node.get(key).map(|entry| &entry.value.value);
            let Some(Yaml::List(items)) = list else {
                continue;
            };
            for (n, item) in items.iter().enumerate() {
                let at = format!("{}.{key}[{n}]", written.at);
                events.push(event(item, &at, (&user.external_id, now, self.registry))?);
            }
        }
        events.sort_by_key(|event| event.at);
        Ok(events)
    }
}

/// A case's name with what tells it from others of that name.
fn named(name: &str, of: &str) -> String {
    if of.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({of})")
    }
}

fn event_properties(
    node: &Node,
    at: &str,
) -> Result<Option<BTreeMap<String, crate::model::Value>>, Diagnostic> {
    let Some(event) = node.get("event") else {
        return Ok(None);
    };
    let Some(given) = event.value.get("properties") else {
        return Ok(Some(BTreeMap::new()));
    };
    let at = format!("{at}.event.properties");
    let max = limits::EVENT_PROPERTIES_BYTES_MAX;
    properties(&given.value, &at, max).map(Some)
}

fn contents(node: &Node, at: &str) -> Result<BTreeMap<String, Given>, Diagnostic> {
    let answers = node.get("contents").map(|entry| &entry.value.value);
    let Some(Yaml::Map(answers)) = answers else {
        return Ok(BTreeMap::new());
    };
    let read = answers.iter().map(|answer| {
        let status = match answer.value.get("status").map(|entry| &entry.value.value) {
            None => Some(200),
            Some(Yaml::Int(status)) => u16::try_from(*status).ok(),
            Some(_) => None,
        };
        let status = status.filter(|status| (100..600).contains(status));
        let status = status.ok_or_else(|| {
            let at = format!("{at}.contents.{}.status", answer.key);
            wrong(at, "this is no HTTP status").hint("a number from 100 to 599")
        })?;
        let body = answer.value.get("body").map(|entry| &entry.value);
        let body = match body.map(|body| &body.value) {
            None => String::new(),
            Some(Yaml::Text(text)) => text.clone(),
            Some(_) => body.map_or_else(String::new, |body| body.to_json().to_string()),
        };
        Ok((answer.key.clone(), Given { status, body }))
    });
    read.collect()
}
