//! `recado segment count`, `members` and `check`: who is in, how many, and why.

use clap::Args;
use clap::builder::RangedU64ValueParser;
use serde_json::{Value, json};

use crate::api::pb;
use crate::api::pb::{
    evaluate_segment_request as evaluate, list_segment_members_request as members,
};
use crate::cli::connect::Server;
use crate::cli::error::Error;
use crate::cli::exit::Exit;
use crate::cli::{diagnostics, json, output};
use crate::model::limits;

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Target {
    /// The name of an applied segment
    #[arg(value_name = "SEGMENT")]
    segment: Option<String>,
    /// A filter instead of a name
    #[arg(long, value_name = "CEL")]
    filter: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Count {
    #[command(flatten)]
    target: Target,
    /// Show so many members, at most 100
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = RangedU64ValueParser::<u32>::new().range(..=limits::SAMPLE_MAX as u64))]
    sample: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
pub(super) struct Members {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    server: Server,
}

#[derive(Debug, Args)]
pub(super) struct Check {
    /// The user
    #[arg(value_name = "ID")]
    user: String,
    /// Names of applied segments; all of them when nothing else is asked for
    #[arg(value_name = "SEGMENT")]
    segments: Vec<String>,
    /// A campaign: its whole audience, segment and filter together
    #[arg(long, value_name = "NAME")]
    campaign: Option<String>,
    /// A filter
    #[arg(long, value_name = "CEL")]
    filter: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: Server,
}

// === impl Target ===

impl Target {
    /// The one that was given, as whatever the request's `oneof` calls them.
    fn choose<T>(self, segment: fn(String) -> T, filter: fn(String) -> T) -> Option<T> {
        self.segment.map(segment).or(self.filter.map(filter))
    }
}

// === impl Count ===

impl Count {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::EvaluateSegmentRequest {
            target: self
                .target
                .choose(evaluate::Target::Segment, evaluate::Target::Filter),
            sample_size: self.sample,
        };
        let answer = client.segments.evaluate_segment(request).await?;
        let answer = answer.into_inner();
        diagnostics::print(&answer.diagnostics);
        if self.json {
            output::json(&json!({
                "count": answer.count,
                "users": answer.users,
                "sample": answer.sample,
                "took_us": answer.took_us,
                "warnings": diagnostics::to_json(&answer.diagnostics),
            }));
        } else {
            output::line(answer.count);
            for id in &answer.sample {
                output::line(format_args!("  {id}"));
            }
            output::note(format_args!(
                "of {} users, in {} µs",
                output::count(answer.users),
                output::count(answer.took_us)
            ));
        }
        Ok(Exit::OK)
    }
}

// === impl Members ===

impl Members {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::ListSegmentMembersRequest {
            target: self
                .target
                .choose(members::Target::Segment, members::Target::Filter),
        };
        let stream = client.segments.list_segment_members(request).await?;
        let mut stream = stream.into_inner();
        while let Some(some) = stream.message().await? {
            for id in some.external_ids {
                output::line(id);
            }
        }
        Ok(Exit::OK)
    }
}

// === impl Check ===

impl Check {
    pub(super) async fn run(self) -> Result<Exit, Error> {
        let mut client = self.server.connect().await?;
        let request = pb::CheckMembershipRequest {
            external_id: self.user.clone(),
            segments: self.segments,
            filter: self.filter.unwrap_or_default(),
            campaign: self.campaign.unwrap_or_default(),
        };
        let answer = client.segments.check_membership(request).await?;
        let memberships = answer.into_inner().memberships;
        if self.json {
            let memberships = memberships.iter().map(membership_json);
            output::json(&json!({
                "external_id": self.user,
                "memberships": memberships.collect::<Vec<_>>(),
            }));
        } else {
            for membership in &memberships {
                print(&self.user, membership);
            }
        }
        Ok(if memberships.iter().all(|membership| membership.member) {
            Exit::OK
        } else {
            Exit::FAILED
        })
    }
}

pub(in crate::cli) fn print(user: &str, membership: &pb::Membership) {
    let verdict = if membership.member {
        output::good("is a member")
    } else {
        output::bad("is not a member")
    };
    let of = match (membership.segment.as_str(), membership.campaign.as_str()) {
        ("", "") => String::new(),
        ("", campaign) => format!(" of the audience of {campaign}"),
        (segment, _) => format!(" of {segment}"),
    };
    output::line(format_args!("{user} {verdict}{of}"));
    if let Some(reason) = &membership.reason {
        print_reason(reason, 1);
    }
}

pub(in crate::cli) fn print_reason(reason: &pb::FilterReason, depth: usize) {
    let reads: Vec<_> = reason.reads.iter().map(read).collect();
    let reads = match reads.as_slice() {
        [] => String::new(),
        reads => format!("  ({})", reads.join(", ")),
    };
    output::line(format_args!(
        "{:indent$}{:<8} {}{reads}",
        "",
        truth(reason),
        reason.text,
        indent = depth * 2
    ));
    for child in &reason.children {
        print_reason(child, depth + 1);
    }
}

fn read(read: &pb::FilterRead) -> String {
    match &read.value {
        Some(value) => format!("{} is {}", read.operand, json::of_value(value)),
        None => format!("{} is absent", read.operand),
    }
}

fn membership_json(membership: &pb::Membership) -> Value {
    json!({
        "segment": (!membership.segment.is_empty()).then_some(&membership.segment),
        "campaign": (!membership.campaign.is_empty()).then_some(&membership.campaign),
        "member": membership.member,
        "reason": membership.reason.as_ref().map(reason_json),
    })
}

pub(in crate::cli) fn reason_json(reason: &pb::FilterReason) -> Value {
    let reads = reason.reads.iter().map(
        |read| json!({"operand": read.operand, "value": read.value.as_ref().map(json::of_value)}),
    );
    json!({
        "text": reason.text,
        "truth": truth(reason),
        "reads": reads.collect::<Vec<_>>(),
        "children": reason.children.iter().map(reason_json).collect::<Vec<_>>(),
    })
}

fn truth(reason: &pb::FilterReason) -> String {
    json::word(reason.truth().as_str_name(), "TRUTH_")
}
