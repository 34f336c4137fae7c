//! Going back: what an earlier revision held, of one owner or of all, as the state that is wanted.

use std::collections::BTreeSet;

use super::load::beside_runtime;
use crate::campaign::case::Tests;
use crate::campaign::{Loaded, Set};
use crate::diagnostic::{Diagnostic, codes};
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::id::Revision;
use crate::model::resource::{Document, by_key, differing};

/// An earlier revision, and whose resources go back to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Back {
    pub revision: Revision,
    pub whose: Whose,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whose {
    /// Of whoever changed something since, when it is one.
    Changed,
    /// Of one owner; empty for what nobody owns.
    Owner(String),
    Everybody,
}

// === impl Engine ===

impl Engine {
    pub(in crate::engine) async fn load_back(
        &self,
        back: &Back,
        applied: &Set,
    ) -> Result<std::result::Result<Loaded, Vec<Diagnostic>>> {
        let behind = Revision(back.revision.0.saturating_add(1));
        let found = self.parts.store.revisions(Some(behind), 1).await?;
        if !found.iter().any(|info| info.revision == back.revision) {
            return Err(Error::not_found(Kind::Revision, back.revision));
        }
        let before = self.parts.store.documents(back.revision).await?;
        let now = &applied.documents;
        let owner = match &back.whose {
            Whose::Everybody => None,
            Whose::Owner(owner) => Some(owner.clone()),
            Whose::Changed => only(changed(&before, now))?,
        };
        let goes = |document: &&Document| owner.as_ref().is_none_or(|of| document.owner == *of);
        let stays: Vec<Document> = now.iter().filter(|it| !goes(it)).cloned().collect();
        let mut comes: Vec<Document> = before.iter().filter(goes).cloned().collect();
        comes.extend(adopted(&before, now, owner.as_deref()));
        let taken: Vec<_> = comes.iter().filter_map(|it| taken(it, &stays)).collect();
        if !taken.is_empty() {
            return Ok(Err(taken));
        }
        let documents = [stays, comes].concat();
        let loaded = beside_runtime(move || Set::compile(&documents)).await?;
        Ok(loaded.map(|mut set| {
            set.owner = owner;
            Loaded {
                set,
                tests: Tests::default(),
                warnings: Vec::new(),
            }
        }))
    }
}

/// What nobody owned then and the owner has taken on since: it goes back too, and stays the owner's.
fn adopted(before: &[Document], now: &[Document], owner: Option<&str>) -> Vec<Document> {
    let Some(owner) = owner.filter(|owner| !owner.is_empty()) else {
        return Vec::new();
    };
    let is_taken_on = |document: &&Document| {
        let mut now = now.iter();
        let is_same = |it: &&Document| (it.kind, &it.name) == (document.kind, &document.name);
        document.owner.is_empty() && now.find(is_same).is_some_and(|it| it.owner == owner)
    };
    let taken_on = before.iter().filter(is_taken_on).cloned();
    taken_on
        .map(|document| Document {
            owner: owner.to_owned(),
            ..document
        })
        .collect()
}

/// What another owner has applied under the name since.
fn taken(document: &Document, stays: &[Document]) -> Option<Diagnostic> {
    let mut stays = stays.iter();
    let other = stays.find(|it| (it.kind, &it.name) == (document.kind, &document.name))?;
    let message = format!(
        "the {} `{}` belongs to `{}` now",
        document.kind, document.name, other.owner
    );
    let hint = "go back for all owners, or apply files without it";
    Some(Diagnostic::error(codes::OTHER_OWNER, message).hint(hint))
}

/// The owners of what differs.
fn changed(before: &[Document], now: &[Document]) -> BTreeSet<String> {
    let differing = differing(before, now);
    let (before, now) = (by_key(before), by_key(now));
    let sides = differing
        .iter()
        .flat_map(|key| match [before.get(key), now.get(key)] {
            // Who took it on since is who changed it.
            [Some(old), Some(new)] if old.owner.is_empty() => [None, Some(new)],
            sides => sides,
        });
    sides
        .flatten()
        .map(|document| document.owner.clone())
        .collect()
}

/// To go back over what several did needs a word.
fn only(owners: BTreeSet<String>) -> Result<Option<String>> {
    if owners.len() <= 1 {
        return Ok(Some(owners.into_iter().next().unwrap_or_default()));
    }
    let named: Vec<_> = owners
        .iter()
        .map(|owner| match owner.as_str() {
            "" => "nobody".to_owned(),
            owner => format!("`{owner}`"),
        })
        .collect();
    let message = format!(
        "resources of {} changed since: name one with `--owner`, or say `--all-owners`",
        named.join(" and ")
    );
    Err(Error::invalid("back.owner", message))
}
