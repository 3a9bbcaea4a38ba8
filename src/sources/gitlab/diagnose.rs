//! Why a job failed: its log, and the test report of its pipeline, in three requests.
//!
//! A finished job never changes: once it is known why it failed, nothing is asked
//! again, unless its log left the cache and a person wants to read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::api::{Poll, is_refusal};
use super::memory::Reports;
use super::{GitLab, wire_ci};
use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, FailedTest, LogKey, LogState};
use crate::domain::fact::Fact;
use crate::domain::run::{RunKey, is_foreign};
use crate::domain::text::Clean;
use crate::sources::evidence::Evidence;
use crate::sources::failed_jobs::JobSeen;
use crate::sources::http::{Failure, Request};
use crate::sources::inspect::Looked;
use crate::sources::job_log::{self, Lost};
use crate::sources::junit::Report;
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// How many characters of what a test said are kept.
const MOST_MESSAGE: usize = 500;

/// The name under which a report is told.
const REPORT: &str = "the test report of the pipeline";

impl GitLab {
    /// Finds out why a job failed, because a person opened it.
    pub(super) async fn diagnose_now(
        &self,
        key: LogKey,
        now: Timestamp,
    ) -> Result<Batch, SourceError> {
        if is_foreign(key.run.id) {
            return Ok(Batch::default());
        }
        let ask = Ask {
            forced: false,
            ..Ask::person()
        };
        let fact = self.diagnosis(&key, Poll { now, ask }).await?;
        Ok(job_log::told(fact))
    }

    /// Answers a need; a log that is not there yet is asked for again soon.
    pub(super) async fn need_diagnosis(
        &self,
        run: RunKey,
        job: u64,
        poll: Poll,
    ) -> Result<Option<Fact>, Failure> {
        let attempt = {
            let mut state = self.state();
            let known = state.memory.jobs.attempt_of(&run, job);
            let project = state.known(run.repo.path());
            let seen = project.and_then(|project| project.runs.get(&run.id));
            known.or(seen.map(|seen| seen.run.attempt)).unwrap_or(1)
        };
        let key = LogKey { run, attempt, job };
        let fact = self.diagnosis(&key, poll).await?;
        Ok((!job_log::is_early(&fact)).then(|| Arc::unwrap_or_clone(fact)))
    }

    async fn diagnosis(&self, key: &LogKey, poll: Poll) -> Result<Arc<Fact>, Failure> {
        let before = self.state().memory.diagnosed.of(key);
        if let Some((fact, found)) = &before
            && job_log::holds(&*self.ground.logs, key, found, poll.ask.urgency)
        {
            return Ok(Arc::clone(fact));
        }
        let (job, pipeline) = self.job(key, poll).await?;
        let looked = self.read_log(key, &job, poll).await?;
        let only_log = job_log::is_only_log(before.as_ref().map(|(_, found)| found));
        let (report, sought) = if only_log {
            (None, String::new())
        } else {
            self.report(key, pipeline, poll).await?
        };
        let own = own_name(&job.name);
        let of_job = report.as_ref().and_then(|reports| suite(reports, own));
        let is_exact = report.as_ref().is_some_and(|all| all.contains_key(own));
        let is_shared = !is_exact && self.state().memory.jobs.is_shared(key);
        let found = job_log::assemble(
            key,
            job_log::Job {
                name: job.name,
                step: None,
                finished_at: job.finished_at,
            },
            Evidence {
                looked,
                notes: Vec::new(),
                report: of_job.map(|report| (Clean::line(REPORT), report.clone())),
                is_shared,
                sought: Clean::line(&sought),
            },
        );
        let found = job_log::renewed(before.map(|(_, found)| found), found);
        let fact = Arc::new(Fact::Diagnosis(Box::new(found)));
        self.state().memory.diagnosed.keep(&fact);
        Ok(fact)
    }

