//! The columns of the past: headings, rails, cards with what became of them.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::domain::history::Seen;
use crate::domain::names::Names;
use crate::domain::status::Severity;
use crate::domain::text::width as columns_of;
use crate::ui::layout::{Plan, Size, Slot, rows};
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols};
use crate::ui::theme::Role;
use crate::ui::view::board::{fit_count, fit_heading};
use crate::ui::view::card;
use crate::ui::view::header::Words;
use crate::ui::view::replay::words;

/// Paints the columns.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, names: &Names, plan: &Plan) {
    let theme = paint.theme;
    if plan.size == Size::Narrow && state.board.overview {
        return overview(paint, state, plan.body);
    }
    for slot in &plan.slots {
        if slot.open {
            heading(paint, state, slot);
            column(paint, state, names, plan, slot);
        } else {
            rail(paint, state, slot);
        }
        let right = slot.body.right();
        if slot.column + 1 < state.options.columns.len() && right < plan.body.right() {
            let line = Rect::new(right, plan.body.y, 1, plan.body.height);
            let style = theme.style(Role::Border);
            paint.line(line, theme.glyphs().past_divider(), style);
        }
    }
}

/// What a heading tells of its column.
struct Told {
    title: String,
    cards: usize,
    red: usize,
    newer: usize,
}

impl Told {
    fn of(state: &UiState, column: usize) -> Option<Self> {
        let column = state.options.columns.get(column)?;
        let shown = state.replay.shown.as_ref();
        let past = shown.map(|shown| &shown.past);
        Some(Self {
            title: column.title.clone(),
            cards: state.replay.cards(column.stage).len(),
            red: past.map_or(0, |past| past.red(column.stage)),
            newer: past.map_or(0, |past| past.newer(column.stage).len()),
        })
    }
}

fn heading(paint: &mut Paint<'_>, state: &UiState, slot: &Slot) {
    let Some(told) = Told::of(state, slot.column).filter(|_| slot.head.height > 0) else {
        return;
    };
    let theme = paint.theme;
    let style = if slot.column == state.board.focus {
        theme.style(Role::Accent).add_modifier(Modifier::REVERSED)
    } else {
        theme.style(Role::Stale)
    };
    let mark = theme.glyphs().severity(Severity::Failed);
    let word = |count: usize, mark: &str| match count {
        0 => String::new(),
        count => format!("{mark}{count}"),
    };
    let (red, newer) = (word(told.red, mark), word(told.newer, "+"));
    let number = slot.column + 1;
    let beside = columns_of(&red) + columns_of(&newer) + usize::from(!newer.is_empty());
    let (name, count) = fit_heading(
        &told.title,
        [told.cards.to_string(), told.cards.to_string()],
        beside,
        usize::from(slot.head.width).saturating_sub(number.to_string().len() + 3),
        theme.glyphs().ellipsis(),
    );
    let mut row = Words::new(slot.head.x, slot.head.y, slot.head.right());
    row.put(paint, &format!(" {number} {name} "), style);
    row.x = row.x.saturating_sub(2);
    for (text, role) in [
        (&count, Role::Dim),
        (&red, Role::Failed),
        (&newer, Role::Accent),
    ] {
        if !text.is_empty() {
            row.put(paint, text, theme.style(role));
            row.tight();
        }
    }
    let below = rows(slot.head, 1, 1);
    let style = theme.style(Role::Border);
    paint.line(below, theme.glyphs().past_rule(), style);
}

/// A folded column: the first letters of its title, its count, what is new there.
fn rail(paint: &mut Paint<'_>, state: &UiState, slot: &Slot) {
    let Some(told) = Told::of(state, slot.column) else {
        return;
    };
    let theme = paint.theme;
    let area = slot.head;
    if area.width == 0 || area.height == 0 {
        return;
    }
    let name: String = told.title.chars().take(3).collect();
    paint.text(area.x, area.y, area.width, &name, theme.style(Role::Stale));
    let below = rows(area, 1, 1);
    let style = theme.style(Role::Border);
    paint.line(below, theme.glyphs().past_rule(), style);
    let body = slot.body;
    let mark = theme.glyphs().severity(Severity::Failed);
    let lines = [
        (told.cards, "", Role::Dim),
        (told.red, mark, Role::Failed),
        (told.newer, "+", Role::Accent),
    ];
    let shown = lines.into_iter().enumerate();
    let shown = shown.filter(|(nth, (count, ..))| *nth == 0 || *count > 0);
    for (y, (_, (count, mark, role))) in (body.top()..body.bottom()).zip(shown) {
        let text = fit_count(mark, &count.min(999).to_string(), body.width);
        paint.right(body.x, y, body.width, &text, theme.style(role));
    }
}

