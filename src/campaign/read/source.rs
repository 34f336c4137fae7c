//! Files in, a checked set out.

use std::collections::HashMap;

use super::file::{self, Resource};
use super::node;
use super::node::Node;
use super::paths;
use super::redact;
use super::verify;
use crate::campaign::case::Tests;
use crate::campaign::check::beside::{self, Beside, Sorted};
use crate::campaign::check::checker;
use crate::campaign::set::Set;
use crate::diagnostic::codes::FILE_LIMIT;
use crate::diagnostic::{Diagnostic, Place, codes};
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
    pub tests: Tests,
    pub warnings: Vec<Diagnostic>,
}

/// What else there is to know of the files, and what is to be known of them.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::campaign) struct Asked {
    pub(in crate::campaign) is_part: bool,
    pub(in crate::campaign) is_covered: bool,
    /// What stays of others is not the caller's to hear of.
    pub(in crate::campaign) is_of_others_muted: bool,
}

/// A file that is YAML.
pub(in crate::campaign) struct Read<'a> {
    pub(in crate::campaign) file: &'a SourceFile,
    pub(in crate::campaign) root: Node,
}

/// A file that has the right shape.
pub(in crate::campaign) struct Parsed<'a> {
    pub(in crate::campaign) read: Read<'a>,
    pub(in crate::campaign) kind: Kind,
    pub(in crate::campaign) name: String,
    pub(in crate::campaign) resource: Resource,
}

/// Reads and checks all files together.
///
/// # Errors
/// All problems of all files, errors and warnings, by file and line.
pub fn load(files: &[SourceFile]) -> Result<Loaded, Vec<Diagnostic>> {
    load_part(files, false)
}

/// As [`load`]; with `is_part` there are files that could not be read, and what is missing may stand there.
///
/// # Errors
/// As [`load`].
pub fn load_part(files: &[SourceFile], is_part: bool) -> Result<Loaded, Vec<Diagnostic>> {
    let asked = Asked {
        is_part,
        ..Asked::default()
    };
    sifted(checked(files, asked, None)?)
}

/// As [`load`], beside what is applied: the set is all that would be applied then.
///
/// # Errors
/// As [`load`]; also for a file of what another owner has applied, and for what would break of others.
pub fn load_beside(files: &[SourceFile], beside: Beside<'_>) -> Result<Loaded, Vec<Diagnostic>> {
    sifted(checked(files, Asked::default(), Some(beside))?)
}

/// What is left of the problems when Settings have set their levels.
pub(in crate::campaign) fn sifted(loaded: Loaded) -> Result<Loaded, Vec<Diagnostic>> {
    let mut problems = loaded.set.lints.sifted(loaded.warnings);
    if problems.iter().any(Diagnostic::is_error) {
        problems.truncate(limits::DIAGNOSTICS_MAX);
        return Err(problems);
    }
    Ok(Loaded {
        warnings: problems,
        ..loaded
    })
}

