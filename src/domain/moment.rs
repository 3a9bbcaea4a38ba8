//! Moments as the store keeps them, read without the parser for every form that there is.

use std::fmt;

use chrono::NaiveDate;
use serde::Deserializer;
use serde::de::{Error, Visitor};

use crate::domain::Timestamp;

/// Reads a moment of any form that `chrono` reads; at once where it is `2026-11-21T08:14:43Z`.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
    struct Moment;

    impl Visitor<'_> for Moment {
        type Value = Timestamp;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a moment")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Timestamp, E> {
            match plain(text.as_bytes()) {
                Some(at) => Ok(at),
                None => text.parse().map_err(E::custom),
            }
        }
    }

    from.deserialize_str(Moment)
}

/// Reads the one form; nothing where it is another, or no moment.
fn plain(text: &[u8]) -> Option<Timestamp> {
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        m1,
        m2,
        b'-',
        d1,
        d2,
        b'T',
        h1,
        h2,
        b':',
        n1,
        n2,
        b':',
        s1,
        s2,
        b'Z',
    ] = text
    else {
        return None;
    };
    let number = |digits: &[&u8]| {
        digits.iter().try_fold(0_u32, |sum, digit| {
            let digit = char::from(**digit).to_digit(10)?;
            Some(sum * 10 + digit)
        })
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)?;
    let time = day.and_hms_opt(number(&[h1, h2])?, number(&[n1, n2])?, number(&[s1, s2])?)?;
    Some(time.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[track_caller]
    fn check(text: &str, is_plain: bool) {
        let read = plain(text.as_bytes());
        assert_eq!(read.is_some(), is_plain, "{text}");
        let json = format!("\"{text}\"");
        let by_us = super::read(&mut serde_json::Deserializer::from_str(&json)).ok();
        let by_chrono: Option<Timestamp> = serde_json::from_str(&json).ok();
        assert_eq!(by_us, by_chrono, "{text}");
    }

    #[test]
    fn moments_are_what_they_always_were() {
        check("2026-11-21T08:14:43Z", true);
        check("2024-02-29T23:59:59Z", true);
        check("2025-02-29T00:00:00Z", false);
        check("2026-13-01T00:00:00Z", false);
        check("2026-11-21T24:00:00Z", false);
        check("2026-12-31T23:59:60Z", false);
        check("2026-11-21T08:14:43.123456Z", false);
        check("2026-11-21T08:14:43+01:00", false);
        check("2026-11-21 08:14:43Z", false);
        check("+026-11-21T08:14:43Z", false);
        check("", false);
        check("yesterday", false);
    }

    proptest! {
        #[test]
        fn every_second_is_read_as_it_was_written(secs in -62_000_000_000_i64..250_000_000_000) {
            let at = Timestamp::from_timestamp(secs, 0).unwrap();
            let json = serde_json::to_string(&at).unwrap();
            let read = read(&mut serde_json::Deserializer::from_str(&json)).unwrap();
            prop_assert_eq!(read, at);
        }
    }
}
