//! Cards that stay in the list of the triage although they are not red.
//!
//! The one under the cursor, and those that were acted on here: what becomes of
//! a card is seen where it was asked for, and the cursor never moves by itself.
//! One whose run is at work is kept as soon as somebody wants to see its jobs.

use std::sync::Arc;

use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::run::RunState;
use crate::domain::triage::{JobLine, Known, Triage, TriageCard, Watched};
use crate::engine::snapshot::Snapshot;
use crate::ui::state::{Kept, UiState};
use crate::ui::tree;

/// The most cards that are kept; those that were kept first go first.
const MOST: usize = 60;

/// Brings the kept cards up to date, and lets those go that nobody waits for.
pub(crate) fn refresh(state: &mut UiState, snapshot: &Snapshot) {
    if let Some(item) = state.triage.selected.clone() {
        keep(state, snapshot, &item);
    }
    let selected = state.triage.selected.clone();
    let kept = &mut state.triage.kept;
    for one in kept.iter_mut() {
        let item = &one.card.triage.item;
        if let Some(card) = snapshot.triage.find(item) {
            one.attempt = card.triage.run.attempt;
            one.card = card.clone();
            (one.is_red, one.seen) = (true, false);
            continue;
        }
        one.is_red = false;
        one.card.group = None;
        let key = one.card.triage.run.key();
        let mut watched = snapshot.watched.iter();
        if let Some(watched) = watched.find(|watched| watched.run.key() == key)
            && !shows(&one.card.triage, watched)
        {
            one.card.triage = Arc::new(renewed(&one.card.triage, watched));
        }
        let is_here = selected.as_ref() == Some(&one.card.triage.item);
        one.seen |= is_here && one.card.triage.run.state.is_over();
    }
    // What was acted on waits until its end was seen.
    kept.retain(|one| {
        let is_here = selected.as_ref() == Some(&one.card.triage.item);
        is_here || (one.acted && !one.seen)
    });
    let more = kept.len().saturating_sub(MOST);
    kept.drain(..more);
}

/// Keeps a red card, if it is not kept already.
fn keep(state: &mut UiState, snapshot: &Snapshot, item: &ItemId) {
    let kept = &mut state.triage.kept;
    if kept.iter().any(|one| one.card.triage.item == *item) {
        return;
    }
    if let Some(card) = snapshot.triage.find(item) {
        kept.push(Kept {
            card: card.clone(),
            attempt: card.triage.run.attempt,
            is_red: true,
            acted: false,
            seen: false,
            row: state.triage.at,
        });
    }
}

/// Keeps a card that is not red while a run of it is watched and at work: its jobs have logs.
pub(crate) fn watch(state: &mut UiState, snapshot: &Snapshot, item: &ItemId) {
    let is_kept = state
        .triage
        .kept
        .iter()
        .any(|one| one.card.triage.item == *item);
    let card = snapshot.find(item).filter(|_| !is_kept);
    let Some(card) = card.filter(|_| snapshot.triage.find(item).is_none()) else {
        return;
    };
    let is_of = |watched: &&Watched| {
        let key = watched.run.key();
        let mut runs = card.evidence.iter().filter_map(|line| line.run.as_deref());
        !watched.run.state.is_over() && runs.any(|run| *run == key)
    };
    if let Some(watched) = snapshot.watched.iter().find(is_of) {
        state.triage.kept.push(Kept {
            card: TriageCard {
                triage: Arc::new(at_work(card, watched)),
                group: None,
            },
            attempt: watched.run.attempt,
            is_red: false,
            acted: false,
            seen: false,
            row: state.triage.at,
        });
    }
}

/// Returns a card of which nothing failed, with its run as it stands now.
fn at_work(card: &WorkItem, watched: &Watched) -> Triage {
    fn nothing<T>() -> Known<T> {
        Known::No("nothing failed".into())
    }
    Triage {
        item: card.id.clone(),
        key: card.key.clone(),
        title: card.title.clone(),
        source: watched.source.clone(),
        repo: watched.run.repo.clone(),
        run: Arc::clone(&watched.run),
        attempts: watched.attempts.clone(),
        jobs: watched.jobs.clone(),
        jobs_known: watched.jobs_known,
        failed_job: None,
        diagnosis: nothing(),
        tests: Vec::new(),
        first_bad: nothing(),
        base: nothing(),
        flaky: nothing(),
        signature: None,
        since: watched.run.created_at,
    }
}

