//! The wall: large counts, then the services page by page, red first.
//!
//! No cursor and nothing to press. What is older than it should be is dimmed; the picture wanders
//! by a column an hour, so that nothing burns in.

use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::config::Motion;
use crate::domain::Timestamp;
use crate::domain::status::Severity;
use crate::domain::text::counted;
use crate::engine::snapshot::{FRESH_SECS, Health, Snapshot};
use crate::ui::age::Age;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;
use crate::ui::wall::{self, WANDERS};

mod digits;
mod pages;
#[cfg(test)]
mod tests;

use digits::Scale;
use pages::{Counts, Placed, Section, Whole};

/// The narrowest screen on which the picture wanders.
const WIDE: u16 = 30;

/// Columns between two figures at least.
const GAP: u16 = 3;

/// A count with its word.
struct Figure {
    text: String,
    mark: &'static str,
    word: &'static str,
    style: Style,
}

/// Paints the wall over the whole screen.
pub(in crate::ui::view) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot) {
    let area = place(paint, state);
    if area.width == 0 || area.height == 0 {
        return;
    }
    let whole = pages::collect(state, snapshot, paint.now);
    let figures = figures(paint, snapshot, whole.counts);
    let head = head(paint, &figures, area);
    let foot = u16::from(area.height > head + 1);
    let body = Rect::new(
        area.x,
        area.y + head,
        area.width,
        area.height.saturating_sub(head + foot),
    );
    let pages = pages::pages(&whole.sections, body.height);
    let page = settle_page(paint, state, pages.len());
    if let Some(placed) = pages.get(page) {
        page_of(paint, snapshot, &whole.sections, placed, body);
    } else {
        all_calm(paint, snapshot, &whole, body);
    }
    if foot > 0 {
        let row = Rect::new(area.x, area.bottom() - 1, area.width, 1);
        footer(paint, state, snapshot, &whole, row, (page, pages.len()));
    }
}

/// Returns where the picture stands this hour.
fn place(paint: &mut Paint<'_>, state: &UiState) -> Rect {
    let area = paint.area();
    let Some(wall) = state.wall.as_ref().filter(|_| area.width >= WIDE) else {
        return area;
    };
    let (shift, next) = match state.options.motion {
        Motion::Full => wall.shift(paint.now),
        Motion::Reduced => (0, paint.now),
    };
    paint.note(next);
    Rect::new(area.x + shift, area.y, area.width - WANDERS, area.height)
}

/// Notes how many pages there are and when the next is turned; returns which one is shown.
fn settle_page(paint: &mut Paint<'_>, state: &mut UiState, count: usize) -> usize {
    // With one page there is nothing to wake up for, but a bell may be rung again.
    if let Some(at) = wall::turns_at(state).filter(|_| count > 1) {
        paint.note(at.max(paint.now + chrono::TimeDelta::milliseconds(1)));
    }
    let Some(wall) = state.wall.as_mut() else {
        return 0;
    };
    wall.pages = count.max(1);
    wall.page % wall.pages
}

fn figures(paint: &mut Paint<'_>, snapshot: &Snapshot, counts: Counts) -> Vec<Figure> {
    let glyphs = paint.theme.glyphs();
    let theme = paint.theme;
    let count = |number: usize, severity: Severity, word| Figure {
        text: number.to_string(),
        mark: glyphs.severity(severity),
        word,
        style: if number == 0 {
            theme.style(Role::Dim)
        } else {
            theme.severity(severity)
        },
    };
    let mut figures: Vec<Figure> = counts
        .told()
        .into_iter()
        // That nothing is unknown is what one expects.
        .filter(|(number, severity, _)| *number > 0 || *severity != Severity::Unknown)
        .map(|(number, severity, word)| count(number, severity, word))
        .collect();
    figures.push(age_of_data(paint, snapshot));
    figures
}

/// The age of the oldest answer that what is shown stands on.
fn age_of_data(paint: &mut Paint<'_>, snapshot: &Snapshot) -> Figure {
    let theme = paint.theme;
    let asked = snapshot.sources.iter();
    let oldest: Option<Vec<Timestamp>> = asked.map(|source| source.last_success).collect();
    let oldest = oldest.and_then(|all| all.into_iter().min());
    let (text, is_old) = match oldest {
        Some(at) => {
            let age = paint.age(at);
            let text = if age.is_now() {
                "0m".to_owned()
            } else {
                age.to_string()
            };
            (text, (paint.now - at).num_seconds() > FRESH_SECS)
        }
        None => ("?".to_owned(), true),
    };
    let role = if is_old { Role::Stale } else { Role::Text };
    let mark = theme.glyphs().severity(Severity::Unknown);
    Figure {
        text,
        mark: if is_old { mark } else { "" },
        word: if is_old { "old data" } else { "data" },
        style: theme.style(role),
    }
}

