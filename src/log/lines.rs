//! Bytes that come in chunks of any size, cut into whole lines.
//!
//! Never holds more than one piece of a line: a line longer than [`PIECE`] goes
//! on as pieces of that size, counted from its start, so that what comes out
//! does not depend on how the bytes came in.

use memchr::{memchr, memchr_iter};

/// The longest line that is handed on whole, its line end included.
pub(super) const PIECE: usize = 16 * 1024;

/// Takes what [`Lines`] cuts.
pub(super) trait Sink {
    /// Takes whole lines, none longer than [`PIECE`]; only the last of a log may lack its `\n`.
    fn lines(&mut self, bytes: &[u8]);

    /// Takes a part of a longer line; `ends` says whether it is the last.
    fn piece(&mut self, bytes: &[u8], ends: bool);
}

/// Cuts a stream of bytes into lines.
#[derive(Clone, Debug, Default)]
pub(super) struct Lines {
    /// What is known of the line that has not ended, or of its last piece.
    carry: Vec<u8>,
    /// Whether pieces of that line were handed on already.
    in_long: bool,
}

impl Lines {
    /// Takes the next bytes.
    pub(super) fn feed(&mut self, chunk: &[u8], sink: &mut impl Sink) {
        let mut rest = chunk;
        while !rest.is_empty() && (self.in_long || !self.carry.is_empty()) {
            rest = self.go_on(rest, sink);
        }
        self.whole(rest, sink);
    }

    /// Hands on what is left when nothing more comes.
    pub(super) fn finish(&mut self, sink: &mut impl Sink) {
        if self.in_long {
            sink.piece(&self.carry, true);
        } else if !self.carry.is_empty() {
            sink.lines(&self.carry);
        }
        self.carry.clear();
        self.in_long = false;
    }

    /// Goes on with the line that has not ended; returns what is behind it.
    fn go_on<'a>(&mut self, chunk: &'a [u8], sink: &mut impl Sink) -> &'a [u8] {
        let room = PIECE.saturating_sub(self.carry.len()).min(chunk.len());
        let (near, _) = chunk.split_at(room);
        let end = memchr(b'\n', near).map_or(room, |at| at + 1);
        let (taken, rest) = chunk.split_at(end);
        self.carry.extend_from_slice(taken);
        if self.carry.last() == Some(&b'\n') {
            if self.in_long {
                sink.piece(&self.carry, true);
            } else {
                sink.lines(&self.carry);
            }
            self.in_long = false;
            self.carry.clear();
        } else if self.carry.len() >= PIECE {
            sink.piece(&self.carry, false);
            self.in_long = true;
            self.carry.clear();
        }
        rest
    }

    /// Takes bytes that begin with a line.
    fn whole(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        let (mut run, mut start) = (0, 0);
        for at in memchr_iter(b'\n', bytes) {
            if at + 1 - start > PIECE {
                emit(bytes.get(run..start), sink);
                let line = bytes.get(start..=at).unwrap_or_default();
                let pieces = line.len().div_ceil(PIECE);
                for (n, piece) in line.chunks(PIECE).enumerate() {
                    sink.piece(piece, n + 1 == pieces);
                }
                run = at + 1;
            }
            start = at + 1;
        }
        emit(bytes.get(run..start), sink);
        let mut tail = bytes.get(start..).unwrap_or_default();
        while let Some((piece, rest)) = tail.split_at_checked(PIECE) {
            sink.piece(piece, false);
            self.in_long = true;
            tail = rest;
        }
        self.carry.extend_from_slice(tail);
    }
}

fn emit(bytes: Option<&[u8]>, sink: &mut impl Sink) {
    if let Some(bytes) = bytes.filter(|bytes| !bytes.is_empty()) {
        sink.lines(bytes);
    }
}
