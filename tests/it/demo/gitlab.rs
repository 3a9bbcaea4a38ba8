//! The demo's GitLab as clients of GitLab see it.

use cycleboard::demo::forge::Dialect;
use reqwest::Method;

use super::mixed::{Team, team};
use super::*;

const API: &str = "projects/acme%2Fbackend%2Fapi";

fn ids(list: &Value) -> Vec<u64> {
    let rows = list.as_array().unwrap();
    rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
}

/// Returns the path and query of the next page, below `/api/v4/`.
fn next(response: &reqwest::Response) -> Option<String> {
    let links = header(response, "link");
    let link = links
        .split(", ")
        .find(|link| link.ends_with("rel=\"next\""))?;
    let (_, path) = link.split_once("/api/v4/").unwrap();
    Some(path.split_once('>').unwrap().0.to_owned())
}

#[tokio::test]
async fn a_project_is_found_by_its_path_in_one_segment_and_by_its_number() {
    let team = team(&Options::default()).await;
    let project = team.json(API).await;
    assert_eq!(project["path_with_namespace"], "acme/backend/api");
    assert_eq!(project["namespace"]["full_path"], "acme/backend");
    let same = team.json(&format!("projects/{}", project["id"])).await;
    assert_eq!(project, same);
    for (path, text) in [
        ("projects/acme%2Fnothing", "404 Project Not Found"),
        // What is at the other forge is not here.
        ("projects/acme%2Fdocs", "404 Project Not Found"),
        ("groups/other", "404 Group Not Found"),
    ] {
        let response = team.get(path).await;
        assert_eq!(response.status(), 404, "{path}");
        let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(body["message"], text);
    }
}

#[tokio::test]
async fn pages_lead_through_a_list_once_by_number_and_by_identity() {
    let team = team(&Options::default()).await;
    let whole = team.json("groups/acme/issues?per_page=100").await;
    for first in [
        "groups/acme/issues?per_page=7",
        "projects?pagination=keyset&order_by=id&sort=asc&per_page=2",
    ] {
        let (mut path, mut all, mut pages) = (Some(first.to_owned()), Vec::new(), 0);
        while let Some(here) = path {
            let response = team.get(&here).await;
            path = next(&response);
            let told = header(&response, "x-next-page").to_owned();
            let keyset = first.contains("keyset");
            assert_eq!(told.is_empty(), keyset || path.is_none(), "{here}");
            all.extend(ids(&serde_json::from_slice(
                &response.bytes().await.unwrap(),
            )
            .unwrap()));
            pages += 1;
        }
        let distinct: BTreeSet<u64> = all.iter().copied().collect();
        assert!(distinct.len() == all.len() && pages > 2, "{first}: {pages}");
        if first.contains("issues") {
            assert_eq!(all[..100], ids(&whole));
        }
    }
}

