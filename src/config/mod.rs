//! Text to checked settings.
//!
//! `file.rs` is the shape of the file, `check.rs` turns it into [`Settings`] or
//! a [`ConfigError`] with the line and the nearest name. No file is read here:
//! the shell hands the text in, and says how far it is to be trusted.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::domain::key::SourceName;
use crate::domain::policy::Policy;
use crate::domain::stage::Stage;

/// Checked settings, ready for use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The sources, in the order of the file.
    pub sources: Vec<SourceConfig>,
    /// How the team works.
    pub policy: Policy,
    /// The columns.
    pub board: BoardConfig,
    /// What the screen looks like.
    pub ui: UiConfig,
    /// Keys by command name; each replaces the command's own.
    pub keys: BTreeMap<String, Vec<String>>,
    /// Where the store is.
    pub store: StoreConfig,
}

/// One `[[source]]`.
#[derive(Clone, Debug)]
pub struct SourceConfig {
    /// Its name, unique.
    pub name: SourceName,
    /// Its kind: a name in `sources::REGISTRY`.
    pub kind: String,
    /// Where it is, e.g. `https://github.com`, `https://ghe.example.org`, `http://127.0.0.1:9999`.
    pub url: url::Url,
    /// Repositories, `owner/name` or a pattern (`acme/*`).
    pub repos: Vec<String>,
    /// Organisations or users of whom all repositories are taken.
    pub orgs: Vec<String>,
    /// Name of the variable that holds the token.
    pub token_env: Option<String>,
    /// Command that prints the token, as words; never a shell line.
    pub token_command: Option<Vec<String>>,
    /// Certificates to trust besides the system's, PEM.
    pub ca_file: Option<PathBuf>,
    /// Whether plain http to a host other than loopback is allowed.
    pub insecure_http: bool,
    /// Actions that are allowed; none by default.
    pub writes: Vec<String>,
}

/// `[board]`, as far as views need it.
#[derive(Clone, Debug)]
pub struct BoardConfig {
    /// The columns that are shown, in order, with their titles.
    pub columns: Vec<ColumnConfig>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnConfig {
    /// Which stage it shows.
    pub stage: Stage,
    /// Its title.
    pub title: String,
    /// How many cards it should hold at most.
    pub wip: Option<u32>,
}

/// `[ui]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiConfig {
    /// Name of the theme.
    pub theme: String,
    /// Whether only ASCII glyphs are drawn; `None` finds out from the locale.
    pub ascii: Option<bool>,
    /// Whether the mouse is used.
    pub mouse: bool,
}

/// `[store]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreConfig {
    /// `None`: a file in the state directory.
    pub url: Option<String>,
}

/// How far a configuration text is to be trusted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trust {
    /// The user's own file: everything is allowed.
    User,
    /// A file of the current directory: may not set hosts, tokens, commands or files.
    Directory,
}

/// Why a configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {message}")]
pub struct ConfigError {
    /// Which file, as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}
