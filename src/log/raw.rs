//! Lines read back from the cache, raw, with the index to find them.
//!
//! However long a line is, only its head and its tail are held.

use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::{ControlFlow, Range};

use memchr::memchr;

use crate::log::index::Index;
use crate::log::lines::PIECE;

/// One line as it is in the log, without its line end.
#[derive(Clone, Debug, Default)]
pub(super) struct RawLine {
    /// Counted from 0.
    pub(super) line: u64,
    /// Bytes of the whole line.
    pub(super) len: u64,
    /// Its first bytes; all of them unless it is longer than [`PIECE`].
    pub(super) head: Vec<u8>,
    /// The last bytes of a longer line.
    pub(super) tail: Vec<u8>,
}

impl RawLine {
    /// Takes a line that was read already; `left_out` bytes of it are missing behind its head.
    pub(super) fn of(line: u64, bytes: &[u8], left_out: u64) -> Self {
        let whole = bytes.strip_suffix(b"\n").unwrap_or(bytes);
        let mut raw = Self {
            line,
            len: whole.len() as u64 + left_out,
            head: bytes.get(..PIECE).unwrap_or(bytes).to_vec(),
            tail: Vec::new(),
        };
        if bytes.len() > PIECE {
            let from = bytes.len() - PIECE;
            raw.tail = bytes.get(from..).unwrap_or_default().to_vec();
            trim_end(&mut raw.tail);
        } else {
            trim_end(&mut raw.head);
        }
        raw
    }
}

/// Reads lines and hands each to `take`, until that says stop.
pub(super) fn read<R: Read + Seek>(
    index: &Index,
    reader: &mut R,
    lines: Range<u64>,
    mut take: impl FnMut(&RawLine) -> ControlFlow<()>,
) -> io::Result<()> {
    let from = index.checkpoint(lines.start);
    let mut source = Source {
        reader: BufReader::with_capacity(32 * 1024, reader),
        at: from.offset,
        end: index.bytes,
    };
    source.seek(from.offset)?;
    let mut raw = RawLine {
        line: from.line,
        ..RawLine::default()
    };
    while raw.line < lines.end && source.at < source.end {
        let is_wanted = raw.line >= lines.start;
        source.line(index, &mut raw, is_wanted)?;
        if is_wanted && take(&raw).is_break() {
            break;
        }
        raw.line += 1;
    }
    Ok(())
}

struct Source<'a, R: Read + Seek> {
    reader: BufReader<&'a mut R>,
    at: u64,
    end: u64,
}

impl<R: Read + Seek> Source<'_, R> {
    fn seek(&mut self, offset: u64) -> io::Result<()> {
        self.reader.seek(SeekFrom::Start(offset))?;
        self.at = offset;
        Ok(())
    }

    /// Reads one line; where it is not wanted, only to get behind it.
    fn line(&mut self, index: &Index, raw: &mut RawLine, is_wanted: bool) -> io::Result<()> {
        let start = self.at;
        raw.head.clear();
        raw.tail.clear();
        let mut has_ended = false;
        while !has_ended {
            let left = usize::try_from(self.end - self.at).unwrap_or(usize::MAX);
            let block = self.reader.fill_buf()?;
            let block = block.get(..block.len().min(left)).unwrap_or_default();
            if block.is_empty() {
                self.end = self.at; // shorter than the index says
                break;
            }
            let found = memchr(b'\n', block);
            has_ended = found.is_some();
            let taken = found.map_or(block.len(), |at| at + 1);
            if is_wanted {
                let room = (PIECE + 1).saturating_sub(raw.head.len()).min(taken);
                raw.head
                    .extend_from_slice(block.get(..room).unwrap_or_default());
            }
            self.reader.consume(taken);
            self.at += taken as u64;
            if !has_ended
                && self.at - start > PIECE as u64
                && let Some(end) = index.end_of(raw.line)
            {
                self.seek(end)?;
                break;
            }
        }
        self.measure(start, raw, is_wanted)
    }

    fn measure(&mut self, start: u64, raw: &mut RawLine, is_wanted: bool) -> io::Result<()> {
        raw.len = self.at - start;
        if raw.len > PIECE as u64 && is_wanted {
            let behind = self.at;
            let from = behind.saturating_sub(PIECE as u64).max(start);
            self.seek(from)?;
            let room = behind - from;
            self.reader.by_ref().take(room).read_to_end(&mut raw.tail)?;
            self.seek(behind)?;
            raw.head.truncate(PIECE);
            raw.len -= u64::from(raw.tail.ends_with(b"\n"));
            trim_end(&mut raw.tail);
        } else {
            raw.len -= u64::from(raw.head.ends_with(b"\n"));
            trim_end(&mut raw.head);
        }
        Ok(())
    }
}

fn trim_end(bytes: &mut Vec<u8>) {
    while let Some(b'\n' | b'\r') = bytes.last() {
        bytes.pop();
    }
}
