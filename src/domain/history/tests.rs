//! History told again: whole stories of a change, and the laws of intervals.

use proptest::prelude::*;

use super::{Chronicle, Coverage, Record, Standings, Timeline, Transition, chronicle};
use crate::domain::change_request::{ChangeKey, ChangeTimes, Review, ReviewNote, Verdict};
use crate::domain::commit::Commit;
use crate::domain::correlate::testing::{
    FAILED, World, at, closes, land, named_repo, person, repo, sha,
};
use crate::domain::deployment::DeployState;
use crate::domain::fact::Fact;
use crate::domain::history::{
    CiRun, Delivery, DeliveryState, Interval, Ledger, Moment, RunEnd, Standing, Windows,
};
use crate::domain::item::Outcome;
use crate::domain::key::{ItemId, WebUrl};
use crate::domain::policy::Policy;
use crate::domain::run::RunState;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::domain::ticket::TicketState;

fn told(world: &World) -> Chronicle {
    told_from(world, -100)
}

fn told_from(world: &World, hour: i64) -> Chronicle {
    let span = (at(hour), world.now);
    chronicle(&world.facts, &world.policy, span, || true).expect("it is wanted")
}

/// The way of a card, as `hour stage status` lines.
fn way(chronicle: &Chronicle, card: &str) -> Vec<String> {
    let id = ItemId::new(&format!(
        "{}{}",
        card.replace(':', &format!(":{}#", repo().as_str())),
        ""
    ));
    let own = chronicle.transitions.iter().filter(|t| t.item == id);
    let timeline = Timeline::new(own.cloned());
    let line = |moment: &Moment| {
        let hours = (moment.at - at(0)).num_hours();
        let standing = &moment.standing;
        let done = standing.done.map_or("", |done| match done {
            Outcome::Shipped => " shipped",
            Outcome::Dropped => " dropped",
        });
        let (stage, status) = (standing.stage.as_str(), standing.status.as_str());
        format!("{hours} {stage} {status}{done}")
    };
    timeline.moments().iter().map(line).collect()
}

fn times(number: u64, ready: Option<i64>, reviews: &[(i64, Verdict)]) -> Fact {
    let note = |(hour, verdict): &(i64, Verdict)| ReviewNote {
        by: person("rob"),
        at: at(*hour),
        verdict: verdict.clone(),
    };
    Fact::ChangeTimes(ChangeTimes {
        change: ChangeKey {
            repo: repo(),
            number,
        },
        as_of: at(10),
        ready_at: ready.map(at),
        first_commit_at: Some(at(1)),
        reviews: reviews.iter().map(note).collect(),
        additions: Some(10),
        deletions: Some(2),
        complete: true,
    })
}

/// A change with a red run, a review and a deployment; everything as it is long afterwards.
fn shipped() -> World {
    let mut world = World::new();
    world.now = at(400);
    world.change(12, |change| {
        land(change, 5);
        change.review = Review::Approved;
    });
    world.fact(times(
        12,
        Some(4),
        &[(6, Verdict::ChangesRequested), (8, Verdict::Approved)],
    ));
    world.run(1, 112, FAILED, |run| {
        run.change_requests = vec![12];
        (run.created_at, run.started_at, run.updated_at) = (at(2), Some(at(2)), at(3));
    });
    world.run(2, 112, RunState::Passed, |run| {
        run.change_requests = vec![12];
        (run.created_at, run.started_at, run.updated_at) = (at(4), Some(at(5)), at(6));
    });
    world.deployment(1, "production", 1, |d| {
        (d.created_at, d.updated_at) = (at(-50), at(-50));
        d.state = DeployState::Superseded;
    });
    world.deployment(2, "production", 5, |d| {
        (d.created_at, d.updated_at) = (at(20), at(21));
    });
    world
}

#[test]
fn a_change_is_told_from_its_first_day_to_its_last() {
    let way = way(&told(&shipped()), "change:12");
    assert_eq!(
        way,
        [
            "2 test running",
            "3 test failed",
            "4 test queued",
            "5 test running",
            "6 code changes_requested",
            "8 code mergeable",
            "10 deploy queued",
            "20 deploy running",
            "21 operate live",
            "45 monitor watched",
            "213 monitor watched shipped",
        ]
    );
}

