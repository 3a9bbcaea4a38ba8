//! From keys to commands: defaults, the user's own keys, conflicts, hints.
//!
//! Built once from the command table and `[keys]`; refuses a map in which a key
//! means two things or that leaves no way out.

use std::collections::BTreeMap;

use crate::domain::text::nearest;
use crate::ui::chord::Chord;
use crate::ui::command::{COMMANDS, Command, Scope};
use crate::ui::glyphs::Glyphs;

mod preset;

pub use preset::Preset;

/// The keys of every command.
#[derive(Clone, PartialEq, Debug)]
pub struct Keymap {
    pub(in crate::ui) bindings: Vec<Binding>,
    counts: bool,
    /// Whether the terminal tells keys apart that others send alike.
    pub(in crate::ui) kitty: bool,
}

/// Keys of one command in one place.
#[derive(Clone, PartialEq, Debug)]
pub(in crate::ui) struct Binding {
    pub(in crate::ui) command: Command,
    pub(in crate::ui) scope: Scope,
    pub(in crate::ui) keys: Vec<Chord>,
}

/// What the keys pressed so far mean.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Match {
    /// A command.
    Command(Command),
    /// The beginning of one or more sequences.
    Prefix,
    /// Nothing.
    Nothing,
}

/// Why a key map was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum KeymapError {
    /// A name in `[keys]` is no command.
    #[error("`{name}` in `[keys]` is no command")]
    UnknownCommand {
        /// What was written.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// `preset` names no set of keys.
    #[error("`preset` in `[keys]`: there are no keys called `{name}`")]
    UnknownPreset {
        /// What was written.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A key cannot be read or told apart.
    #[error("`{name}` in `[keys]`: {message}")]
    BadKey {
        /// The command.
        name: &'static str,
        /// What is wrong.
        message: String,
    },
    /// A key is given to one command twice.
    #[error("`{name}` in `[keys]` names the key `{key}` twice")]
    Twice {
        /// The command.
        name: &'static str,
        /// The key.
        key: String,
    },
    /// A key would mean two things.
    #[error("the key `{key}` stands for `{first}` and for `{second}`")]
    Conflict {
        /// The key.
        key: String,
        /// One command.
        first: &'static str,
        /// The other.
        second: &'static str,
        /// The one of both that has it from the table or the preset, where one does.
        usual: Option<&'static str>,
    },
    /// A key by itself would begin longer ones, and could never be told from their beginning.
    #[error("the key `{key}` of `{name}` begins {}", begun(.longer))]
    Beginning {
        /// The key.
        key: String,
        /// Its command.
        name: &'static str,
        /// The longer ones, each with its command.
        longer: Vec<(String, &'static str)>,
        /// Whether the key by itself has it from the table or the preset.
        is_usual: bool,
    },
    /// A key of a command of the user's would mean two things, or begin a longer one.
    #[error("the key `{key}` of your command `{own}` stands for `{other}`, too")]
    OwnConflict {
        /// The key.
        key: String,
        /// The command of the user.
        own: String,
        /// The other, of the user or not.
        other: String,
    },
    /// A command of the user has a key that cannot be read or told apart.
    #[error("`key` of your command `{own}`: {message}")]
    OwnKey {
        /// The command of the user.
        own: String,
        /// What is wrong.
        message: String,
    },
    /// A command of the user has the name of another.
    #[error("your command `{own}` has the name of a command of the board")]
    OwnName {
        /// The command of the user.
        own: String,
    },
    /// There would be no way out.
    #[error("`{name}` needs a key")]
    NoWayOut {
        /// The command that lost its keys.
        name: &'static str,
    },
}

impl KeymapError {
    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownCommand { nearest, .. } => nearest.map_or_else(
                || Some("`cycleboard keys` and `?` on the board list all commands".to_owned()),
                |name| Some(format!("did you mean `{name}`?")),
            ),
            Self::UnknownPreset { nearest, .. } => Some(nearest.map_or_else(
                || format!("one of {}", Preset::ALL.map(Preset::name).join(", ")),
                |name| format!("did you mean `{name}`?"),
            )),
            Self::OwnConflict { other, .. } => Some(format!(
                "give it another key, or take that of `{other}` away: `{other} = []` in `[keys]`"
            )),
            Self::Twice { .. } => Some("leave one of them out".to_owned()),
            Self::OwnName { .. } => Some("give it another `name`".to_owned()),
            Self::BadKey { .. } | Self::OwnKey { .. } => {
                Some("keys are written like `j`, `G`, `ctrl-d`, `f5`, `pgdn` or `g b`".to_owned())
            }
            Self::Conflict {
                usual: Some(usual), ..
            } => Some(format!(
                "give `{usual}` another key in `[keys]` as well, or none: `{usual} = []`"
            )),
            Self::Conflict { usual: None, .. } => {
                Some("give one of them another key in `[keys]`".to_owned())
            }
            Self::Beginning {
                key,
                name,
                is_usual: true,
                ..
            } => Some(format!(
                "give `{name}` another key in `[keys]` as well, or begin with another than `{key}`"
            )),
            Self::Beginning {
                key,
                is_usual: false,
                ..
            } => Some(format!(
                "give it another key, or a sequence that begins with `{key}` and is free"
            )),
            Self::NoWayOut { .. } => Some("leave it out of `[keys]` to keep its own".to_owned()),
        }
    }
}

