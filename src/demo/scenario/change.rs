//! The life of one change, from ticket to merge: a pure function of seed, lane and index.

use crate::demo::scenario::ci::{self, Attempt, CI, Course, RunPlan};
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::past::{self, Then};
use crate::demo::scenario::people::{DEPENDABOT, HUMANS};
use crate::demo::scenario::plan::{Change, PullPlan, TicketPlan};
use crate::demo::scenario::state::Laws;
use crate::demo::scenario::team::{BACKLOG, Focus, Lane, Lang, RepoSpec};
use crate::demo::scenario::words;

/// How long the way to the place where a change dwells can take at most.
const LEAD: i64 = 9 * 3_600;
const QUEUE_SLOT: u64 = 8;
const POST_SLOT: u64 = 9;
const REVERT_SLOT: u64 = 10;
/// What sets the dice of moods apart.
const WHIM: u64 = 4;
/// How long after its beginning a change that breaks the base branch is taken back there.
const BROKEN: i64 = 27 * 3_600;

/// Returns for how long a change of this lane can matter, from its beginning on.
pub(super) fn span(lane: &Lane) -> i64 {
    if lane.focus == Focus::Backlog {
        BACKLOG
    } else {
        lane.period + 2 * LEAD
    }
}

/// Plans one change of a lane.
pub(super) fn plan(laws: Laws, spec: &RepoSpec, slot: usize, index: i64) -> Option<Change> {
    let lane = spec.lanes.get(slot)?;
    let slots = u64::try_from(spec.lanes.len()).ok()?;
    let slot = u64::try_from(slot).ok()?;
    // Below zero it wraps around, and stays in turn.
    let ordinal = index.cast_unsigned();
    let repo = u64::try_from(spec.index).ok()?;
    let then = Then {
        start: laws.epoch + index * lane.period + lane.phase,
        today: laws.today(),
    };
    let mut whim = Dice::of(laws.seed, &[repo, slot, ordinal, WHIM]);
    if past::rests(then, lane.focus, &mut whim) {
        return None;
    }
    let start = then.start;
    let mut dice = Dice::of(laws.seed, &[repo, slot, ordinal]);
    let author = if lane.focus == Focus::Update {
        DEPENDABOT
    } else {
        dice.below(HUMANS)
    };
    let title = words::title(&mut dice, lane.focus);
    let nth = u64::try_from(index - past::first(lane)).ok()?;
    let number = 2 * (nth * slots + slot) + 1;
    // In turn, so that every service of a mono-repo has changes all the time.
    let turn = i64::try_from(slot).ok()? + index;
    let services = i64::try_from(spec.services.len().max(1)).ok()?;
    let service = usize::try_from(turn.rem_euclid(services)).ok()?;
    let name = spec
        .services
        .get(service)
        .map_or("", |service| service.name.as_str());
    let mono = spec.services.len() > 1;
    let with_ticket = lane.focus != Focus::Update && lane.focus != Focus::ActionRequired;
    let mut life = Life {
        at: start,
        start,
        end_of_dwell: start + lane.period + LEAD,
        focus: lane.focus,
        lang: spec.lang,
        ordinal,
        base: spec.lanes.iter().find_map(|lane| breaks(lane.focus)),
        change: Change {
            focus: lane.focus,
            branch: words::branch(
                with_ticket.then_some(number),
                &title,
                lane.focus,
                number + 1,
            ),
            files: words::files(&mut dice, name, mono, spec.lang.suffix()),
            label: dice.pick(&["bug", "feature", "chore", "performance"]),
            reviewers: reviewers(&mut dice, author),
            title,
            service,
            author,
            ticket: None,
            pull: None,
            runs: Vec::new(),
        },
        dice,
    };
    life.live(spec, number, with_ticket);
    past::vary(then, &mut life.change, &mut whim);
    Some(life.change)
}

fn reviewers(dice: &mut Dice, author: usize) -> [usize; 2] {
    let first = (author + 1 + dice.below(HUMANS - 2)) % HUMANS;
    let second = (first + 1) % HUMANS;
    [
        first,
        if second == author {
            (second + 1) % HUMANS
        } else {
            second
        },
    ]
}

