//! Starts that are refused, with what is in the way.

use std::net::TcpListener;

use super::{recado, stderr};
use crate::process::{Options, Server};
use crate::stage::Stage;

#[test]
fn a_port_in_use_is_said_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = format!("sqlite:{}", folder.path().join("recado.sqlite").display());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let arguments = [
        "serve",
        "--store",
        &store,
        "--grpc",
        &address,
        "--http",
        "127.0.0.1:0",
    ];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    assert!(
        told.contains("cannot listen") && told.contains(&address),
        "{told}"
    );
}

#[test]
fn a_second_process_on_the_same_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("recado.sqlite");
    let server = Server::start(&Options {
        store: &store,
        graph_url: "http://127.0.0.1:1",
    });
    let store = format!("sqlite:{}", store.display());
    let arguments = [
        "serve",
        "--store",
        &store,
        "--grpc",
        "127.0.0.1:0",
        "--http",
        "127.0.0.1:0",
    ];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("in use by another process"),
        "{}",
        stderr(&output)
    );
    server.stop();
}

#[test]
fn a_file_that_is_no_store_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "first name,last name\n".repeat(100)).unwrap();
    let store = format!("sqlite:{}", path.display());
    let arguments = [
        "serve",
        "--store",
        &store,
        "--grpc",
        "localhost:0",
        "--http",
        "127.0.0.1:0",
    ];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let told = stderr(&output);
    let expected = format!("error: the store `{}` cannot be opened: ", path.display());
    assert!(told.contains(&expected), "{told}");
}

#[test]
fn the_other_door_is_told_from_the_grpc_address() {
    Stage::new().run(async |live| {
        let door = live.http.clone();
        // Beside the server, which is run by this task.
        let call = tokio::task::spawn_blocking(move || {
            let arguments = ["segment", "count", "--filter", "true", "--server", &door];
            recado(&arguments).output().unwrap()
        });
        let output = call.await.unwrap();
        assert!(!output.status.success());
        let told = stderr(&output);
        assert!(told.contains("hint: is this the gRPC address"), "{told}");
    });
}

#[test]
fn what_a_start_is_given_is_checked_before_anything_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("recado.sqlite");
    let place = format!("sqlite:{}", store.display());
    let doors = ["--grpc", "127.0.0.1:0", "--http", "127.0.0.1:0"];
    for (flag, value, why) in [
        ("--graph-url", "graph.test", "it is not a URL"),
        (
            "--graph-url",
            "https://graph.test?access_token=x",
            "must not have a query",
        ),
        ("--log", "verbose", "`verbose` is no level"),
        ("--log", "recado=loud", "error parsing level filter"),
    ] {
        let mut arguments = vec!["serve", "--store", &place, flag, value];
        arguments.extend(doors);
        let output = recado(&arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{flag} {value}");
        let told = stderr(&output);
        assert!(told.contains(flag) && told.contains(why), "{told}");
        assert!(!store.exists(), "{flag} {value}");
    }
}

#[test]
fn a_sandbox_that_others_reach_needs_a_word() {
    let output = recado(&["sandbox", "--listen", "0.0.0.0:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(
        told.contains("can be reached from other machines") && told.contains("`--public`"),
        "{told}"
    );
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    let output = recado(&["dev", folder, "--sandbox", "[::]:0"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = stderr(&output);
    assert!(
        told.contains("`--sandbox [::]:0` can be reached") && !told.contains("--public"),
        "{told}"
    );
}
