//! `cc.xml`: good documents, odd ones, and what a failure leaves.

use std::sync::Arc;

use chrono::DateTime;
use cycleboard::config::{ProjectRule, SourceConfig};
use cycleboard::domain::Timestamp;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::RepoKey;
use cycleboard::domain::run::{Run, RunState};
use cycleboard::sources::cctray::CcTray;
use cycleboard::sources::http::{Ground, Limits};
use cycleboard::sources::{Batch, CheckState, Fetch, Source, SourceError, Tier};

use crate::support::fault::{Fault, Reply, Way};
use crate::support::ground::{Memory, bare};

const TOKEN: &str = "s3cr3t-SECRET-0123456789";
const GOOD: &str = r#"<?xml version="1.0" encoding="utf-8"?>
<Projects>
  <Project name="api :: unit" activity="Sleeping" lastBuildStatus="Success" lastBuildLabel="12"
    lastBuildTime="2026-11-20T10:00:00Z" webUrl="https://ci.test/api/12"/>
  <Project name="web" activity="Building" lastBuildStatus="Failure" lastBuildLabel="7"
    lastBuildTime="2026-11-20T11:00:00" webUrl="javascript:alert(1)"/>
  <Project name="new" activity="Sleeping" lastBuildStatus="Unknown" lastBuildLabel="" lastBuildTime=""
    webUrl=""/>
</Projects>"#;

fn at(text: &str) -> Timestamp {
    DateTime::parse_from_rfc3339(text).unwrap().to_utc()
}

fn now() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

fn source(fault: &Fault, path: &str, rules: &[ProjectRule]) -> CcTray {
    let mut config = SourceConfig::new("ci", "cctray", fault.url.join(path).unwrap());
    config.extras.projects = rules.to_vec();
    config.token_env = Some("CI_TOKEN".to_owned());
    let ground = Ground {
        env: Arc::new(|name| (name == "CI_TOKEN").then(|| TOKEN.to_owned())),
        validators: Arc::new(Memory::default()),
        ..bare(now)
    };
    CcTray::new(&config, &ground, Limits::default()).unwrap()
}

async fn read_at(source: &CcTray, now: Timestamp) -> Result<Batch, SourceError> {
    let fetch = Fetch {
        resource: "projects".into(),
        now,
        forced: false,
    };
    source.fetch(fetch).await
}

async fn read(source: &CcTray) -> Result<Batch, SourceError> {
    read_at(source, now()).await
}

fn xml(text: &str) -> Reply {
    Reply::new(200, text).with("content-type", "application/xml")
}

fn runs(batch: &Batch) -> Vec<&Run> {
    let mut runs = Vec::new();
    for fact in &batch.facts {
        if let Fact::Run(run) = fact {
            runs.push(run);
        }
    }
    runs
}

#[tokio::test]
async fn each_project_tells_its_last_build_and_the_one_that_runs() {
    let fault = Fault::start(|_| xml(GOOD)).await;
    let repo = RepoKey::new("github.com", "acme/api");
    let rules = [ProjectRule::new("api*", repo.clone(), Some("main")).unwrap()];
    let source = source(&fault, "go/cctray.xml", &rules);
    let batch = read(&source).await.unwrap();
    let told = runs(&batch);
    let states: Vec<&RunState> = told.iter().map(|run| &run.state).collect();
    assert!(matches!(
        states.as_slice(),
        [RunState::Passed, RunState::Failed(_), RunState::Running]
    ));
    assert_eq!((&told[0].repo, &*told[0].branch), (&repo, "main"));
    assert_eq!((told[0].number, told[2].number), (12, 0));
    assert_eq!(told[2].called(), "after 7", "nobody told its number");
    let host = fault.url.authority();
    assert_eq!(told[1].repo.as_str(), format!("{host}/go//web"));
    assert_eq!(&*told[1].ci, format!("{host}/go"));
    assert!(told[1].url.is_none(), "no link that must not be opened");
    assert_eq!(told[1].updated_at, at("2026-11-20T11:00:00Z"));
    assert_eq!(batch.listings[0].members.len(), 3);
    assert_eq!(source.resources(now())[0].tier, Tier::Hot, "something runs");
    // What runs was begun when it was first seen.
    let later = read_at(&source, at("2026-11-20T12:05:00Z")).await.unwrap();
    assert_eq!(runs(&later)[2], told[2]);
    let accept = fault.seen()[0].header("accept").unwrap().to_owned();
    assert!(accept.contains("application/xml"), "{accept}");
}

