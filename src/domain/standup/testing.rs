//! A small team for tests of the stand-up: cards and their ways, by naming only what matters.

use std::sync::Arc;

use chrono_tz::Europe;

use crate::domain::Timestamp;
use crate::domain::calendar::{Calendar, WorkingTime};
use crate::domain::change_request::{ReviewNote, Verdict};
use crate::domain::history::{ChangeLife, Ledger, Life, Record, Standing, Transition};
use crate::domain::item::{Anchor, Outcome, Placement, WorkItem};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, SourceName, WebUrl};
use crate::domain::query::Haystack;
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::standup::{Material, Parked, Standup, Turn};
use crate::domain::status::Status;

/// Reads a moment.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A Monday, half past nine in Berlin.
pub(super) fn now() -> Timestamp {
    at("2026-11-23T08:30:00Z")
}

/// The Friday before, half past nine.
pub(super) fn since() -> Timestamp {
    at("2026-11-20T08:30:00Z")
}

/// A place and its moment: stage, status, since when.
pub(super) type Stood = (Stage, Status, &'static str);

/// A card with its way; the last place is where it stands.
#[derive(Clone, Debug)]
pub(super) struct Card {
    pub(super) item: WorkItem,
    pub(super) ways: Vec<Transition>,
    pub(super) reviews: Vec<ReviewNote>,
}

/// A card of `acme/api` that was made long ago, by Ana, and stood at these places.
pub(super) fn card(number: u64, stood: &[Stood]) -> Card {
    let (stage, status, when) = *stood.last().unwrap();
    let id = ItemId::new(&format!("change:github.com/acme/api#{number}"));
    let item = WorkItem {
        id,
        anchor: Anchor::ChangeRequest,
        key: format!("api#{number}").as_str().into(),
        title: format!("Title {number}").as_str().into(),
        url: WebUrl::parse(&format!("https://github.com/acme/api/pull/{number}")),
        repo: Some(RepoKey::new("github.com", "acme/api")),
        services: vec![ServiceName::new("api")],
        author: Some(Person::new("ana", false)),
        holders: Vec::new(),
        reviewers: Vec::new(),
        labels: Vec::new(),
        milestone: None,
        branches: Vec::new(),
        placement: Placement {
            stage,
            status,
            rule: "rule".into(),
            reason: "job `unit` failed".into(),
            since: at(when),
            done: None,
            badges: Vec::new(),
            next_change: None,
        },
        evidence: Vec::new(),
        train: None,
        bot: false,
        created_at: at("2026-10-01T08:00:00Z"),
        updated_at: at(when),
        sources: vec![SourceName::new("github")],
        haystack: Haystack::default(),
    };
    let ways = stood.iter().map(|(stage, status, when)| Transition {
        item: item.id.clone(),
        standing: Standing {
            stage: *stage,
            status: *status,
            done: None,
            holders: Vec::new(),
        },
        rule: "rule".into(),
        at: at(when),
    });
    Card {
        ways: ways.collect(),
        item,
        reviews: Vec::new(),
    }
}

fn people(logins: &[&str]) -> Vec<Person> {
    let person = |login: &&str| Person::new(login, false);
    logins.iter().map(person).collect()
}

impl Card {
    pub(super) fn by(mut self, login: &str) -> Self {
        let person = Person::new(login, false);
        self.item.bot = person.bot;
        self.item.author = Some(person);
        self
    }

    pub(super) fn held_by(mut self, logins: &[&str]) -> Self {
        self.item.holders = people(logins);
        for transition in &mut self.ways {
            transition.standing.holders = people(logins);
        }
        self
    }

    pub(super) fn reviewed_by(mut self, logins: &[&str]) -> Self {
        self.item.reviewers = people(logins);
        self
    }

    pub(super) fn of(mut self, anchor: Anchor) -> Self {
        self.item.anchor = anchor;
        self
    }

    pub(super) fn made(mut self, when: &str) -> Self {
        self.item.created_at = at(when);
        self
    }

    pub(super) fn said(mut self, login: &str, verdict: Verdict, when: &str) -> Self {
        self.reviews.push(ReviewNote {
            by: Person::new(login, false),
            at: at(when),
            verdict,
        });
        self
    }

    /// History knows nothing of it.
    pub(super) fn unknown(mut self) -> Self {
        self.ways.clear();
        self
    }

    pub(super) fn over(mut self, outcome: Outcome) -> Self {
        self.item.placement.done = Some(outcome);
        if let Some(last) = self.ways.last_mut() {
            last.standing.done = Some(outcome);
        }
        self
    }

    fn life(&self) -> Life {
        let item = &self.item;
        let change = ChangeLife {
            repo: RepoKey::new("github.com", "acme/api"),
            number: 1,
            author: item.author.clone(),
            first_commit_at: None,
            opened_at: item.created_at,
            ready_at: None,
            reviews: self.reviews.clone(),
            reviews_known: true,
            merged_at: None,
            closed_at: None,
            merge_sha: None,
            head_sha: None,
            additions: None,
            deletions: None,
            hotfix: false,
            revert: false,
        };
        Life::of(item, vec![change])
    }
}

/// The calendar of a team in Berlin.
pub(super) fn calendar() -> Calendar {
    Calendar::new(WorkingTime::usual(Europe::Berlin), now())
}

/// The history of cards.
pub(super) fn ledger(cards: &[Card]) -> Ledger {
    let known = cards.iter().filter(|card| !card.ways.is_empty());
    let lives = known.map(|card| Record::Life(Box::new(card.life())));
    let ways = cards.iter().flat_map(|card| card.ways.clone());
    Ledger::new(Some(at("2026-09-01T00:00:00Z")), lives, ways)
}

/// The stand-up of Monday about these cards.
pub(super) fn standup_of(cards: &[Card], roster: &Roster, parked: &[Parked]) -> Standup {
    let ledger = ledger(cards);
    let items: Vec<Arc<WorkItem>> = cards.iter().map(|it| Arc::new(it.item.clone())).collect();
    let shown: Vec<&Arc<WorkItem>> = items.iter().collect();
    let material = Material {
        ledger: &ledger,
        cards: &shown,
        calendar: &calendar(),
        roster,
        parked,
    };
    Standup::prepare(material, since(), now())
}

/// The stand-up of Monday about these cards, everybody being their login.
pub(super) fn standup(cards: &[Card]) -> Standup {
    standup_of(cards, &Roster::default(), &[])
}

/// Returns a turn in short, a line for each card.
pub(super) fn told(turn: &Turn) -> Vec<String> {
    let parts = [
        ("moved", &turn.moved),
        ("in hand", &turn.in_hand),
        ("asked", &turn.asked),
        ("blocked", &turn.blocked),
        ("waits", &turn.waits),
    ];
    let lines = parts.iter().flat_map(|(part, entries)| {
        let line = move |entry: &crate::domain::standup::Entry| {
            format!("{part} {}: {}", entry.card.key, entry.words)
        };
        entries.iter().map(line)
    });
    lines.collect()
}
