//! Generic JSON besides the contract: pages, pointers that lead nowhere, too much, the program.

use chrono::DateTime;
use cycleboard::config::{Settings, Trust};
use cycleboard::domain::Timestamp;
use cycleboard::domain::fact::Fact;
use cycleboard::domain::text::Clean;
use cycleboard::sources::http::Ground;
use cycleboard::sources::{
    Batch, Check, CheckState, Fetch, REGISTRY, Source, SourceError, Tier, http_json,
};
use serde_json::{Value, json};
use url::Url;

use crate::support::env::Home;
use crate::support::fault::{Fault, Reply, Seen};
use crate::support::ground::bare;

/// Returns the map of `maps.toml` whose records are these.
pub(crate) fn map_of(resource: &str) -> String {
    let all = include_str!("maps.toml");
    let word = resource.trim_end_matches('s');
    let fits = |text: &&str| text.contains(&format!("to = \"{word}\""));
    let found = all.split("[[source.map]]").find(fits).unwrap();
    format!("[[source.map]]{found}")
}

fn now() -> Timestamp {
    let at = DateTime::parse_from_rfc3339("2026-11-21T01:37:30Z");
    at.unwrap().to_utc()
}

fn ground() -> Ground {
    bare(now)
}

fn configuration(url: &Url, maps: &str) -> String {
    format!("[[source]]\nname = \"lab\"\nkind = \"http-json\"\nurl = \"{url}\"\n{maps}")
}

fn source(url: &Url, maps: &str) -> Box<dyn Source> {
    let kinds: Vec<_> = REGISTRY.iter().map(|kind| &kind.config).collect();
    let text = configuration(url, maps);
    let settings = Settings::parse(&text, "c.toml", Trust::User, &kinds);
    let settings = settings.unwrap_or_else(|errors| panic!("{errors:#?}"));
    http_json::open(&settings.sources[0], &ground()).unwrap()
}

async fn read(source: &dyn Source, resource: &str) -> Result<Batch, SourceError> {
    let fetch = Fetch {
        resource: resource.into(),
        now: now(),
        forced: false,
    };
    source.fetch(fetch).await
}

/// Returns a page of runs, and of what it says of the next one.
fn page(ids: std::ops::Range<usize>, next: &Value) -> Value {
    let run = |id: usize| {
        json!({
            "id": id, "pipeline": "train", "status": "ok", "note": "", "by": "ada",
            "git": {"remote": "https://github.com/acme/ml", "ref": "main", "rev": "1a2b3c4d"},
            "made": 1_795_200_000 + id, "ended": 1_795_200_100 + id,
        })
    };
    json!({ "runs": ids.map(run).collect::<Vec<_>>(), "after": next })
}

fn runs() -> String {
    format!("{}next = \"/after\"\n", map_of("runs"))
}

/// Returns the number of the page that is asked for.
fn number(seen: &Seen) -> usize {
    let (_, rest) = seen.target.split_once("page=").unwrap_or(("", "1"));
    rest.parse().unwrap()
}

#[tokio::test]
async fn pages_are_followed_by_a_pointer_or_a_header_to_the_end() {
    let by_pointer = |seen: &Seen| {
        let next = match number(seen) {
            1 => json!("/runs?page=2"),
            2 => json!("?page=3"),
            _ => json!(null),
        };
        let from = number(seen) * 10;
        Reply::json(&page(from..from + 10, &next))
    };
    let by_header = |seen: &Seen| {
        let from = number(seen) * 10;
        let reply = Reply::json(&page(from..from + 10, &json!(null)));
        match number(seen) {
            3 => reply,
            page => reply.with("link", &format!("</runs?page={}>; rel=\"next\"", page + 1)),
        }
    };
    let servers = [
        Fault::start(by_pointer).await,
        Fault::start(by_header).await,
    ];
    for fault in servers {
        let source = source(&fault.url, &runs());
        let batch = read(&*source, "runs").await.unwrap();
        assert_eq!((batch.facts.len(), fault.seen().len()), (30, 3));
        assert_eq!(batch.listings[0].members.len(), 30);
        assert_eq!(batch.warnings, []);
        assert_eq!(fault.seen()[0].target, "/runs?limit=100");
    }
}

