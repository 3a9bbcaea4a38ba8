//! A page that a host does not tell: how often in a row, and when its repository is given up for now.
//!
//! Counts only; which page is next is the back-fill's.

use super::SourceError;
use super::detail::{is_detail, is_of_place};

/// How often a page is asked for that the host fails to tell, before others have their turn.
const MOST_FAILED: u8 = 3;

/// The page that was not told, by repository and number, and how often in a row.
#[derive(Debug, Default)]
pub(super) struct Untold(Option<(String, u64, u8)>);

impl Untold {
    /// Takes in that a page was not read; returns whether its repository is given up for now: what
    /// is not for us costs no other, and neither does a page that the host fails to tell.
    pub(super) fn is_lost(&mut self, (path, step): (&str, u64), error: &SourceError) -> bool {
        if !is_of_place(error) {
            return false;
        }
        let is_same = |(known, number, _): &(String, u64, u8)| known == path && *number == step;
        let before = self.0.take().filter(is_same);
        let count = before.map_or(1, |(_, _, count)| count.saturating_add(1));
        let is_lost = is_detail(error) || count >= MOST_FAILED;
        if !is_lost {
            self.0 = Some((path.to_owned(), step, count));
        }
        is_lost
    }
}
