//! The log: lines around the window, folded to the failing step, with their colours.

use chrono::TimeDelta;
use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::domain::Timestamp;
use crate::domain::triage::Known;
use crate::engine::snapshot::Snapshot;
use crate::log::Grows;
use crate::log::{LogLine, Mark};
use crate::ui::logs::Live;
use crate::ui::panes::LogColumns;
use crate::ui::state::{LogPane, LogStanding, Pane, UiState};
use crate::ui::text::{Paint, wrap};
use crate::ui::theme::Role;
use crate::ui::tree::no_jobs;
use crate::ui::update::triage as logic;
use crate::ui::view::triage::line::{Cut, Piece, laid_out, marked, pieces};

/// From when on it is said how long ago a log was read that grows.
const LATE_SECS: i64 = 8;
/// In which steps that is said.
const STEP_SECS: i64 = 4;

/// Returns the heading: how long it is, where the cursor is, what is searched for.
pub(super) fn title(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot) -> String {
    let log = &state.triage.log;
    let attempt = earlier_attempt(state, snapshot);
    let attempt = attempt.map_or_else(String::new, |number| format!(" attempt {number}"));
    let Some(index) = log.index.as_ref() else {
        return format!("log{attempt}");
    };
    let noun = if index.lines() == 1 { "line" } else { "lines" };
    let mut title = format!("log{attempt} {} {noun}", grouped(index.lines()));
    if let Some(live) = &log.live {
        title = format!("{title}  {}", stands(paint, live, log.is_at_end()));
    }
    if let Some((at, of)) = log.error_place() {
        title = format!("{title}  error {at}/{of}");
    }
    if let Some(search) = &log.search {
        let line = log.line().unwrap_or_default();
        let at = grouped(search.lines.place(line));
        let more = if search.done { "" } else { "+" };
        title = format!(
            "{title}  /{} {at} of {}{more}",
            log.searched,
            grouped(search.lines.len())
        );
    }
    if log.left > 0 && !log.wrap {
        title = format!("{title}  from column {}", log.left + 1);
    }
    let bytes = index.counts().bytes;
    match logic::log::extent(state, snapshot) {
        logic::log::Extent::All => {}
        logic::log::Extent::Loading => {
            title = format!("{title}  first {}, loading", size(bytes));
        }
        logic::log::Extent::Beginning => title = format!("{title}  first {} only", size(bytes)),
    }
    if index.counts().cut > 0 {
        title.push_str("  end left out");
    }
    title
}

/// Returns how a log that grows stands, in words.
fn stands(paint: &mut Paint<'_>, live: &Live, is_at_end: bool) -> String {
    let ago = live.read_at.map(|at| ago(paint, at));
    match &live.stands {
        Grows::Ended(_) => "ended".to_owned(),
        Grows::Stopped(why) => format!("not followed: {why}"),
        Grows::Trouble(why) => match ago {
            Some(secs) => format!("last read {secs} s ago: {why}"),
            None => format!("not read yet: {why}"),
        },
        Grows::Starting | Grows::Following => {
            let word = if is_at_end {
                "following"
            } else {
                "following below"
            };
            match ago.filter(|secs| *secs >= LATE_SECS) {
                Some(secs) => format!("{word}, last read {secs} s ago"),
                None => word.to_owned(),
            }
        }
    }
}

/// Returns how many seconds ago something was, in steps, and has it painted again at the next.
fn ago(paint: &mut Paint<'_>, at: Timestamp) -> i64 {
    let secs = (paint.now - at).num_seconds().max(0);
    let secs = secs - secs % STEP_SECS;
    paint.note(at + TimeDelta::seconds(secs + STEP_SECS));
    secs
}

/// Returns the attempt that the log is of, where that is not the newest of its run.
fn earlier_attempt(state: &UiState, snapshot: &Snapshot) -> Option<u32> {
    let key = state.triage.log.key.as_ref()?;
    let run = &logic::card(state, snapshot)?.triage.run;
    (run.key() == key.run && run.attempt != key.attempt).then_some(key.attempt)
}

/// Returns a count with its thousands apart.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns bytes as people read them.
fn size(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        1_000_000.. => format!("{} MB", bytes / 1_000_000),
    }
}

