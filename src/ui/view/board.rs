//! The columns: headings, rails, cards, what is above and below, why one is empty.

use ratatui::layout::Rect;
use ratatui::style::Modifier;

use crate::config::ColumnConfig;
use crate::domain::status::Severity;
use crate::domain::text::{truncate_with, width};
use crate::engine::snapshot::{Health, Snapshot};
use crate::ui::layout::{Plan, Size, Slot, rows};
use crate::ui::rows::{Listed, RowKey};
use crate::ui::state::UiState;
use crate::ui::text::{Paint, cols, wrap};
use crate::ui::theme::Role;
use crate::ui::update::marks::in_range;
use crate::ui::view::header::Words;
use crate::ui::view::{card, empty, lanes};

/// Paints the columns.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, plan: &Plan) {
    let theme = paint.theme;
    if plan.size == Size::Narrow && state.board.overview {
        return overview(paint, state, plan.body);
    }
    for slot in &plan.slots {
        if slot.open {
            heading(paint, state, snapshot, slot);
            if !state.has_lanes() || state.rows.lanes.is_empty() {
                column(paint, state, snapshot, plan, slot);
            }
        } else {
            rail(paint, state, slot);
        }
        let right = slot.body.right();
        if slot.column + 1 < state.options.columns.len() && right < plan.body.right() {
            let line = Rect::new(right, plan.body.y, 1, plan.body.height);
            paint.line(line, theme.glyphs().divider(), theme.style(Role::Border));
        }
    }
    if state.has_lanes() && !state.rows.lanes.is_empty() {
        lanes::paint(paint, state, snapshot, plan);
    }
    if state.rows.all == 0 {
        empty_board(paint, state, snapshot, plan);
    }
}

fn heading(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, slot: &Slot) {
    let Some(column) = state.options.columns.get(slot.column) else {
        return;
    };
    if slot.head.height == 0 {
        return;
    }
    let theme = paint.theme;
    let fallback = Listed::default();
    let listed = state.rows.columns.get(slot.column).unwrap_or(&fallback);
    let all = snapshot
        .column(column.stage)
        .map_or(0, |column| column.count);
    let focused = slot.column == state.board.focus;
    let style = if focused {
        theme.style(Role::Accent).add_modifier(Modifier::REVERSED)
    } else {
        theme.style(Role::Title)
    };
    let limit = Limited::of(snapshot, column, all);
    let is_whole = listed.count >= all;
    let counts = match (&limit, is_whole) {
        (_, false) => [
            format!("{} of {all}", listed.count),
            listed.count.to_string(),
        ],
        (Some(limit), true) => limit.words(all),
        (None, true) => [all.to_string(), all.to_string()],
    };
    let count_role = limit.map_or(Role::Dim, |limit| limit.role());
    let mark = theme.glyphs().severity(Severity::Failed);
    let red = match listed.red {
        0 => String::new(),
        red => format!("{mark}{red}"),
    };
    let number = slot.column + 1;
    let (name, count) = fit_heading(
        &column.title,
        counts,
        width(&red),
        usize::from(slot.head.width).saturating_sub(number.to_string().len() + 3),
        theme.glyphs().ellipsis(),
    );
    let mut row = Words::new(slot.head.x, slot.head.y, slot.head.right());
    row.put(paint, &format!(" {number} {name} "), style);
    row.x = row.x.saturating_sub(2);
    if !count.is_empty() {
        row.put(paint, &count, theme.style(count_role));
        row.tight();
    }
    row.put(paint, &red, theme.style(Role::Failed));
    let below = rows(slot.head, 1, 1);
    paint.line(below, theme.glyphs().rule(), theme.style(Role::Border));
}

/// How a column stands to the limit that its heading shows.
struct Limited {
    /// How many cards count; of a limit that columns share, those of all.
    cards: usize,
    most: u32,
    hard: bool,
}

