//! Odd servers: below a path, old, limited, with another clock, without CI, and restarts.

use super::*;
use cycleboard::sources::{Capability, CheckState};

#[tokio::test]
async fn a_server_below_a_path_is_asked_there() {
    let routes = Routes::default();
    let asked = routes.clone();
    let fault = Fault::start(move |seen| {
        let inner = seen.target.strip_prefix("/gitlab").map(str::to_owned);
        inner.map_or(Reply::new(404, "nothing here"), |target| {
            asked.answer(&Seen {
                target,
                ..seen.clone()
            })
        })
    })
    .await;
    for copied in ["gitlab", "gitlab/", "gitlab/api/v4"] {
        let mut config = SourceConfig::new("one", "gitlab", fault.url.join(copied).unwrap());
        config.repos = vec!["acme/tools/api".to_owned()];
        let source = GitLab::new(&config, &ground(), Limits::default()).unwrap();
        routes.set(
            "projects/acme%2Ftools%2Fapi",
            project(1, "acme/tools/api", 30),
        );
        let fetch = Fetch {
            resource: "projects".into(),
            now: now(),
            forced: false,
        };
        let batch = source.fetch(fetch).await.unwrap();
        assert_eq!(batch.facts[0].repo().unwrap().path(), "acme/tools/api");
    }
}

#[tokio::test]
async fn without_ci_a_project_tells_the_rest_and_is_not_asked_for_pipelines_again() {
    let world = World::alone().await;
    let refused = Reply::json(&json!({"message": "403 Forbidden"})).status(403);
    world.routes.reply("projects/1/pipelines", refused);
    world
        .routes
        .set("projects/1/issues", json!([issue(1, "acme/api", 1)]));
    let batch = world.settle().await;
    assert!(
        batch
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Ticket(_)))
    );
    assert!(matches!(world.can("runs"), CapabilityState::Missing(_)));
    let before = world.count();
    world.fetch("runs:acme/api").await;
    assert_eq!(world.count(), before);
}

