//! Forgejo's API v1: which path is answered by what.
//!
//! Its repositories are built elsewhere: Actions are switched off, and what the CI
//! server found stands in the statuses of commits, deployments included.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::answer::{Answer, Asked, Sent, iso};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::wire::join;
use crate::demo::forge::{Dialect, Ground, Place, READ_TOKEN, writes};
use crate::demo::scenario::model::RepoState;
use crate::demo::scenario::people::{self, ACTIONS, PEOPLE, VIEWER};

mod commits;
mod pulls;
mod releases;
mod repos;
mod statuses;
mod tickets;

/// The version that it says it is.
const VERSION: &str = "15.0.2+gitea-1.22.0";

/// The most records that a page has.
const MOST: usize = 50;

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

    /// Returns whether one of the words of a parameter is this, where the parameter is there.
    fn wants(&self, name: &str, word: &str) -> bool {
        let words = self.param(name);
        words.is_none_or(|words| words.split(',').any(|one| one.eq_ignore_ascii_case(word)))
    }
}

/// A repository, and what it is called here.
pub(super) struct Home {
    pub(super) place: Place,
    pub(super) repo: Arc<RepoState>,
}

impl Home {
    fn path(&self) -> &str {
        &self.place.path
    }

    fn owner(&self) -> &str {
        self.path().split_once('/').map_or("", |(owner, _)| owner)
    }

    fn name(&self) -> &str {
        self.path().split_once('/').map_or("", |(_, name)| name)
    }

    /// Returns its page.
    fn page(&self, ask: &Ask<'_>) -> String {
        format!("{}/{}", ask.host(), self.path())
    }

    /// Returns where the interface has it.
    fn api(&self, ask: &Ask<'_>) -> String {
        format!("{}/api/v1/repos/{}", ask.host(), self.path())
    }
}

/// Answers one request.
pub(super) fn respond(
    ground: &Arc<Ground>,
    asked: &Asked,
    _body: &Bytes,
    _faults: &Taken,
) -> Answer {
    let ask = Ask { ground, asked };
    let segments = asked.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    match path.as_slice() {
        ["api", "healthz"] => Answer::json(json!({"status": "pass", "description": "Forgejo"})),
        ["api", "v1", rest @ ..] => {
            // Who a stranger is does not matter for the version, a wrong token does.
            let is_open = asked.token.is_none() && rest == ["version"];
            if !is_open && !writes::lets_in(asked, ground) {
                let text = match asked.token {
                    Some(_) => "invalid username, password or token",
                    None => "token is required",
                };
                return error(StatusCode::UNAUTHORIZED, text);
            }
            if asked.reads() {
                read(&ask, rest)
            } else {
                // Nothing that changes something is simulated here.
                beyond().status(StatusCode::METHOD_NOT_ALLOWED)
            }
        }
        _ => beyond(),
    }
}

/// Returns the headers that every answer has.
pub(super) fn headers(sent: &Sent<'_>) -> Vec<(&'static str, String)> {
    let cache = "max-age=0, private, must-revalidate, no-transform".to_owned();
    let mut all = vec![
        ("x-content-type-options", "nosniff".to_owned()),
        ("x-frame-options", "SAMEORIGIN".to_owned()),
        ("vary", "Origin".to_owned()),
    ];
    if sent.get {
        all.push(("cache-control", cache));
    }
    all
}

fn error(status: StatusCode, text: &str) -> Answer {
    Dialect::Forgejo.error(status, text)
}

/// Returns the error for a record that is not there.
fn missing() -> Answer {
    error(StatusCode::NOT_FOUND, "The target couldn't be found.")
}

/// Returns the error for a route that nobody knows: it is no JSON.
fn beyond() -> Answer {
    Answer::text(
        "text/plain; charset=utf-8",
        "404 page not found\n".to_owned(),
    )
    .status(StatusCode::NOT_FOUND)
}

/// Returns one page of a list, with the headers that it has here.
fn page<T>(ask: &Ask<'_>, all: &[T], row: impl Fn(&T) -> Value) -> Answer {
    Answer::list(ask.asked, all, row)
        .header("x-total-count", all.len().to_string())
        .header(
            "access-control-expose-headers",
            "X-Total-Count, Link".to_owned(),
        )
}

fn read(ask: &Ask<'_>, path: &[&str]) -> Answer {
    match path {
        ["version"] => Answer::json(json!({"version": VERSION})),
        ["settings", "api"] => Answer::json(json!({
            "max_response_items": MOST, "default_paging_num": 30,
            "default_git_trees_per_page": 1000, "default_max_blob_size": 10_485_760,
        })),
        ["user"] => Answer::json(user(ask, VIEWER)),
        ["user", "repos"] => repos::all(ask, None),
        ["users", name] => named(ask, name),
        ["users" | "orgs", name, "repos"] if has_owner(ask, name) => repos::all(ask, Some(name)),
        ["orgs", name] if has_owner(ask, name) => Answer::json(repos::org(ask, name)),
        ["repos", "search"] => repos::search(ask),
        ["repos", "issues", "search"] => tickets::search(ask),
        ["repos", owner, name, rest @ ..] => match home(ask, &format!("{owner}/{name}")) {
            Some(home) => of_repo(ask, &home, rest),
            None => missing(),
        },
        ["users" | "orgs", ..] => missing(),
        _ => beyond(),
    }
}

