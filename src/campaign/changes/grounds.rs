//! What a plan rests on: it is another plan when any of it moves, and the same one whatever else does.

use std::collections::BTreeSet;

use super::plan::Change;
use crate::campaign::set::Set;
use crate::model::id::Fingerprint;
use crate::model::resource::{Document, Key, Kind, by_key};

/// The resources of both sides that decide what a plan does: all of the files' owner, what changes, what uses that,
/// what any of these uses, and what holds for everybody. Other owners' resources besides these come and go without it.
pub(super) fn grounds(changes: &[Change], sides: [&Set; 2]) -> BTreeSet<Key> {
    let mut grounds: BTreeSet<Key> = changes.iter().map(Change::key).collect();
    let touched = sides.map(|set| set.uses.inverted().closure(&grounds));
    grounds.extend(touched.into_iter().flatten());
    let used = sides.map(|set| set.uses.closure(&grounds));
    grounds.extend(used.into_iter().flatten());
    let owner = sides[1].owner.as_deref();
    let is_ground = |document: &&Document| {
        owner.is_none_or(|owner| document.owner == owner)
            || matches!(document.kind, Kind::Settings | Kind::Attributes)
    };
    let documents = sides.into_iter().flat_map(|set| &set.documents);
    let own = documents.filter(is_ground);
    grounds.extend(own.map(Document::key));
    grounds
}

/// Over the grounds as they are and as they would be.
pub(super) fn fingerprint(grounds: &BTreeSet<Key>, sides: [&Set; 2]) -> Fingerprint {
    let owner = sides[1].owner.as_deref();
    // Of everybody, of nobody and of an owner are three plans.
    let whose = [
        &[u8::from(owner.is_some())],
        owner.unwrap_or_default().as_bytes(),
    ]
    .concat();
    let mut parts = vec![whose];
    for set in sides {
        let mut documents = by_key(&set.documents);
        documents.retain(|key, _| grounds.contains(key));
        // The counts keep a document from moving from one side to the other unseen.
        parts.push(documents.len().to_be_bytes().to_vec());
        for (_, it) in documents {
            let texts = [it.kind.as_str(), &it.name, &it.path, &it.source, &it.owner];
            parts.extend(texts.map(|text| text.as_bytes().to_vec()));
        }
    }
    Fingerprint::of(parts.iter().map(Vec::as_slice))
}
