//! Users, sends and instants for the cases.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use recado::model::Value;
use recado::model::delivery::{Due, NewDelivery, Notes, Outcome, Reason, ReasonCode};
use recado::model::id::{DeliveryId, ExternalId, RequestId, Revision, SendId};
use recado::model::send::{Audience, Content, Counts, NewSend};
use recado::model::user::Update;
use recado::segment::{self, Declared, Filter};
use recado::store::Store;

pub(super) const CHANNEL: &str = "page";
pub(super) const LEASE: Duration = Duration::from_mins(1);

/// Seconds after the beginning.
pub(super) fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

pub(super) fn user(name: &str) -> ExternalId {
    ExternalId::parse(name).unwrap()
}

/// Sets attributes; `None` deletes one.
pub(super) fn set<const N: usize>(name: &str, values: [(&str, Option<Value>); N]) -> Update {
    let values = values.map(|(attribute, value)| (attribute.to_owned(), value));
    Update {
        set: values.into(),
        ..Update::new(user(name))
    }
}

pub(super) fn text(text: &str) -> Value {
    Value::String(text.to_owned())
}

pub(super) fn filter(text: &str) -> Filter {
    segment::compile(text, &Declared::default()).unwrap()
}

pub(super) fn reason() -> Reason {
    Reason::new(ReasonCode::TemporaryError, "try again")
}

/// A send of the name, to be stored.
pub(super) fn new_send(name: &str, resend_unknown: bool) -> NewSend {
    let request_id = RequestId::parse(name).unwrap();
    NewSend {
        id: SendId::derive("hello", &request_id),
        request_id: Some(request_id),
        campaign: "hello".into(),
        channel: CHANNEL.into(),
        revision: Revision(1),
        is_everybody: false,
        is_test: false,
        resend_unknown,
        content: Content::of(&Audience::Everybody),
        created_at: at(0),
    }
}

pub(super) fn deliveries(send: SendId, people: &[&str]) -> Vec<NewDelivery> {
    let new = |name: &&str| NewDelivery {
        id: DeliveryId::derive(send, &user(name)),
        external_id: user(name),
        trigger_properties: BTreeMap::from([("n".to_owned(), Value::Int(1))]),
    };
    people.iter().map(new).collect()
}

/// A whole send to people.
pub(super) async fn send(store: &Arc<dyn Store>, name: &str, people: &[&str]) -> SendId {
    let new = new_send(name, false);
    let id = new.id;
    store
        .create_send(new, deliveries(id, people), true)
        .await
        .unwrap();
    id
}

pub(super) async fn claim(store: &Arc<dyn Store>, now: Timestamp) -> Vec<Due> {
    store.claim_due(CHANNEL, now, LEASE, 1_000).await.unwrap()
}

pub(super) fn sent() -> Outcome {
    Outcome::Sent {
        message_id: "m_1".into(),
    }
}

/// Stores what came of a delivery about whose message there is nothing to note.
pub(super) async fn record(
    store: &Arc<dyn Store>,
    id: DeliveryId,
    outcome: Outcome,
    now: Timestamp,
) {
    let notes = Notes::default();
    store.record(id, outcome, notes, now).await.unwrap();
}

pub(super) async fn counts(store: &Arc<dyn Store>, send: SendId) -> Counts {
    store.get_send(send).await.unwrap().unwrap().counts
}
