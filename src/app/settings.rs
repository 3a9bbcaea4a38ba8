//! Files of configuration to settings: read, put together, refused with all that is wrong.
//!
//! Where the files are is `config_file`'s, what they mean `config`'s.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::app::config_file::{self, Place, Text};
use crate::app::exit::Failure;
use crate::config::{ConfigError, Layer, Settings, SourceKind};
use crate::sources::REGISTRY;

/// Returns what `kind` of a source may name.
pub fn kinds() -> Vec<&'static SourceKind> {
    REGISTRY.iter().map(|kind| &kind.config).collect()
}

/// Reads the user's file and that of the current directory.
pub fn read_all(place: &Place, here: Option<&Path>) -> Result<Vec<Text>, Failure> {
    let mut texts: Vec<Text> = config_file::read_user(place)?.into_iter().collect();
    if let Some(here) = here {
        texts.extend(config_file::read_directory(here)?);
    }
    Ok(texts)
}

/// Returns what of the texts is right, and all that is wrong with them.
pub fn read(texts: &[Text]) -> (Settings, Vec<ConfigError>) {
    let layers: Vec<Layer<'_>> = texts
        .iter()
        .map(|text| Layer {
            file: &text.name,
            text: &text.text,
            trust: text.trust,
        })
        .collect();
    Settings::read(&layers, &kinds())
}

/// Returns the file that `url` of the store names; that its scheme is `sqlite` was checked.
pub fn file_of_store(url: &str) -> PathBuf {
    let path = url.split_once(':').map_or(url, |(_scheme, path)| path);
    PathBuf::from(path.strip_prefix("//").unwrap_or(path))
}

/// Tells every mistake with its own hint below it; the last hint is the failure's.
pub fn refused(errors: &[ConfigError]) -> Failure {
    const TOLD: usize = 10;
    let mut text = String::new();
    let mut hint = None;
    for (at, error) in errors.iter().take(TOLD).enumerate() {
        if let Some(hint) = hint.take() {
            let _ = write!(text, "\nhint: {hint}");
        }
        let _ = write!(text, "{}{error}", if at == 0 { "" } else { "\nerror: " });
        hint.clone_from(&error.hint);
    }
    let more = errors.len().saturating_sub(TOLD);
    if more > 0 {
        // Writing to a string cannot fail.
        if let Some(hint) = hint.take() {
            let _ = write!(text, "\nhint: {hint}");
        }
        let _ = write!(text, "\nerror: and {more} more");
    }
    Failure::usage(text).maybe_hint(hint)
}
