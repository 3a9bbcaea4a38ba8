//! Roles to styles: a theme is one flat file of roles.
//!
//! Depth decides what becomes of a colour: RGB, the 256-colour cube, the
//! terminal's own sixteen, or none at all (bold, reverse, underline). Nothing
//! outside this folder names a colour.

use ratatui::style::{Color, Modifier, Style};

use crate::domain::status::Severity;
use crate::domain::text::nearest;
use crate::ui::glyphs::Glyphs as Marks;

mod builtin;
mod check;
mod log;
mod palette;
mod sheet;

pub use crate::ui::glyphs::Glyphs;
pub use crate::ui::theme::builtin::{BUILTIN, builtin};
pub use crate::ui::theme::check::{Fault, faults};
pub use crate::ui::theme::sheet::{Ink, Sheet};

/// How many colours a terminal has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum ColorDepth {
    /// RGB.
    #[default]
    True,
    /// The cube of 256.
    Ansi256,
    /// The terminal's own sixteen.
    Ansi16,
    /// None: bold, reverse and underline only.
    Mono,
}

macro_rules! roles {
    ($( $(#[doc = $about:literal])+ $role:ident: $name:literal, $ansi:expr, $mono:expr; )*) => {
        /// What a colour is for.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Role {
            $( $(#[doc = $about])+ $role, )*
        }

        /// Every role: its word in theme files, its style in sixteen colours and in none.
        const ROLES: &[(Role, &str, Style, Style)] = &[
            $( (Role::$role, $name, $ansi, $mono), )*
        ];
    };
}

const PLAIN: Style = Style::new();
const BOLD: Style = Style::new().add_modifier(Modifier::BOLD);
const DIM: Style = Style::new().add_modifier(Modifier::DIM);
const REVERSED: Style = Style::new().add_modifier(Modifier::REVERSED);
const STRONG: Style = Style::new()
    .add_modifier(Modifier::BOLD)
    .add_modifier(Modifier::UNDERLINED);

roles! {
    /// The ground of the screen
    Background: "background", PLAIN, PLAIN;
    /// The ground of boxes and bars
    Surface: "surface", PLAIN, PLAIN;
    /// Ordinary text
    Text: "text", PLAIN, PLAIN;
    /// Text of less weight
    Dim: "dim", DIM, PLAIN;
    /// Titles and headings
    Title: "title", BOLD, BOLD;
    /// Keys in the footer and in help
    Key: "key", PLAIN.fg(Color::Cyan), BOLD;
    /// What has the focus
    Accent: "accent", PLAIN.fg(Color::Cyan).add_modifier(Modifier::BOLD), BOLD;
    /// Lines between things
    Border: "border", DIM, PLAIN;
    /// The ground of the selected line
    Selection: "selection", REVERSED, REVERSED;
    /// Text on the selected line
    SelectionText: "selection_text", PLAIN, PLAIN;
    /// The ground of the mark for simulated data
    Banner: "banner", REVERSED, REVERSED;
    /// Text of that mark
    BannerText: "banner_text", PLAIN, BOLD;
    /// Red
    Failed: "failed", PLAIN.fg(Color::Red).add_modifier(Modifier::BOLD), STRONG;
    /// Cannot go on
    Blocked: "blocked", PLAIN.fg(Color::Magenta).add_modifier(Modifier::BOLD), BOLD;
    /// Waits for a person
    Waiting: "waiting", PLAIN.fg(Color::Yellow), BOLD;
    /// Cannot be told
    Unknown: "unknown", PLAIN.fg(Color::Magenta), PLAIN.add_modifier(Modifier::UNDERLINED);
    /// Moves by itself
    Active: "active", PLAIN.fg(Color::Blue), PLAIN;
    /// Waits for its turn
    Idle: "idle", PLAIN, PLAIN;
    /// Nothing to do
    Calm: "calm", PLAIN.fg(Color::Green), PLAIN;
    /// Too old to be believed
    Stale: "stale", DIM, DIM;
}

const COUNT: usize = ROLES.len();

/// Styles of all roles and the marks that go with them.
#[derive(Clone, Debug)]
pub struct Theme {
    name: String,
    depth: ColorDepth,
    glyphs: Glyphs,
    styles: [Style; COUNT],
}

/// Why a theme was refused.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ThemeError {
    /// There is no theme of that name.
    #[error("there is no theme `{name}`")]
    UnknownTheme {
        /// What was asked for.
        name: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// The file is not TOML.
    #[error("theme `{theme}` cannot be read: {message}")]
    Syntax {
        /// Which theme.
        theme: String,
        /// What the parser says.
        message: String,
    },
    /// A key of the file is no role.
    #[error("theme `{theme}` has no role `{role}`")]
    UnknownRole {
        /// Which theme.
        theme: String,
        /// The key.
        role: String,
        /// What was probably meant.
        nearest: Option<&'static str>,
    },
    /// A role is not in the file.
    #[error("theme `{theme}` lacks the role `{role}`")]
    MissingRole {
        /// Which theme.
        theme: String,
        /// The role.
        role: &'static str,
    },
    /// The theme from which it inherits is not there.
    #[error("theme `{theme}` inherits from `{base}`, which is not there")]
    UnknownBase {
        /// Which theme.
        theme: String,
        /// What was named.
        base: String,
    },
    /// It inherits from itself, or through too many others.
    #[error("theme `{theme}` inherits from itself, or through too many others")]
    EndlessBase {
        /// Which theme.
        theme: String,
    },
    /// A value is no colour.
    #[error("theme `{theme}`, role `{role}`: `{value}` is no colour")]
    BadColor {
        /// Which theme.
        theme: String,
        /// The role.
        role: String,
        /// The value.
        value: String,
    },
}

impl ThemeError {
    /// Returns the name of the theme that is wrong.
    pub fn theme(&self) -> &str {
        match self {
            Self::UnknownTheme { name, .. } => name,
            Self::Syntax { theme, .. }
            | Self::UnknownRole { theme, .. }
            | Self::MissingRole { theme, .. }
            | Self::UnknownBase { theme, .. }
            | Self::EndlessBase { theme }
            | Self::BadColor { theme, .. } => theme,
        }
    }

    /// Returns what to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownTheme { nearest, .. } | Self::UnknownRole { nearest, .. } => {
                nearest.map(|name| format!("did you mean `{name}`?"))
            }
            Self::Syntax { .. } | Self::MissingRole { .. } => Some(
                "a theme is a line `role = \"#rrggbb\"` for every role, or `inherits = \"dark\"` for the others".to_owned(),
            ),
            Self::BadColor { .. } => Some(
                "colours are written `#rrggbb`, `bright-red` or `terminal`".to_owned(),
            ),
            Self::UnknownBase { base, .. } => {
                nearest(base, BUILTIN.iter().map(|(known, _)| *known))
                    .map(|name| format!("did you mean `{name}`?"))
            }
            Self::EndlessBase { .. } => None,
        }
    }
}

