//! What stands beside triggers: most lines that hold one hold no needle, as one look beside it tells.
//!
//! Each needle has a trigger in it. So where every trigger of a line has been looked at, and none
//! has beside it what a needle has there, no needle is in the line: it need not be read.

use std::ops::Range;

use memchr::{memchr2, memrchr2};

const ESC: u8 = 0x1b;

/// The first of the two bytes of what may be an escape, too (`U+009B` and its like).
const WIDE: u8 = 0xc2;

/// The longest escape that is measured here; a longer one is taken to be anything.
const LONGEST: usize = 64;

/// Some of all bytes.
#[derive(Clone, Default)]
struct Bytes([u64; 4]);

impl Bytes {
    fn insert(&mut self, byte: u8) {
        if let Some(word) = self.0.get_mut(usize::from(byte >> 6)) {
            *word |= 1 << (byte & 63);
        }
    }

    fn has(&self, byte: u8) -> bool {
        let word = self.0.get(usize::from(byte >> 6));
        word.is_some_and(|word| word >> (byte & 63) & 1 == 1)
    }
}

/// How a trigger stands in needles.
#[derive(Clone, Default)]
struct Ways {
    /// Whether it is a needle itself.
    is_needle: bool,
    /// What follows it.
    next: Bytes,
    /// What needles that end with it have before it.
    fronts: Vec<&'static [u8]>,
}

/// What stands beside triggers in needles.
pub(super) struct Beside {
    ways: Vec<Ways>,
    /// Triggers in two parts, by the last byte of the first.
    halves: Vec<Vec<(&'static [u8], &'static [u8])>>,
}

impl Beside {
    pub(super) fn new(triggers: &[&'static str], needles: &[&'static str]) -> Self {
        let mut halves = vec![Vec::new(); 256];
        for trigger in triggers.iter().map(|text| text.as_bytes()) {
            for at in 1..trigger.len() {
                let (front, rear) = trigger.split_at(at);
                let last = front
                    .last()
                    .and_then(|last| halves.get_mut(usize::from(*last)));
                if let Some(some) = last {
                    some.push((front, rear));
                }
            }
        }
        let of = |trigger: &&'static str| {
            let mut ways = Ways::default();
            for needle in needles {
                for (at, _) in needle.match_indices(trigger) {
                    match needle.as_bytes().get(at + trigger.len()) {
                        Some(next) => ways.next.insert(*next),
                        None if at == 0 => ways.is_needle = true,
                        None => ways.fronts.extend(needle.as_bytes().get(..at)),
                    }
                }
            }
            ways
        };
        Self {
            ways: triggers.iter().map(of).collect(),
            halves,
        }
    }

    /// Returns whether a needle may be where a trigger is, in a line without escapes.
    pub(super) fn may_be(&self, line: &[u8], trigger: Range<usize>, nth: usize) -> bool {
        let Some(ways) = self.ways.get(nth) else {
            return true;
        };
        let before = line.get(..trigger.start).unwrap_or_default();
        ways.is_needle
            || line.get(trigger.end).is_some_and(|b| ways.next.has(*b))
            || ways.fronts.iter().any(|front| before.ends_with(front))
    }

    /// The same where there are escapes in the line: what they hide may be anything.
    pub(super) fn may_be_among(&self, line: &[u8], trigger: Range<usize>, nth: usize) -> bool {
        let Some(ways) = self.ways.get(nth) else {
            return true;
        };
        let is_next = |b: &u8| matches!(*b, ESC | WIDE) || ways.next.has(*b);
        if ways.is_needle || line.get(trigger.end).is_some_and(is_next) {
            return true;
        }
        let before = line.get(..trigger.start).unwrap_or_default();
        let from = match memrchr2(ESC, WIDE, before) {
            None => 0,
            Some(at) => match end_of(line, at) {
                Some(end) => end,
                None => return true,
            },
        };
        let seen = before.get(from..).unwrap_or_default();
        ways.fronts
            .iter()
            .any(|front| seen.ends_with(front) || (from > 0 && front.ends_with(seen)))
    }

    /// Returns whether an escape of a line may stand in the middle of a trigger.
    pub(super) fn may_be_split(&self, line: &[u8]) -> bool {
        // Since when nothing was hidden, and from where on is looked for an escape.
        let (mut seen_from, mut from) = (0, 0);
        while let Some(at) = memchr2(ESC, WIDE, line.get(from..).unwrap_or_default()) {
            let start = from + at;
            let Some(mut end) = end_of(line, start) else {
                return true;
            };
            while line.get(end) == Some(&ESC) {
                match end_of(line, end) {
                    Some(further) => end = further,
                    None => return true,
                }
            }
            let before = line.get(seen_from..start).unwrap_or_default();
            let after = line.get(end..).unwrap_or_default();
            if self.is_halved(before, seen_from > 0, after) {
                return true;
            }
            (seen_from, from) = (end, end);
        }
        false
    }

    /// Returns whether a trigger may stand half before and half behind an escape; what is seen
    /// before it may have more before, which an escape hides.
    fn is_halved(&self, before: &[u8], has_more: bool, after: &[u8]) -> bool {
        // Two escapes with nothing between were taken for one.
        let Some(halves) = before.last().and_then(|b| self.halves.get(usize::from(*b))) else {
            return has_more;
        };
        let Some(first) = after.first() else {
            return false;
        };
        let fit = |(front, rear): &&(&[u8], &[u8])| {
            (rear.first() == Some(first) || *first == WIDE)
                && (before.ends_with(front) || (has_more && front.ends_with(before)))
        };
        halves.iter().filter(fit).any(|(_, rear)| {
            let near = after.get(..rear.len()).unwrap_or(after);
            match memchr2(ESC, WIDE, near) {
                Some(at) => after.get(..at).is_some_and(|seen| rear.starts_with(seen)),
                None => after.starts_with(rear),
            }
        })
    }
}

