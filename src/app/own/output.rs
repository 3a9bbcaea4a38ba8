//! What a program printed: the newest of it, in bounded memory, clean when it is looked at.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::app::redact;
use crate::log::output_line;
use crate::ui::own::Output;

/// The most that is kept, in bytes.
const MOST: usize = 512 * 1024;

/// The most lines.
const LINES: usize = 5_000;

/// The most of one line that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

/// The end of what a program prints.
#[derive(Debug, Default)]
pub(super) struct Tail {
    lines: VecDeque<Vec<u8>>,
    /// The line that has no end yet.
    open: Vec<u8>,
    bytes: usize,
    dropped: u64,
}

impl Tail {
    /// Takes in what was printed next.
    pub(super) fn push(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(at);
            self.extend(line);
            rest = after.get(1..).unwrap_or_default();
            let line = std::mem::take(&mut self.open);
            self.bytes += line.len();
            self.lines.push_back(line);
            while self.bytes > MOST || self.lines.len() > LINES {
                let Some(first) = self.lines.pop_front() else {
                    break;
                };
                self.bytes -= first.len();
                self.dropped += 1;
            }
        }
        self.extend(rest);
    }

    fn extend(&mut self, part: &[u8]) {
        // A bar of progress rewrites its line: what was there before is not needed.
        let start = memchr::memrchr(b'\r', part.strip_suffix(b"\r").unwrap_or(part));
        if let Some(at) = start {
            self.open.clear();
            return self.extend(part.get(at + 1..).unwrap_or_default());
        }
        let room = LONGEST.saturating_sub(self.open.len());
        self.open.extend(part.iter().take(room));
    }

    /// Returns what is shown of it.
    pub(super) fn output(&self) -> Arc<Output> {
        let open = (!self.open.is_empty()).then_some(&self.open);
        let lines = self.lines.iter().chain(open).map(|raw| {
            let mut line = output_line(raw);
            redact::hide_in(&mut line);
            line
        });
        Arc::new(Output {
            lines: lines.collect(),
            dropped: self.dropped,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(chunks: &[&str]) -> Vec<String> {
        let mut tail = Tail::default();
        for chunk in chunks {
            tail.push(chunk.as_bytes());
        }
        let output = tail.output();
        output.lines.iter().map(crate::log::LogLine::text).collect()
    }

    #[test]
    fn lines_are_put_together_from_pieces() {
        assert_eq!(shown(&["a", "b\nc", "\n", "d"]), ["ab", "c", "d"]);
        assert_eq!(shown(&["10%\r50%\r", "100%\nx\r\n"]), ["100%", "x"]);
        assert!(shown(&[]).is_empty());
    }

    #[test]
    fn no_escape_and_no_secret_in_use_is_shown() {
        redact::know(&secrecy::SecretString::from("horse-of-a-battery-staple"));
        let lines = shown(&["\x1b]52;c;aGk=\x07a \x1b[2Jhorse-of-a-battery-staple\n"]);
        assert_eq!(lines, ["a [hidden]"]);
    }

    #[test]
    fn endless_output_takes_bounded_room() {
        let mut tail = Tail::default();
        let line = "x".repeat(1_000) + "\n";
        for _ in 0..10_000 {
            tail.push(line.as_bytes());
        }
        tail.push("y".repeat(10 * LONGEST).as_bytes());
        assert!(tail.bytes <= MOST && tail.open.len() <= LONGEST);
        let output = tail.output();
        assert_eq!(output.lines.len() as u64 + output.dropped, 10_001);
        let mut short = Tail::default();
        short.push("\n".repeat(3 * LINES).as_bytes());
        assert_eq!(short.output().lines.len(), LINES);
    }
}
