//! Further pages of a refresh: as many as are open, or as changed, within a cap.

use chrono::TimeDelta;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::api::{Feature, Trouble};
use super::refresh::DOCUMENT;
use super::wire::{Connection, RefreshRepo};
use super::{Ask, GitHub};
use crate::domain::Timestamp;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::{Batch, SourceError};

/// How many further pages of one list are read.
const PAGES: usize = 20;

/// How many pages of what ended a full read takes at most: by GraphQL after the first.
pub(super) const ENDED_PAGES: usize = 4;

/// For how long an ended change request may still stand on the board: baking, then watched.
pub(super) const WINDOW_DAYS: i64 = 9;

/// How far further pages are read.
#[derive(Clone, Copy)]
pub(super) struct Rest {
    /// To the end of what is open.
    pub(super) full: bool,
    /// To the tickets that changed since then.
    pub(super) since: Option<Timestamp>,
    /// To the change requests that changed since then.
    pub(super) changes_to: Option<Timestamp>,
}

/// Reads further pages into `wire`, where the first ones do not reach far enough.
pub(super) async fn follow(
    github: &GitHub,
    repo: &RepoKey,
    wire: &mut RefreshRepo,
    rest: Rest,
    ask: Ask,
    batch: &mut Batch,
) -> Result<(), SourceError> {
    let reader = Reader {
        github,
        repo,
        rest,
        ask,
    };
    let (operation, field) = if rest.full {
        ("OpenTickets", "issues")
    } else {
        ("ChangedTickets", "issues")
    };
    if rest.full || rest.since.is_some() {
        let all = |_: &super::wire::Issue| true;
        reader
            .pages(operation, field, &mut wire.issues, all, batch)
            .await?;
    }
    let changed = |pull: &super::wire::PullRequest| {
        rest.full || rest.changes_to.is_none_or(|to| pull.updated_at > to)
    };
    reader
        .pages(
            "OpenChanges",
            "pullRequests",
            &mut wire.open,
            changed,
            batch,
        )
        .await?;
    // What is on its way to production, or watched there, was merged within the window: without
    // it a release or a deployment would seem to hold less than it does.
    let window = ask.now - TimeDelta::days(WINDOW_DAYS);
    let (most, to) = match rest.changes_to {
        _ if rest.full => (ENDED_PAGES, window),
        Some(to) => (PAGES, to),
        None => return Ok(()),
    };
    let changed = |pull: &super::wire::PullRequest| pull.updated_at > to;
    let read = reader.some_pages(
        most,
        "EndedChanges",
        "pullRequests",
        &mut wire.ended,
        changed,
    );
    // A full read is bounded on purpose: what is older than its pages is no loss to tell of.
    if !read.await? && !rest.full {
        reader.warn_of_more(batch);
    }
    // The same holds for what was pushed to the default branch without a change request.
    let branch = wire.default_branch_ref.as_mut();
    let target = branch.and_then(|branch| branch.target.as_mut());
    if let Some(history) = target.and_then(|target| target.history.as_mut()) {
        let lately =
            |commit: &super::wire::GraphCommit| commit.committed_date.is_some_and(|at| at > to);
        let field = "defaultBranchRef/target/history";
        reader
            .some_pages(ENDED_PAGES, "MoreCommits", field, history, lately)
            .await?;
    }
    Ok(())
}

struct Reader<'a> {
    github: &'a GitHub,
    repo: &'a RepoKey,
    rest: Rest,
    ask: Ask,
}

impl Reader<'_> {
    /// Reads on while there is a next page and the last record is one to `go_on` at; `field` is the way
    /// to the list from its repository.
    async fn pages<T: DeserializeOwned>(
        &self,
        operation: &str,
        field: &str,
        list: &mut Connection<T>,
        go_on: impl Fn(&T) -> bool,
        batch: &mut Batch,
    ) -> Result<(), SourceError> {
        if !self
            .some_pages(PAGES, operation, field, list, go_on)
            .await?
        {
            self.warn_of_more(batch);
        }
        Ok(())
    }

    fn warn_of_more(&self, batch: &mut Batch) {
        let text = format!("{}: there is more than is read at once", self.repo);
        batch.warnings.push(Clean::line(&text));
    }

    /// Reads at most so many pages; returns whether that was as far as it had to be.
    async fn some_pages<T: DeserializeOwned>(
        &self,
        most: usize,
        operation: &str,
        field: &str,
        list: &mut Connection<T>,
        go_on: impl Fn(&T) -> bool,
    ) -> Result<bool, SourceError> {
        for _ in 0..most {
            let further = list.nodes.items.last().is_none_or(&go_on);
            let Some(after) = list.next().filter(|_| further) else {
                return Ok(true);
            };
            let page = self.page::<T>(operation, field, &after).await?;
            // A page that names itself as the next would be read for ever.
            let same = page.next().as_deref() == Some(after.as_str());
            list.page_info = if same { None } else { page.page_info };
            list.nodes.append(page.nodes);
            if same {
                break;
            }
        }
        Ok(false)
    }

    async fn page<T: DeserializeOwned>(
        &self,
        operation: &str,
        field: &str,
        after: &str,
    ) -> Result<Connection<T>, SourceError> {
        let (owner, name) = self.repo.path().split_once('/').unwrap_or_default();
        let (rollup, projects) = {
            let state = self.github.state();
            (state.asks(Feature::Rollup), state.asks(Feature::Projects))
        };
        let mut variables = json!({
            "owner": owner, "name": name, "after": after, "rollup": rollup, "projects": projects,
        });
        if let (Some(since), Value::Object(variables)) = (self.rest.since, &mut variables) {
            variables.insert("since".to_owned(), json!(since.to_rfc3339()));
        }
        let api = &self.github.api;
        let sent = api.query(DOCUMENT, operation, &variables, self.ask.urgency);
        let unreadable = |cause: String| SourceError::Unreadable {
            host: api.client.host().to_owned(),
            cause,
        };
        let data = match sent.await {
            Ok(data) => data,
            Err(Trouble::Heavy(error) | Trouble::Failed(error)) => return Err(error),
            Err(Trouble::Absent(why)) => return Err(unreadable(why)),
            Err(Trouble::Lacks(features)) => {
                self.github.state().refuse(&features);
                return Err(unreadable("a further page was refused".to_owned()));
            }
        };
        let mut repo = data.by_alias.value("repository");
        let page = repo.pointer_mut(&format!("/{field}")).map(Value::take);
        page.and_then(|page| serde_json::from_value(page).ok())
            .ok_or_else(|| unreadable(format!("a further page of {field} is missing")))
    }
}
