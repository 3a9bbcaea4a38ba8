//! What a route is about, in words: people know repositories, not paths of an interface.
//!
//! Pure. An unknown route is shown as it is.

use crate::domain::text::Clean;
use crate::sources::SourceError;

/// Says in words what an error of a route is about.
pub(super) fn named(error: SourceError) -> SourceError {
    match error {
        SourceError::Forbidden {
            host,
            what,
            permission,
        } => SourceError::Forbidden {
            host,
            what: words(&what),
            permission,
        },
        SourceError::NotFound { host, what, near } => SourceError::NotFound {
            host,
            what: words(&what),
            near,
        },
        same @ (SourceError::Auth { .. }
        | SourceError::NoToken { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Refused { .. }) => same,
    }
}

/// Returns the words for a route; what follows its first blank is kept.
fn words(what: &str) -> String {
    let (path, rest) = what.split_once(' ').unwrap_or((what, ""));
    let parts: Vec<&str> = path.trim_start_matches("/api/v3").split('/').collect();
    let named = match parts.as_slice() {
        ["", "repos", owner, name, rest @ ..] => {
            let repo = Clean::line(&format!("`{owner}/{name}`"));
            match thing(rest) {
                Some(thing) => format!("the {thing} of {repo}"),
                None => repo.to_string(),
            }
        }
        ["", "orgs" | "users", owner, rest @ ..] => {
            let thing = thing(rest).unwrap_or("repositories");
            Clean::line(&format!("the {thing} of `{owner}`")).to_string()
        }
        ["", "user", "repos"] => "the list of its repositories".to_owned(),
        ["", "graphql"] => "GraphQL".to_owned(),
        _ => path.to_owned(),
    };
    if rest.is_empty() {
        named
    } else {
        format!("{named} {rest}")
    }
}

fn thing(rest: &[&str]) -> Option<&'static str> {
    Some(match rest {
        ["actions", "runs", _, "jobs", ..] => "jobs",
        ["actions", "runs", _, "pending_deployments", ..] => "waiting approvals",
        ["actions", "jobs", _, "logs", ..] => "logs",
        ["actions", ..] => "runs",
        ["issues", ..] => "issues",
        ["pulls", ..] => "pull requests",
        ["releases", ..] => "releases",
        ["deployments", ..] => "deployments",
        ["environments", ..] => "environments",
        ["commits" | "compare", ..] => "commits",
        ["branches", ..] => "branches",
        ["dependabot", ..] => "dependency alerts",
        ["code-scanning", ..] => "code scanning alerts",
        ["secret-scanning", ..] => "secret scanning alerts",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::words;

    #[track_caller]
    fn check(what: &str, expected: &str) {
        assert_eq!(words(what), expected);
    }

    #[test]
    fn routes_become_words() {
        check("/repos/acme/api", "`acme/api`");
        check(
            "/api/v3/repos/acme/api/actions/runs",
            "the runs of `acme/api`",
        );
        check(
            "/repos/acme/api/actions/runs/5/jobs",
            "the jobs of `acme/api`",
        );
        check(
            "/orgs/acme/dependabot/alerts",
            "the dependency alerts of `acme`",
        );
        check(
            "/repos/acme/api/pulls before the token is authorised for single sign-on",
            "the pull requests of `acme/api` before the token is authorised for single sign-on",
        );
        check("/something/new", "/something/new");
        check("`acme/api`", "`acme/api`");
    }
}
