//! What the screen remembers: view, focus, selection, filter, overlays, messages.
//!
//! Changed by `update` and `input`; painting changes scroll offsets only. Cards
//! are remembered by identity, never by row.

use std::sync::Arc;

use ratatui::layout::Rect;

use crate::config::{ColumnConfig, Motion, OwnCommand, WallConfig};
use crate::domain::Timestamp;
use crate::domain::calendar::Zone;
use crate::domain::hide::Hides;
use crate::domain::history::Ledger;
use crate::domain::key::ItemId;
use crate::domain::policy::Pin;
use crate::domain::query::{Query, QueryContext};
use crate::domain::stage::Stage;
use crate::engine::snapshot::Snapshot;
use crate::ui::chord::Chord;
use crate::ui::command::Scope;
use crate::ui::history::Recall;
use crate::ui::keymap::Keymap;
use crate::ui::layout::{Border, Plan, Want as PlanWant, Widths, fits_beside};
use crate::ui::overlay::{Detail, Overlay};
use crate::ui::own::OwnState;
use crate::ui::place::Chosen;
use crate::ui::rest::Rest;
use crate::ui::rows::{RowKey, Rows, Shown, Want};
use crate::ui::scroll;
use crate::ui::theme::BUILTIN;
use crate::ui::update::marks;
use crate::ui::update::undo::Undo;
use crate::ui::update::urgent::Walk;
use crate::ui::wall::WallState;

mod attention;
mod board;
mod flow;
mod lanes;
mod messages;
mod replay;
mod saved;
mod standup;
mod triage;
mod typed;
mod views;

pub use attention::AttentionState;
pub use board::{BoardState, ColumnState};
pub use flow::{FlowScope, FlowState, Layer};
pub use messages::{Message, Messages};
pub use replay::ReplayState;
pub use saved::SavedState;
pub use standup::{Clock, StandupPane, StandupState};
pub(crate) use standup::{Part, SPANS, TOTAL_SECS};
pub(crate) use triage::{Kept, Listed, ListedKey, Place, TreeMark};
pub use triage::{LogPane, LogStanding, Pane, Search, TriageState};
pub(crate) use typed::{Ahead, Answered, Pressed};
pub use views::{Pointed, View};

/// What the screen is told at the start.
#[derive(Clone, Debug)]
pub struct UiOptions {
    /// The columns, in order; never empty.
    pub columns: Vec<ColumnConfig>,
    /// The logins of the user, for `@me` and "needs you".
    pub me: Vec<String>,
    /// A mark that stays on the screen: `simulated data`.
    pub banner: Option<String>,
    /// Whether no source is asked at all.
    pub offline: bool,
    /// Name of the theme.
    pub theme: String,
    /// The one that the configuration names, whatever the command line says.
    pub told_theme: String,
    /// Whether it is remembered how the board is left.
    pub remembers: bool,
    /// The local zone: of each moment, what clocks showed then.
    pub zone: Zone,
    /// The keys as help, footer and palette show them.
    pub keymap: Arc<Keymap>,
    /// Programs of the user.
    pub own: Arc<[OwnCommand]>,
    /// Whether nothing may be changed.
    pub read_only: bool,
    /// How the wall is shown.
    pub wall: WallConfig,
    /// What moves by itself.
    pub motion: Motion,
    /// Random bits, from which the identities of actions are made.
    pub seed: u128,
}

impl Default for UiOptions {
    fn default() -> Self {
        Self {
            columns: default_columns(),
            me: Vec::new(),
            banner: None,
            offline: false,
            theme: "dark".to_owned(),
            told_theme: "dark".to_owned(),
            remembers: false,
            zone: Zone::UTC,
            keymap: Arc::new(Keymap::default()),
            own: Arc::default(),
            read_only: false,
            wall: WallConfig::default(),
            motion: Motion::Full,
            seed: 0,
        }
    }
}

fn default_columns() -> Vec<ColumnConfig> {
    Stage::ALL
        .into_iter()
        .map(|stage| ColumnConfig {
            stage,
            title: stage.title().to_owned(),
            wip: None,
        })
        .collect()
}