/// Returns the course of what is built on a base branch that such a change broke.
fn breaks(focus: Focus) -> Option<fn(u64) -> Course> {
    if focus == Focus::RedMainBuild {
        Some(Course::BaseBuild)
    } else if focus == Focus::RedMainTest {
        Some(Course::BaseTest)
    } else {
        None
    }
}

struct Life {
    at: i64,
    start: i64,
    lang: Lang,
    ordinal: u64,
    /// How what is built on a broken base branch goes.
    base: Option<fn(u64) -> Course>,
    end_of_dwell: i64,
    focus: Focus,
    dice: Dice,
    change: Change,
}

impl Life {
    /// Goes on by a short while, or to the end of the dwelling where this is the place.
    fn pass(&mut self, place: Focus, from: i64, to: i64) {
        if self.focus == place {
            self.at = self.at.max(self.end_of_dwell);
        } else {
            self.at += self.dice.minutes(from, to);
        }
    }

    fn is(&self, place: Focus) -> bool {
        self.focus == place
    }

    fn live(&mut self, spec: &RepoSpec, number: u64, with_ticket: bool) {
        if self.is(Focus::Backlog) {
            self.backlog(number);
        } else if self.is(Focus::IncidentFiring) || self.is(Focus::IncidentTaken) {
            self.incident(number);
        } else {
            self.develop(spec, number, with_ticket);
        }
    }

    fn backlog(&mut self, number: u64) {
        let triaged = self
            .dice
            .percent(60)
            .then(|| self.at + self.dice.minutes(60, 6000));
        let blocked = self
            .dice
            .percent(12)
            .then_some((self.at + 7000, self.at + BACKLOG));
        let reason = if self.dice.percent(70) {
            "not_planned"
        } else {
            "completed"
        };
        self.change.ticket = Some(TicketPlan {
            number,
            created: self.at,
            triaged,
            blocked,
            started: None,
            closed: Some((self.at + BACKLOG, reason)),
            incident: false,
            taken: None,
        });
    }

    fn incident(&mut self, number: u64) {
        let created = self.at;
        self.pass(Focus::IncidentFiring, 2, 9);
        let taken = self.at;
        self.pass(Focus::IncidentTaken, 60, 180);
        self.change.ticket = Some(TicketPlan {
            number,
            created,
            triaged: None,
            blocked: None,
            started: None,
            closed: Some((self.at, "completed")),
            incident: true,
            taken: Some(taken),
        });
    }

    fn ticket(&mut self, number: u64) -> TicketPlan {
        let created = self.at;
        self.pass(Focus::Untriaged, 6, 30);
        let triaged = self.at;
        self.pass(Focus::Triaged, 15, 60);
        let from = self.at;
        let blocked = self.is(Focus::Blocked).then(|| {
            self.pass(Focus::Blocked, 0, 1);
            (from, self.at)
        });
        let started = self.at;
        self.pass(Focus::InProgress, 20, 80);
        TicketPlan {
            number,
            created,
            triaged: Some(triaged),
            blocked,
            started: Some(started),
            closed: None,
            incident: false,
            taken: None,
        }
    }

    fn develop(&mut self, spec: &RepoSpec, number: u64, with_ticket: bool) {
        let mut ticket = with_ticket.then(|| self.ticket(number));
        let opened = self.at;
        let first = self.dice.sha();
        let mut pull = PullPlan {
            number: number + 1,
            opened,
            ready: opened,
            pushes: vec![(opened, first)],
            reviews: Vec::new(),
            second: None,
            review_required: !self.is(Focus::Unchecked),
            conflict: None,
            behind: None,
            queue: None,
            merged: None,
            dropped: None,
            landed: Vec::new(),
            method: spec.method,
            red_until: 0,
            reverted: None,
        };
        self.first_checks(&mut pull);
        if self.is(Focus::Draft) || self.is(Focus::Mixed) && self.dice.percent(40) {
            self.pass(Focus::Draft, 10, 50);
            pull.ready = self.at;
        }
        self.reviewed(&mut pull);
        if self.is(Focus::Dropped) {
            self.at = self.at.max(self.end_of_dwell);
            pull.dropped = Some(self.at);
            if let Some(ticket) = &mut ticket {
                ticket.closed = Some((self.at, "not_planned"));
            }
        } else {
            self.merged(spec, &mut pull);
            if let (Some(ticket), Some(merged)) = (&mut ticket, pull.merged) {
                ticket.closed = Some((merged + 2, "completed"));
            }
        }
        self.change.ticket = ticket;
        self.change.pull = Some(pull);
    }

