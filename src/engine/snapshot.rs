//! The immutable board that views read.
//!
//! Made by the store after each change; sharing is by `Arc`, so a new snapshot
//! copies pointers. It holds cards in the order in which columns show them.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, OnceLock};

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::action::ActionView;
use crate::domain::attention::AttentionBoard;
use crate::domain::diagnosis::{Diagnosis, LogKey};
use crate::domain::item::{Evidence, Train, WorkItem};
use crate::domain::key::{ItemId, RepoKey, SourceName};
use crate::domain::names::Names;
use crate::domain::run::{RunKey, is_foreign};
use crate::domain::stage::Stage;
use crate::domain::text::Clean;
use crate::domain::triage::{TriageBoard, Watched};
use crate::engine::doubt::Doubts;
use crate::engine::index::{Index, Mentions};
pub use crate::sources::{Budget, Capability, CapabilityState, PastRead, RequestLine};
use crate::sources::{SourceError, Trouble};

/// The whole board at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Counts up with every change.
    pub generation: u64,
    /// When it was made.
    pub taken_at: Timestamp,
    /// The columns, always eight: those that are configured in their order, then the others.
    pub columns: Vec<Column>,
    /// The sources, in the order of the configuration.
    pub sources: Vec<SourceView>,
    /// When each scope (source, repository) was last confirmed to be current.
    pub confirmed: Arc<HashMap<(SourceName, Clean), Timestamp>>,
    /// What is known and was not told by an answer that was read in part: no scope confirms it.
    pub doubts: Arc<Doubts>,
    /// Cards that are over, by number: shipped and dropped within the retention.
    pub finished: usize,
    /// Whether only the first screen was loaded from the store so far.
    pub partial: bool,
    /// Things that a person should know about the program itself (store rebuilt, read-only disk).
    pub notices: Vec<Clean>,
    /// Why red cards are red.
    pub triage: Arc<TriageBoard>,
    /// What calls for a person.
    pub attention: AttentionBoard,
    /// Runs that somebody looks at or acted on, red or not.
    pub watched: Arc<[Watched]>,
    /// Who told of each run that no forge told, by the identity of its fact.
    pub told_by: Arc<BTreeSet<(Clean, SourceName)>>,
    /// Jobs that a person asked about, and what came of it.
    pub inquiries: Arc<BTreeMap<LogKey, Asked>>,
    /// Actions of this session, newest first, at most a hundred.
    pub actions: Arc<[ActionView]>,
    /// The repositories of which anything is known.
    pub repositories: Arc<BTreeSet<RepoKey>>,
    /// What is known of the cards, column by column; empty in snapshots that no store made.
    pub index: Vec<Arc<Index>>,
    /// How the repositories of the board are called; made at the first question.
    pub names: OnceLock<Names>,
}

/// What came of the question why a job failed.
#[derive(Clone, PartialEq, Debug)]
pub enum Asked {
    /// It is being found out.
    Reading,
    /// It was found out, or was known.
    Found(Arc<Diagnosis>),
    /// It is not known.
    Failed {
        /// Why not, in a sentence.
        why: Clean,
        /// What that says of the source, where it was asked.
        health: Option<Health>,
    },
}

/// One column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Which stage.
    pub stage: Stage,
    /// Its rows: most urgent first, then oldest first.
    pub rows: Arc<[Row]>,
    /// How many cards it holds, those in trains included.
    pub count: usize,
    /// How many of them are red.
    pub red: usize,
    /// Why it can hold no card at all, if so: "no source reports deployments".
    pub empty_because: Option<Clean>,
}

/// One row of a column.
#[derive(Clone, Debug)]
pub enum Row {
    /// A card.
    Item(Arc<WorkItem>),
    /// Several changes that travel together.
    Train(Arc<Train>),
}

