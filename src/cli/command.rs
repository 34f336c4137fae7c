//! The command line as a whole, and running one command of it.

use clap::{Parser, Subcommand};

use super::apply::Apply;
use super::attributes::Attributes;
use super::bench::Bench;
use super::completions::Completions;
use super::deliveries::Deliveries;
use super::demo::Demo;
use super::dev::Dev;
use super::error::Error;
use super::events::Events;
use super::exit::{Exit, HELP};
use super::explain::Explain;
use super::fmt::Fmt;
use super::import::Import;
use super::output;
use super::plan::Plan;
use super::preview::Preview;
use super::revision::{Diff, Drift, Export, Revisions, Rollback, Show};
use super::sandbox::Sandbox;
use super::schema::Schema;
use super::segment::Segment;
use super::send::Send;
use super::sends::Sends;
use super::serve::Serve;
use super::test::Test;
use super::users::Users;
use super::validate::Validate;

/// Sends campaigns over Facebook Messenger and webhooks, with campaigns as code
#[derive(Debug, Parser)]
#[command(name = "recado", version, propagate_version = true, after_help = HELP)]
pub struct Recado {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server
    Serve(Serve),
    /// Run a server, a local Messenger and a watch on a campaign folder in one
    Dev(Dev),
    /// Show everything at work with sample people and a local Messenger
    Demo(Demo),
    /// Check a folder of campaign files without a server
    Validate(Validate),
    /// Run the cases in a folder of campaign files without a server
    Test(Test),
    /// Show what applying a folder of campaign files would change
    Plan(Plan),
    /// Apply a folder of campaign files
    Apply(Apply),
    /// List what was applied
    Revisions(Revisions),
    /// Show what a revision changed
    Show(Show),
    /// Show what differs between two revisions
    Diff(Diff),
    /// Go back to an earlier revision
    Rollback(Rollback),
    /// Write the applied state back to files
    Export(Export),
    /// Tell whether the applied state is what a folder says
    Drift(Drift),
    /// Make campaign files from what other systems export
    Import(Import),
    /// Show the message a user would get, and whether they would get it
    Preview(Preview),
    /// Send a campaign to users or to its whole audience
    Send(Send),
    /// Count, list and explain segments
    Segment(Segment),
    /// Import, read and delete users
    Users(Users),
    /// List the attributes that users have or that are declared
    Attributes(Attributes),
    /// Import what users did, and list the names of events
    Events(Events),
    /// List, follow and cancel sends
    Sends(Sends),
    /// List deliveries with their reasons
    Deliveries(Deliveries),
    /// Run a local Messenger to send to
    Sandbox(Sandbox),
    /// Lay campaign files out in one way, comments kept
    Fmt(Fmt),
    /// Explain a code that was reported, or print a reference page
    Explain(Explain),
    /// Print a JSON Schema of the campaign files for editors
    Schema(Schema),
    /// Measure upserts, evaluations and sends on this machine
    Bench(Bench),
    /// Print a completion script for a shell
    Completions(Completions),
}

// === impl Recado ===

impl Recado {
    /// Runs the command to its end. Errors are printed here and nowhere else.
    pub async fn run(self) -> Exit {
        match self.command.run().await {
            Ok(exit) => match output::lost() {
                None => exit,
                Some(lost) => {
                    output::error(format_args!("the output could not be written: {lost}"));
                    Exit::FAILED
                }
            },
            Err(error) => {
                report(&error);
                error.exit()
            }
        }
    }
}

// === impl Command ===

impl Command {
    async fn run(self) -> Result<Exit, Error> {
        match self {
            Self::Serve(serve) => serve.run().await,
            Self::Dev(dev) => Box::pin(dev.run()).await,
            Self::Demo(demo) => Box::pin(demo.run()).await,
            Self::Validate(validate) => validate.run(),
            Self::Test(test) => test.run().await,
            Self::Plan(plan) => plan.run().await,
            Self::Apply(apply) => apply.run().await,
            Self::Revisions(revisions) => revisions.run().await,
            Self::Show(show) => show.run().await,
            Self::Diff(diff) => diff.run().await,
            Self::Rollback(rollback) => rollback.run().await,
            Self::Export(export) => export.run().await,
            Self::Drift(drift) => drift.run().await,
            Self::Import(import) => import.run(),
            Self::Preview(preview) => Box::pin(preview.run()).await,
            Self::Send(send) => send.run().await,
            Self::Segment(segment) => segment.run().await,
            Self::Users(users) => users.run().await,
            Self::Attributes(attributes) => attributes.run().await,
            Self::Fmt(fmt) => fmt.run(),
            Self::Explain(explain) => explain.run(),
            Self::Events(events) => events.run().await,
            Self::Sends(sends) => sends.run().await,
            Self::Deliveries(deliveries) => deliveries.run().await,
            Self::Sandbox(sandbox) => sandbox.run().await,
            Self::Schema(schema) => Ok(schema.run()),
            Self::Bench(bench) => Box::pin(bench.run()).await,
            Self::Completions(completions) => Ok(completions.run()),
        }
    }
}

pub(super) fn report(error: &Error) {
    output::error(error);
    if let Some(hint) = error.hint() {
        output::note(format_args!("hint: {hint}"));
    }
}
