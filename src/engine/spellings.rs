//! Attributes that come in a second spelling: filters read one of the two, and who sends the other sees nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::engine::{Engine, Respelt};
use crate::model::limits;
use crate::model::user::Update;

/// The spellings there are, read anew when there are more attributes than before.
#[derive(Debug, Default)]
pub(super) struct Spellings(Mutex<(usize, Arc<BTreeMap<String, String>>)>);

// === impl Engine ===

impl Engine {
    /// Which of these names, stored a moment ago, have another spelling. What is declared is spelt as it should be.
    /// They are a service: without them the call is answered all the same, since it was done.
    pub(super) async fn respelt(&self, names: BTreeSet<String>) -> Vec<Respelt> {
        let known = self.spellings.0.lock().0;
        match self.parts.store.spellings(known).await {
            Ok(Some((n, pairs))) => *self.spellings.0.lock() = (n, Arc::new(pairs)),
            Ok(None) => {}
            Err(error) => tracing::warn!(%error, "spellings of attributes cannot be read"),
        }
        let pairs = Arc::clone(&self.spellings.0.lock().1);
        if pairs.is_empty() {
            return Vec::new();
        }
        let registry = self.registry();
        let respelt = names.into_iter().filter_map(|attribute| {
            let other = pairs.get(&attribute)?.clone();
            let is_declared = registry.attributes.contains_key(&attribute);
            (!is_declared).then_some(Respelt { attribute, other })
        });
        respelt.take(limits::RESPELT_MAX).collect()
    }
}

/// The attributes that a batch names. Its items nearly always name the same ones in the same order, so that one look
/// tells most of them.
pub(super) fn names(updates: &[Update]) -> BTreeSet<String> {
    let (mut names, mut before): (BTreeSet<String>, Vec<&str>) = Default::default();
    for update in updates {
        let set = update.set.iter().map(|(name, _)| name);
        let increment = update.increment.iter().map(|(name, _)| name);
        let lists = update
            .add
            .iter()
            .chain(&update.remove)
            .map(|(name, _)| name);
        let mut now = Vec::with_capacity(before.len());
        for (at, name) in set.chain(increment).chain(lists).enumerate() {
            if before.get(at) != Some(&name.as_str()) && !names.contains(name) {
                names.insert(name.clone());
            }
            now.push(name.as_str());
        }
        before = now;
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;
    use crate::model::id::ExternalId;

    #[test]
    fn every_name_of_a_batch_is_seen() {
        let update = |names: &[&str]| Update {
            set: names
                .iter()
                .map(|name| ((*name).to_owned(), None))
                .collect(),
            ..Update::new(ExternalId::parse("ana").unwrap())
        };
        let mut updates = vec![
            update(&["a", "b"]),
            update(&["a", "c"]),
            update(&[]),
            update(&["d"]),
        ];
        updates[2].increment = vec![("n".into(), Value::Int(1))];
        updates[3].add = vec![("l".into(), Vec::new())];
        updates[3].remove = vec![("m".into(), Vec::new())];
        let found: Vec<_> = names(&updates).into_iter().collect();
        assert_eq!(found, ["a", "b", "c", "d", "l", "m", "n"]);
    }
}
