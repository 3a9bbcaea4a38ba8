//! The list of red cards: its filter, and what is done with a line.

use super::*;

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
    assert_eq!(screen.state.triage.selected, None);
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
    let error = log.error().unwrap().clone();
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
    assert_eq!(key, Some(crate::ui::rows::RowKey::Item(item)));
    assert!(screen.text().contains('┌'), "{}", screen.text());
    shell.press(&mut screen, "i");
    assert!(screen.state.detail().is_none());
    assert_eq!(screen.state.view, View::Triage);
    shell.press(&mut screen, "g b i");
    assert!(screen.state.detail().is_some(), "on the board, too");
}