#[test]
fn what_was_replaced_is_told_as_before_where_it_is_known_when_it_came() {
    let mut world = shipped();
    let before = way(&told(&world), "change:12");
    world.deployment(2, "production", 5, |d| {
        (d.created_at, d.updated_at, d.came_at) = (at(20), at(30), Some(at(21)));
        d.state = DeployState::Superseded;
    });
    world.deployment(3, "production", 5, |d| {
        (d.created_at, d.updated_at) = (at(29), at(30));
    });
    assert_eq!(way(&told(&world), "change:12"), before);
}

/// A change that a commit takes back a day after it came, and a version every day since.
fn taken_back() -> World {
    let mut world = World::new();
    world.now = at(24 * 40);
    world.change(12, |change| land(change, 5));
    world.commit(8, |commit| {
        commit.reverts = vec![sha(5)];
        commit.committed_at = Some(at(40));
    });
    for day in 0..40 {
        let version = if day < 2 { 1 + 4 * day } else { 9 };
        world.deployment(day, "production", version, |d| {
            let hours = i64::try_from(24 * day).expect("small");
            (d.created_at, d.updated_at) = (at(hours), at(hours + 24));
            d.state = DeployState::Superseded;
        });
    }
    world.deployment(40, "production", 9, |d| {
        (d.created_at, d.updated_at) = (at(24 * 40 - 1), at(24 * 40 - 1));
    });
    world
}

#[test]
fn what_was_taken_back_is_over_at_the_moment_at_which_it_is_on_the_board() {
    let mut world = taken_back();
    let way = way(&told(&world), "change:12");
    let ends = [
        "24 operate live",
        "48 operate rolled_back",
        "216 operate rolled_back dropped",
    ];
    assert_eq!(way.last_chunk(), Some(&ends.map(str::to_owned)));
    // A board that knows the same says so at the same hour.
    let done = |world: &World| world.card("change:12").placement.done;
    world.now = at(216) - chrono::TimeDelta::seconds(1);
    assert_eq!(done(&world), None);
    world.now = at(216);
    assert_eq!(done(&world), Some(Outcome::Dropped));
}

#[test]
fn a_change_without_times_is_told_by_its_own() {
    let mut world = World::new();
    world.change(12, |change| land(change, 5));
    let way = way(&told(&world), "change:12");
    assert_eq!(way, ["2 code review", "10 release unreleased"]);
}

#[test]
fn a_ticket_waits_until_somebody_begins() {
    let mut world = World::new();
    world.ticket(7, |ticket| {
        ticket.state = TicketState::Completed;
        ticket.closed_at = Some(at(60));
        ticket.updated_at = at(60);
    });
    world.change(12, |change| {
        land(change, 5);
        change.tickets = vec![closes(7)];
    });
    let told = told(&world);
    assert_eq!(
        way(&told, "ticket:7")[..3],
        ["0 plan backlog", "2 code review", "10 release unreleased"]
    );
    assert!(way(&told, "change:12").is_empty(), "its card is the ticket");
    let lives = told.records.iter().filter_map(|record| match record {
        Record::Life(life) => Some((life.key.as_str(), life.changes.len())),
        Record::Delivery(_) | Record::CiRun(_) | Record::Trouble(_) | Record::Coverage(_) => None,
    });
    assert!(lives.into_iter().any(|life| life == ("acme/api#7", 1)));
}

#[test]
fn what_is_gone_has_ended() {
    let mut world = World::new();
    world.now = at(3_000);
    world.commit(10, |commit: &mut Commit| {
        commit.direct = true;
        commit.committed_at = Some(at(10));
    });
    world.deployment(1, "production", 1, |d| {
        (d.created_at, d.updated_at) = (at(1), at(1));
    });
    world.deployment(2, "production", 10, |d| {
        (d.created_at, d.updated_at) = (at(20), at(20));
    });
    let told = told(&world);
    let push = format!("push:{}@{}", repo().as_str(), sha(10).as_str());
    let last = told.transitions.iter().rfind(|t| t.item.as_str() == push);
    assert_eq!(last.expect("a card").standing.done, Some(Outcome::Shipped));
}

#[test]
fn the_same_facts_in_another_order_or_twice_are_the_same_history() {
    let world = shipped();
    let first = told(&world);
    let mut other = world.clone();
    other.facts.reverse();
    other.facts.extend(world.facts.clone());
    assert_eq!(told(&other), first);
}

