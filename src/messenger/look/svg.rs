//! The elements of a picture. Everything that is written is escaped; nothing is referred to.

use std::fmt::Write;

use super::font::{Anchor, Font};

/// Between an edge and what is within.
pub(super) const PADDING: f64 = 12.0;
/// Of bubbles and cards.
pub(super) const RADIUS: f64 = 18.0;

/// A picture in the making.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    elements: String,
    width: f64,
    height: f64,
}

/// A rectangle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

// === impl Canvas ===

impl Canvas {
    pub(super) fn rect(&mut self, area: Area, radius: f64, fill: &str, stroke: Option<&str>) {
        let stroke = stroke.map_or_else(String::new, |color| format!(" stroke=\"{color}\""));
        let Area {
            x,
            y,
            width,
            height,
        } = area;
        self.reach(x + width, y + height);
        self.element(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{radius}\" fill=\"{fill}\"{stroke}/>"
        ));
    }

    /// Only the edge.
    pub(super) fn frame(&mut self, area: Area, radius: f64, color: &str) {
        self.rect(area, radius, "none", Some(color));
    }

    /// A rectangle with a radius for each corner, from the upper left one clockwise.
    pub(super) fn sheet(&mut self, area: Area, [a, b, c, d]: [f64; 4], fill: &str) {
        let (left, top) = (area.x, area.y);
        let (right, bottom) = (left + area.width, top + area.height);
        let arc = |radius: f64, x: f64, y: f64| format!("A{radius} {radius} 0 0 1 {x} {y}");
        let data = format!(
            "M{} {top}H{}{}V{}{}H{}{}V{}{}Z",
            left + a,
            right - b,
            arc(b, right, top + b),
            bottom - c,
            arc(c, right - c, bottom),
            left + d,
            arc(d, left, bottom - d),
            top + a,
            arc(a, left + a, top),
        );
        self.reach(right, bottom);
        self.path(&data, fill);
    }

    pub(super) fn circle(&mut self, x: f64, y: f64, radius: f64, fill: &str) {
        self.element(format_args!(
            "<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\" fill=\"{fill}\"/>"
        ));
    }

    /// `data` is ours, never a message's.
    pub(super) fn path(&mut self, data: &str, fill: &str) {
        self.element(format_args!("<path d=\"{data}\" fill=\"{fill}\"/>"));
    }

    /// `y` is the line that letters stand on.
    pub(super) fn text(&mut self, x: f64, y: f64, font: Font, text: &str) {
        if text.is_empty() {
            return;
        }
        let weight = if font.is_bold {
            " font-weight=\"600\""
        } else {
            ""
        };
        let anchor = match font.anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let (size, color, text) = (font.size, font.color, escaped(text));
        self.element(format_args!(
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\" fill=\"{color}\"{weight}{anchor}>{text}</text>"
        ));
    }

    /// The whole picture, with a margin to the right and below.
    pub(super) fn finish(self, margin: f64) -> String {
        let (width, height) = (self.width + margin, self.height + margin);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" role=\"img\">\n\
             <title>A message in Messenger</title>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n{}</svg>\n",
            self.elements
        )
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.elements, "{element}");
    }

    fn reach(&mut self, x: f64, y: f64) {
        self.width = self.width.max(x);
        self.height = self.height.max(y);
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// Figures in pictures are short: half a pixel is enough.
pub(super) fn round(px: f64) -> f64 {
    (px * 2.0).round() / 2.0
}

/// How many of something there are, to reckon with: bounded far below.
pub(super) fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
