//! Commands of the user's own, run by the real program in a pseudo-terminal.

use crate::support::env::Home;
use crate::support::pty::Pty;

const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

const COMMANDS: &str = r#"
[[command]]
name = "ask"
key = "B"
argv = ["sh", "-c", "stty -echo; printf 'say '; read line; echo \"got [$line] [$GH_TOKEN] [$MINE]\"", "sh", "{title}"]
run = "terminal"

[[command]]
name = "list"
key = "C"
argv = ["sh", "-c", "echo \"[$1] [$GH_TOKEN] [$MINE]\"", "sh", "{key}"]
changes = false

[[command]]
name = "wait"
key = "f4"
argv = ["sh", "-c", "echo begun; sleep 1000"]
"#;

fn board(home: &Home, arguments: &[&str]) -> Pty {
    home.configure(COMMANDS);
    let token = "a-token-that-nobody-sees";
    let variables = [("GH_TOKEN", token), ("MINE", "mine")];
    let arguments = [&SMALL[..], arguments].concat();
    let mut pty = Pty::start_with(home, &arguments, 120, 40, &variables);
    pty.wait("board", |screen| {
        Pty::hints(screen).starts_with(" enter open") && screen.contents().contains(" because ")
    });
    pty
}

/// Runs the command that asks something, and waits for its question.
#[track_caller]
fn asked(pty: &mut Pty) {
    pty.send("B");
    pty.wait("the program's own question", |screen| {
        let asks = |line: &str| line.starts_with("say");
        !screen.alternate_screen() && screen.contents().lines().any(asks)
    });
}

/// Goes back to the board from what a program left on the terminal.
#[track_caller]
fn goes_back(pty: &mut Pty) {
    pty.wait_for("press enter to go back to the board");
    pty.send("\r");
    pty.wait("board again", |screen| {
        screen.alternate_screen() && Pty::hints(screen).contains("enter open")
    });
}

#[test]
fn a_command_gets_the_terminal_and_gives_it_back() {
    let home = Home::new();
    let mut pty = board(&home, &[]);
    asked(&mut pty);
    // What is typed is the program's, all of it, and the board takes no key of it.
    pty.send("q hello\n");
    pty.wait_for("got [q hello] [] [mine]");
    goes_back(&mut pty);
    // The board listens again.
    pty.send("?");
    pty.wait_for("enter runs the selected command");
    pty.send("\u{1b}");
    pty.wait("board", |screen| {
        Pty::hints(screen).starts_with(" enter open")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored(), "the terminal is not as it was");
    let told = String::from_utf8_lossy(&pty.raw).into_owned();
    assert!(!told.contains("a-token-that-nobody-sees"));
}

#[test]
fn an_interrupt_is_for_the_program_that_has_the_terminal() {
    let home = Home::new();
    let mut pty = board(&home, &[]);
    asked(&mut pty);
    pty.send("\u{3}");
    goes_back(&mut pty);
    pty.send("q");
    pty.wait("end or message", |screen| !screen.alternate_screen());
    assert_eq!(pty.end(), 0);
    assert!(pty.is_restored(), "the terminal is not as it was");
}

#[test]
fn what_a_command_prints_is_shown_when_it_is_asked_for_and_without_a_token() {
    let home = Home::new();
    let mut pty = board(&home, &["--read-only"]);
    pty.send("B");
    pty.wait_for("cannot run `ask`: nothing is changed with `--read-only`");
    pty.send("C");
    // Keys stay the board's until somebody asks for it.
    pty.wait_for("! shows its output");
    pty.send("!");
    pty.wait_for("] [] [mine]");
    pty.send("\u{1b}");
    pty.wait("board", |screen| {
        Pty::hints(screen).starts_with(" enter open")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

#[test]
fn what_runs_ends_with_the_board() {
    let home = Home::new();
    let mut pty = board(&home, &[]);
    pty.send("\u{1b}OS");
    pty.wait_for("`wait` is running");
    let pid = pty.pid();
    let children = format!("/proc/{pid}/task/{pid}/children");
    let child = || {
        let all = std::fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten();
        let of = |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("children"));
        all.filter_map(|task| of(task).ok()).collect::<String>()
    };
    let running: Vec<String> = child().split_whitespace().map(str::to_owned).collect();
    assert!(!running.is_empty(), "{children}");
    // What ends with it is asked about first; `ctrl-c` does not ask.
    pty.send("q");
    pty.wait_for("quit while your commands run?");
    pty.send("\u{3}");
    assert_eq!(pty.end(), 0);
    for pid in running {
        let command = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        assert!(!command.contains("sleep 1000"), "{pid} goes on");
    }
}

#[test]
fn reports_of_the_mouse_that_no_screen_sends_end_nothing() {
    let home = Home::new();
    let mut pty = board(&home, &[]);
    // Columns and rows are counted from 1.
    for report in [
        "\u{1b}[M   ",
        "\u{1b}[<0;0;0m",
        "\u{1b}[<0;0;0M",
        "\u{1b}[32;0;0M",
    ] {
        pty.send(report);
    }
    pty.send("?");
    pty.wait_for("enter runs the selected command");
    pty.send("\u{1b}");
    pty.wait("board", |screen| {
        Pty::hints(screen).starts_with(" enter open")
    });
    pty.send("q");
    assert_eq!(pty.end(), 0);
}
