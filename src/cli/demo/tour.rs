//! The steps of the demo, each a call that any client could make.

use std::sync::Arc;

use anyhow::Context;
use clap::Args;
use serde_json::json;
use tokio::net::TcpListener;

use super::{files, people};
use crate::api::client::Client;
use crate::api::pb;
use crate::api::pb::{
    evaluate_segment_request as evaluate, preview_message_request as preview_request,
};
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::local::{Doors, Local, SandboxSecrets};
use crate::cli::{apply, deliveries, diagnostics, json, output, plan, preview, segment, sends};
use crate::clock::{Clock, SystemClock};
use crate::lifecycle::Tasks;
use crate::sandbox::Sandbox;

/// Deliveries shown of each state and reason.
const SHOWN_OF_A_KIND: usize = 2;
/// Deliveries that are looked through for those: all there are.
const DELIVERIES_MAX: usize = 1_000;

const GO_ON: &str = r#"
Go on:
  recado dev campaigns                       a server and this sandbox, on your own files
  recado serve --store sqlite:recado.sqlite  a server that keeps its data
  grpcurl -plaintext -d '{"filter":"user.country == \"BR\""}' 127.0.0.1:50051 recado.v1.SegmentService/EvaluateSegment
  docs/deliveries.md                         every state and reason"#;

#[derive(Debug, Args)]
#[command(after_help = "\
Starts a server with a temporary store and a local Messenger, and stops them at the end: no network, no account.

Examples:
  recado demo
  recado demo --json")]
pub(in crate::cli) struct Demo {
    /// Print one JSON object with the counts, and nothing else
    #[arg(long)]
    json: bool,
}

/// A server under way and what is said about it.
struct Tour {
    client: Client,
    is_quiet: bool,
}

/// What the tour came to.
#[derive(Debug, Default)]
struct Counts {
    users: i64,
    audience: i64,
    sent: i64,
    failed: i64,
    skipped: i64,
    unknown: i64,
}

// === impl Demo ===

impl Demo {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        let clock = SystemClock::shared();
        let folder = tempfile::tempdir().context("no temporary folder can be made")?;
        let tasks = Tasks::new();
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("no free port")?;
        let sandbox = Sandbox::start(people::sandbox(), listener, Arc::clone(&clock), &tasks)
            .context("the sandbox did not start")?;
        let mut settings = Doors::free().settings(folder.path().join("recado.sqlite"));
        settings.graph_url = Some(sandbox.url());
        let mut server =
            Local::start(settings, Arc::clone(&clock), Arc::new(SandboxSecrets)).await?;
        let mut tour = Tour {
            client: server.client().await?,
            is_quiet: self.json,
        };
        let counts = tokio::select! {
            counts = tour.run(clock.as_ref()) => counts,
            error = server.failed() => return Err(error),
        };
        drop(tour);
        server.stop().await?;
        tasks.stop();
        tasks.drained().await;
        counts?.print(self.json);
        Ok(Exit::OK)
    }
}

// === impl Tour ===

impl Tour {
    async fn run(&mut self, clock: &dyn Clock) -> Result<Counts, Error> {
        let mut counts = Counts {
            users: self.upsert(clock).await?,
            ..Counts::default()
        };
        self.apply().await?;
        counts.audience = self.count().await?;
        self.check().await?;
        self.preview().await?;
        let first = self.send_to_recipients().await?;
        counts.add(&first);
        let second = self.send_to_audience().await?;
        counts.add(&second);
        self.explain(&[&first.id, &second.id]).await?;
        Ok(counts)
    }

    async fn upsert(&mut self, clock: &dyn Clock) -> Result<i64, Error> {
        let users = people::users(clock.now())?;
        self.step(format_args!("UpsertUsers: {} sample users", users.len()));
        let request = pb::UpsertUsersRequest { users };
        let answer = self.client.users.upsert_users(request).await?.into_inner();
        if let Some(rejected) = answer.rejected.first() {
            return Err(Error::Input(rejected.message.clone()));
        }
        self.say(|| output::line(format_args!("{} created", answer.created)));
        Ok(i64::from(answer.created + answer.updated))
    }

    async fn apply(&mut self) -> Result<(), Error> {
        let files = files::shipped();
        self.step(format_args!("PlanCampaigns: {} files", files.len()));
        let planned = plan::ask(&mut self.client, files.clone()).await?;
        if !self.is_quiet {
            diagnostics::print(&planned.diagnostics);
        }
        let plan = planned.plan.ok_or(Error::Answer("plan"))?;
        self.say(|| plan::print_heads(&plan));
        self.step(format_args!("ApplyCampaigns: the plan, by its fingerprint"));
        let origin = apply::Origin {
            author: "recado demo".to_owned(),
            ..apply::Origin::default()
        };
        let applied = apply::apply(&mut self.client, files, plan, origin).await?;
        self.say(|| output::line(format_args!("revision {}", applied.revision)));
        Ok(())
    }

    async fn count(&mut self) -> Result<i64, Error> {
        self.step(format_args!("EvaluateSegment: {}", files::SEGMENT));
        let request = pb::EvaluateSegmentRequest {
            target: Some(evaluate::Target::Segment(files::SEGMENT.to_owned())),
            sample_size: 3,
        };
        let answer = self.client.segments.evaluate_segment(request).await?;
        let answer = answer.into_inner();
        self.say(|| {
            output::line(format_args!(
                "{} of {} users in {} µs, such as {}",
                answer.count,
                answer.users,
                answer.took_us,
                answer.sample.join(", ")
            ));
        });
        Ok(answer.count)
    }

