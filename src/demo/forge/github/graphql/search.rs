//! Filters and orders of lists, and the search language as far as clients use it.

use serde_json::Value;

use crate::demo::forge::github::graphql::Scene;
use crate::demo::forge::github::graphql::node::{Repo, Thing};
use crate::demo::scenario::model::{Issue, Pull, PullState};
use crate::demo::scenario::people;
use crate::domain::Timestamp;

/// Returns a state in GraphQL's words.
pub(super) fn pull_state(pull: &Pull) -> &'static str {
    match pull.state {
        PullState::Open => "OPEN",
        PullState::Merged => "MERGED",
        PullState::Closed => "CLOSED",
    }
}

/// Returns a state in GraphQL's words.
pub(super) fn issue_state(issue: &Issue) -> &'static str {
    if issue.closed.is_some() {
        "CLOSED"
    } else {
        "OPEN"
    }
}

fn listed(wanted: &Value, word: &str) -> bool {
    match wanted {
        Value::Array(list) => list.iter().any(|one| one == word),
        Value::String(one) => one == word,
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => true,
    }
}

fn labelled(wanted: &Value, labels: &[&str]) -> bool {
    wanted.as_array().is_none_or(|list| {
        list.iter()
            .filter_map(Value::as_str)
            .any(|label| labels.contains(&label))
    })
}

fn is(wanted: &Value, login: impl FnOnce(&str) -> bool) -> bool {
    wanted.as_str().is_none_or(login)
}

/// Whether something is not older than what is wanted.
pub(super) fn since(wanted: &Value, at: Timestamp) -> bool {
    let from = wanted
        .as_str()
        .and_then(|text| text.parse::<Timestamp>().ok());
    from.is_none_or(|from| at >= from)
}

/// The order that `orderBy` asks for; the oldest comes first without.
pub(super) struct Order<'a> {
    pub(super) field: &'a str,
    pub(super) descending: bool,
}

impl<'a> Order<'a> {
    pub(super) fn of(arguments: &'a Value) -> Self {
        let word = |name: &str| arguments.get("orderBy")?.get(name)?.as_str();
        Self {
            field: word("field").unwrap_or("CREATED_AT"),
            descending: word("direction") == Some("DESC"),
        }
    }

    fn sort<T>(&self, list: &mut [T], key: impl Fn(&T, bool) -> Timestamp) {
        let updated = self.field == "UPDATED_AT";
        list.sort_by_key(|item| key(item, updated));
        if self.descending {
            list.reverse();
        }
    }
}

/// Returns the issues of a repository that the arguments ask for.
pub(super) fn issues(repo: &Repo, arguments: &Value) -> Vec<Thing> {
    let filter = &arguments["filterBy"];
    let mut found: Vec<usize> = (0..repo.issues.len()).collect();
    found.retain(|index| {
        repo.issues.get(*index).is_some_and(|issue| {
            let state = issue_state(issue);
            listed(&arguments["states"], state)
                && listed(&filter["states"], state)
                && labelled(&arguments["labels"], &issue.labels)
                && labelled(&filter["labels"], &issue.labels)
                && since(&filter["since"], issue.updated_at)
                && is(&filter["createdBy"], |login| {
                    login == people::of(issue.author).login
                })
                && is(&filter["mentioned"], |_| false)
                && is(&filter["assignee"], |login| {
                    issue
                        .assignees
                        .iter()
                        .any(|who| people::of(*who).login == login)
                        || (login == "*" && !issue.assignees.is_empty())
                })
        })
    });
    Order::of(arguments).sort(&mut found, |index, updated| {
        repo.issues
            .get(*index)
            .map_or(Timestamp::UNIX_EPOCH, |issue| {
                if updated {
                    issue.updated_at
                } else {
                    issue.created_at
                }
            })
    });
    found
        .into_iter()
        .map(|index| Thing::Issue(Repo::clone(repo), index))
        .collect()
}

/// Returns the pull requests of a repository that the arguments ask for.
pub(super) fn pulls(repo: &Repo, arguments: &Value) -> Vec<Thing> {
    let mut found: Vec<usize> = (0..repo.pulls.len()).collect();
    found.retain(|index| {
        repo.pulls.get(*index).is_some_and(|pull| {
            listed(&arguments["states"], pull_state(pull))
                && labelled(&arguments["labels"], &pull.labels)
                && is(&arguments["headRefName"], |name| name == pull.head_branch)
                && is(&arguments["baseRefName"], |name| name == pull.base_branch)
        })
    });
    Order::of(arguments).sort(&mut found, |index, updated| {
        repo.pulls
            .get(*index)
            .map_or(Timestamp::UNIX_EPOCH, |pull| {
                if updated {
                    pull.updated_at
                } else {
                    pull.created_at
                }
            })
    });
    found
        .into_iter()
        .map(|index| Thing::Pull(Repo::clone(repo), index))
        .collect()
}

/// Returns the places of a list that is kept newest first, in the order that is asked for.
pub(super) fn ordered(count: usize, arguments: &Value) -> Vec<usize> {
    if Order::of(arguments).descending {
        (0..count).collect()
    } else {
        (0..count).rev().collect()
    }
}

