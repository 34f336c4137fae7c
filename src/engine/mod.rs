//! The use cases, one file a verb: what doors call.
//!
//! May import `store`, `delivery` and the pure rooms, never a door. Begin with `evaluate` (a read) or `send` (the longest).
//!
//! **Invariant:** what a use case answered is durable, and a request that breaks a rule changed nothing.

mod applied;
mod apply;
mod attributes;
mod basis;
mod campaigns;
mod error;
mod evaluate;
mod export;
mod fan_out;
mod feed;
mod feeds;
mod gaps;
mod import;
mod pick;
mod planning;
mod preview;
mod revisions;
mod segments;
mod send;
mod sends;
mod spellings;
mod track;
mod track_sizes;
mod users;
mod watch;
mod watch_segment;

pub use apply::{Applied, ApplyRequest, Seen};
pub use attributes::KnownAttribute;
pub use basis::Basis;
pub use campaigns::CampaignInfo;
pub use error::{Drift, Error, Kind, Moved, Result, Violation};
pub use evaluate::{Evaluated, Membership, Target};
pub use export::Exported;
pub use import::Chunk;
pub use planning::allowed::{Allowed, Exception};
pub use planning::back::{Back, Whose};
pub use planning::held::Excess;
pub use planning::outlook::Outlook;
pub use planning::plan::{PlanRequest, Planned, Wish};
pub use planning::renders::{Problem, RenderDiff, Renders};
pub use planning::seal::{Broken, Seal};
pub use planning::weigh::{Delta, Effect, FilterChange, Impact, Plan, Reached};
pub use preview::{Previewed, Properties, Subject, Test};
pub use revisions::ExportedRevision;
pub use segments::SegmentInfo;
pub use send::{SendRequest, Started};
pub use sends::Standing;
pub use track::{Deed, NamedEvents, tally_tracked};
pub use users::{Item, Respelt, Upserts, tally};
pub use watch_segment::Watched;

use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::clock::Clock;
use crate::delivery::{Attempts, Wake};
use crate::lifecycle::Tasks;
use crate::model::id::Revision;
use crate::store::revisions::Revisions;
use crate::store::{Identity, Store};

/// All use cases over one store.
#[derive(Debug)]
pub struct Engine {
    parts: Parts,
    applied: ArcSwap<applied::State>,
    /// Held from plan to commit: two applies do not plan against the same state.
    applying: tokio::sync::Mutex<()>,
    turns: planning::turns::Turns,
    /// What plans are signed with.
    identity: Arc<Identity>,
    /// The newest applied revision, for who waits for the next.
    revised: tokio::sync::watch::Sender<Revision>,
    filters: evaluate::Filters,
    feeds: feeds::Feeds,
    spellings: spellings::Spellings,
}

/// What an engine is made of.
#[derive(Debug)]
pub struct Parts {
    pub store: Arc<dyn Store>,
    pub revisions: Arc<Revisions>,
    pub attempts: Arc<Attempts>,
    pub clock: Arc<dyn Clock>,
    pub wake: Wake,
    pub tasks: Tasks,
}

// === impl Engine ===

impl Engine {
    /// Reads the applied state.
    ///
    /// # Errors
    /// The store cannot be read, or holds documents that this version does not accept.
    pub async fn new(parts: Parts) -> Result<Self> {
        let state = applied::State::read(parts.store.as_ref(), &parts.revisions).await?;
        let identity = parts.store.identity().await?;
        Ok(Self {
            parts,
            revised: tokio::sync::watch::Sender::new(state.revision),
            applied: ArcSwap::from_pointee(state),
            applying: tokio::sync::Mutex::default(),
            turns: planning::turns::Turns::default(),
            identity: Arc::new(identity),
            filters: evaluate::Filters::default(),
            feeds: feeds::Feeds::default(),
            spellings: spellings::Spellings::default(),
        })
    }
}
