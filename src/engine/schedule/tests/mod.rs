//! Laws of the schedule, on a simulated host and a simulated clock.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

mod outage;

const CORE: &str = "core";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn resource(id: &str, tier: Tier, cost: u32) -> Resource {
    Resource {
        id: id.into(),
        tier,
        cost,
        bucket: CORE,
    }
}

fn schedule(resources: &[(&str, Tier)]) -> Schedule {
    let mut schedule = Schedule::new(7, &[]);
    let resources = resources
        .iter()
        .map(|(id, tier)| resource(id, *tier, 1))
        .collect();
    schedule.set_resources(resources, Duration::ZERO);
    schedule
}

fn taken(schedule: &mut Schedule, now: Duration) -> Vec<String> {
    let mut taken = Vec::new();
    while let Some(due) = schedule.take(now) {
        taken.push(due.id.to_string());
    }
    taken
}

fn unreachable() -> SourceError {
    SourceError::Unreachable {
        host: "h".to_owned(),
        cause: "refused".to_owned(),
    }
}

fn limited(secs: u64) -> SourceError {
    SourceError::RateLimited {
        host: "h".to_owned(),
        retry_after: Duration::from_secs(secs),
        share: None,
    }
}

fn forbidden() -> SourceError {
    SourceError::Forbidden {
        host: "h".to_owned(),
        what: "alerts".to_owned(),
        permission: None,
    }
}

/// Takes the next resource when it is due and ends its poll at once.
fn step(schedule: &mut Schedule, error: Option<&SourceError>) -> (Duration, String) {
    let at = schedule.next().expect("something is due some time");
    let due = schedule.take(at).expect("it is due then");
    schedule.done(&due.id, error, at);
    (at, due.id.to_string())
}

#[test]
fn the_first_round_goes_out_at_once_most_urgent_first() {
    let mut schedule = schedule(&[
        ("rare", Tier::Rare),
        ("hot", Tier::Hot),
        ("need", Tier::Now),
        ("cold", Tier::Cold),
    ]);
    assert!(!schedule.is_round_done(Duration::ZERO));
    assert_eq!(
        taken(&mut schedule, Duration::ZERO),
        ["need", "hot", "cold", "rare"]
    );
}

#[test]
fn a_large_first_round_is_spread() {
    let names: Vec<String> = (0..40).map(|n| format!("r{n}")).collect();
    let all: Vec<(&str, Tier)> = names.iter().map(|n| (n.as_str(), Tier::Cold)).collect();
    let mut schedule = schedule(&all);
    let first = taken(&mut schedule, Duration::ZERO).len();
    assert!((8..=10).contains(&first), "{first} at once");
    assert_eq!(taken(&mut schedule, secs(20)).len(), 40 - first);
}

#[test]
fn an_urgent_resource_is_served_once_and_again_when_it_comes_back() {
    let mut schedule = schedule(&[("need", Tier::Now)]);
    assert_eq!(step(&mut schedule, None).1, "need");
    schedule.set_resources(Vec::new(), secs(1));
    assert_eq!(schedule.next(), None);
    schedule.set_resources(vec![resource("need", Tier::Now, 1)], secs(2));
    assert_eq!(schedule.next(), Some(secs(2)));
}

#[test]
fn an_urgent_resource_that_never_goes_away_is_slowed_down() {
    let mut schedule = schedule(&[("need", Tier::Now)]);
    let polls = std::iter::from_fn(|| Some(step(&mut schedule, None)))
        .take_while(|(at, _)| *at < secs(300))
        .count();
    assert!((10..30).contains(&polls), "{polls} polls in five minutes");
}

#[test]
fn a_refused_token_stops_the_source_until_a_person_asks() {
    let mut schedule = schedule(&[("a", Tier::Hot), ("b", Tier::Hot)]);
    let auth = SourceError::Auth {
        host: "h".to_owned(),
    };
    step(&mut schedule, Some(&auth));
    assert_eq!(schedule.next(), None);
    assert!(schedule.is_round_done(secs(1)));
    schedule.refresh(secs(50));
    assert_eq!(schedule.next(), Some(secs(50)));
    assert!(schedule.take(secs(50)).is_some_and(|due| due.forced));
}

