//! Stages and gates of builds that are red or move: what correlation asked to know.

use std::collections::BTreeMap;

use super::map::stages;
use super::past::{costs_itself, is_trouble};
use super::state::is_moving;
use super::{DETAILS, Jenkins, STAGES, tree, wire};
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::run::{GateSet, JobSet, Run, RunState, parts_of_foreign};
use crate::domain::text::Clean;
use crate::sources::detail::is_detail;
use crate::sources::http::{Failure, List};
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// Of how many failed stages the steps are read.
const MOST_FAILED: usize = 3;

/// After how long it is tried again whether stages are told, in hours.
const AGAIN_HOURS: i64 = 1;

/// Why no stages are told.
pub(super) const NO_STAGES: &str = "the plugin *Pipeline: REST API* (`pipeline-rest-api`) is not \
    installed: builds are shown without stages";

/// The stage and the step with the telling log, by the identity of the job.
type Nodes = BTreeMap<u64, (Option<String>, Option<String>)>;

impl Jenkins {
    /// Answers what is asked, as much as one fetch may spend.
    pub(super) async fn answer_needs(
        &self,
        ask: Ask,
        now: Timestamp,
    ) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let ended: Vec<u64> = self.state().ended().into_iter().take(DETAILS).collect();
        for run in ended {
            let read = self.details(run, ask, now, &mut batch).await;
            if !is_trouble(&read)
                && let Some(seen) = self.state().build_mut(run)
            {
                // Whatever came of it, it is not asked again.
                seen.stages = Some((seen.run.updated_at, now));
                seen.gated = false;
            }
            costs_itself(read, &mut batch)?;
        }
        let due: Vec<Need> = self.state().due(now).into_iter().take(DETAILS).collect();
        for need in due {
            let read = self.answer(&need, ask, now, &mut batch).await;
            if !is_trouble(&read) {
                self.state().answer(&need, now);
            }
            costs_itself(read, &mut batch)?;
        }
        self.state().turn += 1;
        Ok(batch)
    }

    async fn answer(
        &self,
        need: &Need,
        ask: Ask,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        match need {
            Need::Jobs { run, .. } | Need::Gates { run, .. } => {
                self.details(*run, ask, now, batch).await
            }
            Need::Diagnosis { run, job, .. } => {
                self.need_diagnosis(*run, *job, ask, now, batch).await
            }
            Need::History {
                workflow,
                branch,
                runs,
                ..
            } => match parts_of_foreign(workflow) {
                Some((_, project)) => self.history(project, branch, *runs, ask, batch).await,
                None => Ok(()),
            },
            Need::Attempts { .. }
            | Need::ManualJobs { .. }
            | Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. } => Ok(()),
        }
    }

    /// Reads the stages of the builds at work that somebody looks at.
    pub(super) async fn live(&self, ask: Ask, now: Timestamp) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let due: Vec<u64> = self.state().live(now).into_iter().take(DETAILS).collect();
        for run in due {
            let read = self.details(run, ask, now, &mut batch).await;
            costs_itself(read, &mut batch)?;
        }
        Ok(batch)
    }

    /// Reads stages and gates of one build.
    async fn details(
        &self,
        run: u64,
        ask: Ask,
        now: Timestamp,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let Some((path, told)) = self.known_run(run) else {
            return Ok(());
        };
        let described = self.describe(&path, told.number, ask, now).await?;
        let waits = described.as_ref().is_some_and(|(described, _)| {
            is_moving(&told.state) && described.status.as_deref() == Some("PAUSED_PENDING_INPUT")
        });
        let gates = if waits {
            Some(self.gates(&path, &told, ask).await?)
        } else {
            None
        };
        let (set, nodes) = match &described {
            Some((described, logs)) => self.jobs_of(&path, &told, described, logs),
            None => (
                self.with_ground(|ground| stages::only(ground, &path, &told)),
                Nodes::new(),
            ),
        };
        let mut state = self.state();
        state.see_jobs(&set, &nodes);
        if let Some(seen) = state.build_mut(run) {
            let changed = is_moving(&seen.run.state) && seen.waits != waits;
            seen.stages = Some((told.updated_at, now));
            if changed {
                seen.waits = waits;
                seen.run.state = if waits {
                    RunState::Waiting
                } else {
                    RunState::Running
                };
                batch.facts.push(Fact::Run(seen.run.clone()));
            }
            if let Some(gates) = gates {
                seen.gated = true;
                batch.facts.push(Fact::GateSet(gates));
            } else if seen.gated {
                // It went on: its gates are passed, which is said once.
                seen.gated = false;
                let run = seen.run.key();
                let gates = Vec::new();
                batch.facts.push(Fact::GateSet(GateSet { run, gates }));
            }
        }
        batch.facts.push(Fact::JobSet(set));
        Ok(())
    }

    /// Returns the stages as jobs, and where the log of each lies.
    fn jobs_of(
        &self,
        path: &str,
        run: &Run,
        described: &wire::Described,
        logs: &BTreeMap<String, String>,
    ) -> (JobSet, Nodes) {
        let set = self.with_ground(|ground| stages::job_set(ground, path, run, described));
        let nodes = described.stages.items.iter().map(|stage| {
            let id = stages::job_id(&self.ci, path, run.number, &stage.id);
            (id, (Some(stage.id.clone()), logs.get(&stage.id).cloned()))
        });
        (set, nodes.collect())
    }

    /// Reads the stages of a build, and the steps of those that failed; nothing where the server
    /// tells none.
    async fn describe(
        &self,
        path: &str,
        number: u64,
        ask: Ask,
        now: Timestamp,
    ) -> Result<Option<(wire::Described, BTreeMap<String, String>)>, Failure> {
        let asked = {
            let state = self.state();
            let kind = state.jobs.get(path).map(|job| job.subject.is_pipeline);
            let known = state.no_stages;
            let absent = known.is_some_and(|at| (now - at).num_hours() < AGAIN_HOURS);
            kind.unwrap_or(true) && !absent
        };
        if !asked {
            return Ok(None);
        }
        let url = self.build_url(path, number, &["wfapi", "describe"]);
        let read = self.port.get::<wire::Described>(url, ask).await;
        let mut described = match read {
            Ok((described, _)) => described,
            Err(failure) if matches!(failure.error, SourceError::NotFound { .. }) => {
                self.port.excused(&failure);
                self.without_stages(now);
                return Ok(None);
            }
            Err(failure) => return Err(failure),
        };
        self.state().no_stages = None;
        self.port.can(STAGES, CapabilityState::Available);
        let mut logs = BTreeMap::new();
        let failed = |stage: &wire::Stage| {
            matches!(
                stages::state(stage.status.as_deref(), true),
                RunState::Failed(_)
            )
        };
        let stages = described.stages.items.iter_mut();
        for stage in stages.filter(|stage| failed(stage)).take(MOST_FAILED) {
            if stage.nodes.items.is_empty() {
                self.steps(path, number, stage, ask).await?;
            }
            if let Some(node) = stages::failing(stage) {
                logs.insert(stage.id.clone(), node.id.clone());
            }
        }
        Ok(Some((described, logs)))
    }

    /// Finds out of a build whether stages are told; nothing where there is none to ask of.
    pub(super) async fn tells_stages(&self, ask: Ask, now: Timestamp) -> Option<bool> {
        let (path, number) = {
            let mut state = self.state();
            state.no_stages = None;
            let pipelines = state.jobs.iter().filter(|(_, job)| job.subject.is_pipeline);
            let mut newest = pipelines.filter_map(|(path, job)| {
                let seen = job.builds.values().max_by_key(|seen| seen.run.number)?;
                Some((path.clone(), seen.run.number))
            });
            newest.next()?
        };
        match self.describe(&path, number, ask, now).await {
            Ok(Some(_)) => Some(true),
            Ok(None) => Some(self.port.did(STAGES)),
            Err(_) => None,
        }
    }

    /// Reads the steps of a stage; a stage that does not tell them has none.
    async fn steps(
        &self,
        path: &str,
        number: u64,
        stage: &mut wire::Stage,
        ask: Ask,
    ) -> Result<(), Failure> {
        let below = ["execution", "node", stage.id.as_str(), "wfapi", "describe"];
        let url = self.build_url(path, number, &below);
        match self.port.get::<wire::Stage>(url, ask).await {
            Ok((read, _)) => stage.nodes = read.nodes,
            Err(failure) if is_detail(&failure.error) => self.port.excused(&failure),
            Err(failure) => return Err(failure),
        }
        Ok(())
    }

    fn without_stages(&self, now: Timestamp) {
        if self.port.did(STAGES) {
            // This build has none; others had.
            return;
        }
        self.state().no_stages = Some(now);
        self.port
            .can(STAGES, CapabilityState::Missing(Clean::line(NO_STAGES)));
    }

    /// Reads the questions that a build waits at.
    async fn gates(&self, path: &str, run: &Run, ask: Ask) -> Result<GateSet, Failure> {
        let url = self.build_url(path, run.number, &["wfapi", "pendingInputActions"]);
        let (inputs, _): (List<wire::Input>, _) = self.port.get(url, ask).await?;
        Ok(stages::gates(run, &inputs))
    }

    /// Returns the address of something below a build.
    pub(super) fn build_url(&self, path: &str, number: u64, below: &[&str]) -> url::Url {
        let number = number.to_string();
        let mut parts = tree::route(path);
        parts.push(&number);
        parts.extend(below);
        self.port.url(&parts, &[])
    }
}
