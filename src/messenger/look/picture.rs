//! The look as an SVG picture.

use super::cards::carousel;
use super::font::{BLUE, Font, LABEL, NOTE, TEXT, clipped, folded, measured};
use super::svg::{Area, Canvas, PADDING, RADIUS, count, round};
use super::{Bubble, Button, Look, Part};

const MARGIN: f64 = 16.0;
/// Where parts begin: to the right of the page's portrait.
const LEFT: f64 = 56.0;
const PORTRAIT: f64 = 14.0;
/// Between parts, and between what stands side by side.
pub(super) const GAP: f64 = 8.0;
const BUBBLE_MAX: f64 = 320.0;
/// Widest row of quick replies.
const CHIPS_MAX: f64 = 420.0;
pub(super) const LINE: f64 = 20.0;
pub(super) const SMALL_LINE: f64 = 17.0;
const BUTTON: f64 = 34.0;
/// Between buttons.
const BUTTON_GAP: f64 = 6.0;
const LINES_MAX: usize = 120;

const GREY: &str = "#f0f0f0";
const PRESSABLE: &str = "#e0e3e8";

pub(super) fn draw(look: &Look) -> String {
    let mut canvas = Canvas::default();
    let mut y = MARGIN;
    for part in &look.parts {
        let height = match part {
            Part::Bubble(one) => bubble(&mut canvas, one, y),
            Part::Cards(cards) => carousel(&mut canvas, cards, LEFT, y),
        };
        y += height + GAP;
    }
    if !look.parts.is_empty() {
        portrait(&mut canvas, y - GAP - PORTRAIT);
    }
    chips(&mut canvas, &look.chips, y + GAP);
    canvas.finish(MARGIN)
}

/// Draws it and answers how high it is.
fn bubble(canvas: &mut Canvas, bubble: &Bubble, y: f64) -> f64 {
    let inner = BUBBLE_MAX - 2.0 * PADDING;
    let lines = folded(&bubble.text, inner, LINES_MAX, TEXT);
    let titles = bubble.buttons.iter();
    let titles = titles.map(|button| measured(&button.title, LABEL) + 2.0 * PADDING);
    let widths = lines.iter().map(|line| measured(line, TEXT));
    let widest = widths.chain(titles).fold(0.0, f64::max).min(inner);
    let text_height = count(lines.len()) * LINE;
    let area = Area {
        x: LEFT,
        y,
        width: round(widest + 2.0 * PADDING),
        height: text_height + buttons_height(&bubble.buttons) + 2.0 * PADDING - 4.0,
    };
    canvas.rect(area, RADIUS, GREY, None);
    let top = y + PADDING - 2.0;
    write_lines(canvas, &lines, LEFT + PADDING, top, TEXT);
    let below = Area {
        y: top + text_height,
        ..area
    };
    draw_buttons(canvas, &bubble.buttons, below);
    area.height
}

/// The page that speaks: a circle with a bubble in it.
fn portrait(canvas: &mut Canvas, y: f64) {
    let x = LEFT / 2.0 + 2.0;
    canvas.circle(x, y, PORTRAIT, BLUE);
    let bubble = Area {
        x: x - 7.0,
        y: y - 6.0,
        width: 14.0,
        height: 10.0,
    };
    canvas.rect(bubble, 4.0, "#ffffff", None);
    let (left, right, top, bottom) = (x - 4.0, x + 1.0, y + 3.0, y + 7.5);
    canvas.path(
        &format!("M{left} {top}L{right} {top}L{left} {bottom}Z"),
        "#ffffff",
    );
}

fn chips(canvas: &mut Canvas, chips: &[String], top: f64) {
    let (mut x, mut y) = (LEFT, top);
    let font = Font {
        color: BLUE,
        ..LABEL
    };
    for chip in chips {
        let title = clipped(chip, CHIPS_MAX - 3.0 * PADDING, font);
        let width = round(measured(&title, font) + 2.0 * PADDING);
        if x > LEFT && x + width > LEFT + CHIPS_MAX {
            (x, y) = (LEFT, y + BUTTON + GAP);
        }
        let pill = Area {
            x,
            y,
            width,
            height: BUTTON,
        };
        canvas.rect(pill, BUTTON / 2.0, "#ffffff", Some(BLUE));
        canvas.text(x + width / 2.0, y + 22.0, font, &title);
        x += width + GAP;
    }
}

pub(super) fn buttons_height(buttons: &[Button]) -> f64 {
    count(buttons.len()) * (BUTTON + BUTTON_GAP)
}

pub(super) fn draw_buttons(canvas: &mut Canvas, buttons: &[Button], area: Area) {
    let mut y = area.y + BUTTON_GAP;
    for button in buttons {
        let pill = Area {
            x: area.x + PADDING,
            y,
            width: area.width - 2.0 * PADDING,
            height: BUTTON,
        };
        canvas.rect(pill, 8.0, PRESSABLE, None);
        let title = clipped(&button.title, pill.width - PADDING, LABEL);
        canvas.text(pill.x + pill.width / 2.0, y + 22.0, LABEL, &title);
        y += BUTTON + BUTTON_GAP;
    }
}

/// Draws lines and answers how high they are together.
pub(super) fn write_lines(
    canvas: &mut Canvas,
    lines: &[String],
    x: f64,
    top: f64,
    font: Font,
) -> f64 {
    let is_small = font.size < TEXT.size && font.size > NOTE.size;
    let height = if is_small { SMALL_LINE } else { LINE };
    for (at, line) in lines.iter().enumerate() {
        canvas.text(x, top + count(at) * height + font.size, font, line);
    }
    count(lines.len()) * height
}
