//! What a terminal sends beside keys, what becomes of the picture when its size changes, and what is
//! typed while the board ends: the real program in a pseudo-terminal.

use vt100::Screen;

use crate::support::env::Home;
use crate::support::pty::Pty;

const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

fn is_board(screen: &Screen) -> bool {
    Pty::hints(screen).starts_with(" enter open") && screen.contents().contains(" because ")
}

fn board(home: &Home, columns: u16, rows: u16, variables: &[(&str, &str)]) -> Pty {
    let mut pty = Pty::start_with(home, &SMALL, columns, rows, variables);
    pty.wait("board", is_board);
    pty
}

#[test]
fn no_report_of_a_terminal_takes_the_keyboard_away() {
    let home = Home::new();
    let mut pty = board(&home, 120, 40, &[]);
    for report in [
        "\u{1b}[?997;1n",
        "\u{1b}[?2026;2$y",
        "\u{1b}[?13n",
        "\u{1b}[?",
        "\u{1b}[?62;",
        "\u{1b}]11;rgb:",
        "\u{1b}[200~",
    ] {
        pty.send(report);
        // What was begun and not ended may cost what is typed in the same moment, and no more.
        pty.press_until("?", "help", |screen| {
            screen
                .contents()
                .contains("enter runs the selected command")
        });
        pty.send("\u{1b}");
        pty.wait("board again", is_board);
    }
    // No pause at all: the way out is heard in the midst of anything.
    pty.send("\u{1b}[?\u{3}");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored(), "the terminal is not as it was");
}

#[test]
fn an_answer_about_the_ground_counts_whenever_it_comes() {
    let home = Home::new();
    home.configure("[ui]\ntheme = \"auto\"\n");
    let mut pty = board(&home, 120, 40, &[("COLORTERM", "truecolor")]);
    pty.wait_written("\u{1b}]11;?");
    let ground = |screen: &Screen| screen.cell(20, 60).map(vt100::Cell::bgcolor);
    // A person goes on meanwhile.
    pty.send("?");
    pty.wait_for("enter runs the selected command");
    let dark = ground(pty.screen());
    pty.send("\u{1b}]11;#ffffff\u{7}");
    pty.wait("a light ground", |screen| ground(screen) != dark);
    let light = ground(pty.screen());
    pty.send("\u{1b}[?997;1n");
    pty.wait("a dark ground", |screen| ground(screen) != light);
    pty.send("\u{1b}\u{3}");
    assert_eq!(pty.end(), 0);
}

#[test]
fn a_terminal_that_was_smaller_for_a_moment_shows_the_whole_picture_again() {
    let home = Home::new();
    let mut pty = board(&home, 120, 40, &[]);
    // The last column, and its border in each line of the board.
    let is_whole = |screen: &Screen| {
        let border = |line: u16| Pty::line(screen, line).matches('│').count() >= 7;
        Pty::line(screen, 2).contains("Mon") && (4..38).all(border)
    };
    assert!(is_whole(pty.screen()), "{}", pty.text());
    for _ in 0..8 {
        pty.resize(40, 10);
        pty.resize(120, 40);
        pty.wait("the whole picture", |screen| {
            is_board(screen) && is_whole(screen)
        });
    }
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

/// A program that takes its time to end, so that the board does.
const SLOW: &str = r#"
[[command]]
name = "slow"
key = "f4"
argv = ["sh", "-c", "trap '' TERM; touch begun; while :; do sleep 0.1; done"]
"#;

#[test]
fn what_is_typed_while_the_board_ends_is_neither_shown_nor_a_signal() {
    let home = Home::new();
    home.configure(SLOW);
    let mut pty = board(&home, 120, 40, &[]);
    pty.send("\u{1b}[14~");
    pty.wait_for("`slow` is running");
    // Before its trap is set, it would end at once.
    pty.wait_file(&home.path("work/begun"));
    pty.send("\u{3}");
    pty.wait("main screen", |screen| !screen.alternate_screen());
    pty.send("typed\r\u{3}\u{1a}");
    assert_eq!(pty.end(), 0);
    assert!(!pty.text().contains("typed"), "{}", pty.text());
    assert!(!pty.text().contains('^'), "{}", pty.text());
    assert!(pty.is_restored(), "the terminal is not as it was");
}
