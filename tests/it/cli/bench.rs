//! The measuring commands, with next to nothing to measure: they run to their end and print their figures.

use serde_json::Value;

use super::{recado, stderr, stdout};

#[test]
fn every_bench_prints_its_figures() {
    let benches: [&[&str]; 7] = [
        &[
            "upsert", "--users", "300", "--count", "300", "--batch", "100",
        ],
        &["evaluate", "--users", "300", "--count", "2"],
        &["send", "--count", "200", "--rounds", "1"],
        &["render", "--count", "20", "--rounds", "1"],
        &["cases", "--count", "40", "--rounds", "1"],
        &["validate", "--campaigns", "12", "--rounds", "1"],
        // More campaigns than one apply may begin elsewhere.
        &[
            "plan",
            "--users",
            "300",
            "--campaigns",
            "60",
            "--changed",
            "6",
            "--rounds",
            "1",
        ],
    ];
    for bench in benches {
        let arguments = [&["bench"], bench, &["--json"]].concat();
        let output = recado(&arguments).output().unwrap();
        assert!(output.status.success(), "{bench:?}: {}", stderr(&output));
        let printed: Value = serde_json::from_str(&stdout(&output)).unwrap();
        assert!(
            printed.as_object().is_some_and(|it| it.len() > 2),
            "{printed}"
        );
    }
}
