//! Queries that are too heavy, refused in part, or not possible at all.

use cycleboard::domain::text::Clean;

use super::*;

#[tokio::test]
async fn a_query_that_is_too_heavy_is_made_smaller_until_it_fits() {
    let fault = Fault::start(|request| {
        if request.path() == "/graphql" && names(&body(request)["variables"]).len() > 3 {
            return Reply::new(502, "");
        }
        healthy(request)
    })
    .await;
    let paths: Vec<String> = (0..12).map(|n| format!("acme/r{n}")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let source = source(&fault, &paths);
    settle(&source, 60).await;
    let asked: Vec<usize> = fault
        .seen()
        .iter()
        .filter(|seen| is_probe(seen))
        .map(|seen| names(&body(seen)["variables"]).len())
        .collect();
    assert_eq!(&asked[..3], [12, 6, 3]);
    let failed = asked.iter().filter(|count| **count > 3).count();
    assert!(failed <= 6, "{asked:?}");
}

#[tokio::test]
async fn what_was_answered_in_part_is_used() {
    let fault = Fault::start(|request| {
        if request.path() != "/graphql" {
            return healthy(request);
        }
        let mut reply = aliases(request, |path| {
            if path.ends_with("gone") {
                Value::Null
            } else if is_probe(request) {
                probe_repo(path, "2026-11-21T03:30:00Z")
            } else {
                refresh_repo(path)
            }
        });
        let paths = names(&body(request)["variables"]);
        if let Some(at) = paths.iter().position(|path| path.ends_with("gone")) {
            reply["errors"] = json!([{"type": "NOT_FOUND", "path": [format!("r{at}")],
                "message": "Could not resolve to a Repository"}]);
        }
        Reply::json(&reply)
    })
    .await;
    let source = source(&fault, &["acme/api", "acme/gone"]);
    let batches = settle(&source, 20).await;
    assert!(!facts(&batches, FactKind::Ticket).is_empty());
    assert_eq!(
        troubles(&source),
        [format!(
            "`acme/gone` does not exist on {}, or this token may not see it",
            source.host()
        )]
    );
}

fn troubles(source: &GitHub) -> Vec<String> {
    let problems = source.problems();
    problems.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn an_organisation_that_is_not_there_is_named_and_costs_itself() {
    let fault = Fault::start(|request| match request.path() {
        "/orgs/acme/repos" => Reply::json(&json!([{"full_name": "acme/api"}])),
        "/orgs/hollow/repos" => Reply::json(&json!([])),
        path if path.ends_with("/repos") => {
            Reply::new(404, "{\"message\":\"Not Found\"}").with("content-type", "application/json")
        }
        _ => healthy(request),
    })
    .await;
    let mut config = config(&fault, &["acme/zzz*"]);
    config.orgs = ["acme", "hollow", "nobody"].map(str::to_owned).to_vec();
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    let batches = settle(&source, 20).await;
    assert!(!facts(&batches, FactKind::Ticket).is_empty());
    let found = troubles(&source).join("\n");
    let remarks = batches.iter().flat_map(|batch| &batch.warnings);
    let remarks: Vec<&str> = remarks.map(Clean::as_str).collect();
    assert!(
        remarks.contains(&"`hollow` has no repository that this token may see"),
        "an empty one is there: {remarks:?}"
    );
    assert!(
        found.contains("the organisation `nobody` does not"),
        "{found}"
    );
    assert_eq!(found.lines().count(), 1, "{found}");
}

#[tokio::test]
async fn a_slip_in_the_name_of_an_organisation_is_told_the_nearest() {
    let fault = Fault::start(|request| match request.path() {
        "/user/orgs" => Reply::json(&json!([{"login": "umbrella"}, {"login": "acme"}])),
        "/orgs/acme/repos" => Reply::json(&json!([{"full_name": "acme/api"}])),
        "/orgs/acmee/repos" | "/users/acmee/repos" => {
            Reply::new(404, "{\"message\":\"Not Found\"}").with("content-type", "application/json")
        }
        _ => healthy(request),
    })
    .await;
    let mut config = config(&fault, &[]);
    config.orgs = ["acme", "acmee"].map(str::to_owned).to_vec();
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    settle(&source, 20).await;
    later(&source, "discover").await.unwrap();
    let hints: Vec<_> = source.problems().iter().map(SourceError::hint).collect();
    let hint = "did you mean `acme`? if not, check whether the token may see it";
    assert_eq!(hints, [Some(hint.to_owned())]);
    let asked = |seen: &&Seen| seen.path() == "/user/orgs";
    assert_eq!(fault.seen().iter().filter(asked).count(), 1, "asked once");
    let checks = source.check_up().await;
    let mut told = checks.iter();
    let told = told.find(|check| check.text.contains("`acmee`"));
    let told = told.and_then(|check| check.hint.as_ref());
    assert_eq!(told.map(Clean::as_str), Some(hint));
}

#[tokio::test]
async fn without_a_token_everything_is_read_by_rest_at_once() {
    let fault = Fault::start(|request| match request.path() {
        "/repos/acme/api" => Reply::json(&json!({"id": 1, "full_name": "acme/api"})),
        "/repos/acme/api/issues" => Reply::json(&json!([{
            "number": 4, "title": "a ticket", "state": "open",
            "created_at": "2026-11-20T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z"}])),
        path if path == "/graphql" || path.contains("/actions/") => healthy(request),
        _ => Reply::json(&json!([])),
    })
    .await;
    let mut config = config(&fault, &["acme/api"]);
    config.token_env = None;
    let source = GitHub::new(&config, &ground(Arc::default()), limits()).unwrap();
    let mut tickets = 0;
    for _ in 0..6 {
        let resources = source.resources(now());
        let Some(next) = resources.iter().find(|found| found.tier == Tier::Now) else {
            break;
        };
        if let Ok(batch) = fetch(&source, &next.id).await {
            tickets += facts(&[batch], FactKind::Ticket).len();
        }
    }
    assert!(tickets > 0, "its tickets are there");
    let seen = fault.seen();
    assert!(
        seen.iter().all(|request| request.path() != "/graphql"),
        "GraphQL answers nobody without a token"
    );
}

#[tokio::test]
async fn a_slip_in_the_name_of_a_repository_is_told_the_nearest() {
    let lists = Arc::new(Mutex::new(0));
    let count = Arc::clone(&lists);
    let fault = Fault::start(move |request| match request.path() {
        "/orgs/acme/repos" => {
            *count.lock().unwrap() += 1;
            Reply::json(&json!([{"full_name": "acme/api"}, {"full_name": "acme/web"}]))
        }
        "/graphql" => {
            let mut reply = aliases(request, |path| match path {
                "acme/apii" => Value::Null,
                path if is_probe(request) => probe_repo(path, "2026-11-21T03:30:00Z"),
                path => refresh_repo(path),
            });
            let mut names = names(&body(request)["variables"]).into_iter();
            if let Some(at) = names.position(|path| path == "acme/apii") {
                let alias = format!("r{at}");
                reply["errors"] = json!([{"type": "NOT_FOUND", "path": [alias], "message": "no"}]);
            }
            Reply::json(&reply)
        }
        _ => healthy(request),
    })
    .await;
    let source = source(&fault, &["acme/apii", "acme/web"]);
    settle(&source, 20).await;
    drop(later(&source, "probe:hot:0").await);
    let problems = source.problems();
    let hint = problems[0].hint().unwrap();
    assert!(hint.starts_with("did you mean `acme/api`?"), "{hint}");
    assert_eq!(*lists.lock().unwrap(), 1, "asked once");
}

#[tokio::test]
async fn a_repository_is_gone_only_after_it_was_missed_twice() {
    let missing = Arc::new(Mutex::new(false));
    let switch = Arc::clone(&missing);
    let fault = Fault::start(move |request| {
        if request.path() == "/graphql" && *switch.lock().unwrap() {
            let mut reply = aliases(request, |_| Value::Null);
            reply["errors"] = json!([{"type": "NOT_FOUND", "path": ["r0"], "message": "no"}]);
            return Reply::json(&reply);
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    *missing.lock().unwrap() = true;
    let first = later(&source, "probe:hot:0").await;
    assert!(
        matches!(first, Err(SourceError::NotFound { .. })),
        "{first:?}"
    );
    let second = later(&source, "probe:hot:0").await.unwrap();
    assert_eq!(second.gone_repos.len(), 1);
}

#[tokio::test]
async fn a_refused_field_is_asked_for_once() {
    let fault = Fault::start(|request| {
        if request.path() == "/graphql" && body(request)["variables"]["rollup"] == json!(true) {
            let mut reply = aliases(request, |path| probe_repo(path, "2026-11-21T03:30:00Z"));
            let path = json!(["r0", "defaultBranchRef", "target", "statusCheckRollup"]);
            reply["errors"] = json!([{"type": "FORBIDDEN", "path": path,
                "message": "Resource not accessible by personal access token"}]);
            return Reply::json(&reply);
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    assert!(!facts(&batches, FactKind::Ticket).is_empty());
    let asked = fault
        .seen()
        .iter()
        .filter(|seen| seen.body.contains("\"rollup\":true"))
        .count();
    assert_eq!(asked, 1);
    let missing = source.capabilities().into_iter().any(|found| {
        found.name == "check rollup" && matches!(found.state, CapabilityState::Missing(_))
    });
    assert!(missing);
}

pub(super) fn without_graphql(request: &Seen) -> Reply {
    let open = json!([{"number": 1, "title": "t", "state": "open", "html_url": "https://x.example/1",
        "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z"}]);
    let pulls = json!([{"number": 2, "title": "p", "state": "closed", "merged_at": "2026-11-20T00:00:00Z",
        "created_at": "2026-11-01T00:00:00Z", "updated_at": "2026-11-20T00:00:00Z",
        "merge_commit_sha": "cccccccc", "head": {"ref": "1-x", "sha": "bbbbbbbb"}, "base": {"ref": "main"}}]);
    let reply = match request.path() {
        "/graphql" => return Reply::new(404, "{}"),
        "/repos/acme/api" => json!({"full_name": "acme/api", "default_branch": "main",
            "pushed_at": "2026-11-21T03:30:00Z"}),
        "/repos/acme/api/issues" => open,
        "/repos/acme/api/pulls" => pulls,
        "/repos/acme/api/releases" => {
            json!([{"tag_name": "v1", "draft": false, "prerelease": false,
            "created_at": "2026-11-20T00:00:00Z"}])
        }
        "/repos/acme/api/commits/v1" => json!({"sha": "cccccccc"}),
        "/repos/acme/api/commits" => {
            json!([{"sha": "cccccccc", "commit": {"message": "m"}, "parents": []}])
        }
        "/repos/acme/api/branches" => json!([{"name": "main", "commit": {"sha": "cccccccc"}}]),
        "/repos/acme/api/environments" => {
            json!({"environments": [{"id": 1, "name": "production", "url": "https://x.example/1", "html_url": "https://x.example/2"}]})
        }
        "/repos/acme/api/deployments" => json!([{"id": 5, "environment": "production",
            "created_at": "2026-11-20T00:00:00Z", "sha": "cccccccc"}]),
        "/repos/acme/api/deployments/5/statuses" => {
            json!([{"state": "success"}, {"state": "queued"}])
        }
        _ => return healthy(request),
    };
    Reply::json(&reply).with("etag", "\"e\"")
}

#[tokio::test]
async fn rest_alone_gives_the_same_kinds_of_facts() {
    let fault = Fault::start(|request| {
        if request.header("if-none-match").is_some() {
            return Reply::new(304, "");
        }
        without_graphql(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let batches = settle(&source, 20).await;
    for kind in [
        FactKind::Repository,
        FactKind::Commit,
        FactKind::Ticket,
        FactKind::ChangeRequest,
        FactKind::Run,
        FactKind::Release,
        FactKind::Environment,
        FactKind::Deployment,
    ] {
        assert!(!facts(&batches, kind).is_empty(), "{kind:?} is missing");
    }
    let text = format!("{batches:?}");
    assert!(
        text.contains("Succeeded") && text.contains("Merged"),
        "{text}"
    );
    let missing = source
        .capabilities()
        .into_iter()
        .find(|found| found.name == "graphql");
    assert!(matches!(
        missing.unwrap().state,
        CapabilityState::Missing(_)
    ));
    let queries = fault
        .seen()
        .iter()
        .filter(|seen| seen.path() == "/graphql")
        .count();
    assert_eq!(queries, 1);
    // The second round is free, and says the same.
    let sent = source.meter().sent;
    let again = later(&source, "rest:acme/api").await.unwrap();
    let meter = source.meter();
    assert_eq!(meter.sent - sent, meter.not_modified);
    assert!(
        again
            .listings
            .iter()
            .any(|l| l.name.ends_with("tickets/open") && l.members.len() == 1)
    );
}

#[tokio::test]
async fn a_range_is_asked_once_and_kept() {
    let fault = Fault::start(|request| {
        if request.path().contains("/compare/") {
            let last = request.target.contains("page=2");
            let commits: Vec<Value> = if last {
                vec![json!({"sha": "cccccccc"})]
            } else {
                vec![json!({"sha": "bbbbbbbb"})]
            };
            let reply =
                Reply::json(&json!({"status": "ahead", "total_commits": 2, "commits": commits}));
            return if last {
                reply
            } else {
                reply.with(
                    "link",
                    &format!("<{}?page=2>; rel=\"next\"", request.path()),
                )
            };
        }
        healthy(request)
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let repo = RepoKey::new(source.host(), "acme/api");
    let need = Need::Range {
        repo: repo.clone(),
        from: Sha::parse("aaaaaaaa").unwrap(),
        to: Sha::parse("cccccccc").unwrap(),
    };
    let foreign = Need::Jobs {
        repo: RepoKey::new("elsewhere.example", "acme/api"),
        run: 1,
    };
    source.need(&BTreeSet::from([need.clone(), foreign]));
    let batch = fetch(&source, "past:0").await.unwrap();
    let [Fact::Range(range)] = batch.facts.as_slice() else {
        panic!("one range: {batch:?}");
    };
    assert_eq!(range.relation, Relation::Ahead);
    assert_eq!((range.commits.len(), range.complete), (2, true));
    let restarted = GitHub::new(
        &config(&fault, &["acme/api"]),
        &ground(Arc::default()),
        limits(),
    );
    let restarted = restarted.unwrap();
    restarted.restore(&batch.facts.into_iter().map(Arc::new).collect::<Vec<_>>());
    restarted.need(&BTreeSet::from([need]));
    let later = now() + TimeDelta::days(30);
    let due = restarted.resources(later);
    assert!(
        due.iter().all(|found| !found.id.starts_with("past")),
        "{due:?}"
    );
}

#[tokio::test]
async fn a_commit_that_is_not_there_is_an_answer_and_a_hidden_repository_is_none() {
    #[track_caller]
    fn ends(from: &str, to: &str, repo: &RepoKey) -> Need {
        Need::Range {
            repo: repo.clone(),
            from: Sha::parse(from).unwrap(),
            to: Sha::parse(to).unwrap(),
        }
    }
    let fault = Fault::start(|request| {
        let told = |status, text: &str| Reply::json(&json!({"message": text})).status(status);
        let path = request.path().to_owned();
        if path.contains("/compare/") {
            return told(404, "Not Found");
        }
        match path.rsplit_once("/commits/") {
            Some((_, sha)) if sha.starts_with('a') => Reply::json(&json!({"sha": sha})),
            Some((_, sha)) if sha.starts_with('d') => told(404, "Not Found"),
            Some((_, sha)) => told(422, &format!("No commit found for SHA: {sha}")),
            None => healthy(request),
        }
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    let repo = RepoKey::new(source.host(), "acme/api");
    for (turn, (from, to, expected)) in [
        ("aaaaaaaa", "cccccccc", Relation::Absent(Lost::Newer)),
        ("cccccccc", "aaaaaaaa", Relation::Absent(Lost::Older)),
        ("bbbbbbbb", "cccccccc", Relation::Absent(Lost::Both)),
        ("aaaaaaaa", "aaaaaaab", Relation::Diverged),
    ]
    .into_iter()
    .enumerate()
    {
        source.need(&BTreeSet::from([ends(from, to, &repo)]));
        let batch = fetch(&source, &format!("past:{turn}")).await.unwrap();
        let [Fact::Range(range)] = batch.facts.as_slice() else {
            panic!("one range: {batch:?}");
        };
        assert_eq!((range.relation, range.complete), (expected, false));
    }
    source.need(&BTreeSet::from([ends("dddddddd", "cccccccc", &repo)]));
    let batch = fetch(&source, "past:4").await.unwrap();
    assert!(batch.facts.is_empty(), "{batch:?}");
}

#[tokio::test]
async fn findings_come_by_owner_or_else_by_repository() {
    let fault = Fault::start(|request| {
        let alert = json!([{"number": 1, "created_at": "2026-11-20T00:00:00Z",
            "repository": {"full_name": "acme/api"}, "rule": {"id": "x", "severity": "error"}}]);
        match request.path() {
            "/repos/acme/api/secret-scanning/alerts" => Reply::json(&alert),
            "/repos/acme/api/code-scanning/alerts" => {
                Reply::new(403, "{}").with("x-accepted-github-permissions", "security_events=read")
            }
            _ => healthy(request),
        }
    })
    .await;
    let source = source(&fault, &["acme/api"]);
    settle(&source, 20).await;
    let batch = fetch(&source, "findings:acme").await.unwrap();
    assert_eq!(batch.facts.len(), 1);
    assert_eq!(batch.listings.len(), 1);
    let sent = fault.seen().len();
    fetch(&source, "findings:acme").await.unwrap();
    let again = fault.seen().split_off(sent);
    assert!(
        again
            .iter()
            .all(|seen| !seen.path().contains("code-scanning")),
        "refusals are remembered"
    );
    let named = source.capabilities().into_iter().any(|found| {
        matches!(found.state, CapabilityState::Missing(why) if why.contains("security_events=read"))
    });
    assert!(named);
}

#[tokio::test]
async fn one_of_many_that_cannot_be_read_is_said_and_costs_itself() {
    for (good, bad) in [
        (
            "\"nameWithOwner\":\"acme/web\"",
            "\"nameWithOwner\":\"\\ud800\"",
        ),
        ("\"nameWithOwner\":\"acme/web\"", "\"nameWithOwner\":7"),
    ] {
        let fault = Fault::start(move |request| {
            if request.path() != "/graphql" || !is_probe(request) {
                return healthy(request);
            }
            let answer = aliases(request, |path| probe_repo(path, "2026-11-21T03:30:00Z"));
            Reply::new(200, answer.to_string().replace(good, bad))
                .with("content-type", "application/json")
        })
        .await;
        let source = source(&fault, &["acme/api", "acme/web"]);
        let batch = fetch(&source, "probe:new:0").await.unwrap();
        let said: Vec<&str> = batch.warnings.iter().map(Clean::as_str).collect();
        assert_eq!(said, ["the probe of `acme/web` cannot be read"], "{bad}");
        let rest = fetch(&source, "refresh:0").await.unwrap();
        assert_eq!(rest.covered.len(), 1, "the other is read");
    }
}
