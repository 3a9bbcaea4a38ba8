//! How much of a log is here: none while its job runs, a beginning, the whole.

use std::sync::Arc;

use super::intended;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::run::RunState;
use crate::domain::triage::{Known, Triage};
use crate::engine::snapshot::Asked;
use crate::log::Grows;
use crate::ui::effect::Effect;
use crate::ui::logs::{Live, LogEvent, on_log};
use crate::ui::state::LogStanding;
use crate::ui::testing::Screen;
use crate::ui::testing::triage::{Shell, diagnosis, log_key, opened, text_of_log};
use crate::ui::update::on_snapshot;

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

/// Shows a job that runs and the log of it; returns what is asked for.
fn at_work(screen: &mut Screen) -> Vec<Effect> {
    changed(screen, |triage| windows(triage, RunState::Running));
    screen.state.triage.job = Some((2, 13));
    screen.press("l")
}

/// Tells that the log is this far; returns what is asked for.
fn grown(screen: &mut Screen, shell: &Shell, stands: Grows, anew: bool) -> Vec<Effect> {
    let event = LogEvent::Grown {
        key: screen.state.triage.log.key.clone().unwrap(),
        index: shell.index(),
        errors: None,
        anew,
        live: Live {
            stands,
            read_at: Some(screen.now),
        },
    };
    let effects = on_log(&mut screen.state, event, &screen.snapshot, screen.now);
    screen.draw();
    shell.serve(screen, effects)
}

fn lines(count: usize) -> Shell {
    let lines: Vec<String> = (1..=count).map(|n| format!("line {n}\n")).collect();
    Shell::new(&lines.concat())
}

#[test]
fn the_log_of_a_job_that_runs_is_shown_as_it_grows_and_stays_at_its_end() {
    let (mut screen, _) = opened(140, 40);
    let effects = at_work(&mut screen);
    let key = screen.state.triage.log.key.clone().unwrap();
    let follows = Effect::FollowLog(key.clone());
    assert!(
        effects.contains(&follows) && !asks_for_logs(&effects),
        "{effects:?}"
    );
    grown(&mut screen, &lines(0), Grows::Following, true);
    let text = screen.text();
    assert!(text.contains("the job has written nothing yet"), "{text}");
    grown(&mut screen, &lines(100), Grows::Following, false);
    let text = screen.text();
    assert!(text.contains("log 100 lines  following"), "{text}");
    assert!(
        text.contains("line 100") && !text.contains("line 1 "),
        "{text}"
    );
    grown(&mut screen, &lines(150), Grows::Following, false);
    assert!(screen.text().contains("line 150"), "{}", screen.text());
    // Who moves up stays where that is, and goes on at the end with `G`.
    screen.press("l ctrl-u ctrl-u");
    let line = screen.state.triage.log.line();
    grown(&mut screen, &lines(300), Grows::Following, false);
    let text = screen.text();
    assert_eq!(screen.state.triage.log.line(), line);
    assert!(text.contains("300 lines  following below"), "{text}");
    assert!(!text.contains("line 300"), "{text}");
    lines(300).press(&mut screen, "G");
    grown(&mut screen, &lines(301), Grows::Following, false);
    assert!(screen.text().contains("line 301"), "{}", screen.text());
}

#[test]
fn a_read_that_failed_and_the_time_since_the_last_are_said() {
    let (mut screen, _) = opened(220, 40);
    at_work(&mut screen);
    grown(&mut screen, &lines(9), Grows::Following, true);
    screen.now += chrono::TimeDelta::seconds(13);
    screen.draw();
    let text = screen.text();
    assert!(text.contains("following, last read 12 s ago"), "{text}");
    let trouble = Grows::Trouble("ci.test cannot be reached: no answer".into());
    let event = LogEvent::Grown {
        key: screen.state.triage.log.key.clone().unwrap(),
        index: lines(9).index(),
        errors: None,
        anew: false,
        live: Live {
            stands: trouble,
            read_at: Some(screen.now - chrono::TimeDelta::seconds(21)),
        },
    };
    on_log(&mut screen.state, event, &screen.snapshot, screen.now);
    screen.draw();
    let text = screen.text();
    assert!(
        text.contains("last read 20 s ago: ci.test cannot"),
        "{text}"
    );
    assert!(text.contains("line 9"), "what was read stays: {text}");
}

