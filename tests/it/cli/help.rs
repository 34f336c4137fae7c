//! Help texts: each is a page that people read, with an example.

use super::{recado, stdout};

pub(super) const COMMANDS: [&[&str]; 53] = [
    &[],
    &["serve"],
    &["dev"],
    &["demo"],
    &["validate"],
    &["test"],
    &["plan"],
    &["apply"],
    &["revisions"],
    &["show"],
    &["diff"],
    &["rollback"],
    &["export"],
    &["drift"],
    &["schema"],
    &["import"],
    &["import", "braze"],
    &["preview"],
    &["send"],
    &["segment"],
    &["segment", "count"],
    &["segment", "members"],
    &["segment", "check"],
    &["segment", "list"],
    &["segment", "history"],
    &["segment", "watch"],
    &["users"],
    &["users", "import"],
    &["users", "get"],
    &["users", "export"],
    &["users", "delete"],
    &["attributes"],
    &["attributes", "init"],
    &["fmt"],
    &["explain"],
    &["events"],
    &["events", "import"],
    &["events", "list"],
    &["sends", "list"],
    &["sends", "show"],
    &["sends", "watch"],
    &["sends", "cancel"],
    &["deliveries", "list"],
    &["sandbox"],
    &["completions"],
    &["bench"],
    &["bench", "upsert"],
    &["bench", "evaluate"],
    &["bench", "send"],
    &["bench", "render"],
    &["bench", "cases"],
    &["bench", "validate"],
    &["bench", "plan"],
];

#[test]
fn every_command_has_a_help_text_with_an_example() {
    for command in COMMANDS {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let output = recado(&arguments).output().unwrap();
        assert!(output.status.success(), "{command:?}");
        let text = stdout(&output);
        if !command.is_empty() {
            assert!(text.contains("Example"), "{command:?} has no example");
        }
        let name = match command {
            [] => "recado".to_owned(),
            words => words.join("-"),
        };
        insta::assert_snapshot!(name, text);
    }
}

#[test]
fn every_command_is_in_the_list_above() {
    fn below(command: &[&str]) -> Vec<String> {
        let output = recado(command).arg("--help").output().unwrap();
        let text = stdout(&output);
        let Some((_, list)) = text.split_once("Commands:\n") else {
            return Vec::new();
        };
        list.lines()
            .take_while(|line| !line.is_empty())
            .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
            .filter(|name| !name.is_empty() && *name != "help")
            .map(str::to_owned)
            .collect()
    }
    for name in below(&[]) {
        assert!(
            COMMANDS
                .iter()
                .any(|words| words.first() == Some(&name.as_str())),
            "{name}"
        );
        for sub in below(&[&name]) {
            assert!(
                COMMANDS.contains(&[name.as_str(), sub.as_str()].as_slice()),
                "{name} {sub}"
            );
        }
    }
}
