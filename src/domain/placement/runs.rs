//! A run as placement sees it: its state derived from its jobs, piece by piece.
//!
//! Only the latest attempt of a job counts; earlier ones are history, and
//! evidence of flakiness. A finished run overrules jobs that were read before
//! it finished.

use crate::domain::Timestamp;
use crate::domain::key::Sha;
use crate::domain::phase::{self, JobNames};
use crate::domain::policy::{Phase, PhaseRule};
use crate::domain::run::{Blocks, Failure, Gate, GateSet, Job, JobSet, Run, RunState};

/// What a piece of work does, most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Work {
    /// Went wrong.
    Failed,
    /// Waits for a person.
    Waiting,
    /// At work.
    Running,
    /// Waits for its turn.
    Queued,
    /// Not known; never success.
    Unknown,
    /// Done well, or without an opinion.
    Passed,
}

impl Work {
    /// Returns what a state of a run or job means for a card.
    pub fn of(state: &RunState) -> Self {
        match state {
            RunState::Queued => Self::Queued,
            RunState::Waiting | RunState::ActionRequired => Self::Waiting,
            RunState::Running => Self::Running,
            RunState::Passed | RunState::Skipped => Self::Passed,
            RunState::Failed(_) | RunState::Cancelled => Self::Failed,
            RunState::Unknown(_) => Self::Unknown,
        }
    }

    /// Returns whether nothing more happens by itself.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Failed | Self::Passed | Self::Unknown)
    }
}

/// A job of a run, or the run as a whole where its jobs are not known.
#[derive(Clone, Copy, Debug)]
pub struct Piece<'a> {
    /// What it is for.
    pub phase: Phase,
    /// What it does.
    pub work: Work,
    /// The state behind it.
    pub state: &'a RunState,
    /// The job; none for the run as a whole.
    pub job: Option<&'a Job>,
    /// Since when it does that.
    pub since: Timestamp,
}

/// How a run is known to judge a change request, surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Basis {
    /// It ran for its commit, or its forge says so.
    Commit,
    /// It names its number, and ran for a commit that the forge does not know.
    Number,
    /// It ran for its branch, and does not tell the commit.
    Branch,
}

impl Basis {
    /// Returns the confidence in percent.
    pub fn percent(self) -> u8 {
        match self {
            Self::Commit => 100,
            Self::Number => 80,
            Self::Branch => 60,
        }
    }

    /// Returns what else than the commit joins it, in words.
    pub fn words(self) -> Option<&'static str> {
        match self {
            Self::Commit => None,
            Self::Number => Some("joined by its number"),
            Self::Branch => Some("joined by its branch"),
        }
    }
}

/// One run with what is known of its jobs and gates.
#[derive(Clone, Debug)]
pub struct RunView<'a> {
    /// The run.
    pub run: &'a Run,
    /// The commit that it ran for, as far as it is known.
    pub head: Option<&'a Sha>,
    /// How it is known to belong to the change.
    pub basis: Basis,
    /// Its pieces; never empty.
    pub pieces: Vec<Piece<'a>>,
    /// What a person may open in it, in the order in which it is told.
    pub doors: &'a [Gate],
    /// A job that failed in an earlier attempt and passed in a later one.
    pub flaky: Option<&'a Job>,
    /// What statuses of its commit tell of it; a forge knows checks by their names.
    pub notices: Vec<&'a Run>,
}

impl<'a> RunView<'a> {
    /// Puts a run together with its jobs and gates.
    pub fn new(
        run: &'a Run,
        jobs: Option<&'a JobSet>,
        gates: Option<&'a GateSet>,
        rules: &[PhaseRule],
    ) -> Self {
        let current = jobs.filter(|set| set.attempt == run.attempt);
        let latest = current.map(|set| latest_attempts(&set.jobs));
        let pieces = pieces(run, latest.as_deref().unwrap_or_default(), rules);
        let doors = gates.map_or(&[][..], |set| &set.gates);
        let flaky = jobs.and_then(|set| flaky_job(run, set));
        Self {
            run,
            head: run.head_sha.as_ref(),
            basis: Basis::Commit,
            pieces,
            doors,
            flaky,
            notices: Vec::new(),
        }
    }

    /// Returns the gates behind which something waits to go live.
    pub fn gates(&self) -> impl Iterator<Item = &'a Gate> + use<'a> {
        self.blocking(Blocks::Delivery)
    }

    /// Returns the gates at which it waits, whatever is behind them.
    pub fn waits_at(&self) -> impl Iterator<Item = &'a Gate> + use<'a> {
        self.gates().chain(self.blocking(Blocks::Run))
    }

    /// Returns what a person may start in it, though nothing waits for that.
    pub fn offers(&self) -> impl Iterator<Item = &'a Gate> + use<'a> {
        let doors = self.doors.iter();
        doors.filter(|gate| gate.blocks == Blocks::Nothing)
    }

    /// A run that has ended waits for nothing, whatever was told of it before.
    fn blocking(&self, what: Blocks) -> impl Iterator<Item = &'a Gate> + use<'a> {
        let waits = !Work::of(&self.run.state).is_final();
        let doors = if waits { self.doors } else { &[] };
        doors.iter().filter(move |gate| gate.blocks == what)
    }

