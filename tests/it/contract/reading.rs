//! Good reads: complete, clean, kept, and unlike those of another source.

use super::*;
use cycleboard::sources::{CapabilityState, CheckState};

#[tokio::test]
async fn a_good_read_lists_what_it_tells_and_the_same_again_next_time() {
    for dialect in DIALECTS {
        let fault = dialect.serve(dialect.good()).await;
        let source = dialect.source(&fault.url);
        let first = dialect.read(&*source).await.unwrap();
        assert!(!first.facts.is_empty(), "{}", dialect.path);
        if dialect.keeps(Law::Complete) {
            assert_eq!(ids(&first), dialect.listed(&first), "{}", dialect.path);
        } else {
            assert!(dialect.lists(&first).is_empty(), "{}", dialect.path);
        }
        assert!(first.warnings.is_empty(), "{:?}", first.warnings);
        let again = dialect.read_all(&*source).await.unwrap();
        assert_eq!(
            (&first.facts, dialect.listed(&first)),
            (&again.facts, dialect.listed(&again))
        );
        let can = source.capabilities();
        let can = can.iter().find(|can| dialect.is_about(can.name)).unwrap();
        assert_eq!(can.state, CapabilityState::Available);
    }
}

#[tokio::test]
async fn what_left_a_complete_list_is_removed_and_an_empty_one_is_complete() {
    for dialect in under(Law::Complete) {
        let first = dialect.reply(&dialect.with_records(|records| records.truncate(1)));
        let empty: Value = serde_json::from_str(dialect.empty).unwrap();
        // One server: what it tells is known by its address.
        let replies = vec![dialect.good(), first, dialect.reply(&empty)];
        let fault = dialect.serve_in_turn(replies).await;
        let read = async || {
            let source = dialect.source(&fault.url);
            dialect.read(&*source).await.unwrap()
        };
        let (whole, fewer, none) = (read().await, read().await, read().await);
        assert!(dialect.listed(&fewer).is_subset(&dialect.listed(&whole)));
        let names = |batch| {
            let lists = dialect.lists(batch).into_iter();
            lists.map(|list| list.name.clone()).collect::<Vec<_>>()
        };
        assert_eq!(names(&none), names(&whole));
        assert!(dialect.listed(&none).is_empty() && none.facts.is_empty());
    }
}

#[tokio::test]
async fn a_bad_record_costs_itself_and_removes_nothing() {
    for dialect in DIALECTS {
        let bad = dialect.reply(&dialect.with_records(|records| {
            records.push(serde_json::json!({"labels": 3, "rules": "x"}));
        }));
        let fault = dialect.serve_in_turn(vec![dialect.good(), bad]).await;
        let whole = dialect.source(&fault.url);
        let whole = dialect.read(&*whole).await.unwrap();
        let part = dialect.source(&fault.url);
        let part = dialect.read(&*part).await.unwrap();
        assert_eq!(ids(&part), ids(&whole), "{}", dialect.path);
        assert!(
            dialect.lists(&part).is_empty(),
            "it may be one that is known"
        );
        let known: Vec<_> = part.partial.iter().flat_map(|list| &list.members).collect();
        let is_told = |id: &&FactId| part.facts.iter().any(|fact| fact.id() == **id);
        assert!(known.iter().all(is_told), "{}", dialect.path);
        let told = part.warnings.iter();
        assert!(told.clone().any(|text| text.contains("cannot be read")));
    }
}

#[tokio::test]
async fn an_answer_that_is_confirmed_keeps_everything() {
    for dialect in DIALECTS {
        let fault = dialect
            .serve_by(|seen| match seen.header("if-none-match") {
                Some("\"one\"") => Reply::new(304, "").with("etag", "\"one\""),
                _ => dialect.good().with("etag", "\"one\""),
            })
            .await;
        let source = dialect.source(&fault.url);
        let first = dialect.read_all(&*source).await.unwrap();
        // Where what changed since then is asked for, the first answer is no answer to that.
        dialect.read_all(&*source).await.unwrap();
        let again = dialect.read_all(&*source).await.unwrap();
        // What is open and what was closed may be two lists at one path.
        assert!(source.meter().not_modified >= 1);
        let same = ids(&again) == ids(&first) && dialect.listed(&again) == dialect.listed(&first);
        let confirmed = again.facts.is_empty() && dialect.lists(&again).is_empty();
        assert!(same || (confirmed && !again.covered.is_empty()));
    }
}

#[tokio::test]
async fn a_failed_read_tells_nothing_and_the_next_good_one_goes_on() {
    for dialect in DIALECTS {
        let broken = Arc::new(Mutex::new(false));
        let is_broken = Arc::clone(&broken);
        let fault = dialect
            .serve_by(move |_| {
                if *is_broken.lock().unwrap() {
                    Reply::new(500, "[]")
                } else {
                    dialect.good()
                }
            })
            .await;
        let source = dialect.source(&fault.url);
        let first = dialect.read_all(&*source).await.unwrap();
        *broken.lock().unwrap() = true;
        assert!(dialect.read_all(&*source).await.is_err());
        *broken.lock().unwrap() = false;
        let after = dialect.read_all(&*source).await.unwrap();
        assert_eq!(first.facts, after.facts);
    }
}