/// Returns where the escape, or the character, ends that begins here; none where that is not sure.
fn end_of(line: &[u8], at: usize) -> Option<usize> {
    match line.get(at..)? {
        [WIDE, 0xa0..=0xbf, ..] => Some(at + 2),
        [ESC, b'[', rest @ ..] => {
            let short = rest.get(..LONGEST.min(rest.len()))?;
            let last = short.iter().position(|b| !matches!(b, b' '..=b'?'))?;
            matches!(short.get(last), Some(b'@'..=b'~')).then_some(at + 2 + last + 1)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRIGGERS: &[&str] = &["error", "lost", "Killed"];
    const NEEDLES: &[&str] = &[
        "error[",
        "npm error",
        "worker lost",
        "lost remote",
        "Killed",
    ];

    #[track_caller]
    fn check(line: &str, expected: bool) {
        let beside = Beside::new(TRIGGERS, NEEDLES);
        let bytes = line.as_bytes();
        let has_escape = memchr2(ESC, WIDE, bytes).is_some();
        let found = TRIGGERS.iter().enumerate().any(|(nth, trigger)| {
            line.match_indices(trigger).any(|(at, _)| {
                let place = at..at + trigger.len();
                if has_escape {
                    beside.may_be_among(bytes, place, nth)
                } else {
                    beside.may_be(bytes, place, nth)
                }
            })
        });
        let found = found || (has_escape && beside.may_be_split(bytes));
        assert_eq!(found, expected, "{line:?}");
    }

    #[test]
    fn a_look_beside_a_trigger_tells_whether_a_needle_may_be_there() {
        check("error[E0308]: x", true);
        check("test errors::are_told ... ok", false);
        check("npm error x", true);
        check("an errors", false);
        check("no error", false);
        check("nothing lost, 4 bytes", false);
        check("remote worker lost", true);
        check("lost remote", true);
        check("Killed", true);
        check("lost", false);
        check("", false);
    }

    #[test]
    fn what_an_escape_hides_may_be_anything() {
        check("\u{1b}[32mok\u{1b}[0m, nothing lost, x", false);
        check("\u{1b}[31merror\u{1b}[0m[E0308]", true);
        check("work\u{1b}[1mer lost", true);
        check("worker \u{1b}[1mlost", true);
        check("a\u{1b}[1mb lost", false);
        check("x err\u{1b}[1mor[E0308] and lost, y", true);
        check("x err\u{1b}[1m\u{1b}[2mor[E0308] and lost, y", true);
        check("not \u{1b}[1mok, lost, y", false);
        check("\u{1b}]8;;x\u{7}nothing lost, x", true);
        check("\u{b7} nothing lost, x", false);
        check("\u{9b}1mnothing lost, x", true);
    }
}
