//! A server that is killed in the middle of an apply: one state or the other is left, never a mixture.

use recado::api::client::Client;
use recado::api::pb;

use crate::process::{Options, Server};

/// Enough that storing them takes a while.
const RESOURCES: usize = 200;
const ROUNDS_MAX: usize = 60;
/// Calls that the server answers meanwhile, more in each round: the kill comes later each time.
const STEP: usize = 4;

/// One of two states, which differ in every resource.
fn files(state: usize) -> Vec<pb::SourceFile> {
    let file = |n| pb::SourceFile {
        path: format!("s{n}.yaml"),
        text: format!("kind: Segment\nname: s{n}\nfilter: user.n == {state}\n"),
    };
    let settings = pb::SourceFile {
        path: "settings.yaml".into(),
        text: format!("# {state}\nkind: Settings\nname: all\nowner: tests\n"),
    };
    // One side has resources that the other has not.
    (state * 20..RESOURCES)
        .map(file)
        .chain([settings])
        .collect()
}

async fn sealed(client: &mut Client, state: usize) -> pb::ApplyCampaignsRequest {
    let request = pb::PlanCampaignsRequest {
        files: files(state),
        prune: true,
        ..pb::PlanCampaignsRequest::default()
    };
    let planned = client.campaigns.plan_campaigns(request.clone()).await;
    pb::ApplyCampaignsRequest {
        files: request.files,
        seal: planned.unwrap().into_inner().seal,
        ..pb::ApplyCampaignsRequest::default()
    }
}

/// Which state is applied, and as which revision. Anything else fails.
async fn applied(client: &mut Client) -> (usize, u64) {
    let export = client
        .campaigns
        .export_campaigns(pb::ExportCampaignsRequest::default());
    let export = export.await.unwrap().into_inner();
    let sorted = |mut files: Vec<pb::SourceFile>| {
        files.sort_by(|a, b| a.path.cmp(&b.path));
        files
    };
    let found = sorted(export.files);
    let state = (0..2).find(|state| sorted(files(*state)) == found);
    let revision = export.revision.unwrap();
    let n_changes = export.changes.len();
    assert!(
        n_changes >= RESOURCES - 20,
        "the record is whole, too: {n_changes}"
    );
    (state.expect("one state or the other"), revision.revision)
}

#[test]
fn a_kill_leaves_one_state_or_the_other() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.sqlite");
        let start = || {
            Server::start(&Options {
                store: &store,
                graph_url: "http://127.0.0.1:1",
            })
        };
        let mut server = start();
        let mut client = Client::connect(&server.grpc, None).await.unwrap();
        let first = sealed(&mut client, 0).await;
        client.campaigns.apply_campaigns(first).await.unwrap();
        let (mut state, mut revision) = applied(&mut client).await;
        let mut answered = 0;
        for round in 0..ROUNDS_MAX {
            let request = sealed(&mut client, 1 - state).await;
            let (mut applying, again) = (client.clone(), request.clone());
            let (answer, ()) = tokio::join!(applying.campaigns.apply_campaigns(request), async {
                for _ in 0..round * STEP {
                    let list = pb::ListRevisionsRequest::default();
                    client.campaigns.list_revisions(list).await.unwrap();
                }
                server.kill();
            });
            server = start();
            client = Client::connect(&server.grpc, None).await.unwrap();
            let (now, newest) = applied(&mut client).await;
            let was_applied = newest > revision;
            assert_eq!(
                (now != state, newest),
                (was_applied, revision + u64::from(was_applied))
            );
            if answer.is_ok() {
                assert!(was_applied, "what was answered is there");
                answered += 1;
            }
            // Who lost the answer asks again, and is told which revision it is.
            let again = client
                .campaigns
                .apply_campaigns(again)
                .await
                .unwrap()
                .into_inner();
            assert_eq!(
                (again.revision, again.already_applied),
                (revision + 1, was_applied)
            );
            (state, revision) = applied(&mut client).await;
            if answered == 2 {
                break;
            }
        }
        assert!(answered > 0, "the last kills come after the answer");
        server.stop();
    });
}
