//! Sets of keys to begin with: what they have otherwise than the command table.
//!
//! A preset is a table of differences, so that a new command has its keys in each of them. What
//! `[keys]` says goes on top; whether keys meet is judged in `keymap`.

use crate::ui::command::{Command as C, Row};

/// A set of keys to begin with.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Preset {
    /// The keys of the command table, as in vim and less.
    #[default]
    Vim,
    /// As in helix: a menu behind `space`, problems behind `]` and `[`, views behind `g n`.
    Helix,
    /// No key that types a character: arrows, function keys, keys with ctrl; and what has none of
    /// them has its key of the table with alt.
    Arrows,
}

/// Keys of one command instead of its own.
type Difference = (C, &'static [&'static str]);

/// What begins sequences in helix, and can therefore be no key by itself.
const LEADERS: [&str; 3] = ["space", "[", "]"];

const HELIX: &[Difference] = &[
    (C::Bottom, &["g e", "G", "end"]),
    (C::NextView, &["g n"]),
    (C::PreviousView, &["g p"]),
    (C::NextUrgent, &["e", "] d"]),
    (C::PreviousUrgent, &["E", "[ d"]),
    (C::NextError, &["e", "] d"]),
    (C::PreviousError, &["E", "[ d"]),
    (C::Earlier, &["("]),
    (C::Later, &[")"]),
    (C::Mark, &["x"]),
    (C::MarkCard, &["x"]),
    (C::Hide, &["d"]),
    (C::Clock, &["space t"]),
    (C::NextPane, &["tab", "ctrl-w"]),
    (C::Palette, &[":", "ctrl-p", "space ?", "space f"]),
    (C::Actions, &["a", "space a"]),
    (C::Detail, &["i", "space k"]),
    (C::CopyKey, &["y", "space y"]),
    (C::ViewTriage, &["g f", "space d"]),
    (C::ViewBoard, &["g b", "space b"]),
    (C::Filter, &["/", "space /"]),
];

const ARROWS: &[Difference] = &[
    (C::Help, &["f1"]),
    (C::Actions, &["f2"]),
    (C::Filter, &["f3"]),
    (C::SearchLog, &["f3"]),
    (C::Palette, &["f4", "ctrl-p"]),
    (C::Refresh, &["f5"]),
    (C::RefreshAll, &["ctrl-r"]),
    (C::NextView, &["f6"]),
    (C::PreviousView, &["shift-f6"]),
    (C::NextUrgent, &["f7"]),
    (C::PreviousUrgent, &["shift-f7"]),
    (C::NextError, &["f7"]),
    (C::PreviousError, &["shift-f7"]),
    (C::Preview, &["f8"]),
    (C::Fold, &["f8"]),
    (C::Clock, &["f8"]),
    (C::Detail, &["f9"]),
    (C::Close, &["f10"]),
    (C::Messages, &["f12"]),
    (C::Mark, &["insert"]),
    (C::MarkCard, &["insert"]),
    (C::Hide, &["delete"]),
    (C::Pin, &["ctrl-t"]),
    (C::OpenInBrowser, &["ctrl-o"]),
    (C::CopyKey, &["ctrl-k"]),
    (C::WindowLeft, &["shift-left"]),
    (C::WindowRight, &["shift-right"]),
    (C::Earlier, &["shift-left"]),
    (C::Later, &["shift-right"]),
    (C::DayEarlier, &["shift-up"]),
    (C::DayLater, &["shift-down"]),
];

impl Preset {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Vim, Self::Helix, Self::Arrows];

    /// Returns its name, as in `preset` of `[keys]`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Vim => "vim",
            Self::Helix => "helix",
            Self::Arrows => "arrows",
        }
    }

    /// Returns the preset of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// Returns whether digits that mean nothing else begin a count.
    pub fn counts(self) -> bool {
        self != Self::Arrows
    }

    /// Returns the keys that a command has in it.
    pub fn keys(self, row: &Row) -> Vec<String> {
        let own = self.differences(row).map(<[&str]>::to_vec);
        let all = || row.keys.iter().copied();
        let keys: Vec<&str> = match self {
            Self::Vim => all().collect(),
            Self::Helix => all().filter(|key| !LEADERS.contains(key)).collect(),
            Self::Arrows => all().filter(|key| !types_a_character(key)).collect(),
        };
        let keys = own.unwrap_or(keys);
        if keys.is_empty() && self == Self::Arrows {
            return all().filter_map(with_alt).collect();
        }
        keys.into_iter().map(str::to_owned).collect()
    }

    /// Returns the keys of a command where they are others than those of the table.
    fn differences(self, row: &Row) -> Option<&'static [&'static str]> {
        let differences = match self {
            Self::Vim => [].as_slice(),
            Self::Helix => HELIX,
            Self::Arrows => ARROWS,
        };
        let mut differences = differences.iter();
        let found = differences.find(|(command, _)| *command == row.command);
        found.map(|(_, keys)| *keys)
    }
}

