//! Folders as other systems and other programs send them: the same as ours, or refused as a whole.

use recado::api::pb;
use tonic::Code;

use super::{BRAZIL, File, apply, planned, sealed};
use crate::stage::{Live, Stage, refused, source_files};

const OWNED: File<'static> = ("settings.yaml", "kind: Settings\nname: all\nowner: tests\n");
const HOOK: File<'static> = (
    "hook.yaml",
    "kind: Channel\nname: hook\ntype: webhook\nurl: https://example.com/hook\n",
);
const SALE: File<'static> = (
    "campaigns/sale.yaml",
    "kind: Campaign\nname: sale\nchannel: hook\nsegment: brazil\ntrigger: {api: {}}\n\
     message: {text: \"{% catalog_items games g1 %}{{items[0].title}} {{content_blocks.${footer}}}\"}\n",
);
const FOOTER: File<'static> = (
    "blocks/footer.yaml",
    "kind: ContentBlock\nname: footer\ncontent: |\n  Bye,\n  your Acme team\n",
);
const GAMES: File<'static> = (
    "catalogs/games.yaml",
    "kind: Catalog\nname: games\nfile: data/games.csv\n",
);
const ITEMS: File<'static> = ("catalogs/data/games.csv", "id,title\ng1,Tales\n");
const FOLDER: [File<'static>; 7] = [OWNED, BRAZIL, HOOK, SALE, FOOTER, GAMES, ITEMS];

fn wish(files: Vec<pb::SourceFile>) -> pb::PlanCampaignsRequest {
    pb::PlanCampaignsRequest {
        files,
        ..pb::PlanCampaignsRequest::default()
    }
}

/// What a plan finds wrong, as code, severity and file; and whether there is one.
async fn told(live: &Live, wish: pb::PlanCampaignsRequest) -> (Vec<String>, bool) {
    let mut client = live.client().await;
    let planned = client.campaigns.plan_campaigns(wish).await;
    let planned = planned.unwrap().into_inner();
    assert_eq!(planned.seal.is_some(), planned.plan.is_some());
    let told = planned.diagnostics.iter().map(|it| {
        let severity = it.severity().as_str_name().to_lowercase();
        let severity = severity.rsplit('_').next().unwrap().to_owned();
        format!("{severity} {} {}", it.code, it.file)
    });
    (told.collect(), planned.plan.is_some())
}

async fn revisions(live: &Live) -> usize {
    let mut client = live.client().await;
    let list = pb::ListRevisionsRequest::default();
    let list = client.campaigns.list_revisions(list).await.unwrap();
    list.into_inner().revisions.len()
}

/// The folder as a program on Windows sends it.
fn of_windows(files: &[File<'_>]) -> Vec<pb::SourceFile> {
    let files = files.iter().map(|(path, text)| pb::SourceFile {
        path: path.replace('/', "\\"),
        text: text.replace('\n', "\r\n"),
    });
    files.collect()
}

#[test]
fn a_folder_from_windows_is_the_same_folder() {
    Stage::new().run(async |live| {
        let mut request = sealed(live, &FOLDER).await;
        // Planned here, and applied from there.
        request.files = of_windows(&FOLDER);
        assert_eq!(apply(live, request).await.revision, 1);
        let pruning = pb::PlanCampaignsRequest {
            prune: true,
            ..wish(of_windows(&FOLDER))
        };
        let mut client = live.client().await;
        let again = client.campaigns.plan_campaigns(pruning).await.unwrap();
        let again = again.into_inner();
        let plan = again
            .plan
            .unwrap_or_else(|| panic!("{:?}", again.diagnostics));
        assert_eq!((plan.changes, plan.orphans), (Vec::new(), Vec::new()));
        let export = pb::ExportCampaignsRequest::default();
        let export = client.campaigns.export_campaigns(export).await.unwrap();
        let mut files = export.into_inner().files;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut expected = source_files(FOLDER);
        expected.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(files, expected);
    });
}

#[test]
fn one_path_is_one_file_however_it_is_written() {
    Stage::new().run(async |live| {
        let blocks = |first: &str, second: &str| {
            let text = |name: &str| format!("kind: ContentBlock\nname: {name}\ncontent: Bye\n");
            let file = |path: &str, name: &str| pb::SourceFile {
                path: path.into(),
                text: text(name),
            };
            wish(vec![file(first, "a"), file(second, "b")])
        };
        let one = |code: &str, path: &str| vec![format!("{code} {path}")];
        for (first, second) in [
            ("blocks/a.yaml", "blocks\\a.yaml"),
            ("./blocks/a.yaml", "blocks/a.yaml"),
        ] {
            let expected = (one("error file-path", "blocks/a.yaml"), false);
            assert_eq!(told(live, blocks(first, second)).await, expected);
        }
        for path in [
            "../a.yaml",
            "\\\\host\\a.yaml",
            "C:\\a.yaml",
            "C:..",
            "C:a.yaml",
            "/a.yaml",
            "",
        ] {
            let (told, is_planned) = told(live, blocks("b.yaml", path)).await;
            let expected = one("error file-path", &path.replace('\\', "/"));
            assert_eq!((told, is_planned), (expected, false), "{path}");
        }
        // Here these are files; there they are none.
        for path in ["Blocks/A.yaml", "blocks/aux.yaml", "blocks/what?.yaml"] {
            let expected = (one("warning file-name", path), true);
            assert_eq!(told(live, blocks("blocks/a.yaml", path)).await, expected);
        }
        assert_eq!(revisions(live).await, 0);
    });
}

#[test]
fn too_many_files_and_too_large_ones_are_refused_and_nothing_is_applied() {
    Stage::new().run(async |live| {
        let segment = |n: usize| pb::SourceFile {
            path: format!("s{n}.yaml"),
            text: format!("kind: Segment\nname: s{n}\nfilter: user.n > {n}\n"),
        };
        let many: Vec<_> = (0..=2_000).map(segment).collect();
        let mut client = live.client().await;
        let plan = client.campaigns.plan_campaigns(wish(many.clone()));
        let (code, reason, status) = refused(plan).await;
        assert_eq!(
            (code, reason.as_str()),
            (Code::InvalidArgument, "OVER_LIMIT")
        );
        assert!(status.message().contains("2000"), "{}", status.message());
        let apply = pb::ApplyCampaignsRequest {
            files: many,
            ..sealed(live, &[BRAZIL]).await
        };
        let (_, reason, _) = refused(client.campaigns.apply_campaigns(apply)).await;
        assert_eq!(reason, "OVER_LIMIT");
        let large = format!("{}# {}\n", BRAZIL.1, "x".repeat(5_000_000));
        let large = wish(source_files([("large.yaml", large.as_str())]));
        let expected = (vec!["error file-limit large.yaml".to_owned()], false);
        assert_eq!(told(live, large).await, expected);
        assert_eq!(revisions(live).await, 0);
    });
}

#[test]
fn what_is_still_used_cannot_go_in_the_same_change() {
    Stage::new().run(async |live| {
        let first = sealed(live, &FOLDER).await;
        apply(live, first).await;
        // Each is named by a file that stays.
        for gone in [BRAZIL, HOOK, FOOTER, GAMES, ITEMS] {
            let left = FOLDER.into_iter().filter(|file| *file != gone);
            let pruning = pb::PlanCampaignsRequest {
                prune: true,
                ..wish(source_files(left.clone()))
            };
            let (told, is_planned) = told(live, pruning).await;
            let is_missing = told.iter().any(|it| it.starts_with("error "));
            assert!(is_missing && !is_planned, "{}: {told:?}", gone.0);
        }
        let left: Vec<_> = FOLDER.into_iter().filter(|file| *file != BRAZIL).collect();
        let kept = planned(live, &left).await.plan.unwrap();
        assert_eq!(kept.changes, [], "without `prune` it stays and is found");
        // Together with what names it, it may go.
        let bare = SALE.1.replace("segment: brazil\n", "");
        let left = [OWNED, HOOK, (SALE.0, &bare), FOOTER, GAMES, ITEMS];
        let pruning = pb::PlanCampaignsRequest {
            prune: true,
            ..wish(source_files(left))
        };
        let mut client = live.client().await;
        let planned = client.campaigns.plan_campaigns(pruning).await.unwrap();
        let plan = planned.into_inner().plan.unwrap();
        let names: Vec<_> = plan.changes.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["brazil", "sale"]);
        assert_eq!(revisions(live).await, 1);
    });
}
