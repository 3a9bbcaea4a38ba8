//! Opening and closing: detail, trains, overlays, panes, views.

use crate::domain::Timestamp;
use crate::domain::status::Status;
use crate::domain::text::plain_ascii_escape;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::overlay::{Confirm, Detail, Overlay};
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{Pointed, UiState, View};
use crate::ui::update::{act, flow, lanes, marks, moves, replay, saved, standup, triage};

/// Opens what has the cursor: a card's detail, a train's changes, the page of a piece of evidence.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    match state.overlays.last() {
        Some(Overlay::Detail(_)) => return act::open_in_browser(state, snapshot),
        None if state.view == View::Triage => return triage::open(state, snapshot, now),
        None if state.view == View::Standup => return detail(state, snapshot),
        None if state.view == View::Board && state.heading().is_some() => {
            return lanes::fold(state, snapshot);
        }
        None if state.view == View::Attention && state.attention.turn() => return Vec::new(),
        None if state.view == View::Flow => {
            if let Some(effects) = flow::open(state, snapshot) {
                return effects;
            }
        }
        Some(_) | None => {}
    }
    match state.pointed(snapshot) {
        Pointed::Card(Shown::Train { train, opened }) => {
            let id = train.id.clone();
            if opened {
                state.board.opened.remove(&id);
            } else {
                state.board.opened.insert(id);
            }
            mark_chosen(state);
            state.touch();
        }
        Pointed::Card(shown @ Shown::Item { item, .. }) => {
            let key = shown.key();
            mark_chosen(state);
            // Of a red card, why it is red is wanted first.
            if state.view != View::Flow && triage::show(state, snapshot, &item.id) {
                return Vec::new();
            }
            open_detail(state, key);
            if item.placement.status.is_red() {
                return vec![Effect::Toast(no_run(
                    state,
                    &snapshot.names().short_key(item),
                ))];
            }
        }
        Pointed::Source(_) | Pointed::Nothing => {}
    }
    Vec::new()
}

/// Opens the detail of the card that has the cursor, or closes it.
pub(crate) fn detail(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    if let Some(Overlay::Detail(_)) = state.overlays.last() {
        state.overlays.pop();
        return Vec::new();
    }
    match state.pointed(snapshot) {
        Pointed::Card(shown) => {
            let key = shown.key();
            mark_chosen(state);
            open_detail(state, key);
            Vec::new()
        }
        Pointed::Nothing if state.view == View::Standup && state.standup.card().is_some() => {
            let text = "that card is no longer on the board; `o` opens its page";
            vec![Effect::Toast(text.to_owned())]
        }
        Pointed::Source(_) | Pointed::Nothing => {
            vec![Effect::Toast("no card is selected".to_owned())]
        }
    }
}

fn open_detail(state: &mut UiState, key: RowKey) {
    state.overlays.push(Overlay::Detail(Detail {
        key,
        cursor: 0,
        scroll: 0,
    }));
}

/// Says that a red card has nothing for the triage, and the way on.
fn no_run(state: &UiState, key: &str) -> String {
    let next = state
        .options
        .keymap
        .label(Command::NextUrgent, Glyphs::Ascii);
    let next = next.map_or_else(String::new, |next| {
        format!("; {next} goes to the next problem")
    });
    format!("{key} has no failed run to open{next}")
}

/// Notes that a person chose the selected card of the board.
fn mark_chosen(state: &mut UiState) {
    if state.view != View::Board {
        return;
    }
    if let Some(column) = state.board.columns.get_mut(state.board.focus) {
        column.chosen = true;
    }
}

/// Lets the open detail show the selected card.
pub(crate) fn retarget(state: &mut UiState, snapshot: &Snapshot) {
    let Pointed::Card(shown) = state.pointed(snapshot) else {
        return;
    };
    let key = shown.key();
    if let Some(Overlay::Detail(detail)) = state.overlays.last_mut() {
        *detail = Detail {
            key,
            cursor: 0,
            scroll: 0,
        };
    }
}

/// Goes back one layer; never quits.
pub(crate) fn back(state: &mut UiState, snapshot: &Snapshot) {
    if state.overlays.pop().is_some() {
        return;
    }
    if !state.messages.toasts.is_empty() {
        state.messages.toasts.clear();
        return;
    }
    if state.view == View::Triage && triage::back(state, snapshot) {
        return;
    }
    if (state.view == View::Flow && flow::back(state)) || replay::back(state) {
        return;
    }
    if state.view == View::Board && marks::clear(state) {
        return;
    }
    let board = &mut state.board;
    if state.view != View::Board {
        switch(state, View::Board);
    } else if board.zoom || board.overview {
        (board.zoom, board.overview) = (false, false);
    } else if board.preview {
        board.preview = false;
    } else if state.saved.current.is_some() {
        drop(saved::whole(state));
    } else if !state.filter.query.is_empty() {
        super::filter::apply(state, "");
    }
}

/// Closes the topmost layer; the board itself is left for good.
pub(crate) fn close(state: &mut UiState, now: Timestamp) -> Vec<Effect> {
    if state.overlays.pop().is_some() {
        return Vec::new();
    }
    if (state.view == View::Flow && flow::back(state)) || replay::back(state) {
        return Vec::new();
    }
    if state.view == View::Board {
        return quit(state, now);
    }
    switch(state, View::Board);
    Vec::new()
}

