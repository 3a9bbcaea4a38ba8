//! Text to checked settings.
//!
//! `file.rs` is the shape of the file, `check.rs` turns it into [`Settings`] or
//! a [`ConfigError`] with the line and the nearest name. No file is read here:
//! the shell hands the text in, and says how far it is to be trusted.

mod action;
mod attention;
mod board;
mod check;
mod check_table;
mod command;
mod conditions;
mod executes;
mod extras;
mod file;
mod file_own;
mod form;
mod history;
mod http_check;
mod jobs;
mod json_map;
mod map_table;
mod notify;
mod place;
mod policy;
mod project;
mod schema;
mod screen;
mod shape;
mod source;
mod taken;
mod team;
mod template;
mod view;
mod wall;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

pub use crate::config::action::Action;
pub use crate::config::attention::AttentionConfig;
use crate::config::check::{Checker, Idle};
pub use crate::config::command::{OwnCommand, OwnPlace, RunIn};
pub use crate::config::history::History;
pub use crate::config::http_check::{Expected, HttpCheck, Place, SHORTEST_EVERY, Statuses};
pub use crate::config::json_map::{JsonMap, Said, Target, named_repo};
pub use crate::config::notify::{Desktop, Notify, Occasion, Quiet};
pub use crate::config::place::{line_of, line_of_error, place_of, place_of_word};
pub use crate::config::project::ProjectRule;
pub use crate::config::schema::{Told, schema};
pub use crate::config::team::Team;
pub use crate::config::template::{Field, Template, TemplateError, Unfit, Values};
pub use crate::config::view::ViewConfig;
pub use crate::config::wall::WallConfig;
use crate::domain::key::SourceName;
use crate::domain::policy::Policy;
use crate::domain::stage::Stage;

/// The name of the theme that is used where none is set.
pub const DEFAULT_THEME: &str = "dark";

/// Checked settings, ready for use.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The sources, in the order of the file.
    pub sources: Vec<SourceConfig>,
    /// How the team works.
    pub policy: Policy,
    /// The columns.
    pub board: BoardConfig,
    /// What the team pays attention to.
    pub attention: AttentionConfig,
    /// What the screen looks like.
    pub ui: UiConfig,
    /// Saved views of the board, in the order of the files.
    pub views: Vec<ViewConfig>,
    /// What is wrong with views that were left out: the others and the rest of the file hold.
    pub flaws: Vec<ConfigError>,
    /// Which keys there are.
    pub keys: KeysConfig,
    /// Programs of the user, in the order of the file.
    pub commands: Arc<[OwnCommand]>,
    /// The board on a screen that nobody sits at.
    pub wall: WallConfig,
    /// When and how a person is called.
    pub notify: Notify,
    /// When the team works, and who is who.
    pub team: Team,
    /// How far back the past is read.
    pub history: History,
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
    /// How long it may take until an answer begins, where that is not what is usual.
    pub timeout: Option<Duration>,
    /// Actions that are allowed; none by default.
    pub writes: Vec<Action>,
    /// How many days of the past are read on first sight, as `[history]` says.
    pub past_days: u32,
    /// Tables of its own, for kinds that take such.
    pub extras: Extras,
}

/// Tables of a `[[source]]` that only some kinds take, as [`SourceKind::tables`] tells.
#[derive(Clone, Default, Debug)]
pub struct Extras {
    /// `[[source.project]]`: which repository the projects of a CI server build; the first that
    /// fits counts.
    pub projects: Vec<ProjectRule>,
    /// `[[source.check]]`: endpoints that should answer well.
    pub checks: Vec<HttpCheck>,
    /// `[[source.map]]`: what the records of an endpoint become.
    pub maps: Vec<JsonMap>,
}

impl SourceConfig {
    /// Returns whether it names a place where a token comes from.
    pub fn has_token(&self) -> bool {
        self.token_env.is_some() || self.token_command.is_some()
    }

    /// Returns a source of which only name, kind and place are set.
    pub fn new(name: &str, kind: &str, url: url::Url) -> Self {
        Self {
            name: SourceName::new(name),
            kind: kind.to_owned(),
            url,
            repos: Vec::new(),
            orgs: Vec::new(),
            token_env: None,
            token_command: None,
            ca_file: None,
            insecure_http: false,
            timeout: None,
            writes: Vec::new(),
            past_days: 0,
            extras: Extras::default(),
        }
    }
}

/// `[board]`, as far as views need it.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// `[keys]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysConfig {
    /// Name of the keys to begin with.
    pub preset: String,
    /// Whether the terminal is told to tell all keys apart.
    pub kitty: bool,
    /// Keys by command name; each replaces the command's own.
    pub own: BTreeMap<String, Vec<String>>,
}

/// Whether what has a page is a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Links {
    /// Where the terminal can.
    #[default]
    Auto,
    /// Nowhere.
    Never,
}

/// What moves on the screen by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Motion {
    /// The wall turns its pages and wanders; tabs of terminals show progress.
    #[default]
    Full,
    /// Nothing: only what is told changes.
    Reduced,
}

/// `[ui]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UiConfig {
    /// Name of the theme, or `auto`.
    pub theme: String,
    /// Name of the theme that `auto` is on a dark ground.
    pub theme_dark: String,
    /// Name of the theme that `auto` is on a light ground.
    pub theme_light: String,
    /// Whether only ASCII glyphs are drawn; `None` finds out from the locale.
    pub ascii: Option<bool>,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether what has a page is a link.
    pub links: Links,
    /// Whether the line is slow: what changes by itself is painted once a second.
    pub slow: bool,
    /// What moves by itself.
    pub motion: Motion,
    /// Whether the board opens where it was left.
    pub remember: bool,
}

