//! Keys of the user's own commands, in the same map as all others.
//!
//! None of them takes the place of another key: whoever wants that says so in `[keys]`.

use crate::config::OwnCommand;
use crate::ui::command::{COMMANDS, Command};
use crate::ui::glyphs::Glyphs;
use crate::ui::keymap::{Binding, Keymap, KeymapError, parse_sequence, sequence_label};
use crate::ui::own;

impl Keymap {
    /// Adds the keys of the user's own commands.
    ///
    /// # Errors
    ///
    /// Where a key cannot be read or means something already, or a name is taken.
    pub fn with_own(mut self, commands: &[OwnCommand]) -> Result<Self, KeymapError> {
        for (at, command) in commands.iter().enumerate() {
            let name = || command.name.clone();
            if Command::named(&command.name).is_some() {
                return Err(KeymapError::OwnName { own: name() });
            }
            let Some(known) = own::command_at(at) else {
                break;
            };
            for key in &command.keys {
                let keys =
                    parse_sequence(key, self.kitty).map_err(|message| KeymapError::OwnKey {
                        own: name(),
                        message,
                    })?;
                for scope in own::scopes(command) {
                    let binding = Binding {
                        command: known,
                        scope,
                        keys: keys.clone(),
                    };
                    if let Some(other) = self.bindings.iter().find(|it| clash(it, &binding)) {
                        return Err(KeymapError::OwnConflict {
                            key: sequence_label(&binding.keys, Glyphs::Ascii),
                            own: name(),
                            other: name_of(other.command, commands),
                        });
                    }
                    self.bindings.push(binding);
                }
            }
        }
        Ok(self)
    }
}

/// Whether one of two keys could not be told from the other, or from its beginning.
fn clash(one: &Binding, other: &Binding) -> bool {
    let same = one.command == other.command && one.keys == other.keys;
    let begins = one.keys.starts_with(&other.keys) || other.keys.starts_with(&one.keys);
    one.scope.overlaps(other.scope) && begins && !same
}

fn name_of(command: Command, commands: &[OwnCommand]) -> String {
    let row = COMMANDS.iter().find(|row| row.command == command);
    row.map_or_else(
        || {
            let own = own::place_of(command).and_then(|at| commands.get(at));
            own.map_or_else(String::new, |own| own.name.clone())
        },
        |row| row.name.to_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::command::Scope;
    use crate::ui::keymap::Match;
    use crate::ui::own::testing::commands;

    #[track_caller]
    fn refused(text: &str, message: &str, hint: &str) {
        let error = Keymap::default().with_own(&commands(text)).unwrap_err();
        assert_eq!(error.to_string(), message);
        let told = error.hint().unwrap_or_default();
        assert!(told.contains(hint), "{told}");
    }

    #[test]
    fn keys_of_own_commands_mean_them_where_they_are_offered() {
        let text = "[[command]]\nname = \"a\"\nkey = [\"B\", \"g x\"]\nargv = [\"x\"]\n\
                    where = [\"board\", \"triage\", \"log\"]\n\
                    [[command]]\nname = \"b\"\nkey = \"B\"\nargv = [\"x\"]\nwhere = [\"standup\"]";
        let map = Keymap::default().with_own(&commands(text)).unwrap();
        let press = |scope, keys| map.lookup(scope, &parse_sequence(keys, false).unwrap());
        let own = |at| Match::Command(Command::Own(at));
        assert_eq!(press(Scope::Board, "B"), own(0));
        assert_eq!(press(Scope::Triage, "g x"), own(0));
        assert_eq!(press(Scope::Standup, "B"), own(1));
        assert_eq!(press(Scope::Sources, "B"), Match::Nothing);
        assert_eq!(
            map.label(Command::Own(0), Glyphs::Ascii).as_deref(),
            Some("B")
        );
    }

    #[test]
    fn a_key_that_means_something_already_is_told() {
        let one = |key: &str| format!("[[command]]\nname = \"a\"\nargv = [\"x\"]\nkey = \"{key}\"");
        refused(
            &one("z"),
            "the key `z` of your command `a` stands for `zoom`, too",
            "`zoom = []` in `[keys]`",
        );
        refused(
            &one("g"),
            "the key `g` of your command `a` stands for `top`, too",
            "another key",
        );
        refused(
            &one("ctrl-i"),
            "`key` of your command `a`: terminals send `ctrl-i` as `tab`",
            "written like",
        );
        let two = format!("{}\n{}", one("B"), one("B").replace("\"a\"", "\"b\""));
        refused(
            &two,
            "the key `B` of your command `b` stands for `a`, too",
            "another key",
        );
        refused(
            "[[command]]\nname = \"zoom\"\nargv = [\"x\"]",
            "your command `zoom` has the name of a command of the board",
            "another `name`",
        );
    }
}