/// One source as views show it.
#[derive(Clone, Debug, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is told by itself, and any may hold with any"
)]
pub struct SourceView {
    /// Its configured name.
    pub name: SourceName,
    /// Its kind.
    pub kind: &'static str,
    /// Its host.
    pub host: String,
    /// How it stands.
    pub health: Health,
    /// What is wrong, in one sentence.
    pub message: Option<Clean>,
    /// What to do about it.
    pub hint: Option<Clean>,
    /// All that it has to say, trouble and remarks, each once.
    pub remarks: Vec<Clean>,
    /// When it last answered as it should.
    pub last_success: Option<Timestamp>,
    /// When it last did, whoever asked: with another token its facts are shown as well.
    pub last_told: Option<Timestamp>,
    /// When it is asked next.
    pub next_poll: Option<Timestamp>,
    /// Whether another program on this machine polls it for us.
    pub followed: bool,
    /// What it can and cannot do.
    pub capabilities: Vec<Capability>,
    /// Limits and what is left of them.
    pub budgets: Vec<Budget>,
    /// Requests sent since the start.
    pub sent: u64,
    /// Of them answered with 304.
    pub not_modified: u64,
    /// Of them failed.
    pub failed: u64,
    /// The last requests, newest first.
    pub recent: Vec<RequestLine>,
    /// What was being read by each poll that fails at present, and why, the newest first.
    pub failing: Vec<Clean>,
    /// The last request that failed, however long ago.
    pub last_failed: Option<RequestLine>,
    /// How far the clock of the host is ahead of the one here, where that is far.
    pub ahead: Option<TimeDelta>,
    /// Where the token comes from; never its value.
    pub token_from: String,
    /// The login that the token belongs to, where the source tells it.
    pub me: Option<String>,
    /// Whether the connection is not encrypted.
    pub insecure: bool,
    /// How many facts are known from it.
    pub facts: usize,
    /// Whether it has told all that it tells at first, or cannot.
    pub settled: bool,
    /// Whether nobody waited any longer for what it has to tell, as it said nothing.
    pub left: bool,
    /// Of how many repositories the past is read.
    pub past: PastRead,
}

impl SourceView {
    /// Returns whether it is our own share of a limit that is spent: the host allows more, and that
    /// is left to other tools.
    pub fn is_share_spent(&self) -> bool {
        let told = self.message.as_ref();
        let is_ours = told.is_some_and(|told| told.starts_with(OUR_SHARE));
        self.health == Health::RateLimited && is_ours
    }
}

/// The state of a source, worst last.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Health {
    /// It answers.
    Ok,
    /// Not asked yet.
    Starting,
    /// It has not answered for three intervals, or only in part.
    Stale,
    /// It allows no more requests for now.
    RateLimited,
    /// It cannot be reached.
    Unreachable,
    /// It answers nothing but errors of its own.
    Failing,
    /// Its answers cannot be read.
    Unreadable,
    /// The token may not.
    Forbidden,
    /// The token is refused.
    Auth,
}

impl Health {
    /// Every one, the worst last.
    pub const ALL: [Self; 9] = [
        Self::Ok,
        Self::Starting,
        Self::Stale,
        Self::RateLimited,
        Self::Unreachable,
        Self::Failing,
        Self::Unreadable,
        Self::Forbidden,
        Self::Auth,
    ];

    /// Returns the health that an error means where nothing else works.
    pub fn of(error: &SourceError) -> Self {
        match error {
            SourceError::Auth { .. } | SourceError::NoToken { .. } => Self::Auth,
            SourceError::Forbidden { .. } | SourceError::NotFound { .. } => Self::Forbidden,
            SourceError::RateLimited { .. } => Self::RateLimited,
            SourceError::Unreachable { .. } if error.trouble() == Some(Trouble::Server) => {
                Self::Failing
            }
            SourceError::Unreachable { .. } => Self::Unreachable,
            SourceError::Unreadable { .. } | SourceError::Refused { .. } => Self::Unreadable,
        }
    }

    /// Returns whether nothing can be had of it for now, and that is not the token's fault.
    pub fn is_down(self) -> bool {
        matches!(self, Self::Unreachable | Self::Failing)
    }

    /// Returns whether nothing keeps it from telling all that it should, as far as is known.
    pub fn is_well(self) -> bool {
        matches!(self, Self::Ok | Self::Starting)
    }

