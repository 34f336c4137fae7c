//! Texts of people, made harmless: a name may hold what moves a terminal's cursor or reverses its line.

use unicode_segmentation::UnicodeSegmentation;

/// Most code points of one character as people count: the longest emoji has eleven.
const CLUSTER_CHARS_MAX: usize = 16;
/// Longest text that is shown: the platform takes 2,000.
const TEXT_CHARS_MAX: usize = 4_000;
/// Longest text on one line.
const LINE_CHARS_MAX: usize = 300;

/// A text that may have several lines.
pub(super) fn text(text: &str) -> String {
    bounded(text, TEXT_CHARS_MAX)
}

/// A text on one line.
pub(super) fn line(text: &str) -> String {
    bounded(text, LINE_CHARS_MAX).replace('\n', " ")
}

/// Host and path of a URL: the rest may hold what is nobody's business, or is too long to read.
pub(super) fn place(url: &str) -> String {
    let (_, rest) = url.split_once("://").unwrap_or(("", url));
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let host = host.rsplit('@').next().unwrap_or_default();
    match path {
        "" => line(host),
        path => line(&format!("{host}/{path}")),
    }
}

fn bounded(text: &str, chars_max: usize) -> String {
    let mut cleaned = String::with_capacity(text.len().min(chars_max));
    let mut left = chars_max;
    for cluster in text.graphemes(true) {
        if cluster == "\r\n" {
            cleaned.push('\n');
            continue;
        }
        if left == 0 {
            cleaned.push('…');
            break;
        }
        left -= 1;
        cleaned.extend(cluster.chars().take(CLUSTER_CHARS_MAX).map(harmless));
    }
    cleaned
}

fn harmless(c: char) -> char {
    match c {
        '\n' | '\u{2028}' | '\u{2029}' | '\r' => '\n',
        '\t' => ' ',
        c if c.is_control() || reorders(c) || !is_xml(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// It changes the order of what comes after it, beyond the end of the text.
fn reorders(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// XML has no way to write two characters that are no control characters.
fn is_xml(c: char) -> bool {
    !matches!(c, '\u{fffe}' | '\u{ffff}')
}
