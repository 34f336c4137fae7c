//! What was applied, what differs, and the way back, as people and scripts meet them.

use std::fs;
use std::path::PathBuf;
use std::process::Output;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

/// A server beside a folder `campaigns`.
struct Scene {
    folder: tempfile::TempDir,
    server: Server,
}

// === impl Scene ===

impl Scene {
    /// With two applied revisions: `brazil`, and then another filter and `portugal` beside it.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("campaigns")).unwrap();
        let server = Server::start(&Options {
            store: &folder.path().join("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        });
        let scene = Self { folder, server };
        scene.write(
            "brazil",
            "# Kept.\nkind: Segment\nname: brazil\nfilter: user.country == 'BR'\n",
        );
        scene.apply("first");
        scene.write(
            "brazil",
            "# Kept.\nkind: Segment\nname: brazil\nfilter: user.country in ['BR', 'AO']\n",
        );
        scene.write(
            "portugal",
            "kind: Segment\nname: portugal\nfilter: user.country == 'PT'\n",
        );
        scene.apply("second");
        scene
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder
            .path()
            .join("campaigns")
            .join(format!("{name}.yaml"))
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    fn apply(&self, message: &str) {
        let arguments = [
            "apply",
            "campaigns",
            "--yes",
            "--author",
            "ana",
            "--commit",
            "c0ffee",
            "--message",
        ];
        let arguments: Vec<&str> = arguments.into_iter().chain([message]).collect();
        assert_eq!(self.run(&arguments).status.code(), Some(0));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", &self.server.grpc]);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn code(&self, arguments: &[&str]) -> Option<i32> {
        self.run(arguments).status.code()
    }
}

/// The time of an apply is the machine's.
fn without_times(text: &str) -> String {
    let line = |line: &str| match line.find("20").filter(|at| line[*at..].contains('T')) {
        Some(at) => format!("{}TIME{}", &line[..at], &line[at + 20..]),
        None => line.to_owned(),
    };
    text.lines().map(|text| line(text) + "\n").collect()
}

#[test]
fn revisions_are_listed_shown_and_compared() {
    let scene = Scene::new();
    let listed = scene.run(&["revisions"]);
    insta::assert_snapshot!("revisions", without_times(&stdout(&listed)));
    let shown = scene.run(&["show", "2"]);
    insta::assert_snapshot!("show", without_times(&stdout(&shown)));
    let shown = stdout(&scene.run(&["show", "2", "--json"]));
    let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["plan"][0]["name"], "brazil");
    assert_eq!(
        (&shown["allowed"], &shown["back_to"]),
        (&serde_json::json!([]), &serde_json::Value::Null)
    );
    let diff = stdout(&scene.run(&["diff", "1"]));
    assert!(diff.contains("-filter: user.country == 'BR'"), "{diff}");
    assert!(
        diff.contains("--- /dev/null\n+++ b/portugal.yaml"),
        "{diff}"
    );
    let same = scene.run(&["diff", "2", "2"]);
    assert!(stderr(&same).contains("hold the same files"));
    for command in ["show", "rollback"] {
        let missing = scene.run(&[command, "9"]);
        assert_eq!(missing.status.code(), Some(1), "{command}");
        assert!(
            stderr(&missing).contains("revision `9` does not exist"),
            "{}",
            stderr(&missing)
        );
    }
    let json = stdout(&scene.run(&["revisions", "--limit", "1", "--json"]));
    let newest: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&newest["revision"], &newest["message"]),
        (&2.into(), &"second".into())
    );
    scene.server.stop();
}

#[test]
fn a_rollback_is_planned_and_applied_and_drift_tells_that_the_files_are_ahead() {
    let scene = Scene::new();
    assert_eq!(scene.code(&["drift", "campaigns"]), Some(0));
    assert_eq!(
        scene.code(&["plan", "campaigns", "--detailed-exitcode"]),
        Some(0)
    );
    // It deletes a segment, and nobody can be asked here.
    let unagreed = scene.run(&["rollback", "1"]);
    assert_eq!(unagreed.status.code(), Some(7), "{}", stderr(&unagreed));
    let agreed = scene.run(&["rollback", "1", "--yes", "--author", "eva"]);
    assert_eq!(agreed.status.code(), Some(0), "{}", stderr(&agreed));
    insta::assert_snapshot!("rollback", stdout(&agreed));
    let diff = scene.run(&["diff", "1", "3"]);
    assert_eq!(stdout(&diff), "");
    let revisions = stdout(&scene.run(&["revisions"]));
    assert!(revisions.contains("rollback to revision 1"), "{revisions}");
    // To the same again is nothing.
    let again = stdout(&scene.run(&["rollback", "1", "--yes"]));
    assert!(
        again.ends_with("nothing changes: revision 3 stays\n"),
        "{again}"
    );

    let drift = scene.run(&["drift", "campaigns"]);
    assert_eq!(drift.status.code(), Some(8));
    assert!(
        stdout(&drift).contains("+ Segment portugal"),
        "{}",
        stdout(&drift)
    );
    assert_eq!(
        scene.code(&["plan", "campaigns", "--detailed-exitcode"]),
        Some(8)
    );
    scene.server.stop();
}

#[test]
fn the_applied_state_comes_back_as_it_was_written_and_overwrites_nothing() {
    let scene = Scene::new();
    assert_eq!(scene.code(&["export", "out/deep"]), Some(0));
    for name in ["brazil", "portugal"] {
        let exported = scene.folder.path().join(format!("out/deep/{name}.yaml"));
        assert_eq!(
            fs::read(exported).unwrap(),
            fs::read(scene.file(name)).unwrap()
        );
    }
    let before = fs::read(scene.file("brazil")).unwrap();
    let refused = scene.run(&["export", "campaigns", "--revision", "1"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        stderr(&refused).contains("nothing was written"),
        "{}",
        stderr(&refused)
    );
    assert_eq!(fs::read(scene.file("brazil")).unwrap(), before);
    assert_eq!(
        scene.code(&["export", "campaigns", "--revision", "1", "--force"]),
        Some(0)
    );
    assert_ne!(fs::read(scene.file("brazil")).unwrap(), before);
    scene.server.stop();
}

#[test]
fn drift_is_told_to_prometheus_too() {
    let scene = Scene::new();
    let gauges = |code: i32| {
        let arguments = ["drift", "campaigns", "--textfile", "recado.prom"];
        assert_eq!(scene.code(&arguments), Some(code));
        fs::read_to_string(scene.folder.path().join("recado.prom")).unwrap()
    };
    let of = |action: &str, n: u32| {
        format!("recado_drift_resources{{owner=\"\",kind=\"Segment\",action=\"{action}\"}} {n}\n")
    };
    let none = gauges(0);
    assert!(
        none.contains(&of("create", 0)) && none.contains(&of("orphan", 0)),
        "{none}"
    );
    assert!(none.contains("recado_drift_files_valid 1\n"), "{none}");
    scene.write(
        "angola",
        "kind: Segment\nname: angola\nfilter: user.country == 'AO'\n",
    );
    scene.write("brazil", "kind: Segment\nname: brazil\nfilter: 'true'\n");
    fs::remove_file(scene.file("portugal")).unwrap();
    let some = gauges(8);
    for action in ["create", "update", "orphan"] {
        assert!(some.contains(&of(action, 1)), "{some}");
    }
    for line in some.lines().filter(|line| !line.starts_with('#')) {
        let (_, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
    }
    scene.write("brazil", "kind: Segment\n");
    assert!(gauges(1).contains("recado_drift_files_valid 0\n"));
    scene.server.stop();
}
