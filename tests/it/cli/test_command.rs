//! `recado test`: the cases of folders, in each format.

use std::fs;
use std::process::Output;

use serde_json::Value as Json;

use super::{recado, stderr, stdout};

/// Runs the cases of a folder below `tests/fixtures/cases`.
fn test(folder: &str, arguments: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cases");
    let mut command = recado(&["test", folder]);
    command.args(arguments).current_dir(root).output().unwrap()
}

#[test]
fn cases_that_pass_are_a_line_a_file() {
    let output = test("passing", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    insta::assert_snapshot!("passing-human", stdout(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn cases_that_fail_show_what_differs_in_each_format() {
    for format in ["human", "junit", "tap", "json"] {
        let output = test("failing", &["--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        insta::assert_snapshot!(format!("failing-{format}"), stdout(&output));
        assert_eq!(stderr(&output), "", "{format}");
    }
}

#[test]
fn the_shipped_campaigns_pass_their_tests() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/campaigns");
    let output = recado(&["test", folder, "--format", "json"])
        .output()
        .unwrap();
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["failed"], 0, "{told:#}");
    let cases = told["results"].as_array().unwrap();
    for name in ["order-shipped", "spring-offers", "win-back", "on-messenger"] {
        assert!(cases.iter().any(|case| case["name"] == name), "{name}");
    }
}

#[test]
fn a_filter_takes_some_cases_and_is_no_typo() {
    let output = test("failing", &["--filter", "Segment known"]);
    assert!(stdout(&output).ends_with("2 cases: 0 passed, 2 failed\n"));
    let output = test("passing", &["--filter", "(eva)"]);
    assert!(stdout(&output).ends_with("1 case: 1 passed, 0 failed\n"));
    let output = test("passing", &["--filter", "no-such"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: none of the 17 cases has `no-such` in its title\n"
    );
}

#[test]
fn files_with_errors_are_told_and_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "kind: Segment\nname: a\nfilter: user.age >\n\
               tests: [{name: x, expect: {member: true}}]\n";
    fs::write(folder.path().join("a.yaml"), bad).unwrap();
    let ask = |format: &str| {
        let mut command = recado(&["test", ".", "--format", format]);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(stderr(&output).ends_with("no case was run: 1 error in the files\n"));
        stdout(&output)
    };
    assert_eq!(ask("human"), "");
    assert!(ask("tap").contains("Bail out!"));
    assert!(ask("junit").contains("<error message="));
    let told: Json = serde_json::from_str(&ask("json")).unwrap();
    assert_eq!(told["diagnostics"][0]["line"], 3);
    assert_eq!(told["passed"], false);
}

#[test]
fn a_folder_without_tests_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let segment = "kind: Segment\nname: a\nfilter: user.age > 3\n";
    fs::write(folder.path().join("a.yaml"), segment).unwrap();
    let output = recado(&["test", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), "0 cases: 0 passed, 0 failed\n");
    assert!(stderr(&output).contains("no document has `tests:`"));
}

/// Whatever stands in a title or a value, a report stays what it is.
#[test]
fn reports_hold_whatever_people_write() {
    let folder = tempfile::tempdir().unwrap();
    let block = r#"{kind: ContentBlock, name: a, content: "{{${x}}}", tests: [
        {name: "<a> & \"b\" ]]> # \\ \u0001 \u001b[2J", user: {x: "<&>\u0007\u001b[2J ]]>"}, expect: {text: "é\u0000"}}]}"#;
    fs::write(folder.path().join("a.yaml"), block).unwrap();
    let ask = |format: &str| {
        let mut command = recado(&["test", ".", "--format", format]);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        stdout(&output)
    };
    for format in ["human", "junit", "tap", "json"] {
        let told = ask(format);
        let is_harmless = |c: char| !c.is_control() || c == '\n';
        assert!(told.chars().all(is_harmless), "{format}: {told:?}");
        insta::assert_snapshot!(format!("odd-{format}"), told);
    }
}