/// Paints the counts as large as there is room for; returns the rows that they take.
fn head(paint: &mut Paint<'_>, figures: &[Figure], area: Rect) -> u16 {
    let label = |figure: &Figure| cols(figure.word.len()) + 2;
    let fits = |scale: &Scale| {
        let wide = figures
            .iter()
            .map(|figure| scale.width(&figure.text).max(label(figure)) + GAP);
        scale.height() <= area.height / 3
            && wide.fold(0_u16, u16::saturating_add).saturating_sub(GAP) <= area.width
    };
    let Some(scale) = Scale::ALL.into_iter().find(fits) else {
        return words(paint, figures, area);
    };
    let wide: Vec<u16> = figures
        .iter()
        .map(|figure| scale.width(&figure.text).max(label(figure)))
        .collect();
    let used = wide.iter().sum::<u16>();
    let spaces = cols(figures.len()).saturating_sub(1).max(1);
    let gap = area.width.saturating_sub(used) / spaces;
    let mut x = area.x;
    for (figure, wide) in figures.iter().zip(wide) {
        digits::paint(paint, (x, area.y), &figure.text, scale, figure.style);
        let y = area.y + scale.height();
        let end = paint.text(x, y, 1, figure.mark, figure.style);
        let end = if figure.mark.is_empty() { end } else { end + 1 };
        paint.text(end, y, wide, figure.word, figure.style);
        x = x.saturating_add(wide).saturating_add(gap);
    }
    (scale.height() + 2).min(area.height)
}

/// The counts as words, on a screen too small for more; what does not fit is left out.
fn words(paint: &mut Paint<'_>, figures: &[Figure], area: Rect) -> u16 {
    let most = if area.height >= 4 { 2 } else { 1 };
    let (mut x, mut y) = (area.x, area.y);
    for figure in figures {
        let text = format!("{}{} {}", figure.mark, figure.text, figure.word);
        if x > area.x && x + width(&text) > area.right() {
            if y + 1 >= area.y + most {
                break;
            }
            (x, y) = (area.x, y + 1);
        }
        let left = area.right().saturating_sub(x);
        x = paint.text(x, y, left, &text, figure.style) + 2;
    }
    let rows = y - area.y + 1;
    rows + u16::from(area.height >= 8)
}

