//! What a card says to a command of the user, and why a command is not for it.

use super::MOST_CARDS;
use crate::config::{Field, OwnCommand, OwnPlace, RunIn, Template, Values};
use crate::domain::Timestamp;
use crate::domain::diagnosis::LogKey;
use crate::domain::item::{EvidenceKind, WorkItem};
use crate::domain::key::{Sha, WebUrl};
use crate::domain::query::QueryContext;
use crate::engine::snapshot::Snapshot;
use crate::ui::command::Command;
use crate::ui::glyphs::Glyphs;
use crate::ui::rows::Shown;
use crate::ui::state::{LogStanding, Pane, Pointed, UiState, View};
use crate::ui::update::marks;

/// What stands for the path of the log before there is one.
pub(super) const LOG: &str = "copy-of-the-log";

/// Why a command is not run that may change something.
pub(super) const READ_ONLY: &str =
    "nothing is changed with `--read-only`; `changes = false` says that it does not";

/// Returns the card that a command would be for: the one that is open, else that of the cursor.
pub(super) fn card<'a>(state: &UiState, snapshot: &'a Snapshot) -> Option<&'a WorkItem> {
    let shown = match state.detail() {
        Some(detail) => state.find(snapshot, &detail.key),
        None => match state.pointed(snapshot) {
            Pointed::Card(shown) => Some(shown),
            Pointed::Source(_) | Pointed::Nothing => None,
        },
    };
    match shown? {
        Shown::Item { item, .. } => Some(item),
        Shown::Train { .. } => None,
    }
}

/// Returns the log that is open, where it is of the card at hand.
pub(super) fn log(state: &UiState) -> Option<&LogKey> {
    let log = &state.triage.log;
    let is_open = state.view == View::Triage && log.standing == LogStanding::Open;
    log.key.as_ref().filter(|_| is_open && log.live.is_none())
}

/// Returns all that is known for the words of a command.
pub(super) fn values(state: &UiState, snapshot: &Snapshot, item: Option<&WorkItem>) -> Values {
    all(snapshot, item, log(state).is_some())
}

/// The same, where no screen says whether there is a log.
pub(super) fn all(snapshot: &Snapshot, item: Option<&WorkItem>, has_log: bool) -> Values {
    let mut values = item.map_or_else(Values::new, |item| of(item, snapshot));
    if has_log {
        values.insert(Field::LogPath, LOG.to_owned());
    }
    values
}

fn of(item: &WorkItem, snapshot: &Snapshot) -> Values {
    let mut values = Values::new();
    let mut put = |field: Field, value: Option<&str>| {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            values.insert(field, value.to_owned());
        }
    };
    put(Field::Key, Some(&item.key));
    put(Field::Title, Some(&item.title));
    put(Field::Url, page(item).map(WebUrl::as_str));
    if let Some(repo) = &item.repo {
        put(Field::Repo, Some(repo.path()));
        put(Field::Host, Some(repo.host()));
        let (owner, name) = repo.path().rsplit_once('/').unwrap_or(("", repo.path()));
        put(Field::Owner, Some(owner));
        put(Field::Name, Some(name));
    }
    put(Field::Branch, item.branches.first().map(|name| &**name));
    put(Field::Number, number(&item.key));
    let changes = item.evidence.iter().rev();
    let mut changes = changes.filter(|it| it.kind == EvidenceKind::ChangeRequest);
    if let Some(change) = changes.next() {
        put(Field::Pr, number(&change.key));
        put(Field::PrUrl, change.url.as_ref().map(WebUrl::as_str));
    }
    let run = snapshot.triage.find(&item.id).map(|card| &card.triage.run);
    let sha = run
        .and_then(|run| run.head_sha.as_ref())
        .or_else(|| sha(item));
    put(Field::Sha, sha.map(Sha::as_str));
    put(Field::ShortSha, sha.map(Sha::short));
    values
}

/// Returns the page of what the card is called by, else the one that it opens.
fn page(item: &WorkItem) -> Option<&WebUrl> {
    let mut evidence = item.evidence.iter();
    let named = evidence.find(|it| it.key == item.key && it.url.is_some());
    named.map_or(item.url.as_ref(), |it| it.url.as_ref())
}

/// Returns the number at the end of a key.
fn number(key: &str) -> Option<&str> {
    let (_, number) = key.rsplit_once(['#', '!'])?;
    number.bytes().all(|b| b.is_ascii_digit()).then_some(number)
}

/// Returns the newest commit: the head of what is not merged.
fn sha(item: &WorkItem) -> Option<&Sha> {
    let mut commits = item.evidence.iter().rev();
    commits.find_map(|found| found.sha.as_ref())
}

