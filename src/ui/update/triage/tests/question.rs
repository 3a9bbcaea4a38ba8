//! The question before an action: nothing is confirmed that was not on the screen.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::Event;

use super::intended;
use crate::domain::action::{ActionId, ActionState, Fresh};
use crate::domain::text::Clean;
use crate::domain::triage::{TriageBoard, TriageCard};
use crate::engine::snapshot::Health;
use crate::ui::effect::Effect;
use crate::ui::testing::Screen;
use crate::ui::testing::triage::{Shell, act, fresh, opened};

/// What is said where nothing can be shown.
const SMALL: &str = "the screen is too small to show what would be done";

fn resize(screen: &mut Screen, width: u16, height: u16) {
    screen.terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    screen.event(&Event::Resize(width, height));
}

/// Marks that many cards and asks to re-run them; all were read.
fn asked(width: u16, height: u16, runs: usize) -> (Screen, Shell, Vec<ActionId>) {
    let (mut screen, shell) = opened(width, height);
    let first = screen.snapshot.triage.cards[0].clone();
    let others: Vec<_> = screen
        .snapshot
        .items()
        .map(|item| item.id.clone())
        .collect();
    let cards = others
        .into_iter()
        .take(runs)
        .zip(900..)
        .map(|(item, number)| {
            let mut triage = (*first.triage).clone();
            triage.item = item;
            let mut run = (*triage.run).clone();
            run.id = number;
            triage.run = run.into();
            TriageCard {
                triage: triage.into(),
                group: None,
            }
        });
    screen.snapshot.triage = TriageBoard {
        cards: cards.collect(),
        groups: Vec::new(),
    }
    .into();
    screen.snapshot.generation += 1;
    screen.arrive();
    shell.press(&mut screen, "g f shift-tab tab");
    screen.state.triage.marked = screen
        .snapshot
        .triage
        .cards
        .iter()
        .map(|card| card.triage.item.clone())
        .collect();
    let ids = intended(&shell.press(&mut screen, "a f"));
    assert_eq!(ids.len(), runs);
    for (nth, id) in ids.iter().enumerate() {
        let fresh = Fresh {
            name: Clean::line(&format!("ci #{}", 900 + nth)),
            ..fresh()
        };
        act(&mut screen, id, ActionState::Ready(fresh));
    }
    (screen, shell, ids)
}

#[test]
fn what_is_not_on_the_screen_is_not_confirmed() {
    for (width, height) in [(29, 24), (80, 5), (20, 3)] {
        let (mut screen, shell) = opened(140, 40);
        let id = intended(&shell.press(&mut screen, "F")).remove(0);
        resize(&mut screen, width, height);
        act(&mut screen, &id, ActionState::Ready(fresh()));
        screen.press("x x");
        let told = Effect::Toast(SMALL.to_owned());
        assert_eq!(shell.press(&mut screen, "y"), [told], "{width}x{height}");
        resize(&mut screen, 80, 24);
        assert!(screen.text().contains("attempt 2, `retry-gateway`"));
        assert_eq!(shell.press(&mut screen, "y"), [], "typed too early");
        screen.press("x x");
        assert_eq!(shell.press(&mut screen, "y"), [Effect::Confirm(id)]);
    }
}

#[test]
fn on_six_rows_a_question_is_scrolled_before_it_is_confirmed() {
    let (mut screen, shell) = opened(80, 6);
    let id = intended(&shell.press(&mut screen, "F")).remove(0);
    act(&mut screen, &id, ActionState::Ready(fresh()));
    screen.press("x x");
    let text = screen.text();
    assert!(!text.contains("attempt 2"), "{text}");
    let effects = shell.press(&mut screen, "y");
    assert!(!effects.contains(&Effect::Confirm(id.clone())), "{text}");
    shell.press(&mut screen, "j");
    assert!(screen.text().contains("attempt 2"), "{}", screen.text());
    assert_eq!(shell.press(&mut screen, "y"), [Effect::Confirm(id)]);
}

#[test]
fn many_runs_have_a_line_each_and_the_last_must_have_been_seen() {
    let (mut screen, shell, ids) = asked(80, 24, 20);
    screen.press("x x");
    let text = screen.text();
    assert!(text.contains("ci #909 of acme/web, attempt 2"), "{text}");
    assert!(!text.contains("ci #919"), "{text}");
    let effects = shell.press(&mut screen, "2 0 y");
    let [Effect::Toast(told)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert!(told.ends_with("more lines to be seen first: `j`"), "{told}");
    let keys = ["j"; 12].join(" ");
    assert_eq!(shell.press(&mut screen, &keys), []);
    assert!(screen.text().contains("ci #919"), "{}", screen.text());
    assert_eq!(shell.press(&mut screen, "y").len(), ids.len());
}

#[test]
fn nine_runs_fit_on_a_common_screen() {
    let (mut screen, shell, ids) = asked(80, 24, 9);
    screen.press("x x");
    let text = screen.text();
    assert!(text.contains("9, then y yes  n no"), "{text}");
    assert_eq!(shell.press(&mut screen, "9 y").len(), ids.len());
}

#[test]
fn a_run_for_which_several_marked_cards_wait_is_run_again_once() {
    let (mut screen, shell) = opened(140, 40);
    let mut board = (*screen.snapshot.triage).clone();
    let run = std::sync::Arc::clone(&board.cards[0].triage.run);
    std::sync::Arc::make_mut(&mut board.cards[1].triage).run = run;
    screen.snapshot.triage = board.into();
    screen.snapshot.generation += 1;
    screen.arrive();
    shell.press(&mut screen, "space space space");
    assert_eq!(intended(&shell.press(&mut screen, "a f")).len(), 2);
}

#[test]
fn an_old_answer_about_another_repository_keeps_nobody_from_acting() {
    for health in [Health::Stale, Health::RateLimited, Health::Forbidden] {
        let (mut screen, shell) = opened(140, 40);
        screen.snapshot.sources[0].health = health;
        let asked = intended(&shell.press(&mut screen, "F"));
        assert_eq!(asked.len(), 1, "{health:?}");
    }
}
