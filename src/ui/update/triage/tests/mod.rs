//! Keys in the triage view, over a made-up board and a real small log.

mod gates;
mod list;
mod log;
mod question;
mod tree;

use std::sync::Arc;

use proptest::prelude::*;
use ratatui::crossterm::event::Event;

use crate::domain::action::{ActionId, ActionState, Verb};
use crate::domain::diagnosis::LogState;
use crate::domain::text::Clean;
use crate::domain::triage::{Known, TriageBoard};
use crate::engine::snapshot::{Asked, Capability, CapabilityState, Health};
use crate::log::LogLine;
use crate::ui::effect::Effect;
use crate::ui::logs::{LogEvent, on_log};
use crate::ui::state::{LogStanding, Pane, UiOptions, View};
use crate::ui::testing::Screen;
use crate::ui::testing::triage::{
    Shell, act, diagnosis, fresh, log_key, opened, snapshot, text_of_log,
};

fn line_here(screen: &Screen) -> String {
    let log = &screen.state.triage.log;
    let line = log.line().and_then(|line| log.lines.get(&line));
    line.map_or_else(String::new, LogLine::text)
}

#[test]
fn from_the_board_three_keys_lead_to_the_first_error() {
    let mut screen = Screen::with(140, 40, snapshot(), UiOptions::default());
    let shell = Shell::new(&text_of_log());
    // The most urgent of all is an incident: the walk begins at whatever red run is under the cursor.
    let item = screen.snapshot.triage.cards[0].triage.item.clone();
    let key = crate::ui::rows::RowKey::Item(item.clone());
    crate::ui::update::moves::go_to(&mut screen.state, &screen.snapshot, &key);
    shell.press(&mut screen, "enter");
    assert_eq!(screen.state.view, View::Triage);
    assert_eq!(screen.state.triage.selected, Some(item));
    shell.press(&mut screen, "e");
    assert!(
        line_here(&screen).ends_with("panicked at src/pay.rs:42:9:"),
        "{}",
        line_here(&screen)
    );
    assert_eq!(screen.state.triage.pane, Pane::Log);
    shell.press(&mut screen, "esc");
    assert_eq!(screen.state.view, View::Board);
    assert_eq!(screen.state.triage.log.key, None, "the log was closed");
}

#[test]
fn a_card_that_is_not_in_the_triage_opens_its_detail() {
    let mut screen = Screen::new(140, 40, 48);
    screen.press("4 enter");
    assert!(screen.state.detail().is_some());
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn the_log_opens_folded_at_the_first_error_and_lines_are_there_before_they_are_seen() {
    let (mut screen, _) = opened(140, 40);
    let log = &screen.state.triage.log;
    assert_eq!(log.standing, LogStanding::Open);
    assert_eq!(log.line(), log.first);
    assert!(log.fold.visible_lines() < log.index.as_ref().unwrap().lines());
    // Two pages are there at once: nothing has to be asked for to see them.
    for _ in 0..2 {
        let effects = screen.press("tab tab pgup");
        let log = &screen.state.triage.log;
        let rows = log.top..log.top + 30;
        for line in log.fold.visible(rows).into_iter().flatten() {
            assert!(
                log.lines.contains_key(&line),
                "line {line} after {effects:?}"
            );
        }
    }
}

#[test]
fn lines_that_nobody_asked_for_any_more_are_dropped() {
    let (mut screen, _) = opened(140, 40);
    let before = screen.state.triage.log.lines.clone();
    for (key, generation) in [
        (log_key(), 0),
        (log_key(), u64::MAX),
        (
            crate::domain::diagnosis::LogKey {
                job: 99,
                ..log_key()
            },
            screen.state.triage.log.generation,
        ),
    ] {
        let event = LogEvent::Lines {
            key,
            generation,
            lines: vec![LogLine {
                line: 5,
                ..LogLine::default()
            }],
        };
        on_log(&mut screen.state, event, &screen.snapshot, screen.now);
        assert_eq!(screen.state.triage.log.lines, before);
    }
}

#[test]
fn errors_and_matches_are_walked_with_n() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "e");
    let first = screen.state.triage.log.line();
    shell.press(&mut screen, "N");
    assert!(screen.state.triage.log.line() < first, "the error before");
    shell.press(&mut screen, "n");
    assert_eq!(screen.state.triage.log.line(), first);
    shell.press(&mut screen, "g g / c a s e _ 1 \\ b enter");
    assert_eq!(line_here(&screen).split(' ').nth(1), Some("pay::case_1"));
    assert!(screen.text().contains("1 of 1"), "{}", screen.text());
    shell.press(&mut screen, "/ F A I L E D enter");
    assert!(line_here(&screen).contains("FAILED"));
    shell.press(&mut screen, "n");
    assert!(line_here(&screen).contains("FAILED"), "round and round");
    let text = screen.text();
    assert!(
        text.contains("that was the last; back at the top"),
        "{text}"
    );
    shell.press(&mut screen, "esc esc");
    assert!(screen.state.triage.log.search.is_none());
    assert_eq!(screen.state.view, View::Triage, "the search was one layer");
}

