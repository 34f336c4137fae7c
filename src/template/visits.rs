//! Which branches of texts were gone through, for who asks what no test reached.
//!
//! A text that is compiled for that has a tag of ours at the beginning of each branch, and an `else` where the
//! author wrote none. Texts that are sent have neither.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;

/// What was gone through, over all renders.
#[derive(Debug, Default)]
pub struct Visits {
    next: AtomicU32,
    seen: Mutex<BTreeSet<u32>>,
}

/// A branch of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// One of its own among all that are counted together.
    pub id: u32,
    /// Its tag in the author's text: of the block, for a branch that nobody wrote.
    pub span: Range<usize>,
    /// What is to be said when it was never gone through.
    pub lack: &'static str,
}

// === impl Visits ===

impl Visits {
    pub(super) fn branch(&self, span: Range<usize>, lack: &'static str) -> Branch {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        Branch { id, span, lack }
    }

    pub(super) fn add(&self, id: u32) {
        self.seen.lock().insert(id);
    }

    pub fn has(&self, branch: &Branch) -> bool {
        self.seen.lock().contains(&branch.id)
    }
}
