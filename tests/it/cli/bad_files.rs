//! Every kind of mistake in campaign files, and what people are told about it.

use std::fs;
use std::path::{Path, PathBuf};

use super::{recado, stderr, stdout};

/// What stands for a secret in the fixtures.
const SECRET: &str = "hunter2";

fn folders(kind: &str) -> Vec<PathBuf> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/campaigns");
    let entries = fs::read_dir(all.join(kind)).unwrap();
    let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    folders.sort();
    folders
}

#[test]
fn each_mistake_is_told_with_its_place_and_its_remedy() {
    let folders = folders("bad");
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
    for folder in folders("bad") {
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

#[test]
fn what_is_warned_of_can_be_applied() {
    for folder in folders("warned") {
        let name = folder.file_name().unwrap().to_str().unwrap();
        let output = recado(&["validate", "."])
            .current_dir(&folder)
            .output()
            .unwrap();
        let told = stderr(&output);
        assert!(output.status.success(), "{name}: {told}");
        insta::assert_snapshot!(format!("warned-{name}"), told + &stdout(&output));
    }
}

#[test]
fn annotations_and_sarif_name_files_from_where_the_program_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/campaigns/bad");
    for format in ["github", "sarif"] {
        let validate = |named: &str| {
            let mut command = recado(&["validate", named, "--format", format]);
            let output = command.current_dir(&folder).output().unwrap();
            assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
            stdout(&output)
        };
        let told = validate("several");
        assert_eq!(validate("./several"), told);
        assert_eq!(validate(folder.join("several").to_str().unwrap()), told);
        let told = told.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        // Whole pages are in it.
        let is_help =
            |line: &&str| line.contains("\"text\": \"# ") || line.contains("\"markdown\"");
        let told: Vec<_> = told.lines().filter(|line| !is_help(line)).collect();
        insta::assert_snapshot!(format!("several-{format}"), told.join("\n"));
    }
}
