//! How wide texts are, in columns of a terminal, and breaking them into lines.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// How wide something is, in whatever unit lines are measured.
pub(super) type Measure<'a> = &'a dyn Fn(&str) -> f64;

/// Columns of a terminal. A wide character takes two, an emoji of several code points two as well.
pub(super) fn columns(text: &str) -> usize {
    text.graphemes(true)
        .map(|cluster| UnicodeWidthStr::width(cluster).min(2))
        .sum()
}

/// `text` in lines of at most `max`, broken between words where it can be; at most `lines_max` of them.
pub(super) fn wrap(text: &str, max: f64, lines_max: usize, measure: Measure<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        wrap_paragraph(paragraph, max, measure, &mut lines);
        if lines.len() > lines_max {
            lines.truncate(lines_max);
            if let Some(last) = lines.last_mut() {
                last.push('…');
                *last = fit(last, max, measure);
            }
            break;
        }
    }
    lines
}

/// As much of `text` as fits, with `…` where something is cut.
pub(super) fn fit(text: &str, max: f64, measure: Measure<'_>) -> String {
    if measure(text) <= max {
        return text.to_owned();
    }
    let room = max - measure("…");
    let (mut cut, mut used) = (String::new(), 0.0);
    for cluster in text.trim_end_matches('…').graphemes(true) {
        used += measure(cluster);
        if used > room {
            break;
        }
        cut.push_str(cluster);
    }
    cut.push('…');
    cut
}

fn wrap_paragraph(paragraph: &str, max: f64, measure: Measure<'_>, lines: &mut Vec<String>) {
    let (mut line, mut used) = (String::new(), 0.0);
    for word in paragraph.split_word_bounds() {
        let width = measure(word);
        if used + width > max && !line.is_empty() {
            lines.push(std::mem::take(&mut line).trim_end().to_owned());
            used = 0.0;
        }
        // A blank that did not fit any more is the break itself.
        if line.is_empty() && word.trim().is_empty() && !lines.is_empty() {
            continue;
        }
        if width <= max {
            line.push_str(word);
            used += width;
            continue;
        }
        for cluster in word.graphemes(true) {
            let width = measure(cluster);
            if used + width > max && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
                used = 0.0;
            }
            line.push_str(cluster);
            used += width;
        }
    }
    lines.push(line.trim_end().to_owned());
}
