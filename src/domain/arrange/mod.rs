//! How cards are laid out: in which order, in which lanes, which of them and in which columns.
//!
//! Words and comparisons only: lists are made by the screen and by the command line, which share
//! them, and saved views are kept in these terms.

use std::cmp::{Ordering, Reverse};
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::item::{Train, WorkItem};
use crate::domain::key::{RepoKey, ServiceName};
use crate::domain::stage::Stage;
use crate::domain::text::Clean;

#[cfg(test)]
mod tests;

/// The order of the cards within a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// Most urgent first, then longest in its place.
    #[default]
    Urgent,
    /// Made longest ago first.
    Oldest,
    /// Made last first.
    Newest,
    /// Longest in its place first.
    Age,
    /// By who holds it; what nobody holds comes last.
    Person,
    /// By its repository; what has none comes last.
    Repo,
}

/// What is compared of a card or a train.
#[derive(Clone, Copy, Debug)]
pub struct Facets<'a> {
    made: Timestamp,
    since: Timestamp,
    person: &'a str,
    repo: &'a str,
}

impl<'a> Facets<'a> {
    /// Returns those of a card.
    pub fn of_item(item: &'a WorkItem) -> Self {
        Self {
            made: item.created_at,
            since: item.placement.since,
            person: Group::Person.lane_of(item),
            repo: Group::Repo.lane_of(item),
        }
    }

    /// Returns those of a train: it is as old as its oldest change.
    pub fn of_train(train: &'a Train) -> Self {
        let first = train.items.first();
        let made = train.items.iter().map(|item| item.created_at).min();
        Self {
            made: made.unwrap_or(train.since),
            since: train.since,
            person: first.map_or("", |item| Group::Person.lane_of(item)),
            repo: first.map_or("", |item| Group::Repo.lane_of(item)),
        }
    }
}

impl Order {
    /// All orders, in the order in which a key goes through them.
    pub const ALL: [Self; 6] = [
        Self::Urgent,
        Self::Oldest,
        Self::Newest,
        Self::Age,
        Self::Person,
        Self::Repo,
    ];

    /// Returns the order after this one.
    #[must_use]
    pub fn next(self) -> Self {
        let mut round = Self::ALL.into_iter().cycle();
        round.find(|order| *order == self);
        round.next().unwrap_or_default()
    }

    /// Returns its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Oldest => "oldest",
            Self::Newest => "newest",
            Self::Age => "age",
            Self::Person => "person",
            Self::Repo => "repo",
        }
    }

    /// Returns the order of a word.
    pub fn parse(word: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|order| order.as_str().eq_ignore_ascii_case(word))
    }

    /// Returns the words that stay on the screen while it is not the usual one.
    pub fn mark(self) -> Option<&'static str> {
        (self != Self::Urgent).then(|| self.title())
    }

    /// Returns the words for it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Urgent => "most urgent first",
            Self::Oldest => "oldest first",
            Self::Newest => "newest first",
            Self::Age => "longest here first",
            Self::Person => "by person",
            Self::Repo => "by repository",
        }
    }

    /// Compares two lines; those that are equal stay as they are.
    pub fn compare(self, a: &Facets<'_>, b: &Facets<'_>) -> Ordering {
        match self {
            Self::Urgent => Ordering::Equal,
            Self::Oldest => a.made.cmp(&b.made),
            Self::Newest => Reverse(a.made).cmp(&Reverse(b.made)),
            Self::Age => a.since.cmp(&b.since),
            Self::Person => by_name(a.person, b.person),
            Self::Repo => by_name(a.repo, b.repo),
        }
    }
}

/// Compares two names as people do; no name comes last.
pub fn by_name(a: &str, b: &str) -> Ordering {
    let lower = |name: &str| {
        name.chars()
            .flat_map(char::to_lowercase)
            .collect::<String>()
    };
    match (a.is_empty(), b.is_empty()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) if a == b => Ordering::Equal,
        (false, false) if a.is_ascii() && b.is_ascii() => {
            let (a, b) = (a.bytes(), b.bytes());
            let plain = |byte: u8| byte.to_ascii_lowercase();
            a.map(plain).cmp(b.map(plain))
        }
        (false, false) => lower(a).cmp(&lower(b)),
    }
}

/// What the lanes of the board are for.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Group {
    /// There are none.
    #[default]
    None,
    /// One for each service.
    Service,
    /// One for each person who holds cards.
    Person,
    /// One for each repository.
    Repo,
    /// One for each milestone.
    Milestone,
    /// One for each label that begins so; where that is empty, for each first label.
    Label(String),
}

