//! What attributes users have, and what was declared of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::audience::Attribute;
use crate::campaign::Set;
use crate::diagnostic::{Diagnostic, codes};
use crate::engine::{Engine, Result};
use crate::model::registry::{Declaration, Registry};
use crate::model::value::Type;
use crate::segment::path_text;

/// An attribute that users have, or that was declared, or both.
#[derive(Debug, Clone, PartialEq)]
pub struct KnownAttribute {
    pub path: Vec<String>,
    /// How many users have it with each type.
    pub types: BTreeMap<Type, usize>,
    pub declared: Option<Declaration>,
}

// === impl Engine ===

impl Engine {
    /// What is declared in the applied state.
    pub fn registry(&self) -> Arc<Registry> {
        Arc::clone(&self.applied.load().set.registry)
    }

    /// Every attribute path in order, and how many users there are.
    pub async fn attributes(&self) -> Result<(Vec<KnownAttribute>, u64)> {
        let registry = self.registry();
        let store = &self.parts.store;
        let mut known = BTreeMap::new();
        for Attribute { path, types } in store.attributes().await? {
            known.insert(path, (types, None));
        }
        for (path, declared) in registry.paths() {
            known.entry(path).or_default().1 = Some(declared.clone());
        }
        let attributes = known.into_iter();
        let attributes = attributes.map(|(path, (types, declared))| KnownAttribute {
            path,
            types,
            declared,
        });
        Ok((attributes.collect(), store.count_users().await?))
    }

    /// Warns of values that users have and that a registry would not take any more: they stay as they are.
    pub(super) async fn warn_of_values(&self, wanted: &Set) -> Result<Vec<Diagnostic>> {
        if wanted.registry.attributes.is_empty() {
            return Ok(Vec::new());
        }
        let mut warnings = Vec::new();
        for Attribute { path, types } in self.parts.store.attributes().await? {
            let Some(declared) = wanted.registry.get(&path) else {
                continue;
            };
            for (kind, users) in types {
                if declared.takes(kind) {
                    continue;
                }
                let message = format!(
                    "`{}` is declared as {}, and of {users} users it is a {kind}",
                    path_text(&path),
                    declared.kind
                );
                let hint = "their values stay until they are set again; filters find them unknown";
                warnings.push(Diagnostic::warning(codes::ATTRIBUTE_TYPE, message).hint(hint));
            }
        }
        Ok(warnings)
    }
}