#[tokio::test]
async fn a_word_that_nobody_knows_is_kept_and_is_no_success() {
    for dialect in under(Law::Words) {
        let odd = dialect.with_each(|record| {
            *record.pointer_mut(dialect.word).unwrap() = "gloriously".into();
        });
        let batch = dialect.read_from(dialect.reply(&odd)).await.unwrap();
        let records = odd.pointer(dialect.records).unwrap().as_array().unwrap();
        assert_eq!(batch.facts.len(), records.len(), "none is lost");
        for fact in &batch.facts {
            let text = format!("{fact:?}");
            // What a ticket's word means is not known either: `TicketState::Other`.
            let is_unknown = text.contains("Unknown(") || text.contains("Other(");
            assert!(is_unknown, "{text}");
            assert!(
                text.contains("gloriously") || text.contains("fail"),
                "{text}"
            );
        }
    }
}

/// Returns every text of a value.
fn texts(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|value| texts(value, found)),
        Value::Object(map) => map.values().for_each(|value| texts(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[tokio::test]
async fn nothing_that_a_terminal_obeys_gets_in() {
    const DIRT: &str = "a\u{1b}]52;c;eA==\u{7}b\u{1b}[2J\r\nc\u{202e}d\u{9b}31m\u{0}";
    for dialect in DIALECTS {
        let dirty = dialect.with_each(|record| {
            for place in dialect.texts {
                if let Some(text) = record.pointer_mut(place) {
                    *text = DIRT.into();
                }
            }
        });
        let batch = dialect.read_from(dialect.reply(&dirty)).await.unwrap();
        assert!(!batch.facts.is_empty());
        let mut found = Vec::new();
        for fact in &batch.facts {
            texts(&serde_json::to_value(fact).unwrap(), &mut found);
        }
        found.extend(batch.warnings.iter().map(ToString::to_string));
        let odd = |c: char| c.is_control() || c == '\u{202e}';
        for text in found {
            assert!(!text.contains(odd), "{}: {text:?}", dialect.path);
        }
    }
}

#[tokio::test]
async fn two_sources_that_tell_the_same_do_not_share_it() {
    for dialect in DIALECTS {
        let fault = dialect.serve(dialect.good()).await;
        let one = dialect.read(&*dialect.source(&fault.url)).await.unwrap();
        let mut config = dialect.config(&fault.url);
        config.name = SourceName::new("two");
        let other = (dialect.open)(&config, &ground(TOKEN), limits()).unwrap();
        let two = dialect.read(&*other).await.unwrap();
        let are_apart = ids(&one).is_disjoint(&ids(&two));
        assert_eq!(are_apart, dialect.keeps(Law::Own), "{}", dialect.path);
    }
}

#[tokio::test]
async fn a_base_path_is_kept() {
    for dialect in DIALECTS {
        let fault = Fault::start(move |seen| match seen.path().strip_prefix("/sub/way") {
            Some(path) if path == dialect.path => dialect.good(),
            Some(path) => dialect.beside(path),
            None => Reply::new(404, ""),
        })
        .await;
        for end in ["sub/way", "sub/way/"] {
            let url = fault.url.join(end).unwrap();
            let batch = dialect.read(&*dialect.source(&url)).await;
            assert!(batch.is_ok(), "{batch:?}");
        }
    }
}

#[tokio::test]
async fn two_forges_below_paths_of_one_host_share_nothing() {
    let forges = ["gitlab", "gitea", "forgejo"];
    for dialect in DIALECTS.iter().filter(|it| forges.contains(&it.kind)) {
        // The same names, numbers and validators at both: only the path tells them apart.
        let fault = Fault::start(move |seen| {
            let below = ["/lab", "/shop"]
                .iter()
                .find_map(|way| seen.path().strip_prefix(way));
            match below {
                Some(path) if path == dialect.path => dialect.good().with("etag", "\"same\""),
                Some(path) => dialect.beside(path),
                None => Reply::new(404, ""),
            }
        })
        .await;
        let shared = ground(TOKEN);
        let mut told: Vec<BTreeSet<FactId>> = Vec::new();
        for way in ["lab", "shop"] {
            let url = fault.url.join(way).unwrap();
            let source = (dialect.open)(&dialect.config(&url), &shared, limits()).unwrap();
            let batch = dialect.read(&*source).await.unwrap();
            let places = batch.facts.iter().filter_map(|fact| fact.repo());
            for repo in places {
                assert!(repo.place().ends_with(way), "{}: {repo:?}", dialect.path);
            }
            told.push(ids(&batch));
        }
        let [lab, shop] = &told[..] else {
            unreachable!("two were read");
        };
        assert!(!lab.is_empty(), "{}", dialect.path);
        assert_eq!(lab.len(), shop.len(), "{}", dialect.path);
        assert!(lab.is_disjoint(shop), "{}", dialect.path);
        let asked = fault.seen();
        let mut there = asked.iter().filter(|seen| seen.path().starts_with("/shop"));
        let bare = there.all(|seen| seen.header("if-none-match").is_none());
        assert!(bare, "{}: a validator of another forge", dialect.path);
    }
}

#[tokio::test]
async fn a_check_up_is_fine_where_all_is_well_and_names_what_is_not() {
    for dialect in DIALECTS {
        let fault = dialect.serve(dialect.good()).await;
        let checks = dialect.source(&fault.url).check_up().await;
        let fine = |check: &Check| check.state == CheckState::Fine;
        assert!(!checks.is_empty() && checks.iter().all(fine), "{checks:?}");
        let refused = Fault::start(|_| Reply::new(401, "")).await;
        let checks = dialect.source(&refused.url).check_up().await;
        let is_refused = |check: &Check| check.state == CheckState::Refused;
        assert!(checks.iter().any(is_refused), "{checks:?}");
        let nothing = Fault::start(|_| Reply::new(404, "")).await;
        let checks = dialect.source(&nothing.url).check_up().await;
        let says = |check: &Check| check.text.contains(dialect.absent);
        assert!(checks.iter().any(says), "{checks:?}");
    }
}