/// Checks that a list is read in part: what is known stays, and why is told.
async fn is_partial(
    script: impl Fn(&Seen) -> Reply + Send + Sync + 'static,
    words: &str,
    at_most: usize,
) {
    let fault = Fault::start(script).await;
    let source = source(&fault.url, &runs());
    let batch = read(&*source, "runs").await.unwrap();
    assert!(!batch.facts.is_empty() && batch.facts.len() <= 1_000);
    assert!(batch.listings.is_empty());
    assert!(!batch.partial[0].members.is_empty());
    assert_eq!(batch.covered, [Clean::default()]);
    let told = batch.warnings.iter().any(|text| text.contains(words));
    assert!(told, "{:?}", batch.warnings);
    assert!(fault.seen().len() <= at_most, "{}", fault.seen().len());
}

#[tokio::test]
async fn a_list_without_end_in_a_circle_or_with_a_broken_page_is_read_in_part() {
    is_partial(endless, "there is more after 10 pages", 10).await;
    let circle = |_: &Seen| Reply::json(&page(0..3, &json!("/runs?limit=100")));
    is_partial(circle, "lead in a circle", 2).await;
    let broken = |seen: &Seen| match number(seen) {
        1 => Reply::json(&page(0..3, &json!("?page=2"))),
        _ => Reply::new(500, "oh"),
    };
    is_partial(broken, "only a part of /runs?limit=100 was read", 2).await;
    let large = |seen: &Seen| {
        let (from, next) = (
            number(seen) * 2_000,
            json!(format!("?page={}", number(seen) + 1)),
        );
        Reply::json(&page(from..from + 2_000, &next))
    };
    is_partial(
        large,
        "only a part of /runs?limit=100 is shown: the newest 1000 of 2000 runs",
        1,
    )
    .await;
}

#[tokio::test]
async fn the_next_page_is_never_asked_of_another_host() {
    let other = Fault::start(|_| Reply::new(200, "[]")).await;
    let elsewhere = other.url.join("/runs?page=2").unwrap();
    let reply = Reply::json(&page(0..3, &json!(elsewhere.as_str())));
    let fault = Fault::start(move |_| reply.clone()).await;
    let source = source(&fault.url, &runs());
    let error = read(&*source, "runs").await.unwrap_err();
    assert!(
        error.to_string().contains("leads to another host"),
        "{error}"
    );
    assert!(other.seen().is_empty());
}

/// Checks the error of a server whose answer does not fit the map.
async fn refuses(answer: Value, words: &str) {
    let fault = Fault::start(move |_| Reply::json(&answer)).await;
    let source = source(&fault.url, &map_of("runs"));
    let error = read(&*source, "runs").await.unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    let checks = source.check_up().await;
    let failed = |check: &Check| check.state == CheckState::Failed && check.text.contains(words);
    assert!(checks.iter().any(failed), "{checks:?}");
}

#[tokio::test]
async fn where_the_list_is_not_it_is_said_what_is_there() {
    refuses(
        json!({"data": {"runs": []}, "total": 0}),
        "/runs: `records`: there is no `/runs`; it has `data`, `total`",
    )
    .await;
    refuses(
        json!({"runs": {"r-1": {}}}),
        "`records`: `/runs` is no list: it has `r-1`",
    )
    .await;
    refuses(
        json!([1, 2]),
        "`records`: there is no `/runs`; it is a list of 2",
    )
    .await;
    refuses(
        json!({"runs": [{"run_id": 1, "status": "ok"}]}),
        "none of its records fits: `fields.id`: no record has `/id`; it has `run_id`, `status`",
    )
    .await;
}

#[tokio::test]
async fn a_word_without_meaning_is_noted_by_the_check_up() {
    let mut answer: Value = serde_json::from_str(include_str!("runs.json")).unwrap();
    answer["runs"][0]["status"] = json!("finalised");
    let fault = Fault::start(move |_| Reply::json(&answer)).await;
    let checks = source(&fault.url, &map_of("runs")).check_up().await;
    let fine = &checks[0];
    assert_eq!(&*fine.text, "/runs?limit=100: 3 records, 3 runs among them");
    let note = &checks[1];
    assert_eq!(note.state, CheckState::Note);
    assert_eq!(&*note.text, "no `states` names `finalised`");
    assert!(note.hint.as_ref().unwrap().contains("running"), "{note:?}");
}

/// Answers all four endpoints.
fn all(seen: &Seen) -> Reply {
    let body = match seen.path() {
        "/runs" => include_str!("runs.json"),
        "/cards" => include_str!("tickets.json"),
        "/releases" => include_str!("deployments.json"),
        "/drifts" => include_str!("alerts.json"),
        _ => return Reply::new(404, ""),
    };
    Reply::new(200, body).with("content-type", "application/json")
}

