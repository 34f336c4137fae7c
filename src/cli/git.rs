//! What git knows of a folder, for the record.

use std::path::Path;
use std::process::{Command, Stdio};

/// Behind a commit that the folder differs from.
const DIRTY: &str = "-dirty";
/// As much of a commit's id as tells it from others.
const SHORT_CHARS: usize = 12;

/// Who works here; empty when git does not know.
pub(super) fn or_user(given: Option<&String>, folder: &Path) -> String {
    or(given, folder, &["config", "user.name"])
}

/// The commit that is checked out, marked where the folder differs from it; empty when it is in no repository.
pub(super) fn or_head(given: Option<&String>, folder: &Path) -> String {
    let head = or(given, folder, &["rev-parse", "HEAD"]);
    let is_dirty = || git(folder, &["status", "--porcelain", "--", "."]).is_some();
    if given.is_none() && !head.is_empty() && is_dirty() {
        return head + DIRTY;
    }
    head
}

/// A commit for people to compare, marked as it is.
pub(super) fn short(commit: &str) -> String {
    let (id, mark) = match commit.strip_suffix(DIRTY) {
        Some(id) => (id, DIRTY),
        None => (commit, ""),
    };
    let id: String = id.chars().take(SHORT_CHARS).collect();
    id + mark
}

fn or(given: Option<&String>, folder: &Path, arguments: &[&str]) -> String {
    let given = given.cloned();
    given.or_else(|| git(folder, arguments)).unwrap_or_default()
}

/// Nothing when the folder is in no repository or there is no git.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let said = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(said.stdout).ok()?;
    let text = text.trim();
    (said.status.success() && !text.is_empty()).then(|| text.to_owned())
}