    /// Returns what the run does, derived from its pieces.
    pub fn work(&self) -> Work {
        self.pieces
            .iter()
            .map(|piece| piece.work)
            .min()
            .unwrap_or(Work::Unknown)
    }

    /// Returns the piece that best tells why something of `work` is so, among those that count.
    ///
    /// What failed by itself comes before what was cancelled because of it.
    pub fn piece(&self, work: Work, counts: impl Fn(&Piece<'a>) -> bool) -> Option<&Piece<'a>> {
        self.pieces
            .iter()
            .filter(|piece| piece.work == work && counts(piece))
            .min_by_key(|piece| (*piece.state == RunState::Cancelled, piece.since))
    }
}

/// Returns what went wrong, as the end of a sentence.
pub fn fault(state: &RunState) -> &'static str {
    match state {
        RunState::Failed(Failure::TimedOut) => "timed out",
        RunState::Failed(Failure::Startup) => "could not start",
        RunState::Failed(Failure::Stale) => "was left behind by its CI",
        RunState::Cancelled => "was cancelled",
        RunState::Failed(Failure::Failed)
        | RunState::Queued
        | RunState::Waiting
        | RunState::Running
        | RunState::Passed
        | RunState::Skipped
        | RunState::ActionRequired
        | RunState::Unknown(_) => "failed",
    }
}

/// The latest attempt of each job, in the order of the set; jobs of one name and attempt all stay.
fn latest_attempts(jobs: &[Job]) -> Vec<&Job> {
    if jobs.windows(2).all(|pair| match pair {
        [a, b] => a.attempt == b.attempt,
        _ => true,
    }) {
        return jobs.iter().collect();
    }
    let mut newest = std::collections::HashMap::new();
    for job in jobs {
        let best = newest.entry(job.name.as_str()).or_insert(job.attempt);
        *best = job.attempt.max(*best);
    }
    jobs.iter()
        .filter(|job| newest.get(job.name.as_str()) == Some(&job.attempt))
        .collect()
}

fn pieces<'a>(run: &'a Run, jobs: &[&'a Job], rules: &[PhaseRule]) -> Vec<Piece<'a>> {
    let own = Work::of(&run.state);
    let mut pieces: Vec<Piece<'a>> = jobs
        .iter()
        .map(|job| job_piece(run, job, rules))
        // A job that still moves in a run that has ended was read before the end.
        .filter(|piece| !own.is_final() || piece.work.is_final())
        .collect();
    let told = pieces.iter().map(|piece| piece.work).min();
    let silent = match told {
        None => true,
        // Between two jobs the run itself knows that there is more to come.
        Some(Work::Passed) => own != Work::Passed,
        // A red run without a red job failed outside of its jobs, or before they were read.
        Some(Work::Waiting | Work::Running | Work::Queued | Work::Unknown) => own == Work::Failed,
        Some(Work::Failed) => false,
    };
    if silent {
        pieces.push(whole(run, rules));
    }
    pieces
}

fn job_piece<'a>(run: &'a Run, job: &'a Job, rules: &[PhaseRule]) -> Piece<'a> {
    let work = Work::of(&job.state);
    let phase = phase::phase(
        rules,
        &JobNames {
            workflow: &run.workflow,
            path: &run.workflow_path,
            event: &run.event,
            stage: job.stage.as_deref(),
            job: Some(&job.name),
        },
    );
    let since = match work {
        Work::Failed | Work::Passed | Work::Unknown => job.finished_at.or(job.started_at),
        Work::Running => job.started_at,
        Work::Waiting | Work::Queued => job.created_at,
    };
    Piece {
        phase,
        work,
        state: &job.state,
        job: Some(job),
        since: since.or(job.created_at).unwrap_or(run.updated_at),
    }
}

/// The run as a whole, for when its jobs say nothing.
fn whole<'a>(run: &'a Run, rules: &[PhaseRule]) -> Piece<'a> {
    let work = Work::of(&run.state);
    let early = matches!(
        run.state,
        RunState::Failed(Failure::Startup) | RunState::ActionRequired
    );
    let phase = if early {
        Phase::Build
    } else {
        phase::phase(
            rules,
            &JobNames {
                workflow: &run.workflow,
                path: &run.workflow_path,
                event: &run.event,
                stage: None,
                job: None,
            },
        )
    };
    let since = match work {
        Work::Failed | Work::Passed | Work::Unknown => run.updated_at,
        Work::Running | Work::Waiting => run.started_at.unwrap_or(run.created_at),
        Work::Queued => run.created_at,
    };
    Piece {
        phase,
        work,
        state: &run.state,
        job: None,
        since,
    }
}

fn flaky_job<'a>(run: &Run, set: &'a JobSet) -> Option<&'a Job> {
    set.jobs.iter().find(|job| {
        let failed = matches!(job.state, RunState::Failed(_));
        let healed = || {
            set.jobs.iter().any(|later| {
                later.name == job.name
                    && later.attempt > job.attempt
                    && later.state == RunState::Passed
            })
        };
        let run_healed = || run.attempt > set.attempt && run.state == RunState::Passed;
        failed && (healed() || run_healed())
    })
}
