//! The board in lanes: a heading for each, with its counts across the columns, and its cards below.
//!
//! Only cards that are seen are painted; the heading of the first lane that is seen stays at the top.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::domain::status::Severity;
use crate::engine::snapshot::Snapshot;
use crate::ui::lanes::{Lane, Stop, Tops};
use crate::ui::layout::{Plan, Slot};
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, width};
use crate::ui::theme::Role;
use crate::ui::view::board::{line, short_count};

/// Paints the lanes below the headings of the columns.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, plan: &Plan) {
    let Some(area) = area(plan) else {
        return;
    };
    let tops = state.tops(plan);
    let room = UiState::lane_room(plan, &tops);
    let scroll = state.board.lane_scroll;
    let first = tops.at(scroll);
    let body = Rect {
        height: cols(room).min(area.height),
        ..area
    };
    for lane in first..state.lanes().len() {
        let top = tops.of(lane);
        if top >= scroll + room {
            break;
        }
        cards(paint, state, snapshot, plan, (lane, &tops, body));
        // Over its cards: what is partly above the first row is hidden by it.
        let y = body.y + cols(top.saturating_sub(scroll));
        if y < body.bottom() {
            heading(
                paint,
                state,
                plan,
                lane,
                Rect::new(area.x, y, area.width, 1),
            );
        }
    }
    let below = state
        .lanes()
        .len()
        .saturating_sub(tops.at(scroll + room) + 1);
    if tops.all > scroll + room && area.height > body.height {
        let text = match below {
            0 => "more of this lane".to_owned(),
            1 => "1 more lane".to_owned(),
            count => format!("{count} more lanes"),
        };
        let text = format!("{} {text}", paint.theme.glyphs().below());
        let style = paint.theme.style(Role::Dim);
        let row = Rect::new(area.x, body.bottom(), area.width, 1);
        paint.clear(row, paint.theme.ground());
        paint.text(
            area.x + 1,
            row.y,
            area.width.saturating_sub(2),
            &text,
            style,
        );
    }
}

/// Returns where lanes are: below the headings, as wide as the board.
fn area(plan: &Plan) -> Option<Rect> {
    let open = plan.slots.iter().find(|slot| slot.open)?;
    Some(Rect {
        x: plan.body.x,
        width: plan.body.width,
        ..open.body
    })
}

type Seen<'a> = (usize, &'a Tops, Rect);

/// Paints the cards of a lane that are seen.
fn cards(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    plan: &Plan,
    (lane, tops, body): Seen<'_>,
) {
    let card = usize::from(plan.card.max(1));
    let scroll = state.board.lane_scroll;
    let begin = tops.of(lane) + 1;
    let stop = state.stop();
    for slot in plan.slots.iter().filter(|slot| slot.open) {
        let Some(listed) = state.listed(slot.column) else {
            continue;
        };
        let (from, to) = listed.of_lane(lane);
        // The row below a heading at the top is the first that shows a card.
        let skipped = (scroll + 1).saturating_sub(begin).div_ceil(card);
        for at in from + skipped..to {
            let row = begin + (at - from) * card;
            let y = row.saturating_sub(scroll);
            if y >= usize::from(body.height) {
                break;
            }
            let height = card.min(usize::from(body.height) - y);
            let area = Rect::new(slot.body.x, body.y + cols(y), slot.body.width, cols(height));
            let selected = slot.column == state.board.focus && stop == Stop::Line(at);
            line(paint, state, snapshot, (slot.column, at), area, selected);
        }
    }
}

