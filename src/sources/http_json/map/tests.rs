//! Maps as people write them, over records as in-house tools give them.

use serde_json::{Value, json};

use super::*;
use crate::config::{Settings, Trust};
use crate::sources::REGISTRY;
use crate::sources::http_json::intake::Intake;

/// Returns the map that a text of the configuration says.
fn map(text: &str) -> JsonMap {
    let kinds: Vec<_> = REGISTRY.iter().map(|kind| &kind.config).collect();
    let head = "[[source]]\nname = \"lab\"\nkind = \"http-json\"\nurl = \"https://lab.test/api\"";
    let text = format!("{head}\n[[source.map]]\n{text}");
    let settings = Settings::parse(&text, "c.toml", Trust::User, &kinds);
    let settings = settings.unwrap_or_else(|errors| panic!("{errors:#?}"));
    settings.sources[0].extras.maps[0].clone()
}

fn now() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

fn at(text: &str) -> Timestamp {
    let at = chrono::DateTime::parse_from_rfc3339(text).unwrap();
    at.to_utc()
}

fn read(map: &JsonMap, record: &Value) -> Result<Fact, String> {
    let (source, place) = (SourceName::new("lab"), Clean::line("lab.test/api"));
    let reader = Reader {
        map,
        source: &source,
        place: &place,
        now: now(),
    };
    reader.fact(record)
}

const RUN: &str = r#"
to = "run"
path = "/runs"
repo = "/git"
fields = { id = "/id", state = "/status/word", workflow = "/pipeline", title = "/note", number = "/no", branch = "/ref", sha = "/rev", actor = "/by", url = "/web", created = "/made", started = "/began", finished = "/ended" }
states = { done = ["SUCCESS", "ok"], failed = "failure", running = ["in_progress"], cancelled = ["killed"] }
"#;

fn run(edit: impl FnOnce(&mut Value)) -> Result<Run, String> {
    let mut record = json!({
        "id": "r-17", "status": {"word": "Success"}, "pipeline": "train", "note": "nightly",
        "no": 17, "ref": "main", "rev": "1A2B3C4D", "by": {"login": "ada"},
        "web": "https://lab.test/runs/17", "git": "https://github.com/acme/ml.git",
        "made": "2026-11-21T10:00:00Z", "began": 1_795_255_260, "ended": 1_795_255_800_000_i64,
    });
    edit(&mut record);
    let fact = read(&map(RUN), &record)?;
    let Fact::Run(run) = fact else {
        panic!("{fact:?}");
    };
    Ok(run)
}

#[test]
fn a_run_has_what_its_record_says() {
    let run = run(|_| {}).unwrap();
    assert_eq!(run.repo.as_str(), "github.com/acme/ml");
    assert_eq!(run.ci.as_str(), "lab.test/api");
    assert!(crate::domain::run::is_foreign(run.id));
    assert_eq!((run.number, run.attempt), (17, 1));
    assert_eq!((&*run.workflow, &*run.title), ("train", "nightly"));
    assert_eq!(
        (&*run.branch, run.state.clone()),
        ("main", RunState::Passed)
    );
    assert_eq!(run.head_sha.unwrap().as_str(), "1a2b3c4d");
    assert_eq!(&*run.actor.unwrap().login, "ada");
    assert_eq!(run.url.unwrap().as_str(), "https://lab.test/runs/17");
    assert_eq!(run.created_at, at("2026-11-21T10:00:00Z"));
    assert_eq!(run.started_at, Some(at("2026-11-21T10:01:00Z")));
    assert_eq!(run.updated_at, at("2026-11-21T10:10:00Z"));
}

#[track_caller]
fn stands(word: &Value, expected: &RunState) {
    let found = run(|record| record["status"]["word"] = word.clone()).unwrap();
    assert_eq!(found.state, *expected, "{word}");
}

#[test]
fn words_mean_what_the_settings_say_and_no_other_is_success() {
    stands(&json!("ok"), &RunState::Passed);
    stands(&json!(" OK "), &RunState::Passed);
    stands(&json!("failure"), &RunState::Failed(Failure::Failed));
    stands(&json!("in_progress"), &RunState::Running);
    stands(&json!("KILLED"), &RunState::Cancelled);
    // Words of ours mean themselves.
    stands(&json!("failed"), &RunState::Failed(Failure::Failed));
    stands(&json!("timed_out"), &RunState::Failed(Failure::TimedOut));
    stands(&json!("skipped"), &RunState::Skipped);
    let unknown = |word: &str| RunState::Unknown(word.into());
    stands(&json!("succeeded"), &unknown("succeeded"));
    stands(&json!("passed"), &unknown("passed"));
    stands(&json!(true), &unknown("true"));
    stands(&json!(0), &unknown("0"));
    stands(&json!(null), &unknown(""));
    stands(&json!(["ok"]), &unknown(""));
    stands(&json!("\u{1b}[32mok"), &unknown("ok"));
}

#[track_caller]
fn is_bad(edit: impl FnOnce(&mut Value), expected: &str) {
    assert_eq!(run(edit).unwrap_err(), expected);
}

