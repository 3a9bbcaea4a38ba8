//! Random ledgers: few services, commits, cards and hours, so that things meet.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::build::{at, change, delivery, item, life, note, repo, service, sha};
use crate::domain::change_request::Verdict;
use crate::domain::history::{
    Attempt, Carried, ChangeLife, CiRun, Delivery, DeliveryState, Life, Record, RunEnd, Standing,
    Transition, Trouble,
};
use crate::domain::item::{Anchor, Outcome};
use crate::domain::key::Person;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// Records, transitions, and since when they count.
#[derive(Clone, Debug)]
pub(super) struct World {
    pub(super) records: Vec<Record>,
    pub(super) transitions: Vec<Transition>,
    pub(super) since: i64,
}

pub(super) const PEOPLE: [&str; 4] = ["ada", "bob", "cy", "robot[bot]"];
const HOURS: std::ops::Range<i64> = 0..1_000;

fn person() -> impl Strategy<Value = Person> {
    prop::sample::select(&PEOPLE[..]).prop_map(|login| Person::new(login, false))
}

fn a_delivery() -> impl Strategy<Value = Delivery> {
    let state = prop::sample::select(vec![
        DeliveryState::Succeeded,
        DeliveryState::Succeeded,
        DeliveryState::Succeeded,
        DeliveryState::Failed,
        DeliveryState::Open,
        DeliveryState::Abandoned,
        DeliveryState::Unknown,
    ]);
    let carried = vec(
        (
            0..6_usize,
            option::of(-20..60_i64),
            0..40_i64,
            prop::bool::weighted(0.2),
        ),
        0..4,
    );
    let flags = (
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.1),
    );
    let place = (0..2_usize, 0..3_usize, option::weighted(0.9, 0..6_usize));
    let times = (HOURS, option::weighted(0.9, 0..30_i64));
    (place, state, times, carried, flags).prop_map(|(place, state, times, carried, flags)| {
        let (start, length) = times;
        let changes = carried
            .into_iter()
            .map(|(card, first, landed, bot)| Carried {
                item: item(card),
                first_commit_at: first.map(|ago| at(start - landed - ago)),
                landed_at: at(start - landed),
                bot,
            });
        Delivery {
            repo: repo(place.0),
            service: service(["api", "web"][place.0]),
            environment: Clean::line(["eu", "us", "staging"][place.1]),
            production: place.1 < 2,
            sha: place.2.map(sha),
            version: Clean::line(&format!("v{:?}", place.2)),
            state,
            finished_at: length.map(|length| at(start + length)),
            carried: changes.collect(),
            range_known: flags.0,
            backward: flags.1,
            reverts: flags.2,
            hotfix: flags.3,
            ..delivery("", start, 0)
        }
    })
}

fn a_trouble() -> impl Strategy<Value = Trouble> {
    let of = (
        option::of(0..2_usize),
        option::of(0..2_usize),
        option::weighted(0.3, 0..7_usize),
    );
    (of, any::<bool>(), HOURS, option::of(0..60_i64)).prop_map(|(of, incident, began, length)| {
        Trouble {
            id: Clean::default(),
            item: None,
            name: Clean::line("down"),
            incident,
            repo: of.0.map(repo),
            service: of.1.map(|number| service(["api", "web"][number])),
            sha: of.2.map(sha),
            began_at: at(began),
            over_at: length.map(|length| at(began + length)),
            url: None,
        }
    })
}

fn end() -> impl Strategy<Value = RunEnd> {
    prop::sample::select(vec![
        RunEnd::Passed,
        RunEnd::Passed,
        RunEnd::Passed,
        RunEnd::Failed,
        RunEnd::Failed,
        RunEnd::Cancelled,
        RunEnd::Skipped,
        RunEnd::Open,
        RunEnd::Unknown,
    ])
}

fn a_run() -> impl Strategy<Value = CiRun> {
    let of = (
        0..2_usize,
        0..2_usize,
        any::<bool>(),
        option::of(0..4_u64),
        option::weighted(0.9, 0..6_usize),
    );
    let tries = vec(
        (
            option::of(0..4_i64),
            option::weighted(0.9, 0..6_i64),
            end(),
            option::of(0..50_u64),
        ),
        0..4,
    );
    let event = prop::sample::select(vec!["push", "pull_request", "schedule"]);
    (of, HOURS, prop::bool::weighted(0.9), tries, event).prop_map(
        |(of, created, whole, tries, event)| {
            let mut number = u32::from(!whole);
            let mut clock = created;
            let attempts = tries.into_iter().map(|(queued, length, end, secs)| {
                number += 1;
                let started = queued.map(|queued| at(clock + queued));
                let finished = length.map(|length| at(clock + length));
                clock += 8;
                Attempt {
                    number,
                    started_at: started,
                    finished_at: finished,
                    end,
                    queued_secs: secs,
                    failed_jobs: Vec::new(),
                }
            });
            CiRun {
                id: Clean::default(),
                repo: repo(of.0),
                workflow: Clean::line(["ci", "lint"][of.1]),
                branch: Clean::line(if of.2 { "main" } else { "topic" }),
                on_default: of.2,
                change: of.3,
                sha: of.4.map(sha),
                event: Clean::line(event),
                created_at: at(created),
                attempts: attempts.collect(),
                url: None,
            }
        },
    )
}

