//! The sources: health, age, limits, requests, and what the selected one can do.

use ratatui::layout::Rect;

use crate::domain::status::Severity;
use crate::domain::text::format_duration;
use crate::engine::snapshot::{CapabilityState, Health, RequestLine, Snapshot, SourceView};
use crate::ui::layout::rows;
use crate::ui::scroll;
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;
use crate::ui::view::header::Words;
use crate::ui::view::wellness::{is_exposed, severity, share_left, word};

/// What a mark and the space after it take.
const MARK: u16 = 2;

/// Paints the view.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, area: Rect) {
    let theme = paint.theme;
    let wide = area.width.saturating_sub(2);
    if snapshot.sources.is_empty() {
        let text = "no source is configured; `cycleboard doctor` tells what is missing";
        for (y, line) in (area.top()..area.bottom()).zip(wrap(text, wide, 3)) {
            paint.text(area.x + 1, y, wide, line, theme.style(Role::Text));
        }
        return;
    }
    let table = Table::new(area.width);
    table.heading(paint, rows(area, 0, 1));
    let (first, listed) = window(state, snapshot, area);
    let visible = snapshot.sources.iter().enumerate().skip(first);
    for (nth, (at, source)) in (0..listed).zip(visible) {
        let row = rows(area, 1 + nth, 1);
        if row.height == 0 {
            return;
        }
        table.row(paint, state, source, row, at == state.source);
    }
    let Some(source) = snapshot.sources.get(state.source) else {
        return;
    };
    let area = large(state, snapshot, area);
    // Once for nothing, to learn how much there is.
    let nowhere = Rect { height: 0, ..area };
    let all = about(paint, source, nowhere, 0);
    let most = all.saturating_sub(area.height);
    let (of, scroll) = &mut state.source_scroll;
    *scroll = if *of == state.source {
        (*scroll).min(most)
    } else {
        0
    };
    *of = state.source;
    let scroll = *scroll;
    about(paint, source, area, scroll);
    if scroll < most && area.height > 1 {
        let more = format!("{}{}", theme.glyphs().below(), most - scroll);
        let dim = theme.style(Role::Dim);
        paint.right(area.x + 1, area.bottom() - 1, wide, &more, dim);
    }
}

/// Returns the part that tells of the selected source.
pub(super) fn large(state: &UiState, snapshot: &Snapshot, area: Rect) -> Rect {
    let from = window(state, snapshot, area).1.saturating_add(2);
    rows(area, from, area.height.saturating_sub(from))
}

/// Returns the first source that is listed and how many are.
fn window(state: &UiState, snapshot: &Snapshot, area: Rect) -> (usize, u16) {
    let listed = cols(snapshot.sources.len()).min((area.height / 2).max(1));
    let first = scroll::part(state.source, usize::from(listed), snapshot.sources.len());
    (first, listed)
}

/// Returns the source that is listed in this row of the screen.
pub(crate) fn at(state: &UiState, snapshot: &Snapshot, area: Rect, y: u16) -> Option<usize> {
    let (first, listed) = window(state, snapshot, area);
    let row = y.checked_sub(area.y + 1).filter(|row| *row < listed)?;
    Some(first + usize::from(row)).filter(|at| *at < snapshot.sources.len())
}

/// So many polls that fail are told one by one.
const MOST_FAILING: usize = 3;

/// Columns that show the cursor: source, kind, host and health.
const MARKED: usize = 4;

