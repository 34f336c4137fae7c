//! Servers and saved plans of other versions: which side is old, and what to do.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Output;

use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use recado::api::pb;
use recado::api::pb::campaign_service_server::{CampaignService, CampaignServiceServer};
use recado::store::Identity;
use serde_json::Value;
use tonic::service::Routes;
use tonic::transport::Server as Grpc;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};

use super::{recado, stderr, stdout};
use crate::process::{Options, Server};

const OURS: &str = env!("CARGO_PKG_VERSION");
const SEGMENT: &str = "kind: Segment\nname: brazil\nfilter: user.country == 'BR'\n";

/// A server of another version, with what it answers to some calls; all others it does not know.
struct Other;

type Answer<T> = Result<Response<T>, Status>;

/// Answers that say nothing of themselves, as if the method were not there.
macro_rules! unknown {
    ($($method:ident: $request:ident -> $response:ident,)+) => {
        #[tonic::async_trait]
        impl CampaignService for Other {
            /// Without a seal: the field is younger than it is.
            async fn plan_campaigns(
                &self,
                _: Request<pb::PlanCampaignsRequest>,
            ) -> Answer<pb::PlanCampaignsResponse> {
                Ok(Response::new(pb::PlanCampaignsResponse {
                    plan: Some(pb::Plan::default()),
                    ..pb::PlanCampaignsResponse::default()
                }))
            }

            async fn apply_campaigns(
                &self,
                _: Request<pb::ApplyCampaignsRequest>,
            ) -> Answer<pb::ApplyCampaignsResponse> {
                Ok(Response::new(pb::ApplyCampaignsResponse {
                    revision: 7,
                    ..pb::ApplyCampaignsResponse::default()
                }))
            }

            async fn list_campaigns(
                &self,
                _: Request<pb::ListCampaignsRequest>,
            ) -> Answer<pb::ListCampaignsResponse> {
                Ok(Response::new(pb::ListCampaignsResponse::default()))
            }

            async fn send_campaign(
                &self,
                _: Request<pb::SendCampaignRequest>,
            ) -> Answer<pb::SendCampaignResponse> {
                Ok(Response::new(pb::SendCampaignResponse {
                    send: Some(pb::Send::default()),
                    ..pb::SendCampaignResponse::default()
                }))
            }

            $(async fn $method(&self, _: Request<pb::$request>) -> Answer<pb::$response> {
                Err(Status::unimplemented(""))
            })+
        }
    };
}

unknown! {
    get_campaign: GetCampaignRequest -> GetCampaignResponse,
    list_revisions: ListRevisionsRequest -> ListRevisionsResponse,
    export_campaigns: ExportCampaignsRequest -> ExportCampaignsResponse,
    preview_message: PreviewMessageRequest -> PreviewMessageResponse,
    send_test_message: SendTestMessageRequest -> SendTestMessageResponse,
}

/// The address of a server that says it is of this version, or says nothing, until `body` is over.
fn beside(version: Option<&'static str>, body: impl FnOnce(&str)) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"));
    let listener = listener.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let says = move |request, next: Next| async move {
        let mut response = next.run(request).await;
        if let Some(version) = version {
            let headers = response.headers_mut();
            headers.insert("recado-version", HeaderValue::from_static(version));
        }
        response
    };
    let routes = Routes::new(CampaignServiceServer::new(Other));
    let router = routes.into_axum_router().layer(from_fn(says));
    let serving = Grpc::builder()
        .add_routes(Routes::from(router))
        .serve_with_incoming(TcpIncoming::from(listener));
    let serving = runtime.spawn(serving);
    body(&address.to_string());
    serving.abort();
}

/// A folder with one segment, and a terminal in it.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("campaigns")).unwrap();
    fs::write(folder.path().join("campaigns/brazil.yaml"), SEGMENT).unwrap();
    folder
}

