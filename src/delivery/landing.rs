//! From a claimed delivery to a stored outcome, with its log line and its metrics.

use jiff::Timestamp;

use crate::lifecycle::Tasks;
use crate::model::delivery::{Due, Notes, Outcome, Reason, State};
use crate::model::user::Profile;
use crate::{clock, store};

use super::attempt::{Attempted, Attempts};
use super::lane::Signal;
use super::worker::STORE_WAIT;

/// What the channel's loop learns from a delivery that has come to an end for now.
#[derive(Debug, Clone)]
pub(super) struct Landed {
    pub(super) signal: Signal,
    /// Why it was not sent.
    pub(super) reason: Option<Reason>,
    /// When the call was over. A pause counts from here, however long the store took with the outcome.
    pub(super) at: Timestamp,
    /// When this delivery is due again, if it is.
    pub(super) due_again_at: Option<Timestamp>,
}

/// Attempts a claimed delivery and stores what came of it.
pub(super) async fn deliver(
    attempts: &Attempts,
    channel: &str,
    due: Due,
    profile: Option<Profile>,
    tasks: &Tasks,
) -> Landed {
    // Asked to stop before it began: given back untouched.
    let attempted = if tasks.is_stopping() {
        Ok(Some(Attempted::uncalled(Outcome::Released)))
    } else {
        attempts.attempt(&due, profile.as_ref()).await
    };
    let at = attempts.clock().now();
    match attempted {
        Ok(Some(attempted)) => {
            let Attempted {
                outcome,
                signal,
                notes,
            } = attempted;
            let due_again_at = match &outcome {
                Outcome::Retry { at, .. } => Some(*at),
                _ => None,
            };
            report(channel, &due, &outcome);
            let reason = match &outcome {
                Outcome::Retry { reason, .. } | Outcome::Failed(reason) => Some(reason.clone()),
                _ => None,
            };
            record(attempts, &due, outcome, notes).await;
            Landed {
                signal,
                reason,
                at,
                due_again_at,
            }
        }
        // Cancelled, or the lease was lost: it is somebody else's now.
        Ok(None) => Landed::uncalled(at, None),
        Err(error) => {
            tracing::warn!(channel, delivery = %due.id, %error, "delivery left to its lease");
            Landed::uncalled(at, Some(clock::after(at, STORE_WAIT)))
        }
    }
}

// === impl Landed ===

impl Landed {
    fn uncalled(at: Timestamp, due_again_at: Option<Timestamp>) -> Self {
        Self {
            signal: Signal::None,
            reason: None,
            at,
            due_again_at,
        }
    }
}

/// Stores an outcome, however long the store takes to come back: the call was made, and forgetting it
/// would make the delivery unknown.
async fn record(attempts: &Attempts, due: &Due, outcome: Outcome, notes: Notes) {
    let (store, mut is_told) = (attempts.store(), false);
    loop {
        let now = attempts.clock().now();
        let stored = store.record(due.id, outcome.clone(), notes.clone(), now);
        match stored.await {
            Ok(()) => return,
            Err(store::Error::Closed) => {
                tracing::error!(delivery = %due.id, "the store closed before an outcome was stored");
                return;
            }
            Err(error) if !is_told => {
                is_told = true;
                tracing::warn!(delivery = %due.id, %error, "an outcome could not be stored; trying on");
            }
            Err(_) => {}
        }
        attempts.clock().sleep(STORE_WAIT).await;
    }
}

/// Counts an outcome, and logs one that people may have to look at.
fn report(channel: &str, due: &Due, outcome: &Outcome) {
    let (state, reason): (State, Option<&Reason>) = match outcome {
        Outcome::Sent { .. } => (State::Sent, None),
        Outcome::Retry { reason, .. } => (State::Pending, Some(reason)),
        Outcome::Failed(reason) => (State::Failed, Some(reason)),
        Outcome::Skipped(reason) => (State::Skipped, Some(reason)),
        Outcome::Unknown(reason) => (State::Unknown, Some(reason)),
        Outcome::Released => return,
    };
    let code = reason.map_or("", |reason| reason.code.as_str());
    metrics::counter!(
        "recado_deliveries_total",
        "channel" => channel.to_owned(), "state" => state.as_str(), "reason" => code
    )
    .increment(1);
    let Some(reason) = reason else { return };
    // The detail stays out: a platform may have put what was sent into it.
    let platform_code = reason.platform_code.map(|platform| platform.code);
    let subcode = reason.platform_code.and_then(|platform| platform.subcode);
    match state {
        State::Failed | State::Unknown => tracing::warn!(
            channel, send = %due.send, delivery = %due.id, campaign = due.campaign,
            attempt = due.attempt, state = state.as_str(), reason = code, platform_code, subcode,
            "delivery not sent"
        ),
        _ => tracing::debug!(
            channel, send = %due.send, delivery = %due.id, campaign = due.campaign,
            attempt = due.attempt, state = state.as_str(), reason = code, platform_code, subcode,
            "delivery not sent now"
        ),
    }
}
