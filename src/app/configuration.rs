//! `cycleboard config`: where the file is, what its keys are, whether it is right.
//!
//! Also what only the screen can tell about a configuration: whether its keys
//! and its theme exist. `config` reads text and knows neither.

use std::collections::BTreeMap;

use rustix::fs::Access;

use crate::app::cli::{ConfigCommand, Global, ThemeCommand};
use crate::app::config_file::{self, Text};
use crate::app::env::Env;
use crate::app::exit::{Exit, Failure};
use crate::app::key_table;
use crate::app::named;
use crate::app::output;
use crate::app::paths::Paths;
use crate::app::session::Session;
use crate::app::settings;
use crate::app::themes::{AUTO, Mistake, Themes};
use crate::config::{
    self, ConfigError, KeysConfig, Layer, OwnCommand, Settings, Told, place_of, place_of_word,
};
use crate::ui::command::{COMMANDS, Command};
use crate::ui::keymap::{Keymap, KeymapError, Preset, sequence_form};
use crate::ui::theme::{BUILTIN, ColorDepth, Glyphs, Theme};

/// Every key with its default, as tests hold it to be.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// Does what was asked.
pub fn run(global: &Global, env: &Env, command: ConfigCommand) -> Result<Exit, Failure> {
    let paths = Paths::find()?;
    let place = config_file::place(global.config.as_deref(), env, &paths);
    match command {
        ConfigCommand::Path => output::print(&format!("{}\n", place.path.display()))?,
        ConfigCommand::Default => output::print(EXAMPLE)?,
        ConfigCommand::Check => check(&place, &paths)?,
        ConfigCommand::Keys => keys(&place, &paths)?,
        ConfigCommand::Schema => output::print(&schema())?,
    }
    Ok(Exit::Fine)
}

/// Returns the JSON schema of the configuration.
pub fn schema() -> String {
    let kinds = settings::kinds();
    let commands = COMMANDS.iter().map(|row| (row.name, row.help.trim()));
    let commands: Vec<(&str, &str)> = commands.collect();
    let themes: Vec<&str> = BUILTIN.iter().map(|(name, _)| *name).collect();
    let schema = config::schema(&Told {
        kinds: &kinds,
        commands: &commands,
        keys: &sequence_form(),
        presets: &Preset::ALL.map(Preset::name),
        themes: &themes,
        reference: EXAMPLE,
    });
    format!("{schema:#}\n")
}

/// How many mistakes in themes are told with all that is wrong with the configuration.
const THEMES_TOLD: usize = 10;

fn check(place: &config_file::Place, paths: &Paths) -> Result<(), Failure> {
    let texts = read_all(place)?;
    let (settings, mut wrong) = settings::read(&texts);
    let themes = themes_in(paths);
    wrong.extend(mistakes(&settings, &texts, &themes));
    wrong.extend(store_mistake(&settings, &texts));
    wrong.extend(settings.flaws.iter().cloned());
    wrong.extend(named::mistakes(&settings, &layers(&texts)));
    wrong.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    let others = themes.mistakes().into_iter().map(told);
    let mut others: Vec<ConfigError> = others.filter(|other| !wrong.contains(other)).collect();
    let more = others.len().saturating_sub(THEMES_TOLD);
    others.truncate(THEMES_TOLD);
    wrong.extend(others);
    if !wrong.is_empty() {
        let folder = themes.dir.display();
        let more = (more > 0).then(|| format!("and {more} more in the themes of `{folder}`"));
        return Err(settings::refused_for(&wrong, more));
    }
    if texts.is_empty() {
        let path = place.path.display();
        return output::print(&format!("`{path}` is not there; the defaults hold\n"));
    }
    let names: Vec<String> = texts
        .iter()
        .map(|text| format!("`{}`", text.name))
        .collect();
    let sources = match settings.sources.len() {
        0 => "no source: the repository of the current directory is shown".to_owned(),
        1 => "1 source".to_owned(),
        count => format!("{count} sources"),
    };
    output::print(&format!("{}: fine, {sources}\n", names.join(", ")))
}

/// Returns what is wrong with the place of the store: the board would work without it, and forget.
pub(super) fn store_mistake(settings: &Settings, texts: &[Text]) -> Option<ConfigError> {
    let url = settings.store.url.as_ref()?;
    let file = settings::file_of_store(url);
    // Directories that are not there yet are made.
    let there = file.ancestors().skip(1).find(|dir| dir.exists())?;
    let why = if file.is_dir() {
        format!("`{}` is a directory", file.display())
    } else if !there.is_dir() {
        format!("`{}` is no directory", there.display())
    } else if rustix::fs::access(there, Access::WRITE_OK | Access::EXEC_OK).is_err() {
        format!("you may not write in `{}`", there.display())
    } else {
        return None;
    };
    let (place, line) = place_of(&layers(texts), &["store", "url"])?;
    Some(ConfigError {
        file: place.to_owned(),
        line,
        column: None,
        message: format!("`url` of the store: {why}"),
        hint: Some("name a file that you may write, or leave `url` out".to_owned()),
    })
}

