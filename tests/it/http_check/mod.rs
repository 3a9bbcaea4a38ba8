//! HTTP checks against servers that misbehave: statuses, bodies, slowness, redirects, blips,
//! being offline, certificates, versions.

mod round;
mod secure;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::DateTime;
use cycleboard::config::{Settings, Trust};
use cycleboard::domain::Timestamp;
use cycleboard::domain::alert::{Alert, AlertState};
use cycleboard::domain::deployment::{DeployState, Deployment};
use cycleboard::domain::fact::Fact;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::http_check::HttpChecks;
use cycleboard::sources::{Batch, Check, CheckState, Fetch, REGISTRY, Source, SourceError, Tier};
use serde_json::json;
use url::Url;

use crate::support::env::Home;
use crate::support::fault::{Fault, Reply, Seen, Way};
use crate::support::ground::bare;

const TOKEN: &str = "s3cr3t-SECRET-0123456789";

fn at(secs: i64) -> Timestamp {
    DateTime::from_timestamp(1_795_200_000 + secs, 0).unwrap()
}

fn ground() -> Ground {
    Ground {
        env: Arc::new(|name| (name == "CHECK_TOKEN").then(|| TOKEN.to_owned())),
        ..bare(|| at(0))
    }
}

fn limits() -> Limits {
    Limits {
        first_byte: Duration::from_millis(400),
        idle: Duration::from_millis(600),
        total: Duration::from_millis(1_500),
        body: 64 * 1024,
        ..Limits::default()
    }
}

/// Returns a source with one check of `/healthz`; `more` follows its name and path.
fn source(url: &str, more: &str) -> HttpChecks {
    with(url, "", &one_check(more))
}

fn one_check(more: &str) -> String {
    format!("[[source.check]]\nname = \"checkout\"\npath = \"/healthz\"\n{more}")
}

fn with(url: &str, more: &str, checks: &str) -> HttpChecks {
    within(url, &format!("{more}\n{checks}"), limits())
}

fn within(url: &str, rest: &str, limits: Limits) -> HttpChecks {
    let text = format!("[[source]]\nname = \"probes\"\nkind = \"http\"\nurl = \"{url}\"\n{rest}");
    let kinds: Vec<_> = REGISTRY.iter().map(|kind| &kind.config).collect();
    let settings = Settings::parse(&text, "c.toml", Trust::User, &kinds);
    let settings = settings.unwrap_or_else(|errors| panic!("{errors:#?}"));
    HttpChecks::new(&settings.sources[0], &ground(), limits).unwrap()
}

async fn poll(source: &HttpChecks, secs: i64) -> Result<Batch, SourceError> {
    let fetch = Fetch {
        resource: "checks".into(),
        now: at(secs),
        forced: false,
    };
    source.fetch(fetch).await
}

fn alerts(batch: &Batch) -> Vec<&Alert> {
    let facts = batch.facts.iter();
    let alerts = facts.filter_map(|fact| {
        if let Fact::Alert(alert) = fact {
            Some(alert)
        } else {
            None
        }
    });
    alerts.collect()
}

fn deployments(batch: &Batch) -> Vec<&Deployment> {
    let facts = batch.facts.iter();
    let deployments = facts.filter_map(|fact| {
        if let Fact::Deployment(it) = fact {
            Some(it)
        } else {
            None
        }
    });
    deployments.collect()
}

/// Checks what is told of a check that failed twice; nothing where it is well.
async fn check(more: &str, reply: Reply, expected: Option<&str>) {
    let fault = Fault::start(move |_| reply.clone()).await;
    let source = source(fault.url.as_str(), more);
    poll(&source, 0).await.unwrap();
    let batch = poll(&source, 30).await.unwrap();
    let told = alerts(&batch);
    let host = fault.url.port().map(|port| format!("127.0.0.1:{port}"));
    let about = told.first().map(|alert| alert.about.to_string());
    let about = about.map(|about| about.replace(&host.unwrap(), "HOST"));
    assert_eq!(about.as_deref(), expected, "{more}");
    assert_eq!(batch.listings.len(), 2, "all is known");
    assert_eq!(batch.listings[0].members.len(), told.len());
    assert!(!batch.covered.is_empty());
}

#[tokio::test]
async fn what_came_and_what_was_expected_is_said() {
    check("", Reply::new(200, ""), None).await;
    check(
        "",
        Reply::new(503, "no"),
        Some("/healthz answered 503 (service unavailable), not 200-299"),
    )
    .await;
    check("status = [\"2xx\", 401]", Reply::new(401, ""), None).await;
    let page = Reply::new(200, "<html>Maintenance").with("content-type", "text/html");
    check("", page.clone(), None).await;
    check(
        "body = '^ok$'",
        page.clone(),
        Some("the body of /healthz does not match `^ok$`: `<html>Maintenance`"),
    )
    .await;
    check(
        "pointer = \"/db\"\nequals = \"up\"",
        page,
        Some("/healthz: there should be `\"up\"` at `/db`, but it is not JSON"),
    )
    .await;
    let down = Reply::json(&json!({"db": format!("down\u{1b}[2J")}));
    check(
        "pointer = \"/db\"\nequals = \"up\"",
        down,
        Some("/healthz: `/db` should be `\"up\"`, not `\"down\\u001b[2J\"`"),
    )
    .await;
}

