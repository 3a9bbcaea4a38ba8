//! Where themes come from: the user's own files, then those that are built in.
//!
//! What a theme says is settled by `ui::theme`; here it is only found and read,
//! and what is wrong with it gets a file and a line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::ground::Ground;
use crate::config::{line_of, line_of_error};
use crate::domain::text::nearest;
use crate::ui::theme::{BUILTIN, ColorDepth, Glyphs, Sheet, Theme, ThemeError, builtin, faults};

/// The largest theme that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

/// How many files of the user's directory are looked at.
const MAX_FILES: usize = 200;

/// The name that stands for one of two themes, by the ground of the terminal.
pub const AUTO: &str = "auto";

/// Finds themes by name, for one terminal.
#[derive(Clone, Debug, Default)]
pub struct Themes {
    /// Where the user's own are: `<name>.toml`.
    pub dir: PathBuf,
    /// The colours that the terminal has.
    pub depth: ColorDepth,
    /// The characters that it can draw.
    pub glyphs: Glyphs,
    /// What `auto` is.
    pub auto: Auto,
    /// The user's own files, once they were read; else each is read when it is asked for.
    pub shelf: Option<Shelf>,
}

/// The user's own themes by name: what their files say, or why that could not be read.
///
/// Read where files may be waited for, so that a theme is changed without one.
pub type Shelf = Arc<BTreeMap<String, Result<String, Mistake>>>;

/// What the theme `auto` is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Auto {
    /// The theme on a dark ground.
    pub dark: String,
    /// The theme on a light one.
    pub light: String,
    /// The ground of the terminal, once it is known.
    pub ground: Option<Ground>,
}

impl Default for Auto {
    fn default() -> Self {
        Self {
            dark: "dark".to_owned(),
            light: "light".to_owned(),
            ground: None,
        }
    }
}

impl Auto {
    /// Returns the name of the theme that it is; a ground that nobody told is taken to be dark.
    fn name(&self) -> &str {
        match self.ground {
            Some(Ground::Light) => &self.light,
            Some(Ground::Dark) | None => &self.dark,
        }
    }
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

impl Mistake {
    /// Returns it in a line, with its place and what to do.
    pub fn in_a_line(self) -> String {
        match (self.place, self.hint) {
            (Some((file, line)), Some(hint)) => format!("{file}:{line}: {}; {hint}", self.message),
            (Some((file, line)), None) => format!("{file}:{line}: {}", self.message),
            (None, Some(hint)) => format!("{}; {hint}", self.message),
            (None, None) => self.message,
        }
    }
}

/// Why a theme could not be read: what it says, or that it cannot be opened.
enum Unread {
    Said(ThemeError),
    Unopened(Mistake),
}

impl From<ThemeError> for Unread {
    fn from(error: ThemeError) -> Self {
        Self::Said(error)
    }
}

impl From<Mistake> for Unread {
    fn from(mistake: Mistake) -> Self {
        Self::Unopened(mistake)
    }
}

impl Themes {
    /// Returns the theme of this name, or what is wrong with it, in words.
    pub fn find(&self, name: &str) -> Result<Theme, String> {
        self.open(name).map_err(Mistake::in_a_line)
    }

    /// Returns the theme of this name, or what is wrong with it.
    pub fn open(&self, name: &str) -> Result<Theme, Mistake> {
        let name = if name == AUTO { self.auto.name() } else { name };
        let sheet = self.sheet(name, None)?;
        Theme::new(&sheet, self.depth, self.glyphs).map_err(|error| self.mistake(&error, None))
    }

