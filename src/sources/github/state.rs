//! What a GitHub source remembers between polls: repositories, runs, refusals.
//!
//! Plain data behind one lock that is never held across a request. What a
//! repository needs next is decided here and in `plan`, without the network.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::api::Feature;
use super::backfill::Backfill;
use super::memory::Memory;
use super::places::{Names, PLACES_BATCH};
use super::portion::Portion;
use super::times::TIMES_BATCH;
use super::watch::Watched;
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::finding::FindingKind;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::{Run, RunState};
use crate::domain::text::Clean;
use crate::domain::ticket::TicketKey;
use crate::sources::arrivals::Arrivals;
use crate::sources::backfill::Past;
use crate::sources::untold::Untold;
use crate::sources::{CapabilityState, SourceError, Tier};

/// How many repositories one probe asks for.
const PROBE_BATCH: usize = 40;
/// How many change requests one look at their checks asks for.
const WATCH_BATCH: usize = 50;
/// How many repositories one small refresh reads.
const LEAN_BATCH: usize = 10;
/// How many repositories one full refresh reads.
const FULL_BATCH: usize = 5;
/// After how many hours all that is open is read again, to find what was deleted.
pub(super) const CLEAN_FULL_HOURS: i64 = 6;
/// For how long an answer is taken for current: less than the shortest period of polling.
const FRESH_SECS: i64 = 20;
/// How many repositories may be polled as hot at once.
const MOST_HOT: usize = 40;
/// How many runs of a repository are remembered.
const MOST_RUNS: usize = 200;

/// How the host is asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Mode {
    /// By GraphQL, as far as is known.
    GraphQl,
    /// By REST alone, since when, because GraphQL is not there.
    RestOnly(Timestamp),
}

/// How many fetches of each kind were answered.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Turns {
    pub(super) probe: u64,
    pub(super) refresh: u64,
    pub(super) needs: u64,
    pub(super) past: u64,
    pub(super) times: u64,
    pub(super) places: u64,
    pub(super) changes: u64,
    /// How often a repository became another one: what was told of the one before is gone.
    pub(super) findings: u64,
}

/// How much of a repository is to be read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Wanted {
    /// Nothing changed.
    Nothing,
    /// What changed since the last read.
    Lean,
    /// Everything that is open.
    Full,
}

/// All that is remembered.
#[derive(Debug)]
pub(super) struct State {
    pub(super) mode: Mode,
    pub(super) repos: BTreeMap<String, RepoState>,
    pub(super) discovered_at: Option<Timestamp>,
    /// What the lists of owners could not tell, when they were last read.
    pub(super) missing_owners: Vec<SourceError>,
    /// Count fetches that are asked once, so that the next has an identity of its own.
    pub(super) turns: Turns,
    pub(super) capabilities: BTreeMap<&'static str, CapabilityState>,
    pub(super) probe_portion: Portion,
    pub(super) watch_portion: Portion,
    pub(super) times_portion: Portion,
    pub(super) places_portion: Portion,
    lean_portion: Portion,
    full_portion: Portion,
    pub(super) refused: BTreeSet<Feature>,
    pub(super) me: Option<String>,
    /// What stands for the token that was asked with, or for there being none.
    pub(super) account: Option<String>,
    /// Whether there is no token.
    pub(super) anonymous: bool,
    /// Whether that was asked by REST.
    pub(super) me_asked: bool,
    pub(super) needs: BTreeSet<Need>,
    /// When a need was last answered, or found to have no answer.
    pub(super) answered: BTreeMap<Need, Timestamp>,
    /// Kinds of findings that an owner, or a repository, does not show, and since when.
    pub(super) hidden: BTreeMap<(String, FindingKind), Timestamp>,
    /// Repositories of the store, until it is known which of them are still polled.
    pub(super) stored: BTreeSet<RepoKey>,
    /// Repositories that are polled no more, until that was told.
    pub(super) leaving: BTreeSet<RepoKey>,
    /// Names that repositories had before: other systems may use them still.
    pub(super) former: BTreeMap<RepoKey, BTreeSet<RepoKey>>,
    /// Whether the lists of repositories were read to their end.
    pub(super) all_found: bool,
    /// What is known of failures.
    pub(super) memory: Memory,
    /// What was read so far of the past that is being read.
    pub(super) backfill: Option<Backfill>,
    /// The page of it that the host failed to tell.
    pub(super) untold: Untold,
    /// The question about environments that the host failed to answer.
    pub(super) untold_places: Untold,
}