/// Prints every command with the keys that it has now.
fn keys(place: &config_file::Place, paths: &Paths) -> Result<(), Failure> {
    let texts = read_all(place)?;
    let settings = merge(&texts, &themes_in(paths))?;
    let (keymap, errors) = keymap(&settings, &texts);
    let Some(keymap) = keymap else {
        return Err(settings::refused(&errors));
    };
    output::print(&key_table::table(&keymap, &settings.commands))
}

/// Lists the themes, or checks one.
pub fn theme(command: &ThemeCommand) -> Result<Exit, Failure> {
    let themes = themes_in(&Paths::find()?);
    match command {
        ThemeCommand::List => {
            let names = themes.names().join("\n");
            output::print(&format!("{names}\n"))?;
        }
        ThemeCommand::Check { theme } => {
            let wrong = themes.check(theme);
            if let [
                Mistake {
                    place: None,
                    message,
                    hint,
                },
            ] = wrong.as_slice()
            {
                // Nothing of a file is wrong: there is none.
                return Err(Failure::usage(message.clone()).maybe_hint(hint.clone()));
            }
            if !wrong.is_empty() {
                let wrong: Vec<ConfigError> = wrong.into_iter().map(told).collect();
                return Err(settings::refused(&wrong));
            }
            output::print(&format!("`{theme}` has every role and can be read\n"))?;
        }
    }
    Ok(Exit::Fine)
}

fn read_all(place: &config_file::Place) -> Result<Vec<Text>, Failure> {
    let here = std::env::current_dir().ok();
    settings::read_all(place, here.as_deref())
}

/// The themes as far as it matters whether they are right.
pub fn themes_in(paths: &Paths) -> Themes {
    Themes {
        dir: paths.config.join("themes"),
        depth: ColorDepth::True,
        glyphs: Glyphs::Unicode,
        ..Themes::default()
    }
}

/// Refuses a theme of the command line that is not there, where nothing is drawn with it.
pub fn named_theme(session: &Session) -> Result<(), Failure> {
    match &session.global.theme {
        Some(name) => theme_or_failure(&themes_in(&session.paths), name),
        None => Ok(()),
    }
}

fn theme_or_failure(themes: &Themes, name: &str) -> Result<(), Failure> {
    themes.open(name).map(drop).map_err(|mistake| {
        let place = mistake.place.map(|(file, line)| format!("{file}:{line}: "));
        let place = place.unwrap_or_default();
        let failure = Failure::usage(format!("`--theme`: {place}{}", mistake.message));
        failure.maybe_hint(mistake.hint)
    })
}

/// Returns the keys and the theme of the settings, or everything that is wrong with them.
pub fn screen(session: &Session, themes: &Themes) -> Result<(Keymap, Theme), Failure> {
    let keymap = keymap_of(&keys_of(&session.settings), &session.settings.commands);
    let theme = themes.open(&session.settings.ui.theme);
    if let (Ok(keymap), Ok(theme)) = (keymap, theme) {
        return Ok((keymap, theme));
    }
    if let Some(name) = &session.global.theme
        && let Err(mistake) = themes.open(name)
        && mistake.place.is_none()
    {
        let failure = Failure::usage(format!("`--theme`: {}", mistake.message));
        return Err(failure.maybe_hint(mistake.hint));
    }
    let texts = read_all(&session.place)?;
    Err(settings::refused(&mistakes(
        &session.settings,
        &texts,
        themes,
    )))
}

/// Returns what the texts say, or everything that is wrong with them, keys and themes included.
pub fn merge(texts: &[Text], themes: &Themes) -> Result<Settings, Failure> {
    let (settings, mut wrong) = settings::read(texts);
    if wrong.is_empty() {
        return Ok(settings);
    }
    wrong.extend(mistakes(&settings, texts, themes));
    wrong.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    Err(settings::refused(&wrong))
}

/// Returns what is wrong with keys and theme, each with its file and line.
fn mistakes(settings: &Settings, texts: &[Text], themes: &Themes) -> Vec<ConfigError> {
    let (_, mut errors) = keymap(settings, texts);
    errors.extend(theme_mistakes(settings, texts, themes));
    errors
}

