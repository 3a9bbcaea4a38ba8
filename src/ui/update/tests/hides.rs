//! Marks, and cards that are put aside, by keys.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::hide::{Hide, Until, Wish};
use crate::domain::item::WorkItem;
use crate::domain::key::ItemId;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::engine::snapshot::Row;
use crate::ui::effect::Effect;
use crate::ui::rows::Shown;
use crate::ui::sample;
use crate::ui::state::View;
use crate::ui::testing::Screen;

fn selected(screen: &Screen) -> ItemId {
    let Some(Shown::Item { item, .. }) = screen.state.selected(&screen.snapshot) else {
        panic!("no card");
    };
    item.id.clone()
}

fn head(screen: &Screen) -> String {
    screen.text().lines().next().unwrap().to_owned()
}

/// Changes a card of the board, as a new snapshot would.
fn touch(screen: &mut Screen, id: &ItemId, change: impl Fn(&mut WorkItem)) {
    for column in &mut screen.snapshot.columns {
        let rows = column.rows.iter().map(|row| match row {
            Row::Item(item) if item.id == *id => {
                let mut item = WorkItem::clone(item);
                change(&mut item);
                Row::Item(Arc::new(item))
            }
            other @ (Row::Item(_) | Row::Train(_)) => other.clone(),
        });
        column.rows = rows.collect();
    }
    screen.snapshot.generation += 1;
    screen.arrive();
}

#[test]
fn a_card_that_is_hidden_is_counted_found_and_shown_again() {
    let mut screen = Screen::new(120, 40, 100);
    screen.press("2 g g");
    let id = selected(&screen);
    let all = screen.state.rows.shown;
    let effects = screen.press("x");
    assert!(matches!(&effects[0], Effect::Hide(changes) if changes[0].0 == id));
    assert_eq!(screen.state.rows.shown, all - 1);
    assert_ne!(selected(&screen), id);
    assert!(head(&screen).contains("1 put aside"), "{}", head(&screen));
    // It does not come back, whatever happens to it.
    touch(&mut screen, &id, |item| {
        item.placement.status = Status::Failed;
        item.updated_at = sample::moment();
    });
    assert_eq!(screen.state.rows.shown, all - 1);
    screen.press("/");
    screen.type_text("is:hidden");
    screen.press("enter");
    assert_eq!(screen.state.rows.shown, 1);
    assert_eq!(selected(&screen), id);
    screen.press("x esc esc");
    assert_eq!(screen.state.rows.shown, all);
    assert!(!head(&screen).contains("put aside"));
}

#[test]
fn what_was_done_is_taken_back_in_its_order() {
    let mut screen = Screen::new(120, 40, 100);
    let all = screen.state.rows.shown;
    screen.press("2 g g x x");
    screen.press("P 5");
    assert_eq!(screen.state.rows.hidden, 2);
    let told = |effects: &[Effect]| {
        let Some(Effect::Toast(text)) = effects.last() else {
            panic!("{effects:?}");
        };
        text.clone()
    };
    let text = told(&screen.press("u"));
    assert!(
        text.starts_with("taken back: ") && text.ends_with("is not pinned"),
        "{text}"
    );
    let text = told(&screen.press("u"));
    assert!(text.ends_with("is shown again"), "{text}");
    assert_eq!(screen.state.rows.hidden, 1);
    screen.press("u");
    assert_eq!(screen.state.rows.shown, all);
    assert!(told(&screen.press("u")).contains("nothing to take back"));
}

/// Snoozes a card that is not red, and returns whether it is back after something happened.
fn is_back(word: &str, after: TimeDelta, change: impl Fn(&mut WorkItem)) -> bool {
    let mut screen = Screen::new(120, 40, 100);
    screen.press("2 G");
    let id = selected(&screen);
    assert!(!screen.snapshot.find(&id).unwrap().placement.status.is_red());
    screen.press("b");
    screen.type_text(word);
    screen.press("enter");
    assert_eq!(screen.state.rows.hidden, 1, "{word}");
    screen.now += after;
    touch(&mut screen, &id, change);
    screen.state.rows.hidden == 0
}

#[test]
fn a_card_comes_back_when_that_was_wanted() {
    let moment = TimeDelta::minutes(1);
    let nothing = |_: &mut WorkItem| {};
    let turns_red = |item: &mut WorkItem| item.placement.status = Status::Failed;
    let later = |item: &mut WorkItem| item.updated_at = sample::moment() + TimeDelta::hours(1);
    assert!(!is_back("activity", moment, nothing));
    assert!(is_back("activity", moment, later));
    assert!(!is_back("2h", moment, nothing));
    assert!(!is_back("2h", moment, later), "a time is a time");
    assert!(is_back("2h", moment, turns_red), "but nobody knew of this");
    assert!(is_back("2h", TimeDelta::hours(2), nothing));
    assert!(!is_back("tomorrow", TimeDelta::hours(2), nothing));
}

#[test]
fn the_screen_is_painted_again_when_a_time_is_over() {
    let mut screen = Screen::new(120, 40, 100);
    screen.press("2 b");
    screen.type_text("30m");
    screen.press("enter");
    let until = screen.now + TimeDelta::minutes(30);
    let due = crate::ui::view::next_change(&screen.state, &screen.snapshot, screen.now);
    assert!(due.is_some_and(|due| due <= until), "{due:?}");
    assert_eq!(screen.state.hides.next_end(screen.now), Some(until));
    assert_eq!(screen.state.hides.ended(until), 1);
}