fn run(folder: &Path, server: &str, arguments: &[&str]) -> Output {
    let mut command = recado(arguments);
    command.args(["--server", server]);
    command.current_dir(folder).output().unwrap()
}

#[test]
fn a_call_that_the_server_does_not_know_says_who_is_old() {
    let folder = folder();
    for (version, told) in [
        (
            Some("0.0.9"),
            format!(
                "hint: the server is version 0.0, older than this program ({OURS}): replace it"
            ),
        ),
        (
            Some("9.9.0"),
            format!(
                "hint: the server is version 9.9, newer than this program ({OURS}): replace this"
            ),
        ),
        (
            None,
            format!("hint: a server older than this program ({OURS}) does not know the call"),
        ),
    ] {
        beside(version, |server| {
            // One method of a service that is there, and a whole service that is not.
            for command in [&["revisions"][..], &["segment", "list"]] {
                let output = run(folder.path(), server, command);
                assert_eq!(output.status.code(), Some(1), "{command:?}");
                assert!(stderr(&output).contains(&told), "{}", stderr(&output));
                assert!(stdout(&output).is_empty());
            }
        });
    }
}

#[test]
fn a_newer_server_may_say_more_than_is_shown() {
    let folder = folder();
    beside(Some("9.9.0"), |server| {
        let planned = run(folder.path(), server, &["plan", "campaigns"]);
        assert_eq!(planned.status.code(), Some(0));
        let told = format!("warning: the server is version 9.9, newer than this program ({OURS})");
        assert!(stderr(&planned).contains(&told), "{}", stderr(&planned));
        assert!(stdout(&planned).starts_with("nothing changes"));
        // Whatever is asked, and once where there are two answers: of the plan, and of its apply.
        for command in [
            &["apply", "campaigns", "--yes"][..],
            &["send", "hello", "--user", "ana"],
        ] {
            let output = run(folder.path(), server, command);
            assert_eq!(output.status.code(), Some(0), "{command:?}");
            assert_eq!(
                stderr(&output).matches(&told).count(),
                1,
                "{command:?}: {}",
                stderr(&output)
            );
        }
    });
    beside(Some(OURS), |server| {
        for command in [&["plan", "campaigns"], &["apply", "campaigns"]] {
            assert_eq!(stderr(&run(folder.path(), server, command)), "");
        }
    });
}

#[test]
fn a_server_that_seals_no_plans_saves_none() {
    let folder = folder();
    beside(None, |server| {
        let arguments = ["plan", "campaigns", "--out", "plan.json"];
        let planned = run(folder.path(), server, &arguments);
        assert_eq!(planned.status.code(), Some(1));
        let told = stderr(&planned);
        assert!(
            told.contains("the server's answer has no seal of the plan"),
            "{told}"
        );
        assert!(told.contains("hint: compare `recado --version`"), "{told}");
        assert!(!folder.path().join("plan.json").exists());
    });
}

/// A saved plan beside the server that made it.
struct Saved {
    folder: tempfile::TempDir,
    server: Server,
    plan: Value,
}

// === impl Saved ===

impl Saved {
    fn new() -> Self {
        let folder = folder();
        let server = Server::start(&Options {
            store: &folder.path().join("recado.sqlite"),
            graph_url: "http://127.0.0.1:1",
        });
        let arguments = ["plan", "campaigns", "--out", "plan.json"];
        let saved = run(folder.path(), &server.grpc, &arguments);
        assert!(saved.status.success(), "{}", stderr(&saved));
        let plan = fs::read(folder.path().join("plan.json")).unwrap();
        Self {
            plan: serde_json::from_slice(&plan).unwrap(),
            folder,
            server,
        }
    }

