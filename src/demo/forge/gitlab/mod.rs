//! GitLab's REST v4 and a part of its GraphQL: which path is answered by what.
//!
//! Issues and merge requests share their numbers in the world, so `iid` has gaps
//! here; pipelines, jobs and deployments have identities that grow with time.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, Asked, Sent};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::{Dialect, Ground, Place, READ_TOKEN, writes};
use crate::demo::scenario::model::RepoState;
use crate::demo::scenario::people;
use crate::domain::Timestamp;

mod commits;
mod deeds;
mod deliveries;
mod deployments;
mod findings;
mod graphql;
mod issues;
mod jobs;
mod list;
mod merges;
mod pipelines;
mod projects;
mod reports;
mod standing;
mod trace;
mod users;

/// The version that it says it is.
const VERSION: &str = "18.5.1-ee";

/// What the functions of this module tree get.
pub(super) struct Ask<'a> {
    pub(super) ground: &'a Ground,
    pub(super) asked: &'a Asked,
}

impl Ask<'_> {
    /// Returns the server's own address, as the client calls it, without a slash at its end.
    fn host(&self) -> &str {
        &self.asked.host
    }

    fn param(&self, name: &str) -> Option<&str> {
        self.asked.param(name)
    }

    /// Returns whether a parameter says yes, in any of the words that are understood.
    fn is(&self, name: &str) -> bool {
        let yes = ["true", "t", "1", "yes", "on"];
        let word = self.param(name).map(str::to_lowercase);
        word.is_some_and(|word| yes.contains(&word.as_str()))
    }
}

/// A project: a repository, and what it is called here.
pub(super) struct Project {
    pub(super) place: Place,
    pub(super) repo: Arc<RepoState>,
}

impl Project {
    /// Returns its page.
    fn page(&self, ask: &Ask<'_>) -> String {
        format!("{}/{}", ask.host(), self.place.path)
    }

    /// Returns its number.
    fn id(&self) -> u64 {
        self.repo.spec.id
    }
}

/// Answers one request.
pub(super) fn respond(
    ground: &Arc<Ground>,
    asked: &Asked,
    body: &Bytes,
    _faults: &Taken,
) -> Answer {
    if !writes::lets_in(asked, ground) {
        return error(StatusCode::UNAUTHORIZED, "Unauthorized");
    }
    let ask = Ask { ground, asked };
    let segments = asked.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["api", "graphql"] => graphql::answer(&ask, body),
        ["api", "v4", rest @ ..] if asked.reads() => read(&ask, rest),
        ["api", "v4", rest @ ..] => deeds::answer(&ask, rest),
        ["-", "health" | "liveness" | "readiness"] => {
            Answer::text("text/plain", "GitLab OK".to_owned())
        }
        _ => beyond(),
    }
}

/// Returns the headers that every answer has.
pub(super) fn headers(sent: &Sent<'_>) -> Vec<(&'static str, String)> {
    let window = sent.window;
    let name = "throttle_authenticated_api".to_owned();
    let mut all = vec![
        ("ratelimit-limit", window.limit.to_string()),
        ("ratelimit-name", name),
        ("ratelimit-observed", window.used.to_string()),
        ("ratelimit-remaining", window.remaining().to_string()),
        ("ratelimit-reset", window.reset.to_string()),
        ("x-request-id", format!("01DEMO{}", window.used)),
        ("x-runtime", "0.042131".to_owned()),
        ("vary", "Origin".to_owned()),
        (
            "x-gitlab-meta",
            "{\"correlation_id\":\"01DEMO\",\"version\":\"1\"}".to_owned(),
        ),
    ];
    if sent.get {
        let cache = "max-age=0, private, must-revalidate";
        all.push(("cache-control", cache.to_owned()));
    }
    all
}

fn error(status: StatusCode, text: &str) -> Answer {
    Dialect::GitLab.error(status, text)
}

/// Returns the error for something of a kind that is not there.
fn missing(kind: &str) -> Answer {
    error(StatusCode::NOT_FOUND, &format!("{kind} Not Found"))
}

/// Returns the error for a route that nobody knows.
fn beyond() -> Answer {
    Answer::json(json!({"error": "404 Not Found"})).status(StatusCode::NOT_FOUND)
}