    /// Returns everything that is wrong with a theme, how well it can be read included.
    ///
    /// It is a file, or the name of a theme.
    pub fn check(&self, file_or_name: &str) -> Vec<Mistake> {
        let path = Path::new(file_or_name);
        let text = if path.is_file() {
            match read_bounded(path) {
                Ok(text) => Some(text),
                Err(mistake) => return vec![mistake],
            }
        } else {
            None
        };
        if text.is_none() && !is_name(file_or_name) {
            return vec![Mistake {
                place: None,
                message: format!("there is no file `{file_or_name}`"),
                hint: Some(
                    "`cycleboard theme check` takes a file, or the name of a theme".to_owned(),
                ),
            }];
        }
        let own = text.as_deref().map(|text| (path, text));
        let name = match own {
            Some(_) => path.file_stem().unwrap_or_default().to_string_lossy(),
            None => file_or_name.into(),
        };
        let sheet = match self.sheet(&name, own) {
            Ok(sheet) => sheet,
            Err(first) => {
                let text = own.map(|(_, text)| text.to_owned());
                let text = text.or_else(|| self.read(&name).ok().flatten());
                let all = text.map(|text| Sheet::mistakes(&name, &text));
                let all = all.unwrap_or_default();
                let mut told: Vec<Mistake> = all.iter().map(|it| self.mistake(it, own)).collect();
                told.sort_by(|a, b| a.place.cmp(&b.place));
                return if told.is_empty() { vec![first] } else { told };
            }
        };
        let lacks = self.lacks(&sheet, own);
        let faults = faults(&sheet).into_iter().map(|fault| Mistake {
            place: own
                .map(|(path, text)| (path.to_path_buf(), text.to_owned()))
                .or_else(|| Some((self.file(&name), self.read(&name).ok().flatten()?)))
                .map(|(path, text)| {
                    let line = line_of(&text, &[fault.role()]).unwrap_or(1);
                    (path.display().to_string(), line)
                }),
            message: fault.to_string(),
            hint: None,
        });
        lacks.into_iter().chain(faults).collect()
    }

    /// Says which roles have no colour, all in one: what to do about them is the same.
    fn lacks(&self, sheet: &Sheet, own: Option<(&Path, &str)>) -> Option<Mistake> {
        let mut mistake = self.mistake(&sheet.missing().next()?, own);
        let lacking = sheet.lacking();
        let name = sheet.name();
        if sheet.is_silent() {
            mistake.message = format!("theme `{name}` has no colour for any role");
        } else if lacking.len() > 1 {
            let (count, all) = (lacking.len(), lacking.join("`, `"));
            mistake.message = format!("theme `{name}` lacks {count} roles: `{all}`");
        }
        Some(mistake)
    }

    /// Reads a theme with all that it inherits; `own` is its file, where it is none of ours.
    fn sheet(&self, name: &str, own: Option<(&Path, &str)>) -> Result<Sheet, Mistake> {
        let text = match own {
            Some((_, text)) => text.to_owned(),
            None => self.text(name)?.ok_or_else(|| Mistake {
                place: None,
                message: format!("there is no theme `{name}`"),
                hint: Some(self.meant(name)),
            })?,
        };
        // A file of the name of a built-in theme inherits from that one, not from itself.
        let find = |base: &str| {
            let ours = (base == name).then(|| builtin(base)).flatten();
            match (ours, own) {
                (Some(text), _) => Ok(Some(text.to_owned())),
                // A file that lies elsewhere is known by no other name.
                (None, Some((_, text))) if base == name => Ok(Some(text.to_owned())),
                (None, _) => self.text(base).map_err(Unread::Unopened),
            }
        };
        Sheet::read(name, &text, find).map_err(|error| match error {
            Unread::Said(error) => self.mistake(&error, own),
            Unread::Unopened(mistake) => mistake,
        })
    }

    /// Returns the file of a theme: the user's own, else one that is built in.
    fn text(&self, name: &str) -> Result<Option<String>, Mistake> {
        let own = self.read(name)?;
        Ok(own.or_else(|| builtin(name).map(str::to_owned)))
    }

    /// Has the files in a directory read once and for all.
    #[must_use]
    pub fn shelved(mut self) -> Self {
        self.shelf = Some(shelf(&self.dir));
        self
    }

