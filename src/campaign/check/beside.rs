//! Files of one owner beside what is applied: what others own stays, and is there to be referred to.
//!
//! What stays is checked together with the files. Its paths are marked meanwhile, since two owners may use the same.

use std::collections::BTreeSet;

use crate::campaign::read::file::Resource;
use crate::campaign::read::node;
use crate::campaign::read::source::{Parsed, SourceFile};
use crate::campaign::set::Set;
use crate::diagnostic::{Diagnostic, Place, codes};
use crate::model::resource::{Document, Kind};

/// What no path holds that comes through a door.
const MARK: char = '\0';

/// The applied state that files come beside.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    pub applied: &'a [Document],
    /// What the files' owner has applied and is not among them is deleted.
    pub prune: bool,
    /// Owners whose resources the files may take over.
    pub takeovers: &'a BTreeSet<String>,
}

/// What becomes of the applied state.
#[derive(Debug, Default)]
pub(in crate::campaign) struct Sorted {
    pub(in crate::campaign) kept: Vec<SourceFile>,
    /// The files' owner has applied it, it is not among them, and it is kept.
    pub(in crate::campaign) orphans: Vec<(Kind, String)>,
    pub(in crate::campaign) problems: Vec<Diagnostic>,
}

/// Whether a path is of what stays, and of no file.
pub(in crate::campaign) fn is_kept(path: &str) -> bool {
    path.starts_with(MARK)
}

/// The owner of a document of settings, by which all files beside it are owned.
pub(in crate::campaign) fn owner(parsed: &[Parsed<'_>]) -> String {
    let settings = parsed.iter().find_map(|one| match &one.resource {
        Resource::Settings(file) => Some(file),
        _ => None,
    });
    settings
        .and_then(|file| file.owner.clone())
        .unwrap_or_default()
}

/// The owner of a folder, by its Settings as far as they can be read; `None` without any.
pub fn owner_of(files: &[SourceFile]) -> Option<String> {
    let documents = files.iter().filter(|file| !file.is_csv());
    let mut roots = documents.filter_map(|file| node::parse(file).ok());
    let settings = roots.find(|root| root.text("kind") == Some(Kind::Settings.as_str()))?;
    Some(settings.text("owner").unwrap_or_default().to_owned())
}

/// A document that stays, as a file.
pub(in crate::campaign) fn kept(document: &Document) -> SourceFile {
    SourceFile {
        path: format!("{MARK}{}{MARK}/{}", document.owner, document.path),
        text: document.source.clone(),
    }
}

/// The owner and the path of what stays.
fn unmarked(path: &str) -> Option<(&str, &str)> {
    let (owner, path) = path.strip_prefix(MARK)?.split_once(MARK)?;
    Some((owner, path.strip_prefix('/')?))
}

/// Gives documents their owners, and what stays its paths back.
pub(in crate::campaign) fn settle(set: &mut Set, owner: &str) {
    for document in &mut set.documents {
        let Some((of, path)) = unmarked(&document.path) else {
            owner.clone_into(&mut document.owner);
            continue;
        };
        document.owner = of.to_owned();
        let path = path.to_owned();
        if document.kind == Kind::CatalogFile {
            document.name.clone_from(&path);
        }
        document.path = path;
    }
    for policy in &mut set.policies {
        if let Some((_, path)) = unmarked(&policy.path) {
            policy.path = path.to_owned();
        }
    }
    set.documents
        .sort_by(|a, b| (a.kind, &a.name).cmp(&(b.kind, &b.name)));
    set.uses.rename(|name| match unmarked(name) {
        Some((_, path)) => path.to_owned(),
        None => name.to_owned(),
    });
}

/// Problems of what stays, and those of files.
pub(in crate::campaign) fn parted(problems: Vec<Diagnostic>) -> (Vec<Diagnostic>, Vec<Diagnostic>) {
    let is_of_kept = |problem: &Diagnostic| {
        let place = problem.place.as_ref();
        place.is_some_and(|place| is_kept(&place.file))
    };
    problems.into_iter().partition(is_of_kept)
}

/// What is told of what stays: it is not the caller's to mend, so that warnings say nothing to them. An error comes of
/// the files, and has no place among them.
pub(in crate::campaign) fn retold(problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let retold = problems.into_iter().filter_map(|problem| {
        let place = problem.place.as_ref();
        let Some((owner, path)) = place.and_then(|place| unmarked(&place.file)) else {
            return Some(problem);
        };
        let whose = match owner {
            "" => "nobody owns".to_owned(),
            owner => format!("`{owner}` owns"),
        };
        let message = format!("`{path}`, which {whose}, would break: {}", problem.message);
        problem.is_error().then(|| {
            let told = Diagnostic::error(problem.code, message);
            told.hint("it is applied and not among these files: leave what it needs")
        })
    });
    retold.collect()
}

// === impl Beside ===

impl Beside<'_> {
    /// `owner` is that of the files, empty for none.
    pub(in crate::campaign) fn sort(
        &self,
        parsed: &[Parsed<'_>],
        csv_files: &[&SourceFile],
        owner: &str,
    ) -> Sorted {
        let mut sorted = Sorted::default();
        for document in self.applied {
            let key = (document.kind, document.name.as_str());
            let own = parsed.iter().find(|one| (one.kind, &*one.name) == key);
            let csv = csv_files
                .iter()
                .find(|file| document.kind == Kind::CatalogFile && file.path == document.name);
            let is_own = document.owner == owner;
            if own.is_none() && csv.is_none() {
                if is_own && self.prune {
                    continue;
                }
                sorted.kept.push(kept(document));
                // A CSV file comes and goes with the catalog that names it.
                if is_own && document.kind != Kind::CatalogFile {
                    sorted.orphans.push((document.kind, document.name.clone()));
                }
                continue;
            }
            let may_take = !owner.is_empty()
                && (document.owner.is_empty() || self.takeovers.contains(&document.owner));
            if !is_own && !may_take {
                sorted.problems.push(match (own, csv) {
                    (Some(one), _) => {
                        let problem = others(document, owner).at("name");
                        one.read.root.placed(one.read.file, problem)
                    }
                    (None, csv) => {
                        let mut problem = others(document, owner);
                        problem.place = csv.map(|file| Place::of(&file.path, &file.text, 0..0));
                        problem
                    }
                });
            }
        }
        sorted
    }
}

fn others(document: &Document, owner: &str) -> Diagnostic {
    let (kind, name) = (document.kind, &document.name);
    let message = format!("the {kind} `{name}` belongs to `{}`", document.owner);
    let hint = if owner.is_empty() {
        format!(
            "if these are its files, write `owner: {}` in Settings; else give it another name",
            document.owner
        )
    } else {
        format!(
            "give it another name, refer to that one, or take it over with `--allow takeover={}`",
            document.owner
        )
    };
    Diagnostic::error(codes::OTHER_OWNER, message).hint(hint)
}
