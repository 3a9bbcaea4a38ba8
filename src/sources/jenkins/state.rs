//! What a Jenkins source remembers between polls: jobs, builds, what is to be read.
//!
//! Plain data behind one lock that is never held across a request. Identities of the
//! board lead back from here to what Jenkins calls things.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::run::{Job, JobSet, Run, RunState};
use crate::domain::text::Clean;
use crate::sources::SourceError;
use crate::sources::backfill::Pasts;
use crate::sources::job_log::Diagnoses;
use crate::sources::recent::Recent;

use super::backfill::Part;
use super::diagnose::Told;
use super::map::Subject;

/// How many builds of one job are remembered.
const MOST_BUILDS: usize = 100;
/// How many nodes, diagnoses and answered needs are remembered.
const MOST_KEPT: usize = 5_000;
/// Of how many builds the test reports are remembered.
const MOST_REPORTS: usize = 16;
/// How many builds are asked for where some were missed.
const MOST_GAP: u64 = 30;
/// How many builds at work that lie further back are asked for by number at once.
const MOST_FAR: usize = 5;
/// After how long they are asked for again, in seconds: most of them wait for a person.
const FAR_SECS: i64 = 300;
/// How many builds of a job are read when it is first seen.
pub(super) const HISTORY: u64 = 10;
/// How old the newest build of a job may be whose earlier ones are read, in days.
const HISTORY_DAYS: i64 = 14;
/// After how long the stages of a build at work are read again.
const STAGES_SECS: i64 = 45;
/// After how long a need that could not be answered is tried again.
const AGAIN_SECS: i64 = 600;

/// All that is remembered.
#[derive(Default, Debug)]
pub(super) struct State {
    /// Jobs by path.
    pub(super) jobs: BTreeMap<String, JobState>,
    /// Which build an identity of a run stands for.
    pub(super) builds: BTreeMap<u64, BuildKey>,
    /// Which stage an identity of a job stands for.
    pub(super) nodes: Recent<u64, NodeSeen, MOST_KEPT>,
    pub(super) needs: BTreeSet<Need>,
    pub(super) answered: Recent<Need, Timestamp, MOST_KEPT>,
    pub(super) diagnosed: Diagnoses,
    pub(super) reports: Recent<u64, Arc<Told>, MOST_REPORTS>,
    /// What of the configuration was not there.
    pub(super) missing: Vec<SourceError>,
    /// Repositories that builds of a project told, for those that tell none.
    pub(super) places: BTreeMap<String, RepoKey>,
    /// What waits in the queue, as it was last told: runs, with their number there.
    pub(super) queued: BTreeMap<u64, u64>,
    /// Which version the server says it is.
    pub(super) version: Option<Clean>,
    /// Since when stages are known not to be told.
    pub(super) no_stages: Option<Timestamp>,
    /// Pipelines that cannot be replayed.
    pub(super) no_replay: BTreeSet<String>,
    /// What is known of the past, by the path of a job.
    pub(super) pasts: Pasts<Part>,
    /// Counts fetches that are asked once.
    pub(super) turn: u64,
}

/// What a run stands for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct BuildKey {
    pub(super) job: String,
    pub(super) number: u64,
}

/// What a job of a run stands for.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct NodeSeen {
    /// The run.
    pub(super) run: u64,
    /// The stage; nothing where it is the whole build.
    pub(super) stage: Option<String>,
    /// The step whose log tells why it failed, where that is known.
    pub(super) log: Option<String>,
    pub(super) name: Clean,
    pub(super) step: Option<(u32, Clean)>,
    pub(super) finished_at: Option<Timestamp>,
    pub(super) failed: bool,
}

/// What is remembered of one job.
#[derive(Debug)]
pub(super) struct JobState {
    pub(super) subject: Subject,
    pub(super) builds: BTreeMap<u64, BuildSeen>,
    /// How many of the newest builds are to be read, as some were missed or are at work.
    pub(super) gap: u64,
    /// Builds at work further back, which are to be read by number.
    pub(super) far: Vec<u64>,
    /// When such builds were last asked for.
    far_at: Option<Timestamp>,
    /// Whether earlier builds are to be read, once there is room.
    pub(super) past: bool,
}

/// What is remembered of one build.
#[derive(Clone, Debug)]
pub(super) struct BuildSeen {
    pub(super) run: Run,
    /// Whether it waits for a person.
    pub(super) waits: bool,
    pub(super) head: Head,
    /// The change for which its stages were read, and when.
    pub(super) stages: Option<(Timestamp, Timestamp)>,
    /// Whether gates were told that have to be taken back.
    pub(super) gated: bool,
}

/// What is known of the commit that a change request's build was made for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Head {
    /// It is what was checked out.
    Plain,
    /// It may have been merged into this one before it was built: to be asked.
    Wanted(Sha),
    /// This one.
    Known(Option<Sha>),
}

