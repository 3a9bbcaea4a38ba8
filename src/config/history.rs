//! `[history]`: how far back the past is read on first sight.

use toml::Spanned;

use crate::config::check::{Checker, Table};
use crate::config::{Settings, file};

/// The most days of the past that are read.
pub(super) const MOST_DAYS: u32 = 365;

/// `[history]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct History {
    /// How many days of the past are read on first sight of a repository; 0 for none.
    pub days: u32,
}

impl Default for History {
    fn default() -> Self {
        Self { days: 90 }
    }
}

/// Puts `[history]` into the settings.
pub(super) fn apply(
    checker: &mut Checker<'_>,
    table: Table<file::History>,
    settings: &mut Settings,
) {
    let Some(number) = table.value.days else {
        return;
    };
    let span = Spanned::span(&number);
    let found = u32::try_from(number.into_inner());
    if let Some(days) = found.ok().filter(|days| *days <= MOST_DAYS) {
        settings.history.days = days;
    } else {
        let message = format!("`days` is not a number from 0 to {MOST_DAYS}");
        checker.error(span, &message, None);
    }
}
