//! Sizes over time as a picture of characters.

use jiff::Timestamp;

use crate::cli::output;

/// A picture wider than this is no easier to read.
const WIDTH_MAX: usize = 100;
const WIDTH_MIN: usize = 10;
const ROWS: usize = 8;
/// Fillings of one character, from empty to full.
const EIGHTHS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A size at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Point {
    pub(super) at: Timestamp,
    pub(super) size: i64,
}

/// Points in the order of time as lines of up to `width` characters: from the smallest size to the largest,
/// with what they are beside and below.
pub(super) fn chart(points: &[Point], width: usize) -> Vec<String> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let min = points.iter().map(|point| point.size).min().unwrap_or(0);
    let max = points.iter().map(|point| point.size).max().unwrap_or(0);
    let (low, high) = (output::count(min), output::count(max));
    let margin = low.len().max(high.len()) + 2;
    let n_columns = width.saturating_sub(margin + 2).clamp(WIDTH_MIN, WIDTH_MAX);
    let columns = columns(points, n_columns);
    let rows = if min == max { 1 } else { ROWS };
    let mut lines = Vec::with_capacity(rows + 3);
    for row in (0..rows).rev() {
        let label = match row {
            0 => &low,
            row if row == rows - 1 => &high,
            _ => "",
        };
        let filled = columns.iter().map(|size| filling(*size, min..=max, row));
        let filled: String = filled.collect();
        lines.push(format!("{label:>margin$} │{filled}"));
    }
    lines.push(ends(first.at, last.at, margin + 2, n_columns));
    lines.push(format!(
        "latest {}, min {low}, max {high}, delta {}",
        output::count(last.size),
        delta(i128::from(last.size) - i128::from(first.size))
    ));
    lines
}

/// The size at each column's instant: the last one that was recorded before it.
fn columns(points: &[Point], n: usize) -> Vec<i64> {
    let (Some(first), Some(last)) = (points.first(), points.last()) else {
        return Vec::new();
    };
    let begin = first.at.as_microsecond();
    let span = i128::from(last.at.as_microsecond() - begin);
    let behind = (n - 1).max(1) as i128;
    let sizes = (0..n as i128).map(|column| {
        let at = i128::from(begin) + span * column / behind;
        let n_before = points.partition_point(|one| i128::from(one.at.as_microsecond()) <= at);
        points[n_before.saturating_sub(1)].size
    });
    sizes.collect()
}

/// The character of a column at a row, 0 being the lowest. The smallest size is a line, not nothing.
fn filling(size: i64, range: std::ops::RangeInclusive<i64>, row: usize) -> char {
    let (min, max) = (i128::from(*range.start()), i128::from(*range.end()));
    if min == max {
        return EIGHTHS[4];
    }
    let steps = (ROWS * 8 - 1) as i128;
    let eighths = 1 + ((i128::from(size) - min) * steps + (max - min) / 2) / (max - min);
    let eighths = usize::try_from(eighths).unwrap_or(0);
    EIGHTHS[eighths.saturating_sub(row * 8).min(8)]
}

/// The first and the last instant below the ends of the picture.
fn ends(first: Timestamp, last: Timestamp, margin: usize, width: usize) -> String {
    let text = |at: Timestamp| at.strftime("%Y-%m-%d %H:%MZ").to_string();
    let (first, last) = (text(first), text(last));
    let margin = " ".repeat(margin);
    if first == last {
        return format!("{margin}{first}");
    }
    let between = width.saturating_sub(first.len() + last.len());
    if between < 2 {
        return format!("{margin}{first} to {last}");
    }
    format!("{margin}{first}{}{last}", " ".repeat(between))
}

fn delta(delta: i128) -> String {
    match delta {
        ..=0 => output::count(delta),
        _ => format!("+{}", output::count(delta)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hourly(sizes: &[i64]) -> Vec<Point> {
        let begin = Timestamp::from_second(1_795_000_000).unwrap();
        let hours = |n: usize| std::time::Duration::from_hours(n as u64);
        let point = |(n, size): (usize, &i64)| Point {
            at: begin + hours(n),
            size: *size,
        };
        sizes.iter().enumerate().map(point).collect()
    }

    #[test]
    fn a_rise_is_drawn_from_the_lowest_to_the_highest() {
        let sizes: Vec<i64> = (0..32).map(|n| 1_000 + n).collect();
        let expected = [
            "  1,031 │                            ▂▄▆█",
            "        │                        ▂▄▆█████",
            "        │                    ▂▄▆█████████",
            "        │                ▂▄▆█████████████",
            "        │            ▁▃▅▇████████████████",
            "        │        ▁▃▅▇████████████████████",
            "        │    ▁▃▅▇████████████████████████",
            "  1,000 │▁▃▅▇████████████████████████████",
            "         2026-11-18 11:06Z to 2026-11-19 18:06Z",
            "latest 1,031, min 1,000, max 1,031, delta +31",
        ];
        assert_eq!(chart(&hourly(&sizes), 41), expected);
    }

    #[test]
    fn what_does_not_change_is_a_line() {
        let expected = [
            "  7 │▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄▄",
            "     2026-11-18 11:06Z           2026-11-18 13:06Z",
            "latest 7, min 7, max 7, delta 0",
        ];
        assert_eq!(chart(&hourly(&[7, 7, 7]), 50), expected);
    }

    #[test]
    fn every_series_fits_its_width() {
        let zigzag: Vec<i64> = (0..2_000).map(|n| (n * 7_919) % 1_000 - 500).collect();
        for (sizes, width) in [
            (&[5][..], 80),
            (&[0, i64::MAX], 120),
            (&[i64::MIN / 2, i64::MAX / 2], 60),
            (&zigzag, 20),
            (&zigzag, 500),
        ] {
            let lines = chart(&hourly(sizes), width);
            let widest = lines[..lines.len() - 2].iter().map(|l| l.chars().count());
            let bound = width.clamp(60, WIDTH_MAX + 30);
            assert!(widest.max().unwrap() <= bound, "{lines:#?}");
        }
    }
}
