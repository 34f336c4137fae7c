//! `UserService`.

use std::sync::Arc;

use futures_util::stream::{StreamExt, iter, once};
use tonic::codegen::BoxStream;
use tonic::{Request, Response, Status, Streaming};

use super::pb::import_users_request::Message;
use super::pb::user_service_server::UserService;
use super::{decode, encode, events, export, pb};
use crate::clock::Clock;
use crate::engine::{self, Engine, Item, Respelt};
use crate::lifecycle::Tasks;
use crate::model::id::ImportId;
use crate::model::registry::Registry;
use crate::store::contract::ImportProgress;

/// Chunks of one import that are under way at once: enough to keep the disk busy.
const CHUNKS_IN_FLIGHT: usize = 8;

pub(super) struct Users {
    pub(super) engine: Arc<Engine>,
    pub(super) tasks: Tasks,
    pub(super) clock: Arc<dyn Clock>,
}

/// One message of an import, read.
enum Step {
    Start(ImportId),
    Finish(ImportId),
    Chunk {
        import: ImportId,
        sequence: u64,
        ids: Vec<String>,
        items: Vec<Item>,
    },
}

#[tonic::async_trait]
impl UserService for Users {
    type ImportUsersStream = BoxStream<pb::ImportUsersResponse>;
    type ExportUserStream = BoxStream<pb::ExportUserResponse>;

    async fn export_user(
        &self,
        request: Request<pb::ExportUserRequest>,
    ) -> Result<Response<Self::ExportUserStream>, Status> {
        let id = decode::id("external_id", request.into_inner().external_id)?;
        let exported = self.engine.export_user(&id).await?;
        let first = iter(export::first(exported).map(Ok));
        let deliveries = export::deliveries(Arc::clone(&self.engine), id, self.tasks.clone());
        Ok(Response::new(Box::pin(first.chain(deliveries))))
    }

    async fn track_events(
        &self,
        request: Request<pb::TrackEventsRequest>,
    ) -> Result<Response<pb::TrackEventsResponse>, Status> {
        let events = request.into_inner().events;
        let ids: Vec<_> = events
            .iter()
            .map(|event| event.external_id.clone())
            .collect();
        let now = self.clock.now();
        let deeds = events.into_iter().map(|event| events::read(event, now));
        let report = self.engine.track(deeds.collect()).await?;
        let (tracked, repeated) = engine::tally_tracked(&report);
        Ok(Response::new(pb::TrackEventsResponse {
            tracked: encode::small(tracked),
            repeated_events: encode::small(repeated),
            rejected: encode::rejected("events", &ids, &report),
        }))
    }

    async fn list_attributes(
        &self,
        _: Request<pb::ListAttributesRequest>,
    ) -> Result<Response<pb::ListAttributesResponse>, Status> {
        let (attributes, users) = self.engine.attributes().await?;
        Ok(Response::new(pb::ListAttributesResponse {
            attributes: attributes.into_iter().map(encode::attribute).collect(),
            users: encode::count(users),
        }))
    }

    async fn list_event_names(
        &self,
        _: Request<pb::ListEventNamesRequest>,
    ) -> Result<Response<pb::ListEventNamesResponse>, Status> {
        let names = self.engine.event_names().await?;
        Ok(Response::new(pb::ListEventNamesResponse {
            events: names.into_iter().map(events::name).collect(),
        }))
    }

    async fn upsert_users(
        &self,
        request: Request<pb::UpsertUsersRequest>,
    ) -> Result<Response<pb::UpsertUsersResponse>, Status> {
        let (ids, items) = items(request.into_inner().users, &self.engine.registry());
        let upserts = self.engine.upsert_users(items).await?;
        let (created, updated) = engine::tally(&upserts.report);
        Ok(Response::new(pb::UpsertUsersResponse {
            created: encode::small(created),
            updated: encode::small(updated),
            rejected: encode::rejected("users", &ids, &upserts.report),
            warnings: upserts.respelt.into_iter().map(warning).collect(),
        }))
    }

    async fn import_users(
        &self,
        request: Request<Streaming<pb::ImportUsersRequest>>,
    ) -> Result<Response<Self::ImportUsersStream>, Status> {
        let engine = Arc::clone(&self.engine);
        let mut import = None;
        // Chunks that were taken in are answered; the stop comes behind them.
        let steps = request
            .into_inner()
            .take_until(self.tasks.stopping())
            .map(move |message| {
                let registry = engine.registry();
                let read = message.and_then(|message| Ok(read(&mut import, message, &registry)?));
                take(Arc::clone(&engine), read)
            });
        let tasks = self.tasks.clone();
        let end = once(async move { tasks.is_stopping() }).filter_map(async |is_stopping| {
            is_stopping.then_some(Err(engine::Error::Stopping.into()))
        });
        Ok(Response::new(Box::pin(
            steps.buffered(CHUNKS_IN_FLIGHT).chain(end),
        )))
    }

