//! Logs that are a trial for who reads them: empty, cut, no text, full of escapes, 100 MB.
//!
//! A [`Tape`] is read piece by piece, from any place, so that the largest needs no memory.

use std::fmt::Write as _;

use crate::demo::scenario::model::Job;
use crate::domain::Timestamp;

/// How many bytes the long log has, roughly.
const SOAK: u64 = 100 << 20;
/// How many lines are repeated, with new numbers and times.
const LINES: u32 = 1_024;

/// The log of a job, to be read piece by piece.
#[derive(Debug)]
pub struct Tape {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Plain(Vec<u8>),
    /// A block of lines, so many times.
    Again {
        block: Block,
        first: u64,
        times: u64,
    },
}

/// Lines of the same length each: a time stamp, a number, words.
#[derive(Debug)]
struct Block {
    text: Vec<u8>,
    width: usize,
    begin: Timestamp,
}

impl Block {
    fn new(begin: Timestamp, seed: u64) -> Self {
        const WORDS: &[&str] = &["orders", "basket", "prices", "tokens", "export", "search"];
        let mut text = String::new();
        for nth in 0..LINES {
            let at = usize::try_from((seed ^ u64::from(nth.wrapping_mul(2_654_435_761))) % 6);
            let word = at
                .ok()
                .and_then(|at| WORDS.get(at))
                .copied()
                .unwrap_or("orders");
            let micros = u64::from(nth) * 967;
            let _ = writeln!(
                text,
                "2026-01-01T00:00:00.{micros:07}Z round 00000000 of {word}: \u{1b}[32mok\u{1b}[0m, {:03} in flight, nothing lost, {:05} bytes, {:08x}",
                nth % 1_000,
                u64::from(nth) * 61 % 100_000,
                seed.wrapping_mul(u64::from(nth) | 1) & 0xffff_ffff
            );
        }
        let width = text.len() / usize::try_from(LINES).unwrap_or(1);
        Self {
            text: text.into_bytes(),
            width,
            begin,
        }
    }

    fn len(&self) -> u64 {
        u64::try_from(self.text.len()).unwrap_or(1).max(1)
    }

    /// Returns the block with the times and numbers of its turn.
    fn turn(&self, turn: u64) -> Vec<u8> {
        let mut text = self.text.clone();
        let seconds = i64::try_from(turn).unwrap_or(0);
        let at = self.begin + chrono::TimeDelta::seconds(seconds);
        let stamp = at.format("%Y-%m-%dT%H:%M:%S").to_string();
        let number = format!("{:08}", turn % 100_000_000);
        for line in text.chunks_mut(self.width.max(1)) {
            if let Some(place) = line.get_mut(..19) {
                place.copy_from_slice(stamp.as_bytes());
            }
            if let Some(place) = line.get_mut(35..43) {
                place.copy_from_slice(number.as_bytes());
            }
        }
        text
    }
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Self::Plain(bytes) => u64::try_from(bytes.len()).unwrap_or(0),
            Self::Again { block, times, .. } => block.len() * times,
        }
    }

    fn read(&self, from: u64) -> Vec<u8> {
        let skip = |bytes: Vec<u8>, from: u64| {
            let from = usize::try_from(from).unwrap_or(usize::MAX);
            bytes.get(from..).unwrap_or_default().to_vec()
        };
        match self {
            Self::Plain(bytes) => skip(bytes.clone(), from),
            Self::Again { block, first, .. } => {
                skip(block.turn(first + from / block.len()), from % block.len())
            }
        }
    }
}

impl Tape {
    /// Returns a log that is there as a whole.
    pub fn plain(text: impl Into<Vec<u8>>) -> Self {
        Self {
            parts: vec![Part::Plain(text.into())],
        }
    }

    /// Returns how many bytes it has.
    pub fn len(&self) -> u64 {
        self.parts.iter().map(Part::len).sum()
    }

    /// Returns whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns a piece that begins at this byte; nothing at the end.
    pub fn read(&self, from: u64) -> Vec<u8> {
        let mut before = 0;
        for part in &self.parts {
            if from < before + part.len() {
                return part.read(from - before);
            }
            before += part.len();
        }
        Vec::new()
    }

    /// Returns the first so many bytes.
    pub fn start(&self, most: usize) -> Vec<u8> {
        let mut all = Vec::new();
        while all.len() < most {
            let piece = self.read(u64::try_from(all.len()).unwrap_or(u64::MAX));
            if piece.is_empty() {
                break;
            }
            all.extend(piece);
        }
        all.truncate(most);
        all
    }
}