/// What is remembered of one repository.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct RepoState {
    /// `owner/name` as the host spells it.
    pub(super) path: String,
    /// The number that the host gives it, which no other one has.
    pub(super) identity: Option<u64>,
    /// What the last probe saw.
    pub(super) seen: Option<u64>,
    /// What it was when everything had been read.
    pub(super) read: Option<u64>,
    /// What was written to the store.
    pub(super) kept: Option<u64>,
    /// Whether facts of it came from the store.
    pub(super) restored: bool,
    pub(super) changed_at: Option<Timestamp>,
    /// Whether something is at work there, as the probe saw it.
    pub(super) at_work: bool,
    pub(super) wanted: Wanted,
    pub(super) runs_wanted: bool,
    pub(super) full_at: Option<Timestamp>,
    /// The tickets that were read in full.
    pub(super) tickets: BTreeSet<u64>,
    /// The tickets that were open when they were last read.
    pub(super) open_tickets: BTreeSet<u64>,
    /// The closed tickets that were asked for one by one, without GraphQL.
    pub(super) looked_for: BTreeSet<TicketKey>,
    /// How many tickets there are, open or not, as the probe saw it.
    pub(super) ticket_count: Option<u64>,
    /// The change requests that were open when they were last read.
    pub(super) changes: BTreeMap<u64, Watched>,
    /// What the probe saw of checks.
    pub(super) rollups: Option<u64>,
    /// The newest change of a ticket that was read, by the host's clock.
    pub(super) tickets_to: Option<Timestamp>,
    /// The newest change of a change request that was read, by the host's clock.
    pub(super) changes_to: Option<Timestamp>,
    /// Whether its branches may show git-flow.
    pub(super) flow: bool,
    pub(super) runs: BTreeMap<u64, RunSeen>,
    pub(super) runs_read: bool,
    /// Why its runs may not be read, if so.
    pub(super) runs_refused: Option<Clean>,
    /// How often in a row it was not there.
    pub(super) misses: u8,
    /// When it was last probed, or read by REST.
    pub(super) probed_at: Option<Timestamp>,
    /// When its runs were last asked for.
    pub(super) runs_at: Option<Timestamp>,
    /// How often its runs, or all of it by REST, were read.
    pub(super) turn: u64,
    /// Whether somebody asked which files a change touches: services share the repository.
    pub(super) paths_matter: bool,
    /// How far its past is known.
    pub(super) past: Past,
    /// What got to which environment.
    pub(super) arrivals: Arrivals,
    /// How far the names of its environments are known.
    pub(super) names: Names,
}

/// Returns whether something was asked so lately that the answer still holds.
pub(super) fn is_fresh(at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_some_and(|at| at <= now && (now - at).num_seconds() < FRESH_SECS)
}

/// What is remembered of one run.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct RunSeen {
    pub(super) attempt: u32,
    pub(super) updated_at: Timestamp,
    pub(super) activity: Activity,
    /// The commit that it runs for.
    pub(super) head: Option<Sha>,
    /// The attempt and the change for which its jobs were read, and when.
    pub(super) jobs: Option<(u32, Timestamp, Timestamp)>,
    /// When its gates were read.
    pub(super) gates_at: Option<Timestamp>,
}

/// What a run asks of the poller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// It moves by itself.
    AtWork,
    /// It waits for a person.
    Waiting,
    /// It is red.
    Red,
    /// It is over, and well.
    Over,
}

impl Activity {
    /// Returns what a state asks of the poller.
    pub(super) fn of(state: &RunState) -> Self {
        match state {
            RunState::Queued | RunState::Running => Self::AtWork,
            RunState::Waiting | RunState::ActionRequired => Self::Waiting,
            RunState::Failed(_) | RunState::Unknown(_) => Self::Red,
            RunState::Passed | RunState::Skipped | RunState::Cancelled => Self::Over,
        }
    }
}

impl RunSeen {
    /// Returns a run as it was just read, keeping what was known of its details.
    pub(super) fn of(run: &Run, before: Option<&Self>) -> Self {
        Self {
            attempt: run.attempt,
            updated_at: run.updated_at,
            activity: Activity::of(&run.state),
            head: run.head_sha.clone(),
            jobs: before.and_then(|before| before.jobs),
            gates_at: before.and_then(|before| before.gates_at),
        }
    }
}

