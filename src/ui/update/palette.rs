//! The palette: what fits what was typed, and what Enter does with it.

use std::collections::HashSet;

use nucleo_matcher::chars::{normalize, to_lower_case};
use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::names::Names;
use crate::domain::query::{Fit, Typed};
use crate::domain::text::nearest;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::{COMMANDS, Command};
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::overlay::{Action, Entry, Overlay, Palette};
use crate::ui::rows::RowKey;
use crate::ui::state::{UiState, View};
use crate::ui::theme::BUILTIN;
use crate::ui::update::{act, filter, moves, open as opening, pin, update};

/// How many lines are kept.
const MOST: usize = 60;

/// How many cards are scored that hold what was typed as it is, and how many of which only the
/// letters fit: the first of the board.
const SCORED: usize = 8_192;

/// Opens the palette.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot) {
    state.overlays.push(Overlay::Palette(Palette {
        filters: filters(snapshot),
        ..Palette::default()
    }));
    edited(state, snapshot);
}

/// Returns services and people that appear on cards, as filters.
fn filters(snapshot: &Snapshot) -> Vec<Entry> {
    let mut seen = HashSet::new();
    for item in snapshot.items() {
        seen.extend(
            item.services
                .iter()
                .map(|service| ("service", service.as_str())),
        );
        let people = item.holders.iter().chain(&item.author);
        seen.extend(people.map(|person| ("person", person.login.as_str())));
    }
    let mut all: Vec<(&str, &str)> = seen.into_iter().collect();
    all.sort_unstable();
    all.into_iter()
        .map(|(kind, name)| {
            let key = if kind == "service" {
                "service"
            } else {
                "holder"
            };
            Entry {
                text: format!("{kind} {name}"),
                kind: "filter",
                action: Action::Filter(format!("{key}:{}", filter::quoted(name))),
            }
        })
        .collect()
}

/// Finds what fits what was typed.
pub(crate) fn edited(state: &mut UiState, snapshot: &Snapshot) {
    let Some(Overlay::Palette(palette)) = state.overlays.last() else {
        return;
    };
    let typed = palette.list.input.value().trim().to_owned();
    let entries = found(state, snapshot, palette, &typed);
    if let Some(Overlay::Palette(palette)) = state.overlays.last_mut() {
        palette.entries = entries;
        palette.list.cursor = 0;
        palette.list.scroll = 0;
    }
}

fn found(state: &UiState, snapshot: &Snapshot, palette: &Palette, typed: &str) -> Vec<Entry> {
    let mut best = Best::new(typed);
    // What keys do at once is of no use in a list that was opened to find something.
    for row in COMMANDS
        .iter()
        .filter(|row| !typed.is_empty() || row.command > Command::Column8)
    {
        let entry = || Entry {
            text: row.name.to_owned(),
            kind: "command",
            action: Action::Run(row.command),
        };
        // Whoever knows the key finds what it is called.
        let keymap = &state.options.keymap;
        let labels = || keymap.all_labels(row.command, Glyphs::Ascii);
        if !typed.is_empty() && labels().iter().any(|label| label == typed) {
            best.first(entry());
        } else {
            best.offer(row.name, entry);
        }
    }
    for column in &state.options.columns {
        best.offer_text(&format!("stage {}", column.title), "column", || {
            Action::Focus(column.stage)
        });
        best.offer_text(&format!("pin to stage {}", column.title), "pin", || {
            Action::Pin(column.stage)
        });
    }
    for (name, _) in BUILTIN {
        best.offer_text(&format!("theme {name}"), "theme", || {
            Action::Theme((*name).to_owned())
        });
    }
    for (at, source) in snapshot.sources.iter().enumerate() {
        best.offer_text(&format!("source {}", source.name), "source", || {
            Action::Source(at)
        });
    }
    if let Some(text) = typed.strip_prefix("filter ") {
        best.first(Entry {
            text: typed.to_owned(),
            kind: "filter",
            action: Action::Filter(text.trim().to_owned()),
        });
    }
    if typed.chars().count() >= 2 {
        for entry in &palette.filters {
            best.offer(&entry.text, || entry.clone());
        }
        offer_cards(&mut best, snapshot, typed);
    }
    best.entries()
}

/// Cards, by key and title.
///
/// Those that hold what was typed as it is come first; those that hold its
/// letters only where the former are few, and then the first so many of the board.
fn offer_cards(best: &mut Best, snapshot: &Snapshot, typed: &str) {
    let words = Typed::new(typed);
    let mut loose: Vec<&WorkItem> = Vec::new();
    let (mut found, mut scored) = (0, 0);
    for item in snapshot.items() {
        match words.as_ref().map(|words| words.fit(&item.haystack)) {
            Some(Fit::Words) => {
                found += usize::from(offer_card(best, snapshot.names(), item));
                scored += 1;
                if scored == SCORED || best.is_settled() {
                    break;
                }
            }
            None | Some(Fit::Letters) if loose.len() < SCORED => loose.push(item),
            None | Some(Fit::Letters | Fit::Not) => {}
        }
    }
    if found < MOST {
        for item in loose {
            if words.is_none() || may_hold(snapshot.names(), item, typed) {
                offer_card(best, snapshot.names(), item);
            }
        }
    }
}

