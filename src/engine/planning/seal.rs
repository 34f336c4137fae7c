//! Plans that are kept: signed by the server, so that what was reviewed is what is applied.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::load::beside_runtime;
use super::plan::Wish;
use super::weigh::Plan;
use crate::campaign::SourceFile;
use crate::engine::{Engine, Error, Result};
use crate::model::id::{Fingerprint, Revision};
use crate::model::resource::Changed;
use crate::store::Identity;

/// How this version plans: raised when the same state and files come to another plan.
const PLANNER: u32 = 2;
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// What the server vouches for, beside the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    /// The store's id.
    pub server: String,
    pub version: String,
    pub planner: u32,
    pub made_at: Timestamp,
    pub fingerprint: Fingerprint,
    pub revision: Revision,
    pub commit: String,
    /// Whose files they are.
    pub owner: String,
    /// What the owner has applied and is not among the files goes.
    pub prune: bool,
    pub changes: Vec<Changed>,
    pub signature: Vec<u8>,
}

/// Why a sealed plan is not applied; in each case the caller must plan again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("the plan, or a file of it, was changed after it was made")]
    Edited,
    #[error("the plan is older than the {} that are allowed: {}", span(*max), span(*age))]
    Expired { age: Duration, max: Duration },
    #[error("the plan was made on the store `{made_on}`, and this is `{here}`")]
    Foreign { made_on: String, here: String },
    #[error(
        "the plan was made against revision {planned}, and this store is at revision {now}: it was set back since"
    )]
    SetBack { planned: Revision, now: Revision },
    #[error(
        "the plan was made by version {made_by}, and this is {VERSION}, which plans differently"
    )]
    Version { made_by: String },
}

// === impl Engine ===

impl Engine {
    /// Signs a plan of files; one that goes back is applied at once.
    pub(in crate::engine) async fn seal(
        &self,
        plan: &Plan,
        wish: &Wish,
        commit: String,
    ) -> Result<Option<Seal>> {
        let Wish::Files { files, prune } = wish else {
            return Ok(None);
        };
        let mut seal = Seal {
            server: self.identity.id.clone(),
            version: VERSION.to_owned(),
            planner: PLANNER,
            made_at: self.parts.clock.now(),
            fingerprint: plan.fingerprint.clone(),
            revision: plan.revision,
            commit,
            owner: plan.owner.clone(),
            prune: *prune,
            changes: plan.watched(),
            signature: Vec::new(),
        };
        let (identity, files) = (Arc::clone(&self.identity), Arc::clone(files));
        // All files are hashed.
        let sealed = beside_runtime(move || {
            let head = seal.head();
            seal.signature = identity.sign(signed(&head, &files));
            Some(seal)
        });
        sealed.await
    }

    /// Whether the seal is this server's and holds these files.
    pub(in crate::engine) async fn check_seal(
        &self,
        seal: &Seal,
        files: &Arc<[SourceFile]>,
    ) -> Result<()> {
        let (identity, files) = (Arc::clone(&self.identity), Arc::clone(files));
        let seal = seal.clone();
        let checked = beside_runtime(move || check(&identity, &seal, &files));
        checked.await?.map_err(Error::Broken)
    }
}

// === impl Seal ===

impl Seal {
    pub(in crate::engine) fn planned_otherwise(&self) -> Broken {
        Broken::Version {
            made_by: self.version.clone(),
        }
    }

    /// # Errors
    /// [`Broken::Expired`]
    pub(in crate::engine) fn check_age(&self, now: Timestamp, max: Duration) -> Result<()> {
        // A clock that was set back makes nothing older.
        let age = Duration::try_from(now.duration_since(self.made_at)).unwrap_or_default();
        if age <= max {
            return Ok(());
        }
        Err(Error::Broken(Broken::Expired { age, max }))
    }