/// Everything that the screen remembers.
#[derive(Clone, Debug)]
pub struct UiState {
    /// What it was told at the start.
    pub options: UiOptions,
    /// The view that is shown.
    pub view: View,
    /// The view before it.
    pub last_view: View,
    /// The size of the screen.
    pub size: (u16, u16),
    /// The board.
    pub board: BoardState,
    /// The selected source.
    pub source: usize,
    /// How far what is told of a source is scrolled, and of which one.
    pub source_scroll: (usize, u16),
    /// The triage view.
    pub triage: TriageState,
    /// The stand-up.
    pub standup: StandupState,
    /// What history holds, once a view that needs it was opened.
    pub history: Option<Arc<Ledger>>,
    /// How reading it stands.
    pub recall: Recall,
    /// The list of what calls for a person.
    pub attention: AttentionState,
    /// The flow view.
    pub flow: FlowState,
    /// The board of the past.
    pub replay: ReplayState,
    /// The user's own commands that run or ran.
    pub own: OwnState,
    /// The wall, while it is shown.
    pub wall: Option<WallState>,
    /// The filter in force.
    pub filter: Filter,
    /// What lies over the view, topmost last.
    pub overlays: Vec<Overlay>,
    /// Keys of a sequence that is not complete, and when the last was pressed.
    pub pending: Vec<Chord>,
    /// When the last of them was pressed.
    pub pending_since: Timestamp,
    /// The user's pins.
    pub pins: Vec<(ItemId, Pin)>,
    /// What the user put aside.
    pub hides: Hides,
    /// Saved views.
    pub saved: SavedState,
    /// What was run from the palette, newest last.
    pub said: Vec<String>,
    /// Messages, shown and past.
    pub messages: Messages,
    /// Name of the theme.
    pub theme: String,
    pub(crate) rows: Rows,
    pub(crate) looked: Option<ItemId>,
    pub(crate) walk: Walk,
    /// What was before the changes that can be taken back, the last change last.
    pub(crate) undo: Vec<Undo>,
    pub(crate) click: Option<(Timestamp, u16, u16)>,
    /// The key that closed a question, and when it last came: held, it means nothing more.
    pub(crate) answered: Option<Answered>,
    /// Keys that wait until the view has what they are about.
    pub(crate) ahead: Option<Ahead>,
    pub(crate) rolls_at: Option<Timestamp>,
    /// When keys were pressed, and what was said of one that does nothing.
    pub(crate) pressed: Pressed,
    /// The count that was typed before a command, as far as it was.
    pub(crate) count: Option<u16>,
    /// Names of all themes.
    pub themes: Vec<String>,
    /// Whether the terminal tells of the mouse.
    pub mouse: bool,
    /// Whether what has a page is a link.
    pub links: bool,
    /// Columns by which a person made each column of the board wider.
    pub(crate) wider: Widths,
    /// The border of a column that is being dragged.
    pub(crate) dragged: Option<Border>,
    /// Whether the selection rests.
    pub(crate) rest: Rest,
    /// The theme that a person chose.
    pub(crate) chosen: Option<Chosen>,
}

/// The filter in force.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// The last good one.
    pub query: Query,
    /// Earlier ones, newest last.
    pub history: Vec<String>,
}