#[tokio::test]
async fn a_group_has_what_its_subgroups_have_where_that_is_asked_for() {
    let team = team(&Options::default()).await;
    let names = |list: &Value| -> Vec<String> {
        let rows = list.as_array().unwrap().iter();
        rows.map(|row| row["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let direct = team.json("groups/acme%2Fbackend/projects").await;
    let all = team
        .json("groups/acme%2Fbackend/projects?include_subgroups=true")
        .await;
    assert_eq!(
        BTreeSet::from_iter(names(&direct)),
        BTreeSet::from(["api".into(), "auth".into()])
    );
    assert_eq!(names(&all).len(), 4);
    let issues = team
        .json("groups/acme%2Fbackend%2Fmoney/issues?per_page=100")
        .await;
    for issue in issues.as_array().unwrap() {
        let full = issue["references"]["full"].as_str().unwrap();
        assert!(full.starts_with("acme/backend/money/"), "{full}");
    }
}

#[tokio::test]
async fn what_changed_is_told_and_nothing_else() {
    let options = Options {
        speed: 600.0,
        ..Options::default()
    };
    let team = team(&options).await;
    let path = format!(
        "groups/acme/merge_requests?scope=all&updated_after={}&per_page=100",
        instant(START + 1).format("%Y-%m-%dT%H:%M:%SZ")
    );
    assert_eq!(team.json(&path).await, json!([]));
    team.now.store(START + 120, Ordering::Relaxed);
    let changed = team.json(&path).await;
    let all = team
        .json("groups/acme/merge_requests?per_page=100&order_by=updated_at")
        .await;
    let changed = changed.as_array().unwrap();
    assert!((1..100).contains(&changed.len()), "{}", changed.len());
    let newest = &all.as_array().unwrap()[..changed.len()];
    let of = |rows: &[Value]| -> BTreeSet<u64> {
        rows.iter().map(|row| row["id"].as_u64().unwrap()).collect()
    };
    assert_eq!(of(changed), of(newest));
}

#[tokio::test]
async fn an_unchanged_answer_is_a_304_that_is_counted() {
    let team = team(&Options::default()).await;
    let first = team.get(API).await;
    let etag = header(&first, "etag").to_owned();
    assert!(etag.starts_with("W/"), "{etag}");
    let left = |response: &reqwest::Response| -> u64 {
        header(response, "ratelimit-remaining").parse().unwrap()
    };
    let again = [("private-token", "demo-write"), ("if-none-match", &etag)];
    let second = team.ask(Method::GET, API, &again).await;
    assert_eq!(second.status(), 304);
    assert_eq!(left(&second) + 1, left(&first));
}

#[tokio::test]
async fn a_merge_request_leads_to_its_ticket_its_pipeline_and_its_approval() {
    let team = team(&Options::default()).await;
    let merged = team
        .json(&format!("{API}/merge_requests?state=merged&per_page=100"))
        .await;
    let mut seen = 0;
    for row in merged.as_array().unwrap().iter().take(20) {
        let own = format!("{API}/merge_requests/{}", row["iid"]);
        let one = team.json(&own).await;
        // The team squashes here: the commit on the base is that of the squash.
        assert!(one["squash_commit_sha"].is_string() && one["merge_commit_sha"].is_null());
        assert_eq!(one["detailed_merge_status"], "not_open");
        let issues = team.json(&format!("{own}/closes_issues")).await;
        for issue in issues.as_array().unwrap() {
            let back = team
                .json(&format!(
                    "{API}/issues/{}/related_merge_requests",
                    issue["iid"]
                ))
                .await;
            assert!(ids(&back).contains(&one["id"].as_u64().unwrap()));
            seen += 1;
        }
        if one["head_pipeline"].is_object() {
            assert_eq!(one["head_pipeline"]["sha"], one["sha"]);
            let all = team.json(&format!("{own}/pipelines")).await;
            assert!(ids(&all).contains(&one["head_pipeline"]["id"].as_u64().unwrap()));
        }
        let approvals = team.json(&format!("{own}/approvals")).await;
        assert_eq!(approvals["iid"], one["iid"]);
        assert!(approvals["approved"].is_boolean());
    }
    assert!(seen > 3, "{seen}");
}

#[tokio::test]
async fn pipelines_grow_with_time_and_their_jobs_keep_their_identity() {
    let team = team(&Options::default()).await;
    let all = team.json(&format!("{API}/pipelines?per_page=100")).await;
    let rows = all.as_array().unwrap();
    let mut found = ids(&all);
    assert!(
        found.windows(2).all(|two| two[0] > two[1]),
        "the newest first"
    );
    found.dedup();
    assert_eq!(found.len(), rows.len());
    let times: Vec<&str> = rows
        .iter()
        .map(|row| row["created_at"].as_str().unwrap())
        .collect();
    assert!(times.windows(2).all(|two| two[0] >= two[1]));

    let red = rows
        .iter()
        .find(|row| row["status"] == "failed" && row["name"] == "ci")
        .unwrap();
    let own = format!("{API}/pipelines/{}", red["id"]);
    let jobs = format!("{own}/jobs?include_retried=true");
    let before = team.json(&jobs).await;
    let write = [("private-token", "demo-write")];
    let answer = team
        .ask(Method::POST, &format!("{own}/retry"), &write)
        .await;
    assert_eq!(answer.status(), 201);
    let after = team.json(&jobs).await;
    let (before, after) = (ids(&before), ids(&after));
    assert!(before.iter().all(|id| after.contains(id)) && after.len() > before.len());
    let latest = team.json(&format!("{own}/jobs")).await;
    assert_eq!(
        latest.as_array().unwrap().len(),
        before.len(),
        "one took the place of another"
    );

    // A pipeline is broken off once; the second time it is answered as it is.
    for wait in [0, 60] {
        team.now.store(START + wait, Ordering::Relaxed);
        let answer = team
            .ask(Method::POST, &format!("{own}/cancel"), &write)
            .await;
        assert_eq!(answer.status(), 200);
    }
    let gitlab = team.forge(Dialect::GitLab);
    assert_eq!(gitlab.writes().count("/cancel"), 1);
}

#[tokio::test]
async fn a_failed_job_has_a_log_of_its_runner_and_a_report() {
    let team = team(&Options::default()).await;
    let all = team
        .json(&format!(
            "{API}/pipelines?status=failed&name=ci&per_page=100"
        ))
        .await;
    let mut checked = 0;
    for pipeline in all.as_array().unwrap() {
        let own = format!("{API}/pipelines/{}", pipeline["id"]);
        let jobs = team.json(&format!("{own}/jobs?scope[]=failed")).await;
        let Some(job) = jobs
            .as_array()
            .unwrap()
            .iter()
            .find(|job| job["name"] == "integration")
        else {
            continue;
        };
        let trace = format!("{API}/jobs/{}/trace", job["id"]);
        let whole = team.get(&trace).await;
        let whole = match whole.status().as_u16() {
            404 => continue,
            _ => whole.text().await.unwrap(),
        };
        assert!(whole.contains("section_start:") && whole.contains("ERROR: Job failed: exit code"));
        assert!(!whole.contains("##[") && !whole.contains("actions/checkout"));
        let range = [("private-token", "demo-write"), ("range", "bytes=-40")];
        let end = team.ask(Method::GET, &trace, &range).await;
        assert_eq!(end.status(), 206);
        assert!(whole.ends_with(&end.text().await.unwrap()));
        let report = team.json(&format!("{own}/test_report")).await;
        let summary = team.json(&format!("{own}/test_report_summary")).await;
        assert_eq!(report["failed_count"], 1);
        assert_eq!(report["total_count"], summary["total"]["count"]);
        let builds = &summary["test_suites"][0]["build_ids"];
        assert!(builds.as_array().is_some_and(|all| all.len() == 1));
        checked += 1;
    }
    assert!(checked > 1, "{checked}");
}

#[tokio::test]
async fn deployments_tell_what_they_brought_and_are_asked_by_the_rules() {
    let team = team(&Options::default()).await;
    let path = format!("{API}/deployments?order_by=updated_at&sort=desc&per_page=100");
    let all = team.json(&path).await;
    let mut brought = 0;
    for one in all.as_array().unwrap() {
        assert!(one["environment"]["tier"].is_string());
        let pulls = team
            .json(&format!("{API}/deployments/{}/merge_requests", one["id"]))
            .await;
        brought += pulls.as_array().unwrap().len();
    }
    assert!(brought > 5, "{brought}");
    let plain = format!("{API}/deployments?updated_after=2026-01-01T00:00:00Z");
    assert_eq!(team.get(&plain).await.status(), 400);
    let oldest = team.json(&format!("{API}/deployments?per_page=100")).await;
    let found = ids(&oldest);
    assert!(
        found.windows(2).all(|two| two[0] < two[1]),
        "the oldest first"
    );
}

#[tokio::test]
async fn a_token_comes_in_either_header_and_may_as_much_as_it_may() {
    let options = Options {
        require_token: true,
        ..Options::default()
    };
    let team = team(&options).await;
    for headers in [
        ("private-token", "demo-write"),
        ("authorization", "Bearer demo-read"),
    ] {
        let answer = team.ask(Method::GET, "user", &[headers]).await;
        assert_eq!(answer.status(), 200, "{headers:?}");
    }
    for headers in [("private-token", "other"), ("x-nothing", "1")] {
        let answer = team.ask(Method::GET, "user", &[headers]).await;
        assert_eq!(answer.status(), 401, "{headers:?}");
    }
    let read = [("private-token", "demo-read")];
    let scopes = team
        .ask(Method::GET, "personal_access_tokens/self", &read)
        .await;
    assert!(scopes.text().await.unwrap().contains("[\"read_api\"]"));
    let refused = format!("{API}/pipelines/1/retry");
    let answer = team.ask(Method::POST, &refused, &read).await;
    assert_eq!(answer.status(), 403);
    assert!(answer.text().await.unwrap().contains("insufficient_scope"));
}

#[tokio::test]
async fn alerts_are_told_by_graphql_and_lead_to_their_incidents() {
    let team = team(&Options::default()).await;
    let query = "query($path: ID!) { project(fullPath: $path) { fullPath
        alertManagementAlerts(statuses: [TRIGGERED, ACKNOWLEDGED], first: 10) {
          nodes { iid title severity status startedAt endedAt environment { name } issue { iid } }
          pageInfo { hasNextPage endCursor } } } none: project(fullPath: \"acme/none\") { id } }";
    let body = json!({"query": query, "variables": {"path": "acme/backend/api"}});
    let answer = team.graphql(&body).await;
    assert_eq!(answer["errors"], Value::Null);
    assert_eq!(answer["data"]["none"], Value::Null);
    let alerts = &answer["data"]["project"]["alertManagementAlerts"]["nodes"];
    let issues = team
        .json(&format!("{API}/issues?issue_type=incident&state=opened"))
        .await;
    let iids: Vec<String> = issues
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["iid"].to_string())
        .collect();
    assert!(!iids.is_empty());
    for alert in alerts.as_array().unwrap() {
        assert!(iids.contains(&alert["issue"]["iid"].as_str().unwrap().to_owned()));
        assert_eq!(alert["environment"]["name"], "production");
        assert_eq!(alert["endedAt"], Value::Null);
    }
    assert_eq!(alerts.as_array().unwrap().len(), iids.len());
    let wrong = team
        .graphql(&json!({"query": "{ project(fullPath: \"x\") { nonsense } }"}))
        .await;
    assert!(
        wrong["errors"].is_array() && wrong["data"].is_null(),
        "{wrong}"
    );
}

/// Returns the status of the answer to a write, and its text.
async fn post(team: &Team, path: &str, body: &Value) -> (u16, String) {
    let answer = team.post(path, body).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test]
async fn a_manual_job_is_started_once_and_brings_what_it_deploys() {
    let team = team(&Options::default()).await;
    let (now, index, id) = team.waiting(Dialect::GitLab);
    let jobs = team
        .json("projects/acme%2Fbackend%2Fmoney%2Fpayments/jobs?scope[]=manual")
        .await;
    let job = &jobs[0];
    assert_eq!(
        (&job["name"], &job["pipeline"]["status"]),
        (&json!("deploy-production"), &json!("manual"))
    );
    let path = format!(
        "projects/{}/jobs/{}/play",
        job["pipeline"]["project_id"], job["id"]
    );
    let (status, text) = post(&team, &path, &json!({})).await;
    assert_eq!(status, 201, "{text}");
    let later = now + TimeDelta::minutes(1);
    team.now.store(later.timestamp(), Ordering::Relaxed);
    let (status, text) = post(&team, &path, &json!({})).await;
    assert!(
        status == 400 && text.contains("Unplayable Job"),
        "{status} {text}"
    );
    let state = team
        .forge(Dialect::GitLab)
        .world()
        .at(index, later)
        .unwrap();
    let deployed = state.deployments.iter().find(|one| one.run == id);
    assert_eq!(deployed.unwrap().state(), "in_progress");
}

#[tokio::test]
async fn a_deployment_that_wants_an_approval_is_started_by_that_alone() {
    let team = team(&Options::default()).await;
    let guarded = |index: usize| index % 2 == 1;
    let (now, index, _) = team.waiting_where(Dialect::GitLab, guarded);
    let places = &team.forge(Dialect::GitLab).share().places;
    let place = places.iter().find(|place| place.index == index).unwrap();
    let project = format!("projects/{}", place.path.replace('/', "%2F"));
    let held = team
        .json(&format!("{project}/deployments?status=blocked"))
        .await;
    let (one, job) = (&held[0]["id"], &held[0]["deployable"]["id"]);
    let play = format!("{project}/jobs/{job}/play");
    assert_eq!(post(&team, &play, &json!({})).await.0, 403);
    let approval = format!("{project}/deployments/{one}/approval");
    assert_eq!(
        post(&team, &approval, &json!({"status": "glorious"}))
            .await
            .0,
        400
    );
    let (status, text) = post(&team, &approval, &json!({"status": "rejected"})).await;
    assert_eq!(status, 201, "{text}");
    let later = now + TimeDelta::minutes(1);
    team.now.store(later.timestamp(), Ordering::Relaxed);
    let after = team.json(&format!("{project}/deployments/{one}")).await;
    assert_eq!(after["status"], "failed");
    assert_eq!(
        post(&team, &approval, &json!({"status": "approved"}))
            .await
            .0,
        400
    );
}