    fn first_checks(&mut self, pull: &mut PullPlan) {
        if self.is(Focus::Unchecked) {
            self.at = self.at.max(self.end_of_dwell);
            return;
        }
        if self.is(Focus::ActionRequired) {
            return self.held(pull, "action_required");
        }
        if self.is(Focus::StartupFailure) {
            return self.held(pull, "startup_failure");
        }
        if self.is(Focus::Mixed) && self.dice.percent(15) {
            self.push_again(pull);
        }
        let course = self.first_course();
        self.check(pull, course);
        if matches!(course, Course::Flaky | Course::Outage) {
            self.again();
        } else if course != Course::Green {
            if self.is(Focus::Mixed) {
                self.at += self.dice.minutes(15, 50);
            } else {
                self.at = self.at.max(self.end_of_dwell);
            }
            self.push(pull);
            self.check(pull, Course::Green);
        }
    }

    /// A second push while the first one is checked: the newer run takes the place of the older.
    fn push_again(&mut self, pull: &mut PullPlan) {
        let mut run = self.run(pull, self.at + 4, Course::Green);
        self.at += self.dice.minutes(2, 4);
        if let Some(first) = run.attempts.last_mut() {
            first.cancelled = Some(self.at + 3);
        }
        self.change.runs.push(run);
        self.push(pull);
    }

    fn first_course(&mut self) -> Course {
        match (self.focus, self.ordinal % 8) {
            (Focus::RedBuild, _) | (Focus::Mixed, 5) => Course::RedBuild,
            (Focus::RedTest, _) | (Focus::Mixed, 3) => Course::RedTest,
            (Focus::Flaky, _) | (Focus::Mixed, 0 | 2 | 6) => Course::Flaky,
            (Focus::Outage, _) => Course::Outage,
            (Focus::RedBase, _) => self.base.map_or(Course::RedTest, |base| base(self.ordinal)),
            _ => Course::Green,
        }
    }

    /// Runs the last run again, on the same commit; all is well then.
    fn again(&mut self) {
        if self.is(Focus::Mixed) {
            self.at += self.dice.minutes(9, 30);
        } else {
            self.at = self.at.max(self.end_of_dwell);
        }
        let attempt = ci::checks(&mut self.dice, self.lang, self.at, Course::Green);
        self.at = attempt.end();
        if let Some(run) = self.change.runs.last_mut() {
            run.attempts.push(attempt);
        }
    }

    /// The run of the first push stands still until somebody does something about it.
    fn held(&mut self, pull: &mut PullPlan, conclusion: &'static str) {
        let until = self.at.max(self.end_of_dwell);
        let mut run = self.run(pull, self.at, Course::Green);
        let jobs = ci::checks(&mut self.dice, self.lang, until, Course::Green).jobs;
        run.attempts = vec![Attempt::new(self.at, jobs)];
        run.held = Some((until, conclusion));
        self.at = run.end();
        self.change.runs.push(run);
    }

    fn push(&mut self, pull: &mut PullPlan) {
        let sha = self.dice.sha();
        pull.pushes.push((self.at, sha));
    }

    fn run(&mut self, pull: &PullPlan, at: i64, course: Course) -> RunPlan {
        RunPlan {
            number: pull.number,
            slot: u64::try_from(pull.pushes.len()).unwrap_or(0) % QUEUE_SLOT,
            workflow: CI,
            event: "pull_request",
            branch: self.change.branch.clone(),
            sha: pull
                .pushes
                .last()
                .map_or_else(String::new, |(_, sha)| sha.clone()),
            pull: Some(pull.number),
            title: self.change.title.clone(),
            actor: self.change.author,
            attempts: vec![ci::checks(&mut self.dice, self.lang, at, course)],
            held: None,
            environment: None,
        }
    }

    fn check(&mut self, pull: &PullPlan, course: Course) {
        let run = self.run(pull, self.at + 4, course);
        self.at = run.end();
        self.change.runs.push(run);
    }

