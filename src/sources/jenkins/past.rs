//! Builds that one poll does not tell: missed ones, those before the newest, own commits.

use super::map::{self, Subject};
use super::state::{HISTORY, Head};
use super::{DETAILS, Jenkins, tree, wire};
use crate::domain::fact::Fact;
use crate::domain::run::Run;
use crate::sources::detail::{is_detail, without};
use crate::sources::http::Failure;
use crate::sources::port::Ask;
use crate::sources::{Batch, SourceError};

/// How many builds of a job are read for the history of a workflow.
const MOST_HISTORY: u64 = 50;

impl Jenkins {
    /// Reads builds that were missed or are at work, and own commits of change requests.
    pub(super) async fn missed(&self, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let due: Vec<(String, u64, Vec<u64>)> = {
            let state = self.state();
            let jobs = state.jobs.iter().filter(|(_, job)| job.is_behind());
            let due = jobs.map(|(path, job)| (path.clone(), job.gap, job.far.clone()));
            due.take(DETAILS).collect()
        };
        let mut left = DETAILS;
        for (path, gap, far) in due {
            if gap > 0 && left > 0 {
                left -= 1;
                let read = self.builds(&path, gap, ask, &mut batch).await;
                if !is_trouble(&read)
                    && let Some(job) = self.state().jobs.get_mut(&path)
                {
                    job.gap = 0;
                }
                costs_itself(read, &mut batch)?;
            }
            for number in far.into_iter().take(left) {
                left -= 1;
                let read = self.build(&path, number, ask, &mut batch).await;
                if !is_trouble(&read)
                    && let Some(job) = self.state().jobs.get_mut(&path)
                {
                    job.far.retain(|other| *other != number);
                }
                costs_itself(read, &mut batch)?;
            }
        }
        let projects: Vec<String> = self.state().heads().into_iter().take(left).collect();
        for project in projects {
            let read = self.own_commits(&project, ask, &mut batch).await;
            costs_itself(read, &mut batch)?;
        }
        self.state().turn += 1;
        Ok(batch)
    }