#[test]
fn a_nightly_run_that_healed_stays_healed_when_its_workflow_is_gone() {
    let mut world = World::new();
    world.now = at(24 * 60);
    for (id, hour, state) in [(1, 1, FAILED), (2, 25, RunState::Passed)] {
        world.run(id, 3, state, |run| {
            run.event = "schedule".into();
            run.workflow_path = "nightly.yml".into();
            (run.created_at, run.started_at) = (at(hour), Some(at(hour)));
            run.updated_at = at(hour + 1);
        });
    }
    // Something happens now and then, so that the past is looked at.
    for day in 2..50 {
        world.ticket(u64::try_from(day).expect("small"), |ticket| {
            ticket.created_at = at(24 * day);
            ticket.updated_at = at(24 * day);
        });
    }
    let told = told(&world);
    let own = |t: &&Transition| t.item.as_str().contains("nightly.yml");
    let last = told.transitions.iter().rfind(own).expect("it was red");
    assert_eq!(last.at, at(26));
    assert!(last.standing.done.is_some(), "{last:?}");
}

#[test]
fn what_nobody_tells_any_more_is_over_since_it_was_last_told() {
    let mut world = World::new();
    world.alert("a1", |alert| {
        (alert.repo, alert.service) = (None, None);
        alert.started_at = at(20);
    });
    world.ticket(7, |_| {});
    let Chronicle {
        transitions,
        records,
    } = told(&world);
    let ledger = Ledger::new(None, records, transitions);
    let open = |ledger: &Ledger| {
        let cards = ledger.cards.iter();
        let open = cards.filter(|card| card.timeline.over_at().is_none());
        open.map(|card| card.life.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(open(&ledger).len(), 2);
    let told = ledger.clone().without_untold(|_, _| true);
    assert_eq!(told, ledger, "all is told");
    let none = ledger.without_untold(|_, _| false);
    let left = open(&none);
    // Of its own repositories a forge tells what became of each card.
    assert!(
        left.len() == 1 && left[0].starts_with("ticket:"),
        "{left:?}"
    );
    let alert = none.cards.iter().find(|card| card.life.repo.is_none());
    assert_eq!(alert.expect("it is kept").timeline.over_at(), Some(at(20)));
}

#[test]
fn what_nobody_wants_any_more_is_not_told() {
    let world = shipped();
    let span = (at(0), world.now);
    assert_eq!(chronicle(&world.facts, &world.policy, span, || false), None);
}

#[test]
fn a_beginning_that_comes_later_changes_nothing_after_it() {
    let world = shipped();
    let late = told_from(&world, 7);
    let of = |chronicle: &Chronicle| {
        Timeline::new(
            chronicle
                .transitions
                .iter()
                .filter(|t| t.item.as_str().contains("#12"))
                .cloned(),
        )
    };
    let (all, late) = (of(&told(&world)), of(&late));
    for hour in 7..400 {
        let stood = |timeline: &Timeline| timeline.at(at(hour)).map(|m| m.standing.clone());
        assert_eq!(stood(&late), stood(&all), "{hour}");
    }
}

fn deliveries(chronicle: &Chronicle) -> Vec<Delivery> {
    Ledger::new(None, chronicle.records.clone(), []).deliveries
}

#[test]
fn a_delivery_carries_what_was_not_there_before() {
    let told = deliveries(&told(&shipped()));
    assert_eq!(told.len(), 2);
    assert!(
        !told[0].range_known,
        "nothing is known of what was before the first"
    );
    assert!(told[0].carried.is_empty());
    assert_eq!(told[1].state, DeliveryState::Succeeded);
    assert!(told[1].range_known && !told[1].backward);
    let carried = &told[1].carried[0];
    assert_eq!(carried.item.as_str(), "change:github.com/acme/api#12");
    assert_eq!(
        carried.first_commit_at,
        Some(at(1)),
        "not the commit of the merge"
    );
    assert_eq!(
        (carried.landed_at, told[1].finished_at),
        (at(10), Some(at(21)))
    );
}

#[test]
fn an_older_version_goes_backward_and_carries_nothing() {
    let mut world = shipped();
    world.deployment(3, "production", 2, |d| {
        (d.created_at, d.updated_at) = (at(30), at(31));
    });
    world.deployment(4, "production", 5, |d| {
        (d.created_at, d.updated_at) = (at(40), at(41));
    });
    let told = deliveries(&told(&world));
    let marks: Vec<_> = told.iter().map(|d| (d.backward, d.carried.len())).collect();
    assert_eq!(marks, [(false, 0), (false, 1), (true, 0), (false, 0)]);
}

#[test]
fn a_failed_attempt_delivers_nothing() {
    let mut world = shipped();
    world.deployment(3, "production", 9, |d| {
        (d.created_at, d.updated_at) = (at(30), at(31));
        d.state = DeployState::Failed;
    });
    let told = deliveries(&told(&world));
    assert_eq!(told[2].state, DeliveryState::Failed);
    assert!(told[2].carried.is_empty());
}

#[test]
fn a_run_knows_its_attempts() {
    let world = shipped();
    let runs = Ledger::new(None, told(&world).records, []).runs;
    let ends: Vec<(Option<u64>, RunEnd)> = runs
        .iter()
        .map(|run: &CiRun| (run.change, run.attempts[0].end))
        .collect();
    assert_eq!(
        ends,
        [(Some(12), RunEnd::Failed), (Some(12), RunEnd::Passed)]
    );
    assert_eq!(runs[1].attempts[0].queued_secs, Some(3_600));
    assert_eq!(runs[1].attempts[0].finished_at, Some(at(6)));
}

#[test]
fn facts_of_another_repository_do_not_meet() {
    let mut world = shipped();
    let mut other = shipped();
    for said in &mut other.facts {
        if let Fact::Deployment(deployment) = said.fact.as_ref() {
            let mut deployment = deployment.clone();
            deployment.repo = named_repo("web");
            said.fact = std::sync::Arc::new(Fact::Deployment(deployment));
        }
    }
    let elsewhere = other
        .facts
        .into_iter()
        .filter(|said| matches!(said.fact.as_ref(), Fact::Deployment(_)));
    world.facts.extend(elsewhere);
    let carried: Vec<usize> = deliveries(&told(&world))
        .iter()
        .map(|d| d.carried.len())
        .collect();
    assert_eq!(carried.iter().sum::<usize>(), 1, "{carried:?}");
}

fn transition(minute: i64, stage: usize, status: Status) -> Transition {
    Transition {
        item: ItemId::new("change:a#1"),
        standing: Standing {
            stage: Stage::ALL[stage % 8],
            status,
            done: None,
            holders: Vec::new(),
        },
        rule: Clean::default(),
        at: at(0) + chrono::TimeDelta::minutes(minute),
    }
}

prop_compose! {
    fn any_transition()(minute in 0..600_i64, stage in 0..8_usize, red in any::<bool>()) -> Transition {
        transition(minute, stage, if red { Status::Failed } else { Status::Running })
    }
}

proptest! {
    #[test]
    fn intervals_have_no_gap_and_no_overlap_and_sum_to_the_whole(
        told in prop::collection::vec(any_transition(), 0..40),
        from in 0..600_i64,
        length in 0..600_i64,
    ) {
        let timeline = Timeline::new(told);
        let minutes = |minute| at(0) + chrono::TimeDelta::minutes(minute);
        let (from, to) = (minutes(from), minutes(from + length));
        let all: Vec<Interval<'_>> = timeline.intervals(from, to).collect();
        prop_assert!(all.windows(2).all(|pair| pair[0].to == pair[1].from));
        prop_assert!(all.windows(2).all(|pair| pair[0].standing != pair[1].standing));
        let sum: i64 = all.iter().map(Interval::seconds).sum();
        let begins = timeline.begins().map_or(to, |begins| begins.clamp(from, to));
        prop_assert_eq!(sum, (to - begins).num_seconds());
        for interval in all {
            let stood = timeline.at(interval.from).map(|moment| &moment.standing);
            prop_assert_eq!(stood, Some(interval.standing));
        }
    }

    #[test]
    fn a_timeline_is_a_function_of_the_set(
        told in prop::collection::vec(any_transition(), 0..30),
        seed in any::<u64>(),
    ) {
        let first = Timeline::new(told.clone());
        let mut other = told.clone();
        other.extend(told.iter().filter(|t| t.at.timestamp() % 2 == 0).cloned());
        let len = other.len().max(1);
        other.rotate_left(usize::try_from(seed % 1_000).expect("small") % len);
        other.reverse();
        prop_assert_eq!(Timeline::new(other), first);
    }

    #[test]
    fn what_lies_between_two_moments_is_what_lies_in_its_parts(
        told in prop::collection::vec(any_transition(), 0..30),
        mut cuts in prop::collection::vec(0..700_i64, 3),
    ) {
        cuts.sort_unstable();
        let timeline = Timeline::new(told);
        let moment = |at_minute: i64| at(0) + chrono::TimeDelta::minutes(at_minute);
        let count = |a, b| timeline.between(moment(a), moment(b)).len();
        prop_assert_eq!(count(cuts[0], cuts[1]) + count(cuts[1], cuts[2]), count(cuts[0], cuts[2]));
    }
}

#[test]
fn a_run_and_the_status_that_it_left_at_its_commit_are_one() {
    let mut world = World::new();
    world.change(1, |_| {});
    world.foreign_run("notice", FAILED, |run| {
        run.head_sha = Some(sha(101));
        run.number = 0;
        run.workflow = Clean::line("ci/jenkins/build");
        run.workflow_path = run.workflow.clone();
        run.url = WebUrl::parse("https://ci.test/job/api/7/display/redirect");
    });
    let runs = |told: &[&Chronicle]| {
        // As a store takes them in, one after the other.
        let mut kept: Vec<Record> = Vec::new();
        for record in told.iter().flat_map(|told| &told.records) {
            match kept.iter_mut().find(|old| old.id() == record.id()) {
                Some(old) if !record.replaces(old) => {}
                Some(old) => *old = record.clone(),
                None => kept.push(record.clone()),
            }
        }
        Ledger::new(None, kept, Vec::new()).runs.len()
    };
    let before = told(&world);
    assert_eq!(runs(&[&before]), 1, "nobody else tells of it");
    world.foreign_run("a", FAILED, |run| {
        run.head_sha = Some(sha(101));
        run.url = WebUrl::parse("https://ci.test/job/api/7/");
    });
    let after = told(&world);
    assert_eq!(runs(&[&after]), 1);
    assert_eq!(runs(&[&before, &after]), 1);
    assert_eq!(runs(&[&after, &before]), 1, "in whatever order it is told");
}

fn step(at: crate::domain::Timestamp, stage: Stage, status: Status, rule: &str) -> Transition {
    Transition {
        item: ItemId::new(&format!("change:{}#12", repo().as_str())),
        standing: Standing {
            stage,
            status,
            done: None,
            holders: Vec::new(),
        },
        rule: Clean::line(rule),
        at,
    }
}

#[test]
fn what_is_only_not_answered_yet_is_no_part_of_a_way() {
    let way = |rule: &str| {
        let steps = [
            step(at(1), Stage::Monitor, Status::Watched, "live-watched"),
            step(at(5), Stage::Operate, Status::Unknown, rule),
            step(at(9), Stage::Monitor, Status::Watched, "live-done"),
        ];
        Timeline::new(steps).moments().len()
    };
    assert_eq!(way("live-unsure"), 1);
    assert_eq!(way("rollout-unknown"), 3, "a source says that of itself");
}

#[test]
fn a_board_notes_no_step_of_what_is_not_answered_yet() {
    let mut world = shipped();
    world.now = at(30);
    let mut item = (*world.card("change:12")).clone();
    let mut standings = Standings::default();
    item.placement.done = None;
    let mut note = |stage, status, rule: &str, since| {
        item.placement.stage = stage;
        item.placement.status = status;
        item.placement.rule = Clean::line(rule);
        item.placement.since = since;
        let noted = standings.note(&item, at(900));
        noted.map(|noted| (noted.standing.stage, noted.at))
    };
    let release = note(
        Stage::Release,
        Status::Unreleased,
        "merged-unreleased",
        at(30),
    );
    assert_eq!(release, Some((Stage::Release, at(30))));
    for rule in ["live-unsure", "merged-elsewhere", "released-not-deployed"] {
        assert_eq!(note(Stage::Deploy, Status::Unknown, rule, at(40)), None);
    }
    // It was live all the time: then it was never where it was thought to be.
    let live = note(Stage::Operate, Status::Live, "live-baking", at(21));
    assert_eq!(live, Some((Stage::Operate, at(30))));
    let unknown = note(Stage::Deploy, Status::Unknown, "deploy-unknown", at(50));
    assert_eq!(unknown.map(|(stage, _)| stage), Some(Stage::Deploy));
}

#[test]
fn no_card_is_live_before_what_brought_it_had_come() {
    let Chronicle {
        mut transitions,
        mut records,
    } = told(&shipped());
    // As a board tells it that was not there: a newer one took its place since.
    transitions.push(step(at(20), Stage::Operate, Status::Live, "live-baking"));
    transitions.push(step(
        at(20) + chrono::TimeDelta::minutes(30),
        Stage::Monitor,
        Status::Watched,
        "live-watched",
    ));
    records.push(Record::Coverage(Coverage {
        repo: repo(),
        from: at(-100),
        to: at(21),
    }));
    let ledger = Ledger::new(None, records, transitions);
    let id = ItemId::new(&format!("change:{}#12", repo().as_str()));
    let moments = ledger.card(&id).expect("it is known").timeline.moments();
    let live: Vec<_> = moments
        .iter()
        .filter(|moment| moment.standing.stage >= Stage::Operate)
        .map(|moment| (moment.standing.stage, moment.at))
        .collect();
    assert_eq!(live[0], (Stage::Operate, at(21)));
    assert!(
        live.get(1).is_none_or(|(_, then)| *then >= at(21 + 24)),
        "{live:?}"
    );
}

/// What windows make of a way, for a board that knows the card or does not, in hours.
fn passed(way: &[(i64, &str)], now: i64, is_known: bool) -> Vec<(i64, String, bool)> {
    let windows = Windows::of(&Policy::default());
    let mut records = told(&shipped()).records;
    records.retain(|record| matches!(record, Record::Life(_)));
    let steps = way.iter().map(|(hour, rule)| match *rule {
        "live-baking" => step(at(*hour), Stage::Operate, Status::Live, rule),
        "live-watched" => step(at(*hour), Stage::Monitor, Status::Watched, rule),
        _ => step(at(*hour), Stage::Deploy, Status::Unknown, rule),
    });
    let ledger = Ledger::new(None, records, steps);
    let ledger = ledger.past_windows(windows, at(now), |_, _| is_known);
    let id = ItemId::new(&format!("change:{}#12", repo().as_str()));
    let moments = ledger.card(&id).expect("it is known").timeline.moments();
    let hours = |moment: &Moment| (moment.at - at(0)).num_hours();
    let line = |it: &Moment| (hours(it), it.rule.to_string(), it.standing.done.is_some());
    moments.iter().map(line).collect()
}

#[test]
fn windows_end_what_was_live_and_is_known_no_more() {
    let moment = |hour: i64, rule: &str, done: bool| (hour, rule.to_owned(), done);
    let (baked, over) = (10 + 24, 10 + 24 + 7 * 24);
    let live = [(10, "live-baking")];
    let whole = [
        moment(10, "live-baking", false),
        moment(baked, "live-watched", false),
        moment(over, "live-done", true),
    ];
    assert_eq!(passed(&live, 2_000, false), whole);
    assert_eq!(passed(&live, over, false), whole);
    assert_eq!(passed(&live, over - 1, false), whole[..2]);
    assert_eq!(passed(&live, baked - 1, false), whole[..1]);
    assert_eq!(passed(&live, 2_000, true), whole[..1], "the board knows");
    let watched = [(10, "live-baking"), (baked, "live-watched")];
    assert_eq!(passed(&watched, 2_000, false), whole);
    // No window says anything of what is not live.
    let unknown = [(10, "deploy-unknown")];
    assert_eq!(
        passed(&unknown, 2_000, false),
        [moment(10, "deploy-unknown", false)]
    );
}

#[test]
fn a_run_waited_from_when_it_was_created() {
    let runs = Ledger::new(None, told(&shipped()).records, []).runs;
    let mut run = runs[1].clone();
    run.attempts[0].queued_secs = None;
    assert_eq!(run.attempts[0].waited(&run), Some(3_600));
    run.attempts[0].started_at = Some(run.created_at);
    assert_eq!(run.attempts[0].waited(&run), None, "told as one moment");
    run.attempts[0].started_at = Some(at(5));
    run.attempts[0].number = 2;
    assert_eq!(
        run.attempts[0].waited(&run),
        None,
        "when it was wished for is not known"
    );
}