fn a_change() -> impl Strategy<Value = ChangeLife> {
    let verdict = prop::sample::select(vec![
        Verdict::Approved,
        Verdict::ChangesRequested,
        Verdict::ChangesRequested,
        Verdict::Commented,
        Verdict::Dismissed,
        Verdict::Other(Clean::line("odd")),
    ]);
    let said = vec(
        (prop::sample::select(&PEOPLE[..]), -5..50_i64, verdict),
        0..6,
    );
    let of = (
        0..2_usize,
        0..4_u64,
        option::of(person()),
        option::of(0..6_usize),
    );
    let times = (
        0..900_i64,
        option::of(0..20_i64),
        option::of(0..80_i64),
        option::of(0..40_i64),
    );
    let sizes = (option::of(0..500_u64), option::of(0..500_u64));
    (of, times, said, sizes, prop::bool::weighted(0.8)).prop_map(
        |(of, times, said, sizes, reviews_known)| {
            let (opened, ready, merged, first) = times;
            let said = said
                .into_iter()
                .map(|(who, hour, verdict)| note(who, opened + hour, verdict));
            ChangeLife {
                repo: repo(of.0),
                author: of.2,
                head_sha: of.3.map(sha),
                opened_at: at(opened),
                ready_at: ready.map(|hours| at(opened + hours)),
                merged_at: merged.map(|hours| at(opened + hours)),
                first_commit_at: first.map(|hours| at(opened - hours)),
                reviews: said.collect(),
                reviews_known,
                additions: sizes.0,
                deletions: sizes.1,
                ..change(of.1)
            }
        },
    )
}

fn a_life() -> impl Strategy<Value = Life> {
    let anchor = prop::sample::select(vec![
        Anchor::Ticket,
        Anchor::ChangeRequest,
        Anchor::ChangeRequest,
        Anchor::Push,
        Anchor::Alert,
        Anchor::Run,
    ]);
    let services = prop::sample::subsequence(vec!["api", "web"], 0..=2);
    let changes = vec(a_change(), 0..3);
    (
        anchor,
        services,
        option::of(0..2_usize),
        prop::bool::weighted(0.2),
        changes,
    )
        .prop_map(|(anchor, services, of, bot, changes)| Life {
            anchor,
            services: services.into_iter().map(service).collect(),
            repo: of.map(repo),
            bot,
            changes,
            ..life(0)
        })
}

fn steps() -> impl Strategy<Value = Vec<Transition>> {
    let done = prop::sample::select(vec![
        None,
        None,
        None,
        None,
        Some(Outcome::Shipped),
        Some(Outcome::Dropped),
    ]);
    let place = (
        prop::sample::select(&Stage::ALL[..]),
        prop::sample::select(&Status::ALL[..]),
        done,
        prop::bool::weighted(0.1),
    );
    vec((HOURS, place, vec(person(), 0..2)), 0..9).prop_map(|steps| {
        let steps = steps.into_iter().map(|(hour, place, holders)| Transition {
            item: item(0),
            standing: Standing {
                stage: place.0,
                status: place.1,
                done: place.2,
                holders,
            },
            rule: Clean::line(if place.3 { "merged-proxy" } else { "rule" }),
            at: at(hour),
        });
        steps.collect()
    })
}

/// A random ledger.
pub(super) fn world() -> impl Strategy<Value = World> {
    let cards = vec((a_life(), steps()), 0..14);
    let deliveries = vec(a_delivery(), 0..24);
    let troubles = vec(a_trouble(), 0..6);
    let runs = vec(a_run(), 0..20);
    (cards, deliveries, troubles, runs, -10..300_i64).prop_map(
        |(cards, deliveries, troubles, runs, since)| {
            let mut records = Vec::new();
            let mut transitions = Vec::new();
            for (number, (life, steps)) in cards.into_iter().enumerate() {
                let key = Clean::line(&format!("api#{number}"));
                let id = item(number);
                transitions.extend(steps.into_iter().map(|step| Transition {
                    item: id.clone(),
                    ..step
                }));
                records.push(Record::Life(Box::new(Life { id, key, ..life })));
            }
            for (number, delivery) in deliveries.into_iter().enumerate() {
                let id = Clean::line(&format!("d{number:02}"));
                records.push(Record::Delivery(Box::new(Delivery { id, ..delivery })));
            }
            for (number, trouble) in troubles.into_iter().enumerate() {
                let id = Clean::line(&format!("t{number:02}"));
                records.push(Record::Trouble(Box::new(Trouble { id, ..trouble })));
            }
            for (number, run) in runs.into_iter().enumerate() {
                let id = Clean::line(&format!("r{number:02}"));
                records.push(Record::CiRun(Box::new(CiRun { id, ..run })));
            }
            World {
                records,
                transitions,
                since,
            }
        },
    )
}
