//! Following who enters and leaves a segment, one watcher's end.

use std::sync::Arc;

use futures_util::Stream;
use futures_util::stream::unfold;

use crate::engine::feed::{Cursor, End, Watcher};
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::id::ExternalId;
use crate::store::contract::{Followed, Step};

/// External ids told at once.
const IDS_AT_ONCE: usize = 1_000;

/// Some of those who entered and left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watched {
    pub entered: Vec<ExternalId>,
    pub left: Vec<ExternalId>,
    /// Where to go on behind this; none while more of the same step is to come.
    pub cursor: Option<String>,
    /// Members after this step.
    pub count: u64,
}

/// How far a watcher is.
struct Watching {
    engine: Arc<Engine>,
    watcher: Watcher,
    /// The step that was told last.
    at: u64,
    place: Place,
}

enum Place {
    /// In the members as of the step.
    Members(Box<dyn Followed>),
    /// In the step behind.
    Step(Telling),
    /// Behind the step.
    Behind,
    End,
}

/// A step of which so many entered and left were told.
struct Telling {
    step: Arc<Step>,
    n_entered: usize,
    n_left: usize,
}

// === impl Engine ===

impl Engine {
    /// All members and then who enters and leaves, or what follows a cursor, until the server stops or the
    /// segment is another one.
    ///
    /// # Errors
    /// There is no such segment, or the cursor is not known any more.
    pub async fn watch_segment(
        self: Arc<Self>,
        segment: &str,
        cursor: Option<&str>,
    ) -> Result<impl Stream<Item = Result<Watched>> + Send + 'static> {
        let parse = |text: &str| {
            let message = "is not the cursor of a message of WatchSegment";
            Cursor::parse(text).ok_or_else(|| Error::invalid("cursor", message))
        };
        let cursor = cursor.map(parse).transpose()?;
        let watcher = self.feed(segment, cursor).await?;
        let (at, place) = if let Some(cursor) = cursor {
            (cursor.step, Place::Behind)
        } else {
            let (members, at) = watcher.feed.members().await;
            (at, Place::Members(members))
        };
        let watching = Watching {
            engine: self,
            watcher,
            at,
            place,
        };
        Ok(unfold(watching, |mut watching| async move {
            if matches!(watching.place, Place::End) {
                return None;
            }
            let next = watching.next().await;
            if next.is_err() {
                watching.place = Place::End;
            }
            Some((next, watching))
        }))
    }
}

// === impl Watching ===

impl Watching {
    async fn next(&mut self) -> Result<Watched> {
        loop {
            if self.engine.parts.tasks.is_stopping() {
                return Err(Error::Stopping);
            }
            let (mut told, is_last) = match &mut self.place {
                Place::Members(members) => some_of(members.as_mut())?,
                Place::Step(telling) => telling.next(),
                Place::Behind | Place::End => {
                    self.go_on().await?;
                    continue;
                }
            };
            if is_last {
                if let Place::Step(_) = self.place {
                    self.at += 1;
                }
                self.place = Place::Behind;
                told.cursor = Some(self.watcher.feed.cursor(self.at).to_string());
            }
            return Ok(told);
        }
    }

    /// Waits for the next step.
    async fn go_on(&mut self) -> Result<()> {
        // Before the look, so that no step in between is missed.
        let news = *self.watcher.news.borrow_and_update();
        match self.watcher.feed.behind(self.at) {
            None => return Err(forgotten()),
            Some(Some(step)) => {
                self.place = Place::Step(Telling {
                    step,
                    n_entered: 0,
                    n_left: 0,
                });
                return Ok(());
            }
            Some(None) => {}
        }
        if let Some(end) = news.end {
            return Err(self.ended(end));
        }
        tokio::select! {
            _ = self.watcher.news.changed() => Ok(()),
            () = self.engine.parts.tasks.stopping() => Err(Error::Stopping),
        }
    }

    fn ended(&self, end: End) -> Error {
        let segment = &self.watcher.feed.segment;
        let is_applied = self
            .engine
            .applied
            .load()
            .set
            .segments
            .contains_key(segment);
        match end {
            End::Revised if !is_applied => Error::not_found(Kind::Segment, segment),
            End::Revised => Error::StaleCursor("the segment's filter changed"),
            End::Lost | End::Idle => forgotten(),
        }
    }
}

// === impl Telling ===

impl Telling {
    /// The next of the step, and whether they are the last.
    fn next(&mut self) -> (Watched, bool) {
        let Step { entered, left, .. } = self.step.as_ref();
        let entered_now = rest(entered, self.n_entered, IDS_AT_ONCE);
        let left_now = rest(left, self.n_left, IDS_AT_ONCE - entered_now.len());
        self.n_entered += entered_now.len();
        self.n_left += left_now.len();
        let is_last = self.n_entered == entered.len() && self.n_left == left.len();
        let told = Watched {
            entered: entered_now,
            left: left_now,
            cursor: None,
            count: self.step.count,
        };
        (told, is_last)
    }
}

/// The next of the members. The last message may be empty: it has the cursor.
fn some_of(members: &mut dyn Followed) -> Result<(Watched, bool)> {
    let entered = members.next_chunk(IDS_AT_ONCE).ok_or_else(forgotten)?;
    let is_last = entered.len() < IDS_AT_ONCE;
    let told = Watched {
        entered,
        left: Vec::new(),
        cursor: None,
        count: members.count(),
    };
    Ok((told, is_last))
}

fn rest(ids: &[ExternalId], from: usize, max: usize) -> Vec<ExternalId> {
    ids[from..].iter().take(max).cloned().collect()
}

fn forgotten() -> Error {
    Error::StaleCursor("too much has happened since")
}