fn column(paint: &mut Paint<'_>, state: &UiState, names: &Names, plan: &Plan, slot: &Slot) {
    let (Some(held), Some(shown)) = (state.stage(slot.column), &state.replay.shown) else {
        return;
    };
    let cards = shown.past.column(held);
    if cards.is_empty() {
        let text = if state.filter.query.is_empty() {
            "nothing was here"
        } else {
            "no card matches"
        };
        let style = paint.theme.style(Role::Dim);
        let room = slot.body.width.saturating_sub(2);
        paint.text(slot.body.x + 1, slot.body.y, room, text, style);
        return;
    }
    let cursor = state.replay.cursor(slot.column);
    let (capacity, more) = plan.capacity(slot, cards.len());
    let end = (cursor.offset + capacity).min(cards.len());
    let visible = cards.get(cursor.offset..end).unwrap_or_default();
    for (nth, card) in visible.iter().enumerate() {
        let Some(seen) = shown.past.seen(*card) else {
            continue;
        };
        let area = rows(slot.body, cols(nth).saturating_mul(plan.card), plan.card);
        let selected = slot.column == state.board.focus && cursor.offset + nth == cursor.at;
        let became = became(paint, state, &seen, area.width);
        let key = names.short(&seen.life.key, seen.life.repo.as_ref());
        card::paint_past(
            paint,
            (&seen, &key),
            became,
            shown.past.at,
            (area, selected),
        );
        if selected {
            paint.cursor_at(area.x, area.y);
        }
    }
    if more {
        beyond(paint, slot, cursor.offset, cards.len() - end);
    }
}

/// From this width on a card that stands as it stood says so in a word.
const SAYS_SAME: u16 = 26;

/// Returns what became of a card, as it fits; of now there is nothing to tell.
fn became(paint: &Paint<'_>, state: &UiState, seen: &Seen<'_>, room: u16) -> card::Became {
    let glyphs = paint.theme.glyphs();
    let (since, changed) = words::since(state, glyphs, seen);
    let since = match (state.replay.at.is_some(), changed) {
        (false, _) => String::new(),
        (true, false) if room < SAYS_SAME => glyphs.since()[1].to_owned(),
        (true, _) => since,
    };
    card::Became { since, changed }
}

/// How many cards are above and below those that are shown.
fn beyond(paint: &mut Paint<'_>, slot: &Slot, above: usize, below: usize) {
    let glyphs = paint.theme.glyphs();
    let mut text = String::new();
    if above > 0 {
        text = format!("{} {above} above  ", glyphs.above());
    }
    if below > 0 {
        text = format!("{text}{} {below} more", glyphs.below());
    }
    let room = slot.body.width.saturating_sub(1);
    let (y, style) = (slot.body.bottom() - 1, paint.theme.style(Role::Dim));
    paint.text(slot.body.x + 1, y, room, text.trim_end(), style);
}

/// All columns as lines, where only one fits.
fn overview(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let theme = paint.theme;
    for (y, at) in (area.top()..area.bottom()).zip(0..state.options.columns.len()) {
        let Some(told) = Told::of(state, at) else {
            continue;
        };
        let focused = at == state.board.focus;
        let style = theme.style(if focused { Role::Accent } else { Role::Stale });
        let mut row = Words::new(area.x + 1, y, area.right());
        row.put(paint, &format!("{} {:<10}", at + 1, told.title), style);
        row.put(
            paint,
            &format!("{:>5} cards", told.cards),
            theme.style(Role::Text),
        );
        if told.newer > 0 {
            row.put(
                paint,
                &format!("+{} since", told.newer),
                theme.style(Role::Accent),
            );
        }
        if focused {
            paint.text(area.x, y, 1, theme.glyphs().cursor(), style);
            paint.cursor_at(area.x, y);
        }
    }
}