/// How many of the keys that another begins are told.
const BEGUN: usize = 3;

/// Says which keys another key begins.
fn begun(longer: &[(String, &'static str)]) -> String {
    let told = longer.iter().take(BEGUN);
    let told: Vec<String> = told
        .map(|(key, name)| format!("`{key}` (`{name}`)"))
        .collect();
    match longer.len().saturating_sub(BEGUN) {
        0 => told.join(" and "),
        more => format!("{} and {more} others", told.join(", ")),
    }
}

/// Commands that must keep at least one key.
const KEPT: [Command; 3] = [Command::Quit, Command::Back, Command::Help];

impl Default for Keymap {
    fn default() -> Self {
        Self::new(&BTreeMap::new()).unwrap_or(Self {
            bindings: Vec::new(),
            counts: false,
            kitty: false,
        })
    }
}

impl Keymap {
    /// Builds the map from the table and the user's own keys by command name.
    ///
    /// A list replaces all keys of its command; an empty one takes them away.
    pub fn new(own: &BTreeMap<String, Vec<String>>) -> Result<Self, KeymapError> {
        Self::of(Preset::Vim, false, own)
    }

    /// Builds the map from the preset of this name; `kitty` says that the terminal tells keys apart
    /// that are the same on others.
    pub fn named(
        preset: &str,
        kitty: bool,
        own: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, KeymapError> {
        let found = Preset::named(preset).ok_or_else(|| KeymapError::UnknownPreset {
            name: preset.to_owned(),
            nearest: nearest(preset, Preset::ALL.iter().map(|known| known.name())),
        })?;
        Self::of(found, kitty, own)
    }

    /// Builds the map from a preset and the user's own keys by command name.
    pub fn of(
        preset: Preset,
        kitty: bool,
        own: &BTreeMap<String, Vec<String>>,
    ) -> Result<Self, KeymapError> {
        for name in own.keys() {
            if Command::named(name).is_none() {
                return Err(KeymapError::UnknownCommand {
                    name: name.clone(),
                    nearest: nearest(name, COMMANDS.iter().map(|row| row.name)),
                });
            }
        }
        let mut bindings = Vec::new();
        for row in COMMANDS {
            let keys = own.get(row.name).cloned();
            let keys = keys.unwrap_or_else(|| preset.keys(row));
            if keys.is_empty() && KEPT.contains(&row.command) {
                return Err(KeymapError::NoWayOut { name: row.name });
            }
            for key in keys {
                let bad = |message| KeymapError::BadKey {
                    name: row.name,
                    message,
                };
                let keys = parse_sequence(&key, kitty).map_err(bad)?;
                let mut own = bindings.iter().rev();
                let mut own = own
                    .by_ref()
                    .take_while(|it: &&Binding| it.command == row.command);
                if own.any(|known| known.keys == keys) {
                    return Err(KeymapError::Twice {
                        name: row.name,
                        key: sequence_label(&keys, Glyphs::Ascii),
                    });
                }
                bindings.push(Binding {
                    command: row.command,
                    scope: row.scope,
                    keys,
                });
            }
        }
        let map = Self {
            bindings,
            counts: preset.counts(),
            kitty,
        };
        map.check(own)?;
        Ok(map)
    }

    fn check(&self, own: &BTreeMap<String, Vec<String>>) -> Result<(), KeymapError> {
        for (at, first) in self.bindings.iter().enumerate() {
            for second in self.bindings.iter().skip(at + 1) {
                if clash(first, second) {
                    return Err(self.error(first, second, own));
                }
            }
        }
        Ok(())
    }

    /// Says why two keys cannot both be.
    fn error(
        &self,
        first: &Binding,
        second: &Binding,
        own: &BTreeMap<String, Vec<String>>,
    ) -> KeymapError {
        let name = |binding: &Binding| binding.command.row().name;
        let is_own = |binding: &Binding| own.contains_key(name(binding));
        let short = if first.keys.len() <= second.keys.len() {
            first
        } else {
            second
        };
        let key = sequence_label(&short.keys, Glyphs::Ascii);
        if first.keys.len() == second.keys.len() {
            let usual = match (is_own(first), is_own(second)) {
                (true, false) => Some(name(second)),
                (false, true) => Some(name(first)),
                (_, _) => None,
            };
            return KeymapError::Conflict {
                key,
                first: name(first),
                second: name(second),
                usual,
            };
        }
        let all = self.bindings.iter();
        let longer = all.filter(|it| it.keys.len() > short.keys.len() && clash(short, it));
        let longer = longer.map(|it| (sequence_label(&it.keys, Glyphs::Ascii), name(it)));
        KeymapError::Beginning {
            key,
            name: name(short),
            longer: longer.collect(),
            is_usual: !is_own(short),
        }
    }

    /// Returns what the keys pressed so far mean where `scope` holds.
    pub fn lookup(&self, scope: Scope, pressed: &[Chord]) -> Match {
        let mut found = Match::Nothing;
        for binding in &self.bindings {
            if !binding.scope.holds_in(scope) || !binding.keys.starts_with(pressed) {
                continue;
            }
            if binding.keys.len() > pressed.len() {
                found = Match::Prefix;
            } else if binding.scope.overrides() || found == Match::Nothing {
                found = Match::Command(binding.command);
            }
        }
        found
    }

    /// Returns whether digits begin a count there: where none of them is the key of a command.
    pub fn counts_in(&self, scope: Scope) -> bool {
        let is_digit = |binding: &Binding| {
            let first = binding.keys.first().and_then(|key| key.character());
            first.is_some_and(|c| c.is_ascii_digit())
        };
        let mut here = self.bindings.iter().filter(|it| it.scope.holds_in(scope));
        self.counts && !here.any(is_digit)
    }

    /// Returns what may follow the keys pressed so far, with the command each leads to.
    pub fn hints(&self, scope: Scope, pressed: &[Chord], glyphs: Glyphs) -> Vec<(String, Command)> {
        let mut hints: Vec<(String, Command)> = Vec::new();
        for binding in &self.bindings {
            let rest = binding.keys.strip_prefix(pressed);
            let rest = rest.filter(|rest| !rest.is_empty());
            let Some(rest) = rest.filter(|_| binding.scope.holds_in(scope)) else {
                continue;
            };
            let key = sequence_label(rest, glyphs);
            // A command with several keys is named once.
            let mut known = hints.iter_mut();
            match known.find(|(_, command)| *command == binding.command) {
                Some((keys, _)) => *keys = format!("{keys} {key}"),
                None => hints.push((key, binding.command)),
            }
        }
        hints
    }

    /// Returns the keys that mean a command where `scope` holds, as they are shown.
    pub fn labels_in(&self, scope: Scope, command: Command, glyphs: Glyphs) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|binding| binding.command == command)
            .filter(|binding| self.lookup(scope, &binding.keys) == Match::Command(command))
            .map(|binding| sequence_label(&binding.keys, glyphs))
            .collect()
    }

    /// Returns the first key of a command as it is shown, if it has one.
    pub fn label(&self, command: Command, glyphs: Glyphs) -> Option<String> {
        self.bindings
            .iter()
            .find(|binding| binding.command == command)
            .map(|binding| sequence_label(&binding.keys, glyphs))
    }

    /// Returns all keys of a command as they are shown.
    pub fn all_labels(&self, command: Command, glyphs: Glyphs) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|binding| binding.command == command)
            .map(|binding| sequence_label(&binding.keys, glyphs))
            .collect()
    }

    /// Returns all keys of a command as they are shown, in one text.
    pub fn labels(&self, command: Command, glyphs: Glyphs) -> String {
        self.all_labels(command, glyphs).join("  ")
    }
}