#[tokio::test]
async fn whoever_gives_no_answer_fails_too() {
    check(
        "",
        Reply::new(200, "").by(Way::Silent),
        Some("/healthz of HOST gave no answer: no answer within 1 s"),
    )
    .await;
    check(
        "body = 'ok'",
        Reply::new(200, "ok").by(Way::HeadOnly),
        Some("/healthz of HOST gave no answer: /healthz: the answer stopped half way"),
    )
    .await;
    // Whoever only looks at the status does not wait for a body.
    check("", Reply::new(200, "ok").by(Way::HeadOnly), None).await;
    check(
        "body = 'ok'",
        Reply::new(200, "ok, and more").by(Way::Cut(4)),
        Some("/healthz of HOST gave no answer: /healthz: the answer was cut off or wrongly compressed"),
    )
    .await;
    check(
        "body = 'ok'",
        Reply::new(200, "x".repeat(100_000)),
        Some("/healthz of HOST gave no answer: /healthz: the answer is larger than 0 MiB"),
    )
    .await;
}

#[tokio::test]
async fn what_answers_too_slowly_is_told_though_it_answers() {
    let slow = Reply::new(200, "abcdef").by(Way::Slow(Duration::from_millis(30)));
    check("body = '.'\nlatency = \"5s\"", slow.clone(), None).await;
    let fault = Fault::start(move |_| slow.clone()).await;
    let source = source(
        fault.url.as_str(),
        "body = '.'\nlatency = \"100ms\"\nfailures = 1",
    );
    let batch = poll(&source, 0).await.unwrap();
    let told = alerts(&batch);
    let words = told[0].about.to_string();
    assert!(
        words.starts_with("/healthz took ") && words.ends_with(" longer than 100 ms"),
        "{words}"
    );
    // Another figure is no other fact.
    assert_eq!(batch.facts, poll(&source, 30).await.unwrap().facts);
}

#[tokio::test]
async fn redirects_are_followed_at_home_and_nowhere_else() {
    let other = Fault::start(|_| Reply::new(200, "")).await;
    let elsewhere = other.url.join("/login").unwrap();
    let fault = Fault::start(move |seen| match seen.path() {
        "/healthz" => Reply::new(302, "").with("location", "/live"),
        "/live" => Reply::new(200, "ok"),
        "/away" => Reply::new(302, "").with("location", elsewhere.as_str()),
        _ => Reply::new(307, "").with("location", seen.path()),
    })
    .await;
    let checks = ["/healthz", "/away", "/circle"]
        .map(|path| format!("[[source.check]]\npath = \"{path}\"\nfailures = 1\n"));
    let wanted =
        "[[source.check]]\nname = \"login\"\npath = \"/away\"\nstatus = 302\nfailures = 1\n";
    let all = format!("{}{wanted}", checks.concat());
    let source = with(fault.url.as_str(), "token_env = \"CHECK_TOKEN\"", &all);
    let batch = poll(&source, 0).await.unwrap();
    let told: Vec<(String, bool)> = alerts(&batch)
        .iter()
        .map(|alert| (alert.name.to_string(), alert.about.contains("redirects")))
        .collect();
    // A check without a name is called by its host as well.
    let host = fault.url.authority();
    let named = |path: &str| (format!("{host}{path}"), true);
    assert_eq!(told, [named("/away"), named("/circle")]);
    assert!(other.seen().is_empty(), "it was never asked");
    let sent = fault.seen();
    let token = |seen: &Seen| seen.header("authorization").map(str::to_owned);
    assert!(
        sent.iter()
            .all(|seen| token(seen) == Some(format!("Bearer {TOKEN}")))
    );
    assert!(!format!("{batch:?} {:?}", source.meter()).contains("SECRET"));
}

#[tokio::test]
async fn a_redirect_to_another_scheme_of_the_same_host_is_no_other_host() {
    let home = Arc::new(Mutex::new(String::new()));
    let there = Arc::clone(&home);
    let fault =
        Fault::start(move |_| Reply::new(301, "").with("location", &there.lock().unwrap())).await;
    let port = fault.url.port().unwrap();
    *home.lock().unwrap() = format!("https://127.0.0.1:{port}/healthz");
    let source = source(fault.url.as_str(), "failures = 1");
    let batch = poll(&source, 0).await.unwrap();
    let words = format!("it redirects to `https://127.0.0.1:{port}`: `url` should begin so");
    let about = &alerts(&batch)[0].about;
    assert!(about.ends_with(&words), "{about}");
}

