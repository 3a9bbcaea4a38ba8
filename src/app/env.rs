//! The environment: the only place that reads it, and what it says of the terminal.
//!
//! What a terminal can is looked up in a table by `TERM` and its companions; it
//! is never asked, because an answer that comes late would be taken for keys.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;

use crate::app::cli::ColorChoice;
use crate::sources::http::Environment;
use crate::ui::theme::{ColorDepth, Glyphs};

/// The variables that the program was started with.
#[derive(Clone)]
pub struct Env(Environment);

/// What variables hold is nobody's business.
impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").finish_non_exhaustive()
    }
}

impl Env {
    /// Returns those of this process.
    pub fn process() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        let read = |name: &str| std::env::var_os(name)?.into_string().ok();
        Self(Arc::new(read))
    }

    /// Returns an environment in which one more variable is set.
    #[must_use]
    pub fn with(&self, name: &'static str, value: String) -> Self {
        let inner = Arc::clone(&self.0);
        Self(Arc::new(move |asked: &str| {
            if asked == name {
                Some(value.clone())
            } else {
                inner(asked)
            }
        }))
    }

    /// Returns the value of a variable, unless it is empty.
    pub fn get(&self, name: &str) -> Option<String> {
        (self.0)(name).filter(|value| !value.is_empty())
    }

    /// Returns the value of a variable that names a file.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(PathBuf::from)
    }

    /// Returns a reader for those who may know nothing of this module.
    pub fn reader(&self) -> Environment {
        Arc::clone(&self.0)
    }
}

/// Returns all variables that the program was started with.
pub fn all() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os()
}

/// What the terminal can.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Abilities {
    /// Whether a board can be drawn on it at all.
    pub full_screen: bool,
    /// How many colours it has.
    pub depth: ColorDepth,
    /// Which characters it can draw.
    pub glyphs: Glyphs,
    /// Whether it tells of the mouse.
    pub mouse: bool,
    /// Whether it has a title.
    pub title: bool,
}

/// Returns what the terminal can, from the variables alone.
pub fn abilities(env: &Env) -> Abilities {
    let term = env.get("TERM").unwrap_or_default();
    let row = TERMINALS
        .iter()
        .find(|row| matches_pattern(row.0, &term))
        .map_or((false, ColorDepth::Mono, false), |row| {
            (row.1, row.2, row.3)
        });
    let (full_screen, depth, graphical) = row;
    Abilities {
        full_screen,
        depth: deepen(depth, env),
        glyphs: if graphical && is_utf8(env) {
            Glyphs::Unicode
        } else {
            Glyphs::Ascii
        },
        mouse: graphical,
        title: graphical,
    }
}

/// `TERM` (a `*` stands at either end), whether it can be drawn on, colours, whether it is graphical.
const TERMINALS: &[(&str, bool, ColorDepth, bool)] = &[
    ("", false, ColorDepth::Mono, false),
    ("dumb", false, ColorDepth::Mono, false),
    ("linux*", true, ColorDepth::Ansi16, false),
    ("*-direct", true, ColorDepth::True, true),
    ("xterm-kitty", true, ColorDepth::True, true),
    ("xterm-ghostty", true, ColorDepth::True, true),
    ("alacritty*", true, ColorDepth::True, true),
    ("foot*", true, ColorDepth::True, true),
    ("wezterm*", true, ColorDepth::True, true),
    ("contour*", true, ColorDepth::True, true),
    ("*-256color", true, ColorDepth::Ansi256, true),
    ("*-16color", true, ColorDepth::Ansi16, true),
    ("xterm*", true, ColorDepth::Ansi16, true),
    ("screen*", true, ColorDepth::Ansi16, true),
    ("tmux*", true, ColorDepth::Ansi16, true),
    ("rxvt*", true, ColorDepth::Ansi16, true),
    ("konsole*", true, ColorDepth::Ansi256, true),
    ("vt*", true, ColorDepth::Mono, false),
    ("ansi*", true, ColorDepth::Mono, false),
    // An unknown terminal: nearly all follow xterm, in black and white that is safe.
    ("*", true, ColorDepth::Mono, true),
];

fn matches_pattern(pattern: &str, term: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => term.ends_with(end),
        (None, Some(start)) => term.starts_with(start),
        (None, None) => term == pattern,
    }
}

/// `NO_COLOR` takes all colours away; `COLORTERM` gives all to a terminal that has some.
fn deepen(depth: ColorDepth, env: &Env) -> ColorDepth {
    if env.get("NO_COLOR").is_some() || depth == ColorDepth::Mono {
        return ColorDepth::Mono;
    }
    let colorterm = env.get("COLORTERM").unwrap_or_default();
    if matches!(colorterm.as_str(), "truecolor" | "24bit") {
        ColorDepth::True
    } else {
        depth
    }
}

/// Returns whether the terminal erases with the ground that is in force: GNU screen does not.
pub fn erases(env: &Env, abilities: Abilities) -> bool {
    let term = env.get("TERM").unwrap_or_default();
    has_links(env, abilities) || term.starts_with("linux")
}

/// Returns whether links may be sent: GNU screen shows parts of them as text.
pub fn has_links(env: &Env, abilities: Abilities) -> bool {
    let term = env.get("TERM").unwrap_or_default();
    let is_screen = term.starts_with("screen") && env.get("TMUX").is_none();
    abilities.title && !is_screen && env.get("STY").is_none()
}

/// Returns whether the locale is one of UTF-8: the first of the three variables that is set decides.
pub fn is_utf8(env: &Env) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env.get(name))
        .unwrap_or_default()
        .to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

