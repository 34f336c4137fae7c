//! Applied segments, and how their sizes developed.

use std::ops::{Bound, Range};
use std::sync::Arc;

use jiff::Timestamp;

use crate::campaign::Segment;
use crate::engine::{Engine, Error, Kind, Result};
use crate::model::limits;
use crate::model::resource::{Document, Kind as Resource};
use crate::store::contract::Size;

/// An applied segment and the file it stands in.
#[derive(Debug, Clone)]
pub struct SegmentInfo {
    pub segment: Arc<Segment>,
    pub path: String,
}

// === impl Engine ===

impl Engine {
    /// Up to `limit` segments by name, those behind `after`.
    pub fn list_segments(&self, after: Option<&str>, limit: usize) -> Vec<SegmentInfo> {
        let set = Arc::clone(&self.applied.load().set);
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let segments = set.segments.range::<str, _>((from, Bound::Unbounded));
        let info = |segment: &Arc<Segment>| SegmentInfo {
            segment: Arc::clone(segment),
            path: path(&set.documents, &segment.name),
        };
        segments
            .take(limit)
            .map(|(_, segment)| info(segment))
            .collect()
    }

    /// Sizes of a segment that is applied, or was recorded in the past.
    ///
    /// # Errors
    /// There is no such segment, or the instants are the wrong way round.
    pub async fn sizes(
        &self,
        segment: &str,
        start: Option<Timestamp>,
        end: Option<Timestamp>,
    ) -> Result<Vec<Size>> {
        let all = Timestamp::MIN..Timestamp::MAX;
        let within = start.unwrap_or(all.start)..end.unwrap_or(all.end);
        if within.is_empty() {
            return Err(Error::invalid("end_time", "must be after `start_time`"));
        }
        let sizes = self.sizes_within(segment, within, limits::SIZES_KEPT_MAX);
        let sizes = sizes.await?;
        let is_known = !sizes.is_empty()
            || self.applied.load().set.segments.contains_key(segment)
            || !self.sizes_within(segment, all, 1).await?.is_empty();
        if is_known {
            Ok(sizes)
        } else {
            Err(Error::not_found(Kind::Segment, segment))
        }
    }

    /// Counts an applied segment now and adds the size to its series.
    pub async fn record_size(&self, segment: &str) -> Result<Size> {
        let applied = self.applied.load_full();
        let found = applied.set.segments.get(segment);
        let known = applied.set.segments.keys();
        let found = found.ok_or_else(|| Error::not_among(Kind::Segment, segment, known))?;
        let at = self.parts.clock.now();
        let members = self.parts.store.count(&found.filter, at).await?;
        let sizes = vec![(segment.to_owned(), members)];
        self.parts.store.record_sizes(at, sizes).await?;
        Ok(Size { at, members })
    }

    async fn sizes_within(
        &self,
        segment: &str,
        within: Range<Timestamp>,
        max: usize,
    ) -> Result<Vec<Size>> {
        Ok(self.parts.store.sizes(segment, within, max).await?)
    }
}

fn path(documents: &[Document], segment: &str) -> String {
    let mut documents = documents.iter();
    let found = documents.find(|one| one.kind == Resource::Segment && one.name == segment);
    found.map_or_else(String::new, |document| document.path.clone())
}
