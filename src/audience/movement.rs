//! Who is in before and after, compared as sets.

use super::{Bitmap, Row};

/// How one set of people became another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    /// The same people.
    Same,
    /// Some left, nobody entered.
    Narrows,
    /// Some entered, nobody left.
    Widens,
    /// Some entered and some left.
    Shifts,
}

/// Two sets of people, and those of the second who can be reached.
#[derive(Debug, Clone, Default)]
pub struct Movement {
    pub before: Bitmap,
    pub after: Bitmap,
    /// Within `after`.
    pub reachable: Bitmap,
}

/// How many people are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub before: u64,
    pub after: u64,
    pub entered: u64,
    pub left: u64,
    /// Of `after`.
    pub reachable: u64,
    /// Of `entered`.
    pub entered_reachable: u64,
}

// === impl Movement ===

impl Movement {
    /// Takes in another movement: who is in one of them is in.
    pub fn join(&mut self, other: &Self) {
        self.before.or(&other.before);
        self.after.or(&other.after);
        self.reachable.or(&other.reachable);
    }

    pub fn counts(&self) -> Counts {
        Counts {
            before: self.before.len() as u64,
            after: self.after.len() as u64,
            entered: self.after.len_without(&self.before) as u64,
            left: self.before.len_without(&self.after) as u64,
            reachable: self.reachable.len() as u64,
            entered_reachable: self.reachable.len_without(&self.before) as u64,
        }
    }

    /// Some of those who entered, and of those who left.
    pub fn samples(&self, n: usize) -> [Vec<Row>; 2] {
        [(&self.after, &self.before), (&self.before, &self.after)].map(|(of, without)| {
            let mut moved = of.clone();
            moved.and_not(without);
            moved.spread(n)
        })
    }

    /// Some of the reachable, where there are any those who were in before too: theirs is a message that changes.
    pub fn witnesses(&self, n: usize) -> Vec<Row> {
        let mut stayed = self.reachable.clone();
        stayed.and(&self.before);
        if stayed.is_empty() {
            return self.reachable.spread(n);
        }
        stayed.spread(n)
    }
}

// === impl Relation ===

impl Relation {
    pub fn of(entered: u64, left: u64) -> Self {
        match (entered > 0, left > 0) {
            (false, false) => Self::Same,
            (false, true) => Self::Narrows,
            (true, false) => Self::Widens,
            (true, true) => Self::Shifts,
        }
    }
}
