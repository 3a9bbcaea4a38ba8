//! GitHub's REST: which path is answered by what.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::demo::forge::Ground;
use crate::demo::forge::answer::{Answer, Asked};
use crate::demo::scenario::people;
use crate::demo::scenario::team::ORG;

mod actions;
mod artifacts;
mod checks;
mod commits;
mod deeds;
mod deliveries;
mod findings;
mod people_of;
mod repos;
mod tickets;

/// What the functions of this module tree get: the request and where addresses begin.
pub(super) struct Ask<'a> {
    pub(super) ground: &'a Ground,
    pub(super) asked: &'a Asked,
    /// `http://host/api/v3` or `http://host`.
    pub(super) api: &'a str,
    /// `http://host`
    pub(super) html: &'a str,
}

/// A list of everything that is answered, without the repository: for error texts and checks.
const BEYOND: &str = "the demo forge does not answer this route";

/// Answers one request.
pub(super) fn answer(ground: &Arc<Ground>, asked: &Asked) -> Answer {
    if !asked.reads() {
        return deeds::answer(ground, asked);
    }
    let ask = Ask {
        ground,
        asked,
        api: &asked.base,
        html: &asked.host,
    };
    let path: Vec<&str> = asked
        .path
        .split('/')
        .filter(|part| !part.is_empty())
        .collect();
    match path.as_slice() {
        [] => Answer::json(json!({
            "current_user_url": format!("{}/user", ask.api),
            "repository_url": format!("{}/repos/{{owner}}/{{repo}}", ask.api),
        })),
        ["meta"] => Answer::json(json!({
            "verifiable_password_authentication": false,
            "installed_version": "3.19.0",
        })),
        ["rate_limit"] => rate_limit(&ask),
        ["user"] => Answer::json(people_of::private(&ask, people::VIEWER)),
        ["users", login] => match people::find(login) {
            Some(who) => Answer::json(people_of::public(&ask, who)),
            None if login.eq_ignore_ascii_case(ORG) => Answer::json(people_of::org_as_user(&ask)),
            None => Answer::not_found(),
        },
        ["users" | "orgs", owner, "repos"] if owner.eq_ignore_ascii_case(ORG) => repos::all(&ask),
        ["users", login, "repos"] if people::find(login).is_some() => {
            Answer::list(asked, &[] as &[Value], Clone::clone)
        }
        ["users" | "orgs", _, "repos"] => Answer::not_found(),
        ["user", "repos"] => repos::all(&ask),
        ["orgs", org] if org.eq_ignore_ascii_case(ORG) => Answer::json(people_of::org(&ask)),
        ["orgs", org, kind, "alerts"] if org.eq_ignore_ascii_case(ORG) => {
            findings::of_org(&ask, kind)
        }
        ["repos", owner, name, rest @ ..] => repository(&ask, owner, name, rest),
        _ => Answer::error(StatusCode::NOT_FOUND, BEYOND),
    }
}

fn repository(ask: &Ask<'_>, owner: &str, name: &str, rest: &[&str]) -> Answer {
    let world = &ask.ground.world;
    let found = world
        .find(owner, name)
        .and_then(|index| world.at(index, ask.asked.now));
    let Some(repo) = found else {
        return Answer::not_found();
    };
    let repo = &*repo;
    match rest {
        [] => Answer::json(repos::full(ask, repo)),
        ["issues", rest @ ..] => tickets::issues(ask, repo, rest),
        ["milestones"] => tickets::milestones(ask, repo),
        ["labels"] => tickets::labels(ask, repo),
        ["pulls", rest @ ..] => tickets::pulls(ask, repo, rest),
        ["actions", rest @ ..] => actions::answer(ask, repo, rest),
        ["releases", rest @ ..] => deliveries::releases(ask, repo, rest),
        ["deployments", rest @ ..] => deliveries::deployments(ask, repo, rest),
        ["environments", rest @ ..] => deliveries::environments(ask, repo, rest),
        ["compare", rest @ ..] => commits::compared(ask, repo, &rest.join("/")),
        ["commits", rest @ ..] => commits::answer(ask, repo, rest),
        ["branches", rest @ ..] => commits::branches(ask, repo, rest),
        ["tags"] => commits::tags(ask, repo),
        ["check-runs", rest @ ..] => checks::answer(ask, repo, rest),
        [kind, "alerts"] => findings::of_repo(ask, repo, kind),
        _ => Answer::error(StatusCode::NOT_FOUND, BEYOND),
    }
}

fn rate_limit(ask: &Ask<'_>) -> Answer {
    let bucket = |name: &'static str| {
        let window = ask.ground.ledger.spend(ask.asked, name, 0);
        json!({
            "limit": window.limit, "used": window.used, "remaining": window.remaining(),
            "reset": window.reset, "resource": name,
        })
    };
    let core = bucket("core");
    Answer::json(json!({
        "resources": {"core": core, "graphql": bucket("graphql"), "search": bucket("search")},
        "rate": core,
    }))
}