/// Paints the lines, or why there are none.
pub(super) fn paint(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, area: Rect) {
    if area.width == 0 || area.height == 0 {
        return;
    }
    if state.triage.log.standing != LogStanding::Open {
        sentence(paint, state, snapshot, area);
        return;
    }
    let log = &mut state.triage.log;
    log.settle(u64::from(area.height));
    let last = log.index.as_ref().map_or(0, |index| index.lines());
    let columns = LogColumns::new(area.width, last, log.times);
    if log.fold.visible_lines() == 0 {
        let style = paint.theme.style(Role::Dim);
        paint.text(
            area.x + 1,
            area.y,
            area.width.saturating_sub(1),
            if log.live.is_some() {
                "the job has written nothing yet"
            } else {
                "the log has no lines"
            },
            style,
        );
        return;
    }
    if log.wrap {
        wrapped_top(paint, log, columns, area.height);
    }
    let focused = state.triage.pane == Pane::Log;
    let mut rows = std::mem::take(&mut state.triage.log.rows);
    rows.clear();
    let log = &state.triage.log;
    let mut y = area.y;
    let mut row = log.top;
    while y < area.bottom() {
        let Some(line) = log.fold.line_at(row) else {
            break;
        };
        let rest = Rect {
            y,
            height: area.bottom() - y,
            ..area
        };
        let is_here = row == log.cursor;
        let took = one(paint, log, columns, (line, is_here, focused), rest);
        rows.extend(std::iter::repeat_n(row, usize::from(took)));
        y += took;
        row += 1;
    }
    state.triage.log.rows = rows;
}

/// Brings the first row down until the cursor is on the screen, wrapped lines counted.
fn wrapped_top(paint: &Paint<'_>, log: &mut LogPane, columns: LogColumns, height: u16) {
    let rows = |log: &LogPane, row: u64| -> u64 {
        let line = log.fold.line_at(row).and_then(|line| log.lines.get(&line));
        let Some(line) = line else {
            return 1;
        };
        let pieces = pieces(line, paint.theme, None);
        let cut = Cut::wrapped(columns.text, usize::from(height));
        laid_out(&pieces, cut).rows.len() as u64
    };
    let mut used: u64 = (log.top..=log.cursor).map(|row| rows(log, row)).sum();
    while log.top < log.cursor && used > u64::from(height) {
        used -= rows(log, log.top);
        log.top += 1;
    }
}

/// Paints one line of the log; returns how many rows it took.
fn one(
    paint: &mut Paint<'_>,
    log: &LogPane,
    columns: LogColumns,
    (number, is_here, focused): (u64, bool, bool),
    area: Rect,
) -> u16 {
    let theme = paint.theme;
    let gutter = if is_here {
        theme.selection()
    } else {
        theme.style(Role::Dim)
    };
    if is_here {
        let cursor = if focused {
            theme.glyphs().cursor()
        } else {
            " "
        };
        paint.text(area.x, area.y, 1, cursor, theme.selection());
        paint.cursor_at(area.x, area.y);
    }
    let mut x = area.x + 1;
    if columns.numbers > 0 {
        let text = (number + 1).to_string();
        paint.right(x, area.y, columns.numbers - 1, &text, gutter);
        x += columns.numbers;
    }
    let Some(line) = log.lines.get(&number) else {
        let style = theme.style(Role::Dim);
        paint.text(
            x,
            area.y,
            area.right().saturating_sub(x),
            theme.glyphs().ellipsis(),
            style,
        );
        return 1;
    };
    if columns.times > 0 {
        let text = line
            .time
            .map_or_else(String::new, |time| time.format("%H:%M:%S").to_string());
        paint.text(x, area.y, 8, &text, theme.style(Role::Dim));
        x += columns.times;
    }
    let folded = folded_note(log, number);
    let mark = match (&folded, line.mark) {
        (Some(_), _) => theme.glyphs().closed(),
        (None, Mark::Group) => theme.glyphs().opened(),
        (None, Mark::Error) => theme
            .glyphs()
            .severity(crate::domain::status::Severity::Failed),
        (
            None,
            Mark::None
            | Mark::Warning
            | Mark::Notice
            | Mark::Debug
            | Mark::Command
            | Mark::EndGroup,
        ) => " ",
    };
    let style = match line.mark {
        Mark::Error => theme.style(Role::Failed),
        Mark::None
        | Mark::Warning
        | Mark::Notice
        | Mark::Debug
        | Mark::Command
        | Mark::Group
        | Mark::EndGroup => theme.style(Role::Accent),
    };
    paint.text(x, area.y, 1, mark, style);
    x += 2;
    text(paint, log, (line, folded), (x, columns.text), area)
}