#[test]
fn a_run_that_stands_on_several_cards_says_so() {
    let (mut screen, shell) = opened(140, 40);
    let mut board = TriageBoard::clone(&screen.snapshot.triage);
    let run = Arc::clone(&board.cards[2].triage.run);
    for card in &mut board.cards[2..] {
        Arc::make_mut(&mut card.triage).run = Arc::clone(&run);
    }
    screen.snapshot.triage = Arc::new(board);
    screen.snapshot.generation += 1;
    screen.arrive();
    shell.press(&mut screen, "h h j j");
    let text = screen.text();
    let told = text.matches("the same run on 2 other").count();
    assert_eq!(told, 4, "on three cards and in the tree: {text}");
    let why = "no other run fails alike; the same run on 2 other cards";
    let told = Effect::Toast(why.to_owned());
    assert_eq!(shell.press(&mut screen, "g 1"), [told]);
}

#[test]
fn an_expression_that_is_refused_says_why_at_every_size() {
    for (width, height) in [(40, 10), (80, 24), (160, 40)] {
        let (mut screen, shell) = opened(width, height);
        shell.press(&mut screen, "l l /");
        for key in "( u n c l o s e d [ enter".split(' ') {
            shell.press(&mut screen, key);
        }
        let text = screen.text();
        assert!(text.contains("invalid: unclosed char"), "{text}");
        let line = text.lines().find(|line| line.starts_with("/(unclosed["));
        assert!(line.unwrap().ends_with("invalid"), "{text}");
    }
}

#[test]
fn a_wrong_expression_says_so_and_keeps_the_line() {
    let (mut screen, shell) = opened(80, 24);
    let effects = shell.press(&mut screen, "l l / ( enter");
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::SearchLog { .. }))
    );
    assert!(
        screen.text().contains("unclosed group"),
        "{}",
        screen.text()
    );
    shell.press(&mut screen, "esc");
    let effects = shell.press(&mut screen, "/ n o p e enter");
    let told = "`nope` is nowhere in this log".to_owned();
    assert!(effects.contains(&Effect::Toast(told)), "{effects:?}");
}

#[test]
fn sections_fold_lines_wrap_and_times_show() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "tab tab Z");
    let all = screen.state.triage.log.fold.visible_lines();
    shell.press(&mut screen, "Z");
    assert!(screen.state.triage.log.fold.visible_lines() > all);
    shell.press(&mut screen, "g g z");
    assert!(screen.text().contains("42 lines"), "{}", screen.text());
    shell.press(&mut screen, "t");
    assert!(screen.text().contains("09:12:"), "{}", screen.text());
    assert_eq!(screen.state.theme, "dark", "`t` is the log's here");
    shell.press(&mut screen, "G w");
    let text = screen.text();
    assert!(
        text.contains("exit code 101"),
        "the cursor stays in view:\n{text}"
    );
}

