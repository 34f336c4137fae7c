//! Folders that are more, larger or other than campaign files: a clear error, or the right result.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Output;

use serde_json::Value;

use super::{recado, stderr, stdout};

const SEGMENT: &str = "kind: Segment\nname: vip\nfilter: user.age > 30\n";

fn validate(folder: &Path) -> Output {
    let mut command = recado(&["validate", ".", "--json"]);
    command.current_dir(folder).output().unwrap()
}

/// Codes with their files, and whether all is well.
fn told(folder: &Path) -> (Vec<(String, String)>, bool) {
    let output = validate(folder);
    let told: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)));
    let text = |found: &Value, key: &str| found[key].as_str().unwrap().to_owned();
    let found = told["diagnostics"].as_array().unwrap().iter();
    let found = found.map(|found| (text(found, "code"), text(found, "file")));
    (found.collect(), output.status.success())
}

fn one(code: &str, file: &str) -> (Vec<(String, String)>, bool) {
    (vec![(code.to_owned(), file.to_owned())], false)
}

#[test]
fn two_thousand_files_are_read_and_one_more_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let write = |n: usize| {
        let text = format!("kind: Segment\nname: s{n}\nfilter: user.age > {n}\n");
        fs::write(folder.path().join(format!("s{n}.yaml")), text).unwrap();
    };
    (0..2_000).for_each(write);
    assert_eq!(told(folder.path()), (vec![], true));
    write(2_000);
    assert_eq!(told(folder.path()), one("file-limit", ""));
    // The commands that need a server read no further either.
    let plan = recado(&["plan", folder.path().to_str().unwrap()]);
    let plan = { plan }.output().unwrap();
    assert_eq!(plan.status.code(), Some(1));
    assert!(
        stderr(&plan).contains("holds more than 2000 files"),
        "{}",
        stderr(&plan)
    );
}

#[test]
fn a_file_of_five_megabytes_is_told_and_the_others_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let large = format!("{SEGMENT}description: {}\n", "x".repeat(5_000_000));
    fs::write(folder.path().join("large.yaml"), large).unwrap();
    fs::write(folder.path().join("vip.yaml"), SEGMENT.replace('>', ">>")).unwrap();
    let (found, is_valid) = told(folder.path());
    let codes: Vec<_> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(
        (codes, is_valid),
        (vec!["file-limit", "filter-syntax"], false)
    );
}

#[test]
fn a_link_is_read_within_the_folder_and_refused_beyond_it() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let path = |name: &str| folder.path().join(name);
    // As Kubernetes mounts a ConfigMap: files lead into a hidden folder beside them.
    fs::create_dir(path("..2026")).unwrap();
    fs::write(path("..2026/vip.yaml"), SEGMENT).unwrap();
    symlink("..2026", path("..data")).unwrap();
    symlink("..data/vip.yaml", path("vip.yaml")).unwrap();
    assert_eq!(told(folder.path()), (vec![], true));
    // The folder itself may be a link.
    let link = other.path().join("campaigns");
    symlink(folder.path(), &link).unwrap();
    assert_eq!(told(&link), (vec![], true));
    let named = recado(&["validate", link.to_str().unwrap()]).output();
    assert!(named.unwrap().status.success());

    fs::write(other.path().join("other.yaml"), "token: hunter2\n").unwrap();
    symlink(other.path().join("other.yaml"), path("other.yaml")).unwrap();
    assert_eq!(told(folder.path()), one("file-link", "other.yaml"));
    let output = validate(folder.path());
    assert!(!stdout(&output).contains("hunter2"));
    fs::remove_file(path("other.yaml")).unwrap();
    // Of what is not ours nothing is said.
    symlink("/nowhere", path("notes.txt")).unwrap();
    symlink(other.path(), path(".hidden")).unwrap();
    assert_eq!(told(folder.path()), (vec![], true));
    symlink(folder.path(), path("circle")).unwrap();
    assert_eq!(told(folder.path()), one("file-link", "circle"));
}

#[test]
fn a_catalogs_csv_cannot_come_from_outside() {
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::write(other.path().join("games.csv"), "id,title\n1,Chess\n").unwrap();
    let catalog = "kind: Catalog\nname: games\nfile: .data/games.csv\n";
    fs::write(folder.path().join("games.yaml"), catalog).unwrap();
    symlink(other.path(), folder.path().join(".data")).unwrap();
    let (found, _) = told(folder.path());
    let expected = ("file-link".to_owned(), ".data/games.csv".to_owned());
    assert_eq!(found.first(), Some(&expected), "{found:?}");
}

#[test]
fn what_is_no_file_and_what_has_no_name_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let socket = UnixListener::bind(folder.path().join("socket.yaml")).unwrap();
    assert_eq!(told(folder.path()), one("file-unreadable", "socket.yaml"));
    drop(socket);
    fs::remove_file(folder.path().join("socket.yaml")).unwrap();
    let name = folder.path().join("blocks\\vip.yaml");
    fs::write(&name, SEGMENT).unwrap();
    assert_eq!(told(folder.path()), one("file-path", "blocks\\vip.yaml"));
    fs::remove_file(name).unwrap();
    let name = OsStr::from_bytes(b"v\xe9p.yaml");
    if fs::write(folder.path().join(name), SEGMENT).is_ok() {
        assert_eq!(told(folder.path()), one("file-encoding", "v\u{fffd}p.yaml"));
    }
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_change_nothing() {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("campaigns");
    let folder = tempfile::tempdir().unwrap();
    let mut folders = vec![shipped.clone()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let to = folder.path().join(path.strip_prefix(&shipped).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            let text = fs::read_to_string(&path).unwrap().replace('\n', "\r\n");
            fs::write(to, format!("\u{feff}{text}")).unwrap();
        }
    }
    assert_eq!(
        stdout(&validate(folder.path())),
        stdout(&validate(&shipped))
    );
    assert!(validate(folder.path()).status.success());
}
