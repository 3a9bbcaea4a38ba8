//! `cycleboard config`: where the file is, what its keys are, whether it is right.
//!
//! Also what only the screen can tell about a configuration: whether its keys
//! and its theme exist. `config` reads text and knows neither.

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
use crate::app::themes::{Mistake, Themes};
use crate::config::{ConfigError, Layer, Settings, place_of};
use crate::ui::keymap::{Keymap, KeymapError};
use crate::ui::theme::{ColorDepth, Glyphs, Theme};

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
        ConfigCommand::Keys => keys(&place)?,
    }
    Ok(Exit::Fine)
}

fn check(place: &config_file::Place, paths: &Paths) -> Result<(), Failure> {
    let texts = read_all(place)?;
    let settings = settings::merge(&texts)?;
    let themes = themes_in(paths);
    let mut wrong = mistakes(&settings, &texts, &themes);
    let others = themes.mistakes().into_iter().map(told);
    wrong.extend(
        others
            .filter(|other| !wrong.contains(other))
            .collect::<Vec<_>>(),
    );
    wrong.extend(store_mistake(&settings, &texts));
    wrong.extend(named::mistakes(&settings, &layers(&texts)));
    if !wrong.is_empty() {
        return Err(settings::refused(&wrong));
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
fn store_mistake(settings: &Settings, texts: &[Text]) -> Option<ConfigError> {
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
        message: format!("`url` of the store: {why}"),
        hint: Some("name a file that you may write, or leave `url` out".to_owned()),
    })
}

/// Prints every command with the keys that it has now.
fn keys(place: &config_file::Place) -> Result<(), Failure> {
    let texts = read_all(place)?;
    let settings = settings::merge(&texts)?;
    let (keymap, errors) = keymap(&settings, &texts);
    let Some(keymap) = keymap else {
        return Err(settings::refused(&errors));
    };
    output::print(&key_table::table(&keymap))
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
fn themes_in(paths: &Paths) -> Themes {
    Themes {
        dir: paths.config.join("themes"),
        depth: ColorDepth::True,
        glyphs: Glyphs::Unicode,
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
    let keymap = Keymap::new(&session.settings.keys);
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

/// Returns what is wrong with keys and theme, each with its file and line.
fn mistakes(settings: &Settings, texts: &[Text], themes: &Themes) -> Vec<ConfigError> {
    let (_, mut errors) = keymap(settings, texts);
    if let Err(mistake) = themes.open(&settings.ui.theme) {
        let is_unknown = mistake.place.is_none();
        let mut error = told(mistake);
        if is_unknown && let Some((file, line)) = place_of(&layers(texts), &["ui", "theme"]) {
            file.clone_into(&mut error.file);
            error.line = line;
        }
        errors.push(error);
    }
    errors
}

/// Returns the keys, and everything that is wrong with them.
fn keymap(settings: &Settings, texts: &[Text]) -> (Option<Keymap>, Vec<ConfigError>) {
    let layers = layers(texts);
    let mut sound = settings.keys.clone();
    let mut errors = Vec::new();
    for (name, keys) in &settings.keys {
        let alone = std::iter::once((name.clone(), keys.clone())).collect();
        match Keymap::new(&alone) {
            // Whether it clashes with another is seen when all are there.
            Ok(_) | Err(KeymapError::Conflict { .. }) => {}
            Err(error) => {
                sound.remove(name);
                errors.push(key_error(&layers, name, &error));
            }
        }
    }
    match Keymap::new(&sound) {
        Ok(keymap) if errors.is_empty() => return (Some(keymap), errors),
        Ok(_) => {}
        Err(error) => {
            let own = |name: &&str| sound.contains_key(*name);
            let name = match &error {
                KeymapError::Conflict { first, second, .. } => {
                    [*second, *first].into_iter().find(own).unwrap_or(second)
                }
                KeymapError::BadKey { name, .. } | KeymapError::NoWayOut { name } => name,
                KeymapError::UnknownCommand { name, .. } => name.as_str(),
            };
            errors.push(key_error(&layers, name, &error));
        }
    }
    errors.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    (None, errors)
}

fn key_error(layers: &[Layer<'_>], name: &str, error: &KeymapError) -> ConfigError {
    let (file, line) = place_of(layers, &["keys", name]).unwrap_or(("[keys]", 1));
    ConfigError {
        file: file.to_owned(),
        line,
        message: error.to_string(),
        hint: error.hint(),
    }
}

fn told(mistake: Mistake) -> ConfigError {
    let (file, line) = mistake.place.unwrap_or_else(|| ("[ui]".to_owned(), 1));
    ConfigError {
        file,
        line,
        message: mistake.message,
        hint: mistake.hint,
    }
}

fn layers(texts: &[Text]) -> Vec<Layer<'_>> {
    texts
        .iter()
        .map(|text| Layer {
            file: &text.name,
            text: &text.text,
            trust: text.trust,
        })
        .collect()
}
