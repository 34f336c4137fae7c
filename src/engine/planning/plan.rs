//! Planning: what files would change, and what that does to people.

use std::sync::Arc;

use super::allowed::Allowed;
use super::back::Back;
use super::seal::Seal;
use super::turns::Caller;
use super::weigh::Plan;
use crate::campaign::SourceFile;
use crate::diagnostic::Diagnostic;
use crate::engine::{Engine, Error, Result};
use crate::model::limits;
use crate::segment::Filter;

/// What is to be planned.
#[derive(Debug, Default)]
pub struct PlanRequest {
    pub wish: Wish,
    pub allowed: Allowed,
    /// The git commit of the files, for the record.
    pub commit: String,
}

/// The state that somebody wants.
#[derive(Debug, Clone)]
pub enum Wish {
    /// Files, beside what others have applied.
    Files {
        files: Arc<[SourceFile]>,
        /// What their owner has applied and is not among them goes.
        prune: bool,
    },
    Back(Back),
}

/// A plan, or what is wrong with the files; warnings come with a plan.
#[derive(Debug)]
pub struct Planned {
    pub plan: Option<Plan>,
    /// What vouches for the plan.
    pub seal: Option<Seal>,
    pub diagnostics: Vec<Diagnostic>,
}

// === impl Planned ===

impl Planned {
    /// There is nothing to apply.
    fn refused(diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            plan: None,
            seal: None,
            diagnostics,
        }
    }
}

// === impl Engine ===

impl Engine {
    /// Compares a wish with the applied state. Changes nothing.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many plans wait to be made.
    pub async fn plan(self: &Arc<Self>, request: PlanRequest) -> Result<Planned> {
        request.wish.check()?;
        let plan =
            |engine: Arc<Self>, caller| async move { engine.plan_in_turn(request, caller).await };
        self.in_turn(("plan", Error::Stopping), plan).await
    }

    async fn plan_in_turn(&self, request: PlanRequest, caller: Caller) -> Result<Planned> {
        let PlanRequest {
            wish,
            allowed,
            commit,
        } = request;
        caller.check()?;
        let state = self.applied.load_full();
        let prospect = self.prospect(&wish, &allowed, (&state.set, state.revision));
        let prospect = match prospect.await? {
            Ok(prospect) => prospect,
            Err(diagnostics) => return Ok(Planned::refused(diagnostics)),
        };
        caller.check()?;
        let wanted = Arc::clone(&prospect.set);
        let (plan, diagnostics) = match self.weigh(prospect, &state).await {
            Ok(weighed) => weighed,
            // There is no plan to apply.
            Err(Error::Files(diagnostics)) => return Ok(Planned::refused(diagnostics)),
            Err(error) => return Err(error),
        };
        caller.check()?;
        let seal = self.seal(&plan, &wish, commit).await?;
        let sides = [Arc::clone(&state.set), wanted];
        let plan = self.render(plan, sides, caller).await?;
        Ok(Planned {
            plan: Some(plan),
            seal,
            diagnostics,
        })
    }

    /// The users a campaign's audience holds now; everybody without a filter.
    pub(in crate::engine) async fn audience(&self, filter: Option<&Filter>) -> Result<u64> {
        Ok(match filter {
            None => self.parts.store.count_users().await?,
            Some(filter) => {
                let now = self.parts.clock.now();
                self.parts.store.count(filter, now).await?
            }
        })
    }
}

// === impl Wish ===

impl Wish {
    /// # Errors
    /// It is over a bound.
    pub(in crate::engine) fn check(&self) -> Result<()> {
        self.files().map_or(Ok(()), |files| check_files(files))
    }

    pub(in crate::engine) fn files(&self) -> Option<&Arc<[SourceFile]>> {
        match self {
            Self::Files { files, .. } => Some(files),
            Self::Back(_) => None,
        }
    }
}

impl Default for Wish {
    fn default() -> Self {
        Self::Files {
            files: Arc::default(),
            prune: false,
        }
    }
}

pub(in crate::engine) fn check_files(files: &[SourceFile]) -> Result<()> {
    let over = |unit, actual, max| {
        Err(Error::OverLimit {
            field: "files",
            unit,
            actual,
            max,
        })
    };
    if files.len() > limits::FILES_MAX {
        return over("files", files.len(), limits::FILES_MAX);
    }
    let bytes = files
        .iter()
        .map(|file| file.path.len() + file.text.len())
        .sum();
    if bytes > limits::FILES_BYTES_MAX {
        return over("bytes", bytes, limits::FILES_BYTES_MAX);
    }
    let mut paths = files.iter().map(|file| &file.path);
    match paths.position(|path| path.contains(char::is_control)) {
        Some(at) => {
            let message = "a path must not hold control characters";
            Err(Error::invalid(format!("files[{at}].path"), message))
        }
        None => Ok(()),
    }
}
