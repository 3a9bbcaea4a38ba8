//! Why a build or a stage of it failed: its log and the test report of the build.
//!
//! A finished build never changes: once it is known why it failed, nothing is asked again,
//! unless its log left the cache and a person wants to read it.

use std::sync::Arc;

use chrono::TimeDelta;

use super::map::tests;
use super::state::NodeSeen;
use super::{Jenkins, LOGS, TESTS, tree, wire};
use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, LogKey, LogState};
use crate::domain::fact::Fact;
use crate::domain::run::Run;
use crate::domain::text::Clean;
use crate::sources::detail::is_detail;
use crate::sources::evidence::Evidence;
use crate::sources::http::{Failure, Request, Urgency};
use crate::sources::inspect::Looked;
use crate::sources::job_log::{self, Lost};
use crate::sources::junit::Report;
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// For how long after the end of a build its log may still be on its way.
const LOG_WAITS: TimeDelta = TimeDelta::minutes(10);

/// What the tests of a build told, or why they told nothing.
pub(super) type Told = Result<wire::TestReport, Clean>;

/// What is looked into.
struct Case<'a> {
    key: &'a LogKey,
    path: &'a str,
    run: &'a Run,
    now: Timestamp,
}

impl Jenkins {
    /// Finds out why a job failed, because a person opened it.
    pub(super) async fn diagnose_now(
        &self,
        key: LogKey,
        now: Timestamp,
    ) -> Result<Batch, SourceError> {
        let ask = Ask {
            urgency: Urgency::Person,
            forced: false,
            conditional: false,
        };
        let Some(fact) = self.diagnosis(&key, ask, now).await? else {
            return Err(SourceError::NotFound {
                host: self.port.host().to_owned(),
                what: "the build of this job".to_owned(),
                near: None,
            });
        };
        Ok(job_log::told(fact))
    }

    /// Answers a need; a log that is not there yet is asked for again later.
    pub(super) async fn need_diagnosis(
        &self,
        run: u64,
        job: u64,
        ask: Ask,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let Some((_, told)) = self.known_run(run) else {
            return Ok(());
        };
        let key = LogKey {
            run: told.key(),
            attempt: told.attempt,
            job,
        };
        let fact = self.diagnosis(&key, ask, now).await?;
        let told = fact.filter(|fact| !job_log::is_early(fact));
        batch.facts.extend(told.map(Arc::unwrap_or_clone));
        Ok(())
    }

    async fn diagnosis(
        &self,
        key: &LogKey,
        ask: Ask,
        now: Timestamp,
    ) -> Result<Option<Arc<Fact>>, Failure> {
        let before = self.state().diagnosed.of(key);
        if let Some((fact, found)) = &before
            && job_log::holds(&*self.ground.logs, key, found, ask.urgency)
        {
            return Ok(Some(Arc::clone(fact)));
        }
        let Some((path, run)) = self.known_run(key.run.id) else {
            return Ok(None);
        };
        let node = self.state().nodes.get(&key.job).cloned();
        let Some(node) = node else {
            return Ok(None);
        };
        let case = Case {
            key,
            path: &path,
            run: &run,
            now,
        };
        let looked = self.read_log(&case, node.log.as_deref(), ask).await?;
        let only_log = job_log::is_only_log(before.as_ref().map(|(_, found)| found));
        let told = if only_log {
            None
        } else {
            Some(self.report(&path, &run, ask).await?)
        };
        let found = self.weigh(key, node, looked, told.as_deref());
        let found = job_log::renewed(before.map(|(_, found)| found), found);
        let fact = Arc::new(Fact::Diagnosis(Box::new(found.clone())));
        self.state().diagnosed.keep(&fact);
        Ok(Some(fact))
    }

