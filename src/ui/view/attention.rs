//! What calls for a person: a line for each reason, the most urgent first; cards that wait at one
//! gate share a line.
//!
//! Which cards call is the snapshot's; which are listed is the state's.

use ratatui::layout::Rect;

use crate::domain::attention::{AtGate, Kind, Line, Listed};
use crate::domain::status::Severity;
use crate::engine::snapshot::Snapshot;
use crate::ui::layout::rows;
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;
use crate::ui::view::empty;

/// Paints the view.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, area: Rect) {
    let theme = paint.theme;
    let lines = &state.attention.lines;
    if lines.is_empty() {
        let unknown = empty::unknown(state, snapshot);
        let text = match (
            &unknown,
            snapshot.attention.is_judged(),
            state.filter.query.is_empty(),
        ) {
            (Some(why), ..) => why,
            (None, false, _) => "nothing is known yet",
            (None, true, true) => "nothing calls for a person",
            (None, true, false) => "no card that calls matches the filter",
        };
        let wide = area.width.saturating_sub(2);
        for (y, line) in (area.top()..area.bottom()).zip(wrap(text, wide, 3)) {
            paint.text(area.x + 1, y, wide, line, theme.style(Role::Text));
        }
        return;
    }
    let table = Table::new(area.width);
    table.heading(paint, rows(area, 0, 1));
    let first = window(state, area);
    let room = usize::from(area.height.saturating_sub(1));
    let shown = lines.iter().enumerate().skip(first).take(room);
    for (nth, (at, line)) in (1_u16..).zip(shown) {
        let selected = at == state.attention.cursor;
        table.row(paint, state, snapshot, line, (rows(area, nth, 1), selected));
    }
}

/// Returns the first line that is shown.
fn window(state: &UiState, area: Rect) -> usize {
    let room = usize::from(area.height.saturating_sub(1)).max(1);
    scroll::part(state.attention.cursor, room, state.attention.lines.len())
}

/// Returns the line that is listed in this row of the screen.
pub(crate) fn at(state: &UiState, area: Rect, y: u16) -> Option<usize> {
    let row = usize::from(y.checked_sub(area.y + 1)?);
    let at = window(state, area) + row;
    (y < area.bottom() && at < state.attention.lines.len()).then_some(at)
}

/// Returns how urgent a reason is, to draw it.
fn severity(kind: Kind) -> Severity {
    match kind {
        Kind::RedTooLong | Kind::OverHard => Severity::Failed,
        Kind::OverSoft | Kind::BlockedTooLong => Severity::Blocked,
        Kind::Gate | Kind::WaitsForMe | Kind::ReviewTooLong | Kind::Stuck => Severity::Waiting,
    }
}

/// Columns that a card below its gate stands to the right.
const INSIDE: &str = "  ";

/// What the cells of a line say, and how urgent it is.
struct Said {
    severity: Severity,
    cells: [(String, Role); 6],
}

/// Columns that show the cursor: rule, since, card and stage.
const MARKED: usize = 4;