impl Limited {
    fn of(snapshot: &Snapshot, column: &ColumnConfig, all: usize) -> Option<Self> {
        if let Some(count) = snapshot.attention.of_column(column.stage) {
            return Some(Self {
                cards: count.cards,
                most: count.limit.most,
                hard: count.limit.hard,
            });
        }
        // Before the cards are judged, and in a column without a card.
        let most = column.wip?;
        Some(Self {
            cards: all,
            most,
            hard: false,
        })
    }

    fn is_over(&self) -> bool {
        usize::try_from(self.most).is_ok_and(|most| self.cards > most)
    }

    /// `8/6!`, over a hard limit `8/6!!`, of a shared limit `3 of 8/6!`; and the same shorter: the
    /// count of several columns never stands for that of one.
    fn words(&self, all: usize) -> [String; 2] {
        let mark = match (self.is_over(), self.hard) {
            (false, _) => "",
            (true, false) => "!",
            (true, true) => "!!",
        };
        let own = format!("{}/{}{mark}", self.cards, self.most);
        if self.cards != all {
            return [format!("{all} of {own}"), format!("{all}{mark}")];
        }
        let short = if self.is_over() {
            own.clone()
        } else {
            all.to_string()
        };
        [own, short]
    }

    fn role(&self) -> Role {
        match (self.is_over(), self.hard) {
            (false, _) => Role::Dim,
            (true, false) => Role::Blocked,
            (true, true) => Role::Failed,
        }
    }
}

/// Returns the title of a column and its count, as they fit into `room` columns with what is red.
///
/// A title that is cut is still known by its number and its first letters; a count that is not
/// there is missed. What is red matters more than either.
pub(super) fn fit_heading(
    title: &str,
    counts: [String; 2],
    red: usize,
    room: usize,
    mark: &str,
) -> (String, String) {
    let mark = mark.chars().next().unwrap_or('>');
    let cut = |title: &str, columns| truncate_with(title, columns, mark).into_owned();
    let red = if red == 0 { 0 } else { red + 1 };
    for count in counts {
        let left = room.saturating_sub(width(&count) + red);
        if left >= LEAST_TITLE.min(width(title)) {
            return (cut(title, left), count);
        }
    }
    let left = room.saturating_sub(red.saturating_sub(1)).max(1);
    (cut(title, left), String::new())
}

/// How many columns of a title are kept at least beside a count.
const LEAST_TITLE: usize = 3;

/// A folded column: the first letters of its title, its count, its red cards.
fn rail(paint: &mut Paint<'_>, state: &UiState, slot: &Slot) {
    let Some(column) = state.options.columns.get(slot.column) else {
        return;
    };
    let theme = paint.theme;
    let area = slot.head;
    if area.width == 0 || area.height == 0 {
        return;
    }
    let name: String = column.title.chars().take(3).collect();
    paint.text(area.x, area.y, area.width, &name, theme.style(Role::Title));
    let listed = state.rows.columns.get(slot.column);
    let count = short_count(listed.map_or(0, |listed| listed.count));
    paint.line(
        rows(area, 1, 1),
        theme.glyphs().rule(),
        theme.style(Role::Border),
    );
    let body = slot.body;
    let red = listed.map_or(0, |listed| listed.red);
    if state.has_lanes() {
        // Its body belongs to the lanes.
        let below = rows(area, 1, 1);
        let mark = theme.glyphs().severity(Severity::Failed);
        let (text, role) = match red {
            0 => (count, Role::Dim),
            red => (format!("{mark}{}", short_count(red)), Role::Failed),
        };
        paint.right(below.x, below.y, below.width, &text, theme.style(role));
        return;
    }
    if body.height > 0 {
        paint.right(body.x, body.y, body.width, &count, theme.style(Role::Dim));
    }
    if red > 0 && body.height > 1 {
        let mark = theme.glyphs().severity(Severity::Failed);
        let text = fit_count(mark, &short_count(red), body.width);
        paint.right(
            body.x,
            body.y + 1,
            body.width,
            &text,
            theme.style(Role::Failed),
        );
    }
}

