//! What a theme file says: a colour for each role, and from which theme the others come.
//!
//! Pure: text in, colours out. Where the file of a theme that is inherited lies is the caller's
//! matter; styles are made in `theme`.

use ratatui::style::Color;

use crate::domain::text::nearest;
use crate::ui::theme::{COUNT, ROLES, Role, ThemeError, palette};

/// The key that names the theme from which missing roles come.
const INHERITS: &str = "inherits";

/// The longest line of themes that inherit from one another.
const LONGEST: usize = 8;

/// The sixteen colours of a terminal, by the words of its own manuals.
const SIXTEEN: [(&str, Color); 16] = [
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// One colour of a theme.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ink {
    /// Red, green and blue: `"#rrggbb"`.
    Rgb(u32),
    /// One of the terminal's sixteen: `"bright-red"`.
    Named(Color),
    /// What the role has on a terminal of sixteen colours: `"terminal"`.
    Terminal,
}

/// A theme file, read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sheet {
    name: String,
    inherits: Option<String>,
    inks: [Option<Ink>; COUNT],
}

impl Sheet {
    /// Reads a theme file with all that it inherits; `find` gives the text of a theme by its name.
    ///
    /// # Errors
    ///
    /// When one of the files says what cannot be understood, or inherits what is not there.
    pub fn read<E: From<ThemeError>>(
        name: &str,
        text: &str,
        mut find: impl FnMut(&str) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        let mut sheet = Self::of_file(name, text)?;
        for _ in 0..LONGEST {
            let Some(base) = sheet.inherits.take() else {
                return Ok(sheet);
            };
            let Some(text) = find(&base)? else {
                return Err(E::from(ThemeError::UnknownBase {
                    theme: name.to_owned(),
                    base,
                }));
            };
            sheet = sheet.over(Self::of_file(&base, &text)?);
        }
        Err(E::from(ThemeError::EndlessBase {
            theme: name.to_owned(),
        }))
    }

    /// Returns all that cannot be understood of one file.
    pub fn mistakes(name: &str, text: &str) -> Vec<ThemeError> {
        Self::parse(name, text).map_or_else(|error| vec![error], |(_, mistakes)| mistakes)
    }

    /// Reads one file; what it inherits is only named.
    fn of_file(name: &str, text: &str) -> Result<Self, ThemeError> {
        let (sheet, mistakes) = Self::parse(name, text)?;
        mistakes.into_iter().next().map_or(Ok(sheet), Err)
    }

    /// Reads one file, with what of it cannot be understood.
    fn parse(name: &str, text: &str) -> Result<(Self, Vec<ThemeError>), ThemeError> {
        let table: toml::Table =
            text.parse()
                .map_err(|error: toml::de::Error| ThemeError::Syntax {
                    theme: name.to_owned(),
                    message: error.message().to_owned(),
                })?;
        let mut sheet = Self {
            name: name.to_owned(),
            inherits: None,
            inks: [None; COUNT],
        };
        let mut mistakes = Vec::new();
        for (key, value) in &table {
            if let Err(mistake) = sheet.take(key, value) {
                mistakes.push(mistake);
            }
        }
        Ok((sheet, mistakes))
    }

    /// Takes one line of a file in.
    fn take(&mut self, key: &str, value: &toml::Value) -> Result<(), ThemeError> {
        let bad = || ThemeError::BadColor {
            theme: self.name.clone(),
            role: key.to_owned(),
            value: value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned),
        };
        if key == INHERITS {
            self.inherits = Some(value.as_str().ok_or_else(bad)?.to_owned());
            return Ok(());
        }
        let role = ROLES.iter().position(|(_, known, ..)| *known == key);
        let Some(at) = role else {
            return Err(ThemeError::UnknownRole {
                theme: self.name.clone(),
                role: key.to_owned(),
                nearest: nearest(key, ROLES.iter().map(|(_, known, ..)| *known)),
            });
        };
        let ink = value.as_str().and_then(ink).ok_or_else(bad)?;
        if let Some(slot) = self.inks.get_mut(at) {
            *slot = Some(ink);
        }
        Ok(())
    }

    /// Returns what this theme says, and what another says where it is silent.
    fn over(mut self, base: Self) -> Self {
        for (ink, other) in self.inks.iter_mut().zip(base.inks) {
            *ink = ink.or(other);
        }
        self.inherits = base.inherits;
        self
    }

    /// Returns the name of the theme.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the colour of a role.
    pub fn ink(&self, role: Role) -> Option<Ink> {
        self.inks.get(role as usize).copied().flatten()
    }

    /// Returns the colour of every role.
    ///
    /// # Errors
    ///
    /// When a role has none.
    pub fn inks(&self) -> Result<[Ink; COUNT], ThemeError> {
        if let Some(missing) = self.missing().next() {
            return Err(missing);
        }
        Ok(self.inks.map(|ink| ink.unwrap_or(Ink::Terminal)))
    }

    /// Returns the roles that have no colour, as mistakes.
    pub fn missing(&self) -> impl Iterator<Item = ThemeError> + '_ {
        self.lacking()
            .into_iter()
            .map(|role| ThemeError::MissingRole {
                theme: self.name.clone(),
                role,
            })
    }

    /// Returns the roles that have no colour.
    pub fn lacking(&self) -> Vec<&'static str> {
        let open = self.inks.iter().zip(ROLES).filter(|(ink, _)| ink.is_none());
        open.map(|(_, (_, role, ..))| *role).collect()
    }

    /// Returns whether no role has a colour.
    pub fn is_silent(&self) -> bool {
        self.inks.iter().all(Option::is_none)
    }
}

fn ink(text: &str) -> Option<Ink> {
    if text == "terminal" {
        return Some(Ink::Terminal);
    }
    let named = SIXTEEN.iter().find(|(name, _)| *name == text);
    named
        .map(|(_, color)| Ink::Named(*color))
        .or_else(|| palette::parse_hex(text).map(Ink::Rgb))
}
