//! Why a user is not in the audience of a campaign, clause by clause.

use std::fs;
use std::process::Output;

use serde_json::Value;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

/// Each between the dashes is a file.
const FILES: &str = "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n---\n\
    kind: Segment\nname: adults\nfilter: user.age >= 18\n---\n\
    kind: Campaign\nname: hello\nchannel: page\nsegment: adults\nfilter: user.country == \"PT\"\n\
    trigger: {api: {}}\nmessage: {text: Hi}\n---\n\
    kind: Campaign\nname: everybody\nchannel: page\ntrigger: {api: {}}\nmessage: {text: Hi}\n";
const PERSON: &str =
    "{\"external_id\":\"ana\",\"attributes\":{\"messenger_id\":\"1001\",\"country\":\"PT\"}}\n";

fn run(server: &Server, arguments: &[&str]) -> Output {
    let mut command = recado(arguments);
    command.args(["--server", &server.grpc]).output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&stdout(output)).unwrap()
}

#[test]
fn who_is_not_in_the_audience_is_shown_why_clause_by_clause() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let server = Server::start(&Options {
        store: path("recado.sqlite").as_ref(),
        graph_url: "http://127.0.0.1:1",
    });
    fs::create_dir(path("campaigns")).unwrap();
    for (n, text) in FILES.split("---\n").enumerate() {
        fs::write(path(&format!("campaigns/{n}.yaml")), text).unwrap();
    }
    fs::write(path("people.jsonl"), PERSON).unwrap();
    for arguments in [
        ["apply", &path("campaigns")[..]].as_slice(),
        &["users", "import", &path("people.jsonl")],
    ] {
        let output = run(&server, arguments);
        assert!(output.status.success(), "{}", stderr(&output));
    }
    let made = "{\"messenger_id\":\"7\",\"age\":17,\"country\":\"PT\"}";
    let shown = run(&server, &["preview", "hello", "--attributes", made]);
    assert_eq!(shown.status.code(), Some(1));
    let shown = stdout(&shown);
    let (_, gates) = shown.split_once("open   the user exists").unwrap();
    let (gates, _) = gates.split_once("\n\n").unwrap();
    insta::assert_snapshot!("preview", gates);
    let shown = run(&server, &["preview", "hello", "--user", "ana", "--json"]);
    assert_eq!(json(&shown)["audience"]["truth"], "unknown");
    let inside = "{\"messenger_id\":\"7\",\"age\":18,\"country\":\"PT\"}";
    let shown = run(
        &server,
        &["preview", "hello", "--attributes", inside, "--json"],
    );
    assert_eq!(json(&shown)["audience"], Value::Null);
    // The same of one user, without a message.
    let check = ["segment", "check", "ana", "--campaign", "hello"];
    let checked = run(&server, &check);
    assert_eq!(checked.status.code(), Some(1));
    insta::assert_snapshot!("check", stdout(&checked));
    let checked = json(&run(&server, &[&check[..], &["--json"]].concat()));
    assert_eq!(checked["memberships"].as_array().unwrap().len(), 1);
    assert_eq!(checked["memberships"][0]["campaign"], "hello");
    assert_eq!(checked["memberships"][0]["segment"], Value::Null);
    let checked = run(
        &server,
        &["segment", "check", "ana", "--campaign", "everybody"],
    );
    assert_eq!(checked.status.code(), Some(0), "{}", stderr(&checked));
    let unknown = run(&server, &["segment", "check", "ana", "--campaign", "helo"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        stderr(&unknown).contains("did you mean `hello`"),
        "{}",
        stderr(&unknown)
    );
    server.stop();
}