#[test]
fn the_block_is_copied_and_the_log_saved() {
    let (mut screen, shell) = opened(140, 40);
    let effects = shell.press(&mut screen, "e n y");
    let Some(Effect::Copy(text)) = effects.last() else {
        panic!("{effects:?}");
    };
    assert!(text.contains("left: 3") && text.contains('\n'), "{text}");
    assert_eq!(
        shell.press(&mut screen, "S").last(),
        Some(&Effect::SaveLog { key: log_key() })
    );
    let effects = shell.press(&mut screen, "o");
    let Some(Effect::OpenUrl(url)) = effects.last() else {
        panic!("{effects:?}");
    };
    assert!(url.as_str().ends_with("/job/11"), "{}", url.as_str());
}

#[test]
fn failing_tests_lead_to_their_lines() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "T enter");
    assert!(
        line_here(&screen).contains("retry_after_timeout"),
        "{}",
        line_here(&screen)
    );
    let effects = shell.press(&mut screen, "T T enter");
    let told = "`pay::gives_up_at_5`: left: 3, right: 5".to_owned();
    assert!(effects.contains(&Effect::Toast(told)), "{effects:?}");
}

#[test]
fn one_key_goes_to_the_first_of_a_group() {
    let (mut screen, shell) = opened(140, 40);
    assert_eq!(screen.state.triage.at, 0);
    shell.press(&mut screen, "g 1");
    assert_eq!(screen.state.triage.at, 1);
    let told = Effect::Toast("it was seen on this card first".to_owned());
    assert_eq!(shell.press(&mut screen, "g 1"), [told]);
    let told = Effect::Toast("no other run fails alike".to_owned());
    assert!(
        shell
            .press(&mut screen, "g f shift-tab tab j j g 1")
            .contains(&told)
    );
}

#[test]
fn a_selection_follows_its_card_and_chosen_jobs_show_their_own_log() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "j");
    let item = screen.state.triage.selected.clone();
    let board = Arc::unwrap_or_clone(Arc::clone(&screen.snapshot.triage));
    let mut cards = board.cards;
    cards.reverse();
    screen.snapshot.triage = Arc::new(TriageBoard {
        cards,
        groups: board.groups,
    });
    screen.arrive();
    assert_eq!(
        (screen.state.triage.at, &screen.state.triage.selected),
        (3, &item)
    );
    screen.snapshot.triage = Arc::default();
    screen.arrive();
    assert_eq!(screen.state.triage.selected, item, "the cursor stays");
    assert!(screen.text().contains("no longer red"), "{}", screen.text());
    shell.press(&mut screen, "enter e n z y T S space g 1 o / x esc");
    assert_eq!(screen.state.triage.selected, item, "whatever is pressed");
}

#[track_caller]
fn tells(log: LogState, sentence: &str) {
    let (mut screen, shell) = opened(140, 40);
    let board = Arc::unwrap_or_clone(Arc::clone(&screen.snapshot.triage));
    let mut cards = board.cards;
    let mut triage = (*cards[0].triage).clone();
    triage.diagnosis = Known::Yes(Arc::new(diagnosis(812, log)));
    cards[0].triage = Arc::new(triage);
    screen.snapshot.triage = Arc::new(TriageBoard {
        cards,
        groups: board.groups,
    });
    shell.press(&mut screen, "g b");
    screen.arrive();
    let effects = screen.press("g f");
    let asked = effects
        .iter()
        .any(|effect| matches!(effect, Effect::OpenLog(_)));
    assert!(screen.text().contains(sentence), "{}", screen.text());
    assert!(
        !asked || sentence.contains("yet") || sentence.contains("way"),
        "{effects:?}"
    );
    assert!(screen.text().contains("checkout"), "steps meanwhile");
}