/// Returns an instant as GitLab writes it.
fn time(at: Timestamp) -> String {
    at.format("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

fn read(ask: &Ask<'_>, path: &[&str]) -> Answer {
    match path {
        ["version"] => Answer::json(json!({"version": VERSION, "revision": "de30de30"})),
        ["metadata"] => Answer::json(json!({
            "version": VERSION, "revision": "de30de30", "enterprise": true,
            "kas": {"enabled": false, "externalUrl": null, "version": null},
        })),
        ["user"] => Answer::json(users::own(ask)),
        ["users"] => users::all(ask),
        ["users", id] => users::one(ask, id),
        ["personal_access_tokens", "self"] => Answer::json(token(ask)),
        ["projects"] => projects::all(ask),
        ["projects", id, rest @ ..] => match project(ask, id) {
            Some(project) => of_project(ask, &project, rest),
            None => missing("Project"),
        },
        ["groups", rest @ ..] => projects::groups(ask, rest),
        ["issues"] => issues::of(ask, &projects_under(ask, "")),
        ["merge_requests"] => merges::of(ask, &projects_under(ask, "")),
        _ => beyond(),
    }
}

fn token(ask: &Ask<'_>) -> Value {
    let may = ask.asked.token.as_deref() != Some(READ_TOKEN);
    json!({
        "id": 1, "name": "the board", "revoked": false, "created_at": "2024-01-15T09:00:00.000Z",
        "description": null, "scopes": if may { ["api"] } else { ["read_api"] },
        "user_id": users::id(people::VIEWER), "last_used_at": time(ask.asked.now),
        "active": true, "expires_at": null,
    })
}

/// Returns a project by its number or its path.
fn project(ask: &Ask<'_>, id: &str) -> Option<Project> {
    let now = ask.asked.now;
    if let Ok(number) = id.parse::<u64>() {
        let mut all = ask.ground.states(now);
        let (place, repo) = all.find(|(_, repo)| repo.spec.id == number)?;
        return Some(Project {
            place: place.clone(),
            repo,
        });
    }
    let (place, repo) = ask.ground.find(id, now)?;
    Some(Project {
        place: place.clone(),
        repo,
    })
}

/// Returns all projects below a group; all there are below none.
fn projects_under(ask: &Ask<'_>, group: &str) -> Vec<Project> {
    let below = |path: &str| {
        let rest = path.get(..group.len()).zip(path.get(group.len()..));
        group.is_empty()
            || rest.is_some_and(|(lead, rest)| {
                lead.eq_ignore_ascii_case(group) && rest.starts_with('/')
            })
    };
    let all = ask.ground.states(ask.asked.now);
    all.filter(|(place, _)| below(&place.path))
        .map(|(place, repo)| Project {
            place: place.clone(),
            repo,
        })
        .collect()
}

fn of_project(ask: &Ask<'_>, project: &Project, path: &[&str]) -> Answer {
    let own = std::slice::from_ref(project);
    match path {
        [] => Answer::json(projects::full(ask, project)),
        ["languages"] => Answer::json(json!({project.repo.spec.lang.name(): 100.0})),
        ["members", ..] => users::all(ask),
        ["labels"] => projects::labels(ask),
        ["milestones"] => projects::milestones(ask, project),
        ["issues"] => issues::of(ask, own),
        ["issues", iid, rest @ ..] => issues::one(ask, project, iid, rest),
        ["merge_requests"] => merges::of(ask, own),
        ["merge_requests", iid, rest @ ..] => merges::one(ask, project, iid, rest),
        ["merge_trains"] => merges::train(ask, project),
        ["repository", rest @ ..] => commits::answer(ask, project, rest),
        ["pipelines", rest @ ..] => pipelines::answer(ask, project, rest),
        ["jobs", rest @ ..] => jobs::answer(ask, project, rest),
        ["releases", rest @ ..] => deliveries::releases(ask, project, rest),
        ["environments", rest @ ..] => deliveries::environments(ask, project, rest),
        ["protected_environments"] => deliveries::guarded(ask, project),
        ["protected_branches"] => commits::guarded(ask, project),
        ["deployments", rest @ ..] => deployments::answer(ask, project, rest),
        ["vulnerabilities"] => findings::all(ask, project),
        _ => beyond(),
    }
}
