//! The table of docs/running.md that says which scope each command needs, held against what the commands do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

use super::help::COMMANDS;
use super::{recado, stdout};
use crate::process::{Options, Server, program};

const PAGE: &str = include_str!("../../../docs/running.md");
const SCOPES: [&str; 4] = ["read", "write", "apply", "send"];

const CHANNEL: &str =
    "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n";
const CAMPAIGN: &str =
    "kind: Campaign\nname: hello\nchannel: page\ntrigger: {api: {}}\nmessage: {text: Hi}\n";
const SEGMENT: &str = "kind: Segment\nname: all\nfilter: 'true'\n";
/// Without a PSID: what is sent is skipped at once, so that following it ends.
const PERSON: &str = "{\"external_id\":\"ana\",\"attributes\":{\"n\":1}}\n";
const EVENT: &str = "{\"external_id\":\"ana\",\"name\":\"seen\"}\n";

/// What a row says: any of some scopes, or all of them.
enum Needs {
    Any(BTreeSet<&'static str>),
    All(BTreeSet<&'static str>),
}

struct Scene {
    folder: tempfile::TempDir,
    server: Server,
    send: String,
}

/// The rows of the table, by command.
fn rows() -> BTreeMap<&'static str, Needs> {
    let (_, table) = PAGE.split_once("| command | scope |\n|---|---|\n").unwrap();
    let rows = table.lines().take_while(|line| line.starts_with('|'));
    let row = |line: &'static str| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let command = cells.next().unwrap().trim_matches('`');
        let cell = cells.next().unwrap();
        let named = |between: &str| -> BTreeSet<_> {
            let names = cell.split(between);
            names.map(|name| name.trim_matches('`')).collect()
        };
        let needs = if cell.contains(" and ") {
            Needs::All(named(" and "))
        } else {
            Needs::Any(named(" or "))
        };
        (command.strip_prefix("recado ").unwrap(), needs)
    };
    rows.map(row).collect()
}

/// How the command of a row is tried.
fn line<'a>(command: &'a str, send: &'a str) -> Vec<&'a str> {
    let words = command.split(' ');
    let rest: &[&str] = match command {
        "apply" | "plan" | "drift" => &["campaigns"],
        "rollback" => &["1", "--yes"],
        "export" => &["exported"],
        "diff" => &["1", "2"],
        "show" => &["1"],
        "events import" => &["events.jsonl"],
        "users import" => &["people.jsonl"],
        "users delete" => &["nobody"],
        "users export" | "users get" => &["ana"],
        "segment check" => &["ana", "all"],
        "test --generate" | "preview" | "send" | "send --watch" | "send --test" => {
            &["hello", "--user", "ana"]
        }
        "sends cancel" | "sends show" | "sends watch" => &[send],
        "segment count"
        | "segment history"
        | "segment history --record"
        | "segment members"
        | "segment watch" => &["all"],
        _ => &[],
    };
    words.chain(rest.iter().copied()).collect()
}

