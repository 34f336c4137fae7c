//! Whatever the files: a plan is empty after it is applied, an apply makes just what the files say, and going back
//! restores each byte.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use recado::api::pb;
use tokio::runtime::Handle;
use tokio::task::block_in_place;

use super::apply;
use crate::stage::{Live, Stage};

type Files = BTreeMap<String, String>;

/// Resources by number, each with a variant of its text; those that they name are given where they are there.
#[derive(Debug, Clone)]
struct Wanted {
    segments: BTreeMap<u8, (u8, u8)>,
    campaigns: BTreeMap<u8, (u8, u8)>,
    blocks: BTreeMap<u8, u8>,
    rows: Option<u8>,
}

// === impl Wanted ===

impl Wanted {
    fn files(&self) -> Files {
        let mut files = Files::new();
        let mut add = |path: String, text: String| assert!(files.insert(path, text).is_none());
        add(
            "settings.yaml".into(),
            "kind: Settings\nname: all\nowner: tests\nplan: {max_deletes: 100%, max_starts: 1000}\n".into(),
        );
        add(
            "hook.yaml".into(),
            "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n".into(),
        );
        for (name, (n, style)) in &self.segments {
            let below = self.segments.range(..name).next_back();
            let filter = match below {
                Some((below, _)) if n % 2 == 0 => {
                    format!("in_segment(\"s{below}\") && user.n > {n}")
                }
                _ => format!("user.n > {n}"),
            };
            let text = format!("kind: Segment\nname: s{name}\nfilter: '{filter}'\n");
            let (path, text) = match style {
                0 => (format!("s{name}.yaml"), text),
                1 => (
                    format!("moved/s{name}.yaml"),
                    format!("# Ñandú {n}\n{text}"),
                ),
                _ => (format!("s{name}.yaml"), text.replace('\n', "\r\n")),
            };
            add(path, text);
        }
        for (name, n) in &self.blocks {
            let text = format!("kind: ContentBlock\nname: B{name}\ncontent: \"Block {n}\"\n");
            add(format!("b{name}.yaml"), text);
        }
        for (name, (segment, n)) in &self.campaigns {
            let segment = self
                .segments
                .contains_key(segment)
                .then(|| format!("segment: s{segment}\n"));
            let block = self
                .blocks
                .contains_key(n)
                .then(|| format!("{{{{content_blocks.${{B{n}}}}}}}"));
            let text = format!(
                "kind: Campaign\nname: c{name}\nchannel: hook\n{}trigger: {{api: {{}}}}\nmessage: {{text: \"Hi {n} {}\"}}\n",
                segment.unwrap_or_default(),
                block.unwrap_or_default()
            );
            add(format!("c{name}.yaml"), text);
        }
        if let Some(rows) = self.rows {
            add(
                "games.yaml".into(),
                "kind: Catalog\nname: Games\nfile: games.csv\n".into(),
            );
            let rows = (0..=rows).map(|n| format!("g{n},Game {n}\n"));
            let rows = rows.collect::<Vec<_>>().concat();
            add("games.csv".into(), format!("id,title\n{rows}"));
        }
        files
    }
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let pair = || prop::collection::btree_map(0_u8..6, (0_u8..4, 0_u8..3), 0..6);
    let blocks = prop::collection::btree_map(0_u8..3, 0_u8..3, 0..3);
    (pair(), pair(), blocks, prop::option::of(0_u8..3)).prop_map(
        |(segments, campaigns, blocks, rows)| Wanted {
            segments,
            campaigns,
            blocks,
            rows,
        },
    )
}

async fn plan(live: &Live, request: pb::PlanCampaignsRequest) -> (pb::Plan, Option<pb::PlanSeal>) {
    let mut client = live.client().await;
    let planned = client
        .campaigns
        .plan_campaigns(request)
        .await
        .unwrap()
        .into_inner();
    let plan = planned
        .plan
        .unwrap_or_else(|| panic!("{:?}", planned.diagnostics));
    (plan, planned.seal)
}

fn wish(files: &Files) -> pb::PlanCampaignsRequest {
    let files = files.iter().map(|(path, text)| pb::SourceFile {
        path: path.clone(),
        text: text.clone(),
    });
    pb::PlanCampaignsRequest {
        files: files.collect(),
        prune: true,
        ..pb::PlanCampaignsRequest::default()
    }
}

