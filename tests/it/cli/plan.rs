//! What a plan says of people, as they read it at a terminal, in a pull request and in a script.

use std::fmt::Write;
use std::fs;
use std::process::Output;

use serde_json::{Value, json};

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

const USERS: u32 = 120;

const APPLIED: [(&str, &str); 9] = [
    (
        "attributes.yaml",
        "kind: Attributes\nname: profile\nattributes:\n  messenger_id: {type: string, pii: true}\n  \
         first_name: {type: string, pii: true}\n  country: {type: string}\n  age: {type: int}\n  \
         plan: {type: string}\n",
    ),
    (
        "page.yaml",
        "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_TEST_TOKEN}\n",
    ),
    (
        "adults.yaml",
        "kind: Segment\nname: adults\nfilter: user.age >= 18\n",
    ),
    (
        "footer.yaml",
        "kind: ContentBlock\nname: footer\ncontent: Bye\n",
    ),
    (
        "sale.yaml",
        "kind: Campaign\nname: sale\nchannel: page\nsegment: adults\nfilter: user.country == 'BR'\n\
         trigger: {api: {}}\nmessage:\n  text: |\n    Hi {{${first_name} | default: 'there'}}!\n    \
         The sale begins.\n    {{content_blocks.${footer}}}\n",
    ),
    (
        "news.yaml",
        "kind: Campaign\nname: news\nchannel: page\ntrigger: {api: {}}\n\
         message: {text: \"News. {{content_blocks.${footer}}}\"}\n",
    ),
    (
        "vips.yaml",
        "kind: Campaign\nname: vips\nchannel: page\nsegment: adults\ntrigger: {api: {}}\n\
         message: {text: \"{% if ${plan} == 'pro' %}For pros{% else %}For all{% endif %}\"}\n",
    ),
    (
        "secret.yaml",
        "kind: Campaign\nname: secret\nchannel: page\nfilter: has(user.first_name)\ntrigger: {api: {}}\n\
         message: {text: \"{{${first_name}}}\"}\n",
    ),
    (
        "old.yaml",
        "kind: Campaign\nname: old\nchannel: page\ntrigger: {api: {}}\nmessage: {text: Old}\n",
    ),
];

/// A server with applied files and people, beside a folder that says something else.
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
        let scene = Self { folder, server };
        for (name, text) in APPLIED {
            scene.write(name, text);
        }
        fs::write(scene.folder.path().join("people.jsonl"), people()).unwrap();
        for arguments in [
            &["users", "import", "people.jsonl"][..],
            &["apply", "campaigns"],
        ] {
            let done = scene.run(arguments);
            assert!(done.status.success(), "{}", stderr(&done));
        }
        scene
    }

    /// A little of everything that a pull request may do.
    fn changed() -> Self {
        let scene = Self::new();
        let text = |name: &str| APPLIED.iter().find(|(it, _)| *it == name).unwrap().1;
        scene.write(
            "adults.yaml",
            &text("adults.yaml").replace(">= 18", ">= 21"),
        );
        scene.write(
            "footer.yaml",
            &text("footer.yaml").replace("Bye", "See you"),
        );
        let sale = text("sale.yaml")
            .replace("== 'BR'", "in ['BR', 'PT'] && user.plan == 'pro'")
            .replace("begins", "begins on Monday");
        scene.write("sale.yaml", &sale);
        let secret = text("secret.yaml").replace(
            "{{${first_name}}}",
            "{% if ${country} == 'PT' %}{% abort_message('not there') %}{% endif %}{{${first_name} | upcase}}",
        );
        scene.write("secret.yaml", &secret);
        fs::remove_file(scene.path("old.yaml")).unwrap();
        scene.write(
            "new.yaml",
            "kind: Campaign\nname: new\nchannel: page\nsegment: adults\ntrigger: {api: {}}\n\
             message: {text: \"Welcome, {{${first_name} | default: 'you'}}\"}\n",
        );
        scene
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join("campaigns").join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = recado(arguments);
        command.args(["--server", &self.server.grpc]);
        command.current_dir(self.folder.path()).output().unwrap()
    }

    fn plan(&self, format: &str) -> String {
        let planned = self.run(&["plan", "campaigns", "--format", format]);
        // A plan that is over a limit is one.
        let code = planned.status.code();
        assert!(
            matches!(code, Some(0 | 10)),
            "{code:?}: {}",
            stderr(&planned)
        );
        stdout(&planned)
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.plan("json")).unwrap()
    }
}