// === impl Scene ===

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        // A token for each set of scopes, named after them.
        let entries = (1..1 << SCOPES.len()).map(|bits: u32| {
            let scopes = SCOPES.iter().enumerate();
            let scopes = scopes.filter(|(at, _)| bits & (1 << at) != 0);
            let scopes = scopes.map(|(_, scope)| *scope).collect();
            let token = token(&scopes);
            let digest = hex::encode(Sha256::digest(&token));
            format!(
                "- {{name: {token}, sha256: {digest}, scopes: [{}]}}\n",
                token.replace('-', ", ")
            )
        });
        let entries: String = entries.collect();
        fs::write(path("tokens.yaml"), format!("tokens:\n{entries}")).unwrap();
        fs::create_dir(path("campaigns")).unwrap();
        for (name, text) in [("page", CHANNEL), ("hello", CAMPAIGN), ("all", SEGMENT)] {
            fs::write(path(&format!("campaigns/{name}.yaml")), text).unwrap();
        }
        fs::write(path("people.jsonl"), PERSON).unwrap();
        fs::write(path("events.jsonl"), EVENT).unwrap();
        let options = Options {
            store: &path("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        };
        let tokens = path("tokens.yaml").display().to_string();
        let server = Server::start_with(&options, &["--tokens", &tokens]);
        let mut scene = Self {
            folder,
            server,
            send: String::new(),
        };
        let all = SCOPES.into_iter().collect();
        for arguments in [
            &["users", "import", "people.jsonl"][..],
            &["apply", "campaigns"],
        ] {
            assert_eq!(scene.run(&all, arguments), Some(0), "{arguments:?}");
        }
        // A second revision, to compare with.
        let changed = SEGMENT.replace("true", "user.n == 1");
        fs::write(scene.folder.path().join("campaigns/all.yaml"), changed).unwrap();
        assert_eq!(scene.run(&all, &["apply", "campaigns"]), Some(0));
        let mut sent = scene.command(&all, &["send", "hello", "--user", "ana"]);
        let sent = sent.stderr(Stdio::null()).output().unwrap();
        let sent = String::from_utf8(sent.stdout).unwrap();
        sent.trim().clone_into(&mut scene.send);
        scene
    }

    fn command(&self, scopes: &BTreeSet<&str>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program());
        command.env_clear().args(arguments);
        command.args(["--server", &self.server.grpc]);
        command.env("RECADO_TOKEN", token(scopes));
        command.current_dir(self.folder.path());
        command.stdin(Stdio::null());
        command
    }

    /// The exit code; `None` of a command that goes on, once it has printed something.
    fn run(&self, scopes: &BTreeSet<&str>, arguments: &[&str]) -> Option<i32> {
        let mut command = self.command(scopes, arguments);
        if arguments[..] != ["segment", "watch", "all"] {
            return command.output().unwrap().status.code();
        }
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let first = BufReader::new(child.stdout.take().unwrap()).lines().next();
        if first.is_some() {
            child.kill().unwrap();
        }
        child.wait().unwrap().code()
    }
}

fn without(left: &BTreeSet<&'static str>) -> BTreeSet<&'static str> {
    let all = SCOPES.into_iter();
    all.filter(|scope| !left.contains(scope)).collect()
}

fn token(scopes: &BTreeSet<&str>) -> String {
    scopes.iter().copied().collect::<Vec<_>>().join("-")
}

#[test]
fn commands_need_the_scopes_that_the_page_says() {
    let scene = Scene::new();
    for (command, needs) in rows() {
        let line = line(command, &scene.send);
        let (enough, missing): (Vec<_>, Vec<_>) = match needs {
            Needs::Any(scopes) => (
                scopes.iter().map(|one| BTreeSet::from([*one])).collect(),
                vec![without(&scopes)],
            ),
            Needs::All(scopes) => (
                vec![scopes.clone()],
                scopes
                    .iter()
                    .map(|one| without(&BTreeSet::from([*one])))
                    .collect(),
            ),
        };
        for scopes in enough {
            let code = scene.run(&scopes, &line);
            assert!(
                !matches!(code, Some(2..=4)),
                "{command} with {scopes:?}: {code:?}"
            );
        }
        for scopes in missing {
            let code = scene.run(&scopes, &line);
            assert_eq!(code, Some(4), "{command} with {scopes:?}");
        }
    }
    scene.server.stop();
}

#[test]
fn every_command_that_calls_a_server_has_its_row() {
    let rows = rows();
    for words in COMMANDS {
        let output = recado(words).arg("--help").output().unwrap();
        if !stdout(&output).contains("--server <ADDR>") {
            continue;
        }
        let command = words.join(" ");
        let is_its = |row: &&str| **row == command || row.starts_with(&format!("{command} --"));
        assert!(rows.keys().any(is_its), "recado {command}");
    }
}