    /// Returns whether what it is asked is not answered as it should be: it is down, speaks of
    /// something else, or takes no token.
    pub fn is_away(self) -> bool {
        self.is_down() || matches!(self, Self::Unreadable | Self::Auth)
    }

    /// Returns the word used in JSON and on the screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Starting => "starting",
            Self::Stale => "stale",
            Self::RateLimited => "rate_limited",
            Self::Unreachable => "unreachable",
            Self::Failing => "failing",
            Self::Unreadable => "unreadable",
            Self::Forbidden => "forbidden",
            Self::Auth => "auth",
        }
    }
}

/// How a source says that our own share of a limit is spent.
const OUR_SHARE: &str = "our share of ";

/// How old data may be before it is shown as old, in seconds.
///
/// Three times the longest polling interval of a repository that is on the board.
pub const FRESH_SECS: i64 = 30 * 60;

/// How far a time may lie ahead to be believed, in seconds: clocks are put right by little steps.
const AHEAD_SECS: i64 = 60;

/// Returns whether data that was confirmed then is current. What comes from the future is not: the
/// clock was wrong then, or is now.
pub fn is_current(at: Timestamp, now: Timestamp) -> bool {
    (-AHEAD_SECS..=FRESH_SECS).contains(&(now - at).num_seconds())
}

/// Returns when a source last confirmed what it tells of a repository, or of none.
pub(super) fn last_confirmed(
    confirmed: &HashMap<(SourceName, Clean), Timestamp>,
    source: &SourceName,
    repo: Option<&RepoKey>,
) -> Option<Timestamp> {
    let at = |scope: Clean| confirmed.get(&(source.clone(), scope)).copied();
    // What confirms all that a source tells confirms that of a repository as well.
    repo.and_then(|repo| at(scope_of(repo.path())))
        .max(at(Clean::default()))
}

/// Returns the scope under which a repository is confirmed: hosts write names in any case.
pub fn scope_of(path: &str) -> Clean {
    if path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Clean::line(&path.to_ascii_lowercase())
    } else {
        Clean::line(path)
    }
}

impl Snapshot {
    /// Returns the logins of the user, one for each source that tells it.
    pub fn me(&self) -> Vec<String> {
        let mut me: Vec<String> = Vec::new();
        for login in self.sources.iter().filter_map(|source| source.me.as_ref()) {
            if !me.contains(login) {
                me.push(login.clone());
            }
        }
        me
    }

    /// Returns when the data of a card was last confirmed by all that it rests on.
    ///
    /// Of several sources that read one host, the last that did tells. A CI that is not the forge
    /// counts where its runs decide where the card stands; else it makes only its runs old.
    pub fn confirmed_at(&self, item: &WorkItem) -> Option<Timestamp> {
        let mut hosts: BTreeMap<&str, Option<Timestamp>> = BTreeMap::new();
        for source in item.sources.iter().chain(self.decided_by(item)) {
            let mut views = self.sources.iter();
            let view = views.find(|view| view.name == *source);
            let host = view.map_or(source.as_str(), |view| view.host.as_str());
            let at = self.source_confirmed(source, item.repo.as_ref());
            let doubted = self.doubts.oldest(source, item);
            let at = at.map(|at| doubted.map_or(at, |told| told.min(at)));
            let last = hosts.entry(host).or_default();
            *last = at.max(*last);
        }
        hosts.into_values().min().flatten()
    }

    /// Returns when a source last confirmed what it tells of a repository, or of none.
    pub fn source_confirmed(
        &self,
        source: &SourceName,
        repo: Option<&RepoKey>,
    ) -> Option<Timestamp> {
        last_confirmed(&self.confirmed, source, repo)
    }

    /// Returns who told of a run that no forge told.
    pub fn told_by(&self, run: &RunKey) -> Option<&SourceName> {
        if !is_foreign(run.id) {
            return None;
        }
        let id = Clean::line(&format!("{}/{}", run.repo.as_str(), run.id));
        let first = (id, SourceName::new(""));
        let (id, source) = self.told_by.range(&first..).next()?;
        (*id == first.0).then_some(source)
    }

