//! `[wall]`: the board on a screen that nobody sits at.

use std::time::Duration;

use toml::Spanned;

use crate::config::check::{Checker, Table};
use crate::config::{Settings, file};

/// The fewest and the most seconds that a page stays.
pub(super) const SECS: std::ops::RangeInclusive<u64> = 5..=3_600;

/// `[wall]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WallConfig {
    /// How long a page stays.
    pub page: Duration,
    /// Whether the terminal's bell is rung when a card turns red.
    pub bell: bool,
}

impl Default for WallConfig {
    fn default() -> Self {
        Self {
            page: Duration::from_secs(30),
            bell: true,
        }
    }
}

/// Puts `[wall]` into the settings.
pub(super) fn apply(checker: &mut Checker<'_>, table: Table<file::Wall>, settings: &mut Settings) {
    let wall = &mut settings.wall;
    wall.bell = table.value.bell.unwrap_or(wall.bell);
    let Some(secs) = table.value.page_secs else {
        return;
    };
    let span = Spanned::span(&secs);
    match u64::try_from(secs.into_inner()) {
        Ok(secs) if SECS.contains(&secs) => wall.page = Duration::from_secs(secs),
        Ok(_) | Err(_) => {
            let (least, most) = (SECS.start(), SECS.end());
            let message = format!("`page_secs` is not a number from {least} to {most}");
            checker.error(span, &message, None);
        }
    }
}
