//! Strings and lists: those that repeat are asked once each, the others row by row.

use super::{Question, Shape, Test, each_block, fold_rows};
use crate::audience::packed::Packed;
use crate::audience::strings::{Coded, Strings};
use crate::model::Value;

/// Codes that are compared one after the other; more are looked up row by row.
const FEW: usize = 8;

/// A test that looks up the texts that matter instead of asking all of them, where few do.
pub(super) fn coded_test<'a>(coded: &'a Coded, question: &Question<'_>) -> Option<Test<'a>> {
    let holds = |text: &str| (question.holds)(Some(&Value::String(text.to_owned())));
    let points: Vec<&str> = match &question.shape {
        Shape::Emptiness => vec![""],
        Shape::Points(points) if !points.is_empty() => {
            let texts = points.iter().filter_map(|point| match point {
                Value::String(text) => Some(text.as_str()),
                _ => None,
            });
            texts.collect()
        }
        _ => return None,
    };
    let mut other = "a".to_owned();
    while points.contains(&other.as_str()) {
        other.push('a');
    }
    let rest = holds(&other);
    let differing = points.into_iter().filter(|point| holds(point) != rest);
    let codes = differing.filter_map(|point| coded.find(point.as_bytes()));
    let codes: Vec<u64> = codes.map(u64::from).collect();
    (codes.len() <= FEW).then(|| few_codes(&coded.codes, codes, !rest))
}

fn few_codes(packed: &Packed, codes: Vec<u64>, wanted: bool) -> Test<'_> {
    let compare = packed.among(codes);
    Box::new(move |first, asked| packed.keep(first, asked, &compare, wanted))
}

pub(super) fn string_test<'a>(
    strings: &'a Strings,
    holds: impl Fn(&[u8]) -> bool + 'a,
) -> Test<'a> {
    let coded = match strings {
        Strings::Text(text) => {
            return each_block(move |block, asked| text.ask(block, asked, &holds));
        }
        Strings::Coded(coded) => coded,
    };
    // Each entry is asked once, whatever the number of rows that hold it.
    let answers: Vec<bool> = coded
        .entries
        .iter()
        .map(|e| e.users > 0 && holds(&e.bytes))
        .collect();
    let yes: Vec<u64> = codes(&answers, true);
    let no: Vec<u64> = codes(&answers, false);
    let (few, wanted) = if yes.len() <= no.len() {
        (yes, true)
    } else {
        (no, false)
    };
    let packed = &coded.codes;
    if few.len() <= FEW {
        return few_codes(packed, few, wanted);
    }
    each_block(move |block, asked| {
        if asked.count_ones() < 16 {
            return fold_rows(block, asked, |row| answers[index(packed.get(row))]);
        }
        let bits = packed.unpack(block);
        let bits = bits.iter().enumerate();
        let found = bits.fold(0, |all, (bit, code)| {
            all | u64::from(answers.get(index(*code)).copied().unwrap_or(false)) << bit
        });
        asked & found
    })
}

fn codes(answers: &[bool], wanted: bool) -> Vec<u64> {
    (0..)
        .zip(answers)
        .filter(|(_, answer)| **answer == wanted)
        .map(|(code, _)| code)
        .collect()
}

fn index(code: u64) -> usize {
    usize::try_from(code).unwrap_or(usize::MAX)
}