#[test]
fn a_forbidden_resource_rests_and_the_others_go_on() {
    let mut schedule = schedule(&[("alerts", Tier::Hot), ("runs", Tier::Hot)]);
    let mut asked: HashMap<String, Vec<Duration>> = HashMap::new();
    loop {
        let at = schedule.next().expect("polling goes on");
        if at > secs(1_000) {
            break;
        }
        let due = schedule.take(at).expect("due");
        let error = (&*due.id == "alerts").then(forbidden);
        schedule.done(&due.id, error.as_ref(), at);
        asked.entry(due.id.to_string()).or_default().push(at);
    }
    assert_eq!(asked["alerts"], [Duration::ZERO, secs(900)]);
    assert!(asked["runs"].len() > 25);
}

#[test]
fn five_failures_open_the_breaker_and_one_probe_closes_it() {
    let mut schedule = schedule(&[("a", Tier::Hot), ("b", Tier::Hot), ("c", Tier::Warm)]);
    for _ in 0..5 {
        step(&mut schedule, Some(&unreachable()));
    }
    let at = schedule.next().expect("a probe comes");
    let probe = schedule.take(at).expect("one probe");
    assert_eq!(schedule.take(at), None, "only one is under way");
    assert_eq!(schedule.next(), None);
    schedule.done(&probe.id, Some(&unreachable()), at);
    let later = schedule.next().expect("the next probe");
    assert!(later > at);
    let late = later + secs(1_000);
    let probe = schedule.take(late).expect("one probe");
    schedule.done(&probe.id, None, late);
    let burst = taken(&mut schedule, late + secs(1)).len();
    assert!(burst <= 2, "{burst} requests in the first second");
}

#[test]
fn polls_fall_to_a_handful_while_a_host_is_down() {
    let mut schedule = schedule(&[("a", Tier::Hot), ("b", Tier::Hot), ("c", Tier::Warm)]);
    let polls = std::iter::from_fn(|| Some(step(&mut schedule, Some(&unreachable()))))
        .take_while(|(at, _)| *at < secs(3_600))
        .count();
    assert!((8..120).contains(&polls), "{polls} polls in an hour");
}

#[test]
fn a_long_pause_parks_the_source_and_a_person_may_end_it() {
    let mut parked = schedule(&[("a", Tier::Hot)]);
    step(&mut parked, Some(&limited(7_200)));
    assert!(parked.is_parked());
    assert!(parked.next().is_some_and(|at| at > secs(7_200)));
    parked.refresh(secs(10));
    assert_eq!(parked.next(), Some(secs(10)));

    let mut paused = schedule(&[("a", Tier::Hot)]);
    step(&mut paused, Some(&limited(600)));
    assert!(!paused.is_parked());
    paused.refresh(secs(10));
    assert!(paused.next().is_some_and(|at| at > secs(600)));
}

#[test]
fn nobody_looking_makes_it_four_times_slower() {
    let mut schedule = schedule(&[("a", Tier::Warm)]);
    let before = schedule.interval(&"a".into()).expect("known");
    step(&mut schedule, None);
    schedule.focus(false, secs(1));
    assert_eq!(schedule.interval(&"a".into()), Some(before * 4));
    let slow = schedule.next().expect("due");
    assert!(slow > before * 3);
    schedule.focus(true, secs(2));
    assert!(schedule.next().expect("due") <= before * 2);
}

#[test]
fn the_repository_of_the_open_card_is_hot() {
    let mut schedule = schedule(&[
        ("runs:acme/api", Tier::Cold),
        ("runs:acme/api2", Tier::Cold),
    ]);
    schedule.look(Some(Clean::line("acme/api")), Duration::ZERO);
    let interval = |schedule: &Schedule, id: &str| schedule.interval(&id.into()).expect("known");
    assert!(interval(&schedule, "runs:acme/api") < secs(35));
    assert!(interval(&schedule, "runs:acme/api2") > secs(500));
}

