//! Ninety days of history made up for tests of the flow view, and a shell that measures them.

use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::change_request::{ReviewNote, Verdict};
use crate::domain::flow::{Beside, Limit};
use crate::domain::history::{
    Attempt, Carried, ChangeLife, CiRun, Delivery, DeliveryState, Ledger, Life, Record, RunEnd,
    Standing, Transition,
};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, Sha};
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::ui::effect::Effect;
use crate::ui::flow::{Ask, Measured, Report};
use crate::ui::history::on_recalled;
use crate::ui::input::catch_up;
use crate::ui::sample;
use crate::ui::testing::Screen;
use crate::ui::update::flow::on_report;
use crate::ui::update::on_clock;

/// Stages of a card's way, and how many hundredths of it had passed when it came there.
const WAY: [(Stage, i64); 6] = [
    (Stage::Code, 0),
    (Stage::Build, 45),
    (Stage::Test, 55),
    (Stage::Release, 75),
    (Stage::Deploy, 90),
    (Stage::Monitor, 100),
];

fn begin() -> Timestamp {
    sample::moment() - TimeDelta::days(89)
}

fn hour(number: i64) -> Timestamp {
    begin() + TimeDelta::hours(number)
}

fn sha(number: usize) -> Sha {
    Sha::parse(&format!("{:040x}", number + 1)).unwrap()
}

/// The card of this number; the first ones are cards of the sample board, too.
fn item(number: usize) -> ItemId {
    if number < 40 {
        return ItemId::new(&format!("gone:{number}"));
    }
    sample::card(number, Stage::Test).id
}

fn service(number: usize) -> &'static str {
    if number.is_multiple_of(3) {
        "web"
    } else {
        "api"
    }
}

fn repo(number: usize) -> RepoKey {
    RepoKey::new("github.com", &format!("acme/{}", service(number)))
}

/// Returns the hour in which a card was started and how many hours it takes.
fn times(number: usize) -> (i64, i64) {
    let number = i64::try_from(number).unwrap();
    let slow = if number < 55 { 1 } else { 4 };
    (number * 34, (20 + (number * 37 % 11) * 16) * slow)
}

fn life(number: usize) -> Record {
    let (start, long) = times(number);
    let change = ChangeLife {
        repo: repo(number),
        number: 100 + number as u64,
        author: Some(Person::new("ada", false)),
        first_commit_at: Some(hour(start)),
        opened_at: hour(start + long / 4),
        ready_at: None,
        reviews: vec![ReviewNote {
            by: Person::new(
                if number.is_multiple_of(2) {
                    "bo"
                } else {
                    "chen"
                },
                false,
            ),
            at: hour(start + long / 3),
            verdict: Verdict::Approved,
        }],
        reviews_known: true,
        merged_at: Some(hour(start + long / 2)),
        closed_at: Some(hour(start + long / 2)),
        merge_sha: Some(sha(number)),
        head_sha: Some(sha(1_000 + number)),
        additions: Some(number as u64 * 7),
        deletions: Some(12),
        hotfix: false,
        revert: false,
    };
    Record::Life(Box::new(Life {
        id: item(number),
        anchor: Anchor::ChangeRequest,
        key: Clean::line(&format!("{}#{number}", service(number))),
        title: Clean::line("Retry gateway timeouts"),
        url: crate::domain::key::WebUrl::parse(&format!("https://github.com/acme/x/pull/{number}")),
        repo: Some(repo(number)),
        services: vec![ServiceName::new(service(number))],
        author: Some(Person::new("ada", false)),
        bot: false,
        labels: Vec::new(),
        created_at: hour(start),
        changes: vec![change],
    }))
}

fn way(number: usize) -> impl Iterator<Item = Transition> {
    let (start, long) = times(number);
    WAY.into_iter()
        .map(move |(stage, share)| Transition {
            item: item(number),
            standing: Standing {
                stage,
                status: Status::Running,
                done: (stage == Stage::Monitor).then_some(Outcome::Shipped),
                holders: Vec::new(),
            },
            rule: Clean::line("rule"),
            at: hour(start) + TimeDelta::minutes(long * share * 60 / 100),
        })
        .filter(|step| step.at < sample::moment())
}

