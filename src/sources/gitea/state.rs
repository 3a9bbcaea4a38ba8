//! What a source remembers between polls: repositories, pull requests, runs, routes.
//!
//! Plain data behind one lock that is never held across a request; everything in
//! it is bounded by what the server has at present or by a number.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::backfill::Pasts;
use super::map::work::Protection;
use super::memory::Memory;
use super::server::{Server, Way, Ways};
use super::wire;
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, ChangeState, Checks};
use crate::domain::commit::Commit;
use crate::domain::correlate::Need;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::{Run, RunState};
use crate::sources::recent::Recent;
use crate::sources::{SourceError, Tier};

/// How far back is read what ended.
pub(super) const WINDOW: TimeDelta = TimeDelta::days(14);
/// After how long all that is open is read again, to find what was deleted.
const WHOLE: TimeDelta = TimeDelta::hours(6);
/// How many runs of a repository are remembered.
const MOST_RUNS: usize = 200;
/// How many commits of a repository it is remembered of which pull request brought them.
const MOST_BROUGHT: usize = 200;
/// How many pull requests of a repository it is remembered of that they ended.
const MOST_ENDED: usize = 100;
/// After how long what the server failed to tell is asked for again.
const AGAIN: TimeDelta = TimeDelta::minutes(10);
/// For how long a search that was refused for one owner is left alone.
const REFUSED_FOR: TimeDelta = TimeDelta::hours(24);
/// How many records a page has where the server does not tell.
pub(super) const PAGE: usize = 50;

/// All that is remembered.
#[derive(Debug)]
pub(super) struct State {
    pub(super) server: Option<Server>,
    pub(super) server_at: Option<Timestamp>,
    /// When the server's description of itself was last asked for.
    pub(super) described_at: Option<Timestamp>,
    pub(super) page: usize,
    pub(super) ways: Ways,
    pub(super) me: Option<String>,
    pub(super) repos: BTreeMap<String, RepoState>,
    /// What is known of the past.
    pub(super) pasts: Pasts,
    /// Repositories under their former names, and what they are called now.
    pub(super) moved: BTreeMap<String, String>,
    pub(super) owners: BTreeMap<String, Owner>,
    pub(super) discovered_at: Option<Timestamp>,
    /// What the lists of owners could not tell, when they were last read.
    pub(super) missing: Vec<SourceError>,
    /// What correlation would like to know.
    pub(super) needs: BTreeSet<Need>,
    /// When a need was last answered, or found to have no answer.
    pub(super) answered: BTreeMap<Need, Timestamp>,
    /// Count fetches that are asked once, so that the next has an identity of its own.
    pub(super) turn: u64,
    pub(super) memory: Memory,
    /// Repositories that are polled no more, until that was told.
    pub(super) leaving: BTreeSet<RepoKey>,
}

/// What is remembered of an owner.
#[derive(Clone, Default, Debug)]
pub(super) struct Owner {
    /// Its number, which a search for its repositories asks for.
    pub(super) id: Option<u64>,
    /// The newest change of a repository that was seen.
    pub(super) repos_to: Option<Timestamp>,
    /// The newest change of an issue that was seen.
    pub(super) issues_to: Option<Timestamp>,
    /// When the server last refused to search for its changes.
    pub(super) refused_at: Option<Timestamp>,
}

