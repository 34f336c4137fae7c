//! Telling when the files of a folder change.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;

use super::error::Error;
use super::files;
use crate::clock::Clock;

/// How long the folder must be quiet: an editor writes, renames and removes to save one file.
const QUIET: Duration = Duration::from_millis(150);

/// A folder that is watched for as long as this is held.
#[derive(Debug)]
pub(super) struct Watch {
    _watcher: RecommendedWatcher,
    changed: mpsc::Receiver<()>,
}

// === impl Watch ===

impl Watch {
    /// Watches the campaign files below `folder`, from now on.
    pub(super) fn start(folder: &Path) -> Result<Self, Error> {
        let (tell, changed) = mpsc::channel(1);
        let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            // Reading the folder makes events too; to answer those would never end.
            let is_change = event.is_ok_and(|event| {
                let kind = event.kind;
                let is_ours = event.paths.iter().any(|path| files::is_ours(path));
                is_ours && (kind.is_create() || kind.is_modify() || kind.is_remove())
            });
            if is_change {
                // A full channel holds the news already.
                let _ = tell.try_send(());
            }
        })
        .context("the folder cannot be watched")?;
        watcher
            .watch(folder, RecursiveMode::Recursive)
            .context("the folder cannot be watched")?;
        Ok(Self {
            _watcher: watcher,
            changed,
        })
    }

    /// Resolves once a file was made, changed or removed since it last did. Cancelled, it forgets nothing.
    pub(super) async fn changed(&mut self) {
        if self.changed.recv().await.is_none() {
            // The watcher lives as long as this: there will be no news.
            std::future::pending::<()>().await;
        }
    }

    /// Resolves when the folder has been quiet for a moment.
    pub(super) async fn settled(&mut self, clock: &dyn Clock) {
        loop {
            tokio::select! {
                Some(()) = self.changed.recv() => {}
                () = clock.sleep(QUIET) => return,
            }
        }
    }
}
