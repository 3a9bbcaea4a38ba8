//! `[notify]` and `[triage]`: when and how a person is called, how far back is looked.
//!
//! Only the settings, and whether a time of day is quiet. Nothing is sent here,
//! and no clock is read: the local time is passed in.

use chrono::NaiveTime;
use toml::Spanned;

use crate::config::check::{Checker, Table};
use crate::config::{Settings, file, source};

/// `[notify]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notify {
    /// Whether the terminal's bell is rung.
    pub bell: bool,
    /// How the desktop is told.
    pub desktop: Desktop,
    /// The command for [`Desktop::Command`], as words; never a shell line.
    pub command: Option<Vec<String>>,
    /// What is told.
    pub on: Vec<Occasion>,
    /// Whether only cards that the user holds or wrote are told.
    pub mine_only: bool,
    /// When nothing is told.
    pub quiet: Option<Quiet>,
}

/// How the desktop is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Desktop {
    /// As the terminal is known to understand; nothing where that is not known.
    Auto,
    /// By the sequence of iTerm2 and Windows Terminal.
    Osc9,
    /// By the sequence of foot, Ghostty, `WezTerm` and urxvt.
    Osc777,
    /// By a command of the user.
    Command,
    /// Not at all.
    Off,
}

/// What a person may be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Occasion {
    /// A card became red.
    Red,
    /// A card that was red is not any more.
    Green,
}

/// A part of each day, in local time; it may go over midnight.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quiet {
    from: NaiveTime,
    until: NaiveTime,
}

/// The most runs of a workflow that are looked at: as many as one page of a server has.
pub(super) const MOST_HISTORY: u32 = 100;

/// The most runs of a job that tell its usual time.
pub(super) const MOST_USUAL: u32 = 50;

impl Default for Notify {
    /// Nobody is called who did not ask for it.
    fn default() -> Self {
        Self {
            bell: false,
            desktop: Desktop::Off,
            command: None,
            on: vec![Occasion::Red, Occasion::Green],
            mine_only: false,
            quiet: None,
        }
    }
}

impl Notify {
    /// Returns whether nobody is to be called at this time of the day, local time.
    pub fn is_quiet(&self, local: NaiveTime) -> bool {
        self.quiet.is_some_and(|quiet| quiet.holds(local))
    }

    /// Returns whether anything is told at all.
    pub fn is_on(&self) -> bool {
        (self.bell || self.desktop != Desktop::Off) && !self.on.is_empty()
    }
}

impl Desktop {
    pub(super) const WORDS: [&str; 5] = ["auto", "osc9", "osc777", "command", "off"];

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "auto" => Self::Auto,
            "osc9" => Self::Osc9,
            "osc777" => Self::Osc777,
            "command" => Self::Command,
            "off" => Self::Off,
            _ => return None,
        })
    }
}

impl Occasion {
    pub(super) const WORDS: [&str; 2] = ["red", "green"];

    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "red" => Self::Red,
            "green" => Self::Green,
            _ => return None,
        })
    }
}

impl Quiet {
    /// Reads `22:00-07:00`; both ends differ, as nobody could tell whether equal ones mean
    /// always or never.
    pub fn parse(text: &str) -> Option<Self> {
        let (from, until) = text.split_once('-')?;
        let time = |text: &str| NaiveTime::parse_from_str(text.trim(), "%H:%M").ok();
        let (from, until) = (time(from)?, time(until)?);
        (from != until).then_some(Self { from, until })
    }

    /// Returns whether a time of the day is in it; its end is not.
    pub fn holds(self, local: NaiveTime) -> bool {
        if self.from < self.until {
            (self.from..self.until).contains(&local)
        } else {
            local >= self.from || local < self.until
        }
    }
}

