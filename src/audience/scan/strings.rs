//! Strings and lists: those that repeat are asked once each, the others row by row.

use super::{Test, each_block, fold_rows};
use crate::audience::strings::Strings;

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
    if few.len() <= 8 {
        let compare = packed.among(few);
        return Box::new(move |first, asked| packed.keep(first, asked, &compare, wanted));
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
