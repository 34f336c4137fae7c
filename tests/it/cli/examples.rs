//! What stands in `examples/`: files that can be read, and command lines that this program knows.

use std::fs;
use std::path::{Path, PathBuf};

use super::{recado, stderr};

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut folders = vec![root];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The arguments behind `recado` in a line of a script, as a shell would split them.
fn arguments(line: &str) -> Option<Vec<String>> {
    let command = line.trim().trim_start_matches("- ");
    let command = command
        .trim_start_matches("run: ")
        .trim_start_matches("entry: ");
    let rest = command.strip_prefix("recado ")?;
    let words = rest.split([' ', '\t']).filter(|word| !word.is_empty());
    let words = words.take_while(|word| !matches!(*word, ">" | "|" | "#"));
    Some(
        words
            .map(|word| word.trim_matches('"').to_owned())
            .collect(),
    )
}

#[test]
fn every_command_of_an_example_is_one() {
    let mut seen = 0;
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        for arguments in text.lines().filter_map(arguments) {
            let mut asked: Vec<&str> = arguments.iter().map(String::as_str).collect();
            // What stands before it is parsed, and refused when it is unknown.
            asked.push("--help");
            let output = recado(&asked).output().unwrap();
            let told = stderr(&output);
            assert!(
                output.status.success(),
                "{}: {arguments:?}: {told}",
                path.display()
            );
            seen += 1;
        }
    }
    assert!(seen >= 15, "{seen}");
}

#[test]
fn every_workflow_of_an_example_is_yaml() {
    let mut seen = 0;
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        if path
            .extension()
            .is_some_and(|end| end == "yml" || end == "yaml")
        {
            let read: Result<serde_yaml::Value, _> = serde_yaml::from_str(&text);
            let read = read.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(read.as_mapping().is_some_and(|map| !map.is_empty()));
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}