#[tokio::test]
async fn a_limit_is_kept_and_told() {
    let world = World::alone().await;
    let limited = Reply::json(&json!({"message": "Retry later"})).status(429);
    let limited = limited
        .with("retry-after", "30")
        .with("ratelimit-remaining", "0");
    world.routes.reply("projects/acme%2Fapi", limited);
    let error = world.fetch_at("projects", now()).await.unwrap_err();
    assert!(
        matches!(error, SourceError::RateLimited { .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_hosts_own_clock_says_since_when() {
    let world = World::alone().await;
    // It is two hours behind.
    let empty = Reply::json(&json!([])).with("date", "Sat, 21 Nov 2026 02:00:00 GMT");
    world.routes.reply("projects/1/issues", empty);
    world.settle().await;
    let before = world.count();
    world.fetch("work:acme/api").await;
    let asked = world.asked(before).join("\n");
    assert!(
        asked.contains("issues?updated_after=2026-11-21T01%3A55%3A00"),
        "{asked}"
    );
}

#[tokio::test]
async fn after_a_restart_what_is_known_is_not_read_again() {
    let world = World::alone().await;
    world.has_merge_request(7);
    world.has_pipeline("failed", &job(3, "unit", "failed"));
    let first = world.settle().await;
    let again = world.restarted(first.facts);
    let before = again.count();
    again.settle().await;
    let asked = again.asked(before).join("\n");
    assert!(!asked.contains("merge_requests/7"), "{asked}");
    assert!(!asked.contains("pipelines/9/jobs"), "{asked}");
}

#[tokio::test]
async fn what_a_project_has_switched_off_is_no_matter_of_the_token() {
    let world = World::alone().await;
    let mut wire = project(1, "acme/api", 30);
    wire["issues_access_level"] = json!("disabled");
    wire["builds_access_level"] = json!("disabled");
    world.routes.set("projects/acme%2Fapi", wire);
    let refused = Reply::json(&json!({"message": "403 Forbidden"})).status(403);
    for list in ["issues", "pipelines"] {
        let place = format!("projects/1/{list}");
        world.routes.reply(&place, refused.clone());
        let named = format!("projects/acme%2Fapi/{list}");
        world.routes.reply(&named, refused.clone());
    }
    let due = world.source.resources(now());
    let early = ["issues", "sweep"];
    assert!(due.iter().all(|it| !early.contains(&&*it.id)), "{due:?}");
    let told = world.settle().await;
    assert!(told.warnings.is_empty(), "{:?}", told.warnings);
    for name in ["issues", "runs"] {
        let all = world.source.capabilities();
        let state = all.into_iter().find(|it| it.name == name).unwrap().state;
        let CapabilityState::Missing(why) = state else {
            panic!("{name} is {state:?}");
        };
        assert_eq!(why.as_str(), "they are switched off in `acme/api`");
    }
}

#[tokio::test]
async fn a_project_that_is_not_there_is_told_once() {
    let world = World::with(|config| config.repos = vec!["acme/aip".to_owned()]).await;
    let mut warnings = Vec::new();
    warnings.extend(world.settle().await.warnings);
    for resource in [
        "issues",
        "changes",
        "sweep",
        "runs:acme/aip",
        "work:acme/aip",
    ] {
        warnings.extend(world.fetch(resource).await.warnings);
    }
    assert!(warnings.is_empty(), "{warnings:?}");
    let problems = world.source.problems();
    assert_eq!(problems.len(), 1, "{problems:?}");
    let told = problems[0].to_string();
    assert!(told.contains("`acme/aip` does not exist"), "{told}");
    let all = world.source.capabilities();
    let missing = |it: &&Capability| {
        let is_read = ["issues", "merge requests", "runs"].contains(&it.name);
        is_read && matches!(it.state, CapabilityState::Missing(_))
    };
    let missing: Vec<_> = all.iter().filter(missing).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn a_check_up_names_what_is_missing() {
    let world = World::alone().await;
    world.routes.set(
        "version",
        json!({"version": "18.5.1-ee", "enterprise": true}),
    );
    world.routes.set(
        "personal_access_tokens/self",
        json!({"scopes": ["read_user"]}),
    );
    let refused = Reply::json(&json!({"message": "403 Forbidden"})).status(403);
    for place in [
        "projects/acme%2Fapi/pipelines",
        "projects/acme%2Fapi/deployments",
    ] {
        world.routes.reply(place, refused.clone());
    }
    world.routes.set("projects/acme%2Fapi/issues", json!([]));
    let checks = world.source.check_up().await;
    let text: Vec<String> = checks
        .iter()
        .map(|check| format!("{} {:?} {}", check.name, check.state, check.text))
        .collect();
    let text = text.join("\n");
    for wanted in [
        "host Fine it answers, GitLab 18.5.1-ee, Enterprise Edition",
        "scopes Note `read_api` is missing",
        "issues Fine",
        "deployments Note",
        "runs Failed",
    ] {
        assert!(text.contains(wanted), "{wanted} in:\n{text}");
    }
    assert!(
        checks
            .iter()
            .all(|check| check.state != CheckState::Refused)
    );
}

#[tokio::test]
async fn without_a_token_what_is_public_is_read_and_nobody_is_asked_for() {
    let world = World::with(|config| {
        config.repos = vec!["acme/api".to_owned()];
        config.token_env = None;
    })
    .await;
    world
        .routes
        .set("projects/acme%2Fapi", project(1, "acme/api", 30));
    world.empty("projects/1");
    let unauthorized = Reply::json(&json!({"message": "401 Unauthorized"})).status(401);
    for place in ["user", "version", "personal_access_tokens/self"] {
        world.routes.reply(place, unauthorized.clone());
    }
    world
        .routes
        .set("projects/1/issues", json!([issue(1, "acme/api", 1)]));
    let batch = world.settle().await;
    assert!(
        batch
            .facts
            .iter()
            .any(|fact| matches!(fact, Fact::Ticket(_)))
    );
    assert!(!world.asked(0).iter().any(|it| it.contains("/user")));
    world.routes.set("projects", json!([]));
    let checks = world.source.check_up().await;
    assert!(
        checks
            .iter()
            .all(|check| check.state != CheckState::Refused),
        "{checks:?}"
    );
}

#[tokio::test]
async fn a_server_below_a_path_of_its_host_has_repositories_of_its_own() {
    let world = World::with(|config| {
        config.repos = vec!["acme/api".to_owned()];
        config.url.set_path("/lab-a");
    })
    .await;
    world
        .routes
        .set("projects/acme%2Fapi", project(1, "acme/api", 30));
    world.empty("projects/1");
    let batch = world.settle().await;
    let host = world.source.host();
    let ours = RepoKey::new(&format!("{host}/lab-a"), "acme/api");
    let mut repos: Vec<_> = batch.facts.iter().filter_map(Fact::repo).collect();
    repos.dedup();
    assert_eq!(repos, [&ours]);
    let need = |place: &str| Need::Jobs {
        repo: RepoKey::new(place, "acme/api"),
        run: 7,
    };
    for (place, asks) in [
        (format!("{host}/lab-b"), false),
        (host.to_owned(), false),
        (format!("{host}/lab-a"), true),
    ] {
        let before = world.count();
        world.need(&[need(&place)]).await;
        assert_eq!(world.count() > before, asks, "{place}");
    }
}
