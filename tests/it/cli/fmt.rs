//! `recado fmt`, and the files of `examples/ci`.

use std::fs;
use std::path::Path;

use super::{recado, stderr, stdout};

const UNTIDY: &str = "name:   on-messenger   # PSIDs\nkind: Segment\n\n\nfilter: >-\n      user.messenger_id != \"\"\n";
const TIDY: &str =
    "kind: Segment\nname: on-messenger   # PSIDs\n\nfilter: >-\n  user.messenger_id != \"\"\n";

#[test]
fn files_are_laid_out_and_a_check_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    fs::write(&path, UNTIDY).unwrap();
    let run = |arguments: &[&str]| recado(arguments).current_dir(&folder).output().unwrap();

    let checked = run(&["fmt", "--check", "."]);
    assert_eq!(checked.status.code(), Some(1));
    assert_eq!(stdout(&checked), "./a.yaml\n");
    assert_eq!(fs::read_to_string(&path).unwrap(), UNTIDY);

    let done = run(&["fmt", "a.yaml"]);
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    assert_eq!(fs::read_to_string(&path).unwrap(), TIDY);
    let again = run(&["fmt", "--check", "."]);
    assert_eq!(again.status.code(), Some(0));
    assert_eq!(stderr(&again), "0 to lay out, 1 as they should be\n");
}

#[test]
fn what_cannot_be_laid_out_is_told_and_the_others_are() {
    let folder = tempfile::tempdir().unwrap();
    let anchored = "kind: Segment\nname: b\nfilter: &f \"true\"\n";
    fs::write(folder.path().join("a.yaml"), UNTIDY).unwrap();
    fs::write(folder.path().join("b.yaml"), anchored).unwrap();
    let output = recado(&["fmt", "."]).current_dir(&folder).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.contains("./b.yaml: line 3: an anchor or a tag is not laid out"),
        "{told}"
    );
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    assert_eq!(
        (read("a.yaml").as_str(), read("b.yaml").as_str()),
        (TIDY, anchored)
    );
}

#[test]
fn an_editor_pipes_a_file_through() {
    let output = recado(&["fmt", "-"]).write_stdin(UNTIDY).output().unwrap();
    assert_eq!(stdout(&output), TIDY);
}

#[test]
fn the_files_of_this_repository_are_laid_out() {
    let output = recado(&["fmt", "--check", "campaigns"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

/// Files of every kind of mistake are among them, and whatever can be read of them.
#[test]
fn what_is_laid_out_once_is_laid_out() {
    let folder = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/campaigns/bad");
    let mut n = 0;
    for fixture in fs::read_dir(fixtures).unwrap() {
        let fixture = fixture.unwrap().path();
        for file in fs::read_dir(&fixture).unwrap() {
            let file = file.unwrap().path();
            let name = format!("{n}.yaml");
            if file.extension().is_some_and(|end| end == "yaml") && file.is_file() {
                fs::copy(&file, folder.path().join(name)).unwrap();
                n += 1;
            }
        }
    }
    let run = |arguments: &[&str]| recado(arguments).current_dir(&folder).output().unwrap();
    let first = stderr(&run(&["fmt", "."]));
    let again = run(&["fmt", "."]);
    assert_eq!(stdout(&again), "", "{first}");
    let told = stderr(&again);
    let same = told.lines().last().and_then(|line| {
        line.split(", ")
            .nth(1)?
            .split(' ')
            .next()?
            .parse::<usize>()
            .ok()
    });
    assert!(same.is_some_and(|same| same > 30), "{told}");
}
