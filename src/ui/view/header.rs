//! The lines at the top: product, counts, sources, age of the data.
//!
//! On a screen too small for anything else, the one line that is left.

use chrono::Timelike;
use ratatui::style::Style;

use crate::domain::status::Severity;
use crate::domain::text::counted;
use crate::engine::snapshot::{Health, Snapshot};
use crate::ui::command::Command;
use crate::ui::history::reading;
use crate::ui::layout::Plan;
use crate::ui::rows::Listed;
use crate::ui::state::{UiState, View};
use crate::ui::text::{Paint, width};
use crate::ui::theme::Role;
use crate::ui::update::marks;
use crate::ui::view::wellness;

/// Paints the lines at the top.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, plan: &Plan) {
    let area = plan.header;
    let theme = paint.theme;
    let bar = theme.style(Role::Surface).patch(theme.style(Role::Text));
    paint.style(area, bar);
    let mut row = Words::new(area.x + 1, area.y, area.right());
    let wide = area.width >= 60;
    row.gap = if wide { 2 } else { 1 };
    if wide {
        row.put(paint, "cycleboard", theme.style(Role::Title));
    }
    if let Some(banner) = &state.options.banner {
        let text = format!(" {banner} ");
        row.put(paint, &text, theme.banner());
    }
    if state.options.offline {
        row.put(paint, "offline", theme.style(Role::Stale));
    }
    flaws(paint, state, &mut row);
    // How old the data are is told before how many cards there are.
    let health = wellness::shortly(paint, state, snapshot, &row);
    if let (1, Some((text, _))) = (area.height, &health) {
        row.right = row.right.saturating_sub(width(text) + row.gap);
    }
    counts(paint, state, snapshot, &mut row, wide);
    if area.height > 1 {
        let mut below = Words::new(area.x + 1, area.y + 1, area.right());
        loading(paint, state, snapshot, &mut below);
        wellness::sources(paint, state, snapshot, &mut below);
        past(paint, state, snapshot, &mut below);
    } else {
        row.right = area.right();
        if let Some((text, style)) = health {
            row.put(paint, &text, style);
        }
    }
    if let Some(strip) = plan.strip {
        paint_strip(paint, state, strip);
    }
}

/// What is wrong with the configuration or a theme, as long as the old ones hold for that reason;
/// all of it is among the messages.
fn flaws(paint: &mut Paint<'_>, state: &UiState, row: &mut Words) {
    let mut marks = state.messages.marks();
    let Some(first) = marks.next() else { return };
    let more = marks.count();
    let brief = first.split(':').next().unwrap_or(first);
    let more = match more {
        0 => String::new(),
        more => format!(" +{more}"),
    };
    let theme = paint.theme;
    let mark = theme.glyphs().severity(Severity::Blocked);
    let key = state
        .options
        .keymap
        .label(Command::Messages, theme.glyphs());
    let key = key.map_or_else(String::new, |key| format!(" ({key})"));
    // Half of the row is left for the board.
    let room = row.left() / 2;
    let texts = [
        format!("{mark} {first}{more}{key}"),
        format!("{mark} {brief}{more}{key}"),
        format!("{mark} {brief}"),
    ];
    let fits = texts.iter().find(|text| width(text) <= room);
    if let Some(text) = fits.or(texts.last()) {
        row.put(paint, text, theme.style(Role::Blocked));
    }
}

/// The one line of a screen that is too small.
pub(super) fn one_line(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot) {
    let area = paint.area();
    let theme = paint.theme;
    let mut row = Words::new(area.x, area.y, area.right());
    row.gap = 1;
    if area.width >= 12 {
        counts(paint, state, snapshot, &mut row, false);
    } else {
        let (mark, role) = match state.rows.red {
            0 => (theme.glyphs().severity(Severity::Calm), Role::Text),
            _ => (theme.glyphs().severity(Severity::Failed), Role::Failed),
        };
        let count = format!("{mark}{}", state.rows.red);
        let fits = if width(&count) <= area.width {
            count.as_str()
        } else {
            mark
        };
        row.put(paint, fits, theme.style(role));
    }
    if area.height > 1 {
        let text = TOO_SMALL.into_iter().find(|text| width(text) <= area.width);
        let style = theme.style(Role::Dim);
        paint.text(
            area.x,
            area.y + 1,
            area.width,
            text.unwrap_or_default(),
            style,
        );
    }
}