/// Widths of the table's columns, from left to right; 0 is not shown.
struct Table {
    columns: [(&'static str, u16); 9],
}

impl Table {
    fn new(width: u16) -> Self {
        let show = |least: u16, columns: u16| if width >= least { columns } else { 0 };
        Self {
            columns: [
                ("source", if width < 60 { 12 } else { 16 }),
                ("kind", if width < 120 { show(100, 10) } else { 14 }),
                ("host", show(60, 22)),
                ("health", 15),
                ("data", 5),
                ("left of limit", show(60, 14)),
                ("sent", show(90, 7)),
                ("not modified", show(120, 13)),
                ("failed", show(70, 7)),
            ],
        }
    }

    fn heading(&self, paint: &mut Paint<'_>, row: Rect) {
        let style = paint.theme.style(Role::Dim);
        let mut x = row.x + 1;
        for (title, columns) in self.columns {
            let room = columns.min(row.right().saturating_sub(x));
            paint.text(x, row.y, room.saturating_sub(1), title, style);
            x = x.saturating_add(columns);
        }
    }

    fn row(
        &self,
        paint: &mut Paint<'_>,
        state: &UiState,
        source: &SourceView,
        row: Rect,
        selected: bool,
    ) {
        let theme = paint.theme;
        if selected {
            // What comes after them stays as it is: moving the cursor repaints less.
            let marked = self.columns.iter().take(MARKED);
            let wide = marked.map(|(_, columns)| *columns).sum::<u16>() + 1;
            let wide = wide.min(row.width);
            paint.style(Rect { width: wide, ..row }, theme.selection());
            paint.text(row.x, row.y, 1, theme.glyphs().cursor(), theme.selection());
            paint.cursor_at(row.x, row.y);
        }
        let mark = theme.glyphs().severity(severity(source.health));
        let age = source.last_told.map(|at| paint.age(at).to_string());
        let budget = source
            .budgets
            .iter()
            .min_by_key(|budget| share_left(budget));
        let left = budget.map(|budget| format!("{}/{}", budget.remaining, budget.limit));
        let values = [
            (source.name.to_string(), Role::Text),
            (source.kind.to_owned(), Role::Dim),
            (source.host.clone(), Role::Dim),
            (format!("{mark} {}", word(state, source)), Role::Title),
            (age.unwrap_or_else(|| "-".to_owned()), Role::Text),
            (left.unwrap_or_else(|| "-".to_owned()), Role::Text),
            (source.sent.to_string(), Role::Text),
            (source.not_modified.to_string(), Role::Text),
            (source.failed.to_string(), Role::Text),
        ];
        let mut x = row.x + 1;
        let cells = values.into_iter().zip(self.columns).enumerate();
        for (nth, ((text, role), (title, columns))) in cells {
            let style = match (selected && nth < MARKED, title) {
                (true, _) => theme.selection(),
                (false, "health") => theme.severity(severity(source.health)),
                (false, "failed") if source.failed > 0 => theme.style(Role::Failed),
                (false, _) => theme.style(role),
            };
            let room = columns.min(row.right().saturating_sub(x));
            paint.text(x, row.y, room.saturating_sub(1), &text, style);
            x = x.saturating_add(columns);
        }
    }
}

/// Everything about one source from a line on, as far as there is room; returns how many lines
/// there are in all.
fn about(paint: &mut Paint<'_>, source: &SourceView, area: Rect, scroll: u16) -> u16 {
    let mut page = Page {
        area,
        scroll,
        line: 0,
    };
    page.section(paint, source.name.as_str());
    let state = severity(source.health);
    if let Some(message) = &source.message {
        let style = paint.theme.severity(state);
        page.lines(paint, message, style);
    }
    if let Some(hint) = &source.hint {
        let style = paint.theme.style(Role::Text);
        page.lines(paint, hint, style);
    }
    failures(paint, source, &mut page);
    page.pair(paint, "token", &source.token_from);
    if is_exposed(source) {
        page.pair(paint, "connection", "NOT ENCRYPTED");
    }
    if source.followed {
        page.pair(
            paint,
            "polled by",
            "another board on this machine; this one follows",
        );
    }
    if let Some(at) = source.next_poll {
        let secs = (at - paint.now).num_seconds();
        paint.note(at);
        let waits = secs <= 0 && source.health == Health::RateLimited;
        let text = if waits {
            "as soon as the limit allows it".to_owned()
        } else if secs <= 0 {
            "now".to_owned()
        } else {
            format!("in {} min at most", secs / 60 + 1)
        };
        if secs > 60 {
            paint.note(at - chrono::TimeDelta::minutes((secs - 1) / 60));
        }
        page.pair(paint, "next poll", &text);
    }
    page.pair(paint, "facts", &source.facts.to_string());
    if let Some(past) = source.past.words() {
        page.pair(paint, "past", &past);
    }
    budgets(paint, source, &mut page);
    capabilities(paint, source, &mut page);
    requests(paint, source, &mut page);
    page.line
}

/// What was being read by what fails, the request that failed last, and a clock that is off.
fn failures(paint: &mut Paint<'_>, source: &SourceView, page: &mut Page) {
    for what in source.failing.iter().take(MOST_FAILING) {
        page.marked(paint, Severity::Blocked, what);
    }
    let more = source.failing.len().saturating_sub(MOST_FAILING);
    if more > 0 {
        page.marked(paint, Severity::Blocked, &format!("and {more} more"));
    }
    if let Some(request) = &source.last_failed {
        let age = match paint.age(request.at).to_string() {
            now if now == "now" => now,
            age => format!("{age} ago"),
        };
        let status = status_of(request);
        let text = format!("{age}, {status}: {}", request.what);
        page.pair(paint, "last failed", &text);
    }
    // Where nothing is wrong, its message says so.
    if let Some(ahead) = source.ahead.filter(|_| !source.health.is_well()) {
        page.pair(paint, "clock", &off_by(ahead));
    }
}

/// Says how far the clock of a host is off.
fn off_by(ahead: chrono::TimeDelta) -> String {
    let way = if ahead.num_seconds() > 0 {
        "ahead of"
    } else {
        "behind"
    };
    let by = format_duration(ahead.abs());
    format!("{by} {way} the one here: times that it tells are off by that")
}

/// Returns the status of a request, or that no answer came.
fn status_of(request: &RequestLine) -> String {
    request
        .status
        .map_or_else(|| "no answer".to_owned(), |code| code.to_string())
}

fn budgets(paint: &mut Paint<'_>, source: &SourceView, page: &mut Page) {
    for budget in &source.budgets {
        let reset = budget.reset_at.map_or_else(String::new, |at| {
            let minutes = (at - paint.now).num_minutes().max(0);
            if at > paint.now {
                paint
                    .note(at - chrono::TimeDelta::minutes(minutes) + chrono::TimeDelta::seconds(1));
            }
            format!(", full again in {} min", minutes + 1)
        });
        let text = format!(
            "{} of {} left ({} %){reset}",
            budget.remaining,
            budget.limit,
            share_left(budget) / 10
        );
        page.pair(paint, &format!("limit {}", budget.bucket), &text);
    }
}

/// What works and what was not tried is a list each; what does not says why.
fn capabilities(paint: &mut Paint<'_>, source: &SourceView, page: &mut Page) {
    if source.capabilities.is_empty() {
        return;
    }
    page.section(paint, "what it can do");
    let of_state = |wanted: &CapabilityState| {
        let all = source.capabilities.iter();
        let names = all.filter(|one| one.state == *wanted).map(|one| one.name);
        names.collect::<Vec<_>>().join(", ")
    };
    for (state, label, severity) in [
        (CapabilityState::Available, "yes", Severity::Calm),
        (CapabilityState::Unknown, "not tried yet", Severity::Idle),
    ] {
        let names = of_state(&state);
        if !names.is_empty() {
            page.marked(paint, severity, &format!("{label}: {names}"));
        }
    }
    for capability in &source.capabilities {
        if let CapabilityState::Missing(why) = &capability.state {
            let text = format!("{}: {why}", capability.name);
            page.marked(paint, Severity::Blocked, &text);
        }
    }
}

fn requests(paint: &mut Paint<'_>, source: &SourceView, page: &mut Page) {
    if source.recent.is_empty() {
        return;
    }
    page.section(paint, "last requests");
    for request in &source.recent {
        let Some(mut row) = page.row() else {
            continue;
        };
        let age = paint.age(request.at).to_string();
        let status = status_of(request);
        let failed = request.is_bad();
        let style = paint
            .theme
            .style(if failed { Role::Failed } else { Role::Calm });
        row.put(paint, &format!("{age:>4}"), paint.theme.style(Role::Dim));
        row.put(paint, &status, style);
        let cost = format!("{:>5} ms {:>8} B", request.millis, request.bytes);
        row.put(paint, &cost, paint.theme.style(Role::Dim));
        row.put(paint, &request.what, paint.theme.style(Role::Text));
    }
}

/// Lines one below the other; those that have no room are counted.
struct Page {
    area: Rect,
    /// How many lines are above the area.
    scroll: u16,
    /// Which line is next.
    line: u16,
}

impl Page {
    fn row(&mut self) -> Option<Words> {
        let at = self.line.checked_sub(self.scroll);
        self.line = self.line.saturating_add(1);
        let at = at.filter(|at| *at < self.area.height)?;
        let Rect { x, y, .. } = self.area;
        Some(Words::new(x + 1, y + at, self.area.right()))
    }

    fn section(&mut self, paint: &mut Paint<'_>, title: &str) {
        if self.line > 0 {
            self.line = self.line.saturating_add(1);
        }
        if let Some(mut row) = self.row() {
            row.put(paint, title, paint.theme.style(Role::Title));
        }
    }

    fn pair(&mut self, paint: &mut Paint<'_>, label: &str, text: &str) {
        if let Some(mut row) = self.row() {
            let end = row.put(paint, &format!("{label:<13}"), paint.theme.style(Role::Dim));
            row.join(end);
            row.put(paint, text, paint.theme.style(Role::Text));
        }
    }

    /// A mark, and words that may take some lines.
    fn marked(&mut self, paint: &mut Paint<'_>, severity: Severity, text: &str) {
        let mark = paint.theme.glyphs().severity(severity);
        let style = paint.theme.severity(severity);
        let columns = self.area.width.saturating_sub(2 + MARK);
        for (nth, line) in wrap(text, columns, 3).into_iter().enumerate() {
            let Some(mut row) = self.row() else {
                continue;
            };
            row.put(paint, if nth == 0 { mark } else { " " }, style);
            row.tight();
            row.put(paint, line, paint.theme.style(Role::Text));
        }
    }

    fn lines(&mut self, paint: &mut Paint<'_>, text: &str, style: ratatui::style::Style) {
        let columns = self.area.width.saturating_sub(2);
        for line in wrap(text, columns, 3) {
            if let Some(mut row) = self.row() {
                row.put(paint, line, style);
            }
        }
    }
}
