//! A log in plain mode: read out from its first error or from a line, and searched.

use std::fs::File;
use std::io;

use super::{BEFORE, Conversation, LOG_LINES, print};
use crate::app::exit::Failure;
use crate::app::{logs, redact};
use crate::domain::diagnosis::LogKey;
use crate::log::{self, Index, Matches, Query};

/// How many lines that were found are read out.
const FOUND: u64 = 20;

/// The log that is talked about.
#[derive(Debug)]
pub(super) struct Reading {
    /// Which it is.
    key: LogKey,
    /// The line that is read next; nothing before it is here, or behind its end.
    next: Option<u64>,
    /// Whether it is waited for.
    is_awaited: bool,
}

impl Reading {
    /// Begins to wait for a log.
    pub(super) fn of(key: LogKey) -> Self {
        Self {
            key,
            next: None,
            is_awaited: true,
        }
    }
}

impl Conversation<'_> {
    /// Reads out the log that was asked for, once it is here.
    pub(super) fn look_for_log(&mut self) -> Result<(), Failure> {
        let Some(reading) = self.log.as_ref().filter(|it| it.is_awaited) else {
            return Ok(());
        };
        let Some(mut file) = self.session.logs.open(&reading.key).ok().flatten() else {
            return Ok(());
        };
        let from = logs::index(&mut file).and_then(|index| {
            let first = log::first_error(&index, &mut file)?;
            Ok(first.map_or(0, |first| first.line.saturating_sub(BEFORE)))
        });
        match from {
            Ok(from) => self.log_from(from),
            Err(error) => {
                self.log = None;
                print(&format!("the log cannot be read: {error}"))
            }
        }
    }

    /// Reads on from a line, counted from 0.
    pub(super) fn log_from(&mut self, line: u64) -> Result<(), Failure> {
        if let Some(reading) = &mut self.log {
            reading.is_awaited = false;
            reading.next = Some(line);
        }
        self.more_of_log()
    }

    /// Opens the log that was read out.
    fn opened(&self, key: &LogKey) -> io::Result<(File, Index)> {
        let gone = || io::Error::other("it is not here any more");
        let mut file = self.session.logs.open(key)?.ok_or_else(gone)?;
        let index = logs::index(&mut file)?;
        Ok((file, index))
    }

    /// Goes on with the log.
    pub(super) fn more_of_log(&mut self) -> Result<(), Failure> {
        let reading = self.log.as_ref();
        let Some((key, from)) = reading.and_then(|it| Some((it.key.clone(), it.next?))) else {
            return print("there is no log to go on with; `log` reads one");
        };
        let read = || -> io::Result<(String, u64)> {
            let (mut file, index) = self.opened(&key)?;
            let mut text = Vec::new();
            let lines = from..from.saturating_add(LOG_LINES);
            logs::text::write(&index, &mut file, lines, false, &mut text)?;
            Ok((String::from_utf8_lossy(&text).into_owned(), index.lines()))
        };
        match read() {
            Ok((_, all)) if from >= all => print(&format!("the log has {all} lines")),
            Ok((text, all)) => {
                let end = (from + LOG_LINES).min(all);
                print(&format!("log, lines {} to {end} of {all}", from + 1))?;
                for line in text.lines() {
                    print(line)?;
                }
                let next = (end < all).then_some(end);
                print(if next.is_some() {
                    "`more` goes on"
                } else {
                    "that was the end of the log"
                })?;
                if let Some(reading) = &mut self.log {
                    reading.next = next;
                }
                Ok(())
            }
            Err(error) => print(&format!("the log cannot be read: {error}")),
        }
    }

    /// Reads out the lines of the log in which something is found, each with its number.
    pub(super) fn search_log(&self, query: Query) -> Result<(), Failure> {
        let Some(reading) = self.log.as_ref().filter(|it| !it.is_awaited) else {
            return print("no log was read out; `log` reads one");
        };
        match self.found(&reading.key, query) {
            Ok(lines) => lines.iter().try_for_each(|line| print(line)),
            Err(error) => print(&format!("the log cannot be searched: {error}")),
        }
    }

    fn found(&self, key: &LogKey, query: Query) -> io::Result<Vec<String>> {
        let (mut file, index) = self.opened(key)?;
        io::Seek::rewind(&mut file)?;
        let mut matches = Matches::new(query);
        while matches.advance(&mut file, &redact::Hidden::of(&index))? {}
        let all = matches.lines().len();
        let mut told = vec![match all {
            0 => "no line of the log has it".to_owned(),
            1 => "1 line".to_owned(),
            all => format!("{all} lines"),
        }];
        for line in matches
            .lines()
            .iter()
            .take(usize::try_from(FOUND).unwrap_or(usize::MAX))
        {
            let mut text = Vec::new();
            logs::text::write(&index, &mut file, line..line + 1, false, &mut text)?;
            let text = String::from_utf8_lossy(&text);
            told.push(format!("line {}: {}", line + 1, text.trim_end()));
        }
        if all > FOUND {
            told.push(format!("and {} more; search for more of it", all - FOUND));
        }
        if all > 0 {
            told.push("`log LINE` reads on from a line".to_owned());
        }
        Ok(told)
    }
}