impl Group {
    /// The words for it, besides `label:` with the beginning of labels.
    pub const WORDS: [&'static str; 6] =
        ["none", "service", "person", "repo", "milestone", "label"];

    /// Another word for lanes of repositories.
    pub const REPOSITORY: &'static str = "repository";

    /// Returns what a key goes to after this.
    #[must_use]
    pub fn next(&self) -> Self {
        match self {
            Self::None => Self::Service,
            Self::Service => Self::Person,
            Self::Person => Self::Repo,
            Self::Repo => Self::Milestone,
            Self::Milestone => Self::Label(String::new()),
            Self::Label(_) => Self::None,
        }
    }

    /// Returns what a word means; `label:team/` or `label:team/*` are labels that begin so.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.trim();
        if let Some((key, start)) = word.split_once(':') {
            let start = start.trim().trim_end_matches('*');
            return key
                .eq_ignore_ascii_case("label")
                .then(|| Self::Label(start.to_owned()));
        }
        Some(match word.to_ascii_lowercase().as_str() {
            "none" => Self::None,
            "service" => Self::Service,
            "person" => Self::Person,
            "repo" | Self::REPOSITORY => Self::Repo,
            "milestone" => Self::Milestone,
            "label" => Self::Label(String::new()),
            _ => return None,
        })
    }

    /// Returns whether there are lanes.
    pub fn is_some(&self) -> bool {
        *self != Self::None
    }

    /// Returns the words for it.
    pub fn title(&self) -> String {
        match self {
            Self::None => "no lanes".to_owned(),
            Self::Service | Self::Person | Self::Repo | Self::Milestone | Self::Label(_) => {
                format!("lanes by {self}")
            }
        }
    }

    /// Returns what a lane is called in which no card has what the others are for.
    pub fn without(&self) -> &'static str {
        match self {
            Self::None => "",
            Self::Service => "no service",
            Self::Person => "nobody",
            Self::Repo => "no repository",
            Self::Milestone => "no milestone",
            Self::Label(_) => "no such label",
        }
    }

    /// Returns the lane of a card; an empty word where it has none.
    ///
    /// A card stands in one lane: that of its first service or holder, or of its label that comes
    /// first by name.
    pub fn lane_of<'a>(&self, item: &'a WorkItem) -> &'a str {
        match self {
            Self::None => "",
            Self::Service => item.services.first().map_or("", ServiceName::as_str),
            Self::Person => item.holders.first().map_or("", |person| &person.login),
            Self::Repo => item.repo.as_ref().map_or("", RepoKey::path),
            Self::Milestone => item.milestone.as_ref().map_or("", Clean::as_str),
            Self::Label(start) => {
                let labels = item.labels.iter().map(Clean::as_str);
                let fits = |label: &&str| {
                    let head = label.get(..start.len());
                    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
                };
                labels
                    .filter(fits)
                    .min_by(|a, b| by_name(a, b))
                    .unwrap_or("")
            }
        }
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Service => f.write_str("service"),
            Self::Person => f.write_str("person"),
            Self::Repo => f.write_str("repo"),
            Self::Milestone => f.write_str("milestone"),
            Self::Label(start) if start.is_empty() => f.write_str("label"),
            Self::Label(start) => write!(f, "label:{start}"),
        }
    }
}

impl From<Group> for String {
    fn from(group: Group) -> Self {
        group.to_string()
    }
}

impl TryFrom<String> for Group {
    type Error = String;

    fn try_from(word: String) -> Result<Self, String> {
        Self::parse(&word).ok_or_else(|| format!("`{word}` makes no lanes"))
    }
}

/// Which cards are shown, and how.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Arrangement {
    /// The filter, as text.
    pub filter: String,
    /// The columns; none means all that the board has.
    pub columns: Vec<Stage>,
    /// The lanes.
    pub group: Group,
    /// The order.
    pub order: Order,
}

/// An arrangement with a name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SavedView {
    /// What it is called.
    pub name: String,
    /// What it shows.
    #[serde(flatten)]
    pub shows: Arrangement,
}

impl SavedView {
    /// The longest name, in columns of the terminal.
    pub const LONGEST_NAME: u16 = 24;

    /// Returns a name as it is kept, or why it is none.
    pub fn name_of(text: &str) -> Result<String, &'static str> {
        let name = Clean::line(text.trim()).to_string();
        if name.is_empty() {
            return Err("a view needs a name");
        }
        let columns = crate::domain::text::width(&name);
        if columns > usize::from(Self::LONGEST_NAME) {
            return Err("the name of a view has at most 24 columns");
        }
        Ok(name)
    }

    /// Returns the view of this name; letters of either case are the same.
    pub fn find<'a>(views: impl IntoIterator<Item = &'a Self>, name: &str) -> Option<&'a Self> {
        let wanted = name.trim().to_lowercase();
        let mut views = views.into_iter();
        views.find(|view| view.name.to_lowercase() == wanted)
    }
}