#[tokio::test]
async fn each_map_is_a_resource_and_what_is_at_work_is_asked_for_sooner() {
    let fault = Fault::start(all).await;
    let two = map_of("runs").replace("/runs?limit=100", "/runs?team=b");
    let maps = format!("{}{two}", include_str!("maps.toml"));
    let source = source(&fault.url, &maps);
    let ids = |tier: Tier| -> Vec<String> {
        let resources = source.resources(now()).into_iter();
        let fits = resources.filter(|it| it.tier == tier);
        fits.map(|it| it.id.to_string()).collect()
    };
    assert_eq!(ids(Tier::Hot), ["alerts"]);
    assert_eq!(
        ids(Tier::Warm),
        ["deployments", "runs", "runs 2", "tickets"]
    );
    let batch = read(&*source, "runs").await.unwrap();
    let open = |batch: &Batch| -> Vec<String> {
        let parts = batch.partial.iter();
        parts.map(|part| part.name.to_string()).collect()
    };
    let others = ["alerts", "deployments", "runs 2", "tickets"];
    assert_eq!(open(&batch), others, "it is not all that the source tells");
    assert_eq!(ids(Tier::Hot), ["alerts", "runs"]);
    let other = read(&*source, "runs 2").await.unwrap();
    let names = [&batch, &other].map(|batch| batch.listings[0].name.to_string());
    assert_eq!(names, ["runs", "runs 2"]);
    let of = |batch: &Batch| batch.facts.iter().map(Fact::id).collect::<Vec<_>>();
    assert!(of(&batch).iter().all(|id| !of(&other).contains(id)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_gets_on_the_board_without_code() {
    let fault = Fault::start(all).await;
    let url = fault.url.clone();
    let ran = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        home.configure(&configuration(&url, include_str!("maps.toml")));
        home.run(&["board", "--once", "--format", "json"])
    });
    let ran = ran.await.unwrap();
    assert_eq!(ran.code, 0, "{ran:#?}");
    for title in [
        "Label the new photographs",
        "Drop the old features",
        "the scores drift",
        "features are late",
        "by hand",
    ] {
        assert!(ran.out.contains(title), "{title}: {ran:#?}");
    }
}

/// Endless pages of runs, all of them well.
fn endless(seen: &Seen) -> Reply {
    let (from, next) = (
        number(seen) * 10,
        json!(format!("?page={}", number(seen) + 1)),
    );
    Reply::json(&page(from..from + 10, &next))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_was_cut_is_told_by_every_command() {
    let fault = Fault::start(endless).await;
    let url = fault.url.clone();
    let told = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        home.configure(&configuration(&url, &runs()));
        let words = "only a part of /runs?limit=100 was read: there is more after 10 pages";
        for (arguments, code) in [
            (&["sources"][..], 0),
            (&["doctor"], 0),
            (&["where", "no-such-change"], 5),
            (&["board", "--once", "--exit-status"], 5),
            (&["board", "--once", "--format", "json"], 0),
            (&["triage", "--exit-status"], 5),
        ] {
            let ran = home.run(arguments);
            let text = format!("{}{}", ran.out, ran.err);
            let flat: Vec<&str> = text.split_whitespace().collect();
            assert!(flat.join(" ").contains(words), "{arguments:?}: {ran:#?}");
            ran.exits(code);
        }
    });
    told.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_deployment_that_no_forge_knows_is_a_card() {
    let now = cycleboard::app::clock::system()().timestamp_millis();
    let body = include_str!("deployments.json").replace("rolling", "broken");
    let body = body.replace("1795207200000", &now.to_string());
    let fault = Fault::start(move |_| {
        Reply::new(200, body.clone()).with("content-type", "application/json")
    })
    .await;
    let url = fault.url.clone();
    let ran = tokio::task::spawn_blocking(move || {
        let home = Home::new();
        let map =
            map_of("deployments").replace("running = [", "failed = [\"broken\"], running = [");
        home.configure(&configuration(&url, &map));
        home.run(&["board", "--once", "--exit-status", "--format", "json"])
    });
    let ran = ran.await.unwrap();
    let words = "the deployment of `2a2b3c4` to `staging` failed";
    assert!(ran.out.contains(words), "{ran:#?}");
    ran.exits(3);
}
