//! A host that is away for a while, and how soon all is asked for once it is back.

use super::*;

/// What one outage came to.
struct Outage {
    /// From the return of the host to its first answer.
    noticed: Duration,
    /// From that answer until everything that had failed is well.
    whole: Duration,
    /// The most polls within one second after the first answer.
    crowd: usize,
}

/// Polls `count` resources, lets the host be away for `away`, and looks on until all is well.
fn outage(count: usize, away: Duration, seed: u64) -> Outage {
    let names: Vec<String> = (0..count).map(|nth| format!("r{nth}")).collect();
    let mut schedule = Schedule::new(seed, &[]);
    let all = names.iter().map(|name| resource(name, Tier::Warm, 1));
    schedule.set_resources(all.collect(), Duration::ZERO);
    while schedule.next().expect("polling goes on") < secs(1) {
        step(&mut schedule, None);
    }
    let back = secs(1) + away;
    let mut failed: BTreeSet<String> = BTreeSet::new();
    loop {
        let at = schedule.next().expect("polling goes on");
        if at >= back {
            break;
        }
        failed.insert(step(&mut schedule, Some(&unreachable())).1);
    }
    let first = schedule.next().expect("polling goes on");
    let mut asked = Vec::new();
    while !failed.is_empty() {
        let (at, id) = step(&mut schedule, None);
        failed.remove(&id);
        asked.push(at);
    }
    let crowd = asked.iter().map(|begin| {
        let within = |at: &&Duration| **at >= *begin && **at < *begin + secs(1);
        asked.iter().filter(within).count()
    });
    Outage {
        noticed: first.saturating_sub(back),
        whole: asked
            .last()
            .expect("something failed")
            .saturating_sub(first),
        crowd: crowd.max().unwrap_or_default(),
    }
}

fn mean(of: impl Iterator<Item = Duration>) -> f64 {
    let all: Vec<f64> = of.map(|one| one.as_secs_f64()).collect();
    all.iter().sum::<f64>() / f64::from(u32::try_from(all.len()).expect("few"))
}

#[test]
fn a_source_of_one_resource_comes_back_as_soon_as_one_of_many() {
    let noticed = |count: usize| {
        let outages = (0..300).map(|seed| outage(count, secs(1_800), seed).noticed);
        mean(outages)
    };
    let (one, many) = (noticed(1), noticed(20));
    assert!(one < many * 1.15, "{one} s alone, {many} s of many");
}

#[test]
fn what_failed_while_a_host_was_away_is_asked_for_once_it_answers() {
    for seed in 0..100 {
        for count in [2, 3, 8] {
            let found = outage(count, secs(1_800), seed);
            let limit = STAGGER * u32::try_from(count + 1).expect("few");
            assert!(found.whole <= limit, "{count}: {:?}", found.whole);
            assert!(found.crowd <= 3, "{} within a second", found.crowd);
        }
    }
}

#[test]
fn what_fails_by_itself_keeps_its_pause_when_others_answer() {
    let mut schedule = schedule(&[("bad", Tier::Hot), ("good", Tier::Hot)]);
    let mut bad = 0;
    loop {
        let at = schedule.next().expect("polling goes on");
        if at > secs(3_600) {
            break;
        }
        let due = schedule.take(at).expect("due");
        let fails = &*due.id == "bad";
        bad += usize::from(fails);
        schedule.done(&due.id, fails.then(unreachable).as_ref(), at);
    }
    assert!(bad < 60, "{bad} polls in an hour of what never answers");
}