/// As [`load`], with everything that was found among its warnings, errors too and whatever Settings say.
///
/// # Errors
/// The files are too many or too large to be looked at.
pub(in crate::campaign) fn checked(
    files: &[SourceFile],
    mut asked: Asked,
    beside: Option<Beside<'_>>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut problems = folder_bounds(files);
    if !problems.is_empty() {
        return Err(problems);
    }
    problems.extend(paths::check(files));
    let mut all = Sorting::default();
    all.add(files, &mut problems);
    problems.extend(twice(&all.parsed));
    let owner = if all.misshapen.is_empty() {
        beside::owner(&all.parsed)
    } else {
        // A mistake elsewhere in Settings makes nobody else of their owner.
        beside::owner_of(files).unwrap_or_default()
    };
    // Without a server, what seems missing may be another owner's.
    let has_others = !owner.is_empty() && beside.is_none();
    // What does not parse is taken for present, so that references to it are not reported as well.
    asked.is_part |= all.is_part || has_others;
    let sorted = beside.map(|beside| beside.sort(&all.parsed, &all.csv_files, &owner));
    let Sorted {
        kept,
        orphans,
        problems: others,
    } = sorted.unwrap_or_default();
    problems.extend(others);
    // Before the files: what is wrong between two is told of the second.
    let mut whole = Sorting::default();
    whole.add(&kept, &mut problems);
    whole.append(all);
    let (mut set, mut tests) = checker::check(
        &whole.parsed,
        &whole.misshapen,
        &whole.csv_files,
        (asked, has_others),
        &mut problems,
    );
    beside::settle(&mut set, &owner);
    set.owner = Some(owner);
    set.orphans = orphans;
    let (mut of_kept, mut problems) = beside::parted(problems);
    tests.cases.retain(|case| !beside::is_kept(&case.file));
    if asked.is_of_others_muted {
        of_kept.clear();
    }
    redact::redact(&mut problems, files);
    redact::redact(&mut of_kept, &kept);
    problems.extend(beside::retold(of_kept));
    problems.sort_by_key(|problem| {
        problem
            .place
            .as_ref()
            .map(|place| (place.file.clone(), place.span.start))
    });
    Ok(Loaded {
        set,
        tests,
        warnings: problems,
    })
}

/// Files by how far they can be read.
#[derive(Default)]
struct Sorting<'a> {
    parsed: Vec<Parsed<'a>>,
    misshapen: Vec<Read<'a>>,
    csv_files: Vec<&'a SourceFile>,
    /// There are some that do not parse.
    is_part: bool,
}

impl<'a> Sorting<'a> {
    fn add(&mut self, files: &'a [SourceFile], problems: &mut Vec<Diagnostic>) {
        let (csv_files, documents): (Vec<_>, Vec<_>) = files.iter().partition(|file| file.is_csv());
        self.csv_files.extend(csv_files);
        for file in documents {
            match read(file) {
                Ok(read) => match shaped(read) {
                    Ok(one) => self.parsed.push(one),
                    Err((read, found)) => {
                        self.misshapen.push(read);
                        problems.extend(found);
                    }
                },
                Err(problem) => {
                    self.is_part = true;
                    problems.push(*problem);
                }
            }
        }
    }

    fn append(&mut self, other: Self) {
        self.parsed.extend(other.parsed);
        self.misshapen.extend(other.misshapen);
        self.csv_files.extend(other.csv_files);
    }
}

/// Gives problems of the text at the field `at` of a file their places in it.
pub fn placed(file: &SourceFile, at: &str, problems: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let Ok(read) = read(file) else {
        return problems;
    };
    let problems = problems.into_iter().map(|problem| problem.at(at));
    let mut placed: Vec<_> = problems
        .map(|problem| read.root.placed(file, problem))
        .collect();
    redact::redact(&mut placed, std::slice::from_ref(file));
    placed
}

// === impl SourceFile ===

impl SourceFile {
    /// The same from every system: with `/` in its path, and `\n` behind each line.
    pub fn new(path: &str, text: String) -> Self {
        let has_returns = text.contains('\r');
        Self {
            path: paths::slashed(path),
            text: if has_returns {
                text.replace("\r\n", "\n")
            } else {
                text
            },
        }
    }

    /// Whether it is the items of a catalog, and no document.
    pub fn is_csv(&self) -> bool {
        self.path.to_ascii_lowercase().ends_with(".csv")
    }

    /// What it is of, by its own words; nothing when it does not say.
    pub fn into_document(self, owner: String) -> Option<Document> {
        let (kind, name) = if self.is_csv() {
            (Kind::CatalogFile, self.path.clone())
        } else {
            let root = node::parse(&self).ok()?;
            (
                Kind::parse(root.text("kind")?)?,
                root.text("name")?.to_owned(),
            )
        };
        Some(Document {
            kind,
            name,
            path: self.path,
            source: self.text,
            owner,
        })
    }