    fn weigh(
        &self,
        key: &LogKey,
        node: NodeSeen,
        looked: Looked,
        told: Option<&Told>,
    ) -> Diagnosis {
        let shared = self.state().is_shared(key.run.id, key.job);
        let (report, is_own, sought) = match told {
            Some(Ok(wire)) => {
                let (report, is_own) = tests::report(wire, node.stage.as_deref());
                let sought = if report.failed == 0 {
                    "no test of the report failed"
                } else {
                    ""
                };
                (Some(named(report)), is_own, Clean::line(sought))
            }
            Some(Err(why)) => (None, true, why.clone()),
            None => (None, true, Clean::default()),
        };
        let job = job_log::Job {
            name: node.name,
            step: node.step,
            finished_at: node.finished_at,
        };
        let evidence = Evidence {
            looked,
            notes: Vec::new(),
            report,
            is_shared: shared && !is_own,
            sought,
        };
        job_log::assemble(key, job, evidence)
    }

    /// Reads the log of the step that failed, else that of the whole build.
    async fn read_log(
        &self,
        case: &Case<'_>,
        step: Option<&str>,
        ask: Ask,
    ) -> Result<Looked, Failure> {
        let (path, number) = (case.path, case.run.number);
        if let Some(step) = step {
            let below = [
                "execution",
                "node",
                step,
                "log",
                "logText",
                "progressiveText",
            ];
            let mut url = self.build_url(path, number, &below);
            url.set_query(Some("start=0"));
            match self.stream(case.key, url, ask).await {
                Ok(looked) if looked.log != LogState::Empty => return Ok(looked),
                Ok(_) => {}
                Err(failure) if is_detail(&failure.error) => {}
                Err(failure) => return Err(failure),
            }
        }
        let was_over = case.run.state.is_over();
        if !was_over && self.standing(path, number, ask).await?.is_none() {
            // What there is of it would be kept as if it were all.
            return Ok(Looked::without(LogState::NotYet));
        }
        let url = self.build_url(path, number, &["consoleText"]);
        match self.stream(case.key, url, ask).await {
            Ok(looked) => {
                if !matches!(looked.log, LogState::Refused(_)) {
                    self.port.can(LOGS, CapabilityState::Available);
                }
                Ok(looked)
            }
            Err(failure) => self.without_log(failure, case).map(Looked::without),
        }
    }

    async fn stream(&self, key: &LogKey, url: url::Url, ask: Ask) -> Result<Looked, Failure> {
        let client = self.port.client(ask).await.map_err(Failure::of)?;
        let request = Request {
            url,
            conditional: false,
            urgency: ask.urgency,
        };
        job_log::read(client, &self.ground.logs, key, &request).await
    }

    /// Returns what a refused log means; trouble on the way is an error of the whole.
    fn without_log(&self, failure: Failure, case: &Case<'_>) -> Result<LogState, Failure> {
        let run = case.run;
        match job_log::lost(failure)? {
            Lost::Gone | Lost::Absent => {
                let ended = run.state.is_over().then_some(run.updated_at);
                Ok(job_log::absent(ended, case.now, LOG_WAITS))
            }
            Lost::Forbidden(error) => {
                let why = Clean::line(&error.to_string());
                self.port.can(LOGS, CapabilityState::Missing(why.clone()));
                Ok(LogState::Refused(why))
            }
        }
    }

    /// Reads the test report of a build, once.
    async fn report(&self, path: &str, run: &Run, ask: Ask) -> Result<Arc<Told>, Failure> {
        if let Some(told) = self.state().reports.get(&run.id) {
            return Ok(Arc::clone(told));
        }
        let mut url = self.build_url(path, run.number, &["testReport", "api", "json"]);
        url.query_pairs_mut().append_pair("tree", tree::TESTS);
        let told = match self.port.get::<wire::TestReport>(url, ask).await {
            Ok((report, _)) => {
                self.port.can(TESTS, CapabilityState::Available);
                Ok(report)
            }
            Err(failure) if matches!(failure.error, SourceError::NotFound { .. }) => {
                self.port.excused(&failure);
                Err(Clean::line("the build has no test report"))
            }
            Err(failure) if is_detail(&failure.error) => {
                Err(Clean::line(&format!("test report: {}", failure.error)))
            }
            Err(failure) => return Err(failure),
        };
        let told = Arc::new(told);
        self.state().reports.insert(run.id, Arc::clone(&told));
        Ok(told)
    }
}

fn named(report: Report) -> (Clean, Report) {
    (Clean::line("test report"), report)
}
