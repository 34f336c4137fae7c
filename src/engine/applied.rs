//! The applied state, held ready for every call: this process is the only one that changes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::campaign::Set;
use crate::model::event::Retention;
use crate::model::id::Revision;
use crate::model::resource::{Document, Kind, RevisionInfo};
use crate::store::Store;
use crate::store::revisions::Revisions;

use crate::engine::Result;

/// The attribute that holds a PSID where no channel names another.
const PSID_ATTRIBUTE: &str = "messenger_id";

/// One applied revision.
#[derive(Debug)]
pub(super) struct State {
    pub(super) revision: Revision,
    /// What is on record of it; none before the first.
    pub(super) info: Option<RevisionInfo>,
    pub(super) set: Arc<Set>,
    /// The revision that last changed each campaign.
    pub(super) changed_at: BTreeMap<String, Revision>,
    /// Attributes that must be texts.
    pub(super) psid_attributes: BTreeSet<String>,
    pub(super) retention: Retention,
}

// === impl State ===

impl State {
    pub(super) async fn read(store: &dyn Store, revisions: &Revisions) -> Result<Self> {
        let info = store.current().await?;
        let revision = info.as_ref().map_or(Revision(0), |info| info.revision);
        let set = revisions.get(revision).await?;
        let changed_at = changed_at(store, revision, &set).await?;
        Ok(Self::new(info, set, changed_at))
    }

    /// The state that `set` makes of this one.
    pub(super) fn next(&self, info: RevisionInfo, set: Arc<Set>) -> Self {
        let revision = info.revision;
        let before = campaigns(&self.set.documents);
        let changed_at = campaigns(&set.documents)
            .into_iter()
            .map(|(name, document)| {
                let is_same = before.get(name) == Some(&document);
                let unchanged_since = self.changed_at.get(name).filter(|_| is_same);
                (name.to_owned(), *unchanged_since.unwrap_or(&revision))
            })
            .collect();
        Self::new(Some(info), set, changed_at)
    }

    /// The document of a campaign.
    pub(super) fn document(&self, campaign: &str) -> Option<&Document> {
        campaigns(&self.set.documents).remove(campaign)
    }

    fn new(
        info: Option<RevisionInfo>,
        set: Arc<Set>,
        changed_at: BTreeMap<String, Revision>,
    ) -> Self {
        let named = set.psid_attributes().map(str::to_owned);
        let psid_attributes = named.chain([PSID_ATTRIBUTE.to_owned()]).collect();
        Self {
            revision: info.as_ref().map_or(Revision(0), |info| info.revision),
            info,
            retention: set.registry.retention(),
            set,
            changed_at,
            psid_attributes,
        }
    }
}

/// Walks back through the revisions until each campaign was found different or absent.
async fn changed_at(
    store: &dyn Store,
    revision: Revision,
    set: &Set,
) -> Result<BTreeMap<String, Revision>> {
    let mut open = campaigns(&set.documents);
    let mut settled = BTreeMap::new();
    let mut newer = revision;
    while newer.0 > 0 && !open.is_empty() {
        let older = Revision(newer.0 - 1);
        let documents = store.documents(older).await?;
        let known = campaigns(&documents);
        open.retain(|name, document| {
            let is_same = known.get(name) == Some(document);
            if !is_same {
                settled.insert((*name).to_owned(), newer);
            }
            is_same
        });
        newer = older;
    }
    Ok(settled)
}

fn campaigns(documents: &[Document]) -> BTreeMap<&str, &Document> {
    let campaigns = documents
        .iter()
        .filter(|document| document.kind == Kind::Campaign);
    campaigns
        .map(|document| (document.name.as_str(), document))
        .collect()
}
