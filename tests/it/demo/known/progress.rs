//! What is under way, and where the time of what is over went, by brute force: every minute of a
//! piece of work is looked at by itself.

use super::delivery::ancestors;
use super::work::{Piece, begun, pieces, service_of};
use super::*;

const MINUTE: i64 = 60;

/// Which workflow makes releases.
const RELEASE: usize = 1;

/// What is measured by what is under way.
pub(super) const KEYS: [&str; 4] = ["wip", "wip_age", "littles_law", "flow_efficiency"];

/// How far a share may be off: work is seen to begin a little late, and minutes are whole.
const SHARE: f64 = 0.02;

/// Compares what is under way in one repository, of which history knows the last `days`.
pub(super) fn compare(of: &Of<'_>, scope: &Scope, told: (&Flow, i64), compared: &mut Compared) {
    let (flow, from) = told;
    let people: Vec<Piece> = pieces(of.state, from);
    let people: Vec<Piece> = people.into_iter().filter(|piece| !piece.bot).collect();
    let mut wrong = Vec::new();
    ages(&people, scope, flow, &mut wrong);
    days(&people, scope, flow, &mut wrong);
    let finished = law(&people, scope, flow, &mut wrong);
    let worked = efficiency(of.state, from, scope, flow, &mut wrong);
    let open = people.iter().filter(|it| it.ended().is_none()).count();
    for (key, points) in KEYS.into_iter().zip([open, open, finished, worked]) {
        *compared.points.entry(key).or_default() += points;
    }
    let name = scope.name();
    let wrong = wrong.into_iter().map(|it| format!("{name}: {it}"));
    compared.wrong.extend(wrong);
}

/// Work in progress: how much, and how old each piece of it is.
fn ages(people: &[Piece], scope: &Scope, flow: &Flow, wrong: &mut Vec<String>) {
    let open = people.iter().filter(|piece| piece.ended().is_none());
    let mut expected: Vec<i64> = open.map(|piece| START - piece.started).collect();
    expected.sort_unstable();
    let found = metric(flow, scope, "wip_age", 7);
    let mut ages: Vec<f64> = found.points.iter().map(|point| point.value).collect();
    ages.sort_by(f64::total_cmp);
    let mut pairs = ages.iter().zip(&expected);
    let is_same = ages.len() == expected.len()
        && pairs.all(|(found, expected)| (found - float(*expected)).abs() <= LOOK);
    if !is_same {
        wrong.push(format!("wip_age: {expected:?} expected, {ages:?} found"));
    }
    let points: Vec<(i64, f64)> = expected.iter().map(|age| (0, float(*age))).collect();
    if !is_near(found.value, median(&points), LOOK) {
        wrong.push(format!("wip_age: {:?} found", found.value));
    }
    let count = metric(flow, scope, "wip", 7);
    if count.value != Some(number(expected.len())) || count.points.len() != expected.len() {
        wrong.push(format!("wip: {:?} found of {expected:?}", count.value));
    }
}

/// Work in progress at the end of each day: work may be seen to begin a little late.
fn days(people: &[Piece], scope: &Scope, flow: &Flow, wrong: &mut Vec<String>) {
    let found = metric(flow, scope, "wip", 7);
    for day in &found.series {
        let begin = day.day.and_hms_opt(0, 0, 0).unwrap().and_utc().timestamp();
        // Today ends now.
        let end = (begin + DAY).min(START + 1);
        let at = |late: i64| {
            let is_open = |piece: &&Piece| {
                piece.started + late < end && piece.ended().is_none_or(|ended| ended >= end)
            };
            people.iter().filter(is_open).count()
        };
        #[expect(clippy::cast_possible_truncation, reason = "ten minutes")]
        let range = at(LOOK as i64)..=at(0);
        if !range.contains(&day.n) {
            wrong.push(format!(
                "wip of {}: {range:?} expected, {} found",
                day.day, day.n
            ));
        }
    }
    if found.series.len() < 7 {
        wrong.push(format!("wip: {} days", found.series.len()));
    }
}