impl Theme {
    /// Returns a theme that comes with the program.
    ///
    /// # Errors
    ///
    /// When there is none of that name.
    pub fn builtin(name: &str, depth: ColorDepth, glyphs: Glyphs) -> Result<Self, ThemeError> {
        let text = builtin(name).ok_or_else(|| ThemeError::UnknownTheme {
            name: name.to_owned(),
            nearest: nearest(name, BUILTIN.iter().map(|(known, _)| *known)),
        })?;
        let of_ours = |base: &str| Ok::<_, ThemeError>(builtin(base).map(str::to_owned));
        Self::new(&Sheet::read(name, text, of_ours)?, depth, glyphs)
    }

    /// Makes the styles of a theme file for one terminal.
    ///
    /// # Errors
    ///
    /// When a role has no colour.
    pub fn new(sheet: &Sheet, depth: ColorDepth, glyphs: Glyphs) -> Result<Self, ThemeError> {
        let inks = sheet.inks()?;
        let mut styles = [Style::new(); COUNT];
        for ((style, ink), (role, _, ansi, mono)) in styles.iter_mut().zip(inks).zip(ROLES) {
            *style = match (depth, ink) {
                (ColorDepth::Mono, _) => *mono,
                (_, Ink::Terminal) | (ColorDepth::Ansi16, Ink::Rgb(_)) => *ansi,
                (_, Ink::Named(color)) => role.colored(color),
                (ColorDepth::Ansi256, Ink::Rgb(rgb)) => role.colored(palette::to_256(rgb)),
                (ColorDepth::True, Ink::Rgb(rgb)) => role.colored(Color::from_u32(rgb)),
            };
        }
        // On a ground that is the terminal's own, no other colour can be weighed against it.
        let is_known = matches!(sheet.ink(Role::Background), Some(Ink::Rgb(_)));
        let of_terminal = !is_known && depth != ColorDepth::Mono;
        Ok(Self {
            name: sheet.name().to_owned(),
            depth: if of_terminal {
                ColorDepth::Ansi16
            } else {
                depth
            },
            glyphs,
            styles,
        })
    }

    /// Returns its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns how many colours it uses.
    pub fn depth(&self) -> ColorDepth {
        self.depth
    }

    /// Returns the marks that go with it.
    pub fn glyphs(&self) -> Marks {
        self.glyphs
    }

    /// Returns the style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(role as usize).copied().unwrap_or_default()
    }

    /// Returns the style of a severity.
    pub fn severity(&self, severity: Severity) -> Style {
        self.style(match severity {
            Severity::Calm => Role::Calm,
            Severity::Idle => Role::Idle,
            Severity::Active => Role::Active,
            Severity::Unknown => Role::Unknown,
            Severity::Waiting => Role::Waiting,
            Severity::Blocked => Role::Blocked,
            Severity::Failed => Role::Failed,
        })
    }

    /// Returns the style of the selected line.
    pub fn selection(&self) -> Style {
        self.style(Role::Selection)
            .patch(self.style(Role::SelectionText))
    }

    /// Returns the style of the mark for simulated data.
    pub fn banner(&self) -> Style {
        self.style(Role::Banner).patch(self.style(Role::BannerText))
    }

    /// Returns the ground of the screen with its ordinary text.
    pub fn ground(&self) -> Style {
        self.style(Role::Background).patch(self.style(Role::Text))
    }
}

impl Role {
    /// Returns its word in theme files.
    pub fn name(self) -> &'static str {
        ROLES.get(self as usize).map_or("", |(_, name, ..)| *name)
    }

    fn is_ground(self) -> bool {
        match self {
            Self::Background | Self::Surface | Self::Selection | Self::Banner => true,
            Self::Text
            | Self::Dim
            | Self::Title
            | Self::Key
            | Self::Accent
            | Self::Border
            | Self::SelectionText
            | Self::BannerText
            | Self::Failed
            | Self::Blocked
            | Self::Waiting
            | Self::Unknown
            | Self::Active
            | Self::Idle
            | Self::Calm
            | Self::Stale => false,
        }
    }

    fn colored(self, color: Color) -> Style {
        let style = if self.is_ground() {
            PLAIN.bg(color)
        } else {
            PLAIN.fg(color)
        };
        if matches!(self, Self::Title | Self::Accent | Self::Failed) {
            style.add_modifier(Modifier::BOLD)
        } else {
            style
        }
    }
}

#[cfg(test)]
mod tests;