/// Notes that a card was acted on.
pub(crate) fn acted(state: &mut UiState, snapshot: &Snapshot, item: &ItemId) {
    keep(state, snapshot, item);
    let mut kept = state.triage.kept.iter_mut();
    if let Some(one) = kept.find(|one| one.card.triage.item == *item) {
        (one.acted, one.seen) = (true, false);
    }
}

fn shows(triage: &Triage, watched: &Watched) -> bool {
    let lines = (&triage.jobs, triage.jobs_known);
    *triage.run == *watched.run && lines == (&watched.jobs, watched.jobs_known)
}

/// Returns a card with its run as it stands now.
fn renewed(before: &Triage, watched: &Watched) -> Triage {
    Triage {
        source: watched.source.clone(),
        run: Arc::clone(&watched.run),
        attempts: watched.attempts.clone(),
        jobs: watched.jobs.clone(),
        jobs_known: watched.jobs_known,
        failed_job: None,
        ..before.clone()
    }
}

/// Says what became of a card that is kept and not red.
pub(crate) fn words(one: &Kept, snapshot: &Snapshot) -> String {
    let triage = &one.card.triage;
    let run = &triage.run;
    let is_other = run.attempt != one.attempt || !matches!(run.state, RunState::Failed(_));
    if is_other {
        let begun = |line: &JobLine| line.job.state == RunState::Running;
        // The run itself is told of later than its jobs.
        let runs = run.state == RunState::Queued && triage.jobs.iter().any(begun);
        let state = if runs { &RunState::Running } else { &run.state };
        let mut text = format!("attempt {} {}", run.attempt, tree::word(state));
        let over = triage.jobs.iter().filter(|line| line.job.state.is_over());
        let (over, all) = (over.count(), triage.jobs.len());
        if !run.state.is_over() && all > 0 {
            text = format!("{text}, {over} of {all} jobs over");
        }
        return text;
    }
    match snapshot.find(&triage.item) {
        Some(item) => format!("no longer red: {}", item.placement.reason),
        None => "no longer on the board".to_owned(),
    }
}