/// What a screen is told that is too small; the first that fits.
const TOO_SMALL: [&str; 4] = [
    "too small: 30 x 6 at least",
    "needs 30 x 6",
    "too small",
    "small",
];

fn counts(
    paint: &mut Paint<'_>,
    state: &UiState,
    snapshot: &Snapshot,
    row: &mut Words,
    wide: bool,
) {
    let theme = paint.theme;
    row.whole = true;
    let found = told(state);
    let filter = found.filter;
    let all = filter.is_empty() && found.shown == found.all;
    let [full, short] = match (all, wide) {
        (true, _) => [counted(found.all, "card"), found.all.to_string()],
        (false, true) => [
            format!("{} of {}", found.shown, counted(found.all, "card")),
            found.shown.to_string(),
        ],
        (false, false) => [
            format!("{} of {}", found.shown, found.all),
            found.shown.to_string(),
        ],
    };
    // What is red is looked for first: room is kept for it, however little there is.
    let text = format!("/{filter}");
    let least = match (filter.is_empty(), wide) {
        (true, _) => 0,
        (false, true) => width(&text).min(12) + row.gap,
        (false, false) => width(&text).min(5) + row.gap,
    };
    let red = red(paint, &found, row.left(), row.gap + width(&full) + least);
    let kept = red.as_ref().map_or(0, |red| width(red) + row.gap);
    row.right = row.right.saturating_sub(kept);
    let cards = if width(&full) <= row.left() {
        full
    } else {
        short
    };
    row.put(paint, &cards, theme.style(Role::Text));
    own_marks(paint, state, snapshot, row);
    if !filter.is_empty() {
        // What hides cards is always told; of what follows there is less need then.
        let room = if wide { row.left() / 2 } else { row.left() };
        row.put_within(paint, &text, room, theme.style(Role::Key));
    }
    if let Some(order) = state.board.order.mark() {
        row.put(paint, order, theme.style(Role::Accent));
    }
    row.right = row.right.saturating_add(kept);
    if let Some(red) = red {
        row.put(paint, &red, theme.style(Role::Failed));
    }
    if found.red_shown > 0 && found.red_hidden > 0 {
        for text in hidden(&found) {
            if width(&text) <= row.left() {
                row.put(paint, &text, theme.style(Role::Failed));
                break;
            }
        }
    }
    if found.needy > 0 {
        let whom = match (state.options.me.is_empty(), wide) {
            (false, _) => "need you",
            (true, true) => "need a person",
            (true, false) => "waiting",
        };
        row.put(
            paint,
            &format!("{} {whom}", found.needy),
            theme.style(Role::Waiting),
        );
    }
    if wide && snapshot.partial && paint.area().height < 20 {
        row.put(paint, "loading", theme.style(Role::Stale));
    }
    row.whole = false;
}

/// What the user did to cards on this machine: put aside, marked.
fn own_marks(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, row: &mut Words) {
    // For good or until something: hidden and snoozed cards are both put aside.
    let aside = state.rows.hidden;
    if aside > 0 {
        let style = paint.theme.style(Role::Dim);
        row.put(paint, &format!("{aside} put aside"), style);
    }
    let marked = marks::chosen(state, snapshot).len();
    if marked > 0 && state.view == View::Board {
        let style = paint.theme.style(Role::Accent);
        row.put(paint, &format!("{marked} marked"), style);
    }
    let area = paint.area();
    if let Some(name) = state.saved.current.as_ref().filter(|_| area.height < 20) {
        let changed = if state.is_changed() { "*" } else { "" };
        let style = paint.theme.style(Role::Accent);
        row.put(paint, &format!("[{name}{changed}]"), style);
    }
}

