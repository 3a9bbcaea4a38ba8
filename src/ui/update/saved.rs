//! Saved views, lanes and orders by keys and by name: going to one, saving, deleting.
//!
//! That views are kept is the shell's matter; those of the configuration are never written.

use crate::domain::Timestamp;
use crate::domain::arrange::{Arrangement, Group, Order, SavedView};
use crate::domain::text::nearest;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::glyphs::Glyphs;
use crate::ui::state::{UiState, View};
use crate::ui::update::undo::{self, Undo};
use crate::ui::update::{moves, open};

/// How many views are kept.
const MOST: usize = 50;

fn toast(text: impl Into<String>) -> Vec<Effect> {
    vec![Effect::Toast(text.into())]
}

/// Goes to the view of this name.
pub(crate) fn apply(state: &mut UiState, name: &str) -> Vec<Effect> {
    let Some(view) = state.saved_view(name).cloned() else {
        let known = state.saved_views().map(|view| view.name.as_str());
        let near = nearest(name, known)
            .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        return toast(format!("no saved view is called `{name}`{near}"));
    };
    open::view(state, View::Board);
    state.arrange(&view.shows);
    state.saved.current = Some(view.name);
    moves::keep_window(state);
    Vec::new()
}

/// Goes to the view of a number, from 0; says so where there are fewer.
pub(crate) fn number(state: &mut UiState, at: usize) -> Vec<Effect> {
    let Some(name) = state.saved_views().nth(at).map(|view| view.name.clone()) else {
        return toast(format!(
            "there is no saved view {}: `:save NAME` keeps what is shown",
            at + 1
        ));
    };
    apply(state, &name)
}

/// Goes to the next or previous tab, round and round; the first is the whole board.
pub(crate) fn step(state: &mut UiState, forward: bool) -> Vec<Effect> {
    let names: Vec<String> = state.saved_views().map(|view| view.name.clone()).collect();
    if names.is_empty() {
        return toast("there is no saved view: `:save NAME` keeps what is shown");
    }
    let current = state.saved.current.as_ref();
    let at = current.and_then(|name| names.iter().position(|known| known == name));
    let count = names.len() + 1;
    let at = at.map_or(0, |at| at + 1);
    let to = (at + if forward { 1 } else { count - 1 }) % count;
    match to.checked_sub(1).and_then(|to| names.get(to)) {
        Some(name) => apply(state, name),
        None => whole(state),
    }
}

/// Shows the whole board again.
pub(crate) fn whole(state: &mut UiState) -> Vec<Effect> {
    open::view(state, View::Board);
    state.arrange(&Arrangement::default());
    state.saved.current = None;
    moves::keep_window(state);
    Vec::new()
}

/// Keeps what the board shows under a name.
pub(crate) fn save(state: &mut UiState, name: &str) -> Vec<Effect> {
    let name = match SavedView::name_of(name) {
        Ok(name) => name,
        Err(why) => return toast(why),
    };
    if SavedView::find(&state.saved.given, &name).is_some() {
        return toast(format!(
            "`{name}` is in your configuration, which is never written: choose another name"
        ));
    }
    let before = SavedView::find(&state.saved.own, &name).cloned();
    if before.is_none() && state.saved.own.len() >= MOST {
        return toast(format!(
            "{MOST} views are kept already: `:delete NAME` makes room"
        ));
    }
    let view = SavedView {
        name: before.as_ref().map_or(name, |before| before.name.clone()),
        shows: state.arrangement(),
    };
    let text = match &before {
        Some(_) => format!("the view `{}` is saved anew", view.name),
        None => format!("saved as the view `{}`", view.name),
    };
    state.saved.current = Some(view.name.clone());
    undo::push(state, Undo::View(view.name.clone(), before));
    set(state, view.name.clone(), Some(view), text)
}

/// Deletes a view that was saved.
pub(crate) fn delete(state: &mut UiState, name: &str) -> Vec<Effect> {
    let Some(view) = SavedView::find(&state.saved.own, name).cloned() else {
        if SavedView::find(&state.saved.given, name).is_some() {
            return toast(format!(
                "`{name}` is in your configuration: take its `[[view]]` out there"
            ));
        }
        return toast(format!("no saved view is called `{name}`"));
    };
    let key = state.options.keymap.label(Command::Undo, Glyphs::Ascii);
    let key = key.map_or_else(String::new, |key| format!("; {key} brings it back"));
    let text = format!("the view `{}` is deleted{key}", view.name);
    let name = view.name.clone();
    undo::push(state, Undo::View(name.clone(), Some(view)));
    set(state, name, None, text)
}

/// Puts a view in the place of the one of this name, or takes that away.
pub(crate) fn set(
    state: &mut UiState,
    name: String,
    view: Option<SavedView>,
    text: String,
) -> Vec<Effect> {
    let own = &mut state.saved.own;
    let at = own.iter().position(|known| known.name == name);
    match (at, view.clone()) {
        (Some(at), Some(view)) => {
            if let Some(known) = own.get_mut(at) {
                *known = view;
            }
        }
        (Some(at), None) => drop(own.remove(at)),
        (None, Some(view)) => own.push(view),
        (None, None) => {}
    }
    if view.is_none() && state.saved.current.as_ref() == Some(&name) {
        state.saved.current = None;
    }
    vec![Effect::KeepView(name, view), Effect::Toast(text)]
}

/// Changes the order of the cards.
pub(crate) fn sort(state: &mut UiState, order: Order) -> Vec<Effect> {
    state.board.order = order;
    state.touch();
    toast(order.title())
}

/// Changes the lanes.
pub(crate) fn lanes(state: &mut UiState, group: Group) -> Vec<Effect> {
    let text = group.title();
    if state.board.group != group {
        state.board.folded.clear();
    }
    state.board.group = group;
    state.board.lane_scroll = 0;
    state.board.heading = None;
    state.touch();
    toast(text)
}

/// Takes over what was kept, after another board on this machine may have changed it.
pub fn on_kept(state: &mut UiState, own: Vec<SavedView>, trouble: Option<String>, now: Timestamp) {
    state.saved.own = own;
    if let Some(text) = trouble {
        state.notify_error(text, now);
    }
}