/// What a search asks for.
#[derive(Default)]
struct Wanted {
    repos: Vec<String>,
    owner: Option<String>,
    kind: Option<&'static str>,
    state: Option<&'static str>,
    draft: Option<bool>,
    author: Option<String>,
    assignee: Option<String>,
    reviewer: Option<String>,
    labels: Vec<String>,
    updated: Option<Timestamp>,
    words: Vec<String>,
    impossible: bool,
}

fn parse(query: &str) -> Wanted {
    let mut wanted = Wanted::default();
    for word in query
        .split_whitespace()
        .filter(|word| !["(", ")", "AND"].contains(word))
    {
        let Some((key, value)) = word.split_once(':') else {
            wanted.words.push(word.trim_matches('"').to_lowercase());
            continue;
        };
        let value = value.trim_matches('"');
        let login = || {
            Some(if value == "@me" {
                "demo".to_owned()
            } else {
                value.to_owned()
            })
        };
        match (key, value) {
            ("repo", _) => wanted.repos.push(value.to_lowercase()),
            ("org" | "user" | "owner", _) => wanted.owner = Some(value.to_lowercase()),
            ("is" | "type", "issue") => wanted.kind = Some("issue"),
            ("is" | "type", "pr") => wanted.kind = Some("pr"),
            ("is" | "state", "open") => wanted.state = Some("OPEN"),
            ("is" | "state", "closed") => wanted.state = Some("CLOSED"),
            ("is", "merged") => wanted.state = Some("MERGED"),
            ("is", "draft") | ("draft", "true") => wanted.draft = Some(true),
            ("draft", "false") => wanted.draft = Some(false),
            ("author", _) => wanted.author = login(),
            ("assignee", _) => wanted.assignee = login(),
            ("review-requested", _) => wanted.reviewer = login(),
            ("label", _) => wanted.labels.push(value.to_owned()),
            ("updated", _) => wanted.updated = moment(value.trim_start_matches(['>', '='])),
            ("sort" | "archived" | "in", _) => {}
            _ => wanted.impossible = true,
        }
    }
    wanted
}

fn moment(text: &str) -> Option<Timestamp> {
    let day = || format!("{text}T00:00:00Z").parse().ok();
    text.parse().ok().or_else(day)
}

impl Wanted {
    fn words_in(&self, title: &str) -> bool {
        let title = title.to_lowercase();
        self.words.iter().all(|word| title.contains(word))
    }

    fn people(&self, author: usize, assignees: &[usize]) -> bool {
        let is =
            |who: usize, login: &String| people::of(who).login == login.trim_start_matches("app/");
        self.author.as_ref().is_none_or(|login| is(author, login))
            && self
                .assignee
                .as_ref()
                .is_none_or(|login| assignees.iter().any(|who| is(*who, login)))
    }

    fn labels(&self, labels: &[&str]) -> bool {
        self.labels
            .iter()
            .all(|label| labels.contains(&label.as_str()))
    }

    fn issue(&self, issue: &Issue) -> bool {
        self.kind != Some("pr")
            && self.draft.is_none()
            && self.reviewer.is_none()
            && self.state.is_none_or(|state| state == issue_state(issue))
            && self.updated.is_none_or(|from| issue.updated_at >= from)
            && self.people(issue.author, &issue.assignees)
            && self.labels(&issue.labels)
            && self.words_in(&issue.title)
    }

    fn pull(&self, pull: &Pull) -> bool {
        let state = pull_state(pull);
        self.kind != Some("issue")
            && self.draft.is_none_or(|draft| draft == pull.draft)
            && self
                .state
                .is_none_or(|want| want == state || want == "CLOSED" && state == "MERGED")
            && self.updated.is_none_or(|from| pull.updated_at >= from)
            && self.people(pull.author, &pull.assignees)
            && self.reviewer.as_ref().is_none_or(|login| {
                pull.requested
                    .iter()
                    .any(|who| people::of(*who).login == login)
            })
            && self.labels(&pull.labels)
            && self.words_in(&pull.title)
    }
}

/// Returns what a search finds: at most a thousand, the newest first.
pub(super) fn find(scene: &Scene, query: &str) -> Vec<Thing> {
    let wanted = parse(query);
    let mut found: Vec<(Timestamp, Thing)> = Vec::new();
    if wanted.impossible {
        return Vec::new();
    }
    let world = &scene.ground.world;
    for index in 0..world.len() {
        let Some(spec) = world.spec(index) else {
            continue;
        };
        let named = wanted.repos.is_empty()
            || wanted
                .repos
                .iter()
                .any(|name| *name == spec.full_name().to_lowercase());
        let owned = wanted
            .owner
            .as_ref()
            .is_none_or(|owner| *owner == spec.owner);
        if !named || !owned {
            continue;
        }
        let Some(repo) = world.at(index, scene.now) else {
            continue;
        };
        let issues = repo
            .issues
            .iter()
            .enumerate()
            .filter(|(_, issue)| wanted.issue(issue));
        found.extend(
            issues.map(|(i, issue)| (issue.created_at, Thing::Issue(Repo::clone(&repo), i))),
        );
        let pulls = repo
            .pulls
            .iter()
            .enumerate()
            .filter(|(_, pull)| wanted.pull(pull));
        found.extend(pulls.map(|(i, pull)| (pull.created_at, Thing::Pull(Repo::clone(&repo), i))));
    }
    found.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    found.truncate(1_000);
    found.into_iter().map(|(_, thing)| thing).collect()
}
