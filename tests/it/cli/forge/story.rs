//! The life of some pull requests, the same on each forge.

use super::super::stdout;
use super::github::GitHub;
use super::gitlab::GitLab;
use super::repository::Repository;
use super::{Forge, Pull, Ran};
use crate::process::program;

/// Comments above ours, and those that come below it: more than a page of each forge.
const BEFORE: u32 = 40;
const AFTER: u32 = 120;
const THEIRS: usize = BEFORE as usize;

fn pull(number: u32, branch: &str) -> Pull<'_> {
    Pull {
        number,
        branch,
        is_fork: false,
    }
}

/// Which jobs ran, and how each ended.
fn ended(ran: &[Ran]) -> Vec<(&str, i32)> {
    ran.iter().map(|it| (it.job.as_str(), it.code)).collect()
}

#[track_caller]
fn check(ran: &[Ran], expected: &[(&str, i32)]) {
    assert_eq!(ended(ran), expected, "{ran:#?}");
}

/// The one comment that tells the plan, and of which commit.
#[track_caller]
fn comment(repository: &Repository, pull: Pull<'_>, theirs: usize) -> String {
    let (mut plans, others) = repository.comments(pull.number);
    assert_eq!(
        (plans.len(), others),
        (1, theirs),
        "one of ours, and theirs are left alone"
    );
    let told = plans.remove(0);
    let head = &repository.head(pull.branch)[..12];
    assert!(
        told.contains(&format!("### Recado plan of `{head}`")),
        "{told}"
    );
    told
}

fn run(forge: &dyn Forge) {
    let repository = Repository::new();
    for number in 1..=8 {
        repository.say(number, BEFORE);
    }
    reviewed(forge, &repository);
    refused(forge, &repository);
    merged(forge, &repository);
    squashed(forge, &repository);
    unseen(forge, &repository);
    installed(forge, &repository);
    repository.server.stop();
}

/// Plans are told in comments, to those who may know them.
fn reviewed(forge: &dyn Forge, repository: &Repository) {
    repository.branch("stranger", "main", "adults.yaml", ">= 18", ">= 0");
    let stranger = Pull {
        is_fork: true,
        ..pull(1, "stranger")
    };
    check(&forge.pull_request(repository, stranger), &[("check", 0)]);
    assert!(
        !repository.forge("asked").exists(),
        "nothing is asked of the forge"
    );
    assert_eq!(repository.comments(1).0, [""; 0]);

    repository.branch("fair", "main", "adults.yaml", ">= 18", ">= 20");
    let fair = forge.pull_request(repository, pull(2, "fair"));
    check(&fair, &[("check", 0), ("plan", 0)]);
    let told = comment(repository, pull(2, "fair"), THEIRS);
    assert!(
        told.contains("| ✏️ | Segment `adults` | 30 → 20 |"),
        "{told}"
    );

    // Planned against the same state: only one of the two can be applied.
    repository.branch("news", "main", "sale.yaml", "begins", "begins today");
    let news = forge.pull_request(repository, pull(3, "news"));
    check(&news, &[("check", 0), ("plan", 0)]);

    // Ours is found among so many.
    repository.say(2, AFTER);
    repository.change("fair", "adults.yaml", ">= 20", ">= 22");
    let fair = forge.pull_request(repository, pull(2, "fair"));
    check(&fair, &[("check", 0), ("plan", 0)]);
    let told = comment(repository, pull(2, "fair"), THEIRS + AFTER as usize);
    assert!(
        told.contains("| ✏️ | Segment `adults` | 30 → 10 |"),
        "{told}"
    );
}

/// What must not be merged is told before it is.
fn refused(forge: &dyn Forge, repository: &Repository) {
    repository.branch("broken", "main", "sale.yaml", "age: 30", "age: 3");
    let broken = forge.pull_request(repository, pull(4, "broken"));
    check(&broken, &[("check", 1)]);
    assert!(broken[0].told.contains("1 failed"), "{broken:?}");
    assert_eq!(repository.comments(4).0, [""; 0]);

    let capped = "segment: adults\nmax_audience: 3\n";
    repository.branch("capped", "main", "sale.yaml", "segment: adults\n", capped);
    repository.change("capped", "adults.yaml", ">= 18", ">= 16");
    let capped = forge.pull_request(repository, pull(5, "capped"));
    check(&capped, &[("check", 0), ("plan", 10)]);
    let told = comment(repository, pull(5, "capped"), THEIRS);
    assert!(told.contains("`--allow growth=sale` lifts it"), "{told}");
}

