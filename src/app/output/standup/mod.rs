//! A stand-up as text: what `cycleboard standup` prints, and what the view copies.
//!
//! `text` is for chats, wikis and mails, and short; `json` is for programs and has all that there is.

pub mod json;
pub mod text;

#[cfg(test)]
mod tests;

use crate::app::cli::StandupBy;
use crate::config::ColumnConfig;
use crate::domain::calendar::Calendar;
use crate::domain::stage::Stage;
use crate::domain::standup::Standup;
use crate::engine::snapshot::{Health, Snapshot, SourceView};

/// A stand-up that is to be written down.
#[derive(Clone, Copy, Debug)]
pub struct Minutes<'a> {
    /// What was prepared.
    pub standup: &'a Standup,
    /// When the team works.
    pub calendar: &'a Calendar,
    /// The columns and their titles.
    pub columns: &'a [ColumnConfig],
    /// The board that it was prepared from.
    pub snapshot: &'a Snapshot,
    /// In which order it is told.
    pub by: StandupBy,
}

impl<'a> Minutes<'a> {
    /// Returns the title of a column, or of the stage where none shows it.
    fn title(self, stage: Stage) -> &'a str {
        let mut columns = self.columns.iter();
        let column = columns.find(|column| column.stage == stage);
        column.map_or_else(|| stage.title(), |column| column.title.as_str())
    }

    /// Returns the sources that did not answer.
    pub(in crate::app) fn silent(self) -> impl Iterator<Item = &'a SourceView> {
        let sources = self.snapshot.sources.iter();
        sources.filter(|view| view.health != Health::Ok)
    }
}
