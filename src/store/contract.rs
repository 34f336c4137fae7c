//! What every store must do. Each sentence with "must" has a case in the contract suite that
//! every backend runs (`tests/it/store_contract/`).
//!
//! A method is one whole use-case transaction: when it answers, everything it did is durable; when it
//! fails or the process dies, none of it happened. No transaction leaves the store.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::watch;

use crate::audience::Attribute;
use crate::diagnostic::Diagnostic;
use crate::model::delivery::{Delivery, Due, NewDelivery, Notes, Outcome, ReasonCode, State};
use crate::model::event::{Event, EventName, Retention, Tracked};
use crate::model::id::{DeliveryId, ExternalId, ImportId, RequestId, Revision, SendId};
use crate::model::send::{NewSend, Phase, Send as SendRecord};
use crate::model::user::{Profile, Rejected, Update, Upserted};
use crate::segment::{Explained, Filter};

pub use super::comparing::{Compared, Crowd, Question, Shift};
pub use super::following::{Followed, Following, Series, Size, Step};
pub use super::identity::Identity;
pub use super::resources::{NewRevision, Resources};

/// Why a store could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has the store open.
    #[error(
        "the store `{path}` is in use by another process; stop that one, or give this one a store of its own"
    )]
    InUse { path: String },
    /// Nothing was written; the same call may succeed once there is room.
    #[error("the disk is full")]
    DiskFull(#[source] Source),
    /// Nothing was written; the same call may succeed later.
    #[error("the store is unavailable")]
    Unavailable(#[source] Source),
    /// A row does not parse: nothing the caller can do.
    #[error("table `{table}`, column `{column}`, key `{key}`: the stored value does not parse")]
    Corrupt {
        table: &'static str,
        column: &'static str,
        key: String,
    },
    /// The file is not a store, or its pages do not make sense: nothing the caller can do.
    #[error("the file is damaged, or is no store")]
    Damaged(#[source] Source),
    /// The store was written by a newer version.
    #[error(
        "the store has schema {found}, and this program knows up to {known}; start a newer one"
    )]
    TooNew { found: u32, known: u32 },
    /// The applied state is not the one the caller planned against.
    #[error("the applied revision is {actual}, not {expected}")]
    Stale {
        expected: Revision,
        actual: Revision,
    },
    /// The writer's queue is full: asking again later will help.
    #[error("too many writes are waiting")]
    Busy { retry_after: Duration },
    /// The store is shutting down.
    #[error("the store is closed")]
    Closed,
}

/// The backend's own error.
pub type Source = Box<dyn std::error::Error + std::marker::Send + Sync>;

pub type Result<T> = std::result::Result<T, Error>;

/// What became of each item of a batch, in the order of the batch.
pub type UpsertReport = Vec<std::result::Result<Upserted, Rejected>>;

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ImportProgress {
    /// The last chunk that is durable; 0 before the first.
    pub sequence: u64,
    pub created: u64,
    pub updated: u64,
    pub rejected: u64,
}

/// What became of one chunk of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    Applied {
        report: UpsertReport,
        progress: ImportProgress,
    },
    /// The chunk was durable already; it was not applied again.
    Repeated { progress: ImportProgress },
    /// The chunk is not the one after the last durable one; nothing was applied.
    OutOfOrder { progress: ImportProgress },
}

#[async_trait]
pub trait Users: Send + Sync {
    /// Merges a batch into users, creating those that do not exist.
    ///
    /// Must apply every item that is acceptable and report the others, in the order of the batch.
    /// Must apply items of one user in the order in which they stand. Must not change anything of a
    /// rejected item. Must make the batch visible to every later read before it answers.
    async fn upsert_users(&self, updates: Vec<Update>) -> Result<UpsertReport>;

    /// [`Users::upsert_users`] as chunk `sequence` (from 1) of an import.
    ///
    /// Must apply a chunk at most once per import and sequence, also across restarts. Must refuse a
    /// chunk that does not follow the last durable one. Must count `refused`, items of the chunk that
    /// did not get as far as this, among the rejected.
    async fn import_chunk(
        &self,
        import: &ImportId,
        sequence: u64,
        updates: Vec<Update>,
        refused: u64,
    ) -> Result<Imported>;

    /// Must answer zeros for an import that is not known.
    async fn import_progress(&self, import: &ImportId) -> Result<ImportProgress>;

    /// Ends an import and answers how far it was. Must forget it: the next one of the name begins anew.
    async fn finish_import(&self, import: &ImportId) -> Result<ImportProgress>;

    async fn get_user(&self, id: &ExternalId) -> Result<Option<Profile>>;

