//! Reading revisions from the server.

use serde_json::{Value, json};

use crate::api::client::Client;
use crate::api::pb;
use crate::cli::error::Error;
use crate::cli::json;

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
    Ok((answer.revision.unwrap_or_default(), files.collect()))
}

/// The head lines of a revision.
pub(super) fn head(revision: &pb::Revision) -> Vec<String> {
    let lines = [
        ("applied", json::second(revision.applied_at)),
        ("author", revision.author.clone()),
        ("commit", revision.commit.clone()),
        ("message", revision.message.clone()),
    ];
    let named = lines.into_iter().filter(|(_, text)| !text.is_empty());
    std::iter::once(format!("revision {}", revision.revision))
        .chain(named.map(|(name, text)| format!("{name:<8} {text}")))
        .collect()
}

pub(super) fn to_json(revision: &pb::Revision) -> Value {
    json!({
        "revision": revision.revision,
        "applied_at": json::time(revision.applied_at),
        "author": revision.author,
        "commit": revision.commit,
        "message": revision.message,
        "fingerprint": revision.fingerprint,
    })
}