#[test]
fn a_hide_is_judged_by_the_card_as_it_was() {
    let item = sample::card(1, Stage::Code);
    let now = sample::moment();
    let hide = Hide::new(&item, Wish::Activity);
    let changed = item.updated_at.max(item.placement.since);
    assert_eq!(hide.until, Until::Activity(changed));
    assert!(hide.is_snooze() && hide.holds(&item, now));
    assert!(!Hide::new(&item, Wish::ForGood).is_snooze());
    let past = Hide::new(&item, Wish::Time(Timestamp::UNIX_EPOCH));
    assert!(!past.holds(&item, now));
}

#[test]
fn several_cards_are_marked_and_acted_on_at_once() {
    let mut screen = Screen::new(120, 40, 200);
    screen.press("2 g g space space");
    assert_eq!(screen.state.board.marked.len(), 2);
    assert!(head(&screen).contains("2 marked"), "{}", head(&screen));
    screen.press("k space");
    assert_eq!(screen.state.board.marked.len(), 1);
    screen.press("g g v j j j");
    assert_eq!(screen.state.board.marked.len(), 1, "not yet");
    screen.press("v");
    assert_eq!(screen.state.board.marked.len(), 4);
    let effects = screen.press("x");
    assert!(matches!(&effects[0], Effect::Hide(changes) if changes.len() == 4));
    assert!(screen.state.board.marked.is_empty());
    screen.press("ctrl-a");
    let listed = screen.state.rows.columns[1].count;
    assert_eq!(screen.state.board.marked.len(), listed);
    screen.press("esc esc");
    assert!(screen.state.board.marked.is_empty());
    assert_eq!(screen.state.view, View::Board);
    screen.press("ctrl-a ctrl-a");
    assert!(screen.state.board.marked.is_empty());
    // A train stands for its changes.
    screen.press("5 g g space");
    let column = screen.snapshot.column(Stage::Release).unwrap();
    let first = column.rows[0].items().len();
    assert_eq!(screen.state.board.marked.len(), first);
}

#[test]
fn what_was_put_aside_is_left_out_of_lanes_and_of_what_calls() {
    let mut screen = Screen::new(120, 40, 100);
    screen.press("S 2 g g ctrl-a x");
    let lanes: usize = screen
        .state
        .lanes()
        .iter()
        .map(|lane| lane.columns[1].0)
        .sum();
    assert_eq!(lanes, 0);
    assert!(screen.state.rows.lines(1).is_empty());
    screen.press(":");
    screen.type_text("show-hidden");
    screen.press("enter");
    assert_eq!(screen.state.rows.shown, screen.state.rows.hidden);
}

/// The longest column, the cursor at its top.
fn long_column(screen: &mut Screen) -> usize {
    let columns = 0..screen.state.options.columns.len();
    let long = columns.max_by_key(|column| screen.state.rows.lines(*column).len());
    let column = long.unwrap();
    screen.press(&format!("{} g g", column + 1));
    column
}

#[test]
fn a_range_that_is_begun_counts_as_it_is_drawn() {
    let mut screen = Screen::new(120, 40, 100);
    let column = long_column(&mut screen);
    let stars = |screen: &Screen| screen.text().matches('*').count();
    screen.press("space j space v j j j");
    let lines: Vec<ItemId> = [0, 2, 3, 4, 5, 6]
        .into_iter()
        .filter_map(|at| match screen.state.line(&screen.snapshot, column, at) {
            Some(Shown::Item { item, .. }) => Some(item.id.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(lines.len(), 6, "no train among them");
    assert_eq!(stars(&screen), 6, "{}", screen.text());
    assert!(head(&screen).contains("6 marked"), "{}", head(&screen));
    let effects = screen.press("x");
    let Some(Effect::Hide(changes)) = effects.first() else {
        panic!("{effects:?}");
    };
    let mut hidden: Vec<ItemId> = changes.iter().map(|(id, _)| id.clone()).collect();
    let mut wanted = lines;
    hidden.sort();
    wanted.sort();
    assert_eq!(hidden, wanted);
    assert_eq!(stars(&screen), 0, "the range is over");
}

#[test]
fn a_range_without_marks_is_pinned_put_aside_and_copied_whole() {
    for (keys, count) in [("v j j P 5", 3), ("v P 5", 1)] {
        let mut screen = Screen::new(120, 40, 100);
        long_column(&mut screen);
        let effects = screen.press(keys);
        let pinned = effects.iter().find_map(|effect| {
            if let Effect::Pin(changes) = effect {
                Some(changes.len())
            } else {
                None
            }
        });
        assert_eq!(pinned, Some(count), "{keys}: {effects:?}");
    }
    let mut screen = Screen::new(120, 40, 100);
    long_column(&mut screen);
    let effects = screen.press("v j j y");
    let [Effect::Copy(text)] = &effects[..] else {
        panic!("{effects:?}");
    };
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(!head(&screen).contains("marked"), "{}", head(&screen));
    screen.press("v j b");
    screen.type_text("1d");
    let effects = screen.press("enter");
    assert!(
        matches!(&effects[0], Effect::Hide(changes) if changes.len() == 2),
        "{effects:?}"
    );
}

#[test]
fn a_range_is_of_its_column_only() {
    let mut screen = Screen::new(120, 40, 100);
    let column = long_column(&mut screen);
    screen.press("v j j");
    let other = if column == 0 { "2" } else { "1" };
    screen.press(other);
    assert!(!head(&screen).contains("marked"), "{}", head(&screen));
    let effects = screen.press("x");
    assert!(matches!(&effects[0], Effect::Hide(changes) if changes.len() == 1));
}
