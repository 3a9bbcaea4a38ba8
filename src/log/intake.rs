//! The way in: chunks of a log go to the cache and into the index.
//!
//! Chunks may be of any size and end anywhere; the index does not depend on
//! it.

use std::io::{self, Write};

use crate::log::index::{Content, Index};
use crate::log::lines::Lines;
use crate::log::scan::{Room, Scan};

/// The most bytes of a log that are kept.
pub const MAX_BYTES: u64 = crate::domain::diagnosis::Diagnosis::MOST_BYTES;

/// Bytes that decide what the content is.
const PROBE: usize = 8 * 1024;

/// Takes a log: writes it to `W`, and builds its [`Index`].
#[derive(Debug)]
pub struct Intake<W> {
    out: W,
    index: Index,
    lines: Lines,
    room: Room,
    max: u64,
    probe: Vec<u8>,
    is_probed: bool,
    /// Whether UTF-16 has its high byte first, and a half of a pair that waits.
    wide: Option<Wide>,
    decoded: Vec<u8>,
}

#[derive(Debug)]
struct Wide {
    is_big: bool,
    half: Option<u8>,
    high: Option<u16>,
}

impl<W: Write> Intake<W> {
    /// Takes up to [`MAX_BYTES`] of a log; `out` is an empty file, or memory.
    pub fn new(out: W) -> Self {
        Self::with_cap(out, MAX_BYTES)
    }

    /// Takes up to `max` bytes of a log; what comes after is counted and dropped.
    pub fn with_cap(out: W, max: u64) -> Self {
        Self {
            out,
            index: Index::default(),
            lines: Lines::default(),
            room: Room::default(),
            max,
            probe: Vec::new(),
            is_probed: false,
            wide: None,
            decoded: Vec::new(),
        }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    ///
    /// What the writer says; the index is then not to be used any more.
    pub fn push(&mut self, chunk: &[u8]) -> io::Result<()> {
        if self.is_probed {
            return self.decode(chunk);
        }
        self.probe.extend_from_slice(chunk);
        if self.probe.len() < PROBE {
            return Ok(()); // what it is shows in the first bytes: they wait
        }
        self.end_probe()
    }

    /// Returns the index of what came so far; sections that are open stay open in it.
    ///
    /// # Errors
    ///
    /// None but those of memory, which has none.
    pub fn so_far(&self) -> io::Result<Index> {
        if self.is_probed {
            return Ok(self.index.clone());
        }
        // What it is may show later: until then it is taken for what it looks like.
        let mut early = Intake::with_cap(io::sink(), self.max);
        early.push(&self.probe)?;
        early.end_probe()?;
        Ok(early.index)
    }

    /// Ends the log and returns its index.
    ///
    /// # Errors
    ///
    /// What the writer says.
    pub fn finish(mut self) -> io::Result<Index> {
        self.end_probe()?;
        self.out.flush()?;
        let mut scan = Scan {
            index: &mut self.index,
            room: &mut self.room,
        };
        self.lines.finish(&mut scan);
        let lines = self.index.lines();
        self.index.sections.finish(lines);
        Ok(self.index)
    }

    fn end_probe(&mut self) -> io::Result<()> {
        if self.is_probed {
            return Ok(());
        }
        self.is_probed = true;
        let probe = std::mem::take(&mut self.probe);
        self.index.content = content_of(probe.get(..probe.len().min(PROBE)).unwrap_or_default());
        let mut rest = probe.as_slice();
        if self.index.content == Content::Utf16 {
            let is_big = rest.starts_with(&[0xfe, 0xff]);
            self.wide = Some(Wide {
                is_big,
                half: None,
                high: None,
            });
            rest = rest.get(2..).unwrap_or_default();
        }
        self.decode(rest)
    }

    fn decode(&mut self, chunk: &[u8]) -> io::Result<()> {
        let Some(wide) = &mut self.wide else {
            return self.take(chunk);
        };
        let mut decoded = std::mem::take(&mut self.decoded);
        decoded.clear();
        for byte in chunk {
            let Some(first) = wide.half.take() else {
                wide.half = Some(*byte);
                continue;
            };
            let pair = [first, *byte];
            let unit = if wide.is_big {
                u16::from_be_bytes(pair)
            } else {
                u16::from_le_bytes(pair)
            };
            wide.push(unit, &mut decoded);
        }
        let result = self.take(&decoded);
        self.decoded = decoded;
        result
    }

    fn take(&mut self, chunk: &[u8]) -> io::Result<()> {
        let room = self.max.saturating_sub(self.index.bytes);
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(chunk.len());
        let (kept, cut) = chunk.split_at(room);
        self.index.cut = self.index.cut.saturating_add(cut.len() as u64);
        self.out.write_all(kept)?;
        self.index.bytes += kept.len() as u64;
        if matches!(self.index.content, Content::Text | Content::Utf16) {
            let mut scan = Scan {
                index: &mut self.index,
                room: &mut self.room,
            };
            self.lines.feed(kept, &mut scan);
        }
        Ok(())
    }
}

impl Wide {
    fn push(&mut self, unit: u16, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            let is_pair = (0xdc00..0xe000).contains(&unit);
            if is_pair {
                return append(&[high, unit], out);
            }
            append(&[high], out);
        }
        if (0xd800..0xdc00).contains(&unit) {
            self.high = Some(unit);
        } else {
            append(&[unit], out);
        }
    }
}

/// Appends UTF-16 as UTF-8.
fn append(units: &[u16], out: &mut Vec<u8>) {
    for c in char::decode_utf16(units.iter().copied()) {
        let c = c.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }
}

/// Returns what bytes are that begin like this.
fn content_of(head: &[u8]) -> Content {
    if head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]) {
        return Content::Utf16;
    }
    let magic: [&[u8]; 4] = [b"PK\x03\x04", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"BZh"];
    if magic.iter().any(|magic| head.starts_with(magic)) {
        return Content::Archive;
    }
    let odd = head
        .iter()
        .filter(|b| matches!(b, 0..=6 | 14..=26 | 28..=31))
        .count();
    if odd * 32 > head.len() {
        Content::Binary
    } else {
        Content::Text
    }
}
