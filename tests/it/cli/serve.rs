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
