//! People and machines, as GitLab writes them.

use serde_json::{Value, json};

use crate::demo::forge::answer::Answer;
use crate::demo::forge::gitlab::{Ask, list, missing};
use crate::demo::forge::wire::join;
use crate::demo::scenario::people::{self, ACTIONS, PEOPLE, VIEWER};

/// Returns the number of somebody.
pub(super) fn id(index: usize) -> usize {
    1_000 + index
}

/// Returns the account of somebody; what runs pipelines is called as it is here.
fn username(index: usize) -> &'static str {
    if index == ACTIONS {
        "project_bot_pipelines"
    } else {
        people::of(index).login
    }
}

/// Returns somebody in short.
pub(super) fn brief(ask: &Ask<'_>, index: usize) -> Value {
    let username = username(index);
    let name = if index == ACTIONS {
        "Pipelines"
    } else {
        people::of(index).name
    };
    json!({
        "id": id(index), "username": username, "public_email": "", "name": name,
        "state": "active", "locked": false,
        "avatar_url": format!("{}/uploads/-/system/user/avatar/{}/avatar.png", ask.host(), id(index)),
        "web_url": format!("{}/{username}", ask.host()),
    })
}

fn full(ask: &Ask<'_>, index: usize) -> Value {
    let more = json!({
        "created_at": "2020-01-01T00:00:00.000Z", "bio": "", "location": "", "website_url": "",
        "organization": "Acme", "job_title": "", "pronouns": null, "bot": people::of(index).bot,
        "work_information": null, "followers": 0, "following": 0, "is_followed": false,
        "local_time": null,
    });
    join(brief(ask, index), more)
}

/// Returns the one who asks.
pub(super) fn own(ask: &Ask<'_>) -> Value {
    let more = json!({
        "email": format!("{}@example.org", username(VIEWER)), "two_factor_enabled": true,
        "external": false, "private_profile": false, "can_create_group": false,
        "can_create_project": true, "confirmed_at": "2020-01-01T00:00:00.000Z",
        "last_activity_on": "2026-01-01", "theme_id": 1, "color_scheme_id": 1,
        "projects_limit": 100, "identities": [], "commit_email": "demo@example.org",
    });
    join(full(ask, VIEWER), more)
}

/// Answers with all people, or those with a name.
pub(super) fn all(ask: &Ask<'_>) -> Answer {
    let mut all: Vec<usize> = (0..PEOPLE.len()).collect();
    all.retain(|index| list::wants(ask, "username", username(*index)));
    list::page(ask, &all, |index| brief(ask, *index))
}

/// Answers with somebody.
pub(super) fn one(ask: &Ask<'_>, number: &str) -> Answer {
    let index = number.parse::<usize>().ok();
    let index = index.and_then(|number| number.checked_sub(id(0)));
    match index.filter(|index| *index < PEOPLE.len()) {
        Some(index) => Answer::json(full(ask, index)),
        None => missing("User"),
    }
}

/// Returns whether somebody is meant where a parameter names an account.
pub(super) fn meant(ask: &Ask<'_>, parameter: &str, index: usize) -> bool {
    list::wants(ask, parameter, username(index))
}
