//! A stand-up as a message and as JSON, of a made-up board.

use std::sync::Arc;

use chrono::TimeDelta;

use super::*;
use crate::app::cli::StandupBy;
use crate::app::output::standup::text::{Extent, Form};
use crate::config::BoardConfig;
use crate::domain::calendar::{WorkingTime, Zone};
use crate::domain::history::{Ledger, Standing, Transition};
use crate::domain::item::WorkItem;
use crate::domain::roster::Roster;
use crate::domain::standup::{Material, Parked, Unsaid};
use crate::domain::text::Clean;
use crate::ui::sample;

/// A stand-up of a sample board of which history knows nothing, or that each card was in Plan.
fn prepared(cards: usize, with_history: bool) -> (Snapshot, Standup, Calendar) {
    let snapshot = sample::snapshot(cards);
    let now = sample::moment();
    let shown: Vec<&Arc<WorkItem>> = snapshot.items().collect();
    let calendar = Calendar::new(WorkingTime::usual(Zone::UTC), now);
    let before = |item: &&Arc<WorkItem>| Transition {
        item: item.id.clone(),
        standing: Standing {
            stage: Stage::Plan,
            status: crate::domain::status::Status::Ready,
            done: None,
            holders: Vec::new(),
        },
        rule: Clean::default(),
        at: now - TimeDelta::days(80),
    };
    let mut ledger = Ledger::default();
    if with_history {
        let since = Some(now - TimeDelta::days(90));
        let lives = shown.iter().map(|item| life(item));
        ledger = Ledger::new(since, lives, shown.iter().map(before));
    }
    let marks: Vec<Parked> = shown.iter().take(1).map(|item| mark(item)).collect();
    let material = Material {
        ledger: &ledger,
        cards: &shown,
        calendar: &calendar,
        roster: &Roster::default(),
        parked: &marks,
    };
    let standup = Standup::prepare(material, now - TimeDelta::days(1), now);
    (snapshot, standup, calendar)
}

fn mark(item: &WorkItem) -> Parked {
    Parked {
        item: item.id.clone(),
        note: "ask @legal about [this](http://e.example)".into(),
        at: sample::moment(),
    }
}

fn life(item: &WorkItem) -> crate::domain::history::Record {
    let life = crate::domain::history::Life {
        id: item.id.clone(),
        anchor: item.anchor,
        key: item.key.clone(),
        title: item.title.clone(),
        url: item.url.clone(),
        repo: item.repo.clone(),
        services: Vec::new(),
        author: item.author.clone(),
        bot: item.bot,
        labels: Vec::new(),
        created_at: item.created_at,
        changes: Vec::new(),
    };
    crate::domain::history::Record::Life(Box::new(life))
}

fn written(cards: usize, with_history: bool, by: StandupBy, form: Form) -> String {
    told(cards, with_history, by, (form, Extent::Message))
}

fn told(cards: usize, with_history: bool, by: StandupBy, (form, extent): (Form, Extent)) -> String {
    let (snapshot, standup, calendar) = prepared(cards, with_history);
    text::write(
        Minutes {
            standup: &standup,
            calendar: &calendar,
            columns: &BoardConfig::default().columns,
            snapshot: &snapshot,
            by,
        },
        form,
        extent,
    )
}

#[test]
fn a_message_has_what_is_stuck_first_and_is_bounded() {
    for by in [StandupBy::Stage, StandupBy::Person] {
        for form in [Form::Markdown, Form::Text] {
            let text = written(2_000, true, by, form);
            let stuck = text.find("Red and blocked").expect("red cards");
            let parking = text.find("Parking lot").expect("a mark");
            assert!(stuck < 200 && stuck < parking, "{text}");
            assert!(text.contains("more"), "{text}");
            assert!(text.lines().count() <= 60, "{} lines", text.lines().count());
            assert!(
                text.chars().count() <= 4_000,
                "{} letters",
                text.chars().count()
            );
            assert!(text.contains("to fit a message"), "{text}");
            assert!(text.starts_with(match form {
                Form::Markdown => "**Stand-up Fri 21 Nov 14:00**, since Thu 20 Nov 14:00",
                Form::Text => "Stand-up Fri 21 Nov 14:00, since Thu 20 Nov 14:00",
            }));
        }
    }
}

#[test]
fn a_moment_of_another_year_has_its_year() {
    let (snapshot, mut standup, calendar) = prepared(0, true);
    standup.since = standup.now - TimeDelta::days(400);
    let minutes = Minutes {
        standup: &standup,
        calendar: &calendar,
        columns: &BoardConfig::default().columns,
        snapshot: &snapshot,
        by: StandupBy::Stage,
    };
    let text = text::write(minutes, Form::Text, Extent::Message);
    let head = "Stand-up Fri 21 Nov 14:00, since Thu 17 Oct 2024 14:00";
    assert!(text.starts_with(head), "{text}");
}