/// Returns the cards that a command is run for: the marked ones, else the one at hand; none where
/// it says nothing of a card.
pub(super) fn cards<'a>(
    state: &UiState,
    snapshot: &'a Snapshot,
    command: &OwnCommand,
) -> Vec<&'a WorkItem> {
    if !is_for_cards(command) {
        return Vec::new();
    }
    let marked = marks::marked(state, snapshot);
    if marked.is_empty() {
        return card(state, snapshot).into_iter().collect();
    }
    marked
}

/// Whether a command is about a card.
pub(super) fn is_for_cards(command: &OwnCommand) -> bool {
    let wants = |words: &[Template]| {
        let mut fields = words.iter().flat_map(Template::fields);
        fields.any(|field| field != Field::LogPath)
    };
    !command.cards.is_empty() || wants(&command.argv) || wants(command.cwd.as_slice())
}

/// Returns why a command cannot be run here, if so: for none of the cards that are marked.
pub(crate) fn refusal(
    state: &UiState,
    snapshot: &Snapshot,
    command: &OwnCommand,
    now: Timestamp,
) -> Option<String> {
    if state.options.read_only && command.changes {
        return Some(READ_ONLY.to_owned());
    }
    if state.view == View::Replay {
        return Some("what was is nothing to act on".to_owned());
    }
    if !command.places.is_empty() && !here(state).iter().any(|at| command.places.contains(at)) {
        let places: Vec<&str> = command.places.iter().map(|at| at.as_str()).collect();
        let way = way(state, command).unwrap_or_default();
        return Some(format!("it is for {}{way}", places.join(", ")));
    }
    let cards = cards(state, snapshot, command);
    if cards.is_empty() && is_for_cards(command) {
        return Some("no card is selected".to_owned());
    }
    let count = cards.len();
    if count > 1 && command.run == RunIn::Terminal {
        let why = format!("it takes the terminal, and {count} cards are marked: it is for one");
        return Some(why);
    }
    if count > MOST_CARDS {
        let why = format!("{count} cards are marked, and it is run for {MOST_CARDS} at most");
        return Some(why);
    }
    if cards.is_empty() {
        return unfit(state, snapshot, command, None, now);
    }
    let mut first = None;
    for item in cards {
        let why = unfit(state, snapshot, command, Some(item), now)?;
        first.get_or_insert(why);
    }
    first
}

/// Returns why a command cannot be run for a card, if so.
pub(super) fn unfit(
    state: &UiState,
    snapshot: &Snapshot,
    command: &OwnCommand,
    item: Option<&WorkItem>,
    now: Timestamp,
) -> Option<String> {
    let context = state.query_context(snapshot, now);
    let values = values(state, snapshot, item);
    unfit_with(command, item, &context, &values)
}

/// The same, where no screen says what is known.
pub(super) fn unfit_with(
    command: &OwnCommand,
    item: Option<&WorkItem>,
    context: &QueryContext,
    values: &Values,
) -> Option<String> {
    if item.is_some_and(|item| !command.cards.matches(item, context)) {
        return Some(format!("it is for cards that match `{}`", command.cards));
    }
    let mut words = command.argv.iter().map(|word| word.fill(values));
    let mut path = command.cwd.iter().map(|path| path.fill_path(values));
    let unfit = words.find_map(Result::err);
    unfit
        .or_else(|| path.find_map(Result::err))
        .map(|unfit| unfit.to_string())
}

/// Returns the way to where a command can be run, where that is near.
fn way(state: &UiState, command: &OwnCommand) -> Option<String> {
    let is_near = state.view == View::Triage && command.places.contains(&OwnPlace::Log);
    let key = state.options.keymap.label(Command::NextPane, Glyphs::Ascii);
    key.filter(|_| is_near)
        .map(|key| format!("; {key} goes there, where one is open"))
}

/// Returns where the user is, as commands are offered.
fn here(state: &UiState) -> Vec<OwnPlace> {
    if state.detail().is_some() {
        return vec![OwnPlace::Detail];
    }
    match state.view {
        View::Board => vec![OwnPlace::Board],
        // The log that is open is there, whichever pane has the keys.
        View::Triage if state.triage.pane == Pane::Log || log(state).is_some() => {
            vec![OwnPlace::Triage, OwnPlace::Log]
        }
        View::Triage => vec![OwnPlace::Triage],
        View::Attention => vec![OwnPlace::Attention],
        View::Standup => vec![OwnPlace::Standup],
        View::Flow => vec![OwnPlace::Flow],
        View::Sources | View::Replay => Vec::new(),
    }
}