#[test]
fn a_log_that_cannot_be_shown_says_why_and_is_not_asked_for() {
    tells(LogState::Gone, "the server keeps this log no longer");
    tells(LogState::Empty, "the log has no content");
    tells(LogState::NotText, "the log is not text");
    tells(
        LogState::Refused(Clean::line("403")),
        "the log could not be read: 403",
    );
    tells(LogState::NotYet, "the log is on its way");
}

#[test]
fn the_beginning_of_a_log_gives_way_to_the_whole_and_the_line_stays() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "e N");
    let (line, lines) = {
        let log = &screen.state.triage.log;
        (log.line(), log.index.as_ref().unwrap().lines())
    };
    let mut take = |lines| {
        let mut snapshot = snapshot();
        let mut board = (*snapshot.triage).clone();
        let read = LogState::Read {
            lines,
            bytes: 9_000,
            cut: false,
        };
        let mut triage = (*board.cards[0].triage).clone();
        triage.diagnosis = Known::Yes(Arc::new(diagnosis(812, read)));
        board.cards[0].triage = Arc::new(triage);
        snapshot.triage = Arc::new(board);
        crate::ui::update::on_snapshot(&mut screen.state, &snapshot, screen.now)
    };
    assert_eq!(take(lines), [], "nothing more of it");
    assert_eq!(take(lines + 9), [Effect::OpenLog(log_key())]);
    assert_eq!(take(lines + 9), [], "asked for once");
    let aim = line.map(|line| (log_key(), line));
    assert_eq!(screen.state.triage.log.aim, aim);
}

#[test]
fn a_log_that_is_not_there_yet_is_asked_for_again_after_a_change() {
    let mut screen = Screen::with(140, 40, snapshot(), UiOptions::default());
    let shell = Shell::new(&text_of_log());
    screen.press("g f");
    let event = LogEvent::Failed {
        key: log_key(),
        sentence: Clean::line("the log is being fetched"),
        is_pending: true,
    };
    on_log(&mut screen.state, event, &screen.snapshot, screen.now);
    screen.draw();
    assert!(
        screen.text().contains("the log is being fetched"),
        "{}",
        screen.text()
    );
    screen.snapshot.generation += 1;
    let effects = crate::ui::update::on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    assert_eq!(effects, [], "the question is a change itself");
    screen.snapshot.taken_at += chrono::TimeDelta::seconds(20);
    let effects = crate::ui::update::on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    assert!(effects.contains(&Effect::OpenLog(log_key())), "{effects:?}");
    shell.serve(&mut screen, effects);
    assert_eq!(screen.state.triage.log.standing, LogStanding::Open);
}

#[test]
fn what_came_of_the_question_is_shown_at_once_whatever_job_the_card_is_judged_by() {
    let gone = || Asked::Found(Arc::new(diagnosis(812, LogState::Gone)));
    let refused = || Asked::Failed {
        why: Clean::line("forge.test allows no more requests for 51 min"),
        health: None,
    };
    for (asked, sentence) in [
        (gone(), "the server keeps this log no longer"),
        (refused(), "allows no more requests for 51 min"),
    ] {
        let mut screen = Screen::with(140, 40, snapshot(), UiOptions::default());
        screen.press("g f");
        assert!(screen.text().contains("the log is on its way"));
        screen.snapshot.inquiries = Arc::new([(log_key(), asked)].into());
        screen.snapshot.taken_at += chrono::TimeDelta::seconds(1);
        let (state, snapshot) = (&mut screen.state, &screen.snapshot);
        let effects = crate::ui::update::on_snapshot(state, snapshot, screen.now);
        assert_eq!(effects, [Effect::CloseLog(log_key())]);
        screen.draw();
        assert!(screen.text().contains(sentence), "{}", screen.text());
    }
}

fn intended(effects: &[Effect]) -> Vec<ActionId> {
    let mut ids = Vec::new();
    for effect in effects {
        if let Effect::Intend { id, .. } = effect {
            ids.push(id.clone());
        }
    }
    ids
}

