//! The screen's part of the configuration, read again after it was saved.
//!
//! Runs where files may be waited for; what was read is taken over by the loop. With a mistake in
//! any part of the configuration nothing of it counts, and the old one stays.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::cli::Global;
use crate::app::config_file::{DIRECTORY_FILE, Place, Text};
use crate::app::configuration;
use crate::app::exit::Failure;
use crate::app::session::Session;
use crate::app::settings;
use crate::app::themes::{self, Shelf, Themes};
use crate::app::views;
use crate::app::watch::Files;
use crate::config::{OwnCommand, Settings, UiConfig};
use crate::domain::arrange::SavedView;
use crate::ui::keymap::Keymap;

/// What the screen was told by the configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Told {
    /// `[ui]`, the command line considered.
    pub ui: UiConfig,
    /// The keys.
    pub keymap: Arc<Keymap>,
    /// Whether the terminal is told to tell all keys apart.
    pub kitty: bool,
    /// The user's own themes.
    pub shelf: Shelf,
    /// The saved views of the configuration.
    pub views: Vec<SavedView>,
    /// The user's own commands.
    pub commands: Arc<[OwnCommand]>,
    /// What the files say beside that: when it changes, that counts after the next start.
    pub rest: Vec<toml::Table>,
}

/// What came of reading it again; why it was refused, in a sentence.
pub type Reloaded = Result<Told, String>;

/// Reads the configuration again.
#[derive(Debug)]
pub struct Reloader {
    place: Place,
    here: Option<PathBuf>,
    global: Global,
    themes: PathBuf,
}

impl Reloader {
    /// Makes one for the files of a session.
    pub fn of(session: &Session) -> Self {
        Self {
            place: session.place.clone(),
            here: std::env::current_dir().ok(),
            global: session.global.clone(),
            themes: session.paths.config.join("themes"),
        }
    }

    /// Returns the files of which it reads.
    pub fn files(&self) -> Files {
        let here = self.here.iter().map(|here| here.join(DIRECTORY_FILE));
        Files {
            files: here.chain([self.place.path.clone()]).collect(),
            folders: vec![self.themes.clone()],
        }
    }

    /// Reads it.
    pub fn read(&self) -> Reloaded {
        let texts = settings::read_all(&self.place, self.here.as_deref());
        let texts = texts.map_err(|failure| in_words(&failure))?;
        let own = themes::shelf(&self.themes);
        let themes = Themes {
            shelf: Some(Arc::clone(&own)),
            ..Themes::default()
        };
        let mut settings =
            configuration::merge(&texts, &themes).map_err(|failure| in_words(&failure))?;
        if !settings.flaws.is_empty() {
            // At the start a view that is wrong is left out; here the old ones are better.
            return Err(in_words(&settings::refused(&settings.flaws)));
        }
        over(&self.global, &mut settings);
        let keymap = configuration::keymap_or_failure(&settings, &texts, &themes)
            .map_err(|error| in_words(&error))?;
        Ok(Told {
            views: views::given(&settings),
            commands: settings.commands,
            ui: settings.ui,
            keymap: Arc::new(keymap),
            kitty: settings.keys.kitty,
            shelf: own,
            rest: texts.iter().filter_map(rest).collect(),
        })
    }
}

/// Puts what the command line says of the screen over the settings.
pub fn over(global: &Global, settings: &mut Settings) {
    if let Some(theme) = &global.theme {
        settings.ui.theme.clone_from(theme);
    }
    settings.ui.mouse &= !global.no_mouse;
    settings.ui.slow |= global.slow;
    if global.ascii {
        settings.ui.ascii = Some(true);
    }
}

/// The tables that are taken over while the board runs.
const LIVE: [&str; 4] = ["ui", "keys", "view", "command"];

/// Returns what a file says that counts after the next start only.
pub fn rest(text: &Text) -> Option<toml::Table> {
    let mut table: toml::Table = text.text.parse().ok()?;
    for live in LIVE {
        table.remove(live);
    }
    Some(table)
}

/// Returns the keys of the rest that are not as they were, as they are written in the file.
pub fn changed(before: &[toml::Table], now: &[toml::Table]) -> Vec<String> {
    let mut changed = std::collections::BTreeSet::new();
    let nothing = toml::Table::new();
    for at in 0..before.len().max(now.len()) {
        let (old, new) = (before.get(at), now.get(at));
        let (old, new) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
        for name in keys_that_differ(old, new) {
            match (old.get(name), new.get(name)) {
                (Some(toml::Value::Array(_)), _) | (_, Some(toml::Value::Array(_))) => {
                    changed.insert(format!("`[[{name}]]`"));
                }
                (Some(toml::Value::Table(old)), Some(toml::Value::Table(new))) => {
                    let keys = keys_that_differ(old, new);
                    changed.extend(keys.map(|key| format!("`{key}` of `[{name}]`")));
                }
                (_, _) => {
                    changed.insert(format!("`[{name}]`"));
                }
            }
        }
    }
    changed.into_iter().collect()
}

/// Returns the keys that one of two tables has, or has otherwise than the other.
fn keys_that_differ<'a>(
    one: &'a toml::Table,
    other: &'a toml::Table,
) -> impl Iterator<Item = &'a String> {
    let all = one
        .keys()
        .chain(other.keys().filter(|key| !one.contains_key(*key)));
    all.filter(|key| one.get(*key) != other.get(*key))
}

