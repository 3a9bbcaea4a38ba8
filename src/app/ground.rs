//! Whether the ground of the terminal is dark or light, for the theme `auto`.
//!
//! A variable tells, or the terminal is asked once the first frame is out: one that does not answer
//! costs nothing, and one that answers late is heard then. Which theme goes with which ground is
//! said in `themes`.

use crate::app::env::{Abilities, Env};

/// The question for the colour of the ground.
pub const QUESTION: &[u8] = b"\x1b]11;?\x1b\\";

/// The ground of a terminal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ground {
    /// Light text is read on it.
    Dark,
    /// Dark text is read on it.
    Light,
}

/// Returns what the environment tells of the ground: the last number of `COLORFGBG`.
pub fn told(env: &Env) -> Option<Ground> {
    of_colorfgbg(&env.get("COLORFGBG")?)
}

/// Returns whether the terminal may be asked: one that knows no such question could show it.
pub fn may_ask(env: &Env, abilities: Abilities) -> bool {
    let term = env.get("TERM").unwrap_or_default();
    // GNU screen passes questions on and keeps the answers to itself.
    let is_screen = term.starts_with("screen") && env.get("TMUX").is_none();
    abilities.title && !is_screen
}

fn of_colorfgbg(value: &str) -> Option<Ground> {
    let (_, ground) = value.rsplit_once(';')?;
    match ground.parse::<u8>().ok()? {
        0..=6 | 8 => Some(Ground::Dark),
        7 | 9..=15 => Some(Ground::Light),
        16.. => None,
    }
}

/// Returns what a colour that the terminal told of says: `rgb:1e1e/2020/2020` or `#1e2020`, each
/// part of one to four digits.
pub fn of_color(color: &str) -> Option<Ground> {
    let (red, green, blue) = parts(color)?;
    let (red, green, blue) = (level(red)?, level(green)?, level(blue)?);
    let luminance = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
    // At this one, black and white text have the same contrast.
    Some(if luminance > 0.179 {
        Ground::Light
    } else {
        Ground::Dark
    })
}

fn parts(color: &str) -> Option<(&str, &str, &str)> {
    if let Some(digits) = color.strip_prefix('#') {
        let length = digits.len() / 3;
        let (red, rest) = digits.split_at_checked(length)?;
        let (green, blue) = rest.split_at_checked(length)?;
        return (green.len() == blue.len()).then_some((red, green, blue));
    }
    let color = color
        .strip_prefix("rgb:")
        .or_else(|| color.strip_prefix("rgba:"))?;
    let mut parts = color.split('/');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// Returns a part of a colour between 0 and 1, whatever the number of its digits.
fn level(digits: &str) -> Option<f64> {
    let is_hex = digits.len() <= 4 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = u16::from_str_radix(digits, 16).ok().filter(|_| is_hex)?;
    let most = match digits.len() {
        1 => 0xf,
        2 => 0xff,
        3 => 0xfff,
        _ => 0xffff,
    };
    Some(f64::from(value) / f64::from(most))
}

fn linear(level: f64) -> f64 {
    if level <= 0.04045 {
        level / 12.92
    } else {
        ((level + 0.055) / 1.055).powf(2.4)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn variable(value: &str, expected: Option<Ground>) {
        assert_eq!(of_colorfgbg(value), expected, "{value}");
    }

    #[test]
    fn the_last_number_of_the_variable_is_the_ground() {
        variable("15;0", Some(Ground::Dark));
        variable("0;15", Some(Ground::Light));
        variable("0;default;15", Some(Ground::Light));
        variable("12;8", Some(Ground::Dark));
        variable("0;7", Some(Ground::Light));
        for odd in ["", "0", "0;default", "0;256", "0;99", ";"] {
            variable(odd, None);
        }
    }

    #[track_caller]
    fn color(text: &str, expected: Option<Ground>) {
        assert_eq!(of_color(text), expected, "{text}");
    }

    #[test]
    fn a_color_has_one_to_four_digits_a_part() {
        color("rgb:0000/2b2b/3636", Some(Ground::Dark));
        color("rgb:fdfd/f6f6/e3e3", Some(Ground::Light));
        color("rgb:f/f/f", Some(Ground::Light));
        color("rgb:28/28/28", Some(Ground::Dark));
        color("rgba:ffff/ffff/ffff/ffff", Some(Ground::Light));
        color("#ffffff", Some(Ground::Light));
        color("#fff", Some(Ground::Light));
        color("#00002b2b3636", Some(Ground::Dark));
        color("#1E2020", Some(Ground::Dark));
    }

    #[test]
    fn what_is_no_color_says_nothing() {
        for text in [
            "",
            "rgb:",
            "rgb:0/0",
            "rgb:g/0/0",
            "rgb:12345/0/0",
            "rgb:00fff/0/0",
            "rgb:+f/0/0",
            "?",
            "#",
            "#ff",
            "#ffff",
            "#fffffffffffffff",
            "#日本",
            "ffffff",
        ] {
            color(text, None);
        }
    }
}