    /// Signs the plan as the server would have, had it been of another version.
    fn sign(&mut self) {
        let store = rusqlite::Connection::open(self.folder.path().join("recado.sqlite")).unwrap();
        let sql = "SELECT id, key FROM identity";
        let (id, key): (String, Vec<u8>) = store
            .query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        let identity = Identity::new(id, key.try_into().unwrap());
        let plan = &self.plan;
        let text = |key: &str| plan[key].as_str().unwrap_or_default().as_bytes().to_vec();
        let number = |n: &Value| {
            n.as_u64()
                .map(|n| n.to_be_bytes().to_vec())
                .unwrap_or_default()
        };
        let made_at: jiff::Timestamp = plan["made_at"].as_str().unwrap().parse().unwrap();
        let changes = plan["changes"].as_array().unwrap();
        let mut parts = vec![
            b"recado plan 1".to_vec(),
            text("server"),
            text("version"),
            number(&plan["planner"]),
            made_at.as_nanosecond().to_be_bytes().to_vec(),
            text("fingerprint"),
            number(&plan["revision"]),
            text("commit"),
            text("owner"),
            vec![0],
            (changes.len() as u64).to_be_bytes().to_vec(),
        ];
        let of = |value: &Value| value.as_str().unwrap().as_bytes().to_vec();
        for change in changes {
            parts.extend(["kind", "name", "action"].map(|key| of(&change[key])));
            parts.extend(["audience_before", "audience"].map(|key| number(&change[key])));
        }
        for file in plan["files"].as_array().unwrap() {
            parts.extend(["path", "text"].map(|key| of(&file[key])));
        }
        let signature = identity.sign(parts.iter().map(Vec::as_slice));
        self.plan["signature"] = hex::encode(signature).into();
    }

    fn apply(&self) -> (Option<i32>, String) {
        let path = self.folder.path().join("plan.json");
        fs::write(path, self.plan.to_string()).unwrap();
        let arguments = ["apply", "--plan", "plan.json"];
        let output = run(self.folder.path(), &self.server.grpc, &arguments);
        (output.status.code(), stdout(&output) + &stderr(&output))
    }
}

#[test]
fn a_plan_of_a_server_that_planned_differently_is_refused_as_such() {
    let mut saved = Saved::new();
    let planner = saved.plan["planner"].as_u64().unwrap();
    for (version, planner) in [("9.9.0", planner + 1), ("0.0.9", planner - 1)] {
        saved.plan["version"] = version.into();
        saved.plan["planner"] = planner.into();
        saved.sign();
        let (code, told) = saved.apply();
        assert_eq!(code, Some(9), "{told}");
        let why = format!(
            "the plan was made by version {version}, and this is {OURS}, which plans differently (PLAN_VERSION)"
        );
        assert!(told.contains(&why), "{told}");
        assert!(
            told.contains("hint: the server was replaced since: plan again"),
            "{told}"
        );
    }
    let listed = run(saved.folder.path(), &saved.server.grpc, &["revisions"]);
    assert_eq!(listed.stdout, b"", "nothing was applied");
    // The signature is what is checked, and not what is wrong: another version that plans alike is as good.
    saved.plan["planner"] = planner.into();
    saved.sign();
    let (code, told) = saved.apply();
    assert_eq!(code, Some(0), "{told}");
    saved.server.stop();
}

#[test]
fn a_plan_file_of_another_format_says_who_is_old() {
    let mut saved = Saved::new();
    for (format, who, hint) in [
        (
            "recado-plan/2",
            "a newer `recado` saved it: its format is `recado-plan/2`, and this program reads `recado-plan/1`",
            "hint: replace this program by the one that saved it, or plan again with this one",
        ),
        (
            "recado-plan/0",
            "an older `recado` saved it: its format is `recado-plan/0`",
            "hint: plan again with this program",
        ),
        (
            "recado-plan/x",
            "`: its format is `recado-plan/x`",
            "hint: make it anew",
        ),
    ] {
        saved.plan["format"] = format.into();
        // Whatever else a newer one says in it.
        saved.plan["since"] = format.into();
        let (code, told) = saved.apply();
        assert_eq!(code, Some(9), "{told}");
        assert!(told.contains(who) && told.contains(hint), "{told}");
    }
    saved.server.stop();
}
