//! The tabs of saved views: the whole board first, then each by its name.
//!
//! A view that was changed since it was gone to has a mark; the window of tabs follows the one in force.

use ratatui::style::Modifier;

use crate::ui::layout::Plan;
use crate::ui::state::{UiState, View};
use crate::ui::text::{Paint, fit, width};
use crate::ui::theme::Role;

/// The tab of the whole board.
const WHOLE: &str = "all";

/// One tab on the screen.
struct Tab {
    /// The view; nothing is the whole board.
    name: Option<String>,
    text: String,
    x: u16,
}

/// Paints the tabs.
pub(super) fn paint(paint: &mut Paint<'_>, state: &UiState, plan: &Plan) {
    let Some(row) = plan.tabs else {
        return;
    };
    let theme = paint.theme;
    let bar = theme.style(Role::Surface);
    paint.style(row, bar);
    for tab in tabs(state, plan) {
        let is_current = state.view == View::Board && tab.name == state.saved.current;
        let style = if is_current {
            let accent = theme.style(Role::Accent);
            accent.add_modifier(Modifier::REVERSED)
        } else {
            bar.patch(theme.style(Role::Dim))
        };
        let left = row.right().saturating_sub(tab.x);
        paint.text(tab.x, row.y, left, &tab.text, style);
    }
}

/// Lays the tabs out; those before the one in force give way to it.
fn tabs(state: &UiState, plan: &Plan) -> Vec<Tab> {
    let Some(row) = plan.tabs else {
        return Vec::new();
    };
    let changed = if state.is_changed() { "*" } else { "" };
    let names = std::iter::once(None).chain(state.saved_views().map(|view| Some(&view.name)));
    let texts: Vec<(Option<String>, String)> = names
        .map(|name| {
            let is_current = name == state.saved.current.as_ref();
            let mark = if is_current { changed } else { "" };
            let shown = name.map_or(WHOLE, String::as_str);
            (name.cloned(), format!(" {shown}{mark} "))
        })
        .collect();
    let current = texts
        .iter()
        .position(|(name, _)| *name == state.saved.current)
        .unwrap_or_default();
    let mut from = 0;
    let room = row.width.saturating_sub(1);
    let used = |from: usize| -> u16 {
        let upto = texts.iter().take(current + 1).skip(from);
        upto.map(|(_, text)| width(text))
            .fold(0, u16::saturating_add)
    };
    while from < current && used(from) > room {
        from += 1;
    }
    let mut x = row.x;
    let mut tabs = Vec::new();
    for (name, text) in texts.into_iter().skip(from) {
        let left = row.right().saturating_sub(x);
        if left < 4 {
            break;
        }
        let text = fit(&text, left).0.to_owned();
        let at = x;
        x = x.saturating_add(width(&text));
        tabs.push(Tab { name, text, x: at });
    }
    tabs
}

/// What a tab leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum To {
    /// The whole board.
    Whole,
    /// The view of this name.
    View(String),
}

/// Returns where the tab leads that is at a place of the screen.
pub(crate) fn at(state: &UiState, plan: &Plan, (x, y): (u16, u16)) -> Option<To> {
    plan.tabs.filter(|row| row.y == y)?;
    let mut tabs = tabs(state, plan).into_iter();
    let tab = tabs.find(|tab| (tab.x..tab.x + width(&tab.text)).contains(&x))?;
    Some(tab.name.map_or(To::Whole, To::View))
}
