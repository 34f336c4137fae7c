//! Planning: what files would change, and what that does to people.

use std::sync::Arc;

use super::allowed::Allowed;
use super::back::Back;
use super::seal::Seal;
pub(in crate::engine) use super::weigh::Plan;
use crate::campaign::{self, Change, Set, SourceFile};
use crate::diagnostic::Diagnostic;
use crate::engine::applied::State;
use crate::engine::{Engine, Error, Result};
use crate::model::limits;
use crate::model::resource::{Action, Changed, Kind};
use crate::segment::{self, Filter};

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
        files: Vec<SourceFile>,
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
    pub async fn plan(&self, request: PlanRequest) -> Result<Planned> {
        let PlanRequest {
            wish,
            allowed,
            commit,
        } = request;
        wish.check()?;
        let state = self.applied.load_full();
        let loaded = match self.load(&wish, &allowed, &state.set).await? {
            Ok(loaded) => loaded,
            Err(diagnostics) => {
                return Ok(Planned::refused(diagnostics));
            }
        };
        let (loaded, plan) = compare(loaded, &state).await?;
        let diagnostics = self
            .told(loaded.warnings, &plan.changes, &loaded.set)
            .await?;
        // Settings may make an error of what only a server sees: there is no plan to apply then.
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Ok(Planned::refused(diagnostics));
        }
        let wanted = Arc::new(loaded.set);
        let plan = match self.weigh(plan, &state, &wanted).await {
            Ok(plan) => plan,
            Err(Error::Files(denied)) => {
                let diagnostics = [denied, diagnostics].concat();
                return Ok(Planned::refused(diagnostics));
            }
            Err(error) => return Err(error),
        };
        let diagnostics = [plan.warnings.clone(), diagnostics].concat();
        let seal = self.seal(&plan, &wish, commit);
        let plan = self.render(plan, [Arc::clone(&state.set), wanted]).await?;
        Ok(Planned {
            plan: Some(plan),
            seal,
            diagnostics,
        })
    }

    /// What is wrong with files, with what only a server sees, at the levels that Settings give it.
    pub(in crate::engine) async fn told(
        &self,
        warnings: Vec<Diagnostic>,
        changes: &[Change],
        wanted: &Set,
    ) -> Result<Vec<Diagnostic>> {
        let mut told = self.count_gaps(warnings, wanted).await?;
        told.extend(self.warn_of_values(wanted).await?);
        told.extend(self.warn_of_filters(changes, wanted).await?);
        Ok(wanted.lints.sifted(told))
    }

    /// Warns of what looks wrong in filters that are new, given what users have.
    async fn warn_of_filters(&self, changes: &[Change], wanted: &Set) -> Result<Vec<Diagnostic>> {
        let mut warnings = Vec::new();
        // Of a store without users every name is unknown.
        if self.parts.store.count_users().await? == 0 {
            return Ok(warnings);
        }
        for change in changes {
            let Some(filter) = own_filter(wanted, change.kind, &change.name) else {
                continue;
            };
            let doubts = self.parts.store.doubts(&filter).await?;
            let mut documents = wanted.documents.iter();
            let document = documents.find(|it| it.kind == change.kind && it.name == change.name);
            if let (Some(document), false) = (document, doubts.is_empty()) {
                warnings.extend(campaign::placed(&document.into(), "filter", doubts));
            }
        }
        Ok(warnings)
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

// === impl Plan ===

impl Plan {
    /// Whose audiences are to be about the same when it is applied: those of what changes, and of campaigns that are reached.
    pub(in crate::engine) fn watched(&self) -> Vec<Changed> {
        let reached = self.reached.iter().map(|reached| Changed {
            kind: Kind::Campaign,
            name: reached.campaign.clone(),
            action: Action::Update,
            before: reached.effect.delta.as_ref().map(|delta| delta.before),
            after: reached.effect.delta.as_ref().map(|delta| delta.after),
        });
        self.changed().into_iter().chain(reached).collect()
    }

    /// What is kept of the changes.
    pub(in crate::engine) fn changed(&self) -> Vec<Changed> {
        let changes = self.changes.iter().map(|impact| Changed {
            kind: impact.change.kind,
            name: impact.change.name.clone(),
            action: impact.change.action,
            before: impact.audience_before,
            after: impact.audience,
        });
        changes.collect()
    }
}

// === impl Wish ===

impl Wish {
    /// # Errors
    /// It is over a bound.
    pub(in crate::engine) fn check(&self) -> Result<()> {
        self.files().map_or(Ok(()), check_files)
    }

    pub(in crate::engine) fn files(&self) -> Option<&[SourceFile]> {
        match self {
            Self::Files { files, .. } => Some(files),
            Self::Back(_) => None,
        }
    }
}

impl Default for Wish {
    fn default() -> Self {
        Self::Files {
            files: Vec::new(),
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

/// Compares beside the runtime: thousands of documents are hashed and taken apart.
pub(in crate::engine) async fn compare(
    loaded: campaign::Loaded,
    state: &Arc<State>,
) -> Result<(campaign::Loaded, campaign::Plan)> {
    let state = Arc::clone(state);
    let work = tokio::task::spawn_blocking(move || {
        let plan = campaign::plan(&state.set.documents, &loaded.set, state.revision);
        (loaded, plan)
    });
    work.await.map_err(|error| Error::Internal(Box::new(error)))
}

/// The filter that stands in the resource's own file.
fn own_filter(set: &Set, kind: Kind, name: &str) -> Option<Filter> {
    match kind {
        Kind::Segment => Some(set.segments.get(name)?.filter.clone()),
        Kind::Campaign => {
            let text = set.campaigns.get(name)?.filter.as_ref()?;
            segment::compile(text, &set.declared).ok()
        }
        _ => None,
    }
}