/// `[store]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
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

/// One configuration text.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a> {
    /// Which file, as the user named it.
    pub file: &'a str,
    /// What it says.
    pub text: &'a str,
    /// How far it is to be trusted.
    pub trust: Trust,
}

/// What the configuration must know of one kind of source; the sources themselves tell it.
#[derive(Clone, Copy, Debug)]
pub struct SourceKind {
    /// The word for it: `kind = "github"`.
    pub name: &'static str,
    /// Where it is unless `url` says otherwise, if there is such a place.
    pub url: Option<&'static str>,
    /// How a repository is named there.
    pub repos: RepoNames,
    /// What `url` may hold after the host; nothing where any path may stand there.
    pub paths: &'static [&'static str],
    /// Names of the tables of its own that it takes: `project` for `[[source.project]]`.
    pub tables: &'static [&'static str],
}

/// How a kind of source names its repositories.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RepoNames {
    /// Exactly `owner/name`.
    Flat,
    /// With groups in groups: `group/group/name`.
    Nested,
    /// They are jobs in folders, `folder/folder/job` or `job` alone, and `orgs` are folders; where
    /// nothing is chosen, all are meant.
    Jobs,
    /// It has none: `repos` and `orgs` mean nothing there.
    Absent,
}

/// Why a configuration was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}{}: {message}", column.map_or_else(String::new, |at| format!(":{at}")))]
pub struct ConfigError {
    /// Which file, as the user named it.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, where it is known.
    pub column: Option<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Settings {
    /// Returns what is wrong with the sources of which no file chooses anything.
    fn unchosen(&self, idle: Vec<Idle>) -> Vec<ConfigError> {
        let is_idle = |name: &SourceName| {
            let source = self.sources.iter().find(|source| source.name == *name);
            source.is_some_and(|source| source.repos.is_empty() && source.orgs.is_empty())
        };
        let mut told = BTreeSet::new();
        let still = idle.into_iter().filter(|one| is_idle(&one.source));
        still
            .filter(|one| told.insert(one.source.clone()))
            .map(|one| one.error)
            .collect()
    }

    /// Checks one configuration text.
    ///
    /// `kinds` are those that `kind` of a source may name. Returns all that is
    /// wrong, in the order of the file.
    pub fn parse(
        text: &str,
        file: &str,
        trust: Trust,
        kinds: &[&SourceKind],
    ) -> Result<Self, Vec<ConfigError>> {
        Self::merge(&[Layer { file, text, trust }], kinds)
    }

    /// Checks several texts, the user's own first; what a later one sets replaces the earlier.
    ///
    /// Services, rules, phases and branchings of a later text come before those of
    /// an earlier one. A `[[source]]` of a directory selects repositories of a
    /// source that the user has; it adds one only where the user has none.
    pub fn merge(layers: &[Layer<'_>], kinds: &[&SourceKind]) -> Result<Self, Vec<ConfigError>> {
        let (settings, errors) = Self::read(layers, kinds);
        if errors.is_empty() {
            Ok(settings)
        } else {
            Err(errors)
        }
    }

    /// Reads several texts: what of them is right, and everything that is wrong, so that whoever
    /// checks more can tell all of it at once.
    pub fn read(layers: &[Layer<'_>], kinds: &[&SourceKind]) -> (Self, Vec<ConfigError>) {
        let mut settings = Self::default();
        let mut errors = Vec::new();
        let mut idle = Vec::new();
        for layer in layers {
            let checker = Checker::new(layer.file, layer.text, layer.trust, kinds);
            let (wrong, unchosen) = checker.apply(&mut settings);
            errors.extend(wrong);
            idle.extend(unchosen);
        }
        if errors.is_empty() {
            // Only then: what was chosen and refused is no choice that is missing.
            errors = settings.unchosen(idle);
        }
        (settings, errors)
    }
}

impl Default for Settings {
    /// Returns what an empty file says: all eight columns, and no source.
    fn default() -> Self {
        Self {
            sources: Vec::new(),
            policy: Policy::default(),
            board: BoardConfig::default(),
            attention: AttentionConfig::default(),
            ui: UiConfig::default(),
            views: Vec::new(),
            flaws: Vec::new(),
            keys: KeysConfig::default(),
            commands: Arc::default(),
            wall: WallConfig::default(),
            notify: Notify::default(),
            team: Team::default(),
            history: History::default(),
            store: StoreConfig::default(),
        }
    }
}

impl Default for BoardConfig {
    fn default() -> Self {
        Self {
            columns: Stage::ALL.into_iter().map(ColumnConfig::of).collect(),
        }
    }
}

impl ColumnConfig {
    /// Returns the column of a stage as it is when nothing is configured.
    pub fn of(stage: Stage) -> Self {
        Self {
            stage,
            title: stage.title().to_owned(),
            wip: None,
        }
    }
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self {
            preset: "vim".to_owned(),
            kitty: false,
            own: BTreeMap::new(),
        }
    }
}

impl Default for UiConfig {
    fn default() -> Self {
        Self {
            theme: DEFAULT_THEME.to_owned(),
            theme_dark: "dark".to_owned(),
            theme_light: "light".to_owned(),
            ascii: None,
            mouse: true,
            links: Links::Auto,
            slow: false,
            motion: Motion::Full,
            remember: true,
        }
    }
}
