//! The configuration, read again after it was saved: what the screen shows, and how the team works.
//!
//! Runs where files may be waited for; what was read is taken over by the loop. With a mistake in
//! any part of the configuration, or where no engine can stand on it, nothing of it counts, and the
//! old one stays.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::cli::Global;
use crate::app::config_file::{DIRECTORY_FILE, Place, Text};
use crate::app::configuration;
use crate::app::env::Env;
use crate::app::exit::Failure;
use crate::app::notify::Voice;
use crate::app::renew::{Beneath, Plan};
use crate::app::session::Session;
use crate::app::settings;
use crate::app::themes::{self, Shelf, Themes};
use crate::app::watch::Files;
use crate::app::{demo, team, views};
use crate::config::{Notify, OwnCommand, Settings, UiConfig, WallConfig};
use crate::domain::arrange::SavedView;
use crate::engine::Practice;
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
    /// How the wall is shown.
    pub wall: WallConfig,
    /// How the team works.
    pub practice: Arc<Practice>,
    /// What a person is told, and when.
    pub notify: Notify,
    /// How a person is called.
    pub voice: Voice,
    /// What the files say, so that it can be said what of it is otherwise.
    pub written: Vec<toml::Table>,
    /// Another engine, where what is beneath the board is otherwise.
    pub plan: Option<Arc<Plan>>,
}

/// What came of reading it again; why it was refused, in a line, and a line for each other mistake.
pub type Reloaded = Result<Told, String>;

/// Reads the configuration again.
#[derive(Debug)]
pub struct Reloader {
    place: Place,
    here: Option<PathBuf>,
    global: Global,
    themes: PathBuf,
    /// Whether the team is the simulated one, which has services besides those of the files.
    is_demo: bool,
    env: Env,
    beneath: Option<Beneath>,
}

