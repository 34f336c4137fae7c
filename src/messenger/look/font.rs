//! How texts of a picture are written, and about how wide they are.

use unicode_segmentation::UnicodeSegmentation;

use super::width::{columns, fit, wrap};

pub(super) const DARK: &str = "#050505";
pub(super) const PALE: &str = "#5f6368";
pub(super) const BLUE: &str = "#0866ff";

/// How a text is written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Font {
    pub(super) size: f64,
    pub(super) is_bold: bool,
    pub(super) color: &'static str,
    pub(super) anchor: Anchor,
}

/// What of a text its place is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

pub(super) const TEXT: Font = Font {
    size: 15.0,
    is_bold: false,
    color: DARK,
    anchor: Anchor::Start,
};
pub(super) const TITLE: Font = Font {
    is_bold: true,
    ..TEXT
};
pub(super) const SUBTITLE: Font = Font {
    size: 13.0,
    color: PALE,
    ..TEXT
};
pub(super) const LABEL: Font = Font {
    is_bold: true,
    anchor: Anchor::Middle,
    size: 14.0,
    ..TEXT
};
pub(super) const NOTE: Font = Font {
    size: 11.0,
    color: PALE,
    anchor: Anchor::Middle,
    ..TEXT
};

pub(super) fn folded(text: &str, max: f64, lines_max: usize, font: Font) -> Vec<String> {
    wrap(text, max, lines_max, &|part| measured(part, font))
}

pub(super) fn clipped(text: &str, max: f64, font: Font) -> String {
    fit(text, max, &|part| measured(part, font))
}

/// About how wide a text is: which font a viewer has is not known, so it is rather too wide than too narrow.
pub(super) fn measured(text: &str, font: Font) -> f64 {
    let ems: f64 = text.graphemes(true).map(em).sum();
    let bold = if font.is_bold { 1.15 } else { 1.0 };
    ems * font.size * bold
}

fn em(cluster: &str) -> f64 {
    match columns(cluster) {
        0 => return 0.0,
        1 => {}
        _ => return 1.25,
    }
    match cluster.chars().next().unwrap_or(' ') {
        ' ' | 'i' | 'j' | 'l' | '\'' | '|' | '.' | ',' | ':' | ';' | '!' => 0.31,
        'f' | 'r' | 't' | 'I' | '(' | ')' | '[' | ']' | '/' | '-' => 0.39,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.96,
        c if c.is_uppercase() => 0.71,
        _ => 0.6,
    }
}
