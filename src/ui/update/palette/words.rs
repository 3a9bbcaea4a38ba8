//! Words of the palette that take an argument: `theme dark`, `stage deploy`, `save my reviews`.
//!
//! Says which arguments there are and what each leads to; what is done is done elsewhere.

use crate::domain::Timestamp;
use crate::domain::arrange::{Group, Order, SavedView};
use crate::domain::hide::Wish;
use crate::domain::stage::Stage;
use crate::domain::text::nearest;
use crate::ui::command::{COMMANDS, Command};
use crate::ui::overlay::{Action, Entry, Palette};
use crate::ui::state::UiState;
use crate::ui::update::palette::{Best, MOST};

/// A word that takes an argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Word {
    /// Another theme.
    Theme,
    /// A column.
    Stage,
    /// A view, saved or not.
    View,
    /// Save what is shown.
    Save,
    /// Delete what was saved.
    Delete,
    /// A filter.
    Filter,
    /// An order.
    Sort,
    /// Lanes.
    Lanes,
    /// Cards of a repository.
    Repo,
    /// Put the card aside for a while.
    Snooze,
    /// Pin the card to a stage.
    Pin,
}

impl Word {
    /// All of them.
    pub(crate) const ALL: [Self; 11] = [
        Self::Theme,
        Self::Stage,
        Self::View,
        Self::Save,
        Self::Delete,
        Self::Filter,
        Self::Sort,
        Self::Lanes,
        Self::Repo,
        Self::Snooze,
        Self::Pin,
    ];

    /// Returns the word itself.
    pub(crate) fn name(self) -> &'static str {
        self.about().0
    }

    /// Returns the word, its argument, and what it does.
    pub(crate) fn about(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Theme => ("theme", "NAME", "Use another theme"),
            Self::Stage => ("stage", "NAME", "Focus a column"),
            Self::View => ("view", "NAME", "Go to a view, saved or not"),
            Self::Save => (
                "save",
                "NAME",
                "Keep filter, columns, lanes and order as a view",
            ),
            Self::Delete => ("delete", "NAME", "Delete a view that was saved"),
            Self::Filter => ("filter", "QUERY", "Show the cards that match"),
            Self::Sort => ("sort", "ORDER", "Change the order of the cards"),
            Self::Lanes => (
                "lanes",
                "WHAT",
                "Lanes by service, person, repo, milestone, label:…",
            ),
            Self::Snooze => (
                "snooze",
                "UNTIL",
                "Put the card aside: activity, 2h, tomorrow, mon",
            ),
            Self::Pin => ("pin", "STAGE", "Pin the card to a stage until it moves"),
            Self::Repo => ("repo", "NAME", "Show the cards of a repository"),
        }
    }

    /// Returns the line that offers the word.
    pub(crate) fn entry(self) -> Entry {
        Entry {
            text: self.name().to_owned(),
            kind: "word",
            action: Action::Write(self),
        }
    }

    fn named(name: &str) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|word| word.name().eq_ignore_ascii_case(name))
    }
}

/// What people call a command besides its name: views by their word, as in plain mode.
const CALLED: [(Command, &[&str]); 8] = [
    (Command::ViewBoard, &["board"]),
    (Command::ViewTriage, &["triage", "log"]),
    (Command::ViewAttention, &["attention"]),
    (Command::ViewStandup, &["standup"]),
    (Command::ByPerson, &["people"]),
    (Command::ViewFlow, &["flow"]),
    (Command::ViewReplay, &["past", "replay"]),
    (Command::ViewSources, &["sources"]),
];

/// Returns what people call a command besides its name.
pub(super) fn called(command: Command) -> &'static [&'static str] {
    let found = CALLED.iter().find(|(of, _)| *of == command);
    found.map_or(&[], |(_, words)| *words)
}

