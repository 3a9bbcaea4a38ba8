//! The shape of the configuration file: tables, keys and their types.
//!
//! What a value may be is said in `check.rs`; here every key is optional, so
//! that a file sets only what it names. `config.example.toml` documents each.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::Spanned;

use crate::config::check::Table;
pub(super) use crate::config::file_own::{
    Attention, Command, Day, HttpCheck, JsonMap, Scalar, View, Wall, Wip, Words,
};

/// A text with its place in the file.
pub(super) type Text = Spanned<String>;

/// The whole file.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
#[expect(
    dead_code,
    reason = "its names are read, its tables are read one by one"
)]
pub(super) struct File {
    /// The systems that are asked.
    source: Option<Vec<Source>>,
    /// Columns and the rules of the team.
    board: Option<Board>,
    /// Limits of work in progress.
    wip: Option<Vec<Wip>>,
    /// How long things may be as they are.
    attention: Option<Attention>,
    /// Services of mono-repos.
    service: Option<Vec<Service>>,
    /// Cards that are placed elsewhere.
    rule: Option<Vec<Rule>>,
    /// What jobs are for.
    phase: Option<Vec<Jobs>>,
    /// Repositories that use branches in another way.
    branching: Option<Vec<Branching>>,
    /// What the screen looks like.
    ui: Option<Ui>,
    /// Saved views of the board.
    view: Option<Vec<View>>,
    /// Keys of commands.
    keys: Option<Keys>,
    /// Programs of the user.
    command: Option<Vec<Command>>,
    /// The board on a screen that nobody sits at.
    wall: Option<Wall>,
    /// When and how a person is called.
    notify: Option<Notify>,
    /// How far triage looks back.
    triage: Option<Triage>,
    /// When the team works, and who is who.
    team: Option<Team>,
    /// How far back the past is read.
    history: Option<History>,
    /// Where facts are kept.
    store: Option<Store>,
}

/// One `[[source]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Source {
    /// Its name, unique; the host by default.
    pub(super) name: Option<Text>,
    /// Its kind.
    pub(super) kind: Option<Text>,
    /// Where it is.
    pub(super) url: Option<Text>,
    /// Repositories or patterns.
    pub(super) repos: Option<Vec<Text>>,
    /// Organisations or users.
    pub(super) orgs: Option<Vec<Text>>,
    /// Name of the variable that holds the token.
    pub(super) token_env: Option<Text>,
    /// Command that prints the token, as words.
    pub(super) token_command: Option<Spanned<Vec<Text>>>,
    /// Certificates to trust besides the system's.
    pub(super) ca_file: Option<Text>,
    /// Whether plain http to other machines is allowed.
    pub(super) insecure_http: Option<bool>,
    /// How long it may take until an answer begins.
    pub(super) timeout: Option<Text>,
    /// Actions that are allowed.
    pub(super) writes: Option<Vec<Text>>,
    /// Its `[[source.project]]`, which are read by themselves.
    #[serde(skip)]
    pub(super) projects: Vec<Table<Project>>,
    /// Its `[[source.check]]`, which are read by themselves.
    #[serde(skip)]
    pub(super) checks: Vec<Table<HttpCheck>>,
    /// Its `[[source.map]]`, which are read by themselves.
    #[serde(skip)]
    pub(super) maps: Vec<Table<JsonMap>>,
}

/// One `[[source.project]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Project {
    /// Pattern on the name of the builder, project or job.
    pub(super) name: Option<Text>,
    /// The repository that it builds, with its host.
    pub(super) repo: Option<Text>,
    /// The branch that it builds where the server tells none.
    pub(super) branch: Option<Text>,
}

