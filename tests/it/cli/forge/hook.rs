//! The pre-commit hooks of `examples/ci`, in a repository that has them.

use std::fs;
use std::os::unix::fs::symlink;

use super::super::stderr;
use super::repository::Repository;
use super::{Env, example, text, workflow};

/// Puts `text` into a file of the folder and into the index.
fn stage(repository: &Repository, file: &str, text: &str) {
    let work = repository.path("work");
    fs::write(work.join("campaigns").join(file), text).unwrap();
    repository.bash(&work, "git add .");
}

/// Whether a commit is taken, and what is told.
fn commit(repository: &Repository) -> (bool, String) {
    let work = repository.path("work");
    let output = repository.shell(&["-e"], &work, &Env::new(), "git commit -q -m change");
    (output.status.success(), stderr(&output))
}

#[test]
fn a_hook_looks_at_what_is_committed() {
    let repository = Repository::new();
    let work = repository.path("work");
    symlink(example("pre-commit"), work.join(".git/hooks/pre-commit")).unwrap();
    let first = repository.head("HEAD");
    let minors = "kind: Segment\nname: minors\nfilter: user.age < 18\n";

    stage(&repository, "minors.yaml", &minors.replace("< 18", "<< 18"));
    // The file is mended, and what is about to be committed is not.
    fs::write(work.join("campaigns/minors.yaml"), minors).unwrap();
    let (is_taken, told) = commit(&repository);
    assert!(!is_taken && told.contains("filter-syntax"), "{told}");
    assert!(told.contains("campaigns/minors.yaml:3"), "{told}");
    assert_eq!(repository.head("HEAD"), first);

    stage(
        &repository,
        "minors.yaml",
        &minors.replace("name: ", "name:   "),
    );
    let (is_taken, told) = commit(&repository);
    assert!(!is_taken && told.contains("1 to lay out"), "{told}");

    stage(&repository, "minors.yaml", minors);
    // What lies beside and is not committed does not matter.
    fs::write(work.join("campaigns/draft.yaml"), "kind: Nothing\n").unwrap();
    let (is_taken, told) = commit(&repository);
    assert!(is_taken, "{told}");
    let second = repository.head("HEAD");
    assert_ne!(second, first);

    // A commit that is about nothing of ours is not looked at, whatever came before it.
    stage(&repository, "minors.yaml", &minors.replace("< 18", "<< 18"));
    repository.bash(&work, "git commit -q --no-verify -m broken");
    fs::write(work.join("notes.txt"), "no campaign").unwrap();
    repository.bash(&work, "git add notes.txt");
    assert!(commit(&repository).0);
    // The last file of a folder may go.
    repository.bash(&work, "git rm -q -r --cached campaigns");
    let (is_taken, told) = commit(&repository);
    assert!(is_taken, "{told}");
    repository.server.stop();
}

/// The framework runs each entry with the files of the commit that it is for, or with none.
#[test]
fn the_hooks_of_the_framework_refuse_what_is_broken() {
    let repository = Repository::new();
    let work = repository.path("work");
    let config = workflow("pre-commit-config.yaml");
    let hooks = config["repos"][0]["hooks"].as_sequence().unwrap();
    let run = || {
        let codes = hooks.iter().map(|hook| {
            let names_files = hook.get("pass_filenames").is_none();
            let files = if names_files {
                " campaigns/sale.yaml"
            } else {
                ""
            };
            let script = text(&hook["entry"]) + files;
            let output = repository.shell(&["-e"], &work, &Env::new(), &script);
            (text(&hook["id"]), output.status.code().unwrap())
        });
        codes.collect::<Vec<_>>()
    };
    let codes = |codes: [i32; 3]| {
        let ids = ["recado-fmt", "recado-validate", "recado-test"];
        ids.map(str::to_owned)
            .into_iter()
            .zip(codes)
            .collect::<Vec<_>>()
    };
    assert_eq!(run(), codes([0, 0, 0]));
    let path = work.join("campaigns/sale.yaml");
    let sale = fs::read_to_string(&path).unwrap();
    fs::write(&path, sale.replace("age: 30", "age: 3")).unwrap();
    assert_eq!(run(), codes([0, 0, 1]));
    fs::write(&path, sale.replace("channel: page", "channel: nowhere")).unwrap();
    repository.bash(
        &work,
        "git rm -q --cached campaigns/settings.yaml && rm campaigns/settings.yaml",
    );
    assert_eq!(run()[1].1, 1);
    repository.server.stop();
}
