//! Applied revisions in their compiled form: compiled once, kept while they are used.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::campaign;
use crate::model::id::Revision;

use super::contract::{self, Store};

/// Compiled revisions held at once: the current one, and those that running sends are pinned to.
const HELD_MAX: usize = 16;

/// Why there is no compiled set for a revision.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] contract::Error),
    /// It compiled when it was applied, by another version of this program.
    #[error("revision {revision} does not compile any more: {problem}")]
    Broken { revision: Revision, problem: String },
}

/// The compiled revisions of one store.
#[derive(Debug)]
pub struct Revisions {
    store: Arc<dyn Store>,
    /// Most recently used last. A short list: a look through it is cheaper than a map.
    held: Mutex<Vec<(Revision, Arc<campaign::Set>)>>,
    /// Held while one is compiled, so that many who ask at once wait for one compilation.
    compiling: tokio::sync::Mutex<()>,
}

// === impl Revisions ===

impl Revisions {
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            held: Mutex::default(),
            compiling: tokio::sync::Mutex::default(),
        }
    }

    /// The compiled documents of `revision`; the empty set for revision 0.
    pub async fn get(&self, revision: Revision) -> Result<Arc<campaign::Set>, Error> {
        if let Some(set) = self.held(revision) {
            return Ok(set);
        }
        let _one = self.compiling.lock().await;
        if let Some(set) = self.held(revision) {
            return Ok(set);
        }
        let set = Arc::new(self.compile(revision).await?);
        let mut held = self.held.lock();
        if held.len() >= HELD_MAX {
            held.remove(0);
        }
        held.push((revision, Arc::clone(&set)));
        Ok(set)
    }

    fn held(&self, revision: Revision) -> Option<Arc<campaign::Set>> {
        let mut held = self.held.lock();
        let at = held.iter().position(|(known, _)| *known == revision)?;
        held[at..].rotate_left(1);
        held.last().map(|(_, set)| Arc::clone(set))
    }

    async fn compile(&self, revision: Revision) -> Result<campaign::Set, Error> {
        let documents = self.store.documents(revision).await?;
        campaign::Set::compile(&documents).map_err(|problems| Error::Broken {
            revision,
            problem: problems
                .first()
                .map_or_else(String::new, |first| first.message.clone()),
        })
    }
}
