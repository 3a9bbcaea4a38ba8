//! The middle of the triage view as lines: run, attempts, jobs, steps, and why it is red.
//!
//! One list for painting and for keys. What is not known says why; no verdict
//! stands without its evidence.

use std::borrow::Cow;
use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::calendar::{self, Zone};
use crate::domain::run::{Failure, Job, RunState, Step, named};
use crate::domain::status::Severity;
use crate::domain::triage::{Group, JobLine, Triage};
use crate::ui::state::TriageState;

pub mod why;

/// One line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeLine {
    /// What Enter does on it.
    pub kind: TreeKind,
    /// How far it stands to the right.
    pub indent: u16,
    /// How it stands; without one it is plain text.
    pub severity: Option<Severity>,
    /// What it says.
    pub text: String,
    /// What stands at the right edge.
    pub note: String,
    /// Whether it is a sentence, which goes on below where it does not fit.
    pub is_sentence: bool,
}

/// What a line stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TreeKind {
    /// The head of a part.
    Heading,
    /// Something to read.
    Text,
    /// An attempt, which opens.
    Attempt(u32),
    /// A job of an attempt; its log can be shown.
    Job(u32, u64),
    /// A step of a job.
    Step(u32, u64),
    /// The first error.
    Error,
    /// A failing test, by its place in the diagnosis.
    Test(usize),
}

impl TreeLine {
    fn new(kind: TreeKind, indent: u16, text: impl Into<String>) -> Self {
        Self {
            kind,
            indent,
            severity: None,
            text: text.into(),
            note: String::new(),
            is_sentence: false,
        }
    }

    fn heading(text: impl Into<String>) -> Self {
        Self::new(TreeKind::Heading, 0, text)
    }

    fn sentence(indent: u16, text: impl Into<String>) -> Self {
        Self {
            is_sentence: true,
            ..Self::new(TreeKind::Text, indent, text)
        }
    }

    fn of(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// How a run, job or step stands.
pub fn severity(state: &RunState) -> Severity {
    match state {
        RunState::Queued | RunState::Skipped => Severity::Idle,
        RunState::Waiting | RunState::ActionRequired => Severity::Waiting,
        RunState::Running => Severity::Active,
        RunState::Passed => Severity::Calm,
        RunState::Failed(_) => Severity::Failed,
        RunState::Cancelled => Severity::Blocked,
        RunState::Unknown(_) => Severity::Unknown,
    }
}

/// The word for how a run, job or step stands.
pub fn word(state: &RunState) -> &str {
    match state {
        RunState::Queued => "queued",
        RunState::Waiting => "waiting",
        RunState::Running => "running",
        RunState::Passed => "passed",
        RunState::Skipped => "skipped",
        RunState::Failed(Failure::Failed) => "failed",
        RunState::Failed(Failure::TimedOut) => "timed out",
        RunState::Failed(Failure::Startup) => "could not start",
        RunState::Failed(Failure::Stale) => "left behind",
        RunState::Cancelled => "cancelled",
        RunState::ActionRequired => "needs approval",
        RunState::Unknown(word) => word.as_str(),
    }
}

/// Seconds as people read them: `42s`, `6m12`, `2h05`.
pub fn span(secs: i64) -> String {
    match secs.max(0) {
        secs @ 0..60 => format!("{secs}s"),
        secs @ 60..3_600 => format!("{}m{:02}", secs / 60, secs % 60),
        secs => format!("{}h{:02}", secs / 3_600, secs % 3_600 / 60),
    }
}

/// A moment as people read it: the time of today, the date of another day.
pub fn moment(at: Timestamp, now: Timestamp, zone: Zone) -> String {
    let local = calendar::local(zone, at);
    let is_near = (now - at).abs() < TimeDelta::hours(20);
    let format = if is_near { "%H:%M" } else { "%d %b %H:%M" };
    local.format(format).to_string()
}

/// What the lines of a tree are made from.
#[derive(Clone, Copy, Debug)]
pub struct Sight<'a> {
    /// Why the card is red.
    pub triage: &'a Triage,
    /// The cards that fail alike.
    pub group: Option<&'a Group>,
    /// How many other cards are red by the same run.
    pub same_run: usize,
    /// What the view remembers.
    pub state: &'a TriageState,
    /// The attempt and job whose log is wanted.
    pub job: Option<(u32, u64)>,
    /// What became of it, where it is no longer red and stays in the list.
    pub kept: Option<&'a str>,
    /// What is being done about it.
    pub doing: Option<&'a str>,
    /// The current time.
    pub now: Timestamp,
    /// The local zone.
    pub zone: Zone,
}

impl Sight<'_> {
    fn when(&self, at: Timestamp) -> String {
        moment(at, self.now, self.zone)
    }
}

