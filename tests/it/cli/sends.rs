//! Sending and looking at what was sent, with tokens that may do the one and not the other.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Output, Stdio};

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{recado, stderr, stdout};
use crate::process::{Options, Server, program};

const CHANNEL: &str =
    "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n";
const CAMPAIGN: &str =
    "kind: Campaign\nname: hello\nchannel: page\ntrigger: {api: {}}\nmessage: {text: Hi}\n";

/// A server with tokens that are named after their scopes, two people and a campaign.
struct Scene {
    folder: tempfile::TempDir,
    server: Server,
}

// === impl Scene ===

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let entry = |scope: &str| {
            let digest = hex::encode(Sha256::digest(scope.as_bytes()));
            format!("- {{name: {scope}, sha256: {digest}, scopes: [{scope}]}}\n")
        };
        let entries: String = ["read", "write", "apply", "send"].map(entry).concat();
        fs::write(path("tokens.yaml"), format!("tokens:\n{entries}")).unwrap();
        fs::create_dir(path("campaigns")).unwrap();
        fs::write(path("campaigns/page.yaml"), CHANNEL).unwrap();
        fs::write(path("campaigns/hello.yaml"), CAMPAIGN).unwrap();
        let people = ["ana", "bia"].map(|id| {
            format!("{{\"external_id\":\"{id}\",\"attributes\":{{\"messenger_id\":\"1{id}\"}}}}\n")
        });
        fs::write(path("people.jsonl"), people.concat()).unwrap();
        let options = Options {
            store: &path("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        };
        let tokens = path("tokens.yaml").display().to_string();
        let server = Server::start_with(&options, &["--tokens", &tokens]);
        let scene = Self { folder, server };
        scene.fine("write", &["users", "import", "people.jsonl"]);
        scene.fine("apply", &["apply", "campaigns"]);
        scene
    }

    fn run(&self, token: &str, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", &self.server.grpc]);
        command.env("RECADO_TOKEN", token);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn fine(&self, token: &str, arguments: &[&str]) -> String {
        let output = self.run(token, arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    }
}

#[test]
fn a_send_that_cannot_be_watched_is_told_all_the_same() {
    let scene = Scene::new();
    let output = scene.run("send", &["send", "hello", "--user", "ana", "--watch"]);
    assert_eq!(output.status.code(), Some(4));
    let (id, told) = (stdout(&output), stderr(&output));
    let id = id.trim();
    assert!(id.starts_with("snd_"), "{id}");
    assert!(told.contains("the send goes on"), "{told}");
    assert!(
        told.contains("`WatchSend` needs a token with the scope read"),
        "{told}"
    );
    assert!(told.contains(&format!("recado sends watch {id}")), "{told}");
    scene.server.stop();
}

#[test]
fn an_audience_is_counted_and_a_request_id_is_never_empty() {
    let scene = Scene::new();
    let nobody = scene.run("send", &["send", "hello"]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(
        stderr(&nobody).contains("`--user ID`"),
        "{}",
        stderr(&nobody)
    );
    let empty = scene.run(
        "send",
        &["send", "hello", "--user", "ana", "--request-id", ""],
    );
    assert_eq!(empty.status.code(), Some(2));
    assert!(
        stderr(&empty).contains("must not be empty"),
        "{}",
        stderr(&empty)
    );
    scene.fine(
        "send",
        &["send", "hello", "--user", "ana", "--request-id", "a"],
    );
    let reused = scene.run(
        "send",
        &["send", "hello", "--user", "bia", "--request-id", "a"],
    );
    assert_eq!(reused.status.code(), Some(1));
    assert!(
        stderr(&reused).contains("use a new id"),
        "{}",
        stderr(&reused)
    );
    scene.server.stop();
}

#[test]
fn lists_say_that_there_is_more_and_go_on() {
    let scene = Scene::new();
    let id = scene.fine("send", &["send", "hello", "--user", "ana", "--user", "bia"]);
    let id = id.trim();
    let list = ["deliveries", "list", "--send", id, "--limit", "1"];
    let first = scene.run("read", &list);
    let told = stderr(&first);
    let (_, after) = told.split_once("--after ").unwrap();
    let after = after.trim_end().trim_end_matches('`');
    assert!(
        stdout(&first).trim_start().starts_with("DELIVERY"),
        "{}",
        stdout(&first)
    );
    let json = |arguments: &[&str]| -> Value {
        serde_json::from_str(&scene.fine("read", arguments)).unwrap()
    };
    let one = json(&["deliveries", "list", "--send", id, "--limit", "1", "--json"]);
    let rest = [
        "deliveries",
        "list",
        "--send",
        id,
        "--after",
        after,
        "--json",
    ];
    let other = json(&rest);
    assert_ne!(one["id"], other["id"]);
    assert!(stderr(&scene.run("read", &rest)).is_empty());
    assert!(told.contains("1 shown, the newest first"), "{told}");
    let oldest = scene.fine("read", &[&list[..], &["--oldest-first", "--json"]].concat());
    let oldest: Value = serde_json::from_str(&oldest).unwrap();
    assert_eq!(
        oldest["id"], other["id"],
        "the list of two begins at its other end"
    );
    let none = format!("snd_{}", "0".repeat(32));
    let unknown = scene.run("read", &["deliveries", "list", "--send", &none]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(
        stderr(&unknown).contains("NOT_FOUND"),
        "{}",
        stderr(&unknown)
    );
    let sends = scene.fine("read", &["sends", "list"]);
    for column in ["PENDING", "SENDING", "CANCELLED", "TOTAL"] {
        assert!(sends.contains(column), "{sends}");
    }
    assert!(sends.contains(id), "{sends}");
    scene.server.stop();
}

#[test]
fn a_missing_secret_is_told_wherever_it_matters() {
    let scene = Scene::new();
    let channel = CHANNEL.replace("RECADO_TEST_TOKEN", "RECADO_NOT_SET");
    fs::write(scene.folder.path().join("campaigns/page.yaml"), channel).unwrap();
    let settings = "kind: Settings\nname: settings\nconnected_content:\n  hosts: [a.test]\n  credentials:\n    \
                    source: {hosts: [a.test], username: me, password: {env: RECADO_NO_PASSWORD}}\n";
    fs::write(
        scene.folder.path().join("campaigns/settings.yaml"),
        settings,
    )
    .unwrap();
    let applied = scene.run("apply", &["apply", "campaigns"]);
    assert!(applied.status.success());
    let told = stderr(&applied);
    assert!(
        told.contains("channel `page` cannot send") && told.contains("`RECADO_NOT_SET` is not set"),
        "{told}"
    );
    assert!(
        told.contains("`:basic_auth source` cannot be made")
            && told.contains("`RECADO_NO_PASSWORD` is not set"),
        "{told}"
    );
    let preview = scene.run("read", &["preview", "hello", "--user", "ana"]);
    assert_eq!(preview.status.code(), Some(1));
    let shown = stdout(&preview);
    assert!(shown.contains("open   the user exists"), "{shown}");
    assert!(shown.contains("closed the channel works"), "{shown}");
    assert!(
        stderr(&preview).contains(
            "it would not be sent: channel_misconfigured: the environment variable `RECADO_NOT_SET`"
        ),
        "{}",
        stderr(&preview)
    );
    let json = scene.run("read", &["preview", "hello", "--user", "ana", "--json"]);
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(json["would_send"], false);
    assert_eq!(json["reason"]["code"], "channel_misconfigured");
    scene.server.stop();
}

#[test]
fn a_paused_channel_is_told_with_its_sends_and_in_the_metrics() {
    let scene = Scene::new();
    let why = "the environment variable `RECADO_NOT_SET` is not set";
    let channel = CHANNEL.replace("RECADO_TEST_TOKEN", "RECADO_NOT_SET");
    fs::write(scene.folder.path().join("campaigns/page.yaml"), channel).unwrap();
    scene.fine("apply", &["apply", "campaigns"]);
    let id = scene.fine("send", &["send", "hello", "--user", "ana"]);
    let id = id.trim();
    // It goes on for as long as the channel waits: read up to the line that is looked for.
    let mut watching = std::process::Command::new(program())
        .args(["sends", "watch", id, "--server", &scene.server.grpc])
        .env("RECADO_TOKEN", "read")
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(watching.stderr.take().unwrap()).lines();
    let line = lines.next().unwrap().unwrap();
    watching.kill().unwrap();
    watching.wait().unwrap();
    assert!(line.contains("channel `page` is paused until"), "{line}");
    assert!(line.contains(why), "{line}");
    let shown = scene.fine("read", &["sends", "show", id]);
    assert!(shown.contains("running") && shown.contains(why), "{shown}");
    let json = scene.fine("read", &["sends", "show", id, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["pause"]["reason"], "channel_misconfigured");
    assert_eq!(json["pause"]["detail"], why);
    let list = scene.run("read", &["sends", "list"]);
    assert!(stderr(&list).contains(why), "{}", stderr(&list));
    let metrics = metrics(&scene.server.http);
    let series = format!(
        "recado_channel_paused_info{{channel=\"page\",reason=\"channel_misconfigured\",why=\"{why}\"}} 1"
    );
    assert!(metrics.contains(&series), "{metrics}");
    scene.fine("send", &["sends", "cancel", id]);
    let json = scene.fine("read", &["sends", "show", id, "--json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["pause"], Value::Null, "nothing is left to send");
    scene.server.stop();
}

fn metrics(http: &str) -> String {
    let mut stream = TcpStream::connect(http).unwrap();
    let request = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer read\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}