#[tokio::test]
async fn a_secret_that_a_server_says_again_is_not_shown() {
    let reply = Reply::new(200, format!("who is {TOKEN}?"));
    let fault = Fault::start(move |_| reply.clone()).await;
    let check = "[[source.check]]\npath = \"/healthz\"\nbody = '^ok$'\nfailures = 1";
    let source = with(fault.url.as_str(), "token_env = \"CHECK_TOKEN\"", check);
    let shown = format!("{:?} {:?}", poll(&source, 0).await, source.check_up().await);
    assert!(
        shown.contains("does not match") && !shown.contains("SECRET"),
        "{shown}"
    );
}

#[tokio::test]
async fn a_blip_is_no_alert_and_an_outage_is_over_when_it_is() {
    let status = Arc::new(Mutex::new(200));
    let answers = Arc::clone(&status);
    let fault = Fault::start(move |_| Reply::new(*answers.lock().unwrap(), "")).await;
    let source = source(
        fault.url.as_str(),
        "service = \"api\"\nrepo = \"github.com/acme/api\"",
    );
    let mut rounds = Vec::new();
    for (turn, now) in [200, 500, 200, 500, 502, 502, 200].into_iter().enumerate() {
        *status.lock().unwrap() = now;
        let secs = 30 * i64::try_from(turn).unwrap();
        rounds.push(poll(&source, secs).await.unwrap());
    }
    let fires: Vec<bool> = rounds
        .iter()
        .map(|batch| !alerts(batch).is_empty())
        .collect();
    assert_eq!(fires, [false, false, false, false, true, true, false]);
    let alert = alerts(&rounds[4])[0];
    assert_eq!((&*alert.id, &*alert.name), ("probes/checkout", "checkout"));
    assert_eq!(
        (alert.started_at, &alert.state),
        (at(90), &AlertState::Firing)
    );
    assert_eq!(alert.service.as_ref().unwrap().as_str(), "api");
    assert_eq!(alert.repo.as_ref().unwrap().as_str(), "github.com/acme/api");
}

#[tokio::test]
async fn each_check_is_asked_at_its_own_distance() {
    let fault = Fault::start(|_| Reply::new(200, "")).await;
    let checks = "[[source.check]]\npath = \"/a\"\n[[source.check]]\npath = \"/b\"\nevery = \"5m\"";
    let source = with(fault.url.as_str(), "", checks);
    assert_eq!(source.resources(at(0))[0].tier, Tier::Hot);
    assert_eq!(source.resources(at(0))[0].cost, 2);
    for turn in 0..10 {
        poll(&source, 30 * turn).await.unwrap();
    }
    let count = |path| {
        fault
            .seen()
            .iter()
            .filter(|seen| seen.path() == path)
            .count()
    };
    assert_eq!((count("/a"), count("/b")), (10, 1));
    poll(&source, 300).await.unwrap();
    assert_eq!(count("/b"), 2);
}

async fn nobody() -> Url {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    Url::parse(&format!("http://127.0.0.1:{port}")).unwrap()
}

#[tokio::test]
async fn a_host_that_refuses_is_a_failing_check() {
    let source = source(nobody().await.as_str(), "");
    poll(&source, 0).await.unwrap();
    let batch = poll(&source, 30).await.unwrap();
    let about = alerts(&batch)[0].about.to_string();
    assert!(
        about.ends_with("gave no answer: connection refused"),
        "{about}"
    );
}

#[tokio::test]
async fn without_any_way_to_a_network_nothing_fires_and_it_is_said_why() {
    // No route leads to a group of hosts by TCP, whatever network there is.
    let checks = "[[source.check]]\npath = \"/a\"\n[[source.check]]\npath = \"/b\"";
    let source = with("http://224.0.0.1:9", "insecure_http = true", checks);
    for turn in 0..5 {
        let error = poll(&source, 30 * turn).await.unwrap_err();
        let words = error.to_string();
        assert!(words.contains("no other host answers"), "{words}");
        assert!(matches!(error, SourceError::Unreachable { .. }));
    }
    let checks = source.check_up().await;
    assert!(
        checks[0].text.contains("no other host answers"),
        "{checks:?}"
    );
}

#[tokio::test]
async fn a_host_that_asks_for_fewer_requests_is_neither_well_nor_ill() {
    let fault = Fault::start(|_| Reply::new(429, "").with("retry-after", "7")).await;
    let source = source(fault.url.as_str(), "failures = 1");
    let error = poll(&source, 0).await.unwrap_err();
    assert!(
        matches!(error, SourceError::RateLimited { .. }),
        "{error:?}"
    );
    let checks = source.check_up().await;
    let [check] = &checks[..] else {
        panic!("{checks:?}");
    };
    let told = "`checkout` was not asked: ";
    assert!(check.text.starts_with(told), "{checks:?}");
    let hint = check.hint.as_deref().unwrap_or_default();
    assert!(!hint.contains("alert"), "{hint}");
}

