//! Taking one member of an audience by a seed.

use crate::model::id::ExternalId;
use crate::store::contract::Members;

/// Ids gone past at once.
const IDS_AT_ONCE: u64 = 10_000;

/// The member that a seed stands for, as long as the members are the same; `None` when there is none.
pub(super) fn pick(mut members: Box<dyn Members>, seed: u32) -> Option<ExternalId> {
    let mut left = place(seed, members.len());
    let mut last = None;
    loop {
        let wanted = (left + 1).min(IDS_AT_ONCE);
        let chunk = members.next_chunk(usize::try_from(wanted).unwrap_or(1));
        // Who was deleted meanwhile is left out: then the last one there is.
        let Some(id) = chunk.last() else {
            return last;
        };
        if left < chunk.len() as u64 {
            return Some(id.clone());
        }
        left -= chunk.len() as u64;
        last = Some(id.clone());
    }
}

/// A place in `0..n` that looks like chance: near seeds are far apart.
fn place(seed: u32, n: u64) -> u64 {
    let mut mixed = u64::from(seed).wrapping_add(0x9e37_79b9_7f4a_7c15);
    for (shift, factor) in [(30, 0xbf58_476d_1ce4_e5b9_u64), (27, 0x94d0_49bb_1331_11eb)] {
        mixed = (mixed ^ (mixed >> shift)).wrapping_mul(factor);
    }
    (mixed ^ (mixed >> 31)) % n.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names from 0 up, in chunks as asked for.
    struct Numbers(std::ops::Range<u64>);

    impl Members for Numbers {
        fn len(&self) -> u64 {
            self.0.end
        }

        fn next_chunk(&mut self, max: usize) -> Vec<ExternalId> {
            let ids = self.0.by_ref().take(max);
            ids.map(|n| ExternalId::parse(n.to_string()).unwrap())
                .collect()
        }
    }

    fn picked(n: u64, seed: u32) -> Option<u64> {
        let id = pick(Box::new(Numbers(0..n)), seed)?;
        id.as_str().parse().ok()
    }

    #[test]
    fn a_seed_takes_the_member_at_its_place() {
        for n in [1, 2, 9_999, 10_000, 10_001, 25_000] {
            for seed in 0..20 {
                assert_eq!(picked(n, seed), Some(place(seed, n)), "{n} {seed}");
            }
        }
        assert_eq!(picked(0, 1), None);
    }

    #[test]
    fn every_member_has_its_chance() {
        let mut counts = [0; 10];
        for seed in 0..10_000 {
            counts[usize::try_from(place(seed, 10)).unwrap()] += 1;
        }
        assert!(
            counts.iter().all(|n| (900..1_100).contains(n)),
            "{counts:?}"
        );
    }
}
