//! `DeliveryService`.

use std::sync::Arc;

use futures_util::StreamExt;
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status};

use super::page_token::{self, Query};
use super::pb::delivery_service_server::DeliveryService;
use super::status::Refused;
use super::{decode, encode, pb};
use crate::diagnostic::did_you_mean;
use crate::engine::{self, Engine, Error};
use crate::model::delivery::{ReasonCode, State};
use crate::model::id::{DeliveryId, SendId};
use crate::model::send::Phase;
use crate::store::contract::{DeliveryQuery, SendQuery};

pub(super) struct Deliveries {
    pub(super) engine: Arc<Engine>,
}

#[tonic::async_trait]
impl DeliveryService for Deliveries {
    type WatchSendStream = BoxStream<pb::WatchSendResponse>;

    async fn get_send(
        &self,
        request: Request<pb::GetSendRequest>,
    ) -> Result<Response<pb::GetSendResponse>, Status> {
        let send = self
            .engine
            .get_send(send_id(&request.into_inner().send_id)?)
            .await?;
        let send = Some(encode::send(self.engine.standing(send)));
        Ok(Response::new(pb::GetSendResponse { send }))
    }

    async fn list_sends(
        &self,
        request: Request<pb::ListSendsRequest>,
    ) -> Result<Response<pb::ListSendsResponse>, Status> {
        let request = request.into_inner();
        let phase = phase(request.phase)?;
        let size = page_token::page_size(request.page_size)?;
        let name = phase.map_or("", Phase::as_str);
        let query = Query::of(&["sends", &request.campaign, name]);
        let after = query
            .cursor(&request.page_token)?
            .map(SendId::from_bytes_of);
        let after = match after.transpose()? {
            Some(id) if !self.engine.knows_send(id).await? => return Err(Refused::PageToken.into()),
            after => after,
        };
        let found = self.engine.list_sends(SendQuery {
            campaign: Some(request.campaign).filter(|campaign| !campaign.is_empty()),
            phase,
            after,
            limit: size + 1,
        });
        let mut found = found.await?;
        let next_page_token =
            page_token::cut(&mut found, size, |last| query.token(last.new.id.as_bytes()));
        Ok(Response::new(pb::ListSendsResponse {
            sends: found
                .into_iter()
                .map(|send| encode::send(self.engine.standing(send)))
                .collect(),
            next_page_token,
        }))
    }

    async fn watch_send(
        &self,
        request: Request<pb::WatchSendRequest>,
    ) -> Result<Response<Self::WatchSendStream>, Status> {
        let id = send_id(&request.into_inner().send_id)?;
        let seen = Arc::clone(&self.engine).watch_send(id).await?;
        let answers = seen.map(|send| {
            let send = Some(encode::send(send?));
            Ok(pb::WatchSendResponse { send })
        });
        Ok(Response::new(Box::pin(answers)))
    }

    async fn cancel_send(
        &self,
        request: Request<pb::CancelSendRequest>,
    ) -> Result<Response<pb::CancelSendResponse>, Status> {
        let send = self
            .engine
            .cancel_send(send_id(&request.into_inner().send_id)?)
            .await?;
        let send = Some(encode::send(self.engine.standing(send)));
        Ok(Response::new(pb::CancelSendResponse { send }))
    }