/// Returns which themes that the settings name are not there, or cannot be used.
fn theme_mistakes(settings: &Settings, texts: &[Text], themes: &Themes) -> Vec<ConfigError> {
    let mut errors = Vec::new();
    let layers = layers(texts);
    let ui = &settings.ui;
    let named = [
        ("theme", &ui.theme),
        ("theme_dark", &ui.theme_dark),
        ("theme_light", &ui.theme_light),
    ];
    for (key, name) in named {
        let opened = match (key, name.as_str()) {
            // The two that it stands for are judged by themselves.
            ("theme", AUTO) => continue,
            (_, AUTO) => Err(Mistake {
                place: None,
                message: format!("`{key}`: `auto` stands for this theme, so it cannot be `auto`"),
                hint: Some("`cycleboard theme list` names them all".to_owned()),
            }),
            (_, name) => themes.open(name).map(drop),
        };
        let Err(mistake) = opened else { continue };
        let is_unknown = mistake.place.is_none();
        let mut error = told(mistake);
        if is_unknown && let Some((file, line)) = place_of(&layers, &["ui", key]) {
            file.clone_into(&mut error.file);
            error.line = line;
        }
        if !errors.contains(&error) {
            errors.push(error);
        }
    }
    errors
}

/// Returns the keys, and everything that is wrong with them.
fn keymap(settings: &Settings, texts: &[Text]) -> (Option<Keymap>, Vec<ConfigError>) {
    let layers = layers(texts);
    let all = keys_of(settings);
    let mut sound = all.clone();
    let mut errors = keys_too_many(settings, &layers);
    let preset_alone = KeysConfig {
        own: BTreeMap::new(),
        ..sound.clone()
    };
    if let Err(error) = keymap_of(&preset_alone, &[]) {
        errors.push(key_error(settings, &layers, "preset", &error));
        sound.preset = KeysConfig::default().preset;
    }
    for (name, keys) in &all.own {
        let alone = KeysConfig {
            own: std::iter::once((name.clone(), keys.clone())).collect(),
            ..sound.clone()
        };
        match keymap_of(&alone, &[]) {
            // Whether it clashes with another is seen when all are there.
            Ok(_) | Err(KeymapError::Conflict { .. } | KeymapError::Beginning { .. }) => {}
            Err(error) => {
                sound.own.remove(name);
                errors.push(key_error(settings, &layers, name, &error));
            }
        }
    }
    // What clashes is taken out, so that the next clash is told as well.
    let mut commands = settings.commands.to_vec();
    let built = loop {
        let error = match keymap_of(&sound, &commands) {
            Ok(keymap) => break Some(keymap),
            Err(error) => error,
        };
        let before = (sound.own.len(), commands.len());
        if let Some((name, told)) = own_error(&layers, &error) {
            errors.push(told);
            commands.retain(|command| command.name != name);
        } else {
            let name = blamed(&error, &sound);
            errors.push(key_error(settings, &layers, &name, &error));
            sound.own.remove(&name);
        }
        if before == (sound.own.len(), commands.len()) {
            break None;
        }
    };
    if errors.is_empty() {
        return (built, errors);
    }
    errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    (None, errors)
}

/// Returns the name in `[keys]` that a mistake is told of: of two, the one that the user gave a key.
fn blamed(error: &KeymapError, keys: &KeysConfig) -> String {
    let own = |name: &&str| keys.own.contains_key(*name);
    match error {
        KeymapError::Conflict { first, second, .. } => {
            let found = [*second, *first].into_iter().find(own);
            found.unwrap_or(second).to_owned()
        }
        KeymapError::Beginning { name, longer, .. } => {
            let mut names = std::iter::once(*name).chain(longer.iter().map(|(_, name)| *name));
            names.find(own).unwrap_or(name).to_owned()
        }
        KeymapError::BadKey { name, .. }
        | KeymapError::Twice { name, .. }
        | KeymapError::NoWayOut { name } => (*name).to_owned(),
        KeymapError::UnknownCommand { name, .. } => name.clone(),
        KeymapError::UnknownPreset { .. } => "preset".to_owned(),
        KeymapError::OwnConflict { own, .. }
        | KeymapError::OwnKey { own, .. }
        | KeymapError::OwnName { own } => own.clone(),
    }
}

/// Returns the map of keys of the settings, or everything that is wrong with them, and with the
/// names of themes; what is wrong in the file of a theme is told where that is read.
pub fn keymap_or_failure(
    settings: &Settings,
    texts: &[Text],
    themes: &Themes,
) -> Result<Keymap, Failure> {
    let (keymap, mut errors) = keymap(settings, texts);
    let named = theme_mistakes(settings, texts, themes).into_iter();
    errors.extend(named.filter(|error| texts.iter().any(|text| text.name == error.file)));
    let keymap = keymap.filter(|_| errors.is_empty());
    keymap.ok_or_else(|| settings::refused(&errors))
}

