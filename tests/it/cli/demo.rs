//! The demo end to end: it must work from the program alone.

use serde_json::Value;

use super::{recado, stderr, stdout};

#[test]
fn the_demo_prints_one_object_with_every_outcome() {
    let folder = tempfile::tempdir().unwrap();
    let output = recado(&["demo", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(told["users"], 200);
    for name in ["audience", "sent", "failed", "unknown"] {
        assert!(told[name].as_i64().unwrap() > 0, "{name}: {told}");
    }
    assert_eq!(told["unknown"], 1, "one message is taken without an answer");
    assert!(
        folder.path().read_dir().unwrap().next().is_none(),
        "nothing is left behind"
    );
}

#[test]
fn the_demo_shows_each_step() {
    let output = recado(&["demo"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let told = stdout(&output);
    for part in [
        "UpsertUsers",
        "PlanCampaigns",
        "ApplyCampaigns",
        "EvaluateSegment",
        "CheckMembership",
        "PreviewMessage",
        "SendCampaign",
        "window_closed",
        "grpcurl",
    ] {
        assert!(told.contains(part), "no {part} in:\n{told}");
    }
    assert!(!told.contains('\u{1b}'), "no colour unless on a terminal");
}
