//! `SegmentService`.

use std::sync::Arc;

use futures_util::stream::{StreamExt, unfold};
use jiff::Timestamp;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use super::page_token::{self, Query};
use super::pb::segment_service_server::SegmentService;
use super::status::Refused;
use super::{decode, encode, pb};
use crate::engine::{self, Engine, Error, Target};
use crate::lifecycle::Tasks;
use crate::store::contract::Members;

/// External ids in one message of a stream.
const IDS_A_MESSAGE: usize = 1_000;

pub(super) struct Segments {
    pub(super) engine: Arc<Engine>,
    pub(super) tasks: Tasks,
}

/// How far a stream of members is.
struct Reading {
    members: Box<dyn Members>,
    is_begun: bool,
    has_ended: bool,
    tasks: Tasks,
}

#[tonic::async_trait]
impl SegmentService for Segments {
    type ListSegmentMembersStream = BoxStream<pb::ListSegmentMembersResponse>;
    type WatchSegmentStream = BoxStream<pb::WatchSegmentResponse>;

    async fn evaluate_segment(
        &self,
        request: Request<pb::EvaluateSegmentRequest>,
    ) -> Result<Response<pb::EvaluateSegmentResponse>, Status> {
        use pb::evaluate_segment_request::Target as Wire;
        let request = request.into_inner();
        let target = match request.target {
            Some(Wire::Segment(name)) => Target::Segment(name),
            Some(Wire::Filter(text)) => Target::Filter(text),
            None => return Err(no_target().into()),
        };
        let sample_size = usize::try_from(request.sample_size).unwrap_or(usize::MAX);
        let found = self.engine.evaluate(&target, sample_size).await?;
        let sample = found.sample.iter().map(|id| id.as_str().to_owned());
        Ok(Response::new(pb::EvaluateSegmentResponse {
            count: encode::count(found.count),
            users: encode::count(found.users),
            sample: sample.collect(),
            took_us: found.took_us,
            warnings: found.warnings.iter().map(encode::warning).collect(),
            diagnostics: found.warnings.iter().map(encode::diagnostic).collect(),
        }))
    }

    async fn list_segment_members(
        &self,
        request: Request<pb::ListSegmentMembersRequest>,
    ) -> Result<Response<Self::ListSegmentMembersStream>, Status> {
        use pb::list_segment_members_request::Target as Wire;
        let target = match request.into_inner().target {
            Some(Wire::Segment(name)) => Target::Segment(name),
            Some(Wire::Filter(text)) => Target::Filter(text),
            None => return Err(no_target().into()),
        };
        let reading = Reading {
            members: self.engine.members(&target).await?,
            is_begun: false,
            has_ended: false,
            tasks: self.tasks.clone(),
        };
        Ok(Response::new(Box::pin(unfold(reading, async |reading| {
            reading.next()
        }))))
    }

    async fn check_membership(
        &self,
        request: Request<pb::CheckMembershipRequest>,
    ) -> Result<Response<pb::CheckMembershipResponse>, Status> {
        let request = request.into_inner();
        let id = decode::id("external_id", request.external_id)?;
        let filter = Some(request.filter).filter(|text| !text.is_empty());
        let campaign = Some(request.campaign).filter(|name| !name.is_empty());
        let found = self.engine.check(&id, request.segments, campaign, filter);
        let found = found.await?;
        let memberships = found.into_iter().map(encode::membership);
        Ok(Response::new(pb::CheckMembershipResponse {
            memberships: memberships.collect(),
        }))
    }

    async fn list_segments(
        &self,
        request: Request<pb::ListSegmentsRequest>,
    ) -> Result<Response<pb::ListSegmentsResponse>, Status> {
        let request = request.into_inner();
        let size = page_token::page_size(request.page_size)?;
        let query = Query::of(&["segments"]);
        // A name need not exist any more to go on behind it.
        let after = match query.cursor(&request.page_token)? {
            None => None,
            Some(bytes) => Some(String::from_utf8(bytes).map_err(|_| Refused::PageToken)?),
        };
        let mut found = self.engine.list_segments(after.as_deref(), size + 1);
        let next_page_token = page_token::cut(&mut found, size, |last| {
            query.token(last.segment.name.as_bytes())
        });
        Ok(Response::new(pb::ListSegmentsResponse {
            segments: found.iter().map(encode::segment).collect(),
            next_page_token,
        }))
    }

    async fn get_segment_series(
        &self,
        request: Request<pb::GetSegmentSeriesRequest>,
    ) -> Result<Response<pb::GetSegmentSeriesResponse>, Status> {
        let request = request.into_inner();
        let start = instant("start_time", request.start_time)?;
        let end = instant("end_time", request.end_time)?;
        let sizes = self.engine.sizes(&request.segment, start, end).await?;
        Ok(Response::new(pb::GetSegmentSeriesResponse {
            sizes: sizes.into_iter().map(encode::size).collect(),
        }))
    }

    async fn record_segment_size(
        &self,
        request: Request<pb::RecordSegmentSizeRequest>,
    ) -> Result<Response<pb::RecordSegmentSizeResponse>, Status> {
        let request = request.into_inner();
        let size = self.engine.record_size(&request.segment).await?;
        Ok(Response::new(pb::RecordSegmentSizeResponse {
            size: Some(encode::size(size)),
        }))
    }

    async fn watch_segment(
        &self,
        request: Request<pb::WatchSegmentRequest>,
    ) -> Result<Response<Self::WatchSegmentStream>, Status> {
        let request = request.into_inner();
        let cursor = Some(request.cursor.as_str()).filter(|text| !text.is_empty());
        let engine = Arc::clone(&self.engine);
        let watched = engine.watch_segment(&request.segment, cursor).await?;
        let messages = watched.map(|told| Ok(encode::watched(told?)));
        Ok(Response::new(Box::pin(messages)))
    }
}

// === impl Reading ===

impl Reading {
    /// The first message is sent even when it is empty: it tells the count.
    fn next(mut self) -> Option<(Result<pb::ListSegmentMembersResponse, Status>, Self)> {
        if self.has_ended {
            return None;
        }
        if self.tasks.is_stopping() {
            self.has_ended = true;
            return Some((Err(Error::Stopping.into()), self));
        }
        let ids = self.members.next_chunk(IDS_A_MESSAGE);
        if ids.is_empty() && self.is_begun {
            return None;
        }
        self.is_begun = true;
        let message = pb::ListSegmentMembersResponse {
            external_ids: ids.iter().map(|id| id.as_str().to_owned()).collect(),
            count: encode::count(self.members.len()),
        };
        Some((Ok(message), self))
    }
}

fn no_target() -> Error {
    Error::invalid("target", "`segment` or `filter` must be given")
}

fn instant(field: &str, at: Option<prost_types::Timestamp>) -> engine::Result<Option<Timestamp>> {
    let read = at.map(decode::instant).transpose();
    read.map_err(|refused| Error::invalid(field, refused.message))
}
