//! The real program in a pseudo-terminal: keys in, screen out.

use vt100::Screen;

use crate::support::env::Home;
use crate::support::pty::Pty;

/// A small team that is simulated quickly.
const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

/// Starts the demo and waits until it shows cards.
fn board(home: &Home, columns: u16, rows: u16) -> Pty {
    let mut pty = Pty::start(home, &SMALL, columns, rows);
    pty.wait("board of simulated data", |screen| {
        Pty::line(screen, 0).contains("simulated") && is_board(screen)
    });
    pty
}

/// Whether the board with its cards fills the screen, whatever size that has now, and nothing is
/// open over it.
fn is_board(screen: &Screen) -> bool {
    Pty::hints(screen).starts_with(" enter open") && screen.contents().contains('#')
}

#[track_caller]
fn quits(mut pty: Pty) {
    pty.send("q");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored(), "the terminal is not as it was");
}

#[test]
fn the_board_comes_up_and_quits() {
    let home = Home::new();
    let pty = board(&home, 200, 60);
    for title in [
        "Plan", "Code", "Build", "Test", "Release", "Deploy", "Operate", "Monitor",
    ] {
        assert!(
            pty.text().contains(title),
            "no `{title}` on\n{}",
            pty.text()
        );
    }
    quits(pty);
}

#[test]
fn the_second_start_is_a_warm_one() {
    let home = Home::new();
    quits(board(&home, 120, 40));
    let mut pty = Pty::start(&home, &SMALL, 120, 40);
    // The very first frame already has cards: they come from the store.
    let first = pty.wait_written("\u{1b}[?2026l");
    assert!(
        first.contains('#'),
        "no card in the first frame:\n{}",
        pty.text()
    );
    quits(pty);
}

#[test]
fn a_frame_is_framed_and_nothing_else_is_written() {
    let home = Home::new();
    let mut pty = board(&home, 120, 40);
    pty.send("?");
    pty.wait_for("enter runs the selected command");
    pty.send("\u{1b}");
    pty.wait("board again", is_board);
    pty.send("q");
    assert_eq!(pty.end(), 0);
    let raw = String::from_utf8_lossy(&pty.raw).into_owned();
    let (begun, ended) = (raw.matches("\u{1b}[?2026h"), raw.matches("\u{1b}[?2026l"));
    // Leaving may end one more, in case a frame was cut.
    let (begun, ended) = (begun.count(), ended.count());
    assert!(begun == ended || begun + 1 == ended, "{begun} {ended}");
    assert!(
        !raw.contains("\u{1b}[6n"),
        "the terminal was asked for its cursor"
    );
}

#[test]
fn a_filter_narrows_and_escape_takes_it_away() {
    let home = Home::new();
    let mut pty = board(&home, 160, 40);
    pty.send("/");
    pty.send("nothing-is-called-so");
    pty.wait("count beside its filter", |screen| {
        let header = Pty::line(screen, 0);
        header.contains("  0 of ") && header.contains(" cards  /nothing-is-called-so ")
    });
    assert!(!pty.text().contains('#'), "{}", pty.text());
    pty.send("\u{1b}");
    pty.wait("cards again", is_board);
    assert!(!pty.text().contains("nothing-is"), "{}", pty.text());
    quits(pty);
}

#[test]
fn help_palette_detail_and_sources_open_and_close() {
    let home = Home::new();
    let mut pty = board(&home, 160, 45);
    pty.send("?");
    pty.wait_for("enter runs the selected command");
    pty.send("\u{1b}");
    pty.wait("board again", is_board);
    pty.send("go");
    pty.wait("view of sources", |screen| {
        screen.contents().contains("127.0.0.1") && Pty::hints(screen).contains("g b board")
    });
    pty.send("gb");
    pty.wait("board again", is_board);
    pty.send(":");
    pty.send("refresh");
    // Before the word is whole, every command is offered.
    pty.wait("two commands that are called so", |screen| {
        let text = screen.contents();
        text.contains("│ refresh-all  ") && !text.contains("│ overview  ")
    });
    pty.send("\u{1b}");
    pty.wait("board again", is_board);
    quits(pty);
}

