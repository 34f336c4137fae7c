//! The command line as people and scripts meet it: what it prints, and with which code it ends.

mod apply;
mod attributes;
mod audience;
mod bad_files;
mod bad_input;
mod bench;
mod beside;
mod braze;
mod codes;
mod demo;
mod dev;
mod examples;
mod fmt;
mod forge;
mod help;
mod import;
mod many;
mod misses;
mod offline;
mod plan;
mod preview;
mod revisions;
mod saved;
mod scopes;
mod segments;
mod sends;
mod serve;
mod story;
mod test_command;
mod versions;

use std::process::Output;

use assert_cmd::Command;

/// The program without the environment of who runs the tests.
fn recado(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_recado"));
    command.env_clear().args(arguments);
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("what is printed is text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("what is printed is text")
}