impl RepoState {
    /// Returns a repository of which nothing is known yet.
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            identity: None,
            seen: None,
            read: None,
            kept: None,
            restored: false,
            changed_at: None,
            at_work: false,
            wanted: Wanted::Nothing,
            runs_wanted: false,
            full_at: None,
            tickets: BTreeSet::new(),
            open_tickets: BTreeSet::new(),
            looked_for: BTreeSet::new(),
            ticket_count: None,
            changes: BTreeMap::new(),
            rollups: None,
            tickets_to: None,
            changes_to: None,
            flow: false,
            runs: BTreeMap::new(),
            runs_read: false,
            runs_refused: None,
            misses: 0,
            probed_at: None,
            runs_at: None,
            turn: 0,
            paths_matter: false,
            past: Past::Open,
            arrivals: Arrivals::default(),
            names: Names::default(),
        }
    }

    /// Returns `owner` of `owner/name`.
    pub(super) fn owner(&self) -> &str {
        self.path.split_once('/').map_or("", |(owner, _)| owner)
    }

    /// Returns whether a run for this commit is at work.
    pub(super) fn runs_for(&self, head: &Sha) -> bool {
        let mut runs = self.runs.values();
        runs.any(|run| run.activity == Activity::AtWork && run.head.as_ref() == Some(head))
    }

    /// Returns whether a run is at work.
    pub(super) fn is_running(&self) -> bool {
        let mut runs = self.runs.values();
        runs.any(|run| run.activity == Activity::AtWork)
    }

    /// Returns how soon it is asked again.
    pub(super) fn tier(&self, now: Timestamp) -> Tier {
        let age = self.changed_at.map(|at| now - at);
        let within = |limit: TimeDelta| age.is_some_and(|age| age < limit);
        // A check that never reports keeps a repository "at work" for ever; a day is enough.
        if within(TimeDelta::hours(1))
            || ((self.at_work || self.is_running()) && within(TimeDelta::days(1)))
        {
            Tier::Hot
        } else if within(TimeDelta::days(1)) {
            Tier::Warm
        } else {
            Tier::Cold
        }
    }

    /// Takes in a run that was read; returns whether it ended since it was last seen, and no
    /// open change request is known whose checks it belongs to.
    pub(super) fn see_run(&mut self, run: &Run) -> bool {
        let before = self.runs.get(&run.id);
        let seen = RunSeen::of(run, before);
        let ended = before.is_some_and(|before| {
            before.activity == Activity::AtWork && seen.activity != Activity::AtWork
        });
        let ended = ended && !self.look_again(run.head_sha.as_ref());
        self.changed_at = self.changed_at.max(Some(run.updated_at));
        self.runs.insert(run.id, seen);
        while self.runs.len() > MOST_RUNS {
            self.runs.pop_first();
        }
        ended
    }
}

impl State {
    /// Returns the state of a source that was never asked.
    pub(super) fn new() -> Self {
        Self {
            mode: Mode::GraphQl,
            repos: BTreeMap::new(),
            discovered_at: None,
            missing_owners: Vec::new(),
            turns: Turns::default(),
            capabilities: BTreeMap::new(),
            probe_portion: Portion::at_most(PROBE_BATCH),
            watch_portion: Portion::at_most(WATCH_BATCH),
            times_portion: Portion::at_most(TIMES_BATCH),
            places_portion: Portion::at_most(PLACES_BATCH),
            lean_portion: Portion::at_most(LEAN_BATCH),
            full_portion: Portion::at_most(FULL_BATCH),
            refused: BTreeSet::new(),
            me: None,
            account: None,
            anonymous: false,
            me_asked: false,
            needs: BTreeSet::new(),
            answered: BTreeMap::new(),
            hidden: BTreeMap::new(),
            stored: BTreeSet::new(),
            leaving: BTreeSet::new(),
            former: BTreeMap::new(),
            all_found: false,
            memory: Memory::default(),
            backfill: None,
            untold: Untold::default(),
            untold_places: Untold::default(),
        }
    }

    /// Returns whether GraphQL is not asked.
    pub(super) fn is_by_rest(&self) -> bool {
        matches!(self.mode, Mode::RestOnly(_))
    }

    /// Returns a repository, made if it is new.
    pub(super) fn repo(&mut self, path: &str) -> &mut RepoState {
        let key = path.to_ascii_lowercase();
        self.repos
            .entry(key)
            .or_insert_with(|| RepoState::new(path))
    }

    /// Returns a repository that is known.
    pub(super) fn known(&mut self, path: &str) -> Option<&mut RepoState> {
        let key = path.to_ascii_lowercase();
        if self.repos.contains_key(&key) {
            return self.repos.get_mut(&key);
        }
        // One that was renamed stands under the name that it was asked for.
        let mut all = self.repos.values_mut();
        all.find(|repo| repo.path.eq_ignore_ascii_case(path))
    }

