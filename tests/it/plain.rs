//! The board in lines: the real program with lines at both ends.

use std::io::Write as _;
use std::process::Stdio;

use crate::support::env::{Home, Ran};

/// Starts it on a small team, says these lines, and closes its input.
fn talk(lines: &str) -> Ran {
    let home = Home::new();
    let arguments = ["demo", "--repos", "4", "--cards", "40", "--plain"];
    let mut command = home.command(&arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program runs");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(lines.as_bytes()).expect("lines go in");
    drop(input);
    Ran::of(child.wait_with_output().expect("its end"), &arguments)
}

#[test]
fn lines_are_answered_with_lines_and_without_an_escape() {
    let ran = talk("help\nlsit\nquit\n");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.contains("cycleboard, in lines"), "{ran:?}");
    assert!(ran.out.contains("list: list the cards"), "{ran:?}");
    assert!(ran.out.contains("did you mean `list`?"), "{ran:?}");
    assert!(!ran.out.contains('\u{1b}'), "{ran:?}");
}

#[test]
fn the_end_of_input_is_the_end() {
    let ran = talk("");
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(ran.out.starts_with("cycleboard, in lines"), "{ran:?}");
}