    /// A file as it was read.
    ///
    /// # Errors
    /// It is too large, or not UTF-8.
    pub fn from_bytes(path: impl Into<String>, bytes: Vec<u8>) -> Result<Self, Box<Diagnostic>> {
        let path = path.into();
        if bytes.len() > limits::FILE_BYTES_MAX {
            return Err(Box::new(too_large(&path)));
        }
        // Some editors put a byte order mark before the text.
        let bytes = match bytes.strip_prefix(b"\xef\xbb\xbf") {
            Some(text) => text.to_vec(),
            None => bytes,
        };
        String::from_utf8(bytes)
            .map(|text| Self::new(&path, text))
            .map_err(|error| {
                let at = error.utf8_error().valid_up_to();
                let before = String::from_utf8_lossy(&error.as_bytes()[..at]).into_owned();
                let mut problem =
                    Diagnostic::error(codes::FILE_ENCODING, format!("byte {at} is not UTF-8"));
                let shown = redact::mask(&before);
                let mut place = Place::of(&path, &shown, shown.len()..shown.len());
                // The rest of the line cannot be shown.
                let line = shown.rsplit('\n').next().unwrap_or_default();
                line.clone_into(&mut place.snippet);
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

fn folder_bounds(files: &[SourceFile]) -> Vec<Diagnostic> {
    let whole = |message: String| Diagnostic::error(FILE_LIMIT, message);
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
    problems
}

fn too_large(path: &str) -> Diagnostic {
    let message = format!("the file has more than {} bytes", limits::FILE_BYTES_MAX);
    let mut problem = Diagnostic::error(FILE_LIMIT, message);
    problem.place = Some(Place::of(path, "", 0..0));
    let is_csv = path.to_ascii_lowercase().ends_with(".csv");
    problem.hint(if is_csv {
        "make several catalogs of it, each with a CSV file of its own"
    } else {
        "put each resource into a file of its own"
    })
}

fn read(file: &SourceFile) -> Result<Read<'_>, Box<Diagnostic>> {
    if file.text.len() > limits::FILE_BYTES_MAX {
        return Err(Box::new(too_large(&file.path)));
    }
    let root = node::parse(file)?;
    Ok(Read { file, root })
}

/// What does not fit its shape comes back, for what can be checked in it all the same.
fn shaped(read: Read<'_>) -> Result<Parsed<'_>, (Read<'_>, Vec<Diagnostic>)> {
    let (kind, name) = match verify::verify(read.file, &read.root) {
        Ok(found) => found,
        Err(problems) => return Err((read, problems)),
    };
    match file::read(kind, read.root.text("type"), &read.file.text) {
        Ok(resource) => Ok(Parsed {
            read,
            kind,
            name,
            resource,
        }),
        // The shapes and the types are two descriptions of one thing: where they differ, there is only a place.
        Err(error) => {
            let at = error.location().map_or(0, |location| location.index());
            let mut problem = Diagnostic::error(codes::WRONG_TYPE, "this YAML is not understood");
            problem.place = Some(Place::of(&read.file.path, &read.file.text, at..at));
            let hint =
                "write it without tags (`!name`), merge keys (`<<`) and numbers beyond 64 bits";
            Err((read, vec![problem.hint(hint)]))
        }
    }
}

/// Resources that stand in two files.
fn twice(parsed: &[Parsed<'_>]) -> Vec<Diagnostic> {
    let mut first: HashMap<(Kind, &str), &str> = HashMap::new();
    let mut problems = Vec::new();
    // Of Settings there is one, whatever their names: that is told once.
    for one in parsed.iter().filter(|one| one.kind != Kind::Settings) {
        let key = (one.kind, one.name.as_str());
        if let Some(other) = first.get(&key) {
            let message = format!(
                "the {} `{}` stands in `{other}` already",
                one.kind, one.name
            );
            let problem = Diagnostic::error(codes::DUPLICATE_RESOURCE, message).at("name");
            let problem = problem.hint("give it another name, or remove one");
            problems.push(one.read.root.placed(one.read.file, problem));
        } else {
            first.insert(key, &one.read.file.path);
        }
    }
    problems
}
