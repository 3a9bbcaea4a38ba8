//! Saved views on the screen: which there are, which is in force, what the board shows.
//!
//! Going to one and saving one is in `update`; what one may hold is `domain::arrange`.

use crate::config::ColumnConfig;
use crate::domain::arrange::{Arrangement, SavedView};
use crate::domain::query::Query;
use crate::domain::stage::Stage;
use crate::ui::state::{ColumnState, UiState};

/// Saved views.
#[derive(Clone, Debug, Default)]
pub struct SavedState {
    /// Those of the configuration, in its order.
    pub given: Vec<SavedView>,
    /// Those that were saved from the board.
    pub own: Vec<SavedView>,
    /// The name of the one in force.
    pub current: Option<String>,
    /// The columns of the board, whichever of them are shown.
    pub(crate) columns: Vec<ColumnConfig>,
}

impl UiState {
    /// Returns all saved views in the order of their tabs; one of the configuration goes before one
    /// of the same name that was saved.
    pub fn saved_views(&self) -> impl Iterator<Item = &SavedView> {
        let own = self.saved.own.iter();
        let own = own.filter(|view| SavedView::find(&self.saved.given, &view.name).is_none());
        self.saved.given.iter().chain(own)
    }

    /// Returns the saved view of this name.
    pub fn saved_view(&self, name: &str) -> Option<&SavedView> {
        SavedView::find(self.saved_views(), name)
    }

    /// Returns whether there are tabs.
    pub fn has_tabs(&self) -> bool {
        self.saved_views().next().is_some()
    }

    /// Returns what the board shows.
    pub fn arrangement(&self) -> Arrangement {
        let shown = |columns: &[ColumnConfig]| -> Vec<Stage> {
            columns.iter().map(|column| column.stage).collect()
        };
        let columns = shown(&self.options.columns);
        Arrangement {
            filter: self.filter.query.text().trim().to_owned(),
            columns: if columns == shown(&self.saved.columns) {
                Vec::new()
            } else {
                columns
            },
            group: self.board.group.clone(),
            order: self.board.order,
        }
    }

    /// Returns whether the board shows something else than the view in force.
    pub fn is_changed(&self) -> bool {
        let current = self.saved.current.as_deref();
        let view = current.and_then(|name| self.saved_view(name));
        view.is_some_and(|view| view.shows != self.arrangement())
    }

    /// Takes over the views of the configuration; the one in force is shown as it is now, unless the
    /// board was changed since it was chosen.
    pub fn tell_views(&mut self, given: Vec<SavedView>) {
        let was_changed = self.is_changed();
        self.saved.given = given;
        let Some(name) = self.saved.current.clone() else {
            return;
        };
        match self.saved_view(&name).map(|view| view.shows.clone()) {
            Some(shows) if !was_changed => {
                if shows != self.arrangement() {
                    self.arrange(&shows);
                }
            }
            Some(_) => {}
            None => self.saved.current = None,
        }
    }

    /// Takes over the columns of the configuration; a board that shows some of them shows those, and
    /// each keeps its selection.
    pub fn tell_columns(&mut self, columns: Vec<ColumnConfig>) {
        let shown = self.arrangement().columns;
        self.saved.columns = columns;
        self.show_columns(&shown);
        self.touch();
    }

    /// Lets the board show that; a filter that cannot be read is none.
    pub fn arrange(&mut self, shows: &Arrangement) {
        self.filter.query = Query::parse(&shows.filter).unwrap_or_default();
        if self.board.group != shows.group {
            self.board.group = shows.group.clone();
            self.board.folded.clear();
            self.board.lane_scroll = 0;
        }
        self.board.heading = None;
        self.board.order = shows.order;
        self.show_columns(&shows.columns);
        self.touch();
    }

    /// Shows these columns, or all where none is named; each keeps its selection.
    fn show_columns(&mut self, stages: &[Stage]) {
        let known = |stage: &Stage| {
            let mut all = self.saved.columns.iter();
            let known = all.find(|column| column.stage == *stage);
            known.cloned().unwrap_or_else(|| ColumnConfig::of(*stage))
        };
        let columns: Vec<ColumnConfig> = match stages {
            [] => self.saved.columns.clone(),
            stages => stages.iter().map(known).collect(),
        };
        if columns == self.options.columns {
            return;
        }
        let focused = self.stage(self.board.focus);
        let old = std::mem::replace(&mut self.options.columns, columns);
        let mut kept: Vec<(Stage, ColumnState)> = old
            .iter()
            .map(|column| column.stage)
            .zip(std::mem::take(&mut self.board.columns))
            .collect();
        for column in &self.options.columns {
            let at = kept.iter().position(|(stage, _)| *stage == column.stage);
            let state = at.map(|at| kept.swap_remove(at).1);
            self.board.columns.push(state.unwrap_or_default());
        }
        let mut columns = self.options.columns.iter();
        let focus = columns.position(|column| Some(column.stage) == focused);
        self.board.focus = focus.unwrap_or_default();
        self.board.window = 0;
        self.board.zoom = false;
    }
}
