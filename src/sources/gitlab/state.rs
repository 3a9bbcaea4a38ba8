//! What a GitLab source remembers between polls: projects, pipelines, merge requests.
//!
//! Plain data behind one lock that is never held across a request. What a project
//! needs next is decided here and in `plan`, without the network.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use super::backfill::Pasts;
use super::map::ci::Held;
use super::map::work::Detail;
use super::memory::Memory;
use super::scope::{Cursors, Scope};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeRequest, ChangeState, Checks};
use crate::domain::correlate::Need;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::{Run, RunState};
use crate::domain::text::Clean;
use crate::sources::arrivals::Arrivals;
use crate::sources::recent::Recent;
use crate::sources::{SourceError, Tier};

/// How many projects may be polled as hot at once.
const MOST_HOT: usize = 40;
/// How many pipelines of a project are remembered.
const MOST_RUNS: usize = 150;
/// How many merge requests of a project are remembered.
const MOST_CHANGES: usize = 2_000;
/// How many answers of one project to "who brought this commit" are remembered.
const MOST_BROUGHT: usize = 1_000;
/// After how many days without activity the pipelines of a project have time.
const QUIET_DAYS: i64 = 14;
/// For how long a feature that was refused is left alone.
const HIDDEN_HOURS: i64 = 6;

/// How many fetches of each kind that are asked once were answered.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Turns {
    pub(super) details: u64,
    pub(super) needs: u64,
    pub(super) past: u64,
    pub(super) times: u64,
}

/// All that is remembered.
#[derive(Debug, Default)]
pub(super) struct State {
    /// By path in lower case.
    pub(super) projects: BTreeMap<String, Project>,
    /// Paths in lower case by the number that the host gives.
    pub(super) by_id: BTreeMap<u64, String>,
    /// Groups that are there, by configured path.
    pub(super) groups: BTreeSet<String>,
    pub(super) cursors: BTreeMap<Scope, Cursors>,
    pub(super) discovered_at: Option<Timestamp>,
    /// Whether a project was seen that no list has told of yet.
    pub(super) rediscover: bool,
    /// Numbers of projects that lists told and that are not polled.
    pub(super) ignored: BTreeSet<u64>,
    /// Whether the lists of projects were read to their end.
    pub(super) all_found: bool,
    /// What the lists of groups could not tell, when they were last read.
    pub(super) missing_owners: Vec<SourceError>,
    pub(super) turns: Turns,
    pub(super) me: Option<String>,
    pub(super) account_asked: bool,
    /// What the token may, where it tells.
    pub(super) scopes: Option<BTreeSet<String>>,
    pub(super) needs: BTreeSet<Need>,
    /// When a need was last answered, or found to have no answer.
    pub(super) answered: BTreeMap<Need, Timestamp>,
    /// Features that a place does not have or show, and since when.
    pub(super) hidden: BTreeMap<(String, &'static str), Timestamp>,
    /// Repositories of the store, until it is known which of them are still polled.
    pub(super) stored: BTreeSet<RepoKey>,
    /// Repositories that are polled no more, until that was told.
    pub(super) leaving: BTreeSet<RepoKey>,
    /// What is known of failures.
    pub(super) memory: Memory,
    /// How many projects a question by GraphQL names at once.
    pub(super) graphql_batch: usize,
    /// What is known of the past.
    pub(super) pasts: Pasts,
    /// Which project is asked for its alerts next.
    pub(super) alerts_after: String,
}

/// What is remembered of one project.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct Project {
    /// As the host spells it.
    pub(super) path: String,
    /// The names that it had before.
    pub(super) former: BTreeSet<RepoKey>,
    /// The number that the host gives it, which no other one has.
    pub(super) id: Option<u64>,
    pub(super) default_branch: Option<Clean>,
    pub(super) tip: Option<Sha>,
    /// The repository, as it was last told.
    pub(super) told: Option<crate::domain::repository::Repository>,
    /// When something happened there, as the host says: at most once an hour anew.
    pub(super) activity: Option<Timestamp>,
    pub(super) no_issues: bool,
    pub(super) no_changes: bool,
    pub(super) no_ci: bool,
    pub(super) archived: bool,
    /// How often in a row it was not there.
    pub(super) misses: u8,
    /// Issues that were open when they were last read.
    pub(super) open_issues: BTreeSet<u64>,
    pub(super) changes: BTreeMap<u64, ChangeSeen>,
    pub(super) runs: BTreeMap<u64, RunSeen>,
    /// How far its pipelines were read, by the host's clock.
    pub(super) runs_to: Option<Timestamp>,
    /// When they were last asked for, by ours.
    pub(super) runs_at: Option<Timestamp>,
    pub(super) runs_wanted: bool,
    pub(super) deployments_to: Option<Timestamp>,
    pub(super) delivery_at: Option<Timestamp>,
    pub(super) delivery_wanted: bool,
    /// When a part of that could last not be read, by our clock, if it was not read since.
    pub(super) delivery_failed_at: Option<Timestamp>,
    /// What could not be read when it was last asked for, by part.
    pub(super) troubles: BTreeMap<&'static str, SourceError>,
    /// When it was last asked whether the project itself is there, by our clock, and whether it is.
    pub(super) there: Option<(Timestamp, bool)>,
    pub(super) environments_at: Option<Timestamp>,
    /// What got to which environment.
    pub(super) arrivals: Arrivals,
    /// The environment of each job that was seen to deploy, by its name.
    pub(super) places: BTreeMap<String, Clean>,
    /// What waits for approval, by deployment, with the pipeline it belongs to.
    pub(super) held: BTreeMap<u64, (u64, Held)>,
    /// Who brought a commit, where that was asked; nobody is an answer as well.
    pub(super) brought: Recent<Sha, Option<u64>, MOST_BROUGHT>,
    pub(super) turn: u64,
}

