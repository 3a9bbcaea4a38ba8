//! Where the board was left: view, column, card, filter, lanes, folds, order, shape.
//!
//! What is kept of it and what is restored; where it is kept is the shell's matter. What a board of
//! today no longer has is left out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::domain::arrange::Arrangement;
use crate::domain::key::ItemId;
use crate::domain::stage::Stage;
use crate::ui::rows::RowKey;
use crate::ui::state::{UiState, View};

/// The words for views to which one comes back; the past is no place to stay.
const VIEWS: [(&str, View); 6] = [
    ("board", View::Board),
    ("triage", View::Triage),
    ("attention", View::Attention),
    ("standup", View::Standup),
    ("flow", View::Flow),
    ("sources", View::Sources),
];

/// How many earlier filters and lines of the palette are kept.
const LINES: usize = 50;

/// The most columns of the screen by which a column is remembered to be wider, or narrower.
const WIDEST: i16 = 500;

/// A theme that a person chose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chosen {
    /// Its name.
    pub name: String,
    /// The theme that the configuration named then: it was chosen instead of that one.
    pub told: String,
}

/// Where the board was left.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// The view.
    pub view: String,
    /// The stage of the focused column.
    pub column: Option<Stage>,
    /// The selected card of each column in which a person chose one, and its line.
    pub selected: Vec<(Stage, ItemId, usize)>,
    /// The saved view in force.
    pub saved: Option<String>,
    /// What the board shows.
    pub shows: Arrangement,
    /// The folded lanes.
    pub folded: BTreeSet<String>,
    /// The folded lane whose heading has the cursor.
    pub heading: Option<String>,
    /// Whether the focused column has all the width.
    pub zoom: bool,
    /// Whether all columns are open.
    pub overview: bool,
    /// Whether the preview is shown.
    pub preview: bool,
    /// The first open column.
    pub window: usize,
    /// Earlier filters, newest last.
    pub filters: Vec<String>,
    /// What was run from the palette, newest last.
    pub said: Vec<String>,
    /// By how much a person made columns wider.
    pub widths: Vec<(Stage, i16)>,
    /// The theme that a person chose.
    pub theme: Option<Chosen>,
}

/// Returns the last so many of some lines.
fn last(lines: &[String]) -> Vec<String> {
    let too_many = lines.len().saturating_sub(LINES);
    lines.get(too_many..).unwrap_or_default().to_vec()
}

impl UiState {
    /// Returns where the board is left.
    pub fn place(&self) -> Place {
        let mut views = VIEWS.iter();
        let view = views.find(|(_, view)| *view == self.view);
        let columns = self.options.columns.iter().zip(&self.board.columns);
        let chosen = columns.filter(|(_, state)| state.chosen);
        Place {
            view: view.map_or("board", |(word, _)| word).to_owned(),
            column: self.stage(self.board.focus),
            selected: chosen
                .filter_map(|(column, state)| match &state.selected {
                    Some(RowKey::Item(id)) => Some((column.stage, id.clone(), state.at)),
                    Some(RowKey::Train(_)) | None => None,
                })
                .collect(),
            saved: self.saved.current.clone(),
            shows: self.arrangement(),
            folded: self.board.folded.clone(),
            heading: self.board.heading.clone(),
            zoom: self.board.zoom,
            overview: self.board.overview,
            preview: self.board.preview,
            window: self.board.window,
            filters: last(&self.filter.history),
            said: last(&self.said),
            widths: self.widths(),
            theme: self.chosen.clone(),
        }
    }

    fn widths(&self) -> Vec<(Stage, i16)> {
        let columns = self.options.columns.iter().enumerate();
        let widths = columns.map(|(at, column)| (column.stage, self.wider.of(at)));
        widths.filter(|(_, by)| *by != 0).collect()
    }

    /// Makes the board look as it did: columns as wide, as far as there are such, and returns the
    /// theme that was chosen, unless the configuration names another one since.
    pub fn look_as(&mut self, place: &Place) -> Option<String> {
        for (stage, by) in &place.widths {
            let mut columns = self.options.columns.iter();
            if let Some(at) = columns.position(|column| column.stage == *stage) {
                self.wider.set(at, (*by).clamp(-WIDEST, WIDEST));
            }
        }
        let told = &self.options.told_theme;
        let chosen = place.theme.clone().filter(|chosen| chosen.told == *told);
        self.chosen = chosen;
        self.chosen.as_ref().map(|chosen| chosen.name.clone())
    }

    /// Notes that a person chose a theme.
    pub(crate) fn choose_theme(&mut self, name: &str) {
        let told = self.options.told_theme.clone();
        self.chosen = (name != told).then(|| Chosen {
            name: name.to_owned(),
            told,
        });
    }

    /// Takes over that the configuration names a theme: it was changed after anyone chose one.
    pub fn tell_theme(&mut self, name: &str) {
        name.clone_into(&mut self.options.told_theme);
        self.chosen = None;
    }

