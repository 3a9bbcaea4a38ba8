//! Durations as people write them: `90m`, `24h`, `2d`, `1d12h`.
//!
//! Filters and configuration use the same words. Nothing here reads a clock.

use chrono::TimeDelta;

/// The longest duration that is accepted: a hundred years.
const LONGEST_SECS: i64 = 100 * 365 * 86_400;

/// The units, longest first, with their seconds.
pub const UNITS: [(char, i64); 5] = [
    ('w', 604_800),
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
];

/// Returns the duration that a text names, or nothing where it names none.
///
/// One or more whole numbers, each with its unit: `s`, `m`, `h`, `d`, `w`.
pub fn parse_duration(text: &str) -> Option<TimeDelta> {
    let mut total: i64 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(digits)?;
        let unit = tail.chars().next()?;
        let (_, secs) = UNITS
            .iter()
            .find(|(name, _)| *name == unit.to_ascii_lowercase())?;
        total = total.checked_add(number.parse::<i64>().ok()?.checked_mul(*secs)?)?;
        rest = tail.get(unit.len_utf8()..)?;
    }
    let written = !text.is_empty() && total <= LONGEST_SECS;
    written.then(|| TimeDelta::try_seconds(total)).flatten()
}

/// Returns the shortest text that [`parse_duration`] reads as this duration.
pub fn format_duration(duration: TimeDelta) -> String {
    let mut secs = duration.num_seconds().max(0);
    let mut text = String::new();
    for (name, unit) in UNITS {
        if secs >= unit {
            text.push_str(&(secs / unit).to_string());
            text.push(name);
            secs %= unit;
        }
    }
    if text.is_empty() {
        "0s".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, secs: Option<i64>) {
        assert_eq!(
            parse_duration(text).map(|d| d.num_seconds()),
            secs,
            "{text}"
        );
    }

    #[test]
    fn numbers_with_units_are_added_up() {
        check("30s", Some(30));
        check("90m", Some(5_400));
        check("24h", Some(86_400));
        check("7d", Some(604_800));
        check("2w", Some(1_209_600));
        check("1d12h", Some(129_600));
        check("2D", Some(172_800));
        check("0s", Some(0));
    }

    #[test]
    fn anything_else_is_no_duration() {
        for text in [
            "",
            "d",
            "24",
            "1.5h",
            "-1h",
            "1 h",
            "1y",
            "9999999999999w",
            "36501d",
            "1é",
        ] {
            check(text, None);
        }
    }

    proptest::proptest! {
        #[test]
        fn what_is_written_is_read_back(secs in 0..LONGEST_SECS) {
            let text = format_duration(TimeDelta::seconds(secs));
            proptest::prop_assert_eq!(parse_duration(&text), Some(TimeDelta::seconds(secs)));
        }

        #[test]
        fn any_text_is_read_without_harm(text in "\\PC{0,30}") {
            let _ = parse_duration(&text);
        }
    }
}
