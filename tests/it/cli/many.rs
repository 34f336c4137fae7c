//! Folders as large as they may be, and links out of them, from a terminal to a server.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Output;

use tempfile::TempDir;

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

fn write(folder: &Path, n: usize) {
    let text = format!("kind: Segment\nname: s{n}\nfilter: user.n > {n}\n");
    fs::write(folder.join(format!("campaigns/s{n}.yaml")), text).unwrap();
}

/// A folder for campaigns, and a server whose store stands beside it.
fn scene() -> (TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("campaigns")).unwrap();
    let server = Server::start(&Options {
        store: &folder.path().join("recado.sqlite"),
        graph_url: "http://127.0.0.1:1",
    });
    (folder, server)
}

fn run(folder: &Path, server: &Server, arguments: &[&str]) -> Output {
    let mut command = recado(arguments);
    command.args(["--server", &server.grpc]);
    command.current_dir(folder).output().unwrap()
}

#[test]
fn a_folder_of_two_thousand_files_is_applied_and_one_more_is_refused() {
    let (folder, server) = scene();
    let run = |arguments: &[&str]| run(folder.path(), &server, arguments);
    (0..2_000).for_each(|n| write(folder.path(), n));
    let saved = run(&["plan", "campaigns", "--out", "plan.json"]);
    assert!(saved.status.success(), "{}", stderr(&saved));
    let sum = "2000 to create, 0 to change, 0 to delete";
    assert!(stdout(&saved).contains(sum), "{}", stdout(&saved));
    let applied = run(&["apply", "--plan", "plan.json"]);
    assert!(applied.status.success(), "{}", stderr(&applied));
    assert!(stdout(&applied).ends_with("revision 1\n"));

    write(folder.path(), 2_000);
    for command in ["validate", "plan", "apply", "drift"] {
        let mut command = recado(&[command, "campaigns"]);
        if command.get_args().next().unwrap() != "validate" {
            command.args(["--server", &server.grpc]);
        }
        let refused = command.current_dir(folder.path()).output().unwrap();
        assert_eq!(refused.status.code(), Some(1));
        let told = stderr(&refused);
        assert!(told.contains("holds more than 2000 files"), "{told}");
    }
    fs::remove_file(folder.path().join("campaigns/s2000.yaml")).unwrap();
    // The same folder as before, where nothing changes; and what leads out of it is not read past.
    let again = run(&["apply", "campaigns"]);
    assert_eq!(stdout(&again), "nothing changes: revision 1 stays\n");
    fs::remove_file(folder.path().join("campaigns/s7.yaml")).unwrap();
    fs::write(folder.path().join("s7.yaml"), "secret: hunter2\n").unwrap();
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("s7.yaml"), "secret: hunter2\n").unwrap();
    let within = |name: &str| folder.path().join("campaigns").join(name);
    for (to, name) in [("../s7.yaml", "s7.yaml"), ("../outside", "outside")] {
        symlink(to, within(name)).unwrap();
        let refused = ["plan", "apply", "drift"].map(|command| run(&[command, "campaigns"]));
        fs::remove_file(within(name)).unwrap();
        let codes = refused.iter().map(|it| it.status.code());
        assert_eq!(codes.collect::<Vec<_>>(), [Some(1); 3], "{name}");
        let told = refused.iter().map(|it| stderr(it) + &stdout(it));
        let told = told.collect::<String>();
        assert_eq!(told.matches("file-link").count(), 3, "{told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
    assert_eq!(stdout(&run(&["revisions"])).lines().count(), 2);
    server.stop();
}

/// Each limit is a paragraph, and a forge takes no comment that is too long.
#[test]
fn a_comment_of_hundreds_of_limits_fits_and_says_how_many_it_left_out() {
    const CAMPAIGNS: usize = 300;
    let (folder, server) = scene();
    let run = |arguments: &[&str]| run(folder.path(), &server, arguments);
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    let people =
        (0..3).map(|n| format!("{{\"external_id\":\"u{n}\",\"attributes\":{{\"n\":{n}}}}}\n"));
    write("people.jsonl", &people.collect::<String>());
    assert!(run(&["users", "import", "people.jsonl"]).status.success());
    let hook = "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n";
    write("campaigns/hook.yaml", hook);
    for n in 0..CAMPAIGNS {
        let name = format!("a-rather-long-name-of-a-campaign-{n}");
        let text = format!(
            "kind: Campaign\nname: {name}\nchannel: hook\nmax_audience: 1\ntrigger: {{api: {{}}}}\nmessage: {{n: {n}}}\n"
        );
        write(&format!("campaigns/{name}.yaml"), &text);
    }
    let planned = run(&["plan", "campaigns", "--format", "markdown"]);
    assert_eq!(planned.status.code(), Some(10), "{}", stderr(&planned));
    let comment = stdout(&planned);
    assert!(comment.chars().count() <= 60_000);
    let told = comment.matches("`max_audience` is 1").count();
    // One more is of so many new campaigns at once.
    let left_out = format!("… and {} more limits that it is over", CAMPAIGNS - told);
    assert!(
        told > 10 && comment.contains(&left_out),
        "{told}: {comment}"
    );
    assert!(comment.contains("`--allow starts` lifts it"), "{comment}");
    server.stop();
}
