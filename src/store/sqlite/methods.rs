//! The contract's methods, each a job for the writer or a read.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::{Store, deliveries, events, imports, ledger, resources, revisions, sends, sweep};
use crate::model::delivery::{Delivery, Due, NewDelivery, Notes, Outcome};
use crate::model::event::{Event, EventName, Retention};
use crate::model::id::{DeliveryId, ExternalId, ImportId, RequestId, Revision, SendId};
use crate::model::resource::{Changed, Document, RevisionInfo};
use crate::model::send::{NewSend, Phase, Send as SendRecord};
use crate::model::user::{Profile, Update};
use crate::store::contract::{
    self, Created, Deliveries, DeliveryQuery, Events, Identity, ImportProgress, Imported,
    NewRevision, Resources, Result, SendQuery, Sends, TrackReport, UpsertReport, Users,
};

impl contract::Store for Store {}

#[async_trait]
impl Users for Store {
    async fn upsert_users(&self, updates: Vec<Update>) -> Result<UpsertReport> {
        self.writer
            .submit(move |group| Ok(group.users.upsert(updates)))
            .await
    }

    async fn import_chunk(
        &self,
        import: &ImportId,
        sequence: u64,
        updates: Vec<Update>,
        refused: u64,
    ) -> Result<Imported> {
        let import = import.clone();
        self.writer
            .submit(move |group| imports::chunk(group, &import, sequence, updates, refused))
            .await
    }

    async fn import_progress(&self, import: &ImportId) -> Result<ImportProgress> {
        let import = import.clone();
        self.readers
            .read(move |connection| imports::progress(connection, &import))
            .await
    }

    async fn finish_import(&self, import: &ImportId) -> Result<ImportProgress> {
        let import = import.clone();
        self.writer
            .submit(move |group| imports::finish(group.connection, &import))
            .await
    }

    async fn get_user(&self, id: &ExternalId) -> Result<Option<Profile>> {
        let table = self.memory.table.read();
        Ok(table.row(id).and_then(|row| table.profile(row)))
    }

    async fn delete_users(&self, ids: Vec<ExternalId>) -> Result<Vec<bool>> {
        let work = move |group: &mut super::writer::Group<'_>| {
            let batches = group.users.batches(&ids);
            events::forget(group.connection, &batches, &ids.iter().collect())?;
            let mut existed = Vec::with_capacity(ids.len());
            for id in ids {
                sweep::forget_user(group, &id)?;
                existed.push(group.users.delete(id));
            }
            Ok(existed)
        };
        self.writer.submit(work).await
    }

    async fn count_users(&self) -> Result<u64> {
        Ok(self.memory.table.read().len() as u64)
    }
}

#[async_trait]
impl Events for Store {
    async fn track_events(&self, events: Vec<Event>) -> Result<TrackReport> {
        self.writer
            .submit(move |group| Ok(group.users.track(events)))
            .await
    }

    async fn events_of(&self, id: &ExternalId) -> Result<Vec<Event>> {
        let batches = {
            let table = self.memory.table.read();
            table.row(id).map(|row| table.batches(row))
        };
        let (batches, id) = (batches.unwrap_or_default(), id.clone());
        self.readers
            .read(move |connection| events::of_user(connection, &batches, &id))
            .await
    }

    async fn event_names(&self) -> Result<Vec<EventName>> {
        Ok(self.memory.table.read().event_names())
    }

    async fn expire_events(&self, retention: &Retention, now: Timestamp) -> Result<bool> {
        let retention = retention.clone();
        let work = move |group: &mut super::writer::Group<'_>| {
            events::expire(group, &retention, now).map(|batches| !batches.is_empty())
        };
        self.writer.submit_patiently(work).await
    }
}

#[async_trait]
impl Resources for Store {
    async fn identity(&self) -> Result<Identity> {
        self.readers.read(resources::identity).await
    }

    async fn current(&self) -> Result<Option<RevisionInfo>> {
        self.readers.read(revisions::current).await
    }

    async fn revisions(&self, before: Option<Revision>, limit: usize) -> Result<Vec<RevisionInfo>> {
        self.readers
            .read(move |connection| revisions::revisions(connection, before, limit))
            .await
    }

