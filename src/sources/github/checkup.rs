//! What the board will need of a host and a token, tried once: for `cycleboard doctor`.
//!
//! Twelve requests: one for the host, one by GraphQL for the account and all that is configured,
//! one for a repository to try on, eight for its parts, one for the right to write. Where a
//! repository is not there, the names of up to three owners are read as well, ten pages each;
//! where an organisation is not, those of the token.

use std::fmt::Write as _;

use chrono::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::Trouble;
use super::probe::{over, split};
use super::wire_rest::ListedRepo;
use super::{Ask, GitHub, place};
use crate::domain::text::Clean;
use crate::sources::http::{Answer, Failure, List, Urgency, decode, span};
use crate::sources::selection;
use crate::sources::{Check, CheckState, SourceError};

/// How many names are looked up by one query.
const MOST_NAMES: usize = 20;

/// The difference of two clocks above which it is told.
const SKEW_SECS: i64 = 60;

/// What is tried on a repository: its name, its route, the permission, whether the board needs it.
const PARTS: [(&str, &str, &str, bool); 8] = [
    ("issues", "issues", "Issues: read", true),
    ("changes", "pulls", "Pull requests: read", true),
    ("runs", "actions/runs", "Actions: read", true),
    ("deployments", "deployments", "Deployments: read", true),
    ("releases", "releases", "Contents: read", true),
    (
        "dependencies",
        "dependabot/alerts",
        "Dependabot alerts: read",
        false,
    ),
    (
        "code alerts",
        "code-scanning/alerts",
        "Code scanning alerts: read",
        false,
    ),
    (
        "secrets",
        "secret-scanning/alerts",
        "Secret scanning alerts: read",
        false,
    ),
];

impl GitHub {
    /// Tries everything that the board will need.
    pub(super) async fn look_over(&self) -> Vec<Check> {
        if let Err(error) = self.ensure_token(true).await {
            return vec![failed("token", &error)];
        }
        let mut checks = Vec::new();
        let mut is_absent = false;
        match self.try_get("meta").await {
            Ok(answer) => self.reached(&answer, &mut checks),
            Err(failure) if is_closed(&failure) => {
                is_absent = matches!(failure.error, SourceError::NotFound { .. });
                checks.push(check("host", CheckState::Fine, "it answers"));
            }
            Err(failure) => return vec![failed("host", &failure.error)],
        }
        let found = match self.by_graphql(&mut checks).await {
            Ok(found) => found,
            Err(error) => {
                checks.push(failed("graphql", &error));
                return checks;
            }
        };
        let sample = self.sample(found, &mut checks).await;
        let proven = checks
            .iter()
            .any(|check| check.name == "graphql" && check.state == CheckState::Fine);
        let told = match (&sample, self.config.orgs.first()) {
            _ if !is_absent || proven => None,
            (Some(repo), _) => {
                let named = "the repository is private or its name is wrong";
                self.elsewhere(&format!("repos/{repo}"), named).await
            }
            (None, Some(owner)) => {
                let named = "the name of the organisation is wrong";
                let route = format!("users/{}/repos", owner.trim());
                self.elsewhere(&route, named).await
            }
            (None, None) => None,
        };
        if let Some(elsewhere) = told {
            return vec![elsewhere];
        }
        let Some(repo) = sample else {
            return checks;
        };
        for part in PARTS {
            let tried = self.part(&repo, part).await;
            let over = tried.state == CheckState::Refused;
            checks.push(tried);
            if over {
                return checks;
            }
        }
        self.writes(&repo, &mut checks).await;
        checks
    }

    /// Tries what is named itself where the first route was not there; returns what to tell where
    /// that is not there either: the address is probably another's, or else `named` holds.
    async fn elsewhere(&self, route: &str, named: &str) -> Option<Check> {
        let failure = self.try_get(route).await.err()?;
        if !matches!(failure.error, SourceError::NotFound { .. }) {
            return None;
        }
        let tried = |route: &str| self.api.request(route, &[], Urgency::Person).url;
        let text = format!(
            "neither {} nor {} is there: is it a GitHub?",
            tried("meta"),
            tried(route)
        );
        let mut found = check("host", CheckState::Failed, &self.api.client.shown(&text));
        found.hint = Some(Clean::line(&format!(
            "`url` is where GitHub's own page begins, e.g. `https://github.com` or \
             `https://github.example.org`; where that is right, {named}"
        )));
        Some(found)
    }

    pub(super) async fn try_get(&self, route: &str) -> Result<Answer, Failure> {
        let mut request = self
            .api
            .request(route, &[("per_page", "1")], Urgency::Person);
        request.conditional = false;
        self.api.client.get(&request).await
    }

