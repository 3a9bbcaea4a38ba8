//! The stand-up by keys: turns, the clock, since when, what is kept.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::ui::effect::Effect;
use crate::ui::standup::{By, Order, on_prepared};
use crate::ui::state::{StandupPane, View};
use crate::ui::testing::Screen;
use crate::ui::testing::standup::{Shell, opened};
use crate::ui::view::next_change;

#[track_caller]
fn shows(screen: &Screen, text: &str) {
    assert!(screen.text().contains(text), "{}", screen.text());
}

fn orders(effects: &[Effect]) -> Vec<&Order> {
    let mut orders = Vec::new();
    for effect in effects {
        if let Effect::Standup(order) = effect {
            orders.push(order);
        }
    }
    orders
}

/// Since when the stand-up on the screen looks back.
fn since(screen: &Screen) -> Timestamp {
    let prepared = screen.state.standup.prepared.as_ref();
    prepared.unwrap().standup.since
}

fn card(screen: &Screen) -> String {
    screen.state.standup.stop().unwrap().card.key.to_string()
}

#[test]
fn opening_it_reads_history_once_and_prepares_once() {
    let mut screen = Screen::new(80, 24, 48);
    let mut shell = Shell::default();
    let effects = shell.press(&mut screen, "g s");
    let recalls = effects.iter().filter(|it| **it == Effect::Recall).count();
    assert_eq!((recalls, orders(&effects).len()), (1, 1));
    assert_eq!(screen.state.view, View::Standup);
    let effects = shell.press(&mut screen, "n n p b tab tab");
    assert_eq!(orders(&effects), Vec::<&Order>::new());
}

#[test]
fn the_walk_goes_card_by_card_and_back() {
    let (mut screen, mut shell) = opened(80, 24);
    shows(&screen, "1 of 40");
    let first = card(&screen);
    shell.press(&mut screen, "n j l down right");
    shows(&screen, "6 of 40");
    assert_ne!(card(&screen), first);
    shell.press(&mut screen, "p k h up left left");
    shows(&screen, "1 of 40");
    assert_eq!(card(&screen), first);
    shell.press(&mut screen, "G");
    shows(&screen, "40 of 40");
}

#[test]
fn quiet_cards_are_left_out_until_they_are_wanted() {
    let (mut screen, mut shell) = opened(80, 24);
    shows(&screen, "5 quiet, 3 live left out");
    shell.press(&mut screen, "n n");
    let here = card(&screen);
    shell.press(&mut screen, "z");
    assert_eq!(screen.state.standup.stops_count(), 48);
    assert!(!screen.text().contains("left out"), "{}", screen.text());
    assert_eq!(card(&screen), here, "whoever has the turn keeps it");
    shell.press(&mut screen, "z");
    assert_eq!(
        (card(&screen), screen.state.standup.stops_count()),
        (here, 40)
    );
}

#[test]
fn cards_keep_their_order_while_the_walk_is_on() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "n n n");
    let before: Vec<_> = screen
        .state
        .standup
        .stops()
        .map(|it| it.card.id.clone())
        .collect();
    let here = card(&screen);
    // The board is another one, in which the first card has gone.
    let gone = before[0].clone();
    let mut snapshot = screen.snapshot.clone();
    snapshot.generation += 1;
    for column in &mut snapshot.columns {
        let rows = column.rows.iter().rev();
        let stay = |row: &&crate::engine::snapshot::Row| row.items().iter().all(|it| it.id != gone);
        column.rows = rows.filter(stay).cloned().collect::<Vec<_>>().into();
    }
    screen.snapshot = snapshot;
    screen.arrive();
    shell.wait(&mut screen, 6);
    let after: Vec<_> = screen
        .state
        .standup
        .stops()
        .map(|it| it.card.id.clone())
        .collect();
    assert_eq!(after[..], before[1..]);
    assert_eq!(card(&screen), here);
    shows(&screen, "3 of 39");
}

#[test]
fn a_filter_of_the_board_holds_for_the_walk() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "g b / r e p o : a p i enter g s");
    let count = screen.state.standup.stops_count();
    assert!((1..40).contains(&count), "{count}");
    shell.press(&mut screen, "g b esc g s");
    assert_eq!(screen.state.standup.stops_count(), 40);
}

