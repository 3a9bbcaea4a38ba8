//! What history alone reads: it comes last, in its own time, and nobody waits for it.

use super::*;

fn resource(id: &str, tier: Tier) -> Resource {
    Resource {
        id: id.into(),
        tier,
        cost: 1,
        bucket: "core",
    }
}

fn schedule(resources: &[(&str, Tier)]) -> Schedule {
    let mut schedule = Schedule::new(7, &[]);
    let resources = resources.iter().map(|(id, tier)| resource(id, *tier));
    schedule.set_resources(resources.collect(), Duration::ZERO);
    schedule
}

fn taken(schedule: &mut Schedule, now: Duration) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(due) = schedule.take(now) {
        taken.push(due.id.to_string());
    }
    taken
}

#[test]
fn it_comes_after_everything_else_and_not_at_once() {
    let mut schedule = schedule(&[
        ("times:0", Tier::Spare),
        ("past:0", Tier::Past),
        ("runs", Tier::Rare),
    ]);
    assert_eq!(taken(&mut schedule, Duration::ZERO), ["runs", "past:0"]);
    assert_eq!(taken(&mut schedule, SPARE), ["times:0"]);
}

#[test]
fn no_round_waits_for_it() {
    let mut schedule = schedule(&[("runs", Tier::Hot), ("times:0", Tier::Spare)]);
    assert!(!schedule.is_round_done(SPARE));
    assert_eq!(taken(&mut schedule, SPARE), ["runs", "times:0"]);
    schedule.done(&"runs".into(), None, SPARE);
    assert!(schedule.is_round_done(SPARE), "the other one is on its way");
}

#[test]
fn a_person_who_asks_for_everything_does_not_pay_for_it() {
    let mut schedule = schedule(&[("runs", Tier::Hot), ("times:0", Tier::Spare)]);
    schedule.refresh(SPARE);
    let forced: Vec<bool> = std::iter::from_fn(|| schedule.take(SPARE))
        .map(|due| due.forced)
        .collect();
    assert_eq!(forced, [true, false]);
}
