//! Plans in files, as people and pipelines meet them.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Output;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

/// A server beside a folder with one segment.
struct Scene {
    folder: tempfile::TempDir,
    server: Server,
}

// === impl Scene ===

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("campaigns")).unwrap();
        let server = Server::start(&Options {
            store: &folder.path().join("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        });
        let scene = Self { folder, server };
        scene.write("kind: Segment\nname: brazil\nfilter: user.country == 'BR'\n");
        scene
    }

    fn write(&self, text: &str) {
        fs::write(self.path("campaigns/brazil.yaml"), text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_at(&self.server.grpc, arguments)
    }

    fn run_at(&self, server: &str, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", server]);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn save(&self) {
        let saved = self.run(&[
            "plan",
            "campaigns",
            "--out",
            "plan.json",
            "--commit",
            "c0ffee",
        ]);
        assert_eq!(saved.status.code(), Some(0), "{}", stderr(&saved));
        assert!(stderr(&saved).contains("saved; `recado apply --plan plan.json` applies it"));
    }

    /// The text of the saved plan with one part of it replaced.
    fn edit(&self, from: &str, to: &str) {
        let text = fs::read_to_string(self.path("plan.json")).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(self.path("plan.json"), text.replace(from, to)).unwrap();
    }

    fn apply(&self, more: &[&str]) -> (Option<i32>, String) {
        let arguments: Vec<&str> = ["apply", "--plan", "plan.json"]
            .into_iter()
            .chain(more.iter().copied())
            .collect();
        let output = self.run(&arguments);
        (output.status.code(), stdout(&output) + &stderr(&output))
    }
}

#[test]
fn a_plan_has_a_place_before_it_is_made() {
    let scene = Scene::new();
    let refused = |out: &str| {
        // Nobody is asked, so that nobody needs to be there.
        let refused = scene.run_at("http://127.0.0.1:1", &["plan", "campaigns", "--out", out]);
        assert_eq!(refused.status.code(), Some(1));
        stderr(&refused)
    };
    assert_eq!(
        refused("plans/plan.json"),
        "error: `plans/plan.json` cannot be written: there is no folder `plans`\n"
    );
    assert_eq!(
        refused("campaigns"),
        "error: `campaigns` cannot be written: it is a folder\n"
    );
    scene.server.stop();
}

#[test]
fn policies_are_told_by_name() {
    let scene = Scene::new();
    let settings = |policies: &[(&str, &str)]| {
        let policy = |(name, level): &(&str, &str)| {
            format!("  - {{name: {name}, when: 'false', level: {level}, message: No.}}\n")
        };
        let policies: Vec<_> = policies.iter().map(policy).collect();
        let text = format!(
            "kind: Settings\nname: settings\npolicies:\n{}",
            policies.concat()
        );
        fs::write(scene.path("campaigns/settings.yaml"), text).unwrap();
    };
    settings(&[("old", "deny"), ("kept", "warn")]);
    assert!(scene.run(&["apply", "campaigns"]).status.success());
    settings(&[("new", "warn"), ("kept", "deny")]);
    let told = stdout(&scene.run(&["plan", "campaigns"]));
    let expected = "~ Settings settings\n    policies[kept].level\n      - warn\n      + deny\n    \
                    policies[new] (added)\n      + level: warn\n      + message: No.\n      + when: \"false\"\n    \
                    policies[old] (removed)\n      - level: deny\n      - message: No.\n      - when: \"false\"\n";
    assert!(told.starts_with(expected), "{told}");
    scene.server.stop();
}

#[test]
fn a_saved_plan_is_applied_as_it_was_reviewed() {
    let scene = Scene::new();
    scene.save();
    let plan: serde_json::Value =
        serde_json::from_slice(&fs::read(scene.path("plan.json")).unwrap()).unwrap();
    let mut keys: Vec<_> = plan.as_object().unwrap().keys().cloned().collect();
    keys.sort();
    insta::assert_snapshot!("saved-plan-keys", keys.join("\n"));
    assert_eq!(plan["format"], "recado-plan/1");
    assert_eq!(plan["files"][0]["path"], "brazil.yaml");
    assert_eq!(plan["changes"][0]["action"], "create");
    // What stands in the folder meanwhile is not what was reviewed.
    scene.write("kind: Segment\nname: other\nfilter: 'true'\n");
    let (code, told) = scene.apply(&[]);
    assert_eq!(code, Some(0), "{told}");
    assert!(
        told.contains("+ Segment brazil") && told.contains("revision 1"),
        "{told}"
    );
    let (code, told) = scene.apply(&["--json"]);
    assert_eq!(code, Some(0), "{told}");
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["already_applied"], true);
    let (_, told) = scene.apply(&[]);
    assert_eq!(told, "already applied, as revision 1\n");
    let shown = stdout(&scene.run(&["show", "1"]));
    assert!(shown.contains("commit   c0ffee"), "{shown}");
    scene.server.stop();
}

#[test]
fn each_plan_that_cannot_be_applied_says_why_and_what_to_do() {
    let scene = Scene::new();
    let refused = |edit: (&str, &str), code: i32, parts: [&str; 2]| {
        scene.save();
        scene.edit(edit.0, edit.1);
        let (exit, told) = scene.apply(&[]);
        assert_eq!(exit, Some(code), "{told}");
        for part in parts {
            assert!(told.contains(part), "{told}");
        }
    };
    refused(
        ("== 'BR'", "!= 'BR'"),
        9,
        ["PLAN_EDITED", "hint: make it anew"],
    );
    refused(
        ("\"create\"", "\"renew\""),
        9,
        ["plan.json", "was it edited?"],
    );
    refused(
        ("recado-plan/1", "recado-plan/9"),
        9,
        ["`recado-plan/9`", "hint:"],
    );
    refused(("\"format\"", "\"from\""), 9, ["is no plan", "hint:"]);
    refused(
        ("\"files\"", "\"more\": 1, \"files\""),
        9,
        ["unknown field `more`", "hint:"],
    );
    let server = ("\"server\": \"", "\"server\": \"0");
    refused(server, 9, ["PLAN_FOREIGN", "is it the right `--server`?"]);
    fs::write(scene.path("plan.json"), [0xff, 0xfe]).unwrap();
    let (exit, told) = scene.apply(&[]);
    assert_eq!(exit, Some(9), "{told}");
    assert!(told.contains("it is no text"), "{told}");
    assert_eq!(scene.run(&["revisions"]).stdout, b"", "nothing was applied");

    scene.save();
    scene.write("kind: Segment\nname: brazil\nfilter: user.country == 'PT'\n");
    assert_eq!(scene.run(&["apply", "campaigns"]).status.code(), Some(0));
    let (code, told) = scene.apply(&[]);
    assert_eq!(code, Some(5), "{told}");
    assert!(told.contains("changed since: Segment brazil"), "{told}");
    assert_eq!(scene.apply(&["--max-age", "soon"]).0, Some(2));
    assert_eq!(scene.run(&["apply"]).status.code(), Some(2));
    assert_eq!(scene.apply(&["campaigns"]).0, Some(2), "a folder or a plan");
    scene.server.stop();
}

#[test]
fn files_with_errors_leave_the_saved_plan_as_it_was() {
    let scene = Scene::new();
    scene.save();
    let before = fs::read(scene.path("plan.json")).unwrap();
    scene.write("kind: Segment\nname: brazil\nfilter: user.country = 'BR'\n");
    let failed = scene.run(&["plan", "campaigns", "--out", "plan.json"]);
    assert_eq!(failed.status.code(), Some(1));
    assert_eq!(fs::read(scene.path("plan.json")).unwrap(), before);
    scene.server.stop();
}

/// Passes bytes on until the caller has sent `request` of them; the answer to that never comes. Ends when `is_done`.
fn lose_the_answer(
    server: &str,
    request: usize,
    is_done: impl Fn() -> bool + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let server = server.to_owned();
    std::thread::spawn(move || {
        let (caller, _) = listener.accept().unwrap();
        let behind = TcpStream::connect(server).unwrap();
        let sent = AtomicUsize::new(0);
        let copy = |mut from: TcpStream, mut to: TcpStream, is_request: bool| {
            let mut buffer = [0; 16 * 1024];
            while let Ok(n @ 1..) = from.read(&mut buffer) {
                if is_request {
                    sent.fetch_add(n, Ordering::SeqCst);
                } else if sent.load(Ordering::SeqCst) >= request {
                    while !is_done() {}
                    break;
                }
                if to.write_all(&buffer[..n]).is_err() {
                    break;
                }
            }
            drop(from.shutdown(std::net::Shutdown::Both));
            drop(to.shutdown(std::net::Shutdown::Both));
        };
        std::thread::scope(|scope| {
            scope.spawn(|| {
                copy(
                    caller.try_clone().unwrap(),
                    behind.try_clone().unwrap(),
                    true,
                );
            });
            scope.spawn(|| {
                copy(
                    behind.try_clone().unwrap(),
                    caller.try_clone().unwrap(),
                    false,
                );
            });
        });
    });
    address
}

#[test]
fn a_lost_answer_is_told_and_the_same_plan_again_finds_it() {
    let scene = Scene::new();
    // Larger than the calls before it, and small enough to need no word of the server in between.
    let comment = "# a comment that fills the file\n".repeat(1_000);
    scene.write(&format!(
        "{comment}kind: Segment\nname: brazil\nfilter: user.country == 'BR'\n"
    ));
    scene.save();
    let server = scene.server.grpc.clone();
    let folder = scene.folder.path().to_owned();
    let is_applied = move || {
        let mut command = recado(&["revisions", "--json", "--server", &server]);
        let listed = command.current_dir(&folder).output().unwrap();
        !listed.stdout.is_empty()
    };
    let proxy = lose_the_answer(&scene.server.grpc, 20_000, is_applied);
    let lost = scene.run_at(&proxy, &["apply", "--plan", "plan.json"]);
    let told = stderr(&lost);
    assert_eq!(lost.status.code(), Some(11), "{told}");
    assert!(
        told.contains("whether it was applied is not known"),
        "{told}"
    );
    assert!(
        told.contains("hint: `recado apply --plan plan.json` again"),
        "{told}"
    );
    assert_eq!(
        scene.apply(&[]),
        (Some(0), "already applied, as revision 1\n".to_owned())
    );
    scene.server.stop();
}
