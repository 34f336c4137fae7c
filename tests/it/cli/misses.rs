//! The report of what a send's messages missed.

use serde_json::{Value, json};

use super::{recado, stderr, stdout};
use crate::stage::{Live, Stage};

const PAGE: (&str, &str) = (
    "page.yaml",
    "kind: Channel\nname: page\ntype: messenger\npage_id: me\ntoken: {env: T}\n",
);
const HELLO: (&str, &str) = (
    "hello.yaml",
    "kind: Campaign\nname: hello\nchannel: page\ntrigger: {api: {}}\nmessage:\n  text: >-\n    \
     Hi {{${first_name}}} of {{${city} | default: 'nowhere'}}.\n    \
     {% catalog_items games {{${game}}} %}{{items[0].title}}\n    \
     {% message_extras :key kind :value launch %}\n",
);
const GAMES: (&str, &str) = (
    "games.yaml",
    "kind: Catalog\nname: games\nitems:\n  - {id: chess, title: Chess}\n",
);

fn run(live: &Live, arguments: &[&str]) -> (String, String) {
    let mut command = recado(arguments);
    let output = command.args(["--server", &live.grpc]).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments:?}: {}",
        stderr(&output)
    );
    (stdout(&output), stderr(&output))
}

fn lines(json: &str) -> Vec<Value> {
    let lines = json.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn a_send_ends_with_what_its_messages_missed() {
    let stage = Stage::new().with_files([PAGE, HELLO, GAMES]);
    stage.run(async |live| {
        live.upsert([
            (
                "ana",
                json!({"messenger_id": "1", "first_name": "Ana", "city": "Rome", "game": "chess"}),
            ),
            ("bia", json!({"messenger_id": "2", "game": "go"})),
            (
                "caio",
                json!({"messenger_id": "3", "first_name": "Caio", "game": "chess"}),
            ),
        ])
        .await;
        let users = ["--user", "ana", "--user", "bia", "--user", "caio"];
        let (told, _) = run(live, &[&["send", "hello", "--watch"][..], &users].concat());
        let id = told.lines().next().unwrap();
        let report = told.split_once("sent").unwrap().1;
        assert_eq!(
            report.split_once('\n').unwrap().1,
            "missed for 1 of 3 people: an item of the catalog `games`\n\
             `first_name` was absent for 1 of 3 people and has no `default`\n\
             `items.0.title` was absent for 1 of 3 people and has no `default`\n\
             absent without leaving a gap: `city` for 2 of 3 people\n"
        );
        let (watched, _) = run(live, &["sends", "watch", id]);
        assert!(watched.ends_with(report), "{watched}");
        let (listed, _) = run(live, &["sends", "list", "--json"]);
        let first = json!({"name": "city", "deliveries": 2, "without_default": 0});
        let misses = &lines(&listed)[0]["misses"];
        assert_eq!((&misses[0], misses.as_array().unwrap().len()), (&first, 4));
        let (deliveries, _) = run(live, &["deliveries", "list", "--user", "ana", "--json"]);
        assert_eq!(
            lines(&deliveries)[0]["message_extras"],
            json!({"kind": "launch"})
        );
        let (exported, _) = run(live, &["users", "export", "ana"]);
        let exported: Value = serde_json::from_str(&exported).unwrap();
        assert_eq!(
            exported["deliveries"][0]["message_extras"],
            json!({"kind": "launch"})
        );
        // Nothing is said where nothing was missed.
        let (told, _) = run(live, &["send", "hello", "--watch", "--user", "ana"]);
        assert!(!told.contains("absent"), "{told}");
    });
}