/// Paints the text of a line, and behind it what is folded or cut.
fn text(
    paint: &mut Paint<'_>,
    log: &LogPane,
    (line, folded): (&LogLine, Option<String>),
    (x, columns): (u16, u16),
    area: Rect,
) -> u16 {
    let theme = paint.theme;
    let query = log.search.as_ref().map(|search| &search.query);
    let mut pieces = pieces(line, theme, query);
    let dim = theme.style(Role::Dim);
    if let Some(note) = folded {
        pieces.push(Piece::new(format!("  ({note})"), dim));
    }
    if let Some(bytes) = line.cut {
        let text = format!("  (line of {} bytes, cut)", grouped(bytes));
        pieces.push(Piece::new(text, dim));
    }
    let cut = if log.wrap {
        Cut::wrapped(columns, usize::from(area.height))
    } else {
        Cut::from(columns, log.left)
    };
    let laid = marked(&pieces, cut, (theme.glyphs().ellipsis(), dim));
    let mut y = area.y;
    for row in &laid {
        let mut at = x;
        for (text, style) in row {
            let left = (x + columns).saturating_sub(at);
            at = paint.text(at, y, left, text, *style);
        }
        y += 1;
    }
    (y - area.y).max(1)
}

/// Returns what is hidden behind a line, if it is the first of a folded section.
fn folded_note(log: &LogPane, line: u64) -> Option<String> {
    let index = log.index.as_ref()?;
    let sections = index.sections();
    let after = sections.partition_point(|section| section.start < line);
    let mut here = sections.iter().enumerate().skip(after);
    let (_, section) = here
        .by_ref()
        .take_while(|(_, section)| section.start == line)
        .find(|(at, _)| log.fold.is_folded(*at))?;
    let end = section.end.unwrap_or_else(|| index.lines());
    let lines = end.saturating_sub(section.start);
    let errors = match section.errors {
        0 => String::new(),
        1 => ", 1 error".to_owned(),
        errors => format!(", {errors} errors"),
    };
    let noun = if lines == 1 { "line" } else { "lines" };
    Some(format!("{} {noun}{errors}", grouped(lines)))
}

/// Why no line is shown, and what is known without the log.
fn sentence(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, area: Rect) {
    let theme = paint.theme;
    let log = &state.triage.log;
    let card = logic::card(state, snapshot);
    let text = match &log.standing {
        LogStanding::Asked => "the log is on its way".to_owned(),
        LogStanding::Failed(why, true) => format!("{why}; it is asked for again"),
        LogStanding::Failed(why, false) => why.to_string(),
        LogStanding::Nothing | LogStanding::Open => {
            let bare = card.as_ref();
            let bare = bare.filter(|card| card.triage.jobs.is_empty());
            match bare {
                Some(card) => format!("jobs: {}", no_jobs(&card.triage)),
                None => "no job is selected".to_owned(),
            }
        }
    };
    let columns = area.width.saturating_sub(2);
    let mut y = area.y;
    let mut put = |paint: &mut Paint<'_>, text: &str, style, most| {
        for line in wrap(text, columns, most) {
            if y < area.bottom() {
                paint.text(area.x + 1, y, columns, line, style);
                y += 1;
            }
        }
    };
    put(paint, &text, theme.style(Role::Waiting), 4);
    let Some(Known::Yes(found)) = card.as_ref().map(|card| &card.triage.diagnosis) else {
        return;
    };
    let is_this = log.key.as_ref() == Some(&found.log_key());
    let Some(error) = found.error.as_ref().filter(|_| is_this) else {
        return;
    };
    let head = theme
        .style(Role::Title)
        .remove_modifier(Modifier::UNDERLINED);
    put(paint, "known without the log:", head, 1);
    put(paint, &error.text, theme.style(Role::Failed), 3);
    if let Some(file) = &error.file {
        let row = error.row.map_or_else(String::new, |row| format!(":{row}"));
        put(paint, &format!("{file}{row}"), theme.style(Role::Dim), 1);
    }
    for line in &error.block {
        put(paint, line, theme.style(Role::Text), 1);
    }
}