#[test]
fn an_action_is_confirmed_on_what_was_read_and_by_y_alone() {
    let (mut screen, shell) = opened(140, 40);
    let effects = shell.press(&mut screen, "F");
    let [id] = &intended(&effects)[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(id.0.len(), 32);
    assert!(
        screen.text().contains("reading the run afresh"),
        "{}",
        screen.text()
    );
    assert_eq!(
        shell.press(&mut screen, "y enter y"),
        [],
        "nothing was shown yet"
    );
    act(&mut screen, id, ActionState::Ready(fresh()));
    assert!(
        screen.text().contains("attempt 2, `retry-gateway`, 66666"),
        "{}",
        screen.text()
    );
    assert_eq!(shell.press(&mut screen, "y"), [], "too early");
    screen.event(&Event::Paste("y".to_owned()));
    assert_eq!(shell.press(&mut screen, "j k"), []);
    assert_eq!(shell.press(&mut screen, "y"), [Effect::Confirm(id.clone())]);
    assert!(screen.state.overlays.is_empty());
    act(&mut screen, id, ActionState::Requested(fresh()));
    assert!(
        screen.text().contains("re-run requested"),
        "{}",
        screen.text()
    );
    act(
        &mut screen,
        id,
        ActionState::Refused(Clean::line("this run was re-run 50 times")),
    );
    assert!(
        screen.text().contains("this run was re-run 50 times"),
        "{}",
        screen.text()
    );
}

#[test]
fn enter_and_esc_dismiss_an_action() {
    for keys in ["enter", "esc", "n"] {
        let (mut screen, shell) = opened(80, 24);
        let id = intended(&shell.press(&mut screen, "F")).remove(0);
        act(&mut screen, &id, ActionState::Ready(fresh()));
        screen.press("j j");
        assert_eq!(
            shell.press(&mut screen, keys),
            [Effect::Dismiss(id)],
            "{keys}"
        );
        assert!(screen.state.overlays.is_empty());
    }
}

#[test]
fn what_was_stopped_is_shown_in_the_question() {
    let (mut screen, shell) = opened(140, 40);
    let id = intended(&shell.press(&mut screen, "F")).remove(0);
    act(
        &mut screen,
        &id,
        ActionState::Stopped(Clean::line("attempt 3 runs already")),
    );
    assert!(
        screen
            .text()
            .contains("not possible: attempt 3 runs already"),
        "{}",
        screen.text()
    );
    assert_eq!(shell.press(&mut screen, "j j"), [Effect::Dismiss(id)]);
}

#[test]
fn marked_cards_need_their_count() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "space space space");
    assert!(screen.text().contains("3 marked"), "{}", screen.text());
    let ids = intended(&shell.press(&mut screen, "a f"));
    assert_eq!(ids.len(), 3);
    for id in &ids {
        act(&mut screen, id, ActionState::Ready(fresh()));
    }
    screen.press("j j");
    let told = Effect::Toast("type the number of runs first: 3".to_owned());
    assert_eq!(shell.press(&mut screen, "y"), [told]);
    let sent = shell.press(&mut screen, "3 y");
    assert_eq!(
        sent,
        ids.into_iter().map(Effect::Confirm).collect::<Vec<_>>()
    );
}

#[track_caller]
fn greyed(change: impl Fn(&mut Screen), reason: &str) {
    let (mut screen, shell) = opened(140, 40);
    change(&mut screen);
    let effects = shell.press(&mut screen, "F");
    assert_eq!(intended(&effects), []);
    let told = format!("cannot {}: {reason}", Verb::RerunFailed.words());
    assert_eq!(effects, [Effect::Toast(told)]);
    shell.press(&mut screen, "a");
    assert!(screen.text().contains(reason), "{}", screen.text());
}

