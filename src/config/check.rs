//! From the text of a file to settings, or to everything that is wrong with it.
//!
//! Reads table by table, so that one mistake does not hide the next. A value
//! that is refused leaves the default in place; the file is refused as a whole.

use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::config::{
    ConfigError, Settings, SourceKind, Trust, attention, board, check_table, command, file,
    history, map_table, notify, place, policy, project, screen, source, team, view, wall,
};
use crate::domain::key::SourceName;
use crate::domain::text::redact::Redactor;
use crate::domain::text::{Clean, nearest};

/// The largest file that is read, in bytes.
const LARGEST: usize = 1 << 20;

/// The most errors that are told at once.
const MOST_ERRORS: usize = 500;

/// Keys of the file that a directory may not set.
const USER_TABLES: [&str; 4] = ["command", "keys", "notify", "store"];

/// Keys of a source that a directory may not set.
pub(super) const USER_KEYS: [&str; 7] = [
    "url",
    "token_env",
    "token_command",
    "ca_file",
    "insecure_http",
    "timeout",
    "writes",
];

/// The title of a source in messages.
const SOURCE: &str = "[[source]]";

/// Names of the tables that a source may have of its own.
pub(super) const OWN_TABLES: [&str; 3] = ["project", "check", "map"];

/// One table of the file, read.
#[derive(Debug)]
pub(super) struct Table<T> {
    /// What it holds.
    pub(super) value: T,
    /// Where it is.
    pub(super) span: Range<usize>,
}

/// What is wrong with a source if nothing is chosen of it.
pub(super) struct Idle {
    /// The source.
    pub(super) source: SourceName,
    /// What is told then.
    pub(super) error: ConfigError,
}

/// Reads one file and collects what is wrong with it.
pub(super) struct Checker<'a> {
    file: &'a str,
    text: &'a str,
    /// How far the file is trusted.
    pub(super) trust: Trust,
    /// The kinds of source that exist.
    pub(super) kinds: &'a [&'a SourceKind],
    errors: Vec<ConfigError>,
    /// Where tables are of which something was taken out: nothing is told of such a one as a whole.
    partial: Vec<Range<usize>>,
    /// What is told of a source if nothing is chosen of it in the end.
    idle: Vec<Idle>,
}