/// Returns the word that a line begins with, and its argument; nothing before there is a space.
pub(super) fn split(typed: &str) -> Option<(Word, &str)> {
    let (word, rest) = typed.trim_start().split_once(' ')?;
    let (word, rest) = (Word::named(word)?, rest.trim());
    // `pin to stage test`, as the list has it.
    let to = (word == Word::Pin).then(|| rest.strip_prefix("to stage "));
    Some((word, to.flatten().unwrap_or(rest)))
}

/// Returns what may follow a word, best first.
pub(super) fn arguments(state: &UiState, palette: &Palette, word: Word, rest: &str) -> Vec<Entry> {
    let mut best = Best::new(rest, MOST);
    for (value, kind, action) in values(state, palette, word) {
        let entry = || Entry {
            text: format!("{} {value}", word.name()),
            kind,
            action,
        };
        if value.eq_ignore_ascii_case(rest) {
            best.first(entry());
        } else if word != Word::Pin || begins(&value, rest) {
            // Letters that a name happens to hold are no order to change something.
            let _ = best.offer(&value, entry);
        }
    }
    if let Some(action) = free(state, word, rest) {
        best.first(Entry {
            text: format!("{} {rest}", word.name()),
            kind: kind_of(word),
            action,
        });
    }
    best.entries()
}

fn kind_of(word: Word) -> &'static str {
    match word {
        Word::Theme => "theme",
        Word::Stage | Word::Pin => "column",
        Word::View | Word::Save | Word::Delete => "saved view",
        Word::Filter | Word::Repo => "filter",
        Word::Sort => "order",
        Word::Lanes => "lanes",
        Word::Snooze => "time",
    }
}