    async fn list_deliveries(
        &self,
        request: Request<pb::ListDeliveriesRequest>,
    ) -> Result<Response<pb::ListDeliveriesResponse>, Status> {
        let request = request.into_inner();
        let state = state(request.state)?;
        let size = page_token::page_size(request.page_size)?;
        let name = state.map_or("", State::as_str);
        let query = Query::of(&[
            "deliveries",
            &request.send_id,
            &request.external_id,
            name,
            &request.campaign,
            &request.reason,
            if request.newest_first { "newest" } else { "" },
        ]);
        let after = query
            .cursor(&request.page_token)?
            .map(DeliveryId::from_bytes_of);
        let after = match after.transpose()? {
            Some(id) if !self.engine.knows_delivery(id).await? => {
                return Err(Refused::PageToken.into());
            }
            after => after,
        };
        let send = Some(request.send_id).filter(|id| !id.is_empty());
        let send = send.map(|id| send_id(&id)).transpose()?;
        if let Some(id) = send {
            // No deliveries, and no such send, are two answers.
            self.engine.get_send(id).await?;
        }
        let external_id = Some(request.external_id).filter(|id| !id.is_empty());
        let campaign = Some(request.campaign).filter(|name| !name.is_empty());
        let found = self.engine.list_deliveries(DeliveryQuery {
            reason: reason(&request.reason)?,
            campaign,
            send,
            external_id: external_id
                .map(|id| decode::id("external_id", id))
                .transpose()?,
            state,
            is_newest_first: request.newest_first,
            after,
            limit: size + 1,
        });
        let mut found = found.await?;
        let next_page_token =
            page_token::cut(&mut found, size, |last| query.token(last.id.as_bytes()));
        Ok(Response::new(pb::ListDeliveriesResponse {
            deliveries: found.into_iter().map(encode::delivery).collect(),
            next_page_token,
        }))
    }
}

/// An id that a page goes on behind.
trait Cursor: Sized {
    fn of(bytes: [u8; 16]) -> Self;

    fn from_bytes_of(bytes: Vec<u8>) -> Result<Self, Refused> {
        bytes
            .try_into()
            .map(Self::of)
            .map_err(|_| Refused::PageToken)
    }
}

impl Cursor for SendId {
    fn of(bytes: [u8; 16]) -> Self {
        Self::from_bytes(bytes)
    }
}

impl Cursor for DeliveryId {
    fn of(bytes: [u8; 16]) -> Self {
        Self::from_bytes(bytes)
    }
}

fn send_id(text: &str) -> engine::Result<SendId> {
    SendId::parse(text).map_err(|invalid| decode::bad("send_id", invalid))
}

fn reason(code: &str) -> engine::Result<Option<ReasonCode>> {
    if code.is_empty() {
        return Ok(None);
    }
    let found = ReasonCode::parse(code);
    found.map(Some).ok_or_else(|| {
        let known = ReasonCode::ALL.iter().map(|code| code.as_str());
        let hint = did_you_mean(code, known)
            .map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        let shown: String = code.chars().take(60).collect();
        Error::invalid("reason", format!("there is no reason `{shown}`{hint}"))
    })
}

fn phase(number: i32) -> engine::Result<Option<Phase>> {
    match pb::SendPhase::try_from(number) {
        Ok(pb::SendPhase::Unspecified) => Ok(None),
        Ok(pb::SendPhase::Enqueueing) => Ok(Some(Phase::Enqueueing)),
        Ok(pb::SendPhase::Running) => Ok(Some(Phase::Running)),
        Ok(pb::SendPhase::Finished) => Ok(Some(Phase::Finished)),
        Ok(pb::SendPhase::Cancelled) => Ok(Some(Phase::Cancelled)),
        Err(_) => Err(Error::invalid("phase", "there is no such phase")),
    }
}

fn state(number: i32) -> engine::Result<Option<State>> {
    match pb::DeliveryState::try_from(number) {
        Ok(pb::DeliveryState::Unspecified) => Ok(None),
        Ok(pb::DeliveryState::Pending) => Ok(Some(State::Pending)),
        Ok(pb::DeliveryState::Sending) => Ok(Some(State::Sending)),
        Ok(pb::DeliveryState::Sent) => Ok(Some(State::Sent)),
        Ok(pb::DeliveryState::Failed) => Ok(Some(State::Failed)),
        Ok(pb::DeliveryState::Skipped) => Ok(Some(State::Skipped)),
        Ok(pb::DeliveryState::Unknown) => Ok(Some(State::Unknown)),
        Ok(pb::DeliveryState::Cancelled) => Ok(Some(State::Cancelled)),
        Err(_) => Err(Error::invalid("state", "there is no such state")),
    }
}