fn page_of(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    sections: &[Section<'_>],
    placed: &[Placed],
    body: Rect,
) {
    let mut y = body.y;
    for one in placed {
        let Some(section) = sections.get(one.section).filter(|_| y < body.bottom()) else {
            return;
        };
        heading(paint, section, *one, Rect::new(body.x, y, body.width, 1));
        y += 1;
        for item in section.cards.iter().skip(one.from).take(one.cards) {
            card(paint, snapshot, item, Rect::new(body.x, y, body.width, 1));
            y += 1;
        }
        y += 1;
    }
}

fn heading(paint: &mut Paint<'_>, section: &Section<'_>, placed: Placed, row: Rect) {
    let theme = paint.theme;
    let style = theme.style(Role::Title);
    let mut end = paint.text(row.x, row.y, row.width, section.name, style);
    if placed.from > 0 {
        let left = row.right().saturating_sub(end);
        end = paint.text(end, row.y, left, ", continued", style);
    }
    let (red, others) = placed.left(section);
    let more = match (red, others) {
        (0, 0) => String::new(),
        (0, others) => format!("+ {others} more"),
        (red, 0) => format!("+ {red} failed"),
        (red, others) => format!("+ {red} failed, {others} more"),
    };
    let mut right = row.right();
    // That there is more red is told before the counts that have it in them.
    if red > 0 && end + 2 + width(&more) <= right {
        right = paint.right(
            row.x,
            row.y,
            row.width,
            &more,
            theme.severity(Severity::Failed),
        ) - 2;
    }
    let counts = section.counts;
    let mut x = end + 2;
    let told = counts.told().into_iter();
    for (count, severity, word) in told.filter(|(count, ..)| *count > 0) {
        let text = format!("{count} {word}");
        if x + width(&text) > right {
            break;
        }
        x = paint.text(x, row.y, width(&text), &text, theme.severity(severity)) + 2;
    }
    if red == 0 && others > 0 && x + width(&more) <= row.right() {
        paint.right(row.x, row.y, row.width, &more, theme.style(Role::Dim));
    }
}

/// One card: mark and word, what it is called, and since when.
fn card(
    paint: &mut Paint<'_>,
    snapshot: &Snapshot,
    item: &crate::domain::item::WorkItem,
    row: Rect,
) {
    let theme = paint.theme;
    let status = item.placement.status;
    let is_old = !snapshot.is_fresh(item, paint.now);
    let pick = |style: Style| {
        if is_old {
            theme.style(Role::Stale)
        } else {
            style
        }
    };
    let mark = theme.glyphs().severity(status.severity());
    let age: Age = paint.age(item.placement.since);
    let age = if age.is_now() {
        String::new()
    } else {
        age.to_string()
    };
    let right = row.right().saturating_sub(width(&age) + 1);
    paint.right(row.x, row.y, row.width, &age, pick(theme.style(Role::Dim)));
    let x = row.x + 1;
    let style = pick(theme.severity(status.severity()));
    let left = |x: u16| right.saturating_sub(x);
    let end = paint.text(x, row.y, left(x), mark, style) + 1;
    let end = paint.text(end, row.y, left(end), status.label(), style);
    let after = if row.width >= 60 { x + 14 } else { 0 };
    let x = (end + 1).max(after);
    let key = snapshot.names().short_key(item);
    let end = paint.text(x, row.y, left(x), &key, pick(theme.style(Role::Text)));
    let x = end + 2;
    let title = if is_old {
        format!("old data: {}", item.title)
    } else {
        item.title.to_string()
    };
    if left(x) > 5 {
        paint.text(x, row.y, left(x), &title, pick(theme.style(Role::Dim)));
    }
}

/// Where there is nothing to look at.
fn all_calm(paint: &mut Paint<'_>, snapshot: &Snapshot, whole: &Whole<'_>, body: Rect) {
    let theme = paint.theme;
    let (severity, text) = if snapshot.generation == 0 || snapshot.partial {
        (Severity::Unknown, "nothing is known yet".to_owned())
    } else if whole.cards == 0 {
        (Severity::Unknown, "there are no cards".to_owned())
    } else {
        (
            Severity::Calm,
            format!("all calm: {}", counted(whole.cards, "card")),
        )
    };
    let text = format!("{} {text}", theme.glyphs().severity(severity));
    let y = body.y + body.height / 2;
    let x = body.x + body.width.saturating_sub(width(&text)) / 2;
    if y < body.bottom() {
        paint.text(x, y, body.width, &text, theme.severity(severity));
    }
}

/// The last line: how to leave, else what is wrong with sources; how many pages there are.
fn footer(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    whole: &Whole<'_>,
    row: Rect,
    (page, pages): (usize, usize),
) {
    let theme = paint.theme;
    let until = state.wall.as_ref().and_then(|wall| wall.told_until);
    if let Some(until) = until.filter(|until| *until > paint.now) {
        paint.note(until);
        let text = match state.options.motion {
            Motion::Full => "press q q to leave the wall",
            Motion::Reduced => "press q q to leave the wall, any other key to turn the page",
        };
        paint.text(row.x, row.y, row.width, text, theme.style(Role::Title));
        return;
    }
    let mut right = row.width;
    if pages > 1 {
        let text = format!("{} of {pages}", page + 1);
        let x = paint.right(row.x, row.y, row.width, &text, theme.style(Role::Dim));
        right = x.saturating_sub(row.x + 2);
    }
    let mut said: Vec<String> = Vec::new();
    if let Some(banner) = &state.options.banner {
        said.push(banner.clone());
    }
    if state.options.offline {
        said.push("offline".to_owned());
    }
    let ill = snapshot
        .sources
        .iter()
        .filter(|source| !matches!(source.health, Health::Ok | Health::Starting));
    for source in ill {
        let health = source.health.as_str().replace('_', " ");
        said.push(format!("{}: {health}", source.name));
    }
    let role = if said.is_empty() {
        Role::Dim
    } else {
        Role::Stale
    };
    if !state.filter.query.is_empty() {
        said.push(format!("/{}", state.filter.query));
    }
    if whole.calm > 0 && pages > 0 {
        let word = if whole.calm == 1 {
            "service"
        } else {
            "services"
        };
        said.push(format!("{} calm {word}", whole.calm));
    }
    let text = said.join("  ");
    paint.text(row.x, row.y, right, &text, theme.style(role));
}
