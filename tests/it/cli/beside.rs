//! `--beside`: files of other owners, which count as applied.

use std::fs;
use std::path::Path;
use std::process::Output;

use super::{recado, stderr, stdout};

const PAGE: &str =
    "kind: Channel\nname: page\ntype: messenger\npage_id: \"1\"\ntoken: {env: RECADO_PAGE_TOKEN}\n";
/// Warns, and its case fails: neither is told to who only stands beside it.
const VIP: &str = "kind: Segment\nname: vip\nfilter: user.plan != 'free'\ntests:\n  - name: nobody\n    user: {plan: pro}\n    \
    expect: {member: false}\n";
const SALE: &str = "kind: Campaign\nname: sale\nchannel: page\nsegment: vip\nfilter: '!blank(user.messenger_id)'\n\
    trigger: {api: {}}\nmessage: {text: Sale}\ntests:\n  - name: a VIP\n    user: {messenger_id: \"1\", plan: pro}\n    \
    expect: {eligible: true}\n  - name: not free\n    user: {messenger_id: \"1\", plan: free}\n    expect: {eligible: false}\n";

/// Refers to what a third owner has, which is nothing to the others.
const PROMO: &str =
    "kind: Campaign\nname: promo\nchannel: third\ntrigger: {api: {}}\nmessage: {text: Promo}\n";

/// Two owners: `orders` sends to a segment and over a page of `growth`.
fn scene() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [
        ("growth/settings.yaml", settings("growth").as_str()),
        ("growth/page.yaml", PAGE),
        ("growth/vip.yaml", VIP),
        ("growth/promo.yaml", PROMO),
        ("orders/settings.yaml", settings("orders").as_str()),
        ("orders/sale.yaml", SALE),
    ] {
        write(folder.path(), path, text);
    }
    folder
}

fn settings(owner: &str) -> String {
    format!("kind: Settings\nname: {owner}\nowner: {owner}\n")
}

fn write(folder: &Path, path: &str, text: &str) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = recado(arguments);
    command.current_dir(folder).output().unwrap()
}

#[test]
fn what_another_owner_has_can_be_referred_to_and_is_not_told_of() {
    let scene = scene();
    let alone = run(scene.path(), &["validate", "orders"]);
    assert!(
        stderr(&alone).contains("not-among-files"),
        "{}",
        stderr(&alone)
    );
    let both = ["validate", "orders", "--beside", "growth"];
    let told = run(scene.path(), &both);
    assert_eq!(stderr(&told), "");
    assert_eq!(
        stdout(&told),
        "2 files (1 Campaign, 1 Settings): 0 errors, 0 warnings\n"
    );
    // With all that others have, what is missing is missing.
    let typo = SALE.replace("segment: vip", "segment: vpi");
    write(scene.path(), "orders/sale.yaml", &typo);
    let told = run(scene.path(), &both);
    assert_eq!(told.status.code(), Some(1));
    let told = stderr(&told);
    assert!(
        told.contains("error[missing-reference]: there is no segment `vpi`")
            && told.contains("did you mean `vip`?"),
        "{told}"
    );
    write(scene.path(), "orders/sale.yaml", VIP);
    let told = stderr(&run(scene.path(), &both));
    assert!(told.contains("error[other-owner]"), "{told}");
}

#[test]
fn cases_use_what_another_owner_has_and_not_its_cases() {
    let scene = scene();
    let alone = run(scene.path(), &["test", "orders"]);
    assert_eq!(alone.status.code(), Some(1));
    assert!(
        stdout(&alone).contains("`--beside DIR`"),
        "{}",
        stdout(&alone)
    );
    let both = [
        "test",
        "orders",
        "--beside",
        "growth",
        "--format",
        "json",
        "--coverage",
    ];
    let told = run(scene.path(), &both);
    assert!(told.status.success(), "{}{}", stdout(&told), stderr(&told));
    let told: serde_json::Value = serde_json::from_slice(&told.stdout).unwrap();
    assert_eq!(told["cases"], 2, "{told}");
    // Only its own filter is there to reach.
    assert_eq!(told["coverage"]["filters"]["total"], 1, "{told}");
    let changed = VIP.replace("!= 'free'", "== 'gold'");
    write(scene.path(), "growth/vip.yaml", &changed);
    assert_eq!(run(scene.path(), &both).status.code(), Some(1));
}

#[test]
fn what_cannot_stand_beside_is_refused() {
    let scene = scene();
    write(scene.path(), "broken/a.yaml", "kind: [");
    write(scene.path(), "more/page.yaml", PAGE);
    fs::create_dir(scene.path().join("empty")).unwrap();
    for (folders, why) in [
        (
            &["orders"][..],
            "`--beside orders`: it is of `orders`, as the files themselves",
        ),
        (
            &["broken"],
            "`--beside broken`: `a.yaml` is no campaign file",
        ),
        (&["empty"], "`--beside empty`: it holds no campaign file"),
        (
            &["growth", "more"],
            "`--beside more`: the Channel `page` was given already",
        ),
        (&["nowhere"], "`nowhere` is not a folder"),
    ] {
        let beside = folders.iter().flat_map(|folder| ["--beside", *folder]);
        let arguments: Vec<_> = ["validate", "orders"].into_iter().chain(beside).collect();
        let refused = run(scene.path(), &arguments);
        assert!(!refused.status.success());
        assert!(stderr(&refused).contains(why), "{}", stderr(&refused));
    }
}

/// Without an owner what stands beside would be taken for the files' own, and hide what they say.
#[test]
fn a_folder_that_nobody_owns_may_not_repeat_the_files() {
    let scene = scene();
    write(scene.path(), "nobody/page.yaml", PAGE);
    write(scene.path(), "nobody/sale.yaml", SALE);
    for command in ["validate", "test"] {
        let arguments = [command, "orders", "--beside", "nobody"];
        let refused = run(scene.path(), &arguments);
        assert_eq!(refused.status.code(), Some(1));
        let told = stderr(&refused);
        let why = "`--beside nobody`: it is nobody's, and has the Campaign `sale` of the files too";
        assert!(told.contains(why), "{told}");
    }
    fs::remove_file(scene.path().join("nobody/sale.yaml")).unwrap();
    let fine = run(scene.path(), &["validate", "orders", "--beside", "nobody"]);
    assert!(!stderr(&fine).contains("nobody's"), "{}", stderr(&fine));
}