/// Every tenth has no PSID, every eleventh no name.
fn people() -> String {
    let mut text = String::new();
    for n in 0..USERS {
        let country = ["BR", "PT", "ES"][n as usize % 3];
        let plan = ["pro", "free"][n as usize % 2];
        let mut attributes = json!({ "country": country, "age": 15 + n % 20, "plan": plan });
        if n % 10 != 0 {
            attributes["messenger_id"] = json!(format!("10{n}"));
        }
        if n % 11 != 0 {
            let name = ["Ana", "Bia", "Caio", "Duda", "Enzo"][n as usize % 5];
            attributes["first_name"] = json!(name);
        }
        let user = json!({ "external_id": format!("u{n:03}"), "attributes": attributes });
        writeln!(text, "{user}").unwrap();
    }
    text
}

#[test]
fn a_plan_says_what_it_does_to_people_in_every_form() {
    let scene = Scene::changed();
    insta::assert_snapshot!("plan-human", scene.plan("human"));
    insta::assert_snapshot!("plan-markdown", scene.plan("markdown"));
    let mut json = scene.json();
    json["plan"]["fingerprint"] = json!("(fingerprint)");
    insta::assert_json_snapshot!("plan-json", json);
    assert_eq!(scene.plan("markdown"), scene.plan("markdown"));
    scene.server.stop();
}

#[test]
fn no_form_of_a_plan_shows_personal_values() {
    let scene = Scene::changed();
    for format in ["human", "markdown", "json"] {
        let shown = scene.plan(format);
        assert!(shown.contains('\u{2039}'), "nothing is masked in {format}");
        for name in ["Ana", "Bia", "Caio", "Duda", "Enzo", "ANA", "ENZO"] {
            assert!(!shown.contains(name), "{name} in {format}");
        }
        assert!(
            !shown.contains("1011") && !shown.contains("sandbox-token"),
            "{format}"
        );
    }
    scene.server.stop();
}

#[test]
fn what_hangs_on_personal_values_is_told_and_not_shown() {
    let scene = Scene::new();
    let text = "{% if ${first_name} == 'Ana' %}You alone{% else %}{{${first_name}}}{% endif %}";
    let secret = APPLIED[7].1.replace("{{${first_name}}}", text);
    scene.write("secret.yaml", &secret);
    let planned = scene.json();
    let messages = &planned["plan"]["changes"][0]["messages"];
    assert!(messages["differing"].as_i64().unwrap() > 10, "{messages}");
    let diff = &messages["diffs"][0];
    assert_eq!((&diff["masked"], &diff["diff"]), (&json!(true), &json!("")));
    assert!(
        scene
            .plan("human")
            .contains("personal values, which are not shown")
    );
    scene.server.stop();
}

#[test]
fn a_message_that_needs_content_is_not_made() {
    let scene = Scene::new();
    scene.write(
        "settings.yaml",
        "kind: Settings\nname: settings\nconnected_content: {hosts: [127.0.0.1], allow_private_network: true}\n",
    );
    // Nobody listens there: a request would fail, and the message with it.
    let text = "{% connected_content http://127.0.0.1:1/x :save x %}Hi {{x.y}}";
    scene.write(
        "old.yaml",
        &APPLIED[8]
            .1
            .replace("text: Old", &format!("text: \"{text}\"")),
    );
    let planned = scene.json();
    let changes = planned["plan"]["changes"].as_array().unwrap();
    let old = changes.iter().find(|it| it["name"] == "old").unwrap();
    let messages = &old["messages"];
    assert_eq!(
        (&messages["sampled"], &messages["unasked"]),
        (&json!(108), &json!(108))
    );
    assert_eq!(messages["differing"], 0);
    let told = scene.plan("human");
    assert!(told.contains("108 need connected content"), "{told}");
    scene.server.stop();
}

