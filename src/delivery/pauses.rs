//! Which channels wait now, and why: what operators and who follows a send are told from.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::model::delivery::Pause;

/// The pauses of all channels: at most one each.
#[derive(Debug, Default)]
pub struct Pauses(Mutex<BTreeMap<Arc<str>, Pause>>);

// === impl Pauses ===

impl Pauses {
    pub fn of(&self, channel: &str) -> Option<Pause> {
        self.0.lock().get(channel).cloned()
    }

    /// All of them, by channel.
    pub fn all(&self) -> Vec<Pause> {
        self.0.lock().values().cloned().collect()
    }

    pub(super) fn begin(&self, pause: Pause) {
        self.0.lock().insert(Arc::clone(&pause.channel), pause);
    }

    /// Whether there was one.
    pub(super) fn end(&self, channel: &str) -> bool {
        self.0.lock().remove(channel).is_some()
    }
}
