//! Files of other owners, which count as applied.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::error::Error;
use super::files::{self, Folder};
use crate::campaign::{self, SourceFile};
use crate::model::resource::{Document, Key};

#[derive(Debug, Args)]
pub(super) struct Beside {
    /// A folder of another owner, whose files count as applied and are not looked into, as `recado export --owner` writes
    /// it; may be given several times
    #[arg(long = "beside", value_name = "DIR")]
    folders: Vec<PathBuf>,
}

// === impl Beside ===

impl Beside {
    /// What stands beside `files`; `None` when nothing was said of others.
    pub(super) fn read(&self, files: &[SourceFile]) -> Result<Option<Vec<Document>>, Error> {
        if self.folders.is_empty() {
            return Ok(None);
        }
        let own = campaign::owner_of(files).filter(|owner| !owner.is_empty());
        let names = files.iter().cloned();
        let names = names.filter_map(|file| file.into_document(String::new()));
        let names: BTreeSet<Key> = names.map(|document| document.key()).collect();
        let mut all: Vec<Document> = Vec::new();
        for folder in &self.folders {
            let refused = |why: String| {
                let folder = folder.display();
                Error::Input(format!("`--beside {folder}`: {why}"))
            };
            let documents = documents(folder, &refused)?;
            for document in documents {
                if own.as_ref().is_some_and(|own| *own == document.owner) {
                    let owner = document.owner;
                    let why = format!("it is of `{owner}`, as the files themselves");
                    return Err(refused(why));
                }
                // What an owner has of the same name is an error of the files; what nobody has would be taken on unasked.
                if document.owner.is_empty() && names.contains(&document.key()) {
                    let (kind, name) = (document.kind, &document.name);
                    let why = format!(
                        "it is nobody's, and has the {kind} `{name}` of the files too: declare `owner:` in its Settings"
                    );
                    return Err(refused(why));
                }
                let key = (document.kind, &document.name);
                if all.iter().any(|it| (it.kind, &it.name) == key) {
                    let (kind, name) = key;
                    return Err(refused(format!("the {kind} `{name}` was given already")));
                }
                all.push(document);
            }
        }
        Ok(Some(all))
    }
}

fn documents(folder: &Path, refused: &dyn Fn(String) -> Error) -> Result<Vec<Document>, Error> {
    let Folder { files, problems } = files::scan(folder)?;
    if let Some(problem) = problems.first() {
        return Err(refused(problem.message.clone()));
    }
    if files.is_empty() {
        return Err(refused("it holds no campaign file".to_owned()));
    }
    let owner = campaign::owner_of(&files).unwrap_or_default();
    let mut documents = Vec::with_capacity(files.len());
    for file in files {
        let path = file.path.clone();
        let document = file.into_document(owner.clone());
        let why = || {
            refused(format!(
                "`{path}` is no campaign file: `recado validate` says why"
            ))
        };
        documents.push(document.ok_or_else(why)?);
    }
    Ok(documents)
}
