//! The keys as a table for people: help on the screen and the documentation read it.
//!
//! The commands that focus one column each are one row. What a key does is in
//! `command`, which key it is in `keymap`.

use std::borrow::Cow;

use crate::ui::command::{COMMANDS, Command, Scope};
use crate::ui::glyphs::Glyphs;
use crate::ui::keymap::Keymap;

/// One row of the table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    /// The command; of a family, the first.
    pub command: Command,
    /// Its name in `[keys]`; of a family, the first and the last.
    pub name: String,
    /// Its keys, as they are shown; none for a command of the palette only.
    pub keys: Vec<String>,
    /// What it does.
    pub help: Cow<'static, str>,
    /// Where its keys hold.
    pub scope: Scope,
}

impl Entry {
    /// Returns whether a text, in lower case, is part of it.
    pub fn has(&self, part: &str) -> bool {
        self.name.contains(part)
            || self.help.to_lowercase().contains(part)
            || self.keys.iter().any(|key| key.to_lowercase() == part)
    }
}

/// Returns all commands, scope by scope in the order of [`Scope::ALL`].
pub fn entries(keymap: &Keymap, glyphs: Glyphs) -> Vec<Entry> {
    let rows = Scope::ALL
        .into_iter()
        .flat_map(|scope| COMMANDS.iter().filter(move |row| row.scope == scope));
    let mut entries = Vec::with_capacity(COMMANDS.len());
    for row in rows {
        match row.command.column() {
            Some(0) => entries.push(columns(keymap, glyphs)),
            Some(_) => {}
            None if row.command.saved_view().is_some_and(|at| at > 0) => {}
            None if row.command == Command::SavedView1 => entries.push(views(keymap, glyphs)),
            None => entries.push(Entry {
                command: row.command,
                name: row.name.to_owned(),
                keys: keymap.all_labels(row.command, glyphs),
                help: row.help.trim().into(),
                scope: row.scope,
            }),
        }
    }
    entries
}

/// The row of the commands that focus one column each.
fn columns(keymap: &Keymap, glyphs: Glyphs) -> Entry {
    let all = || COMMANDS.iter().filter(|row| row.command.column().is_some());
    let mut keys: Vec<String> = all()
        .flat_map(|row| keymap.all_labels(row.command, glyphs))
        .collect();
    if let (Some(first), Some(last)) = (keys.first(), keys.last())
        && keys
            .iter()
            .map(String::as_str)
            .eq(["1", "2", "3", "4", "5", "6", "7", "8"])
    {
        keys = vec![format!("{first}{}{last}", glyphs.range())];
    }
    let name = |row: Option<&crate::ui::command::Row>| row.map_or("", |row| row.name);
    Entry {
        command: Command::Column1,
        name: format!("{} to {}", name(all().next()), name(all().next_back())),
        keys,
        help: "Focus the column of that number".into(),
        scope: Command::Column1.row().scope,
    }
}

/// The row of the commands that go to one saved view each.
fn views(keymap: &Keymap, glyphs: Glyphs) -> Entry {
    let all = || {
        COMMANDS
            .iter()
            .filter(|row| row.command.saved_view().is_some())
    };
    let name = |row: Option<&crate::ui::command::Row>| row.map_or("", |row| row.name);
    Entry {
        command: Command::SavedView1,
        name: format!("{} to {}", name(all().next()), name(all().next_back())),
        keys: all()
            .flat_map(|row| keymap.all_labels(row.command, glyphs))
            .collect(),
        help: "Go to the saved view of that number; `key` of a `[[view]]` gives one".into(),
        scope: Command::SavedView1.row().scope,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn the_columns_are_one_row_and_every_other_command_has_its_own() {
        let entries = entries(&Keymap::default(), Glyphs::Unicode);
        // Columns and saved views are one row each.
        assert_eq!(
            entries.len(),
            COMMANDS.len() - 7 - (Command::SAVED_VIEWS - 1)
        );
        let focus: Vec<&Entry> = entries
            .iter()
            .filter(|entry| entry.command.column().is_some())
            .collect();
        assert_eq!(focus.len(), 1);
        assert_eq!(focus[0].keys, ["1–8"]);
        assert_eq!(focus[0].name, "column-1 to column-8");
    }

    #[test]
    fn columns_with_keys_of_the_user_tell_each() {
        let own = BTreeMap::from([("column-8".to_owned(), vec!["9".to_owned()])]);
        let keymap = Keymap::new(&own).unwrap();
        let entries = entries(&keymap, Glyphs::Ascii);
        let focus = entries
            .iter()
            .find(|entry| entry.command == Command::Column1)
            .unwrap();
        assert_eq!(focus.keys.join(" "), "1 2 3 4 5 6 7 9");
    }
}
