//! `cycleboard doctor`: what is configured, what answers, what is missing.
//!
//! Each source tries what the board will need of it, once (`source`), and is waited for as long as
//! a person would (`patience`); what stands in its way is looked at from outside (`trouble`).
//! Shows where a token comes from, never what it is.

mod patience;
mod source;
mod trouble;

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use crate::app::cli::DoctorArgs;
use crate::app::config_file;
use crate::app::env;
use crate::app::exit::{Exit, Failure};
use crate::app::output;
use crate::app::session::Session;

pub use crate::app::doctor::source::summary;

/// Checks everything and prints what was found.
pub fn run(mut session: Session, args: &DoctorArgs) -> Result<Exit, Failure> {
    let mut out = String::new();
    configuration(&session, &mut out);
    let stored = store(&session, &mut out);
    terminal(&session, &mut out);
    output::print(&out)?;
    if session.demo.is_none() && session.settings.sources.is_empty() {
        output::print("sources\n  none configured\n")?;
        session.require_sources()?;
    }
    let verdict = source::print_all(&mut session, args.offline)?;
    if verdict == Exit::Fine && !stored {
        return Ok(Exit::Error);
    }
    Ok(verdict)
}

fn line(out: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  {name:<12} {value}");
}

fn configuration(session: &Session, out: &mut String) {
    out.push_str("configuration\n");
    let place = session.place.path.display();
    // Its owner and permissions were checked when it was read.
    let state = if session
        .files
        .iter()
        .any(|name| *name != config_file::DIRECTORY_FILE)
    {
        "read; only you may write it"
    } else {
        "not there; the defaults hold"
    };
    line(out, "file", format!("`{place}`: {state}"));
    if session
        .files
        .iter()
        .any(|name| name == config_file::DIRECTORY_FILE)
    {
        line(
            out,
            "directory",
            format!("`{}`: read", config_file::DIRECTORY_FILE),
        );
    }
    if !session.sources_from.is_empty() {
        line(out, "sources", format!("from {}", session.sources_from));
    }
    line(out, "log", format!("`{}`", session.paths.log().display()));
}

/// Tells how the store is; returns whether it can be used.
fn store(session: &Session, out: &mut String) -> bool {
    out.push_str("store\n");
    line(out, "file", format!("`{}`", session.store_file().display()));
    match session.open_store() {
        Ok((_, opened)) => {
            let tried = opened.file.as_deref().map(try_to_write);
            let (state, fine) = match tried {
                Some(Ok(())) => ("fine".to_owned(), true),
                Some(Err(error)) => (format!("failed: nothing can be written: {error}"), false),
                None => ("failed: it stays in memory".to_owned(), false),
            };
            line(out, "state", state);
            for notice in &opened.notices {
                line(out, "note", notice);
            }
            fine
        }
        Err(failure) => {
            line(out, "state", failure.to_string().trim_end());
            false
        }
    }
}

/// Writes a small file beside the store and takes it away: a full disk is not seen otherwise.
fn try_to_write(store: &Path) -> io::Result<()> {
    const SIZE: usize = 16 * 1_024;
    let mut name = store.as_os_str().to_owned();
    name.push(format!(".doctor-{}", std::process::id()));
    // Never a file that is there already: it would be somebody's.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&name)?;
    let written = file.write_all(&[0; SIZE]).and_then(|()| file.sync_all());
    drop(file);
    written.and(std::fs::remove_file(&name))
}

fn terminal(session: &Session, out: &mut String) {
    out.push_str("terminal\n");
    let found = env::abilities(&session.env);
    let named = |name: &str| {
        session
            .env
            .get(name)
            .unwrap_or_else(|| "not set".to_owned())
    };
    line(out, "TERM", named("TERM"));
    let depth = env::color_depth(session.global.color, found.depth);
    line(out, "colours", env::depth_word(depth));
    line(out, "characters", env::glyphs_word(found.glyphs));
    line(out, "mouse", if found.mouse { "yes" } else { "no" });
    line(
        out,
        "full screen",
        if found.full_screen {
            "yes"
        } else {
            "no: `board --once` prints instead"
        },
    );
    if let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        line(out, "size", format!("{}x{}", size.ws_col, size.ws_row));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trial_leaves_the_files_of_others_alone() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("board.db");
        std::fs::write(home.path().join("board.doctor"), "mine").unwrap();
        try_to_write(&store).unwrap();
        let mut own = store.clone().into_os_string();
        own.push(format!(".doctor-{}", std::process::id()));
        std::fs::write(&own, "somebody's").unwrap();
        assert!(try_to_write(&store).is_err());
        assert_eq!(std::fs::read_to_string(&own).unwrap(), "somebody's");
        let left = std::fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, 2, "and nothing else is left");
    }
}