impl UiState {
    /// Returns the state at the start.
    pub fn new(mut options: UiOptions) -> Self {
        if options.columns.is_empty() {
            options.columns = default_columns();
        }
        Self {
            view: View::Board,
            last_view: View::Sources,
            size: (80, 24),
            board: BoardState {
                columns: vec![ColumnState::default(); options.columns.len()],
                ..BoardState::default()
            },
            source: 0,
            source_scroll: (0, 0),
            triage: TriageState::default(),
            standup: StandupState::default(),
            history: None,
            recall: Recall::default(),
            attention: AttentionState::default(),
            flow: FlowState::default(),
            replay: ReplayState::default(),
            own: OwnState::default(),
            wall: None,
            filter: Filter::default(),
            overlays: Vec::new(),
            pending: Vec::new(),
            pending_since: Timestamp::UNIX_EPOCH,
            messages: Messages::default(),
            theme: options.theme.clone(),
            rows: Rows::default(),
            looked: None,
            walk: Walk::default(),
            pins: Vec::new(),
            undo: Vec::new(),
            hides: Hides::default(),
            said: Vec::new(),
            saved: SavedState {
                columns: options.columns.clone(),
                ..SavedState::default()
            },
            click: None,
            answered: None,
            ahead: None,
            rolls_at: None,
            pressed: Pressed::default(),
            count: None,
            themes: BUILTIN.iter().map(|(name, _)| (*name).to_owned()).collect(),
            mouse: true,
            links: false,
            wider: Widths::default(),
            dragged: None,
            rest: Rest::default(),
            chosen: None,
            options,
        }
    }

    /// Returns where keys are looked up now, unless a text is being written.
    pub fn scope(&self) -> Scope {
        match (self.overlays.last(), self.view) {
            (Some(Overlay::Detail(_)), _) => Scope::Detail,
            (Some(Overlay::Messages(_) | Overlay::Help(_)), _) => Scope::Everywhere,
            (_, view) => view.scope(),
        }
    }

    /// Brings the lists up to date and every selection to its card.
    pub(crate) fn refresh(&mut self, snapshot: &Snapshot, now: Timestamp) {
        self.triage.now = now;
        self.refresh_attention(snapshot, now);
        let want = Want {
            columns: &self.options.columns,
            filter: &self.filter.query,
            me: &self.options.me,
            opened: &self.board.opened,
            order: self.board.order,
            hides: &self.hides,
            group: &self.board.group,
            folded: &self.board.folded,
            revision: self.board.revision,
        };
        if self.rows.refresh(snapshot, &want, now) {
            for column in 0..self.options.columns.len() {
                self.settle(snapshot, column);
            }
            if self.has_lanes() {
                self.settle_lanes();
            }
            marks::settle(self, snapshot);
        }
    }

    /// Finds the selected card of a column again; where it is gone, the one in its place.
    fn settle(&mut self, snapshot: &Snapshot, column: usize) {
        let Some(held) = self.stage(column) else {
            return;
        };
        let lines = self.rows.lines(column);
        let Some(state) = self.board.columns.get_mut(column) else {
            return;
        };
        let shows = |at: usize, key: &RowKey| {
            lines
                .get(at)
                .and_then(|line| line.of(snapshot, held))
                .is_some_and(|shown| shown.is(key))
        };
        let found = state
            .selected
            .as_ref()
            .filter(|_| state.chosen)
            .and_then(|key| {
                let near = shows(state.at, key).then_some(state.at);
                near.or_else(|| (0..lines.len()).find(|at| shows(*at, key)))
            });
        let at = match found {
            Some(at) => at,
            None if state.chosen => state.at.min(lines.len().saturating_sub(1)),
            None => 0,
        };
        // The list stays where it is under the cursor: the window moves as the card does.
        let screen_row = state.at.saturating_sub(state.offset);
        state.offset = at.saturating_sub(screen_row);
        state.at = at;
        state.selected = lines
            .get(at)
            .and_then(|line| line.of(snapshot, held))
            .map(|shown| shown.key());
    }

    /// Returns what a filter has to know beside a card.
    pub(crate) fn query_context(&self, snapshot: &Snapshot, now: Timestamp) -> QueryContext {
        QueryContext {
            now,
            me: self.options.me.clone(),
            attention: snapshot.attention.clone(),
            hides: self.hides.clone(),
        }
    }

    /// Returns the stage of a column.
    pub fn stage(&self, column: usize) -> Option<Stage> {
        self.options.columns.get(column).map(|column| column.stage)
    }

    /// Returns the pin of a card, whether it holds or not.
    pub fn pin_of(&self, item: &ItemId) -> Option<&Pin> {
        let mut pins = self.pins.iter();
        pins.find(|(id, _)| id == item).map(|(_, pin)| pin)
    }

