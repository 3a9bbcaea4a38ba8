//! What stands before the text of a line: time stamps, names of containers, build steps.
//!
//! GitHub and GitLab lead lines with an instant, `BuildKit` with `#12 0.345`,
//! Docker Compose with `web-1  |`. Only measured here; nothing is dropped.

use chrono::{DateTime, NaiveDate};

use crate::domain::Timestamp;

/// Length of `2026-11-21T09:00:00`.
const SECONDS: usize = 19;

/// Length of `2026-11-21T09:00:00.123456789`.
const LONGEST: usize = 29;

/// The longest name of a container that is believed.
const LONGEST_NAME: usize = 64;

/// Returns whether a line may begin with a time stamp; cheap, and wrong now and then.
pub(super) fn looks_stamped(line: &[u8]) -> bool {
    line.get(4) == Some(&b'-') && line.get(10) == Some(&b'T') && line.get(13) == Some(&b':')
}

/// Returns how many bytes in front can only be a time stamp; cheap, and 0 where that is not sure.
pub(super) fn stamp_width(line: &[u8]) -> usize {
    if !looks_stamped(line) {
        return 0;
    }
    let is_stamp = |b: &&u8| matches!(b, b'0'..=b'9' | b'-' | b':' | b'.' | b'T');
    let width = line.iter().take(LONGEST).take_while(is_stamp).count();
    match line.get(width..) {
        Some([b'Z', b' ', ..]) => width + 1,
        _ => 0,
    }
}

