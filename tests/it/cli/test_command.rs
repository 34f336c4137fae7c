//! `recado test`: the cases of folders, in each format.

use std::fs;
use std::process::Output;

use recado::api::pb;
use serde_json::{Value as Json, json};

use super::{recado, stderr, stdout};
use crate::stage::{Stage, object, shipped};

/// Runs the cases of a folder below `tests/fixtures/cases`.
fn test(folder: &str, arguments: &[&str]) -> Output {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/cases");
    let mut command = recado(&["test", folder]);
    command.args(arguments).current_dir(root).output().unwrap()
}

#[test]
fn cases_that_pass_are_a_line_a_file() {
    let output = test("passing", &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    insta::assert_snapshot!("passing-human", stdout(&output));
    assert_eq!(stderr(&output), "");
}

#[test]
fn cases_that_fail_show_what_differs_in_each_format() {
    for format in ["human", "junit", "tap", "json"] {
        let output = test("failing", &["--format", format]);
        assert_eq!(output.status.code(), Some(1), "{format}");
        insta::assert_snapshot!(format!("failing-{format}"), stdout(&output));
        assert_eq!(stderr(&output), "", "{format}");
    }
}

#[test]
fn what_no_case_reaches_is_told_with_its_place_in_each_format() {
    for format in ["human", "junit", "tap", "json"] {
        let output = test("coverage", &["--coverage", "--format", format]);
        assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
        insta::assert_snapshot!(format!("coverage-{format}"), stdout(&output));
    }
    // Nobody is asked, and nothing is gone through.
    let arguments = ["--coverage", "--filter", "hooked", "--format", "json"];
    let output = test("coverage", &arguments);
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    let filters = &told["coverage"]["filters"];
    assert_eq!(filters["reached"], 0);
    assert_eq!(filters["lacks"][0]["lack"], "never asked");
}

#[test]
fn the_shipped_campaigns_pass_their_tests() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/campaigns");
    let arguments = ["test", folder, "--coverage", "--format", "json"];
    let output = recado(&arguments).output().unwrap();
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(told["failed"], 0, "{told:#}");
    for part in ["filters", "texts"] {
        let lacks = &told["coverage"][part]["lacks"];
        assert_eq!(lacks, &Json::Array(Vec::new()), "{part}");
    }
    let cases = told["results"].as_array().unwrap();
    for name in ["order-shipped", "spring-offers", "win-back", "on-messenger"] {
        assert!(cases.iter().any(|case| case["name"] == name), "{name}");
    }
}

#[test]
fn a_filter_takes_some_cases_and_is_no_typo() {
    let output = test("failing", &["--filter", "Segment known"]);
    assert!(stdout(&output).ends_with("2 cases: 0 passed, 2 failed\n"));
    let output = test("passing", &["--filter", "(eva)"]);
    assert!(stdout(&output).ends_with("1 case: 1 passed, 0 failed\n"));
    let output = test("passing", &["--filter", "no-such"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stderr(&output),
        "error: none of the 17 cases has `no-such` in its title\n"
    );
}

#[test]
fn files_with_errors_are_told_and_nothing_is_run() {
    let folder = tempfile::tempdir().unwrap();
    let bad = "kind: Segment\nname: a\nfilter: user.age >\n\
               tests: [{name: x, expect: {member: true}}]\n";
    fs::write(folder.path().join("a.yaml"), bad).unwrap();
    let ask = |format: &str| {
        let mut command = recado(&["test", ".", "--format", format]);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{format}");
        assert!(stderr(&output).ends_with("no case was run: 1 error in the files\n"));
        stdout(&output)
    };
    assert_eq!(ask("human"), "");
    assert!(ask("tap").contains("Bail out!"));
    assert!(ask("junit").contains("<error message="));
    let told: Json = serde_json::from_str(&ask("json")).unwrap();
    assert_eq!(told["diagnostics"][0]["line"], 3);
    assert_eq!(told["passed"], false);
}

#[test]
fn a_folder_without_tests_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let segment = "kind: Segment\nname: a\nfilter: user.age > 3\n";
    fs::write(folder.path().join("a.yaml"), segment).unwrap();
    let output = recado(&["test", folder.path().to_str().unwrap()])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stdout(&output), "0 cases: 0 passed, 0 failed\n");
    assert!(stderr(&output).contains("no document has `tests:`"));
}

/// Whatever stands in a title or a value, a report stays what it is.
#[test]
fn reports_hold_whatever_people_write() {
    let folder = tempfile::tempdir().unwrap();
    let block = r#"{kind: ContentBlock, name: a, content: "{{${x}}}", tests: [
        {name: "<a> & \"b\" ]]> # \\ \u0001 \u001b[2J", user: {x: "<&>\u0007\u001b[2J ]]>"}, expect: {text: "é\u0000"}}]}"#;
    fs::write(folder.path().join("a.yaml"), block).unwrap();
    let ask = |format: &str| {
        let mut command = recado(&["test", ".", "--format", format]);
        let output = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        stdout(&output)
    };
    for format in ["human", "junit", "tap", "json"] {
        let told = ask(format);
        let is_harmless = |c: char| !c.is_control() || c == '\n';
        assert!(told.chars().all(is_harmless), "{format}: {told:?}");
        insta::assert_snapshot!(format!("odd-{format}"), told);
    }
}