/// `[board]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Board {
    /// The columns, in order.
    pub(super) columns: Option<Spanned<Vec<Spanned<Column>>>>,
    /// How many cards a stage should hold at most, by stage.
    pub(super) wip: Option<BTreeMap<String, Spanned<i64>>>,
    /// How long a change bakes after it went live.
    pub(super) bake_window: Option<Text>,
    /// How long it is watched after that.
    pub(super) watch_window: Option<Text>,
    /// The stage in which review stands.
    pub(super) review_stage: Option<Text>,
    /// How branches are used.
    pub(super) branching: Option<Text>,
    /// Pattern of the environments that are production.
    pub(super) production: Option<Text>,
    /// Labels of incidents.
    pub(super) incident_labels: Option<Vec<Text>>,
    /// Labels of what is blocked.
    pub(super) blocked_labels: Option<Vec<Text>>,
    /// Words for "in progress".
    pub(super) progress_words: Option<Vec<Text>>,
    /// Keys of trackers.
    pub(super) tracker_keys: Option<Vec<Text>>,
    /// Logins that are machines.
    pub(super) bots: Option<Vec<Text>>,
}

/// A column with a title of its own.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct TitledColumn {
    /// The stage that it shows.
    pub(super) stage: Option<String>,
    /// Its title.
    pub(super) title: Option<String>,
}

/// A column: the word for its stage, or that and a title.
#[derive(Debug)]
pub(super) enum Column {
    /// The word alone.
    Word(String),
    /// Stage and title.
    Titled(TitledColumn),
}

/// One `[[service]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    /// Its name.
    pub(super) name: Option<Text>,
    /// Repositories it may be in.
    pub(super) repos: Option<Vec<Text>>,
    /// Files that belong to it.
    pub(super) paths: Option<Vec<Text>>,
    /// Workflows that belong to it.
    pub(super) workflows: Option<Vec<Text>>,
    /// Pattern of its environments.
    pub(super) env: Option<Text>,
    /// Pattern of its tags.
    pub(super) tag: Option<Text>,
}

/// One `[[rule]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Rule {
    /// What is shown as its name.
    pub(super) name: Option<Text>,
    /// Which cards, as a filter.
    pub(super) when: Option<Text>,
    /// The stage they get.
    pub(super) stage: Option<Text>,
    /// The status they get.
    pub(super) status: Option<Text>,
}

/// One `[[phase]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Jobs {
    /// Pattern on the workflow's name or file.
    pub(super) workflow: Option<Text>,
    /// Pattern on the job's name.
    pub(super) job: Option<Text>,
    /// What such jobs are for.
    pub(super) phase: Option<Text>,
}

/// One `[[branching]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Branching {
    /// The repositories, as patterns.
    pub(super) repos: Option<Vec<Text>>,
    /// How they use branches.
    pub(super) model: Option<Text>,
}

/// `[ui]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Ui {
    /// Name of the theme.
    pub(super) theme: Option<Text>,
    /// Name of the theme that `auto` is on a dark ground.
    pub(super) theme_dark: Option<Text>,
    /// Name of the theme that `auto` is on a light ground.
    pub(super) theme_light: Option<Text>,
    /// Whether only ASCII is drawn.
    pub(super) ascii: Option<Ascii>,
    /// Whether the mouse is used.
    pub(super) mouse: Option<bool>,
    /// Whether keys of cards are links.
    pub(super) links: Option<Text>,
    /// Whether the line is slow.
    pub(super) slow: Option<bool>,
    /// What moves by itself.
    pub(super) motion: Option<Text>,
    /// Whether the board opens where it was left.
    pub(super) remember: Option<bool>,
}

/// Whether only ASCII is drawn: yes, no, or what the locale says.
#[derive(Debug)]
pub(super) struct Ascii(pub(super) Option<bool>);

/// `[keys]`: command names, which the screen knows and this layer does not.
pub(super) type Keys = BTreeMap<String, Spanned<KeyValue>>;

/// What stands behind a name in `[keys]`.
#[derive(Debug)]
pub(super) enum KeyValue {
    /// One key or several; of `preset`, its name.
    Keys(Vec<String>),
    /// Yes or no.
    Switch(bool),
}

/// `[notify]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Notify {
    /// Whether the terminal's bell is rung.
    pub(super) bell: Option<bool>,
    /// How the desktop is told.
    pub(super) desktop: Option<Text>,
    /// The command that tells it, as words.
    pub(super) command: Option<Spanned<Vec<Text>>>,
    /// What is told.
    pub(super) on: Option<Vec<Text>>,
    /// Whether only the user's own cards are told.
    pub(super) mine_only: Option<bool>,
    /// When nothing is told.
    pub(super) quiet: Option<Text>,
}