/// Builds the map of keys that `[keys]` and the user's own commands ask for.
pub fn keymap_of(keys: &KeysConfig, commands: &[OwnCommand]) -> Result<Keymap, KeymapError> {
    let keymap = Keymap::named(&keys.preset, keys.kitty, &keys.own)?;
    keymap.with_own(commands)
}

/// Returns what is wrong with a command of the user, with its name, if it is that.
fn own_error<'a>(layers: &[Layer<'_>], error: &'a KeymapError) -> Option<(&'a str, ConfigError)> {
    let own = match error {
        KeymapError::OwnConflict { own, .. }
        | KeymapError::OwnKey { own, .. }
        | KeymapError::OwnName { own } => own,
        KeymapError::Conflict { .. }
        | KeymapError::Beginning { .. }
        | KeymapError::BadKey { .. }
        | KeymapError::Twice { .. }
        | KeymapError::NoWayOut { .. }
        | KeymapError::UnknownPreset { .. }
        | KeymapError::UnknownCommand { .. } => return None,
    };
    let place = place_of_word(layers, "command", "name", own);
    let (file, line) = place.unwrap_or(("[[command]]", 1));
    let told = ConfigError {
        file: file.to_owned(),
        line,
        column: None,
        message: error.to_string(),
        hint: error.hint(),
    };
    Some((own, told))
}

/// Returns what the settings say of keys; those of saved views are keys of the commands that go to
/// the view of a number.
pub fn keys_of(settings: &Settings) -> KeysConfig {
    let mut keys = settings.keys.clone();
    let commands = COMMANDS
        .iter()
        .filter(|row| row.command.saved_view().is_some());
    for (row, view) in commands.zip(&settings.views) {
        if let Some(key) = &view.key {
            let own = keys.own.entry(row.name.to_owned());
            own.or_insert_with(|| vec![key.clone()]);
        }
    }
    keys
}

/// Returns what is wrong with views that have a key and come too late for one.
fn keys_too_many(settings: &Settings, layers: &[Layer<'_>]) -> Vec<ConfigError> {
    let late = settings.views.iter().skip(Command::SAVED_VIEWS);
    let late = late.filter(|view| view.key.is_some());
    late.map(|view| {
        let name = &view.view.name;
        let (file, line) = place_of_word(layers, "view", "name", name).unwrap_or(("[[view]]", 1));
        ConfigError {
            file: file.to_owned(),
            line,
            column: None,
            message: format!(
                "only the first {} views may have a `key`, and `{name}` comes after them",
                Command::SAVED_VIEWS
            ),
            hint: Some("put it further up, or leave its `key` out".to_owned()),
        }
    })
    .collect()
}

fn key_error(
    settings: &Settings,
    layers: &[Layer<'_>],
    name: &str,
    error: &KeymapError,
) -> ConfigError {
    let at = Command::named(name).and_then(Command::saved_view);
    let view = at.and_then(|at| settings.views.get(at));
    let (mut message, hint) = (error.to_string(), error.hint());
    let mut place = place_of(layers, &["keys", name]);
    if let (None, Some(view), Some(key)) = (place, view, view.and_then(|view| view.key.as_ref())) {
        place = place_of_word(layers, "view", "key", key);
        let called = format!("the view `{}`", view.view.name);
        message = message
            .replace(&format!("`{name}` in `[keys]`"), &called)
            .replace(&format!("`{name}`"), &called);
    }
    let hint = match (view, error) {
        (Some(view), KeymapError::Conflict { .. } | KeymapError::Beginning { .. })
            if !settings.keys.own.contains_key(name) =>
        {
            Some(format!(
                "give the view `{}` another `key`, or leave it out",
                view.view.name
            ))
        }
        (_, _) => hint,
    };
    let (file, line) = place.unwrap_or(("[keys]", 1));
    ConfigError {
        file: file.to_owned(),
        line,
        column: None,
        message,
        hint,
    }
}

fn told(mistake: Mistake) -> ConfigError {
    let (file, line) = mistake.place.unwrap_or_else(|| ("[ui]".to_owned(), 1));
    ConfigError {
        file,
        line,
        column: None,
        message: mistake.message,
        hint: mistake.hint,
    }
}

pub(super) fn layers(texts: &[Text]) -> Vec<Layer<'_>> {
    texts
        .iter()
        .map(|text| Layer {
            file: &text.name,
            text: &text.text,
            trust: text.trust,
        })
        .collect()
}