#[test]
fn a_comment_is_bounded_and_says_what_was_cut() {
    let scene = Scene::new();
    for n in 0..400 {
        let text = format!(
            "kind: Campaign\nname: made-{n}\nchannel: page\nsegment: adults\ntrigger: {{api: {{}}}}\n\
             message: {{text: \"{}\"}}\n",
            "@all <b>`words`</b> ```".repeat(40)
        );
        scene.write(&format!("made-{n}.yaml"), &text);
    }
    let comment = scene.plan("markdown");
    let chars = comment.chars().count();
    assert!((40_000..=60_000).contains(&chars), "{chars}");
    assert!(comment.starts_with("<!-- recado plan -->\n"), "{comment}");
    let end = comment.lines().last().unwrap();
    assert!(
        end.starts_with("**Cut**") && end.contains("details of"),
        "{end}"
    );
    assert_eq!(
        comment.matches("<details>").count(),
        comment.matches("</details>").count()
    );
    let outside = comment.split("````").step_by(2).collect::<String>();
    assert!(
        !outside.contains("<b>") && !outside.contains("@all"),
        "{outside}"
    );
    scene.server.stop();
}

#[test]
fn a_comment_tells_what_is_wrong_with_files() {
    let scene = Scene::new();
    scene.write(
        "adults.yaml",
        &APPLIED[2].1.replace("user.age >= 18", "user.age >= \\\"x"),
    );
    let planned = scene.run(&["plan", "campaigns", "--format", "markdown"]);
    assert_eq!(planned.status.code(), Some(1));
    let told = stdout(&planned);
    assert!(
        told.starts_with("<!-- recado plan -->\n### Recado plan: this cannot be applied"),
        "{told}"
    );
    assert!(
        told.contains("❌ **filter-syntax** `campaigns/adults.yaml:3`"),
        "{told}"
    );
    scene.server.stop();
}

/// A webhook and a catalog, with a campaign of each.
const SHARED: [(&str, &str); 5] = [
    (
        "hook.yaml",
        "kind: Channel\nname: hook\ntype: webhook\nurl: \"https://example.com/{{${country}}}\"\n\
         headers:\n  X-Plan: \"{{${plan}}}\"\n  Authorization: {env: RECADO_TEST_TOKEN}\n",
    ),
    (
        "calls.yaml",
        "kind: Campaign\nname: calls\nchannel: hook\ntrigger: {api: {}}\nmessage: {hello: \"{{${first_name}}}\"}\n",
    ),
    (
        "games.yaml",
        "kind: Catalog\nname: games\nfile: games.csv\n",
    ),
    ("games.csv", "id,title\ng1,Tales\n"),
    (
        "plays.yaml",
        "kind: Campaign\nname: plays\nchannel: page\ntrigger: {api: {}}\n\
         message: {text: \"{% catalog_items games g1 %}Play {{items[0].title}}\"}\n",
    ),
];

#[test]
fn what_campaigns_share_changes_their_messages() {
    let scene = Scene::new();
    for (name, text) in SHARED {
        scene.write(name, text);
    }
    let applied = scene.run(&["apply", "campaigns"]);
    assert!(applied.status.success(), "{}", stderr(&applied));
    scene.write(
        "hook.yaml",
        &SHARED[0].1.replace("example.com/", "example.com/v2/"),
    );
    scene.write("games.csv", "id,title\ng1,Regex\n");
    let planned = scene.json();
    let reached = planned["plan"]["reached"].as_array().unwrap();
    let names: Vec<&str> = reached
        .iter()
        .map(|it| it["campaign"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["calls", "plays"]);
    // A webhook needs no PSID: everybody can be reached.
    let calls = &reached[0];
    assert_eq!(calls["delta"]["reachable"], 120);
    assert_eq!(calls["through"], json!(["Channel hook"]));
    let diffs = calls["messages"]["diffs"].as_array().unwrap();
    let shown: String = diffs
        .iter()
        .map(|it| it["diff"].as_str().unwrap())
        .collect();
    for country in ["BR", "PT", "ES"] {
        let lines = format!(
            "-POST https://example.com/{country}\n+POST https://example.com/v2/{country}\n"
        );
        assert!(shown.contains(&lines), "{shown}");
    }
    assert!(!shown.contains("sandbox-token"), "{shown}");
    let plays = &reached[1];
    assert_eq!(plays["messages"]["differing"], 108);
    assert_eq!(
        plays["messages"]["diffs"][0]["diff"],
        "-text: Play Tales\n+text: Play Regex\n"
    );
    assert_eq!(
        plays["through"],
        json!(["CatalogFile games.csv"]),
        "{plays}"
    );
    scene.server.stop();
}
