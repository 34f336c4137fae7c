//! Numbers and times: where the answer changes is found first, then whole blocks are compared with that place.

use std::cmp::Ordering;

use super::{Question, Shape, Test, constant, each_block, each_row, mask};
use crate::audience::Bitmap;
use crate::audience::column::number;
use crate::audience::numbers::{Ints, Times};
use crate::audience::packed::{Compare, Packed};
use crate::model::Value;

/// A predicate over places in a range of integers, as block operations.
enum Places {
    Constant(bool),
    /// `low` for places below `at`, its opposite from there on.
    Cut {
        at: u64,
        low: bool,
    },
    Points {
        rest: bool,
        differing: Vec<u64>,
    },
    /// Asked for each.
    Each,
}

pub(super) fn time_test<'a>(times: &'a Times, question: Question<'a>) -> Test<'a> {
    let value = |tick| Value::Timestamp(times.time(tick));
    int_test(&times.ticks, question, value, |value| match value {
        Value::Timestamp(at) => times.tick(*at),
        _ => None,
    })
}

pub(super) fn int_test<'a>(
    ints: &'a Ints,
    question: Question<'a>,
    value: impl Fn(i64) -> Value + 'a,
    point: impl Fn(&Value) -> Option<i64>,
) -> Test<'a> {
    let places = places(ints, &question, &value, point);
    let packed: &Packed = &ints.packed;
    match places {
        Places::Constant(all) => constant(all),
        Places::Cut { at, low } => {
            let compare = Compare::Less(at);
            Box::new(move |first, asked| packed.keep(first, asked, &compare, low))
        }
        Places::Points { rest, differing } => {
            let compare = packed.among(differing);
            Box::new(move |first, asked| packed.keep(first, asked, &compare, !rest))
        }
        Places::Each => each_row(move |row| (question.holds)(Some(&value(ints.get(row))))),
    }
}

fn places(
    ints: &Ints,
    question: &Question<'_>,
    value: &impl Fn(i64) -> Value,
    point: impl Fn(&Value) -> Option<i64>,
) -> Places {
    let holds = |number: i64| (question.holds)(Some(&value(number)));
    let (first, last) = (ints.first(), ints.last());
    match &question.shape {
        Shape::Monotone => {
            let low = holds(first);
            if low == holds(last) {
                return Places::Constant(low);
            }
            // The first place with the other answer.
            let (mut from, mut to) = (0, last.abs_diff(first));
            while from + 1 < to {
                let middle = from + (to - from) / 2;
                if holds(ints.at(middle)) == low {
                    from = middle;
                } else {
                    to = middle;
                }
            }
            Places::Cut { at: to, low }
        }
        Shape::Emptiness | Shape::Points(_) => {
            let points = question.shape.points();
            let points: Vec<i64> = points.iter().filter_map(point).collect();
            let Some(other) = (first..=last).find(|n| !points.contains(n)) else {
                return Places::Each;
            };
            let rest = holds(other);
            let differing = points.iter().filter(|n| holds(**n) != rest);
            Places::Points {
                rest,
                differing: differing.filter_map(|n| ints.place(*n)).collect(),
            }
        }
        Shape::Presence | Shape::Any => Places::Each,
    }
}

pub(super) fn double_test<'a>(
    numbers: &'a [f64],
    whole: &'a Bitmap,
    question: Question<'a>,
) -> Test<'a> {
    let holds = |d: f64| (question.holds)(Some(&Value::Double(d)));
    match &question.shape {
        Shape::Monotone => {
            let low = holds(f64::MIN);
            if low == holds(f64::MAX) {
                return constant(low);
            }
            let (mut from, mut to) = (order(f64::MIN), order(f64::MAX));
            while from + 1 < to {
                let middle = from + (to - from) / 2;
                if holds(unorder(middle)) == low {
                    from = middle;
                } else {
                    to = middle;
                }
            }
            // Minus zero is below zero in this order, and equal to it in every other: the cut is
            // never between the two, since both get the same answer.
            let cut = unorder(to);
            each_block(move |block, asked| {
                asked & (each_number(numbers, block, |d| d < cut) ^ mask(!low))
            })
        }
        Shape::Emptiness | Shape::Points(_) => {
            let points = question.shape.points();
            let points: Vec<f64> = points.iter().filter_map(double).collect();
            let mut other = 0.5;
            while points.contains(&other) {
                other += 1.0;
            }
            let rest = holds(other);
            let differing: Vec<f64> = points.into_iter().filter(|d| holds(*d) != rest).collect();
            each_block(move |block, asked| {
                let points = differing.iter().map(|p| {
                    each_number(numbers, block, |d| {
                        d.partial_cmp(p).is_some_and(Ordering::is_eq)
                    })
                });
                asked & (points.fold(0, |all, one| all | one) ^ mask(rest))
            })
        }
        Shape::Presence | Shape::Any => each_row(move |row| {
            let value = number(numbers[row.index()], whole.contains(row));
            (question.holds)(Some(&value))
        }),
    }
}

fn each_number(numbers: &[f64], block: usize, holds: impl Fn(f64) -> bool) -> u64 {
    let end = numbers.len().min((block + 1) * 64);
    let numbers = numbers
        .get(block * 64..end)
        .unwrap_or(&[])
        .iter()
        .enumerate();
    numbers.fold(0, |all, (bit, number)| {
        all | u64::from(holds(*number)) << bit
    })
}

/// Doubles as integers in the same order.
fn order(d: f64) -> u64 {
    let bits = d.to_bits();
    if bits >> 63 == 1 {
        !bits
    } else {
        bits | 1 << 63
    }
}

fn unorder(place: u64) -> f64 {
    f64::from_bits(if place >> 63 == 1 {
        place & !(1 << 63)
    } else {
        !place
    })
}

#[expect(clippy::cast_possible_truncation, reason = "whole and within 2^53")]
pub(super) fn whole(d: f64) -> Option<i64> {
    (d.fract() == 0.0 && d.abs() <= 9_007_199_254_740_992.0).then_some(d as i64)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "an integer that is not exact equals no double of the lane"
)]
fn double(value: &Value) -> Option<f64> {
    match value {
        Value::Int(n) => Some(*n as f64),
        Value::Double(d) => Some(*d),
        _ => None,
    }
}