    /// Deletes users with everything known about them. Answers for each whether it existed.
    ///
    /// Must keep deliveries countable, but without the user's id, properties, extras or message.
    async fn delete_users(&self, ids: Vec<ExternalId>) -> Result<Vec<bool>>;

    async fn count_users(&self) -> Result<u64>;
}

/// What became of each event of a batch, in the order of the batch.
pub type TrackReport = Vec<std::result::Result<Tracked, Rejected>>;

#[async_trait]
pub trait Events: Send + Sync {
    /// Records what users did, creating users that do not exist.
    ///
    /// Must record every event that is acceptable and report the others, in the order of the batch. Must
    /// record an event with an id once, of those of one user and name. Must make events visible to every
    /// later read before it answers.
    async fn track_events(&self, events: Vec<Event>) -> Result<TrackReport>;

    /// All events of a user that are kept, in the order of time.
    async fn events_of(&self, id: &ExternalId) -> Result<Vec<Event>>;

    /// The names under which events are kept, in order.
    async fn event_names(&self) -> Result<Vec<EventName>>;

    /// Drops some of the events that are past their retention, and answers whether there are more.
    ///
    /// Must leave nothing of a dropped event in what is counted or exported. Must not drop others.
    async fn expire_events(&self, retention: &Retention, now: Timestamp) -> Result<bool>;
}

/// The users as an audience: what filters are asked of.
///
/// Must see every upsert that was answered before the question was asked.
#[async_trait]
pub trait Audience: Send + Sync {
    async fn count(&self, filter: &Filter, now: Timestamp) -> Result<u64>;

    /// A fixed list of those for whom the filter is true now; its users may change while it is read.
    ///
    /// Must leave out who was deleted meanwhile, and must not name anybody who was not on it.
    async fn members(&self, filter: &Filter, now: Timestamp) -> Result<Box<dyn Members>>;

    /// True, false or unknown for one user; `None` when there is no such user.
    async fn check(
        &self,
        filter: &Filter,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Option<Option<bool>>>;

    /// Why one user is in or not; `None` when there is no such user.
    async fn explain(
        &self,
        filter: &Filter,
        id: &ExternalId,
        now: Timestamp,
    ) -> Result<Option<Explained>>;

    /// Every attribute path that some user has, in order, with how many users have which type.
    async fn attributes(&self) -> Result<Vec<Attribute>>;

    /// How many attributes there are, and those whose names differ by the case of letters only, each with another one.
    ///
    /// Must answer `None` while there are `known` of them, and must not take long then: every upsert asks.
    async fn spellings(&self, known: usize) -> Result<Option<(usize, BTreeMap<String, String>)>>;

    /// What looks wrong in a filter, given the attributes and events that users have: warnings with spans.
    async fn doubts(&self, filter: &Filter) -> Result<Vec<Diagnostic>>;

    /// The profiles of those users that exist, in the order asked, absent ones as `None`.
    async fn profiles(&self, ids: &[ExternalId]) -> Result<Vec<Option<Profile>>>;

    /// Compares who is in each crowd before and after, and who of them can be reached.
    ///
    /// Must ask both sides of a change of the same users, so that nobody seems to move who does not. Must answer each
    /// question as if it were the only one.
    async fn compare(&self, asked: Vec<Question>, now: Timestamp) -> Result<Vec<Compared>>;

    /// Follows who is in a filter, from its members as of now.
    async fn follow(&self, filter: &Filter, now: Timestamp) -> Result<Box<dyn Following>>;

    /// A number that moves with every write that may change who is in a filter.
    ///
    /// Must not move before an evaluation sees the write.
    fn changed(&self) -> watch::Receiver<u64>;
}

/// Members of a filter, read in chunks so that a million ids are never held at once.
pub trait Members: Send {
    /// How many there were when the filter was asked.
    fn len(&self) -> u64;

    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next up to `max` ids; empty at the end. Users deleted meanwhile are left out.
    fn next_chunk(&mut self, max: usize) -> Vec<ExternalId>;
}

/// What came of asking for a send.
#[derive(Debug, Clone, PartialEq)]
pub enum Created {
    New(SendRecord),
    /// The same campaign and request id were seen before: the first answer, nothing was stored.
    Repeated(SendRecord),
}

/// Which sends to list; newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendQuery {
    pub campaign: Option<String>,
    pub phase: Option<Phase>,
    /// Continue after this one.
    pub after: Option<SendId>,
    pub limit: usize,
}

/// Which deliveries to list; in the order in which they were stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryQuery {
    pub send: Option<SendId>,
    pub external_id: Option<ExternalId>,
    pub state: Option<State>,
    pub campaign: Option<String>,
    pub reason: Option<ReasonCode>,
    pub is_newest_first: bool,
    /// Continue after this one.
    pub after: Option<DeliveryId>,
    pub limit: usize,
}