/// Returns the kept card of this identity, if it is not red.
pub(crate) fn find<'a>(state: &'a UiState, item: &ItemId) -> Option<&'a Kept> {
    let mut kept = state.triage.kept.iter();
    kept.find(|one| !one.is_red && one.card.triage.item == *item)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::action::{ActionId, ActionState};
    use crate::domain::run::{Failure, RunKey};
    use crate::domain::triage::TriageBoard;
    use crate::engine::snapshot::Row;
    use crate::ui::effect::Effect;
    use crate::ui::state::{TriageState, View};
    use crate::ui::testing::Screen;
    use crate::ui::testing::triage::{Shell, act, fresh, opened};

    /// Takes the cards that `goes` names off the triage.
    fn without(screen: &mut Screen, goes: impl Fn(&TriageCard) -> bool) {
        let board = TriageBoard::clone(&screen.snapshot.triage);
        let cards = board.cards.into_iter().filter(|card| !goes(card));
        screen.snapshot.triage = Arc::new(TriageBoard {
            cards: cards.collect(),
            groups: Vec::new(),
        });
        screen.snapshot.generation += 1;
        screen.arrive();
    }

    fn item(screen: &Screen) -> ItemId {
        screen.state.triage.selected.clone().unwrap()
    }

    /// Lets the run of a card stand otherwise, as an engine that watches it tells.
    fn stands(screen: &mut Screen, card: &TriageCard, attempt: u32, state: &RunState) {
        let triage = &card.triage;
        let mut run = (*triage.run).clone();
        (run.attempt, run.state) = (attempt, state.clone());
        screen.snapshot.watched = vec![Watched {
            source: triage.source.clone(),
            run: Arc::new(run),
            jobs: triage.jobs.clone(),
            jobs_known: true,
            attempts: triage.attempts.clone(),
        }]
        .into();
        let id = triage.item.clone();
        without(screen, |card| card.triage.item == id);
    }

    /// Re-runs the selected card; returns the action.
    fn rerun(screen: &mut Screen, shell: &Shell) -> ActionId {
        let effects = shell.press(screen, "F");
        let id = effects.iter().find_map(|effect| {
            if let Effect::Intend { id, .. } = effect {
                Some(id.clone())
            } else {
                None
            }
        });
        let id = id.unwrap();
        act(screen, &id, ActionState::Ready(fresh()));
        screen.press("j j");
        assert_eq!(shell.press(screen, "y"), [Effect::Confirm(id.clone())]);
        id
    }

    /// Lets a run stand on a card of the board.
    fn stands_on(screen: &mut Screen, item: &ItemId, run: &RunKey) {
        for column in &mut screen.snapshot.columns {
            let rows = column.rows.iter().cloned().map(|row| match row {
                Row::Item(known) if known.id == *item => {
                    let mut card = WorkItem::clone(&known);
                    card.evidence[0].run = Some(Box::new(run.clone()));
                    Row::Item(Arc::new(card))
                }
                other @ (Row::Item(_) | Row::Train(_)) => other,
            });
            column.rows = rows.collect();
        }
    }

    #[test]
    fn a_card_that_is_not_red_is_shown_with_its_jobs_while_its_run_is_at_work() {
        for (state, shown) in [(RunState::Running, true), (RunState::Passed, false)] {
            let (mut screen, _shell) = opened(120, 30);
            let rows = screen.snapshot.columns.iter().flat_map(|it| it.rows.iter());
            let alone: Vec<ItemId> = rows
                .filter_map(|row| match row {
                    Row::Item(item) if !item.evidence.is_empty() => Some(item.id.clone()),
                    Row::Item(_) | Row::Train(_) => None,
                })
                .collect();
            let mut cards = screen.snapshot.triage.cards.iter();
            let card = cards.find(|card| alone.contains(&card.triage.item));
            let card = card.unwrap().clone();
            let id = card.triage.item.clone();
            stands_on(&mut screen, &id, &card.triage.run.key());
            stands(&mut screen, &card, 1, &state);
            without(&mut screen, |other| other.triage.item == id);
            screen.state.triage = TriageState::default();
            screen.state.view = View::Board;
            let shows = super::super::show_run(&mut screen.state, &screen.snapshot, &id);
            assert_eq!(shows, shown, "{state:?}");
            if shown {
                assert_eq!(screen.state.triage.selected, Some(id));
                let one = screen.state.triage.kept.last().unwrap();
                assert!(words(one, &screen.snapshot).contains("running"));
            }
        }
    }

    #[test]
    fn a_card_that_was_run_again_stays_until_its_end_was_seen() {
        let (mut screen, shell) = opened(140, 40);
        shell.press(&mut screen, "j");
        let card = screen.snapshot.triage.cards[1].clone();
        let id = rerun(&mut screen, &shell);
        act(&mut screen, &id, ActionState::Requested(fresh()));
        stands(&mut screen, &card, 2, &RunState::Queued);
        assert_eq!(item(&screen), card.triage.item);
        assert!(
            screen.text().contains("re-run requested"),
            "{}",
            screen.text()
        );
        act(&mut screen, &id, ActionState::Confirmed(fresh()));
        stands(&mut screen, &card, 3, &RunState::Running);
        let text = screen.text();
        assert!(
            text.contains("attempt 3 running, 4 of 4 jobs over"),
            "{text}"
        );
        assert!(text.contains("1 no longer red"), "{text}");
        // It waits for its end, wherever the cursor is.
        shell.press(&mut screen, "k");
        assert_eq!(screen.state.triage.listed.len(), 5);
        stands(&mut screen, &card, 3, &RunState::Passed);
        assert!(
            screen.text().contains("attempt 3 passed"),
            "{}",
            screen.text()
        );
        shell.press(&mut screen, "j");
        assert_eq!(item(&screen), card.triage.item);
        shell.press(&mut screen, "j");
        assert_eq!(screen.state.triage.listed.len(), 4, "it was seen and left");
        assert!(!screen.text().contains("no longer red"));
    }

    #[test]
    fn the_log_of_an_earlier_attempt_says_so() {
        for (width, height) in [(80, 24), (140, 40)] {
            let (mut screen, shell) = opened(width, height);
            let card = screen.snapshot.triage.cards[0].clone();
            assert!(screen.text().contains("log 1"), "{}", screen.text());
            rerun(&mut screen, &shell);
            stands(&mut screen, &card, 3, &RunState::Running);
            let text = screen.text();
            assert!(text.contains("log attempt 2 1"), "{text}");
            // A red result brings its own log.
            let mut board = TriageBoard::default();
            let mut again = card.clone();
            let triage = Arc::make_mut(&mut again.triage);
            Arc::make_mut(&mut triage.run).attempt = 3;
            board.cards.push(again);
            screen.snapshot.triage = Arc::new(board);
            screen.snapshot.generation += 1;
            screen.arrive();
            let text = screen.text();
            assert!(!text.contains("log attempt"), "{text}");
        }
    }

    #[test]
    fn a_held_answer_is_no_command() {
        let (mut screen, shell) = opened(140, 40);
        rerun(&mut screen, &shell);
        for _ in 0..6 {
            assert_eq!(shell.press(&mut screen, "y"), [], "held");
        }
        screen.now += chrono::TimeDelta::milliseconds(400);
        let effects = shell.press(&mut screen, "y");
        assert!(matches!(effects[..], [Effect::Copy(_)]), "pressed anew");
        // Another key counts at once.
        rerun(&mut screen, &shell);
        shell.press(&mut screen, "g b");
        assert_eq!(screen.state.view, View::Board);
    }

    #[test]
    fn a_card_that_is_not_red_any_more_says_why_it_is_listed() {
        let (mut screen, shell) = opened(140, 40);
        let before = item(&screen);
        without(&mut screen, |card| card.triage.item == before);
        assert_eq!((item(&screen), screen.state.triage.at), (before, 0));
        assert!(
            screen.text().contains("no longer red: "),
            "{}",
            screen.text()
        );
        let key = screen.state.triage.log.key.clone();
        assert!(key.is_some(), "who reads its log goes on");
        shell.press(&mut screen, "h h j k");
        assert_eq!(screen.state.triage.listed.len(), 4, "left");
    }

    #[test]
    fn a_filter_that_a_person_writes_takes_the_selection_and_a_board_does_not() {
        let (mut screen, shell) = opened(140, 40);
        let before = item(&screen);
        shell.press(&mut screen, "/ w e b enter");
        assert_eq!(item(&screen), before);
        // Off the board altogether, nothing of it passes a filter any more.
        screen
            .snapshot
            .columns
            .iter_mut()
            .for_each(|column| column.rows = Arc::default());
        without(&mut screen, |card| card.triage.item == before);
        let now = screen.state.triage.selected.clone();
        assert_eq!(now, Some(before));
        shell.press(&mut screen, "h h / x enter");
        assert_eq!(screen.state.triage.selected, None, "a filter is a person's");
    }

    #[test]
    fn a_red_result_is_red_again_at_its_card() {
        let (mut screen, shell) = opened(140, 40);
        let card = screen.snapshot.triage.cards[0].clone();
        let all = Arc::clone(&screen.snapshot.triage);
        rerun(&mut screen, &shell);
        stands(&mut screen, &card, 3, &RunState::Running);
        stands(&mut screen, &card, 3, &RunState::Failed(Failure::Failed));
        assert!(
            screen.text().contains("attempt 3 failed"),
            "{}",
            screen.text()
        );
        screen.snapshot.triage = all;
        screen.arrive();
        assert_eq!(item(&screen), card.triage.item);
        assert!(
            !screen.text().contains("no longer red"),
            "{}",
            screen.text()
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

        #[test]
        fn no_board_moves_the_cursor_to_another_card(
            start in 0_usize..5,
            boards in prop::collection::vec(prop::collection::vec(any::<bool>(), 5), 1..12),
        ) {
            let (mut screen, shell) = opened(140, 40);
            for _ in 0..start {
                shell.press(&mut screen, "j");
            }
            let (all, before) = (Arc::clone(&screen.snapshot.triage), item(&screen));
            for red in boards {
                let cards = all.cards.iter().zip(&red).filter(|(_, red)| **red);
                let mut cards: Vec<TriageCard> = cards.map(|(card, _)| card.clone()).collect();
                if red[0] {
                    cards.reverse();
                }
                screen.snapshot.triage = Arc::new(TriageBoard { cards, groups: Vec::new() });
                screen.snapshot.generation += 1;
                screen.arrive();
                prop_assert_eq!(&item(&screen), &before);
                let at = screen.state.triage.at;
                let shown = crate::ui::update::triage::list::at(
                    &screen.state, &screen.snapshot, at,
                );
                prop_assert_eq!(shown.map(|card| card.triage.item.clone()), Some(before.clone()));
            }
        }
    }
}