    /// Returns the repositories of each tier; most recently changed first.
    pub(super) fn by_tier(&self, now: Timestamp) -> BTreeMap<Tier, Vec<&RepoState>> {
        let mut tiers: BTreeMap<Tier, Vec<&RepoState>> = BTreeMap::new();
        for repo in self.hottest(|repo| repo.misses < 2) {
            let tier = repo.tier(now);
            let full = tiers
                .get(&Tier::Hot)
                .is_some_and(|hot| hot.len() >= MOST_HOT);
            let tier = if tier == Tier::Hot && full {
                Tier::Warm
            } else {
                tier
            };
            tiers.entry(tier).or_default().push(repo);
        }
        tiers
    }

    /// Returns the repositories that fit, most recently changed first.
    pub(super) fn hottest(&self, fits: impl Fn(&RepoState) -> bool) -> Vec<&RepoState> {
        let mut repos: Vec<&RepoState> = self.repos.values().filter(|repo| fits(repo)).collect();
        // Once for each: whether something runs is found among hundreds of runs.
        repos.sort_by_cached_key(|repo| {
            (
                std::cmp::Reverse(repo.at_work || repo.is_running()),
                std::cmp::Reverse(repo.changed_at),
            )
        });
        repos
    }

    /// Notes whether something can be done.
    pub(super) fn can(&mut self, name: &'static str, state: CapabilityState) {
        self.capabilities.insert(name, state);
    }

    /// Notes whether the runs of a repository may be read; one that refuses is enough to say so.
    pub(super) fn can_runs(&mut self, path: &str, refused: Option<Clean>) {
        if let Some(repo) = self.known(path) {
            repo.runs_refused = refused;
        }
        let mut refused = self.repos.values().filter_map(|it| it.runs_refused.clone());
        let state = refused
            .next()
            .map_or(CapabilityState::Available, CapabilityState::Missing);
        self.can("runs", state);
    }

    /// Notes what the server refused within a query.
    pub(super) fn refuse(&mut self, features: &[Feature]) {
        for feature in features {
            self.refused.insert(*feature);
            let why = Clean::line("the token may not read it");
            self.can(feature.capability(), CapabilityState::Missing(why));
        }
    }

    /// Returns whether a refresh tells vulnerable dependencies.
    pub(super) fn tells_alerts(&self) -> bool {
        self.mode == Mode::GraphQl && self.asks(Feature::Alerts)
    }

    /// Returns whether a ticket was read in full; what a link tells of it would be less.
    pub(super) fn knows_ticket(&self, path: &str, number: u64) -> bool {
        let named = |repo: &&RepoState| repo.path.eq_ignore_ascii_case(path);
        let repo = self.repos.get(&path.to_ascii_lowercase());
        let repo = repo.or_else(|| self.repos.values().find(named));
        repo.is_some_and(|repo| repo.tickets.contains(&number))
    }

    /// Returns whether a feature is asked for.
    pub(super) fn asks(&self, feature: Feature) -> bool {
        !self.refused.contains(&feature)
    }
}

impl State {
    /// Returns how many repositories a refresh of this kind asks for.
    pub(super) fn refresh_portion(&self, full: bool) -> Portion {
        if full {
            self.full_portion
        } else {
            self.lean_portion
        }
    }

    /// The same, to note how a refresh went.
    pub(super) fn refresh_portion_mut(&mut self, full: bool) -> &mut Portion {
        if full {
            &mut self.full_portion
        } else {
            &mut self.lean_portion
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{RepoState, State};
    use crate::domain::Timestamp;
    use crate::sources::Tier;
    use chrono::DateTime;

    fn at(secs: i64) -> Timestamp {
        DateTime::from_timestamp(secs, 0).unwrap()
    }

    #[track_caller]
    fn check(changed_secs_ago: Option<i64>, at_work: bool, expected: Tier) {
        let now = at(1_000_000);
        let mut repo = RepoState::new("acme/api");
        repo.changed_at = changed_secs_ago.map(|secs| at(1_000_000 - secs));
        repo.at_work = at_work;
        assert_eq!(repo.tier(now), expected);
    }

    #[test]
    fn a_repository_cools_down() {
        check(Some(60), false, Tier::Hot);
        check(Some(7_200), false, Tier::Warm);
        check(Some(7_200), true, Tier::Hot);
        check(Some(90_000), false, Tier::Cold);
        check(Some(90_000), true, Tier::Cold);
        check(None, true, Tier::Cold);
    }

    #[test]
    fn spelling_does_not_make_two_of_one_repository() {
        let mut state = State::new();
        state.repo("Acme/API").misses = 1;
        assert_eq!(state.repo("acme/api").misses, 1);
        assert_eq!(state.repos.len(), 1);
    }
}
