//! The look as lines of text, boxes drawn with characters.

use super::width::{columns, fit, wrap};
use super::{Bubble, Button, Card, Look, Part, Row};

/// Narrowest and widest terminal that is drawn for: beyond it lines are hard to read.
const COLUMNS: (usize, usize) = (24, 120);
/// Widest bubble, and a card's width; of a card by itself too.
const BUBBLE_MAX: usize = 64;
const CARD: usize = 30;
const LONE_CARD: usize = 44;
/// What a box takes around a line.
const FRAME: usize = 4;
const LINES_MAX: usize = 200;
/// Lines of a card's title and subtitle, as far as Messenger shows them.
const TITLE_LINES_MAX: usize = 2;
const SUBTITLE_LINES_MAX: usize = 3;

/// The parts of a box, each a list of lines, with a rule between them.
type Sections = Vec<Vec<String>>;

pub(super) fn render(look: &Look, width: usize) -> String {
    let width = width.clamp(COLUMNS.0, COLUMNS.1);
    let mut lines = Vec::new();
    for part in &look.parts {
        match part {
            Part::Bubble(one) => lines.extend(bubble(one, width)),
            Part::Cards(cards) => lines.extend(carousel(cards, width)),
        }
    }
    lines.extend(chips(&look.chips, width));
    lines.join("\n")
}

fn bubble(bubble: &Bubble, width: usize) -> Vec<String> {
    let max = width.min(BUBBLE_MAX) - FRAME;
    let mut sections = vec![folded(&bubble.text, max, LINES_MAX)];
    sections.extend(buttons(&bubble.buttons, max));
    let widest = sections.iter().flatten().map(|line| columns(line)).max();
    boxed(&sections, widest.unwrap_or(0))
}

/// Cards side by side, as many as there is room for, and the others below.
fn carousel(cards: &[Card], width: usize) -> Vec<String> {
    let wanted = if cards.len() == 1 { LONE_CARD } else { CARD };
    let inner = wanted.min(width) - FRAME;
    let beside = ((width + 1) / (inner + FRAME + 1)).max(1);
    let mut lines = Vec::new();
    for cards in cards.chunks(beside) {
        let sections: Vec<_> = cards
            .iter()
            .map(|card| card_sections(card, inner))
            .collect();
        let boxes = level(sections).into_iter();
        let boxes: Vec<_> = boxes.map(|sections| boxed(&sections, inner)).collect();
        let height = boxes.iter().map(Vec::len).max().unwrap_or(0);
        let line = |at: usize| {
            let lines = boxes
                .iter()
                .filter_map(|one| one.get(at).map(String::as_str));
            lines.collect::<Vec<_>>().join(" ")
        };
        lines.extend((0..height).map(line));
    }
    lines
}

/// Pictures, texts and buttons, each perhaps empty.
fn card_sections(card: &Card, inner: usize) -> [Vec<String>; 3] {
    let mut pictures = Vec::new();
    for picture in &card.pictures {
        pictures.push(filled(picture.kind, inner));
        pictures.push(clipped(&picture.place, inner));
    }
    let mut texts = Vec::new();
    for (text, lines_max) in [
        (&card.title, TITLE_LINES_MAX),
        (&card.subtitle, SUBTITLE_LINES_MAX),
    ] {
        if !text.is_empty() {
            texts.extend(folded(text, inner, lines_max));
        }
    }
    texts.extend(card.rows.iter().map(|one| row(one, inner)));
    let buttons = buttons(&card.buttons, inner).into_iter().flatten();
    [pictures, texts, buttons.collect()]
}

/// Makes the sections of cards that stand side by side equally high; one that all lack goes.
fn level(mut cards: Vec<[Vec<String>; 3]>) -> Vec<Sections> {
    let heights = [0, 1, 2].map(|at| cards.iter().map(|card| card[at].len()).max().unwrap_or(0));
    for card in &mut cards {
        for (section, height) in card.iter_mut().zip(heights) {
            section.resize(height, String::new());
        }
    }
    let kept = cards.into_iter().map(|card| {
        let sections = card.into_iter().filter(|section| !section.is_empty());
        sections.collect()
    });
    kept.collect()
}

fn boxed(sections: &[Vec<String>], inner: usize) -> Vec<String> {
    let rule = "─".repeat(inner + 2);
    let mut lines = vec![format!("╭{rule}╮")];
    for (at, section) in sections.iter().enumerate() {
        if at > 0 {
            lines.push(format!("├{rule}┤"));
        }
        lines.extend(
            section
                .iter()
                .map(|line| format!("│ {} │", padded(line, inner))),
        );
    }
    lines.push(format!("╰{rule}╯"));
    lines
}

/// A section of one line for each button, or none.
fn buttons(buttons: &[Button], inner: usize) -> Option<Vec<String>> {
    let line = |button: &Button| {
        let arrow = if button.is_link { "↗" } else { "→" };
        let line = match (button.leads.as_str(), button.is_link) {
            ("", false) => format!("[{}]", button.title),
            (leads, _) => format!("[{}] {arrow} {leads}", button.title),
        };
        clipped(&line, inner)
    };
    (!buttons.is_empty()).then(|| buttons.iter().map(line).collect())
}

/// Quick replies in rows.
fn chips(chips: &[String], width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for chip in chips {
        let chip = format!("( {} )", clipped(chip, width - FRAME));
        match lines.last_mut() {
            Some(line) if columns(line) + 1 + columns(&chip) <= width => {
                line.push(' ');
                line.push_str(&chip);
            }
            _ => lines.push(chip),
        }
    }
    lines
}

/// The name to the left, the value to the right.
fn row(row: &Row, inner: usize) -> String {
    let value = clipped(&row.value, inner * 2 / 3);
    let room = inner.saturating_sub(columns(&value) + 2);
    let name = padded(&clipped(&row.name, room), room);
    format!("{name}  {value}")
}

/// A picture's place: its kind in the middle.
fn filled(kind: &str, inner: usize) -> String {
    let left = inner.saturating_sub(columns(kind) + 2);
    let (before, after) = ("░".repeat(left / 2), "░".repeat(left.div_ceil(2)));
    format!("{before} {kind} {after}")
}

fn folded(text: &str, max: usize, lines_max: usize) -> Vec<String> {
    wrap(text, wide(max), lines_max, &measure)
}

fn clipped(text: &str, max: usize) -> String {
    fit(text, wide(max), &measure)
}

fn padded(text: &str, inner: usize) -> String {
    let missing = inner.saturating_sub(columns(text));
    format!("{text}{}", " ".repeat(missing))
}

fn measure(text: &str) -> f64 {
    wide(columns(text))
}

fn wide(columns: usize) -> f64 {
    // Texts are bounded far below.
    f64::from(u32::try_from(columns).unwrap_or(u32::MAX))
}