    /// Returns the names of all themes: those that are built in, then the user's own.
    pub fn names(&self) -> Vec<String> {
        let own = match &self.shelf {
            Some(read) => read.keys().cloned().collect(),
            None => names_in(&self.dir),
        };
        let mut own: Vec<String> = own
            .into_iter()
            .filter(|name| BUILTIN.iter().all(|(known, _)| known != name))
            .collect();
        own.sort();
        let built_in = BUILTIN.iter().map(|(name, _)| (*name).to_owned());
        built_in.chain(own).collect()
    }

    /// Returns what can be chosen from: `auto`, then all themes.
    pub fn choices(&self) -> Vec<String> {
        let auto = std::iter::once(AUTO.to_owned());
        auto.chain(self.names()).collect()
    }

    /// Returns all that is wrong with the user's own themes that cannot be used.
    pub fn mistakes(&self) -> Vec<Mistake> {
        let names = self.names().into_iter();
        let broken = names.filter_map(|name| self.open(&name).err().map(|first| (name, first)));
        let all = broken.flat_map(|(name, first)| {
            let all = self.check(&name);
            if all.is_empty() { vec![first] } else { all }
        });
        all.collect()
    }

    /// Says where a mistake is: in the file that was given, or in the user's own of that name.
    fn mistake(&self, error: &ThemeError, own: Option<(&Path, &str)>) -> Mistake {
        let name = error.theme();
        let own = own
            .filter(|(path, _)| path.file_stem().is_some_and(|stem| stem == name))
            .map(|(path, text)| (path.to_path_buf(), text.to_owned()))
            .or_else(|| Some((self.file(name), self.read(name).ok().flatten()?)));
        let place = own.map(|(path, text)| {
            let line = match error {
                ThemeError::UnknownTheme { .. }
                | ThemeError::MissingRole { .. }
                | ThemeError::EndlessBase { .. } => None,
                ThemeError::Syntax { .. } => line_of_error(&text),
                ThemeError::UnknownRole { role, .. } | ThemeError::BadColor { role, .. } => {
                    line_of(&text, &[role])
                }
                ThemeError::UnknownBase { .. } => line_of(&text, &["inherits"]),
            };
            (path.display().to_string(), line.unwrap_or(1))
        });
        let hint = match error {
            ThemeError::UnknownBase { base, .. } => Some(self.meant(base)),
            ThemeError::UnknownTheme { .. }
            | ThemeError::Syntax { .. }
            | ThemeError::UnknownRole { .. }
            | ThemeError::MissingRole { .. }
            | ThemeError::EndlessBase { .. }
            | ThemeError::BadColor { .. } => error.hint(),
        };
        Mistake {
            place,
            message: error.to_string(),
            hint,
        }
    }

    fn meant(&self, name: &str) -> String {
        let names = self.names();
        nearest(name, names.iter().map(String::as_str)).map_or_else(
            || "`cycleboard theme list` names them all".to_owned(),
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
        if let Some(shelf) = &self.shelf {
            return shelf.get(name).cloned().transpose();
        }
        let path = self.file(name);
        if path.is_file() {
            read_bounded(&path).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// Returns the names of the themes in a directory.
fn names_in(dir: &Path) -> Vec<String> {
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files
        .take(MAX_FILES)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let name = name.strip_suffix(".toml")?;
            is_name(name).then(|| name.to_owned())
        })
        .collect()
}

/// Reads all themes of a directory.
pub fn shelf(dir: &Path) -> Shelf {
    let names = names_in(dir).into_iter();
    let read = names.filter_map(|name| {
        let path = dir.join(format!("{name}.toml"));
        path.is_file().then(|| (name, read_bounded(&path)))
    });
    Arc::new(read.collect())
}

/// Reads a theme file up to the bound; a mark of byte order is left out.
fn read_bounded(path: &Path) -> Result<String, Mistake> {
    let told = |error: std::io::Error| unread(path, &error.to_string());
    if path.metadata().map_err(told)?.len() > MAX_BYTES {
        let why = format!("it is larger than {MAX_BYTES} bytes");
        return Err(unread(path, &why));
    }
    let text = std::fs::read_to_string(path).map_err(told)?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
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
