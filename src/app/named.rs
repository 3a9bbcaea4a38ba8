//! What a configuration names outside of itself: certificates and programs that have to be there.
//!
//! `config` reads text and opens nothing; here the files are opened, and nothing is run. A program
//! without a slash is looked for when it is started, and not here.

use std::path::Path;

use rustix::fs::Access;

use crate::app::settings::folder_of;
use crate::config::{ConfigError, Layer, Settings, place_of_word};
use crate::sources::http::certificates;

/// Returns what is wrong with the files that settings name, each with its file and line.
pub fn mistakes(settings: &Settings, layers: &[Layer<'_>]) -> Vec<ConfigError> {
    let mut found = Vec::new();
    let mut tell = |table: &str, key: &str, word: &str, wrong: Option<(String, String)>| {
        let Some((message, hint)) = wrong else {
            return;
        };
        let (file, line) = place_of_word(layers, table, key, word).unwrap_or((table, 1));
        let error = ConfigError {
            file: file.to_owned(),
            line,
            column: None,
            message: format!("`{key}`: {message}"),
            hint: Some(hint),
        };
        if !found.contains(&error) {
            found.push(error);
        }
    };
    for source in &settings.sources {
        if let Some(path) = &source.ca_file {
            let word = path.to_string_lossy();
            let said = written("source", "ca_file", &word, layers);
            tell("source", "ca_file", said, certificate_mistake(path, said));
        }
        if let Some(word) = source.token_command.iter().flatten().next() {
            let said = written("source", "token_command", word, layers);
            tell("source", "token_command", said, program_mistake(word, said));
        }
    }
    if let Some(word) = settings.notify.command.iter().flatten().next() {
        let said = written("notify", "command", word, layers);
        tell("notify", "command", said, program_mistake(word, said));
    }
    found
}

/// Returns what is wrong with a file of certificates, and what to do.
fn certificate_mistake(path: &Path, written: &str) -> Option<(String, String)> {
    let why = certificates(path).err()?;
    let hint = way_out(path, written).unwrap_or("name a file that holds certificates in PEM form");
    Some((why, hint.to_owned()))
}

/// Returns what is wrong with a program that is named by its path, and what to do.
fn program_mistake(word: &str, written: &str) -> Option<(String, String)> {
    let path = Path::new(word);
    if !word.contains('/') {
        return None;
    }
    let why = match std::fs::metadata(path) {
        Err(error) => format!("`{word}` cannot be started: {error}"),
        Ok(it) if !it.is_file() => format!("`{word}` is no program"),
        Ok(_) if rustix::fs::access(path, Access::EXEC_OK).is_err() => {
            format!("you may not start `{word}`")
        }
        Ok(_) => return None,
    };
    let hint = way_out(path, written).unwrap_or("name a program that you may start");
    Some((why, hint.to_owned()))
}

/// Returns what is told of paths that people take for others.
fn way_out(path: &Path, written: &str) -> Option<&'static str> {
    if path.starts_with("~") {
        return Some("`~` is not read as your home here: write the path in full");
    }
    let is_lost = Path::new(written).is_relative() && !path.exists();
    is_lost.then_some(
        "it is looked for in the folder of the configuration file: write the path in full",
    )
}

/// Returns a path as the files say it: there, it may begin in the folder of its file.
fn written<'a>(table: &str, key: &str, path: &'a str, layers: &[Layer<'_>]) -> &'a str {
    let within = |layer: &Layer<'_>| {
        let folder = folder_of(layer.file)?;
        let rest = path.strip_prefix(folder.to_str()?)?;
        let rest = rest.trim_start_matches('/');
        place_of_word(layers, table, key, rest).map(|_| rest)
    };
    layers.iter().find_map(within).unwrap_or(path)
}
