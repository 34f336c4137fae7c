//! A plan in a file: what was reviewed, to be applied as it is.
//!
//! One JSON document, described in `docs/apply.md`. It holds the campaign files, and what the server signed of the plan.

use std::cmp::Ordering;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::{Error, MAKE_ANEW};
use super::{json, output, whole};
use crate::api::pb;
use crate::model::limits;

/// What a plan's format begins with, and which of them this program reads and writes.
const FORMATS: &str = "recado-plan/";
const FORMAT: &str = "recado-plan/1";
const NUMBER: u32 = 1;

/// What a file holds. Nothing in it is not signed, so that nobody reviews what is not applied.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    server: String,
    version: String,
    planner: u32,
    made_at: jiff::Timestamp,
    revision: u64,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    commit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    owner: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    prune: bool,
    fingerprint: String,
    changes: Vec<Change>,
    files: Vec<SourceFile>,
    signature: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    action: String,
    kind: String,
    name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience_before: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audience: Option<i64>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceFile {
    path: String,
    text: String,
}

/// A plan as it is given to the server again.
#[derive(Debug)]
pub(super) struct Saved {
    pub(super) seal: pb::PlanSeal,
    pub(super) files: Vec<pb::SourceFile>,
}

/// Writes the plan that the server sealed.
pub(super) fn keep(
    path: &Path,
    seal: Option<pb::PlanSeal>,
    files: Vec<pb::SourceFile>,
    (allowed, limits): (&[String], &[pb::PlanLimit]),
) -> Result<(), Error> {
    let seal = seal.ok_or(Error::Answer("seal of the plan"))?;
    let mut text = serde_json::to_string_pretty(&document(seal, files))
        .map_err(|error| Error::Input(format!("the plan cannot be written: {error}")))?;
    text.push('\n');
    whole::write(path, text.as_bytes())?;
    let mut command = format!("recado apply --plan {}", path.display());
    for name in allowed.iter().chain(limits.iter().map(|it| &it.allow)) {
        command = command + " --allow " + name;
    }
    let when = if limits.is_empty() {
        ""
    } else {
        ", over its limits"
    };
    output::note(format_args!("saved; `{command}` applies it{when}"));
    Ok(())
}

/// # Errors
/// The file cannot be read, or is no plan of a version that this program knows.
pub(super) fn read(path: &Path) -> Result<Saved, Error> {
    let file = File::open(path).map_err(Error::file(path))?;
    let mut text = String::new();
    // One byte more than allowed: enough to tell that it is too large.
    let most = limits::PLAN_FILE_BYTES_MAX;
    let read = file.take(most + 1).read_to_string(&mut text);
    read.map_err(|error| match error.kind() {
        ErrorKind::InvalidData => bad(path, "it is no text"),
        _ => Error::file(path)(error),
    })?;
    if text.len() as u64 > most {
        return Err(bad(path, &format!("it has more than {most} bytes")));
    }
    // Another version's plan is told as such, whatever else is in it.
    let format = serde_json::from_str::<Value>(&text)
        .ok()
        .and_then(|it| Some(it.get("format")?.as_str()?.to_owned()));
    match format.as_deref() {
        Some(FORMAT) => {}
        Some(other) => return Err(of_other_format(path, other)),
        None => return Err(bad(path, "it is no plan that `recado plan --out` wrote")),
    }
    let document: Document =
        serde_json::from_str(&text).map_err(|error| bad(path, &error.to_string()))?;
    saved(document).ok_or_else(|| bad(path, "an action in it is none: was it edited?"))
}

fn bad(path: &Path, why: &str) -> Error {
    Error::Plan {
        what: format!("`{}`: {why}", path.display()),
        hint: MAKE_ANEW,
    }
}

/// Says who is old: the plan, or the program that is to read it.
fn of_other_format(path: &Path, other: &str) -> Error {
    let number = other.strip_prefix(FORMATS);
    let number = number.and_then(|number| number.parse::<u32>().ok());
    let (who, hint) = match number.map(|number| number.cmp(&NUMBER)) {
        Some(Ordering::Greater) => (
            "a newer `recado` saved it: ",
            "replace this program by the one that saved it, or plan again with this one",
        ),
        Some(Ordering::Less) => (
            "an older `recado` saved it: ",
            "plan again with this program, and look at the new plan",
        ),
        _ => ("", MAKE_ANEW),
    };
    let other: String = other.chars().take(40).collect();
    Error::Plan {
        what: format!(
            "`{}`: {who}its format is `{other}`, and this program reads `{FORMAT}`",
            path.display()
        ),
        hint,
    }
}

fn document(seal: pb::PlanSeal, files: Vec<pb::SourceFile>) -> Document {
    let changes = seal.changes.iter().map(|change| Change {
        action: json::word(change.action().as_str_name(), "CHANGE_ACTION_"),
        kind: change.kind.clone(),
        name: change.name.clone(),
        audience_before: change.audience_before,
        audience: change.audience,
    });
    let time = seal.create_time.unwrap_or_default();
    let files = files.into_iter().map(|file| SourceFile {
        path: file.path,
        text: file.text,
    });
    Document {
        format: FORMAT.to_owned(),
        changes: changes.collect(),
        server: seal.server,
        version: seal.version,
        planner: seal.planner,
        made_at: jiff::Timestamp::new(time.seconds, time.nanos).unwrap_or_default(),
        revision: seal.revision,
        commit: seal.commit,
        owner: seal.owner,
        prune: seal.prune,
        fingerprint: seal.fingerprint,
        files: files.collect(),
        signature: seal.signature,
    }
}

/// None where an action is not one that we wrote.
fn saved(document: Document) -> Option<Saved> {
    let changes = document.changes.into_iter().map(|change| {
        let name = format!("CHANGE_ACTION_{}", change.action.to_ascii_uppercase());
        Some(pb::PlannedChange {
            kind: change.kind,
            name: change.name,
            action: pb::ChangeAction::from_str_name(&name)?.into(),
            audience_before: change.audience_before,
            audience: change.audience,
        })
    });
    let changes = changes.collect::<Option<_>>()?;
    let at = document.made_at;
    let seal = pb::PlanSeal {
        server: document.server,
        version: document.version,
        planner: document.planner,
        create_time: Some(prost_types::Timestamp {
            seconds: at.as_second(),
            nanos: at.subsec_nanosecond(),
        }),
        fingerprint: document.fingerprint,
        revision: document.revision,
        commit: document.commit,
        owner: document.owner,
        prune: document.prune,
        changes,
        signature: document.signature,
    };
    let files = document.files.into_iter().map(|file| pb::SourceFile {
        path: file.path,
        text: file.text,
    });
    Some(Saved {
        seal,
        files: files.collect(),
    })
}
