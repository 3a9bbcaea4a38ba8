//! What CI said, by brute force.

use super::*;

/// What starts a run without a push.
const NO_PUSH: [&str; 2] = ["schedule", "workflow_dispatch"];

/// One attempt of a run, as it was.
struct Try<'a> {
    run: &'a Run,
    number: usize,
    asked: i64,
    began: Option<i64>,
    end: Option<i64>,
    /// `Some(true)` is green, `Some(false)` red; nothing else proves anything.
    green: Option<bool>,
    cancelled: bool,
}

fn tries(run: &Run) -> Vec<Try<'_>> {
    let last = run.attempts.len();
    let of = |(nth, jobs): (usize, &Vec<Job>)| {
        let said = |word: &str| jobs.iter().any(|job| job.conclusion == Some(word));
        let over = jobs.iter().all(|job| job.completed_at.is_some());
        let ends = jobs.iter().filter_map(|job| job.completed_at);
        let end = ends.max().map(|at| at.timestamp());
        let began = jobs.iter().filter_map(|job| job.started_at).min();
        let mut attempt = Try {
            run,
            number: nth + 1,
            asked: run.created_at.timestamp(),
            began: began.map(|at| at.timestamp()),
            end: end.filter(|_| over),
            green: Some(!said("failure")).filter(|_| !said("cancelled") || said("failure")),
            cancelled: said("cancelled") && !said("failure"),
        };
        if nth + 1 == last {
            // The forge has the last word on what is last.
            attempt.green = match run.conclusion {
                Some("success") => Some(true),
                Some("failure" | "startup_failure") => Some(false),
                _ => None,
            };
            attempt.cancelled = run.conclusion == Some("cancelled");
            let is_over = run.status == "completed" && run.conclusion != Some("action_required");
            attempt.end = is_over.then_some(run.updated_at.timestamp());
            if nth > 0 {
                attempt.asked = run.started_at.timestamp();
            }
        } else if nth > 0 {
            attempt.asked = attempt.began.unwrap_or(attempt.asked);
        }
        attempt
    };
    run.attempts.iter().enumerate().map(of).collect()
}

/// Everything that is counted by runs of one repository.
/// `jobs` are the runs whose last jobs were read: their number at present is small.
pub(super) fn truth(state: &RepoState, of: (i64, &BTreeSet<u64>), truth: &mut Truth) {
    let (from, jobs) = of;
    // Runs are known from their creation on.
    let known = |run: &&Run| run.created_at.timestamp() >= from;
    let mut runs: Vec<&Run> = state.runs.iter().filter(known).collect();
    runs.sort_by_key(|run| (run.created_at, run.id));
    for run in &runs {
        let all = tries(run);
        if let Some(last) = all.last()
            && let (Some(green), Some(_)) = (last.green, last.end)
        {
            let value = if green { 1.0 } else { 0.0 };
            truth.add("ci_success_rate", run.updated_at.timestamp(), value);
        }
        // How long the last one waited the forge does not tell where it tells of many.
        let untold = usize::from(!jobs.contains(&run.id));
        for attempt in all.iter().rev().skip(untold) {
            let jobs = run.attempts[attempt.number - 1].iter();
            let times = jobs.filter_map(|job| Some((job.started_at?, job.created_at)));
            if let Some((began, listed)) = times.min() {
                truth.span(
                    "ci_queue",
                    began.timestamp(),
                    listed.timestamp(),
                    began.timestamp(),
                );
            }
        }
    }
    let shas: BTreeSet<&str> = runs.iter().map(|run| run.sha.as_str()).collect();
    for sha in shas {
        let mine: Vec<&Run> = runs.iter().copied().filter(|run| run.sha == sha).collect();
        feedback(&mine, truth);
        flakes(&mine, truth);
    }
    greens(state, &runs, truth);
}

fn feedback(mine: &[&Run], truth: &mut Truth) {
    let mut pushed: Vec<Try<'_>> = Vec::new();
    for run in mine.iter().filter(|run| !NO_PUSH.contains(&run.event)) {
        let is_late = |end: i64| end < run.created_at.timestamp();
        let after = !pushed.is_empty() && pushed.iter().all(|it| it.end.is_some_and(is_late));
        if after {
            break;
        }
        pushed.extend(tries(run).into_iter().next());
    }
    let Some(first) = pushed.iter().map(|it| it.asked).min() else {
        return;
    };
    let red = pushed.iter().filter(|it| it.green == Some(false));
    if let Some(red) = red.filter_map(|it| it.end).min() {
        truth.span("time_to_feedback", red, first, red);
    } else if pushed
        .iter()
        .all(|it| it.green == Some(true) && it.end.is_some())
    {
        let last = pushed.iter().filter_map(|it| it.end).max().unwrap();
        truth.span("time_to_feedback", last, first, last);
    }
}

fn in_order<'a>(runs: &[&'a Run]) -> Vec<Try<'a>> {
    let mut all: Vec<Try<'_>> = runs.iter().flat_map(|run| tries(run)).collect();
    all.retain(|it| it.end.is_some() && !it.cancelled);
    all.sort_by_key(|it| (it.asked, it.run.id, it.number));
    all
}

fn flakes(mine: &[&Run], truth: &mut Truth) {
    let kinds: BTreeSet<(usize, &str)> = mine.iter().map(|run| (run.workflow, run.event)).collect();
    let (mut last, mut is_flaky) = (None, false);
    for kind in kinds {
        let same = mine.iter().copied();
        let same: Vec<&Run> = same
            .filter(|run| (run.workflow, run.event) == kind)
            .collect();
        let mut failed = false;
        for attempt in in_order(&same) {
            match attempt.green {
                Some(false) => {
                    failed = true;
                    last = last.max(attempt.end);
                }
                Some(true) => is_flaky |= failed,
                None => {}
            }
        }
    }
    if let Some(at) = last {
        truth.add("flake_rate", at, if is_flaky { 1.0 } else { 0.0 });
    }
}

fn greens(state: &RepoState, runs: &[&Run], truth: &mut Truth) {
    let branch = state.spec.base_branch();
    let workflows: BTreeSet<usize> = runs.iter().map(|run| run.workflow).collect();
    for workflow in workflows {
        let is_one = |run: &&Run| {
            run.workflow == workflow && run.branch == branch && run.event != "pull_request"
        };
        let mine: Vec<&Run> = runs.iter().copied().filter(is_one).collect();
        let mut red = None;
        for attempt in in_order(&mine) {
            match attempt.green {
                Some(false) => red = red.or(attempt.end),
                Some(true) => {
                    if let (Some(since), Some(at)) = (red.take(), attempt.end) {
                        truth.span("time_to_green", at, since, at);
                    }
                }
                None => {}
            }
        }
    }
}