    /// Brings the board to where it was left, all but the view: that is shown once it has cards.
    pub fn go_back_to(&mut self, place: &Place) {
        self.arrange(&place.shows);
        let is_known = |name: &String| self.saved_view(name).is_some();
        self.saved.current = place.saved.clone().filter(is_known);
        self.board.folded.clone_from(&place.folded);
        self.board.heading.clone_from(&place.heading);
        self.board.zoom = place.zoom;
        self.board.overview = place.overview && !place.zoom;
        self.board.preview = place.preview;
        self.board.window = place.window;
        self.filter.history = last(&place.filters);
        self.said = last(&place.said);
        let mut columns = self.options.columns.iter();
        let focus = columns.position(|column| Some(column.stage) == place.column);
        self.board.focus = focus.unwrap_or_default();
        for (stage, id, at) in &place.selected {
            let mut columns = self.options.columns.iter().zip(&mut self.board.columns);
            if let Some((_, state)) = columns.find(|(column, _)| column.stage == *stage) {
                state.selected = Some(RowKey::Item(id.clone()));
                state.at = *at;
                state.chosen = true;
            }
        }
        self.touch();
    }
}

impl Place {
    /// Returns the view, the board where there is none of that name.
    pub fn view(&self) -> View {
        let mut views = VIEWS.iter();
        let view = views.find(|(word, _)| *word == self.view);
        view.map_or(View::Board, |(_, view)| *view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::testing::Screen;

    #[test]
    fn a_board_that_was_left_is_found_again() {
        let mut one = Screen::new(120, 40, 200);
        one.press("S 4 j j j Z j s p / i s : r e d enter g s");
        let place = one.state.place();
        let text = serde_json::to_string(&place).unwrap();
        let read: Place = serde_json::from_str(&text).unwrap();
        assert_eq!(read, place);
        let mut two = Screen::new(120, 40, 200);
        two.state.go_back_to(&read);
        two.arrive();
        two.state.view = read.view();
        assert_eq!(two.state.view, View::Standup);
        assert_eq!(two.state.place(), place);
        let here = |screen: &Screen| (screen.state.lane(), screen.state.board.focus);
        assert_eq!(here(&two), here(&one));
    }

    #[test]
    fn columns_are_as_wide_again_where_there_are_such() {
        let mut one = Screen::new(200, 40, 60);
        one.state.wider.shift(2, 9);
        let place = one.state.place();
        assert_eq!(place.widths.len(), 2);
        let mut two = Screen::new(200, 40, 60);
        assert_eq!(two.state.look_as(&place), None);
        assert_eq!(two.state.wider, one.state.wider);
        // A board of other columns keeps each with its column, one of a small screen fits it.
        let columns = two.state.options.columns.split_off(3);
        let mut three = Screen::new(60, 20, 60);
        three.state.options.columns = columns;
        let wild = Place {
            widths: place
                .widths
                .iter()
                .map(|(stage, _)| (*stage, i16::MAX))
                .collect(),
            ..Place::default()
        };
        three.state.look_as(&wild);
        three.arrive();
        assert_eq!(three.state.wider.of(0), WIDEST);
        for slot in three.state.plan().slots {
            assert!(slot.head.right() <= 60);
        }
    }

    #[test]
    fn a_theme_that_was_chosen_is_worn_again_until_the_configuration_names_another() {
        let mut one = Screen::new(80, 24, 10);
        one.press("g t j enter");
        let place = one.state.place();
        let text = serde_json::to_string(&place).unwrap();
        let place: Place = serde_json::from_str(&text).unwrap();
        let mut two = Screen::new(80, 24, 10);
        assert_eq!(two.state.look_as(&place).as_deref(), Some("light"));
        assert_eq!(two.state.place().theme, place.theme, "it is kept on");
        let mut three = Screen::new(80, 24, 10);
        three.state.options.told_theme = "nord".to_owned();
        assert_eq!(three.state.look_as(&place), None);
        assert_eq!(three.state.place().theme, None);
        // The one of the configuration is nothing that has to be remembered.
        two.press("g t g j enter g t k enter");
        assert_eq!(two.state.place().theme, None);
    }

    #[test]
    fn what_is_not_known_any_more_is_left_out() {
        let text = r#"{"view":"dance","column":"monitor","saved":"gone","window":99,
            "shows":{"filter":"no:such","columns":["deploy"]},
            "selected":[["deploy","ticket:x#1",900],["plan","ticket:x#2",1]]}"#;
        let place: Place = serde_json::from_str(text).unwrap();
        let mut screen = Screen::new(80, 24, 50);
        screen.state.go_back_to(&place);
        screen.arrive();
        assert_eq!(place.view(), View::Board);
        assert!(screen.state.filter.query.is_empty());
        assert_eq!(screen.state.saved.current, None);
        assert_eq!(screen.state.options.columns.len(), 1);
        assert!(screen.state.selected(&screen.snapshot).is_some());
    }
}
