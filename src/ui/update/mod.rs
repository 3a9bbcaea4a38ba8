//! Command by command: the state after it, and what the shell must do.
//!
//! Pure: the snapshot and the time are passed in. Families of commands have a
//! file each; text that is being written is in `input`.

use crate::domain::Timestamp;
use crate::domain::action::Verb;
use crate::domain::key::ItemId;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::effect::Effect;
use crate::ui::history;
use crate::ui::overlay::{Help, Overlay};
use crate::ui::rows::{RowKey, Shown};
use crate::ui::state::{Pointed, StandupPane, UiState, View};
use crate::ui::update::moves::Motion;
use crate::ui::{own, wall};

pub(crate) mod act;
pub(crate) mod action;
pub(crate) mod aims;
pub(crate) mod count;
pub(crate) mod filter;
pub mod flow;
pub mod hides;
pub(crate) mod lanes;
pub(crate) mod marks;
pub(crate) mod moves;
pub(crate) mod open;
pub(crate) mod palette;
pub(crate) mod pin;
pub(crate) mod question;
pub(crate) mod replay;
pub mod saved;
pub(crate) mod standup;
pub(crate) mod themes;
pub(crate) mod triage;
pub(crate) mod undo;
pub(crate) mod urgent;

#[cfg(test)]
mod tests;

/// Carries a command out.
pub fn update(
    state: &mut UiState,
    command: Command,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    state.count = None;
    count::update_counted(state, command, snapshot, now)
}

/// Does a command once; what the state calls for after it is not asked for yet.
fn once(state: &mut UiState, command: Command, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    match replay::command(state, command, now) {
        Some(effects) => effects,
        None => dispatch(state, command, snapshot, now),
    }
}

/// Asks for what the state calls for by now: rows of a log, a closer look, history.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let mut effects = triage::settle(state, snapshot);
    effects.extend(look(state, snapshot));
    effects.extend(on_clock(state, snapshot, now));
    effects
}

/// Does what is due by the clock alone.
pub fn on_clock(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let mut effects = crate::ui::standup::settle(state, snapshot, now);
    effects.extend(history::settle(state, snapshot, now));
    effects.extend(flow::settle(state));
    effects.extend(crate::ui::replay::settle(state));
    wall::on_clock(state, now);
    effects
}

