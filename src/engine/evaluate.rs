//! Who is true for a filter: count, sample, members, and why one user is in or not.

use std::collections::VecDeque;

use parking_lot::Mutex;

use crate::diagnostic::Diagnostic;
use crate::engine::applied::State;
use crate::engine::campaigns::find;
use crate::engine::fan_out::whole;
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::id::{ExternalId, Revision};
use crate::model::limits;
use crate::segment::{self, Explained, Filter};
use crate::store::contract::Members;

/// Compiled filters that are kept: the same few are asked again and again.
const HELD_MAX: usize = 256;

/// What to evaluate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// An applied segment.
    Segment(String),
    /// A filter's text.
    Filter(String),
    /// The whole audience of an applied campaign.
    Audience(String),
}

/// What an evaluation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluated {
    pub count: u64,
    pub users: u64,
    pub sample: Vec<ExternalId>,
    pub took_us: i64,
    /// With their places in the filter.
    pub warnings: Vec<Diagnostic>,
}

/// Whether a user is in what was asked for, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    pub target: Target,
    pub explained: Explained,
}

/// The filters compiled last, most recently used at the end, all against one applied state.
#[derive(Debug, Default)]
pub(super) struct Filters(Mutex<(Revision, VecDeque<Filter>)>);

// === impl Engine ===

impl Engine {
    pub async fn evaluate(&self, target: &Target, sample_size: usize) -> Result<Evaluated> {
        if sample_size > limits::SAMPLE_MAX {
            return Err(Error::OverLimit {
                field: "sample_size",
                unit: "members",
                actual: sample_size,
                max: limits::SAMPLE_MAX,
            });
        }
        let began_at = self.parts.clock.now();
        let filter = self.filter(target)?;
        let store = &self.parts.store;
        let (count, sample) = if sample_size == 0 {
            (store.count(&filter, began_at).await?, Vec::new())
        } else {
            let mut members = store.members(&filter, began_at).await?;
            (members.len(), members.next_chunk(sample_size))
        };
        let took = self.parts.clock.now().duration_since(began_at);
        Ok(Evaluated {
            count,
            users: self.parts.store.count_users().await?,
            sample,
            took_us: i64::try_from(took.as_micros()).unwrap_or(i64::MAX),
            warnings: self.warnings(&filter).await?,
        })
    }

    /// What looks wrong in a filter, by itself and given what users have.
    async fn warnings(&self, filter: &Filter) -> Result<Vec<Diagnostic>> {
        let doubts = self.parts.store.doubts(filter).await?;
        let warnings = filter.warnings().iter().cloned().chain(doubts);
        Ok(warnings.map(|one| one.within(filter.text())).collect())
    }

    /// A fixed list of the members as of now.
    pub async fn members(&self, target: &Target) -> Result<Box<dyn Members>> {
        let filter = self.filter(target)?;
        let now = self.parts.clock.now();
        Ok(self.parts.store.members(&filter, now).await?)
    }

    /// Whether a user is in each segment, the campaign's audience and the filter, and why; all segments when nothing is asked for.
    pub async fn check(
        &self,
        id: &ExternalId,
        segments: Vec<String>,
        campaign: Option<String>,
        filter: Option<String>,
    ) -> Result<Vec<Membership>> {
        if segments.len() > limits::MEMBERSHIPS_MAX {
            return Err(Error::OverLimit {
                field: "segments",
                unit: "names",
                actual: segments.len(),
                max: limits::MEMBERSHIPS_MAX,
            });
        }
        let segments = segments.into_iter().map(Target::Segment);
        let others = campaign.map(Target::Audience).into_iter();
        let targets: Vec<_> = segments
            .chain(others)
            .chain(filter.map(Target::Filter))
            .collect();
        if targets.is_empty() {
            return self.memberships(id).await;
        }
        self.explain(id, targets).await
    }

    /// As [`Engine::check`], of all applied segments.
    pub(super) async fn memberships(&self, id: &ExternalId) -> Result<Vec<Membership>> {
        let applied = self.applied.load_full();
        let names = applied.set.segments.keys().cloned();
        self.explain(id, names.map(Target::Segment).collect()).await
    }

    async fn explain(&self, id: &ExternalId, targets: Vec<Target>) -> Result<Vec<Membership>> {
        let now = self.parts.clock.now();
        // With nothing to ask of the user must exist all the same.
        self.get_user(id).await?;
        let mut memberships = Vec::with_capacity(targets.len());
        for target in targets {
            let filter = self.filter(&target)?;
            let explained = self.parts.store.explain(&filter, id, now).await?;
            let explained = explained.ok_or_else(|| Error::not_found(Kind::User, id))?;
            memberships.push(Membership { target, explained });
        }
        Ok(memberships)
    }

    fn filter(&self, target: &Target) -> Result<Filter> {
        match target {
            Target::Segment(name) => {
                let applied = self.applied.load();
                let segment = applied.set.segments.get(name);
                segment
                    .map(|segment| segment.filter.clone())
                    .ok_or_else(|| {
                        Error::not_among(Kind::Segment, name, applied.set.segments.keys())
                    })
            }
            Target::Filter(text) => self.filters.get(text, &self.applied.load()),
            Target::Audience(name) => match &find(&self.applied.load(), name)?.audience {
                Some(filter) => Ok(filter.clone()),
                None => whole(),
            },
        }
    }
}

// === impl Filters ===

impl Filters {
    fn get(&self, text: &str, state: &State) -> Result<Filter> {
        if let Some(filter) = self.held(text, state.revision) {
            return Ok(filter);
        }
        let filter =
            segment::compile(text, &state.set.declared).map_err(|problems| Error::Filter {
                field: "filter",
                problems: problems.into_iter().map(|one| one.within(text)).collect(),
            })?;
        let mut held = self.0.lock();
        // Compiled against a state that is not in force any more: good for this question only.
        if held.0 == state.revision {
            if held.1.len() >= HELD_MAX {
                held.1.pop_front();
            }
            held.1.push_back(filter.clone());
        }
        Ok(filter)
    }

    fn held(&self, text: &str, revision: Revision) -> Option<Filter> {
        let (of, filters) = &mut *self.0.lock();
        if *of < revision {
            *of = revision;
            filters.clear();
        }
        if *of != revision {
            return None;
        }
        let at = filters.iter().position(|filter| filter.text() == text)?;
        let filter = filters.remove(at)?;
        filters.push_back(filter.clone());
        Some(filter)
    }
}
