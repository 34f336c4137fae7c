//! The command and its subjects.

use clap::{Args, Subcommand};

use super::cases::Cases;
use super::evaluate::Evaluate;
use super::plan::Plan;
use super::render::Render;
use super::send::Send;
use super::upsert::Upsert;
use super::validate::Validate;
use crate::cli::error::Error;
use crate::cli::exit::Exit;

#[derive(Debug, Args)]
#[command(after_help = "\
Each but `render`, `cases` and `validate` starts a server with a store in a temporary folder, drives it over gRPC, and does the same work \
plainly as a baseline. The client shares the machine, and its cost is in the figures.

Examples:
  recado bench upsert --users 1000000
  recado bench evaluate --users 1000000 --json
  recado bench send --count 50000
  recado bench render
  recado bench cases
  recado bench validate
  recado bench plan")]
pub(in crate::cli) struct Bench {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// Load users, then update them in random order; also how long a start takes
    #[command(after_help = "Example:\n  recado bench upsert --users 500000 --count 200000")]
    Upsert(Upsert),
    /// Count a published set of filters over many users and events
    #[command(after_help = "\
The users, events and filters are those of docs/BENCHMARKS.md. Ten million users of 20 attributes with 20 million events \
take 4 GB of memory, 2 GB on disk, and some minutes to make.

Examples:
  recado bench evaluate --users 1000000
  recado bench evaluate --users 1000000 --filter 'user.age > 30' --count 1000")]
    Evaluate(Evaluate),
    /// Send messages to a local receiver, every state durable
    #[command(after_help = "Example:\n  recado bench send --count 50000")]
    Send(Send),
    /// Render texts and whole requests on one core, in turn with a plain Liquid engine
    #[command(after_help = "\
The texts stand in benches/render/cases.json; benches/render/run.sh renders them with liquidjs too.

Examples:
  recado bench render
  recado bench render --count 100000 --rounds 5 --json")]
    Render(Render),
    /// Run the cases of a folder of campaign files, as `recado test` does
    #[command(after_help = "\
The baseline reads and checks the same files without running their cases.

Example:
  recado bench cases --count 1000")]
    Cases(Cases),
    /// Read and check a folder of many campaigns, in turn with parsing its YAML alone
    #[command(after_help = "\
Examples:
  recado bench validate
  recado bench validate --campaigns 1000 --out campaigns-1000")]
    Validate(Validate),
    /// Plan changes of many campaigns over many users, with what they do to people
    #[command(after_help = "\
The users and events are those of `bench evaluate`, the folder that of `bench validate`. The baseline is the plan of a \
folder in which nothing changed.

Examples:
  recado bench plan --users 1000000
  recado bench plan --users 1000000 --changed 500 --json")]
    Plan(Plan),
}

// === impl Bench ===

impl Bench {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        match self.subject {
            Subject::Upsert(upsert) => upsert.run().await,
            Subject::Evaluate(evaluate) => evaluate.run().await,
            Subject::Send(send) => send.run().await,
            Subject::Render(render) => render.run(),
            Subject::Cases(cases) => cases.run(),
            Subject::Validate(validate) => validate.run(),
            Subject::Plan(plan) => plan.run().await,
        }
    }
}
