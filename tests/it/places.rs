//! The real program: saved views, lanes, what is put aside, and the place that is found again.

use vt100::Screen;

use crate::support::env::Home;
use crate::support::pty::Pty;

const SMALL: [&str; 5] = ["demo", "--repos", "4", "--cards", "40"];

/// Starts the demo with more arguments for `board`, and waits until it shows cards.
fn board(home: &Home, more: &[&str]) -> Pty {
    let mut arguments = SMALL.to_vec();
    arguments.push("board");
    arguments.extend(more);
    let mut pty = Pty::start(home, &arguments, 120, 40);
    pty.wait("board of simulated data", |screen| {
        Pty::line(screen, 0).contains("simulated") && screen.contents().contains('#')
    });
    pty
}

fn quit(mut pty: Pty) {
    pty.send("q");
    assert_eq!(pty.end(), 0);
}

/// Whether a tab of this name is on the screen, in the line of the tabs.
fn has_tab(screen: &Screen, name: &str) -> bool {
    Pty::line(screen, 2).contains(&format!(" {name} "))
}

#[test]
fn what_was_saved_and_where_one_was_is_found_again() {
    let home = Home::new();
    let mut pty = board(&home, &[]);
    pty.send("S");
    pty.wait_for("lanes by service");
    pty.send("/is:open\r");
    pty.wait("the filter holds", |screen| {
        Pty::line(screen, 0).contains("/is:open")
    });
    pty.send(":save mine\r");
    pty.wait("a tab", |screen| has_tab(screen, "mine"));
    // The view is written by then.
    pty.wait_for("saved as the view `mine`");
    quit(pty);

    let mut pty = board(&home, &[]);
    pty.wait("filter, lanes and tab of before", |screen| {
        let lanes = screen.contents();
        Pty::line(screen, 0).contains("/is:open") && has_tab(screen, "mine") && lanes.contains('▾')
    });
    pty.send("go");
    pty.wait("the sources", |screen| {
        screen.contents().contains("last requests")
    });
    pty.send("\u{3}");
    assert_eq!(pty.end(), 0);

    let mut pty = Pty::start(&home, &SMALL, 120, 40);
    pty.wait("the view of before", |screen| {
        screen.contents().contains("last requests")
    });
    pty.send("\u{3}");
    assert_eq!(pty.end(), 0);

    let mut pty = board(&home, &["--no-remember"]);
    pty.wait("a board as new", |screen| {
        !Pty::line(screen, 0).contains("/is:open")
    });
    quit(pty);
    let mut pty = board(&home, &["--view", "mine"]);
    pty.wait("the view that was named", |screen| {
        Pty::line(screen, 0).contains("/is:open")
    });
    quit(pty);
}

/// Waits until the header counts so many cards that were put aside.
#[track_caller]
fn hidden(pty: &mut Pty, count: usize) {
    let counted = format!("{count} put aside");
    pty.wait(&counted, |screen| Pty::line(screen, 0).contains(&counted));
}

#[test]
fn what_was_put_aside_stays_so_and_is_always_counted() {
    let home = Home::new();
    let mut pty = board(&home, &[]);
    // Cards are there before the first column has any to select.
    pty.wait_for(" because ");
    pty.send("x");
    hidden(&mut pty, 1);
    pty.send(" b");
    pty.wait_for("until something happens");
    pty.send("1h\r");
    hidden(&mut pty, 2);
    pty.send("u");
    hidden(&mut pty, 1);
    quit(pty);
    let mut pty = board(&home, &[]);
    hidden(&mut pty, 1);
    pty.send("/is:hidden\r");
    pty.wait("it can be seen", |screen| {
        Pty::line(screen, 0).contains("1 of ")
    });
    quit(pty);
}