/// Little's law: the mean of the work that is there at each second against what is finished a
/// second times how long it takes.
fn law(people: &[Piece], scope: &Scope, flow: &Flow, wrong: &mut Vec<String>) -> usize {
    let from = START - 7 * DAY;
    let there = |piece: &Piece| {
        let to = piece.ended().unwrap_or(START);
        (to.min(START) - piece.started.max(from)).max(0)
    };
    let mean = float(people.iter().map(there).sum()) / float(7 * DAY);
    let done = people.iter().filter_map(|piece| {
        let complete = piece.complete.filter(|at| *at > from)?;
        Some(complete - piece.started).filter(|cycle| *cycle > 0)
    });
    let cycles: Vec<i64> = done.collect();
    // So many a second, each for so long.
    let predicted = float(cycles.iter().sum()) / float(7 * DAY);
    let expected = (cycles.len() >= 5).then(|| (mean - predicted).abs() / mean);
    let found = metric(flow, scope, "littles_law", 7);
    if !is_near(found.value, expected, SHARE) || found.points.len() != cycles.len() {
        wrong.push(format!(
            "littles_law: {expected:?} of {} expected, {:?} of {} found ({:?})",
            cycles.len(),
            found.value,
            found.points.len(),
            found.note
        ));
    }
    cycles.len()
}

/// The part of its time in which each piece was worked on.
fn efficiency(
    state: &RepoState,
    from: i64,
    scope: &Scope,
    flow: &Flow,
    wrong: &mut Vec<String>,
) -> usize {
    let found = metric(flow, scope, "flow_efficiency", 7);
    let mut worked: Vec<(i64, i64, i64)> = Vec::new();
    for pull in state.pulls.iter().filter(|pull| !is_bot(pull.author)) {
        if pull.closed_at.is_some_and(|at| at.timestamp() < from) {
            continue;
        }
        let of = service_of(state, pull);
        let Some(complete) = pull
            .merge_sha
            .as_deref()
            .and_then(|sha| work::live_at(&of, sha))
        else {
            continue;
        };
        let started = begun(state, pull);
        if complete <= START - 7 * DAY || complete <= started {
            continue;
        }
        let way = Way::of(&of, pull);
        let minutes = (started / MINUTE..complete / MINUTE)
            .filter(|minute| way.is_worked_on(minute * MINUTE + MINUTE / 2));
        let active = i64::try_from(minutes.count()).unwrap() * MINUTE;
        worked.push((complete, active, complete - started));
    }
    worked.sort_unstable();
    let points = found.points.iter();
    let mut points: Vec<(i64, f64)> = points.map(|it| (it.at.timestamp(), it.value)).collect();
    points.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let mut shares: Vec<(i64, f64, f64)> = worked
        .iter()
        .map(|(at, active, all)| (*at, float(*active) / float(*all), LOOK / float(*all)))
        .collect();
    shares.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)));
    for (found, (at, share, late)) in points.iter().zip(&shares) {
        if found.0 != *at || (found.1 - share).abs() > SHARE + late {
            wrong.push(format!(
                "flow_efficiency: {at} {share} expected, {found:?} found"
            ));
        }
    }
    let (active, all) = worked.iter().fold((0, 0), |sum, (_, active, all)| {
        (sum.0 + active, sum.1 + all)
    });
    let expected = (worked.len() >= 5).then(|| float(active) / float(all));
    if points.len() != shares.len() || !is_near(found.value, expected, SHARE) {
        wrong.push(format!(
            "flow_efficiency: {expected:?} of {} expected, {:?} of {} found",
            shares.len(),
            found.value,
            points.len()
        ));
    }
    shares.len()
}

/// How a run stood at a moment, as far as a forge tells of the past: the latest attempt.
#[derive(PartialEq)]
enum Stood {
    Waits,
    Works,
    Failed,
    Fine,
}

fn stood(run: &Run, at: i64) -> Option<Stood> {
    if run.created_at.timestamp() > at {
        return None;
    }
    let over = run.status == "completed" && run.updated_at.timestamp() <= at;
    Some(match (over, run.conclusion) {
        (true, Some("failure" | "startup_failure")) => Stood::Failed,
        (true, _) => Stood::Fine,
        (false, _) if run.started_at.timestamp() <= at => Stood::Works,
        (false, _) => Stood::Waits,
    })
}

/// A pull request with all that has to do with it.
struct Way<'a> {
    pull: &'a Pull,
    /// Its runs, those of all its commits.
    runs: Vec<&'a Run>,
    /// The runs of its merge commit, and of the releases that have it.
    merged: Vec<&'a Run>,
    deployments: Vec<&'a Deployment>,
    /// When it was in a release, and whether that was a candidate only.
    releases: Vec<(i64, bool)>,
}

