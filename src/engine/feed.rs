//! The steps of one watched segment, numbered and kept for a while, and who watches.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::campaign::Set;
use crate::engine::Result;
use crate::model::limits;
use crate::store::contract::{Followed, Following, Step};

/// What a step takes besides its ids, counted as ids.
const STEP_WEIGHT: usize = 8;

/// The filter of a segment and of all that it names, by name: what makes its members.
pub(super) type Meaning = BTreeMap<String, String>;

/// A place behind a step of a feed. Shown as 32 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) feed: u64,
    pub(super) step: u64,
}

/// One segment that is watched, shared by all who watch it.
pub(super) struct Feed {
    pub(super) segment: String,
    pub(super) meaning: Meaning,
    id: u64,
    /// Held from a step until it is in the history, so that the two agree.
    following: tokio::sync::Mutex<Box<dyn Following>>,
    history: Mutex<History>,
    news: watch::Sender<News>,
    watchers: watch::Sender<usize>,
}

/// What watchers wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct News {
    pub(super) newest: u64,
    /// No step will follow.
    pub(super) end: Option<End>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// The segment's filter is another one, or the segment is gone.
    Revised,
    /// More has happened than was kept.
    Lost,
    /// Nobody watched.
    Idle,
}

/// One who watches; dropped when they go.
pub(super) struct Watcher {
    pub(super) feed: Arc<Feed>,
    pub(super) news: watch::Receiver<News>,
}

/// The newest steps.
#[derive(Debug, Default)]
struct History {
    /// Steps that were dropped.
    n_dropped: u64,
    kept: VecDeque<Arc<Step>>,
    weight: usize,
}

// === impl Cursor ===

impl Cursor {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let bytes = <[u8; 16]>::try_from(hex::decode(text).ok()?).ok()?;
        let both = u128::from_be_bytes(bytes);
        let low = u128::from(u64::MAX);
        Some(Self {
            feed: u64::try_from(both >> 64).ok()?,
            step: u64::try_from(both & low).ok()?,
        })
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.feed, self.step)
    }
}

// === impl Feed ===

impl Feed {
    pub(super) fn new(
        id: u64,
        segment: String,
        meaning: Meaning,
        following: Box<dyn Following>,
    ) -> Self {
        let news = News {
            newest: 0,
            end: None,
        };
        Self {
            segment,
            meaning,
            id,
            following: tokio::sync::Mutex::new(following),
            history: Mutex::default(),
            news: watch::Sender::new(news),
            watchers: watch::Sender::new(0),
        }
    }

    pub(super) fn watcher(self: Arc<Self>) -> Watcher {
        self.watchers.send_modify(|n| *n += 1);
        let news = self.news.subscribe();
        Watcher { feed: self, news }
    }

    pub(super) fn watchers(&self) -> watch::Receiver<usize> {
        self.watchers.subscribe()
    }

    pub(super) fn n_watchers(&self) -> usize {
        *self.watchers.borrow()
    }

    pub(super) fn end(&self) -> Option<End> {
        self.news.borrow().end
    }

    /// Whoever waits for a step, or for watchers, is told.
    pub(super) fn finish(&self, end: End) {
        self.news.send_modify(|news| {
            news.end.get_or_insert(end);
        });
        self.watchers.send_modify(|_| {});
    }

    pub(super) fn cursor(&self, step: u64) -> Cursor {
        let feed = self.id;
        Cursor { feed, step }
    }

    /// Whether the steps behind the cursor are all kept.
    pub(super) fn knows(&self, cursor: Cursor) -> bool {
        let history = self.history.lock();
        cursor.feed == self.id && (history.n_dropped..=history.newest()).contains(&cursor.step)
    }

    /// Takes a step; `Some(true)` when there is more to tell, `None` when too much happened.
    pub(super) async fn step(&self, now: Timestamp) -> Result<Option<bool>> {
        let mut following = self.following.lock().await;
        let Some(step) = following.step(now, limits::STEP_IDS_MAX).await? else {
            return Ok(None);
        };
        let is_part = step.is_part;
        if step.entered.len() + step.left.len() > 0 {
            let newest = {
                let mut history = self.history.lock();
                history.push(step);
                history.newest()
            };
            self.news.send_modify(|news| news.newest = newest);
        }
        Ok(Some(is_part))
    }