/// Returns the first thing that is wrong, with its line; how many others there are is counted.
fn in_words(failure: &Failure) -> String {
    let text = failure.to_string();
    let told: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("error: "))
        .collect();
    let first = told.first().copied().unwrap_or_default();
    match told.len().saturating_sub(1) {
        0 => first.to_owned(),
        more => format!("{first} (and {more} more; `cycleboard config check` tells all)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ui::command::Command;
    use crate::ui::glyphs::Glyphs;

    fn reloader(text: &str, global: Global) -> (tempfile::TempDir, Reloader) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let reloader = Reloader {
            place: Place { path, named: true },
            here: None,
            global,
            themes: dir.path().join("themes"),
        };
        (dir, reloader)
    }

    #[test]
    fn what_the_screen_is_told_is_read_and_the_rest_is_kept_apart() {
        let text = "[ui]\ntheme = \"nord\"\nslow = true\n[keys]\nkitty = true\nzoom = \"f5\"\n[history]\ndays = 7";
        let (_dir, reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap();
        assert_eq!((told.ui.theme.as_str(), told.ui.slow), ("nord", true));
        assert!(told.kitty);
        assert_eq!(told.keymap.labels(Command::Zoom, Glyphs::Ascii), "f5");
        let names: Vec<&String> = told.rest.iter().flat_map(toml::Table::keys).collect();
        assert_eq!(names, ["history"]);
    }

    #[test]
    fn views_and_commands_are_read_again() {
        let text = "[[view]]\nname = \"mine\"\nfilter = \"author:@me\"\nkey = \"f6\"\n\
                    [[command]]\nname = \"switch\"\nargv = [\"git\"]\nkey = \"B\"";
        let (_dir, reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap();
        assert_eq!(told.views[0].shows.filter, "author:@me");
        assert_eq!(told.commands[0].name, "switch");
        assert_eq!(told.keymap.labels(Command::SavedView1, Glyphs::Ascii), "f6");
        assert_eq!(told.keymap.labels(Command::Own(0), Glyphs::Ascii), "B");
        assert!(
            told.rest.iter().all(toml::Table::is_empty),
            "{:?}",
            told.rest
        );
    }

    #[test]
    fn what_counts_after_a_restart_is_named_by_its_key() {
        let table = |text: &str| -> toml::Table { text.parse().unwrap() };
        let names = |before: &str, now: &str| changed(&[table(before)], &[table(now)]);
        let before = "[store]\nurl = \"sqlite:a\"\n[board]\nbake_window = \"1h\"";
        assert!(names(before, before).is_empty());
        let now = "[store]\nurl = \"sqlite:b\"\n[board]\nbake_window = \"1h\"\n\
                   [[source]]\nkind = \"github\"\n[wall]\npage_secs = 9";
        assert_eq!(
            names(before, now),
            ["`[[source]]`", "`[wall]`", "`url` of `[store]`"]
        );
        assert_eq!(changed(&[table(now)], &[]).len(), 4);
    }

    #[test]
    fn the_command_line_goes_before_the_file() {
        let global = Global {
            theme: Some("dracula".to_owned()),
            no_mouse: true,
            ascii: true,
            slow: true,
            ..Global::default()
        };
        let (_dir, reloader) = reloader("[ui]\ntheme = \"nord\"\nascii = false", global);
        let ui = reloader.read().unwrap().ui;
        assert_eq!(ui.theme, "dracula");
        assert_eq!((ui.mouse, ui.ascii, ui.slow), (false, Some(true), true));
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let (_dir, reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap_err();
        assert!(told.ends_with(expected), "{told}");
        assert!(told.contains("config.toml:"), "{told}");
    }

    #[test]
    fn a_mistake_is_told_in_one_line_with_its_place() {
        refused(
            "[ui]\ntheme = \"no/path\"",
            "config.toml:2: `theme`: `no/path` is not the name of a theme",
        );
        refused(
            "\n[keys]\nzom = \"x\"",
            "config.toml:3: `zom` in `[keys]` is no command",
        );
        refused(
            "[keys]\nzoom = \"s\"",
            "config.toml:2: the key `s` stands for `zoom` and for `sort`",
        );
        refused(
            "[ui]\ntheme = \"nrd\"",
            "config.toml:2: there is no theme `nrd`",
        );
        refused(
            "[[view]]\nname = \"a\"\nfilter = \"stauts:failed\"",
            "config.toml:3: `filter` of the view `a`: unknown key `stauts` at column 1",
        );
        refused(
            "[[command]]\nname = \"a\"\nargv = [\"x\"]\nkey = \"z\"",
            "config.toml:2: the key `z` of your command `a` stands for `zoom`, too",
        );
        refused(
            "[keys]\npreset = \"emacs\"",
            "config.toml:2: `preset` in `[keys]`: there are no keys called `emacs`",
        );
        refused(
            "[ui]\nmouse = 1\n[history]\ndays = \"x\"",
            "(and 1 more; `cycleboard config check` tells all)",
        );
    }

    #[test]
    fn a_file_that_is_gone_is_no_empty_one() {
        let (dir, reloader) = reloader("", Global::default());
        drop(dir);
        assert!(reloader.read().unwrap_err().contains("cannot read"));
    }
}
