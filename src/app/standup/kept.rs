//! What is kept from one stand-up to the next: when it was held, and the parking lot.
//!
//! A small file in the state directory, with a part for each board. Read again before each change,
//! so that two boards do not undo each other's, and replaced as a whole. The view calls the same
//! functions: [`Kept::held`] at the end of the walk, [`Kept::park`] and [`Kept::settle`] for marks.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::app::kept_boards::bound;
use crate::app::kept_file::KeptFile;
use crate::domain::Timestamp;
use crate::domain::key::ItemId;
use crate::domain::standup::Parked;
use crate::domain::text::Clean;

/// How many marks of a board are kept; the oldest give way.
const MOST_MARKS: usize = 200;

/// The form of the file.
const VERSION: u32 = 1;

/// What is kept of one board.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Board {
    /// When its last stand-up was held.
    pub last: Option<Timestamp>,
    /// What was put aside to be talked about, oldest first.
    #[serde(default)]
    pub parked: Vec<Parked>,
}

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Kept {
    file: KeptFile,
    board: String,
    /// What was last known, should the file not be writable.
    known: Arc<Mutex<Board>>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Document {
    boards: BTreeMap<String, Board>,
}

impl Kept {
    /// Settles where the file is and which board is meant; nothing is read yet.
    pub fn at(file: PathBuf, board: String) -> Self {
        Self {
            file: KeptFile::new(file, VERSION),
            board,
            known: Arc::default(),
        }
    }

    /// Returns what is kept; of a file that cannot be read nothing, and the log says why.
    pub fn load(&self) -> Board {
        match self.file.read::<Document>() {
            Ok(mut document) => {
                let board = document.boards.remove(&self.board).unwrap_or_default();
                self.known().clone_from(&board);
                board
            }
            Err(error) => {
                tracing::warn!(%error, "stand-up");
                Board::default()
            }
        }
    }

    /// Remembers that a stand-up was held; the parking lot stays, as what is in it was not talked
    /// about yet. Returns what is known now, and why it is not kept, if so.
    pub fn held(&self, at: Timestamp) -> (Board, Option<String>) {
        self.change(|board| board.last = board.last.max(Some(at)))
    }

    /// Puts something aside to be talked about; a note that is empty is left out.
    pub fn park(&self, item: &ItemId, note: &str, at: Timestamp) -> (Board, Option<String>) {
        let note = Clean::line(note.trim());
        self.change(|board| {
            board
                .parked
                .retain(|mark| mark.item != *item || mark.note != note);
            if note.is_empty() {
                return;
            }
            board.parked.push(Parked {
                item: item.clone(),
                note: note.clone(),
                at,
            });
            let too_many = board.parked.len().saturating_sub(MOST_MARKS);
            board.parked.drain(..too_many);
        })
    }

    /// Takes a mark away: it was talked about.
    pub fn settle(&self, mark: &Parked) -> (Board, Option<String>) {
        self.change(|board| board.parked.retain(|other| other != mark))
    }

    /// Puts a mark back that was taken away, where it was.
    pub fn restore(&self, mark: &Parked) -> (Board, Option<String>) {
        self.change(|board| {
            if !board.parked.contains(mark) {
                let at = board.parked.partition_point(|other| other.at <= mark.at);
                board.parked.insert(at, mark.clone());
            }
        })
    }

    fn change(&self, change: impl FnOnce(&mut Board)) -> (Board, Option<String>) {
        let mut known = self.known();
        let _lock = self.file.lock();
        let read = self.file.read::<Document>();
        if let Ok(document) = &read {
            known.clone_from(
                document
                    .boards
                    .get(&self.board)
                    .unwrap_or(&Board::default()),
            );
        }
        change(&mut known);
        // A file that we cannot read may be a newer program's: it is left as it is.
        let written = read.and_then(|document| self.write(document, &known));
        let written = written.err();
        let trouble = written.map(|error| self.file.trouble("the stand-up is remembered", &error));
        (known.clone(), trouble)
    }

    fn known(&self) -> MutexGuard<'_, Board> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut document: Document, board: &Board) -> io::Result<()> {
        document.boards.insert(self.board.clone(), board.clone());
        bound(&mut document.boards, &self.board, |board| board.last);
        self.file.write(&document)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::app::kept_boards::MOST_BOARDS;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn boards_are_kept_apart_and_for_their_owner_only() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/standup.json");
        let one = Kept::at(file.clone(), "one".to_owned());
        let two = Kept::at(file.clone(), "two".to_owned());
        assert_eq!(one.load(), Board::default());
        let item = ItemId::new("ticket:a#1");
        let monday = at("2026-11-23T08:30:00Z");
        assert_eq!(one.held(monday).1, None);
        let (board, trouble) = two.park(&item, " split it?\n", monday);
        assert_eq!(trouble, None);
        assert_eq!(board.last, None);
        assert_eq!(board.parked[0].note.as_str(), "split it?");
        // The clock may go back; the last one does not.
        assert_eq!(one.held(at("2026-11-20T08:30:00Z")).0.last, Some(monday));
        assert_eq!(Kept::at(file.clone(), "two".to_owned()).load(), board);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // It is not there twice, stays over a stand-up, and goes when it was talked about.
        assert_eq!(two.park(&item, "split it?", monday).0.parked.len(), 1);
        assert_eq!(two.park(&item, " ", monday).0.parked.len(), 1);
        let (board, _) = two.held(monday);
        let (mark, later) = (
            board.parked[0].clone(),
            monday + chrono::TimeDelta::hours(1),
        );
        assert_eq!(two.settle(&mark).0.parked, []);
        // It may have been taken away by mistake.
        drop(two.park(&item, "another", later));
        let notes = |board: Board| board.parked.into_iter().map(|it| it.note);
        let both: Vec<Clean> = notes(two.restore(&mark).0).collect();
        assert_eq!(both, [Clean::line("split it?"), Clean::line("another")]);
        assert_eq!(two.restore(&mark).0.parked.len(), 2);
        assert_eq!(one.load().last, Some(monday));
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("standup.json");
        let kept = Kept::at(file.clone(), "board".to_owned());
        let item = ItemId::new("ticket:a#1");
        let monday = at("2026-11-23T08:30:00Z");
        for number in 0..MOST_MARKS + 2 {
            drop(kept.park(&item, &format!("note {number}"), monday));
        }
        let marks = kept.load().parked;
        assert_eq!(marks.len(), MOST_MARKS);
        assert_eq!(marks[0].note.as_str(), "note 2");
        for number in 0..=MOST_BOARDS {
            let other = Kept::at(file.clone(), format!("other {number}"));
            drop(other.held(monday + chrono::TimeDelta::days(1)));
        }
        assert_eq!(
            kept.file.read::<Document>().unwrap().boards.len(),
            MOST_BOARDS
        );
        assert_eq!(kept.load(), Board::default(), "it was held longest ago");
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_left_alone_and_told_of() {
        for text in ["{", "{\"version\":2,\"boards\":{}}"] {
            let home = tempfile::tempdir().unwrap();
            let file = home.path().join("standup.json");
            std::fs::write(&file, text).unwrap();
            let kept = Kept::at(file.clone(), "board".to_owned());
            assert_eq!(kept.load(), Board::default());
            let (board, trouble) = kept.held(at("2026-11-23T08:30:00Z"));
            assert!(board.last.is_some(), "it holds for now");
            assert!(trouble.unwrap().contains("until the program ends"));
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }
}