    /// Reads the builds before the newest, of the jobs where something happened last first.
    pub(super) async fn past(&self, ask: Ask) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let due: Vec<String> = {
            let state = self.state();
            let mut jobs: Vec<_> = state.jobs.iter().filter(|(_, job)| job.past).collect();
            jobs.sort_by_key(|(_, job)| std::cmp::Reverse(job.changed_at()));
            let paths = jobs.into_iter().map(|(path, _)| path.clone());
            paths.take(DETAILS).collect()
        };
        for path in due {
            let read = self.builds(&path, HISTORY, ask, &mut batch).await;
            if !is_trouble(&read)
                && let Some(job) = self.state().jobs.get_mut(&path)
            {
                job.past = false;
            }
            costs_itself(read, &mut batch)?;
        }
        self.state().turn += 1;
        Ok(batch)
    }

    /// Reads the last builds of a workflow on a branch.
    pub(super) async fn history(
        &self,
        project: &str,
        branch: &str,
        runs: u32,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let path = {
            let state = self.state();
            let fits = |subject: &Subject| {
                let on = subject.branch.as_deref();
                subject.project == project && on.is_none_or(|on| on == branch)
            };
            let mut jobs = state.jobs.iter();
            jobs.find(|(_, job)| fits(&job.subject))
                .map(|(path, _)| path.clone())
        };
        match path {
            Some(path) => {
                let most = u64::from(runs).clamp(1, MOST_HISTORY);
                self.builds(&path, most, ask, batch).await
            }
            None => Ok(()),
        }
    }

    /// Reads the newest builds of one job.
    async fn builds(
        &self,
        path: &str,
        most: u64,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let mut parts = tree::route(path);
        parts.extend(["api", "json"]);
        let url = self.port.url(&parts, &[("tree", &tree::of_job(most))]);
        let (job, _): (wire::Job, _) = self.port.get(url, ask).await?;
        let subject = {
            let state = self.state();
            state.jobs.get(path).map(|job| job.subject.clone())
        };
        let builds = job.builds.unwrap_or_default();
        if builds.bad_count > 0 {
            let why = builds.bad.first().map_or("", String::as_str);
            let text = format!(
                "`{path}`: {} builds cannot be read: {why}",
                builds.bad_count
            );
            batch.warnings.push(self.port.shown(&text));
        }
        let Some(subject) = subject else {
            return Ok(());
        };
        // The oldest first: a build that tells no repository has that of those before it.
        for wire in builds.items.iter().rev() {
            batch
                .facts
                .extend(self.take_build(&subject, wire).map(Fact::Run));
        }
        self.rehome(batch);
        Ok(())
    }

    /// Reads one build that is at work; one that was deleted meanwhile is forgotten, and with the
    /// next listing of its folder gone.
    async fn build(
        &self,
        path: &str,
        number: u64,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<(), Failure> {
        let mut url = self.build_url(path, number, &["api", "json"]);
        url.query_pairs_mut().append_pair("tree", &tree::of_build());
        let read = self.port.get::<wire::Build>(url, ask).await;
        if let Err(failure) = &read
            && matches!(failure.error, SourceError::NotFound { .. })
        {
            if let Some(job) = self.state().jobs.get_mut(path) {
                job.builds.remove(&number);
            }
            return Ok(());
        }
        let (wire, _) = read?;
        let subject = {
            let state = self.state();
            state.jobs.get(path).map(|job| job.subject.clone())
        };
        let run = subject.and_then(|subject| self.take_build(&subject, &wire));
        batch.facts.extend(run.map(Fact::Run));
        Ok(())
    }

    /// Tells builds anew that belonged to nobody before it was known what their job is made of.
    pub(super) fn rehome(&self, batch: &mut Batch) {
        let mut state = self.state();
        let state = &mut *state;
        let ci = self.ci.as_str();
        for job in state.jobs.values_mut() {
            let Some(place) = state.places.get(&job.subject.project) else {
                continue;
            };
            for seen in job.builds.values_mut() {
                let repo = &seen.run.repo;
                if repo.place().eq_ignore_ascii_case(ci)
                    && repo.path() == job.subject.project
                    && repo != place
                {
                    seen.run.repo = place.clone();
                    batch.facts.push(Fact::Run(seen.run.clone()));
                }
            }
        }
    }

    /// Reads which commits the change requests of a project have themselves.
    async fn own_commits(&self, project: &str, ask: Ask, batch: &mut Batch) -> Result<(), Failure> {
        let mut parts = tree::route(project);
        parts.extend(["api", "json"]);
        let tree = tree::of_heads(tree::MOST_ITEMS);
        let url = self.port.url(&parts, &[("tree", &tree)]);
        let read = self
            .port
            .get::<wire::Folder>(url, ask)
            .await
            .map(|read| read.0);
        if is_trouble(&read) {
            return read.map(drop);
        }
        let jobs = match &read {
            Ok(folder) => folder.jobs.as_ref(),
            Err(_) => None,
        };
        let found = jobs.iter().flat_map(|list| &list.items).flat_map(|item| {
            let builds = item.builds.iter().flat_map(|list| &list.items);
            builds.map(|wire| ((item.name.as_str(), wire.number), map::marked(wire)))
        });
        let found: std::collections::BTreeMap<_, _> = found.collect();
        let mut state = self.state();
        let jobs = state.jobs.values_mut();
        for job in jobs.filter(|job| job.subject.project == project) {
            let name = job.subject.path.rsplit('/').next().unwrap_or_default();
            for (number, seen) in &mut job.builds {
                let Head::Wanted(told) = &seen.head else {
                    continue;
                };
                let own = found.get(&(name, *number)).cloned().flatten();
                seen.run.head_sha = own.clone().or_else(|| Some(told.clone()));
                // Asked once: what is not told there is told nowhere.
                seen.head = Head::Known(own);
                batch.facts.push(Fact::Run(seen.run.clone()));
            }
        }
        drop(state);
        read.map(drop)
    }

    /// Returns the runs of a build as it was last told.
    pub(super) fn known_run(&self, run: u64) -> Option<(String, Run)> {
        let state = self.state();
        let (job, seen) = state.build(run)?;
        Some((job.subject.path.clone(), seen.run.clone()))
    }
}

/// Returns whether the host is in trouble, so that the same is asked again later.
pub(super) fn is_trouble<T>(read: &Result<T, Failure>) -> bool {
    let failed = read.as_ref().err();
    failed.is_some_and(|failure| !is_detail(&failure.error))
}

/// A detail that is refused costs that detail; trouble with the host ends the fetch.
pub(super) fn costs_itself(
    read: Result<(), Failure>,
    batch: &mut Batch,
) -> Result<(), SourceError> {
    read.or_else(|failure| without(failure, batch))
}