/// What is remembered of one merge request.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ChangeSeen {
    pub(super) fact: ChangeRequest,
    pub(super) detail: Detail,
    /// For which change of it the detail was read.
    pub(super) detail_for: Option<Timestamp>,
    /// When that was, and how often its merge was not worked out yet, by our clock.
    pub(super) asked: Option<(Timestamp, u8)>,
    /// Whether its pipeline or its state moved since.
    pub(super) wanted: bool,
    /// Its newest pipeline.
    pub(super) pipeline: Option<u64>,
    /// When the host last failed to tell its details, by our clock.
    pub(super) failed_at: Option<Timestamp>,
}

/// What is remembered of one pipeline.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub(super) struct RunSeen {
    pub(super) run: Run,
    pub(super) git_ref: Clean,
    /// The commit that it names itself.
    pub(super) own_sha: Option<Sha>,
    /// The change for which its jobs were read, and when.
    pub(super) jobs: Option<(Timestamp, Timestamp)>,
    /// Whether gates of it were told.
    pub(super) gated: bool,
    /// Whether it was told that jobs of it may be started, though nothing waits for them.
    pub(super) offers: bool,
    /// Whether it is known to start no other pipeline.
    pub(super) bridgeless: bool,
    /// Whether it failed without a job.
    pub(super) never_ran: bool,
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

impl RunSeen {
    /// Returns what it asks of the poller.
    pub(super) fn activity(&self) -> Activity {
        match self.run.state {
            RunState::Queued | RunState::Running => Activity::AtWork,
            RunState::Waiting | RunState::ActionRequired => Activity::Waiting,
            RunState::Failed(_) | RunState::Unknown(_) => Activity::Red,
            RunState::Passed | RunState::Skipped | RunState::Cancelled => Activity::Over,
        }
    }
}

impl Project {
    /// Returns a project of which nothing is known yet.
    pub(super) fn new(path: &str) -> Self {
        Self {
            path: path.to_owned(),
            ..Self::default()
        }
    }

    /// Returns what stands for it in a route: its number, else its path.
    pub(super) fn part(&self) -> String {
        self.id
            .map_or_else(|| self.path.clone(), |id| id.to_string())
    }

    /// Returns whether a pipeline is at work.
    pub(super) fn is_running(&self) -> bool {
        let mut runs = self.runs.values();
        runs.any(|run| run.activity() == Activity::AtWork)
    }

