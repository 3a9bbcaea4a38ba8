//! How much of a log is here: none while its job runs, a beginning, the whole.

use std::sync::Arc;

use super::intended;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::run::RunState;
use crate::domain::triage::{Known, Triage};
use crate::engine::snapshot::Asked;
use crate::ui::effect::Effect;
use crate::ui::state::LogStanding;
use crate::ui::testing::Screen;
use crate::ui::testing::triage::{Shell, diagnosis, log_key, opened, text_of_log};
use crate::ui::update::on_snapshot;

/// What is said of the log of a job that runs.
const RUNS: &str = "the forge serves no log before the job is over";

/// Lets the first card be told of otherwise; returns what is asked for then.
fn changed(screen: &mut Screen, change: impl FnOnce(&mut Triage)) -> Vec<Effect> {
    let mut board = (*screen.snapshot.triage).clone();
    change(Arc::make_mut(&mut board.cards[0].triage));
    screen.snapshot.triage = Arc::new(board);
    screen.snapshot.generation += 1;
    let effects = on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    screen.draw();
    effects
}

fn asks_for_logs(effects: &[Effect]) -> bool {
    let is_ask = |effect: &Effect| matches!(effect, Effect::Diagnose(_) | Effect::OpenLog(_));
    effects.iter().any(is_ask)
}

fn windows(triage: &mut Triage, state: RunState) {
    triage.jobs[3].job.state = state;
}

#[test]
fn the_log_of_a_job_that_runs_is_not_asked_for_until_it_is_over() {
    let (mut screen, shell) = opened(140, 40);
    changed(&mut screen, |triage| windows(triage, RunState::Running));
    screen.state.triage.job = Some((2, 13));
    let effects = screen.press("l");
    assert!(!asks_for_logs(&effects), "{effects:?}");
    assert!(screen.text().contains(RUNS), "{}", screen.text());
    screen.snapshot.taken_at += chrono::TimeDelta::seconds(60);
    let effects = changed(&mut screen, |_| ());
    assert!(!asks_for_logs(&effects), "it still runs: {effects:?}");
    let effects = changed(&mut screen, |triage| windows(triage, RunState::Cancelled));
    assert!(asks_for_logs(&effects), "{effects:?}");
    shell.serve(&mut screen, effects);
    assert_eq!(screen.state.triage.log.standing, LogStanding::Open);
    assert!(!screen.text().contains(RUNS), "{}", screen.text());
}

#[test]
fn a_state_that_nobody_knows_is_not_told_to_be_at_work() {
    let (mut screen, _) = opened(140, 40);
    let word = RunState::Unknown("odd".into());
    changed(&mut screen, |triage| windows(triage, word));
    screen.state.triage.job = Some((2, 13));
    assert!(asks_for_logs(&screen.press("l")));
}

fn beginning() -> Diagnosis {
    let read = LogState::Read {
        lines: 90,
        bytes: 9_000,
        cut: true,
    };
    diagnosis(812, read)
}

#[test]
fn of_a_log_that_is_still_read_it_is_said_how_much_is_here() {
    let (mut screen, _) = opened(220, 40);
    let known = |triage: &mut Triage| triage.diagnosis = Known::Yes(Arc::new(beginning()));
    changed(&mut screen, known);
    let text = screen.text();
    assert!(text.contains(" kB only"), "{text}");
    screen.snapshot.inquiries = Arc::new([(log_key(), Asked::Reading)].into());
    changed(&mut screen, |_| ());
    let text = screen.text();
    assert!(text.contains(" kB, loading"), "{text}");
    let whole = diagnosis(
        812,
        LogState::Read {
            lines: 90,
            bytes: 9_000,
            cut: false,
        },
    );
    screen.snapshot.inquiries = Arc::new([(log_key(), Asked::Found(Arc::new(whole)))].into());
    changed(&mut screen, |_| ());
    let text = screen.text();
    assert!(!text.contains(" kB"), "{text}");
}

#[test]
fn a_search_goes_on_in_the_rest_of_a_log_when_that_has_come() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l l / F A I L E D enter");
    let text = screen.text();
    assert!(text.contains("/FAILED 1 of 1"), "{text}");
    let longer = format!("{}and more FAILED\nand the end\n", text_of_log());
    let shell = Shell::new(&longer);
    let effects = changed(&mut screen, |triage| {
        let read = LogState::Read {
            lines: 175,
            bytes: 9_000,
            cut: false,
        };
        triage.diagnosis = Known::Yes(Arc::new(diagnosis(812, read)));
    });
    assert_eq!(effects, [Effect::OpenLog(log_key())]);
    shell.serve(&mut screen, effects);
    let text = screen.text();
    assert!(text.contains("/FAILED 1 of 2"), "{text}");
    let search = screen.state.triage.log.search.as_ref().unwrap();
    assert_eq!((search.lines.len(), search.done), (2, true));
}

#[test]
fn the_answer_to_the_search_before_is_not_taken_for_all() {
    let (mut screen, shell) = opened(140, 40);
    let effects = screen.press("l l / F A I L E D enter");
    let shorter = shell;
    let longer = Shell::new(&format!("{}and more FAILED\n", text_of_log()));
    let read = LogState::Read {
        lines: 174,
        bytes: 9_000,
        cut: false,
    };
    let more = changed(&mut screen, |triage| {
        triage.diagnosis = Known::Yes(Arc::new(diagnosis(812, read)));
    });
    let open: Vec<Effect> = longer.serve(&mut screen, more);
    assert_eq!(intended(&open), []);
    // The answer to the first question is late.
    shorter.serve(&mut screen, effects);
    let search = screen.state.triage.log.search.as_ref().unwrap();
    assert_eq!(search.lines.len(), 2);
    let key: Option<LogKey> = screen.state.triage.log.key.clone();
    assert_eq!(key, Some(log_key()));
}