impl<'a> Checker<'a> {
    /// Begins with a file.
    pub(super) fn new(
        file: &'a str,
        text: &'a str,
        trust: Trust,
        kinds: &'a [&'a SourceKind],
    ) -> Self {
        Self {
            file,
            text,
            trust,
            kinds,
            errors: Vec::new(),
            partial: Vec::new(),
            idle: Vec::new(),
        }
    }

    /// Puts what the file sets into `settings`; returns what is wrong, in the order of the file,
    /// and what is wrong with a source of which no other file chooses anything.
    pub(super) fn apply(mut self, settings: &mut Settings) -> (Vec<ConfigError>, Vec<Idle>) {
        if let Some(mut root) = self.parse() {
            self.drop_unknown(&mut root, "the configuration", file::names::<file::File>());
            self.drop_forbidden(&mut root, &USER_TABLES);
            self.apply_tables(root, settings);
        }
        self.errors.sort_by_key(|error| (error.line, error.column));
        self.errors.truncate(MOST_ERRORS);
        (self.errors, self.idle)
    }

    fn parse(&mut self) -> Option<DeTable<'a>> {
        if self.text.len() > LARGEST {
            let text = format!("the file is larger than {} KiB", LARGEST / 1_024);
            self.error(0..0, &text, Some("is this the right file?"));
            return None;
        }
        let (root, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            let message = error.message().replace('\n', ", ");
            self.error(error.span().unwrap_or_default(), &message, None);
        }
        errors.is_empty().then(|| root.into_inner())
    }

    fn apply_tables(&mut self, root: DeTable<'a>, settings: &mut Settings) {
        let mut lists = policy::Lists::default();
        let mut sources = Vec::new();
        let mut wip = Vec::new();
        for (key, value) in root {
            match key.get_ref().as_ref() {
                "source" => {
                    let forbidden: &[&str] = if self.trust == Trust::User {
                        &[]
                    } else {
                        &USER_KEYS
                    };
                    sources = self.sources(value, forbidden);
                }
                "board" => {
                    if let Some(table) = self.table("[board]", value, &[]) {
                        board::apply(self, table, settings);
                    }
                }
                "service" => lists.services = self.tables("[[service]]", value, &[]),
                "wip" => wip = self.tables(attention::TITLE, value, &[]),
                "attention" => {
                    if let Some(table) = self.table("[attention]", value, &[]) {
                        attention::apply(self, table, settings);
                    }
                }
                "rule" => lists.rules = self.tables("[[rule]]", value, &[]),
                "phase" => lists.phases = self.tables("[[phase]]", value, &[]),
                "branching" => lists.branching = self.tables("[[branching]]", value, &[]),
                "ui" => {
                    if let Some(table) = self.table("[ui]", value, &[]) {
                        screen::apply_ui(self, table, settings);
                    }
                }
                "keys" => screen::apply_keys(self, value, settings),
                "command" => {
                    let tables = self.tables(command::TITLE, value, &[]);
                    command::apply(self, tables, settings);
                }
                "wall" => {
                    if let Some(table) = self.table("[wall]", value, &[]) {
                        wall::apply(self, table, settings);
                    }
                }
                "view" => self.apply_views(value, settings),
                "notify" => {
                    if let Some(table) = self.table("[notify]", value, &[]) {
                        notify::apply(self, table, settings);
                    }
                }
                "triage" => {
                    if let Some(table) = self.table("[triage]", value, &[]) {
                        notify::apply_triage(self, table, settings);
                    }
                }
                "team" => self.apply_team(value, settings),
                "history" => {
                    if let Some(table) = self.table("[history]", value, &[]) {
                        history::apply(self, table, settings);
                    }
                }
                "store" => {
                    if let Some(table) = self.table("[store]", value, &[]) {
                        board::apply_store(self, table, settings);
                    }
                }
                _ => {}
            }
        }
        source::apply(self, sources, settings);
        policy::apply(self, lists, settings);
        settings.policy.people = Arc::new(settings.team.roster());
        attention::apply_limits(self, wip, settings);
    }

    /// Reads the saved views; one that is wrong is told of and left out, the rest of the file holds.
    fn apply_views(&mut self, value: Spanned<DeValue<'a>>, settings: &mut Settings) {
        let before = self.errors.len();
        let odd = view::odd(&value);
        let views = self.tables(view::TITLE, value, &["key"]);
        self.partial.extend(odd);
        view::apply(self, views, settings);
        settings.flaws.extend(self.errors.split_off(before));
    }

    /// Reads the team, with the tables of its people.
    fn apply_team(&mut self, mut value: Spanned<DeValue<'a>>, settings: &mut Settings) {
        let mut people = Vec::new();
        if let DeValue::Table(table) = value.get_mut()
            && let Some(inner) = table.remove("person")
        {
            people = self.tables("[[team.person]]", inner, &[]);
        }
        if let Some(mut table) = self.table::<file::Team>("[team]", value, &[]) {
            table.value.people = people;
            team::apply(self, table, settings);
        }
    }

    /// Reads the sources, each with the tables of its own.
    fn sources(
        &mut self,
        mut value: Spanned<DeValue<'a>>,
        forbidden: &[&str],
    ) -> Vec<Table<file::Source>> {
        let mut own = Vec::new();
        if let DeValue::Array(list) = value.get_mut() {
            for source in list.iter_mut() {
                let projects = self.inner(source, "project", project::TITLE);
                let checks = self.inner(source, "check", check_table::TITLE);
                let maps = self.inner(source, "map", map_table::TITLE);
                own.push((source.span(), projects, checks, maps));
            }
        }
        let mut sources = self.tables::<file::Source>(SOURCE, value, forbidden);
        for source in &mut sources {
            // One that cannot be read is left out: their order says nothing.
            let found = own.iter_mut().find(|(at, ..)| *at == source.span);
            if let Some((_, projects, checks, maps)) = found {
                source.value.projects = std::mem::take(projects);
                source.value.checks = std::mem::take(checks);
                source.value.maps = std::mem::take(maps);
            }
        }
        sources
    }

    /// Takes a list of tables of its own out of a source.
    fn inner<T: for<'de> Deserialize<'de>>(
        &mut self,
        source: &mut Spanned<DeValue<'a>>,
        name: &str,
        title: &'static str,
    ) -> Vec<Table<T>> {
        let DeValue::Table(table) = source.get_mut() else {
            return Vec::new();
        };
        match table.remove(name) {
            None => Vec::new(),
            Some(inner) if self.trust == Trust::User => self.tables(title, inner, &[]),
            Some(inner) => {
                self.forbidden(inner.span(), name);
                Vec::new()
            }
        }
    }

    /// Reads a list of tables, leaving out those that cannot be read.
    fn tables<T: for<'de> Deserialize<'de>>(
        &mut self,
        title: &'static str,
        value: Spanned<DeValue<'a>>,
        forbidden: &[&str],
    ) -> Vec<Table<T>> {
        let span = value.span();
        if let DeValue::Array(list) = value.into_inner() {
            return list
                .into_iter()
                .filter_map(|value| self.table(title, value, forbidden))
                .collect();
        }
        let name = title.trim_matches(['[', ']']);
        let hint = format!("write `[[{name}]]`, once for each");
        self.error(span, &format!("`{name}` is a list of tables"), Some(&hint));
        Vec::new()
    }

    /// Reads a table; unknown and forbidden keys are told and left out.
    fn table<T: for<'de> Deserialize<'de>>(
        &mut self,
        title: &'static str,
        value: Spanned<DeValue<'a>>,
        forbidden: &[&str],
    ) -> Option<Table<T>> {
        let span = value.span();
        let DeValue::Table(mut table) = value.into_inner() else {
            let name = title.trim_matches(['[', ']']);
            self.error(
                span,
                &format!("`{name}` is a table"),
                Some(&format!("write `{title}`")),
            );
            return None;
        };
        self.drop_unknown(&mut table, title, file::names::<T>());
        self.drop_forbidden(&mut table, forbidden);
        loop {
            let value = Spanned::new(span.clone(), DeValue::Table(table.clone()));
            let error = match read::<T>(value) {
                Ok(value) => return Some(Table { value, span }),
                Err(error) => error,
            };
            // What is wrong is told and taken out, so that the next mistake is told as well.
            let at = error.span().unwrap_or_else(|| span.clone());
            let mut keys = table.iter();
            let key = keys.find(|(_, value)| value.span().contains(&at.start));
            let key = key.map(|(key, _)| key.get_ref().to_string());
            self.type_error(at, key.as_deref(), error.message());
            table.remove(key?.as_str());
            // What is left is judged, so that all that is wrong is told at once.
            self.partial.push(span.clone());
        }
    }

    /// Tells that a value is not of the type that its key takes.
    pub(super) fn type_error(&mut self, at: Range<usize>, key: Option<&str>, message: &str) {
        let hint = match key {
            Some("token_command" | "command") => {
                Some("write it as words, e.g. `[\"op\", \"read\", \"…\"]`")
            }
            Some("bake_window" | "watch_window") => Some("write it as text, e.g. `\"24h\"`"),
            Some("turn") => Some("write it as text, e.g. `\"2m\"`"),
            Some(
                "repos" | "orgs" | "writes" | "paths" | "workflows" | "on" | "working_days"
                | "holidays" | "logins" | "argv" | "where" | "keep_env",
            ) => Some("write it as a list, e.g. `[\"…\"]`"),
            _ => None,
        };
        let message = message
            .replace("invalid type: ", "")
            .replace("invalid value: ", "")
            .replace("a sequence", "a list")
            .replace("a string", "text")
            .replace("i64", "a whole number")
            .replace("unknown field", "unknown key");
        let message = key.map_or_else(|| message.clone(), |key| format!("`{key}`: {message}"));
        self.error(at, &message, hint);
    }

    fn drop_unknown(&mut self, table: &mut DeTable<'a>, title: &str, known: &[&str]) {
        for (key, value) in std::mem::take(table) {
            let name = key.get_ref().as_ref();
            if known.contains(&name) {
                table.insert(key, value);
                continue;
            }
            let own: &[&str] = if title == SOURCE { &OWN_TABLES } else { &[] };
            let hint = match nearest(name, known.iter().chain(own).copied()) {
                Some(close) if own.contains(&close) => {
                    format!("did you mean `[[source.{close}]]`?")
                }
                Some(close) => format!("did you mean `{close}`?"),
                None => format!("known keys: {}", [known, own].concat().join(", ")),
            };
            self.error(
                key.span(),
                &format!("unknown key `{name}` in {title}"),
                Some(&hint),
            );
        }
    }

    fn drop_forbidden(&mut self, table: &mut DeTable<'a>, forbidden: &[&str]) {
        if self.trust == Trust::User {
            return;
        }
        for (key, value) in std::mem::take(table) {
            let name = key.get_ref().as_ref();
            if !forbidden.contains(&name) {
                table.insert(key, value);
                continue;
            }
            self.forbidden(key.span(), name);
        }
    }

    fn forbidden(&mut self, at: Range<usize>, name: &str) {
        let message = format!("a file of the current directory may not set `{name}`");
        let hint = "hosts, tokens, commands, keys, calls and the store belong into your own file";
        self.error(at, &message, Some(hint));
    }

    /// Tells what is wrong at a place of the file.
    ///
    /// The message may quote the file: it is cleaned, and what looks like a secret is hidden.
    pub(super) fn error(&mut self, at: Range<usize>, message: &str, hint: Option<&str>) {
        if self.partial.contains(&at) {
            // What is missing there was taken out, and told of.
            return;
        }
        let error = self.describe(at, message, hint);
        self.errors.push(error);
    }

    fn describe(&self, at: Range<usize>, message: &str, hint: Option<&str>) -> ConfigError {
        let tidy = |text: &str| Clean::line(&Redactor::default().redact(text)).to_string();
        ConfigError {
            file: self.file.to_owned(),
            column: Some(place::column_at(self.text, &at)),
            line: place::line_at(self.text, at),
            message: tidy(message),
            hint: hint.map(tidy),
        }
    }

    /// Returns whether something of a table was taken out: it may say something else than was meant.
    pub(super) fn is_partial(&self, span: &Range<usize>) -> bool {
        self.partial.contains(span)
    }

    /// Returns whether nothing is wrong so far.
    pub(super) fn is_well(&self) -> bool {
        self.errors.is_empty()
    }

    /// Remembers where a source is that chooses nothing: another file may choose for it.
    pub(super) fn idle(&mut self, at: Range<usize>, source: &SourceName) {
        let message = format!("nothing of the source `{source}` is chosen");
        let hint = "`repos` or `orgs` is needed, e.g. `orgs = [\"acme\"]`";
        let error = self.describe(at, &message, Some(hint));
        self.idle.push(Idle {
            source: source.clone(),
            error,
        });
    }

    /// Tells that a key must be given.
    pub(super) fn missing(&mut self, at: Range<usize>, key: &str, title: &str, hint: &str) {
        self.error(at, &format!("`{key}` is missing in {title}"), Some(hint));
    }

    /// Returns the meaning of a word, or tells which words there are.
    pub(super) fn word<T>(
        &mut self,
        key: &str,
        text: &Spanned<String>,
        known: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let word = text.get_ref();
        let parsed = parse(word);
        if parsed.is_none() {
            let hint = nearest(word, known.iter().copied()).map_or_else(
                || format!("it is one of {}", known.join(", ")),
                |name| format!("did you mean `{name}`?"),
            );
            self.error(
                text.span(),
                &format!("`{key}`: unknown word `{word}`"),
                Some(&hint),
            );
        }
        parsed
    }

    /// Returns the words of a list, cleaned; empty ones are refused.
    pub(super) fn words(&mut self, key: &str, list: &[Spanned<String>]) -> Vec<Clean> {
        let mut words = Vec::new();
        for text in list {
            let word = Clean::line(text.get_ref().trim());
            if word.is_empty() {
                self.error(text.span(), &format!("`{key}` has an empty entry"), None);
            } else {
                words.push(word);
            }
        }
        words
    }
}

/// Reads a value as it is.
pub(super) fn read<T: for<'de> Deserialize<'de>>(
    value: Spanned<DeValue<'_>>,
) -> Result<T, toml::de::Error> {
    T::deserialize(toml::de::ValueDeserializer::from(value))
}
