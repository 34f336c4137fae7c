//! Previews and tests of `CampaignService`.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::campaigns::{files, trigger};
use super::pb::preview_message_request::Subject as WireSubject;
use super::{decode, encode, pb};
use crate::delivery;
use crate::delivery::compose::{Composed, Reader};
use crate::delivery::contents::{Asked, End, How};
use crate::delivery::gates;
use crate::diagnostic::Diagnostic;
use crate::engine::{Basis, Engine, Error, Previewed, Properties, Result, Subject};
use crate::model::limits;

pub(super) async fn preview(
    engine: &Arc<Engine>,
    request: pb::PreviewMessageRequest,
) -> Result<pb::PreviewMessageResponse> {
    let basis = if request.files.is_empty() {
        engine.applied()
    } else {
        match engine.draft(files(request.files)).await? {
            Ok(basis) => basis,
            Err(problems) => return Ok(broken(&problems)),
        }
    };
    let subject = subject(request.subject, &basis)?;
    let properties = properties(request.trigger_properties, request.event_properties)?;
    let previewed = engine
        .preview(&basis, &request.campaign, subject, &properties)
        .await?;
    let warnings = basis.warnings_of(&request.campaign);
    Ok(pb::PreviewMessageResponse {
        diagnostics: warnings.into_iter().map(encode::diagnostic).collect(),
        ..shown(previewed)
    })
}

pub(super) async fn send_test(
    engine: &Engine,
    request: pb::SendTestMessageRequest,
) -> Result<pb::SendTestMessageResponse> {
    let id = decode::id("external_id", request.external_id)?;
    let properties = properties(request.trigger_properties, request.event_properties)?;
    let test = engine
        .send_test(&request.campaign, &id, &properties)
        .await?;
    let (message_id, reason) = match test.tested.result {
        Ok(message_id) => (message_id, None),
        Err(reason) => (String::new(), Some(encode::reason(reason))),
    };
    Ok(pb::SendTestMessageResponse {
        message_id,
        reason,
        http_status: test.tested.status.map_or(0, u32::from),
        gates: encode::gates(test.tested.gates),
        delivery_id: test.delivery.to_string(),
    })
}

fn subject(subject: Option<WireSubject>, basis: &Basis) -> Result<Subject> {
    Ok(match subject {
        Some(WireSubject::ExternalId(id)) => Subject::Existing(decode::id("external_id", id)?),
        Some(WireSubject::User(user)) => {
            Subject::Made(decode::profile("user", user, basis.registry())?)
        }
        Some(WireSubject::RandomMember(random)) => Subject::Random { seed: random.seed },
        None => {
            let message = "`external_id`, `user` or `random_member` must be given";
            return Err(Error::invalid("subject", message));
        }
    })
}

fn properties(
    of_trigger: Option<prost_types::Struct>,
    of_event: Option<prost_types::Struct>,
) -> Result<Properties> {
    let event = of_event.map(|event| {
        let max = limits::EVENT_PROPERTIES_BYTES_MAX;
        decode::properties("event_properties", Some(event), max)
    });
    Ok(Properties {
        trigger: trigger("trigger_properties", of_trigger)?,
        event: event.transpose()?,
    })
}

fn shown(previewed: Previewed) -> pb::PreviewMessageResponse {
    let shut = gates::first_shut(&previewed.preview.gates);
    // Of a message that could not be made nothing is warned of.
    let gaps = previewed.preview.message.as_ref().ok();
    let gaps = gaps.map(|composed| composed.notes.gaps.clone());
    let gaps = gaps.unwrap_or_default();
    let asked = previewed.preview.asked.into_iter();
    let mut response = pb::PreviewMessageResponse {
        gates: encode::gates(previewed.preview.gates),
        audience: previewed.preview.outside.map(encode::reason_tree),
        reason: shut.map(encode::reason),
        warnings: previewed.warnings,
        external_id: previewed.external_id.as_str().to_owned(),
        seed: previewed.seed,
        content_calls: asked.map(|asked| call(asked, &gaps)).collect(),
        ..pb::PreviewMessageResponse::default()
    };
    match previewed.preview.message {
        // The first gate that is shut is what a real delivery would be told.
        Err(reason) => {
            response.misses = previewed.preview.misses;
            response
                .reason
                .get_or_insert_with(|| encode::reason(reason));
        }
        Ok(composed) => put(composed, &mut response),
    }
    response
}

fn call(asked: Asked, gaps: &BTreeSet<String>) -> pb::ContentCall {
    let source = match asked.how {
        How::Called => pb::ContentSource::Call,
        How::Kept => pb::ContentSource::Cache,
        How::NotCalled => pb::ContentSource::None,
    };
    let end = match asked.end {
        End::Answered => pb::ContentEnd::Answered,
        End::Missed => pb::ContentEnd::Missed,
        End::Refused => pb::ContentEnd::Refused,
    };
    let is_gap = asked.end == End::Missed && gaps.contains(&asked.result);
    pb::ContentCall {
        warning: if is_gap {
            delivery::gap(&asked.result)
        } else {
            String::new()
        },
        end: end.into(),
        problem: asked.problem,
        method: asked.method,
        url: asked.url,
        source: source.into(),
        result: asked.result,
    }
}

fn put(composed: Composed, response: &mut pb::PreviewMessageResponse) {
    let shown = composed.shown();
    response.request = Some(pb::HttpRequest {
        method: shown.method,
        url: shown.url,
        headers: shown.headers.into_iter().collect(),
        body: shown.body,
    });
    response.channel_type = match composed.reader {
        Reader::Messenger => pb::ChannelType::Messenger,
        Reader::Webhook => pb::ChannelType::Webhook,
    }
    .into();
    response.message = composed.message.map(encode::json);
    response.misses = composed.notes.misses.into_iter().collect();
    response.message_extras = composed.notes.extras.into_iter().collect();
}

/// A draft that is none: whoever only looks at the reason must not take it for a message that would be sent.
fn broken(problems: &[Diagnostic]) -> pb::PreviewMessageResponse {
    let errors = problems.iter().filter(|problem| problem.is_error());
    pb::PreviewMessageResponse {
        reason: Some(pb::DeliveryReason {
            code: "invalid_files".to_owned(),
            detail: format!("{} error(s) in the files", errors.count()),
            ..pb::DeliveryReason::default()
        }),
        diagnostics: problems.iter().map(encode::diagnostic).collect(),
        ..pb::PreviewMessageResponse::default()
    }
}
