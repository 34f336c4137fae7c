//! Every kind of mistake in campaign files, and what people are told about it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{recado, stderr, stdout};

/// What stands for a secret in the fixtures.
const SECRET: &str = "hunter2";

fn folders() -> Vec<PathBuf> {
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/campaigns/bad");
    let entries = fs::read_dir(bad).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn each_mistake_is_told_with_its_place_and_its_remedy() {
    let folders = folders();
    assert!(folders.len() > 30);
    for folder in folders {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let output = recado(&["validate", "."])
            .current_dir(&folder)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "{name}: {}", stderr(&output));
        let told = stderr(&output);
        assert!(!told.contains(SECRET), "{name}: {told}");
        insta::assert_snapshot!(format!("bad-{name}"), told + &stdout(&output));
    }
}

#[test]
fn the_same_problems_are_told_as_json() {
    for folder in folders() {
        let folder = folder.to_str().unwrap();
        let output = recado(&["validate", folder, "--json"]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{folder}");
        let told: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(told["valid"], false, "{folder}");
        let errors = told["diagnostics"].as_array().unwrap().iter();
        let errors: Vec<_> = errors.filter(|d| d["severity"] == "error").collect();
        assert!(!errors.is_empty(), "{folder}");
        for error in errors {
            let is_told = |key: &str| error[key].as_str().is_some_and(|text| !text.is_empty());
            assert!(
                ["code", "message", "file"].into_iter().all(is_told),
                "{error}"
            );
        }
        assert!(!stdout(&output).contains(SECRET), "{folder}");
    }
}
