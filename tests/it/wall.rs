//! The wall in a pseudo-terminal.

use crate::support::env::Home;
use crate::support::pty::Pty;

/// A small team that is simulated quickly.
const SMALL: [&str; 4] = ["--repos", "4", "--cards", "40"];

#[test]
fn the_wall_comes_up_listens_to_q_q_alone_and_leaves_the_terminal_as_it_was() {
    let home = Home::new();
    let arguments = [&["demo", "wall"][..], &SMALL].concat();
    let mut pty = Pty::start(&home, &arguments, 100, 30);
    pty.wait("counts", |screen| {
        let text = screen.contents();
        text.contains("failed") && text.contains("█") && text.contains('#')
    });
    assert!(pty.screen().hide_cursor());
    pty.send("jx/?\r\u{3}");
    pty.wait_for("press q q to leave the wall");
    pty.send("qq");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored(), "the terminal is not as it was");
    let told = String::from_utf8_lossy(&pty.raw).into_owned();
    for blink in ["\u{1b}[5m", ";5m", "\u{1b}[6m"] {
        assert!(!told.contains(blink), "{blink:?}");
    }
}

#[test]
fn a_wall_without_a_terminal_says_what_to_do_instead() {
    let home = Home::new();
    let ran = home.run(&["demo", "wall"]);
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.err.contains("`cycleboard board --once`"), "{ran:?}");
}
