//! Who asks and what may be asked: once in a while for the board, in words for `doctor`.
//!
//! Version and edition, the user, what the token may, and one look at each part of
//! one project: a dozen requests at most, and one for each group and project that is named.

use chrono::DateTime;
use std::collections::BTreeSet;

use super::api::{Poll, is_absent, is_refusal};
use super::discover::is_off;
use super::{GitLab, wire};
use crate::domain::text::Clean;
use crate::sources::http::{Answer, Failure, List, Request, span};
use crate::sources::port::{Ask, failed, fine};
use crate::sources::selection::paths;
use crate::sources::{Batch, CapabilityState, Check, CheckState, SourceError};

/// The difference of two clocks above which it is told.
const SKEW_SECS: i64 = 60;

/// How many names of the settings are tried.
const MOST_NAMES: usize = 20;

/// What is tried on a project.
struct Part {
    /// The name of the capability and of the check.
    name: &'static str,
    /// The last parts of the route.
    route: &'static [&'static str],
    /// Whether the board needs it.
    needed: bool,
}

const fn part(name: &'static str, route: &'static [&'static str], needed: bool) -> Part {
    Part {
        name,
        route,
        needed,
    }
}

const PARTS: [Part; 8] = [
    part(super::ISSUES, &["issues"], true),
    part(super::CHANGES, &["merge_requests"], true),
    part(super::RUNS, &["pipelines"], true),
    part(super::COMMITS, &["repository", "commits"], false),
    part(super::DEPLOYMENTS, &["deployments"], false),
    part(super::ENVIRONMENTS, &["environments"], false),
    part(super::PROTECTED, &["protected_environments"], false),
    part(super::RELEASES, &["releases"], false),
];

impl GitLab {
    /// Finds out who asks, and what the token may.
    pub(super) async fn find_account(&self, poll: Poll) -> Result<Batch, SourceError> {
        let client = self.port.client(poll.ask).await?;
        if !client.has_credential() {
            // Nobody asks: there is no user, and asking for one would be refused.
            self.state().account_asked = true;
            return Ok(Batch::default());
        }
        match self.one::<wire::User>(&["user"], &[], poll).await {
            Ok((user, _)) => {
                let login = user
                    .username
                    .as_deref()
                    .map(|name| Clean::line(name).to_string());
                self.state().me = login;
            }
            // A token of a job is nobody.
            Err(failure) if is_refusal(&failure) => {}
            Err(failure) => return Err(failure.error),
        }
        if let Ok(Some(token)) = self.own_token(poll).await {
            let scopes = token.scopes.items.into_iter().collect();
            self.state().scopes = Some(scopes);
        }
        self.state().account_asked = true;
        Ok(Batch::default())
    }

    /// Asks what the token may; tokens of applications and old servers do not tell.
    async fn own_token(&self, poll: Poll) -> Result<Option<wire::OwnToken>, Failure> {
        // A token that may not ask this may still ask the rest: a refusal here refuses no token.
        let client = self.port.client(poll.ask).await.map_err(Failure::of)?;
        let request = Request {
            url: self.url(&["personal_access_tokens", "self"], &[]),
            conditional: false,
            urgency: poll.ask.urgency,
        };
        match client.get_as::<wire::OwnToken>(&request).await {
            Ok((token, _)) => Ok(Some(token)),
            Err(failure) if is_refusal(&failure) => Ok(None),
            Err(failure) if matches!(failure.status, Some(400 | 401)) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// Tries everything that the board will need.
    pub(super) async fn look_over(&self) -> Vec<Check> {
        let poll = Poll {
            now: self.port.now(),
            ask: Ask::person(),
        };
        let mut checks = Vec::new();
        let client = self.port.client(poll.ask).await;
        if client.as_ref().is_ok_and(|client| !client.has_credential()) {
            // Without a token a server tells neither its version nor who asks.
            let query = [("per_page", "1"), ("simple", "true")];
            let asked = self.one::<List<serde_json::Value>>(&["projects"], &query, poll);
            match asked.await {
                Ok(_) => checks.push(fine(
                    "host",
                    "it answers; without a token it tells no version",
                )),
                Err(failure) => return vec![failed("host", &failure.error)],
            }
        } else {
            match self.one::<wire::Version>(&["version"], &[], poll).await {
                Ok((version, answer)) => self.reached(&version, &answer, &mut checks),
                Err(failure) => return vec![failed("host", &failure.error)],
            }
        }
        match self.own_token(poll).await {
            Ok(Some(token)) => self.scopes(&token, &mut checks),
            Ok(None) => {}
            Err(failure) => checks.push(failed("token", &failure.error)),
        }
        let sample = self.named(poll, &mut checks).await;
        if let Some(project) = sample {
            let path = project.path_with_namespace.clone();
            for part in &PARTS {
                checks.push(self.part_of(&project, part, poll).await);
            }
            checks.push(self.look_at_findings(&path, poll).await);
        }
        checks
    }

    /// Tells version and clock from the first answer.
    fn reached(&self, version: &wire::Version, answer: &Answer, checks: &mut Vec<Check>) {
        let number = version
            .version
            .as_deref()
            .unwrap_or("of an unknown version");
        let edition = match version.enterprise {
            Some(true) => ", Enterprise Edition",
            Some(false) => ", Community Edition",
            None => "",
        };
        let text = format!("it answers, GitLab {number}{edition}");
        checks.push(fine("host", &self.port.shown(&text)));
        let date = answer
            .headers
            .get("date")
            .and_then(|date| date.to_str().ok());
        let date = date.and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        let Some(date) = date else { return };
        let ahead = self.port.now() - date.to_utc();
        if ahead.num_seconds().abs() > SKEW_SECS {
            let way = if ahead.num_seconds() > 0 {
                "ahead of"
            } else {
                "behind"
            };
            let by = span(ahead.abs().to_std().unwrap_or_default());
            let text = format!("the clock here is {by} {way} that of {}", self.port.host());
            checks.push(note("clock", &text));
        }
    }

    /// Tells what the token may, and what it may not.
    fn scopes(&self, token: &wire::OwnToken, checks: &mut Vec<Check>) {
        let scopes: BTreeSet<&str> = token.scopes.items.iter().map(String::as_str).collect();
        let list: Vec<&str> = scopes.iter().copied().collect();
        checks.push(fine("scopes", &self.port.shown(&list.join(", "))));
        let has = |names: &[&str]| names.iter().any(|name| scopes.contains(name));
        if !has(&["api", "read_api"]) {
            checks.push(note("scopes", "`read_api` is missing: little can be read"));
        }
        if !self.config.writes.is_empty() && !has(&["api"]) {
            checks.push(note("scopes", "`api` is missing: nothing can be changed"));
        }
        if token.active == Some(false) {
            checks.push(note("token", "it is not active"));
        }
        if let Some(day) = &token.expires_at {
            checks.push(fine(
                "token",
                &self.port.shown(&format!("it ends on {day}")),
            ));
        }
    }

    /// Tries what the settings name; returns a project to try on.
    async fn named(&self, poll: Poll, checks: &mut Vec<Check>) -> Option<wire::Project> {
        let mut sample = None;
        for path in paths(&self.config.repos).take(MOST_NAMES) {
            match self
                .one::<wire::Project>(&["projects", path], &[], poll)
                .await
            {
                Ok((project, _)) => {
                    if !project.path_with_namespace.eq_ignore_ascii_case(path) {
                        let now = self.port.shown(&project.path_with_namespace);
                        checks.push(note("project", &format!("`{path}` is now `{now}`")));
                    }
                    sample.get_or_insert(project);
                }
                Err(failure) => checks.push(self.not_there("project", path, &failure)),
            }
        }
        for org in self.config.orgs.iter().take(MOST_NAMES) {
            let query = [("include_subgroups", "true"), ("per_page", "1")];
            let route = ["groups", org.trim(), "projects"];
            let mut asked = self.one::<List<wire::Project>>(&route, &query, poll).await;
            if asked.as_ref().is_err_and(is_absent) && !org.contains('/') {
                let route = ["users", org.trim(), "projects"];
                asked = self.one(&route, &query[1..], poll).await;
            }
            match asked {
                Ok((list, _)) => {
                    if let Some(project) = list.items.into_iter().next() {
                        sample.get_or_insert(project);
                    } else {
                        let text = format!("`{org}` has no project that this token may see");
                        checks.push(note("group", &text));
                    }
                }
                Err(failure) => checks.push(self.not_there("group", org, &failure)),
            }
        }
        sample
    }

    fn not_there(&self, what: &'static str, name: &str, failure: &Failure) -> Check {
        if !is_absent(failure) {
            return failed(what, &failure.error);
        }
        let error = SourceError::NotFound {
            host: self.port.host().to_owned(),
            what: format!("the {what} `{}`", Clean::line(name)),
            near: None,
        };
        failed(what, &error)
    }

    /// Tries one part of a project.
    async fn part_of(&self, project: &wire::Project, part: &Part, poll: Poll) -> Check {
        let Part {
            name,
            route,
            needed,
        } = *part;
        let path = project.path_with_namespace.as_str();
        if is_off(project, name) {
            let text = format!("they are switched off in `{path}`");
            let why = CapabilityState::Missing(Clean::line(&text));
            self.port.can(name, why);
            return note(name, &text);
        }
        let route = [&["projects", path], route].concat();
        let query = [("per_page", "1")];
        let asked = self.one::<List<serde_json::Value>>(&route, &query, poll);
        match asked.await {
            Ok(_) => {
                self.port.can(name, CapabilityState::Available);
                fine(name, &format!("can be read in `{path}`"))
            }
            Err(failure) if is_refusal(&failure) && !needed => {
                note(name, &format!("cannot be read in `{path}`"))
            }
            Err(failure) if is_refusal(&failure) => {
                let mut check = failed(name, &failure.error);
                let hint = format!("is it on in `{path}`, and has the token the scope `read_api`?");
                check.hint = Some(Clean::line(&hint));
                check
            }
            Err(failure) => failed(name, &failure.error),
        }
    }
}

/// Returns what the board works without, but a person should know.
fn note(name: &'static str, text: &str) -> Check {
    Check {
        state: CheckState::Note,
        ..fine(name, text)
    }
}