    /// Returns a job and the pipeline that it belongs to: a child has reports of its own.
    async fn job(&self, key: &LogKey, poll: Poll) -> Result<(JobSeen, u64), Failure> {
        let known = self.state().memory.jobs.get(&key.run, key.job).cloned();
        if let Some(job) = known.filter(|job| own_name(&job.name) == job.name.as_str()) {
            return Ok((job, key.run.id));
        }
        let known = self.state().memory.jobs.get(&key.run, key.job).cloned();
        let part = self.part(key.run.repo.path());
        let id = key.job.to_string();
        let route = ["projects", &part, "jobs", &id];
        let (wire, _) = self.one::<wire_ci::Job>(&route, &[], poll).await?;
        let pipeline = wire.pipeline.as_ref().map_or(key.run.id, |it| it.id);
        let job = known.unwrap_or_else(|| JobSeen {
            name: Clean::line(&wire.name),
            finished_at: wire.finished_at,
            ..JobSeen::unknown(key)
        });
        Ok((job, pipeline))
    }

    /// Streams a log into the cache and reads it on the way.
    async fn read_log(&self, key: &LogKey, job: &JobSeen, poll: Poll) -> Result<Looked, Failure> {
        if job.finished_at.is_none() && !self.has_ended(key, poll).await? {
            // What there is of it would be kept as if it were all.
            return Ok(Looked::without(LogState::NotYet));
        }
        let part = self.part(key.run.repo.path());
        let id = key.job.to_string();
        let request = Request {
            url: self.url(&["projects", &part, "jobs", &id, "trace"], &[]),
            conditional: false,
            urgency: poll.ask.urgency,
        };
        let client = self.port.client(poll.ask).await.map_err(Failure::of)?;
        match job_log::read(client, &self.ground.logs, key, &request).await {
            Ok(looked) => {
                if !matches!(looked.log, LogState::Refused(_)) {
                    self.port.can(super::LOGS, CapabilityState::Available);
                }
                Ok(looked)
            }
            Err(failure) => self.without_log(failure, job, poll).map(Looked::without),
        }
    }

    /// Returns what a refused log means; trouble on the way is an error of the whole.
    fn without_log(
        &self,
        failure: Failure,
        job: &JobSeen,
        poll: Poll,
    ) -> Result<LogState, Failure> {
        match job_log::lost(failure)? {
            Lost::Gone => Ok(LogState::Gone),
            Lost::Absent => Ok(job_log::absent(job.finished_at, poll.now, job_log::WAIT)),
            Lost::Forbidden(_) => {
                let why =
                    "the token may not; it needs `read_api`, and the project to show its jobs";
                let missing = CapabilityState::Missing(Clean::line(why));
                self.port.can(super::LOGS, missing);
                Ok(LogState::Refused(Clean::line(why)))
            }
        }
    }

    /// Reads the test report of a pipeline; what it costs to miss it is the names of tests.
    async fn report(
        &self,
        key: &LogKey,
        pipeline: u64,
        poll: Poll,
    ) -> Result<(Option<Arc<Reports>>, String), Failure> {
        let known = self.state().memory.reports(&key.run, key.job);
        if known.is_some() {
            return Ok((known, "no report of this job".to_owned()));
        }
        let part = self.part(key.run.repo.path());
        let id = pipeline.to_string();
        let route = ["projects", &part, "pipelines", &id, "test_report"];
        let mut once = poll;
        once.ask.conditional = false;
        let read = self.one::<wire_ci::TestReport>(&route, &[], once).await;
        let report = match read {
            Ok((report, _)) => report,
            Err(failure) if is_refusal(&failure) => {
                return Ok((None, "no test report may be read".to_owned()));
            }
            Err(failure) if matches!(failure.error, SourceError::Unreadable { .. }) => {
                return Ok((None, "the test report cannot be read".to_owned()));
            }
            Err(failure) => return Err(failure),
        };
        self.port.can(super::REPORTS, CapabilityState::Available);
        let reports: Arc<Reports> = Arc::new(reports(&report));
        let sought = if reports.is_empty() {
            "the pipeline has no test report"
        } else {
            "no report of this job"
        };
        let mut state = self.state();
        state
            .memory
            .keep_reports(&key.run, key.job, Arc::clone(&reports));
        Ok((Some(reports), sought.to_owned()))
    }
}

/// Returns a job's own name, without the bridges that lead to it.
fn own_name(name: &str) -> &str {
    name.rsplit(" / ").next().unwrap_or(name)
}