#[tokio::test]
async fn a_limit_without_a_credential_is_of_one_tool_behind_a_host() {
    let fault = Fault::start(|seen| match seen.path() {
        "/one/healthz" => Reply::new(429, "").with("retry-after", "300"),
        _ => Reply::new(200, "ok"),
    })
    .await;
    let tool = |path: &str| source(fault.url.join(path).unwrap().as_str(), "");
    let (one, other, same) = (tool("one"), tool("other"), tool("one/"));
    poll(&one, 0).await.unwrap_err();
    poll(&other, 0).await.unwrap();
    assert_eq!(fault.seen().len(), 2);
    poll(&same, 0).await.unwrap_err();
    assert_eq!(fault.seen().len(), 2, "it is the same tool");
}

#[tokio::test]
async fn the_version_that_answers_is_live_until_another_one_does() {
    let version = Arc::new(Mutex::new("1a2b3c4d".to_owned()));
    let told = Arc::clone(&version);
    let fault =
        Fault::start(move |_| Reply::json(&json!({"build": {"commit": *told.lock().unwrap()}})))
            .await;
    let more = "repo = \"github.com/acme/api\"\nservice = \"api\"\nversion = \"/build/commit\"";
    let source = source(fault.url.as_str(), more);
    let first = poll(&source, 0).await.unwrap();
    let live = deployments(&first)[0];
    assert_eq!(live.repo.as_str(), "github.com/acme/api");
    assert_eq!(
        (&*live.environment, &*live.task),
        ("production", "seen:api")
    );
    assert_eq!(
        (live.created_at, &live.state),
        (at(0), &DeployState::Succeeded)
    );
    assert_eq!(live.sha.as_ref().unwrap().as_str(), "1a2b3c4d");
    *version.lock().unwrap() = "v1.14.0".to_owned();
    let second = poll(&source, 30).await.unwrap();
    let states: Vec<_> = deployments(&second)
        .iter()
        .map(|it| (it.git_ref.as_deref(), it.state.clone()))
        .collect();
    let expected = [
        (None, DeployState::Superseded),
        (Some("v1.14.0"), DeployState::Succeeded),
    ];
    assert_eq!(states, expected);
    assert_eq!(second.listings[1].members.len(), 2);
    *version.lock().unwrap() = String::new();
    let third = poll(&source, 60).await.unwrap();
    assert_eq!(deployments(&second), deployments(&third));
    assert!(
        third.warnings[0].contains("`checkout`: `version`"),
        "{:?}",
        third.warnings
    );
}

#[tokio::test]
async fn a_check_up_says_in_words_what_came_of_each() {
    let fault = Fault::start(|seen| match seen.path() {
        "/healthz" => Reply::json(&json!({"sha": "1a2b3c4d5e6f"})),
        _ => Reply::new(500, ""),
    })
    .await;
    let checks = "[[source.check]]\nname = \"checkout\"\npath = \"/healthz\"\nversion = \"/sha\"\n\
                  repo = \"github.com/acme/api\"\n[[source.check]]\npath = \"/pay\"";
    let source = with(fault.url.as_str(), "", checks);
    let told = source.check_up().await;
    let (well, ill): (&Check, &Check) = (&told[0], &told[1]);
    assert_eq!(well.state, CheckState::Fine);
    let words = well.text.to_string();
    assert!(
        words.starts_with("`checkout`: /healthz answered 200 in "),
        "{words}"
    );
    assert!(words.ends_with(", commit 1a2b3c4"), "{words}");
    assert_eq!(ill.state, CheckState::Failed);
    assert_eq!(
        &*ill.text,
        "`/pay`: /pay answered 500 (internal server error), not 200-299"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_shows_a_failing_check_as_a_card() {
    let fault = Fault::start(|_| Reply::new(500, "")).await;
    let url = fault.url.clone();
    let ran = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        home.configure(&format!(
            "[[source]]\nkind = \"http\"\nurl = \"{url}\"\n[[source.check]]\nname = \"checkout\"\n\
             path = \"/healthz\""
        ));
        let doctor = home.run(&["doctor"]);
        (home.run(&["board", "--once", "--format", "json"]), doctor)
    });
    let (ran, doctor) = ran.await.unwrap();
    assert!(ran.out.contains("/healthz answered 500"), "{ran:#?}");
    let told = format!("{}{}", doctor.out, doctor.err);
    assert!(told.contains("/healthz answered 500"), "{doctor:#?}");
}