/// Whether one of two keys could not be told from the other, or from its beginning.
fn clash(first: &Binding, second: &Binding) -> bool {
    let meet = first.scope.overlaps(second.scope);
    let begins = first.keys.starts_with(&second.keys) || second.keys.starts_with(&first.keys);
    // In a view with keys of its own, those go before what holds everywhere.
    let overrides = first.keys == second.keys
        && first.scope.overrides() != second.scope.overrides()
        && !KEPT.contains(&first.command)
        && !KEPT.contains(&second.command);
    meet && begins && !overrides
}

pub(in crate::ui) fn parse_sequence(text: &str, kitty: bool) -> Result<Vec<Chord>, String> {
    let parse = |word: &str| {
        if kitty {
            Chord::parse_apart(word)
        } else {
            Chord::parse(word)
        }
    };
    let keys: Vec<Chord> = text
        .split_whitespace()
        .map(parse)
        .collect::<Result<_, _>>()?;
    if keys.is_empty() || keys.len() > 3 {
        return Err(format!("`{text}` is no sequence of one to three keys"));
    }
    Ok(keys)
}

/// Returns the form of such a text, as a regular expression.
pub fn sequence_form() -> String {
    let chord = Chord::form();
    format!(r"^\s*(?:{chord}(?:\s+|$)){{1,3}}$")
}