    /// Tells version, clock and scopes from the first answer.
    fn reached(&self, answer: &Answer, checks: &mut Vec<Check>) {
        #[derive(Deserialize)]
        struct Meta {
            installed_version: Option<String>,
        }
        let text = |name: &str| {
            answer
                .headers
                .get(name)
                .and_then(|value| value.to_str().ok())
        };
        let meta: Result<Meta, _> = serde_json::from_slice(&answer.body);
        let version = meta.ok().and_then(|meta| meta.installed_version);
        let version = version.or_else(|| text("x-github-enterprise-version").map(str::to_owned));
        let version = version.map_or_else(
            || "it answers".to_owned(),
            |version| format!("it answers, GitHub Enterprise Server {version}"),
        );
        checks.push(check("host", CheckState::Fine, &version));
        let date = text("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        if let Some(date) = date {
            let ahead = self.api.client.now() - date.to_utc();
            let way = if ahead.num_seconds() > 0 {
                "ahead of"
            } else {
                "behind"
            };
            if ahead.num_seconds().abs() > SKEW_SECS {
                let by = span(ahead.abs().to_std().unwrap_or_default());
                let text = format!("the clock here is {by} {way} that of {}", self.api.host);
                checks.push(check("clock", CheckState::Note, &text));
            }
        }
        // They are a token's; a server that tells some without one speaks of nobody.
        let scopes = text("x-oauth-scopes").filter(|_| !self.state().anonymous);
        if let Some(scopes) = scopes.filter(|scopes| !scopes.trim().is_empty()) {
            self.scopes(scopes, checks);
        }
    }

    /// Tells the scopes of a classic token, and which are missing.
    fn scopes(&self, scopes: &str, checks: &mut Vec<Check>) {
        let list: Vec<&str> = scopes.split(',').map(str::trim).collect();
        let has = |names: &[&str]| names.iter().any(|name| list.contains(name));
        let shown = self.api.client.shown(&list.join(", ")).to_string();
        checks.push(check("scopes", CheckState::Fine, &shown));
        let wanted: [(&[&str], &str); 3] = [
            (
                &["repo"],
                "`repo` is missing: private repositories stay invisible",
            ),
            (
                &["read:org", "write:org", "admin:org"],
                "`read:org` is missing: private members and teams stay invisible",
            ),
            (
                &["read:project", "project"],
                "`read:project` is missing: the status on project boards stays unknown",
            ),
        ];
        for (_, text) in wanted.iter().filter(|(names, _)| !has(names)) {
            checks.push(check("scopes", CheckState::Note, text));
        }
    }

    /// Asks for the account and everything that is named; returns the first repository that is there.
    async fn by_graphql(&self, checks: &mut Vec<Check>) -> Result<Option<String>, SourceError> {
        let named = selection::plain(&self.config.repos).take(MOST_NAMES);
        let paths: Vec<String> = named.map(str::to_owned).collect();
        if self.state().is_by_rest() {
            let why = "no, the board goes on by REST: it needs a token";
            checks.push(check("graphql", CheckState::Note, why));
            return Ok(paths.first().cloned());
        }
        let mut declared = String::new();
        let mut head = "  viewer { login }\n".to_owned();
        let owners: Vec<&String> = self.config.orgs.iter().take(MOST_NAMES).collect();
        for at in 0..owners.len() {
            // Writing to a text cannot fail.
            let _ = write!(declared, "$l{at}: String!, ");
            let _ = writeln!(head, "  l{at}: repositoryOwner(login: $l{at}) {{ login }}");
        }
        // Never used, but a list of variables must not be empty.
        declared.push_str("$none: Boolean = false");
        head.push_str("  __typename @skip(if: $none)\n");
        let (mut document, mut variables) = over(&split(&paths), &declared, &head, "Named");
        for (at, owner) in owners.iter().enumerate() {
            variables.insert(format!("l{at}"), json!(owner.trim()));
        }
        if !paths.is_empty() {
            document.push_str("fragment Named on Repository { nameWithOwner }\n");
        }
        let variables = Value::Object(variables);
        let asked = self
            .api
            .query(&document, "Board", &variables, Urgency::Person);
        let data = match asked.await {
            Ok(data) => data,
            Err(Trouble::Absent(why)) => {
                let why = format!("no, the board goes on by REST: {why}");
                checks.push(check("graphql", CheckState::Note, &why));
                return Ok(paths.first().cloned());
            }
            Err(Trouble::Failed(error) | Trouble::Heavy(error)) => return Err(place::named(error)),
            Err(Trouble::Lacks(_)) => return Ok(paths.first().cloned()),
        };
        checks.push(check("graphql", CheckState::Fine, "yes"));
        let viewer = data.by_alias.value("viewer");
        if let Some(login) = viewer.get("login").and_then(Value::as_str) {
            checks.push(check("account", CheckState::Fine, &format!("`{login}`")));
        }
        let is_there = |alias: String| data.by_alias.has(&alias);
        let ask = Ask {
            now: self.api.client.now(),
            urgency: Urgency::Person,
            forced: true,
        };
        if (0..owners.len()).any(|at| !is_there(format!("l{at}"))) {
            self.learn_owners(ask).await;
        }
        for (at, owner) in owners.iter().enumerate() {
            if !is_there(format!("l{at}")) {
                let shown = Clean::line(owner);
                let error = self.missing(format!("the organisation `{shown}`"));
                checks.push(failed("organisation", &self.with_near(Some(owner), error)));
            }
        }
        let missing: Vec<&String> = paths
            .iter()
            .enumerate()
            .filter(|(at, _)| !is_there(format!("r{at}")))
            .map(|(_, path)| path)
            .collect();
        self.learn_names(&missing, ask).await;
        let mut first = None;
        for (at, path) in paths.iter().enumerate() {
            if is_there(format!("r{at}")) {
                first.get_or_insert(path.clone());
            } else {
                checks.push(failed("repository", &self.not_there(path)));
            }
        }
        Ok(first)
    }

