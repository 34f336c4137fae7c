//! Stopping, leases and cancelling: nothing is lost and nothing is sent that may not be.

use std::time::Duration;

use recado::clock::Clock;
use recado::delivery::Settings;
use recado::model::delivery::{Outcome, State};
use recado::model::send::Phase;
use recado::sandbox::{Fault, Rule};

use super::stage::{Stage, in_time, people};

const LEASE: Duration = Duration::from_mins(1);

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_calls_under_way_finish_and_gives_the_rest_back() {
    let stage = Stage::new().await;
    let send = stage.send("stopped", &people(20)).await;
    stage.sandbox.handle.add_fault(Rule::always(Fault::Hang));
    stage.start_with(Settings {
        in_flight_max: 4,
        ..Settings::default()
    });
    in_time(stage.sandbox.handle.called(4)).await;
    stage.tasks.stop();
    stage.sandbox.handle.clear_faults();
    stage.sandbox.handle.release();
    stage.stop().await;
    let record = stage.until(send, |record| record.counts.sending == 0).await;
    assert_eq!(record.counts.sent + record.counts.unknown, 4);
    assert_eq!(record.counts.pending, 16);
    for delivery in stage.deliveries(send).await {
        let was_called = delivery.state != State::Pending;
        assert_eq!(delivery.attempts, u32::from(was_called));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_dead_worker_claimed_comes_back_when_its_lease_is_over() {
    let stage = Stage::new().await;
    let send = stage.send("leased", &people(3)).await;
    let now = stage.clock.now();
    let claimed = stage.store.claim_due("page", now, LEASE, 10).await.unwrap();
    assert_eq!(claimed.len(), 3);
    stage.clock.advance(LEASE + Duration::from_secs(1));
    stage.start();
    stage.until_state(send, State::Sent, 3).await;
    assert_eq!(stage.psids_sent().len(), 3);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_being_sent_when_the_process_died_is_unknown() {
    let stage = Stage::new().await;
    let send = stage.send("died", &people(1)).await;
    let now = stage.clock.now();
    let claimed = stage.store.claim_due("page", now, LEASE, 1).await.unwrap();
    assert!(stage.store.begin(claimed[0].id, now).await.unwrap());
    stage.start();
    stage.until_state(send, State::Unknown, 1).await;
    assert!(stage.psids_sent().is_empty());
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_cancelled_after_the_claim_makes_no_call() {
    let stage = Stage::new().await;
    let send = stage.send("cancelled", &people(1)).await;
    let now = stage.clock.now();
    let claimed = stage.store.claim_due("page", now, LEASE, 1).await.unwrap();
    let cancelled = stage.store.cancel_send(send, now).await.unwrap().unwrap();
    assert_eq!(cancelled.phase, Phase::Cancelled);
    let due = &claimed[0];
    let profile = stage.store.get_user(&due.external_id).await.unwrap();
    let attempted = stage.attempts.attempt(due, profile.as_ref()).await.unwrap();
    assert_eq!(attempted, None);
    assert_eq!(stage.sandbox.handle.stats().calls, 0);
    stage.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_deleted_while_waiting_is_skipped() {
    let stage = Stage::new().await;
    stage.send("deleted", &people(1)).await;
    let now = stage.clock.now();
    let claimed = stage.store.claim_due("page", now, LEASE, 1).await.unwrap();
    let attempted = stage
        .attempts
        .attempt(&claimed[0], None)
        .await
        .unwrap()
        .unwrap();
    assert!(
        matches!(attempted.outcome, Outcome::Skipped(_)),
        "{attempted:?}"
    );
    stage.stop().await;
}
