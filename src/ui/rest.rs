//! What is selected is shown at large once the selection rests.
//!
//! The cursor moves at once. What a view shows of the selected thing beside its list is another
//! page, a hundred times as much to send; while a key is held, nobody reads it. So what stood there
//! stays, cell for cell, until no move came for a moment. Whatever is no move ends the wait: what
//! was opened, clicked or arrived is seen in the next frame.
//!
//! So it is with lists that turn and boards that are laid out anew: what is near the cursor is
//! painted at once, as far as [`near`] lets it.
//!
//! So it is with links: their addresses are most of what a move would send, and nobody clicks while
//! a key is down. What changed its look is a link again once the selection rests.

use std::collections::HashSet;

use chrono::TimeDelta;
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{Event, KeyEventKind, MouseEventKind};
use ratatui::layout::{Position, Rect};

use crate::domain::Timestamp;
use crate::domain::key::ItemId;
use crate::engine::snapshot::Snapshot;
use crate::ui::encode::Dialect;
use crate::ui::flow::Page;
use crate::ui::layout::{Plan, Size};
use crate::ui::link::Painted;
use crate::ui::near;
use crate::ui::overlay::Overlay;
use crate::ui::panes::Panes;
use crate::ui::rows::RowKey;
use crate::ui::state::{Layer, Pane, StandupPane, UiState, View};
use crate::ui::text::Paint;

/// Milliseconds without a move after which a selection rests.
const REST_MS: i64 = 100;
/// The same on a slow line.
const SLOW_MS: i64 = 300;

/// Whether the selection rests, and what stands on the screen until it does.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rest {
    /// Whether the line is slow.
    pub(crate) slow: bool,
    /// What the terminal takes, by which the bytes of a move are counted.
    pub(crate) dialect: Dialect,
    /// When it rests, while it moves.
    until: Option<Timestamp>,
    /// The picture as it was painted last.
    shown: Option<Buffer>,
    /// Where the cursor was in it.
    was: Option<Position>,
    /// The large parts as they were painted when it last rested.
    kept: Vec<(Rect, Vec<Cell>)>,
    /// The links that stand on the screen.
    links: HashSet<Painted>,
}

/// Where the cursor is: on which list, and on what of it.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Cursor {
    list: List,
    on: On,
}

/// A list with a cursor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct List {
    view: View,
    pane: (Pane, StandupPane),
    page: (Page, Option<Layer>),
    overlays: usize,
}

/// What a cursor is on.
#[derive(Clone, PartialEq, Eq, Debug)]
enum On {
    Row(usize, Option<RowKey>),
    Red(Option<ItemId>, usize),
    Line(usize),
    /// A row of the log, the one at the top, and the columns scrolled away.
    Log(u64, u64, u16),
    /// A line of what lies over the view, and the first shown.
    Over(usize, usize),
    /// A line that is written, or a question: no list.
    Nowhere,
    /// A source, and how far what is told of it is scrolled.
    Source(usize, (usize, u16)),
    /// A column of the past, and a card of it.
    Past(usize, usize),
    /// A person who has the turn, and a card of theirs.
    Turn(usize, usize),
}

impl Cursor {
    /// Returns where it is.
    pub(crate) fn of(state: &UiState) -> Self {
        let of_view = || match state.view {
            View::Board => {
                let selected = state.focused().and_then(|column| column.selected.clone());
                On::Row(state.board.focus, selected)
            }
            View::Triage if state.triage.pane == Pane::Log => {
                let log = &state.triage.log;
                On::Log(log.cursor, log.top, log.left)
            }
            View::Triage => On::Red(state.triage.selected.clone(), state.triage.tree),
            View::Attention => On::Line(state.attention.cursor),
            View::Standup => match state.standup.pane {
                StandupPane::Walk => On::Line(state.standup.at),
                StandupPane::People => On::Turn(state.standup.person, state.standup.entry),
                StandupPane::Lot => On::Line(state.standup.lot),
            },
            View::Flow if state.flow.layer.is_none() => On::Line(state.flow.cursor()),
            View::Flow => On::Line(state.flow.at),
            View::Sources => On::Source(state.source, state.source_scroll),
            View::Replay => {
                let focus = state.board.focus;
                On::Past(focus, state.replay.cursor(focus).at)
            }
        };
        Self {
            list: List {
                view: state.view,
                pane: (state.triage.pane, state.standup.pane),
                page: (state.flow.page, state.flow.layer),
                overlays: state.overlays.len(),
            },
            on: state.overlays.last().map_or_else(of_view, over),
        }
    }
}

/// Returns what the cursor is on in something that lies over the view.
fn over(overlay: &Overlay) -> On {
    match overlay {
        Overlay::Detail(detail) => On::Over(detail.cursor, usize::from(detail.scroll)),
        Overlay::Help(help) => On::Over(help.list.cursor, help.list.scroll),
        Overlay::Palette(palette) => On::Over(palette.list.cursor, palette.list.scroll),
        Overlay::Themes(menu) => On::Over(menu.cursor, menu.scroll),
        Overlay::Messages(scroll) => On::Over(0, usize::from(*scroll)),
        Overlay::Actions(menu) => On::Over(menu.cursor, 0),
        Overlay::Own(menu) => On::Over(menu.cursor, menu.scroll),
        Overlay::Pin(_)
        | Overlay::Filter(_)
        | Overlay::Confirm(_)
        | Overlay::Search(_)
        | Overlay::Note(_)
        | Overlay::Act(_) => On::Nowhere,
    }
}

