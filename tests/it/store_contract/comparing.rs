//! Crowds before and after: counted as sets, of the same users on both sides.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join;
use recado::model::Value;
use recado::model::id::ExternalId;
use recado::segment::Filter;
use recado::store::Store;
use recado::store::contract::{Compared, Crowd, Question, Shift};

use super::Backend;
use super::fixtures::{at, filter, set};

fn crowd(text: &str) -> Option<Crowd> {
    Some(Crowd {
        filter: Some(filter(text)),
        reach: None,
    })
}

/// Everybody for whom one of the filters is true.
async fn union(store: &Arc<dyn Store>, filters: &[Option<Filter>]) -> BTreeSet<ExternalId> {
    let mut all = BTreeSet::new();
    for one in filters {
        let everybody = filter("true");
        let one = one.as_ref().unwrap_or(&everybody);
        let mut members = store.members(one, at(0)).await.unwrap();
        all.extend(members.next_chunk(1_000));
    }
    all
}

fn filters(shifts: &[Shift], side: fn(&Shift) -> &Option<Crowd>) -> Vec<Option<Filter>> {
    let crowds = shifts.iter().filter_map(|shift| side(shift).as_ref());
    crowds.map(|crowd| crowd.filter.clone()).collect()
}

async fn ask(store: &Arc<dyn Store>, shifts: &[Shift]) -> Compared {
    let question = Question {
        shifts: shifts.into(),
        samples: 3,
        witnesses: 4,
    };
    store
        .compare(vec![question], at(0))
        .await
        .unwrap()
        .remove(0)
}

pub(super) async fn crowds_are_compared_as_sets<B: Backend>(backend: &B) {
    let store = backend.open();
    let updates = (0..300).map(|n| {
        let values = [("n", n % 10), ("m", n % 7)].map(|(name, n)| (name, Some(Value::Int(n))));
        set(&format!("u{n}"), values)
    });
    store.upsert_users(updates.collect()).await.unwrap();
    let everybody = || {
        Some(Crowd {
            filter: None,
            reach: None,
        })
    };
    let shift = |before, after| Shift { before, after };
    let questions = [
        vec![shift(crowd("user.n < 3"), crowd("user.n < 5"))],
        vec![shift(crowd("user.n < 3"), crowd("user.m < 2"))],
        vec![
            shift(None, crowd("user.m == 1")),
            shift(crowd("user.n == 1"), None),
        ],
        vec![shift(everybody(), crowd("user.n > 100"))],
        vec![
            shift(crowd("user.n == 1"), crowd("user.n == 2")),
            shift(crowd("user.n == 2"), crowd("user.n == 1")),
        ],
        vec![],
    ];
    for shifts in questions {
        let compared = ask(&store, &shifts).await;
        let before = union(&store, &filters(&shifts, |shift| &shift.before)).await;
        let after = union(&store, &filters(&shifts, |shift| &shift.after)).await;
        let entered: BTreeSet<_> = after.difference(&before).cloned().collect();
        let left: BTreeSet<_> = before.difference(&after).cloned().collect();
        let n = |ids: &BTreeSet<ExternalId>| ids.len() as u64;
        let counts = compared.counts;
        assert_eq!(
            (counts.before, counts.after),
            (n(&before), n(&after)),
            "{shifts:?}"
        );
        assert_eq!(
            (counts.entered, counts.left),
            (n(&entered), n(&left)),
            "{shifts:?}"
        );
        assert_eq!(
            (compared.entered.len(), compared.left.len()),
            (entered.len().min(3), left.len().min(3))
        );
        assert!(compared.entered.iter().all(|id| entered.contains(id)));
        assert!(compared.left.iter().all(|id| left.contains(id)));
        assert!(compared.witnesses.iter().all(|id| after.contains(id)));
        assert_eq!(counts.reachable, counts.after);
    }
    let reach = Some(vec![filter("user.m == 1"), filter("user.m == 2")]);
    let reached = Crowd {
        filter: Some(filter("user.n == 1")),
        reach,
    };
    let compared = ask(&store, &[shift(None, Some(reached))]).await;
    let both = union(&store, &[Some(filter("user.n == 1 && user.m in [1, 2]"))]).await;
    assert_eq!(compared.counts.reachable, both.len() as u64);
    assert!(compared.witnesses.iter().all(|id| both.contains(id)) && compared.witnesses.len() == 4);
}

/// Questions share crowds, in any order, twice and in part.
pub(super) async fn many_questions_are_answered_as_each_alone<B: Backend>(backend: &B) {
    let store = backend.open();
    let updates = (0..200).map(|n| set(&format!("u{n}"), [("n", Some(Value::Int(n)))]));
    store.upsert_users(updates.collect()).await.unwrap();
    let crowds: Vec<_> = (0..6)
        .map(|n| crowd(&format!("user.n >= {} && user.n < {}", n * 17, n * 31)))
        .collect();
    let crowd = |n: usize| crowds.get(n % 7).cloned().flatten();
    // All the same from run to run, and no two alike for long.
    let mut next = (1_u32..).map(|n| n.wrapping_mul(2_654_435_761) as usize >> 7);
    let mut next = || next.next().unwrap();
    let questions = (0..60).map(|_| Question {
        shifts: (0..next() % 5)
            .map(|_| Shift {
                before: crowd(next()),
                after: crowd(next()),
            })
            .collect(),
        samples: next() % 4,
        witnesses: next() % 9,
    });
    let questions: Vec<Question> = questions.collect();
    let together = store.compare(questions.clone(), at(0)).await.unwrap();
    assert_eq!(together.len(), questions.len());
    for (question, answer) in questions.into_iter().zip(together) {
        let alone = store.compare(vec![question.clone()], at(0)).await.unwrap();
        assert_eq!(alone, [answer], "{question:?}");
    }
}

/// Two texts for the same people: whoever moves between the two sides moved while they were compared.
pub(super) async fn nobody_moves_while_both_sides_are_asked<B: Backend>(backend: &B) {
    let store = backend.open();
    let all = |value: i64| {
        let updates =
            (0..500).map(move |n| set(&format!("u{n}"), [("n", Some(Value::Int(value)))]));
        updates.collect::<Vec<_>>()
    };
    store.upsert_users(all(0)).await.unwrap();
    let is_done = AtomicBool::new(false);
    let writes = async {
        let mut value = 0;
        while !is_done.load(Ordering::Relaxed) {
            value = 1 - value;
            store.upsert_users(all(value)).await.unwrap();
        }
    };
    let shift = Shift {
        before: crowd("user.n == 1"),
        after: crowd("user.n >= 1 && user.n <= 1"),
    };
    let questions = async {
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            let counts = ask(&store, std::slice::from_ref(&shift)).await.counts;
            assert_eq!((counts.entered, counts.left), (0, 0));
            seen.insert(counts.before);
        }
        is_done.store(true, Ordering::Relaxed);
        seen
    };
    let ((), seen) = join(writes, questions).await;
    assert!(seen.len() > 1, "nothing was written meanwhile: {seen:?}");
}
