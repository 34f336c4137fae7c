//! A comment fits, whatever the plan is.

use proptest::prelude::*;

use super::*;

/// How many there are of what a comment tells.
#[derive(Debug, Clone)]
struct Size {
    changes: usize,
    renames: usize,
    reached: usize,
    orphans: usize,
    limits: usize,
    errors: usize,
    warnings: usize,
    /// What texts are made of.
    word: String,
    words: usize,
}

fn size() -> impl Strategy<Value = Size> {
    let n = || prop_oneof![Just(0_usize), 1..5_usize, Just(2_000)];
    let word = prop_oneof![
        Just("words ".to_owned()),
        Just("@all <b>`".to_owned()),
        Just("````\n|&".to_owned()),
        Just("ção_*[x]".to_owned()),
    ];
    let words = prop_oneof![Just(1_usize), Just(30), Just(400)];
    (n(), n(), n(), n(), n(), n(), n(), word, words).prop_map(
        |(changes, renames, reached, orphans, limits, errors, warnings, word, words)| Size {
            changes,
            renames: renames.min(changes),
            reached,
            orphans,
            limits,
            errors,
            warnings,
            word,
            words,
        },
    )
}

// === impl Size ===

impl Size {
    fn text(&self) -> String {
        self.word.repeat(self.words)
    }

    fn effect(&self) -> pb::Effect {
        pb::Effect {
            audience: Some(pb::AudienceDelta {
                before: 7,
                after: 1_000_000,
                ..pb::AudienceDelta::default()
            }),
            messages: Some(pb::MessageDiffs {
                sampled: 200,
                differing: 1,
                diffs: vec![pb::MessageDiff {
                    diff: self.text(),
                    ..pb::MessageDiff::default()
                }],
                ..pb::MessageDiffs::default()
            }),
            ..pb::Effect::default()
        }
    }

    fn change(&self, n: usize) -> pb::ResourceChange {
        pb::ResourceChange {
            kind: "Campaign".to_owned(),
            name: format!("new_{n}-{}", "n".repeat(80)),
            renamed_from: if n < self.renames {
                format!("old_{n}-{}", "o".repeat(80))
            } else {
                String::new()
            },
            effect: Some(self.effect()),
            fields_total: 1,
            fields: vec![pb::FieldChange {
                path: "message.text".to_owned(),
                before: self.text(),
                after: "x".to_owned(),
                diff: String::new(),
            }],
            ..pb::ResourceChange::default()
        }
    }

    fn problems(&self) -> impl Iterator<Item = pb::Diagnostic> {
        let kinds = [
            (self.errors, pb::DiagnosticSeverity::Error),
            (self.warnings, pb::DiagnosticSeverity::Warning),
        ];
        let problem = |severity: pb::DiagnosticSeverity| pb::Diagnostic {
            code: "some-code".to_owned(),
            severity: severity.into(),
            message: self.text(),
            file: self.text(),
            line: 7,
            hint: self.text(),
            ..pb::Diagnostic::default()
        };
        kinds
            .into_iter()
            .flat_map(move |(n, severity)| (0..n).map(move |_| problem(severity)))
    }

    fn answer(&self) -> pb::PlanCampaignsResponse {
        let reached = (0..self.reached).map(|n| pb::ReachedCampaign {
            campaign: format!("reached-{n}"),
            through: vec!["Segment vip".to_owned()],
            through_total: 1,
            effect: Some(self.effect()),
        });
        let orphans = (0..self.orphans).map(|n| pb::Orphan {
            kind: "Campaign".to_owned(),
            name: format!("old_{n}-{}", "o".repeat(80)),
        });
        let limits = (0..self.limits).map(|n| pb::PlanLimit {
            allow: format!("growth=limit-{n}-end"),
            message: self.text(),
        });
        pb::PlanCampaignsResponse {
            plan: Some(pb::Plan {
                changes: (0..self.changes).map(|n| self.change(n)).collect(),
                reached: reached.collect(),
                orphans: orphans.collect(),
                limits: limits.collect(),
                ..pb::Plan::default()
            }),
            diagnostics: self.problems().collect(),
            ..pb::PlanCampaignsResponse::default()
        }
    }
}

/// The number in the line that says how many are left out; none without one.
fn left_out(comment: &str, noun: &str) -> usize {
    let lines = comment.lines();
    let mut told = lines.filter(|line| line.contains(noun) && line.contains("… and "));
    let Some(line) = told.next() else {
        return 0;
    };
    let digits = line.chars().filter(char::is_ascii_digit);
    digits.collect::<String>().parse().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_comment_fits_and_says_how_much_it_left_out(size in size()) {
        let comment = comment(&size.answer(), "c0ffee");
        let chars = comment.chars().count();
        prop_assert!(chars <= CHARS_MAX, "{chars}");
        prop_assert!(comment.starts_with(MARKER));
        let n_of = |part: &str| comment.matches(part).count();
        prop_assert_eq!(n_of("<details>"), n_of("</details>"));
        let renames = n_of(": renamed from `");
        prop_assert_eq!(renames + left_out(&comment, "more renames"), size.renames);
        let limits = comment.lines().filter(|line| line.starts_with("Over a limit: ")).count();
        prop_assert_eq!(limits + left_out(&comment, "more limits"), size.limits);
        let errors = n_of("❌ **some-code**");
        prop_assert!((errors > 0) == (size.errors > 0));
        prop_assert!(size.limits == 0 || limits > 0, "some are always told");
        prop_assert!(size.changes == 0 || n_of("| Campaign `new") > 0, "and rows of the table");
    }
}

#[test]
fn the_commit_stands_in_the_first_lines() {
    let head = |commit: &str| {
        let answer = pb::PlanCampaignsResponse {
            plan: Some(pb::Plan::default()),
            ..pb::PlanCampaignsResponse::default()
        };
        comment(&answer, commit).lines().nth(1).unwrap().to_owned()
    };
    let refused = comment(&pb::PlanCampaignsResponse::default(), "v7");
    assert!(refused.ends_with("\n### Recado plan of `v7`: this cannot be applied"));
    let id = "0123456789abcdef0123456789abcdef01234567";
    assert_eq!(head(id), "### Recado plan of `0123456789ab`");
    assert_eq!(
        head(&format!("{id}-dirty")),
        "### Recado plan of `0123456789ab-dirty`"
    );
    assert_eq!(head("v7"), "### Recado plan of `v7`");
    assert_eq!(head(""), "### Recado plan");
    assert_eq!(head("a`\n@all"), head("a`\n@all").replace('\n', " "));
}
