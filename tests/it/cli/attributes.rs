//! `recado attributes` and `attributes init` against a server: from live data to a file that is in force.

use std::fs;
use std::path::Path;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

const USERS: &str = r#"{"external_id":"ana","attributes":{"age":31,"Email":"a@example.com","ltv":3,"tags":["a"],"address":{"zip":"1"}}}
{"external_id":"ben","attributes":{"age":32,"email":"b@example.com","ltv":3.5}}
{"external_id":"eva","attributes":{"age":"old"}}
"#;
const EVENTS: &str = "{\"external_id\":\"ana\",\"name\":\"order placed\"}\n";

/// What it prints, to both.
fn run(server: &Server, arguments: &[&str]) -> (String, String) {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--server", &server.grpc]);
    let output = recado(&arguments).output().unwrap();
    let told = stderr(&output);
    assert!(output.status.success(), "{arguments:?}: {told}");
    (stdout(&output), told)
}

fn import(server: &Server, folder: &Path, what: &str, text: &str) -> Option<i32> {
    let file = folder.join(format!("{what}.jsonl"));
    fs::write(&file, text).unwrap();
    let arguments = [
        what,
        "import",
        file.to_str().unwrap(),
        "--server",
        &server.grpc,
    ];
    let output = recado(&arguments).output().unwrap();
    output.status.code()
}

#[test]
fn a_registry_is_written_from_what_users_have_and_comes_into_force() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&Options {
        store: &folder.path().join("recado.sqlite"),
        graph_url: "http://127.0.0.1:1",
    });
    assert_eq!(import(&server, folder.path(), "users", USERS), Some(0));
    assert_eq!(import(&server, folder.path(), "events", EVENTS), Some(0));
    let (table, told) = run(&server, &["attributes"]);
    insta::assert_snapshot!("attributes-of-live-data", table + &told);

    let (text, _) = run(&server, &["attributes", "init"]);
    insta::assert_snapshot!("attributes-init", text);
    let campaigns = folder.path().join("campaigns");
    fs::create_dir(&campaigns).unwrap();
    fs::write(campaigns.join("attributes.yaml"), text).unwrap();
    let (_, told) = run(&server, &["apply", campaigns.to_str().unwrap(), "--yes"]);
    assert!(told.contains("`user.age` is declared as int"), "{told}");
    let (table, told) = run(&server, &["attributes"]);
    insta::assert_snapshot!("attributes-declared", table + &told);

    let wrong = "{\"external_id\":\"ana\",\"attributes\":{\"age\":\"32\"}}\n";
    assert_eq!(import(&server, folder.path(), "users", wrong), Some(6));
    let (again, _) = run(&server, &["attributes", "init"]);
    let same = fs::read_to_string(campaigns.join("attributes.yaml")).unwrap();
    let declared = again
        .replace(", retention: 400d", "")
        .replace("{retention: 400d}", "{}");
    assert_eq!(declared, same, "what is declared stays as it is");
}
