//! An export in every form: what is in it, in which order, and that nothing in it commands anybody.

use chrono::TimeDelta;

use super::*;
use crate::domain::change_request::{ReviewNote, Verdict};
use crate::domain::history::{ChangeLife, Life, Record, Standing, Transition};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::{ItemId, Person, RepoKey};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

fn at(hour: i64) -> Timestamp {
    let begin: Timestamp = "2026-11-01T00:00:00Z".parse().unwrap();
    begin + TimeDelta::hours(hour)
}

fn life(id: &str, title: &str) -> Record {
    Record::Life(Box::new(Life {
        id: ItemId::new(id),
        anchor: Anchor::ChangeRequest,
        key: Clean::line(&format!("api#{id}")),
        title: Clean::line(title),
        url: None,
        repo: Some(RepoKey::new("forge.test", "acme/api")),
        services: Vec::new(),
        author: None,
        bot: false,
        labels: Vec::new(),
        created_at: at(0),
        changes: vec![ChangeLife {
            repo: RepoKey::new("forge.test", "acme/api"),
            number: 7,
            author: None,
            first_commit_at: None,
            opened_at: at(0),
            ready_at: None,
            reviews: vec![ReviewNote {
                by: Person::new("bo", false),
                at: at(3),
                verdict: Verdict::Approved,
            }],
            reviews_known: true,
            merged_at: None,
            closed_at: None,
            merge_sha: None,
            head_sha: None,
            additions: None,
            deletions: None,
            hotfix: false,
            revert: false,
        }],
    }))
}

fn went(id: &str, hour: i64, stage: Stage, done: Option<Outcome>) -> Transition {
    Transition {
        item: ItemId::new(id),
        standing: Standing {
            stage,
            status: Status::Running,
            done,
            holders: vec![Person::new("ada", false)],
        },
        rule: "rule".into(),
        at: at(hour),
    }
}

fn ledger(title: &str) -> Ledger {
    let ways = [
        went("2", 5, Stage::Code, None),
        went("1", 1, Stage::Code, None),
        went("1", 4, Stage::Test, None),
        went("1", 9, Stage::Monitor, Some(Outcome::Shipped)),
    ];
    Ledger::new(Some(at(0)), [life("2", "two"), life("1", title)], ways)
}

fn export(ledger: &Ledger, from: Option<i64>, until: i64) -> Export<'_> {
    Export {
        ledger,
        from: from.map(at),
        until: at(until),
        now: at(20),
    }
}

fn lines(ledger: &Ledger, from: Option<i64>, until: i64) -> Vec<serde_json::Value> {
    let mut out = Vec::new();
    export(ledger, from, until).jsonl(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn every_interval_is_there_from_its_beginning_to_the_next() {
    let ledger = ledger("one");
    let lines = lines(&ledger, None, 20);
    assert_eq!(lines[0]["record"], "export");
    assert_eq!(lines[0]["schema"], 1);
    assert_eq!(lines[0]["history_since"], "2026-11-01T00:00:00Z");
    let of = |line: &serde_json::Value| {
        let word = |field: &str| line[field].as_str().unwrap_or("-").to_owned();
        [
            word("record"),
            word("key"),
            word("stage"),
            word("from"),
            word("to"),
        ]
        .join(" ")
    };
    let told: Vec<String> = lines[1..].iter().map(of).collect();
    assert_eq!(
        told,
        [
            "interval api#1 code 2026-11-01T01:00:00Z 2026-11-01T04:00:00Z",
            "interval api#1 test 2026-11-01T04:00:00Z 2026-11-01T09:00:00Z",
            "interval api#1 monitor 2026-11-01T09:00:00Z -",
            "review api#1 - - -",
            "interval api#2 code 2026-11-01T05:00:00Z -",
            "review api#2 - - -",
        ]
    );
    assert_eq!(
        (&lines[1]["secs"], &lines[3]["secs"]),
        (&10_800.into(), &serde_json::Value::Null)
    );
    assert_eq!(lines[3]["outcome"], "shipped");
    assert_eq!(lines[1]["holders"][0], "ada");
    assert_eq!(lines[4]["verdict"], "approved");
}

#[test]
fn a_window_takes_what_was_so_within_it() {
    let ledger = ledger("one");
    let stages = |from: Option<i64>, until: i64| {
        let lines = lines(&ledger, from, until);
        let stages = lines
            .iter()
            .filter_map(|line| line["stage"].as_str().map(str::to_owned));
        stages.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(stages(Some(6), 20), "test monitor code");
    assert_eq!(stages(Some(6), 8), "test code");
    assert_eq!(stages(None, 3), "code");
    assert_eq!(stages(None, 1), "");
}

#[test]
fn one_document_holds_the_same_records() {
    let ledger = ledger("a \"b\" \u{1b}[2J");
    let mut out = Vec::new();
    export(&ledger, None, 20).json(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        !text.contains('\u{1b}') && !text.contains("\\u001b"),
        "{text}"
    );
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        document["records"].as_array().unwrap()[..],
        lines(&ledger, None, 20)[1..]
    );
    let empty = Ledger::default();
    let mut out = Vec::new();
    export(&empty, None, 20).json(&mut out).unwrap();
    let document: serde_json::Value = serde_json::from_slice(&out).unwrap();
    assert_eq!(document["records"].as_array().unwrap().len(), 0);
}

#[test]
fn a_row_has_all_columns_and_no_formula() {
    let ledger = ledger("=cmd,\"x\"");
    let mut out = Vec::new();
    export(&ledger, None, 20).csv(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let rows: Vec<&str> = text.lines().collect();
    assert_eq!(rows.len(), 7);
    assert!(
        rows[0].starts_with("schema,record,id,key,title,"),
        "{}",
        rows[0]
    );
    assert!(
        rows[1].starts_with("\"1\",\"interval\",\"1\",\"api#1\",\"'=cmd,\"\"x\"\"\","),
        "{}",
        rows[1]
    );
    for row in &rows[1..] {
        let bare: String = row.split('"').step_by(2).collect();
        assert_eq!(bare.matches(',').count(), COLUMNS.len() - 1, "{row}");
    }
}

#[test]
fn a_reader_who_has_gone_ends_it() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let ledger = ledger("one");
    for error in [
        export(&ledger, None, 20).jsonl(&mut Gone),
        export(&ledger, None, 20).json(&mut Gone),
        export(&ledger, None, 20).csv(&mut Gone),
    ] {
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    }
}