/// Puts `[notify]` into the settings.
pub(super) fn apply(
    checker: &mut Checker<'_>,
    table: Table<file::Notify>,
    settings: &mut Settings,
) {
    let Table { value, span } = table;
    let notify = &mut settings.notify;
    notify.bell = value.bell.unwrap_or(notify.bell);
    notify.mine_only = value.mine_only.unwrap_or(notify.mine_only);
    if let Some(words) = value.command {
        notify.command = source::check_command(checker, "command", words);
    }
    if let Some(text) = &value.desktop {
        let found = checker.word("desktop", text, &Desktop::WORDS, Desktop::parse);
        notify.desktop = found.unwrap_or(notify.desktop);
        if found == Some(Desktop::Command) && notify.command.is_none() {
            let hint = "e.g. `command = [\"notify-send\", \"cycleboard\"]`";
            checker.missing(span, "command", "[notify]", hint);
        }
    }
    if let Some(list) = value.on {
        notify.on = list
            .iter()
            .filter_map(|text| checker.word("on", text, &Occasion::WORDS, Occasion::parse))
            .collect();
    }
    if let Some(text) = value.quiet {
        notify.quiet = check_quiet(checker, &text);
    }
}

fn check_quiet(checker: &mut Checker<'_>, text: &file::Text) -> Option<Quiet> {
    let quiet = Quiet::parse(text.get_ref());
    if quiet.is_none() {
        let message = format!("`quiet`: `{}` is not a part of the day", text.get_ref());
        let hint = "from and until, in local time: `\"22:00-07:00\"`";
        checker.error(text.span(), &message, Some(hint));
    }
    quiet
}

/// Puts `[triage]` into the settings.
pub(super) fn apply_triage(
    checker: &mut Checker<'_>,
    table: Table<file::Triage>,
    settings: &mut Settings,
) {
    let file::Triage { history, usual } = table.value;
    let look_back = &mut settings.policy.look_back;
    if let Some(number) = count(checker, "history", history, MOST_HISTORY) {
        look_back.runs = number;
    }
    if let Some(number) = count(checker, "usual", usual, MOST_USUAL) {
        look_back.usual = number;
    }
}

/// Returns a number from 1 to the most there may be.
fn count(
    checker: &mut Checker<'_>,
    name: &str,
    number: Option<Spanned<i64>>,
    most: u32,
) -> Option<u32> {
    let number = number?;
    let span = Spanned::span(&number);
    let fits = u32::try_from(number.into_inner())
        .ok()
        .filter(|number| (1..=most).contains(number));
    if fits.is_none() {
        let message = format!("`{name}` is not a number from 1 to {most}");
        checker.error(span, &message, None);
    }
    fits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(quiet: &str, time: &str, expected: bool) {
        let notify = Notify {
            quiet: Some(Quiet::parse(quiet).unwrap()),
            ..Notify::default()
        };
        let time = NaiveTime::parse_from_str(time, "%H:%M:%S").unwrap();
        assert_eq!(notify.is_quiet(time), expected, "{time} in {quiet}");
    }

    #[test]
    fn quiet_is_from_its_start_to_just_before_its_end() {
        check("12:00-13:30", "11:59:59", false);
        check("12:00-13:30", "12:00:00", true);
        check("12:00-13:30", "13:29:59", true);
        check("12:00-13:30", "13:30:00", false);
    }

    #[test]
    fn quiet_may_go_over_midnight() {
        check("22:00-07:00", "21:59:59", false);
        check("22:00-07:00", "23:00:00", true);
        check("22:00-07:00", "00:00:00", true);
        check("22:00 - 7:00", "06:59:59", true);
        check("22:00-07:00", "07:00:00", false);
        check("22:00-00:00", "23:59:59", true);
        check("22:00-00:00", "00:00:00", false);
    }

    #[test]
    fn what_is_no_part_of_a_day_is_refused() {
        for text in [
            "",
            "22:00",
            "22-7",
            "25:00-07:00",
            "22:00-22:00",
            "a-b",
            "-",
        ] {
            assert_eq!(Quiet::parse(text), None, "{text}");
        }
    }

    #[test]
    fn without_quiet_hours_no_time_is_quiet() {
        assert!(!Notify::default().is_quiet(NaiveTime::MIN));
    }

    #[test]
    fn nobody_is_called_who_did_not_ask() {
        assert!(!Notify::default().is_on());
        let bell = Notify {
            bell: true,
            ..Notify::default()
        };
        assert!(bell.is_on());
        assert!(
            !Notify {
                on: Vec::new(),
                ..bell
            }
            .is_on()
        );
    }
}
