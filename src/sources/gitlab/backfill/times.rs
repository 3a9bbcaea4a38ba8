//! The times of merge requests of the past: several at once by GraphQL, else one by one.

use serde::Deserialize;
use serde_json::json;

use super::super::GitLab;
use super::super::api::Poll;
use super::super::health::Came;
use super::super::map::health::Nodes;
use super::super::times::{Held, Note, dated};
use super::Page;
use super::read::Stopped;
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangeTimes};
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::sources::backfill::Told;

/// The feature to be asked for the times of several merge requests at once.
const TIMES: &str = "times of merge requests";

/// Of how many merge requests the times are asked at once: a question may be this complex.
const AT_ONCE: usize = 20;

/// The same where each of them takes two requests, and of how many at most.
const ONE_BY_ONE: usize = 4;
const MOST_ONE_BY_ONE: usize = 60;

/// The question for the times of merge requests.
const QUESTION: &str = "query Times($path: ID!, $iids: [String!]) {
  project(fullPath: $path) {
    mergeRequests(iids: $iids, first: 20) {
      nodes {
        iid updatedAt
        diffStatsSummary { additions deletions }
        commits(first: 100) { pageInfo { hasNextPage } nodes { authoredDate } }
        notes(first: 100) {
          pageInfo { hasNextPage }
          nodes { body system createdAt author { username bot } }
        }
      }
    }
  }
}";

#[derive(Deserialize)]
struct Asked {
    project: Option<Within>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Within {
    merge_requests: Nodes<Whole>,
}

/// A merge request with what became of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Whole {
    iid: String,
    updated_at: Timestamp,
    diff_stats_summary: Option<Sizes>,
    commits: Option<Nodes<Held>>,
    notes: Option<Nodes<Note>>,
}

#[derive(Deserialize)]
struct Sizes {
    additions: Option<u64>,
    deletions: Option<u64>,
}

impl Whole {
    fn times(&self, repo: &RepoKey) -> Option<ChangeTimes> {
        let notes = self.notes.as_ref();
        let (said, all_said) = notes.map_or((&[][..], false), |notes| {
            (notes.nodes.items.as_slice(), notes.is_whole())
        });
        let held = self.commits.as_ref();
        let held = held.map(|held| (held.nodes.items.as_slice(), held.is_whole()));
        let sizes = self.diff_stats_summary.as_ref();
        let change = ChangeKey {
            repo: repo.clone(),
            number: self.iid.parse().ok()?,
        };
        Some(ChangeTimes {
            additions: sizes.and_then(|sizes| sizes.additions),
            deletions: sizes.and_then(|sizes| sizes.deletions),
            ..dated(
                change,
                self.updated_at,
                (said, all_said),
                held.unwrap_or_default(),
            )
        })
    }
}

impl GitLab {
    /// Reads the times of the merge requests that were told, some at a time.
    pub(super) async fn past_times(
        &self,
        key: &RepoKey,
        page: &Page,
        poll: Poll,
    ) -> Result<Told, Stopped> {
        let begun = page.at.after.as_deref().map_or(Ok(0), str::parse);
        let begun: usize = begun.unwrap_or(0);
        let changes: Vec<(u64, Timestamp)> = {
            let state = self.state();
            let at_hand = state.pasts.all.at_hand(page);
            let facts = at_hand.map_or(&[][..], |it| it.facts.as_slice());
            facts.iter().filter_map(change).collect()
        };
        let due = changes.get(begun..).unwrap_or_default();
        let (facts, count) = self.times_of_some(key, due, begun, poll).await?;
        let to = begun + count;
        Ok(Told {
            facts,
            count,
            last: None,
            next: (to < changes.len()).then(|| to.to_string()),
        })
    }

    /// Reads the times of the first of these; returns of how many.
    async fn times_of_some(
        &self,
        key: &RepoKey,
        due: &[(u64, Timestamp)],
        begun: usize,
        poll: Poll,
    ) -> Result<(Vec<Fact>, usize), Stopped> {
        let mut size = AT_ONCE;
        while size > 0 && !due.is_empty() && !self.state().is_hidden("", TIMES, poll.now) {
            let asked = due.get(..size.min(due.len())).unwrap_or_default();
            let iids: Vec<String> = asked.iter().map(|(number, _)| number.to_string()).collect();
            let variables = json!({"path": key.path(), "iids": iids});
            match self.ask::<Asked>(QUESTION, variables, poll).await? {
                Came::Data(Asked {
                    project: Some(project),
                }) => {
                    let told = project.merge_requests.nodes.items;
                    let facts = told.iter().filter_map(|whole| whole.times(key));
                    return Ok((facts.map(Fact::ChangeTimes).collect(), asked.len()));
                }
                Came::TooLarge => size /= 2,
                Came::Data(Asked { project: None }) | Came::Absent(_) => {
                    self.state().hide("", TIMES, poll.now);
                }
            }
        }
        let room = MOST_ONE_BY_ONE.saturating_sub(begun).min(ONE_BY_ONE);
        let mut facts = Vec::new();
        for (number, as_of) in due.iter().take(room) {
            let change = ChangeKey {
                repo: key.clone(),
                number: *number,
            };
            let times = self.told_of(change, *as_of, poll).await?;
            facts.push(Fact::ChangeTimes(times));
        }
        let count = facts.len();
        Ok((facts, count))
    }
}

/// Returns a merge request that was told, and when it last changed.
fn change(fact: &Fact) -> Option<(u64, Timestamp)> {
    let Fact::ChangeRequest(change) = fact else {
        return None;
    };
    Some((change.number, change.updated_at))
}