    /// Returns the title under which a stage stands on this board.
    pub fn title(&self, stage: Stage) -> &str {
        let mut columns = self.saved.columns.iter();
        columns
            .find(|column| column.stage == stage)
            .map_or(stage.title(), |column| column.title.as_str())
    }

    /// Returns the selected line of the focused column.
    pub fn selected<'a>(&self, snapshot: &'a Snapshot) -> Option<Shown<'a>> {
        if self.board.heading.is_some() && self.view == View::Board {
            return None;
        }
        self.line(snapshot, self.board.focus, self.focused()?.at)
    }

    /// Returns a line of a column.
    pub fn line<'a>(&self, snapshot: &'a Snapshot, column: usize, at: usize) -> Option<Shown<'a>> {
        let line = self.rows.lines(column).get(at)?;
        let shown = line.of(snapshot, self.stage(column)?)?;
        Some(match shown {
            Shown::Train { train, .. } => Shown::Train {
                train,
                opened: self.board.opened.contains(&train.id),
            },
            // In lanes, what stands by itself is not under its train.
            Shown::Item { item, inside } => Shown::Item {
                item,
                inside: inside && (!self.has_lanes() || self.is_under_its_train(column, at)),
            },
        })
    }

    fn is_under_its_train(&self, column: usize, at: usize) -> bool {
        let lines = self.rows.lines(column);
        let Some(line) = lines.get(at) else {
            return false;
        };
        let above = lines.get(..at).unwrap_or_default().iter().rev();
        let mut heads = above.skip_while(|above| above.row() == line.row() && above.is_inside());
        heads.next().is_some_and(|head| head.row() == line.row())
    }

    /// Returns the focused column.
    pub fn focused(&self) -> Option<&ColumnState> {
        self.board.columns.get(self.board.focus)
    }

    /// Returns where things are on the screen.
    pub fn plan(&self) -> Plan {
        let area = Rect::new(0, 0, self.size.0, self.size.1);
        Plan::new(
            area,
            &PlanWant {
                columns: self.options.columns.len(),
                focus: self.board.focus,
                window: self.board.window,
                zoom: self.board.zoom,
                overview: self.board.overview,
                detail: self.shows_detail(),
                past: self.view == View::Replay,
                wider: self.wider,
                tabs: self.has_tabs(),
                lanes: self.has_lanes() && self.view == View::Board,
            },
        )
    }

    /// Returns whether the preview is on and has room beside the board.
    pub fn shows_preview(&self) -> bool {
        self.board.preview && fits_beside(self.size.0, self.size.1)
    }

    /// Returns the detail that is open, if one is.
    pub fn detail(&self) -> Option<&Detail> {
        self.overlays.iter().find_map(|overlay| {
            if let Overlay::Detail(detail) = overlay {
                Some(detail)
            } else {
                None
            }
        })
    }

    /// Returns the detail that is open, to change it.
    pub(crate) fn detail_mut(&mut self) -> Option<&mut Detail> {
        self.overlays.iter_mut().find_map(|overlay| {
            if let Overlay::Detail(detail) = overlay {
                Some(detail)
            } else {
                None
            }
        })
    }

    /// Brings the cards of a column into view, its selected line among them.
    pub(crate) fn scroll_to_selection(&mut self, plan: &Plan) {
        if self.has_lanes() {
            return self.scroll_lanes(plan);
        }
        for slot in plan.slots.iter().filter(|slot| slot.open) {
            let lines = self.rows.lines(slot.column).len();
            let (capacity, _) = plan.capacity(slot, lines);
            if let Some(state) = self.board.columns.get_mut(slot.column) {
                state.offset = scroll::turned(state.offset, state.at, capacity, lines);
            }
        }
    }

    /// Returns how many cards are red, and how many need a person, whatever the filter hides.
    pub fn urgent(&self) -> (usize, usize) {
        (self.rows.red, self.rows.needy_of_all())
    }

    /// Notes that what the lists are made from has changed.
    pub(crate) fn touch(&mut self) {
        self.board.revision = self.board.revision.wrapping_add(1);
    }
}
