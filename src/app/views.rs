//! Saved views: those that were saved from the board, kept in the state directory, and finding one.
//!
//! The configuration has views of its own, which are never written. What a view shows is
//! `domain::arrange`'s.

use crate::app::exit::Failure;
use crate::app::kept_boards::KeptBoards;
use crate::app::session::Session;
use crate::config::Settings;
use crate::domain::Timestamp;
use crate::domain::arrange::SavedView;
use crate::domain::text::nearest;

/// The form of the file.
const VERSION: u32 = 1;

/// Where saved views are kept.
#[derive(Clone, Debug)]
pub struct Views(KeptBoards<Vec<SavedView>>);

impl Views {
    /// Settles where those of a board are; nothing is read yet.
    pub fn of(session: &Session) -> Self {
        Self::at(session.paths.views(), session.board_name())
    }

    /// The same, by file and board.
    pub fn at(file: std::path::PathBuf, board: String) -> Self {
        Self(KeptBoards::at(file, VERSION, board, "saved views hold"))
    }

    /// Returns what is kept, and why nothing is, if so.
    pub fn load(&self) -> (Vec<SavedView>, Option<String>) {
        self.0.load()
    }

    /// Keeps a view under its name, or forgets it; returns all, and why they are not kept, if so.
    pub fn set(
        &self,
        name: &str,
        view: Option<SavedView>,
        now: Timestamp,
    ) -> (Vec<SavedView>, Option<String>) {
        self.0.change(now, |all| {
            let at = all.iter().position(|known| known.name == name);
            match (at.and_then(|at| all.get_mut(at)), view) {
                (Some(known), Some(view)) => *known = view,
                (Some(_), None) => all.retain(|known| known.name != name),
                (None, view) => all.extend(view),
            }
        })
    }
}

/// Returns the views of the configuration.
pub fn given(settings: &Settings) -> Vec<SavedView> {
    let views = settings.views.iter();
    views.map(|view| view.view.clone()).collect()
}

/// Finds a view that the command line names.
pub fn find(session: &Session, name: &str) -> Result<SavedView, Failure> {
    let given = given(&session.settings);
    let (own, _) = Views::of(session).load();
    let all = || given.iter().chain(&own);
    if let Some(view) = SavedView::find(all(), name) {
        return Ok(view.clone());
    }
    let mut flaws = session.settings.flaws.iter();
    let failure = Failure::usage(format!("no saved view is called `{name}`"));
    let near = nearest(name, all().map(|view| view.name.as_str()));
    Err(match (near, flaws.next()) {
        (Some(near), _) => failure.hint(format!("did you mean `{near}`?")),
        (None, Some(flaw)) => failure.hint(format!("one was left out: {flaw}")),
        (None, None) => {
            failure.hint("`[[view]]` of the configuration gives one, `:save NAME` on the board too")
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::arrange::{Arrangement, Group};

    #[test]
    fn views_are_kept_in_their_order() {
        let home = tempfile::tempdir().unwrap();
        let views = Views::at(home.path().join("views.json"), "board".to_owned());
        let now = Timestamp::from_timestamp(1, 0).unwrap();
        let view = |name: &str, filter: &str| SavedView {
            name: name.to_owned(),
            shows: Arrangement {
                filter: filter.to_owned(),
                group: Group::Label("team/".to_owned()),
                ..Arrangement::default()
            },
        };
        for name in ["one", "two"] {
            assert_eq!(views.set(name, Some(view(name, "is:red")), now).1, None);
        }
        drop(views.set("one", Some(view("one", "is:stuck")), now));
        let expected = [view("one", "is:stuck"), view("two", "is:red")];
        assert_eq!(views.load().0, expected);
        assert_eq!(views.set("one", None, now).0, [view("two", "is:red")]);
    }
}
