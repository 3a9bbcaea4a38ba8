//! Evidence of runs: a run, its jobs that are red, move or wait, and its gates.
//!
//! Of a run that another system than the forge tells, where it ran and how it is known to belong.

use crate::domain::Timestamp;
use crate::domain::item::{Evidence, EvidenceKind};
use crate::domain::placement::{RunView, Work};
use crate::domain::run::{Blocks, Gate, Job, Run, RunState, named};
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// How many jobs of one run are told.
const JOBS: usize = 5;

/// How many manual jobs of one run are told that nothing waits for.
const OFFERS: usize = 10;

/// What is certain, in percent.
const SURE: u8 = 100;

pub(super) fn state_word(state: &RunState) -> Clean {
    let word = match state {
        RunState::Queued => "queued",
        RunState::Waiting => "waiting",
        RunState::Running => "running",
        RunState::Passed => "passed",
        RunState::Skipped => "skipped",
        RunState::Failed(_) => "failed",
        RunState::Cancelled => "cancelled",
        RunState::ActionRequired => "needs consent",
        RunState::Unknown(word) if word.is_empty() => "unknown",
        RunState::Unknown(word) => return word.clone(),
    };
    Clean::line(word)
}

fn work_status(work: Work) -> Status {
    match work {
        Work::Failed => Status::Failed,
        Work::Waiting => Status::Waiting,
        Work::Running => Status::Running,
        Work::Queued => Status::Queued,
        Work::Unknown => Status::Unknown,
        Work::Passed => Status::Mergeable,
    }
}

fn run_key(run: &Run) -> Clean {
    Clean::line(&named(&run.workflow, &run.called()))
}

/// A run, and its jobs that are red, move or wait.
pub(super) fn of_run(view: &RunView<'_>, out: &mut Vec<Evidence>) {
    let run = view.run;
    let work = view.work();
    let state = if work == Work::of(&run.state) {
        state_word(&run.state)
    } else {
        Clean::line(work_status(work).as_str())
    };
    out.push(run_line(view, work, state));
    let telling = view
        .pieces
        .iter()
        .filter(|piece| !matches!(piece.work, Work::Passed | Work::Queued));
    for piece in telling.take(JOBS) {
        if let Some(job) = piece.job {
            let mut line = of_job(run, job, work_status(piece.work), piece.since);
            line.confidence = view.basis.percent();
            out.push(line);
        }
    }
    if let Some(job) = view.flaky {
        let at = job.finished_at.unwrap_or(run.updated_at);
        let mut evidence = of_job(run, job, Status::Flaky, at);
        evidence.state = Clean::line("flaky");
        out.push(evidence);
    }
    for gate in view.waits_at() {
        let who: Vec<&str> = gate.reviewers.iter().map(|p| p.login.as_str()).collect();
        let mut line = of_gate(run, gate, EvidenceKind::Gate);
        line.detail = Clean::line(&who.join(", "));
        out.push(line);
    }
    let offers = view.offers().take(OFFERS);
    out.extend(offers.map(|gate| of_gate(run, gate, EvidenceKind::ManualJob)));
    let more = view.offers().skip(OFFERS).count();
    if more > 0
        && let Some(last) = out.last_mut()
    {
        let text = format!("and {more} more of {}", run_key(run));
        last.detail = Clean::line(&text);
    }
}

fn of_gate(run: &Run, gate: &Gate, kind: EvidenceKind) -> Evidence {
    let (state, status) = match gate.blocks {
        Blocks::Delivery | Blocks::Run => ("waiting", Status::Waiting),
        Blocks::Nothing => ("may be started", Status::Ready),
    };
    Evidence {
        kind,
        key: gate.environment.clone(),
        state: Clean::line(state),
        status,
        url: run.url.clone(),
        at: gate.since.unwrap_or(run.updated_at),
        confidence: SURE,
        detail: run_key(run),
        run: Some(Box::new(run.key())),
        door: gate.door.clone().map(Box::new),
        sha: None,
    }
}

pub(super) fn run_line(view: &RunView<'_>, work: Work, state: Clean) -> Evidence {
    let run = view.run;
    Evidence {
        kind: EvidenceKind::Run,
        key: run_key(run),
        state,
        status: work_status(work),
        url: run.url.clone(),
        at: run.started_at.unwrap_or(run.created_at),
        confidence: view.basis.percent(),
        detail: about_run(view),
        run: Some(Box::new(run.key())),
        door: None,
        sha: None,
    }
}

/// What a run was started for; of another system than the forge also where it ran, and how it is
/// known to belong here.
fn about_run(view: &RunView<'_>) -> Clean {
    let run = view.run;
    if run.ci.is_empty() {
        return run.title.clone();
    }
    let mut words = vec![run.title.to_string(), format!("on {}", run.ci)];
    words.extend(view.basis.words().map(str::to_owned));
    words.retain(|word| !word.is_empty());
    Clean::line(&words.join(", "))
}

fn of_job(run: &Run, job: &Job, status: Status, at: Timestamp) -> Evidence {
    Evidence {
        kind: EvidenceKind::Job,
        key: job.name.clone(),
        state: state_word(&job.state),
        status,
        url: job.url.clone().or_else(|| run.url.clone()),
        at,
        confidence: SURE,
        detail: run_key(run),
        run: Some(Box::new(run.key())),
        door: None,
        sha: None,
    }
}
