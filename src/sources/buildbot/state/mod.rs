//! What is known of builds from one poll to the next: which run they belong to, what moves.
//!
//! Identities of runs are those of the wish that began them, so that a build that
//! waits, runs, is retried or is done again stays one run. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::backfill::Pasts;
use super::map::{self, Order, Site, Told};
use super::wire;
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::fact::{Fact, FactId};
use crate::domain::key::WebUrl;
use crate::domain::run::{Job, Run, RunKey, RunState, foreign_id, foreign_workflow};
use crate::domain::text::Clean;
use crate::sources::job_log::Diagnoses;

mod build;
mod kept;

/// How many builds are remembered.
const MOST_BUILDS: usize = 5_000;

/// How many wishes and commits are remembered.
const MOST_ORDERS: usize = 2_000;

/// Where a build is: its builder, and its number there.
pub(super) type Place = (u64, u64);

/// What is known of one run.
#[derive(Clone, Debug)]
pub(super) struct RunSeen {
    /// As it was last told, but for a new attempt that only waits.
    pub(super) run: Run,
    /// Its newest build.
    pub(super) newest: Option<u64>,
    /// The wish that waits.
    pub(super) waits: Option<u64>,
    /// Its job, as it was last told.
    pub(super) job: Option<Job>,
}

/// What is known of one job, which is one build.
#[derive(Clone, Debug)]
pub(super) struct JobSeen {
    pub(super) run: RunKey,
    pub(super) attempt: u32,
    pub(super) place: Place,
    pub(super) name: Clean,
    pub(super) state: RunState,
    pub(super) finished_at: Option<Timestamp>,
    /// Whether its steps were told when it was over.
    pub(super) has_steps: bool,
}

/// All that is known.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Names of builders.
    pub(super) builders: BTreeMap<u64, String>,
    /// The newest build that was read.
    pub(super) cursor: Option<u64>,
    /// Builds that are not over.
    pub(super) moving: BTreeSet<u64>,
    /// The run of each build.
    builds: BTreeMap<u64, u64>,
    pub(super) runs: HashMap<u64, RunSeen>,
    pub(super) jobs: HashMap<u64, JobSeen>,
    /// Wishes by their number.
    pub(super) orders: BTreeMap<u64, Arc<Order>>,
    /// Commits by the number of their state.
    pub(super) told: BTreeMap<u64, Told>,
    /// What is known of the past.
    pub(super) pasts: Pasts,
    /// Whether something changed that was not read yet.
    pub(super) is_stale: bool,
    /// Whether the server tells what changes, and whether it ever did.
    pub(super) listens: bool,
    pub(super) has_listened: bool,
    pub(super) needs: BTreeSet<Need>,
    pub(super) answered: HashMap<Need, Timestamp>,
    pub(super) diagnoses: Diagnoses,
}

/// What stays the same in all that is told of one server.
#[derive(Clone, Copy)]
pub(super) struct Server<'a> {
    pub(super) site: Site<'a>,
    /// Makes the address of a page.
    pub(super) page: &'a dyn Fn(&str) -> String,
}

impl Server<'_> {
    /// Returns the identity of the job that is a build.
    pub(super) fn job(&self, (builder, number): Place) -> u64 {
        foreign_id(self.site.ci, &format!("builders/{builder}/builds/{number}"))
    }

    fn url(&self, rest: &str) -> Option<WebUrl> {
        WebUrl::parse(&(self.page)(rest))
    }

    fn build_page(&self, (builder, number): Place) -> Option<WebUrl> {
        self.url(&format!("#/builders/{builder}/builds/{number}"))
    }
}

/// Returns the build that an address of its page names.
pub(super) fn place_of(url: &WebUrl) -> Option<Place> {
    let (_, rest) = url.as_str().rsplit_once("#/builders/")?;
    let (builder, number) = rest.split_once("/builds/")?;
    Some((builder.parse().ok()?, number.parse().ok()?))
}

impl State {
    /// Returns a memory that knows of no build, but by whom and for what they are made.
    pub(super) fn of_builders(&self) -> Self {
        Self {
            builders: self.builders.clone(),
            orders: self.orders.clone(),
            ..Self::default()
        }
    }

    /// Returns the name of a builder.
    pub(super) fn builder(&self, id: u64) -> String {
        let name = self.builders.get(&id).cloned();
        name.unwrap_or_else(|| format!("builder {id}"))
    }

    /// Takes in builds, oldest first, and what waits; returns what is to be told.
    pub(super) fn take(
        &mut self,
        server: Server<'_>,
        queue: &[wire::BuildRequest],
        builds: &BTreeMap<u64, wire::Build>,
    ) -> Vec<Fact> {
        let mut facts = self.take_builds(server, builds);
        let begun: BTreeSet<u64> = builds.values().filter_map(|it| it.buildrequestid).collect();
        let waiting = queue
            .iter()
            .filter(|it| !begun.contains(&it.buildrequestid));
        let waiting: Vec<&wire::BuildRequest> = waiting.collect();
        self.no_more(&waiting, &mut facts);
        for request in waiting {
            self.request(server, request, &mut facts);
        }
        self.cursor = self.cursor.max(builds.keys().next_back().copied());
        self.is_stale = false;
        self.prune();
        facts
    }