/// What was reviewed is applied, or nothing.
fn merged(forge: &dyn Forge, repository: &Repository) {
    let before = repository.head("main");
    let sha = repository.merge("fair");
    let fair = forge.push(repository, &sha, Some(pull(2, "fair")));
    check(&fair, &[("apply", 0)]);
    let newest = repository.newest();
    for part in [
        "revision 2",
        "author   ben",
        &sha,
        "~ Segment adults  30 -> 10",
    ] {
        assert!(newest.contains(part), "{part}: {newest}");
    }
    assert!(
        repository
            .run("read", &["drift", "campaigns"])
            .status
            .success()
    );

    // The job is run again: it is as green, and changes nothing.
    let again = forge.push(repository, &sha, Some(pull(2, "fair")));
    check(&again, &[("apply", 0)]);
    let told = "already applied, as revision 2";
    assert!(again[0].told.contains(told), "{again:?}");
    assert_eq!(repository.newest(), newest);

    // Planned before the next merge, whose apply is refused.
    let minors = "kind: Segment\nname: minors\nfilter: user.age < 18\n";
    repository.branch("early", "main", "minors.yaml", "", minors);
    let early = forge.pull_request(repository, pull(7, "early"));
    check(&early, &[("check", 0), ("plan", 0)]);

    let sha = repository.merge("news");
    let stale = forge.push(repository, &sha, Some(pull(3, "news")));
    check(&stale, &[("apply", 5)]);
    assert!(stale[0].told.contains("STALE_PLAN"), "{stale:?}");
    assert_eq!(repository.newest(), newest);

    // It rests on nothing that moved: it is applied as it was read, and what was refused stays to be applied.
    let sha = repository.merge("early");
    let early = forge.push(repository, &sha, Some(pull(7, "early")));
    check(&early, &[("apply", 0)]);
    assert!(repository.newest().contains("+ Segment minors"));
    let drift = repository.run("read", &["drift", "campaigns"]);
    assert_eq!(drift.status.code(), Some(8), "{}", stdout(&drift));
    assert!(
        stdout(&drift).contains("Campaign sale"),
        "{}",
        stdout(&drift)
    );

    // A branch that knows nothing of what was merged since: its plan does not take that back.
    let elders = "kind: Segment\nname: elders\nfilter: user.age > 60\n";
    repository.branch("late", &before, "elders.yaml", "", elders);
    let late = forge.pull_request(repository, pull(6, "late"));
    check(&late, &[("check", 0), ("plan", 0)]);
    let told = comment(repository, pull(6, "late"), THEIRS);
    assert!(
        told.contains("Segment `elders`") && !told.contains("Segment `adults`"),
        "{told}"
    );
    // What main has and nobody applied is told with it.
    assert!(told.contains("Campaign `sale`"), "{told}");
    let sha = repository.merge("late");
    let late = forge.push(repository, &sha, Some(pull(6, "late")));
    check(&late, &[("apply", 0)]);
    assert!(
        repository
            .run("read", &["drift", "campaigns"])
            .status
            .success()
    );
}

/// One commit on main stands for two of a branch.
fn squashed(forge: &dyn Forge, repository: &Repository) {
    repository.branch("short", "main", "sale.yaml", "begins today", "began");
    repository.change("short", "elders.yaml", "> 60", "> 65");
    let short = forge.pull_request(repository, pull(8, "short"));
    check(&short, &[("check", 0), ("plan", 0)]);
    let sha = repository.squash("short");
    let short = forge.push(repository, &sha, Some(pull(8, "short")));
    check(&short, &[("apply", 0)]);
    let newest = repository.newest();
    assert!(
        newest.contains("revision 5") && newest.contains(&sha),
        "{newest}"
    );
    let drift = repository.run("read", &["drift", "campaigns"]);
    assert_eq!(drift.status.code(), Some(0), "{}", stdout(&drift));
}

/// What no pull request led to is not applied.
fn unseen(forge: &dyn Forge, repository: &Repository) {
    repository.change("main", "adults.yaml", ">= 22", ">= 16");
    let sha = repository.head("main");
    let unseen = forge.push(repository, &sha, None);
    check(&unseen, &[("apply", 1)]);
    assert!(
        unseen[0].told.contains("nothing was reviewed"),
        "{unseen:?}"
    );
    assert!(repository.newest().contains("revision 5"));
}

/// The version that the forge names is built once, and another when it names another.
fn installed(forge: &dyn Forge, repository: &Repository) {
    let installs = || std::fs::read_to_string(repository.forge("installed")).unwrap();
    let line = |version: &str| {
        format!(
            "cargo install --locked --force --git https://git.example.com/recado --tag v{version} recado\n"
        )
    };
    let ours = line(env!("CARGO_PKG_VERSION"));
    assert_eq!(installs(), ours, "from the cache after the first job");
    // The same program, which says that it is another one.
    let other = repository.path("other");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = --version ] && {{ echo recado 9.9.9; exit; }}\nexec {} \"$@\"\n",
        program().display()
    );
    std::fs::write(&other, script).unwrap();
    repository.bash(&repository.path(""), "chmod +x other");
    repository.release("9.9.9", &other);
    let other = forge.pull_request(repository, pull(8, "short"));
    check(&other, &[("check", 0), ("plan", 0)]);
    assert_eq!(installs(), ours + &line("9.9.9"));
}

#[test]
fn pull_requests_live_on_github_as_the_example_says() {
    run(&GitHub);
}

#[test]
fn merge_requests_live_on_gitlab_as_the_example_says() {
    run(&GitLab);
}
