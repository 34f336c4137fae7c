//! The segments that are watched: each followed by one task, whatever the number of its watchers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch::Receiver;

use crate::engine::feed::{Cursor, End, Feed, Watcher, meaning};
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::id::Revision;
use crate::model::limits;

/// The shortest time between two evaluations of a segment: what happens in it is told together.
const PACE: Duration = Duration::from_millis(200);
/// After an evaluation that took long the next is this many times as far away.
const REST: u32 = 4;
/// How often a segment is evaluated though no user changed: its filter may compare with the time.
const TICK: Duration = Duration::from_secs(30);
/// How long a segment is remembered that nobody watches, for who comes back with a cursor.
const LINGER: Duration = Duration::from_mins(5);
/// What a caller is told to wait when too many segments are watched.
const RETRY_AFTER: Duration = Duration::from_secs(30);

/// Every watched segment, by name.
#[derive(Debug, Default)]
pub(super) struct Feeds {
    open: Mutex<HashMap<String, Arc<Feed>>>,
    /// Held while a feed is looked for and made, so that a segment has one.
    opening: tokio::sync::Mutex<()>,
    /// Held while a segment is evaluated: all of them together take one core.
    turn: tokio::sync::Mutex<()>,
    n_opened: AtomicU64,
}

// === impl Engine ===

impl Engine {
    /// The feed of an applied segment, made if there is none; with a cursor it must be known there.
    pub(super) async fn feed(
        self: &Arc<Self>,
        segment: &str,
        cursor: Option<Cursor>,
    ) -> Result<Watcher> {
        let _one = self.feeds.opening.lock().await;
        let applied = self.applied.load_full();
        let meaning = meaning(&applied.set, segment);
        let meaning = meaning.ok_or_else(|| Error::not_found(Kind::Segment, segment))?;
        let known = {
            let open = self.feeds.open.lock();
            let known = open.get(segment);
            let known = known.filter(|feed| feed.meaning == meaning && feed.end().is_none());
            // Counted while the map is locked, so that the feed is not taken for idle.
            known.map(|feed| Arc::clone(feed).watcher())
        };
        match (known, cursor) {
            (Some(watcher), None) => return Ok(watcher),
            (Some(watcher), Some(cursor)) if watcher.feed.knows(cursor) => return Ok(watcher),
            (_, Some(_)) => {
                return Err(Error::StaleCursor("the server does not remember it"));
            }
            (None, None) => {}
        }
        self.feeds.make_room(segment)?;
        let filter = applied.set.segments.get(segment).map(|one| &one.filter);
        let filter = filter.ok_or_else(|| Error::not_found(Kind::Segment, segment))?;
        let now = self.parts.clock.now();
        let following = self.parts.store.follow(filter, now).await?;
        // Another one after a restart, and for the next feed of the same instant.
        let n = self.feeds.n_opened.fetch_add(1, Ordering::Relaxed);
        let id = now.as_microsecond().cast_unsigned() << 13 | n & 0x1fff;
        let feed = Arc::new(Feed::new(id, segment.to_owned(), meaning, following));
        let watcher = Arc::clone(&feed).watcher();
        self.feeds
            .open
            .lock()
            .insert(segment.to_owned(), Arc::clone(&feed));
        let engine = Arc::clone(self);
        self.parts.tasks.spawn("watch-segment", async move {
            engine.keep_up(&feed).await;
            engine.feeds.close(&feed);
        });
        Ok(watcher)
    }

    /// Takes steps while there are watchers, until nobody comes back or the segment is another one.
    async fn keep_up(&self, feed: &Feed) {
        let mut users = self.parts.store.changed();
        let mut revised = self.revised.subscribe();
        let mut watchers = feed.watchers();
        let mut has_failed = false;
        while feed.end().is_none() {
            if self.is_outdated(feed) {
                return feed.finish(End::Revised);
            }
            if *watchers.borrow_and_update() == 0 {
                tokio::select! {
                    Ok(()) = watchers.changed() => {}
                    Ok(()) = revised.changed() => {}
                    () = self.parts.clock.sleep(LINGER) => self.feeds.retire(feed),
                    () = self.parts.tasks.stopping() => return,
                }
                continue;
            }
            // Before the look, so that no write in between is missed.
            users.mark_unchanged();
            let step = self.step(feed).await;
            match &step {
                Ok(None) => return feed.finish(End::Lost),
                Ok(Some(_)) => has_failed = false,
                Err(error) => {
                    if !has_failed {
                        tracing::warn!(%error, segment = feed.segment, "a watched segment was not evaluated");
                    }
                    has_failed = true;
                }
            }
            if !matches!(step, Ok(Some(true))) {
                self.until_news(&mut users, &mut revised, &mut watchers)
                    .await;
            }
            if self.parts.tasks.is_stopping() {
                return;
            }
        }
    }

    /// One evaluation and the rest after it.
    async fn step(&self, feed: &Feed) -> Result<Option<bool>> {
        let clock = &self.parts.clock;
        let (step, took) = {
            let _turn = self.feeds.turn.lock().await;
            let began_at = clock.now();
            let step = feed.step(began_at).await;
            (step, clock.now().duration_since(began_at))
        };
        let rest = Duration::try_from(took).unwrap_or_default() * REST;
        tokio::select! {
            () = clock.sleep(PACE.max(rest)) => {}
            () = self.parts.tasks.stopping() => {}
        }
        step
    }

    async fn until_news(
        &self,
        users: &mut Receiver<u64>,
        revised: &mut Receiver<Revision>,
        watchers: &mut Receiver<usize>,
    ) {
        tokio::select! {
            Ok(()) = users.changed() => {}
            Ok(()) = revised.changed() => {}
            Ok(_) = watchers.wait_for(|n| *n == 0) => {}
            () = self.parts.clock.sleep(TICK) => {}
            () = self.parts.tasks.stopping() => {}
        }
    }

    fn is_outdated(&self, feed: &Feed) -> bool {
        meaning(&self.applied.load().set, &feed.segment).as_ref() != Some(&feed.meaning)
    }
}

// === impl Feeds ===

impl Feeds {
    /// Makes room for a feed of the segment, at the cost of one that nobody watches.
    fn make_room(&self, segment: &str) -> Result<()> {
        let mut open = self.open.lock();
        if open.contains_key(segment) || open.len() < limits::WATCHED_SEGMENTS_MAX {
            return Ok(());
        }
        let idle = open.values().find(|feed| feed.n_watchers() == 0).cloned();
        let idle = idle.ok_or(Error::Busy {
            retry_after: RETRY_AFTER,
        })?;
        idle.finish(End::Idle);
        open.remove(&idle.segment);
        Ok(())
    }

    /// Ends a feed that nobody has come back to.
    fn retire(&self, feed: &Feed) {
        let _open = self.open.lock();
        if feed.n_watchers() == 0 {
            feed.finish(End::Idle);
        }
    }

    /// Frees a feed that has ended, unless another one has taken its place.
    fn close(&self, feed: &Arc<Feed>) {
        let mut open = self.open.lock();
        if open
            .get(&feed.segment)
            .is_some_and(|known| Arc::ptr_eq(known, feed))
        {
            open.remove(&feed.segment);
        }
    }
}
