//! What waits for an executor: queued runs, asked for only while a job says that it waits.
//!
//! A build has no number before it starts, so what waits is another run than what it becomes.

use std::collections::{BTreeMap, BTreeSet};

use super::map::{self, items::decoded};
use super::{Jenkins, tree, wire};
use crate::domain::Timestamp;
use crate::domain::fact::{Fact, FactId};
use crate::domain::run::{Run, RunState, foreign_id};
use crate::domain::text::Clean;
use crate::sources::port::Ask;
use crate::sources::{Batch, Listing};

/// For how long something may wait before it is told: most of it only waits for quiet.
const QUIET_SECS: i64 = 30;

impl Jenkins {
    /// Reads the queue; a server that does not show it costs nothing else.
    pub(super) async fn queue(&self, ask: Ask, batch: &mut Batch) {
        let url = self
            .port
            .url(&["queue", "api", "json"], &[("tree", tree::QUEUE)]);
        let Ok((queue, _)) = self.port.get::<wire::Queue>(url, ask).await else {
            return;
        };
        let now = self.port.now();
        let is_whole = queue.items.bad_count == 0 && queue.items.items.len() <= tree::MOST_QUEUED;
        let items = queue.items.items.into_iter();
        let runs: Vec<(u64, Run)> = items
            .filter_map(|item| Some((item.id, self.waiting(item, now)?)))
            .collect();
        let ids: BTreeMap<u64, u64> = runs.iter().map(|(id, run)| (run.id, *id)).collect();
        let facts: Vec<Fact> = runs.into_iter().map(|(_, run)| Fact::Run(run)).collect();
        let members: BTreeSet<FactId> = facts.iter().map(Fact::id).collect();
        let list = Listing {
            name: Clean::line("queue"),
            members,
        };
        if is_whole {
            batch.listings.push(list);
        } else {
            batch.partial.push(list);
        }
        batch.facts.extend(facts);
        self.state().queued = ids;
    }

    /// Returns what waits as a run, where it is a job that is read; steps of pipelines wait as well.
    fn waiting(&self, item: wire::Queued, now: Timestamp) -> Option<Run> {
        let since = map::moment(item.in_queue_since)?;
        if (now - since).num_seconds() < QUIET_SECS {
            return None;
        }
        let path = path_of(item.task.as_ref()?.url.as_deref()?)?;
        let (subject, last) = {
            let state = self.state();
            let job = state.jobs.get(&path)?;
            let last = job.builds.keys().next_back().copied();
            (job.subject.clone(), last.unwrap_or_default())
        };
        let wire = wire::Build {
            number: last + 1,
            building: Some(true),
            result: None,
            timestamp: item.in_queue_since,
            duration: None,
            display_name: None,
            actions: item.actions,
        };
        let known = self.state().places.get(&subject.project).cloned();
        let run = self.with_ground(|ground| map::run(ground, &subject, &wire, known.as_ref()))?;
        let why = item.why.as_deref().unwrap_or_default();
        Some(Run {
            id: foreign_id(&self.ci, &format!("queue/{}", item.id)),
            state: RunState::Queued,
            started_at: None,
            title: if run.title.is_empty() {
                self.port.shown(why)
            } else {
                run.title
            },
            ..run
        })
    }
}

/// Returns the path of the job whose page this is; nothing where it is a page of something else.
///
/// The server may know itself by another address than ours.
pub(super) fn path_of(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let parts: Vec<&str> = url
        .path_segments()?
        .filter(|part| !part.is_empty())
        .collect();
    let start = parts.iter().position(|part| *part == "job")?;
    let mut names = Vec::new();
    for pair in parts.get(start..)?.chunks(2) {
        let ["job", name] = pair else {
            return None;
        };
        names.push(decoded(name));
    }
    Some(names.join("/"))
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[track_caller]
    fn check(url: &str, expected: Option<&str>) {
        assert_eq!(path_of(url).as_deref(), expected, "{url}");
    }

    #[test]
    fn pages_of_jobs_are_told_from_those_of_steps() {
        check("https://ci.test/job/api/", Some("api"));
        check(
            "https://ci.test/jenkins/job/team/job/api/job/feature%252Fx/",
            Some("team/api/feature%2Fx"),
        );
        check("https://ci.test/job/api/12/", None);
        check("https://ci.test/computer/a/", None);
        check("no address", None);
    }
}