#[test]
fn a_record_without_identity_time_or_repository_is_bad_and_quotes_nothing() {
    let nothing = "`/id` holds no id: `/id` is nothing";
    is_bad(|it| it["id"] = json!(null), nothing);
    let object = "`/id` holds no id: `/id` has `key`";
    is_bad(|it| it["id"] = json!({"key": "secret"}), object);
    is_bad(|it| it["git"] = json!(null), "`repo` holds no repository");
    is_bad(
        |it| it["git"] = json!("acme/ml"),
        "`repo` names no repository with its host",
    );
    let timeless = |it: &mut Value| {
        for key in ["made", "began", "ended"] {
            it[key] = json!("yesterday");
        }
    };
    is_bad(
        timeless,
        "no time in `/made`, `/began`, `/ended` (RFC 3339, or seconds since 1970): `/made` is a \
         text",
    );
    assert!(read(&map(RUN), &json!(null)).is_err());
    assert!(read(&map(RUN), &json!([])).is_err());
}

#[test]
fn a_link_that_may_not_be_opened_is_left_out() {
    let odd = run(|record| record["web"] = json!("javascript:alert(1)")).unwrap();
    assert_eq!(odd.url, None);
}

#[test]
fn runs_of_two_endpoints_are_two_though_both_count_from_one() {
    let other = map(&RUN.replace("/runs", "/trainings"));
    let record = json!({
        "id": 1, "git": "github.com/acme/ml", "made": 1_795_255_260, "status": {"word": "ok"},
    });
    let (one, two) = (read(&map(RUN), &record), read(&other, &record));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.id(), two.id());
    assert_eq!(one.id(), read(&map(RUN), &record).unwrap().id());
}

const TICKET: &str = r#"
to = "ticket"
path = "/cards?all=1"
fields = { id = "/key", title = "/name", state = "/state", assignees = "/who", labels = "/tags", created = "/made", closed = "/closed" }
states = { open = ["new"], done = [true, 7], dropped = "wontfix" }
"#;

fn ticket(text: &str, edit: impl FnOnce(&mut Value)) -> Ticket {
    let mut record = json!({
        "key": 12, "name": "Label the data", "state": "new", "who": ["ada", {"login": "bob"}],
        "tags": "ml, data", "made": 1_795_255_260,
    });
    edit(&mut record);
    let fact = read(&map(text), &record).unwrap();
    let Fact::Ticket(ticket) = fact else {
        panic!("{fact:?}");
    };
    ticket
}

#[track_caller]
fn is_called(id: Value, repo: Option<&str>, expected: &str) {
    let text = repo.map_or_else(
        || TICKET.to_owned(),
        |repo| format!("{TICKET}repo = \"{repo}\""),
    );
    let found = ticket(&text, |record| record["key"] = id);
    assert_eq!(Fact::Ticket(found).id().id.as_str(), expected);
}

#[test]
fn a_ticket_is_called_as_its_tracker_calls_it() {
    is_called(json!("PROJ-12"), None, "PROJ-12");
    is_called(json!(12), None, "lab/12");
    is_called(json!("5f-12"), None, "lab/5f-12");
    is_called(json!("-1"), None, "lab/-1");
    let repo = Some("https://github.com/acme/ml");
    is_called(json!(12), repo, "github.com/acme/ml#12");
    is_called(json!("#12"), repo, "github.com/acme/ml#12");
    is_called(json!("ML-12"), repo, "ML-12");
}

#[track_caller]
fn is_in(text: &str, edit: impl FnOnce(&mut Value), expected: &TicketState) {
    assert_eq!(ticket(text, edit).state, *expected);
}

#[test]
fn a_ticket_is_open_until_it_says_otherwise() {
    is_in(TICKET, |_| {}, &TicketState::Open);
    is_in(
        TICKET,
        |it| it["state"] = json!(true),
        &TicketState::Completed,
    );
    is_in(TICKET, |it| it["state"] = json!(7), &TicketState::Completed);
    is_in(
        TICKET,
        |it| it["state"] = json!("wontfix"),
        &TicketState::NotPlanned,
    );
    let other = |word: &str| TicketState::Other(word.into());
    is_in(TICKET, |it| it["state"] = json!("closed"), &other("closed"));
    is_in(TICKET, |it| it["state"] = json!(null), &other(""));
    let stateless = TICKET.replace("state = \"/state\", ", "");
    is_in(&stateless, |_| {}, &TicketState::Open);
    is_in(
        &stateless,
        |it| it["closed"] = json!(1_795_255_261),
        &TicketState::Completed,
    );
    let one = ticket(TICKET, |_| {});
    let logins: Vec<&str> = one.assignees.iter().map(|it| &*it.login).collect();
    assert_eq!(logins, ["ada", "bob"]);
    let labels: Vec<&str> = one.labels.iter().map(|it| &**it).collect();
    assert_eq!(labels, ["ml", "data"]);
}