#[test]
fn what_runs_is_followed_closely_only_while_somebody_looks() {
    let mut schedule = schedule(&[("jobs:acme/api", Tier::Live), ("jobs:acme/web", Tier::Live)]);
    let interval = |schedule: &Schedule, id: &str| schedule.interval(&id.into()).expect("known");
    assert!(interval(&schedule, "jobs:acme/api") > secs(25));
    schedule.look(Some(Clean::line("acme/api")), Duration::ZERO);
    let close = interval(&schedule, "jobs:acme/api");
    assert!(close >= secs(5) && close <= secs(15), "{close:?}");
    assert!(interval(&schedule, "jobs:acme/web") > secs(25));
    schedule.focus(false, secs(1));
    assert!(interval(&schedule, "jobs:acme/api") > secs(30));
}

#[test]
fn where_something_was_done_is_asked_at_once_and_nothing_else() {
    let mut schedule = schedule(&[
        ("runs:acme/api", Tier::Cold),
        ("runs:acme/web", Tier::Cold),
        ("probe:cold:0", Tier::Cold),
        ("findings:acme", Tier::Rare),
    ]);
    for id in taken(&mut schedule, secs(0)) {
        schedule.done(&id.as_str().into(), None, secs(1));
    }
    assert!(taken(&mut schedule, secs(2)).is_empty());
    schedule.hasten("acme/api", secs(2));
    let mut asked = taken(&mut schedule, secs(2));
    asked.sort();
    assert_eq!(asked, ["probe:cold:0", "runs:acme/api"]);
}

#[test]
fn after_a_sleep_everything_is_asked_for_once_one_by_one() {
    let mut schedule = schedule(&[("a", Tier::Cold), ("b", Tier::Cold), ("c", Tier::Rare)]);
    for id in taken(&mut schedule, Duration::ZERO) {
        schedule.done(&id.as_str().into(), None, Duration::ZERO);
    }
    schedule.woke(secs(10));
    let mut asked = Vec::new();
    while schedule.next().is_some_and(|at| at < secs(20)) {
        asked.push(step(&mut schedule, None));
    }
    let mut names: Vec<&str> = asked.iter().map(|(_, id)| id.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["a", "b", "c"]);
    let apart = asked
        .windows(2)
        .all(|pair| pair[1].0.saturating_sub(pair[0].0) >= Duration::from_millis(500));
    assert!(apart, "{asked:?}");
}

#[test]
fn what_a_crash_lost_is_asked_for_again() {
    let mut schedule = schedule(&[("a", Tier::Hot)]);
    assert!(schedule.take(Duration::ZERO).is_some());
    assert_eq!(schedule.next(), None);
    schedule.abandon(secs(1));
    assert!(schedule.next().is_some_and(|at| at <= secs(3)));
}

/// Returns how much polling is slowed down where this part of all answers is charged, in percent.
fn slowed_at(percent: u32) -> f64 {
    let mut schedule = Schedule::new(7, &[]);
    let all: Vec<Resource> = (0..60)
        .map(|n| resource(&format!("runs:acme/r{n}"), Tier::Hot, 1))
        .collect();
    let mut host = Host {
        limit: 5_000,
        spent: 0,
        hour: 0,
    };
    schedule.set_resources(all, Duration::ZERO);
    let (mut now, mut polls, mut slowest) = (Duration::ZERO, 0_u32, 1.0_f64);
    while now < secs(3 * 3_600) {
        now = now.max(schedule.next().expect("polling goes on"));
        let Some(due) = schedule.take(now) else {
            continue;
        };
        polls += 1;
        let charged = u32::from(polls * percent / 100 > (polls - 1) * percent / 100);
        host.charge(charged, now);
        schedule.charged(&due.id, charged, now);
        schedule.done(&due.id, None, now);
        host.tell(&mut schedule, now);
        if now > secs(3_600) {
            slowest = slowest.max(schedule.pressure(CORE));
        }
    }
    slowest
}