#[test]
fn a_card_opens_and_tells_why_it_is_where_it_is() {
    let home = Home::new();
    let mut pty = board(&home, 80, 24);
    pty.send("\r");
    pty.wait("detail of a card", |screen| {
        Pty::hints(screen).starts_with(" esc back") && screen.contents().contains("opened   ")
    });
    pty.send("\u{1b}");
    pty.wait("board again", is_board);
    quits(pty);
}

#[test]
fn sizes_from_one_cell_to_a_wall() {
    let home = Home::new();
    let mut pty = board(&home, 80, 24);
    pty.resize(40, 10);
    // Of the picture before, this line had a card.
    pty.wait("picture of 40x10", is_board);
    pty.resize(1, 1);
    pty.resize(8, 1);
    pty.resize(200, 60);
    pty.wait("picture of 200x60", |screen| {
        is_board(screen) && Pty::line(screen, 2).contains("8 Monitor ")
    });
    quits(pty);
}

#[test]
fn a_storm_of_resizes_ends_in_the_right_picture() {
    let home = Home::new();
    let mut pty = board(&home, 80, 24);
    for step in 0..200_u16 {
        pty.resize(40 + step % 120, 10 + step % 50);
    }
    pty.resize(200, 60);
    pty.wait("picture of 200x60", |screen| {
        is_board(screen) && Pty::line(screen, 2).contains("8 Monitor ")
    });
    quits(pty);
}

#[test]
fn signals_end_it_with_their_code_and_a_restored_terminal() {
    for (name, code) in [("HUP", 129), ("INT", 130), ("QUIT", 131), ("TERM", 143)] {
        let home = Home::new();
        let mut pty = board(&home, 80, 24);
        pty.signal(name);
        assert_eq!(pty.end(), code, "{name}");
        assert!(
            pty.is_restored(),
            "{name} leaves the terminal as it was not"
        );
    }
}

#[test]
fn it_can_be_suspended_and_resumed() {
    let home = Home::new();
    let mut pty = board(&home, 120, 40);
    pty.send("\u{1a}");
    pty.wait_state('T');
    pty.wait("main screen", |screen| !screen.alternate_screen());
    assert!(pty.is_restored(), "the terminal is not as it was");
    pty.signal("CONT");
    pty.wait("board again", |screen| {
        screen.alternate_screen() && is_board(screen)
    });
    quits(pty);
}

#[test]
fn pasted_text_presses_no_keys() {
    let home = Home::new();
    let mut pty = board(&home, 120, 40);
    pty.send("\u{1b}[200~qqqq\r?\u{1b}[201~");
    pty.wait_for("pasted text is ignored here");
    assert!(pty.screen().alternate_screen());
    quits(pty);
}

#[test]
fn an_arrow_neither_closes_nor_types() {
    let home = Home::new();
    let mut pty = board(&home, 120, 40);
    pty.send("/");
    pty.send("a");
    pty.wait("filter", |screen| {
        Pty::line(screen, 0).contains(" cards  /a ")
    });
    // How long its parts may be apart is a law of the keys; here they come as a terminal sends them.
    pty.send("\u{1b}[B");
    // The arrow goes forth in the history: to the empty line.
    pty.send("b");
    pty.wait("other filter", |screen| {
        Pty::line(screen, 0).contains(" cards  /b ")
    });
    assert!(!pty.text().contains("[B"), "{}", pty.text());
    pty.send("\u{1b}");
    pty.wait("board again", is_board);
    quits(pty);
}

#[test]
fn no_color_and_ascii_keep_to_what_the_terminal_can() {
    let home = Home::new();
    let variables = [("NO_COLOR", "1"), ("LANG", "C")];
    let mut pty = Pty::start_with(&home, &SMALL, 120, 40, &variables);
    pty.wait("board", is_board);
    let raw = String::from_utf8_lossy(&pty.raw).into_owned();
    // A position has two numbers, a colour three at least.
    for color in ["[38;5;", "[38;2;", "[48;5;", "[48;2;"] {
        assert!(!raw.contains(color), "a colour was sent: {color}");
    }
    assert!(pty.text().is_ascii(), "{}", pty.text());
    quits(pty);
}

