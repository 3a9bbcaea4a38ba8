//! Why a column shows no card, and what would bring one there.
//!
//! What is nearest to a person comes first: their filter, then what is still on its way, then what
//! no source can tell, then trouble. Words alone; where they stand is the board's.

use crate::domain::stage::Stage;
use crate::domain::text::counted;
use crate::engine::snapshot::{Health, Snapshot, SourceView};
use crate::ui::command::Command;
use crate::ui::state::UiState;
use crate::ui::theme::Glyphs;
use crate::ui::view::wellness;

/// Returns the sentences that stand in a column without cards.
pub(super) fn because(
    state: &UiState,
    snapshot: &Snapshot,
    column: usize,
    glyphs: Glyphs,
) -> Vec<String> {
    let Some(held) = state.stage(column) else {
        return Vec::new();
    };
    let known = snapshot.column(held);
    let hidden = known.map_or(0, |column| column.count);
    if hidden > 0 {
        return filtered(state, hidden, glyphs);
    }
    if let Some(why) = known.and_then(|column| column.empty_because.as_ref()) {
        return vec![why.to_string(), brings(held)];
    }
    if let Some(text) = loading(state, snapshot) {
        return vec![text];
    }
    let mute = snapshot.sources.iter().filter(|view| is_mute(view));
    let ill = mute.max_by_key(|view| view.health);
    let mut told = vec!["nothing here now".to_owned()];
    if let Some(view) = ill {
        let word = wellness::word(state, view);
        told.push(format!(
            "`{}` is {word}: what it knows may be missing",
            view.name
        ));
    }
    told.push(brings(held));
    told
}

/// Returns why it is not known that there is nothing, where no source has told what it has: an
/// empty list is no answer then.
pub(super) fn unknown(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    let has_cards = snapshot.items().next().is_some();
    if has_cards || snapshot.sources.is_empty() {
        return None;
    }
    if let Some(text) = loading(state, snapshot) {
        return Some(format!("nothing is known: {text}"));
    }
    let told = |view: &SourceView| !is_mute(view) && view.last_success.is_some();
    if snapshot.sources.iter().any(told) {
        return None;
    }
    let ill = snapshot.sources.iter().max_by_key(|view| view.health)?;
    let word = wellness::word(state, ill);
    Some(format!("nothing is known: `{}` is {word}", ill.name))
}

/// Says that cards are hidden, and what shows them again.
fn filtered(state: &UiState, hidden: usize, glyphs: Glyphs) -> Vec<String> {
    let cards = if hidden == 1 { "card" } else { "cards" };
    let mut told = vec![format!("the filter hides {hidden} {cards}")];
    if let Some(key) = state.options.keymap.label(Command::Back, glyphs) {
        told.push(format!("{key} takes it away"));
    }
    told
}

/// Says how many sources have not answered yet.
fn loading(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    let starting = |view: &&SourceView| view.health == Health::Starting;
    let waits = snapshot.sources.iter().filter(starting).count();
    if waits == 0 && !snapshot.partial {
        return None;
    }
    if state.options.offline {
        return Some("never fetched (offline)".to_owned());
    }
    let all = snapshot.sources.len();
    Some(format!(
        "loading: {} of {} answered",
        all - waits,
        counted(all, "source")
    ))
}

/// Whether a source tells nothing at all.
fn is_mute(view: &SourceView) -> bool {
    match view.health {
        Health::Ok | Health::Starting | Health::Stale => false,
        Health::RateLimited
        | Health::Unreachable
        | Health::Failing
        | Health::Unreadable
        | Health::Forbidden
        | Health::Auth => true,
    }
}

/// Says what would stand there.
fn brings(stage: Stage) -> String {
    let what = match stage {
        Stage::Plan => "an open ticket",
        Stage::Code => "a change request, or a ticket that is in progress",
        Stage::Build => "a change whose build runs or failed",
        Stage::Test => "a change whose tests run or failed",
        Stage::Release => "a merged change that is in no release, or a drafted release",
        Stage::Deploy => "a deployment that runs, waits or failed, or a release that is not live",
        Stage::Operate => "a change that went live lately, or an incident",
        Stage::Monitor => "an alert, a finding, or a change that is live and watched",
    };
    format!("here stands: {what}")
}
