//! `CampaignService`.

use std::sync::Arc;

use tonic::{Request, Response, Status};

use super::page_token::{self, Query};
use super::pb::campaign_service_server::CampaignService;
use super::status::Refused;
use super::{decode, encode, pb, plan, preview, seal};
use crate::campaign::SourceFile;
use crate::engine::{
    Allowed, ApplyRequest, Back, Engine, Error, PlanRequest, Seen, SendRequest, Whose, Wish,
};
use crate::model::id::{Fingerprint, RequestId, Revision};
use crate::model::limits;
use crate::model::resource::Origin;
use crate::model::send::{Audience, Recipient};

pub(super) struct Campaigns {
    pub(super) engine: Arc<Engine>,
}

#[tonic::async_trait]
impl CampaignService for Campaigns {
    async fn plan_campaigns(
        &self,
        request: Request<pb::PlanCampaignsRequest>,
    ) -> Result<Response<pb::PlanCampaignsResponse>, Status> {
        let request = request.into_inner();
        let planned = self.engine.plan(PlanRequest {
            wish: wish(request.files, request.prune, request.back)?,
            allowed: allowed(&request.allow)?,
            commit: decode::bounded("commit", request.commit, limits::REVISION_NAME_BYTES_MAX)?,
        });
        let planned = planned.await?;
        Ok(Response::new(pb::PlanCampaignsResponse {
            plan: planned.plan.map(plan::plan),
            seal: planned.seal.map(seal::encode),
            diagnostics: planned.diagnostics.iter().map(encode::diagnostic).collect(),
        }))
    }

    async fn apply_campaigns(
        &self,
        request: Request<pb::ApplyCampaignsRequest>,
    ) -> Result<Response<pb::ApplyCampaignsResponse>, Status> {
        let applied = self.engine.apply(apply_request(request.into_inner())?);
        let applied = applied.await?;
        Ok(Response::new(pb::ApplyCampaignsResponse {
            revision: applied.revision.0,
            already_applied: applied.plan.is_none(),
            plan: applied.plan.map(plan::plan),
            warnings: applied.warnings,
            newest: applied.newest.0,
        }))
    }

    async fn list_campaigns(
        &self,
        request: Request<pb::ListCampaignsRequest>,
    ) -> Result<Response<pb::ListCampaignsResponse>, Status> {
        let request = request.into_inner();
        let size = page_token::page_size(request.page_size)?;
        let query = Query::of(&["campaigns"]);
        // A name need not exist any more to go on behind it.
        let after = match query.cursor(&request.page_token)? {
            None => None,
            Some(bytes) => Some(String::from_utf8(bytes).map_err(|_| Refused::PageToken)?),
        };
        let mut found = self.engine.list_campaigns(after.as_deref(), size + 1);
        let next_page_token = page_token::cut(&mut found, size, |last| {
            query.token(last.campaign.name.as_bytes())
        });
        Ok(Response::new(pb::ListCampaignsResponse {
            campaigns: found.iter().map(encode::campaign).collect(),
            next_page_token,
        }))
    }

    async fn get_campaign(
        &self,
        request: Request<pb::GetCampaignRequest>,
    ) -> Result<Response<pb::GetCampaignResponse>, Status> {
        let (info, audience) = self
            .engine
            .get_campaign(&request.into_inner().campaign)
            .await?;
        Ok(Response::new(pb::GetCampaignResponse {
            campaign: Some(encode::campaign(&info)),
            source: info.source,
            audience: encode::count(audience),
        }))
    }

    async fn list_revisions(
        &self,
        request: Request<pb::ListRevisionsRequest>,
    ) -> Result<Response<pb::ListRevisionsResponse>, Status> {
        let request = request.into_inner();
        let size = page_token::page_size(request.page_size)?;
        let query = Query::of(&["revisions"]);
        let before = match query.cursor(&request.page_token)? {
            None => None,
            Some(bytes) => {
                let number = bytes.try_into().map_err(|_| Refused::PageToken)?;
                Some(Revision(u64::from_be_bytes(number)))
            }
        };
        let mut found = self.engine.list_revisions(before, size + 1).await?;
        let next_page_token = page_token::cut(&mut found, size, |last| {
            query.token(&last.revision.0.to_be_bytes())
        });
        Ok(Response::new(pb::ListRevisionsResponse {
            revisions: found.into_iter().map(seal::revision).collect(),
            next_page_token,
        }))
    }

    async fn export_campaigns(
        &self,
        request: Request<pb::ExportCampaignsRequest>,
    ) -> Result<Response<pb::ExportCampaignsResponse>, Status> {
        let asked = request.into_inner().revision;
        let revision = (asked > 0).then_some(Revision(asked));
        let exported = self.engine.export(revision).await?;
        let (mut files, mut owners) = (Vec::new(), Vec::new());
        for document in exported.documents {
            owners.push(document.owner);
            files.push(pb::SourceFile {
                path: document.path,
                text: document.source,
            });
        }
        Ok(Response::new(pb::ExportCampaignsResponse {
            revision: Some(seal::revision(exported.info)),
            files,
            owners,
            changes: exported.changes.into_iter().map(seal::planned).collect(),
        }))
    }