    /// All members, and the step that they are as of.
    pub(super) async fn members(&self) -> (Box<dyn Followed>, u64) {
        let following = self.following.lock().await;
        (following.members(), self.history.lock().newest())
    }

    /// The step behind number `at`, if it was taken yet; `None` when it is not kept any more.
    pub(super) fn behind(&self, at: u64) -> Option<Option<Arc<Step>>> {
        self.history.lock().behind(at)
    }
}

impl fmt::Debug for Feed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("segment", &self.segment)
            .finish_non_exhaustive()
    }
}

// === impl Watcher ===

impl Drop for Watcher {
    fn drop(&mut self) {
        self.feed.watchers.send_modify(|n| *n -= 1);
    }
}

// === impl History ===

impl History {
    fn newest(&self) -> u64 {
        self.n_dropped + self.kept.len() as u64
    }

    fn push(&mut self, step: Step) {
        self.weight += weight(&step);
        self.kept.push_back(Arc::new(step));
        // The newest is kept however large: somebody has to be told.
        while self.weight > limits::STEPS_IDS_MAX
            && self.kept.len() > 1
            && let Some(oldest) = self.kept.pop_front()
        {
            self.weight -= weight(&oldest);
            self.n_dropped += 1;
        }
    }

    fn behind(&self, at: u64) -> Option<Option<Arc<Step>>> {
        let index = at.checked_sub(self.n_dropped)?;
        let step = usize::try_from(index).ok().and_then(|n| self.kept.get(n));
        Some(step.cloned())
    }
}

/// `None` when there is no such segment.
pub(super) fn meaning(set: &Set, segment: &str) -> Option<Meaning> {
    let mut found = Meaning::new();
    let mut open = vec![segment.to_owned()];
    while let Some(name) = open.pop() {
        let filter = &set.segments.get(&name)?.filter;
        if found.insert(name, filter.text().to_owned()).is_none() {
            open.extend(filter.segments());
        }
    }
    Some(found)
}

fn weight(step: &Step) -> usize {
    step.entered.len() + step.left.len() + STEP_WEIGHT
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::ExternalId;
    use crate::model::resource::{Document, Kind};

    fn step(n: usize) -> Step {
        let ids = (0..n).map(|n| ExternalId::parse(format!("u{n}")).unwrap());
        Step {
            entered: ids.collect(),
            ..Step::default()
        }
    }

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        let cursor = Cursor {
            feed: u64::MAX - 1,
            step: 7,
        };
        assert_eq!(Cursor::parse(&cursor.to_string()), Some(cursor));
        for text in [
            "",
            "7",
            "zz",
            &"0".repeat(31),
            &"0".repeat(34),
            &"x".repeat(32),
        ] {
            assert_eq!(Cursor::parse(text), None, "{text}");
        }
    }

    #[test]
    fn old_steps_make_room_for_new_ones() {
        let mut history = History::default();
        let half = limits::STEPS_IDS_MAX / 2;
        for n in [1, 2, half, half] {
            history.push(step(n));
        }
        assert_eq!((history.newest(), history.n_dropped), (4, 3));
        assert!(history.behind(2).is_none());
        let len = |at| history.behind(at).map(|step| step.map(|s| s.entered.len()));
        assert_eq!(len(3), Some(Some(half)));
        assert_eq!(len(4), Some(None));
        // One that is over the bound by itself is kept.
        history.push(step(limits::STEPS_IDS_MAX));
        assert_eq!((history.newest(), history.n_dropped), (5, 4));
    }

    #[test]
    fn a_meaning_holds_the_filters_of_all_that_are_named() {
        let document = |name: &str, filter: &str| Document {
            kind: Kind::Segment,
            name: name.into(),
            path: format!("{name}.yaml"),
            source: format!("kind: Segment\nname: {name}\nfilter: '{filter}'\n"),
            owner: String::new(),
        };
        let documents = [
            document("a", "in_segment(\"b\") || in_segment(\"c\")"),
            document("b", "in_segment(\"c\")"),
            document("c", "user.n == 1"),
            document("d", "in_segment(\"a\")"),
        ];
        let set = Set::compile(&documents).unwrap();
        let names = |of| meaning(&set, of).map(|found| found.into_keys().collect::<String>());
        assert_eq!(names("a").as_deref(), Some("abc"));
        assert_eq!(names("c").as_deref(), Some("c"));
        assert_eq!(names("x"), None);
    }
}
