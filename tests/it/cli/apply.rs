//! Plan and apply as scripts and people meet them.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

const SEGMENTS: [&str; 2] = ["brazil", "portugal"];

/// A server beside a folder of two segments.
struct Scene {
    folder: tempfile::TempDir,
    server: Server,
}

// === impl Scene ===

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(&Options {
            store: &folder.path().join("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        });
        fs::create_dir(folder.path().join("campaigns")).unwrap();
        fs::create_dir(folder.path().join("empty")).unwrap();
        let scene = Self { folder, server };
        for name in SEGMENTS {
            fs::write(scene.segment(name), segment(name)).unwrap();
        }
        scene
    }

    fn segment(&self, name: &str) -> std::path::PathBuf {
        let folder = self.folder.path().join("campaigns");
        folder.join(format!("{name}.yaml"))
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", &self.server.grpc]);
        command.current_dir(self.folder.path()).output().unwrap()
    }
}

fn segment(name: &str) -> String {
    format!("kind: Segment\nname: {name}\nfilter: user.country == '{name}'\n")
}

fn code(output: &Output) -> Option<i32> {
    output.status.code()
}

#[test]
fn an_empty_folder_is_a_mistake_unless_it_is_meant() {
    let scene = Scene::new();
    assert_eq!(code(&scene.run(&["apply", "campaigns"])), Some(0));
    for command in ["plan", "apply"] {
        let refused = scene.run(&[command, "empty"]);
        assert_eq!(code(&refused), Some(1), "{command}");
        let told = stderr(&refused);
        assert!(told.contains("`empty` holds no campaign file"), "{told}");
        assert!(told.contains("--allow-empty"), "{told}");
    }
    let unagreed = scene.run(&["apply", "empty", "--allow-empty"]);
    assert_eq!(code(&unagreed), Some(7), "{}", stderr(&unagreed));
    let again = scene.run(&["apply", "campaigns"]);
    assert_eq!(stdout(&again), "nothing changes: revision 1 stays\n");
    let agreed = scene.run(&["apply", "empty", "--allow-empty", "--yes"]);
    assert_eq!(code(&agreed), Some(0), "{}", stderr(&agreed));
    assert!(stdout(&agreed).contains("revision 2"));
    scene.server.stop();
}

#[test]
fn a_deletion_needs_a_word_where_nobody_can_be_asked() {
    let scene = Scene::new();
    assert_eq!(code(&scene.run(&["apply", "campaigns"])), Some(0));
    fs::remove_file(scene.segment("portugal")).unwrap();
    let unagreed = scene.run(&["apply", "campaigns"]);
    assert_eq!(code(&unagreed), Some(7));
    let told = stderr(&unagreed);
    assert!(
        told.contains("it would delete 1 resource") && told.contains("`--yes`"),
        "{told}"
    );
    let planned = stdout(&scene.run(&["plan", "campaigns"]));
    assert!(planned.contains("- Segment portugal"), "{planned}");
    assert!(planned.contains("1 to delete, 1 unchanged"), "{planned}");
    assert_eq!(code(&scene.run(&["apply", "campaigns", "--yes"])), Some(0));
    scene.server.stop();
}

#[test]
fn a_folder_without_files_is_not_valid() {
    let folder = tempfile::tempdir().unwrap();
    let validate = |arguments: &[&str]| {
        let mut command = recado(&["validate", "."]);
        let command = command.args(arguments);
        command.current_dir(folder.path()).output().unwrap()
    };
    fs::write(Path::new(folder.path()).join("notes.txt"), "no").unwrap();
    let refused = validate(&[]);
    assert_eq!(code(&refused), Some(1));
    assert!(stderr(&refused).contains("holds no campaign file"));
    assert_eq!(code(&validate(&["--allow-empty"])), Some(0));
}
