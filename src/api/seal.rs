//! Sealed plans and revisions, as messages and as nouns.

use std::time::Duration;

use jiff::Timestamp;

use super::{encode, pb};
use crate::engine::{Broken, Error, Result, Seal};
use crate::model::id::{Fingerprint, Revision};
use crate::model::limits;
use crate::model::resource::{Action, Changed, Kind, RevisionInfo};

/// What an action is on the wire.
pub(super) fn action(action: Action) -> pb::ChangeAction {
    match action {
        Action::Create => pb::ChangeAction::Create,
        Action::Update => pb::ChangeAction::Update,
        Action::Delete => pb::ChangeAction::Delete,
    }
}

pub(super) fn planned(change: Changed) -> pb::PlannedChange {
    pb::PlannedChange {
        kind: change.kind.to_string(),
        name: change.name,
        action: action(change.action).into(),
        audience_before: change.before.map(encode::count),
        audience: change.after.map(encode::count),
    }
}

pub(super) fn encode(seal: Seal) -> pb::PlanSeal {
    pb::PlanSeal {
        server: seal.server,
        version: seal.version,
        planner: seal.planner,
        create_time: Some(encode::instant(seal.made_at)),
        fingerprint: seal.fingerprint.to_string(),
        revision: seal.revision.0,
        commit: seal.commit,
        owner: seal.owner,
        prune: seal.prune,
        changes: seal.changes.into_iter().map(planned).collect(),
        signature: hex::encode(seal.signature),
    }
}

/// What does not decode is not as it was encoded.
pub(super) fn decode(seal: pb::PlanSeal) -> Result<Seal> {
    let edited = || Error::Broken(Broken::Edited);
    let time = seal.create_time.unwrap_or_default();
    let changes = seal.changes.into_iter().map(change);
    Ok(Seal {
        server: seal.server,
        version: seal.version,
        planner: seal.planner,
        made_at: Timestamp::new(time.seconds, time.nanos).map_err(|_| edited())?,
        fingerprint: Fingerprint::parse(seal.fingerprint).map_err(|_| edited())?,
        revision: Revision(seal.revision),
        commit: seal.commit,
        owner: seal.owner,
        prune: seal.prune,
        changes: changes.collect::<Option<_>>().ok_or_else(edited)?,
        signature: hex::decode(&seal.signature).map_err(|_| edited())?,
    })
}

fn change(change: pb::PlannedChange) -> Option<Changed> {
    let action = match change.action() {
        pb::ChangeAction::Create => Action::Create,
        pb::ChangeAction::Update => Action::Update,
        pb::ChangeAction::Delete => Action::Delete,
        pb::ChangeAction::Unspecified => return None,
    };
    let count = |n: Option<i64>| n.map(u64::try_from).transpose().ok();
    Some(Changed {
        kind: Kind::parse(&change.kind)?,
        action,
        before: count(change.audience_before)?,
        after: count(change.audience)?,
        name: change.name,
    })
}

pub(super) fn revision(info: RevisionInfo) -> pb::Revision {
    pb::Revision {
        revision: info.revision.0,
        applied_at: Some(encode::instant(info.applied_at)),
        author: info.origin.author,
        commit: info.origin.commit,
        message: info.origin.message,
        fingerprint: info.fingerprint.to_string(),
        owner: info.record.owner,
        allowed: info.record.allowed,
        plan_time: info.record.planned_at.map(encode::instant),
        back_to: info.record.back_to.map_or(0, |revision| revision.0),
        pruned: info.record.is_pruned,
    }
}

/// How old a plan may be.
pub(super) fn age(age: prost_types::Duration) -> Result<Duration> {
    let bounds = limits::PLAN_AGE_MIN..=limits::PLAN_AGE_MAX;
    match Duration::try_from(age) {
        Ok(age) if bounds.contains(&age) => Ok(age),
        _ => Err(Error::invalid(
            "max_age",
            "from one second to 90 days are possible",
        )),
    }
}
