//! A pull request from its first edit to its merge and back, as a terminal shows it.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use serde_json::json;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

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

/// A terminal beside a server, and what was seen on it.
struct Terminal {
    folder: tempfile::TempDir,
    server: Server,
    seen: String,
}

// === impl Terminal ===

impl Terminal {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("campaigns")).unwrap();
        let server = Server::start(&Options {
            store: &folder.path().join("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        });
        let terminal = Self {
            folder,
            server,
            seen: String::new(),
        };
        for (name, text) in FILES {
            fs::write(terminal.path(name), text).unwrap();
        }
        let people = (0..40).map(|n| {
            let user = json!({"external_id": format!("u{n:02}"), "attributes": {"age": 16 + n % 8, "messenger_id": format!("{}", 100 + n)}});
            user.to_string() + "\n"
        });
        fs::write(
            terminal.folder.path().join("people.jsonl"),
            people.collect::<String>(),
        )
        .unwrap();
        terminal
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join("campaigns").join(name)
    }

    fn edit(&mut self, path: &str, from: &str, to: &str) {
        let file = self.folder.path().join(path);
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "{path}");
        fs::write(file, text.replace(from, to)).unwrap();
        writeln!(self.seen, "# {path}: {from} -> {to}\n").unwrap();
    }

    /// What a command prints, and how it ends.
    fn run(&mut self, line: &str) {
        let arguments: Vec<&str> = line.split_whitespace().skip(1).collect();
        let mut command = recado(&arguments);
        let is_offline = matches!(arguments[0], "fmt" | "validate" | "test");
        if !is_offline {
            command.args(["--server", &self.server.grpc]);
        }
        let output = command.current_dir(self.folder.path()).output().unwrap();
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
    let mut terminal = Terminal::new();
    terminal.run("recado users import people.jsonl");
    terminal.run("recado apply campaigns --author ana --commit c0ffee --yes");
    terminal.edit("campaigns/adults.yaml", ">= 18", ">= 21");
    terminal.edit(
        "campaigns/sale.yaml",
        "the sale begins.",
        "the sale begins on Monday.",
    );
    terminal.run("recado fmt --check campaigns");
    terminal.run("recado validate campaigns");
    terminal.run("recado test campaigns");
    terminal.edit("campaigns/sale.yaml", "age: 20", "age: 22");
    terminal.run("recado test campaigns");
    terminal.run("recado drift campaigns");
    terminal.run("recado plan campaigns --format markdown --out plan.json --commit decade");
    fs::copy(
        terminal.folder.path().join("plan.json"),
        terminal.folder.path().join("edited.json"),
    )
    .unwrap();
    terminal.edit("edited.json", ">= 21", ">= 18");
    terminal.run("recado apply --plan edited.json");
    terminal.run("recado apply --plan plan.json --author ben");
    terminal.run("recado apply --plan plan.json --author ben");
    terminal.run("recado drift campaigns");
    terminal.run("recado rollback 1 --yes --author ben");
    terminal.run("recado apply --plan plan.json");
    terminal.run("recado revisions");
    insta::assert_snapshot!("story", terminal.seen);
}
