//! Everything about a user as a stream, deliveries page by page.

use std::sync::Arc;

use futures_util::stream::{self, Stream, StreamExt};
use tonic::Status;

use super::pb::export_user_response::Part;
use super::{encode, events, pb};
use crate::engine::{Engine, Error, Exported};
use crate::lifecycle::Tasks;
use crate::model::Value;
use crate::model::delivery::Delivery;
use crate::model::id::ExternalId;

/// How far the stream is.
struct Reading {
    engine: Arc<Engine>,
    id: ExternalId,
    tasks: Tasks,
    last: Option<Delivery>,
    has_ended: bool,
}

type Item = Result<pb::ExportUserResponse, Status>;

/// The profile, the events and the segments.
pub(super) fn first(exported: Exported) -> impl Iterator<Item = pb::ExportUserResponse> {
    let events = exported.events.into_iter().map(events::event);
    let user = std::iter::once(Part::User(encode::user(exported.profile)));
    user.chain(events.map(Part::Event))
        .chain(exported.segments.into_iter().map(Part::Segment))
        .map(response)
}

pub(super) fn deliveries(
    engine: Arc<Engine>,
    id: ExternalId,
    tasks: Tasks,
) -> impl Stream<Item = Item> + Send {
    let reading = Reading {
        engine,
        id,
        tasks,
        last: None,
        has_ended: false,
    };
    stream::unfold(reading, async |reading| reading.next().await).flat_map(stream::iter)
}

// === impl Reading ===

impl Reading {
    async fn next(mut self) -> Option<(Vec<Item>, Self)> {
        if self.has_ended {
            return None;
        }
        let page = match self.page().await {
            Ok(page) => page,
            Err(error) => {
                self.has_ended = true;
                return Some((vec![Err(error.into())], self));
            }
        };
        self.last = Some(page.last()?.clone());
        let parts = page
            .into_iter()
            .map(|delivery| Ok(response(Part::Delivery(delivery_of(delivery)))));
        Some((parts.collect(), self))
    }

    async fn page(&self) -> Result<Vec<Delivery>, Error> {
        if self.tasks.is_stopping() {
            return Err(Error::Stopping);
        }
        self.engine
            .export_deliveries(&self.id, self.last.as_ref())
            .await
    }
}

fn response(part: Part) -> pb::ExportUserResponse {
    pb::ExportUserResponse { part: Some(part) }
}

fn delivery_of(delivery: Delivery) -> prost_types::Struct {
    let mut fields = vec![
        ("id", Value::String(delivery.id.to_string())),
        ("send_id", Value::String(delivery.send.to_string())),
        ("campaign", Value::String(delivery.campaign)),
        ("state", Value::String(delivery.state.as_str().to_owned())),
        ("create_time", Value::Timestamp(delivery.created_at)),
        ("update_time", Value::Timestamp(delivery.updated_at)),
        (
            "trigger_properties",
            Value::Object(delivery.trigger_properties),
        ),
    ];
    if let Some(reason) = delivery.reason {
        fields.push(("reason", Value::String(reason.code.as_str().to_owned())));
        fields.push(("detail", Value::String(reason.detail)));
    }
    if !delivery.extras.is_empty() {
        let extras = delivery.extras.into_iter();
        let extras = extras.map(|(key, value)| (key, Value::String(value)));
        fields.push(("message_extras", Value::Object(extras.collect())));
    }
    if let Some(id) = delivery.message_id {
        fields.push(("message_id", Value::String(id)));
    }
    let fields = fields.into_iter();
    events::properties(
        fields
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}
