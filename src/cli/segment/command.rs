//! The commands about segments.

use clap::{Args, Subcommand};

use super::ask::{Check, Count, Members};
use super::history::History;
use super::list::List;
use super::watch::Watch;
use crate::cli::error::Error;
use crate::cli::exit::Exit;

const EXAMPLES: &str = "\
Examples:
  recado segment list
  recado segment count on-messenger
  recado segment count --filter 'user.country == \"BR\" && user.order_total >= 50' --sample 5
  recado segment members on-messenger > ids.txt
  recado segment check ana on-messenger
  recado segment history on-messenger --since 7d
  recado segment watch on-messenger";

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(in crate::cli) struct Segment {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List the applied segments
    #[command(after_help = "Example:\n  recado segment list --json")]
    List(List),
    /// Count the members
    #[command(after_help = "Example:\n  recado segment count --filter 'has(user.messenger_id)'")]
    Count(Count),
    /// Print the external id of every member, one a line
    #[command(after_help = "Example:\n  recado segment members on-messenger > ids.txt")]
    Members(Members),
    /// Say whether a user is a member and why; exits with 1 when not of all
    #[command(after_help = "\
Examples:
  recado segment check ana on-messenger
  recado segment check ana --campaign order-shipped")]
    Check(Check),
    /// Show how the size developed: drawn on a terminal, else one `TIME<tab>SIZE` a line
    #[command(after_help = "Examples:
  recado segment history on-messenger --since 7d
  recado segment history on-messenger --record > sizes.tsv")]
    History(History),
    /// Print who enters (`+ ID`) and leaves (`- ID`), beginning with all members
    #[command(
        after_help = "Example:\n  recado segment watch on-messenger --json >> on-messenger.jsonl"
    )]
    Watch(Watch),
}

// === impl Segment ===

impl Segment {
    pub(in crate::cli) async fn run(self) -> Result<Exit, Error> {
        match self.command {
            Command::List(list) => list.run().await,
            Command::Count(count) => count.run().await,
            Command::Members(members) => members.run().await,
            Command::Check(check) => check.run().await,
            Command::History(history) => history.run().await,
            Command::Watch(watch) => watch.run().await,
        }
    }
}
