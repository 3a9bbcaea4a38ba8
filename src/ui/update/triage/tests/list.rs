//! The list of red cards: its filter, and what is done with a line.

use ratatui::crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::*;
use crate::domain::hide::{Hide, Wish};
use crate::ui::rows::RowKey;

#[test]
fn the_list_is_filtered_while_it_is_written_and_esc_shows_all_again() {
    let (mut screen, shell) = opened(140, 40);
    let keys: Vec<String> = screen
        .snapshot
        .triage
        .cards
        .iter()
        .map(|card| card.triage.key.to_string())
        .collect();
    let number = keys[3].rsplit_once('#').unwrap().1.to_owned();
    let typed: Vec<String> = number.chars().map(String::from).collect();
    shell.press(&mut screen, &format!("/ {}", typed.join(" ")));
    assert_eq!(screen.state.triage.listed.len(), 1, "{keys:?}");
    let text = screen.text();
    assert!(text.contains("1 of 5 red"), "{text}");
    shell.press(&mut screen, "enter");
    let selected = screen.state.triage.selected.clone();
    assert_eq!(
        selected.as_ref(),
        Some(&screen.snapshot.triage.cards[3].triage.item)
    );
    assert!(
        screen.state.filter.query.is_empty(),
        "the board has its own"
    );
    // In the log the same key searches.
    shell.press(&mut screen, "l esc");
    assert_eq!(screen.state.view, View::Triage);
    assert_eq!(screen.state.triage.listed.len(), 5);
    assert_eq!(screen.state.triage.selected, selected, "it stays selected");
    assert_eq!(screen.state.triage.at, 3);
}

#[test]
fn a_filter_that_nothing_passes_says_so_and_esc_brings_the_one_before_back() {
    let (mut screen, shell) = opened(80, 24);
    shell.press(&mut screen, "/ z z z z z z");
    assert!(screen.text().contains("0 of 5 red"), "{}", screen.text());
    shell.press(&mut screen, "j k i");
    shell.press(&mut screen, "esc");
    assert_eq!(screen.state.triage.listed.len(), 5);
    assert!(screen.state.triage.selected.is_some());
}

#[test]
fn a_card_that_is_asked_for_makes_the_filter_give_way() {
    let (mut screen, shell) = opened(140, 40);
    let cards = &screen.snapshot.triage.cards;
    let (first, second) = (cards[0].triage.item.clone(), cards[1].triage.item.clone());
    let key = cards[0].triage.key.to_string();
    let number = key.rsplit_once('#').unwrap().1;
    let typed: Vec<String> = number.chars().map(String::from).collect();
    shell.press(&mut screen, &format!("/ {} enter", typed.join(" ")));
    assert_eq!(screen.state.triage.selected, Some(first));
    let told = Effect::Toast("the filter was taken away".to_owned());
    let effects = shell.press(&mut screen, "g 1");
    assert!(effects.contains(&told), "{effects:?}");
    assert_eq!(screen.state.triage.selected, Some(second));
}

fn text_of(effect: Effect) -> Option<String> {
    if let Effect::Copy(text) = effect {
        Some(text)
    } else {
        None
    }
}

#[track_caller]
fn copied(keys: &str) -> String {
    let (mut screen, shell) = opened(140, 40);
    let effects = shell.press(&mut screen, keys);
    let copied = effects.into_iter().find_map(text_of);
    copied.unwrap_or_else(|| panic!("nothing was copied by {keys}"))
}

#[test]
fn what_is_copied_is_the_error_under_the_cursor_or_the_line() {
    assert!(copied("e y").contains("retry_after_timeout"));
    assert_eq!(copied("l l g g y").lines().count(), 1);
    assert!(copied("l l g g y").contains("actions/checkout"));
    assert!(copied("l l G y").contains("exit code 101"));
    // Elsewhere it is the first error, wherever the log is.
    assert!(copied("y").contains("retry_after_timeout"));
    assert!(copied("l l g g h y").contains("retry_after_timeout"));
}

#[test]
fn what_is_not_loaded_yet_is_copied_as_soon_as_it_is() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "e");
    let log = &mut screen.state.triage.log;
    let line = log.line().unwrap();
    let error = log.errors.iter().find(|error| error.line == line);
    let error = error.unwrap().clone();
    log.lines.clear();
    log.asked.clear();
    // The shell answers what was asked for.
    let effects = shell.press(&mut screen, "y");
    let text = effects.into_iter().find_map(text_of);
    let lines = u64::try_from(text.unwrap_or_default().lines().count()).unwrap();
    assert_eq!(lines, error.block.end - error.block.start);
    assert_eq!(screen.state.triage.log.copying, None);
}