#[test]
fn a_case_is_made_of_a_user_without_what_is_personal() {
    Stage::new().with_shipped_campaigns().run(async |live| {
        let ana = json!({
            "messenger_id": "7654321", "first_name": "Ana", "email": "ana@acme.com", "age": 44,
            "city": "Porto", "opted_in": true, "last_seen": "2020-01-01T10:00:00Z", "order_total": 80,
            "tags": ["no", "1001"],
        });
        live.upsert([("ana@acme.com", ana), ("empty", json!({}))]).await;
        let events = vec![pb::Event {
            external_id: "ana@acme.com".into(),
            name: "order_placed".into(),
            time: None,
            properties: Some(object(json!({"total": 80, "to": "Ana"}))),
            event_id: String::new(),
        }];
        let request = pb::TrackEventsRequest { events };
        live.client().await.users.track_events(request).await.unwrap();
        let server = live.grpc.clone();
        let asked = move || {
            let ask = |campaign: &str, user: &str| {
                let arguments = ["test", "--generate", campaign, "--user", user];
                recado(&arguments).args(["--server", &server]).output().unwrap()
            };
            for campaign in ["order-shipped", "win-back", "spring-offers"] {
                for user in ["ana@acme.com", "empty"] {
                    let output = ask(campaign, user);
                    assert!(output.status.success(), "{}", stderr(&output));
                    let told = stdout(&output);
                    for personal in ["Ana", "ana", "7654321", "acme", "age: 44"] {
                        assert!(!told.contains(personal), "{personal}: {told}");
                    }
                    passes(campaign, &told);
                }
            }
            let output = ask("win-back", "ana@acme.com");
            let told = stderr(&output);
            assert!(told.contains("made up: the id, texts of events, age, email, first_name, messenger_id\n"), "{told}");
            assert!(told.contains("as it is: city, last_seen, opted_in, order_total, tags;"), "{told}");
            let told = stdout(&output);
            let without_times = told.lines().filter(|line| !line.contains(": 202") || line.contains("last_seen"));
            let without_times = without_times.filter(|line| !line.contains("name: a user as one was"));
            let generated = without_times.collect::<Vec<_>>().join("\n");
            let output = ask("order-shipped", "ana@acme.com");
            assert!(stderr(&output).contains("the message reads api_trigger_properties.carrier, api_trigger_properties.order_id"));
            assert_eq!(ask("no-such", "empty").status.code(), Some(1));
            assert_eq!(ask("win-back", "nobody").status.code(), Some(1));
            generated
        };
        let generated = tokio::task::spawn_blocking(asked).await.unwrap();
        insta::assert_snapshot!("generated", generated);
    });
}

/// Puts a generated case into the place of those that the campaign has, and runs it.
fn passes(campaign: &str, case: &str) {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in shipped() {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = match text.split_once("\ntests:\n") {
            Some((before, _)) if path.ends_with(format!("{campaign}.yaml")) => {
                format!("{before}\n{case}")
            }
            _ => text,
        };
        fs::write(path, text).unwrap();
    }
    let folder = folder.path().to_str().unwrap();
    let output = recado(&["test", folder, "--filter", campaign])
        .output()
        .unwrap();
    let told = stdout(&output) + &stderr(&output);
    assert!(output.status.success(), "{case}\n{told}");
    assert!(told.contains("1 case: 1 passed"), "{told}");
}

#[test]
fn a_case_that_another_owners_files_decide_does_not_pass() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "settings.yaml",
        "kind: Settings\nname: growth\nowner: growth\nlints: {not-among-files: off}\n",
    );
    write(
        "hello.yaml",
        "kind: Campaign\nname: hello\nchannel: hook\nsegment: vip\ntrigger: {api: {}}\nmessage: {text: Hi}\n\
         tests:\n  - name: anybody\n    user: {n: 1}\n    expect: {eligible: true}\n",
    );
    let run = || {
        let mut command = recado(&["test", "."]);
        command.current_dir(folder.path()).output().unwrap()
    };
    let without = run();
    assert_eq!(without.status.code(), Some(1));
    let told = stdout(&without);
    assert!(
        told.contains("the channel `hook` is not among these files"),
        "{told}"
    );
    write(
        "hook.yaml",
        "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n",
    );
    let told = stdout(&run());
    assert!(
        told.contains("the segment `vip` is not among these files"),
        "{told}"
    );
    write(
        "vip.yaml",
        "kind: Segment\nname: vip\nfilter: user.n == 1\n",
    );
    assert_eq!(run().status.code(), Some(0));
}