#[test]
fn free_answers_do_not_slow_polling_down_and_charged_ones_do() {
    assert!(slowed_at(10) <= 1.0 + f64::EPSILON, "{}", slowed_at(10));
    assert!(slowed_at(100) > 2.0, "{}", slowed_at(100));
}

const TIERS: [Tier; 5] = [Tier::Live, Tier::Hot, Tier::Warm, Tier::Cold, Tier::Rare];

/// A host that counts what it is asked for, by the hour.
struct Host {
    limit: u64,
    spent: u64,
    hour: u64,
}

impl Host {
    fn charge(&mut self, cost: u32, at: Duration) {
        self.turn(at);
        self.spent += u64::from(cost);
    }

    fn turn(&mut self, at: Duration) {
        let hour = at.as_secs() / 3_600;
        if hour != self.hour {
            self.hour = hour;
            self.spent = 0;
        }
    }

    fn tell(&mut self, schedule: &mut Schedule, at: Duration) {
        self.turn(at);
        let wall = Timestamp::UNIX_EPOCH + at;
        let reset = (self.hour + 1) * 3_600;
        let budget = Budget {
            bucket: CORE.to_owned(),
            limit: self.limit,
            remaining: self.limit.saturating_sub(self.spent),
            reset_at: Some(Timestamp::UNIX_EPOCH + secs(reset)),
        };
        schedule.told(&[budget], wall, at);
    }
}