/// Returns the job whose log is wanted: the one that was chosen if it is still known, else the
/// one that decides, else the first that is at work.
pub fn wanted_job(triage: &Triage, chosen: Option<(u32, u64)>) -> Option<(u32, u64)> {
    let newest = triage.run.attempt;
    let is_known = |(attempt, id): &(u32, u64)| {
        let mut earlier = triage.attempts.iter();
        triage
            .jobs
            .iter()
            .any(|line| line.job.id == *id && *attempt == newest)
            || earlier.any(|at| at.number == *attempt && at.jobs.iter().any(|job| job.id == *id))
    };
    let failed = || {
        let line = triage.jobs.get(triage.failed_job?)?;
        Some((newest, line.job.id))
    };
    let works = || {
        let mut lines = triage.jobs.iter();
        let line = lines.find(|line| line.job.state == RunState::Running)?;
        Some((newest, line.job.id))
    };
    chosen.filter(is_known).or_else(failed).or_else(works)
}

/// Returns the lines.
pub fn lines(sight: &Sight<'_>) -> Vec<TreeLine> {
    let mut lines = Vec::with_capacity(32);
    head(sight, &mut lines);
    if sight.kept.is_some() {
        // Why it was red says nothing of what runs now.
        jobs(sight, &mut lines);
        attempts(sight, &mut lines);
        return lines;
    }
    why::base(sight, &mut lines);
    jobs(sight, &mut lines);
    why::tests(sight, &mut lines);
    why::first_bad(sight, &mut lines);
    why::flaky(sight, &mut lines);
    why::alike(sight, &mut lines);
    attempts(sight, &mut lines);
    lines
}

fn head(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    let run = &sight.triage.run;
    let attempt = if run.attempt > 1 {
        format!("attempt {}", run.attempt)
    } else {
        String::new()
    };
    lines.push(
        TreeLine::heading(named(&run.workflow, &run.called()))
            .of(severity(&run.state))
            .noted(attempt),
    );
    let sha = run.head_sha.as_ref().map_or("", |sha| sha.short());
    let actor = run
        .actor
        .as_ref()
        .map_or_else(String::new, |person| format!(" by {}", person.login));
    let about = format!("{} {sha}{actor}", run.branch);
    lines.push(TreeLine::new(TreeKind::Text, 1, about));
    if let Some(doing) = sight.doing {
        lines.push(TreeLine::sentence(1, doing).of(Severity::Active));
    }
    match sight.kept {
        Some(kept) => lines.push(TreeLine::sentence(1, kept)),
        None => why::error(sight, lines),
    }
}

fn jobs(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    let all = &sight.triage.jobs;
    lines.push(TreeLine::heading("jobs").noted(counts(all.iter().map(|line| &line.job))));
    if all.is_empty() {
        lines.push(TreeLine::sentence(1, no_jobs(sight.triage)));
    }
    // Groups in the order of their first jobs.
    let mut groups: Vec<(&str, Vec<&JobLine>)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(all.len());
    for line in all {
        let name = line.group.as_str();
        let at = *places.entry(name).or_insert(groups.len());
        match groups.get_mut(at) {
            Some((_, group)) => group.push(line),
            None => groups.push((name, vec![line])),
        }
    }
    for (name, group) in groups {
        if let [one] = group.as_slice() {
            job(sight, one, 1, lines);
        } else {
            matrix(sight, name, &group, lines);
        }
    }
}

/// Returns why no job is listed.
pub fn no_jobs(triage: &Triage) -> Cow<'_, str> {
    let why = &triage.run.no_jobs;
    if !why.is_empty() {
        return Cow::Owned(format!("none: {why}"));
    }
    Cow::Borrowed(match (&triage.run.state, triage.jobs_known) {
        (RunState::Failed(Failure::Startup), _) => "none: the run could not start",
        (_, true) => "none: the run has no jobs",
        (_, false) => "not known yet",
    })
}

/// The jobs of a matrix: their count, and each that did not pass or was chosen.
fn matrix(sight: &Sight<'_>, name: &str, group: &[&JobLine], lines: &mut Vec<TreeLine>) {
    let worst = group.iter().map(|line| severity(&line.job.state)).max();
    let told = counts(group.iter().map(|line| &line.job));
    lines.push(
        TreeLine::new(TreeKind::Text, 1, name)
            .of(worst.unwrap_or(Severity::Unknown))
            .noted(told),
    );
    for line in group {
        let calm = matches!(line.job.state, RunState::Passed | RunState::Skipped);
        let is_wanted = sight.job == Some((sight.triage.run.attempt, line.job.id));
        if !calm || is_wanted {
            job(sight, line, 2, lines);
        }
    }
}