/// Returns a repository by its path.
fn home(ask: &Ask<'_>, path: &str) -> Option<Home> {
    let (place, repo) = ask.ground.find(path, ask.asked.now)?;
    Some(Home {
        place: place.clone(),
        repo,
    })
}

/// Returns all repositories, or those of an owner.
fn homes(ask: &Ask<'_>, owner: Option<&str>) -> Vec<Home> {
    let all = ask.ground.states(ask.asked.now);
    let all = all.map(|(place, repo)| Home {
        place: place.clone(),
        repo,
    });
    all.filter(|home| owner.is_none_or(|owner| home.owner().eq_ignore_ascii_case(owner)))
        .collect()
}

fn has_owner(ask: &Ask<'_>, name: &str) -> bool {
    let mut all = ask.ground.share.places.iter();
    all.any(|place| {
        let owner = place.path.split_once('/').map_or("", |(owner, _)| owner);
        owner.eq_ignore_ascii_case(name)
    })
}

fn of_repo(ask: &Ask<'_>, home: &Home, path: &[&str]) -> Answer {
    match path {
        [] => Answer::json(repos::full(ask, home)),
        ["issues"] => tickets::of(ask, home),
        ["issues", number] => tickets::one(ask, home, number),
        ["labels"] => tickets::labels(ask),
        ["milestones"] => tickets::milestones(ask),
        ["pulls"] => pulls::of(ask, home),
        ["pulls", number, rest @ ..] => pulls::one(ask, home, number, rest),
        ["commits"] => commits::history(ask, home),
        ["commits", name, "pull"] => pulls::bringing(ask, home, name),
        ["commits", name, "status"] => statuses::combined(ask, home, name),
        ["commits", name, "statuses"] | ["statuses", name] => statuses::all(ask, home, name),
        ["git", "commits", name] => commits::one(ask, home, name),
        ["compare", ends] => commits::compared(ask, home, ends),
        ["branches"] => commits::branches(ask, home),
        ["branches", name @ ..] => commits::branch(ask, home, &name.join("/")),
        ["branch_protections"] => commits::protections(home),
        ["tags"] => releases::tags(ask, home),
        ["releases", rest @ ..] => releases::answer(ask, home, rest),
        // The unit is switched off here, which is another thing than a route that is not there.
        ["actions", ..] => missing(),
        _ => beyond(),
    }
}

fn named(ask: &Ask<'_>, name: &str) -> Answer {
    if has_owner(ask, name) {
        return Answer::json(owner(ask, name));
    }
    let index = PEOPLE
        .iter()
        .position(|one| one.login.eq_ignore_ascii_case(name));
    index.map_or_else(missing, |index| Answer::json(user(ask, index)))
}

/// Returns somebody; what runs workflows of the world is the CI server's account here.
fn user(ask: &Ask<'_>, index: usize) -> Value {
    let (login, name) = if index == ACTIONS {
        ("jenkins", "Jenkins")
    } else {
        let one = people::of(index);
        (one.login, one.name)
    };
    account(ask, 1_000 + index, login, name)
}

/// Returns the account of an owner of repositories.
fn owner(ask: &Ask<'_>, name: &str) -> Value {
    account(ask, owner_id(ask, name), name, name)
}

fn owner_id(ask: &Ask<'_>, name: &str) -> usize {
    let mut owners: Vec<&str> = Vec::new();
    for place in &ask.ground.share.places {
        let owner = place.path.split_once('/').map_or("", |(owner, _)| owner);
        if !owners.contains(&owner) {
            owners.push(owner);
        }
    }
    let place = owners
        .iter()
        .position(|known| known.eq_ignore_ascii_case(name));
    10 + place.unwrap_or(0)
}

fn account(ask: &Ask<'_>, id: usize, login: &str, name: &str) -> Value {
    let made = "2024-01-15T09:00:00Z";
    let host = ask.host();
    let may = ask.asked.token.as_deref() != Some(READ_TOKEN);
    let plain = json!({
        "id": id, "login": login, "login_name": "", "source_id": 0, "full_name": name,
        "email": format!("{login}@noreply.example.org"), "language": "", "is_admin": false,
        "avatar_url": format!("{host}/avatars/{login}"), "html_url": format!("{host}/{login}"),
        "last_login": "0001-01-01T00:00:00Z", "created": made, "restricted": false,
    });
    let more = json!({
        "active": may, "prohibit_login": false, "location": "", "pronouns": "", "website": "",
        "description": "", "visibility": "public", "followers_count": 0, "following_count": 0,
        "starred_repos_count": 0, "username": login,
    });
    join(plain, more)
}

/// Returns a time as this server writes it.
fn time(at: crate::domain::Timestamp) -> String {
    iso(at)
}