    async fn documents(&self, revision: Revision) -> Result<Vec<Document>> {
        self.readers
            .read(move |connection| resources::documents(connection, revision))
            .await
    }

    async fn changes(&self, revision: Revision) -> Result<Vec<Changed>> {
        self.readers
            .read(move |connection| revisions::changes(connection, revision))
            .await
    }

    async fn apply(
        &self,
        expected: Revision,
        documents: Vec<Document>,
        info: NewRevision,
    ) -> Result<RevisionInfo> {
        self.writer
            .submit(move |group| resources::apply(group.connection, expected, &documents, info))
            .await
    }
}

#[async_trait]
impl Sends for Store {
    async fn create_send(
        &self,
        new: NewSend,
        deliveries: Vec<NewDelivery>,
        is_complete: bool,
    ) -> Result<Created> {
        self.writer
            .submit(move |group| sends::create(group, &new, deliveries, is_complete))
            .await
    }

    async fn enqueue(
        &self,
        send: SendId,
        deliveries: Vec<NewDelivery>,
        is_complete: bool,
    ) -> Result<Phase> {
        self.writer
            .submit_patiently(move |group| sends::enqueue(group, send, deliveries, is_complete))
            .await
    }

    async fn unfinished_fanouts(&self) -> Result<Vec<NewSend>> {
        self.readers.read(sends::unfinished_fanouts).await
    }

    async fn find_request(
        &self,
        campaign: &str,
        request_id: &RequestId,
    ) -> Result<Option<SendRecord>> {
        let (campaign, request) = (campaign.to_owned(), request_id.clone());
        self.readers
            .read(move |connection| sends::find_request(connection, &campaign, &request))
            .await
    }

    async fn get_send(&self, id: SendId) -> Result<Option<SendRecord>> {
        self.readers
            .read(move |connection| sends::read(connection, id))
            .await
    }

    async fn list_sends(&self, query: SendQuery) -> Result<Vec<SendRecord>> {
        self.readers
            .read(move |connection| sends::list(connection, &query))
            .await
    }

    async fn cancel_send(&self, id: SendId, now: Timestamp) -> Result<Option<SendRecord>> {
        self.writer
            .submit(move |group| sends::cancel(group, id, now))
            .await
    }

    async fn get_delivery(&self, id: DeliveryId) -> Result<Option<Delivery>> {
        self.readers
            .read(move |connection| ledger::get(connection, id))
            .await
    }

    async fn list_deliveries(&self, query: DeliveryQuery) -> Result<Vec<Delivery>> {
        self.readers
            .read(move |connection| ledger::list(connection, &query))
            .await
    }
}

#[async_trait]
impl Deliveries for Store {
    async fn claim_due(
        &self,
        channel: &str,
        now: Timestamp,
        lease: Duration,
        max: usize,
    ) -> Result<Vec<Due>> {
        let channel = channel.to_owned();
        self.writer
            .submit_patiently(move |group| deliveries::claim(group, &channel, now, lease, max))
            .await
    }

    async fn begin(&self, id: DeliveryId, now: Timestamp) -> Result<bool> {
        self.writer
            .submit_statement(move |group| deliveries::begin(group, id, now))
            .await
    }

    async fn record(
        &self,
        id: DeliveryId,
        outcome: Outcome,
        notes: Notes,
        now: Timestamp,
    ) -> Result<()> {
        self.writer
            .submit_statement(move |group| deliveries::record(group, id, &outcome, &notes, now))
            .await
    }

    async fn recover(&self, now: Timestamp) -> Result<u64> {
        self.writer
            .submit_patiently(move |group| sweep::recover(group, now))
            .await
    }

    async fn next_due(&self, channel: &str) -> Result<Option<Timestamp>> {
        let channel = channel.to_owned();
        self.readers
            .read(move |connection| ledger::next_due(connection, &channel))
            .await
    }

    async fn busy_channels(&self) -> Result<Vec<String>> {
        self.readers.read(ledger::busy_channels).await
    }

    async fn pending_by_channel(&self) -> Result<Vec<(String, u64)>> {
        self.readers.read(ledger::pending_by_channel).await
    }
}