/// Paints the heading of a lane: its name, its count, and the counts of its columns.
fn heading(paint: &mut Paint<'_>, state: &UiState, plan: &Plan, lane: usize, row: Rect) {
    let Some(it) = state.lanes().get(lane) else {
        return;
    };
    let theme = paint.theme;
    let glyphs = theme.glyphs();
    let selected = state.stop() == Stop::Heading(lane);
    let pick = |role: Role| {
        if selected {
            theme.selection()
        } else {
            theme.style(Role::Surface).patch(theme.style(role))
        }
    };
    paint.clear(row, pick(Role::Text));
    let fold = if it.folded {
        glyphs.closed()
    } else {
        glyphs.opened()
    };
    let name = if it.name.is_empty() {
        state.board.group.without()
    } else {
        &it.name
    };
    let (count, red) = it.counts();
    let marked = |count: usize| format!("{}{count}", glyphs.severity(Severity::Failed));
    let tail = if red > 0 {
        format!(" {count} {}", marked(red))
    } else {
        format!(" {count}")
    };
    // The name leaves room for its count and for the last columns'.
    let most = (row.width / 2).max(12).saturating_sub(width(&tail) + 3);
    let mut x = paint.text(
        row.x,
        row.y,
        1,
        if selected { glyphs.cursor() } else { " " },
        pick(Role::Accent),
    );
    x = paint.text(x, row.y, 1, fold, pick(Role::Dim)) + 1;
    let title = pick(Role::Title).add_modifier(Modifier::BOLD);
    x = paint.text(x, row.y, most, name, title);
    x = paint.text(
        x,
        row.y,
        row.right().saturating_sub(x),
        &format!(" {count}"),
        pick(Role::Dim),
    );
    if red > 0 {
        let text = format!(" {}", marked(red));
        x = paint.text(
            x,
            row.y,
            row.right().saturating_sub(x),
            &text,
            pick(Role::Failed),
        );
    }
    if selected {
        paint.cursor_at(row.x, row.y);
    }
    for slot in &plan.slots {
        counts(paint, it, slot, (x + 1, row.y), &pick);
    }
}

/// Paints the count of a column in the heading of a lane, where there is room after its name.
fn counts(
    paint: &mut Paint<'_>,
    lane: &Lane,
    slot: &Slot,
    (after, y): (u16, u16),
    pick: &impl Fn(Role) -> ratatui::style::Style,
) {
    let (count, red) = lane.columns.get(slot.column).copied().unwrap_or_default();
    if count == 0 || slot.body.width == 0 {
        return;
    }
    let mark = paint.theme.glyphs().severity(Severity::Failed);
    let text = match (red, slot.open) {
        (0, _) => short_count(count),
        (red, true) => format!("{count} {mark}{red}"),
        (red, false) => format!("{mark}{}", short_count(red)),
    };
    let right = slot.body.right().saturating_sub(u16::from(slot.open));
    let Some(x) = right.checked_sub(width(&text)) else {
        return;
    };
    if x < after.max(slot.body.x) {
        return;
    }
    let role = if red > 0 { Role::Failed } else { Role::Dim };
    paint.text(x, y, width(&text), &text, pick(role));
}

/// What of the lanes is at a place of the screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Hit {
    /// A line of a column.
    Line(usize, usize),
    /// The heading of a lane.
    Heading(usize),
}

/// Returns what of the lanes is at a place of the screen.
pub(crate) fn at(state: &UiState, plan: &Plan, (x, y): (u16, u16)) -> Option<Hit> {
    let area = area(plan)?;
    let tops = state.tops(plan);
    let room = UiState::lane_room(plan, &tops);
    let shown = usize::from(y.checked_sub(area.y)?);
    let row = state.board.lane_scroll + shown;
    if shown >= room || row >= tops.all {
        return None;
    }
    let lane = tops.at(row);
    if shown == 0 || row == tops.of(lane) {
        return Some(Hit::Heading(lane));
    }
    let mut slots = plan.slots.iter().filter(|slot| slot.open);
    let slot = slots.find(|slot| (slot.body.x..slot.body.right()).contains(&x))?;
    let (from, to) = state.listed(slot.column)?.of_lane(lane);
    let at = from + (row - tops.of(lane) - 1) / usize::from(plan.card.max(1));
    (at < to).then_some(Hit::Line(slot.column, at))
}
