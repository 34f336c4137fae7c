//! The loop of one channel: claim what is due and may begin, start it, learn from what comes back.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::{JoinError, JoinSet};

use crate::campaign::{Channel, SecretRef};
use crate::clock;
use crate::lifecycle::Tasks;
use crate::model::delivery::{Due, Pause, ReasonCode};
use crate::store;

use super::attempt::Attempts;
use super::landing::{self, Landed};
use super::lane::{Lane, Signal};
use super::wake::Waker;
use super::worker::{STORE_WAIT, Settings, until};

pub(super) struct ChannelLoop {
    name: Arc<str>,
    attempts: Arc<Attempts>,
    in_flight_max: usize,
    lease: Duration,
    waker: Waker,
    tasks: Tasks,
    lane: Lane,
    /// The pace is the channel's of the revision last claimed; before that it is not known.
    is_pace_known: bool,
    /// Where the page's token is, of the same revision.
    token: Option<SecretRef>,
    flights: JoinSet<Landed>,
    quiet: Quiet,
}

/// Whether the store is known to have nothing due, so that it is not asked for each call that ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quiet {
    /// There may be something due.
    No,
    /// Nothing is due before this.
    Until(Timestamp),
    /// Nothing is pending.
    Empty,
}

/// What the loop waits for besides pokes and landings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// Look again at once.
    Now,
    At(Timestamp),
    /// A landing or a poke.
    Event,
}

// === impl ChannelLoop ===

impl ChannelLoop {
    pub(super) fn new(
        name: String,
        attempts: Arc<Attempts>,
        settings: &Settings,
        waker: Waker,
        tasks: Tasks,
    ) -> Self {
        let lane = Lane::new(None, attempts.clock().now());
        Self {
            name: name.into(),
            attempts,
            in_flight_max: settings.in_flight_max.max(1),
            lease: settings.lease,
            waker,
            tasks,
            lane,
            is_pace_known: false,
            token: None,
            flights: JoinSet::new(),
            quiet: Quiet::No,
        }
    }

    /// Runs until asked to stop; then what has begun ends and is stored, the rest is given back.
    pub(super) async fn run(mut self) {
        while !self.tasks.is_stopping() {
            if self.waker.arm() {
                self.quiet = Quiet::No;
            }
            while let Some(landed) = self.flights.try_join_next() {
                self.land(landed);
            }
            let next = match self.launch().await {
                Ok(next) => next,
                Err(store::Error::Closed) => break,
                Err(error) => {
                    tracing::warn!(channel = &*self.name, %error, "deliveries could not be claimed; waiting");
                    Next::At(clock::after(self.now(), STORE_WAIT))
                }
            };
            self.wait(next).await;
        }
        while let Some(landed) = self.flights.join_next().await {
            self.land(landed);
        }
    }

    async fn wait(&mut self, next: Next) {
        let at = match next {
            Next::Now => return,
            Next::At(at) => Some(at),
            Next::Event => None,
        };
        let attempts = Arc::clone(&self.attempts);
        let landed = tokio::select! {
            Some(landed) = self.flights.join_next() => landed,
            () = self.waker.poked() => {
                self.quiet = Quiet::No;
                return;
            }
            () = until(attempts.clock(), at) => return,
            () = self.tasks.stopping() => return,
        };
        self.land(landed);
    }

    /// Claims what may begin now, and begins it.
    async fn launch(&mut self) -> store::contract::Result<Next> {
        let now = self.now();
        if let Some(next) = self.quiet_at(now) {
            return Ok(next);
        }
        let free = self.in_flight_max - self.flights.len();
        // Claimed by the quarter: one claim for each call that ends would keep the store busy with asking.
        if free < self.in_flight_max.div_ceil(4) {
            return Ok(Next::Event);
        }
        // The first claim is of one: it tells the pace.
        let want = if self.is_pace_known { free } else { 1 };
        let taken = self.lane.take(want, now);
        if taken == 0 {
            return Ok(self.lane.ready_at(now).map_or(Next::Event, Next::At));
        }
        let claimed = self.claim(taken, now).await;
        let begun = claimed.as_ref().map_or(0, |count| *count);
        self.lane.put_back(taken - begun, now);
        claimed?;
        if begun == taken {
            return Ok(Next::Now);
        }
        // A short claim: nothing more is due at `now`.
        let store = self.attempts.store();
        self.quiet = match store.next_due(&self.name).await? {
            None => Quiet::Empty,
            // Due and yet not claimed: somebody else's lease is on it.
            Some(at) if at <= now => Quiet::Until(clock::after(now, STORE_WAIT)),
            Some(at) => Quiet::Until(at),
        };
        Ok(self.quiet_at(now).unwrap_or(Next::Now))
    }