#[test]
fn long_lines_are_read_to_the_side_and_no_further_than_they_go() {
    let (mut screen, shell) = opened(80, 24);
    shell.press(&mut screen, "e");
    for _ in 0..50 {
        shell.press(&mut screen, "k");
    }
    assert!(screen.text().contains('…'), "{}", screen.text());
    let mut before = 0;
    for _ in 0..40 {
        shell.press(&mut screen, "l");
        let left = screen.state.triage.log.left;
        assert!(left >= before);
        before = left;
    }
    assert!(before > 20 && before < 200, "{before}");
    let text = screen.text();
    assert!(
        text.contains("from column") && text.contains("xxx"),
        "{text}"
    );
    for _ in 0..40 {
        if screen.state.triage.log.left > 0 {
            shell.press(&mut screen, "h");
        }
    }
    assert_eq!(screen.state.triage.pane, Pane::Log);
    shell.press(&mut screen, "h");
    assert_eq!(screen.state.triage.pane, Pane::Tree);
}

#[test]
fn one_key_shows_the_detail_of_a_red_card_and_hides_it() {
    let (mut screen, shell) = opened(140, 40);
    let item = screen.state.triage.selected.clone().unwrap();
    shell.press(&mut screen, "i");
    let key = screen.state.detail().map(|detail| detail.key.clone());
    assert_eq!(key, Some(RowKey::Item(item)));
    assert!(screen.text().contains('┌'), "{}", screen.text());
    shell.press(&mut screen, "i");
    assert!(screen.state.detail().is_none());
    assert_eq!(screen.state.view, View::Triage);
    shell.press(&mut screen, "g b i");
    assert!(screen.state.detail().is_some(), "on the board, too");
}

#[test]
fn while_a_filter_is_written_nobody_goes_to_another_card() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "j l T enter h h");
    let before = (
        screen.state.triage.selected.clone(),
        screen.state.triage.job,
        screen.state.triage.log.key.clone(),
        screen.state.triage.tree,
    );
    let effects = screen.press("/ z z z");
    assert_eq!(effects, [], "no log is asked for or closed");
    assert_eq!(screen.state.triage.listed.len(), 0);
    shell.press(&mut screen, "esc");
    let triage = &screen.state.triage;
    let after = (
        triage.selected.clone(),
        triage.job,
        triage.log.key.clone(),
        triage.tree,
    );
    assert_eq!(after, before);
    assert_eq!(triage.at, 1);
    shell.press(&mut screen, "/ z z z enter");
    assert_eq!(screen.state.triage.selected, None, "it was meant");
}

#[test]
fn in_a_detail_over_the_triage_the_keys_walk_its_cards_and_not_the_hidden_board() {
    let (mut screen, shell) = opened(140, 40);
    let cards = screen.snapshot.triage.cards.iter();
    let items: Vec<_> = cards.map(|card| card.triage.item.clone()).collect();
    let board = (screen.state.board.focus, screen.state.focused().unwrap().at);
    shell.press(&mut screen, "i");
    for (keys, at) in [("l", 1), ("l", 2), ("h", 1), ("h", 0), ("h", 0)] {
        shell.press(&mut screen, keys);
        let key = screen.state.detail().map(|detail| detail.key.clone());
        assert_eq!(key, Some(RowKey::Item(items[at].clone())), "{keys}");
        assert_eq!(screen.state.triage.selected.as_ref(), Some(&items[at]));
    }
    let column = screen.state.focused().unwrap();
    assert_eq!((screen.state.board.focus, column.at), board);
    assert!(!column.chosen, "nobody chose a card of the board");
}

/// Takes the cards off the board; they stay in the triage.
fn off_the_board(screen: &mut Screen) {
    let columns = screen.snapshot.columns.iter_mut();
    columns.for_each(|column| column.rows = Arc::default());
    screen.snapshot.generation += 1;
    screen.arrive();
}

#[test]
fn a_red_card_that_left_the_board_has_its_source_asked() {
    let (mut screen, shell) = opened(140, 40);
    off_the_board(&mut screen);
    let source = screen.snapshot.sources[0].name.clone();
    let effects = shell.press(&mut screen, "r");
    assert!(effects.contains(&Effect::Refresh(source)), "{effects:?}");
}