/// Returns the time stamp that leads a line, and how many bytes it takes with what belongs to it.
///
/// `2026-11-21T09:00:00.1234567Z ` as GitHub writes it, and GitLab's
/// `2026-11-21T09:00:00.123456Z 00O ` with the stream and its letter.
pub(super) fn stamp(line: &[u8]) -> Option<(Timestamp, usize)> {
    let bom = if line.starts_with(b"\xef\xbb\xbf") {
        3
    } else {
        0
    };
    let line = line.get(bom..)?;
    if !looks_stamped(line) {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<u32> {
        line.get(from..to)?.iter().try_fold(0_u32, |sum, digit| {
            digit
                .is_ascii_digit()
                .then(|| sum * 10 + u32::from(digit - b'0'))
        })
    };
    let date = NaiveDate::from_ymd_opt(
        i32::try_from(number(0, 4)?).ok()?,
        number(5, 7)?,
        number(8, 10)?,
    )?;
    let rest = line.get(SECONDS..)?;
    let digits = match rest.strip_prefix(b".") {
        Some(fraction) => fraction.iter().take_while(|b| b.is_ascii_digit()).count(),
        None => 0,
    };
    let dot = usize::from(digits > 0);
    let nanos = (0..9).fold(0_u32, |sum, at| {
        let digit = (at < digits).then(|| rest.get(1 + at)).flatten();
        sum * 10 + digit.map_or(0, |digit| u32::from(digit - b'0'))
    });
    let time = date.and_hms_nano_opt(number(11, 13)?, number(14, 16)?, number(17, 19)?, nanos)?;
    let mut end = SECONDS + dot + digits;
    end += match line.get(end..)? {
        [b'Z', ..] => 1,
        [b'+' | b'-', b'0', b'0', b':', b'0', b'0', ..] => 6,
        _ => return None,
    };
    end += match line.get(end..)? {
        [b' ', a, b, b'O' | b'E', b' ' | b'+', ..]
            if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() =>
        {
            5
        }
        [b' ', ..] => 1,
        [] | [b'\r' | b'\n', ..] => 0,
        _ => return None,
    };
    Some((
        DateTime::from_naive_utc_and_offset(time, chrono::Utc),
        bom + end,
    ))
}

/// Returns the name that leads a text and how many bytes it takes with its separator.
///
/// `#12 0.345 ` of `BuildKit` gives `#12`, `web-1  | ` of Docker Compose `web-1`.
pub(super) fn source(text: &str) -> Option<(&str, usize)> {
    if text.starts_with('#') {
        return buildkit(text);
    }
    let name = text
        .bytes()
        .take(LONGEST_NAME)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        .count();
    let name = text.get(..name)?;
    let stem = name.trim_end_matches(|c: char| c.is_ascii_digit());
    if stem.len() == name.len() || !stem.ends_with(['-', '_']) || stem.len() < 2 {
        return None;
    }
    let rest = text.get(name.len()..)?;
    let spaces = rest.len() - rest.trim_start_matches(' ').len();
    let bar = rest.get(spaces..)?.strip_prefix('|')?;
    let gap = usize::from(bar.starts_with(' '));
    Some((name, name.len() + spaces + 1 + gap))
}

fn buildkit(text: &str) -> Option<(&str, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let step = 1 + Some(digits(text.get(1..)?)).filter(|n| (1..=5).contains(n))?;
    let rest = text.get(step..)?.strip_prefix(' ')?;
    let name = text.get(..step)?;
    let whole = digits(rest);
    let time = rest
        .get(whole..)
        .and_then(|rest| rest.strip_prefix('.'))
        .filter(|_| whole > 0)
        .map(|fraction| whole + 1 + digits(fraction));
    match time {
        Some(time) => {
            let behind = rest.get(time..)?;
            let gap = match behind.bytes().next() {
                Some(b' ') => 1,
                None => 0,
                Some(_) => return None,
            };
            Some((name, step + 1 + time + gap))
        }
        None => [
            "ERROR",
            "[",
            "DONE",
            "CACHED",
            "CANCELED",
            "sha256:",
            "naming",
            "exporting",
        ]
        .iter()
        .any(|word| rest.starts_with(word))
        .then_some((name, step + 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_stamp(line: &str, expected: Option<(&str, &str)>) {
        let found = stamp(line.as_bytes())
            .map(|(time, len)| (time.to_rfc3339(), line.get(len..).unwrap().to_owned()));
        let expected = expected.map(|(time, rest)| (time.to_owned(), rest.to_owned()));
        assert_eq!(found, expected, "{line:?}");
    }

    #[test]
    fn time_stamps_of_servers_are_understood() {
        check_stamp(
            "2026-11-21T09:00:01.1234567Z text",
            Some(("2026-11-21T09:00:01.123456700+00:00", "text")),
        );
        check_stamp(
            "\u{feff}2026-11-21T09:00:01Z  two",
            Some(("2026-11-21T09:00:01+00:00", " two")),
        );
        check_stamp(
            "2026-11-21T09:00:01.5Z 01E+text",
            Some(("2026-11-21T09:00:01.500+00:00", "text")),
        );
        check_stamp(
            "2026-11-21T09:00:01.5Z 00O text",
            Some(("2026-11-21T09:00:01.500+00:00", "text")),
        );
        check_stamp(
            "2026-11-21T09:00:01+00:00 x",
            Some(("2026-11-21T09:00:01+00:00", "x")),
        );
        check_stamp(
            "2026-11-21T09:00:01Z",
            Some(("2026-11-21T09:00:01+00:00", "")),
        );
    }

    #[test]
    fn what_is_surely_a_stamp_is_measured_cheaply() {
        for (line, expected) in [
            ("2026-11-21T09:00:01.1234567Z x", 28),
            ("2026-11-21T09:00:01Z x", 20),
            ("2026-11-21T09:00:01Z", 0),
            ("2026-11-21T09:00:01.429 Too Many", 0),
            ("abcd-11-21T09:00:01Z x", 0),
            ("error", 0),
        ] {
            assert_eq!(stamp_width(line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn what_only_looks_like_a_time_stamp_stays_text() {
        check_stamp("2026-13-21T09:00:01Z x", None);
        check_stamp("2026-11-21T09:00:01 x", None);
        check_stamp("2026-11-21T09:00:01Zx", None);
        check_stamp("2026-11-21T99:00:01Z x", None);
        check_stamp("abcd-11-21T09:00:01Z x", None);
        check_stamp("", None);
    }

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let found = source(text).map(|(name, len)| (name, text.get(len..).unwrap()));
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn names_of_containers_and_build_steps_are_understood() {
        check("#12 0.345 npm ERR! x", Some(("#12", "npm ERR! x")));
        check(
            "#7 [build 2/5] RUN make",
            Some(("#7", "[build 2/5] RUN make")),
        );
        check("#7 ERROR: process", Some(("#7", "ERROR: process")));
        check("#7 0.12", Some(("#7", "")));
        check("web_1  | started", Some(("web_1", "started")));
        check("acme-db-1 |", Some(("acme-db-1", "")));
    }

    #[test]
    fn tables_and_headings_are_no_names() {
        check("# 12", None);
        check("#include <a.h>", None);
        check("#12 closes", None);
        check("12 | let x = 1;", None);
        check(" 12 | let x = 1;", None);
        check("name | value", None);
        check("", None);
    }
}
