//! Which resource uses which: what a change reaches besides itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crate::model::resource::{Key, Kind};
use crate::template::References;

/// Edges from a resource to those that it names.
#[derive(Debug, Clone, Default)]
pub struct Uses(BTreeMap<Key, BTreeSet<Key>>);

/// Edges from a resource to those that name it.
#[derive(Debug, Default)]
pub struct Users<'a>(HashMap<&'a Key, Vec<&'a Key>>);

// === impl Uses ===

impl Uses {
    pub(in crate::campaign) fn add(&mut self, user: (Kind, &str), used: (Kind, &str)) {
        let user = (user.0, user.1.to_owned());
        let used = (used.0, used.1.to_owned());
        self.0.entry(user).or_default().insert(used);
    }

    pub(in crate::campaign) fn add_references(
        &mut self,
        user: (Kind, &str),
        references: &References,
    ) {
        for block in &references.blocks {
            self.add(user, (Kind::ContentBlock, block));
        }
        for catalog in &references.catalogs {
            self.add(user, (Kind::Catalog, catalog));
        }
    }

    /// The same edges the other way round, made once for many questions.
    pub fn inverted(&self) -> Users<'_> {
        let mut users = Users::default();
        for (user, used) in &self.0 {
            for used in used {
                users.0.entry(used).or_default().push(user);
            }
        }
        users
    }

    /// Everything that some resources use, through others too.
    pub(super) fn closure(&self, of: &BTreeSet<Key>) -> BTreeSet<Key> {
        let used = |key: &Key| self.0.get(key).into_iter().flatten();
        closure(of.iter(), used).into_iter().cloned().collect()
    }

    pub(in crate::campaign) fn rename(&mut self, name: impl Fn(&str) -> String) {
        let renamed = |(kind, old): Key| (kind, name(&old));
        let uses = std::mem::take(&mut self.0).into_iter();
        self.0 = uses
            .map(|(user, used)| (renamed(user), used.into_iter().map(renamed).collect()))
            .collect();
    }
}

// === impl Users ===

impl<'a> Users<'a> {
    /// Everything that uses a resource, through others too, by kind and name; not the resource itself.
    pub fn of(&self, kind: Kind, name: &str) -> Vec<&'a Key> {
        let start = (kind, name.to_owned());
        let found = closure(std::iter::once(&start), |key| self.direct(key));
        let mut users: Vec<&Key> = found.into_iter().filter(|user| **user != start).collect();
        users.sort();
        users
    }

    /// Everything that uses some resources, through others too.
    pub(super) fn closure(&self, of: &BTreeSet<Key>) -> BTreeSet<Key> {
        let found = closure(of.iter(), |key| self.direct(key));
        found.into_iter().cloned().collect()
    }

    fn direct<'s>(&'s self, key: &Key) -> impl Iterator<Item = &'a Key> + use<'a, 's> {
        self.0.get(key).into_iter().flatten().copied()
    }
}

/// All that can be reached by edges; where it begins only if something leads back there.
fn closure<'a, 'k, E: Iterator<Item = &'a Key>>(
    starts: impl Iterator<Item = &'k Key>,
    edges: impl Fn(&Key) -> E,
) -> HashSet<&'a Key> {
    let mut found = HashSet::new();
    let mut open: Vec<&Key> = Vec::new();
    for start in starts {
        open.extend(edges(start).filter(|key| found.insert(*key)));
    }
    while let Some(next) = open.pop() {
        open.extend(edges(next).filter(|key| found.insert(*key)));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reaches_through_others_and_ends_in_circles() {
        let mut uses = Uses::default();
        uses.add((Kind::Campaign, "sale"), (Kind::Template, "offer"));
        uses.add((Kind::Template, "offer"), (Kind::ContentBlock, "footer"));
        uses.add(
            (Kind::ContentBlock, "footer"),
            (Kind::ContentBlock, "legal"),
        );
        uses.add(
            (Kind::ContentBlock, "legal"),
            (Kind::ContentBlock, "footer"),
        );
        let inverted = uses.inverted();
        let users = inverted.of(Kind::ContentBlock, "legal");
        let named: Vec<_> = users
            .iter()
            .map(|(kind, name)| format!("{kind} {name}"))
            .collect();
        assert_eq!(
            named,
            ["ContentBlock footer", "Template offer", "Campaign sale"]
        );
        assert!(inverted.of(Kind::Campaign, "sale").is_empty());
    }
}
