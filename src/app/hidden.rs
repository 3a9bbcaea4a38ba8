//! Which cards were put aside: a part for each board in a small file of the state directory.
//!
//! What putting aside means is `domain::hide`'s.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::app::kept_boards::KeptBoards;
use crate::app::session::Session;
use crate::domain::Timestamp;
use crate::domain::hide::{Hide, Hides};
use crate::domain::key::ItemId;

/// How many cards are kept; those that were put aside first give way.
const MOST: usize = 1_000;

/// The form of the file.
const VERSION: u32 = 1;

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Hidden(KeptBoards<Vec<Entry>>);

/// One card.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    item: ItemId,
    #[serde(flatten)]
    hide: Hide,
}

impl Hidden {
    /// Settles where those of a board are; nothing is read yet.
    pub fn of(session: &Session) -> Self {
        Self::at(session.paths.hidden(), session.board_name())
    }

    /// The same, by file and board.
    pub fn at(file: PathBuf, board: String) -> Self {
        Self(KeptBoards::at(file, VERSION, board, "cards stay hidden"))
    }

    /// Returns what is kept, and why nothing is, if so.
    pub fn load(&self) -> (Hides, Option<String>) {
        let (all, trouble) = self.0.load();
        (hides(all), trouble)
    }

    /// Changes some cards; returns all, and why they are not kept, if so.
    pub fn set(
        &self,
        changes: &[(ItemId, Option<Hide>)],
        now: Timestamp,
    ) -> (Hides, Option<String>) {
        let (all, trouble) = self.0.change(now, |all| {
            for (item, hide) in changes {
                all.retain(|known| known.item != *item);
                all.extend(hide.map(|hide| Entry {
                    item: item.clone(),
                    hide,
                }));
            }
            let too_many = all.len().saturating_sub(MOST);
            all.drain(..too_many);
        });
        (hides(all), trouble)
    }
}

fn hides(all: Vec<Entry>) -> Hides {
    all.into_iter()
        .map(|entry| (entry.item, entry.hide))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::hide::Until;

    #[test]
    fn two_boards_of_one_name_keep_what_either_puts_aside() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("hidden.json");
        let now = Timestamp::from_timestamp(100, 0).unwrap();
        let hide = |until: Until| {
            Some(Hide {
                until,
                was_red: false,
            })
        };
        let (one, two) = (ItemId::new("ticket:a#1"), ItemId::new("ticket:a#2"));
        let here = Hidden::at(file.clone(), "board".to_owned());
        let there = Hidden::at(file.clone(), "board".to_owned());
        assert!(here.load().0.is_empty());
        drop(here.set(&[(one.clone(), hide(Until::Time(now)))], now));
        drop(there.set(&[(two.clone(), hide(Until::Activity(now)))], now));
        let (all, trouble) = here.set(&[(one.clone(), hide(Until::ForGood))], now);
        assert_eq!(trouble, None);
        assert_eq!(all.get(&one).unwrap().until, Until::ForGood);
        assert_eq!(all.get(&two).unwrap().until, Until::Activity(now));
        assert_eq!(there.load().0, all);
        let (left, _) = there.set(&[(two, None)], now);
        assert_eq!(left.all().count(), 1);
        assert!(Hidden::at(file, "other".to_owned()).load().0.is_empty());
    }
}