    /// Answers how many were begun.
    async fn claim(&mut self, max: usize, now: Timestamp) -> store::contract::Result<usize> {
        let store = self.attempts.store();
        let dues = store.claim_due(&self.name, now, self.lease, max).await?;
        if dues.is_empty() {
            return Ok(0);
        }
        let ids: Vec<_> = dues.iter().map(|due| due.external_id.clone()).collect();
        // Failing here leaves the claimed to their lease: they come back when it is over.
        let profiles = store.profiles(&ids).await?;
        if let Some(channel) = self.channel_of(&dues).await {
            self.lane.set_pace(channel.pace, now);
            self.is_pace_known = true;
            self.token = channel.token().cloned();
        }
        let begun = dues.len();
        for (due, profile) in dues.into_iter().zip(profiles) {
            let attempts = Arc::clone(&self.attempts);
            let tasks = self.tasks.clone();
            let channel = Arc::clone(&self.name);
            self.flights.spawn(async move {
                landing::deliver(&attempts, &channel, due, profile, &tasks).await
            });
        }
        metrics::gauge!("recado_in_flight", "channel" => self.name.to_string())
            .set(count(self.flights.len()));
        Ok(begun)
    }

    /// The channel as the newest claimed revision has it; `None` when it cannot be told now.
    async fn channel_of(&self, dues: &[Due]) -> Option<Arc<Channel>> {
        let newest = dues.iter().map(|due| due.revision).max()?;
        let set = self.attempts.revisions().get(newest).await.ok()?;
        set.channel(&self.name).cloned()
    }

    fn land(&mut self, landed: Result<Landed, JoinError>) {
        let landed = match landed {
            Ok(landed) => landed,
            // Seen by the task this loop runs in, which stops the server.
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => return,
        };
        let until = self.lane.learn(landed.signal, landed.at);
        self.tell(until, &landed);
        metrics::gauge!("recado_channel_paused", "channel" => self.name.to_string())
            .set(f64::from(u8::from(self.lane.is_paused())));
        match (landed.due_again_at, self.quiet) {
            (Some(at), Quiet::Until(until)) => self.quiet = Quiet::Until(until.min(at)),
            (Some(at), Quiet::Empty) => self.quiet = Quiet::Until(at),
            _ => {}
        }
        metrics::gauge!("recado_in_flight", "channel" => self.name.to_string())
            .set(count(self.flights.len()));
    }

    /// Says that a pause began or is over, where people look: in the log, the metrics, and with sends.
    fn tell(&self, until: Option<Timestamp>, landed: &Landed) {
        let pauses = self.attempts.pauses();
        if let Some(until) = until {
            let why = self.why(landed);
            tracing::warn!(channel = &*self.name, %until, why, "channel paused");
            pauses.begin(Pause {
                channel: Arc::clone(&self.name),
                until,
                reason: reason_of(landed),
                why,
            });
        } else if !self.lane.is_paused() && pauses.end(&self.name) {
            tracing::info!(channel = &*self.name, "channel goes on");
        }
    }

    /// What keeps the channel from sending, with the name of what is to be mended.
    fn why(&self, landed: &Landed) -> String {
        let Some(reason) = &landed.reason else {
            return why_of(landed.signal).to_owned();
        };
        match (reason.code, &self.token) {
            // Its detail is ours; what a platform says may hold what was sent, and stays out.
            (ReasonCode::ChannelMisconfigured, _) => reason.detail.clone(),
            (ReasonCode::TokenRejected, Some(token)) => {
                format!("the platform rejects the token in {token}")
            }
            (ReasonCode::PageRestricted, _) => "the platform restricts the page".to_owned(),
            _ => why_of(landed.signal).to_owned(),
        }
    }

    fn quiet_at(&self, now: Timestamp) -> Option<Next> {
        match self.quiet {
            Quiet::Empty => Some(Next::Event),
            Quiet::Until(at) if now < at => Some(Next::At(at)),
            Quiet::Until(_) | Quiet::No => None,
        }
    }

    fn now(&self) -> Timestamp {
        self.attempts.clock().now()
    }
}

fn why_of(signal: Signal) -> &'static str {
    match signal {
        Signal::Throttled { .. } => "the platform asks for a pause",
        Signal::Answered { .. } => "the platform's quota is nearly used up",
        Signal::Silent => "nobody answers",
        Signal::Stopped | Signal::None => "the channel is refused",
    }
}

/// The name of the cause. What was sent, or may have been, has a signal alone.
fn reason_of(landed: &Landed) -> &'static str {
    let code = match (&landed.reason, landed.signal) {
        (_, Signal::Answered { .. }) => ReasonCode::Throttled,
        (Some(reason), _) => reason.code,
        (None, _) => ReasonCode::NoAnswer,
    };
    code.as_str()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn count(n: usize) -> f64 {
    n as f64
}
