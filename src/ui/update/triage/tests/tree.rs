//! The cursor of the tree: it stays on its line, and keys act on what is under it.

use std::sync::Arc;

use super::{intended, line_here};
use crate::domain::action::{ActionId, ActionState};
use crate::domain::triage::Known;
use crate::ui::effect::Effect;
use crate::ui::logs::{LogEvent, on_log};
use crate::ui::testing::Screen;
use crate::ui::testing::triage::{Shell, act, fresh, log_key, opened};
use crate::ui::tree::{TreeKind, TreeLine};
use crate::ui::update::triage::tree_lines;

fn lines(screen: &Screen) -> Vec<TreeLine> {
    tree_lines(&screen.state, &screen.snapshot, screen.now)
}

fn here(screen: &Screen) -> TreeLine {
    lines(screen)[screen.state.triage.tree].clone()
}

/// Goes down to the first line that is meant.
fn go(screen: &mut Screen, shell: &Shell, is_it: impl Fn(&TreeLine) -> bool) {
    shell.press(screen, "g g");
    for _ in 0..60 {
        if is_it(&here(screen)) {
            return;
        }
        shell.press(screen, "j");
    }
    panic!("no such line: {:#?}", lines(screen));
}

/// Lets the first card be told of with a line more above its jobs.
fn one_more_above(screen: &mut Screen) {
    let before = lines(screen).len();
    let id = ActionId("1".to_owned());
    act(screen, &id, ActionState::Requested(fresh()));
    assert_eq!(lines(screen).len(), before + 1);
}

#[test]
fn the_cursor_stays_on_its_line_when_others_come_above_it() {
    for is_it in [
        (|line| line.text == "lint") as fn(&TreeLine) -> bool,
        |line| line.text == "build" && matches!(line.kind, TreeKind::Step(..)),
        |line| line.kind == TreeKind::Error,
        |line| line.text == "jobs",
        |line| line.text.starts_with("also on"),
        |line| line.kind == TreeKind::Test(1),
        |line| line.kind == TreeKind::Attempt(1),
    ] {
        for size in [(140, 40), (80, 24)] {
            let (mut screen, shell) = opened(size.0, size.1);
            shell.press(&mut screen, "l");
            go(&mut screen, &shell, is_it);
            let before = here(&screen);
            one_more_above(&mut screen);
            assert_eq!(here(&screen), before);
        }
    }
}

#[test]
fn a_cursor_at_the_top_stays_there() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    one_more_above(&mut screen);
    assert_eq!(screen.state.triage.tree, 0);
}

#[test]
fn a_job_stays_under_the_cursor_when_the_steps_of_another_fold() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    go(&mut screen, &shell, |line| line.text == "(windows)");
    shell.press(&mut screen, "enter shift-tab");
    assert_eq!(here(&screen).text, "(windows)", "its own steps are below");
}

#[track_caller]
fn page_of(screen: &mut Screen, shell: &Shell, end: &str) {
    for keys in ["o", "Y"] {
        let effects = shell.press(screen, keys);
        let page = effects.iter().find_map(|effect| {
            if let Effect::OpenUrl(url) = effect {
                Some(url.as_str())
            } else if let Effect::Copy(text) = effect {
                Some(text.as_str())
            } else {
                None
            }
        });
        assert!(page.unwrap().ends_with(end), "{effects:?}");
    }
}

#[test]
fn keys_act_on_the_job_under_the_cursor() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    page_of(&mut screen, &shell, "/job/11");
    go(&mut screen, &shell, |line| line.text == "lint");
    page_of(&mut screen, &shell, "/job/10");
    shell.press(&mut screen, "a");
    let text = screen.text();
    assert!(text.contains("re-run this job `lint`"), "{text}");
    let effects = shell.press(&mut screen, "j");
    let [Effect::Intend { target, .. }] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(target.job, Some(10));
}

#[test]
fn a_job_of_an_earlier_attempt_has_its_own_page_and_is_not_run_again() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    go(&mut screen, &shell, |line| {
        line.kind == TreeKind::Attempt(1)
    });
    shell.press(&mut screen, "enter");
    go(&mut screen, &shell, |line| line.kind == TreeKind::Job(1, 2));
    page_of(&mut screen, &shell, "/job/2");
    let effects = shell.press(&mut screen, "a j");
    assert_eq!(intended(&effects), []);
    let text = screen.text();
    assert!(text.contains("no job of the newest attempt"), "{text}");
}

#[test]
fn the_error_of_the_card_is_shown_whichever_log_is_open() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    go(&mut screen, &shell, |line| line.text == "lint");
    shell.press(&mut screen, "enter g g shift-tab");
    assert_eq!(screen.state.triage.log.key.as_ref().unwrap().job, 10);
    go(&mut screen, &shell, |line| line.kind == TreeKind::Error);
    shell.press(&mut screen, "enter");
    assert_eq!(screen.state.triage.log.key, Some(log_key()));
    let Known::Yes(found) = &screen.snapshot.triage.cards[0].triage.diagnosis else {
        panic!("it is known");
    };
    let line = found.error.as_ref().unwrap().line;
    assert_eq!(screen.state.triage.log.line(), Some(line - 1));
    assert!(line_here(&screen).contains("panicked"));
}

#[test]
fn a_line_that_was_meant_for_one_log_is_not_shown_in_another() {
    let (mut screen, _) = opened(140, 40);
    let shell = Shell::new(&super::text_of_log());
    shell.press(&mut screen, "l");
    go(&mut screen, &shell, |line| line.text == "lint");
    shell.press(&mut screen, "enter shift-tab");
    // The log in which the test is told of never comes; another is chosen meanwhile.
    go(&mut screen, &shell, |line| line.kind == TreeKind::Test(0));
    screen.press("enter");
    assert_eq!(screen.state.triage.log.aim, Some((log_key(), 165)));
    screen.state.triage.job = Some((2, 10));
    let now = screen.now;
    let event = LogEvent::Failed {
        key: log_key(),
        sentence: "no".into(),
        is_pending: false,
    };
    let (state, snapshot) = (&mut screen.state, &screen.snapshot);
    let effects = on_log(state, event, snapshot, now);
    shell.serve(&mut screen, effects);
    let log = &screen.state.triage.log;
    assert_eq!(log.key.as_ref().unwrap().job, 10);
    assert_eq!(log.line(), log.first, "its own first error");
}

#[test]
fn a_diagnosis_without_a_line_leads_to_the_first_error_of_its_log() {
    let (mut screen, shell) = opened(140, 40);
    let mut board = (*screen.snapshot.triage).clone();
    let mut triage = (*board.cards[0].triage).clone();
    if let Known::Yes(found) = &mut triage.diagnosis {
        Arc::make_mut(found).error.as_mut().unwrap().line = 0;
    }
    board.cards[0].triage = Arc::new(triage);
    screen.snapshot.triage = Arc::new(board);
    screen.snapshot.generation += 1;
    screen.arrive();
    shell.press(&mut screen, "l l G h h l");
    go(&mut screen, &shell, |line| line.kind == TreeKind::Error);
    shell.press(&mut screen, "enter");
    let log = &screen.state.triage.log;
    assert_eq!(log.line(), log.first);
}