/// `[triage]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Triage {
    /// How many earlier runs are looked at.
    pub(super) history: Option<Spanned<i64>>,
    /// How many earlier runs of a job tell its usual time.
    pub(super) usual: Option<Spanned<i64>>,
}

/// `[team]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Team {
    /// The zone of its clock.
    pub(super) zone: Option<Text>,
    /// The days of the week on which it works.
    pub(super) working_days: Option<Spanned<Vec<Text>>>,
    /// The hours of a working day.
    pub(super) working_hours: Option<Text>,
    /// Days on which nobody works.
    pub(super) holidays: Option<Vec<Spanned<Day>>>,
    /// How long the turn of a person should be at a stand-up.
    pub(super) turn: Option<Text>,
    /// Its `[[team.person]]`, which are read by themselves.
    #[serde(skip)]
    pub(super) people: Vec<Table<TeamPerson>>,
}

/// One `[[team.person]]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct TeamPerson {
    /// What people call them.
    pub(super) name: Option<Text>,
    /// Their logins.
    pub(super) logins: Option<Spanned<Vec<Text>>>,
}

/// `[history]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct History {
    /// How many days of the past are read on first sight.
    pub(super) days: Option<Spanned<i64>>,
}

/// `[store]`.
#[derive(Deserialize, Debug)]
#[serde(deny_unknown_fields)]
pub(super) struct Store {
    /// Where the store is.
    pub(super) url: Option<Text>,
}

impl<'de> Deserialize<'de> for Column {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;

        impl<'de> Visitor<'de> for Either {
            type Value = Column;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a stage, or a table of `stage` and `title`")
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Column, E> {
                Ok(Column::Word(word.to_owned()))
            }

            fn visit_map<M: MapAccess<'de>>(self, map: M) -> Result<Column, M::Error> {
                TitledColumn::deserialize(MapAccessDeserializer::new(map)).map(Column::Titled)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl<'de> Deserialize<'de> for Ascii {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Choice;

        impl Visitor<'_> for Choice {
            type Value = Ascii;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`true`, `false` or `\"auto\"`")
            }

            fn visit_bool<E: Error>(self, ascii: bool) -> Result<Ascii, E> {
                Ok(Ascii(Some(ascii)))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<Ascii, E> {
                match word {
                    "auto" => Ok(Ascii(None)),
                    _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
                }
            }
        }
        deserializer.deserialize_any(Choice)
    }
}

impl<'de> Deserialize<'de> for KeyValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Words;

        impl<'de> Visitor<'de> for Words {
            type Value = KeyValue;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key, or a list of keys")
            }

            fn visit_bool<E: Error>(self, on: bool) -> Result<KeyValue, E> {
                Ok(KeyValue::Switch(on))
            }

            fn visit_str<E: Error>(self, word: &str) -> Result<KeyValue, E> {
                Ok(KeyValue::Keys(vec![word.to_owned()]))
            }

            fn visit_seq<S: serde::de::SeqAccess<'de>>(
                self,
                mut seq: S,
            ) -> Result<KeyValue, S::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(KeyValue::Keys(words))
            }
        }
        deserializer.deserialize_any(Words)
    }
}

/// Returns the names of the keys of a table, in the order in which they are declared.
pub(super) fn names<T: for<'de> Deserialize<'de>>() -> &'static [&'static str] {
    match T::deserialize(Probe) {
        Ok(_) => &[],
        Err(Names(names)) => names,
    }
}

/// Answers every question with the names that the asker knows.
struct Probe;

#[derive(Debug, thiserror::Error)]
#[error("only the names were asked for")]
struct Names(&'static [&'static str]);

impl Error for Names {
    fn custom<T: fmt::Display>(_message: T) -> Self {
        Self(&[])
    }
}

impl<'de> Deserializer<'de> for Probe {
    type Error = Names;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Names> {
        Err(Names(&[]))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Names> {
        Err(Names(fields))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map enum identifier
        ignored_any
    }
}