impl Rest {
    /// Notes what an event did to the cursor.
    pub(crate) fn after(&mut self, event: &Event, (old, new): (&Cursor, &Cursor), now: Timestamp) {
        let may_move = match event {
            Event::Key(key) => key.kind != KeyEventKind::Release,
            Event::Mouse(mouse) => matches!(
                mouse.kind,
                MouseEventKind::ScrollDown | MouseEventKind::ScrollUp
            ),
            Event::Paste(_) | Event::Resize(..) | Event::FocusGained | Event::FocusLost => false,
        };
        let moved = match (&old.on, &new.on) {
            // The cards of a person are the list; the next person is another page.
            (On::Turn(person, _), On::Turn(next, _)) => person != next,
            (old, new) => old != new,
        };
        let moved = moved && may_move && old.list == new.list;
        self.until = moved.then(|| now + self.pause());
    }

    fn pause(&self) -> TimeDelta {
        TimeDelta::milliseconds(if self.slow { SLOW_MS } else { REST_MS })
    }

    /// Returns when the selection rests, while it moves.
    pub(crate) fn moves_until(&self, now: Timestamp) -> Option<Timestamp> {
        // A clock that was put back must not keep a page.
        let is_sound = |until: &Timestamp| now < *until && *until <= now + self.pause();
        self.until.filter(is_sound)
    }

    /// Returns whether the large parts are still to come.
    pub(crate) fn is_awaited(&self) -> bool {
        self.until.is_some()
    }

    /// Returns whether a part of the screen still shows what was selected before.
    pub(crate) fn shows_former(&self, part: Rect) -> bool {
        self.is_awaited() && self.kept.iter().any(|(area, _)| *area == part)
    }

    /// Takes the links that stand on the screen.
    pub(crate) fn links(&mut self) -> HashSet<Painted> {
        std::mem::take(&mut self.links)
    }

    /// Notes the links that stand on the screen from now on.
    pub(crate) fn keep_links(&mut self, links: HashSet<Painted>) {
        self.links = links;
    }

    /// Leaves of a frame what is far from the cursor as it stands, while the selection moves and
    /// where the whole would be too much; returns whether something is still to come.
    pub(crate) fn limit(
        &mut self,
        painted: &mut Buffer,
        cursor: Option<Position>,
        moves: bool,
    ) -> bool {
        let shown = self.shown.as_ref().filter(|_| moves);
        let places = (cursor, self.was);
        let owed = shown.map(|shown| near::limit(shown, painted, places, self.dialect));
        self.was = cursor;
        let owed = owed.unwrap_or_default();
        self.links.retain(|link| !owed.contains(&link.place.2));
        match &mut self.shown {
            Some(shown) => shown.clone_from(painted),
            None => self.shown = Some(painted.clone()),
        }
        !owed.is_empty()
    }

    /// Ends the wait.
    pub(crate) fn end(&mut self) {
        self.until = None;
    }
}

/// Leaves the large parts of a painted view as they stood while the selection moves.
pub(crate) fn hold(paint: &mut Paint<'_>, state: &mut UiState, snapshot: &Snapshot, plan: &Plan) {
    let parts = large(state, snapshot, plan);
    let rest = &mut state.rest;
    if let Some(until) = rest.moves_until(paint.now)
        && !parts.is_empty()
        && rest.kept.iter().map(|(area, _)| area).eq(&parts)
    {
        for (area, cells) in &rest.kept {
            paint.put_back(*area, cells);
        }
        paint.note(until);
        return;
    }
    if !parts.is_empty() {
        rest.end();
    }
    let keep = |area: Rect| (area, paint.cells(area));
    rest.kept = parts.into_iter().map(keep).collect();
}

/// Returns which parts of the screen show what is selected at large.
fn large(state: &UiState, snapshot: &Snapshot, plan: &Plan) -> Vec<Rect> {
    if plan.size == Size::Tiny || state.detail().is_some() {
        return Vec::new();
    }
    let of_view: [Option<Rect>; 2] = if plan.covered {
        [None, None]
    } else {
        match state.view {
            View::Board | View::Attention | View::Replay => [None, None],
            View::Triage => {
                let panes = Panes::new(plan.body, state.triage.pane);
                match state.triage.pane {
                    _ if panes.alone => [None, None],
                    Pane::Cards => [panes.tree, panes.log],
                    Pane::Tree => [panes.log, None],
                    Pane::Log => [None, None],
                }
            }
            View::Standup | View::Flow | View::Sources => [
                crate::ui::view::beside_list(state, snapshot, plan.body),
                None,
            ],
        }
    };
    let detail = plan.detail.filter(|_| state.shows_detail());
    of_view.into_iter().chain([detail]).flatten().collect()
}
