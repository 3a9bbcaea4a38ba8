//! The log: one file in the state directory, to which every program of ours adds.
//!
//! What is too large is kept once as `.old`. Nothing is ever logged to the terminal. Every line is redacted and cleaned
//! on its way to the file.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;

use crate::app::cli::LogLevel;
use crate::app::redact;

/// The most that one run may log, in bytes; what comes after is dropped.
const MAX_BYTES: u64 = 16 * 1024 * 1024;
/// From how many bytes on the next run begins another file. A run that goes on keeps the old one.
const FULL: u64 = 4 * 1024 * 1024;

/// Starts logging to `file`.
pub fn start(file: &Path, level: LogLevel) -> io::Result<()> {
    if level == LogLevel::Off {
        return Ok(());
    }
    let log = open(file)?;
    let sink = Mutex::new(Redacting {
        file: log,
        left: MAX_BYTES,
    });
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        // A full disk would be told on standard error, which is the board's screen.
        .log_internal_errors(false)
        .with_writer(sink)
        .finish()
        .with(filter(level));
    tracing::subscriber::set_global_default(subscriber).map_err(io::Error::other)
}

/// Opens the log to add to it: a board that runs keeps its own, whatever else is run beside it.
fn open(file: &Path) -> io::Result<File> {
    match std::fs::metadata(file) {
        Ok(metadata) if metadata.len() >= FULL => {
            std::fs::rename(file, file.with_extension("log.old"))?;
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
}

/// Our own spans at `level`; libraries only say what may go wrong, as they log whole URLs below that.
fn filter(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Off => return Targets::new().with_default(LevelFilter::OFF),
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new()
        .with_default(LevelFilter::ERROR)
        .with_target("cycleboard", ours)
}

/// A file that gets no credential and no control character.
struct Redacting {
    file: File,
    left: u64,
}

impl Write for Redacting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let mut line = redact::shown(&text);
        line.push('\n');
        let length = line.len() as u64;
        if length <= self.left {
            self.left -= length;
            self.file.write_all(line.as_bytes())?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Where a fatal error is reported once the terminal may not be written to: the end of the log.
static LAST_WORDS: Mutex<Option<std::path::PathBuf>> = Mutex::new(None);

/// Tells where the log is, for reports of a panic.
pub fn remember(file: &Path) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = Some(file.to_owned());
}

/// Returns where the log is, if there is one.
pub fn place() -> Option<std::path::PathBuf> {
    LAST_WORDS.try_lock().ok().and_then(|place| place.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_redacted_and_cleaned_on_its_way() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let file = File::create(&path).unwrap();
        let mut sink = Redacting {
            file,
            left: MAX_BYTES,
        };
        sink.write_all(b"WARN token=ghp_0123456789abcdef \x1b[31mred\n")
            .unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(
            !text.contains("ghp_") && !text.contains('\u{1b}'),
            "{text:?}"
        );
        assert!(text.contains("red") && text.ends_with('\n'), "{text:?}");
    }

    #[test]
    fn a_second_program_takes_nobody_its_log_away() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("cycleboard.log");
        let mut board = open(&path).unwrap();
        board.write_all(b"of the board\n").unwrap();
        open(&path).unwrap().write_all(b"of another\n").unwrap();
        board.write_all(b"of the board\n").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "of the board\nof another\nof the board\n");
        board.set_len(FULL).unwrap();
        open(&path).unwrap().write_all(b"new\n").unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "new\n");
        let old = std::fs::metadata(path.with_extension("log.old")).unwrap();
        assert_eq!(old.len(), FULL);
    }

    #[test]
    fn a_log_stops_growing_at_its_cap() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.log");
        let mut sink = Redacting {
            file: File::create(&path).unwrap(),
            left: 10,
        };
        sink.write_all(b"12345678\n").unwrap();
        sink.write_all(b"12345678\n").unwrap();
        assert_eq!(std::fs::read_to_string(path).unwrap(), "12345678\n");
    }
}
