//! Attributes files: what they declare, together and without contradiction.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checker::Checker;
use crate::campaign::read::file::{AttributeFile, AttributesFile, Resource};
use crate::campaign::read::source::Parsed;
use crate::campaign::read::spans::duration;
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::{
    ATTRIBUTE_SPELLING as SPELLING, DUPLICATE_DECLARATION as DECLARED_TWICE, WRONG_VALUE,
};
use crate::model::limits;
use crate::model::registry::{Declaration, EventDeclaration, Registry};
use crate::model::value::{Type, check_name};

/// Where the names of one kind were declared first.
#[derive(Default)]
struct Seen<'a>(BTreeMap<&'a str, &'a str>);

// === impl Checker ===

impl Checker<'_> {
    /// Reads what all files declare: it is one registry, whichever file a name stands in.
    pub(in crate::campaign) fn attributes(&mut self, parsed: &[Parsed<'_>]) {
        let mut registry = Registry::default();
        let (mut attributes, mut events) = (Seen::default(), Seen::default());
        for one in parsed {
            let Resource::Attributes(file) = &one.resource else {
                continue;
            };
            for (name, attribute) in &file.attributes {
                let at = format!("attributes.{name}");
                if self.is_first(one, &at, name, &mut attributes) {
                    let declared = self.declaration(one, &at, attribute, 1);
                    registry.attributes.insert(name.clone(), declared);
                }
            }
            self.events(one, file, &mut events, &mut registry);
        }
        self.psids_are_texts(parsed, &mut registry);
        self.declare(&registry);
        self.set.registry = Arc::new(registry);
    }

    fn events<'a>(
        &mut self,
        one: &'a Parsed<'_>,
        file: &'a AttributesFile,
        seen: &mut Seen<'a>,
        registry: &mut Registry,
    ) {
        for (name, event) in &file.events {
            if self.is_first(one, &format!("events.{name}"), name, seen) {
                let declared = EventDeclaration {
                    description: event.description.clone(),
                    retention: event.retention.as_deref().and_then(duration),
                };
                registry.events.insert(name.clone(), declared);
            }
        }
    }

    /// Whether the name is one, and stands in no file before this.
    fn is_first<'a>(
        &mut self,
        one: &'a Parsed<'_>,
        at: &str,
        name: &'a str,
        seen: &mut Seen<'a>,
    ) -> bool {
        if let Err(refused) = check_name(name) {
            let problem = Diagnostic::error(WRONG_VALUE, refused.message).at(at);
            self.report(&one.read, problem);
            return false;
        }
        if let Some(other) = seen.0.get(name) {
            let message = format!("`{name}` is declared in `{other}` already");
            let problem = Diagnostic::error(DECLARED_TWICE, message).at(at);
            self.report(&one.read, problem.hint("keep one of the two"));
            return false;
        }
        let mut known = seen.0.iter();
        let alike = known.find(|(known, _)| known.to_lowercase() == name.to_lowercase());
        if let Some((known, path)) = alike {
            let message = format!("`{name}` and `{known}` (in `{path}`) are two names");
            let problem = Diagnostic::warning(SPELLING, message).at(at);
            self.report(&one.read, problem.hint("keep one of the two spellings"));
        }
        seen.0.insert(name, &one.read.file.path);
        true
    }

    /// `depth` is how deep the attribute's own fields would be nested.
    fn declaration(
        &mut self,
        one: &Parsed<'_>,
        at: &str,
        file: &AttributeFile,
        depth: usize,
    ) -> Declaration {
        // `verify` has seen to the words.
        let kind = Type::parse(&file.kind).unwrap_or(Type::String);
        for (key, is_there, of) in [
            ("items", file.items.is_some(), Type::List),
            ("fields", !file.fields.is_empty(), Type::Object),
        ] {
            if is_there && kind != of {
                let message = format!("`{key}` is for a type of {of}, this is {kind}");
                let problem = Diagnostic::error(WRONG_VALUE, message).at(format!("{at}.{key}"));
                self.report(&one.read, problem.hint(format!("write `type: {of}`")));
            }
        }
        if depth > limits::NESTING_MAX && !file.fields.is_empty() {
            let message = format!("values are nested at most {} deep", limits::NESTING_MAX);
            let problem = Diagnostic::error(WRONG_VALUE, message).at(format!("{at}.fields"));
            self.report(&one.read, problem);
        }
        let mut fields = BTreeMap::new();
        for (name, field) in &file.fields {
            let at = format!("{at}.fields.{name}");
            if let Err(refused) = check_name(name) {
                let problem = Diagnostic::error(WRONG_VALUE, refused.message).at(&at);
                self.report(&one.read, problem);
            } else {
                let declared = self.declaration(one, &at, field, depth + 1);
                fields.insert(name.clone(), declared);
            }
        }
        Declaration {
            kind,
            items: file.items.as_deref().and_then(Type::parse),
            fields,
            description: file.description.clone(),
            pii: file.pii,
        }
    }

    /// A channel's PSID attribute can be declared as nothing else.
    fn psids_are_texts(&mut self, parsed: &[Parsed<'_>], registry: &mut Registry) {
        let channels = parsed.iter().filter_map(|one| match &one.resource {
            Resource::Messenger(file) => Some((one, file.psid_attribute())),
            _ => None,
        });
        for (one, name) in channels {
            let Some(declared) = registry.attributes.get_mut(name) else {
                continue;
            };
            if declared.kind != Type::String {
                let message = format!(
                    "the PSID attribute `{name}` is declared as {}: PSIDs are texts",
                    declared.kind
                );
                let problem = Diagnostic::error(WRONG_VALUE, message).at("psid_attribute");
                let hint = format!("declare `{name}: {{type: string}}`");
                self.report(&one.read, problem.hint(hint));
                // Told once, and not again of each filter.
                *declared = Declaration::of(Type::String);
            }
        }
    }

    /// Holds filters against the registry.
    fn declare(&mut self, registry: &Registry) {
        for (path, declared) in registry.paths() {
            if let Some(items) = declared.items {
                self.declared.declare_items(path.clone(), items);
            }
            self.declared.declare(path, declared.kind);
        }
        for name in registry.events.keys() {
            self.declared.add_event(name);
        }
        // Files that declare only events say nothing of attributes.
        if !registry.attributes.is_empty() {
            self.declared.close_attributes();
        }
    }
}