impl JobState {
    /// Returns a job of which no build is known.
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            builds: BTreeMap::new(),
            gap: 0,
            far: Vec::new(),
            far_at: None,
            past: false,
        }
    }

    /// Takes in a build; returns the run as it is to be told.
    ///
    /// What was merged before it was built has no commit that the forge knows: until the own one
    /// is known, none is told.
    pub(super) fn see(&mut self, mut run: Run) -> Run {
        let before = self.builds.get(&run.number);
        let moves = is_moving(&run.state);
        let waits = moves && before.is_some_and(|before| before.waits);
        let known = before.and_then(|before| match &before.head {
            Head::Known(own) => Some(own.clone()),
            Head::Plain | Head::Wanted(_) => None,
        });
        let head = match (known, run.head_sha.take()) {
            (Some(own), told) => {
                run.head_sha = own.clone().or(told);
                Head::Known(own)
            }
            (None, Some(told)) if self.subject.change.is_some() => Head::Wanted(told),
            (None, told) => {
                run.head_sha = told;
                Head::Plain
            }
        };
        if waits {
            run.state = RunState::Waiting;
        }
        let seen = BuildSeen {
            run: run.clone(),
            waits,
            head,
            stages: before.and_then(|before| before.stages),
            gated: before.is_some_and(|before| before.gated),
        };
        self.builds.insert(run.number, seen);
        run
    }

    /// Notes the newest build of a poll, and what of those before it has to be read: builds that
    /// were missed, and those that were at work when they were last seen.
    pub(super) fn newest(&mut self, number: u64, is_new: bool, now: Timestamp) {
        let known = self.builds.range(..number);
        let moving = known.clone().filter(|(_, seen)| is_moving(&seen.run.state));
        let moving = moving.map(|(at, _)| *at);
        let (near, far): (Vec<u64>, Vec<u64>) = moving.partition(|at| number - at < MOST_GAP);
        let before = known.clone().next_back().map(|(number, _)| *number);
        if is_new && before.is_none() {
            let at = self.builds.get(&number).map(|seen| seen.run.updated_at);
            let lately = at.is_some_and(|at| (now - at).num_days() < HISTORY_DAYS);
            self.past = number > 1 && lately;
        }
        let missed = before.filter(|before| is_new && before + 1 < number);
        let first = near.first().copied().or(missed.map(|before| before + 1));
        if let Some(first) = first {
            self.gap = (number - first + 1).min(MOST_GAP);
        }
        let is_due = |at: Timestamp| (now - at).num_seconds() >= FAR_SECS;
        if !far.is_empty() && self.far_at.is_none_or(is_due) {
            self.far_at = Some(now);
            self.far = far.into_iter().rev().take(MOST_FAR).collect();
        }
    }

    /// Returns whether builds are to be read that a poll does not tell.
    pub(super) fn is_behind(&self) -> bool {
        self.gap > 0 || !self.far.is_empty()
    }

    /// Forgets the oldest builds beyond a bound; returns the identities of their runs.
    pub(super) fn bound(&mut self) -> Vec<u64> {
        let mut gone = Vec::new();
        while self.builds.len() > MOST_BUILDS {
            gone.extend(self.builds.pop_first().map(|(_, seen)| seen.run.id));
        }
        gone
    }

    /// Returns when anything of it last changed.
    pub(super) fn changed_at(&self) -> Option<Timestamp> {
        let runs = self.builds.values().map(|seen| seen.run.updated_at);
        runs.max()
    }
}

/// Returns whether a build is not over.
pub(super) fn is_moving(state: &RunState) -> bool {
    match state {
        RunState::Queued | RunState::Waiting | RunState::Running => true,
        RunState::Passed
        | RunState::Skipped
        | RunState::Failed(_)
        | RunState::Cancelled
        | RunState::ActionRequired
        | RunState::Unknown(_) => false,
    }
}

impl State {
    /// Returns what is remembered of a build, by the identity of its run.
    pub(super) fn build(&self, run: u64) -> Option<(&JobState, &BuildSeen)> {
        let key = self.builds.get(&run)?;
        let job = self.jobs.get(&key.job)?;
        Some((job, job.builds.get(&key.number)?))
    }

    /// The same, to be changed.
    pub(super) fn build_mut(&mut self, run: u64) -> Option<&mut BuildSeen> {
        let key = self.builds.get(&run)?;
        self.jobs.get_mut(&key.job)?.builds.get_mut(&key.number)
    }

    /// Takes in a build of a job that is known; returns the run as it is to be told.
    pub(super) fn see(&mut self, path: &str, run: Run) -> Option<Run> {
        let job = self.jobs.get_mut(path)?;
        let key = BuildKey {
            job: path.to_owned(),
            number: run.number,
        };
        let run = job.see(run);
        self.builds.insert(run.id, key);
        for gone in job.bound() {
            self.builds.remove(&gone);
        }
        Some(run)
    }

