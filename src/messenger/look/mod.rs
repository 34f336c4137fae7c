//! What a message looks like in Messenger: as text for a terminal, and as a picture.
//!
//! Begin with [`Look`]: `read` makes its parts of a rendered message with `templates`, `elements` and `values`; `text`
//! and `picture` (with `cards` and `font`) show them. `clean` and `width` are about what people's texts may hold, `svg`
//! writes the picture's elements.
//!
//! **Invariant:** whatever a message holds, what is shown is bounded, has no control characters, and loads nothing.

mod cards;
mod clean;
mod elements;
mod font;
mod picture;
mod read;
mod svg;
mod templates;
mod text;
mod values;
mod width;

#[cfg(test)]
mod tests;

use serde_json::Value as Json;

/// A message as a person sees it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    parts: Vec<Part>,
    /// Quick replies.
    chips: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Bubble(Bubble),
    /// Side by side.
    Cards(Vec<Card>),
}

/// A text, perhaps with buttons below.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Bubble {
    text: String,
    buttons: Vec<Button>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Card {
    pictures: Vec<Picture>,
    /// Pictures are square, not wide.
    is_square: bool,
    title: String,
    subtitle: String,
    rows: Vec<Row>,
    buttons: Vec<Button>,
}

/// Something that a page would load: shown as a placeholder.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Picture {
    /// `image`, `video`, …
    kind: &'static str,
    /// Where it would be loaded from: host and path.
    place: String,
}

/// A line of a receipt, and of whatever has no look of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Row {
    name: String,
    value: String,
    is_total: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Button {
    title: String,
    /// Leaves Messenger.
    is_link: bool,
    /// Where a tap leads: host and path, or what comes back.
    leads: String,
}

// === impl Look ===

impl Look {
    /// The look of a rendered message, with the Send API's keys.
    pub fn of(message: &Json) -> Self {
        read::look(message)
    }

    /// For a terminal that wide.
    pub fn to_text(&self, columns: usize) -> String {
        text::render(self, columns)
    }

    /// As an SVG picture.
    pub fn to_svg(&self) -> String {
        picture::draw(self)
    }
}