/// Returns the suite of a job: of its name, else of the name that its parallel parts share.
fn suite<'r>(reports: &'r Reports, job: &str) -> Option<&'r Report> {
    reports.get(job).or_else(|| {
        let shared = |name: &&String| {
            let rest = job.strip_prefix(name.as_str());
            rest.is_some_and(|rest| rest.starts_with([' ', ':']))
        };
        let longest = reports.keys().filter(shared).max_by_key(|name| name.len());
        longest.and_then(|name| reports.get(name))
    })
}

/// Returns the failing tests of each suite.
fn reports(wire: &wire_ci::TestReport) -> Reports {
    let mut reports: Reports = BTreeMap::new();
    for suite in &wire.test_suites.items {
        let failed =
            |case: &&wire_ci::Case| matches!(case.status.as_deref(), Some("failed" | "error"));
        let cases = suite.test_cases.items.iter().filter(failed);
        let report = reports.entry(suite.name.clone()).or_default();
        report.files += 1;
        report.ran += suite.total_count.saturating_sub(suite.skipped_count);
        for case in cases {
            report.failed += 1;
            if report.tests.len() < Diagnosis::MOST_TESTS {
                report.tests.push(failed_test(case));
            }
        }
    }
    reports
}

fn failed_test(case: &wire_ci::Case) -> FailedTest {
    let said = case.system_output.as_ref().and_then(text_of);
    let said = said
        .or_else(|| case.stack_trace.clone())
        .unwrap_or_default();
    let first = said.lines().map(str::trim).find(|line| !line.is_empty());
    let short: String = first
        .unwrap_or_default()
        .chars()
        .take(MOST_MESSAGE)
        .collect();
    FailedTest {
        name: Clean::line(&case.name),
        suite: case.classname.as_deref().map(Clean::line),
        message: Clean::line(&short),
        seconds: case.execution_time.filter(|secs| secs.is_finite()),
        file: case.file.as_deref().map(Clean::line),
        row: None,
        line: None,
    }
}

/// What a runner printed is a text, or an object with one in it.
fn text_of(value: &serde_json::Value) -> Option<String> {
    let text = value.as_str().or_else(|| {
        let message = value.get("message").or_else(|| value.get("#text"));
        message.and_then(serde_json::Value::as_str)
    });
    text.filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{own_name, reports, suite};

    const TEXT: &str = r#"{"total_count":4,"test_suites":[
        {"name":"rspec","total_count":3,"skipped_count":1,"test_cases":[
            {"status":"success","name":"a"},
            {"status":"failed","name":"adds up","classname":"cart_spec","execution_time":0.5,
             "system_output":"\n  expected 3\n  got 4","file":"spec/cart_spec.rb"},
            {"status":"skipped","name":"c"}]},
        {"name":"jest","total_count":1,"test_cases":[
            {"status":"error","name":"renders","system_output":{"message":"boom"},"stack_trace":"at x"},
            {"status":7}]},
        {"name":"rspec","total_count":1,"test_cases":[{"status":"error","name":"d","stack_trace":"trace"}]}]}"#;

    #[test]
    fn failing_tests_are_told_by_suite() {
        let found = reports(&serde_json::from_str(TEXT).unwrap());
        let rspec = &found["rspec"];
        assert_eq!((rspec.ran, rspec.failed, rspec.tests.len()), (3, 2, 2));
        let first = &rspec.tests[0];
        assert_eq!(
            (first.name.as_str(), first.message.as_str()),
            ("adds up", "expected 3")
        );
        assert_eq!(first.suite.as_deref(), Some("cart_spec"));
        assert_eq!(rspec.tests[1].message.as_str(), "trace");
        assert_eq!(found["jest"].tests[0].message.as_str(), "boom");
    }

    #[test]
    fn a_job_finds_the_suite_of_its_name_or_of_its_parallel_parts() {
        let found = reports(&serde_json::from_str(TEXT).unwrap());
        let failed = |job: &str| suite(&found, job).map(|report| report.failed);
        assert_eq!(failed("rspec"), Some(2));
        assert_eq!(failed("rspec 2/3"), Some(2));
        assert_eq!(failed("rspec: [ruby-3]"), Some(2));
        assert_eq!(failed("rspecs"), None);
        assert_eq!(own_name("deploy / e2e / smoke"), "smoke");
    }
}
