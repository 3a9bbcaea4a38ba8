//! Asks git itself for the address of a remote, where its files cannot tell.
//!
//! By its full path and with words, not through a shell; with hardly any
//! environment, and not for long.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::app::clone::Surroundings;

/// How long git may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// The longest address.
const LONGEST: u64 = 4 * 1024;

/// Returns the address of a remote, with everything that git knows applied to it.
pub(super) fn address(dir: &Path, remote: &str, around: &Surroundings) -> Option<String> {
    let is_name = remote
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/'));
    if !is_name || remote.starts_with('-') {
        return None;
    }
    let mut command = Command::new(program("git", around.path.as_deref()?)?);
    command
        .arg("-C")
        .arg(dir)
        .args(["remote", "get-url", remote])
        .env_clear()
        .env("GIT_OPTIONAL_LOCKS", "0")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let variables = [
        ("HOME", &around.home),
        ("XDG_CONFIG_HOME", &around.config),
        ("GIT_DIR", &around.git_dir),
    ];
    for (name, value) in variables {
        if let Some(value) = value {
            command.env(name, value);
        }
    }
    output(command, PATIENCE)
}

/// Finds a program in the absolute directories of `PATH`: never one of the clone.
fn program(name: &str, path: &str) -> Option<PathBuf> {
    std::env::split_paths(path)
        .filter(|dir| dir.is_absolute())
        .map(|dir| dir.join(name))
        .find(|file| file.is_file())
}

/// Runs a command and returns its one line, if it ends well and in time.
fn output(mut command: Command, patience: Duration) -> Option<String> {
    let mut child = command.spawn().ok()?;
    let out = child.stdout.take()?;
    let (told, hear) = mpsc::sync_channel(1);
    let reader = std::thread::Builder::new()
        .name("git".to_owned())
        .spawn(move || {
            let mut text = String::new();
            let done = out.take(LONGEST).read_to_string(&mut text).is_ok();
            drop(told.send(done.then_some(text)));
        });
    let text = reader.ok().and_then(|_| hear.recv_timeout(patience).ok());
    let ended = end(&mut child, text.is_some());
    let text = text.flatten().filter(|_| ended)?;
    let line = text.trim_end();
    (!line.is_empty() && !line.contains('\n')).then(|| line.to_owned())
}

/// Takes leave of a child: one that did not finish its words is ended.
fn end(child: &mut Child, spoke: bool) -> bool {
    if !spoke {
        drop(child.kill());
    }
    child.wait().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .args(["-c", script])
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }

    #[test]
    fn one_line_of_a_command_that_ends_well_is_its_answer() {
        let told = |script: &str| output(shell(script), Duration::from_secs(20));
        assert_eq!(told("echo https://x").as_deref(), Some("https://x"));
        assert_eq!(told("echo x; exit 1"), None);
        assert_eq!(told("echo a; echo b"), None);
        assert_eq!(told(":"), None);
    }

    #[test]
    fn a_command_that_hangs_is_given_up() {
        assert_eq!(output(shell("exec cat /dev/zero"), PATIENCE), None);
        let hangs = shell("exec tail -f /dev/null");
        assert_eq!(output(hangs, Duration::from_millis(50)), None);
    }

    #[test]
    fn only_absolute_directories_are_searched() {
        assert_eq!(program("sh", ".:bin::"), None);
        assert_eq!(program("sh", "./x:/bin"), Some(PathBuf::from("/bin/sh")));
    }
}
