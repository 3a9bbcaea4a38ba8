//! The palette: what fits what was typed, and what Enter does with it.
//!
//! Words that take an argument are in `words`, the scoring of lines is in `best`.

mod best;
pub(crate) mod words;

use std::collections::BTreeSet;
use std::sync::Arc;

use nucleo_matcher::chars::{normalize, to_lower_case};

use crate::domain::Timestamp;
use crate::domain::item::WorkItem;
use crate::domain::names::Names;
use crate::domain::query::{Fit, Typed};
use crate::engine::snapshot::Snapshot;
use crate::ui::command::{COMMANDS, Command, Scope};
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::overlay::{Action, Entry, Narrowed, Overlay, Palette, Seek};
use crate::ui::own;
use crate::ui::rows::RowKey;
use crate::ui::state::{UiState, View};
use crate::ui::update::{act, filter, flow, hides, moves, open as opening, pin, saved, update};

pub(crate) use best::Best;

/// How many lines are kept.
const MOST: usize = 60;

/// How many cards are scored that hold what was typed as it is.
const SCORED: usize = 8_192;

/// How many cards are scored of which only the letters fit: the first of the board.
const LOOSE: usize = 2_048;

/// Opens the palette.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot) {
    state.overlays.push(Overlay::Palette(Palette {
        filters: filters(snapshot),
        ..Palette::default()
    }));
    edited(state, snapshot);
}

/// Opens the palette with a word that wants its argument.
pub(crate) fn open_with(state: &mut UiState, snapshot: &Snapshot, word: words::Word) {
    state.overlays.push(Overlay::Palette(Palette {
        list: crate::ui::overlay::Listing {
            input: tui_input::Input::new(format!("{} ", word.name())),
            ..crate::ui::overlay::Listing::default()
        },
        ..Palette::default()
    }));
    edited(state, snapshot);
}