/// With alt these begin what a terminal answers, or are taken by the desktop, or a digit begins a
/// count that there is not.
const NOT_WITH_ALT: [&str; 6] = ["[", "]", "P", "_", "space", "#"];

/// Returns a sequence whose first key is pressed with alt.
fn with_alt(sequence: &str) -> Option<String> {
    let first = sequence.split(' ').next().unwrap_or_default();
    (!NOT_WITH_ALT.contains(&first)).then(|| format!("alt-{sequence}"))
}

/// Returns whether a sequence begins with a key that types a character.
fn types_a_character(sequence: &str) -> bool {
    let first = sequence.split(' ').next().unwrap_or_default();
    first.chars().count() == 1 || first == "space"
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ui::chord::Chord;
    use crate::ui::command::{COMMANDS, Scope};
    use crate::ui::glyphs::Glyphs;
    use crate::ui::keymap::{Keymap, Match};

    fn map(preset: Preset) -> Keymap {
        Keymap::of(preset, false, &BTreeMap::new()).unwrap()
    }

    fn chords(keys: &str) -> Vec<Chord> {
        keys.split(' ')
            .map(|key| Chord::parse(key).unwrap())
            .collect()
    }

    #[track_caller]
    fn means(preset: Preset, scope: Scope, keys: &str, command: C) {
        let found = map(preset).lookup(scope, &chords(keys));
        assert_eq!(found, Match::Command(command), "{keys}");
    }

    #[test]
    fn no_preset_has_a_key_that_means_two_things() {
        for preset in Preset::ALL {
            let map = Keymap::of(preset, false, &BTreeMap::new());
            assert!(map.is_ok(), "{}: {map:?}", preset.name());
            assert_eq!(Preset::named(preset.name()), Some(preset));
        }
        assert_eq!(Preset::named("emacs"), None);
    }

    #[test]
    fn a_preset_says_only_what_it_has_otherwise() {
        for (differences, preset) in [(HELIX, Preset::Helix), (ARROWS, Preset::Arrows)] {
            for (at, (command, keys)) in differences.iter().enumerate() {
                let row = command.row();
                assert_ne!(*keys, row.keys, "{} of {}", row.name, preset.name());
                let twice = differences[..at].iter().any(|(other, _)| other == command);
                assert!(!twice, "{} of {} twice", row.name, preset.name());
            }
        }
    }

    #[test]
    fn helix_has_its_menus() {
        means(Preset::Helix, Scope::Board, "space ?", C::Palette);
        means(Preset::Helix, Scope::Board, "] d", C::NextUrgent);
        means(Preset::Helix, Scope::Triage, "[ d", C::PreviousError);
        means(Preset::Helix, Scope::Sources, "g e", C::Bottom);
        means(Preset::Helix, Scope::Triage, "x", C::Mark);
        means(Preset::Helix, Scope::Replay, ")", C::Later);
        let space = map(Preset::Helix).lookup(Scope::Standup, &chords("space"));
        assert_eq!(space, Match::Prefix);
    }

    #[test]
    fn the_box_after_a_key_names_a_command_once() {
        for preset in Preset::ALL {
            let map = map(preset);
            for scope in Scope::ALL {
                let hints = map.hints(scope, &chords("space"), Glyphs::Ascii);
                for (at, (_, command)) in hints.iter().enumerate() {
                    let twice = hints[..at].iter().any(|(_, other)| other == command);
                    assert!(!twice, "{} in {}", command.row().name, scope.title());
                }
            }
        }
        let hints = map(Preset::Helix).hints(Scope::Board, &chords("space"), Glyphs::Ascii);
        assert!(hints.contains(&("? f".to_owned(), C::Palette)), "{hints:?}");
    }

    #[test]
    fn with_arrows_no_key_that_types_a_character_does_anything() {
        let map = map(Preset::Arrows);
        for scope in Scope::ALL {
            for c in ' '..='~' {
                let key = if c == ' ' {
                    "space".to_owned()
                } else {
                    c.to_string()
                };
                let found = map.lookup(scope, &chords(&key));
                assert_eq!(found, Match::Nothing, "`{key}` in {}", scope.title());
            }
            assert!(!map.counts_in(scope), "{}", scope.title());
        }
        means(Preset::Arrows, Scope::Board, "f10", C::Close);
        means(Preset::Arrows, Scope::Board, "insert", C::MarkCard);
        means(Preset::Arrows, Scope::Board, "alt-b", C::Snooze);
        means(Preset::Arrows, Scope::Board, "alt-S", C::Lanes);
        means(Preset::Arrows, Scope::Standup, "alt-n", C::NextTurn);
        means(Preset::Arrows, Scope::Triage, "alt-w", C::Wrap);
        means(Preset::Arrows, Scope::Board, "alt-g f", C::ViewTriage);
        means(Preset::Arrows, Scope::Triage, "f7", C::NextError);
        means(Preset::Arrows, Scope::Board, "f7", C::NextUrgent);
        means(Preset::Arrows, Scope::Replay, "shift-right", C::Later);
    }

    #[test]
    fn every_view_moves_opens_helps_and_goes_in_each_preset() {
        let needed = [
            C::Down,
            C::Up,
            C::Left,
            C::Right,
            C::Top,
            C::Bottom,
            C::Open,
            C::Back,
            C::Close,
            C::Help,
            C::Palette,
            C::Quit,
        ];
        for preset in Preset::ALL {
            let map = map(preset);
            for scope in Scope::ALL {
                for command in needed {
                    let labels = map.labels_in(scope, command, Glyphs::Ascii);
                    let (name, scope) = (command.row().name, scope.title());
                    assert!(!labels.is_empty(), "{name} in {scope}, {}", preset.name());
                }
            }
        }
    }

    #[test]
    fn what_has_a_key_has_one_in_each_preset() {
        for preset in Preset::ALL {
            let map = map(preset);
            let has_key = |command: C| map.label(command, Glyphs::Ascii).is_some();
            let all = COMMANDS.iter().filter(|row| !row.keys.is_empty());
            let without = all.filter(|row| !has_key(row.command));
            let without: Vec<&str> = without.map(|row| row.name).collect();
            // Where digits begin no count, no key does.
            let known: &[&str] = if preset.counts() { &[] } else { &["count"] };
            assert_eq!(without, known, "{}", preset.name());
        }
    }

    #[test]
    fn no_key_is_what_an_answer_of_a_terminal_begins_with() {
        for preset in Preset::ALL {
            for row in COMMANDS {
                for key in preset.keys(row) {
                    let first = key.split(' ').next().unwrap().to_owned();
                    let odd = [
                        "alt-[", "alt-]", "alt-P", "alt-_", "alt-O", "alt-\\", "ctrl-g",
                    ];
                    assert!(!odd.contains(&first.as_str()), "{} of {}", key, row.name);
                }
            }
        }
    }

    #[test]
    fn behind_every_prefix_all_that_follows_is_told_and_leads_there() {
        for preset in Preset::ALL {
            let map = map(preset);
            for scope in Scope::ALL {
                for row in COMMANDS.iter().filter(|row| row.scope.holds_in(scope)) {
                    for label in map.labels_in(scope, row.command, Glyphs::Ascii) {
                        let keys = chords(&label);
                        for end in 1..keys.len() {
                            let (head, tail) = keys.split_at(end);
                            assert_eq!(map.lookup(scope, head), Match::Prefix, "{label}");
                            let rest = crate::ui::keymap::sequence_label(tail, Glyphs::Ascii);
                            let hints = map.hints(scope, head, Glyphs::Ascii);
                            let mut found = hints.iter().filter(|it| it.1 == row.command);
                            let keys = found.next().map(|(keys, _)| format!(" {keys} "));
                            let keys = keys.unwrap_or_default();
                            assert!(keys.contains(&format!(" {rest} ")), "{label}: {keys}");
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn own_keys_go_on_top_of_a_preset() {
        let own = BTreeMap::from([("zoom".to_owned(), vec!["space z".to_owned()])]);
        let map = Keymap::of(Preset::Helix, false, &own).unwrap();
        let zoom = map.lookup(Scope::Board, &chords("space z"));
        assert_eq!(zoom, Match::Command(C::Zoom));
        let own = BTreeMap::from([("zoom".to_owned(), vec!["space".to_owned()])]);
        assert!(Keymap::of(Preset::Helix, false, &own).is_err());
        assert!(Keymap::of(Preset::Arrows, false, &own).is_ok());
    }
}
