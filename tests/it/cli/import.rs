//! Imports: bad lines are named and the rest goes in; the same file again goes on where it stopped.

use std::fmt::Write;
use std::fs;

use recado::api::client::Client;
use recado::api::pb;
use recado::api::pb::import_users_request::Message;
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
    // It came to its end, so that the file may be imported again.
    let again = import();
    assert_eq!(again["import_id"], first["import_id"]);
    assert_eq!(
        (&again["updated"], &again["resumed"], &again["refused"]),
        (&json!(2_498), &json!(0), &json!(2))
    );
    server.stop();
}

#[tokio::test]
async fn an_interrupted_import_goes_on_and_remembers_what_was_refused() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path());
    let write = |name: &str, n: std::ops::Range<u32>| {
        let lines = n.map(|n| format!("{{\"external_id\":\"u{n}\",\"attributes\":{{\"n\":1}}}}\n"));
        let path = folder.path().join(name);
        fs::write(&path, lines.collect::<String>()).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let import = |file: &str| {
        let arguments = [
            "users",
            "import",
            file,
            "--import-id",
            "nightly",
            "--json",
            "--server",
            &server.grpc,
        ];
        let output = recado(&arguments).output().unwrap();
        let json: Value = serde_json::from_str(&stdout(&output)).unwrap();
        (output.status.code(), json)
    };
    let one = write("one.jsonl", 0..1_500);
    let id = import(&one).1["import_id"].as_str().unwrap().to_owned();
    // The first chunk once more, with a line that is refused, and no end.
    let users = (0..1_000).map(|n| pb::UserUpdate {
        external_id: if n == 7 {
            String::new()
        } else {
            format!("u{n}")
        },
        ..pb::UserUpdate::default()
    });
    let messages = [
        Message::Start(pb::ImportStart { import_id: id }),
        Message::Chunk(pb::ImportChunk {
            sequence: 1,
            users: users.collect(),
        }),
    ];
    let messages = messages.map(|message| pb::ImportUsersRequest {
        message: Some(message),
    });
    let mut client = Client::connect(&server.grpc, None).await.unwrap();
    let answers = client
        .users
        .import_users(tokio_stream::iter(messages))
        .await;
    let mut answers = answers.unwrap().into_inner();
    while answers.message().await.unwrap().is_some() {}
    let (code, resumed) = import(&one);
    assert_eq!(code, Some(6), "{resumed}");
    assert_eq!(
        (
            &resumed["resumed"],
            &resumed["refused_before"],
            &resumed["updated"]
        ),
        (&json!(1_000), &json!(1), &json!(500))
    );
    // Another file under the name is another import.
    let (code, two) = import(&write("two.jsonl", 1_400..1_600));
    assert_eq!(
        (code, &two["created"], &two["updated"]),
        (Some(0), &json!(100), &json!(100))
    );
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
    fs::write(
        folder.path().join("more.csv"),
        "external_id;City\nzoe;Porto\n",
    )
    .unwrap();
    let more = folder.path().join("more.csv");
    let more = [
        "users",
        "import",
        more.to_str().unwrap(),
        "--server",
        &server.grpc,
    ];
    let output = recado(&more).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("`--separator semicolon`"),
        "{}",
        stderr(&output)
    );
    let output = recado(&[&more[..], &["--separator", "semicolon"]].concat());
    let output = { output }.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        stderr(&output).contains("warning: users have `city` too, another spelling of `City`"),
        "{}",
        stderr(&output)
    );
    let arguments = ["users", "delete", "ana", "nobody", "--server", &server.grpc];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(6), "`nobody` does not exist");
    server.stop();
}