#[test]
fn an_action_that_cannot_be_done_is_grey_with_its_reason() {
    greyed(
        |screen| screen.snapshot.sources[0].capabilities.clear(),
        "`writes` of source `github` has no \"rerun\"",
    );
    greyed(
        |screen| {
            for known in &mut screen.snapshot.sources[0].capabilities {
                known.state = CapabilityState::Missing("token lacks Actions: write".into());
            }
        },
        "token lacks Actions: write",
    );
    greyed(
        |screen| {
            let whole = "builds are run again whole: choose to re-run all jobs";
            screen.snapshot.sources[0].capabilities.push(Capability {
                name: Verb::RerunFailed.words(),
                state: CapabilityState::Missing(whole.into()),
            });
        },
        "builds are run again whole: choose to re-run all jobs",
    );
    greyed(
        |screen| screen.snapshot.sources[0].health = Health::Auth,
        "source `github` does not answer as it should: auth",
    );
    greyed(
        |screen| {
            let now = screen.now;
            for at in Arc::make_mut(&mut screen.snapshot.confirmed).values_mut() {
                *at = now - chrono::TimeDelta::minutes(21);
            }
        },
        "`acme/web` was last read 21 min ago: refresh it first",
    );
    greyed(
        |screen| {
            let id = ActionId("1".to_owned());
            act(screen, &id, ActionState::Requested(fresh()));
        },
        "re-run failed jobs is under way already",
    );
    greyed(
        |screen| screen.snapshot.sources.clear(),
        "source `github` is not configured",
    );
    greyed(
        |screen| screen.state.options.offline = true,
        "offline: no source is asked",
    );
}

#[test]
fn ids_of_actions_differ_and_follow_from_the_seed() {
    let ids = |seed| {
        let options = UiOptions {
            seed,
            ..UiOptions::default()
        };
        let mut screen = Screen::with(140, 40, snapshot(), options);
        screen.press("g f");
        let mut ids = Vec::new();
        for _ in 0..4 {
            ids.extend(intended(&screen.press("F esc")));
        }
        ids
    };
    let (one, two) = (ids(1), ids(2));
    assert_eq!(one, ids(1));
    let all: std::collections::HashSet<_> = one.iter().chain(&two).collect();
    assert_eq!(all.len(), 8);
}

const KEYS: [&str; 52] = [
    "j",
    "k",
    "h",
    "l",
    "g g",
    "G",
    "ctrl-d",
    "ctrl-u",
    "pgdn",
    "pgup",
    "tab",
    "shift-tab",
    "enter",
    "esc",
    "e",
    "E",
    "n",
    "N",
    "/",
    "z",
    "Z",
    "w",
    "t",
    "f",
    "y",
    "S",
    "o",
    "T",
    "space",
    "a",
    "F",
    "x",
    "g 1",
    "g f",
    "g b",
    "[",
    "]",
    "-",
    "q",
    "?",
    ":",
    "M",
    "r",
    "Y",
    "p",
    "1",
    "0",
    "(",
    "c",
    "P",
    "u",
    "backspace",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn no_keys_break_the_triage(
        width in 1_u16..180,
        height in 1_u16..50,
        answers in prop::collection::vec(any::<bool>(), 1..6),
        keys in prop::collection::vec(0..KEYS.len(), 0..40),
    ) {
        let mut screen = Screen::with(width, height, snapshot(), UiOptions::default());
        let shell = Shell::new(&text_of_log());
        shell.press(&mut screen, "g f");
        for (nth, key) in keys.iter().enumerate() {
            let effects = screen.press(KEYS[*key]);
            // Answers may be lost, as with a shell that is gone.
            if answers[nth % answers.len()] {
                shell.serve(&mut screen, effects);
            }
            let log = &screen.state.triage.log;
            let rows = log.fold.visible_lines();
            prop_assert!(rows == 0 || log.cursor < rows);
            prop_assert!(log.top <= log.cursor);
            prop_assert!(log.lines.len() < 5_000);
            if nth % 7 == 6 {
                screen.snapshot.generation += 1;
                screen.arrive();
            }
        }
    }
}