#[test]
fn where_nobody_can_be_asked_no_log_is_told_to_be_on_its_way() {
    let (mut screen, shell) = opened(140, 40);
    off_the_board(&mut screen);
    shell.press(&mut screen, "g b");
    screen.state.triage.log.key = Some(log_key());
    screen.state.triage.log.standing = LogStanding::Failed("gone".into(), false);
    let state = &mut screen.state;
    let effects = crate::ui::update::act::refresh(state, &screen.snapshot);
    assert!(matches!(effects[..], [Effect::Toast(_)]), "{effects:?}");
    let standing = &screen.state.triage.log.standing;
    assert_eq!(*standing, LogStanding::Failed("gone".into(), false));
}

#[test]
fn the_engine_hears_which_card_is_looked_at_when_a_snapshot_selects_it() {
    let mut screen = Screen::with(140, 40, snapshot(), UiOptions::default());
    let board = std::mem::take(&mut screen.snapshot.triage);
    screen.snapshot.generation += 1;
    screen.arrive();
    screen.press("g f");
    assert_eq!(screen.state.looked, None);
    let first = board.cards[0].triage.item.clone();
    screen.snapshot.triage = board;
    screen.snapshot.generation += 1;
    let effects = crate::ui::update::on_snapshot(&mut screen.state, &screen.snapshot, screen.now);
    assert!(effects.contains(&Effect::Look(Some(first))), "{effects:?}");
}

/// Clicks on a cell.
fn click(screen: &mut Screen, x: u16, y: u16) {
    let kind = MouseEventKind::Down(MouseButton::Left);
    screen.event(&Event::Mouse(MouseEvent {
        kind,
        column: x,
        row: y,
        modifiers: KeyModifiers::NONE,
    }));
}

/// Returns the row of the screen in which a text stands, and its column.
#[track_caller]
fn place(screen: &Screen, text: &str) -> (u16, u16) {
    let all = screen.text();
    let rows = all.lines().zip(0_u16..);
    let found = rows.filter_map(|(line, y)| Some((line.find(text)?, line, y)));
    let (at, line, y) = found.last().unwrap_or_else(|| panic!("{text}: {all}"));
    (
        u16::try_from(line.get(..at).unwrap().chars().count()).unwrap(),
        y,
    )
}

#[test]
fn while_the_cursor_moves_a_click_beside_the_list_takes_no_line_that_was_not_seen() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    let (x, y) = place(&screen, "not yours");
    shell.press(&mut screen, "h");
    screen.rests = false;
    screen.draw();
    shell.press(&mut screen, "j");
    assert!(screen.text().contains("not yours"), "{}", screen.text());
    let before = (
        screen.state.triage.tree,
        screen.state.triage.tree_mark.clone(),
    );
    click(&mut screen, x, y);
    assert_eq!(screen.state.triage.pane, Pane::Tree);
    let after = (
        screen.state.triage.tree,
        screen.state.triage.tree_mark.clone(),
    );
    assert_eq!(after, before);
}

#[test]
fn a_click_selects_the_line_that_is_seen_below_sentences_of_several_rows() {
    let (mut screen, shell) = opened(140, 40);
    shell.press(&mut screen, "l");
    for text in ["lint", "first bad commit", "earlier attempts", "not yours"] {
        let (x, y) = place(&screen, text);
        click(&mut screen, x, y);
        let lines =
            crate::ui::update::triage::tree_lines(&screen.state, &screen.snapshot, screen.now);
        let here = &lines[screen.state.triage.tree].text;
        assert!(here.starts_with(text), "{here}");
    }
    let (x, y) = place(&screen, "this ran (run 803");
    click(&mut screen, x, y);
    let lines = crate::ui::update::triage::tree_lines(&screen.state, &screen.snapshot, screen.now);
    let here = &lines[screen.state.triage.tree].text;
    assert!(here.starts_with("not yours"), "its second row: {here}");
}

#[test]
fn a_click_and_a_page_in_a_wrapped_log_go_by_its_lines() {
    let (mut screen, shell) = opened(80, 24);
    shell.press(&mut screen, "e w Z Z g g");
    for _ in 0..60 {
        shell.press(&mut screen, "j");
    }
    shell.press(&mut screen, "ctrl-d ctrl-d ctrl-d");
    let rows = screen.state.triage.log.rows.clone();
    let lines = rows.chunk_by(|one, next| one == next).count();
    assert!(lines < rows.len(), "some take several rows: {rows:?}");
    let panes = crate::ui::update::triage::panes(&screen.state);
    let log = panes.body(Pane::Log).unwrap();
    // The last may be cut by the edge: it comes wholly into view.
    let whole = rows.iter().filter(|row| Some(*row) != rows.last());
    for (row, y) in whole.zip(log.y..) {
        click(&mut screen, log.x + 8, y);
        assert_eq!(screen.state.triage.log.cursor, *row);
        assert_eq!(screen.state.triage.log.rows, rows, "nothing moved");
    }
    let last = screen.state.triage.log.cursor;
    shell.press(&mut screen, "pgdn");
    let moved = screen.state.triage.log.cursor - last;
    assert_eq!(moved, lines as u64, "no line is passed over");
}

