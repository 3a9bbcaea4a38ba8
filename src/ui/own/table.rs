//! The user's own commands as rows of the table of keys.

use std::borrow::Cow;

use super::{command_at, scopes};
use crate::config::OwnCommand;
use crate::ui::command::Scope;
use crate::ui::glyphs::Glyphs;
use crate::ui::key_table::Entry;
use crate::ui::keymap::Keymap;

/// Returns a row for each.
pub fn entries(own: &[OwnCommand], keymap: &Keymap, glyphs: Glyphs) -> Vec<Entry> {
    let row = |(at, own): (usize, &OwnCommand)| {
        let command = command_at(at)?;
        let mut keys = keymap.all_labels(command, glyphs);
        // Of several places, each has the same keys.
        keys.dedup();
        let mut seen = Vec::new();
        keys.retain(|key| {
            let is_new = !seen.contains(key);
            seen.push(key.clone());
            is_new
        });
        Some(Entry {
            command,
            name: own.name.clone(),
            keys,
            help: Cow::Owned(own.help.to_string()),
            scope: scopes(own).first().copied().unwrap_or(Scope::Everywhere),
        })
    };
    own.iter().enumerate().filter_map(row).collect()
}
