//! What a server may say that lies: values that cannot be, lists without end, pages of others.

use std::panic::AssertUnwindSafe;

use cycleboard::domain::correlate::{Correlator, Sourced};
use cycleboard::domain::policy::Policy;
use futures_util::FutureExt as _;
use serde_json::json;

use super::*;

/// How many requests one read may cost of a list that has no end.
const BOUND: usize = 150;

/// What stands in the place of a value, one after another: nothing, other kinds of values, numbers
/// and moments at the ends of what there is.
fn odd() -> Vec<Value> {
    let values = json!([
        null,
        {},
        "",
        "-7",
        -1,
        u64::MAX,
        1e300,
        8_210_266_876_799_i64,
        "9999-12-31T23:59:59Z",
        "+262142-12-31T23:59:59Z",
        "-262143-01-01T00:00:00Z",
    ]);
    values.as_array().unwrap().clone()
}

/// Collects where the values of a record stand, those inside of others included.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(map) => map.iter().map(|(key, one)| (key.clone(), one)).collect(),
        Value::Array(list) => {
            let list = list.iter().take(1).enumerate();
            list.map(|(nth, one)| (nth.to_string(), one)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    };
    for (key, one) in inner {
        let at = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(at.clone());
        places(one, &at, found);
    }
}

/// Takes in facts as the board does, makes cards of them, and reads them back as from the store.
fn lives_with(facts: &[Fact]) {
    let mut board = Correlator::default();
    for fact in facts {
        let text = serde_json::to_string(fact).unwrap();
        let stored: Fact = serde_json::from_str(&text).unwrap();
        assert_eq!(stored, *fact, "it is stored as it is");
        board.insert(Sourced {
            source: SourceName::new("one"),
            fact: Arc::new(stored),
        });
    }
    drop(board.refresh(&Policy::default(), now()));
}

#[tokio::test]
async fn no_value_of_a_record_breaks_a_read_or_a_card() {
    for dialect in DIALECTS {
        let answer = Arc::new(Mutex::new(dialect.good()));
        let script = Arc::clone(&answer);
        let fault = dialect
            .serve_by(move |_| script.lock().unwrap().clone())
            .await;
        let source = dialect.source(&fault.url);
        let good = dialect.read_all(&*source).await.unwrap();
        let record = dialect.answer().pointer(dialect.records).unwrap()[0].clone();
        let mut found = Vec::new();
        places(&record, "", &mut found);
        let mut told: Vec<Fact> = Vec::new();
        for place in &found {
            for value in odd() {
                let lie = dialect.with_records(|records| {
                    if let Some(slot) = records[0].pointer_mut(place) {
                        *slot = value.clone();
                    }
                });
                *answer.lock().unwrap() = dialect.reply(&lie);
                let read = async {
                    let came = dialect.read_all(&*source).await;
                    drop(source.resources(now()));
                    if let Ok(batch) = &came
                        && batch.facts != good.facts
                    {
                        lives_with(&batch.facts);
                    }
                    came
                };
                let came = AssertUnwindSafe(read).catch_unwind().await;
                let what = format!("{} {}: {place} is {value}", dialect.kind, dialect.path);
                let came = came.unwrap_or_else(|_| panic!("{what}"));
                let facts = came.into_iter().flat_map(|batch| batch.facts);
                told.extend(facts.filter(|fact| !good.facts.contains(fact)));
            }
        }
        // What was told of lies is in the store: the next start lives with it, and reads on.
        let stored: Vec<Arc<Fact>> = told.into_iter().map(Arc::new).collect();
        let again = dialect.source(&fault.url);
        again.restore(&stored);
        *answer.lock().unwrap() = dialect.good();
        let after = dialect.read_all(&*source).await.unwrap();
        assert!(
            ids(&after).is_superset(&dialect.listed(&good)),
            "{}",
            dialect.path
        );
        drop(again.resources(now()));
        let restored = dialect.read_all(&*again).await.unwrap();
        lives_with(&restored.facts);
    }
}

#[tokio::test]
async fn a_list_without_end_is_read_to_a_bound_and_no_page_of_another_host() {
    for dialect in DIALECTS {
        let other = Fault::start(|_| Reply::new(200, "[]")).await;
        for elsewhere in [None, Some(other.url.clone())] {
            let place = elsewhere.clone();
            let fault = dialect
                .serve_by(move |seen| {
                    let page = seen
                        .target
                        .rsplit_once("page=")
                        .map_or("1", |(_, rest)| rest);
                    let page: usize = page.parse().unwrap_or(1);
                    let host = seen.header("host").unwrap_or_default().to_owned();
                    let next = match &place {
                        Some(url) => format!("{url}next"),
                        None => format!("http://{host}{}?page={}", seen.path(), page + 1),
                    };
                    dialect
                        .good()
                        .with("link", &format!("<{next}>; rel=\"next\""))
                        .with("x-next-page", &(page + 1).to_string())
                })
                .await;
            let source = dialect.source(&fault.url);
            let _came = dialect.read_all(&*source).await;
            let asked = fault.seen().len();
            assert!(asked <= BOUND, "{}: {asked}", dialect.path);
        }
        assert_eq!(other.seen().len(), 0, "{}", dialect.path);
    }
}
