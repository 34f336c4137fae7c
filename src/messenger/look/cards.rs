//! Cards of the picture: pictures on top, then texts and rows, buttons at the bottom.

use super::font::{Anchor, DARK, Font, NOTE, PALE, SUBTITLE, TITLE, clipped, folded, measured};
use super::picture::{GAP, LINE, SMALL_LINE, buttons_height, draw_buttons, write_lines};
use super::svg::{Area, Canvas, PADDING, RADIUS, count};
use super::{Card, Picture, Row};

const CARD: f64 = 240.0;
/// The platform's 1.91 to 1.
const WIDE_PICTURE: f64 = 126.0;
/// Pictures of a grid, two in a row.
const GRID_PICTURE: f64 = 92.0;
const TITLE_LINES_MAX: usize = 2;
const SUBTITLE_LINES_MAX: usize = 3;
/// Between pictures of a grid.
const SEAM: f64 = 2.0;
/// Between texts and rows.
const ROWS_GAP: f64 = 8.0;

const EDGE: &str = "#dfe1e5";
const PLACEHOLDER: &str = "#d5dae1";
const DRAWN: &str = "#aab2bd";

/// Draws cards side by side, all as high as the highest, and answers how high that is.
pub(super) fn carousel(canvas: &mut Canvas, cards: &[Card], left: f64, y: f64) -> f64 {
    let height = cards.iter().map(height_of).fold(0.0, f64::max);
    let mut x = left;
    for card in cards {
        let area = Area {
            x,
            y,
            width: CARD,
            height,
        };
        draw_card(canvas, card, area);
        x += CARD + GAP;
    }
    height
}

fn height_of(card: &Card) -> f64 {
    let texts = texts_height(card) + buttons_height(&card.buttons);
    let padding = if texts > 0.0 {
        2.0 * PADDING - 4.0
    } else {
        0.0
    };
    pictures_height(card) + texts + padding
}

fn texts_height(card: &Card) -> f64 {
    let rows = count(card.rows.len()) * SMALL_LINE;
    let gap = if card.rows.is_empty() { 0.0 } else { ROWS_GAP };
    count(title(card).len()) * LINE + count(subtitle(card).len()) * SMALL_LINE + gap + rows
}

fn pictures_height(card: &Card) -> f64 {
    match card.pictures.len() {
        0 => 0.0,
        1 if card.is_square => CARD,
        1 => WIDE_PICTURE,
        n => count(n.div_ceil(2)) * GRID_PICTURE,
    }
}

fn draw_card(canvas: &mut Canvas, card: &Card, area: Area) {
    draw_pictures(canvas, card, area);
    canvas.frame(area, RADIUS, EDGE);
    let mut y = area.y + pictures_height(card) + PADDING - 2.0;
    let x = area.x + PADDING;
    y += write_lines(canvas, &title(card), x, y, TITLE);
    y += write_lines(canvas, &subtitle(card), x, y, SUBTITLE);
    y += ROWS_GAP;
    for row in &card.rows {
        draw_row(canvas, row, Area { y, ..area });
        y += SMALL_LINE;
    }
    let bottom = area.y + area.height - PADDING + 2.0;
    let y = bottom - buttons_height(&card.buttons);
    draw_buttons(canvas, &card.buttons, Area { y, ..area });
}

/// One over the whole width, or two in a row; corners are round where they are the card's.
fn draw_pictures(canvas: &mut Canvas, card: &Card, area: Area) {
    let all = pictures_height(card);
    let beside = if card.pictures.len() > 1 { 2 } else { 1 };
    let rows = card.pictures.len().div_ceil(beside).max(1);
    let (width, height) = (area.width / count(beside), all / count(rows));
    for (at, picture) in card.pictures.iter().enumerate() {
        let (column, row) = (at % beside, at / beside);
        let is_last = at + 1 == card.pictures.len();
        let is_alone = is_last && column == 0;
        let place = Area {
            x: area.x + count(column) * width,
            y: area.y + count(row) * height,
            width: match (is_alone, column + 1 == beside) {
                (true, _) => area.width,
                (false, true) => width,
                (false, false) => width - SEAM,
            },
            height: if row + 1 == rows {
                height
            } else {
                height - SEAM
            },
        };
        let is_right = column + 1 == beside || is_alone;
        let is_bottom = row + 1 == rows && all >= area.height;
        let corners = [
            row == 0 && column == 0,
            row == 0 && is_right,
            is_bottom && is_right,
            is_bottom && column == 0,
        ];
        draw_picture(canvas, picture, place, corners);
    }
}

fn draw_picture(canvas: &mut Canvas, picture: &Picture, area: Area, corners: [bool; 4]) {
    canvas.sheet(
        area,
        corners.map(|is_round| if is_round { RADIUS } else { 0.0 }),
        PLACEHOLDER,
    );
    let middle = area.x + area.width / 2.0;
    let center = area.y + area.height / 2.0 - 8.0;
    if matches!(picture.kind, "video" | "audio") {
        let (left, right) = (middle - 12.0, middle + 18.0);
        let (top, bottom) = (center - 17.0, center + 17.0);
        let triangle = format!("M{left} {top}L{right} {center}L{left} {bottom}Z");
        canvas.path(&triangle, DRAWN);
    } else {
        canvas.circle(middle + 15.0, center - 12.0, 6.0, DRAWN);
        let hills = [
            (-30.0, 18.0),
            (-10.0, -14.0),
            (6.0, 6.0),
            (13.0, -1.0),
            (30.0, 18.0),
        ];
        let points = hills.map(|(x, y)| format!("{} {}", middle + x, center + y));
        canvas.path(&format!("M{}Z", points.join("L")), DRAWN);
    }
    // What an image is can be seen.
    let note = match picture.kind {
        "image" => picture.place.clone(),
        kind => format!("{kind} · {}", picture.place),
    };
    let note = clipped(&note, area.width - 2.0 * PADDING, NOTE);
    canvas.text(middle, area.y + area.height - 10.0, NOTE, &note);
}

fn draw_row(canvas: &mut Canvas, row: &Row, area: Area) {
    let font = Font {
        is_bold: row.is_total,
        color: if row.is_total { DARK } else { PALE },
        ..SUBTITLE
    };
    let inner = area.width - 2.0 * PADDING;
    let value = clipped(&row.value, inner * 0.7, font);
    let room = inner - measured(&value, font) - 6.0;
    let name = clipped(&row.name, room, font);
    let (left, right) = (area.x + PADDING, area.x + area.width - PADDING);
    let y = area.y + SUBTITLE.size;
    canvas.text(left, y, font, &name);
    let font = Font {
        anchor: Anchor::End,
        ..font
    };
    canvas.text(right, y, font, &value);
}

fn title(card: &Card) -> Vec<String> {
    lines(&card.title, TITLE_LINES_MAX, TITLE)
}

fn subtitle(card: &Card) -> Vec<String> {
    lines(&card.subtitle, SUBTITLE_LINES_MAX, SUBTITLE)
}

fn lines(text: &str, lines_max: usize, font: Font) -> Vec<String> {
    if text.is_empty() {
        return Vec::new();
    }
    folded(text, CARD - 2.0 * PADDING, lines_max, font)
}
