//! `cycleboard keys`: every key with what it does, from the command table.
//!
//! The table of the README is this one; a test compares them.

use std::fmt::Write as _;

use serde_json::json;

use crate::app::cli::{Format, KeysArgs};
use crate::app::configuration::{keymap_of, keys_of};
use crate::app::exit::{Exit, Failure};
use crate::app::output;
use crate::app::session::Session;
use crate::config::OwnCommand;
use crate::ui::glyphs::Glyphs;
use crate::ui::key_table::{self, Entry};
use crate::ui::keymap::Keymap;
use crate::ui::own;

/// Prints the keys in force.
pub fn run(session: &Session, args: &KeysArgs) -> Result<Exit, Failure> {
    let mut keys = keys_of(&session.settings);
    if let Some(preset) = &args.preset {
        keys.preset.clone_from(preset);
    }
    let keymap = keymap_of(&keys, &session.settings.commands)
        .map_err(|error| Failure::usage(error.to_string()).maybe_hint(error.hint()))?;
    let entries = all(&keymap, &session.settings.commands);
    let text = match output::format_or_table(args.format) {
        Format::Json => json(&entries)?,
        Format::Table => table_of(&entries),
        Format::Markdown => markdown(&entries),
    };
    output::print(&text)?;
    Ok(Exit::Fine)
}

fn json(entries: &[Entry]) -> Result<String, Failure> {
    let keys: Vec<_> = entries
        .iter()
        .map(|entry| {
            json!({
                "name": entry.name,
                "keys": entry.keys,
                "where": entry.scope.title(),
                "help": entry.help,
            })
        })
        .collect();
    let document = json!({ "schema": 1, "keys": keys });
    let mut text = serde_json::to_string_pretty(&document).map_err(anyhow::Error::from)?;
    text.push('\n');
    Ok(text)
}

/// Returns the keys as `keys` and `config keys` print them.
pub fn table(keymap: &Keymap, commands: &[OwnCommand]) -> String {
    table_of(&all(keymap, commands))
}

/// The commands of the board, then the user's own.
fn all(keymap: &Keymap, commands: &[OwnCommand]) -> Vec<Entry> {
    let mut entries = key_table::entries(keymap, Glyphs::Unicode);
    entries.extend(own::entries(commands, keymap, Glyphs::Unicode));
    entries
}

fn table_of(entries: &[Entry]) -> String {
    let mut text = String::new();
    let mut scope = None;
    for entry in entries {
        if scope != Some(entry.scope) {
            let gap = if scope.is_some() { "\n" } else { "" };
            scope = Some(entry.scope);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{gap}{}", entry.scope.title());
        }
        let keys = entry.keys.join("  ");
        let _ = writeln!(text, "  {keys:<16} {:<20} {}", entry.name, entry.help);
    }
    text
}

fn markdown(entries: &[Entry]) -> String {
    let mut text = "| key | what | where | name |\n| --- | --- | --- | --- |\n".to_owned();
    for entry in entries {
        let keys: Vec<String> = entry.keys.iter().map(|key| format!("`{key}`")).collect();
        let keys = if keys.is_empty() {
            format!("`:{}`", entry.name)
        } else {
            keys.join(" ")
        };
        let name: Vec<String> = entry
            .name
            .split(" to ")
            .map(|name| format!("`{name}`"))
            .collect();
        let (what, scope) = (&entry.help, entry.scope.title());
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "| {keys} | {what} | {scope} | {} |",
            name.join(" to ")
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_lists_the_keys_of_the_table() {
        let readme = include_str!("../../README.md");
        let (_, rest) = readme.split_once("<!-- keys -->\n").unwrap();
        let (section, _) = rest.split_once("<!-- /keys -->").unwrap();
        let table = markdown(&key_table::entries(&Keymap::default(), Glyphs::Unicode));
        assert_eq!(
            section.trim(),
            table.trim(),
            "`cycleboard keys --format markdown` prints it"
        );
    }

    #[test]
    fn every_form_has_every_command() {
        let entries = key_table::entries(&Keymap::default(), Glyphs::Unicode);
        for text in [
            table_of(&entries),
            markdown(&entries),
            json(&entries).unwrap(),
        ] {
            for entry in &entries {
                assert!(text.contains(&*entry.help), "{}", entry.name);
            }
        }
    }
}
