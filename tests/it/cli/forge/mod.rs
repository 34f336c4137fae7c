//! The workflows of `examples/ci`, run: each command as a forge would run it, in a repository, against a server.
//!
//! What belongs to a forge is played by small scripts in `tests/fixtures/forge`; `recado`, `git` and `bash` are real. The
//! filters for `jq` and `gh --jq` are run by `jq.awk` there, over answers in the shape that the forges document, page by page.
//! Not held against anything: that the forges answer so (fields, order, sizes of pages), `paths:`, `changes:`, `permissions:`,
//! `concurrency:` and `resource_group:`, by which of a run `gh run list` chooses besides event and commit, and all of jq
//! that `jq.awk` names no word of, at which it fails.

mod github;
mod gitlab;
mod hook;
mod repository;
mod story;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use repository::Repository;
use serde_yaml::Value;

/// The variables of a shell.
type Env = BTreeMap<String, String>;

/// A pull request as a forge sees it.
#[derive(Debug, Clone, Copy)]
struct Pull<'a> {
    number: u32,
    branch: &'a str,
    is_fork: bool,
}

/// How a job ended, and what it printed.
#[derive(Debug, PartialEq, Eq)]
struct Ran {
    job: String,
    code: i32,
    told: String,
}

/// Who reads a workflow and runs its jobs.
trait Forge {
    /// Somebody opened a pull request, or changed it.
    fn pull_request(&self, repository: &Repository, pull: Pull<'_>) -> Vec<Ran>;

    /// Main is at `sha` now, through a pull request or without one.
    fn push(&self, repository: &Repository, sha: &str, through: Option<Pull<'_>>) -> Vec<Ran>;
}

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples/ci")
        .join(name)
}

/// A workflow, with its anchors followed.
fn workflow(name: &str) -> Value {
    let text = std::fs::read_to_string(example(name)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

/// The entries of a map, in their order; none where there is no map.
fn entries(value: &Value) -> Vec<(String, &Value)> {
    let map = value.as_mapping().into_iter().flatten();
    map.map(|(key, value)| (text(key), value)).collect()
}
