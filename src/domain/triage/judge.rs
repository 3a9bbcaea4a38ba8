//! Judges one red card: which run and job, first bad commit, base, flaky or real.
//!
//! Every sentence carries its counts. Where facts are missing it says which,
//! and asks for them as [`Need`]s.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::domain::correlate::Need;
use crate::domain::diagnosis::{Diagnosis, LogState};
use crate::domain::item::WorkItem;
use crate::domain::policy::LookBack;
use crate::domain::run::{Failure, Job, Run, RunState};
use crate::domain::text::Clean;
use crate::domain::triage::alike::Ours;
use crate::domain::triage::base::base;
use crate::domain::triage::book::{Verdicts, failed_runs, say};
use crate::domain::triage::brought::Change;
use crate::domain::triage::culprit::first_bad;
use crate::domain::triage::flaky::flaky;
use crate::domain::triage::lane::{Repo, failed_job, is_green, is_red};
use crate::domain::triage::record::records;
use crate::domain::triage::{Attempt, JobLine, Known, Triage};

/// Of how many runs for each that tells the usual time of a job it is looked for one that does.
const SPARE: usize = 3;

/// Judges a card by its newest failed run; `None` where no failed run is known.
pub(super) fn judge(repo: &Repo, item: &WorkItem, look_back: LookBack) -> Option<Verdicts> {
    let (source, run) = failed_runs(item).find_map(|(key, id)| repo.run(key.as_str(), id))?;
    let mut needs = BTreeSet::new();
    let set = repo.jobs(run).filter(|set| set.attempt == run.attempt);
    let jobs: &[Job] = set.map_or(&[], |set| &set.jobs);
    let failed = failed_job(jobs);
    let job = failed.and_then(|at| jobs.get(at));
    if set.is_none() && run.no_jobs.is_empty() {
        needs.insert(Need::Jobs {
            repo: run.repo.clone(),
            run: run.id,
        });
    }
    if run.attempt > 1 && repo.earlier(run).len() + 1 < run.attempt as usize {
        needs.insert(Need::Attempts {
            repo: run.repo.clone(),
            run: run.id,
        });
    }
    let no_job = no_job(repo, run);
    let diagnosis = diagnosis(repo, (run, job), no_job, &mut needs);
    let found = match &diagnosis {
        Known::Yes(found) => Some(found.as_ref()),
        Known::No(_) => None,
    };
    let tests = found.map_or_else(Vec::new, |found| {
        records(repo, run, found, look_back.runs())
    });
    let ours = Ours { run, job, found };
    let change = repo.change_of(run);
    let base = match change {
        Some(change) => base(
            repo,
            ours,
            &change.base_branch,
            look_back.runs(),
            &mut needs,
        ),
        None => Known::No(say("no change request of this run is known")),
    };
    let of_change = change.map(|change| Change {
        number: change.number,
        branch: &change.base_branch,
        base: &base,
    });
    let first_bad = first_bad(repo, ours, of_change, look_back.runs(), &mut needs);
    ask_history(repo, run, look_back, &mut needs);
    let flaky = flaky(repo, ours, no_job, &base, &tests, look_back.runs());
    let signature = found.and_then(|found| found.signature.clone());
    let triage = Triage {
        item: item.id.clone(),
        key: item.key.clone(),
        title: item.title.clone(),
        source: source.clone(),
        repo: run.repo.clone(),
        attempts: attempts(repo, run),
        jobs: lines(repo, run, jobs, look_back.usual()),
        jobs_known: set.is_some() || !run.no_jobs.is_empty(),
        failed_job: failed,
        diagnosis,
        tests,
        first_bad,
        base,
        flaky,
        signature,
        since: since(run, job),
        run: Arc::new(run.clone()),
    };
    Some(Verdicts { triage, needs })
}

/// When it got red: the end of the job that decides, else of the run.
fn since(run: &Run, job: Option<&Job>) -> crate::domain::Timestamp {
    job.and_then(|job| job.finished_at)
        .unwrap_or(run.updated_at)
}

/// Why no job decides: one reason, wherever it is told.
fn no_job<'a>(repo: &Repo, run: &'a Run) -> &'a str {
    if run.state == RunState::Failed(Failure::Startup) {
        "the run could not start: it has no job and no log, its page says why"
    } else if repo.jobs(run).is_some_and(|set| set.attempt == run.attempt) {
        "no job of this run failed by itself"
    } else if !run.no_jobs.is_empty() {
        &run.no_jobs
    } else {
        "the jobs of this run are not read yet"
    }
}

