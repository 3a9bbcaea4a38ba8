//! The first run: nothing is configured, and somebody is at the terminal.

use crate::support::env::Home;
use crate::support::pty::Pty;

const QUESTION: &str = "which one? 1, 2, or enter to leave:";

#[test]
fn a_person_without_a_configuration_is_offered_the_demo_and_gets_it() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &[], 80, 24);
    pty.wait_for(QUESTION);
    let text = pty.text();
    for word in ["no source is configured", "cycleboard init", "GH_TOKEN"] {
        assert!(text.contains(word), "no {word} in\n{text}");
    }
    assert!(
        !pty.screen().alternate_screen(),
        "it is a page of plain lines"
    );
    pty.send("what?\n");
    pty.wait_for("that is none of them");
    pty.send("1\n");
    pty.wait_for("simulated data");
    pty.send("q");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored());
}

#[test]
fn who_leaves_has_been_shown_nothing_and_the_code_says_so() {
    let home = Home::new();
    for answer in ["\n", "q\n", "\u{4}"] {
        let mut pty = Pty::start(&home, &[], 80, 24);
        pty.wait_for(QUESTION);
        pty.send(answer);
        assert_eq!(pty.end(), 2, "{answer:?}");
    }
}

#[test]
fn the_second_choice_asks_the_questions_of_init() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &["board"], 80, 40);
    pty.wait_for(QUESTION);
    pty.send("init\n");
    // Whatever it asks first, an end of input ends it, and nothing is written.
    pty.wait("another question", |screen| {
        let text = screen.contents();
        let (_, after) = text.split_once(QUESTION).unwrap_or_default();
        after.trim_end().ends_with(':') && after.lines().count() > 1
    });
    pty.send("\u{4}");
    assert_ne!(pty.end(), 0);
    assert!(!home.path("config/cycleboard/config.toml").exists());
}

#[test]
fn what_is_to_be_printed_asks_nobody() {
    let home = Home::new();
    let mut pty = Pty::start(&home, &["board", "--once"], 100, 24);
    pty.wait_for("no source is configured");
    assert_eq!(pty.end(), 2);
    assert!(!pty.text().contains("which one?"), "{}", pty.text());
}