/// Whether key and title may hold the letters of every word that was typed, in their order.
///
/// Scoring takes a text apart into what people see as characters; this does not, and sorts out
/// what holds letters beyond ASCII but none of those that were typed.
fn may_hold(names: &Names, item: &WorkItem, typed: &str) -> bool {
    let key = names.short_key(item);
    typed.split_ascii_whitespace().all(|word| {
        let plain = |c: char| to_lower_case(normalize(c));
        let text = key.chars().chain(item.title.chars());
        let mut wanted = word.chars().map(plain).peekable();
        for c in text {
            if wanted.peek().is_none() {
                break;
            }
            wanted.next_if_eq(&plain(c));
        }
        wanted.peek().is_none()
    })
}

/// Offers a card; tells whether it was taken.
fn offer_card(best: &mut Best, names: &Names, item: &WorkItem) -> bool {
    let mut text = std::mem::take(&mut best.text);
    text.clear();
    text.push_str(&names.short_key(item));
    text.push_str("  ");
    text.push_str(&item.title);
    let taken = best.offer(&text, || Entry {
        text: text.clone(),
        kind: "card",
        action: Action::Go(item.id.clone()),
    });
    best.text = text;
    taken
}

/// Keeps the best matches.
struct Best {
    pattern: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
    found: Vec<(u32, usize, Entry)>,
    offered: usize,
    least: u32,
    /// What a line scores that is what was typed.
    most: u32,
    all: bool,
    text: String,
}

impl Best {
    fn new(typed: &str) -> Self {
        let pattern = Pattern::parse(typed, CaseMatching::Smart, Normalization::Smart);
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut buffer = Vec::new();
        let same = Utf32Str::new(typed, &mut buffer);
        let most = pattern.score(same, &mut matcher).unwrap_or(u32::MAX);
        Self {
            pattern,
            matcher,
            buffer,
            most,
            found: Vec::new(),
            offered: 0,
            least: 0,
            all: typed.is_empty(),
            text: String::new(),
        }
    }

    /// Offers a line; tells whether it is among the best so far.
    fn offer(&mut self, text: &str, entry: impl FnOnce() -> Entry) -> bool {
        let score = if self.all {
            Some(1)
        } else {
            let haystack = Utf32Str::new(text, &mut self.buffer);
            self.pattern.score(haystack, &mut self.matcher)
        };
        let Some(score) = score.filter(|score| *score > self.least) else {
            return false;
        };
        let order = self.offered;
        self.offered += 1;
        self.found.push((score, order, entry()));
        if self.found.len() >= MOST * 4 {
            self.prune();
        }
        true
    }

    /// Whether no line could be better than those that are kept.
    fn is_settled(&self) -> bool {
        self.least >= self.most
    }

    fn offer_text(&mut self, text: &str, kind: &'static str, action: impl FnOnce() -> Action) {
        let _ = self.offer(text, || Entry {
            text: text.to_owned(),
            kind,
            action: action(),
        });
    }

    fn first(&mut self, entry: Entry) {
        self.found.push((u32::MAX, 0, entry));
    }

    fn prune(&mut self) {
        self.found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        self.found.truncate(MOST);
        if self.found.len() == MOST && !self.all {
            self.least = self.found.last().map_or(0, |(score, ..)| *score);
        }
    }

    fn entries(mut self) -> Vec<Entry> {
        self.prune();
        self.found.into_iter().map(|(.., entry)| entry).collect()
    }
}

/// Does what the selected line says.
pub(crate) fn accept(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let Some(Overlay::Palette(closed)) = state.overlays.pop() else {
        return Vec::new();
    };
    let wanted = closed.list.input.value().trim();
    let Some(entry) = closed.entries.into_iter().nth(closed.list.cursor) else {
        let near = nearest(wanted, COMMANDS.iter().map(|row| row.name));
        let text = near.map_or_else(
            || format!("nothing is called `{wanted}`"),
            |name| format!("nothing is called `{wanted}`; did you mean `{name}`?"),
        );
        return vec![Effect::Toast(text)];
    };
    match entry.action {
        Action::Run(command) => update(state, command, snapshot, now),
        Action::Focus(column) => {
            let at = state
                .options
                .columns
                .iter()
                .position(|known| known.stage == column);
            moves::focus(state, at.unwrap_or_default());
            Vec::new()
        }
        Action::Pin(to) => pin::to_stage(state, snapshot, to),
        Action::Go(id) => opening::go(state, snapshot, &RowKey::Item(id)),
        Action::Filter(text) => {
            if let Err(error) = crate::domain::query::Query::parse(&text) {
                return vec![Effect::Toast(error.to_string())];
            }
            filter::apply(state, &text);
            if state.view != View::Replay {
                state.view = View::Board;
            }
            Vec::new()
        }
        Action::Theme(name) => act::set_theme(state, &name),
        Action::Source(at) => {
            opening::view(state, View::Sources);
            state.source = at;
            Vec::new()
        }
    }
}
