//! `recado preview`, as applied and as files say it, and `recado send --test`.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server, program};
use crate::stage::{Live, Stage};

const CHANNEL: &str =
    "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n";
const CAMPAIGN: &str = "kind: Campaign\nname: hello\nchannel: page\ntrigger: {api: {}}\n\
    message:\n  text: \"Hi {{${first_name}}}, order {{event_properties.${order} | default: 'none'}}\"\n  \
    quick_replies:\n    - {content_type: text, title: Track it, payload: TRACK}\n";

/// A folder with the campaign, and a server where it is applied.
struct Scene {
    folder: tempfile::TempDir,
    server: Server,
}

// === impl Scene ===

impl Scene {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), CHANNEL, CAMPAIGN);
        let people = "{\"external_id\":\"ana\",\"attributes\":{\"messenger_id\":\"1001\",\"first_name\":\"Ana\"}}\n";
        fs::write(folder.path().join("people.jsonl"), people).unwrap();
        let server = Server::start(&Options {
            store: &folder.path().join("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        });
        let scene = Self { folder, server };
        for arguments in [
            &["apply", "campaigns"][..],
            &["users", "import", "people.jsonl"],
        ] {
            assert!(scene.run(arguments).status.success(), "{arguments:?}");
        }
        scene
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", &self.server.grpc]);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn preview(&self, arguments: &[&str]) -> Output {
        let arguments = [&["preview", "hello"], arguments].concat();
        self.run(&arguments)
    }
}

fn write(folder: &Path, channel: &str, campaign: &str) {
    fs::create_dir_all(folder.join("campaigns")).unwrap();
    fs::write(folder.join("campaigns/page.yaml"), channel).unwrap();
    fs::write(folder.join("campaigns/hello.yaml"), campaign).unwrap();
}

#[test]
fn a_message_is_shown_as_people_see_it_and_as_it_is_sent() {
    let scene = Scene::new();
    let shown = scene.preview(&["--user", "ana", "--event", "{\"order\":\"A1\"}"]);
    assert!(shown.status.success(), "{}", stderr(&shown));
    insta::assert_snapshot!("preview", stdout(&shown));
    assert_eq!(stderr(&shown), "it would be sent\n");
    fs::write(
        scene.folder.path().join("ben.json"),
        "{\"messenger_id\": \"7\"}",
    )
    .unwrap();
    let shown = scene.preview(&["--attributes", "@ben.json", "--svg", "hello.svg"]);
    assert!(shown.status.success(), "{}", stderr(&shown));
    assert!(
        stdout(&shown).contains("│ Hi , order none │"),
        "{}",
        stdout(&shown)
    );
    assert!(
        stderr(&shown).contains("warning: `first_name` is absent and has no `default`"),
        "{}",
        stderr(&shown)
    );
    let svg = fs::read_to_string(scene.folder.path().join("hello.svg")).unwrap();
    assert!(svg.starts_with("<svg ") && svg.contains(">Track it</text>"));
    let random = scene.preview(&["--random", "--seed", "3", "--json"]);
    let random: Value = serde_json::from_str(&stdout(&random)).unwrap();
    assert_eq!(
        (&random["external_id"], &random["seed"]),
        (&json!("ana"), &json!(3))
    );
    scene.server.stop();
}

#[test]
fn content_that_fails_is_told_once() {
    let scene = Scene::new();
    let settings = "kind: Settings\nname: settings\nconnected_content: {hosts: [127.0.0.1], allow_private_network: true}\n";
    let campaign = CAMPAIGN.replace(
        "Hi {{",
        "{% connected_content http://127.0.0.1:1/w :save w %}{{w.temp}}{% connected_content http://127.0.0.1:1/x %}Hi {{",
    );
    write(scene.folder.path(), CHANNEL, &campaign);
    let path = scene.folder.path().join("campaigns/settings.yaml");
    fs::write(path, settings).unwrap();
    assert!(scene.run(&["apply", "campaigns"]).status.success());
    let shown = scene.preview(&["--user", "ana"]);
    assert_eq!(
        stderr(&shown),
        "warning: connected content: GET http://127.0.0.1:1/w (called): no connection\n\
         warning: connected content: GET http://127.0.0.1:1/x (called): no connection\n\
         absent here: event_properties.order, w.temp\n\
         warning: `w.temp` is absent and has no `default`: nothing stands in its place\n\
         it would be sent\n"
    );
    let host = campaign.replace("127.0.0.1:1/w", "localhost:1/w");
    write(scene.folder.path(), CHANNEL, &host);
    let path = scene.folder.path().join("campaigns/settings.yaml");
    fs::write(path, settings.replace("[127", "[localhost, 127")).unwrap();
    let shown = scene.preview(&["--user", "ana", "--dir", "campaigns"]);
    let told = stderr(&shown);
    let refused = "connected content from a host that the applied Settings do not allow";
    assert_eq!(told.matches(refused).count(), 1, "{told}");
    scene.server.stop();
}

#[test]
fn a_message_that_cannot_be_made_is_shown_where_it_breaks() {
    let scene = Scene::new();
    let hook = "kind: Channel\nname: page\ntype: webhook\nurl: https://example.com/hook\n";
    let raw = "kind: Campaign\nname: hello\nchannel: page\ntrigger: {api: {}}\nraw:\n  content_type: application/json\n  \
               body: '{\"name\": \"{{${first_name}}}\"}'\n";
    write(scene.folder.path(), hook, raw);
    let zoe = "{\"messenger_id\": \"7\", \"first_name\": \"Zoë \\\"B\\\"\"}";
    let shown = scene.preview(&["--attributes", zoe, "--dir", "campaigns"]);
    let told = stderr(&shown);
    let expected = "it would not be sent: render_failed: raw.body: once rendered it is not JSON: line 1, column 17: \
                    expected `,` or `}`\n 1 | {\"name\": \"Zoë \"B\"\"}\n   |                ^\n  --> hello.yaml:7:9\n";
    assert!(told.ends_with(expected), "{told}");
    let long = CAMPAIGN
        .replace("Track it", "\"{{${long}}}\"")
        .replace("Hi", "Hi{{${long}}}");
    write(scene.folder.path(), CHANNEL, &long);
    let user = format!(
        "{{\"messenger_id\": \"7\", \"long\": \"{}\"}}",
        "x".repeat(2_001)
    );
    let told = stderr(&scene.preview(&["--attributes", &user, "--dir", "campaigns"]));
    assert!(
        told.contains("quick_replies[0].title: 2001 characters") && told.contains("; text: 20"),
        "{told}"
    );
    scene.server.stop();
}

#[test]
fn a_draft_tells_nothing_of_the_server() {
    let scene = Scene::new();
    let preview = |secret: &str| {
        let channel = CHANNEL.replace("env: RECADO_TEST_TOKEN", secret);
        write(
            scene.folder.path(),
            &channel,
            &CAMPAIGN.replace("Hi", "Olá"),
        );
        scene.preview(&["--user", "ana", "--dir", "campaigns"])
    };
    let applied = preview("env: RECADO_TEST_TOKEN");
    assert!(stdout(&applied).contains("Olá Ana"), "{}", stdout(&applied));
    // Whether they are there or not, the answer is the same.
    for secret in [
        "env: PATH",
        "env: RECADO_NOT_SET",
        "file: people.jsonl",
        "file: /no/such",
    ] {
        let shown = preview(secret);
        assert_eq!(stdout(&shown), stdout(&applied), "{secret}");
        assert!(
            stderr(&shown).contains("is not looked up before files that refer to it are applied"),
            "{}",
            stderr(&shown)
        );
    }
    scene.server.stop();
}

#[test]
fn wrong_command_lines_and_files_are_told() {
    let scene = Scene::new();
    for (arguments, told) in [
        (&[][..], "--user <ID>|--random|--attributes <JSON|@FILE>"),
        (&["--user", "ana", "--random"], "cannot be used with"),
        (&["--user", "ana", "--seed", "1"], "cannot be used with"),
        (&["--user", "ana", "--watch"], "--dir"),
        (
            &["--attributes", "[1]"],
            "`--attributes` is not a JSON object",
        ),
    ] {
        let output = scene.preview(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
    fs::create_dir(scene.folder.path().join("empty")).unwrap();
    for (arguments, told) in [
        (&["--attributes", "@nobody.json"][..], "`nobody.json`: "),
        (
            &["--user", "ana", "--dir", "empty"],
            "`empty` holds no campaign file",
        ),
    ] {
        let output = scene.preview(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains(told), "{}", stderr(&output));
    }
    let hook = "kind: Channel\nname: page\ntype: webhook\nurl: 'https://acme.example/'\n";
    write(scene.folder.path(), hook, CAMPAIGN);
    let output = scene.preview(&["--user", "ana", "--dir", "campaigns", "--svg", "a.svg"]);
    assert!(output.status.success());
    assert!(
        stderr(&output).contains("there is no Messenger message to draw"),
        "{}",
        stderr(&output)
    );
    assert!(!stdout(&output).contains('╭') && !scene.folder.path().join("a.svg").exists());
    scene.server.stop();
}

/// `recado preview --watch` as a child, and the lines that it prints.
struct Watching {
    child: Child,
    lines: mpsc::UnboundedReceiver<Value>,
}

// === impl Watching ===

impl Watching {
    fn start(live: &Live, folder: &Path) -> Self {
        let mut child = Command::new(program())
            .args(["preview", "hello", "--random", "--json", "--watch"])
            .args(["--dir", "campaigns", "--svg", "hello.svg"])
            .args(["--server", &live.grpc])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (tell, lines) = mpsc::unbounded_channel();
        let printed = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in printed.lines() {
                let line: Value = serde_json::from_str(&line.unwrap()).expect("a line is JSON");
                drop(tell.send(line));
            }
        });
        Self { child, lines }
    }

    /// The next line of which `is_wanted` is true: an editor's save may be seen in two steps.
    async fn until(&mut self, is_wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let line = self.lines.recv().await.expect("the command goes on");
            if is_wanted(&line) {
                return line;
            }
        }
    }

    fn stop(mut self) -> Option<i32> {
        let kill = format!("kill -TERM {}", self.child.id());
        let killed = Command::new("sh").args(["-c", &kill]).status().unwrap();
        assert!(killed.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // A test that fails must not leave it behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn a_watched_draft_is_shown_again_with_every_change() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), CHANNEL, CAMPAIGN);
    Stage::new().run(async |live| {
        let people: Vec<String> = (0..30).map(|n| format!("u{n}")).collect();
        let users = people.iter().map(|id| {
            let attributes = json!({"messenger_id": id, "first_name": id});
            (id.as_str(), attributes)
        });
        live.upsert(users).await;
        // Nothing is applied at all.
        let mut watching = Watching::start(live, folder.path());
        let first = watching.until(|_| true).await;
        let user = first["external_id"].as_str().unwrap();
        assert_eq!(
            first["message"]["text"],
            format!("Hi {user}, order none").as_str()
        );
        write(folder.path(), CHANNEL, &CAMPAIGN.replace("Hi", "Olá"));
        let second = watching
            .until(|line| line["message"]["text"].to_string().contains("Olá"))
            .await;
        assert_eq!(second["external_id"], user, "the same member");
        let svg = fs::read_to_string(folder.path().join("hello.svg")).unwrap();
        assert!(svg.contains("Olá"), "{svg}");
        write(
            folder.path(),
            CHANNEL,
            &CAMPAIGN.replace("'none'}}", "'none'"),
        );
        let broken = watching
            .until(|line| {
                line["diagnostics"]
                    .as_array()
                    .is_some_and(|all| !all.is_empty())
            })
            .await;
        assert_eq!(broken["would_send"], false);
        assert_eq!(broken["diagnostics"][0]["file"], "campaigns/hello.yaml");
        write(folder.path(), CHANNEL, &CAMPAIGN.replace("Hi", "Ciao"));
        watching
            .until(|line| line["message"]["text"].to_string().contains("Ciao"))
            .await;
        assert_eq!(watching.stop(), Some(0));
    });
}

#[test]
fn a_test_is_sent_from_the_command_line() {
    let page = ("page.yaml", CHANNEL);
    Stage::new()
        .with_files([page, ("hello.yaml", CAMPAIGN)])
        .run(async |live| {
            let ana = json!({"messenger_id": "1001", "first_name": "Ana"});
            live.upsert([("ana", ana), ("ben", json!({}))]).await;
            let run = async |arguments: &[&str]| {
                let start = ["send", "hello", "--test", "--server", &live.grpc];
                let arguments: Vec<String> = [&start, arguments]
                    .concat()
                    .into_iter()
                    .map(str::to_owned)
                    .collect();
                // Beside the server, which is run by this task.
                let call = tokio::task::spawn_blocking(move || {
                    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
                    recado(&arguments).output().unwrap()
                });
                call.await.unwrap()
            };
            let sent = run(&["--user", "ana", "--event", "{\"order\":\"A1\"}"]).await;
            assert!(sent.status.success(), "{}", stderr(&sent));
            assert!(
                stderr(&sent).starts_with("sent as a test, dlv_"),
                "{}",
                stderr(&sent)
            );
            let messages = live.sandbox.handle.messages();
            assert!(stdout(&sent).ends_with(&format!("{}\n", messages[0].message_id)));
            assert_eq!(messages[0].body["message"]["text"], "Hi Ana, order A1");
            let skipped = run(&["--user", "ben", "--json"]).await;
            assert_eq!(skipped.status.code(), Some(1));
            let skipped: Value = serde_json::from_str(&stdout(&skipped)).unwrap();
            assert_eq!(
                (&skipped["sent"], &skipped["reason"]["code"]),
                (&json!(false), &json!("no_psid"))
            );
            let two = run(&["--user", "ana", "--user", "ben"]).await;
            assert_eq!(two.status.code(), Some(2), "{}", stderr(&two));
            let keyed = run(&["--user", "ana", "--request-id", "a"]).await;
            assert_eq!(keyed.status.code(), Some(2), "{}", stderr(&keyed));
        });
}
