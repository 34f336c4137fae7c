//! Plans that are kept and applied later, whose files are whose, and what an apply is held to.

mod crash;
mod folders;
mod limits;
mod neighbours;
mod owners;
mod properties;
mod saved;
mod versions;

use recado::api::pb;

use crate::stage::{Live, source_files};

/// A file and its text.
type File<'a> = (&'a str, &'a str);

const BRAZIL: File<'static> = (
    "brazil.yaml",
    "kind: Segment\nname: brazil\nfilter: user.country == 'BR'\n",
);
const PORTUGAL: File<'static> = (
    "portugal.yaml",
    "kind: Segment\nname: portugal\nfilter: user.country == 'PT'\n",
);

/// The plan with its seal; the files must be good.
async fn planned(live: &Live, files: &[File<'_>]) -> pb::PlanCampaignsResponse {
    let request = pb::PlanCampaignsRequest {
        files: source_files(files.iter().copied()),
        commit: "c0ffee".into(),
        ..pb::PlanCampaignsRequest::default()
    };
    let mut client = live.client().await;
    let planned = client.campaigns.plan_campaigns(request).await.unwrap();
    let planned = planned.into_inner();
    assert!(planned.plan.is_some(), "{:?}", planned.diagnostics);
    planned
}

/// A request to apply a plan as it was made.
async fn sealed(live: &Live, files: &[File<'_>]) -> pb::ApplyCampaignsRequest {
    pb::ApplyCampaignsRequest {
        files: source_files(files.iter().copied()),
        seal: planned(live, files).await.seal,
        author: "ana".into(),
        ..pb::ApplyCampaignsRequest::default()
    }
}

async fn apply(live: &Live, request: pb::ApplyCampaignsRequest) -> pb::ApplyCampaignsResponse {
    let mut client = live.client().await;
    let applied = client.campaigns.apply_campaigns(request).await;
    applied.unwrap().into_inner()
}
