//! A log that is read while it is written: only what cannot change any more is taken.
//!
//! What follows the last end of a line, or the last carriage return, waits for the rest: half a
//! secret would not be known for one, and half an escape or character is none.

use std::io;

use memchr::memrchr2;

use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::log::index::Index;
use crate::log::intake::Intake;

/// Bytes that are read at once; a line that is longer is taken in pieces.
const CHUNK: usize = 256 * 1024;

/// How a log that grows stands.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub enum Grows {
    /// Nothing was read yet.
    #[default]
    Starting,
    /// It is read on.
    Following,
    /// The last read failed: it is tried again.
    Trouble(Clean),
    /// It is not read on, and why.
    Stopped(Clean),
    /// The job is over in this way, and all that it wrote is here.
    Ended(RunState),
}

/// Takes a log in, as far as it is there.
#[derive(Debug)]
pub struct Growing {
    intake: Intake<io::Sink>,
    /// How much was taken.
    at: u64,
    chunk: Vec<u8>,
}

impl Default for Growing {
    fn default() -> Self {
        Self {
            intake: Intake::new(io::sink()),
            at: 0,
            chunk: vec![0; CHUNK],
        }
    }
}

impl Growing {
    /// Takes what `read` tells from a place on; where the log has `ended`, its last line as well.
    /// Returns whether anything was taken.
    ///
    /// # Errors
    ///
    /// What `read` says.
    pub fn take(
        &mut self,
        ended: bool,
        mut read: impl FnMut(u64, &mut [u8]) -> io::Result<usize>,
    ) -> io::Result<bool> {
        let before = self.at;
        loop {
            let mut filled = 0;
            while let Some(room) = self.chunk.get_mut(filled..).filter(|room| !room.is_empty()) {
                match read(self.at + filled as u64, room) {
                    Ok(0) => break,
                    Ok(length) => filled += length,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
            let is_full = filled >= self.chunk.len();
            let there = self.chunk.get(..filled).unwrap_or_default();
            let whole = memrchr2(b'\n', b'\r', there).map(|at| at + 1);
            let most = if ended || is_full { filled } else { 0 };
            let taken = whole.filter(|_| !ended).unwrap_or(most);
            if taken == 0 {
                return Ok(self.at > before);
            }
            self.intake.push(there.get(..taken).unwrap_or_default())?;
            self.at += taken as u64;
        }
    }

    /// Returns the index of what was taken.
    ///
    /// # Errors
    ///
    /// None but those of memory, which has none.
    pub fn index(&self) -> io::Result<Index> {
        self.intake.so_far()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::log::{Fold, Matches, Query, window};

    /// Takes what there is of a text.
    fn take(growing: &mut Growing, text: &[u8], ended: bool) -> bool {
        let read = |at: u64, into: &mut [u8]| {
            let rest = text.get(usize::try_from(at).unwrap()..).unwrap_or_default();
            let length = rest.len().min(into.len());
            into[..length].copy_from_slice(&rest[..length]);
            Ok(length)
        };
        growing.take(ended, read).unwrap()
    }

    fn shown(index: &Index, text: &[u8]) -> Vec<String> {
        let lines = window(index, &mut Cursor::new(text), 0..index.lines()).unwrap();
        lines.iter().map(crate::log::LogLine::text).collect()
    }

    #[test]
    fn however_it_is_cut_no_half_of_a_secret_or_character_is_shown() {
        let text = "a gr\u{fc}n\nuse ghp_0123456789abcdefghij0123456789abcdef now\n\u{1b}[31mred\u{1b}[0m 10%\r\u{1b}[32m100%\u{1b}[0m\nlast";
        let text = text.as_bytes();
        for first in 0..text.len() {
            let mut growing = Growing::default();
            for end in [first, text.len()] {
                take(&mut growing, &text[..end], false);
                let index = growing.index().unwrap();
                for line in shown(&index, &text[..end]) {
                    assert!(!line.contains("ghp_"), "{line}");
                    assert!(!line.contains('\u{fffd}') && !line.contains("[3"), "{line}");
                    assert_ne!(line, "last");
                }
            }
            assert!(take(&mut growing, text, true));
            let index = growing.index().unwrap();
            let lines = shown(&index, text);
            assert_eq!(lines, ["a gr\u{fc}n", "use [hidden] now", "100%", "last"]);
            assert!(!take(&mut growing, text, true));
        }
    }

    #[test]
    fn the_index_is_that_of_the_whole_however_the_log_came() {
        let step = |n| format!("##[group]step {n}\nline of {n}\n##[error]bad {n}\n##[endgroup]\n");
        let text: Vec<String> = (0..4_000).map(step).collect();
        let text = text.concat();
        let text = text.as_bytes();
        let mut whole = Growing::default();
        take(&mut whole, text, true);
        let whole = whole.index().unwrap();
        for size in [777, 9_001, 100_000] {
            let mut growing = Growing::default();
            let mut before = growing.index().unwrap();
            for end in (size..text.len()).step_by(size) {
                take(&mut growing, &text[..end], false);
                let now = growing.index().unwrap();
                assert!(now.continues(&before), "{end}");
                before = now;
            }
            take(&mut growing, text, true);
            assert_eq!(growing.index().unwrap(), whole);
            assert!(whole.continues(&before) && !before.continues(&whole));
        }
    }

    #[test]
    fn a_line_without_an_end_is_taken_in_pieces_and_is_one_line() {
        let text = vec![b'x'; 3 * CHUNK + 5];
        let mut growing = Growing::default();
        take(&mut growing, &text, false);
        let index = growing.index().unwrap();
        assert_eq!((index.lines(), index.counts().bytes), (1, 3 * CHUNK as u64));
        assert_eq!(index.whole(), (0, 0));
    }

    #[test]
    fn folds_and_hits_go_on_with_what_is_new() {
        let text = b"##[group]one\nneedle\n##[endgroup]\n##[group]two\nneedle 10%\rneedle 20%\r";
        let more = [&text[..], b"gone 100%\nneedle\n##[endgroup]\n"].concat();
        let mut growing = Growing::default();
        take(&mut growing, text, false);
        let index = growing.index().unwrap();
        let mut fold = Fold::open(&index);
        fold.set(0, true);
        assert_eq!(fold.visible_lines(), 3);
        let mut matches = Matches::new(Query::parse("needle").unwrap());
        while matches.advance(&mut &text[..], &()).unwrap() {}
        assert_eq!(matches.lines().iter().collect::<Vec<_>>(), [1, 4]);
        let (lines, bytes) = index.whole();
        take(&mut growing, &more, false);
        let index = growing.index().unwrap();
        fold.grow(&index);
        assert!(fold.is_folded(0) && !fold.is_folded(1));
        assert_eq!(fold.visible_lines(), 5);
        matches.grow(lines);
        let mut rest = &more[usize::try_from(bytes).unwrap()..];
        while matches.advance(&mut rest, &()).unwrap() {}
        assert_eq!(matches.lines().iter().collect::<Vec<_>>(), [1, 5]);
    }
}
