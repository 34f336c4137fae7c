//! What every store must do for segments that are followed over time: the second part of the contract.

use std::ops::Range;

use async_trait::async_trait;
use jiff::Timestamp;

use super::contract::Result;
use crate::model::id::ExternalId;

/// A filter whose members are followed. What is told is by id: a deleted user is told even when another one
/// has taken that user's place in the store.
#[async_trait]
pub trait Following: Send + Sync {
    /// Up to `max` of those who entered or left since the last step; `None`, now and ever after, when more
    /// users were deleted meanwhile than are remembered.
    ///
    /// Must tell each user who entered or left in one step, and nobody in both lists of a step. Must count a
    /// deleted user as left.
    async fn step(&mut self, now: Timestamp, max: usize) -> Result<Option<Step>>;

    /// The members as of the last step.
    ///
    /// Must list who was deleted since: a later step tells that they left.
    fn members(&self) -> Box<dyn Followed>;
}

/// What a step of a [`Following`] tells.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Step {
    pub entered: Vec<ExternalId>,
    pub left: Vec<ExternalId>,
    /// Members after this step.
    pub count: u64,
    /// There is more to tell.
    pub is_part: bool,
}

/// The members of a [`Following`] at one of its steps.
pub trait Followed: Send {
    /// How many there were at the step.
    fn count(&self) -> u64;

    /// The next up to `max` ids; empty at the end. `None` when more users were deleted meanwhile than are
    /// remembered.
    fn next_chunk(&mut self, max: usize) -> Option<Vec<ExternalId>>;
}

/// How large a segment was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    pub at: Timestamp,
    pub members: u64,
}

#[async_trait]
pub trait Series: Send + Sync {
    /// Adds a size of each of these segments, counted at one instant, to their series.
    ///
    /// Must keep the newest `limits::SIZES_KEPT_MAX` of a segment, and none that is older than
    /// `limits::SIZES_KEPT_FOR` then. Must keep the last of those of one instant.
    async fn record_sizes(&self, at: Timestamp, sizes: Vec<(String, u64)>) -> Result<()>;

    /// The newest `max` sizes of a segment within the instants, in the order of time.
    async fn sizes(&self, segment: &str, within: Range<Timestamp>, max: usize)
    -> Result<Vec<Size>>;
}