impl Reloader {
    /// Makes one for the files of a session, and what its engine stands on.
    pub fn of(session: &Session, beneath: Beneath) -> Self {
        Self {
            place: session.place.clone(),
            here: std::env::current_dir().ok(),
            global: session.global.clone(),
            themes: session.paths.config.join("themes"),
            is_demo: session.demo.is_some(),
            env: session.env.clone(),
            beneath: Some(beneath),
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
    pub fn read(&mut self) -> Reloaded {
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
        if self.is_demo {
            settings.policy =
                demo::policy(settings.policy).map_err(|failure| in_words(&failure))?;
        }
        let keymap = configuration::keymap_or_failure(&settings, &texts, &themes)
            .map_err(|error| in_words(&error))?;
        let practice = practice(&settings);
        let planned = match &mut self.beneath {
            Some(beneath) => beneath.plan(&settings, &texts, &practice),
            None => Ok(None),
        };
        let plan = planned.map_err(|wrong| in_words(&settings::refused(&wrong)))?;
        Ok(Told {
            plan,
            voice: Voice::new(&settings.notify, &self.env),
            views: views::given(&settings),
            practice,
            commands: settings.commands,
            ui: settings.ui,
            keymap: Arc::new(keymap),
            kitty: settings.keys.kitty,
            shelf: own,
            wall: settings.wall,
            notify: settings.notify,
            written: texts.iter().filter_map(written).collect(),
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

/// Returns how the team works, as far as that may change while the board runs.
pub fn practice(settings: &Settings) -> Arc<Practice> {
    Arc::new(Practice {
        policy: settings.policy.clone(),
        columns: settings.board.columns.clone(),
        limits: team::limits(settings),
        patience: settings.attention.patience,
    })
}

/// The tables of how the team works.
const PRACTICE: [&str; 7] = [
    "board",
    "branching",
    "service",
    "phase",
    "rule",
    "wip",
    "attention",
];

/// The tables of what is beneath the board: with one of them there is another engine.
const BENEATH: [&str; 5] = ["source", "store", "history", "triage", "team"];

/// Those of them that the simulated team has of its own.
const SIMULATED: [&str; 2] = ["source", "store"];

/// The table of what a person is told.
const CALLS: &str = "notify";

/// Returns what a file says.
pub fn written(text: &Text) -> Option<toml::Table> {
    text.text.parse().ok()
}

/// What is otherwise in files that were saved, as it is written in them.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Changed {
    /// What is taken over.
    pub taken: Vec<String>,
    /// What does not count, as the simulated team has its own.
    pub idle: Vec<String>,
    /// Whether any of it is about how the team works.
    pub practice: bool,
    /// Whether any of it is beneath the board.
    pub beneath: bool,
    /// Whether any of it is about what a person is told.
    pub calls: bool,
}

impl Changed {
    /// Returns it in a sentence.
    pub fn words(&self) -> Option<String> {
        let taken = listed(&self.taken).map(|(names, _)| format!("took over {names}"));
        let idle = listed(&self.idle).map(|(names, is_one)| {
            let does = if is_one { "does" } else { "do" };
            format!("{names} {does} not count for the simulated team")
        });
        let both: Vec<String> = taken.into_iter().chain(idle).collect();
        (!both.is_empty()).then(|| both.join("; "))
    }
}

/// The most names that a sentence holds.
const NAMED: usize = 4;

/// Returns names in words, and whether it is one.
fn listed(names: &[String]) -> Option<(String, bool)> {
    let more = names.len().saturating_sub(NAMED);
    let mut shown: Vec<String> = names.iter().take(NAMED).cloned().collect();
    if more > 0 {
        shown.push(format!("{more} more"));
    }
    let last = shown.pop()?;
    if shown.is_empty() {
        return Some((last, true));
    }
    Some((format!("{} and {last}", shown.join(", ")), false))
}

/// Returns what is not as it was; the simulated team has some of it of its own.
pub fn changed(before: &[toml::Table], now: &[toml::Table], simulated: bool) -> Changed {
    let mut taken = BTreeSet::new();
    let mut idle = BTreeSet::new();
    let (mut practice, mut beneath, mut calls) = (false, false, false);
    let nothing = toml::Table::new();
    for at in 0..before.len().max(now.len()) {
        let (old, new) = (before.get(at), now.get(at));
        let (old, new) = (old.unwrap_or(&nothing), new.unwrap_or(&nothing));
        for name in keys_that_differ(old, new) {
            let is_idle = simulated && SIMULATED.contains(&name.as_str());
            practice |= PRACTICE.contains(&name.as_str());
            beneath |= BENEATH.contains(&name.as_str()) && !is_idle;
            calls |= name == CALLS;
            let changed = if is_idle { &mut idle } else { &mut taken };
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
    Changed {
        taken: taken.into_iter().collect(),
        idle: idle.into_iter().collect(),
        practice,
        beneath,
        calls,
    }
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

/// Returns the first thing that is wrong, with its line and what to do; how many others there are
/// is counted, and each of those is a line of its own below.
fn in_words(failure: &Failure) -> String {
    let text = failure.to_string();
    let mut told: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(mistake) = line.strip_prefix("error: ") {
            told.push(mistake.to_owned());
        } else if let (Some(hint), Some(last)) = (line.strip_prefix("hint: "), told.last_mut()) {
            last.extend(["; ", hint]);
        }
    }
    let mut told = told.into_iter();
    let first = told.next().unwrap_or_default();
    match told.len() {
        0 => first,
        more => {
            let head = format!("{first} (and {more} more; `cycleboard config check` tells all)");
            std::iter::once(head)
                .chain(told)
                .collect::<Vec<_>>()
                .join("\n")
        }
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
            is_demo: false,
            env: Env::process(),
            beneath: None,
        };
        (dir, reloader)
    }

    #[test]
    fn what_the_screen_is_told_is_read_and_the_rest_is_kept_apart() {
        let text = "[ui]\ntheme = \"nord\"\nslow = true\n[keys]\nkitty = true\nzoom = \"f5\"\n[history]\ndays = 7";
        let (_dir, mut reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap();
        assert_eq!((told.ui.theme.as_str(), told.ui.slow), ("nord", true));
        assert!(told.kitty);
        assert_eq!(told.keymap.labels(Command::Zoom, Glyphs::Ascii), "f5");
        let names: Vec<&String> = told.written.iter().flat_map(toml::Table::keys).collect();
        assert_eq!(names, ["history", "keys", "ui"]);
    }

    #[test]
    fn views_and_commands_are_read_again() {
        let text = "[[view]]\nname = \"mine\"\nfilter = \"author:@me\"\nkey = \"f6\"\n\
                    [[command]]\nname = \"switch\"\nargv = [\"git\"]\nkey = \"B\"";
        let (_dir, mut reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap();
        assert_eq!(told.views[0].shows.filter, "author:@me");
        assert_eq!(told.commands[0].name, "switch");
        assert_eq!(told.keymap.labels(Command::SavedView1, Glyphs::Ascii), "f6");
        assert_eq!(told.keymap.labels(Command::Own(0), Glyphs::Ascii), "B");
    }

    fn between(before: &str, now: &str, simulated: bool) -> Changed {
        let table = |text: &str| -> toml::Table { text.parse().unwrap() };
        changed(&[table(before)], &[table(now)], simulated)
    }

    #[test]
    fn what_is_taken_over_is_named_by_its_key() {
        let before = "[store]\nurl = \"sqlite:a\"\n[board]\nbake_window = \"1h\"";
        assert_eq!(between(before, before, false), Changed::default());
        assert_eq!(Changed::default().words(), None);
        let now = "[store]\nurl = \"sqlite:b\"\n[board]\nbake_window = \"2h\"\n\
                   [[source]]\nkind = \"github\"\n[wall]\npage_secs = 9";
        let all = between(before, now, false);
        let names = ["`[[source]]`", "`[wall]`", "`bake_window` of `[board]`"];
        assert_eq!(all.taken[..3], names);
        assert_eq!(all.taken[3], "`url` of `[store]`");
        assert!(all.practice && all.beneath && !all.calls);
        let gone = changed(&[now.parse().unwrap()], &[], false);
        assert_eq!((gone.taken.len(), gone.idle.len()), (4, 0));
        let many = "[ui]\na = 1\nb = 1\nc = 1\nd = 1\ne = 1\nf = 1";
        let many = between("[ui]", many, false);
        let words = many.words().unwrap();
        assert!(words.ends_with("`d` of `[ui]` and 2 more"), "{words}");
        assert!(!many.practice && !many.beneath);
        let calls = between("", "[notify]\nbell = true", false);
        assert!(calls.calls && !calls.beneath && !calls.practice);
    }

    #[test]
    fn the_simulated_team_has_sources_and_a_store_of_its_own() {
        let now = "[[source]]\nkind = \"github\"\n[wall]\npage_secs = 9";
        let changed = between("", now, true);
        assert!(!changed.beneath);
        assert_eq!(
            changed.words().unwrap(),
            "took over `[wall]`; `[[source]]` does not count for the simulated team"
        );
        assert!(between("", "[team]\nturn_mins = 3", true).beneath);
    }

    #[test]
    fn every_table_of_the_configuration_is_taken_over_by_somebody() {
        const SCREEN: [&str; 5] = ["ui", "keys", "view", "command", "wall"];
        let schema: serde_json::Value = serde_json::from_str(&configuration::schema()).unwrap();
        let tables = schema["properties"].as_object().unwrap();
        assert!(tables.len() > 10);
        for name in tables.keys() {
            let name = name.as_str();
            let lists = [&PRACTICE[..], &BENEATH[..], &SCREEN[..], &[CALLS]];
            let count = lists.iter().filter(|list| list.contains(&name)).count();
            assert_eq!(count, 1, "{name}");
        }
    }

    #[test]
    fn how_the_team_works_is_read_again_for_the_simulated_team_too() {
        let text = "[board]\nbake_window = \"3h\"\ncolumns = [\"code\"]\nwip = { code = 2 }\n\
                    [attention]\nred_after = \"1h\"\n[wall]\npage_secs = 9";
        let (_dir, mut reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap();
        let practice = &told.practice;
        assert_eq!(practice.policy.bake_window, chrono::TimeDelta::hours(3));
        assert_eq!(practice.columns.len(), 1);
        assert_eq!(practice.limits[0].most, 2);
        assert_eq!(practice.patience.red, chrono::TimeDelta::hours(1));
        assert_eq!(told.wall.page.as_secs(), 9);
        assert_eq!(practice.policy.services.len(), 0);
        reloader.is_demo = true;
        let practice = reloader.read().unwrap().practice;
        assert_eq!(practice.policy.bake_window, chrono::TimeDelta::hours(3));
        assert!(!practice.policy.services.is_empty(), "those of its team");
        assert_eq!(practice.columns.len(), 1);
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
        let (_dir, mut reloader) = reloader("[ui]\ntheme = \"nord\"\nascii = false", global);
        let ui = reloader.read().unwrap().ui;
        assert_eq!(ui.theme, "dracula");
        assert_eq!((ui.mouse, ui.ascii, ui.slow), (false, Some(true), true));
    }

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let (_dir, mut reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap_err();
        let first = told.lines().next().unwrap_or_default();
        assert!(first.contains(expected), "{told}");
        assert!(told.contains("config.toml:"), "{told}");
    }

    #[test]
    fn a_mistake_is_told_in_one_line_with_its_place() {
        refused(
            "[ui]\ntheme = \"no/path\"",
            "config.toml:2:9: `theme`: `no/path` is not the name of a theme",
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
            "config.toml:3:10: `filter` of the view `a`: unknown key `stauts` at column 1",
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
            "[ui]\nmouse = 1\ntheme = \"nrd\"\n[history]\ndays = \"x\"",
            "(and 2 more; `cycleboard config check` tells all)",
        );
    }

    #[test]
    fn the_nearest_name_and_the_other_mistakes_are_told() {
        let text = "[keys]\nzom = \"x\"\nsrot = \"y\"";
        let (_dir, mut reloader) = reloader(text, Global::default());
        let told = reloader.read().unwrap_err();
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(lines.len(), 2, "{told}");
        assert!(
            lines[0].contains("`zoom`") && lines[0].contains("(and 1 more"),
            "{told}"
        );
        assert!(
            lines[1].contains("`srot`") && lines[1].contains("`sort`"),
            "{told}"
        );
    }

    #[test]
    fn a_file_that_is_gone_is_no_empty_one() {
        let (dir, mut reloader) = reloader("", Global::default());
        drop(dir);
        assert!(reloader.read().unwrap_err().contains("cannot read"));
    }
}