#[test]
fn when_all_of_a_log_has_come_the_cursor_is_where_it_was() {
    let (mut screen, _) = opened(140, 40);
    at_work(&mut screen);
    grown(&mut screen, &lines(200), Grows::Following, true);
    let passed = Grows::Ended(RunState::Passed);
    lines(200).press(&mut screen, "l k k k");
    grown(&mut screen, &lines(200), passed, false);
    assert!(
        screen.text().contains("200 lines  ended"),
        "{}",
        screen.text()
    );
    let key = screen.state.triage.log.key.clone().unwrap();
    let whole = lines(205);
    whole.serve(&mut screen, vec![Effect::OpenLog(key.clone())]);
    assert_eq!(screen.state.triage.log.line(), Some(196));
    assert!(
        screen.text().contains("205 lines  ended"),
        "{}",
        screen.text()
    );
    let left = screen.press("g b");
    assert!(left.contains(&Effect::LeaveLog(key.clone())), "{left:?}");
    assert!(left.contains(&Effect::CloseLog(key)), "{left:?}");
}

#[test]
fn a_search_and_folds_hold_while_a_log_grows() {
    let (mut screen, _) = opened(140, 40);
    at_work(&mut screen);
    let text = |more: &str| {
        let one = "##[group]one\nneedle\nx\n##[endgroup]\n";
        Shell::new(&format!("{one}##[group]two\nneedle\n{more}"))
    };
    grown(&mut screen, &text(""), Grows::Following, true);
    text("").press(&mut screen, "l / n e e d l e enter g g z");
    let hits = |screen: &Screen| screen.state.triage.log.search.as_ref().unwrap().lines.len();
    assert_eq!(hits(&screen), 2);
    grown(&mut screen, &text("needle\n"), Grows::Following, false);
    let log = &screen.state.triage.log;
    assert!(log.fold.is_folded(0) && !log.fold.is_folded(1));
    let more = LogEvent::Matches {
        key: log.key.clone().unwrap(),
        generation: log.search.as_ref().unwrap().generation,
        lines: text("needle\n").hits("needle"),
        done: true,
    };
    let told = on_log(&mut screen.state, more, &screen.snapshot, screen.now);
    assert!(
        !told.iter().any(|it| matches!(it, Effect::Toast(_))),
        "{told:?}"
    );
    assert_eq!(hits(&screen), 3);
}

#[test]
fn what_cannot_be_followed_says_why_and_is_asked_for_when_the_job_is_over() {
    let (mut screen, shell) = opened(140, 40);
    at_work(&mut screen);
    let why = "github gives a job's log once it has finished";
    let event = LogEvent::Failed {
        key: screen.state.triage.log.key.clone().unwrap(),
        sentence: why.into(),
        is_pending: true,
    };
    on_log(&mut screen.state, event, &screen.snapshot, screen.now);
    screen.draw();
    assert!(screen.text().contains(why), "{}", screen.text());
    screen.snapshot.taken_at += chrono::TimeDelta::seconds(60);
    let effects = changed(&mut screen, |_| ());
    assert_eq!(effects, [], "it still runs");
    assert!(screen.text().contains(why), "{}", screen.text());
    let effects = changed(&mut screen, |triage| windows(triage, RunState::Cancelled));
    assert!(asks_for_logs(&effects), "{effects:?}");
    shell.serve(&mut screen, effects);
    assert_eq!(screen.state.triage.log.standing, LogStanding::Open);
}

#[test]
fn a_job_that_waits_has_no_log_and_is_followed_once_it_begins() {
    let (mut screen, _) = opened(140, 40);
    changed(&mut screen, |triage| windows(triage, RunState::Queued));
    screen.state.triage.job = Some((2, 13));
    let effects = screen.press("l");
    assert!(!asks_for_logs(&effects), "{effects:?}");
    assert!(
        screen.text().contains("the job has not begun"),
        "{}",
        screen.text()
    );
    let effects = changed(&mut screen, |triage| windows(triage, RunState::Running));
    let key = screen.state.triage.log.key.clone().unwrap();
    assert_eq!(effects, [Effect::FollowLog(key)]);
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