    async fn check(&mut self) -> Result<(), Error> {
        // Number 10 has not opted in: the reason shows which clause is false.
        let user = people::id(10);
        self.step(format_args!("CheckMembership: is {user} in, and why"));
        let request = pb::CheckMembershipRequest {
            external_id: user.clone(),
            filter: files::FILTER.to_owned(),
            ..pb::CheckMembershipRequest::default()
        };
        let answer = self.client.segments.check_membership(request).await?;
        let answer = answer.into_inner();
        self.say(|| {
            for membership in &answer.memberships {
                segment::print(&user, membership);
            }
        });
        Ok(())
    }

    async fn preview(&mut self) -> Result<(), Error> {
        let user = people::id(1);
        self.step(format_args!(
            "PreviewMessage: {} to {user}",
            files::TO_RECIPIENTS
        ));
        let request = pb::PreviewMessageRequest {
            campaign: files::TO_RECIPIENTS.to_owned(),
            subject: Some(preview_request::Subject::ExternalId(user)),
            trigger_properties: Some(json::object("properties", files::PROPERTIES)?),
            ..pb::PreviewMessageRequest::default()
        };
        let answer = self.client.campaigns.preview_message(request).await?;
        self.say(|| preview::print(answer.get_ref()));
        Ok(())
    }

    async fn send_to_recipients(&mut self) -> Result<pb::Send, Error> {
        self.step(format_args!(
            "SendCampaign: {} to three users, one of them not on Messenger",
            files::TO_RECIPIENTS
        ));
        let properties = json::object("properties", files::PROPERTIES)?;
        let recipient = |n| pb::Recipient {
            external_id: people::id(n),
            trigger_properties: Some(properties.clone()),
        };
        self.send(pb::SendCampaignRequest {
            campaign: files::TO_RECIPIENTS.to_owned(),
            recipients: vec![recipient(1), recipient(2), recipient(9)],
            audience: None,
            request_id: Some("demo-recipients".to_owned()),
        })
        .await
    }

    async fn send_to_audience(&mut self) -> Result<pb::Send, Error> {
        self.step(format_args!(
            "SendCampaign: {} to its whole audience",
            files::TO_AUDIENCE
        ));
        self.send(pb::SendCampaignRequest {
            campaign: files::TO_AUDIENCE.to_owned(),
            recipients: Vec::new(),
            audience: Some(pb::WholeAudience {}),
            request_id: Some("demo-audience".to_owned()),
        })
        .await
    }

    /// Sends and waits until every delivery is final.
    async fn send(&mut self, request: pb::SendCampaignRequest) -> Result<pb::Send, Error> {
        let answer = self.client.campaigns.send_campaign(request).await?;
        let send = answer.into_inner().send.ok_or(Error::Answer("send"))?;
        let send = sends::watch(&mut self.client, &send.id, false).await?;
        self.say(|| sends::print(&send));
        Ok(send)
    }

    /// Shows a few deliveries of each kind, those that did not go well first.
    async fn explain(&mut self, sends: &[&String]) -> Result<(), Error> {
        if self.is_quiet {
            return Ok(());
        }
        self.step(format_args!("ListDeliveries: some of each kind, and why"));
        let mut shown: Vec<pb::Delivery> = Vec::new();
        for id in sends {
            let filter = pb::ListDeliveriesRequest {
                send_id: (*id).clone(),
                ..pb::ListDeliveriesRequest::default()
            };
            let fetched = deliveries::fetch(&mut self.client, filter, DELIVERIES_MAX).await?;
            for delivery in fetched.0 {
                let alike = shown.iter().filter(|one| kind(one) == kind(&delivery));
                if alike.count() < SHOWN_OF_A_KIND {
                    shown.push(delivery);
                }
            }
        }
        shown.sort_by_key(|delivery| std::cmp::Reverse(delivery.state));
        deliveries::table(&shown);
        Ok(())
    }

    fn step(&self, title: std::fmt::Arguments<'_>) {
        self.say(|| output::line(format_args!("\n{}", output::bold(title))));
    }

    fn say(&self, say: impl FnOnce()) {
        if !self.is_quiet {
            say();
        }
    }
}

// === impl Counts ===

impl Counts {
    fn add(&mut self, send: &pb::Send) {
        let counts = send.counts.unwrap_or_default();
        self.sent += counts.sent;
        self.failed += counts.failed;
        self.skipped += counts.skipped;
        self.unknown += counts.unknown;
    }

    fn print(&self, as_json: bool) {
        if as_json {
            output::json(&json!({
                "users": self.users,
                "audience": self.audience,
                "sent": self.sent,
                "failed": self.failed,
                "skipped": self.skipped,
                "unknown": self.unknown,
            }));
        } else {
            output::line(format_args!(
                "\n{} users, {} in the audience: {} sent, {} failed, {} skipped, {} unknown",
                self.users, self.audience, self.sent, self.failed, self.skipped, self.unknown
            ));
            output::line(GO_ON);
        }
    }
}

fn kind(delivery: &pb::Delivery) -> (i32, Option<&str>) {
    let reason = delivery.reason.as_ref();
    (delivery.state, reason.map(|reason| reason.code.as_str()))
}