/// What is remembered of one repository.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct RepoState {
    /// `owner/name` as the server spells it.
    pub(super) path: String,
    /// The number that the server gives it, which no other one has.
    pub(super) identity: Option<u64>,
    pub(super) default_branch: Option<String>,
    pub(super) has_issues: bool,
    pub(super) has_pulls: bool,
    pub(super) has_actions: bool,
    pub(super) has_releases: bool,
    /// When it was last pushed to, or otherwise touched, as the server says.
    pub(super) updated_at: Option<Timestamp>,
    /// When anything of it last changed that was seen.
    pub(super) changed_at: Option<Timestamp>,
    /// Whether branches, commits and releases are to be read.
    pub(super) wanted: bool,
    /// When they were last read.
    pub(super) read_at: Option<Timestamp>,
    pub(super) issues_at: Option<Timestamp>,
    pub(super) pulls_at: Option<Timestamp>,
    /// Up to when their list tells what changed, by the clock of the server.
    pub(super) pulls_to: Option<Timestamp>,
    pub(super) runs_at: Option<Timestamp>,
    pub(super) checks_at: Option<Timestamp>,
    /// Whether runs and statuses are to be read at once.
    pub(super) ci_wanted: bool,
    /// Pull requests that changed.
    pub(super) pulls_wanted: BTreeSet<u64>,
    /// Those of them that the server last failed to tell, and when.
    pub(super) pulls_failed: BTreeMap<u64, Timestamp>,
    /// Issues that were open when they were last told.
    pub(super) open_issues: BTreeSet<u64>,
    /// Open pull requests as they were last told.
    pub(super) open: BTreeMap<u64, ChangeRequest>,
    /// Pull requests that ended, as of which change they were told.
    pub(super) ended: Recent<u64, Timestamp, MOST_ENDED>,
    /// Branches, and what their protection asks for.
    pub(super) protection: BTreeMap<String, Protection>,
    /// The newest commits of the default branch, newest first.
    pub(super) newest: Vec<Sha>,
    /// The commits of the newest releases.
    pub(super) released: Vec<Sha>,
    /// Commits of releases whose statuses were read, or are known, once.
    pub(super) dated: BTreeSet<Sha>,
    /// Commits of releases, and young ones, whose statuses were never read, newest first.
    pub(super) undated: Vec<Sha>,
    /// Whether it is stored, so that deployments of before its first read are known.
    pub(super) stored: bool,
    /// Commits that are being deployed.
    pub(super) deploying: BTreeSet<Sha>,
    /// Which pull request brought a commit; none where the server was asked and named none.
    pub(super) brought: Recent<Sha, Option<u64>, MOST_BROUGHT>,
    /// Recent commits of which that is not known yet, newest first.
    pub(super) unclear: Vec<Commit>,
    pub(super) runs: BTreeMap<u64, RunSeen>,
    /// How often in a row it was not there.
    pub(super) misses: u8,
    /// How often it was read.
    pub(super) turn: u64,
}

/// What is remembered of one run.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct RunSeen {
    pub(super) attempt: u32,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) activity: Activity,
    /// The attempt and the change for which its jobs were read, and when.
    pub(super) jobs: Option<(u32, Timestamp, Timestamp)>,
    /// When it was last asked for by itself, or looked for further back.
    pub(super) asked_at: Option<Timestamp>,
    /// The run as it was told, while it is at work.
    pub(super) told: Option<Box<Run>>,
    /// How often in a row no page held it, though it is said to be at work.
    pub(super) missed: u8,
}

/// What a run asks of the poller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    /// It moves by itself, or waits.
    AtWork,
    /// It is red.
    Red,
    /// It is over, and well.
    Over,
}

impl Activity {
    fn of(state: &RunState) -> Self {
        match state {
            RunState::Queued | RunState::Running | RunState::Waiting | RunState::ActionRequired => {
                Self::AtWork
            }
            RunState::Failed(_) | RunState::Unknown(_) => Self::Red,
            RunState::Passed | RunState::Skipped | RunState::Cancelled => Self::Over,
        }
    }
}