/// What is counted.
struct Told<'a> {
    /// The filter that holds in this view, as text.
    filter: &'a str,
    all: usize,
    shown: usize,
    red_shown: usize,
    red_hidden: usize,
    /// Whether cards were put aside, which hides them as a filter does.
    aside: bool,
    needy: usize,
}

/// Returns what is counted: triage lists all that is red, whatever the filter of the board hides.
fn told(state: &UiState) -> Told<'_> {
    let rows = &state.rows;
    match state.view {
        View::Board
        | View::Attention
        | View::Standup
        | View::Flow
        | View::Sources
        | View::Replay => Told {
            filter: state.filter.query.text(),
            all: rows.all,
            shown: rows.shown,
            red_shown: rows.red_shown,
            red_hidden: rows.red_hidden(),
            aside: rows.hidden > 0,
            needy: rows.needy,
        },
        View::Triage => Told {
            filter: "",
            all: rows.all,
            shown: rows.all,
            red_shown: rows.red,
            red_hidden: 0,
            aside: false,
            needy: rows.needy_of_all(),
        },
    }
}

/// Returns how many cards are red, in as many words as fit beside what takes `beside` columns; where
/// none is shown, how many are hidden.
fn red(paint: &Paint<'_>, found: &Told<'_>, room: u16, beside: u16) -> Option<String> {
    let mark = paint.theme.glyphs().severity(Severity::Failed);
    let shown = found.red_shown;
    let texts = match (shown, found.red_hidden) {
        (0, 0) => return None,
        (0, count) => {
            let [full, short] = hidden(found);
            vec![full, short, format!("{mark}{count} hidden")]
        }
        (_, _) => vec![format!("{shown} red"), format!("{mark}{shown}")],
    };
    let last = texts.last().cloned();
    let fits = |text: &String| width(text) + beside <= room;
    texts.into_iter().find(fits).or(last)
}

/// Returns how many red cards are not shown, in full and in short.
fn hidden(found: &Told<'_>) -> [String; 2] {
    let count = found.red_hidden;
    let short = format!("{count} red hidden");
    if found.filter.is_empty() && !found.aside {
        [format!("{count} red in hidden columns"), short]
    } else {
        [short.clone(), short]
    }
}

/// Where the cards come from as long as not every source has answered.
fn loading(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, row: &mut Words) {
    let style = paint.theme.style(Role::Waiting);
    let starting = snapshot
        .sources
        .iter()
        .filter(|source| source.health == Health::Starting)
        .count();
    let asked = !state.options.offline || snapshot.partial;
    if (starting == 0 && !snapshot.partial) || !asked {
        return;
    }
    let newest = snapshot.confirmed.values().max();
    if let Some(at) = newest {
        let local = at.with_timezone(&state.options.zone);
        row.put(
            paint,
            &format!("from {:02}:{:02}", local.hour(), local.minute()),
            style,
        );
    }
    let text = format!(
        "loading {starting} of {}",
        counted(snapshot.sources.len(), "source")
    );
    row.put(paint, &text, style);
    // What has come by now: whoever waits sees that it goes on, and how far.
    let come = snapshot.sources.iter().map(|source| source.facts).sum();
    let far = format!("{} so far", facts(come, snapshot.repositories.len()));
    if come > 0 && row.left() > width(&far) + LEAST_OF_SOURCES {
        row.put(paint, &far, paint.theme.style(Role::Dim));
    }
}

/// Columns that are left for how the sources are, at least.
const LEAST_OF_SOURCES: u16 = 40;

/// `1234 facts of 12 repositories`
fn facts(facts: usize, repositories: usize) -> String {
    let plural = |count: usize, one: &str, many: &str| {
        format!("{count} {}", if count == 1 { one } else { many })
    };
    let facts = plural(facts, "fact", "facts");
    match repositories {
        0 => facts,
        many => format!("{facts} of {}", plural(many, "repository", "repositories")),
    }
}

/// How much of the past is read, on the board; views of the past say it themselves.
fn past(paint: &mut Paint<'_>, state: &UiState, snapshot: &Snapshot, row: &mut Words) {
    if state.view.reads_history() || state.options.offline {
        return;
    }
    if let Some(text) = reading(state, snapshot)
        && width(&text) <= row.left()
    {
        row.put(paint, &text, paint.theme.style(Role::Dim));
    }
}