    /// Returns the repository that the rest is tried on.
    async fn sample(&self, found: Option<String>, checks: &mut Vec<Check>) -> Option<String> {
        // One that is not there was told already.
        let told = |owner: &str| {
            let text = format!("the organisation `{}`", Clean::line(owner));
            let mut told = checks.iter().filter(|check| check.name == "organisation");
            told.any(|check| check.text.starts_with(&text))
        };
        let mut owners = self.config.orgs.iter().map(|owner| owner.trim());
        let owner = owners.find(|owner| !told(owner));
        if found.is_none() && owner.is_none() && !self.config.orgs.is_empty() {
            return None;
        }
        let route = match (&found, owner) {
            (Some(_), _) => return found,
            (None, Some(owner)) => format!("users/{owner}/repos"),
            (None, None) if selection::is_needed(&self.config) => "user/repos".to_owned(),
            (None, None) => return None,
        };
        let listed = match self.try_get(&route).await {
            Ok(answer) => {
                let host = self.api.client.host();
                decode::<List<ListedRepo>>(host, &route, &answer.body)
            }
            Err(failure) => Err(failure),
        };
        match listed {
            Ok(list) => list.items.into_iter().next().map(|repo| repo.full_name),
            Err(failure) => {
                checks.push(failed("repositories", &place::named(failure.error)));
                None
            }
        }
    }

    /// Tries one part of a repository, and names the permission where it is refused.
    async fn part(&self, repo: &str, part: (&'static str, &str, &str, bool)) -> Check {
        let (name, route, permission, needed) = part;
        let Err(failure) = self.try_get(&format!("repos/{repo}/{route}")).await else {
            return check(name, CheckState::Fine, "yes");
        };
        let said = failure.said.clone().unwrap_or_default();
        let lower = said.to_lowercase();
        let unused = [
            "disabled",
            "not enabled",
            "must be enabled",
            "no analysis found",
        ];
        if is_closed(&failure) && unused.iter().any(|words| lower.contains(words)) {
            let text = format!("not in use: {}", self.api.client.shown(&said));
            return check(name, CheckState::Note, &text);
        }
        let mut found = failed(name, &place::named(failure.error.clone()));
        if is_closed(&failure) {
            let hint = if self.state().anonymous {
                "without a token it shows what is public: `token_env` or `token_command` names one"
                    .to_owned()
            } else {
                format!("give the token the permission `{permission}`")
            };
            found.hint = Some(Clean::line(&hint));
            found.trouble = None;
            if !needed {
                found.state = CheckState::Note;
            }
        }
        found
    }
}

/// Returns whether the host answered and does not want to tell.
fn is_closed(failure: &Failure) -> bool {
    matches!(
        failure.error,
        SourceError::Forbidden { .. } | SourceError::NotFound { .. } | SourceError::Refused { .. }
    )
}

pub(super) fn check(name: &'static str, state: CheckState, text: &str) -> Check {
    Check {
        name,
        state,
        text: Clean::line(text),
        hint: None,
        trouble: None,
    }
}

fn failed(name: &'static str, error: &SourceError) -> Check {
    let state = match error {
        SourceError::Auth { .. } | SourceError::NoToken { .. } => CheckState::Refused,
        SourceError::Forbidden { .. }
        | SourceError::NotFound { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Refused { .. } => CheckState::Failed,
    };
    Check {
        hint: error.advice().map(|hint| Clean::line(&hint)),
        trouble: error.trouble(),
        ..check(name, state, &error.to_string())
    }
}