impl RepoState {
    /// Returns a repository of which nothing is known yet.
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            identity: None,
            default_branch: None,
            has_issues: true,
            has_pulls: true,
            has_actions: true,
            has_releases: true,
            updated_at: None,
            changed_at: None,
            wanted: true,
            read_at: None,
            issues_at: None,
            pulls_at: None,
            pulls_to: None,
            runs_at: None,
            checks_at: None,
            ci_wanted: false,
            pulls_wanted: BTreeSet::new(),
            pulls_failed: BTreeMap::new(),
            open_issues: BTreeSet::new(),
            open: BTreeMap::new(),
            ended: Recent::default(),
            protection: BTreeMap::new(),
            newest: Vec::new(),
            released: Vec::new(),
            dated: BTreeSet::new(),
            undated: Vec::new(),
            stored: false,
            deploying: BTreeSet::new(),
            brought: Recent::default(),
            unclear: Vec::new(),
            runs: BTreeMap::new(),
            misses: 0,
            turn: 0,
        }
    }

    /// Returns `owner` of `owner/name`, in small letters.
    pub(super) fn owner(&self) -> String {
        let owner = self.path.split_once('/').map_or("", |(owner, _)| owner);
        owner.to_ascii_lowercase()
    }

    /// Takes in the record of the repository itself; returns whether it was touched since.
    pub(super) fn see(&mut self, wire: &wire::Repo) -> bool {
        let touched = self.updated_at != wire.updated_at;
        self.identity = Some(wire.id);
        self.updated_at = wire.updated_at;
        self.changed_at = self.changed_at.max(wire.updated_at);
        self.default_branch.clone_from(&wire.default_branch);
        // Older versions do not tell: then it is asked, and an answer tells.
        self.has_issues = wire.has_issues.unwrap_or(true);
        self.has_pulls = wire.has_pull_requests.unwrap_or(true);
        self.has_actions = wire.has_actions.unwrap_or(true);
        self.has_releases = wire.has_releases.unwrap_or(true);
        touched
    }

    /// Returns whether it has nothing that the board would show: nothing is open, and nobody
    /// touched it lately.
    pub(super) fn is_idle(wire: &wire::Repo, now: Timestamp) -> bool {
        let open = [wire.open_issues_count, wire.open_pr_counter];
        open.iter().all(|count| *count == Some(0))
            && wire.updated_at.is_some_and(|at| now - at > WINDOW)
    }

    /// Lets everything of it that was read once be as if it was just read.
    pub(super) fn take_as_read(&mut self, now: Timestamp) {
        let read = Some(now);
        (self.read_at, self.issues_at, self.pulls_at) = (read, read, read);
        (self.runs_at, self.checks_at) = (read, read);
        self.wanted = false;
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
        if within(TimeDelta::hours(1)) {
            Tier::Hot
        } else if within(TimeDelta::days(1)) {
            Tier::Warm
        } else if within(TimeDelta::days(7)) {
            Tier::Cold
        } else {
            Tier::Rare
        }
    }

    /// Returns whether something read then is to be read again in any case.
    pub(super) fn is_old(at: Option<Timestamp>, now: Timestamp) -> bool {
        at.is_none_or(|at| now - at >= WHOLE)
    }

    /// Takes in a run that was read; returns whether it ended since it was last seen.
    pub(super) fn see_run(&mut self, run: &Run) -> bool {
        let before = self.runs.get(&run.id);
        let activity = Activity::of(&run.state);
        let ended = before.is_some_and(|before| before.activity == Activity::AtWork)
            && activity != Activity::AtWork;
        let seen = RunSeen {
            attempt: run.attempt,
            created_at: run.created_at,
            updated_at: run.updated_at,
            activity,
            jobs: before.and_then(|before| before.jobs),
            asked_at: before.and_then(|before| before.asked_at),
            told: (activity == Activity::AtWork).then(|| Box::new(run.clone())),
            missed: 0,
        };
        self.changed_at = self.changed_at.max(Some(run.updated_at));
        self.runs.insert(run.id, seen);
        while self.runs.len() > MOST_RUNS {
            self.runs.pop_first();
        }
        ended
    }

    /// Takes in a pull request as it was told.
    pub(super) fn see_change(&mut self, change: &ChangeRequest) {
        self.changed_at = self.changed_at.max(Some(change.updated_at));
        if let (ChangeState::Merged, Some(sha)) = (&change.state, &change.merge_sha) {
            self.brought(sha.clone(), Some(change.number));
        }
        if change.state == ChangeState::Open {
            self.open.insert(change.number, change.clone());
        } else {
            self.open.remove(&change.number);
            self.ended.insert(change.number, change.updated_at);
        }
    }

    /// Notes which pull request brought a commit.
    pub(super) fn brought(&mut self, sha: Sha, number: Option<u64>) {
        self.brought.insert(sha, number);
    }

    /// Returns the pull requests that are to be read by their numbers now, the newest first.
    pub(super) fn due_pulls(&self, now: Timestamp) -> impl Iterator<Item = u64> {
        let newest = self.pulls_wanted.iter().rev().copied();
        newest.filter(move |number| {
            let failed_at = self.pulls_failed.get(number);
            failed_at.is_none_or(|at| now - *at >= AGAIN)
        })
    }

    /// Returns whether a pull request is known as it was after a change.
    pub(super) fn knows(&self, number: u64, updated_at: Timestamp) -> bool {
        let open = self.open.get(&number).map(|known| known.updated_at);
        let ended = self.ended.get(&number).copied();
        open == Some(updated_at) || ended == Some(updated_at)
    }

    /// Takes in the commits of the releases, newest first.
    pub(super) fn see_released(&mut self, released: Vec<Sha>) {
        self.dated.retain(|sha| released.contains(sha));
        let was = std::mem::take(&mut self.undated).into_iter();
        // Those that are no release were asked for because they are young: once.
        self.undated = was.filter(|sha| !self.released.contains(sha)).collect();
        let undated = released.iter().filter(|sha| !self.dated.contains(*sha));
        let undated = undated.filter(|sha| !self.undated.contains(sha));
        let undated: Vec<Sha> = undated.cloned().collect();
        self.undated.extend(undated);
        self.released = released;
    }

    /// Takes in commits that may have been deployed lately: what a newer one took the place of is
    /// known by their statuses alone.
    pub(super) fn see_young(&mut self, young: Vec<Sha>) {
        let is_new = |sha: &Sha| !self.dated.contains(sha) && !self.undated.contains(sha);
        let young: Vec<Sha> = young.into_iter().filter(is_new).collect();
        self.undated.splice(0..0, young);
    }

    /// Returns whether checks of an open pull request are not known, or move.
    pub(super) fn has_unsettled(&self) -> bool {
        let mut open = self.open.values();
        open.any(|change| !is_settled(&change.checks))
    }
}

