//! Random buckets of users.

/// Users fall into this many.
const BUCKETS: u64 = 10_000;

/// The user's random bucket, 0 to 9999: the same in every version, for users who stay in a test group.
///
/// FNV-1a over the id, then the finalizer of MurmurHash3, so that near ids fall far apart.
pub fn bucket(external_id: &str) -> u16 {
    let mut hash = external_id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    for factor in [0xff51_afd7_ed55_8ccd, 0xc4ce_b9fe_1a85_ec53] {
        hash = (hash ^ hash >> 33).wrapping_mul(factor);
    }
    // Below 10,000.
    u16::try_from((hash ^ hash >> 33) % BUCKETS).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_even_and_never_move() {
        let mut counts = [0_u32; 10];
        for n in 0..100_000 {
            counts[usize::from(bucket(&format!("user-{n}"))) / 1000] += 1;
        }
        assert!(
            counts.iter().all(|n| (9_500..10_500).contains(n)),
            "{counts:?}"
        );
        assert_eq!([bucket("a"), bucket("user-1"), bucket("ünï")], PINNED);
    }

    /// Written down once: a change would move users between test groups.
    const PINNED: [u16; 3] = [8315, 5477, 2947];
}