    fn reviewed(&mut self, pull: &mut PullPlan) {
        self.pass(Focus::Review, 10, 60);
        if self.is(Focus::Update) {
            self.at = self.at.max(self.end_of_dwell);
        }
        let grumbles = self.is(Focus::ChangesRequested) || self.dice.percent(20);
        if grumbles && pull.review_required {
            pull.reviews.push((self.at, false));
            self.pass(Focus::ChangesRequested, 15, 60);
            self.push(pull);
            self.check(pull, Course::Green);
            self.at += self.dice.minutes(8, 30);
        }
        if self.is(Focus::Conflict) {
            let from = self.at;
            self.pass(Focus::Conflict, 0, 1);
            pull.conflict = Some((from, self.at));
            self.push(pull);
            self.check(pull, Course::Green);
        }
        if pull.review_required && !self.is(Focus::Dropped) {
            pull.reviews.push((self.at, true));
        }
        if self.is(Focus::Behind) {
            let from = self.at;
            self.pass(Focus::Behind, 0, 1);
            pull.behind = Some((from, self.at));
            self.push(pull);
            self.check(pull, Course::Green);
        }
    }

    fn merged(&mut self, spec: &RepoSpec, pull: &mut PullPlan) {
        self.pass(Focus::Mergeable, 4, 20);
        if self.is(Focus::Queue) || spec.services.len() > 1 {
            let from = self.at;
            let mut run = self.run(pull, from + 3, Course::Green);
            run.slot = QUEUE_SLOT;
            run.event = "merge_group";
            run.sha = self.dice.sha();
            run.pull = None;
            run.branch = format!(
                "gh-readonly-queue/{}/pr-{}-{}",
                spec.base_branch(),
                pull.number,
                self.dice.sha()
            );
            self.at = run.end() + 10;
            self.pass(Focus::Queue, 0, 1);
            pull.queue = Some((from, self.at));
            self.change.runs.push(run);
        }
        pull.merged = Some(self.at);
        let commits = if pull.method == "REBASE" {
            pull.pushes.len()
        } else {
            1
        };
        pull.landed = (0..commits).map(|_| self.dice.sha()).collect();
        self.post_merge(spec, pull);
    }

    /// The checks of the base branch with the change in it.
    fn post_merge(&mut self, spec: &RepoSpec, pull: &mut PullPlan) {
        let course = breaks(self.focus).map_or(Course::Green, |base| base(pull.number));
        let mut run = self.run(pull, self.at + 5, course);
        run.slot = POST_SLOT;
        run.event = "push";
        run.pull = None;
        spec.base_branch().clone_into(&mut run.branch);
        run.sha = pull.landed.last().cloned().unwrap_or_default();
        run.title = format!("{} (#{})", self.change.title, pull.number);
        pull.red_until = run.end();
        if course != Course::Green {
            // It is taken back before the next one breaks the branch again, and stays red itself.
            let mut revert = run.clone();
            let at = (self.start + BROKEN).max(run.end() + 600);
            let sha = self.dice.sha();
            revert.slot = REVERT_SLOT;
            revert.sha.clone_from(&sha);
            revert.title = format!("Revert \"{}\"", run.title);
            revert.attempts = vec![ci::checks(&mut self.dice, self.lang, at + 5, Course::Green)];
            pull.reverted = Some((at, sha));
            pull.red_until = revert.end().max(self.end_of_dwell);
            self.change.runs.push(revert);
        }
        self.change.runs.push(run);
    }
}

/// Makes red what was built on a base branch while it was broken.
pub(super) fn spread(changes: &mut [Change]) {
    let broken: Vec<(i64, i64, Course)> = changes
        .iter()
        .filter_map(|change| {
            let pull = change.pull.as_ref()?;
            let (until, _) = pull.reverted.as_ref()?;
            let course = breaks(change.focus)?(pull.number);
            Some((pull.merged?, *until, course))
        })
        .collect();
    let pushes = changes
        .iter_mut()
        .filter(|change| breaks(change.focus).is_none())
        .flat_map(|change| &mut change.runs)
        .filter(|run| run.event == "push");
    for run in pushes {
        let Some(first) = run.attempts.first_mut() else {
            continue;
        };
        let at = first.at;
        let by = broken.iter().find(|(from, to, ..)| *from <= at && at < *to);
        if let Some((_, _, course)) = by {
            ci::redden(first, *course);
        }
    }
}
