//! What there is to tell of one person, part by part; nobody is counted against anybody.

use std::fmt::Write as _;

use ratatui::layout::Rect;

use crate::domain::standup::{Bots, Entry, Turn};
use crate::domain::text::counted;
use crate::ui::layout::rows;
use crate::ui::state::{Part, UiState};
use crate::ui::text::Paint;
use crate::ui::theme::Role;
use crate::ui::view::header::Words;
use crate::ui::view::standup::page::Page;
use crate::ui::view::standup::say;

/// One line of a person.
enum Line<'a> {
    Heading(Part, usize),
    Entry(&'a Entry, bool),
    Bots(usize),
}

/// Paints the person who has the turn.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let Some(prepared) = &state.standup.prepared else {
        return;
    };
    let foot = u16::from(area.height > 4);
    let body = rows(area, 0, area.height - foot);
    if foot > 0 {
        let text = others(&prepared.standup.bots, prepared.standup.quiet);
        let wide = area.width.saturating_sub(2);
        let style = paint.theme.style(Role::Dim);
        paint.text(area.x + 1, area.bottom() - 1, wide, &text, style);
    }
    let Some(turn) = state.standup.turn() else {
        say(paint, body, "of nobody there is anything to tell");
        return;
    };
    let mut page = Page::new(body);
    name(paint, state, turn, &mut page);
    page.gap(10);
    let lines = lines(state, turn);
    let here = |line: &Line<'_>| matches!(line, Line::Entry(_, true));
    let cursor = lines.iter().position(here).unwrap_or_default();
    let room = usize::from(page.left());
    // The heading of the first card is seen with it.
    let skip = (cursor + 2).saturating_sub(room).min(cursor);
    for line in lines.iter().skip(if cursor <= 1 { 0 } else { skip }) {
        let Some(place) = page.row() else {
            return;
        };
        self::line(paint, line, place);
    }
}

fn name(paint: &mut Paint<'_>, state: &UiState, turn: &Turn, page: &mut Page) {
    let Some((x, y, wide)) = page.row() else {
        return;
    };
    let mut row = Words::new(x, y, x + wide);
    row.put(
        paint,
        &turn.name.to_uppercase(),
        paint.theme.style(Role::Title),
    );
    let next = state.standup.turns().get(state.standup.person + 1);
    let next = next.map_or_else(
        || "the last one".to_owned(),
        |turn| format!("next: {}", turn.name),
    );
    row.put(paint, &next, paint.theme.style(Role::Dim));
}

fn lines<'a>(state: &UiState, turn: &'a Turn) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let mut nth = 0;
    for part in Part::ALL {
        let entries = part.of(turn);
        if entries.is_empty() {
            continue;
        }
        lines.push(Line::Heading(part, entries.len()));
        for entry in entries {
            lines.push(Line::Entry(entry, nth == state.standup.entry));
            nth += 1;
        }
    }
    if turn.of_bots > 0 {
        lines.push(Line::Bots(turn.of_bots));
    }
    lines
}

fn line(paint: &mut Paint<'_>, line: &Line<'_>, (x, y, wide): (u16, u16, u16)) {
    let theme = paint.theme;
    match line {
        Line::Heading(part, count) => {
            let role = match part {
                Part::Blocked => Role::Failed,
                Part::Asked => Role::Waiting,
                Part::Moved | Part::InHand | Part::Waits => Role::Accent,
            };
            let text = format!("{} {count}", part.title());
            paint.text(x, y, wide, &text, theme.style(role));
        }
        Line::Entry(entry, selected) => {
            if *selected {
                let whole = Rect::new(x.saturating_sub(1), y, wide + 2, 1);
                paint.style(whole, theme.selection());
                paint.text(whole.x, y, 1, theme.glyphs().cursor(), theme.selection());
                paint.cursor_at(whole.x, y);
            }
            let style = |role| {
                if *selected {
                    theme.selection()
                } else {
                    theme.style(role)
                }
            };
            let mut row = Words::new(x + 1, y, x + wide);
            row.put(paint, &entry.card.key, style(Role::Key));
            let room = row.left() / 2;
            row.put_within(paint, &entry.card.title, room.min(60), style(Role::Text));
            row.put(paint, &entry.words, style(Role::Dim));
        }
        Line::Bots(count) => {
            let text = format!("waits for them: {count} made by bots");
            paint.text(x, y, wide, &text, theme.style(Role::Dim));
        }
    }
}

/// What machines made, and of how many people there is nothing to tell.
fn others(bots: &Bots, quiet: usize) -> String {
    let mut parts = Vec::new();
    if bots.cards + bots.finished > 0 {
        let mut text = format!("bots: {}", counted(bots.cards, "card"));
        for (count, word) in [
            (bots.moved, "moved"),
            (bots.finished, "finished"),
            (bots.red.len(), "red or blocked"),
        ] {
            if count > 0 {
                // Writing to a string cannot fail.
                let _ = write!(text, ", {count} {word}");
            }
        }
        parts.push(text);
    }
    match quiet {
        0 => {}
        1 => parts.push("nothing to tell of 1 person".to_owned()),
        quiet => parts.push(format!("nothing to tell of {quiet} people")),
    }
    parts.join("; ")
}
