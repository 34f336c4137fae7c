//! Events in leaves against a plain list.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::model::Value;

use super::events::Happenings;
use super::{Bulk, Happening, Measure, Row, Window};

const ALWAYS: Window = Window {
    after: i64::MIN,
    until: i64::MAX,
};

fn event(at: i64, batch: u64, number: Option<f64>) -> Happening {
    Happening {
        at,
        batch,
        id: batch % 3,
        numbers: number.map(|n| ("n".into(), n)).into_iter().collect(),
    }
}

fn naive(
    events: &[(Row, Happening)],
    row: u32,
    measure: &Measure,
    window: Window,
) -> Option<Value> {
    let mut own: Vec<_> = events.iter().filter(|(of, _)| of.0 == row).collect();
    own.sort_by_key(|(_, event)| event.at);
    let times = own.iter().map(|(_, event)| {
        let number = event.numbers.first().map(|(_, n)| *n);
        (event.at, number)
    });
    measure.of(times, window)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn leaves_measure_as_a_list_does(
        events in prop::collection::vec((0_u32..9, 0_i64..50, prop::option::of(-4_i32..5)), 0..2_500),
        cleared in 0_u32..9,
        cutoff in -1_i64..50,
        bulk in any::<bool>(),
        (after, until) in (-1_i64..50, -1_i64..50),
    ) {
        let mut list: Vec<_> = (1..).zip(events).map(|(batch, (row, at, n))| {
            (Row(row), event(at, batch, n.map(f64::from)))
        }).collect();
        let half = if bulk { list.len() / 2 } else { 0 };
        let quarters = list[..half].chunks(half.div_ceil(2).max(1));
        let bulks = quarters.map(|some| {
            let mut bulk = Bulk::default();
            for (row, event) in some {
                bulk.push(*row, event.at, event.batch, event.id);
                for (name, number) in &event.numbers {
                    bulk.push_number(name, *number);
                }
            }
            bulk
        });
        let mut columns = Happenings::of_bulks(bulks.collect());
        for (row, event) in &list[half..] {
            columns.insert(*row, event);
        }
        columns.clear(Row(cleared));
        list.retain(|(row, _)| row.0 != cleared);
        let mut batches = BTreeSet::new();
        columns.expired(cutoff, &mut batches, usize::MAX);
        columns.expire(cutoff, &batches);
        list.retain(|(_, event)| event.at > cutoff);
        prop_assert_eq!(columns.len(), list.len());
        for window in [ALWAYS, Window { after, until }] {
            for measure in [Measure::Count, Measure::First, Measure::Last, Measure::Sum("n".into())] {
                let some = |value: Option<&Value>| match value {
                    Some(Value::Int(n)) => *n >= 2,
                    Some(Value::Double(d)) => *d > 1.0,
                    Some(_) => true,
                    None => false,
                };
                let found = columns.select(0..1, &measure, window, &some)[0];
                for row in 0..9 {
                    let expected = naive(&list, row, &measure, window);
                    let one = columns.measure(Row(row), &measure, window);
                    prop_assert_eq!(&one, &expected);
                    prop_assert_eq!(found >> row & 1 == 1, some(expected.as_ref()));
                }
            }
        }
        for row in 0..9 {
            let ids: BTreeSet<_> = columns.of(Row(row)).map(|(_, batch, id)| (batch, id)).collect();
            let own = list.iter().filter(|(of, _)| of.0 == row);
            prop_assert_eq!(ids, own.map(|(_, e)| (e.batch, e.id)).collect::<BTreeSet<_>>());
        }
    }
}

/// What a leaf knows of its oldest event follows what comes and goes.
#[test]
fn the_oldest_event_of_a_leaf_is_found_and_no_younger_one() {
    let mut columns = Happenings::default();
    let expired = |columns: &Happenings, cutoff| {
        let mut found = BTreeSet::new();
        columns.expired(cutoff, &mut found, usize::MAX);
        found.into_iter().collect::<Vec<_>>()
    };
    for (row, at) in [(1, 30), (2, 10), (3, 20)] {
        columns.insert(Row(row), &event(at, at.unsigned_abs(), None));
    }
    assert_eq!(expired(&columns, 9), Vec::<u64>::new());
    assert_eq!(expired(&columns, 10), [10]);
    columns.expire(10, &[10].into());
    assert_eq!(expired(&columns, 19), Vec::<u64>::new());
    columns.clear(Row(3));
    assert_eq!(expired(&columns, 30), [30]);
}