/// What was found about the job that decides, or what keeps it from being found.
fn diagnosis(
    repo: &Repo,
    (run, job): (&Run, Option<&Job>),
    no_job: &str,
    needs: &mut BTreeSet<Need>,
) -> Known<Arc<Diagnosis>> {
    let Some(job) = job else {
        return Known::No(say(no_job));
    };
    let found = repo.diagnosis(run, job.id);
    // A log that was not there yet may be there now; what else is known counts meanwhile.
    if found.is_none_or(|found| found.log == LogState::NotYet) {
        needs.insert(Need::Diagnosis {
            repo: run.repo.clone(),
            run: run.id,
            job: job.id,
        });
    }
    if let Some(found) = found {
        return Known::Yes(Arc::new(found.clone()));
    }
    Known::No(say(&format!(
        "the log of job `{}` is not read yet",
        job.name
    )))
}

/// The last runs of the workflow are asked for where too few are known to compare with.
fn ask_history(repo: &Repo, run: &Run, look_back: LookBack, needs: &mut BTreeSet<Need>) {
    let branch = repo
        .change_of(run)
        .map_or_else(|| run.branch.clone(), |change| change.base_branch.clone());
    let known = repo
        .lane(run, &branch)
        .rev()
        .take(look_back.usual().saturating_mul(SPARE))
        .filter(|other| is_red(&other.state) || is_green(&other.state))
        .filter(|other| repo.jobs(other).is_some());
    if known.count() < look_back.usual() {
        needs.insert(Need::History {
            repo: run.repo.clone(),
            workflow: run.workflow_key().clone(),
            branch,
            runs: look_back.runs.max(look_back.usual),
        });
    }
}

pub(super) fn attempts(repo: &Repo, run: &Run) -> Vec<Attempt> {
    let mut found: Vec<Attempt> = repo
        .earlier(run)
        .into_iter()
        .map(|set| Attempt {
            number: set.attempt,
            jobs: set.jobs.clone(),
        })
        .collect();
    found.reverse();
    found
}

/// Returns each job with its queue time, its time and the usual time of jobs of that name.
pub(super) fn lines(repo: &Repo, run: &Run, jobs: &[Job], most: usize) -> Vec<JobLine> {
    let usual = usual(repo, run, most);
    let of_name = |job: &Job| usual.get(&job.name).copied();
    jobs.iter().map(|job| line(job, of_name(job))).collect()
}

fn line(job: &Job, usual: Option<(i64, usize)>) -> JobLine {
    let secs = |from: Option<crate::domain::Timestamp>, to: Option<crate::domain::Timestamp>| {
        let (from, to) = (from?, to?);
        Some((to - from).num_seconds().max(0))
    };
    JobLine {
        group: group_name(&job.name),
        queued_secs: secs(job.created_at, job.started_at),
        ran_secs: secs(job.started_at, job.finished_at),
        usual,
        job: job.clone(),
    }
}

/// Returns the name of a job without the values of its matrix: `test` of `test (linux, 1.95)`.
pub(super) fn group_name(name: &Clean) -> Clean {
    let matrix = name
        .strip_suffix(')')
        .and_then(|rest| rest.rsplit_once(" ("))
        .map(|(group, _)| group.trim_end());
    match matrix {
        Some(group) if !group.is_empty() => say(group),
        Some(_) | None => name.clone(),
    }
}

/// The median time of the last jobs of each name that passed, in seconds, and of how many.
type Usual<'a> = HashMap<&'a Clean, (i64, usize)>;

/// Returns the usual times of the jobs of a workflow, each of the last `most` that passed.
fn usual<'a>(repo: &'a Repo, run: &'a Run, most: usize) -> Usual<'a> {
    let mut times: HashMap<&Clean, Vec<i64>> = HashMap::new();
    let recent = repo.recent(run, most.saturating_mul(SPARE)).into_iter();
    for set in recent
        .filter(|other| other.id != run.id)
        .filter_map(|other| repo.jobs(other))
    {
        let mut told: HashSet<&Clean> = HashSet::new();
        for job in set.jobs.iter().filter(|job| is_green(&job.state)) {
            let Some((from, to)) = job.started_at.zip(job.finished_at) else {
                continue;
            };
            let secs = (to - from).num_seconds();
            let of_name = times.entry(&job.name).or_default();
            if secs >= 0 && of_name.len() < most && told.insert(&job.name) {
                of_name.push(secs);
            }
        }
    }
    let medians = times.into_iter().filter_map(|(name, mut times)| {
        times.sort_unstable();
        let middle = times.get(times.len().checked_sub(1)? / 2)?;
        Some((name, (*middle, times.len())))
    });
    medians.collect()
}
