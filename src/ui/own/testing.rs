//! Commands of the user for tests.

use std::sync::Arc;

use crate::config::{OwnCommand, Settings, Trust};

/// Reads `[[command]]` tables.
#[track_caller]
pub(crate) fn commands(text: &str) -> Arc<[OwnCommand]> {
    Settings::parse(text, "config.toml", Trust::User, &[])
        .unwrap()
        .commands
}
