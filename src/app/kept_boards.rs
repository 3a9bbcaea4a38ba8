//! A kept file with a part for each board: read again before each change, replaced as a whole.
//!
//! Changes wait for one another, those of other boards on this machine included, so that none is
//! lost. What a part holds belongs to who keeps it.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::app::kept_file::KeptFile;
use crate::domain::Timestamp;

/// How many boards are kept; those that changed longest ago give way.
pub(super) const MOST_BOARDS: usize = 50;

/// The part of one board in such a file.
#[derive(Clone, Debug)]
pub struct KeptBoards<T> {
    file: KeptFile,
    board: String,
    /// What holds as long as it cannot be kept, in words.
    what: &'static str,
    /// What was last known, should the file not be writable.
    known: Arc<Mutex<T>>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "T: Serialize + DeserializeOwned")]
struct Document<T> {
    boards: BTreeMap<String, Part<T>>,
}

impl<T> Default for Document<T> {
    fn default() -> Self {
        Self {
            boards: BTreeMap::new(),
        }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct Part<T> {
    changed: Timestamp,
    content: T,
}

impl<T: Clone + Default + Serialize + DeserializeOwned> KeptBoards<T> {
    /// Settles where the file is and which board is meant; nothing is read yet.
    ///
    /// `what` begins the sentence that tells why something is not kept: `views hold`.
    pub fn at(file: PathBuf, version: u32, board: String, what: &'static str) -> Self {
        Self {
            file: KeptFile::new(file, version),
            board,
            what,
            known: Arc::default(),
        }
    }

    /// Returns what is kept; of a file that cannot be read nothing, and why.
    pub fn load(&self) -> (T, Option<String>) {
        match self.file.read::<Document<T>>() {
            Ok(mut document) => {
                let part = document.boards.remove(&self.board);
                let content = part.map(|part| part.content).unwrap_or_default();
                self.known().clone_from(&content);
                (content, None)
            }
            Err(error) => {
                tracing::warn!(%error, what = self.what, "kept");
                (T::default(), Some(self.file.ignored(&error)))
            }
        }
    }

    /// Changes what is kept; returns it as it is then, and why it is not kept, if so.
    pub fn change(&self, now: Timestamp, change: impl FnOnce(&mut T)) -> (T, Option<String>) {
        let mut known = self.known();
        // Without the lock it is still kept: it is for boards that change something in one moment.
        let _turn = self.file.lock();
        let read = self.file.read::<Document<T>>();
        if let Ok(document) = &read {
            let part = document.boards.get(&self.board);
            *known = part.map(|part| part.content.clone()).unwrap_or_default();
        }
        change(&mut known);
        // A file that we cannot read may be a newer program's: it is left as it is.
        let written = read.and_then(|document| self.write(document, &known, now));
        let written = written.err();
        let trouble = written.map(|error| self.file.trouble(self.what, &error));
        (known.clone(), trouble)
    }

    fn known(&self) -> MutexGuard<'_, T> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, mut document: Document<T>, content: &T, now: Timestamp) -> io::Result<()> {
        let part = Part {
            changed: now,
            content: content.clone(),
        };
        document.boards.insert(self.board.clone(), part);
        bound(&mut document.boards, &self.board, |part| part.changed);
        self.file.write(&document)
    }
}

/// Lets boards go beyond those that are kept, the oldest first, and never this one.
pub(super) fn bound<T, A: Ord>(
    boards: &mut BTreeMap<String, T>,
    this: &str,
    age: impl Fn(&T) -> A,
) {
    while boards.len() > MOST_BOARDS {
        let others = boards.iter().filter(|(name, _)| *name != this);
        let oldest = others.min_by_key(|(_, board)| age(board));
        let Some(name) = oldest.map(|(name, _)| name.clone()) else {
            return;
        };
        boards.remove(&name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_timestamp(secs, 0).unwrap()
    }

    fn kept(file: &std::path::Path, board: &str) -> KeptBoards<Vec<u32>> {
        KeptBoards::at(file.to_owned(), 1, board.to_owned(), "numbers hold")
    }

    #[test]
    fn boards_on_one_machine_lose_nothing_of_one_another() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/numbers.json");
        std::thread::scope(|threads| {
            for thread in 0..4 {
                let file = &file;
                threads.spawn(move || {
                    let own = kept(file, "one");
                    for number in 0..10 {
                        let (_, trouble) = own.change(at(1), |all| all.push(thread * 10 + number));
                        assert_eq!(trouble, None);
                    }
                });
            }
        });
        let (mut all, _) = kept(&file, "one").load();
        all.sort_unstable();
        assert_eq!(all, (0..40).collect::<Vec<u32>>());
        assert!(kept(&file, "two").load().0.is_empty());
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_left_alone_and_told_of() {
        for text in ["{", "{\"version\":2,\"boards\":{}}", "[]"] {
            let home = tempfile::tempdir().unwrap();
            let file = home.path().join("numbers.json");
            std::fs::write(&file, text).unwrap();
            let own = kept(&file, "one");
            let (all, trouble) = own.load();
            assert!(all.is_empty());
            assert!(trouble.unwrap().contains("numbers.json"));
            let (all, trouble) = own.change(at(1), |all| all.push(7));
            assert_eq!(all, [7], "it holds for now");
            assert!(
                trouble
                    .unwrap()
                    .starts_with("numbers hold until the program ends")
            );
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
    }

    #[test]
    fn the_boards_that_are_kept_are_bounded() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("numbers.json");
        for number in 0..=MOST_BOARDS {
            let secs = i64::try_from(number).unwrap();
            drop(kept(&file, &number.to_string()).change(at(secs), |all| all.push(1)));
        }
        assert!(kept(&file, "0").load().0.is_empty());
        assert_eq!(kept(&file, "1").load().0, [1]);
    }
}