#[test]
fn without_a_log_the_keys_of_the_log_say_why() {
    let mut screen = Screen::with(140, 40, snapshot(), UiOptions::default());
    screen.press("g f");
    for keys in ["z", "Z", "S"] {
        let told = Effect::Toast("the log is on its way".to_owned());
        assert_eq!(screen.press(keys), [told], "{keys}");
    }
}

#[test]
fn help_names_no_key_that_means_something_else_here() {
    let (mut screen, _) = opened(140, 60);
    let keys_of = |screen: &Screen, name: &str| {
        let entries = crate::ui::view::help_lines(&screen.state);
        let entry = entries.into_iter().find(|entry| entry.name == name);
        entry.unwrap().keys
    };
    assert_eq!(keys_of(&screen, "next-theme"), Vec::<String>::new());
    assert_eq!(keys_of(&screen, "copy-key"), Vec::<String>::new());
    assert_eq!(keys_of(&screen, "times"), ["t"]);
    assert_eq!(keys_of(&screen, "copy-url"), ["Y"]);
    screen.press("g b");
    assert_eq!(keys_of(&screen, "next-theme"), ["t"]);
    assert_eq!(
        keys_of(&screen, "times"),
        ["t"],
        "it is told where it holds"
    );
}

#[test]
fn a_name_with_a_slash_is_no_owner() {
    let repo = crate::domain::key::RepoKey::new("github.com", "acme/web");
    for (key, short) in [
        ("acme/web#7", "web#7"),
        ("acme/web CI / Linux", "web CI / Linux"),
        ("PAY-7", "PAY-7"),
        ("acme", "acme"),
    ] {
        assert_eq!(crate::domain::names::without_owner(key, Some(&repo)), short);
    }
}

#[test]
fn what_was_put_aside_is_counted_and_not_listed_until_it_is_asked_for() {
    let (mut screen, shell) = opened(140, 40);
    let cards = screen.snapshot.triage.cards.clone();
    let item = screen.snapshot.find(&cards[0].triage.item).unwrap();
    let hide = Hide::new(item, Wish::ForGood);
    screen.state.hides.set(item.id.clone(), Some(hide));
    let soon = screen.now + chrono::TimeDelta::minutes(5);
    let item = screen.snapshot.find(&cards[1].triage.item).unwrap();
    let snooze = Hide::new(item, Wish::Time(soon));
    screen.state.hides.set(item.id.clone(), Some(snooze));
    screen.state.touch();
    screen.arrive();
    assert_eq!(screen.state.triage.listed.len(), 3);
    assert!(
        screen.text().contains("3 red, 2 hidden"),
        "{}",
        screen.text()
    );
    let listed = |screen: &Screen, at: usize| {
        let item = &cards[at].triage.item;
        super::super::list::row_of(&screen.state, &screen.snapshot, item).is_some()
    };
    assert!(!listed(&screen, 0), "the cursor is no reason to stay");
    assert_ne!(
        screen.state.triage.selected.as_ref(),
        Some(&cards[0].triage.item)
    );
    shell.press(&mut screen, ":");
    shell.press(&mut screen, "s h o w - h i d d e n enter");
    assert_eq!(screen.state.view, View::Triage);
    assert!(listed(&screen, 0) && listed(&screen, 1) && !listed(&screen, 2));
    assert!(
        screen.state.filter.query.is_empty(),
        "the board has its own"
    );
    shell.press(&mut screen, "esc");
    screen.now = soon;
    screen.arrive();
    assert!(listed(&screen, 1), "its time has come");
    assert!(
        screen.text().contains("4 red, 1 hidden"),
        "{}",
        screen.text()
    );
    // Whoever asks for one that was put aside sees it.
    let id = cards[0].triage.item.clone();
    assert!(super::super::show(&mut screen.state, &screen.snapshot, &id));
    assert_eq!(screen.state.triage.selected, Some(id));
}
