//! What must not happen by accident: a folder applied that is not the one meant, a message sent twice, an
//! output lost.

use std::fs;
use std::path::Path;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server, program};

const WEBHOOK: &str = "kind: Channel\nname: hook\ntype: webhook\nurl: http://127.0.0.1:8080/\n\
    allow_private_network: true\nheaders: {x-key: {env: RECADO_UNSET_KEY}}\n";
const HELLO: &str =
    "kind: Campaign\nname: hello\nchannel: hook\ntrigger: {api: {}}\nmessage: {text: hi}\n";

fn server(folder: &Path) -> Server {
    Server::start(&Options {
        store: &folder.join("recado.sqlite"),
        graph_url: "http://127.0.0.1:1",
    })
}

fn write(folder: &Path, files: &[(&str, &str)]) -> String {
    fs::create_dir_all(folder).unwrap();
    for (name, text) in files {
        fs::write(folder.join(name), text).unwrap();
    }
    folder.to_str().unwrap().to_owned()
}

#[test]
fn an_empty_folder_and_unconfirmed_deletions_are_not_applied() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let whole = write(
        &folder.path().join("whole"),
        &[("a.yaml", WEBHOOK), ("b.YML", HELLO)],
    );
    let part = write(&folder.path().join("part"), &[("a.yaml", WEBHOOK)]);
    let empty = write(&folder.path().join("empty"), &[]);
    let apply = |folder: &str, yes: &[&str]| {
        let mut arguments = vec!["apply", folder, "--server", &server.grpc];
        arguments.extend(yes);
        recado(&arguments).output().unwrap()
    };
    assert_eq!(
        stdout(&apply(&whole, &[])).lines().last(),
        Some("revision 1")
    );
    for command in ["validate", "apply"] {
        let output = match command {
            "validate" => recado(&["validate", &empty]).output().unwrap(),
            _ => apply(&empty, &["--yes"]),
        };
        assert_eq!(output.status.code(), Some(1), "{command}");
        assert!(stderr(&output).contains("holds no campaign files"));
    }
    let refused = apply(&part, &[]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("deletes 1 of the applied resources"),
        "{}",
        stderr(&refused)
    );
    let same = apply(&whole, &[]);
    assert_eq!(stdout(&same), "revision 1 stays\n");
    let done = apply(&part, &["--yes"]);
    assert_eq!(stdout(&done).lines().last(), Some("revision 2"));
    server.stop();
}

#[test]
fn a_send_says_whom_it_goes_to_and_under_which_key() {
    for (arguments, told) in [
        (&["send", "hello"][..], "`--user ID`, or `--audience`"),
        (
            &["send", "hello", "--audience", "--request-id", ""],
            "`--request-id` is empty",
        ),
    ] {
        let output = recado(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
}

#[test]
fn a_preview_sees_what_would_stop_the_channel() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let files = write(
        &folder.path().join("files"),
        &[("a.yaml", WEBHOOK), ("b.yaml", HELLO)],
    );
    let run = |arguments: &[&str]| {
        let output = recado(&[arguments, &["--server", &server.grpc]].concat()).output();
        output.unwrap()
    };
    assert!(run(&["apply", &files]).status.success());
    let users = folder.path().join("users.jsonl");
    fs::write(&users, "{\"external_id\":\"ana\"}\n").unwrap();
    assert!(
        run(&["users", "import", users.to_str().unwrap()])
            .status
            .success()
    );
    let output = run(&["preview", "hello", "--user", "ana"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("it would not be sent: channel_misconfigured")
            && stderr(&output).contains("RECADO_UNSET_KEY"),
        "{}",
        stderr(&output)
    );
    server.stop();
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let full = || {
        fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    let mut schema = std::process::Command::new(program());
    let output = schema.arg("schema").stdout(full()).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("could not be written"),
        "{}",
        stderr(&output)
    );
}
