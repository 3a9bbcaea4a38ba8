//! Whether two failures of one repository are the same.
//!
//! Where both name tests, all tests of ours must have failed there; otherwise the
//! signatures must be equal. A text that names nothing ("exit code 1", "health
//! check failed after 3 tries") is the same only in the same job of the same
//! workflow. What was not read is not compared: the gap is told instead.

use crate::domain::diagnosis::{Diagnosis, FailedTest, LogState};
use crate::domain::run::{Job, Run};
use crate::domain::triage::lane::{Repo, failed_job, is_green, is_red};

/// Our failure: the run, the job that decides, and what was found about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ours<'a> {
    /// The run.
    pub(super) run: &'a Run,
    /// The job that decides.
    pub(super) job: Option<&'a Job>,
    /// What was found about that job.
    pub(super) found: Option<&'a Diagnosis>,
}

/// What another run of the same workflow says to our failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    /// It failed alike.
    Alike,
    /// It did not: the job passed there, or something else failed.
    Otherwise,
    /// It cannot be told.
    Unknown(Gap),
}

/// Why two failures cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Gap {
    /// The jobs of the other run were not read.
    Jobs,
    /// No job of the other run failed by itself.
    NoJob,
    /// The log of this job of the other run was not read.
    Log(u64),
    /// Our own log was not read.
    Ours,
    /// Not every log shows an error to compare.
    Nothing,
}

/// Compares a red run of the same workflow with our failure.
pub(super) fn seen(repo: &Repo, other: &Run, ours: Ours<'_>) -> Seen {
    let theirs = || repo.diagnoses(other);
    if let Some(found) = ours.found
        && theirs().any(|one| same(found, one))
    {
        return Seen::Alike;
    }
    let Some(set) = repo.jobs(other).filter(|set| set.attempt == other.attempt) else {
        return Seen::Unknown(Gap::Jobs);
    };
    let name = ours.job.map(|job| &job.name);
    let named = |job: &&Job| Some(&job.name) == name;
    if set
        .jobs
        .iter()
        .filter(named)
        .any(|job| is_green(&job.state))
    {
        return Seen::Otherwise;
    }
    let alike = set.jobs.iter().filter(named).find(|job| is_red(&job.state));
    let first = || failed_job(&set.jobs).and_then(|at| set.jobs.get(at));
    let Some(job) = alike.or_else(first) else {
        return Seen::Unknown(Gap::NoJob);
    };
    let Some(found) = ours.found else {
        return Seen::Unknown(Gap::Ours);
    };
    match repo.diagnosis(other, job.id) {
        None => Seen::Unknown(Gap::Log(job.id)),
        Some(one) if one.log == LogState::NotYet => Seen::Unknown(Gap::Log(job.id)),
        Some(one) if can_compare(found, one) => Seen::Otherwise,
        Some(_) => Seen::Unknown(Gap::Nothing),
    }
}

/// Whether two failures of one workflow are the same.
pub(super) fn same(ours: &Diagnosis, theirs: &Diagnosis) -> bool {
    is_same_for_sure(ours, theirs)
        || (has_one_signature(ours, theirs)
            && tests_are_silent(ours, theirs)
            && ours.job_name == theirs.job_name)
}

/// Whether two failures are the same wherever they happen: what they share names something.
pub(super) fn is_same_for_sure(ours: &Diagnosis, theirs: &Diagnosis) -> bool {
    if tests_are_silent(ours, theirs) {
        return has_one_signature(ours, theirs) && !is_generic(ours);
    }
    let failed_there = |test: &FailedTest| theirs.tests.iter().any(|one| is_same(one, test));
    ours.tests.iter().all(failed_there)
}

fn tests_are_silent(a: &Diagnosis, b: &Diagnosis) -> bool {
    a.tests.is_empty() || b.tests.is_empty()
}

fn has_one_signature(a: &Diagnosis, b: &Diagnosis) -> bool {
    match (&a.signature, &b.signature) {
        (Some(a), Some(b)) => a.id == b.id,
        (None, _) | (_, None) => false,
    }
}

fn can_compare(a: &Diagnosis, b: &Diagnosis) -> bool {
    a.signature.is_some() && b.signature.is_some()
}

/// Whether two records are of the same test.
pub(super) fn is_same(a: &FailedTest, b: &FailedTest) -> bool {
    a.name == b.name && a.suite == b.suite
}

/// Whether a failure says nothing that tells it from unrelated ones: no test, no name, no place.
pub(super) fn is_generic(found: &Diagnosis) -> bool {
    let error = found.error.as_ref();
    found.tests.is_empty() && error.is_none_or(|error| !names_something(&error.text))
}

/// Whether a text has a name in quotes, a host, a path or an identifier.
fn names_something(text: &str) -> bool {
    text.split_whitespace().any(|word| {
        let quoted = word.trim_start_matches(['(', '[', '=']);
        let is_quoted = quoted.starts_with(['`', '\'', '"'])
            && quoted.chars().filter(|c| c.is_alphanumeric()).count() > 1;
        is_quoted || is_name(word)
    })
}

/// Whether a word is more than a word: parts with letters, joined by marks of hosts, paths, names.
fn is_name(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let mut parts = word.split(['.', '/', '_', ':', '\\', '@']);
    let is_part = |part: &str| part.chars().filter(|c| c.is_alphabetic()).count() > 1;
    let named = parts.by_ref().filter(|part| is_part(part)).count();
    named > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_name_is_generic() {
        #[track_caller]
        fn check(text: &str, names: bool) {
            assert_eq!(names_something(text), names, "{text}");
        }
        check("Health check failed after 30 tries", false);
        check("Process completed with exit code 1.", false);
        check("exit code 137", false);
        check("read tcp: i/o timeout after 1.5s", false);
        check("mismatched types", false);
        check("can't connect", false);
        check("Failed to connect to packages.example.org port 443", true);
        check("Duplicate resource \"acme_record\"", true);
        check("cannot find `Queue` in this scope", true);
        check("src/pay.rs: no such file", true);
        check("acme_record is there twice", true);
    }
}