impl<'a> Way<'a> {
    fn of(of: &Of<'a>, pull: &'a Pull) -> Self {
        let state = of.state;
        let sha = pull.merge_sha.as_deref().unwrap_or_default();
        let has = |version: &str| ancestors(state, version).contains(sha);
        let mine = |run: &&Run| run.pull == Some(pull.number);
        let pushed = |run: &&Run| {
            let is_merge = run.sha == sha && run.event == "push";
            is_merge || (run.workflow == RELEASE && has(&run.sha))
        };
        let goes =
            |it: &&Deployment| it.environment.starts_with(&of.service.prefix) && has(&it.sha);
        let out = state.releases.iter().filter(|release| has(&release.sha));
        let out = out.filter_map(|it| Some((it.published_at?.timestamp(), it.prerelease)));
        Self {
            pull,
            runs: state.runs.iter().filter(mine).collect(),
            merged: state.runs.iter().filter(pushed).collect(),
            deployments: state.deployments.iter().filter(goes).collect(),
            releases: out.collect(),
        }
    }

    /// Whether people or machines worked on it at a moment, and nothing was waited for.
    fn is_worked_on(&self, at: i64) -> bool {
        let merged = self.pull.merged_at.map(|merged| merged.timestamp());
        if merged.is_some_and(|merged| merged <= at) {
            self.is_on_its_way(at)
        } else {
            self.is_made(at)
        }
    }

    /// Before the merge: it is written, or its checks run.
    fn is_made(&self, at: i64) -> bool {
        let pull = self.pull;
        if pull.created_at.timestamp() > at {
            // Only its ticket is there, and somebody has taken it.
            return true;
        }
        let known = self
            .runs
            .iter()
            .filter(|run| run.created_at.timestamp() <= at);
        let newest = known.max_by_key(|run| run.created_at);
        let head = newest.map_or(pull.head_sha(), |run| run.sha.as_str());
        let of_head = self.runs.iter().filter(|run| run.sha == head);
        let runs: Vec<Stood> = of_head.filter_map(|run| stood(run, at)).collect();
        if runs.contains(&Stood::Failed) {
            return false;
        }
        if runs.contains(&Stood::Works) {
            return true;
        }
        if runs.contains(&Stood::Waits) {
            return false;
        }
        let is_draft = pull.ready_at.is_some_and(|ready| ready.timestamp() > at);
        let said = pull.reviews.iter().filter(|it| it.at.timestamp() <= at);
        let said = said.max_by_key(|review| review.at);
        let wants = said.is_some_and(|review| review.state == "CHANGES_REQUESTED");
        is_draft && !wants
    }

    /// After the merge: jobs run, a candidate is tried, or it is being deployed.
    fn is_on_its_way(&self, at: i64) -> bool {
        let begun = self.deployments.iter();
        let begun = begun.filter(|it| it.created_at.timestamp() <= at);
        let mut places: BTreeMap<&str, &Deployment> = BTreeMap::new();
        for deployment in begun {
            let last = places.entry(&deployment.environment).or_insert(deployment);
            if last.created_at < deployment.created_at {
                *last = deployment;
            }
        }
        let of_place = |deployment: &&Deployment| {
            let said = deployment.statuses.iter();
            let said = said.filter(|status| status.at.timestamp() <= at);
            let last = said.max_by_key(|status| status.at);
            last.map_or("pending", |status| status.state)
        };
        let words: Vec<&str> = places.values().map(of_place).collect();
        let is_any = |known: &[&str]| words.iter().any(|word| known.contains(word));
        if is_any(&["failure", "error"]) {
            return false;
        }
        if is_any(&["in_progress", "queued", "pending"]) {
            return true;
        }
        if !words.is_empty() {
            return false;
        }
        let out = self
            .releases
            .iter()
            .filter(|(published, _)| *published <= at);
        let kinds: BTreeSet<bool> = out.map(|(_, candidate)| *candidate).collect();
        let runs: Vec<Stood> = self
            .merged
            .iter()
            .filter_map(|run| stood(run, at))
            .collect();
        let is_at_work = runs.contains(&Stood::Works) && !runs.contains(&Stood::Failed);
        !kinds.contains(&false) && (kinds.contains(&true) || is_at_work)
    }
}