fn resources() -> impl Strategy<Value = Vec<Resource>> {
    prop::collection::vec((0_usize..5, 1_u32..6), 1..12).prop_map(|list| {
        list.into_iter()
            .enumerate()
            .map(|(n, (tier, cost))| resource(&format!("r{n}"), TIERS[tier], cost))
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_schedule_ever_spends_more_than_its_share(
        resources in resources(), limit in 20_u64..400, seed: u64,
        latencies in prop::collection::vec(0_u64..5_000, 1..40),
    ) {
        let mut schedule = Schedule::new(seed, &[]);
        let mut host = Host { limit, spent: 0, hour: 0 };
        host.tell(&mut schedule, Duration::ZERO);
        schedule.set_resources(resources.clone(), Duration::ZERO);
        let mut now = Duration::ZERO;
        for latency in latencies.iter().cycle().take(1_500) {
            now = now.max(schedule.next().expect("polling goes on"));
            let Some(due) = schedule.take(now) else { continue };
            let cost = resources.iter().find(|r| r.id == due.id).map_or(0, |r| r.cost);
            host.charge(cost, now);
            prop_assert!(host.spent <= limit - limit * 40 / 100, "{} of {limit}", host.spent);
            now += Duration::from_millis(*latency);
            host.tell(&mut schedule, now);
            schedule.done(&due.id, None, now);
            host.tell(&mut schedule, now);
        }
    }

    #[test]
    fn what_is_learned_of_free_answers_never_spends_more_than_the_share(
        resources in resources(), limit in 20_u64..400, seed: u64,
        free in prop::collection::vec(0_u8..=100, 1..20),
    ) {
        let mut schedule = Schedule::new(seed, &[]);
        let mut host = Host { limit, spent: 0, hour: 0 };
        host.tell(&mut schedule, Duration::ZERO);
        schedule.set_resources(resources.clone(), Duration::ZERO);
        let mut now = Duration::ZERO;
        let mut dice = Dice::new(seed);
        // The share of free answers changes as the day goes on: cheap, then dear at once.
        for percent in free.iter().flat_map(|percent| [*percent; 100]) {
            now = now.max(schedule.next().expect("polling goes on"));
            let Some(due) = schedule.take(now) else { continue };
            let cost = resources.iter().find(|r| r.id == due.id).map_or(0, |r| r.cost);
            let is_free = dice.roll() % 100 < u64::from(percent);
            let charged = if is_free { 0 } else { cost };
            host.charge(charged, now);
            prop_assert!(host.spent <= limit - limit * 40 / 100, "{} of {limit}", host.spent);
            now += Duration::from_millis(300);
            schedule.charged(&due.id, charged, now);
            schedule.done(&due.id, None, now);
            host.tell(&mut schedule, now);
            for (bucket, planned) in schedule.forecast() {
                let all: f64 = resources
                    .iter()
                    .map(|r| f64::from(r.cost) * 3_600.0 / schedule.unhurried(r).as_secs_f64())
                    .sum();
                prop_assert!(planned <= all * 1.001 && planned >= all * 0.099, "{bucket}");
            }
        }
    }

    #[test]
    fn nothing_is_asked_before_the_host_allows_it(
        resources in resources(), seed: u64,
        script in prop::collection::vec((0_u8..6, 1_u64..3_000), 1..60),
    ) {
        let mut schedule = Schedule::new(seed, &[]);
        schedule.set_resources(resources, Duration::ZERO);
        let mut allowed = Duration::ZERO;
        let mut now = Duration::ZERO;
        for (what, secs_to_wait) in script {
            let Some(at) = schedule.next() else { break };
            if at > now {
                prop_assert_eq!(schedule.take(at.saturating_sub(Duration::from_nanos(1))), None);
            }
            let at = at.max(now);
            now = at;
            prop_assert!(at >= allowed);
            let Some(due) = schedule.take(at) else { continue };
            let error = match what {
                0 => Some(limited(secs_to_wait)),
                1 => Some(unreachable()),
                2 => Some(forbidden()),
                _ => None,
            };
            if what == 0 {
                allowed = at + secs(secs_to_wait + 1);
            }
            schedule.done(&due.id, error.as_ref(), at);
            match what {
                3 => schedule.refresh(at),
                4 => schedule.woke(at),
                5 => schedule.focus(secs_to_wait % 2 == 0, at),
                _ => {}
            }
        }
    }

    #[test]
    fn every_healthy_resource_is_polled_within_twice_its_interval(
        resources in resources(), seed: u64, focused: bool,
    ) {
        let mut schedule = Schedule::new(seed, &[]);
        schedule.set_resources(resources.clone(), Duration::ZERO);
        schedule.focus(focused, Duration::ZERO);
        let mut asked: HashMap<ResourceId, Duration> = HashMap::new();
        let mut now = Duration::ZERO;
        for _ in 0..800 {
            now = now.max(schedule.next().expect("polling goes on"));
            let due = schedule.take(now).expect("it is due");
            let last = asked.insert(Arc::clone(&due.id), now).unwrap_or_default();
            let interval = schedule.interval(&due.id).expect("known");
            let gap = now.saturating_sub(last);
            prop_assert!(gap <= interval * 2, "{} after {gap:?}", due.id);
            now += Duration::from_millis(200);
            schedule.done(&due.id, None, now);
        }
        for resource in &resources {
            let last = asked.get(&resource.id).copied().unwrap_or_default();
            let interval = schedule.interval(&resource.id).expect("known");
            prop_assert!(now.saturating_sub(last) <= interval * 2);
        }
    }
}

#[test]
fn what_would_find_its_limit_spent_is_not_waited_for() {
    let wall = Timestamp::UNIX_EPOCH;
    let names: Vec<String> = (0..40).map(|n| format!("r{n}")).collect();
    let all: Vec<(&str, Tier)> = names.iter().map(|n| (n.as_str(), Tier::Hot)).collect();
    let mut schedule = schedule(&all);
    assert!(!schedule.is_round_done(Duration::ZERO));
    let spent = |reset_secs| Budget {
        bucket: CORE.to_owned(),
        limit: 5_000,
        remaining: 0,
        reset_at: Some(wall + chrono::TimeDelta::seconds(reset_secs)),
    };
    schedule.told(&[spent(30)], wall, Duration::ZERO);
    assert!(
        !schedule.is_round_done(Duration::ZERO),
        "half a minute is waited for"
    );
    schedule.told(&[spent(3_000)], wall, Duration::ZERO);
    assert!(
        schedule.is_round_done(Duration::ZERO),
        "none of them was due yet"
    );
}

#[test]
fn what_is_long_past_is_not_waited_for_where_the_minute_is_full() {
    let pace = Pace {
        bucket: CORE,
        per_minute: 30,
    };
    let mut schedule = Schedule::new(7, &[pace]);
    schedule.set_resources(vec![resource("past:0", Tier::Past, 8)], Duration::ZERO);
    assert!(!schedule.is_round_done(Duration::ZERO));
    assert_eq!(step(&mut schedule, None).1, "past:0");
    schedule.set_resources(vec![resource("past:1", Tier::Past, 8)], Duration::ZERO);
    assert!(schedule.is_round_done(Duration::ZERO));
}

/// Ends a poll that was taken earlier, and renews the list as the poller does.
fn land(schedule: &mut Schedule, id: &str, list: Vec<Resource>, now: Duration) {
    schedule.done(&id.into(), None, now);
    schedule.set_resources(list, now);
}

#[test]
fn what_is_on_its_way_is_settled_though_it_is_no_longer_named() {
    let mut schedule = schedule(&[("refresh:0", Tier::Now), ("runs", Tier::Hot)]);
    assert_eq!(taken(&mut schedule, secs(0)), ["refresh:0", "runs"]);
    assert_eq!(schedule.ledger.on_its_way(CORE), 2);
    schedule.set_resources(vec![resource("refresh:1", Tier::Now, 1)], secs(1));
    assert_eq!(taken(&mut schedule, secs(1)), ["refresh:1"]);
    for id in ["refresh:0", "runs", "refresh:1"] {
        land(&mut schedule, id, Vec::new(), secs(2));
    }
    assert_eq!(schedule.ledger.on_its_way(CORE), 0);
    assert_eq!((schedule.next(), schedule.ids().count()), (None, 0));
}

#[test]
fn a_poll_is_settled_at_what_it_was_taken_for() {
    let mut schedule = Schedule::new(7, &[]);
    let priced = |cost| vec![resource("refresh:0", Tier::Now, cost)];
    schedule.set_resources(priced(12), secs(0));
    assert_eq!(taken(&mut schedule, secs(0)), ["refresh:0"]);
    schedule.set_resources(priced(6), secs(1));
    land(&mut schedule, "refresh:0", priced(6), secs(2));
    assert_eq!(schedule.ledger.on_its_way(CORE), 0);
}

#[test]
fn what_is_named_again_while_it_is_on_its_way_is_not_asked_for_twice_at_once() {
    let mut schedule = schedule(&[("runs", Tier::Hot)]);
    assert_eq!(taken(&mut schedule, secs(0)), ["runs"]);
    schedule.set_resources(Vec::new(), secs(1));
    schedule.set_resources(vec![resource("runs", Tier::Hot, 1)], secs(2));
    assert!(taken(&mut schedule, secs(600)).is_empty());
    schedule.done(&"runs".into(), None, secs(601));
    assert_eq!(taken(&mut schedule, secs(700)), ["runs"]);
}

#[test]
fn a_crash_settles_all_that_was_on_its_way() {
    let mut schedule = schedule(&[("refresh:0", Tier::Now), ("runs", Tier::Hot)]);
    assert_eq!(taken(&mut schedule, secs(0)).len(), 2);
    schedule.set_resources(vec![resource("runs", Tier::Hot, 1)], secs(1));
    schedule.abandon(secs(2));
    assert_eq!(schedule.ledger.on_its_way(CORE), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn when_nothing_is_on_its_way_nothing_counts_as_spent(
        steps in prop::collection::vec((0_u8..4, prop::collection::vec((0_u8..6, 1_u32..9), 0..6)), 1..60),
    ) {
        let mut schedule = Schedule::new(7, &[]);
        let (mut now, mut away) = (Duration::ZERO, Vec::<ResourceId>::new());
        let land = |schedule: &mut Schedule, id: ResourceId, now| schedule.done(&id, None, now);
        for (what, named) in steps {
            now += secs(40);
            match what {
                0 => {
                    let named = named.iter().map(|(n, cost)| resource(&format!("r{n}"), Tier::Hot, *cost));
                    let named: HashMap<_, _> = named.map(|r| (Arc::clone(&r.id), r)).collect();
                    schedule.set_resources(named.into_values().collect(), now);
                }
                1 => away.extend(schedule.take(now).map(|due| due.id)),
                _ => away.pop().into_iter().for_each(|id| land(&mut schedule, id, now)),
            }
            let unique: BTreeSet<&ResourceId> = away.iter().collect();
            prop_assert_eq!(unique.len(), away.len(), "one was asked for twice at once");
        }
        for id in away {
            land(&mut schedule, id, now);
        }
        prop_assert_eq!(schedule.ledger.on_its_way(CORE), 0);
    }
}

/// What the gate says of a request that our share of a limit no longer allows.
fn share_spent(secs: u64) -> SourceError {
    SourceError::RateLimited {
        host: "h".to_owned(),
        retry_after: Duration::from_secs(secs),
        share: Some(Share {
            left: 2_000,
            limit: 5_000,
            past: false,
        }),
    }
}

#[test]
fn a_spent_share_holds_what_asked_for_it_and_nothing_else() {
    let mut schedule = schedule(&[("runs", Tier::Hot), ("probe", Tier::Warm)]);
    assert_eq!(step(&mut schedule, Some(&share_spent(1_800))).1, "runs");
    assert_eq!(step(&mut schedule, None).1, "probe");
    assert!(!schedule.is_parked());
    let (mut now, mut asked) = (secs(0), Vec::new());
    while now < secs(1_700) {
        let (at, id) = step(&mut schedule, None);
        (now, asked) = (at, {
            asked.push(id);
            asked
        });
    }
    assert!(
        asked.iter().all(|id| id == "probe") && asked.len() > 10,
        "{asked:?}"
    );
    let mut again = std::iter::from_fn(|| Some(step(&mut schedule, None)));
    assert!(again.by_ref().take(5).any(|(_, id)| id == "runs"));
}

#[test]
fn a_person_may_use_the_reserve_where_our_share_is_spent() {
    let mut schedule = schedule(&[("runs", Tier::Hot)]);
    step(&mut schedule, Some(&share_spent(1_800)));
    assert!(schedule.next().is_some_and(|at| at >= secs(1_800)));
    schedule.refresh(secs(10));
    let due = schedule.take(secs(10));
    assert_eq!(due.map(|due| due.forced), Some(true));
}

#[test]
fn a_spent_share_proves_nothing_of_a_host_that_is_down() {
    let mut schedule = schedule(&[("a", Tier::Hot), ("b", Tier::Hot)]);
    for _ in 0..5 {
        step(&mut schedule, Some(&unreachable()));
    }
    let (at, held) = step(&mut schedule, Some(&share_spent(1_800)));
    let other = schedule
        .take(at + secs(600))
        .expect("another one is the probe");
    assert_ne!(*other.id, *held);
    assert_eq!(schedule.take(at + secs(600)), None, "only one is under way");
}

#[test]
fn a_minute_holds_what_polls_took_not_what_they_were_planned_for() {
    let pace = Pace {
        bucket: CORE,
        per_minute: 30,
    };
    let past = |n: u64| vec![resource(&format!("past:{n}"), Tier::Past, 8)];
    let second = |charged: u32| {
        let mut schedule = Schedule::new(7, &[pace]);
        schedule.set_resources(past(0), secs(0));
        let due = schedule.take(secs(0)).expect("due at once");
        schedule.charged(&due.id, charged, secs(5));
        schedule.done(&due.id, None, secs(5));
        schedule.set_resources(
            [past(1), vec![resource("runs", Tier::Hot, 3)]].concat(),
            secs(5),
        );
        let asked = taken(&mut schedule, secs(6));
        (asked, schedule.next())
    };
    assert_eq!(second(2), (vec!["runs".to_owned()], Some(secs(60))));
    let (asked, next) = second(30);
    assert!(asked.is_empty(), "the minute is full: {asked:?}");
    assert_eq!(next, Some(secs(60)));
}