type Value = (String, &'static str, Action);

/// Returns the arguments that are known.
fn values(state: &UiState, palette: &Palette, word: Word) -> Vec<Value> {
    let kind = kind_of(word);
    match word {
        Word::Theme => state
            .themes
            .iter()
            .map(|name| (name.clone(), kind, Action::Theme(name.clone())))
            .collect(),
        Word::Stage => state
            .options
            .columns
            .iter()
            .map(|column| (column.title.clone(), kind, Action::Focus(column.stage)))
            .collect(),
        Word::Pin => state
            .options
            .columns
            .iter()
            .map(|column| (column.title.clone(), kind, Action::Pin(column.stage)))
            .collect(),
        Word::View => views(state),
        Word::Save => own(state, |name| Action::Save(name.to_owned())),
        Word::Delete => own(state, |name| Action::Delete(name.to_owned())),
        Word::Filter => {
            let history = state.filter.history.iter().rev();
            history
                .map(|text| (text.clone(), kind, Action::Filter(text.clone())))
                .collect()
        }
        Word::Sort => Order::ALL
            .into_iter()
            .map(|order| {
                (
                    order.as_str().to_owned(),
                    order.title(),
                    Action::Sort(order),
                )
            })
            .collect(),
        Word::Lanes => Group::WORDS
            .into_iter()
            .filter_map(|word| Some((word.to_owned(), kind, Action::Lanes(Group::parse(word)?))))
            .collect(),
        Word::Snooze => UNTIL
            .iter()
            .map(|(word, kind)| {
                (
                    (*word).to_owned(),
                    *kind,
                    Action::Snooze((*word).to_owned()),
                )
            })
            .collect(),
        Word::Repo => palette
            .filters
            .iter()
            .filter_map(|entry| {
                let name = entry.text.strip_prefix("repo ")?;
                Some((name.to_owned(), kind, entry.action.clone()))
            })
            .collect(),
    }
}

/// Until when cards are put aside mostly.
const UNTIL: [(&str, &str); 6] = [
    ("activity", "until something happens"),
    ("1h", "for an hour"),
    ("4h", "for four hours"),
    ("tomorrow", "until 9 in the morning"),
    ("mon", "until Monday at 9"),
    ("7d", "for a week"),
];

/// The saved views, then those that the program has.
fn views(state: &UiState) -> Vec<Value> {
    let saved = state.saved_views().map(|view| {
        (
            view.name.clone(),
            "saved view",
            Action::View(view.name.clone()),
        )
    });
    let own = COMMANDS.iter().filter_map(|row| {
        let name = row.name.strip_prefix("view-")?;
        Some((name.to_owned(), "view", Action::Run(row.command)))
    });
    let whole = Command::WholeBoard;
    let whole = ("whole board".to_owned(), "view", Action::Run(whole));
    saved.chain([whole]).chain(own).collect()
}

fn own(state: &UiState, action: impl Fn(&str) -> Action) -> Vec<Value> {
    let own = state.saved.own.iter();
    own.map(|view| (view.name.clone(), "saved view", action(&view.name)))
        .collect()
}

/// Returns what a word does with an argument that nobody listed.
fn free(state: &UiState, word: Word, rest: &str) -> Option<Action> {
    if rest.is_empty() {
        return None;
    }
    match word {
        Word::Filter => Some(Action::Filter(rest.to_owned())),
        Word::Save => {
            let mut own = state.saved.own.iter();
            let is_known = own.any(|view| view.name.eq_ignore_ascii_case(rest));
            (!is_known).then(|| Action::Save(rest.to_owned()))
        }
        Word::Lanes => Group::parse(rest)
            .filter(|_| rest.contains(':'))
            .map(Action::Lanes),
        Word::Stage => stage(state, rest).map(Action::Focus),
        Word::Pin => stage(state, rest).map(Action::Pin),
        Word::Snooze => {
            let zone = state.options.zone;
            let is_known = UNTIL
                .iter()
                .any(|(word, _)| word.eq_ignore_ascii_case(rest));
            let wish = Wish::parse(rest, Timestamp::UNIX_EPOCH, zone);
            wish.filter(|_| !is_known)
                .map(|_| Action::Snooze(rest.to_owned()))
        }
        // One of the configuration cannot be deleted here, which is told then.
        Word::Delete => {
            SavedView::find(&state.saved.given, rest).map(|view| Action::Delete(view.name.clone()))
        }
        Word::Theme | Word::View | Word::Sort | Word::Repo => None,
    }
}

/// Returns the stage that a word names which is not the title of its column.
fn stage(state: &UiState, word: &str) -> Option<Stage> {
    let wanted = Stage::parse(word)?;
    let mut columns = state.options.columns.iter();
    let column = columns.find(|column| column.stage == wanted)?;
    (!column.title.eq_ignore_ascii_case(word)).then_some(wanted)
}

/// Whether a name begins with these letters, in any case.
fn begins(name: &str, letters: &str) -> bool {
    name.to_lowercase().starts_with(&letters.to_lowercase())
}

/// How many names are told where none is near.
const TOLD: usize = 8;

/// Says that nothing is called so, and what is nearest.
pub(super) fn nothing(state: &UiState, wanted: &str) -> String {
    if let Some(word) = Word::named(wanted) {
        let (name, argument, _) = word.about();
        return format!("`{name}` wants {}", argument.to_lowercase());
    }
    if let Some((word, rest)) = split(wanted) {
        let (name, ..) = word.about();
        let values = values(state, &Palette::default(), word);
        let near = nearest(rest, values.iter().map(|(value, ..)| value.as_str()));
        if word == Word::Snooze {
            return Wish::unknown(rest);
        }
        let near = match near {
            Some(near) => format!("; did you mean `{name} {near}`?"),
            None if values.is_empty() => String::new(),
            None => {
                let told = values.iter().take(TOLD).map(|(value, ..)| value.as_str());
                let told: Vec<&str> = told.collect();
                let more = if values.len() > TOLD { ", …" } else { "" };
                format!("; there are {}{more}", told.join(", "))
            }
        };
        return format!("no {} is called `{rest}`{near}", kind_of(word));
    }
    let mut names: Vec<&str> = COMMANDS.iter().map(|row| row.name).collect();
    for word in Word::ALL {
        names.push(word.name());
    }
    names.extend(state.saved_views().map(|view| view.name.as_str()));
    match nearest(wanted, names) {
        Some(near) => format!("nothing is called `{wanted}`; did you mean `{near}`?"),
        None => format!("nothing is called `{wanted}`"),
    }
}
