//! History as views of the past have it: when it is read again, and what came of that.
//!
//! A view that needs it says so by [`View::reads_history`](crate::ui::state::View::reads_history);
//! reading is the shell's, asked for by [`Effect::Recall`]. Nothing here counts or compares.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::history::Ledger;
use crate::engine::snapshot::{Health, PastRead, Snapshot, SourceView};
use crate::ui::effect::Effect;
use crate::ui::state::UiState;

/// What is read is read again after this long, where the board has changed.
const AGAIN_SECS: i64 = 60;

/// Where nothing was noted yet, it is read again after this long, then after twice as long.
const SOON_SECS: i64 = 5;

/// How reading history stands.
#[derive(Clone, Debug, Default)]
pub struct Recall {
    /// Whether it is being read.
    pub reading: bool,
    /// Why it cannot be read, where it cannot.
    pub trouble: Option<&'static str>,
    last: Option<Last>,
}

/// When it was read last.
#[derive(Clone, Copy, Debug)]
struct Last {
    at: Timestamp,
    /// Of the board at that time.
    generation: u64,
    /// How often in a row it held nothing.
    empty: u32,
}

impl Recall {
    /// Returns when it is to be read again, as far as the clock decides.
    fn due(&self, generation: u64) -> Option<Timestamp> {
        if self.reading {
            return None;
        }
        let Some(last) = self.last else {
            return Some(Timestamp::UNIX_EPOCH);
        };
        let soon = SOON_SECS.saturating_mul(1_i64.checked_shl(last.empty).unwrap_or(i64::MAX));
        if last.empty > 0 && soon < AGAIN_SECS {
            // What is told of the past changes no card: only looking shows whether it is there.
            return Some(last.at + TimeDelta::seconds(soon));
        }
        let changed = last.generation != generation;
        changed.then(|| last.at + TimeDelta::seconds(AGAIN_SECS))
    }
}

/// Asks for history where the view needs it and what is there is not new enough.
pub(crate) fn settle(state: &mut UiState, snapshot: &Snapshot, now: Timestamp) -> Option<Effect> {
    let due = due(state, snapshot)?;
    if due > now {
        return None;
    }
    state.recall.reading = true;
    Some(Effect::Recall)
}

/// Returns the words for how much of the past is there, while more of it is to come.
///
/// Every view of the past says it in these words, so that an empty one is not taken for a past in
/// which nothing happened.
pub(crate) fn reading(state: &UiState, snapshot: &Snapshot) -> Option<String> {
    let all = snapshot.sources.iter().map(|view| view.past);
    let past = all.fold(PastRead::default(), PastRead::and);
    if !past.is_over() {
        return Some(format!("reading the past: {}", past.counts()));
    }
    // What was read is told beside everything else, which takes its time.
    let is_told = state
        .history
        .as_ref()
        .is_none_or(|ledger| ledger.since.is_some());
    if past.read > 0 && !is_told {
        return Some(format!(
            "the past is read of {}, and told now",
            past.counts()
        ));
    }
    let is_first = |view: &&SourceView| view.health == Health::Starting;
    let starting = snapshot.sources.iter().filter(is_first).count();
    let is_asked = !state.options.offline && !is_told;
    (starting > 0 && is_asked).then(|| {
        let all = snapshot.sources.len();
        format!(
            "asking the sources for the first time: {} of {all} answered",
            all - starting
        )
    })
}

/// Returns when a view that is open reads history again, if that is known by now.
pub(crate) fn due(state: &UiState, snapshot: &Snapshot) -> Option<Timestamp> {
    state
        .reads_history()
        .then(|| state.recall.due(snapshot.generation))?
}