#[async_trait]
pub trait Sends: Send + Sync {
    /// Stores a send together with its deliveries so far.
    ///
    /// Must answer [`Created::Repeated`] for a send id that exists, and store nothing then. With
    /// `is_complete` the send starts running; otherwise it stays [`Phase::Enqueueing`] until
    /// [`Sends::enqueue`] says so.
    async fn create_send(
        &self,
        new: NewSend,
        deliveries: Vec<NewDelivery>,
        is_complete: bool,
    ) -> Result<Created>;

    /// Adds deliveries to a send that is being enqueued; with `is_complete` it is the last call.
    ///
    /// Must ignore a delivery whose id exists, and one to somebody who is no user any more: the id of who was
    /// deleted must not come back. Must add nothing to a cancelled send and answer its phase, so that the caller
    /// stops.
    async fn enqueue(
        &self,
        send: SendId,
        deliveries: Vec<NewDelivery>,
        is_complete: bool,
    ) -> Result<Phase>;

    /// Sends whose fan-out was not completed, oldest first.
    async fn unfinished_fanouts(&self) -> Result<Vec<NewSend>>;

    async fn find_request(
        &self,
        campaign: &str,
        request_id: &RequestId,
    ) -> Result<Option<SendRecord>>;

    async fn get_send(&self, id: SendId) -> Result<Option<SendRecord>>;

    async fn list_sends(&self, query: SendQuery) -> Result<Vec<SendRecord>>;

    /// Cancels what is pending. Deliveries being sent finish. `None` when there is no such send.
    ///
    /// Must leave a finished send as it is. Must not let a pending delivery of it be claimed afterwards.
    async fn cancel_send(&self, id: SendId, now: Timestamp) -> Result<Option<SendRecord>>;

    async fn get_delivery(&self, id: DeliveryId) -> Result<Option<Delivery>>;

    async fn list_deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>>;
}

#[async_trait]
pub trait Deliveries: Send + Sync {
    /// Leases up to `max` pending deliveries of `channel` that are due at `now`, oldest first.
    ///
    /// Must not return a delivery whose lease is still running, and must return each to one caller
    /// only, whatever the number of workers. Must not return deliveries of a cancelled send. Must
    /// return a delivery again once its lease has run out without [`Deliveries::begin`].
    async fn claim_due(
        &self,
        channel: &str,
        now: Timestamp,
        lease: Duration,
        max: usize,
    ) -> Result<Vec<Due>>;

    /// Marks a claimed delivery as being sent, right before the call. `false` when it may not be
    /// sent any more (cancelled, or the lease was lost): then no call must be made.
    ///
    /// Must be durable when it answers `true`. Counts the attempt.
    async fn begin(&self, id: DeliveryId, now: Timestamp) -> Result<bool>;

    /// Stores what came of a claimed delivery and finishes its send when it was the last one.
    ///
    /// Must be atomic with the send's counts. Must leave a final delivery as it is. Must make a
    /// [`Outcome::Released`] delivery due at once and uncounted. Must count [`Outcome::Retry`] of a
    /// cancelled send as cancelled. Must ignore [`Outcome::Skipped`] of a delivery that is being sent:
    /// the lease was lost, and another caller has begun.
    ///
    /// Must count the misses of a delivery with its send when it becomes final, each name once and never before.
    /// Must count the names beyond [`SEND_MISSES_MAX`] under one, each delivery once. Must keep the extras of a
    /// delivery that becomes final, unless its user was deleted.
    ///
    /// [`SEND_MISSES_MAX`]: crate::model::limits::SEND_MISSES_MAX
    async fn record(
        &self,
        id: DeliveryId,
        outcome: Outcome,
        notes: Notes,
        now: Timestamp,
    ) -> Result<()>;

    /// Settles what a dead process left: leases end; deliveries that were being sent become
    /// `unknown`, or pending again where their send resends unknowns. Answers how many were being sent.
    ///
    /// Must be called before the first claim, by one process at a time.
    async fn recover(&self, now: Timestamp) -> Result<u64>;

    /// The earliest instant at which a delivery of `channel` is due, if any is pending.
    async fn next_due(&self, channel: &str) -> Result<Option<Timestamp>>;

    /// Channels with pending deliveries.
    async fn busy_channels(&self) -> Result<Vec<String>>;

    /// How many deliveries are pending, for each channel that has some.
    async fn pending_by_channel(&self) -> Result<Vec<(String, u64)>>;
}

/// A whole store.
pub trait Store:
    Users + Events + Audience + Series + Resources + Sends + Deliveries + std::fmt::Debug
{
}
