//! Imports: bad lines are named and the rest goes in; the same file again goes on where it stopped.

use std::fmt::Write;
use std::fs;

use serde_json::{Value, json};

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

fn server(folder: &std::path::Path) -> Server {
    Server::start(&Options {
        store: &folder.join("recado.sqlite"),
        graph_url: "http://127.0.0.1:1",
    })
}

#[test]
fn a_jsonl_file_goes_in_but_for_its_bad_lines_and_is_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let file = folder.path().join("users.jsonl");
    let mut text = String::new();
    for n in 1..=2_500 {
        match n {
            7 => text.push_str("not json\n"),
            // Refused by the server: the name of an attribute cannot be empty.
            1_234 => text.push_str("{\"external_id\":\"u1234\",\"attributes\":{\"\":1}}\n"),
            n => writeln!(text, r#"{{"external_id":"u{n}","attributes":{{"n":{n}}}}}"#).unwrap(),
        }
    }
    fs::write(&file, text).unwrap();
    let import = || {
        let file = file.to_str().unwrap();
        let arguments = ["users", "import", file, "--json", "--server", &server.grpc];
        let output = recado(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(6), "{}", stderr(&output));
        serde_json::from_str::<Value>(&stdout(&output)).unwrap()
    };
    let first = import();
    assert_eq!(
        (&first["created"], &first["refused"]),
        (&json!(2_498), &json!(2))
    );
    assert_eq!(first["refused_lines"][0]["line"], 7);
    assert_eq!(first["refused_lines"][1]["line"], 1_234);
    let again = import();
    assert_eq!(again["import_id"], first["import_id"]);
    assert_eq!(again["resumed"], 2_499, "every chunk was durable before");
    server.stop();
}

#[test]
fn a_csv_file_is_typed_and_its_bad_lines_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let file = folder.path().join("users.csv");
    fs::write(
        &file,
        "external_id,messenger_id,age,zip,opted_in,city\nana,1001,30,01234,true,\nben,1002\neva,1003,40,99999,false,Porto\n",
    )
    .unwrap();
    let file = file.to_str().unwrap();
    let arguments = [
        "users",
        "import",
        file,
        "--types",
        "zip=string",
        "--server",
        &server.grpc,
    ];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(6));
    assert_eq!(stdout(&output), "2 created, 0 updated, 1 refused\n");
    assert!(stderr(&output).contains("users.csv:3: 2 cells, but the header has 6"));
    let output = recado(&["users", "get", "eva", "--server", &server.grpc])
        .output()
        .unwrap();
    let user: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(
        user["attributes"],
        json!({"messenger_id": "1003", "age": 40, "zip": "99999", "opted_in": false, "city": "Porto"})
    );
    let arguments = ["users", "delete", "ana", "nobody", "--server", &server.grpc];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "`nobody` does not exist");
    server.stop();
}