#[test]
fn remote_text_and_notes_stay_text() {
    let text = written(30, true, StandupBy::Stage, Form::Markdown);
    assert!(
        text.contains("ask @\u{200b}legal about \\[this\\]\\(http://e.example\\)"),
        "{text}"
    );
    assert!(!text.contains("[this](http"), "{text}");
    let plain = written(30, true, StandupBy::Stage, Form::Text);
    assert!(
        plain.contains("ask @legal about [this](http://e.example)"),
        "{plain}"
    );
}

#[test]
fn without_history_it_says_so() {
    let told = "there is no history yet";
    assert!(written(30, false, StandupBy::Stage, Form::Text).contains(told));
    assert!(!written(30, true, StandupBy::Stage, Form::Text).contains(told));
    let empty = written(0, true, StandupBy::Person, Form::Markdown);
    assert!(
        !empty.contains("Red and blocked") && !empty.contains("bots"),
        "{empty}"
    );
}

#[test]
fn that_nothing_moved_is_said_only_where_every_source_answered() {
    let (mut snapshot, standup, calendar) = prepared(0, true);
    let told = |snapshot: &Snapshot| {
        let minutes = Minutes {
            standup: &standup,
            calendar: &calendar,
            columns: &BoardConfig::default().columns,
            snapshot,
            by: StandupBy::Stage,
        };
        text::write(minutes, Form::Text, Extent::Message)
    };
    let source = snapshot.sources.first().cloned().expect("a source");
    snapshot.sources = vec![source];
    snapshot.sources[0].health = Health::Ok;
    assert!(told(&snapshot).contains("note: nothing moved"));
    snapshot.sources[0].health = Health::Unreachable;
    let text = told(&snapshot);
    assert!(
        text.contains("whether anything moved is not known"),
        "{text}"
    );
    assert!(!text.contains("note: nothing moved"), "{text}");
}

#[test]
fn people_come_by_name_and_nobody_is_counted_against_another() {
    let whole = (Form::Markdown, Extent::All);
    let text = told(200, true, StandupBy::Person, whole);
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("**")?.strip_suffix("**"));
    let names: Vec<&str> = names.filter(|name| !name.contains(' ')).collect();
    assert!(names.len() > 3 && names.is_sorted(), "{names:?}");
    // Where that does not fit, each has a line.
    let text = written(200, true, StandupBy::Person, Form::Markdown);
    let (_, lines) = text.split_once("**People**").expect("people");
    let lines = lines.lines().skip_while(|line| line.is_empty());
    let lines = lines.map_while(|line| line.strip_prefix("* "));
    let short: Vec<&str> = lines
        .filter_map(|line| Some(line.split_once(": ")?.0))
        .collect();
    assert_eq!(short, names, "{text}");
}

#[test]
fn json_has_every_card_once() {
    let (snapshot, standup, calendar) = prepared(300, true);
    let minutes = Minutes {
        standup: &standup,
        calendar: &calendar,
        columns: &BoardConfig::default().columns,
        snapshot: &snapshot,
        by: StandupBy::Stage,
    };
    let document: serde_json::Value = serde_json::from_str(&json::json(minutes).unwrap()).unwrap();
    let walk = document["walk"].as_array().unwrap();
    assert_eq!(walk.len(), snapshot.items().count());
    let mut left_out = 0;
    for (told, stop) in walk.iter().zip(&standup.walk) {
        let calls = snapshot.attention.first(&stop.card.id, standup.now);
        let why = match stop.unsaid(calls.is_some()) {
            None => serde_json::Value::Null,
            Some(Unsaid::Quiet) => "quiet".into(),
            Some(Unsaid::Live) => "live".into(),
            Some(Unsaid::OfBots) => "bots".into(),
            Some(Unsaid::Findings) => "findings".into(),
        };
        left_out += usize::from(!why.is_null());
        assert_eq!(told.get("left_out"), Some(&why), "{told}");
    }
    assert!(0 < left_out && left_out < walk.len(), "{left_out}");
    assert_eq!(document["complete"], true);
    assert_eq!(document["zone"], "UTC");
    assert!(
        walk.iter()
            .all(|stop| stop["in_stage_secs"].as_i64().unwrap() >= 0)
    );
    assert_eq!(document["parked"].as_array().unwrap().len(), 1);
}
