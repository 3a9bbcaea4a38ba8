//! The jobs of a pipeline: those that were retried, and those of its children.

use super::api::{Poll, is_refusal};
use super::map::ci::{self, Jobs, Part};
use super::{GitLab, wire_ci};
use crate::domain::run::RunKey;
use crate::sources::http::Failure;

/// How many pages of jobs are read: retried ones count.
const JOB_PAGES: usize = 5;

/// How many child pipelines of one are read, those of children included.
const MOST_CHILDREN: usize = 6;

/// How deep child pipelines are followed: GitLab allows two levels.
const DEEP: usize = 2;

impl GitLab {
    /// Reads the jobs of a run, those that were retried and those of its children included.
    pub(super) async fn jobs(&self, run: &RunKey, poll: Poll) -> Result<Jobs, Failure> {
        let path = run.repo.path();
        let part = self.part(path);
        let mut parts = vec![self.jobs_of(&part, run.id, String::new(), poll).await?];
        let bridgeless = {
            let mut state = self.state();
            let seen = state
                .known(path)
                .and_then(|project| project.runs.get(&run.id));
            seen.is_some_and(|seen| seen.bridgeless)
        };
        if !bridgeless {
            let found = self.children(&part, run.id, poll, &mut parts).await?;
            if !found
                && let Some(project) = self.state().known(path)
                && let Some(seen) = project.runs.get_mut(&run.id)
            {
                // A pipeline has the jobs that it was made with.
                seen.bridgeless = true;
            }
        }
        Ok(ci::jobs(run, &parts))
    }

    async fn jobs_of(
        &self,
        part: &str,
        pipeline: u64,
        prefix: String,
        poll: Poll,
    ) -> Result<Part, Failure> {
        let id = pipeline.to_string();
        let route = ["projects", part, "pipelines", &id, "jobs"];
        let query = [("include_retried", "true"), ("per_page", "100")];
        let listed = self
            .list::<wire_ci::Job>(&route, &query, JOB_PAGES, poll)
            .await?;
        Ok(Part {
            prefix,
            complete: listed.is_whole(),
            jobs: listed.list.items,
            bridges: false,
        })
    }

    /// Adds the bridges of a pipeline and the jobs of its children; returns whether there are any.
    async fn children(
        &self,
        part: &str,
        pipeline: u64,
        poll: Poll,
        parts: &mut Vec<Part>,
    ) -> Result<bool, Failure> {
        let mut level = vec![(pipeline, String::new())];
        let mut any = false;
        let mut read = 0;
        for _ in 0..DEEP {
            let mut below = Vec::new();
            for (parent, prefix) in std::mem::take(&mut level) {
                let id = parent.to_string();
                let route = ["projects", part, "pipelines", &id, "bridges"];
                let query = [("per_page", "100")];
                let bridges = match self.list::<wire_ci::Job>(&route, &query, 1, poll).await {
                    Ok(listed) => listed,
                    // Servers before 12.5 have none.
                    Err(failure) if is_refusal(&failure) => continue,
                    Err(failure) => return Err(failure),
                };
                any |= !bridges.list.items.is_empty();
                for bridge in &bridges.list.items {
                    below.extend(child(part, bridge, &prefix));
                }
                parts.push(Part {
                    prefix,
                    complete: bridges.is_whole(),
                    jobs: bridges.list.items,
                    bridges: true,
                });
            }
            let room = MOST_CHILDREN - read;
            if below.len() > room
                && let Some(last) = parts.last_mut()
            {
                // Those that are left out are jobs of it as well.
                last.complete = false;
            }
            below.truncate(room);
            read += below.len();
            for (id, prefix) in &below {
                let own = self.jobs_of(part, *id, prefix.clone(), poll).await?;
                parts.push(own);
            }
            level = below;
            if level.is_empty() {
                break;
            }
        }
        Ok(any)
    }
}

/// Returns the child pipeline that a bridge started in the same project, and what leads there.
fn child(part: &str, bridge: &wire_ci::Job, prefix: &str) -> Option<(u64, String)> {
    let below = bridge.downstream_pipeline.as_ref()?;
    let same = below.project_id.is_none_or(|id| id.to_string() == part)
        && below
            .source
            .as_deref()
            .is_none_or(|source| source == "parent_pipeline");
    same.then(|| (below.id, format!("{prefix}{} / ", bridge.name)))
}