#[test]
fn a_dumb_terminal_gets_the_printed_board() {
    let home = Home::new();
    let mut pty = Pty::start_with(&home, &SMALL, 120, 40, &[("TERM", "dumb")]);
    assert_eq!(pty.end(), 0);
    assert!(!String::from_utf8_lossy(&pty.raw).contains('\u{1b}'));
    let told = String::from_utf8_lossy(&pty.raw).into_owned();
    assert!(told.contains("Plan "));
    // And why, and what may be done about it.
    assert!(told.contains("cannot be drawn with `TERM=dumb`"), "{told}");
    assert!(told.contains("--plain"), "{told}");
}

#[test]
fn a_terminal_that_goes_away_ends_it() {
    let home = Home::new();
    assert_eq!(Pty::hang_up(&home, &SMALL), 129);
}

/// Types a line into the shell.
fn types(shell: &mut Pty, line: &str) {
    shell.send(line);
    shell.send("\n");
}

/// A shell in which a board was started and stopped.
fn stopped(home: &Home) -> Pty {
    let mut shell = Pty::shell(home, 120, 40);
    types(&mut shell, &format!("\"$PROGRAM\" {}", SMALL.join(" ")));
    shell.wait("board", is_board);
    shell.send("\u{1a}");
    shell.wait_for("Stopped");
    shell
}

/// Continues the board in the background, and says by which signal it has stopped again.
///
/// The shell must have noticed: a job that it believes to run is not continued by `fg`.
const AWAY_AND_BACK: &str = "bg; wait %1; echo stopped by $?";

/// Whether the shell waits for a line; what is typed while the board leaves is thrown away.
fn is_prompt(screen: &Screen) -> bool {
    let text = screen.contents();
    !screen.alternate_screen() && text.trim_end().ends_with("\nshell>")
}

#[test]
fn a_board_in_the_background_waits_for_its_terminal() {
    let home = Home::new();
    let mut shell = stopped(&home);
    let drawn = shell.raw.len();
    types(&mut shell, AWAY_AND_BACK);
    shell.wait_for("stopped by 147");
    let told = String::from_utf8_lossy(&shell.raw[drawn..]).into_owned();
    assert!(!told.contains('\u{1b}'), "drawn over the shell: {told:?}");
    types(&mut shell, "fg");
    shell.wait("board again", is_board);
    shell.send("q");
    shell.wait("prompt", is_prompt);
    types(&mut shell, "exit");
    assert_eq!(shell.end(), 0);
}

#[test]
fn a_stopped_board_can_be_ended_in_the_background() {
    let home = Home::new();
    let mut shell = stopped(&home);
    let drawn = shell.raw.len();
    types(&mut shell, "kill %1; wait -f %1; echo code $?");
    shell.wait_for("code 143");
    let told = String::from_utf8_lossy(&shell.raw[drawn..]).into_owned();
    assert!(!told.contains('\u{1b}'), "drawn over the shell: {told:?}");
}

#[test]
fn a_board_that_is_stopped_by_others_gives_the_screen_back_in_the_background() {
    let home = Home::new();
    let mut shell = Pty::shell(&home, 120, 40);
    types(&mut shell, &format!("\"$PROGRAM\" {}", SMALL.join(" ")));
    shell.wait("board", is_board);
    let board = shell.child();
    Pty::kill("STOP", board);
    // In the middle of a frame perhaps, which then is whole only when the board goes on.
    shell.wait_written("Stopped");
    types(&mut shell, AWAY_AND_BACK);
    shell.wait("main screen", |screen| {
        !screen.alternate_screen() && screen.contents().contains("stopped by 147")
    });
    types(&mut shell, "fg");
    shell.wait("board again", |screen| {
        screen.alternate_screen() && is_board(screen)
    });
    shell.send("q");
    shell.wait("prompt", is_prompt);
}

#[test]
fn a_board_that_is_started_in_the_background_says_that_it_needs_the_terminal() {
    let home = Home::new();
    let mut shell = Pty::shell(&home, 120, 40);
    types(
        &mut shell,
        &format!("\"$PROGRAM\" {} & wait $!; echo code $?", SMALL.join(" ")),
    );
    shell.wait("code", |screen| screen.contents().contains("\ncode 1\n"));
    let text = shell.text();
    assert!(text.contains("error: cannot use the terminal: "), "{text}");
    assert!(text.contains("hint: `cycleboard board --once`"), "{text}");
    let raw = String::from_utf8_lossy(&shell.raw).into_owned();
    assert!(!raw.contains('\u{1b}'), "drawn over the shell: {raw:?}");
}
