//! The red cards: what fails, since when, and with which others.

use ratatui::layout::Rect;

use crate::domain::status::Severity;
use crate::domain::triage::{Known, TriageCard};
use crate::engine::snapshot::Snapshot;
use crate::ui::layout::rows;
use crate::ui::scroll;
use crate::ui::state::{Pane, UiState};
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;
use crate::ui::tree::{moment, severity, why};
use crate::ui::update::action;
use crate::ui::update::triage::{CARD_ROWS, kept, list};

/// Returns the heading.
pub(super) fn title(state: &UiState, snapshot: &Snapshot) -> String {
    let count = snapshot.triage.cards.len();
    let marked = match state.triage.marked.len() {
        0 => String::new(),
        marked => format!(", {marked} marked"),
    };
    let shared = match snapshot.triage.groups.len() {
        0 => String::new(),
        1 => ", 1 shared failure".to_owned(),
        groups => format!(", {groups} shared failures"),
    };
    let calm = match state.triage.kept.iter().filter(|one| !one.is_red).count() {
        0 => String::new(),
        calm => format!(", {calm} no longer red"),
    };
    let filter = state.triage.filter.text();
    if filter.is_empty() {
        // The line at the top counts all red cards of the board.
        let bare = match state.rows.red.saturating_sub(count) {
            0 => String::new(),
            bare => format!(" +{bare} without a run"),
        };
        let aside = state.triage.listed.aside.min(count);
        let hidden = match aside {
            0 => String::new(),
            aside => format!(", {aside} hidden"),
        };
        let count = count - aside;
        format!("{count} red{hidden}{marked}{calm}{bare}{shared}")
    } else {
        let shown = state.triage.listed.len();
        format!("{shown} of {count} red{calm}{marked}  /{filter}")
    }
}

/// Paints the list.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, area: Rect) {
    let fit = usize::from(area.height / CARD_ROWS).max(1);
    let at = state.triage.at;
    let count = state.triage.listed.len();
    state.triage.offset = scroll::turned(state.triage.offset, at, fit, count);
    if count == 0 {
        let style = paint.theme.style(Role::Dim);
        let columns = area.width.saturating_sub(2);
        let text = if state.triage.filter.is_empty() {
            "all red cards are put aside; `:show-hidden` lists them"
        } else {
            "no red card passes the filter"
        };
        let lines = wrap(text, columns, 3);
        for (y, line) in (area.top()..area.bottom()).zip(lines) {
            paint.text(area.x + 1, y, columns, line, style);
        }
    }
    for nth in 0..fit {
        let at = state.triage.offset + nth;
        let Some(card) = list::at(state, snapshot, at) else {
            break;
        };
        let place = rows(area, cols(nth) * CARD_ROWS, CARD_ROWS);
        if place.height > 0 {
            one(
                paint,
                state,
                snapshot,
                (&card, at == state.triage.at),
                place,
            );
        }
    }
}

fn one(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    (card, selected): (&TriageCard, bool),
    area: Rect,
) {
    let theme = paint.theme;
    let triage = &card.triage;
    let is_marked = state.triage.marked.contains(&triage.item);
    let focused = selected && state.triage.pane == Pane::Cards;
    if selected {
        // The line below stays as it is: moving the cursor repaints less.
        paint.style(rows(area, 0, 1), theme.selection());
    }
    if focused {
        paint.cursor_at(area.x, area.y);
    }
    let pick = |role| {
        if selected {
            theme.selection()
        } else {
            theme.style(role)
        }
    };
    let mark = match (is_marked, selected) {
        (true, _) => "*",
        (false, true) => theme.glyphs().cursor(),
        (false, false) => " ",
    };
    let x = paint.text(area.x, area.y, 1, mark, pick(Role::Accent));
    let kept = kept::find(state, &triage.item);
    let standing = kept.map_or(Severity::Failed, |one| severity(&one.card.triage.run.state));
    let glyph = theme.glyphs().severity(standing);
    let style = if selected {
        theme.selection()
    } else {
        theme.severity(standing)
    };
    let x = paint.text(x, area.y, 2, glyph, style) + 1;
    let age = paint.age(triage.since).to_string();
    let tail = paint.right(
        area.x,
        area.y,
        area.width.saturating_sub(1),
        &age,
        pick(Role::Dim),
    );
    let job = triage.failed_job.and_then(|at| triage.jobs.get(at));
    let names = snapshot.names();
    let short = names.short(triage.key.as_str(), Some(&triage.repo));
    let left = tail.saturating_sub(x + 1);
    let end = paint.text(x, area.y, left, &short, pick(Role::Title));
    let name = job.map_or_else(
        || triage.run.workflow.to_string(),
        |line| format!("{}/{}", triage.run.workflow, line.job.name),
    );
    let left = tail.saturating_sub(end + 2);
    paint.text(end + 1, area.y, left, &name, pick(Role::Text));
    if area.height < CARD_ROWS {
        return;
    }
    let (text, role) = second(state, snapshot, card, paint);
    let columns = area.width.saturating_sub(4);
    paint.text(area.x + 3, area.y + 1, columns, &text, theme.style(role));
}

/// The line below: what is being done, with which others it fails, or what failed.
fn second(
    state: &UiState,
    snapshot: &Snapshot,
    card: &TriageCard,
    paint: &Paint<'_>,
) -> (String, Role) {
    let triage = &card.triage;
    if let Some(doing) = action::doing(snapshot, &triage.item) {
        return (doing, Role::Active);
    }
    if let Some(one) = kept::find(state, &triage.item) {
        return (kept::words(one, snapshot), Role::Active);
    }
    let group = snapshot.triage.group_of(card);
    if let (Some(text), Some(group)) = (why::shared(group, triage), group) {
        let when = moment(group.first_seen, paint.now, state.options.zone);
        let text = format!(
            "{text}, first seen {when} in {}",
            snapshot.names().repo(&group.first_repo)
        );
        return (text, Role::Waiting);
    }
    if let Some(text) = why::same_run(snapshot.triage.same_run(triage).count()) {
        return (text, Role::Waiting);
    }
    match &triage.diagnosis {
        Known::Yes(found) => {
            let failed = found.tests.first().map(|failed| failed.name.to_string());
            let error = found.error.as_ref().map(|error| error.text.to_string());
            let text = error.or(failed).unwrap_or_else(|| triage.title.to_string());
            (text, Role::Dim)
        }
        Known::No(_) => (triage.title.to_string(), Role::Dim),
    }
}
