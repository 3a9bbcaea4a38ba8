//! Where themes come from: the user's own files, then those that are built in.
//!
//! What a theme says is settled by `ui::theme`; here it is only found and read,
//! and what is wrong with it gets a file and a line.

use std::path::{Path, PathBuf};

use crate::config::{line_of, line_of_error};
use crate::domain::text::nearest;
use crate::ui::theme::{BUILTIN, ColorDepth, Glyphs, Theme, ThemeError};

/// The largest theme that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// How many files of the user's directory are looked at.
const MAX_FILES: usize = 200;

/// Finds themes by name, for one terminal.
#[derive(Clone, Debug)]
pub struct Themes {
    /// Where the user's own are: `<name>.toml`.
    pub dir: PathBuf,
    /// The colours that the terminal has.
    pub depth: ColorDepth,
    /// The characters that it can draw.
    pub glyphs: Glyphs,
}

/// What is wrong with a theme.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The file and the line, where there is a file.
    pub place: Option<(String, usize)>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Themes {
    /// Returns the theme of this name, or what is wrong with it, in words.
    pub fn find(&self, name: &str) -> Result<Theme, String> {
        self.open(name)
            .map_err(|mistake| match (mistake.place, mistake.hint) {
                (Some((file, line)), _) => format!("{file}:{line}: {}", mistake.message),
                (None, Some(hint)) => format!("{}; {hint}", mistake.message),
                (None, None) => mistake.message,
            })
    }

    /// Returns the theme of this name, or what is wrong with it.
    pub fn open(&self, name: &str) -> Result<Theme, Mistake> {
        let Some(text) = self.read(name)? else {
            return Theme::builtin(name, self.depth, self.glyphs)
                .map_err(|error| self.mistake(name, &error, None));
        };
        Theme::parse(name, &text, self.depth, self.glyphs)
            .map_err(|error| self.mistake(name, &error, Some(&text)))
    }

    /// Returns the names of all themes: those that are built in, then the user's own.
    pub fn names(&self) -> Vec<String> {
        let mut own: Vec<String> = std::fs::read_dir(&self.dir)
            .into_iter()
            .flatten()
            .flatten()
            .take(MAX_FILES)
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let name = name.strip_suffix(".toml")?;
                is_name(name).then(|| name.to_owned())
            })
            .filter(|name| BUILTIN.iter().all(|(known, _)| known != name))
            .collect();
        own.sort();
        let built_in = BUILTIN.iter().map(|(name, _)| (*name).to_owned());
        built_in.chain(own).collect()
    }

    /// Returns what is wrong with the user's own themes, used or not.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let names = self.names();
        let opened = names.iter().map(|name| self.open(name));
        opened.filter_map(Result::err).collect()
    }

    fn mistake(&self, name: &str, error: &ThemeError, text: Option<&str>) -> Mistake {
        let line = text.map(|text| match error {
            ThemeError::UnknownTheme { .. } | ThemeError::MissingRole { .. } => 1,
            ThemeError::Syntax { .. } => line_of_error(text).unwrap_or(1),
            ThemeError::UnknownRole { role, .. } | ThemeError::BadColor { role, .. } => {
                line_of(text, &[role]).unwrap_or(1)
            }
        });
        let hint = match error {
            ThemeError::UnknownTheme { .. } => Some(self.meant(name)),
            ThemeError::Syntax { .. }
            | ThemeError::UnknownRole { .. }
            | ThemeError::MissingRole { .. }
            | ThemeError::BadColor { .. } => error.hint(),
        };
        Mistake {
            place: line.map(|line| (self.file(name).display().to_string(), line)),
            message: error.to_string(),
            hint,
        }
    }

    fn meant(&self, name: &str) -> String {
        let names = self.names();
        nearest(name, names.iter().map(String::as_str)).map_or_else(
            || format!("there are {}", names.join(", ")),
            |name| format!("did you mean `{name}`?"),
        )
    }

    fn file(&self, name: &str) -> PathBuf {
        self.dir.join(format!("{name}.toml"))
    }

    /// Reads the user's own theme, if there is one; a name is never a path.
    fn read(&self, name: &str) -> Result<Option<String>, Mistake> {
        if !is_name(name) {
            return Ok(None);
        }
        let path = self.file(name);
        match path.metadata() {
            Ok(metadata) if metadata.is_file() => {
                let mut text = if metadata.len() > MAX_BYTES {
                    Err(unread(
                        &path,
                        &format!("it is larger than {MAX_BYTES} bytes"),
                    ))
                } else {
                    std::fs::read_to_string(&path)
                        .map_err(|error| unread(&path, &error.to_string()))
                }?;
                if text.starts_with('\u{feff}') {
                    text.remove(0);
                }
                Ok(Some(text))
            }
            Ok(_) | Err(_) => Ok(None),
        }
    }
}

fn unread(path: &Path, why: &str) -> Mistake {
    Mistake {
        place: None,
        message: format!("cannot read the theme `{}`: {why}", path.display()),
        hint: Some("a theme is a line `role = \"#rrggbb\"` for every role".to_owned()),
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}