/// Returns services, people and repositories that appear on cards, as filters.
fn filters(snapshot: &Snapshot) -> Vec<Entry> {
    let mentions = snapshot.mentions();
    let people = mentions.people.iter().map(|login| ("person", &**login));
    let repos = mentions.repos.iter().map(|repo| ("repo", repo.path()));
    let services = mentions.services.iter();
    let services = services.map(|service| ("service", service.as_str()));
    // Repositories of two hosts may have one path.
    let all: BTreeSet<(&str, &str)> = people.chain(repos).chain(services).collect();
    all.into_iter()
        .map(|(kind, name)| {
            let key = if kind == "person" { "holder" } else { kind };
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
    let Some(Overlay::Palette(palette)) = state.overlays.last_mut() else {
        return;
    };
    let typed = palette.list.input.value().trim_start().to_owned();
    let mut narrowed = palette.narrowed.take();
    let Some(Overlay::Palette(palette)) = state.overlays.last() else {
        return;
    };
    let entries = match (palette.seek, words::split(&typed)) {
        (Seek::Scope, _) => flow::found(state, typed.trim_end()),
        (Seek::Anything, Some((word, rest))) => words::arguments(state, palette, word, rest),
        (Seek::Anything, None) => found(state, snapshot, palette, &mut narrowed, typed.trim_end()),
    };
    if let Some(Overlay::Palette(palette)) = state.overlays.last_mut() {
        palette.narrowed = narrowed;
        palette.entries = entries;
        palette.list.cursor = 0;
        palette.list.scroll = 0;
    }
}

fn found(
    state: &UiState,
    snapshot: &Snapshot,
    palette: &Palette,
    narrowed: &mut Option<Narrowed>,
    typed: &str,
) -> Vec<Entry> {
    let mut best = Best::new(typed, MOST);
    // A word before a command that begins with it: of what is worth the same, the first comes first.
    // What `pin` asks alone is asked by its command.
    let words = words::Word::ALL.into_iter();
    for word in words.filter(|word| *word != words::Word::Pin) {
        best.offer_named((word.name(), true), &[], || word.entry());
    }
    offer_commands(&mut best, state, typed);
    for view in state.saved_views() {
        best.offer_text(&format!("view {}", view.name), "saved view", || {
            Action::View(view.name.clone())
        });
    }
    for column in &state.options.columns {
        best.offer_text(&format!("stage {}", column.title), "column", || {
            Action::Focus(column.stage)
        });
        best.offer_text(&format!("pin to stage {}", column.title), "pin", || {
            Action::Pin(column.stage)
        });
    }
    for name in &state.themes {
        best.offer_text(&format!("theme {name}"), "theme", || {
            Action::Theme(name.clone())
        });
    }
    for (at, source) in snapshot.sources.iter().enumerate() {
        best.offer_text(&format!("source {}", source.name), "source", || {
            Action::Source(at)
        });
    }
    if typed.chars().count() >= 2 {
        for entry in &palette.filters {
            best.offer(&entry.text, || entry.clone());
        }
        for text in state.filter.history.iter().rev() {
            best.offer_text(&format!("filter {text}"), "filter", || {
                Action::Filter(text.clone())
            });
        }
        offer_cards(&mut best, snapshot, narrowed, typed);
    }
    best.entries()
}

fn offer_commands(best: &mut Best, state: &UiState, typed: &str) {
    let here = match state.detail() {
        Some(_) => Scope::Detail,
        None => state.view.scope(),
    };
    // What keys do at once is of no use in a list that was opened to find something.
    for row in COMMANDS
        .iter()
        .filter(|row| !typed.is_empty() || row.command > Command::Column8)
        .filter(|row| row.command.saved_view().is_none())
    {
        let is_here = row.scope.holds_in(here);
        let entry = || Entry {
            text: row.name.to_owned(),
            kind: if is_here {
                "command"
            } else {
                row.scope.title()
            },
            action: Action::Run(row.command),
        };
        // Whoever knows the key finds what it is called.
        let keymap = &state.options.keymap;
        let labels = || keymap.all_labels(row.command, Glyphs::Ascii);
        if !typed.is_empty() && labels().iter().any(|label| label == typed) {
            if is_here {
                best.first(entry());
            } else {
                best.elsewhere(entry());
            }
        } else {
            best.offer_named((row.name, is_here), words::called(row.command), entry);
        }
    }
    for (at, own) in state.options.own.iter().enumerate() {
        let Some(command) = own::command_at(at) else {
            break;
        };
        best.offer_text(&own.name, "command", || Action::Run(command));
    }
}

/// Cards, by key and title.
///
/// Those that hold what was typed as it is come first; those that hold its
/// letters only where the former are few, and then the first so many of the board.
fn offer_cards(best: &mut Best, snapshot: &Snapshot, narrowed: &mut Option<Narrowed>, typed: &str) {
    let words = Typed::new(typed);
    let board = (snapshot.generation, snapshot.taken_at);
    // What did not fit before does not fit with a letter more.
    let earlier = narrowed
        .take()
        .filter(|it| words.is_some() && it.board == board && typed.starts_with(&it.typed));
    let known = earlier.as_ref().map(|it| it.cards.iter());
    let fresh = earlier.is_none().then(|| snapshot.items());
    let items = known
        .into_iter()
        .flatten()
        .chain(fresh.into_iter().flatten());
    let mut kept: Vec<&Arc<WorkItem>> = Vec::new();
    let mut loose: Vec<&WorkItem> = Vec::new();
    let (mut found, mut scored, mut is_whole) = (0, 0, true);
    for item in items {
        let fit = words.as_ref().map(|words| words.fit(&item.haystack));
        if fit != Some(Fit::Not) {
            kept.push(item);
        }
        match fit {
            Some(Fit::Words) => {
                found += usize::from(offer_card(best, snapshot.names(), item));
                scored += 1;
                if scored == SCORED || best.is_settled() {
                    is_whole = false;
                    break;
                }
            }
            None | Some(Fit::Letters) if loose.len() < LOOSE => loose.push(item),
            None | Some(Fit::Letters | Fit::Not) => {}
        }
    }
    if is_whole && words.is_some() {
        *narrowed = Some(Narrowed {
            typed: typed.to_owned(),
            board,
            cards: kept.into_iter().map(Arc::clone).collect(),
        });
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

/// Goes back (or forth again) in what was run before; returns whether there is anything.
pub(crate) fn recall(state: &mut UiState, snapshot: &Snapshot, back: bool) -> bool {
    let count = state.said.len();
    let Some(Overlay::Palette(palette)) = state.overlays.last_mut() else {
        return false;
    };
    let to = if back {
        (palette.recalled + 1).min(count)
    } else {
        palette.recalled.saturating_sub(1)
    };
    if to == palette.recalled {
        return false;
    }
    palette.recalled = to;
    let text = count.checked_sub(to).and_then(|at| state.said.get(at));
    palette.list.input = tui_input::Input::new(text.cloned().unwrap_or_default());
    edited(state, snapshot);
    true
}

/// How many lines are remembered.
const REMEMBERED: usize = 50;

fn remember(state: &mut UiState, text: &str) {
    if !text.is_empty() {
        state.said.retain(|known| known != text);
        state.said.push(text.to_owned());
        let too_many = state.said.len().saturating_sub(REMEMBERED);
        state.said.drain(..too_many);
    }
}

/// Does what the selected line says.
pub(crate) fn accept(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let Some(Overlay::Palette(closed)) = state.overlays.pop() else {
        return Vec::new();
    };
    let wanted = closed.list.input.value().trim().to_owned();
    let Some(entry) = closed.entries.get(closed.list.cursor).cloned() else {
        let text = match closed.seek {
            Seek::Anything => words::nothing(state, &wanted),
            Seek::Scope => format!("nothing is called `{wanted}`"),
        };
        return vec![Effect::Toast(text)];
    };
    if let Action::Write(word) = entry.action {
        // It wants an argument: the line stays open for that.
        let mut open = closed;
        open.list.input = tui_input::Input::new(format!("{} ", word.name()));
        state.overlays.push(Overlay::Palette(open));
        edited(state, snapshot);
        return Vec::new();
    }
    // Part of a name is no line that somebody would want again.
    let said = if words::split(&wanted).is_some() {
        wanted
    } else {
        entry.text.clone()
    };
    if closed.seek == Seek::Anything {
        remember(state, &said);
    }
    run(state, entry.action, snapshot, now)
}

fn run(state: &mut UiState, action: Action, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    match action {
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
                // All words that there are would fill the screen: the nearest is enough.
                let near = error.nearest.as_ref();
                let near = near.map(|near| format!("did you mean `{near}`?"));
                let hint = near.or_else(|| error.hint());
                let hint = hint.map_or_else(String::new, |hint| format!("; {hint}"));
                return vec![Effect::Toast(format!("{error}{hint}"))];
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
        Action::View(name) => saved::apply(state, &name),
        Action::Save(name) => saved::save(state, &name),
        Action::Delete(name) => saved::delete(state, &name),
        Action::Snooze(word) => hides::snooze(state, snapshot, &word, now),
        Action::Sort(order) => saved::sort(state, order),
        Action::Lanes(group) => saved::lanes(state, group),
        Action::Measure(scope) => flow::measure(state, scope),
        Action::Write(_) => Vec::new(),
    }
}
