//! The life of some pull requests, the same on each forge.

use super::github::GitHub;
use super::gitlab::GitLab;
use super::repository::Repository;
use super::{Forge, Pull, Ran};

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

/// The one comment that tells the plan.
#[track_caller]
fn comment(repository: &Repository, number: u32) -> String {
    let (mut plans, others) = repository.comments(number);
    assert_eq!(
        (plans.len(), others),
        (1, 1),
        "one of ours, and theirs is left alone"
    );
    plans.remove(0)
}

fn run(forge: &dyn Forge) {
    let repository = Repository::new();
    for number in 1..8 {
        let theirs = format!("comments/{number}/{number}0");
        repository.put(&theirs, "Looks good to me.\n");
    }
    reviewed(forge, &repository);
    refused(forge, &repository);
    merged(forge, &repository);
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
    let told = comment(repository, 2);
    assert!(
        told.contains("| ✏️ | Segment `adults` | 30 → 20 |"),
        "{told}"
    );

    // Planned against the same state: only one of the two can be applied.
    repository.branch("news", "main", "sale.yaml", "begins", "begins today");
    let news = forge.pull_request(repository, pull(3, "news"));
    check(&news, &[("check", 0), ("plan", 0)]);

    repository.change("fair", "adults.yaml", ">= 20", ">= 22");
    let fair = forge.pull_request(repository, pull(2, "fair"));
    check(&fair, &[("check", 0), ("plan", 0)]);
    let told = comment(repository, 2);
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
    let told = comment(repository, 5);
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

    let sha = repository.merge("news");
    let stale = forge.push(repository, &sha, Some(pull(3, "news")));
    check(&stale, &[("apply", 5)]);
    assert!(stale[0].told.contains("STALE_PLAN"), "{stale:?}");
    assert_eq!(repository.newest(), newest);

    // A branch that knows nothing of what was merged since: its plan does not take that back.
    repository.branch(
        "late",
        &before,
        "minors.yaml",
        "",
        "kind: Segment\nname: minors\nfilter: user.age < 18\n",
    );
    let late = forge.pull_request(repository, pull(6, "late"));
    check(&late, &[("check", 0), ("plan", 0)]);
    let told = comment(repository, 6);
    assert!(
        told.contains("Segment `minors`") && !told.contains("Segment `adults`"),
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

    repository.change("main", "adults.yaml", ">= 22", ">= 16");
    let sha = repository.head("main");
    let unseen = forge.push(repository, &sha, None);
    check(&unseen, &[("apply", 1)]);
    assert!(
        unseen[0].told.contains("nothing was reviewed"),
        "{unseen:?}"
    );
    assert!(repository.newest().contains("revision 3"));
}

#[test]
fn pull_requests_live_on_github_as_the_example_says() {
    run(&GitHub);
}

#[test]
fn merge_requests_live_on_gitlab_as_the_example_says() {
    run(&GitLab);
}