    /// Takes in builds alone, oldest first.
    pub(super) fn take_builds(
        &mut self,
        server: Server<'_>,
        builds: &BTreeMap<u64, wire::Build>,
    ) -> Vec<Fact> {
        let mut facts = Vec::new();
        for build in builds.values() {
            // After a restart only places are known.
            let job = server.job((build.builderid, build.number));
            let run = self.jobs.get(&job).map(|job| job.run.id);
            if let Some(seen) = run.and_then(|run| self.runs.get_mut(&run)) {
                seen.newest = seen.newest.max(Some(build.buildid));
            }
        }
        for build in builds.values() {
            self.build(server, build, &mut facts);
        }
        facts
    }

    /// Returns the run that a wish belongs to: one of its own, or the one that is done again.
    fn run_of(&self, ci: &str, request: u64, order: &Order, is_fixed: bool) -> u64 {
        let own = || foreign_id(ci, &format!("requests/{request}"));
        let before = order.rebuilt.and_then(|build| self.builds.get(&build));
        let same = |id: &&u64| {
            let seen = self.runs.get(id);
            // Another commit is another run, whoever asked for it.
            seen.is_some_and(|seen| is_fixed || seen.run.head_sha.is_none())
        };
        before.filter(same).copied().unwrap_or_else(own)
    }

    /// Tells a build that nobody has begun.
    fn request(&mut self, server: Server<'_>, wire: &wire::BuildRequest, facts: &mut Vec<Fact>) {
        let order = self
            .orders
            .get(&wire.buildrequestid)
            .cloned()
            .unwrap_or_default();
        let builder = self.builder(wire.builderid);
        let told = |ssid| self.told.get(&ssid).cloned();
        let about = map::subject(server.site, &builder, &order, None, told);
        let (ci, number) = (server.site.ci, wire.buildrequestid);
        let id = self.run_of(ci, number, &order, about.is_fixed);
        let asked = map::at(wire.submitted_at.as_ref()).unwrap_or_default();
        let state = if let serde_json::Value::String(word) = &wire.results {
            RunState::Unknown(Clean::line(word))
        } else {
            RunState::Queued
        };
        if let Some(seen) = self.runs.get_mut(&id).filter(|seen| seen.job.is_some()) {
            let retried = seen.run.state == RunState::Queued;
            seen.waits = Some(number);
            facts.push(Fact::Run(Run {
                attempt: seen.run.attempt + u32::from(!retried),
                state,
                started_at: None,
                updated_at: asked.max(seen.run.updated_at),
                ..seen.run.clone()
            }));
            return;
        }
        let run = Run {
            repo: about.repo,
            ci: Clean::line(ci),
            no_jobs: Clean::default(),
            label: Clean::default(),
            id,
            number,
            attempt: 1,
            workflow: Clean::line(&builder),
            workflow_path: foreign_workflow(ci, &builder),
            event: about.event,
            branch: about.branch,
            head_sha: about.head_sha,
            change_requests: about.change_requests,
            state,
            actor: about.actor,
            title: about.title,
            url: server.url(&format!("#/buildrequests/{number}")),
            created_at: asked,
            started_at: None,
            updated_at: asked,
        };
        facts.push(Fact::Run(run.clone()));
        let seen = RunSeen {
            run,
            newest: None,
            waits: Some(number),
            job: None,
        };
        self.runs.insert(id, seen);
    }

    /// Takes back what waited and waits no more without having begun.
    fn no_more(&mut self, waiting: &[&wire::BuildRequest], facts: &mut Vec<Fact>) {
        let still: BTreeSet<u64> = waiting.iter().map(|it| it.buildrequestid).collect();
        self.runs.retain(|_, seen| {
            if seen.waits.is_none_or(|request| still.contains(&request)) {
                return true;
            }
            seen.waits = None;
            if seen.job.is_some() {
                facts.push(Fact::Run(seen.run.clone()));
            }
            seen.job.is_some()
        });
    }

    /// Returns the runs that wait or run: all there are.
    pub(super) fn moving_runs(&self, facts: &[Fact]) -> BTreeSet<FactId> {
        let moves = |fact: &&Fact| {
            let Fact::Run(run) = fact else { return false };
            match run.state {
                RunState::Queued | RunState::Running | RunState::Waiting => true,
                RunState::Unknown(_) => self.runs.get(&run.id).is_some_and(|seen| {
                    let newest = seen.newest;
                    seen.waits.is_some() || newest.is_some_and(|id| self.moving.contains(&id))
                }),
                RunState::Passed
                | RunState::Skipped
                | RunState::Failed(_)
                | RunState::Cancelled
                | RunState::ActionRequired => false,
            }
        };
        facts.iter().filter(moves).map(Fact::id).collect()
    }

    /// Returns the run that an own need is about.
    pub(super) fn is_own(&self, need: &Need, ci: &str) -> bool {
        match need {
            Need::Jobs { run, .. } => self.runs.contains_key(run),
            Need::Diagnosis { job, .. } => self.jobs.contains_key(job),
            Need::History { workflow, .. } => {
                let parts = crate::domain::run::parts_of_foreign(workflow);
                parts.is_some_and(|(place, _)| place == ci)
            }
            Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. }
            | Need::Gates { .. }
            | Need::ManualJobs { .. }
            // Earlier attempts come with every poll.
            | Need::Attempts { .. } => false,
        }
    }
}