#[test]
fn people_come_one_after_the_other() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "b");
    let names: Vec<String> = screen
        .state
        .standup
        .turns()
        .iter()
        .map(|it| it.name.to_string())
        .collect();
    assert!(names.len() > 2, "{names:?}");
    shows(&screen, &names[0].to_uppercase());
    shell.press(&mut screen, "j");
    assert_eq!(
        (screen.state.standup.person, screen.state.standup.entry),
        (0, 1)
    );
    shell.press(&mut screen, "n");
    shows(&screen, &names[1].to_uppercase());
    assert_eq!(screen.state.standup.entry, 0);
    shell.press(&mut screen, "l h h");
    shows(&screen, &format!("1 of {}", names.len()));
    shell.press(&mut screen, "b");
    assert_eq!(screen.state.standup.pane, StandupPane::Walk);
}

#[test]
fn a_card_opens_and_its_page_does() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "n");
    let url = screen
        .state
        .standup
        .stop()
        .unwrap()
        .card
        .url
        .clone()
        .unwrap();
    assert_eq!(shell.press(&mut screen, "o"), [Effect::OpenUrl(url)]);
    shell.press(&mut screen, "enter");
    assert!(screen.state.detail().is_some());
    assert_eq!(screen.state.view, View::Standup);
    shell.press(&mut screen, "esc n");
    shows(&screen, "3 of 40");
}

#[test]
fn the_clock_ticks_only_while_it_runs_and_is_seen() {
    let (mut screen, mut shell) = opened(80, 24);
    let next = |screen: &Screen| {
        let at = next_change(&screen.state, &screen.snapshot, screen.now);
        at.map_or(i64::MAX, |at| (at - screen.now).num_milliseconds())
    };
    shell.wait(&mut screen, 10);
    assert!(next(&screen) > 1_000, "{}", next(&screen));
    shell.press(&mut screen, "space");
    assert!(next(&screen) <= 1_000);
    shell.wait(&mut screen, 42);
    shows(&screen, "clock 0:42 of 1:00");
    shell.press(&mut screen, "g b");
    screen.now += TimeDelta::seconds(10);
    screen.draw();
    assert!(next(&screen) > 1_000, "{}", next(&screen));
    shell.press(&mut screen, "g s space");
    shows(&screen, "stopped 0:52 of 1:00");
    shell.wait(&mut screen, 30);
    shows(&screen, "stopped 0:52 of 1:00");
}

#[test]
fn each_turn_has_the_clock_from_the_beginning() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "space");
    shell.wait(&mut screen, 20);
    shell.press(&mut screen, "n");
    shell.wait(&mut screen, 5);
    shows(&screen, "clock 0:05 of 1:00  in all 0:25 of 15:00");
    shell.press(&mut screen, "b");
    shows(&screen, "clock 0:00 of 2:00  in all 0:25 of 15:00");
}

#[test]
fn what_is_looked_back_to_is_one_key() {
    let (mut screen, mut shell) = opened(80, 24);
    shows(&screen, "(last)");
    let mut found = Vec::new();
    for _ in 0..5 {
        shell.press(&mut screen, "s");
        found.push((screen.state.standup.span, since(&screen)));
    }
    assert_eq!(
        found.iter().map(|it| it.0).collect::<Vec<_>>(),
        [1, 2, 3, 4, 0]
    );
    assert!(
        found[3].1 < found[2].1 && found[2].1 < found[1].1,
        "{found:?}"
    );
}

#[test]
fn an_answer_that_was_overtaken_is_dropped() {
    let (mut screen, mut shell) = opened(80, 24);
    let old = screen.state.standup.ask(Order::Prepare);
    let old = shell.answer(&screen, &old);
    shell.press(&mut screen, "s s s s");
    let week = since(&screen);
    assert!(week < old.prepared.standup.since);
    on_prepared(&mut screen.state, old, screen.now);
    assert_eq!(since(&screen), week);
}

#[test]
fn after_the_last_card_it_is_asked_whether_it_was_held() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "space G");
    let before = since(&screen);
    shell.press(&mut screen, "n");
    shows(&screen, "remember that the stand-up was held");
    screen.now += TimeDelta::seconds(1);
    let effects = shell.press(&mut screen, "y");
    assert_eq!(orders(&effects), [&Order::Hold]);
    shows(&screen, "held at");
    assert!(!screen.state.standup.clock.runs());
    // What was told stays, until the view is left.
    assert_eq!(since(&screen), before);
    screen.now += TimeDelta::seconds(1);
    shell.press(&mut screen, "n");
    shows(&screen, "that was the last; held at");
    shell.press(&mut screen, "g b g s");
    let prepared = screen.state.standup.prepared.as_ref().unwrap();
    assert!(prepared.standup.since > before && screen.state.standup.at == 0);
    assert!(!screen.state.standup.clock.began());
}

