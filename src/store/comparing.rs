//! Crowds before and after a change.

use std::sync::Arc;

use crate::audience::Counts;
use crate::model::id::ExternalId;
use crate::segment::Filter;

/// People, and how they can be reached.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// Everybody without one.
    pub filter: Option<Filter>,
    /// Who is in one of these can be reached; everybody without any list.
    pub reach: Option<Vec<Filter>>,
}

/// A crowd that a change makes of another; `None` is nobody.
#[derive(Debug, Clone, Default)]
pub struct Shift {
    pub before: Option<Crowd>,
    pub after: Option<Crowd>,
}

/// All crowds together that a change moves, as one, and how many ids are wanted.
#[derive(Debug, Clone, Default)]
pub struct Question {
    /// Shared by questions that are about the same people.
    pub shifts: Arc<[Shift]>,
    /// Of who entered, and of who left.
    pub samples: usize,
    /// Of who can be reached.
    pub witnesses: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Compared {
    pub counts: Counts,
    pub entered: Vec<ExternalId>,
    pub left: Vec<ExternalId>,
    /// Evenly from all that can be reached, those before others who were in before too.
    pub witnesses: Vec<ExternalId>,
}
