//! What needs no server: wrong command lines, nobody at the address, and files on disk.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{recado, stderr, stdout};
use crate::process::program;

#[test]
fn a_wrong_command_line_ends_with_2() {
    for arguments in [
        &["frobnicate"][..],
        &[],
        &["send", "order-shipped"],
        &["send", "order-shipped", "--user", "ana", "--audience"],
        &[
            "send",
            "order-shipped",
            "--user",
            "ana",
            "--properties",
            "[1]",
        ],
        &["segment", "count"],
        &["segment", "count", "a", "--filter", "true"],
        &["users", "import", "Cargo.toml"],
        &["validate", "no-such-folder"],
        &["serve", "--store", "postgres://x"],
        &["serve", "--log", "bogus"],
        &["serve", "--graph-url", "bogus"],
        &["serve", "--grpc", "no-port"],
        &["users", "get", "ana", "--server", "nonsense"],
        &["segment", "count", "--filter", "true", "--sample", "200"],
    ] {
        let output = recado(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
}

#[test]
fn an_unreachable_server_ends_with_3_and_says_what_to_do() {
    // Port 1 is never given out, so that nobody listens there.
    let output = recado(&["users", "get", "ana", "--server", "127.0.0.1:1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert_eq!(
        stderr(&output),
        "error: no server answers at `127.0.0.1:1`\n\
         hint: start one with `recado serve` or `recado dev`, or name it with `--server`\n"
    );
}

#[test]
fn the_token_is_read_from_a_file_that_must_exist() {
    let output = recado(&["users", "get", "ana", "--token-file", "no-such-file"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("`--token-file no-such-file`"));
}

#[test]
fn the_shipped_campaigns_are_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns");
    let output = recado(&["validate", folder.to_str().unwrap()])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(stdout(&output).contains(" 0 errors"));
}

#[test]
fn every_problem_of_a_folder_is_told_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.yaml"),
        "kind: Segment\nname: a\nfiltr: user.age > 3\n",
    )
    .unwrap();
    fs::write(
        folder.path().join("b.yaml"),
        "kind: Segment\nname: b\nfilter: user.age >\n",
    )
    .unwrap();
    let output = recado(&["validate", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    // As the command line leads to it, so that an editor finds it.
    let path = |name: &str| folder.path().join(name).display().to_string();
    assert!(told.contains(&(path("a.yaml") + ":3:1")), "{told}");
    assert!(told.contains(&(path("b.yaml") + ":3")), "{told}");
}

#[test]
fn one_file_is_validated_by_itself_whatever_the_case_of_its_ending() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let campaign =
        "kind: Campaign\nname: a\nchannel: elsewhere\ntrigger: {api: {}}\nmessage: {text: Hi}\n";
    write("a.YAML", campaign);
    write("b.yaml", "kind: Segment\nname: b\nfilter: user.age >\n");
    let validate = |path: &str| {
        let mut command = recado(&["validate", path]);
        command.current_dir(folder.path()).output().unwrap()
    };
    let fine = validate("a.YAML");
    assert!(fine.status.success(), "{}", stderr(&fine));
    assert!(stdout(&fine).starts_with("1 file (1 Campaign): 0 errors"));
    assert!(stderr(&validate("b.yaml")).contains("--> b.yaml:3"));
    let whole = validate(".");
    assert_eq!(whole.status.code(), Some(1));
    assert!(stdout(&whole).starts_with("2 files"), "{}", stdout(&whole));
}

#[test]
fn completions_name_the_commands() {
    let output = recado(&["completions", "bash"]).output().unwrap();
    assert!(output.status.success());
    assert!(stdout(&output).contains("deliveries"));
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let full = fs::OpenOptions::new().write(true).open("/dev/full");
    let mut schema = Command::new(program());
    let schema = schema.arg("schema").stdout(full.unwrap());
    let output = schema.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("could not be written"),
        "{}",
        stderr(&output)
    );
}
