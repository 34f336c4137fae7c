//! `recado segment list`, `history` and `watch` against a server.

use std::fs;
use std::io::{BufRead, BufReader, Lines, Read};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::{recado, stderr, stdout};
use crate::process::{Options, Server, program};

const BRAZIL: &str =
    "kind: Segment\nname: brazil\nteam: growth\ntracking: true\nfilter: user.country == \"BR\"\n";

/// A server with the segment applied and these users.
fn server(folder: &Path, users: &str) -> Server {
    let server = Server::start(&Options {
        store: &folder.join("recado.sqlite"),
        graph_url: "http://127.0.0.1:1",
    });
    let campaigns = folder.join("campaigns");
    fs::create_dir(&campaigns).unwrap();
    fs::write(campaigns.join("brazil.yaml"), BRAZIL).unwrap();
    run(&server, &["apply", campaigns.to_str().unwrap(), "--yes"]);
    import(&server, folder, users);
    server
}

fn import(server: &Server, folder: &Path, users: &str) {
    let file = folder.join("users.jsonl");
    fs::write(&file, users).unwrap();
    run(server, &["users", "import", file.to_str().unwrap()]);
}

fn user(id: &str, country: &str) -> String {
    let user = json!({"external_id": id, "attributes": {"country": country}});
    format!("{user}\n")
}

/// What it prints; it must work.
fn run(server: &Server, arguments: &[&str]) -> String {
    let mut arguments = arguments.to_vec();
    arguments.extend(["--server", &server.grpc]);
    let output = recado(&arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        stderr(&output)
    );
    stdout(&output)
}

#[test]
fn segments_are_listed_for_people_and_programs() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), "");
    let table = run(&server, &["segment", "list"]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|l| l.split_whitespace().collect())
        .collect();
    assert_eq!(rows[0], ["SEGMENT", "TRACKING", "TEAM", "USES", "FILTER"]);
    assert_eq!(rows[1][..3], ["brazil", "hourly", "growth"]);
    let line = run(&server, &["segment", "list", "--json"]);
    let segment: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        (&segment["name"], &segment["tracking"], &segment["path"]),
        (&json!("brazil"), &json!(true), &json!("brazil.yaml"))
    );
    server.stop();
}

#[test]
fn a_history_in_a_pipe_is_a_size_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &(user("ana", "BR") + &user("ben", "PT")));
    let mut last = String::new();
    for _ in 0..2 {
        last = run(&server, &["segment", "history", "brazil", "--record"]);
    }
    // Two on demand, and the first of the tracking.
    let lines: Vec<_> = last
        .lines()
        .map(|line| line.split_once('\t').unwrap())
        .collect();
    assert!(lines.len() >= 2, "{last}");
    assert_eq!(lines[lines.len() - 1].1, "1");
    assert!(lines.is_sorted(), "{last}");
    assert!(
        lines
            .iter()
            .all(|(time, _)| time.parse::<jiff::Timestamp>().is_ok())
    );
    let arguments = ["segment", "history", "brazil", "--since", "7d", "--json"];
    let json: Value = serde_json::from_str(&run(&server, &arguments)).unwrap();
    assert_eq!(json["segment"], "brazil");
    assert!(json["sizes"].as_array().unwrap().len() >= 2);
    let arguments = ["segment", "history", "nobody", "--server", &server.grpc];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("segment `nobody` does not exist"));
    let arguments = ["segment", "history", "brazil", "--since", "7 moons"];
    let output = recado(&arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    server.stop();
}

/// The program while it follows a segment.
struct Watch {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

// === impl Watch ===

impl Watch {
    fn start(server: &Server, arguments: &[&str]) -> Self {
        let mut child = Command::new(program())
            .args(["segment", "watch", "brazil", "--server", &server.grpc])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    fn line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    fn interrupt(self) -> (Option<i32>, String) {
        let kill = format!("kill -INT {}", self.child.id());
        Command::new("sh").args(["-c", &kill]).status().unwrap();
        self.end()
    }

    /// The exit code and what it said beside the data.
    fn end(mut self) -> (Option<i32>, String) {
        let mut told = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        stderr.read_to_string(&mut told).unwrap();
        (self.child.wait().unwrap().code(), told)
    }
}

#[test]
fn a_watch_goes_on_where_it_was_interrupted() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &user("ana", "BR"));
    let mut watch = Watch::start(&server, &[]);
    assert_eq!(watch.line(), "+ ana");
    import(&server, folder.path(), &user("ben", "BR"));
    assert_eq!(watch.line(), "+ ben");
    let (code, told) = watch.interrupt();
    assert_eq!(code, Some(0), "{told}");
    let (_, cursor) = told.trim().split_once("--cursor ").unwrap();
    run(&server, &["users", "delete", "ana"]);
    let mut watch = Watch::start(&server, &["--cursor", cursor]);
    assert_eq!(watch.line(), "- ana");
    let mut json = Watch::start(&server, &["--json"]);
    let message: Value = serde_json::from_str(&json.line()).unwrap();
    assert_eq!(
        (&message["entered"], &message["count"]),
        (&json!(["ben"]), &json!(1))
    );
    // A server that stops says so to who watches, and does not wait for them.
    server.stop();
    for watch in [watch, json] {
        let (code, told) = watch.end();
        assert_eq!(code, Some(3), "{told}");
        assert!(told.contains("the server is stopping"), "{told}");
    }
}

#[test]
fn a_filter_on_the_command_line_is_marked_where_it_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path(), &user("ana", "BR"));
    let ask = |filter: &str| {
        let arguments = [
            "segment",
            "count",
            "--filter",
            filter,
            "--server",
            &server.grpc,
        ];
        let output = recado(&arguments).output().unwrap();
        (output.status.code(), stderr(&output))
    };
    let (code, told) = ask("user.age > 3 && user.name.startWith(\"A\")");
    let lines: Vec<_> = told.lines().collect();
    assert_eq!(code, Some(1));
    assert_eq!(
        lines[1..],
        [
            "    user.age > 3 && user.name.startWith(\"A\")",
            "                    ^^^^^^^^^^^^^^^^^^^^^^^^",
        ]
    );
    let (code, told) = ask("user.country == \"BR\" && user.contry != \"PT\"");
    assert_eq!(code, Some(0));
    assert!(told.contains("did you mean `user.country`?"), "{told}");
    assert!(
        told.contains(&format!("\n   | {}^^^^^^^^^^^\n", " ".repeat(24))),
        "{told}"
    );
}