    /// Returns the sources that the runs of a card are known from, beside those of the card.
    pub fn ran_by(&self, item: &WorkItem) -> BTreeSet<&SourceName> {
        let runs = item.evidence.iter().filter_map(|line| line.run.as_deref());
        let tellers = runs.filter_map(|run| self.told_by(run));
        tellers
            .filter(|source| !item.sources.contains(source))
            .collect()
    }

    /// Returns the sources of the runs by which a card stands where it does, where no run of its
    /// forge does.
    fn decided_by(&self, item: &WorkItem) -> Vec<&SourceName> {
        if self.told_by.is_empty() {
            return Vec::new();
        }
        let decides = |line: &&Evidence| line.status == item.placement.status;
        let lines = item.evidence.iter().filter(decides);
        let runs: Vec<&RunKey> = lines.filter_map(|line| line.run.as_deref()).collect();
        if runs.iter().any(|run| !is_foreign(run.id)) {
            return Vec::new();
        }
        runs.into_iter()
            .filter_map(|run| self.told_by(run))
            .collect()
    }

    /// Returns whether a card may be shown as current.
    pub fn is_fresh(&self, item: &WorkItem, now: Timestamp) -> bool {
        self.confirmed_at(item)
            .is_some_and(|at| is_current(at, now))
    }

    /// Returns the column of a stage.
    pub fn column(&self, stage: Stage) -> Option<&Column> {
        self.columns.iter().find(|column| column.stage == stage)
    }

    /// Returns how the repositories of the board are called.
    pub fn names(&self) -> &Names {
        self.names
            .get_or_init(|| Names::new(self.mentions().repos.iter()))
    }

    /// Returns the repositories, services and people that stand on the cards of the board.
    pub fn mentions(&self) -> Mentions {
        if self.index.len() != self.columns.len() {
            return Mentions::of(self.items().map(AsRef::as_ref));
        }
        let mut all = Mentions::default();
        for index in &self.index {
            all.add(index.mentions());
        }
        all
    }

    /// Returns every card on the board, those in trains included, column by column.
    pub fn items(&self) -> impl Iterator<Item = &Arc<WorkItem>> {
        self.columns
            .iter()
            .flat_map(|column| column.rows.iter())
            .flat_map(Row::items)
    }

    /// Returns the card of this identity.
    pub fn find(&self, id: &ItemId) -> Option<&Arc<WorkItem>> {
        if self.index.len() != self.columns.len() {
            return self.items().find(|item| item.id == *id);
        }
        self.columns
            .iter()
            .zip(&self.index)
            .find_map(|(column, index)| {
                let (row, place) = index.place(&column.rows, id)?;
                column.rows.get(row)?.items().get(place)
            })
    }
}

impl Snapshot {
    /// Returns it with what a store would know of its cards.
    #[must_use]
    pub fn indexed(mut self) -> Self {
        let index = |column: &Column| Arc::new(Index::of(&column.rows));
        self.index = self.columns.iter().map(index).collect();
        self
    }

    /// Puts the cards of the first screen on the board of the configured sources and columns.
    #[must_use]
    pub(super) fn on_the_board_of(mut self, empty: &Self) -> Self {
        let mut columns = Vec::with_capacity(empty.columns.len());
        for column in &empty.columns {
            let place = self.columns.iter().position(|c| c.stage == column.stage);
            let found = place.map(|place| self.columns.swap_remove(place));
            columns.push(found.unwrap_or_else(|| column.clone()));
        }
        self.columns = columns;
        self.index = Vec::new();
        self.names = OnceLock::new();
        self.sources.clone_from(&empty.sources);
        self.generation = empty.generation;
        self
    }
}

impl Row {
    /// Returns the cards of the row: one, or those of the train.
    pub fn items(&self) -> &[Arc<WorkItem>] {
        match self {
            Self::Item(item) => std::slice::from_ref(item),
            Self::Train(train) => &train.items,
        }
    }
}