    /// Everything but the files and the signature.
    fn head(&self) -> Vec<Vec<u8>> {
        let text = |text: &str| text.as_bytes().to_vec();
        let number = |n: u64| n.to_be_bytes().to_vec();
        let count = |n: Option<u64>| n.map(|n| n.to_be_bytes().to_vec()).unwrap_or_default();
        let mut head = vec![
            text("recado plan 1"),
            text(&self.server),
            text(&self.version),
            number(self.planner.into()),
            self.made_at.as_nanosecond().to_be_bytes().to_vec(),
            text(self.fingerprint.as_str()),
            number(self.revision.0),
            text(&self.commit),
            text(&self.owner),
            vec![self.prune.into()],
            // Keeps a file from being taken for a change.
            number(self.changes.len() as u64),
        ];
        for change in &self.changes {
            head.extend([
                text(change.kind.as_str()),
                text(&change.name),
                text(change.action.as_str()),
                count(change.before),
                count(change.after),
            ]);
        }
        head
    }
}

fn check(
    identity: &Identity,
    seal: &Seal,
    files: &[SourceFile],
) -> std::result::Result<(), Broken> {
    if seal.server != identity.id {
        return Err(Broken::Foreign {
            made_on: seal.server.clone(),
            here: identity.id.clone(),
        });
    }
    let head = seal.head();
    if !identity.has_signed(signed(&head, files), &seal.signature) {
        return Err(Broken::Edited);
    }
    if seal.planner == PLANNER {
        Ok(())
    } else {
        Err(seal.planned_otherwise())
    }
}

fn signed<'a>(head: &'a [Vec<u8>], files: &'a [SourceFile]) -> impl Iterator<Item = &'a [u8]> {
    let files = files.iter();
    let files = files.flat_map(|file| [file.path.as_bytes(), file.text.as_bytes()]);
    head.iter().map(Vec::as_slice).chain(files)
}

/// In its two largest units, as people say it.
fn span(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3_600 % 24);
    let (minutes, seconds) = (seconds / 60 % 60, seconds % 60);
    let parts = [(days, "d"), (hours, "h"), (minutes, "m"), (seconds, "s")];
    let shown = parts.into_iter().skip_while(|(n, _)| *n == 0).take(2);
    let shown = shown.filter(|(n, _)| *n > 0);
    let shown: Vec<_> = shown.map(|(n, unit)| format!("{n}{unit}")).collect();
    if shown.is_empty() {
        "0s".to_owned()
    } else {
        shown.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> SourceFile {
        SourceFile {
            path: path.into(),
            text: text.into(),
        }
    }

    fn sealed(identity: &Identity, planner: u32, files: &[SourceFile]) -> Seal {
        let mut seal = Seal {
            server: identity.id.clone(),
            version: "0.0.1".into(),
            planner,
            made_at: Timestamp::UNIX_EPOCH,
            fingerprint: Fingerprint::of([b"x".as_slice()]),
            revision: Revision(3),
            commit: String::new(),
            owner: "growth".into(),
            prune: false,
            changes: Vec::new(),
            signature: Vec::new(),
        };
        let head = seal.head();
        seal.signature = identity.sign(signed(&head, files));
        seal
    }

    #[test]
    fn a_seal_of_a_version_that_plans_differently_is_told_from_an_edited_one() {
        let identity = Identity::new("here".into(), [1; 32]);
        let files = [file("a.yaml", "a"), file("b.yaml", "b")];
        assert_eq!(
            check(&identity, &sealed(&identity, PLANNER, &files), &files),
            Ok(())
        );
        let other = sealed(&identity, PLANNER + 1, &files);
        let made_by = "0.0.1".to_owned();
        assert_eq!(
            check(&identity, &other, &files),
            Err(Broken::Version { made_by })
        );
        let mut edited = sealed(&identity, PLANNER + 1, &files);
        edited.planner = PLANNER;
        assert_eq!(check(&identity, &edited, &files), Err(Broken::Edited));
        let mut pruning = sealed(&identity, PLANNER, &files);
        pruning.prune = true;
        assert_eq!(check(&identity, &pruning, &files), Err(Broken::Edited));
        // The same bytes in other files.
        let moved = [file("a.yaml", "ab.yaml"), file("", "b")];
        let seal = sealed(&identity, PLANNER, &files);
        assert_eq!(check(&identity, &seal, &moved), Err(Broken::Edited));
    }

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, text) in [
            (0, "0s"),
            (59, "59s"),
            (86_400, "1d"),
            (86_400 + 3_600 + 60, "1d 1h"),
            (86_400 + 60, "1d"),
            (3_661, "1h 1m"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), text);
        }
    }
}