/// Returns the colours that are used: what the user chose, else what the terminal can.
pub fn color_depth(choice: Option<ColorChoice>, found: ColorDepth) -> ColorDepth {
    match choice {
        None | Some(ColorChoice::Auto) => found,
        Some(ColorChoice::Never) => ColorDepth::Mono,
        Some(ColorChoice::Ansi16) => ColorDepth::Ansi16,
        Some(ColorChoice::Ansi256) => ColorDepth::Ansi256,
        Some(ColorChoice::True) => ColorDepth::True,
    }
}

/// Returns the number of colours in words.
pub fn depth_word(depth: ColorDepth) -> &'static str {
    match depth {
        ColorDepth::True => "all",
        ColorDepth::Ansi256 => "256",
        ColorDepth::Ansi16 => "16",
        ColorDepth::Mono => "none",
    }
}

/// Returns the set of characters in words.
pub fn glyphs_word(glyphs: Glyphs) -> &'static str {
    match glyphs {
        Glyphs::Unicode => "Unicode",
        Glyphs::Ascii => "ASCII",
    }
}

/// Where text for the clipboard goes where nothing stands between us and the terminal.
pub const CLIPBOARD: &str = "the terminal's clipboard (OSC 52)";

/// Returns where text for the clipboard goes, in words: a multiplexer may keep it to itself.
pub fn clipboard(env: &Env) -> &'static str {
    if env.get("TMUX").is_some() {
        "tmux's clipboard (the terminal's needs `set -g set-clipboard on`)"
    } else if env.get("STY").is_some() {
        "GNU screen, which hands no text on to the terminal's clipboard"
    } else {
        CLIPBOARD
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn env(pairs: &[(&str, &str)]) -> Env {
        let pairs: Vec<(String, String)> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Env(Arc::new(move |asked: &str| {
            pairs
                .iter()
                .find(|(name, _)| name == asked)
                .map(|(_, value)| value.clone())
        }))
    }

    #[track_caller]
    fn check(pairs: &[(&str, &str)], depth: ColorDepth, glyphs: Glyphs, full_screen: bool) {
        let found = abilities(&env(pairs));
        assert_eq!(
            (found.depth, found.glyphs, found.full_screen),
            (depth, glyphs, full_screen)
        );
    }

    #[test]
    fn what_stands_before_the_clipboard_is_named() {
        let inside = |name: &str| clipboard(&env(&[(name, "x")]));
        assert!(inside("TMUX").contains("`set -g set-clipboard on`"));
        assert!(inside("STY").contains("hands no text on"));
        assert_eq!(clipboard(&env(&[])), CLIPBOARD);
    }

    #[test]
    fn terminals_by_name() {
        use ColorDepth::{Ansi16, Ansi256, Mono, True};
        use Glyphs::{Ascii, Unicode};
        let utf8 = ("LANG", "en_US.UTF-8");
        check(&[], Mono, Ascii, false);
        check(&[("TERM", "dumb"), utf8], Mono, Ascii, false);
        check(&[("TERM", "linux"), utf8], Ansi16, Ascii, true);
        check(&[("TERM", "xterm-256color"), utf8], Ansi256, Unicode, true);
        check(&[("TERM", "xterm"), utf8], Ansi16, Unicode, true);
        check(&[("TERM", "xterm-kitty"), utf8], True, Unicode, true);
        check(
            &[("TERM", "tmux-256color"), utf8, ("COLORTERM", "truecolor")],
            True,
            Unicode,
            true,
        );
        check(
            &[("TERM", "vt220"), utf8, ("COLORTERM", "truecolor")],
            Mono,
            Ascii,
            true,
        );
        check(&[("TERM", "never-heard-of"), utf8], Mono, Unicode, true);
    }

    #[test]
    fn what_gnu_screen_does_otherwise_is_left_out() {
        for (pairs, expected) in [
            (vec![("TERM", "xterm-256color")], true),
            (vec![("TERM", "tmux-256color"), ("TMUX", "x")], true),
            (vec![("TERM", "screen-256color"), ("TMUX", "x")], true),
            (vec![("TERM", "screen-256color")], false),
            (vec![("TERM", "xterm"), ("STY", "1.pts")], false),
            (vec![("TERM", "vt220")], false),
        ] {
            let env = env(&pairs);
            let found = abilities(&env);
            let both = (has_links(&env, found), erases(&env, found));
            assert_eq!(both, (expected, expected), "{pairs:?}");
        }
        // The console of Linux erases as xterm does, and knows no links.
        let env = env(&[("TERM", "linux")]);
        let found = abilities(&env);
        assert_eq!((has_links(&env, found), erases(&env, found)), (false, true));
    }

    #[test]
    fn no_color_wins_over_the_terminal() {
        let pairs = [("TERM", "xterm-kitty"), ("NO_COLOR", "1")];
        check(&pairs, ColorDepth::Mono, Glyphs::Ascii, true);
        let pairs = [("TERM", "xterm-kitty"), ("NO_COLOR", "")];
        check(&pairs, ColorDepth::True, Glyphs::Ascii, true);
    }

    #[test]
    fn the_first_locale_variable_decides() {
        let pairs = [("TERM", "xterm"), ("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")];
        check(&pairs, ColorDepth::Ansi16, Glyphs::Ascii, true);
        let pairs = [("TERM", "xterm"), ("LC_CTYPE", "C.utf8")];
        check(&pairs, ColorDepth::Ansi16, Glyphs::Unicode, true);
    }

    #[test]
    fn what_the_user_chose_wins() {
        assert_eq!(
            color_depth(Some(ColorChoice::True), ColorDepth::Mono),
            ColorDepth::True
        );
        assert_eq!(
            color_depth(Some(ColorChoice::Never), ColorDepth::True),
            ColorDepth::Mono
        );
        assert_eq!(color_depth(None, ColorDepth::Ansi256), ColorDepth::Ansi256);
    }
}
