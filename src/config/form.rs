//! Forms of text as regular expressions, made from words and bounds.
//!
//! JSON schemas are read by many programs, so only what all of them know is used: no flags, no
//! looking around.

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::time::Duration;

use crate::domain::text::UNITS;

/// Returns the form of a text that is this as a whole.
pub(super) fn whole(form: &str) -> String {
    format!("^(?:{form})$")
}

/// Returns the form of any of these words.
pub(super) fn one_of<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<String> = words.into_iter().map(regex::escape).collect();
    words.join("|")
}

/// Returns the form of any of these words in letters of any case; `_` and `-` are the same.
pub(super) fn any_case<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut forms: Vec<String> = Vec::new();
    for word in words {
        let mut form = String::new();
        for c in word.chars() {
            // Writing to a string cannot fail.
            let _ = match c {
                '_' | '-' => write!(form, "[-_ ]"),
                c if c.is_ascii_alphabetic() => {
                    write!(
                        form,
                        "[{}{}]",
                        c.to_ascii_uppercase(),
                        c.to_ascii_lowercase()
                    )
                }
                c => write!(form, "{c}"),
            };
        }
        if !forms.contains(&form) {
            forms.push(form);
        }
    }
    forms.join("|")
}

/// Returns the form of a name that is seen and has at most so many characters.
pub(super) fn name(longest: u16) -> String {
    let inner = longest.saturating_sub(2);
    format!(r"^\s*\S(?:.{{0,{inner}}}\S)?\s*$")
}

/// Returns the form of a duration within bounds: of one unit, or of several, whose sum no form can
/// tell.
pub(super) fn span(bounds: &RangeInclusive<Duration>) -> String {
    let (shortest, longest) = (bounds.start().as_secs(), bounds.end().as_secs());
    let mut forms = Vec::new();
    let mut letters = String::new();
    for (unit, secs) in UNITS {
        let secs = secs.unsigned_abs();
        let (upper, lower) = (unit.to_ascii_uppercase(), unit);
        letters.extend([lower, upper]);
        let (first, last) = (shortest.div_ceil(secs), longest / secs);
        if first <= last {
            forms.push(format!("0*(?:{})[{lower}{upper}]", digits(first, last)));
        }
    }
    forms.push(format!(r"\d+[{letters}](?:\d+[{letters}])+"));
    forms.join("|")
}

/// Returns the form of the numbers of a range, in brackets.
pub(super) fn between(first: u64, last: u64) -> String {
    format!("(?:{})", digits(first, last))
}

/// Returns the form of the numbers of a range, written without zeros before them.
pub(super) fn digits(first: u64, last: u64) -> String {
    let mut forms = Vec::new();
    let mut from = first;
    loop {
        // All numbers with as many digits.
        let end = u64::try_from(10_u128.pow(from.max(1).ilog10() + 1) - 1).unwrap_or(u64::MAX);
        let to = end.min(last);
        forms.extend(alike(&from.to_string(), &to.to_string()));
        if to >= last {
            return forms.join("|");
        }
        from = to + 1;
    }
}

/// Returns the forms of the numbers between two with as many digits.
fn alike(first: &str, last: &str) -> Vec<String> {
    let (Some((a, low)), Some((b, high))) = (split(first), split(last)) else {
        return vec![String::new()];
    };
    let all = |rest: &str, digit: char| rest.chars().all(|c| c == digit);
    let after = |head: &str, forms: Vec<String>| -> Vec<String> {
        forms
            .into_iter()
            .map(|form| format!("{head}{form}"))
            .collect()
    };
    if all(low, '0') && all(high, '9') {
        return vec![class(a, b) + &any(low.len())];
    }
    if a == b {
        return after(&a.to_string(), alike(low, high));
    }
    let mut forms = after(&a.to_string(), alike(low, &"9".repeat(low.len())));
    let (next, before) = (
        char::from_u32(u32::from(a) + 1),
        char::from_u32(u32::from(b) - 1),
    );
    if let (Some(next), Some(before)) = (next, before)
        && next <= before
    {
        forms.push(class(next, before) + &any(low.len()));
    }
    forms.extend(after(&b.to_string(), alike(&"0".repeat(high.len()), high)));
    forms
}

fn split(text: &str) -> Option<(char, &str)> {
    let mut chars = text.chars();
    Some((chars.next()?, chars.as_str()))
}

/// Returns the form of one digit.
fn class(first: char, last: char) -> String {
    if first == last {
        first.to_string()
    } else {
        format!("[{first}-{last}]")
    }
}

/// Returns the form of so many digits.
fn any(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => "[0-9]".to_owned(),
        more => format!("[0-9]{{{more}}}"),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn matches(form: &str, text: &str) -> bool {
        Regex::new(&whole(form)).unwrap().is_match(text)
    }

    #[test]
    fn numbers_of_a_range_and_no_others_have_its_form() {
        assert_eq!(digits(1, 300), "[1-9]|[1-9][0-9]|1[0-9][0-9]|2[0-9]{2}|300");
        assert_eq!(digits(0, 0), "0");
        assert_eq!(digits(10, 10), "10");
    }

    #[test]
    fn a_duration_is_within_its_bounds_in_any_unit() {
        let form = span(&(Duration::from_secs(1)..=Duration::from_mins(5)));
        for text in ["1s", "300s", "5m", "05M", "1m30s"] {
            assert!(matches(&form, text), "{text}");
        }
        for text in [
            "0s", "301s", "6m", "10m", "1h", "1d", "5", "m", "", "5 m", "-1s",
        ] {
            assert!(!matches(&form, text), "{text}");
        }
    }

    #[test]
    fn words_are_the_same_in_any_case() {
        let form = any_case(["git-flow", "auto"]);
        assert!(matches(&form, "Git_Flow") && matches(&form, "AUTO"));
        assert!(!matches(&form, "autos") && !matches(&form, "gitflow"));
    }

    proptest! {
        #[test]
        fn a_form_tells_a_range_from_all_else(
            a in 0_u64..20_000, b in 0_u64..20_000, number in 0_u64..25_000,
        ) {
            let (first, last) = (a.min(b), a.max(b));
            let inside = (first..=last).contains(&number);
            prop_assert_eq!(matches(&digits(first, last), &number.to_string()), inside);
        }
    }
}