/// Applies the sealed plan of these files.
async fn make(live: &Live, files: &Files) -> u64 {
    let request = wish(files);
    let (_, seal) = plan(live, request.clone()).await;
    let request = pb::ApplyCampaignsRequest {
        files: request.files,
        seal,
        ..pb::ApplyCampaignsRequest::default()
    };
    apply(live, request).await.revision
}

/// Another owner's files, under paths that ours have too.
fn others() -> Files {
    let files = [
        (
            "settings.yaml",
            "kind: Settings\nname: other\nowner: other\n",
        ),
        (
            "s0.yaml",
            "kind: Segment\nname: other\nfilter: user.n > 7\n",
        ),
        (
            "c0.yaml",
            "kind: Campaign\nname: other\nchannel: other\nsegment: other\ntrigger: {api: {}}\nmessage: {text: Hi}\n",
        ),
        (
            "hook.yaml",
            "kind: Channel\nname: other\ntype: webhook\nurl: https://example.com/other\n",
        ),
    ];
    let files = files.into_iter();
    files
        .map(|(path, text)| (path.to_owned(), text.to_owned()))
        .collect()
}

/// What is applied of ours; what is another's must be as it was.
async fn exported(live: &Live) -> Files {
    let mut client = live.client().await;
    let export = client
        .campaigns
        .export_campaigns(pb::ExportCampaignsRequest::default());
    let export = export.await.unwrap().into_inner();
    let files = export.owners.into_iter().zip(export.files);
    let (ours, other): (Vec<_>, Vec<_>) = files.partition(|(owner, _)| owner == "tests");
    let texts = |files: Vec<(String, pb::SourceFile)>| -> Files {
        let files = files.into_iter();
        files.map(|(_, file)| (file.path, file.text)).collect()
    };
    assert_eq!(texts(other), others());
    texts(ours)
}

/// Line ends are those of no system.
fn kept(files: &Files) -> Files {
    let files = files.iter();
    files
        .map(|(path, text)| (path.clone(), text.replace("\r\n", "\n")))
        .collect()
}

async fn check(live: &Live, a: &Files, b: &Files) {
    let (kept_a, kept_b) = (kept(a), kept(b));
    let first = make(live, a).await;
    let (again, _) = plan(live, wish(a)).await;
    assert_eq!((again.changes, again.orphans), (Vec::new(), Vec::new()));
    assert_eq!(exported(live).await, kept_a);

    let (planned, _) = plan(live, wish(b)).await;
    let changed: BTreeSet<_> = planned.changes.iter().map(|it| &it.path).collect();
    let differs = |path: &&String| kept_a.get(*path) != kept_b.get(*path);
    let differing: BTreeSet<_> = a.keys().chain(b.keys()).filter(differs).collect();
    // A file that moved is one change, under its new path.
    assert!(changed.is_subset(&differing), "{changed:?} {differing:?}");
    assert_eq!(changed.is_empty(), kept_a == kept_b);
    make(live, b).await;
    assert_eq!(exported(live).await, kept_b);
    assert_eq!(plan(live, wish(b)).await.0.changes, []);

    let back = pb::PlanCampaignsRequest {
        back: Some(pb::RevisionTarget {
            revision: first,
            owner: Some("tests".into()),
            all_owners: false,
        }),
        ..pb::PlanCampaignsRequest::default()
    };
    let (planned, _) = plan(live, back.clone()).await;
    let request = pb::ApplyCampaignsRequest {
        back: back.back,
        fingerprint: planned.fingerprint,
        ..pb::ApplyCampaignsRequest::default()
    };
    apply(live, request).await;
    assert_eq!(exported(live).await, kept_a);
    assert_eq!(plan(live, wish(a)).await.0.changes, []);
}

#[test]
fn an_apply_makes_what_the_files_say_and_going_back_restores_it() {
    Stage::new().run(async |live| {
        // The server runs beside this task: once it answers, the task may block.
        make(live, &others()).await;
        block_in_place(|| {
            let config = ProptestConfig {
                cases: 48,
                failure_persistence: None,
                ..ProptestConfig::default()
            };
            let checked = TestRunner::new(config).run(&(wanted(), wanted()), |(a, b)| {
                Handle::current().block_on(check(live, &a.files(), &b.files()));
                Ok(())
            });
            checked.unwrap();
        });
    });
}