    async fn preview_message(
        &self,
        request: Request<pb::PreviewMessageRequest>,
    ) -> Result<Response<pb::PreviewMessageResponse>, Status> {
        let shown = preview::preview(&self.engine, request.into_inner()).await?;
        Ok(Response::new(shown))
    }

    async fn send_test_message(
        &self,
        request: Request<pb::SendTestMessageRequest>,
    ) -> Result<Response<pb::SendTestMessageResponse>, Status> {
        let tested = preview::send_test(&self.engine, request.into_inner()).await?;
        Ok(Response::new(tested))
    }

    async fn send_campaign(
        &self,
        request: Request<pb::SendCampaignRequest>,
    ) -> Result<Response<pb::SendCampaignResponse>, Status> {
        let request = send_request(request.into_inner())?;
        let started = self.engine.send(request).await?;
        Ok(Response::new(pb::SendCampaignResponse {
            send: Some(encode::send(self.engine.standing(started.send))),
            repeated_request: started.is_repeated,
            request_differs: started.differs,
        }))
    }
}

pub(super) fn files(files: Vec<pb::SourceFile>) -> Vec<SourceFile> {
    let files = files.into_iter();
    files
        .map(|file| SourceFile::new(&file.path, file.text))
        .collect()
}

fn apply_request(request: pb::ApplyCampaignsRequest) -> crate::engine::Result<ApplyRequest> {
    let name = limits::REVISION_NAME_BYTES_MAX;
    let message = limits::REVISION_MESSAGE_BYTES_MAX;
    let wish = wish(request.files, request.prune, request.back)?;
    let seen = match request.seal {
        Some(_) if matches!(wish, Wish::Back(_)) => {
            let message = "a `seal` is given too: leave one out";
            return Err(Error::invalid("back", message));
        }
        Some(sealed) if request.fingerprint.is_empty() => {
            Seen::Sealed(Box::new(seal::decode(sealed)?))
        }
        Some(_) => {
            let message = "a `seal` is given too: leave one out";
            return Err(Error::invalid("fingerprint", message));
        }
        None => {
            let fingerprint = Fingerprint::parse(request.fingerprint);
            Seen::Fingerprint(fingerprint.map_err(|invalid| decode::bad("fingerprint", invalid))?)
        }
    };
    Ok(ApplyRequest {
        seen,
        max_age: request.max_age.map(seal::age).transpose()?,
        origin: Origin {
            author: decode::bounded("author", request.author, name)?,
            commit: decode::bounded("commit", request.commit, name)?,
            message: decode::bounded("message", request.message, message)?,
        },
        allowed: allowed(&request.allow)?,
        wish,
    })
}

fn allowed(allow: &[String]) -> crate::engine::Result<Allowed> {
    Allowed::parse(allow).map_err(|invalid| decode::bad("allow", invalid))
}

fn wish(
    files: Vec<pb::SourceFile>,
    prune: bool,
    back: Option<pb::RevisionTarget>,
) -> crate::engine::Result<Wish> {
    let Some(target) = back else {
        return Ok(Wish::Files {
            files: self::files(files).into(),
            prune,
        });
    };
    if !files.is_empty() || prune {
        let message = "it stands instead of files: leave `files` and `prune` out";
        return Err(Error::invalid("back", message));
    }
    let whose = match (target.owner, target.all_owners) {
        (Some(_), true) => {
            let message = "an `owner` is given too: leave one out";
            return Err(Error::invalid("back.all_owners", message));
        }
        (Some(owner), false) => Whose::Owner(owner),
        (None, true) => Whose::Everybody,
        (None, false) => Whose::Changed,
    };
    Ok(Wish::Back(Back {
        revision: Revision(target.revision),
        whose,
    }))
}

pub(super) fn trigger(
    field: &str,
    properties: Option<prost_types::Struct>,
) -> crate::engine::Result<std::collections::BTreeMap<String, crate::model::Value>> {
    decode::properties(field, properties, limits::TRIGGER_PROPERTIES_BYTES_MAX)
}

fn send_request(request: pb::SendCampaignRequest) -> crate::engine::Result<SendRequest> {
    let request_id = request.request_id.map(RequestId::parse).transpose();
    let request_id = request_id.map_err(|invalid| decode::bad("request_id", invalid))?;
    let audience = match request.audience {
        None => {
            let recipients = request.recipients.into_iter().enumerate();
            let recipients = recipients.map(|(at, recipient)| self::recipient(at, recipient));
            Audience::Recipients(recipients.collect::<Result<_, _>>()?)
        }
        Some(pb::WholeAudience {}) if request.recipients.is_empty() => Audience::Everybody,
        Some(pb::WholeAudience {}) => {
            return Err(Error::invalid(
                "audience",
                "`recipients` are given too: leave one out",
            ));
        }
    };
    Ok(SendRequest {
        campaign: request.campaign,
        audience,
        request_id,
    })
}

fn recipient(at: usize, recipient: pb::Recipient) -> crate::engine::Result<Recipient> {
    let path = format!("recipients[{at}]");
    Ok(Recipient {
        external_id: decode::id(&format!("{path}.external_id"), recipient.external_id)?,
        trigger_properties: trigger(
            &format!("{path}.trigger_properties"),
            recipient.trigger_properties,
        )?,
    })
}
