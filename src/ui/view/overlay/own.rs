//! The user's own commands: which there are, why one is not for this card, what one printed.

use ratatui::layout::Rect;

use crate::domain::status::Severity;
use crate::engine::snapshot::Snapshot;
use crate::log::LogLine;
use crate::ui::layout::{Plan, middle};
use crate::ui::own::{self, Ending, Errand, Line, OwnMenu, Pane, command_at};
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, fit, width};
use crate::ui::theme::Role;

/// Columns of keys and of names.
const KEYS: u16 = 8;
const NAMES: u16 = 20;

/// Paints the list, or what one of them printed.
pub(in crate::ui::view) fn paint(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    menu: &mut OwnMenu,
    plan: &Plan,
) {
    if let Some(pane) = &mut menu.output {
        return output(paint, state, pane, plan);
    }
    let lines = own::menu_lines(state);
    let area = middle(plan.body, 84, cols(lines.len()).saturating_add(2));
    let inside = paint.boxed(area, "your commands");
    if inside.height == 0 || inside.width < 4 {
        return;
    }
    menu.cursor = menu.cursor.min(lines.len().saturating_sub(1));
    let height = usize::from(inside.height);
    menu.scroll = scroll::turned(menu.scroll, menu.cursor, height, lines.len());
    let seen = lines.iter().enumerate().skip(menu.scroll);
    for (y, (at, line)) in (inside.top()..inside.bottom()).zip(seen) {
        let row = Rect::new(inside.x, y, inside.width, 1);
        let selected = at == menu.cursor;
        if selected {
            paint.style(row, paint.theme.selection());
            paint.cursor_at(row.x, y);
        }
        match line {
            Line::Command(at) => command(paint, state, snapshot, *at, (row, selected)),
            Line::Errand(id) => {
                if let Some(errand) = state.own.find(*id) {
                    ran(paint, errand, row, selected);
                }
            }
        }
    }
}

fn command(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    at: usize,
    (row, selected): (Rect, bool),
) {
    let theme = paint.theme;
    let Some(known) = state.options.own.get(at) else {
        return;
    };
    let refused = own::refusal(state, snapshot, known, paint.now);
    let pick = |role| match (selected, &refused) {
        (true, _) => theme.selection(),
        (false, Some(_)) => theme.style(Role::Stale),
        (false, None) => theme.style(role),
    };
    let keymap = &state.options.keymap;
    let key = command_at(at).and_then(|command| keymap.label(command, theme.glyphs()));
    let (x, y) = (row.x + 1, row.y);
    paint.text(x, y, KEYS - 1, &key.unwrap_or_default(), pick(Role::Key));
    let end = paint.text(x + KEYS, y, NAMES - 1, &known.name, pick(Role::Text));
    let x = (x + KEYS + NAMES).max(end + 1);
    let text = match &refused {
        Some(why) => format!("not now: {why}"),
        None => known.help.to_string(),
    };
    let left = row.right().saturating_sub(x + 1);
    paint.text(x, y, left, &text, pick(Role::Dim));
}

fn severity(errand: &Errand) -> Severity {
    match &errand.ended {
        None => Severity::Active,
        Some((_, Ending::Stopped)) => Severity::Idle,
        Some((_, ending)) if ending.is_well() => Severity::Calm,
        Some(_) => Severity::Failed,
    }
}

/// One time that a command ran or runs.
fn ran(paint: &mut Paint<'_>, errand: &Errand, row: Rect, selected: bool) {
    let theme = paint.theme;
    let severity = severity(errand);
    let pick = |style| {
        if selected { theme.selection() } else { style }
    };
    let (x, y) = (row.x + 1, row.y);
    let mark = theme.glyphs().severity(severity);
    paint.text(x, y, 1, mark, pick(theme.severity(severity)));
    let end = paint.text(
        x + KEYS,
        y,
        NAMES - 1,
        &errand.name,
        pick(theme.style(Role::Text)),
    );
    let x = (x + KEYS + NAMES).max(end + 1);
    let card = errand.card.as_deref().unwrap_or_default();
    let text = match card {
        "" => errand.words(),
        card => format!("{}  {card}", errand.words()),
    };
    let left = row.right().saturating_sub(x + 1);
    paint.text(x, y, left, &text, pick(theme.severity(severity)));
}

/// What a command printed, its end first.
fn output(paint: &mut Paint<'_>, state: &UiState, pane: &mut Pane, plan: &Plan) {
    let theme = paint.theme;
    let Some(errand) = state.own.find(pane.id) else {
        return;
    };
    let dot = theme.glyphs().dot();
    let mut title = format!("{} {dot} {}", errand.name, errand.words());
    if let Some(card) = &errand.card {
        title = format!("{} {dot} {card} {dot} {}", errand.name, errand.words());
    }
    let lines = &errand.output.lines;
    let wide = plan.body.width.saturating_sub(4).clamp(20, 160);
    let high = cols(lines.len().max(1)).saturating_add(2).max(6);
    let area = middle(plan.body, wide, high);
    let inside = paint.boxed(area, &title);
    pane.height = usize::from(inside.height);
    let first = pane.first(lines.len());
    let columns = inside.width.saturating_sub(2);
    if lines.is_empty() {
        let text = "it has printed nothing";
        paint.text(
            inside.x + 1,
            inside.y,
            columns,
            text,
            theme.style(Role::Dim),
        );
    }
    for (y, line) in (inside.top()..inside.bottom()).zip(lines.iter().skip(first)) {
        printed(paint, line, (inside.x + 1, y, columns), pane.left);
    }
    let above = errand.output.dropped + u64::from(cols(first));
    let below = lines.len().saturating_sub(first + pane.height);
    let glyphs = theme.glyphs();
    if (above > 0 || below > 0) && area.width > 24 {
        let text = format!(" {}{above} {}{below} ", glyphs.above(), glyphs.below());
        let style = theme.style(Role::Dim);
        paint.right(area.x, area.bottom() - 1, area.width - 2, &text, style);
    }
    paint.cursor_at(inside.x, inside.y);
}

/// Paints a line in its own colours, with some columns scrolled away.
fn printed(paint: &mut Paint<'_>, line: &LogLine, (x, y, columns): (u16, u16, u16), left: u16) {
    let theme = paint.theme;
    let base = theme.style(Role::Text);
    let (mut x, end, mut hidden) = (x, x + columns, left);
    for span in &line.spans {
        let (head, cut) = fit(&span.text, hidden);
        let rest = span.text.get(head.len()..).unwrap_or_default();
        hidden = if cut {
            0
        } else {
            hidden - width(head).min(hidden)
        };
        if x < end && !rest.is_empty() {
            x = paint.text(x, y, end - x, rest, theme.log_text(&span.style, base));
        }
    }
}
