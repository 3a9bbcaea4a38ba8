//! Pictures of the stand-up, and laws of what it paints.

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use crate::ui::testing::Screen;
use crate::ui::testing::standup::{Shell, opened};
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

const SIZES: [(u16, u16); 4] = [(40, 10), (60, 15), (80, 24), (200, 60)];

#[test]
fn the_view_has_a_shape_for_every_screen() {
    for (width, height) in SIZES {
        let (mut screen, mut shell) = opened(width, height);
        shell.press(&mut screen, "n n");
        insta::assert_snapshot!(format!("walk_{width}x{height}"), screen.text());
        shell.press(&mut screen, "b n");
        insta::assert_snapshot!(format!("people_{width}x{height}"), screen.text());
    }
}

#[test]
fn the_parking_lot_and_the_line_of_its_notes() {
    for (width, height) in [(60, 15), (80, 24)] {
        let (mut screen, mut shell) = opened(width, height);
        shell.press(&mut screen, "m s p l i t space i t ?");
        insta::assert_snapshot!(format!("note_{width}x{height}"), screen.text());
        shell.press(&mut screen, "enter L");
        insta::assert_snapshot!(format!("lot_{width}x{height}"), screen.text());
    }
}

#[test]
fn who_speaks_too_long_is_told_in_a_word() {
    for (width, height) in [(60, 15), (80, 24)] {
        let (mut screen, mut shell) = opened(width, height);
        shell.press(&mut screen, "space");
        shell.wait(&mut screen, 75);
        insta::assert_snapshot!(format!("over_{width}x{height}"), screen.text());
        assert!(screen.text().contains("OVER by 0:15"), "{}", screen.text());
    }
}

#[test]
fn a_turn_is_as_long_as_the_team_says_and_a_card_half_as_long() {
    let mut screen = Screen::new(80, 24, 48);
    let mut shell = Shell {
        turn_secs: Some(40),
        ..Shell::default()
    };
    shell.press(&mut screen, "g s space");
    shell.wait(&mut screen, 15);
    assert!(screen.text().contains("0:15 of 0:20"), "{}", screen.text());
    shell.wait(&mut screen, 10);
    assert!(screen.text().contains("OVER by 0:05"), "{}", screen.text());
    shell.press(&mut screen, "b");
    assert!(screen.text().contains("of 0:40"), "{}", screen.text());
}

#[test]
fn the_question_at_the_end_says_what_it_means() {
    let (mut screen, mut shell) = opened(80, 24);
    shell.press(&mut screen, "D");
    insta::assert_snapshot!("held_80x24", screen.text());
}

#[test]
fn what_is_waited_for_is_said() {
    let mut screen = Screen::new(80, 24, 48);
    let mut shell = Shell {
        stalls: true,
        ..Shell::default()
    };
    shell.press(&mut screen, "g s");
    assert!(screen.text().contains("history is being read"));
}

#[test]
fn without_colour_nothing_is_told_by_colour_alone() {
    let (mut screen, mut shell) = opened(80, 24);
    screen.theme = Theme::builtin("dark", ColorDepth::Mono, Glyphs::Ascii).unwrap();
    screen.terminal = Terminal::new(TestBackend::new(80, 24)).unwrap();
    shell.press(&mut screen, "space");
    shell.wait(&mut screen, 75);
    insta::assert_snapshot!("walk_ascii_80x24", screen.text());
    shell.press(&mut screen, "b");
    insta::assert_snapshot!("people_ascii_80x24", screen.text());
    let painted = screen.buffer().content().iter();
    let colours = painted.filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset);
    assert_eq!(colours.count(), 0);
}

#[test]
fn any_size_is_painted() {
    for width in 1..90 {
        for height in [1, 3, 6, 8, 11, 14, 30] {
            let (mut screen, mut shell) = opened(width, height);
            shell.press(&mut screen, "space b tab m x esc");
        }
    }
}