#[test]
fn a_deployment_has_a_place_and_a_commit_or_a_name_for_it() {
    let text = r#"
to = "deployment"
path = "/releases"
records = "/items"
repo = "github.com/acme/ml"
environment = "/stage"
fields = { id = "/id", state = "/state", sha = "/version", created = "/at" }
states = { done = "live" }
"#;
    let made = |version: &str, state: &str| {
        let record = json!({
            "id": 1, "stage": "production", "state": state, "version": version,
            "at": 1_795_255_260,
        });
        let fact = read(&map(text), &record).unwrap();
        let Fact::Deployment(it) = fact else {
            panic!("{fact:?}");
        };
        it
    };
    let one = made("1a2b3c4d", "live");
    assert_eq!(one.sha.unwrap().as_str(), "1a2b3c4d");
    assert_eq!((one.git_ref, one.state), (None, DeployState::Succeeded));
    assert_eq!((&*one.environment, &*one.task), ("production", "deploy"));
    let two = made("model-7", "rolled back");
    assert_eq!((two.sha, two.git_ref.as_deref()), (None, Some("model-7")));
    assert_eq!(two.state, DeployState::Unknown("rolled back".into()));
    let error = read(&map(text), &json!({"id": 1, "at": 1_795_255_260})).unwrap_err();
    assert_eq!(error, "`environment` holds no environment");
}

#[test]
fn an_alert_fires_until_it_is_over() {
    let text = r#"
to = "alert"
path = "/drift"
service = "/model"
fields = { id = "/id", title = "/what", started = "/since", ended = "/until", severity = "/level" }
"#;
    let told = |until: Value| {
        let record = json!({
            "id": "d1", "what": "drift", "since": 1_795_255_260, "until": until, "level": "page",
            "model": "ranker",
        });
        let fact = read(&map(text), &record).unwrap();
        let Fact::Alert(it) = fact else {
            panic!("{fact:?}");
        };
        it
    };
    let one = told(json!(null));
    assert_eq!(
        (&*one.id, &one.state),
        ("lab//drift/d1", &AlertState::Firing)
    );
    assert_eq!(one.service.unwrap().as_str(), "ranker");
    assert_eq!(
        told(json!("2026-11-21T11:00:00Z")).state,
        AlertState::Resolved
    );
    assert_eq!(
        told(json!("2026-11-21T13:00:00Z")).state,
        AlertState::Firing
    );
    let stated = text.replace("fields = {", "fields = { state = \"/model\",");
    let record = json!({"id": 1, "what": "x", "since": 1_795_255_260, "model": "acknowledged"});
    let Fact::Alert(found) = read(&map(&stated), &record).unwrap() else {
        panic!();
    };
    assert_eq!(found.state, AlertState::Acknowledged);
}

#[track_caller]
fn warns(records: Vec<Value>, expected: &[&str]) {
    let map = map(RUN);
    let (source, place) = (SourceName::new("lab"), Clean::line("lab.test/api"));
    let reader = Reader {
        map: &map,
        source: &source,
        place: &place,
        now: now(),
    };
    let mut intake = Intake::new(&map);
    intake.take(records, &reader);
    assert_eq!(intake.warnings(), expected);
}

#[test]
fn pointers_that_lead_nowhere_are_named_with_what_there_is() {
    let good = || {
        json!({
            "id": 1, "status": {"word": "ok"}, "git": "github.com/acme/ml", "made": 1_795_255_260,
        })
    };
    let wrong = || {
        let mut record = good();
        record["status"] = json!({"text": "ok"});
        record
    };
    warns(vec![], &[]);
    warns(vec![good()], &[]);
    warns(
        vec![wrong()],
        &["`fields.state`: no record has `/status/word`; `/status` has `text`"],
    );
    warns(vec![wrong(), good()], &[]);
    let mut named = good();
    for key in ["pipeline", "note", "no", "ref", "rev", "by", "web", "began"] {
        named[key] = json!(null);
    }
    warns(
        vec![good(), good(), named],
        &["`fields.finished`: no record has `/ended`; it has `git`, `id`, `made`, `status`"],
    );
    let mut nameless = good();
    nameless["id"] = json!("");
    warns(
        vec![good(), nameless],
        &["1 of 2 runs cannot be read: `/id` holds no id: `/id` is an empty text"],
    );
    let mut timeless = good();
    timeless["made"] = json!("yesterday");
    let mut nameless = good();
    nameless["id"] = json!([1, 2]);
    let why = "3 of 4 runs cannot be read: 2 of them: no time in `/made`, `/began`, `/ended` (RFC 3339, \
               or seconds since 1970): `/made` is a text; 1 of them: `/id` holds no id: `/id` is a \
               list of 2";
    let told = |records: Vec<Value>| {
        let map = map(RUN);
        let (source, place) = (SourceName::new("lab"), Clean::line("lab.test/api"));
        let reader = Reader {
            map: &map,
            source: &source,
            place: &place,
            now: now(),
        };
        let mut intake = Intake::new(&map);
        intake.take(records, &reader);
        intake.warnings()
    };
    let all = told(vec![good(), timeless.clone(), nameless, timeless]);
    assert!(all.iter().any(|text| text == why), "{all:?}");
}
