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
    let kept = scene.run(&["apply", "empty", "--allow-empty"]);
    assert_eq!(code(&kept), Some(0), "{}", stderr(&kept));
    let again = scene.run(&["apply", "campaigns"]);
    assert_eq!(stdout(&again), "nothing changes: revision 1 stays\n");
    scene.server.stop();
}

#[test]
fn only_an_owner_deletes_and_only_when_asked_to() {
    let scene = Scene::new();
    assert_eq!(code(&scene.run(&["apply", "campaigns"])), Some(0));
    fs::remove_file(scene.segment("portugal")).unwrap();
    let planned = stdout(&scene.run(&["plan", "campaigns"]));
    insta::assert_snapshot!("plan-of-nobodys-orphan", planned);
    let ownerless = scene.run(&["apply", "campaigns", "--prune"]);
    assert_eq!(code(&ownerless), Some(1));
    let told = stderr(&ownerless);
    assert!(told.contains("declare `owner:` in Settings"), "{told}");
    assert_eq!(code(&scene.run(&["apply", "campaigns"])), Some(0));
    assert_eq!(code(&scene.run(&["drift", "campaigns"])), Some(8));

    // An owner takes on what nobody owns.
    fs::write(scene.segment("portugal"), segment("portugal")).unwrap();
    fs::write(
        scene.segment("settings"),
        "kind: Settings\nname: settings\nowner: growth\n",
    )
    .unwrap();
    let planned = stdout(&scene.run(&["plan", "campaigns"]));
    insta::assert_snapshot!("plan-of-a-new-owner", planned);
    assert_eq!(code(&scene.run(&["apply", "campaigns"])), Some(0));
    fs::remove_file(scene.segment("portugal")).unwrap();
    let planned = stdout(&scene.run(&["plan", "campaigns"]));
    insta::assert_snapshot!("plan-of-an-orphan", planned);
    let kept = stdout(&scene.run(&["apply", "campaigns"]));
    assert_eq!(kept, "nothing changes: revision 2 stays\n");
    let planned = stdout(&scene.run(&["plan", "campaigns", "--prune"]));
    assert!(planned.contains("- Segment portugal"), "{planned}");
    assert!(planned.contains("1 to delete, 2 unchanged"), "{planned}");
    // The flag is the word: nobody has to be asked.
    let pruned = scene.run(&["apply", "campaigns", "--prune"]);
    assert_eq!(code(&pruned), Some(0), "{}", stderr(&pruned));
    assert_eq!(code(&scene.run(&["drift", "campaigns"])), Some(0));
    scene.server.stop();
}

/// Campaign files that share a block, a template and a catalog with a CSV of its own.
const SHARED: [(&str, &str); 5] = [
    (
        "page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n",
    ),
    (
        "footer.yaml",
        "kind: ContentBlock\nname: Footer\ncontent: Bye\n",
    ),
    (
        "offer.yaml",
        "kind: Template\nname: offer\nmessage:\n  text: \"{% catalog_items Games g1 %}{{items[0].title}}. {{content_blocks.${Footer}}}\"\n",
    ),
    (
        "catalogs/games.yaml",
        "kind: Catalog\nname: Games\nfile: data/games.csv\n",
    ),
    (
        "sale.yaml",
        "kind: Campaign\nname: sale\nchannel: page\ntrigger: {api: {}}\ntemplate: offer\n",
    ),
];

#[test]
fn a_change_of_what_is_shared_names_who_uses_it_and_survives_a_restart() {
    let scene = Scene::new();
    let path = |name: &str| scene.folder.path().join("shared").join(name);
    fs::create_dir_all(path("catalogs/data")).unwrap();
    for (name, text) in SHARED {
        fs::write(path(name), text).unwrap();
    }
    fs::write(path("catalogs/data/games.csv"), "id,title\ng1,Tales\n").unwrap();
    // Nobody names it: it is nobody's business what lies beside.
    fs::write(path("catalogs/data/users.csv"), [0xff, 0xfe]).unwrap();
    let applied = scene.run(&["apply", "shared"]);
    assert_eq!(code(&applied), Some(0), "{}", stderr(&applied));
    let preview = |scene: &Scene| {
        let shown = scene.run(&[
            "preview",
            "sale",
            "--attributes",
            r#"{"messenger_id":"7"}"#,
            "--json",
        ]);
        let shown: serde_json::Value = serde_json::from_slice(&shown.stdout).unwrap();
        shown["message"]["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(preview(&scene), "Tales. Bye");

    fs::write(path("catalogs/data/games.csv"), "id,title\ng1,Regex\n").unwrap();
    fs::write(path("footer.yaml"), SHARED[1].1.replace("Bye", "See you")).unwrap();
    let planned = stdout(&scene.run(&["plan", "shared"]));
    insta::assert_snapshot!("plan-of-what-is-shared", planned);
    assert_eq!(code(&scene.run(&["apply", "shared"])), Some(0));
    assert_eq!(preview(&scene), "Regex. See you");

    let Scene { folder, server } = scene;
    server.kill();
    let server = Server::start(&Options {
        store: &folder.path().join("recado.sqlite"),
        graph_url: "http://127.0.0.1:1",
    });
    let scene = Scene { folder, server };
    assert_eq!(preview(&scene), "Regex. See you");
    let again = stdout(&scene.run(&["plan", "shared"]));
    assert!(again.starts_with("nothing changes"), "{again}");
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
