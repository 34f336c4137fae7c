//! Lists of what has an id: ids and numbers stay whole on a narrow terminal, so that they can be copied.

use std::io::{IsTerminal, stdout};

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::output;
use crate::api::pb;

/// The least that a column of words keeps.
const WORDS_MIN: u16 = 9;

/// How a column may be narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// An id or a time, which is of no use in parts.
    Whole(&'static str),
    /// Words, which may go on below.
    Words(&'static str),
    /// A count. On a terminal it is left out where every row has 0.
    Count(&'static str),
}

/// Prints rows under upper-case heads.
pub(super) fn print(columns: &[Column], rows: &[Vec<String>]) {
    let is_terminal = stdout().is_terminal();
    output::line(render(columns, rows, is_terminal, None));
}

/// Says on stderr that there is more than was shown.
pub(super) fn note_rest(shown: usize, order: &str, next: &str) {
    if !next.is_empty() {
        output::note(format_args!(
            "{shown} shown, {order} first; there are more: raise `--limit`, or go on with `--after {next}`"
        ));
    }
}

/// The counts of a send by state: they add up to its total.
pub(super) fn counts(counts: &pb::SendCounts) -> [(&'static str, i64); 7] {
    [
        ("pending", counts.pending),
        ("sending", counts.sending),
        ("sent", counts.sent),
        ("failed", counts.failed),
        ("skipped", counts.skipped),
        ("unknown", counts.unknown),
        ("cancelled", counts.cancelled),
    ]
}

fn render(
    columns: &[Column],
    rows: &[Vec<String>],
    is_terminal: bool,
    width: Option<u16>,
) -> String {
    let is_shown = |(at, column): &(usize, &Column)| {
        let is_count = matches!(column, Column::Count(_));
        !(is_terminal && is_count) || rows.iter().any(|row| row[*at] != "0")
    };
    let shown: Vec<(usize, &Column)> = columns.iter().enumerate().filter(is_shown).collect();
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(shown.iter().map(|(_, column)| column.name().to_uppercase()));
    if let Some(width) = width {
        table.set_width(width);
    }
    for row in rows {
        table.add_row(shown.iter().map(|(at, _)| row[*at].clone()));
    }
    for (cell, (_, column)) in table.column_iter_mut().zip(&shown) {
        cell.set_constraint(match column {
            Column::Whole(_) | Column::Count(_) => ColumnConstraint::ContentWidth,
            Column::Words(_) => ColumnConstraint::LowerBoundary(Width::Fixed(WORDS_MIN)),
        });
    }
    table.trim_fmt()
}

// === impl Column ===

impl Column {
    fn name(self) -> &'static str {
        match self {
            Self::Whole(name) | Self::Words(name) | Self::Count(name) => name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "snd_0123456789abcdef0123456789abcdef";

    #[test]
    fn ids_stay_whole_on_a_narrow_terminal() {
        let columns = [
            Column::Whole("send"),
            Column::Words("detail"),
            Column::Count("sent"),
            Column::Count("failed"),
        ];
        let detail = "outside the 24-hour window, which begins with what the person writes";
        let rows = [[ID, detail, "1,000", "0"].map(str::to_owned).to_vec()];
        let narrow = render(&columns, &rows, true, Some(80));
        assert!(narrow.contains(ID) && narrow.contains("1,000"), "{narrow}");
        assert!(narrow.lines().all(|line| line.len() <= 80), "{narrow}");
        assert!(!narrow.contains("FAILED"), "{narrow}");
        let piped = render(&columns, &rows, false, Some(200));
        assert!(
            piped.contains("FAILED") && piped.contains(detail),
            "{piped}"
        );
    }
}