/// Returns a count behind its mark; where that does not fit, that there are more than nine: a
/// number that is cut is another number.
pub(super) fn fit_count(mark: &str, count: &str, room: u16) -> String {
    let text = format!("{mark}{count}");
    if width(&text) <= usize::from(room) {
        text
    } else {
        format!("{mark}9+")
    }
}

/// Paints what a line of a column shows: a card or a train, with its mark and the cursor.
pub(super) fn line(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    (column, at): (usize, usize),
    area: Rect,
    selected: bool,
) {
    let Some(shown) = state.line(snapshot, column, at) else {
        return;
    };
    card::paint(paint, snapshot, shown, area, selected);
    mark(paint, state, (column, at), &shown.key(), area, selected);
    if selected {
        paint.cursor_at(area.x, area.y);
    }
}

/// Paints the mark of a card that is marked, or of the range that is begun.
fn mark(
    paint: &mut Paint<'_>,
    state: &UiState,
    at: (usize, usize),
    key: &RowKey,
    area: Rect,
    selected: bool,
) {
    let is_marked = matches!(key, RowKey::Item(id) if state.board.marked.contains(id));
    if !is_marked && !in_range(state, at) {
        return;
    }
    let style = if selected {
        paint.theme.selection()
    } else {
        paint.theme.style(Role::Accent)
    };
    paint.text(area.x, area.y, 1.min(area.width), "*", style);
}

/// Returns a count in at most three columns.
pub(super) fn short_count(count: usize) -> String {
    match count {
        0..1_000 => count.to_string(),
        1_000..100_000 => format!("{}k", count / 1_000),
        _ => "lot".to_owned(),
    }
}

fn column(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, plan: &Plan, slot: &Slot) {
    let Some(known) = state.board.columns.get(slot.column) else {
        return;
    };
    let lines = state.rows.lines(slot.column).len();
    if lines == 0 {
        return empty_column(paint, state, snapshot, slot);
    }
    let (capacity, more) = plan.capacity(slot, lines);
    let focused = slot.column == state.board.focus;
    let end = (known.offset + capacity).min(lines);
    for (nth, at) in (known.offset..end).enumerate() {
        let area = rows(slot.body, cols(nth).saturating_mul(plan.card), plan.card);
        let selected = focused && at == known.at;
        line(paint, state, snapshot, (slot.column, at), area, selected);
    }
    if more {
        let above = known.offset;
        let below = lines - end;
        let y = slot.body.bottom() - 1;
        let dim = paint.theme.style(Role::Dim);
        let glyphs = paint.theme.glyphs();
        let text = match (above, below) {
            (0, below) => format!("{} {below} more", glyphs.below()),
            (above, 0) => format!("{} {above} above", glyphs.above()),
            (above, below) => {
                format!(
                    "{} {above}  {} {below} more",
                    glyphs.above(),
                    glyphs.below()
                )
            }
        };
        let columns = slot.body.width.saturating_sub(1);
        paint.text(slot.body.x + 1, y, columns, &text, dim);
    }
}

fn empty_column(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, slot: &Slot) {
    if state.rows.all == 0 {
        return;
    }
    let style = paint.theme.style(Role::Dim);
    let columns = slot.body.width.saturating_sub(2);
    let told = empty::because(state, snapshot, slot.column, paint.theme.glyphs());
    let mut y = slot.body.top();
    for sentence in &told {
        let room = usize::from(slot.body.bottom().saturating_sub(y));
        for line in wrap(sentence, columns, room) {
            paint.text(slot.body.x + 1, y, columns, line, style);
            y += 1;
        }
    }
}