/// Widths of the columns, from left to right; 0 is not shown, the last has what is left.
struct Table {
    columns: [(&'static str, u16); 6],
}

impl Table {
    fn new(width: u16) -> Self {
        let show = |least: u16, columns: u16| if width >= least { columns } else { 0 };
        Self {
            columns: [
                ("rule", if width < 60 { 14 } else { 19 }),
                ("since", 6),
                ("card", if width < 100 { 14 } else { 20 }),
                ("stage", show(70, 9)),
                ("who", show(100, 16)),
                ("why", u16::MAX),
            ],
        }
    }

    fn heading(&self, paint: &mut Paint<'_>, row: Rect) {
        let style = paint.theme.style(Role::Dim);
        self.cells(row, |nth, x, room| {
            let title = self.columns.get(nth).map_or("", |(title, _)| *title);
            paint.text(x, row.y, room, title, style);
        });
    }

    fn row(
        &self,
        paint: &mut Paint<'_>,
        state: &UiState,
        snapshot: &Snapshot,
        line: &Line,
        (row, selected): (Rect, bool),
    ) {
        let theme = paint.theme;
        if selected {
            // What is long stays as it is: moving the cursor repaints less.
            let marked = self.columns.iter().take(MARKED);
            let wide = marked.map(|(_, columns)| *columns).sum::<u16>();
            let wide = wide.saturating_add(1).min(row.width);
            paint.style(Rect { width: wide, ..row }, theme.selection());
            paint.text(row.x, row.y, 1, theme.glyphs().cursor(), theme.selection());
            paint.cursor_at(row.x, row.y);
        }
        let Some(said) = said(paint, state, snapshot, line) else {
            return;
        };
        self.cells(row, |nth, x, room| {
            if let Some((text, role)) = said.cells.get(nth) {
                let style = match nth {
                    _ if selected && nth < MARKED => theme.selection(),
                    0 => theme.severity(said.severity),
                    _ => theme.style(*role),
                };
                paint.text(x, row.y, room, text, style);
            }
        });
    }

    /// Calls `put` with the number, the place and the width of each column that is shown.
    fn cells(&self, row: Rect, mut put: impl FnMut(usize, u16, u16)) {
        let mut x = row.x + 1;
        for (nth, (_, columns)) in self.columns.iter().enumerate() {
            let room = (*columns).min(row.right().saturating_sub(x));
            if room > 1 {
                let gap = u16::from(*columns != u16::MAX);
                put(nth, x, room - gap);
            }
            x = x.saturating_add(*columns);
        }
    }
}

/// Returns what a line says; nothing where its card is gone.
fn said(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, line: &Line) -> Option<Said> {
    let first = state.attention.calls.get(line.first()?)?;
    let glyphs = paint.theme.glyphs();
    let severity = severity(first.call.kind);
    let mark = glyphs.severity(severity);
    let place = &first.item.placement;
    let (card, who, why) = match line {
        Line::Call { inside, .. } => {
            let key = snapshot.names().short_key(&first.item);
            let key = if *inside {
                format!("{INSIDE}{key}")
            } else {
                key.into_owned()
            };
            (key, holders(first), reason(first))
        }
        Line::Gate {
            gate,
            calls,
            opened,
        } => {
            let fold = if *opened {
                glyphs.opened()
            } else {
                glyphs.closed()
            };
            let longest = snapshot.names().short_key(&first.item);
            let why = waiting(gate, calls.len(), &paint.age(first.call.since).to_string());
            let card = format!("{fold} {} cards", calls.len());
            (
                card,
                String::new(),
                format!("{why}: {longest}; {}", first.item.title),
            )
        }
    };
    Some(Said {
        severity,
        cells: [
            (format!("{mark} {}", first.call.kind.as_str()), Role::Text),
            (paint.age(first.call.since).to_string(), Role::Dim),
            (card, Role::Key),
            (state.title(place.stage).to_owned(), Role::Text),
            (who, Role::Key),
            (why, Role::Text),
        ],
    })
}

fn holders(line: &Listed) -> String {
    let who = line.item.holders.iter();
    let who: Vec<String> = who.map(|person| format!("@{}", person.login)).collect();
    who.join(" ")
}

fn reason(line: &Listed) -> String {
    let (item, about) = (&line.item, &line.call.about);
    let place = &item.placement;
    if about.is_empty() {
        format!("{}: {}; {}", place.status.label(), place.reason, item.title)
    } else {
        format!("{about}; {}", item.title)
    }
}

/// Returns what is said of cards that wait at a gate.
fn waiting(at: &AtGate, count: usize, oldest: &str) -> String {
    let AtGate {
        gate,
        service,
        step,
        ..
    } = at;
    if let Some(step) = step {
        return format!(
            "{count} wait in the roll-out of {service} to `{gate}` ({step}), the oldest for {oldest}"
        );
    }
    let gate = if gate.is_empty() {
        "a gate".to_owned()
    } else {
        format!("`{gate}`")
    };
    format!("{count} wait at {gate} of {service}, the oldest for {oldest}")
}