    async fn get_user(
        &self,
        request: Request<pb::GetUserRequest>,
    ) -> Result<Response<pb::GetUserResponse>, Status> {
        let id = decode::id("external_id", request.into_inner().external_id)?;
        let user = encode::user(self.engine.get_user(&id).await?);
        Ok(Response::new(pb::GetUserResponse { user: Some(user) }))
    }

    async fn delete_users(
        &self,
        request: Request<pb::DeleteUsersRequest>,
    ) -> Result<Response<pb::DeleteUsersResponse>, Status> {
        let names = request.into_inner().external_ids;
        let ids = names.iter().enumerate();
        let ids = ids.map(|(at, name)| decode::id(&format!("external_ids[{at}]"), name.clone()));
        let existed = self
            .engine
            .delete_users(ids.collect::<Result<_, _>>()?)
            .await?;
        let deleted = existed.iter().filter(|existed| **existed).count();
        let absent = names.into_iter().zip(existed);
        Ok(Response::new(pb::DeleteUsersResponse {
            deleted: encode::small(deleted),
            not_found: absent
                .filter(|(_, existed)| !existed)
                .map(|(name, _)| name)
                .collect(),
        }))
    }
}

/// Items, and the ids they were sent with.
fn items(users: Vec<pb::UserUpdate>, registry: &Registry) -> (Vec<String>, Vec<Item>) {
    let ids = users.iter().map(|user| user.external_id.clone()).collect();
    let items = users.into_iter().map(|user| decode::update(user, registry));
    (ids, items.collect())
}

/// Reads a message of an import whose name is `import` once it was started.
fn read(
    import: &mut Option<ImportId>,
    message: pb::ImportUsersRequest,
    registry: &Registry,
) -> engine::Result<Step> {
    match (message.message, &import) {
        (Some(Message::Start(start)), None) => {
            let id = ImportId::parse(start.import_id);
            let id = id.map_err(|invalid| decode::bad("start.import_id", invalid))?;
            *import = Some(id.clone());
            Ok(Step::Start(id))
        }
        (Some(Message::Chunk(chunk)), Some(id)) => {
            let (ids, items) = items(chunk.users, registry);
            Ok(Step::Chunk {
                import: id.clone(),
                sequence: chunk.sequence,
                ids,
                items,
            })
        }
        (Some(Message::Finish(pb::ImportFinish {})), Some(id)) => Ok(Step::Finish(id.clone())),
        (Some(Message::Finish(_)), None) => Err(engine::Error::invalid(
            "finish",
            "`start` must be sent first",
        )),
        (Some(Message::Start(_)), Some(_)) => Err(engine::Error::invalid(
            "start",
            "the import is started already",
        )),
        (Some(Message::Chunk(_)), None) => Err(engine::Error::invalid(
            "chunk",
            "`start` must be sent first",
        )),
        (None, _) => Err(engine::Error::invalid(
            "message",
            "is neither `start`, `chunk` nor `finish`",
        )),
    }
}

async fn take(
    engine: Arc<Engine>,
    step: Result<Step, Status>,
) -> Result<pb::ImportUsersResponse, Status> {
    match step? {
        Step::Start(import) => Ok(progress(engine.start_import(&import).await?)),
        Step::Finish(import) => Ok(progress(engine.finish_import(&import).await?)),
        Step::Chunk {
            import,
            sequence,
            ids,
            items,
        } => {
            let chunk = engine.import_chunk(&import, sequence, items).await?;
            Ok(pb::ImportUsersResponse {
                sequence,
                repeated_chunk: chunk.is_repeated,
                rejected: encode::rejected("chunk.users", &ids, &chunk.report),
                warnings: chunk.respelt.into_iter().map(warning).collect(),
                ..progress(chunk.progress)
            })
        }
    }
}

fn warning(respelt: Respelt) -> pb::AttributeWarning {
    let Respelt { attribute, other } = respelt;
    pb::AttributeWarning {
        message: format!(
            "users have `{other}` too, another spelling of `{attribute}`: a filter or a message reads one of them"
        ),
        attribute,
    }
}

fn progress(progress: ImportProgress) -> pb::ImportUsersResponse {
    pb::ImportUsersResponse {
        durable_sequence: progress.sequence,
        created_total: progress.created,
        updated_total: progress.updated,
        rejected_total: progress.rejected,
        ..pb::ImportUsersResponse::default()
    }
}