/// Takes in what was read; nothing where it could not be read, which leaves what was there.
pub fn on_recalled(
    state: &mut UiState,
    read: Option<Arc<Ledger>>,
    snapshot: &Snapshot,
    now: Timestamp,
) {
    let recall = &mut state.recall;
    let known = read.as_ref().is_some_and(|ledger| ledger.since.is_some());
    let before = recall.last.map_or(0, |last| last.empty);
    recall.reading = false;
    recall.trouble = match read {
        Some(_) => None,
        None => Some("history cannot be read"),
    };
    recall.last = Some(Last {
        at: now,
        generation: snapshot.generation,
        empty: if known { 0 } else { before.saturating_add(1) },
    });
    if read.is_some() {
        state.history = read;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::sample;
    use crate::ui::state::UiOptions;

    fn read(at: i64, generation: u64, since: Option<i64>) -> UiState {
        let mut state = UiState::new(UiOptions::default());
        let mut snapshot = sample::snapshot(1);
        snapshot.generation = generation;
        state.recall.reading = true;
        let ledger = Ledger {
            since: since.map(second),
            ..Ledger::default()
        };
        on_recalled(&mut state, Some(Arc::new(ledger)), &snapshot, second(at));
        state
    }

    fn second(at: i64) -> Timestamp {
        sample::moment() + TimeDelta::seconds(at)
    }

    #[test]
    fn it_is_read_at_once_and_not_twice_at_the_same_time() {
        let mut recall = Recall::default();
        assert_eq!(recall.due(1), Some(Timestamp::UNIX_EPOCH));
        recall.reading = true;
        assert_eq!(recall.due(1), None);
    }

    #[test]
    fn it_is_read_again_after_a_minute_where_the_board_has_changed() {
        let state = read(0, 7, Some(-1_000));
        assert!(state.history.is_some());
        assert_eq!(state.recall.due(7), None);
        assert_eq!(state.recall.due(8), Some(second(60)));
    }

    #[test]
    fn where_nothing_was_noted_yet_it_is_looked_at_sooner_and_ever_less_often() {
        let mut state = read(0, 7, None);
        let snapshot = sample::snapshot(1);
        let mut waits = Vec::new();
        for _ in 0..6 {
            waits.extend(state.recall.due(snapshot.generation));
            let nothing = Some(Arc::new(Ledger::default()));
            on_recalled(&mut state, nothing, &snapshot, second(0));
        }
        assert_eq!(waits, [second(10), second(20), second(40)]);
    }

    #[track_caller]
    fn check_reading(state: &UiState, past: (usize, usize, usize), expected: Option<&str>) {
        let mut snapshot = sample::snapshot(1);
        let (read, of, lost) = past;
        snapshot.sources[0].past = PastRead {
            read,
            of,
            lost,
            cannot: None,
            ..PastRead::default()
        };
        assert_eq!(reading(state, &snapshot).as_deref(), expected);
    }

    #[test]
    fn how_much_of_the_past_is_there_is_told_until_all_of_it_is() {
        let known = read(0, 7, Some(-1_000));
        check_reading(
            &known,
            (3, 10, 0),
            Some("reading the past: 3 of 10 repositories"),
        );
        check_reading(&known, (8, 10, 2), None);
        check_reading(&known, (10, 10, 0), None);
        let untold = read(0, 7, None);
        let told = "the past is read of 10 of 10 repositories, and told now";
        check_reading(&untold, (10, 10, 0), Some(told));
        check_reading(&untold, (0, 0, 0), None);
    }

    #[test]
    fn before_any_source_has_answered_that_is_told_in_place_of_the_past() {
        let mut snapshot = sample::snapshot(1);
        snapshot.sources = vec![
            sample::source("github", Health::Starting),
            sample::source("jenkins", Health::Ok),
        ];
        let told = "asking the sources for the first time: 1 of 2 answered";
        let mut state = read(0, 7, None);
        assert_eq!(reading(&state, &snapshot).as_deref(), Some(told));
        state.options.offline = true;
        assert_eq!(reading(&state, &snapshot), None);
        let known = read(0, 7, Some(-1_000));
        assert_eq!(reading(&known, &snapshot), None);
    }

    #[test]
    fn what_cannot_be_read_is_told_and_leaves_what_was_there() {
        let mut state = read(0, 7, Some(-1_000));
        on_recalled(&mut state, None, &sample::snapshot(1), second(90));
        assert!(state.history.is_some());
        assert_eq!(state.recall.trouble, Some("history cannot be read"));
    }
}