fn delivery(number: usize) -> Record {
    let (start, long) = times(number);
    let at = hour(start + long);
    Record::Delivery(Box::new(Delivery {
        id: Clean::line(&format!("d{number}")),
        repo: repo(number),
        service: ServiceName::new(service(number)),
        environment: Clean::line("production"),
        production: true,
        sha: Some(sha(number)),
        version: Clean::line(&format!("v1.{number}")),
        state: DeliveryState::Succeeded,
        started_at: at,
        finished_at: Some(at),
        carried: vec![Carried {
            item: item(number),
            first_commit_at: Some(hour(start)),
            landed_at: hour(start + long / 2),
            bot: false,
        }],
        range_known: true,
        backward: number % 9 == 4,
        reverts: false,
        hotfix: number % 11 == 3,
        url: None,
    }))
}

fn run(number: usize) -> Record {
    let at = hour(i64::try_from(number).unwrap() * 12);
    let end = match number % 7 {
        3 => RunEnd::Failed,
        _ => RunEnd::Passed,
    };
    Record::CiRun(Box::new(CiRun {
        id: Clean::line(&format!("r{number}")),
        repo: repo(number),
        workflow: Clean::line("ci.yml"),
        branch: Clean::line("main"),
        on_default: true,
        change: None,
        sha: Some(sha(2_000 + number)),
        event: Clean::line("push"),
        created_at: at,
        attempts: vec![Attempt {
            number: 1,
            started_at: Some(at + TimeDelta::minutes(2)),
            finished_at: Some(at + TimeDelta::minutes(4 + i64::try_from(number % 9).unwrap())),
            end,
            queued_secs: Some(60 + number as u64 % 50),
            failed_jobs: Vec::new(),
        }],
        url: None,
    }))
}

/// A history of that many cards.
pub(crate) fn ledger(cards: usize) -> Ledger {
    let now = sample::moment();
    let shipped = (0..cards).filter(|number| {
        let (start, long) = times(*number);
        hour(start + long) < now
    });
    let runs = if cards > 0 { 160 } else { 0 };
    let records = (0..cards)
        .map(life)
        .chain(shipped.map(delivery))
        .chain((0..runs).map(run));
    let since = (cards > 0).then(begin);
    Ledger::new(since, records, (0..cards).flat_map(way))
}

/// Measures what was asked for, as the shell does.
pub(crate) fn report(ledger: &Ledger, ask: &Ask) -> Arc<Report> {
    let beside = Beside {
        sources_healthy: 2,
        sources: 3,
        cards_complete: 40,
        cards: 48,
        limits: vec![Limit {
            name: Clean::line("Code"),
            cards: 5,
            limit: 3,
        }],
    };
    let measured = Measured::new(ledger, &Roster::default(), sample::moment());
    let day_of = |at: Timestamp| at.date_naive();
    Arc::new(measured.report(&ask.scope, ask.span, &day_of, &beside))
}

impl Screen {
    /// Reads a history in, as the shell does when it was asked, and answers what follows.
    pub(crate) fn recall(&mut self, ledger: Ledger) {
        let read = Some(Arc::new(ledger));
        on_recalled(&mut self.state, read, &self.snapshot, self.now);
        let effects = on_clock(&mut self.state, &self.snapshot, self.now);
        self.answer(&effects);
    }

    /// Answers what asks for a measurement.
    pub(crate) fn answer(&mut self, effects: &[Effect]) {
        for effect in effects {
            if let (Effect::Measure(ask), Some(ledger)) = (effect, self.state.history.clone()) {
                on_report(&mut self.state, report(&ledger, ask));
                drop(catch_up(&mut self.state, &self.snapshot, self.now));
            }
        }
        self.draw();
    }

    /// Presses keys and answers what they ask for.
    pub(crate) fn measure(&mut self, keys: &str) {
        for key in keys.split(' ') {
            let effects = self.press(key);
            self.answer(&effects);
        }
    }
}

/// A screen with the flow view open on a history of that many cards.
pub(crate) fn screen(width: u16, height: u16, cards: usize) -> Screen {
    let mut screen = Screen::new(width, height, 96);
    screen.press("g m");
    screen.recall(ledger(cards));
    screen
}
