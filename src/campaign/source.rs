//! Files in, a checked set out.

use std::collections::HashMap;

use super::check;
use super::file::{self, Resource};
use super::node::Node;
use super::set::Set;
use super::{node, verify};
use crate::diagnostic::{Code, Diagnostic, Place};
use crate::model::limits;
use crate::model::resource::{Document, Kind};

/// A file of the campaign folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Relative to the folder, with `/`.
    pub path: String,
    pub text: String,
}

/// What the files come to.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub set: Set,
    pub warnings: Vec<Diagnostic>,
}

/// A file that has the right shape.
pub(super) struct Parsed<'a> {
    pub(super) file: &'a SourceFile,
    pub(super) root: Node,
    pub(super) kind: Kind,
    pub(super) name: String,
    pub(super) resource: Resource,
}

/// Reads and checks all files together.
///
/// # Errors
/// All problems of all files, errors and warnings, by file and line.
pub fn load(files: &[SourceFile]) -> Result<Loaded, Vec<Diagnostic>> {
    let mut problems = bounds(files);
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut parsed = Vec::new();
    for file in files {
        match parse(file) {
            Ok(one) => parsed.push(one),
            Err(found) => problems.extend(found),
        }
    }
    problems.extend(twice(&parsed));
    // What does not parse is taken for present, so that references to it are not reported as well.
    let set = check::check(&parsed, files.len() > parsed.len(), &mut problems);
    problems.sort_by_key(|problem| {
        problem
            .place
            .as_ref()
            .map(|place| (place.file.clone(), place.span.start))
    });
    if problems.iter().any(Diagnostic::is_error) {
        return Err(problems);
    }
    Ok(Loaded {
        set,
        warnings: problems,
    })
}

// === impl SourceFile ===

impl SourceFile {
    /// A file as it was read.
    ///
    /// # Errors
    /// It is not UTF-8.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let path = path.into();
        String::from_utf8(bytes)
            .map(|text| Self {
                path: path.clone(),
                text,
            })
            .map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let before = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
                let mut problem =
                    Diagnostic::error(Code("file-encoding"), format!("byte {at} is not UTF-8"));
                let mut place = Place::of(&path, &before, before.len()..before.len());
                // The rest of the line cannot be shown.
                before
                    .rsplit('\n')
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut place.snippet);
                problem.place = Some(place);
                Box::new(problem.hint("save the file as UTF-8"))
            })
    }
}

impl From<&Document> for SourceFile {
    fn from(document: &Document) -> Self {
        Self {
            path: document.path.clone(),
            text: document.source.clone(),
        }
    }
}

fn bounds(files: &[SourceFile]) -> Vec<Diagnostic> {
    let whole = |message: String| Diagnostic::error(Code("file-limit"), message);
    let mut problems = Vec::new();
    if files.len() > limits::FILES_MAX {
        problems.push(whole(format!(
            "{} files; a folder may have {}",
            files.len(),
            limits::FILES_MAX
        )));
    }
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    if bytes > limits::FILES_BYTES_MAX {
        problems.push(whole(format!(
            "{bytes} bytes in all files; {} are allowed",
            limits::FILES_BYTES_MAX
        )));
    }
    for file in files
        .iter()
        .filter(|file| file.text.len() > limits::FILE_BYTES_MAX)
    {
        let message = format!(
            "{} bytes; a file may have {}",
            file.text.len(),
            limits::FILE_BYTES_MAX
        );
        let mut problem = whole(message);
        problem.place = Some(Place::of(&file.path, "", 0..0));
        problems.push(problem);
    }
    problems
}

fn parse(file: &SourceFile) -> Result<Parsed<'_>, Vec<Diagnostic>> {
    let root = node::parse(file).map_err(|problem| vec![*problem])?;
    let (kind, name) = verify::verify(file, &root)?;
    match file::read(kind, root.text("type"), &file.text) {
        Ok(resource) => Ok(Parsed {
            file,
            root,
            kind,
            name,
            resource,
        }),
        // The shapes and the types are two descriptions of one thing: where they differ, say what serde says.
        Err(error) => {
            let at = error.location().map_or(0, |location| location.index());
            let mut problem = Diagnostic::error(Code("wrong-type"), "the document cannot be read");
            problem.place = Some(Place::of(&file.path, &file.text, at..at));
            Err(vec![problem])
        }
    }
}

/// Resources that stand in two files.
fn twice(parsed: &[Parsed<'_>]) -> Vec<Diagnostic> {
    let mut first: HashMap<(Kind, &str), &str> = HashMap::new();
    let mut problems = Vec::new();
    for one in parsed {
        let key = (one.kind, one.name.as_str());
        if let Some(other) = first.get(&key) {
            let message = format!(
                "the {} `{}` stands in `{other}` already",
                one.kind, one.name
            );
            let problem = Diagnostic::error(Code("duplicate-resource"), message).at("name");
            problems.push(one.root.placed(
                one.file,
                problem.hint("give it another name, or remove one"),
            ));
        } else {
            first.insert(key, &one.file.path);
        }
    }
    problems
}