    /// Returns when something happened last, as far as is known.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let runs = self.runs.values().map(|seen| seen.run.updated_at).max();
        self.activity.max(runs)
    }

    /// Returns whether something happened there within so many days.
    pub(super) fn moved_within(&self, days: i64, now: Timestamp) -> bool {
        let age = self.changed_at().map(|at| (now - at).num_days());
        age.is_some_and(|age| age < days)
    }

    /// Returns whether its pipelines are to be read now; where nothing happened for long, they
    /// come in turns.
    pub(super) fn wants_runs(&self, now: Timestamp) -> bool {
        self.runs_wanted && self.id.is_some() && self.moved_within(QUIET_DAYS, now)
    }

    /// Returns how soon its pipelines are asked for; a quiet one waits for its turn.
    pub(super) fn tier(&self, now: Timestamp) -> Option<Tier> {
        let age = self.changed_at().map(|at| now - at)?;
        // The host notes activity once an hour.
        if age < TimeDelta::minutes(75) || (self.is_running() && age < TimeDelta::days(1)) {
            Some(Tier::Hot)
        } else if age < TimeDelta::hours(6) {
            Some(Tier::Warm)
        } else if age < TimeDelta::days(1) {
            Some(Tier::Cold)
        } else {
            None
        }
    }

    /// Takes in a merge request; what is known of its details stays while its head does.
    pub(super) fn see_change(&mut self, seen: ChangeSeen) {
        self.changes.insert(seen.fact.number, seen);
        while self.changes.len() > MOST_CHANGES {
            self.changes.pop_first();
        }
    }

    /// Takes in a run that was read, keeping what was known of its details.
    pub(super) fn see_run(&mut self, seen: RunSeen) {
        self.runs.insert(seen.run.id, seen);
        while self.runs.len() > MOST_RUNS {
            self.runs.pop_first();
        }
    }

    /// Returns the open merge request that a run judges: by its name, else by its commit.
    pub(super) fn judged_by(&self, run: &Run) -> Option<u64> {
        if let Some(number) = run.change_requests.first() {
            return Some(*number);
        }
        let open = |seen: &&ChangeSeen| seen.fact.state == ChangeState::Open;
        let head = run.head_sha.as_ref()?;
        let mut changes = self.changes.values().filter(open);
        let found = changes.find(|seen| seen.fact.head_sha.as_ref() == Some(head));
        found.map(|seen| seen.fact.number)
    }

    /// Notes what the newest pipeline of a merge request says; returns the fact if it differs.
    pub(super) fn checked(&mut self, run: &Run, checks: Checks) -> Option<ChangeRequest> {
        let number = self.judged_by(run)?;
        let seen = self.changes.get_mut(&number)?;
        let is_newest = seen.pipeline.is_none_or(|id| id <= run.id);
        if !is_newest || seen.fact.state != ChangeState::Open {
            return None;
        }
        seen.pipeline = Some(run.id);
        if seen.detail.checks.as_ref() == Some(&checks) {
            return None;
        }
        seen.wanted = true;
        seen.detail.checks = Some(checks.clone());
        seen.fact.checks = checks;
        Some(seen.fact.clone())
    }

    /// Notes who brought a commit, or that nobody did.
    pub(super) fn was_brought(&mut self, commit: Sha, by: Option<u64>) {
        self.brought.insert(commit, by);
    }
}

impl State {
    /// Returns a state that knows nothing.
    pub(super) fn new() -> Self {
        Self {
            graphql_batch: 10,
            ..Self::default()
        }
    }

    /// Returns a project that is polled, and begins to poll it.
    pub(super) fn project(&mut self, path: &str) -> &mut Project {
        self.projects
            .entry(path.to_ascii_lowercase())
            .or_insert_with(|| Project::new(path))
    }

    /// Returns a project that is polled.
    pub(super) fn known(&mut self, path: &str) -> Option<&mut Project> {
        self.projects.get_mut(&path.to_ascii_lowercase())
    }

    /// Returns what is asked for issues and merge requests, the groups first.
    pub(super) fn scopes(&self) -> Vec<Scope> {
        let groups = self.groups.iter().cloned().map(Scope::Group);
        let alone = self.projects.iter().filter(|(path, project)| {
            project.misses == 0 && !project.archived && self.group_of(path).is_none()
        });
        let alone = alone.map(|(path, _)| Scope::Project(path.clone()));
        groups.chain(alone).collect()
    }

    /// Returns the group through which a project is read.
    pub(super) fn group_of(&self, path: &str) -> Option<&String> {
        self.groups.iter().find(|group| is_below(path, group))
    }

    /// Returns the projects of a scope, by path in lower case.
    pub(super) fn of_scope<'a>(&'a self, scope: &'a Scope) -> impl Iterator<Item = &'a Project> {
        self.projects
            .iter()
            .filter(move |(path, _)| match scope {
                Scope::Group(group) => is_below(path, group),
                Scope::Project(own) => *path == own,
            })
            .map(|(_, project)| project)
    }