/// Returns a sequence of keys as it is shown.
pub fn sequence_label(keys: &[Chord], glyphs: Glyphs) -> String {
    let all: Vec<String> = keys.iter().map(|key| key.label(glyphs)).collect();
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(pairs: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        pairs
            .iter()
            .map(|(name, keys)| {
                (
                    (*name).to_owned(),
                    keys.iter().map(|k| (*k).to_owned()).collect(),
                )
            })
            .collect()
    }

    fn press(map: &Keymap, scope: Scope, keys: &str) -> Match {
        map.lookup(scope, &parse_sequence(keys, false).unwrap())
    }

    #[test]
    fn no_default_key_means_two_things() {
        Keymap::new(&BTreeMap::new()).unwrap();
    }

    #[test]
    fn every_command_is_bound_or_in_the_palette() {
        let map = Keymap::default();
        for row in COMMANDS {
            // The palette lists every row; keys are what may be missing.
            let bound = map.label(row.command, Glyphs::Ascii).is_some();
            assert!(bound || row.keys.is_empty(), "{}", row.name);
            assert_eq!(Command::named(row.name), Some(row.command));
        }
    }

    #[test]
    fn a_sequence_needs_all_of_its_keys() {
        let map = Keymap::default();
        assert_eq!(press(&map, Scope::Board, "g"), Match::Prefix);
        assert_eq!(
            press(&map, Scope::Board, "g b"),
            Match::Command(Command::ViewBoard)
        );
        assert_eq!(press(&map, Scope::Board, "g x"), Match::Nothing);
        assert_eq!(
            press(&map, Scope::Board, "ctrl-c"),
            Match::Command(Command::Quit)
        );
    }

    #[test]
    fn a_key_holds_in_its_scope_only() {
        let map = Keymap::default();
        assert_eq!(
            press(&map, Scope::Board, "z"),
            Match::Command(Command::Zoom)
        );
        assert_eq!(press(&map, Scope::Sources, "z"), Match::Nothing);
    }

    #[test]
    fn own_keys_replace_those_of_the_table() {
        let map = Keymap::new(&own(&[("zoom", &["f5", "V"])])).unwrap();
        assert_eq!(press(&map, Scope::Board, "z"), Match::Nothing);
        assert_eq!(
            press(&map, Scope::Board, "f5"),
            Match::Command(Command::Zoom)
        );
        assert_eq!(map.labels(Command::Zoom, Glyphs::Ascii), "f5  V");
    }

    #[track_caller]
    fn refused(pairs: &[(&str, &[&str])], message: &str, hint: &str) {
        let error = Keymap::new(&own(pairs)).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert!(
            error.hint().unwrap_or_default().contains(hint),
            "{:?}",
            error.hint()
        );
    }

    #[test]
    fn a_map_that_cannot_work_is_refused_with_a_hint() {
        refused(
            &[("qiut", &["q"])],
            "`qiut` in `[keys]` is no command",
            "did you mean `quit`?",
        );
        refused(
            &[("zoom", &["s"])],
            "the key `s` stands for `zoom` and for `sort`",
            "give `sort` another key in `[keys]` as well, or none: `sort = []`",
        );
        refused(
            &[("count", &["5"])],
            "the key `5` stands for `column-5` and for `count`",
            "`column-5 = []`",
        );
        refused(
            &[("zoom", &["x"]), ("sort", &["x"]), ("hide", &[])],
            "the key `x` stands for `zoom` and for `sort`",
            "give one of them another key",
        );
        refused(
            &[("refresh-all", &["g"])],
            "the key `g` of `refresh-all` begins `g g` (`top`), `g 1` (`first-of-group`), \
             `g b` (`view-board`) and 7 others",
            "or a sequence that begins with `g` and is free",
        );
        refused(
            &[("zoom", &["s x"])],
            "the key `s` of `sort` begins `s x` (`zoom`)",
            "give `sort` another key in `[keys]` as well, or begin with another than `s`",
        );
        refused(
            &[("right", &["J", "shift-j"])],
            "`right` in `[keys]` names the key `J` twice",
            "leave one of them out",
        );
        refused(&[("quit", &[])], "`quit` needs a key", "leave it out");
        refused(&[("back", &[])], "`back` needs a key", "leave it out");
        refused(
            &[("zoom", &["ctrl-i"])],
            "`zoom` in `[keys]`: terminals send `ctrl-i` as `tab`",
            "like",
        );
        refused(
            &[("zoom", &[""])],
            "`zoom` in `[keys]`: `` is no sequence of one to three keys",
            "like",
        );
    }

    #[test]
    fn a_preset_that_is_not_there_is_refused_with_the_nearest() {
        let error = Keymap::named("hellix", false, &BTreeMap::new()).unwrap_err();
        let told = "`preset` in `[keys]`: there are no keys called `hellix`";
        assert_eq!(error.to_string(), told);
        assert_eq!(error.hint().as_deref(), Some("did you mean `helix`?"));
        let error = Keymap::named("qwertyuiop", false, &BTreeMap::new()).unwrap_err();
        let told = "one of vim, helix, arrows";
        assert_eq!(error.hint().as_deref(), Some(told));
    }

    #[test]
    fn where_the_terminal_tells_keys_apart_they_may_be_used() {
        let own = own(&[("zoom", &["ctrl-i"])]);
        assert!(Keymap::named("vim", false, &own).is_err());
        let map = Keymap::named("vim", true, &own).unwrap();
        assert_eq!(map.labels(Command::Zoom, Glyphs::Ascii), "ctrl-i");
    }

    #[test]
    fn digits_begin_counts_where_they_focus_no_column() {
        let map = Keymap::default();
        for scope in Scope::ALL {
            let columns = matches!(scope, Scope::Board | Scope::Replay);
            assert_eq!(map.counts_in(scope), !columns, "{}", scope.title());
        }
    }

    #[test]
    fn hints_tell_what_may_follow() {
        let map = Keymap::default();
        let hints = map.hints(
            Scope::Board,
            &parse_sequence("g", false).unwrap(),
            Glyphs::Ascii,
        );
        let keys: Vec<&str> = hints.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["g", "b", "f", "a", "s", "m", "r", "o", "t"]);
    }
}