#[tokio::test]
async fn what_was_seen_before_a_restart_keeps_its_time() {
    let fault = Fault::start(|_| xml(GOOD)).await;
    let first = read(&source(&fault, "cc.xml", &[])).await.unwrap();
    let stored: Vec<Arc<Fact>> = first.facts.iter().cloned().map(Arc::new).collect();
    let restarted = source(&fault, "cc.xml", &[]);
    restarted.restore(&stored);
    let after = read_at(&restarted, at("2026-11-21T12:00:00Z")).await;
    assert_eq!(after.unwrap().facts, first.facts);
}

#[tokio::test]
async fn an_answer_that_is_confirmed_keeps_everything() {
    let fault = Fault::start(|seen| match seen.header("if-none-match") {
        Some("\"one\"") => Reply::new(304, ""),
        _ => xml(GOOD).with("etag", "\"one\""),
    })
    .await;
    let source = source(&fault, "cc.xml", &[]);
    let first = read(&source).await.unwrap();
    let again = read(&source).await.unwrap();
    assert_eq!(source.meter().not_modified, 1);
    assert_eq!((first.facts, first.listings), (again.facts, again.listings));
}

#[tokio::test]
async fn what_is_no_such_document_tells_nothing_and_is_not_confirmed_later() {
    let cases = [
        (xml("<html><body/></html>"), "begins with `html`"),
        (xml("<Projects><Project name='a'/>"), "it was cut off"),
        (xml("{\"jobs\": []}"), "it holds no `Projects`"),
        (
            xml("<Projects><Project/></Projects>"),
            "none of its projects has a name",
        ),
        (
            Reply::new(200, GOOD).with("content-type", "text/html"),
            "web page",
        ),
        (xml(GOOD).by(Way::Cut(200)), "cut"),
        (Reply::new(404, ""), "is not there"),
        (Reply::new(401, ""), "rejected the token"),
        (Reply::new(403, ""), "does not let us read"),
        (Reply::new(503, ""), "answers 503"),
        (
            Reply::new(302, "").with("location", "https://sso.example.test/login"),
            "redirects to another host",
        ),
    ];
    for (reply, words) in cases {
        let reply = reply.with("etag", "\"one\"");
        let fault = Fault::start(move |seen| {
            assert!(seen.header("if-none-match").is_none(), "nothing was kept");
            reply.clone()
        })
        .await;
        let source = source(&fault, "cc.xml", &[]);
        for _ in 0..2 {
            let error = read(&source).await.unwrap_err();
            let told = error.to_string();
            assert!(told.contains(words), "{words}: {told}");
            assert!(!told.contains("own page begins"), "{told}");
        }
        let checks = source.check_up().await;
        let bad = |state| matches!(state, CheckState::Failed | CheckState::Refused);
        assert!(checks.iter().any(|check| bad(check.state)), "{checks:?}");
        assert!(!format!("{checks:?}").contains(TOKEN));
    }
}

#[tokio::test]
async fn a_project_without_a_name_removes_nothing() {
    let with = "<Projects><Project name=\"a\" lastBuildStatus=\"Success\" lastBuildLabel=\"1\"/>\
                <Project/></Projects>";
    let fault = Fault::start(move |_| xml(with)).await;
    let batch = read(&source(&fault, "cc.xml", &[])).await.unwrap();
    assert_eq!(batch.facts.len(), 1);
    assert!(batch.listings.is_empty() && batch.covered.len() == 1);
    assert_eq!(batch.partial[0].members.len(), 1);
    let told = batch.warnings[0].as_str();
    assert_eq!(told, "1 of 2 projects cannot be read: it has no name");
}

#[tokio::test]
async fn nothing_that_a_terminal_obeys_gets_in() {
    let dirt = "a\u{1b}]52;c;eA==\u{7}b\u{202e}c&#x1b;[2J";
    let text = GOOD
        .replace("api :: unit", dirt)
        .replace("\"Building\"", &format!("\"{dirt}\""));
    let fault = Fault::start(move |_| xml(&text)).await;
    let batch = read(&source(&fault, "cc.xml", &[])).await.unwrap();
    let told = serde_json::to_string(&batch.facts).unwrap();
    assert!(
        !told.contains("\\u001b") && !told.contains('\u{202e}'),
        "{told}"
    );
}

#[tokio::test]
async fn a_check_up_says_what_is_there_and_what_to_say() {
    let fault = Fault::start(|_| xml(GOOD)).await;
    let checks = source(&fault, "cc.xml", &[]).check_up().await;
    let says = |words: &str| checks.iter().any(|check| check.text.contains(words));
    assert!(says("passed: 1, failed: 1, run: 1"), "{checks:?}");
    assert!(says("a card of its own"), "{checks:?}");
}
