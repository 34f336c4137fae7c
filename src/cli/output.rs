//! The only printer: data goes to stdout, everything else to stderr, colour to terminals only.
//!
//! A reader that went away (`recado … | head`) is not an error; a full disk is, at the command's end.

use std::fmt::Display;
use std::io::{ErrorKind, IsTerminal, Write, stderr, stdin, stdout};
use std::sync::OnceLock;
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::{ContentArrangement, Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const BAD: Style = AnsiColor::Red.on_default();
const BOLD: Style = Style::new().bold();

/// What could not be written: the command has not done what it was asked, whatever else it did.
static LOST: OnceLock<std::io::Error> = OnceLock::new();

/// Data.
pub(super) fn line(text: impl Display) {
    keep(writeln!(anstream::stdout(), "{text}"));
}

/// Why some data was not written, at the command's end.
pub(super) fn lost() -> Option<&'static std::io::Error> {
    keep(stdout().flush());
    LOST.get()
}

/// A reader that went away has all it wanted.
fn keep(written: std::io::Result<()>) {
    if let Err(error) = written
        && error.kind() != ErrorKind::BrokenPipe
    {
        drop(LOST.set(error));
    }
}

/// One JSON document.
pub(super) fn json(value: &Value) {
    line(format_args!("{value:#}"));
}

/// One line of JSON lines.
pub(super) fn json_line(value: &Value) {
    line(value);
}

/// Bytes as they are, such as a completion script.
pub(super) fn raw(bytes: &[u8]) {
    keep(anstream::stdout().write_all(bytes));
}

/// What is said beside the data.
pub(super) fn note(text: impl Display) {
    drop(writeln!(anstream::stderr(), "{text}"));
}

pub(super) fn warn(text: impl Display) {
    note(format_args!("{WARNING}warning{WARNING:#}: {text}"));
}

pub(super) fn error(text: impl Display) {
    note(format_args!("{ERROR}error{ERROR:#}: {text}"));
}

pub(super) fn bold(text: impl Display) -> String {
    format!("{BOLD}{text}{BOLD:#}")
}

pub(super) fn good(text: impl Display) -> String {
    format!("{GOOD}{text}{GOOD:#}")
}

pub(super) fn bad(text: impl Display) -> String {
    format!("{BAD}{text}{BAD:#}")
}

/// How many characters fit in a line of the terminal; `None` when nobody looks.
pub(super) fn width() -> Option<usize> {
    stdout().is_terminal().then(|| {
        Table::new()
            .width()
            .map(usize::from)
            .filter(|width| *width > 0)
            .unwrap_or(80)
    })
}

/// Rows under upper-case heads, without rules: easy to read and to cut.
pub(super) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(head.map(str::to_uppercase));
    for row in rows {
        table.add_row(row);
    }
    line(table.trim_fmt());
}

/// A bar on stderr; invisible unless stderr is a terminal.
pub(super) fn progress(total: u64, template: &'static str) -> ProgressBar {
    let bar = if stderr().is_terminal() {
        ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr())
    } else {
        ProgressBar::hidden()
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style.progress_chars("=> "));
    }
    bar
}

/// Asks on the terminal; `None` when there is nobody to ask.
pub(super) fn confirm(question: &str) -> Option<bool> {
    if !stdin().is_terminal() || !stderr().is_terminal() {
        return None;
    }
    drop(write!(anstream::stderr(), "{question} [y/N] "));
    let mut answer = String::new();
    stdin().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Texts of people may hold what would move a terminal's cursor.
pub(super) fn harmless(text: &str) -> String {
    let is_fine = |c: char| matches!(c, '\n' | '\t') || !c.is_control();
    let shown = |c| {
        if is_fine(c) {
            c
        } else {
            char::REPLACEMENT_CHARACTER
        }
    };
    text.chars().map(shown).collect()
}

/// `12345678` as `12,345,678`.
pub(super) fn count(n: impl Into<i128>) -> String {
    let n = n.into();
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A span of time with three digits: `1.23 ms`.
pub(super) fn span(span: Duration) -> String {
    let secs = span.as_secs_f64();
    match secs {
        s if s >= 1.0 => format!("{s:.2} s"),
        s if s >= 0.001 => format!("{:.2} ms", s * 1e3),
        s => format!("{:.0} µs", s * 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_three() {
        for (n, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (12_345_678, "12,345,678"),
            (-1_000, "-1,000"),
        ] {
            assert_eq!(count(n), text);
        }
    }

    #[test]
    fn spans_take_the_unit_that_fits() {
        for (micros, text) in [(5, "5 µs"), (1_500, "1.50 ms"), (2_500_000, "2.50 s")] {
            assert_eq!(span(Duration::from_micros(micros)), text);
        }
    }
}