    /// Returns projects that fit, those in which something happened last first.
    pub(super) fn hottest(&self, fits: impl Fn(&Project) -> bool) -> Vec<&Project> {
        let there = |project: &&Project| project.misses == 0 && !project.archived;
        let mut found: Vec<&Project> = self.projects.values().filter(there).collect();
        found.retain(|project| fits(project));
        found.sort_by_cached_key(|project| std::cmp::Reverse(project.changed_at()));
        found
    }

    /// Returns the projects whose pipelines are polled by themselves, and how soon.
    pub(super) fn polled(&self, now: Timestamp) -> Vec<(&Project, Tier)> {
        let active = self.hottest(|project| !project.no_ci && project.tier(now).is_some());
        let tiers = active.into_iter().enumerate().filter_map(|(at, project)| {
            let tier = project.tier(now)?;
            let crowded = tier == Tier::Hot && at >= MOST_HOT;
            Some((project, if crowded { Tier::Warm } else { tier }))
        });
        tiers.collect()
    }

    /// Returns whether a feature of a place was refused lately.
    pub(super) fn is_hidden(&self, place: &str, feature: &'static str, now: Timestamp) -> bool {
        let since = self.hidden.get(&(place.to_ascii_lowercase(), feature));
        since.is_some_and(|at| (now - *at).num_hours() < HIDDEN_HOURS)
    }

    /// Notes that a feature of a place was refused.
    pub(super) fn hide(&mut self, place: &str, feature: &'static str, now: Timestamp) {
        let key = (place.to_ascii_lowercase(), feature);
        self.hidden.insert(key, now);
    }

    /// Returns whether a repository is polled.
    pub(super) fn polls(&self, key: &RepoKey) -> bool {
        self.projects.contains_key(&key.path().to_ascii_lowercase())
    }

    /// Gives a project the number that the host gives it; one that was renamed is another.
    ///
    /// Returns the path, in lower case, under which it was known before.
    pub(super) fn identify(&mut self, path: &str, id: u64) -> Option<String> {
        let now = path.to_ascii_lowercase();
        let before = self.by_id.insert(id, now.clone());
        let before = before.filter(|before| *before != now)?;
        let still = self.projects.get(&before).and_then(|old| old.id) == Some(id);
        still.then(|| {
            self.projects.remove(&before);
            before
        })
    }
}

/// Returns whether a project lies below a group; both in any case.
pub(super) fn is_below(path: &str, group: &str) -> bool {
    let head = path.get(..group.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(group))
        && path
            .get(group.len()..)
            .is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    #[track_caller]
    fn check(age: i64, expected: Option<Tier>) {
        let project = Project {
            activity: Some(at(-age)),
            ..Project::new("acme/api")
        };
        assert_eq!(project.tier(at(0)), expected, "{age} min");
    }

    #[test]
    fn what_moved_lately_is_asked_sooner_and_what_is_quiet_in_turns() {
        check(60, Some(Tier::Hot));
        check(80, Some(Tier::Warm));
        check(7 * 60, Some(Tier::Cold));
        check(25 * 60, None);
        assert_eq!(Project::new("acme/api").tier(at(0)), None);
    }

    #[test]
    fn projects_of_a_group_are_read_through_it_and_others_alone() {
        let mut state = State::new();
        state.groups.insert("Acme".to_owned());
        for path in ["acme/api", "acme/tools/web", "acmeter/x", "other/y"] {
            state.project(path);
        }
        let scopes = state.scopes();
        let project = |path: &str| Scope::Project(path.to_owned());
        let group = Scope::Group("Acme".to_owned());
        assert_eq!(
            scopes,
            [group.clone(), project("acmeter/x"), project("other/y")]
        );
        assert_eq!(state.of_scope(&group).count(), 2);
    }

    #[test]
    fn a_number_under_another_path_is_a_project_that_was_renamed() {
        let mut state = State::new();
        state.project("acme/old").id = Some(7);
        assert_eq!(state.identify("acme/old", 7), None);
        assert_eq!(state.identify("acme/new", 7), Some("acme/old".to_owned()));
        assert!(!state.projects.contains_key("acme/old"));
        assert_eq!(state.identify("Acme/New", 7), None);
    }

    #[test]
    fn a_refusal_is_believed_for_hours() {
        let mut state = State::new();
        state.hide("Acme/API", "alerts", at(0));
        assert!(state.is_hidden("acme/api", "alerts", at(300)));
        assert!(!state.is_hidden("acme/api", "alerts", at(361)));
        assert!(!state.is_hidden("acme/api", "runs", at(0)));
    }
}
