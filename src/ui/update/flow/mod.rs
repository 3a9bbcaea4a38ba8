//! The flow view: its pages, its window, its scope, and what lies behind a number.
//!
//! Measuring is asked of the shell and answered with a report; nothing is measured here.

use std::sync::Arc;

use crate::domain::flow::Scope;
use crate::domain::key::WebUrl;
use crate::engine::snapshot::Snapshot;
use crate::ui::effect::Effect;
use crate::ui::flow::{Ask, Report};
use crate::ui::history::Recall;
use crate::ui::overlay::{Action, Entry, Overlay, Palette, Seek};
use crate::ui::state::{FlowScope, Layer, UiState, View};
use crate::ui::update::palette::{self, Best};

/// Asks for the report that the view should show, where that was not asked for.
pub(crate) fn settle(state: &mut UiState) -> Option<Effect> {
    let ledger = state
        .history
        .as_ref()
        .filter(|_| state.view == View::Flow)?;
    let flow = &mut state.flow;
    let ask = Ask {
        scope: flow.scope.0.clone(),
        span: flow.span,
    };
    let asked = flow.asked.as_ref();
    if asked.is_some_and(|(before, of)| *before == ask && Arc::ptr_eq(of, ledger)) {
        return None;
    }
    flow.asked = Some((ask.clone(), Arc::clone(ledger)));
    flow.measuring = true;
    Some(Effect::Measure(ask))
}

/// Has history read again, which is measured again then.
pub(crate) fn again(state: &mut UiState) -> Vec<Effect> {
    if !state.recall.reading {
        state.recall = Recall::default();
    }
    vec![Effect::Toast("reading history again".to_owned())]
}

/// Takes a report in; one that nobody waits for any more is dropped.
pub fn on_report(state: &mut UiState, report: Arc<Report>) {
    let flow = &mut state.flow;
    if flow.scope.0 != report.scope || flow.span != report.span {
        return;
    }
    flow.measuring = false;
    // The list behind a number is that of another number of cards now: its cursor stays on its card.
    let held = flow.card().cloned();
    flow.report = Some(report);
    if flow.layer == Some(Layer::Behind) {
        let report = flow.report.as_ref();
        let lines = report.zip(flow.metric()).map(|(report, metric)| {
            let lines = report.behind(metric);
            let at = lines.iter().position(|line| line.card == held.as_ref());
            (at.filter(|_| held.is_some()), lines.len())
        });
        let (at, count) = lines.unwrap_or_default();
        flow.at = at.unwrap_or(flow.at).min(count.saturating_sub(1));
    }
}

/// Goes to the page beside this one.
pub(crate) fn turn(state: &mut UiState, forward: bool) {
    let flow = &mut state.flow;
    match flow.layer {
        None => flow.page = flow.page.neighbour(forward),
        Some(Layer::Definitions) => {
            flow.page = flow.page.neighbour(forward);
            flow.at = 0;
        }
        Some(Layer::Behind) => {}
    }
}

/// Looks farther back, or less far.
pub(crate) fn window(state: &mut UiState) {
    state.flow.span = state.flow.span.next();
    if state.flow.layer == Some(Layer::Behind) {
        state.flow.at = 0;
    }
}

/// Opens the list of what can be measured, with the cursor on what is.
pub(crate) fn scopes(state: &mut UiState, snapshot: &Snapshot) -> Vec<Effect> {
    let Some(report) = &state.flow.report else {
        return vec![Effect::Toast("nothing was measured yet".to_owned())];
    };
    let mut all = report.scopes.iter();
    let at = all.position(|scope| *scope == state.flow.scope.0);
    state.overlays.push(Overlay::Palette(Palette {
        seek: Seek::Scope,
        ..Palette::default()
    }));
    palette::edited(state, snapshot);
    if let Some(Overlay::Palette(open)) = state.overlays.last_mut() {
        open.list.cursor = at.unwrap_or_default();
    }
    Vec::new()
}

/// Returns what can be measured and fits what was typed.
pub(crate) fn found(state: &UiState, typed: &str) -> Vec<Entry> {
    let scopes = state.flow.report.as_ref().map(|report| &report.scopes);
    let scopes = scopes.map_or(&[][..], Vec::as_slice);
    let mut best = Best::new(typed, scopes.len().max(1));
    for scope in scopes {
        let is_shown = *scope == state.flow.scope.0;
        let _ = best.offer(scope.name(), || Entry {
            text: scope.name().to_owned(),
            kind: match (scope, is_shown) {
                (Scope::All, false) => "everything",
                (Scope::All, true) => "everything, shown",
                (Scope::Service(_), false) => "service",
                (Scope::Service(_), true) => "service, shown",
                (Scope::Repo(_), false) => "repository",
                (Scope::Repo(_), true) => "repository, shown",
            },
            action: Action::Measure(scope.clone()),
        });
    }
    best.entries()
}

/// Measures this from now on.
pub(crate) fn measure(state: &mut UiState, scope: Scope) -> Vec<Effect> {
    state.flow.scope = FlowScope(scope);
    state.flow.layer = None;
    Vec::new()
}

/// Returns whether help begins with what the numbers mean; asked again, it lists the keys.
pub(crate) fn defines_first(state: &UiState) -> bool {
    let is_open = state.view == View::Flow && state.overlays.is_empty();
    is_open && state.flow.layer != Some(Layer::Definitions)
}

/// Shows what the metrics of the page mean, or the page again.
pub(crate) fn definitions(state: &mut UiState) {
    if state.flow.layer == Some(Layer::Definitions) {
        state.flow.layer = None;
        return;
    }
    state.flow.at = 0;
    state.flow.layer = Some(Layer::Definitions);
}

/// Copies the page as Markdown.
pub(crate) fn copy(state: &UiState) -> Vec<Effect> {
    if state.flow.report.is_none() {
        return vec![Effect::Toast("nothing was measured yet".to_owned())];
    }
    vec![Effect::CopyFlow(state.flow.page)]
}

/// Opens what has the cursor; returns `None` where a card of the board has it.
pub(crate) fn open(state: &mut UiState, snapshot: &Snapshot) -> Option<Vec<Effect>> {
    let flow = &mut state.flow;
    match flow.layer {
        None => {
            let report = flow.report.as_ref();
            let behind = report.zip(flow.metric());
            let count = behind.map_or(0, |(report, metric)| report.behind(metric).len());
            if count == 0 {
                return Some(vec![Effect::Toast("there is nothing behind it".to_owned())]);
            }
            flow.layer = Some(Layer::Behind);
            flow.at = 0;
        }
        Some(Layer::Definitions) => flow.layer = None,
        Some(Layer::Behind) => {
            if flow
                .card()
                .is_some_and(|card| snapshot.find(card).is_some())
            {
                return None;
            }
            let text = if flow.card().is_some() {
                "it is not on the board any more; `o` opens its page"
            } else {
                "there is no card behind it"
            };
            return Some(vec![Effect::Toast(text.to_owned())]);
        }
    }
    Some(Vec::new())
}

/// Takes away what lies over the page; returns whether anything did.
pub(crate) fn back(state: &mut UiState) -> bool {
    state.flow.layer.take().is_some()
}

/// Returns the page of a card that history remembers and the board may not.
pub(crate) fn page(state: &UiState) -> Option<WebUrl> {
    if state.view != View::Flow || state.detail().is_some() {
        return None;
    }
    let report = state.flow.report.as_ref()?;
    report.cards.get(state.flow.card()?)?.url.clone()
}

#[cfg(test)]
mod tests;