/// Takes a new snapshot in: the selection stays on its card, wherever that went.
pub fn on_snapshot(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Vec<Effect> {
    let chosen = state
        .focused()
        .filter(|column| column.chosen)
        .and_then(|column| column.selected.clone());
    state.take_notices(snapshot, now);
    state.refresh(snapshot, now);
    if let Some(key) = chosen {
        follow(state, snapshot, &key, now);
    }
    state.source = state.source.min(snapshot.sources.len().saturating_sub(1));
    action::on_snapshot(state, snapshot, now);
    let mut effects = triage::log::again(state, snapshot);
    effects.extend(wall::on_snapshot(state, snapshot));
    effects.extend(settle(state, snapshot, now));
    effects
}

/// Goes after the selected card where it changed its column; whoever is in another view stays there.
fn follow(state: &mut UiState, snapshot: &Snapshot, key: &RowKey, now: Timestamp) {
    let still_there = state
        .focused()
        .is_some_and(|column| column.selected.as_ref() == Some(key));
    // Where the past is looked at, nothing moves that arrives meanwhile.
    let goes = !still_there && state.view != View::Replay;
    if !goes || !moves::bring(state, snapshot, key) || state.view != View::Board {
        return;
    }
    if let (RowKey::Item(_), Some(Shown::Item { item, .. })) = (key, state.selected(snapshot)) {
        let title = state
            .options
            .columns
            .get(state.board.focus)
            .map_or("", |column| column.title.as_str());
        let text = format!("{} moved to {title}", snapshot.names().short_key(item));
        state.notify(text, now);
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "an arm for each command, so that none is forgotten"
)]
fn dispatch(
    state: &mut UiState,
    command: Command,
    snapshot: &Snapshot,
    now: Timestamp,
) -> Vec<Effect> {
    use Command as C;
    match command {
        C::Down => moves::step(state, Motion::Down, snapshot),
        C::Up => moves::step(state, Motion::Up, snapshot),
        C::Top => moves::step(state, Motion::Top, snapshot),
        C::Bottom => moves::step(state, Motion::Bottom, snapshot),
        C::HalfPageDown => moves::step(state, Motion::HalfDown, snapshot),
        C::HalfPageUp => moves::step(state, Motion::HalfUp, snapshot),
        C::PageDown => moves::step(state, Motion::PageDown, snapshot),
        C::PageUp => moves::step(state, Motion::PageUp, snapshot),
        C::Left | C::Right if state.view == View::Standup && state.overlays.is_empty() => {
            return standup::turn(state, command == C::Right, now);
        }
        C::Left => moves::sideways(state, snapshot, false),
        C::Right => moves::sideways(state, snapshot, true),
        C::Column1
        | C::Column2
        | C::Column3
        | C::Column4
        | C::Column5
        | C::Column6
        | C::Column7
        | C::Column8 => moves::focus_number(state, command.column().unwrap_or_default(), now),
        C::Overview => moves::overview(state),
        C::Zoom => moves::zoom(state),
        C::WindowLeft => moves::scroll_window(state, false),
        C::WindowRight => moves::scroll_window(state, true),
        C::Preview => return moves::preview(state),
        C::PreviewDown => moves::scroll_preview(state, true),
        C::PreviewUp => moves::scroll_preview(state, false),
        C::AboutDown | C::AboutUp => moves::scroll_source(state, command == C::AboutDown),
        C::NextUrgent => urgent::next(state, snapshot, now),
        C::PreviousUrgent => urgent::previous(state, snapshot, now),
        C::Sort => return saved::sort(state, state.board.order.next()),
        C::Lanes => return saved::lanes(state, state.board.group.next()),
        C::MarkCard => marks::mark(state, snapshot),
        C::MarkRange => marks::range(state, snapshot),
        C::MarkAll => marks::all(state, snapshot),
        C::Hide => return hides::toggle(state, snapshot, now),
        C::Snooze => return hides::ask(state, snapshot),
        C::ShowHidden => hides::show(state),
        C::FoldLane => return lanes::fold(state, snapshot),
        C::FoldLanes => return lanes::fold_all(state, snapshot),
        C::NextTab | C::PreviousTab => return saved::step(state, command == C::NextTab),
        C::WholeBoard => return saved::whole(state),
        C::SavedView1
        | C::SavedView2
        | C::SavedView3
        | C::SavedView4
        | C::SavedView5
        | C::SavedView6
        | C::SavedView7
        | C::SavedView8
        | C::SavedView9 => return saved::number(state, command.saved_view().unwrap_or_default()),
        C::Open => return open::open(state, snapshot, now),
        C::Detail => return open::detail(state, snapshot),
        C::Back => open::back(state, snapshot),
        C::Close => return open::close(state, now),
        C::Quit => return vec![Effect::Quit],
        C::NextPane | C::PreviousPane => open::pane(state, snapshot, command == C::NextPane),
        C::OpenInBrowser => return act::open_in_browser(state, snapshot),
        C::NextError => return triage::log::next_error(state, false),
        C::PreviousError => return triage::log::previous_error(state),
        C::SearchLog => return triage::log::open_search(state),
        C::NextHit | C::PreviousHit => return triage::log::hit(state, command == C::NextHit),
        C::Fold => return triage::log::toggle_fold(state),
        C::FoldAll => return triage::log::fold_all(state),
        C::Wrap => state.triage.log.wrap = !state.triage.log.wrap,
        C::Times => state.triage.log.times = !state.triage.log.times,
        C::CopyBlock => return triage::log::copy_block(state, snapshot),
        C::SaveLog => return triage::log::save(state),
        C::FailingTests => return triage::failing_tests(state, snapshot, now),
        C::FirstOfGroup => return triage::first_of_group(state, snapshot),
        C::Mark => triage::mark(state, snapshot),
        C::NextTurn | C::PreviousTurn => {
            return standup::turn(state, command == C::NextTurn, now);
        }
        C::Clock => state.standup.clock.toggle(now),
        C::ByPerson => standup::toggle(state, StandupPane::People),
        C::ParkingLot => standup::toggle(state, StandupPane::Lot),
        C::QuietCards => return standup::quiet_cards(state),
        C::Since => return standup::since(state),
        C::Park => return standup::park(state),
        C::TalkedAbout => return standup::settle_mark(state),
        C::CopyMinutes => return standup::copy(state),
        C::Held => return standup::hold(state, now),
        C::Definitions => flow::definitions(state),
        C::FlowWindow => flow::window(state),
        C::FlowScope => return flow::scopes(state, snapshot),
        C::CopyPage => return flow::copy(state),
        C::Actions => return action::open(state, snapshot, now),
        C::RerunFailed => return action::ask(state, snapshot, Verb::RerunFailed, now),
        C::CopyKey => return act::copy_key(state, snapshot),
        C::CopyUrl => return act::copy_url(state, snapshot),
        C::Pin => return pin::open(state, snapshot),
        C::Undo => return undo::undo(state, snapshot),
        C::Refresh => return act::refresh(state, snapshot),
        C::RefreshAll => return act::refresh_all(state, snapshot, now),
        C::Filter => filter::open(state),
        C::ClearFilter => filter::apply(state, ""),
        C::Palette => palette::open(state, snapshot),
        C::OwnCommands => return own::open_menu(state),
        C::Own(at) => return own::start(state, snapshot, at.into(), now),
        C::Wall => wall::enter(state, snapshot, now),
        C::Help if flow::defines_first(state) => flow::definitions(state),
        C::Help => open::toggle(state, Overlay::Help(Help::default())),
        C::Messages => open::toggle(state, Overlay::Messages(0)),
        C::ViewBoard => open::view(state, View::Board),
        C::ViewTriage => return open::triage(state, snapshot),
        C::ViewStandup => open::view(state, View::Standup),
        C::ViewAttention => open::view(state, View::Attention),
        C::ViewFlow => open::view(state, View::Flow),
        C::ViewReplay => open::view(state, View::Replay),
        // They mean something in the past only, which has seen them already.
        C::Earlier | C::Later | C::DayEarlier | C::DayLater | C::Now => {}
        C::ViewSources => open::view(state, View::Sources),
        C::NextView | C::PreviousView => {
            open::view(state, open::neighbour(state.view, command == C::NextView));
        }
        C::LastView => open::view(state, state.last_view),
        C::NextTheme => return act::next_theme(state),
        C::Themes => themes::open(state),
        C::Count => state.count = Some(0),
        C::Mouse => return act::mouse(state),
        C::Redraw => return vec![Effect::Redraw],
        C::Suspend => return vec![Effect::Suspend],
    }
    Vec::new()
}

/// Tells the engine which card somebody looks at, where that has changed.
pub(crate) fn look(state: &mut UiState, snapshot: &Snapshot) -> Option<Effect> {
    let looked = looked_at(state, snapshot);
    if looked == state.looked {
        return None;
    }
    state.looked.clone_from(&looked);
    Some(Effect::Look(looked))
}

pub(super) fn looked_at(state: &UiState, snapshot: &Snapshot) -> Option<ItemId> {
    if let Some(detail) = state.detail() {
        return match &detail.key {
            RowKey::Item(id) => Some(id.clone()),
            RowKey::Train(_) => None,
        };
    }
    if state.view == View::Triage {
        return state.triage.selected.clone();
    }
    if !state.shows_preview() || !state.view.has_cards() {
        return None;
    }
    match state.pointed(snapshot) {
        Pointed::Card(Shown::Item { item, .. }) => Some(item.id.clone()),
        Pointed::Card(Shown::Train { .. }) | Pointed::Source(_) | Pointed::Nothing => None,
    }
}
