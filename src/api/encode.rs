//! Nouns to messages.

use jiff::Timestamp;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};

use super::pb;
use crate::delivery::gates::GateVerdict;
use crate::diagnostic::{Diagnostic, Severity};
use crate::engine::{
    CampaignInfo, KnownAttribute, Membership, SegmentInfo, Standing, Target, Watched,
};
use crate::model::Value;
use crate::model::delivery::{Delivery, Pause, Reason, State};
use crate::model::id::ExternalId;
use crate::model::send::{Counts, Miss, Phase, Send};
use crate::model::user::{Profile, Rejected};
use crate::segment::Explained;
use crate::store::contract::Size;

/// A count, as protos hold it.
pub(super) fn count(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// The size of a batch or a plan, which is bounded far below.
pub(super) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

/// A user as callers read it.
pub fn user(profile: Profile) -> pb::User {
    let attributes = profile.attributes.into_iter();
    pb::User {
        external_id: profile.external_id.as_str().to_owned(),
        attributes: Some(Struct {
            fields: attributes
                .map(|(name, value)| (name, self::value(value)))
                .collect(),
        }),
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "integers are within 2^53 where they came as numbers"
)]
pub(super) fn value(value: Value) -> ProtoValue {
    let kind = match value {
        Value::Bool(b) => Kind::BoolValue(b),
        Value::Int(i) => Kind::NumberValue(i as f64),
        Value::Double(d) => Kind::NumberValue(d),
        Value::String(text) => Kind::StringValue(text),
        Value::Timestamp(at) => Kind::StringValue(at.to_string()),
        Value::List(items) => Kind::ListValue(ListValue {
            values: items.into_iter().map(self::value).collect(),
        }),
        Value::Object(map) => Kind::StructValue(Struct {
            fields: map
                .into_iter()
                .map(|(key, item)| (key, self::value(item)))
                .collect(),
        }),
    };
    ProtoValue { kind: Some(kind) }
}

pub(super) fn json(json: serde_json::Value) -> ProtoValue {
    use serde_json::Value as Json;
    let kind = match json {
        Json::Null => Kind::NullValue(0),
        Json::Bool(b) => Kind::BoolValue(b),
        Json::Number(n) => Kind::NumberValue(n.as_f64().unwrap_or_default()),
        Json::String(text) => Kind::StringValue(text),
        Json::Array(items) => Kind::ListValue(ListValue {
            values: items.into_iter().map(self::json).collect(),
        }),
        Json::Object(map) => Kind::StructValue(Struct {
            fields: map
                .into_iter()
                .map(|(key, item)| (key, self::json(item)))
                .collect(),
        }),
    };
    ProtoValue { kind: Some(kind) }
}

/// The refused items of a batch; `prefix` is where its items stand, `ids` what they were sent with.
pub(super) fn rejected<T>(
    prefix: &str,
    ids: &[String],
    report: &[Result<T, Rejected>],
) -> Vec<pb::RejectedUser> {
    let refused = report.iter().enumerate();
    let refused = refused.filter_map(|(at, item)| Some((at, item.as_ref().err()?)));
    refused
        .map(|(at, rejected)| pb::RejectedUser {
            index: small(at),
            external_id: ids.get(at).cloned().unwrap_or_default(),
            field: format!("{prefix}[{at}].{}", rejected.path),
            message: rejected.message.clone(),
        })
        .collect()
}

pub(super) fn membership(membership: Membership) -> pb::Membership {
    let (segment, campaign) = match membership.target {
        Target::Segment(name) => (name, String::new()),
        Target::Audience(name) => (String::new(), name),
        Target::Filter(_) => Default::default(),
    };
    pb::Membership {
        segment,
        campaign,
        member: membership.explained.verdict == Some(true),
        reason: Some(reason_tree(membership.explained)),
    }
}

pub(super) fn reason_tree(explained: Explained) -> pb::FilterReason {
    let reads = explained.reads.into_iter().map(|read| pb::FilterRead {
        operand: read.operand,
        value: read.value.map(value),
    });
    pb::FilterReason {
        text: explained.text,
        truth: match explained.verdict {
            Some(true) => pb::Truth::True,
            Some(false) => pb::Truth::False,
            None => pb::Truth::Unknown,
        }
        .into(),
        reads: reads.collect(),
        children: explained.children.into_iter().map(reason_tree).collect(),
    }
}

pub(super) fn attribute(attribute: KnownAttribute) -> pb::Attribute {
    let types = attribute.types.into_iter();
    pb::Attribute {
        path: attribute.path,
        declared: attribute.declared.map(|declared| pb::Declaration {
            r#type: declared.kind.to_string(),
            items: declared
                .items
                .map_or_else(String::new, |kind| kind.to_string()),
            description: declared.description,
            pii: declared.pii,
        }),
        users_by_type: types
            .map(|(kind, n)| (kind.to_string(), count(n as u64)))
            .collect(),
    }
}

/// A warning in one line.
pub(super) fn warning(warning: &Diagnostic) -> String {
    match &warning.hint {
        None => warning.message.clone(),
        Some(hint) => format!("{}; {hint}", warning.message),
    }
}

pub(super) fn diagnostic(problem: &Diagnostic) -> pb::Diagnostic {
    let place = problem.place.as_ref();
    let length = place.map_or(0, |place| place.marked().max(1));
    pb::Diagnostic {
        code: problem.code.as_str().to_owned(),
        severity: match problem.severity {
            Severity::Error => pb::DiagnosticSeverity::Error,
            Severity::Warning => pb::DiagnosticSeverity::Warning,
        }
        .into(),
        message: problem.message.clone(),
        file: place.map_or_else(String::new, |place| place.file.clone()),
        line: place.map_or(0, |place| place.line),
        column: place.map_or(0, |place| place.column),
        field_path: problem.path.clone(),
        snippet: place.map_or_else(String::new, |place| place.snippet.clone()),
        hint: problem.hint.clone().unwrap_or_default(),
        length,
    }
}

pub(super) fn campaign(info: &CampaignInfo) -> pb::Campaign {
    let campaign = &info.campaign;
    pb::Campaign {
        name: campaign.name.clone(),
        description: campaign.description.clone(),
        team: campaign.team.clone(),
        tags: campaign.tags.clone(),
        channel: campaign.channel.clone(),
        segment: campaign.segment.clone().unwrap_or_default(),
        filter: campaign.filter.clone().unwrap_or_default(),
        revision: info.revision.0,
        path: info.path.clone(),
    }
}

pub(super) fn segment(info: &SegmentInfo) -> pb::Segment {
    let segment = &info.segment;
    pb::Segment {
        name: segment.name.clone(),
        description: segment.description.clone(),
        team: segment.team.clone(),
        tags: segment.tags.clone(),
        filter: segment.filter.text().to_owned(),
        tracking: segment.tracking,
        path: info.path.clone(),
        uses: segment.filter.segments(),
    }
}

pub(super) fn size(size: Size) -> pb::SegmentSize {
    pb::SegmentSize {
        time: Some(instant(size.at)),
        size: count(size.members),
    }
}

pub(super) fn watched(told: Watched) -> pb::WatchSegmentResponse {
    let texts = |ids: Vec<ExternalId>| ids.iter().map(|id| id.as_str().to_owned()).collect();
    pb::WatchSegmentResponse {
        entered: texts(told.entered),
        left: texts(told.left),
        cursor: told.cursor.unwrap_or_default(),
        count: count(told.count),
    }
}

pub(super) fn gates(verdicts: Vec<GateVerdict>) -> Vec<pb::Gate> {
    let gates = verdicts.into_iter().map(|verdict| pb::Gate {
        name: verdict.gate.as_str().to_owned(),
        open: verdict.is_open,
        detail: verdict.detail,
    });
    gates.collect()
}

pub(super) fn reason(reason: Reason) -> pb::DeliveryReason {
    let platform = reason.platform_code;
    pb::DeliveryReason {
        code: reason.code.as_str().to_owned(),
        detail: reason.detail,
        platform_code: platform.map_or(0, |code| code.code),
        platform_subcode: platform.and_then(|code| code.subcode).unwrap_or(0),
    }
}

pub(super) fn send(standing: Standing) -> pb::Send {
    let Send {
        new,
        phase,
        counts,
        misses,
        finished_at,
    } = standing.send;
    pb::Send {
        id: new.id.to_string(),
        campaign: new.campaign,
        revision: new.revision.0,
        request_id: new
            .request_id
            .map_or_else(String::new, |id| id.as_str().to_owned()),
        whole_audience: new.is_everybody,
        phase: match phase {
            Phase::Enqueueing => pb::SendPhase::Enqueueing,
            Phase::Running => pb::SendPhase::Running,
            Phase::Finished => pb::SendPhase::Finished,
            Phase::Cancelled => pb::SendPhase::Cancelled,
        }
        .into(),
        counts: Some(send_counts(counts)),
        create_time: Some(instant(new.created_at)),
        finish_time: finished_at.map(instant),
        misses: misses.into_iter().map(miss).collect(),
        pause: standing.pause.map(pause),
    }
}

fn pause(pause: Pause) -> pb::ChannelPause {
    pb::ChannelPause {
        channel: pause.channel.to_string(),
        until_time: Some(instant(pause.until)),
        reason: pause.reason.to_owned(),
        detail: pause.why,
    }
}

pub(super) fn delivery(delivery: Delivery) -> pb::Delivery {
    pb::Delivery {
        id: delivery.id.to_string(),
        send_id: delivery.send.to_string(),
        campaign: delivery.campaign,
        external_id: delivery
            .external_id
            .map_or_else(String::new, |id| id.as_str().to_owned()),
        state: match delivery.state {
            State::Pending => pb::DeliveryState::Pending,
            State::Sending => pb::DeliveryState::Sending,
            State::Sent => pb::DeliveryState::Sent,
            State::Failed => pb::DeliveryState::Failed,
            State::Skipped => pb::DeliveryState::Skipped,
            State::Unknown => pb::DeliveryState::Unknown,
            State::Cancelled => pb::DeliveryState::Cancelled,
        }
        .into(),
        reason: delivery.reason.map(reason),
        attempts: delivery.attempts,
        message_id: delivery.message_id.unwrap_or_default(),
        create_time: Some(instant(delivery.created_at)),
        update_time: Some(instant(delivery.updated_at)),
        due_time: delivery.due_at.map(instant),
        message_extras: delivery.extras.into_iter().collect(),
    }
}

fn miss(miss: Miss) -> pb::SendMiss {
    pb::SendMiss {
        name: miss.name,
        deliveries: count(miss.deliveries),
        without_default: count(miss.gaps),
    }
}

fn send_counts(counts: Counts) -> pb::SendCounts {
    pb::SendCounts {
        pending: count(counts.pending),
        sending: count(counts.sending),
        sent: count(counts.sent),
        failed: count(counts.failed),
        skipped: count(counts.skipped),
        unknown: count(counts.unknown),
        cancelled: count(counts.cancelled),
        total: count(counts.total()),
    }
}

pub(super) fn instant(at: Timestamp) -> prost_types::Timestamp {
    // Protos count nanoseconds upwards from the second, also before 1970.
    let nanos = at.as_nanosecond();
    prost_types::Timestamp {
        seconds: i64::try_from(nanos.div_euclid(1_000_000_000)).unwrap_or(0),
        nanos: i32::try_from(nanos.rem_euclid(1_000_000_000)).unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_before_1970_count_upwards() {
        let at: Timestamp = "1969-12-31T23:59:59.5Z".parse().unwrap();
        let proto = instant(at);
        assert_eq!((proto.seconds, proto.nanos), (-1, 500_000_000));
    }
}