/// Ends the program; where commands of the user run, after a question, as they end with it.
fn quit(state: &mut UiState, now: Timestamp) -> Vec<Effect> {
    let running = state.own.errands.iter().filter(|it| it.ended.is_none());
    let mut lines: Vec<String> = running
        .map(|errand| match &errand.card {
            Some(card) => format!(
                "`{}` for {} ends with it",
                errand.name,
                plain_ascii_escape(card)
            ),
            None => format!("`{}` ends with it", errand.name),
        })
        .collect();
    match state.own.waiting() {
        0 => {}
        1 => lines.push("1 that waits for its turn is not run".to_owned()),
        many => lines.push(format!("{many} that wait for their turn are not run")),
    }
    if lines.is_empty() {
        return vec![Effect::Quit];
    }
    state.overlays.push(Overlay::Confirm(Confirm {
        title: "quit while your commands run?".to_owned(),
        lines,
        yes: vec![Effect::Quit],
        opened_at: now,
    }));
    Vec::new()
}

/// Puts an overlay on top, or takes it away where it is there already.
pub(crate) fn toggle(state: &mut UiState, overlay: Overlay) {
    let kind = std::mem::discriminant(&overlay);
    let open = state
        .overlays
        .iter()
        .position(|known| std::mem::discriminant(known) == kind);
    match open {
        Some(at) => state.overlays.truncate(at),
        None => state.overlays.push(overlay),
    }
}

/// Gives the keys to the other pane: from the preview to the board and back.
pub(crate) fn pane(state: &mut UiState, snapshot: &Snapshot, forward: bool) {
    if state.view == View::Triage && state.overlays.is_empty() {
        state.triage.pane = state.triage.pane.neighbour(forward);
        return;
    }
    if state.view == View::Standup && state.overlays.is_empty() {
        standup::neighbour(state, forward);
    } else if state.view == View::Flow && state.overlays.is_empty() {
        flow::turn(state, forward);
        return;
    }
    match (state.overlays.last(), state.view) {
        (Some(Overlay::Detail(_)), _) => {
            state.overlays.pop();
        }
        (None, view) if view.has_cards() && state.shows_preview() => {
            if let Pointed::Card(shown @ Shown::Item { .. }) = state.pointed(snapshot) {
                open_detail(state, shown.key());
            }
        }
        (Some(_) | None, _) => {}
    }
}

/// Goes to another view.
pub(crate) fn view(state: &mut UiState, to: View) {
    state.overlays.clear();
    switch(state, to);
}

/// Goes to the triage: to the card that is open, where it is red or a run of it is at work.
pub(crate) fn triage(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let open = super::looked_at(state, snapshot).filter(|_| state.view != View::Triage);
    if let Some(item) = open.and_then(|item| snapshot.find(&item)) {
        if triage::show_run(state, snapshot, &item.id) {
            return Vec::new();
        }
        let mut lines = item.evidence.iter();
        if lines.any(|line| line.run.is_some() && line.status == Status::Running) {
            // They were asked for when the card was opened.
            return vec![Effect::Toast(
                "the jobs of its run are being read".to_owned(),
            )];
        }
    }
    view(state, View::Triage);
    Vec::new()
}

/// Returns the view after or before one, round and round.
pub(crate) fn neighbour(view: View, forward: bool) -> View {
    let views = View::ROUND;
    let at = views
        .iter()
        .position(|known| *known == view)
        .unwrap_or_default();
    let step = if forward { 1 } else { views.len() - 1 };
    views
        .get((at + step) % views.len())
        .copied()
        .unwrap_or(view)
}

fn switch(state: &mut UiState, to: View) {
    if state.view != to {
        if state.view == View::Replay {
            state.replay.leave(&mut state.board);
        }
        state.last_view = state.view;
        state.view = to;
        if to == View::Replay {
            state.replay.enter(&state.board);
        }
        if to == View::Standup {
            state.standup.enter();
        }
    }
}

/// Goes to a card by its identity and opens its detail.
pub(crate) fn go(state: &mut UiState, snapshot: &Snapshot, key: &RowKey) -> Vec<Effect> {
    if state.view == View::Replay {
        view(state, View::Board);
    }
    if moves::go_to(state, snapshot, key) {
        return Vec::new();
    }
    // A filter may hide it: it was asked for by name, so the filter gives way.
    if !state.filter.query.is_empty() {
        super::filter::apply(state, "");
        state.refresh(snapshot, snapshot.taken_at);
        if moves::go_to(state, snapshot, key) {
            return vec![Effect::Toast("the filter was taken away".to_owned())];
        }
    }
    // So may the columns of a saved view.
    if state.options.columns.len() < state.saved.columns.len() {
        drop(saved::whole(state));
        state.refresh(snapshot, snapshot.taken_at);
        if moves::go_to(state, snapshot, key) {
            return vec![Effect::Toast("the whole board is shown".to_owned())];
        }
    }
    vec![Effect::Toast(
        "that card is no longer on the board".to_owned(),
    )]
}
