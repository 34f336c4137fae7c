//! What `src/store/contract.rs` says a store must do, case by case. A backend runs all of it with one line.

mod comparing;
mod deliveries;
mod events;
mod fixtures;
mod following;
mod misses;
mod sends;
mod users;

use std::collections::BTreeSet;
use std::sync::Arc;

use recado::store::{Store, sqlite};

/// A store that can be closed and opened again on the same data.
pub(crate) trait Backend {
    fn new() -> Self;

    /// The store that was opened before must be dropped first.
    fn open(&self) -> Arc<dyn Store>;
}

struct Sqlite(tempfile::TempDir);

// === impl Sqlite ===

impl Backend for Sqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self) -> Arc<dyn Store> {
        let settings = sqlite::Settings::at(self.0.path().join("store.sqlite"));
        sqlite::Store::open(&settings, &|_| {}).unwrap()
    }
}

/// Makes a test of each case for each backend, and a table of which sentence each case shows.
macro_rules! contract {
    ($($backend:ident),+; $($room:ident::$case:ident => [$($sentence:literal),* $(,)?],)+) => {
        const SHOWN: &[&str] = &[$($($sentence,)*)+];
        contract!(@tests [$($backend)+] $($room::$case)+);
    };
    (@tests [$backend:ident] $($room:ident::$case:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                $room::$case(&$backend::new()).await;
            }
        )+
    };
}

contract! {
    Sqlite;
    users::each_item_is_for_itself => [
        "Must apply every item that is acceptable",
        "Must not change anything of a rejected item",
    ],
    users::items_of_one_user_keep_their_order => ["Must apply items of one user in the order"],
    users::every_operation_merges => ["Must make the batch visible to every later read"],
    users::filters_see_what_was_answered => ["Must see every upsert that was answered"],
    users::a_chunk_counts_once => [
        "Must apply a chunk at most once per import and sequence",
        "Must refuse a chunk that does not follow",
        "Must count `refused`",
        "Must answer zeros for an import that is not known",
        "Must forget it: the next one of the name begins anew",
    ],
    users::members_are_read_in_chunks => [],
    users::two_spellings_of_an_attribute_are_told_once => [
        "Must answer `None` while there are `known` of them",
    ],
    users::nobody_takes_the_place_of_a_deleted_member => [
        "Must leave out who was deleted meanwhile, and must not name anybody who was not on it",
    ],
    users::a_deleted_user_leaves_countable_deliveries => ["Must keep deliveries countable"],
    users::a_user_deleted_during_the_call_holds_up_nobody => [],
    events::each_event_is_for_itself => [
        "Must record every event that is acceptable",
        "Must make events visible to every later read",
    ],
    events::an_id_counts_once => ["Must record an event with an id once"],
    events::what_is_past_its_retention_goes => [
        "Must leave nothing of a dropped event",
        "Must not drop others",
    ],
    events::a_deleted_user_has_no_past => [],
    events::a_sent_message_is_received => [],
    comparing::crowds_are_compared_as_sets => [],
    comparing::many_questions_are_answered_as_each_alone => [
        "Must answer each question as if it were the only one",
    ],
    comparing::nobody_moves_while_both_sides_are_asked => [
        "Must ask both sides of a change of the same users",
    ],
    following::whoever_enters_or_leaves_is_told_once => [
        "Must tell each user who entered or left in one step",
        "Must count a deleted user as left",
        "Must list who was deleted since",
    ],
    following::writes_of_users_are_announced => ["Must not move before an evaluation sees the write"],
    following::the_newest_sizes_are_kept => [
        "Must keep the newest",
        "Must keep the last of those of one instant",
    ],
    sends::a_store_is_itself => ["Must be the same for as long as there is the store"],
    sends::revisions_follow_each_other => [
        "Must begin with the newest",
        "Must be as it was stored with the revision",
        "Must refuse with [`Error::Stale`]",
        "Must hand out revisions in commit order",
    ],
    sends::a_send_is_stored_once => ["Must answer [`Created::Repeated`] for a send id"],
    sends::a_fan_out_goes_on_where_it_stopped => ["Must ignore a delivery whose id exists"],
    sends::nothing_is_added_to_a_cancelled_send => [
        "Must add nothing to a cancelled send",
        "Must not let a pending delivery of it be claimed",
        "Must not return deliveries of a cancelled send",
    ],
    sends::a_finished_send_stays_finished => ["Must leave a finished send as it is"],
    sends::lists_are_read_by_page => [],
    deliveries::a_lease_is_one_callers => [
        "Must not return a delivery whose lease is still running",
        "Must return a delivery again once its lease has run out",
    ],
    deliveries::many_workers_share_without_a_double => [],
    deliveries::what_began_is_known_after_a_death => [
        "Must be durable when it answers `true`",
        "Must be called before the first claim",
    ],
    deliveries::what_may_not_be_sent_does_not_begin => ["then no call must be made"],
    deliveries::outcomes_and_counts_agree => [
        "Must be atomic with the send's counts",
        "Must leave a final delivery as it is",
    ],
    deliveries::a_closed_gate_does_not_overrule_a_call => [
        "Must ignore [`Outcome::Skipped`] of a delivery that is being sent",
    ],
    misses::what_is_missed_is_counted_once_and_at_the_end => [
        "Must count the misses of a delivery with its send",
    ],
    misses::names_beyond_the_bound_are_counted_together => [
        "Must count the names beyond [`SEND_MISSES_MAX`] under one",
    ],
    misses::extras_are_kept_as_long_as_the_user => ["Must keep the extras of a delivery"],
    deliveries::what_is_given_back_is_due_at_once => ["Must make a [`Outcome::Released`] delivery due"],
    deliveries::a_retry_of_a_cancelled_send_is_cancelled => ["Must count [`Outcome::Retry`] of a"],
}

/// Sentences of the contract with "must", as far as their first words tell them apart.
#[test]
fn every_must_has_a_case() {
    let contract = concat!(
        include_str!("../../../src/store/contract.rs"),
        include_str!("../../../src/store/following.rs"),
        include_str!("../../../src/store/resources.rs"),
    );
    let docs = contract
        .lines()
        .filter_map(|line| line.trim().strip_prefix("///"));
    let text: String = docs.collect::<Vec<_>>().join(" ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sentences: BTreeSet<&str> = text
        .split_inclusive(". ")
        .filter(|sentence| sentence.to_lowercase().contains("must "))
        .collect();
    assert!(
        sentences.len() > 20,
        "the contract's sentences were not found"
    );
    for sentence in &sentences {
        assert!(
            SHOWN.iter().any(|shown| sentence.contains(shown)),
            "no case shows: {sentence}"
        );
    }
    for shown in SHOWN {
        assert!(text.contains(shown), "the contract does not say: {shown}");
    }
}