/// Counters of all columns on a screen that shows one of them.
fn paint_strip(paint: &mut Paint<'_>, state: &UiState, area: ratatui::layout::Rect) {
    let theme = paint.theme;
    let mut row = Words::new(area.x, area.y, area.right());
    row.gap = 0;
    let columns = state.options.columns.len().max(1);
    let each = usize::from(area.width) / columns;
    let mark = theme.glyphs().severity(Severity::Failed);
    let texts = |listed: Option<&Listed>| {
        let (count, red) = listed.map_or((0, 0), |listed| (listed.count, listed.red));
        match red {
            0 => [count.to_string(), String::new()],
            // Where both do not fit, what is red matters more than how many there are.
            red => [format!("{count}{mark}{red}"), format!("{mark}{red}")],
        }
    };
    let widest = state.rows.columns.iter().map(|listed| {
        let [full, _] = texts(Some(listed));
        usize::from(width(&full))
    });
    let letters = if widest.max().unwrap_or_default() + 2 < each {
        2
    } else {
        1
    };
    for (at, column) in state.options.columns.iter().enumerate() {
        let listed = state.rows.columns.get(at);
        let red = listed.is_some_and(|listed| listed.red > 0);
        let name: String = column.title.chars().take(letters).collect();
        let [full, short] = texts(listed);
        let fits = letters + usize::from(width(&full)) < each;
        let count = if fits || short.is_empty() {
            full
        } else {
            short
        };
        let text = format!("{name}{count}");
        let style = match (at == state.board.focus, red) {
            (true, _) => theme
                .style(Role::Accent)
                .add_modifier(ratatui::style::Modifier::REVERSED),
            (false, true) => theme.style(Role::Failed),
            (false, false) => theme.style(Role::Dim),
        };
        row.put(paint, &text, style);
        let next = usize::from(area.x) + (at + 1) * usize::from(area.width) / columns;
        row.x = row.x.max(u16::try_from(next).unwrap_or(u16::MAX));
    }
}

/// Words in a row, two columns apart.
pub(super) struct Words {
    pub(super) x: u16,
    y: u16,
    right: u16,
    pub(super) gap: u16,
    /// Whether a word that does not fit is left out, rather than cut.
    whole: bool,
}

impl Words {
    /// Begins a row.
    pub(super) fn new(x: u16, y: u16, right: u16) -> Self {
        Self {
            x,
            y,
            right,
            gap: 2,
            whole: false,
        }
    }

    /// Adds a word, if at least some of it fits; returns the column after it.
    pub(super) fn put(&mut self, paint: &mut Paint<'_>, text: &str, style: Style) -> u16 {
        let left = self.left();
        if self.whole && width(text) > left {
            return self.x;
        }
        let end = if left >= width(text).min(4) {
            paint.text(self.x, self.y, left, text, style)
        } else {
            self.right
        };
        self.x = end.saturating_add(self.gap);
        end
    }

    /// Adds a word in at most so many columns.
    pub(super) fn put_within(
        &mut self,
        paint: &mut Paint<'_>,
        text: &str,
        columns: u16,
        style: Style,
    ) {
        let (right, whole) = (self.right, self.whole);
        self.right = right.min(self.x.saturating_add(columns));
        self.whole = false;
        self.put(paint, text, style);
        (self.right, self.whole) = (right, whole);
    }

    /// Returns how many columns are left.
    pub(super) fn left(&self) -> u16 {
        self.right.saturating_sub(self.x)
    }

    /// Puts the next word one column after that position.
    pub(super) fn join(&mut self, end: u16) {
        self.x = end.saturating_add(1);
    }

    /// Puts all words one column apart.
    pub(super) fn close(&mut self) {
        self.gap = 1;
    }

    /// Puts the next word closer to the last one.
    pub(super) fn tight(&mut self) {
        self.x = self.x.saturating_sub(1);
    }
}
