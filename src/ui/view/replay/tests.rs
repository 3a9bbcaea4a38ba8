//! Frames of the past in every size, without colour and in ASCII, and laws for every size.

use proptest::prelude::*;
use ratatui::style::Color;

use crate::domain::history::Ledger;
use crate::engine::snapshot::PastRead;
use crate::ui::testing::Screen;
use crate::ui::testing::replay::{Projector, screen};
use crate::ui::testing::standup::Shell;
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

fn picture(width: u16, height: u16, keys: &str) -> (Screen, Projector) {
    let (mut screen, mut projector) = screen(width, height, 62);
    projector.press(&mut screen, keys);
    (screen, projector)
}

#[test]
fn the_past_has_its_picture_in_every_size() {
    for (width, height) in [(20, 5), (40, 12), (80, 24), (120, 40), (200, 60)] {
        let (screen, _) = picture(width, height, "{ { [ [ [");
        insta::assert_snapshot!(format!("past_{width}x{height}"), screen.text());
    }
}

#[test]
fn what_lies_over_the_past_has_its_picture() {
    for (name, keys) in [
        ("now", "5"),
        ("detail", "{ { { 3 enter"),
        ("help", "[ ?"),
        ("zoom", "{ { 3 z"),
    ] {
        let (screen, _) = picture(80, 24, keys);
        insta::assert_snapshot!(format!("past_{name}_80x24"), screen.text());
    }
}

#[test]
fn before_history_counts_it_says_so() {
    let (mut screen, mut projector) = screen(80, 24, 0);
    let whole = crate::ui::testing::flow::ledger(40);
    let since = screen.now - chrono::TimeDelta::days(20);
    projector.recall(
        &mut screen,
        Ledger {
            since: Some(since),
            ..whole
        },
    );
    for _ in 0..45 {
        projector.press(&mut screen, "{");
    }
    insta::assert_snapshot!("past_incomplete_80x24", screen.text());
}

#[test]
fn a_history_in_which_nothing_happened_says_since_when_it_counts() {
    let (mut screen, mut projector) = screen(80, 24, 0);
    assert!(
        screen.text().contains("there is no history yet"),
        "{}",
        screen.text()
    );
    let since = Some(screen.now - chrono::TimeDelta::hours(1));
    projector.recall(
        &mut screen,
        Ledger {
            since,
            ..Ledger::default()
        },
    );
    assert!(
        screen.text().contains("history counts since"),
        "{}",
        screen.text()
    );
}

/// Says that the past of some of ten repositories is read.
fn read_of(screen: &mut Screen, read: usize) {
    screen.snapshot.sources[0].past = PastRead {
        read,
        of: 10,
        ..PastRead::default()
    };
    screen.draw();
}

#[test]
fn while_the_past_is_read_every_view_of_it_says_how_far_in_the_same_words() {
    let told = "reading the past: 3 of 10 repositories";
    let (mut screen, mut projector) = screen(80, 24, 0);
    read_of(&mut screen, 3);
    assert!(screen.text().contains(told), "{}", screen.text());
    assert!(
        !screen.text().contains("no history yet"),
        "{}",
        screen.text()
    );
    // What is there already is shown; that it is not all is said above.
    projector.recall(&mut screen, crate::ui::testing::flow::ledger(40));
    assert!(screen.text().contains(told), "{}", screen.text());
    read_of(&mut screen, 10);
    assert!(
        !screen.text().contains("the past is read"),
        "{}",
        screen.text()
    );
    let mut flow = crate::ui::testing::flow::screen(80, 24, 0);
    read_of(&mut flow, 3);
    assert!(flow.text().contains(told), "{}", flow.text());
    let mut standup = Screen::new(80, 24, 48);
    let mut shell = Shell {
        hours: Some(1),
        ..Shell::default()
    };
    shell.press(&mut standup, "g s");
    read_of(&mut standup, 3);
    assert!(standup.text().contains(told), "{}", standup.text());
}

#[test]
fn a_past_that_is_read_and_not_told_yet_is_no_past_without_history() {
    let (mut screen, _) = screen(80, 24, 0);
    read_of(&mut screen, 10);
    let told = "the past is read of 10 of 10 repositories, and told now";
    assert!(screen.text().contains(told), "{}", screen.text());
}

#[test]
fn the_past_is_told_in_ascii_and_without_colour() {
    for (width, height) in [(20, 5), (80, 24), (120, 40), (200, 60)] {
        let (mut screen, _) = picture(width, height, "{ { [");
        screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
        screen.draw();
        let text = screen.text();
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains("past >"), "{text}");
        let mut cells = screen.buffer().content().iter();
        assert!(cells.all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn any_moment_is_marked_as_past_whatever_the_size(
        width in 1_u16..220, height in 1_u16..70, keys in "[\\[\\]{}jkhl0z]{1,12}",
    ) {
        let (mut screen, mut projector) = screen(width, height, 50);
        projector.press(&mut screen, "{ [");
        for key in keys.chars() {
            projector.press(&mut screen, &key.to_string());
        }
        let text = screen.text();
        let is_past = screen.state.replay.at.is_some();
        if width >= 12 {
            prop_assert_eq!(text.contains("past »"), is_past, "{}", text);
            prop_assert_eq!(text.contains("« now »"), !is_past, "{}", text);
        }
    }
}