#[test]
fn a_no_remembers_nothing() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "D");
    screen.now += TimeDelta::seconds(1);
    assert_eq!(orders(&shell.press(&mut screen, "n")), Vec::<&Order>::new());
    assert_eq!(screen.state.standup.held, None);
}

#[test]
fn what_is_parked_has_a_note_and_goes_when_it_was_talked_about() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "n");
    let item = screen.state.standup.stop().unwrap().card.id.clone();
    let effects = shell.press(&mut screen, "m w h o ? enter");
    assert_eq!(orders(&effects), [&Order::Park(item, "who?".to_owned())]);
    shows(&screen, "who?");
    shows(&screen, "2 of 40");
    shell.press(&mut screen, "x");
    assert_eq!(shell.parked.len(), 1, "only in the parking lot");
    shell.press(&mut screen, "L");
    shows(&screen, "[parking lot 1]");
    shell.press(&mut screen, "x");
    shows(&screen, "nothing is parked");
    shell.press(&mut screen, "u");
    assert_eq!(shell.parked.len(), 1, "it was taken back");
    shows(&screen, "who?");
    shell.press(&mut screen, "x");
    shows(&screen, "nothing is parked");
    let effects = shell.press(&mut screen, "L m enter");
    assert_eq!(orders(&effects), Vec::<&Order>::new(), "no note, no mark");
}

#[test]
fn it_is_copied_as_it_is_shown() {
    let (mut screen, mut shell) = opened(80, 24);
    let effects = shell.press(&mut screen, "c b c");
    assert_eq!(
        orders(&effects),
        [&Order::Copy(By::Stage), &Order::Copy(By::Person)]
    );
}

#[test]
fn what_is_told_is_prepared_again_soon_after_a_change_and_rarely_else() {
    let (mut screen, mut shell) = opened(80, 24);
    assert_eq!(orders(&shell.wait(&mut screen, 60)).len(), 0);
    screen.snapshot.generation += 1;
    let snapshot = Arc::new(screen.snapshot.clone());
    screen.snapshot = (*snapshot).clone();
    assert_eq!(orders(&shell.wait(&mut screen, 1)), [&Order::Prepare]);
    // History was read meanwhile.
    assert_eq!(orders(&shell.wait(&mut screen, 6)).len(), 1);
    assert_eq!(orders(&shell.wait(&mut screen, 298)).len(), 0);
    assert_eq!(orders(&shell.wait(&mut screen, 3)).len(), 1);
}

#[test]
fn what_is_typed_before_there_is_a_stand_up_is_done_once_there_is_one() {
    let mut screen = Screen::new(80, 24, 48);
    let mut shell = Shell::default();
    let asked = screen.press("g s");
    let early = screen.press("n m w h y ? enter");
    assert_eq!(orders(&early), Vec::<&Order>::new());
    shows(&screen, "done as soon as the stand-up is prepared");
    assert_eq!(screen.state.view, View::Standup);
    let done = shell.carry_out(&mut screen, asked);
    let parked = orders(&done).into_iter().find_map(|order| {
        if let Order::Park(item, note) = order {
            Some((item.clone(), note.clone()))
        } else {
            None
        }
    });
    let (item, note) = parked.expect("the note was parked");
    assert_eq!(note, "why?");
    assert_eq!(item, screen.state.standup.stop().unwrap().card.id);
    shows(&screen, "2 of 40");
}

#[test]
fn what_was_typed_ahead_is_dropped_by_esc_and_what_leads_elsewhere_is_done_at_once() {
    let mut screen = Screen::new(80, 24, 48);
    let mut shell = Shell::default();
    let asked = screen.press("g s");
    screen.press("m x esc");
    shows(&screen, "what was typed ahead is dropped");
    screen.press("g b");
    assert_eq!(screen.state.view, View::Board);
    screen.press("g s n g b");
    assert_eq!(
        screen.state.view,
        View::Standup,
        "that is typed ahead as well"
    );
    drop(shell.carry_out(&mut screen, asked));
    assert_eq!(screen.state.view, View::Board);
}

#[test]
fn by_person_nothing_is_left_out_and_that_is_said() {
    let (mut screen, mut shell) = opened(120, 24);
    shell.press(&mut screen, "b z");
    shows(
        &screen,
        "quiet cards are left out of the walk alone; b goes back to it",
    );
    assert!(!screen.state.standup.all);
}
