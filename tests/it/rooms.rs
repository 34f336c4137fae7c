//! Holds `src/` to its floor plan: who may import whom, what is named where, and how large a file gets.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A room and the rooms it may import. `*` is every room: the composition root and the command line.
const MAY_IMPORT: [(&str, &[&str]); 20] = [
    ("model", &[]),
    ("diagnostic", &[]),
    ("clock", &[]),
    ("lifecycle", &[]),
    ("telemetry", &[]),
    ("parallel", &[]),
    ("audience", &["model", "parallel"]),
    ("segment", &["audience", "model", "diagnostic", "parallel"]),
    ("template", &["model", "diagnostic"]),
    ("messenger", &["model", "diagnostic"]),
    (
        "campaign",
        &["segment", "template", "messenger", "model", "diagnostic"],
    ),
    ("config", &["campaign", "model", "clock"]),
    (
        "store",
        &[
            "campaign",
            "segment",
            "audience",
            "model",
            "diagnostic",
            "clock",
            "parallel",
        ],
    ),
    (
        "delivery",
        &[
            "store",
            "campaign",
            "segment",
            "template",
            "messenger",
            "model",
            "diagnostic",
            "clock",
            "lifecycle",
            "config",
        ],
    ),
    (
        "engine",
        &[
            "store",
            "delivery",
            "campaign",
            "segment",
            "audience",
            "model",
            "diagnostic",
            "clock",
            "parallel",
            "lifecycle",
        ],
    ),
    ("sandbox", &["clock", "lifecycle"]),
    (
        "api",
        &[
            "engine",
            "campaign",
            "segment",
            "delivery",
            "store",
            "model",
            "diagnostic",
            "lifecycle",
            "config",
            "clock",
        ],
    ),
    (
        "http",
        &[
            "engine",
            "config",
            "lifecycle",
            "telemetry",
            "clock",
            "model",
        ],
    ),
    ("server", &["*"]),
    ("cli", &["*"]),
];

/// Words that stand in some files only, and why.
const ONLY_IN: [(&str, &[&str], &str); 4] = [
    ("rusqlite", &["store/sqlite/"], "SQL stands in the backend"),
    (
        "tonic::include_proto",
        &["api/mod.rs"],
        "wire types are made at the door",
    ),
    (
        "Status::with_error_details",
        // The command line's own tests read one.
        &["api/status.rs", "cli/error.rs"],
        "one place makes statuses",
    ),
    (
        "serde_yaml",
        &["campaign/", "config/", "cli/sandbox.rs"],
        "YAML is read where files of people are",
    ),
];

/// Rooms without async, files or a clock.
const PURE: [&str; 7] = [
    "model",
    "diagnostic",
    "audience",
    "segment",
    "template",
    "messenger",
    "campaign",
];
const IMPURE: [&str; 5] = ["tokio", "std::fs", "async fn", "Timestamp::now", "std::env"];

const LINES_MAX: usize = 400;
const MOD_LINES_MAX: usize = 120;

/// Files that may be longer, and why.
const LONGER: [(&str, &str); 0] = [];

struct Source {
    /// Relative to `src/`, with `/`.
    path: String,
    text: String,
}

#[test]
fn rooms_import_only_what_the_table_allows() {
    let rooms: BTreeSet<&str> = MAY_IMPORT.iter().map(|(room, _)| *room).collect();
    let mut wrong = Vec::new();
    for source in sources() {
        let Some(room) = room(&source.path) else {
            continue;
        };
        let allowed = MAY_IMPORT
            .iter()
            .find(|(name, _)| *name == room)
            .map(|(_, allowed)| *allowed);
        let Some(allowed) = allowed else {
            wrong.push(format!(
                "src/{}: the room `{room}` is not in the table",
                source.path
            ));
            continue;
        };
        for (line, import) in imports(&source.text) {
            let is_fine =
                import == room || allowed.contains(&"*") || allowed.contains(&import.as_str());
            if rooms.contains(import.as_str()) && !is_fine {
                wrong.push(format!(
                    "src/{}:{line}: `{room}` must not import `{import}`",
                    source.path
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "see MAY_IMPORT in tests/it/rooms.rs:\n{}",
        wrong.join("\n")
    );
}

#[test]
fn some_words_stand_in_some_files_only() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (word, places, why) in ONLY_IN {
            let is_fine = places.iter().any(|place| source.path.starts_with(place));
            let used = source
                .text
                .lines()
                .position(|line| code(line).contains(word));
            if let Some(line) = used.filter(|_| !is_fine) {
                wrong.push(format!("src/{}:{}: `{word}`: {why}", source.path, line + 1));
            }
        }
        let is_pure = room(&source.path).is_some_and(|room| PURE.contains(&room));
        for word in IMPURE {
            let used = source
                .text
                .lines()
                .position(|line| code(line).contains(word));
            if let Some(line) = used.filter(|_| is_pure) {
                wrong.push(format!(
                    "src/{}:{}: `{word}` in a pure room",
                    source.path,
                    line + 1
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_stay_readable() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        let max = if source.path.ends_with("/mod.rs") {
            MOD_LINES_MAX
        } else {
            LINES_MAX
        };
        if lines > max && !LONGER.iter().any(|(path, _)| *path == source.path) {
            wrong.push(format!(
                "src/{}: {lines} lines; {max} are allowed",
                source.path
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "look for the second subject in:\n{}",
        wrong.join("\n")
    );
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    walk(&root, &root, &mut found);
    assert!(found.len() > 100, "the sources were not found");
    found
}

fn walk(root: &Path, folder: &Path, found: &mut Vec<Source>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(root, &path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path
                .strip_prefix(root)
                .expect("below src")
                .to_string_lossy()
                .replace('\\', "/");
            found.push(Source {
                path: relative,
                text: fs::read_to_string(&path).expect("a file"),
            });
        }
    }
}

/// The room a file belongs to; `main.rs` and `lib.rs` belong to none.
fn room(path: &str) -> Option<&str> {
    let first = path.split('/').next()?.trim_end_matches(".rs");
    (!matches!(first, "main" | "lib")).then_some(first)
}

/// Every `crate::ROOM` and every room of a `use crate::{…}`, with its line.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, line) in text.lines().enumerate() {
        for (start, _) in code(line).match_indices("crate::") {
            let rest = &line[start + "crate::".len()..];
            if let Some(group) = rest.strip_prefix('{') {
                let mut depth = 0;
                for part in group.split(',') {
                    if depth == 0 {
                        found.push((at + 1, word(part.trim())));
                    }
                    depth += part.matches('{').count();
                    depth = depth.saturating_sub(part.matches('}').count());
                }
            } else {
                found.push((at + 1, word(rest)));
            }
        }
    }
    found
}

fn word(text: &str) -> String {
    text.chars()
        .take_while(|c| c.is_alphanumeric() || *c == '_')
        .collect()
}

/// A line without its comment.
fn code(line: &str) -> &str {
    line.find("//").map_or(line, |at| &line[..at])
}