/// What to do where there is no card at all.
fn empty_board(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, plan: &Plan) {
    let theme = paint.theme;
    let body = plan.body;
    let worst = snapshot
        .sources
        .iter()
        .filter(|source| source.health > Health::Starting)
        .max_by_key(|source| source.health);
    let starting = snapshot
        .sources
        .iter()
        .any(|source| source.health == Health::Starting);
    let mut lines: Vec<String> = Vec::new();
    if let Some(source) = worst {
        lines.push(format!(
            "{}: {}",
            source.name,
            super::wellness::word(state, source)
        ));
        lines.extend(source.message.iter().map(ToString::to_string));
        lines.extend(source.hint.iter().map(ToString::to_string));
        lines.push("`g o` shows the sources".to_owned());
    } else if snapshot.sources.is_empty() {
        lines.push("no source is configured".to_owned());
        lines.push("`cycleboard demo` shows a board without an account".to_owned());
        lines.push("`cycleboard doctor` tells what is missing".to_owned());
    } else if starting && state.options.offline {
        lines.push("never fetched (offline)".to_owned());
        lines.push("the store holds nothing of these sources yet".to_owned());
        lines.push("start once without `--offline` to fetch the board".to_owned());
    } else if starting || snapshot.partial {
        lines.push("asking the sources for the first time".to_owned());
    } else if snapshot.sources.iter().all(|source| source.facts == 0) {
        let names: Vec<&str> = snapshot.sources.iter().map(|it| it.name.as_str()).collect();
        lines.push(format!("nothing came from {}", names.join(", ")));
        lines.push("work appears here by itself as soon as there is some".to_owned());
        lines.push(
            "`cycleboard doctor` tells which repositories each source chooses, and what its token \
             may not read"
                .to_owned(),
        );
    } else {
        lines.push("no work is under way".to_owned());
        lines.push("tickets, change requests and runs appear here by themselves".to_owned());
    }
    let columns = body.width.saturating_sub(4).min(64);
    let x = body.x + (body.width - columns) / 2;
    let mut y = body.y + (body.height / 3).max(2.min(body.height));
    for (nth, line) in lines.iter().enumerate() {
        let style = theme.style(if nth == 0 { Role::Title } else { Role::Text });
        for part in wrap(line, columns, 4) {
            if y >= body.bottom() {
                return;
            }
            paint.clear(Rect::new(x, y, columns, 1), theme.ground());
            paint.text(x, y, columns, part, style);
            y += 1;
        }
    }
}

/// All columns as lines, where only one fits beside another.
fn overview(paint: &mut Paint<'_>, state: &UiState, area: Rect) {
    let theme = paint.theme;
    for (y, (at, column)) in
        (area.top()..area.bottom()).zip(state.options.columns.iter().enumerate())
    {
        let mut row = Words::new(area.x + 1, y, area.right());
        let focused = at == state.board.focus;
        let style = theme.style(if focused { Role::Accent } else { Role::Title });
        row.put(paint, &format!("{} {:<10}", at + 1, column.title), style);
        let listed = state.rows.columns.get(at);
        let count = listed.map_or(0, |listed| listed.count);
        row.put(paint, &format!("{count:>5} cards"), theme.style(Role::Text));
        let red = listed.map_or(0, |listed| listed.red);
        if red > 0 {
            row.put(paint, &format!("{red} red"), theme.style(Role::Failed));
        }
        if focused {
            paint.text(area.x, y, 1, theme.glyphs().cursor(), style);
            paint.cursor_at(area.x, y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_a_shared_limit_is_never_read_as_that_of_the_column() {
        let words = |cards, hard| {
            let most = 10;
            Limited { cards, most, hard }.words(5)
        };
        assert_eq!(words(19, false), ["5 of 19/10!", "5!"]);
        assert_eq!(words(19, true), ["5 of 19/10!!", "5!!"]);
        assert_eq!(words(9, false), ["5 of 9/10", "5"]);
        assert_eq!(words(5, false), ["5/10", "5"]);
        let fit = |room| fit_heading("Build", words(19, false), 2, room, "~").1;
        assert_eq!((fit(19), fit(12)), ("5 of 19/10!".into(), "5!".into()));
    }
}
