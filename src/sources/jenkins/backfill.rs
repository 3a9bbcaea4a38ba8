//! The builds of the past of each job: what ran before the board watched, read once.
//!
//! One job at a time, a slice of its builds a fetch, when nothing else is to be asked. Only
//! runs are told: what they were part of is the forge's. What is shared with other systems is
//! `sources::backfill`. Jobs that are gone (of branches that were merged) took their builds along.

use chrono::TimeDelta;

use super::map;
use super::state::State;
use super::{Jenkins, tree, wire};
use crate::domain::Timestamp;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::backfill::{self, Builds, Seen, Told};
use crate::sources::needs::PAST;
use crate::sources::port::Ask;
use crate::sources::{Batch, CapabilityState, SourceError};

/// For how long the board may have been away: what is older, polls do not reach.
const GAP: TimeDelta = TimeDelta::days(2);

/// How many builds one slice has.
const SLICE: usize = 100;

/// The builds of a job.
pub(super) type Part = Builds<1_000>;

impl State {
    /// Returns the slice that is read next.
    pub(super) fn next_of_past(&self) -> Option<backfill::Page<Part>> {
        let changed = |path: &str| self.jobs.get(path)?.changed_at();
        self.pasts.next(changed)
    }
}

impl Jenkins {
    /// Settles of which jobs the past is wanted, and notes that the board watches them.
    pub(super) fn look_back(&self, now: Timestamp) {
        let days = self.config.past_days;
        if days == 0 {
            return;
        }
        let mut state = self.state();
        let State { pasts, jobs, .. } = &mut *state;
        for (path, job) in jobs.iter() {
            let seen = Seen {
                days,
                now,
                gap: GAP,
                changed_at: job.changed_at(),
                ground: &self.ground,
                key: backfill::note_key(&self.port, &RepoKey::new(&self.ci, path)),
            };
            pasts.settle(path, &seen);
        }
        pasts.keep(|path| jobs.contains_key(path));
    }

    /// Reads one slice of the builds of a job; the last one hands all of them over.
    pub(super) async fn backfill(&self, ask: Ask, now: Timestamp) -> Result<Batch, SourceError> {
        let mut batch = Batch::default();
        let Some(page) = self.state().next_of_past() else {
            return Ok(batch);
        };
        let read = self.slice(&page, ask, &mut batch).await;
        let mut state = self.state();
        let told = match read {
            Ok(told) => Some(told),
            Err(failure) => {
                if !state.pasts.fail(&page, &failure.error, now) {
                    return Err(failure.error);
                }
                // One job costs no other, and history is no reason to call a source ill.
                let text = format!("the past of `{}` is not read: {}", page.path, failure.error);
                batch.warnings.push(self.port.shown(&text));
                return Ok(batch);
            }
        };
        if let Some(whole) = state.pasts.take(&page, told) {
            drop(state);
            self.port.can(PAST, CapabilityState::Available);
            batch.past_of = Clean::line(&page.path);
            batch.past_runs_from = whole.runs_since;
            batch.past = whole.facts();
        }
        Ok(batch)
    }

    async fn slice(
        &self,
        page: &backfill::Page<Part>,
        ask: Ask,
        batch: &mut Batch,
    ) -> Result<Told, crate::sources::http::Failure> {
        let begun: usize = page
            .at
            .after
            .as_deref()
            .map_or(Ok(0), str::parse)
            .unwrap_or(0);
        let end = begun + SLICE;
        let mut parts = tree::route(&page.path);
        parts.extend(["api", "json"]);
        let tree = tree::of_past(begun, end);
        let url = self.port.url(&parts, &[("tree", &tree)]);
        let ask = Ask {
            conditional: false,
            ..ask
        };
        let (read, _): (wire::Past, _) = self.port.get(url, ask).await?;
        let builds = read.all_builds;
        if let Some(text) = builds.unread("builds of the past") {
            let text = format!("`{}`: {text}", page.path);
            batch.warnings.push(self.port.shown(&text));
        }
        let (subject, known) = {
            let state = self.state();
            let subject = state.jobs.get(&page.path).map(|job| job.subject.clone());
            let known = subject
                .as_ref()
                .and_then(|it| state.places.get(&it.project));
            (subject.clone(), known.cloned())
        };
        let count = builds.items.len() + builds.bad_count;
        let mut told = Told {
            count,
            // A server that knows no slices tells all at once.
            next: (count == SLICE).then(|| end.to_string()),
            ..Told::default()
        };
        let Some(subject) = subject else {
            return Ok(told);
        };
        for wire in &builds.items {
            let run = self.with_ground(|ground| map::run(ground, &subject, wire, known.as_ref()));
            let Some(mut run) = run else { continue };
            told.last = Some(run.created_at);
            if run.created_at < page.from {
                continue;
            }
            if subject.change.is_some() {
                // It may have been merged before it was built; what it was is not told here.
                run.head_sha = None;
            }
            told.facts.push(Fact::Run(run));
        }
        Ok(told)
    }
}
