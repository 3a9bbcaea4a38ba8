//! Where themes come from: the user's own files, then those that are built in.
//!
//! What a theme says is settled by `ui::theme`; here it is only found and read.

use std::path::PathBuf;

use crate::ui::theme::{ColorDepth, Glyphs, Theme};

/// The largest theme that is read, in bytes.
const MAX_BYTES: u64 = 64 * 1024;

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

impl Themes {
    /// Returns the theme of this name, or what is wrong with it, in words.
    pub fn find(&self, name: &str) -> Result<Theme, String> {
        let described = |error: crate::ui::theme::ThemeError| match error.hint() {
            Some(hint) => format!("{error}; {hint}"),
            None => error.to_string(),
        };
        match self.read(name)? {
            Some(text) => Theme::parse(name, &text, self.depth, self.glyphs).map_err(described),
            None => Theme::builtin(name, self.depth, self.glyphs).map_err(described),
        }
    }

    /// Reads the user's own theme, if there is one; a name is never a path.
    fn read(&self, name: &str) -> Result<Option<String>, String> {
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let path = self.dir.join(format!("{name}.toml"));
        match path.metadata() {
            Ok(metadata) if is_name && metadata.is_file() && metadata.len() <= MAX_BYTES => {
                std::fs::read_to_string(&path)
                    .map(Some)
                    .map_err(|error| format!("cannot read `{}`: {error}", path.display()))
            }
            Ok(_) | Err(_) => Ok(None),
        }
    }
}
