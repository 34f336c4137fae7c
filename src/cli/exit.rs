//! Exit codes: an interface that scripts rely on.

use std::process::ExitCode;

/// What the program says to the shell when it ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Exit(u8);

/// The table that the help text ends with.
pub(super) const HELP: &str = "\
Exit codes:
  0  it worked
  1  it failed, or the answer is no (files with errors, a person who is not a member)
  2  the command line is wrong
  3  the server cannot be reached
  4  the server wants a token, or the token may not do this
  5  the applied state moved since the plan was made
  6  done in part: some items were refused, or need a hand
  7  a rollback would delete something, and nobody was there to agree: `--yes` does
  8  the applied state is not what the files say (`drift`, `plan --detailed-exitcode`)
  9  a saved plan cannot be applied: it was edited, is too old, of another server or version, or its audience moved
 10  a limit refuses the plan; `--allow NAME` lifts it
 11  whether it was applied is not known: the connection broke before the answer";

// === impl Exit ===

impl Exit {
    /// It worked, and the answer is yes where there is one.
    pub const OK: Self = Self(0);
    /// It failed, or the answer is no.
    pub const FAILED: Self = Self(1);
    /// The command line is wrong; clap uses the same code.
    pub const USAGE: Self = Self(2);
    /// No server answers, or it cannot work now: trying later may help.
    pub const UNREACHABLE: Self = Self(3);
    /// No token, an unknown one, or one without the scope.
    pub const REFUSED: Self = Self(4);
    /// The applied state moved since the plan was made: plan again.
    pub const STALE: Self = Self(5);
    /// Some items were refused; the others are done.
    pub const PARTLY: Self = Self(6);
    /// It would delete something, and neither a person nor a flag agreed.
    pub const UNCONFIRMED: Self = Self(7);
    /// The applied state differs from the files.
    pub const DIFFERS: Self = Self(8);
    /// A saved plan is not one that can be applied here and now: plan again.
    pub const BROKEN_PLAN: Self = Self(9);
    /// A limit of Settings or of a campaign refuses it, and nobody lifted it by name.
    pub const LIMITED: Self = Self(10);
    /// The server may have done it or not: its answer was lost.
    pub const UNSETTLED: Self = Self(11);

    pub fn code(self) -> u8 {
        self.0
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.0)
    }
}
