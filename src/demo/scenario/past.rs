//! What lies behind the start: how far the past goes, which repositories have one, and in what
//! it differs from what is live.
//!
//! The past is made by the same plans as the present, from earlier on; here stands only that
//! people rest at week-ends, help one another and mend in a hurry. Nothing live depends on it.

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::plan::Change;
use crate::demo::scenario::team::{Focus, Lane, RepoSpec};
use crate::demo::scenario::train::{DeployPlan, Train, again_to};

const DAY: i64 = 86_400;

/// How many repositories have a long past: what a forge of many keeps in memory has a bound.
const REPOS: usize = 40;

/// How much of what is over at the origin can be seen everywhere: bake and watch window, and a
/// margin.
const SHORT: i64 = 11 * DAY;

/// How much of it can be seen of a repository with a long past.
const LONG: i64 = 97 * DAY;

/// How long before the origin changes are counted from zero on; what is before has indexes below.
pub(super) const ZERO: i64 = 64 * DAY;

/// How long before zero the team began.
pub(super) const BEFORE: i64 = 40 * DAY;

/// What was over so long before the origin has no steps any more: nobody opens it, and of all
/// that there is they are the most.
pub(super) const DIM: i64 = 14 * DAY;

/// What began so long before the origin is over by then, whatever lane it is in.
const OVER: i64 = 14 * DAY;

/// The days on which hardly anybody works, beside week-ends: so many days before the origin.
const HOLIDAYS: [i64; 3] = [24, 25, 66];

/// Returns how long before the origin that begins which can be seen of a repository.
pub(super) fn reach(spec: &RepoSpec) -> i64 {
    if spec.index < REPOS { LONG } else { SHORT }
}

/// Returns the index of the first change of a lane, which is below zero.
pub(super) fn first(lane: &Lane) -> i64 {
    -(BEFORE / lane.period.max(1))
}

/// Returns a minor version with its major one; the first one came out before zero.
pub(super) fn version(index: i64) -> String {
    if index < 0 {
        format!("0.{}", index + BEFORE / DAY)
    } else {
        format!("1.{index}")
    }
}

/// When something began, and how the days before the origin are counted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Then {
    /// When it began.
    pub(super) start: i64,
    /// The beginning of the day of the origin.
    pub(super) today: i64,
}

impl Then {
    /// Returns whether it is so long past that nothing live depends on it.
    fn is_over(self) -> bool {
        self.start < self.today - OVER
    }

    fn is_free(self) -> bool {
        // The first of January 1970 was a Thursday.
        let weekday = (self.start.div_euclid(DAY) + 3).rem_euclid(7);
        let ago = (self.today - self.start).div_euclid(DAY);
        weekday >= 5 || HOLIDAYS.contains(&ago)
    }
}

/// Returns whether somebody who would have begun a change rested instead. What breaks a branch,
/// or breaks by itself, knows no week-end.
pub(super) fn rests(then: Then, focus: Focus, dice: &mut Dice) -> bool {
    let tireless = matches!(
        focus,
        Focus::RedMainBuild
            | Focus::RedMainTest
            | Focus::RedBase
            | Focus::IncidentFiring
            | Focus::IncidentTaken
            | Focus::Backlog
    );
    then.is_over() && !tireless && then.is_free() && dice.percent(85)
}

/// Makes a change of the past unlike others: a second reviewer, a fix in a hurry, one taken back.
pub(super) fn vary(then: Then, change: &mut Change, dice: &mut Dice) {
    if !then.is_over() {
        return;
    }
    if let Some(pull) = &mut change.pull
        && let [(at, true)] = pull.reviews.as_slice()
        && dice.percent(30)
    {
        pull.second = Some((*at - dice.minutes(1, 9)).max(pull.ready));
    }
    force_push(change, dice);
    if change.focus != Focus::Mixed {
        return;
    }
    match dice.below(100) {
        0..8 => change.label = "hotfix",
        8..13 => {
            let title = format!("Revert \"{}\"", change.title);
            for run in &mut change.runs {
                run.title = run.title.replace(&change.title, &title);
            }
            change.title = title;
        }
        _ => {}
    }
}

/// The author forgets what came first: its runs are of a commit that is on no branch any more.
fn force_push(change: &mut Change, dice: &mut Dice) {
    if let Some(pull) = &mut change.pull
        && pull.pushes.len() > 1
        && dice.percent(15)
    {
        pull.pushes.remove(0);
    }
}

/// Makes a train of the past unlike others: the same version once more, the one before put back,
/// a version that no branch has.
pub(super) fn derail(then: Then, train: &mut Train, dice: &mut Dice) {
    let live = |plan: &DeployPlan| plan.production && plan.sha.is_none();
    let Some(last) = train.deployments.iter().rfind(|plan| live(plan)) else {
        return;
    };
    let Some(&(end, "success", _)) = last.states.last() else {
        return;
    };
    let is_back = train.deployments.iter().any(|plan| plan.back);
    if !then.is_over() || end >= then.today - OVER || is_back {
        return;
    }
    let environment = last.environment.clone();
    let lot = dice.below(100);
    let (begin, took) = (end + dice.minutes(40, 90), dice.minutes(3, 9));
    let mut again = |slot, back| {
        let mut plan = again_to(slot, &environment, begin, begin + took, back);
        if slot == SCRATCH {
            plan.sha = Some(dice.sha());
        }
        train.deployments.push(plan);
    };
    match lot {
        0..7 => again(AGAIN, false),
        7..14 => again(BACK, true),
        14..19 => again(SCRATCH, false),
        _ => {}
    }
}

/// The same version once more, among the deployments of its train.
const AGAIN: u64 = 4;
/// The version before it, put back by hand.
const BACK: u64 = 5;
/// A version that no branch has: somebody deployed from elsewhere.
const SCRATCH: u64 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_go_on_across_zero() {
        assert_eq!(version(-40), "0.0");
        assert_eq!(version(-1), "0.39");
        assert_eq!(version(0), "1.0");
    }

    #[test]
    fn a_saturday_is_free_and_a_monday_is_not() {
        let today = 1_790_000_000 / DAY * DAY;
        let of = |start: i64| Then { start, today };
        // 2026-06-06 was a Saturday.
        let saturday = 1_780_704_000;
        assert!(of(saturday).is_over());
        assert!(of(saturday + 3_600).is_free());
        assert!(!of(saturday + 2 * DAY).is_free());
        let mut dice = Dice::of(7, &[]);
        let mut count = |focus| {
            let all = (0..200).filter(|_| rests(of(saturday), focus, &mut dice));
            all.count()
        };
        assert!((140..200).contains(&count(Focus::Mixed)));
        assert_eq!(count(Focus::IncidentFiring), 0);
    }
}