/// Says how many of them failed, or what else there is to say.
fn counts<'a>(jobs: impl Iterator<Item = &'a Job>) -> String {
    let (mut all, mut failed, mut going) = (0, 0, 0);
    for job in jobs {
        all += 1;
        match job.state {
            RunState::Failed(_) => failed += 1,
            RunState::Passed | RunState::Skipped | RunState::Cancelled => {}
            RunState::Queued
            | RunState::Waiting
            | RunState::Running
            | RunState::ActionRequired
            | RunState::Unknown(_) => going += 1,
        }
    }
    match (all, failed, going) {
        (0, ..) => String::new(),
        (_, 0, 0) => format!("{all} ok"),
        (_, 0, _) => format!("{going} of {all} not over"),
        (_, _, 0) => format!("{failed} of {all} failed"),
        (_, _, _) => format!("{failed} of {all} failed, {going} not over"),
    }
}

fn job(sight: &Sight<'_>, line: &JobLine, indent: u16, lines: &mut Vec<TreeLine>) {
    let attempt = sight.triage.run.attempt;
    let id = line.job.id;
    // Below the name of its matrix only the values of a job are news.
    let name = line.job.name.as_str();
    let values = name.strip_prefix(line.group.as_str()).map(str::trim);
    let name = values
        .filter(|values| indent > 1 && !values.is_empty())
        .unwrap_or(name);
    let mut note = match line.ran_secs {
        Some(secs) => span(secs),
        None => word(&line.job.state).to_owned(),
    };
    if let Some((usual, of)) = line.usual {
        note = format!("{note}, usual {} of {of}", span(usual));
    }
    lines.push(
        TreeLine::new(TreeKind::Job(attempt, id), indent, name)
            .of(severity(&line.job.state))
            .noted(note),
    );
    if sight.job != Some((attempt, id)) {
        return;
    }
    if let Some(secs) = line.queued_secs.filter(|secs| *secs > 0) {
        let text = format!("waited {} for a runner", span(secs));
        lines.push(TreeLine::new(TreeKind::Text, indent + 1, text));
    }
    for step in &line.job.steps {
        lines.push(of_step(step, attempt, id, indent + 1));
    }
}

fn of_step(step: &Step, attempt: u32, job: u64, indent: u16) -> TreeLine {
    let ran = match (step.started_at, step.finished_at) {
        (Some(from), Some(to)) => span((to - from).num_seconds()),
        _ => word(&step.state).to_owned(),
    };
    TreeLine::new(TreeKind::Step(attempt, job), indent, step.name.as_str())
        .of(severity(&step.state))
        .noted(ran)
}

/// Earlier attempts: their counts, and their jobs where one was opened.
fn attempts(sight: &Sight<'_>, lines: &mut Vec<TreeLine>) {
    if sight.triage.attempts.is_empty() {
        return;
    }
    lines.push(TreeLine::heading("earlier attempts"));
    for attempt in &sight.triage.attempts {
        let worst = attempt.jobs.iter().map(|job| severity(&job.state)).max();
        lines.push(
            TreeLine::new(
                TreeKind::Attempt(attempt.number),
                1,
                format!("attempt {}", attempt.number),
            )
            .of(worst.unwrap_or(Severity::Unknown))
            .noted(counts(attempt.jobs.iter())),
        );
        if !sight.state.opened.contains(&attempt.number) {
            continue;
        }
        for job in &attempt.jobs {
            let ran = match (job.started_at, job.finished_at) {
                (Some(from), Some(to)) => span((to - from).num_seconds()),
                _ => word(&job.state).to_owned(),
            };
            lines.push(
                TreeLine::new(TreeKind::Job(attempt.number, job.id), 2, job.name.as_str())
                    .of(severity(&job.state))
                    .noted(ran),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_the_time_that_clocks_showed_then() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-10-25T12:00:00Z");
        let told = |then: &str| moment(at(then), now, Zone::Europe__Berlin);
        // Clocks were put back at three in the night, which is one o'clock in UTC.
        assert_eq!(told("2026-10-25T00:30:00Z"), "02:30");
        assert_eq!(told("2026-10-25T01:30:00Z"), "02:30");
        assert_eq!(told("2026-10-25T11:30:00Z"), "12:30");
        assert_eq!(told("2026-10-20T11:30:00Z"), "20 Oct 13:30");
        assert_eq!(told("2027-03-28T01:30:00Z"), "28 Mar 03:30");
    }
}
