//! Quoting what people wrote.

use super::limits;

/// As much of a text as a message may quote.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(limits::QUOTED_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