    /// Forgets a job.
    pub(super) fn forget(&mut self, path: &str) {
        if let Some(job) = self.jobs.remove(path) {
            for seen in job.builds.values() {
                self.builds.remove(&seen.run.id);
            }
        }
    }

    /// Takes in the jobs of a run; `logs` are the steps whose logs tell of failed stages.
    pub(super) fn see_jobs(
        &mut self,
        set: &JobSet,
        nodes: &BTreeMap<u64, (Option<String>, Option<String>)>,
    ) {
        for job in &set.jobs {
            let (stage, log) = nodes.get(&job.id).cloned().unwrap_or_default();
            let seen = node(set.run.id, job, stage, log);
            self.nodes.insert(job.id, seen);
        }
    }

    /// Returns whether other jobs of a run failed as well.
    pub(super) fn is_shared(&self, run: u64, job: u64) -> bool {
        let mut nodes = self.nodes.iter();
        nodes.any(|(id, node)| node.run == run && *id != job && node.failed)
    }

    /// Notes that a need was answered, or has no answer for now.
    pub(super) fn answer(&mut self, need: &Need, at: Timestamp) {
        self.answered.insert(need.clone(), at);
    }

    /// Returns the needs to be answered now.
    pub(super) fn due(&self, now: Timestamp) -> Vec<Need> {
        let is_due = |need: &&Need| {
            let at = self.answered.get(*need);
            self.is_ours(need) && at.is_none_or(|at| (now - *at).num_seconds() >= AGAIN_SECS)
        };
        self.needs.iter().filter(is_due).cloned().collect()
    }

    /// Returns whether a need is about a build of this server.
    fn is_ours(&self, need: &Need) -> bool {
        match need {
            Need::Jobs { run, .. } | Need::Gates { run, .. } | Need::Diagnosis { run, .. } => {
                self.builds.contains_key(run)
            }
            Need::History { workflow, .. } => {
                let own = crate::domain::run::parts_of_foreign(workflow);
                own.is_some_and(|(_, project)| {
                    self.jobs.values().any(|job| job.subject.project == project)
                })
            }
            // Builds have one attempt; commits and files are the forge's.
            Need::Attempts { .. }
            | Need::ManualJobs { .. }
            | Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. } => false,
        }
    }

    /// Returns the wanted builds at work whose stages were read too long ago.
    pub(super) fn live(&self, now: Timestamp) -> Vec<u64> {
        let wanted = self.needs.iter().filter_map(|need| match need {
            Need::Jobs { run, .. } | Need::Gates { run, .. } => Some(*run),
            Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. }
            | Need::Diagnosis { .. }
            | Need::Attempts { .. }
            | Need::ManualJobs { .. }
            | Need::History { .. } => None,
        });
        let wanted: BTreeSet<u64> = wanted.collect();
        let is_due = |run: &u64| {
            self.build(*run).is_some_and(|(_, seen)| {
                let read = seen.stages.map(|(_, at)| at);
                let old = read.is_none_or(|at| (now - at).num_seconds() >= STAGES_SECS);
                is_moving(&seen.run.state) && old
            })
        };
        wanted.into_iter().filter(is_due).collect()
    }

    /// Returns the builds whose end has to be told to what was read of them before: stages that
    /// moved, gates that were open.
    pub(super) fn ended(&self) -> Vec<u64> {
        let all = self.jobs.values().flat_map(|job| job.builds.values());
        let ended = all.filter(|seen| {
            let read = seen.stages.is_some_and(|(of, _)| of < seen.run.updated_at);
            !is_moving(&seen.run.state) && (seen.gated || read)
        });
        ended.map(|seen| seen.run.id).collect()
    }

    /// Returns the projects of which own commits of change requests are to be asked.
    pub(super) fn heads(&self) -> BTreeSet<String> {
        let wanted = self.jobs.values().filter(|job| {
            let mut builds = job.builds.values();
            builds.any(|seen| matches!(seen.head, Head::Wanted(_)))
        });
        wanted.map(|job| job.subject.project.clone()).collect()
    }
}

/// Returns what is remembered of a job of a run.
pub(super) fn node(run: u64, job: &Job, stage: Option<String>, log: Option<String>) -> NodeSeen {
    let failed = |state: &RunState| matches!(state, RunState::Failed(_));
    let step = job.steps.iter().find(|step| failed(&step.state));
    NodeSeen {
        run,
        stage,
        log,
        name: job.name.clone(),
        step: step.map(|step| (step.number, step.name.clone())),
        finished_at: job.finished_at,
        failed: failed(&job.state),
    }
}
