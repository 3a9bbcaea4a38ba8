//! A command with the terminal: the screen is left before, and taken again after it.
//!
//! The program stays in our group of processes, so that `ctrl-z` stops both and the shell brings
//! both back. `ctrl-c` is for the program alone.

use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Ready, Secrets, command, ending, not_started, nothing};
use crate::app::guard;
use crate::domain::text::{Clean, plain_ascii_escape};
use crate::ui::own::{Ending, Order, Output};

/// How long a signal may take to arrive here that another program had as well.
const UNDER_WAY: Duration = Duration::from_millis(50);

/// Runs a program on the terminal, and waits for a person to have read what it left there.
pub(super) async fn run(
    secrets: &Secrets,
    order: &Order,
    ready: Ready,
    stop: &CancellationToken,
    end: &CancellationToken,
) -> (Arc<Output>, Ending) {
    say(&shown(&ready));
    let ending = start(secrets, order, &ready, stop).await;
    guard::restore_modes();
    if order.pause || !ending.is_well() {
        wait(&format!("`{}`: {}", order.name, ending.words()), end).await;
    }
    if !ending.is_well() {
        // A key that ended it was told to us as well; that must not be taken for one of the board.
        tokio::time::sleep(UNDER_WAY).await;
    }
    (nothing(), ending)
}

/// Tells on the terminal why a command could not be started.
pub(super) async fn told(
    order: &Order,
    why: String,
    end: &CancellationToken,
) -> (Arc<Output>, Ending) {
    wait(&format!("cannot run `{}`: {why}", order.name), end).await;
    (nothing(), Ending::Failed(why))
}

async fn start(
    secrets: &Secrets,
    order: &Order,
    ready: &Ready,
    stop: &CancellationToken,
) -> Ending {
    let mut command = command(secrets, order, ready);
    if !io::stdin().is_terminal()
        && let Ok(tty) = tty()
    {
        command.stdin(Stdio::from(tty));
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return Ending::Failed(not_started(&ready.program, &error)),
    };
    tokio::select! {
        status = child.wait() => match status {
            Ok(status) => ending(status),
            Err(error) => Ending::Failed(error.to_string()),
        },
        () = stop.cancelled() => {
            drop(child.kill().await);
            Ending::Stopped
        }
    }
}

fn tty() -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open("/dev/tty")
}

/// What is run, as a person would have typed it; nothing of it commands the terminal.
fn shown(ready: &Ready) -> String {
    let mut text = format!("$ {}", ready.program);
    for word in &ready.arguments {
        let word = plain_ascii_escape(word);
        let is_one = !word.is_empty() && !word.contains([' ', '\'', '"', '$', '`', ';', '&', '|']);
        text.push(' ');
        if is_one {
            text.push_str(&word);
        } else {
            text.push('\'');
            text.push_str(&word.replace('\'', "'\\''"));
            text.push('\'');
        }
    }
    text
}

fn say(text: &str) {
    if let Ok(mut tty) = tty() {
        let text = Clean::line(text);
        drop(writeln!(tty, "\n{text}"));
    }
}

/// Waits until somebody has pressed `enter`, or the program is to end.
async fn wait(text: &str, end: &CancellationToken) {
    let Ok(mut tty) = tty() else { return };
    let text = Clean::line(text);
    drop(write!(
        tty,
        "\n{text}; press enter to go back to the board "
    ));
    let (tell, told) = tokio::sync::oneshot::channel();
    // No thread of the runtime: it would be waited for at the end.
    let reader = std::thread::Builder::new().name("enter".to_owned());
    let started = reader.spawn(move || {
        let mut byte = [0_u8; 1];
        while let Ok(1) = tty.read(&mut byte) {
            if matches!(byte, [b'\n' | b'\r']) {
                break;
            }
        }
        let _ = tell.send(());
    });
    if started.is_ok() {
        tokio::select! {
            _ = told => {}
            () = end.cancelled() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_run_is_shown_as_one_line_that_commands_nothing() {
        let ready = Ready {
            program: "git".to_owned(),
            arguments: vec![
                "switch".into(),
                "a b".into(),
                "$(x)".into(),
                "\u{1b}[2J".into(),
            ],
            dir: None,
        };
        assert_eq!(shown(&ready), "$ git switch 'a b' '$(x)' \\u{1b}[2J");
    }
}
