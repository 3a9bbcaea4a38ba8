//! What became of change requests and when: thirty of them by one query, which costs a point.
//!
//! Only history wants to know it, so it is asked when nothing else is. Without
//! GraphQL each is asked for alone, few at a time.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Data, Trouble};
use super::map::times as map;
use super::probe::{ATTEMPTS, fragments};
use super::wire_past::{Event, Held, PullTimes, RestPullTimes, ReviewTold};
use super::{Ask, GitHub, compare};
use crate::domain::change_request::ChangeKey;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List, follow};
use crate::sources::needs::{self, Turn};
use crate::sources::{Batch, SourceError};

/// How many change requests one query asks for: three lists each, a hundred lists a point.
pub(super) const TIMES_BATCH: usize = 30;

/// How many are asked for in one fetch without GraphQL: four requests each.
pub(super) const ONE_BY_ONE: usize = 4;

/// How many pages of reviews are read without GraphQL.
const PAGES: usize = 2;

const DOCUMENT: &str = concat!(
    include_str!("queries/times.graphql"),
    include_str!("queries/shared/times.graphql"),
);

/// What stands in the answer for one of them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OfRepo {
    pull_request: Option<PullTimes>,
}

impl GitHub {
    /// Reads the times of change requests that are wanted, those of busy repositories first.
    pub(super) async fn times(&self, ask: Ask) -> Result<Batch, SourceError> {
        if self.state().is_by_rest() {
            return self.answer(Turn::Spare, ask).await;
        }
        let mut last = None;
        for _ in 0..ATTEMPTS {
            let asked = self.to_time(ask);
            if asked.is_empty() {
                return Ok(Batch::default());
            }
            let (document, variables) = query(&asked);
            let sent = self
                .api
                .query(&document, "Board", &variables, ask.urgency)
                .await;
            match sent {
                Ok(data) => return Ok(self.take_times(asked, &data, ask)),
                Err(Trouble::Absent(why)) => {
                    self.without_graphql(&why, ask.now);
                    return Ok(Batch::default());
                }
                Err(Trouble::Lacks(features)) => self.state().refuse(&features),
                Err(Trouble::Heavy(error)) => {
                    self.state().times_portion.halve(asked.len());
                    last = Some(error);
                    if asked.len() == 1 {
                        break;
                    }
                }
                // None of them could be told from its repository.
                Err(Trouble::Failed(SourceError::NotFound { .. })) => {
                    return Ok(self.take_times(asked, &Data::none(), ask));
                }
                Err(Trouble::Failed(error)) => return Err(error),
            }
        }
        Err(last.unwrap_or_else(|| SourceError::Refused {
            host: self.api.client.host().to_owned(),
            cause: "it refused the times of change requests in every form".to_owned(),
        }))
    }

    fn to_time(&self, ask: Ask) -> Vec<Need> {
        let state = self.state();
        let due =
            |need: &&Need| Turn::of(need) == Turn::Spare && compare::is_due(&state, need, ask.now);
        let most = state.times_portion.size();
        needs::newest_first(state.needs.iter().filter(due), most, |path| {
            state.repos.get(path).and_then(|repo| repo.changed_at)
        })
    }

    /// Takes in an answer; what is not in it is not asked for again for an hour.
    fn take_times(&self, asked: Vec<Need>, data: &Data, ask: Ask) -> Batch {
        let mut batch = Batch::default();
        let mut state = self.state();
        state.turns.times += 1;
        let heavy = data.was_heavy();
        state.times_portion.answered(asked.len(), heavy);
        for (at, need) in asked.into_iter().enumerate() {
            if let Need::Times { repo, number } = &need {
                match data.by_alias.read::<OfRepo>(&format!("c{at}")) {
                    Some(Ok(told)) => batch.facts.extend(
                        told.pull_request
                            .map(|wire| Fact::ChangeTimes(map::times(key(repo, *number), &wire))),
                    ),
                    Some(Err(_unreadable)) => {
                        let text = format!("{repo}#{number}: its times cannot be read");
                        batch.warnings.push(Clean::line(&text));
                    }
                    // Given up for the server's own limits: it is asked again, with fewer.
                    None if heavy => continue,
                    None => {}
                }
            }
            state.answered.insert(need, ask.now);
        }
        batch
    }

    /// Reads the times of one change request without GraphQL.
    pub(super) async fn times_of(
        &self,
        repo: &RepoKey,
        number: u64,
        ask: Ask,
    ) -> Result<Fact, Failure> {
        let client = &self.api.client;
        let route = format!("repos/{}/pulls/{number}", repo.path());
        let (pull, _) = client
            .get_as::<RestPullTimes>(&self.once(&route, &[], ask))
            .await?;
        let below = |what: &str, most: &str| {
            self.once(&format!("{route}/{what}"), &[("per_page", most)], ask)
        };
        let take = |list: List<ReviewTold>| list;
        let reviews = follow(client, below("reviews", "100"), PAGES, take).await?;
        let (commits, _) = client.get_as::<List<Held>>(&below("commits", "1")).await?;
        let events = format!("repos/{}/issues/{number}/events", repo.path());
        let events = self.once(&events, &[("per_page", "100")], ask);
        let (events, _) = client.get_as::<List<Event>>(&events).await?;
        let whole = reviews.complete && reviews.list.bad_count == 0;
        Ok(Fact::ChangeTimes(map::rest_times(
            key(repo, number),
            &pull,
            (&reviews.list.items, whole),
            &commits.items,
            &events.items,
        )))
    }
}

fn key(repo: &RepoKey, number: u64) -> ChangeKey {
    ChangeKey {
        repo: repo.clone(),
        number,
    }
}

/// Returns the query over these change requests, each under an alias by its place.
fn query(asked: &[Need]) -> (String, Value) {
    let (mut names, mut body) = (Vec::new(), String::new());
    let mut variables = Map::new();
    for (at, need) in asked.iter().enumerate() {
        let Need::Times { repo, number } = need else {
            continue;
        };
        let (owner, name) = repo.path().split_once('/').unwrap_or((repo.path(), ""));
        names.push(format!("$o{at}: String!, $n{at}: String!, $k{at}: Int!"));
        // Writing to a text cannot fail.
        let _ = writeln!(
            body,
            "  c{at}: repository(owner: $o{at}, name: $n{at}) {{ \
             nameWithOwner pullRequest(number: $k{at}) {{ ...TimesFields }} }}"
        );
        variables.insert(format!("o{at}"), json!(owner));
        variables.insert(format!("n{at}"), json!(name));
        variables.insert(format!("k{at}"), json!(number));
    }
    let document = format!(
        "query Board({}) {{\n  rateLimit {{ cost limit remaining resetAt }}\n{body}}}\n{}",
        names.join(", "),
        fragments(DOCUMENT)
    );
    (document, Value::Object(variables))
}

#[cfg(test)]
mod tests {
    use super::query;
    use crate::domain::correlate::Need;
    use crate::domain::key::RepoKey;

    #[test]
    fn names_travel_as_variables_and_each_stands_under_its_place() {
        let need = |path: &str, number| Need::Times {
            repo: RepoKey::new("github.com", path),
            number,
        };
        let (document, variables) = query(&[need("acme/api", 7), need("acme/\"web", 9)]);
        assert!(!document.contains("acme") && document.contains("c1: repository(owner: $o1"));
        assert_eq!(variables["n1"], "\"web");
        assert_eq!(variables["k0"], 7);
        assert_eq!(document.matches("fragment TimesFields").count(), 1);
    }
}
