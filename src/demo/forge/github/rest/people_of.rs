//! People, machines and the organisation, as REST writes them.

use serde_json::{Value, json};

use crate::demo::forge::github::rest::Ask;
use crate::demo::forge::wire::join;
use crate::demo::scenario::people;
use crate::demo::scenario::team::ORG;

fn account(ask: &Ask<'_>, login: &str, id: usize, kind: &str) -> Value {
    let (api, html) = (ask.api, ask.html);
    let (path, page) = match login.strip_suffix("[bot]") {
        Some(bare) => (format!("{bare}%5Bbot%5D"), format!("apps/{bare}")),
        None => (login.to_owned(), login.to_owned()),
    };
    let url = format!("{api}/users/{path}");
    json!({
        "login": login, "id": id, "node_id": format!("U_{id}"),
        "avatar_url": format!("{html}/avatars/{path}"), "gravatar_id": "",
        "url": url, "html_url": format!("{html}/{page}"),
        "followers_url": format!("{url}/followers"),
        "following_url": format!("{url}/following{{/other_user}}"),
        "gists_url": format!("{url}/gists{{/gist_id}}"),
        "starred_url": format!("{url}/starred{{/owner}}{{/repo}}"),
        "subscriptions_url": format!("{url}/subscriptions"),
        "organizations_url": format!("{url}/orgs"), "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events{{/privacy}}"),
        "received_events_url": format!("{url}/received_events"),
        "type": kind, "user_view_type": "public", "site_admin": false,
    })
}

/// Returns somebody in short.
pub(super) fn simple(ask: &Ask<'_>, index: usize) -> Value {
    let who = people::of(index);
    if who.bot {
        account(ask, &format!("{}[bot]", who.login), 1000 + index, "Bot")
    } else {
        account(ask, who.login, 1000 + index, "User")
    }
}

/// Returns the owner of all repositories in short.
pub(super) fn owner(ask: &Ask<'_>) -> Value {
    account(ask, ORG, 1, "Organization")
}

/// Returns somebody as others see them.
pub(super) fn public(ask: &Ask<'_>, index: usize) -> Value {
    let who = people::of(index);
    join(
        simple(ask, index),
        json!({
            "name": who.name, "company": "Acme", "blog": "", "location": null, "email": null,
            "hireable": null, "bio": null, "twitter_username": null, "public_repos": 0,
            "public_gists": 0, "followers": 0, "following": 0,
            "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
        }),
    )
}

/// Returns the one who asks.
pub(super) fn private(ask: &Ask<'_>, index: usize) -> Value {
    join(
        public(ask, index),
        json!({
            "private_gists": 0, "total_private_repos": 0, "owned_private_repos": 0, "disk_usage": 0,
            "collaborators": 0, "two_factor_authentication": true,
            "plan": {"collaborators": 0, "name": "free", "space": 1, "private_repos": 0},
        }),
    )
}

/// Returns the organisation as an account.
pub(super) fn org_as_user(ask: &Ask<'_>) -> Value {
    join(
        owner(ask),
        json!({
            "name": "Acme", "company": null, "blog": "", "location": null, "email": null,
            "hireable": null, "bio": null, "public_repos": ask.ground.world.len(), "public_gists": 0,
            "followers": 0, "following": 0,
            "created_at": "2020-01-01T00:00:00Z", "updated_at": "2020-01-01T00:00:00Z",
        }),
    )
}

/// Returns the organisation.
pub(super) fn org(ask: &Ask<'_>) -> Value {
    let url = format!("{}/orgs/{ORG}", ask.api);
    json!({
        "login": ORG, "id": 1, "node_id": "O_1", "url": url, "repos_url": format!("{url}/repos"),
        "events_url": format!("{url}/events"), "hooks_url": format!("{url}/hooks"),
        "issues_url": format!("{url}/issues"), "members_url": format!("{url}/members{{/member}}"),
        "public_members_url": format!("{url}/public_members{{/member}}"),
        "avatar_url": format!("{}/avatars/{ORG}", ask.html), "description": "A simulated team",
        "name": "Acme", "html_url": format!("{}/{ORG}", ask.html),
        "has_organization_projects": true, "has_repository_projects": true,
        "public_repos": ask.ground.world.len(), "public_gists": 0, "followers": 0, "following": 0,
        "type": "Organization", "created_at": "2020-01-01T00:00:00Z",
        "updated_at": "2020-01-01T00:00:00Z", "archived_at": null,
    })
}
