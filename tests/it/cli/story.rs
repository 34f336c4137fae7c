//! A pull request from its first edit to its merge and back, as a terminal shows it.

use std::fmt::Write;
use std::fs;
use std::time::Duration;

use recado::clock::ManualClock;
use serde_json::json;

use super::{recado, stderr, stdout};
use crate::stage::Stage;

const FILES: [(&str, &str); 4] = [
    (
        "settings.yaml",
        "kind: Settings\nname: growth\nowner: growth\n",
    ),
    (
        "page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n",
    ),
    (
        "adults.yaml",
        "kind: Segment\nname: adults\nfilter: \"!blank(user.messenger_id) && user.age >= 18\"\n",
    ),
    (
        "sale.yaml",
        "kind: Campaign\nname: sale\nchannel: page\nsegment: adults\ntrigger: {api: {}}\nmessage:\n  \
         text: \"Hi {{${first_name} | default: 'there'}}, the sale begins.\"\ntests:\n  \
         - name: adults are told by name\n    user: {messenger_id: \"7\", age: 20, first_name: Ana}\n    \
         expect: {text: \"Hi Ana, the sale begins.\"}\n  \
         - name: others are not\n    user: {messenger_id: \"8\", age: 17}\n    expect: {gate: not_in_audience}\n",
    ),
];

/// What a colleague applies meanwhile.
const HOTFIX: (&str, &str) = (
    "teens.yaml",
    "kind: Segment\nname: teens\nfilter: user.age < 20\n",
);

/// A terminal beside a server, and what was seen on it.
struct Terminal {
    folder: tempfile::TempDir,
    server: String,
    seen: String,
}

// === impl Terminal ===

impl Terminal {
    fn new(server: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        for (name, text) in FILES {
            write(&format!("campaigns/{name}"), text);
            write(&format!("hotfix/{name}"), text);
        }
        write(&format!("hotfix/{}", HOTFIX.0), HOTFIX.1);
        let people = (0..40).map(|n| {
            let user = json!({"external_id": format!("u{n:02}"), "attributes": {"age": 16 + n % 8, "messenger_id": format!("{}", 100 + n)}});
            user.to_string() + "\n"
        });
        write("people.jsonl", &people.collect::<String>());
        Self {
            folder,
            server: server.to_owned(),
            seen: String::new(),
        }
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let file = self.folder.path().join(path);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{path}");
        fs::write(file, text.replace(from, to)).unwrap();
        self.note(&format!("{path}: {from} -> {to}"));
    }

    fn copy(&mut self, from: &str, to: &str) {
        let path = |name: &str| self.folder.path().join(name);
        fs::copy(path(from), path(to)).unwrap();
        self.note(&format!("{to} is a copy of {from}"));
    }

    fn note(&mut self, text: &str) {
        writeln!(self.seen, "# {text}\n").unwrap();
    }

    /// What a command prints, and how it ends.
    async fn run(&mut self, line: &str) {
        let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
        let mut command = recado(&arguments);
        let is_offline = matches!(arguments[0], "fmt" | "validate" | "test");
        if !is_offline {
            command.args(["--server", &self.server]);
        }
        command.current_dir(self.folder.path());
        // The server runs beside it in this process.
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = output.await.unwrap().unwrap();
        let code = output.status.code().unwrap();
        let told = steady(&(stdout(&output) + &stderr(&output)));
        writeln!(self.seen, "$ {line}\n{told}({code})\n").unwrap();
    }
}

/// Without what differs from run to run: times and fingerprints.
fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.split_inclusive('\n') {
        let words = line.split_inclusive(' ').map(|word| {
            let bare = word.trim_end();
            let is_time = bare.len() > 9 && bare.as_bytes()[4] == b'-' && bare.starts_with("20");
            if is_time {
                word.replace(bare, "TIME")
            } else {
                word.to_owned()
            }
        });
        steady.extend(words);
    }
    steady
}

#[test]
fn a_pull_request_from_its_first_edit_to_its_merge_and_back() {
    let clock = ManualClock::at("2026-11-01T08:00:00Z".parse().unwrap());
    Stage::new().with_clock(&clock).run(async |live| {
        let mut terminal = Terminal::new(&live.grpc);
        written(&mut terminal).await;
        refused(&mut terminal, &clock).await;
        merged(&mut terminal).await;
        insta::assert_snapshot!("story", terminal.seen);
    });
}

/// From the first edit to a plan that is reviewed.
async fn written(terminal: &mut Terminal) {
    terminal.run("recado users import people.jsonl").await;
    let first = "recado apply campaigns --author ana --commit c0ffee --yes";
    terminal.run(first).await;
    terminal.edit("campaigns/adults.yaml", ">= 18", ">= 21");
    terminal.edit(
        "campaigns/sale.yaml",
        "the sale begins.",
        "the sale begins on Monday.",
    );
    terminal.run("recado fmt --check campaigns").await;
    terminal.run("recado validate campaigns").await;
    terminal.run("recado test campaigns").await;
    terminal.edit("campaigns/sale.yaml", "age: 20", "age: 22");
    terminal.run("recado test campaigns").await;
    terminal.run("recado drift campaigns").await;
    let plan = "recado plan campaigns --format markdown --out plan.json --commit decade";
    terminal.run(plan).await;
}

/// An edited plan, one that is too old, and one that somebody was faster than.
async fn refused(terminal: &mut Terminal, clock: &ManualClock) {
    terminal.copy("plan.json", "edited.json");
    terminal.edit("edited.json", ">= 21", ">= 18");
    terminal.run("recado apply --plan edited.json").await;
    clock.advance(Duration::from_hours(25));
    terminal.note("a day and an hour later");
    terminal.run("recado apply --plan plan.json").await;
    let plan = "recado plan campaigns --out plan.json --commit decade";
    terminal.run(plan).await;
    terminal
        .run("recado apply hotfix --author carla --commit f1ced --yes")
        .await;
    terminal
        .run("recado apply --plan plan.json --author ben")
        .await;
}

/// What was reviewed is applied, once, and taken back.
async fn merged(terminal: &mut Terminal) {
    terminal.copy("hotfix/teens.yaml", "campaigns/teens.yaml");
    let plan = "recado plan campaigns --out plan.json --commit decade";
    terminal.run(plan).await;
    terminal
        .run("recado apply --plan plan.json --author ben")
        .await;
    terminal
        .run("recado apply --plan plan.json --author ben")
        .await;
    terminal.run("recado drift campaigns").await;
    terminal.run("recado rollback 2 --yes --author ben").await;
    terminal.run("recado apply --plan plan.json").await;
    terminal.run("recado revisions").await;
}