/// Returns whether checks stay as they are unless somebody does something.
pub(super) fn is_settled(checks: &Checks) -> bool {
    match checks {
        Checks::None | Checks::Passed | Checks::Failed => true,
        Checks::Pending | Checks::Unknown(_) => false,
    }
}

impl State {
    /// Returns the state of a source that was never asked.
    pub(super) fn new() -> Self {
        Self {
            server: None,
            server_at: None,
            described_at: None,
            page: PAGE,
            ways: Ways::default(),
            me: None,
            repos: BTreeMap::new(),
            pasts: Pasts::default(),
            moved: BTreeMap::new(),
            owners: BTreeMap::new(),
            discovered_at: None,
            missing: Vec::new(),
            needs: BTreeSet::new(),
            answered: BTreeMap::new(),
            turn: 0,
            memory: Memory::default(),
            leaving: BTreeSet::new(),
        }
    }

    /// Returns a repository, made if it is new; a former name leads to the present one.
    pub(super) fn repo(&mut self, path: &str) -> &mut RepoState {
        let key = path.to_ascii_lowercase();
        let key = self.moved.get(&key).cloned().unwrap_or(key);
        self.repos
            .entry(key)
            .or_insert_with(|| RepoState::new(path))
    }

    /// Notes that a repository has another name; both in lower case.
    pub(super) fn rename(&mut self, old: String, new: String) {
        // A name that is in use again leads nowhere else.
        self.moved.remove(&new);
        for to in self.moved.values_mut().filter(|to| **to == old) {
            to.clone_from(&new);
        }
        self.moved.insert(old, new);
    }

    /// Returns whether this was the name of a repository that has another one now.
    pub(super) fn is_former(&self, path: &str) -> bool {
        self.moved.contains_key(&path.to_ascii_lowercase())
    }

    /// Returns a repository that is known.
    pub(super) fn known(&mut self, path: &str) -> Option<&mut RepoState> {
        self.repos.get_mut(&path.to_ascii_lowercase())
    }

    /// Returns whether a list of a repository, or of anything else, may confirm it: a server that
    /// answers `[]` to everything confirms nothing.
    pub(super) fn is_proven(&self, scope: &str) -> bool {
        let repo = self.repos.get(&scope.to_ascii_lowercase());
        repo.is_none_or(|repo| repo.identity.is_some())
    }

    /// Returns the repositories that fit, most recently changed first.
    pub(super) fn hottest(&self, fits: impl Fn(&RepoState) -> bool) -> Vec<&RepoState> {
        let mut repos: Vec<&RepoState> = self.repos.values().filter(|repo| fits(repo)).collect();
        repos.sort_by_cached_key(|repo| std::cmp::Reverse((repo.is_running(), repo.changed_at)));
        repos
    }

    /// Returns whether changes of all repositories of an owner can be asked for at once.
    pub(super) fn searches(&self, owner: &str, now: Timestamp) -> bool {
        let ways = [Way::IssueSearch, Way::RepoSearch];
        let mut ways = ways.into_iter();
        ways.all(|way| self.ways.may(way, now)) && !self.is_refused(owner, now)
    }

    /// Returns whether the server refused lately to search for changes of an owner.
    pub(super) fn is_refused(&self, owner: &str, now: Timestamp) -> bool {
        let known = self.owners.get(owner).and_then(|known| known.refused_at);
        known.is_some_and(|at| now - at < REFUSED_FOR)
    }

    /// Returns whether runs can be read, in whatever form.
    pub(super) fn reads_runs(&self, now: Timestamp) -> bool {
        self.ways.may(Way::Runs, now) || self.ways.may(Way::Tasks, now)
    }

    /// Returns the server in words.
    pub(super) fn words(&self, kind: &str) -> String {
        let name = if kind == "forgejo" {
            "Forgejo"
        } else {
            "Gitea"
        };
        self.server
            .as_ref()
            .map_or_else(|| format!("this {name}"), Server::words)
    }
}