/// Returns the log of a job of the lab; `usual` is what any job of it would say.
pub(super) fn of(job: &Job, usual: String) -> Tape {
    let begin = job.started_at.unwrap_or(job.created_at);
    let stamp = begin.format("%Y-%m-%dT%H:%M:%S.1234567Z").to_string();
    let exit = "##[error]Process completed with exit code 1.";
    match job.name {
        "soak" => soak(&usual, begin, &stamp, job.id),
        "empty" => Tape::plain(Vec::new()),
        "cut" => {
            // In the middle of a line, of a character and of a colour.
            let mut bytes = usual.into_bytes();
            bytes.extend(format!("{stamp} \u{1b}[31mERROR: assertion faile").into_bytes());
            bytes.extend([0x1b, b'[', b'3', 0xe2, 0x82]);
            Tape::plain(bytes)
        }
        "binary" => {
            let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
            bytes.extend((0..=255_u8).cycle().take(1 << 16));
            bytes.extend(usual.into_bytes());
            Tape::plain(bytes)
        }
        "escapes" => Tape::plain(usual + &escapes(&stamp) + &format!("{stamp} {exit}\n")),
        "endless" => {
            let words = "one line without an end; ".repeat(160_000);
            Tape::plain(format!(
                "{usual}{stamp} {words}error: lost in the middle {words}\n{stamp} {exit}\n"
            ))
        }
        "progress" => {
            let mut bar = String::new();
            for done in 0..=100 {
                let _ = write!(
                    bar,
                    "Downloading {done:3} % [{:<50}]\r",
                    "#".repeat(done / 2)
                );
            }
            Tape::plain(format!(
                "{usual}{stamp} {bar}\n{stamp} error: checksum mismatch\r\n{stamp} {exit}\r\n"
            ))
        }
        _ => Tape::plain(usual),
    }
}

/// Everything that a terminal must never be told by a log.
fn escapes(stamp: &str) -> String {
    let lines = [
        "\u{1b}]0;owned\u{7}a title",
        "\u{1b}]52;c;cm0gLXJmIH4=\u{7}the clipboard",
        "\u{1b}]52;c;cm0gLXJmIH4=\u{1b}\\the clipboard again",
        "\u{1b}]8;;http://evil.example/\u{1b}\\a link\u{1b}]8;;\u{1b}\\",
        "\u{1b}[2J\u{1b}[Hthe screen is mine",
        "\u{1b}[999A\u{1b}[999Dthe cursor moves",
        "\u{1b}[?1049h\u{1b}[?1000h\u{1b}[?2004lmodes",
        "\u{1b}[6n\u{1b}[c\u{1b}[>qquestions",
        "\u{1b}P+q544e\u{1b}\\a device control string",
        "\u{1b}_Gf=100;AAAA\u{1b}\\a picture",
        "\u{1b}cthe terminal is new",
        "\u{9b}31mone byte \u{9d}0;owned\u{9c}",
        "\u{202e}desrever si siht\u{202c} \u{2066}isolated\u{2069}",
        "zero\u{200b}width\u{feff} and\u{0} nul and\u{8}\u{8}\u{8}back",
        "##[error]\u{1b}[31mred\u{1b}]0;owned\u{7} and unfinished \u{1b}[38;5;",
    ];
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "{stamp} {line}");
    }
    text
}

fn soak(usual: &str, begin: Timestamp, stamp: &str, seed: u64) -> Tape {
    let block = || Block::new(begin, seed);
    let turns = SOAK / block().len();
    let before = turns * 97 / 100;
    let middle = format!(
        "{stamp} \u{1b}[31merror\u{1b}[0m: round lost: sent 4711, received 4710\n{stamp}   at soak/round.rs:88\n{stamp} ##[error]round {before} lost a message\n"
    );
    let end = format!("{stamp} ##[error]Process completed with exit code 1.\n");
    let (head, cleanup) = before_cleanup(usual);
    Tape {
        parts: vec![
            Part::Plain(head.as_bytes().to_vec()),
            Part::Again {
                block: block(),
                first: 0,
                times: before,
            },
            Part::Plain(middle.into_bytes()),
            Part::Again {
                block: block(),
                first: before,
                times: turns - before,
            },
            Part::Plain((end + cleanup).into_bytes()),
        ],
    }
}

/// Parts a log where the steps of the job end and the runner cleans up.
fn before_cleanup(log: &str) -> (&str, &str) {
    let cleanup = log.find("Post job cleanup");
    let line = cleanup.and_then(|at| log.get(..at)?.rfind('\n'));
    line.and_then(|at| log.split_at_checked(at + 1))
        .unwrap_or((log, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_log_reads_the_same_from_any_place() {
        let tape = soak("begin\n", Timestamp::UNIX_EPOCH, "T", 7);
        assert!(
            (99 << 20..=101 << 20).contains(&tape.len()),
            "{}",
            tape.len()
        );
        let (one, other) = (tape.read(70_000), tape.read(70_010));
        assert_eq!(one.get(10..60), other.get(..50));
        let mut at = 0;
        let mut first = None;
        while first.is_none() {
            let piece = tape.read(at);
            assert!(!piece.is_empty(), "no error at all");
            let place = piece.windows(9).position(|one| one == b"##[error]");
            first = place.map(|place| at + u64::try_from(place).unwrap());
            at += u64::try_from(piece.len()).unwrap();
        }
        let percent = first.unwrap() * 100 / tape.len();
        assert!((96..=97).contains(&percent), "{percent}");
        let piece = String::from_utf8(tape.read(6)).unwrap();
        let widths: Vec<usize> = piece.lines().map(str::len).collect();
        assert!(widths.windows(2).all(|two| two.first() == two.last()));
        assert!(piece.contains("Z round 00000000 of "));
    }
}
