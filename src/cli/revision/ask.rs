//! Reading revisions from the server.

use serde_json::{Value, json};

use crate::api::client::Client;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::{json, output, plan};

/// A file and whose it is; empty for nobody's.
pub(super) struct Owned {
    pub(super) owner: String,
    pub(super) file: pb::SourceFile,
}

/// A revision with its files, the newest without a number.
pub(super) async fn export(
    client: &mut Client,
    revision: Option<u64>,
) -> Result<(pb::Revision, Vec<Owned>), Error> {
    let (revision, files, _) = whole(client, revision).await?;
    Ok((revision, files))
}

/// As [`export`], with the plan that made it.
pub(super) async fn whole(
    client: &mut Client,
    revision: Option<u64>,
) -> Result<(pb::Revision, Vec<Owned>, Vec<pb::PlannedChange>), Error> {
    let request = pb::ExportCampaignsRequest {
        revision: revision.unwrap_or_default(),
    };
    let answer = client.campaigns.export_campaigns(request).await?;
    let answer = answer.into_inner();
    let owners = answer
        .owners
        .into_iter()
        .chain(std::iter::repeat(String::new()));
    let files = answer.files.into_iter().zip(owners);
    let files = files.map(|(file, owner)| Owned { owner, file });
    let revision = answer.revision.unwrap_or_default();
    Ok((revision, files.collect(), answer.changes))
}

/// The head lines of a revision.
pub(super) fn head(revision: &pb::Revision) -> Vec<String> {
    let back_to = match revision.back_to {
        0 => String::new(),
        earlier => format!("revision {earlier}"),
    };
    let planned = match revision.plan_time {
        None => String::new(),
        planned => json::second(planned),
    };
    let lines = [
        ("applied", json::second(revision.applied_at)),
        ("author", revision.author.clone()),
        ("commit", revision.commit.clone()),
        ("message", revision.message.clone()),
        ("owner", revision.owner.clone()),
        ("planned", planned),
        ("back to", back_to),
        (
            "pruned",
            if revision.pruned { "yes" } else { "" }.to_owned(),
        ),
        ("allowed", revision.allowed.join(", ")),
    ];
    let named = lines.into_iter().filter(|(_, text)| !text.is_empty());
    std::iter::once(format!("revision {}", revision.revision))
        .chain(named.map(|(name, text)| format!("{name:<8} {text}")))
        .collect()
}

/// The plan of a revision, a line for each change.
pub(super) fn plan(changes: &[pb::PlannedChange]) -> Vec<String> {
    let line = |change: &pb::PlannedChange| {
        let mark = match change.action() {
            pb::ChangeAction::Create => "+",
            pb::ChangeAction::Delete => "-",
            pb::ChangeAction::Update | pb::ChangeAction::Unspecified => "~",
        };
        let people = match (change.audience_before, change.audience) {
            (Some(before), Some(now)) if before != now => {
                format!("  {} -> {}", output::count(before), plan::people(now))
            }
            (_, Some(n)) | (Some(n), None) => format!("  {}", plan::people(n)),
            (None, None) => String::new(),
        };
        format!("{mark} {} {}{people}", change.kind, change.name)
    };
    changes.iter().map(line).collect()
}

pub(super) fn plan_json(changes: &[pb::PlannedChange]) -> Value {
    let change = |change: &pb::PlannedChange| {
        json!({
            "action": json::word(change.action().as_str_name(), "CHANGE_ACTION_"),
            "kind": change.kind,
            "name": change.name,
            "audience_before": change.audience_before,
            "audience": change.audience,
        })
    };
    changes.iter().map(change).collect()
}

pub(super) fn to_json(revision: &pb::Revision) -> Value {
    json!({
        "revision": revision.revision,
        "applied_at": json::time(revision.applied_at),
        "author": revision.author,
        "commit": revision.commit,
        "message": revision.message,
        "fingerprint": revision.fingerprint,
        "owner": revision.owner,
        "planned_at": json::time(revision.plan_time),
        "back_to": (revision.back_to > 0).then_some(revision.back_to),
        "pruned": revision.pruned,
        "allowed": revision.allowed,
    })
}
