//! The ride of one release, from its cut to production: a pure function of what was merged.

use crate::demo::scenario::ci::{self, Attempt, DEPLOY, RELEASE, RunPlan};
use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::past;
use crate::demo::scenario::people::HUMANS;
use crate::demo::scenario::team::{RepoSpec, Ride};

/// Seconds between two releases of a service.
pub(super) const PERIOD: i64 = 86_400;
/// How long the way to the place where a release dwells can take at most.
pub(super) const LEAD: i64 = 4 * 3_600;

/// The run that waits at the gate of production, among those of its train.
pub(super) const GATED: u64 = 18;
/// The deployment behind that gate, among those of its train.
pub(super) const GATED_DEPLOYMENT: u64 = 1;

/// A deployment as planned, times on the simulated clock.
#[derive(Clone, Debug)]
pub(super) struct DeployPlan {
    /// What it is among those of its train, below 16.
    pub(super) slot: u64,
    /// Where it goes.
    pub(super) environment: String,
    /// Whether that is production.
    pub(super) production: bool,
    /// When it is asked for.
    pub(super) created: i64,
    /// Its states after that, in REST's words.
    pub(super) states: Vec<(i64, &'static str, String)>,
    /// Its roll-out: when, phase, percent, step of four.
    pub(super) rollout: Vec<(i64, &'static str, u8, u8)>,
    /// Whether it puts back what was there before.
    pub(super) back: bool,
    /// What goes there, where that is neither the train's version nor the one before.
    pub(super) sha: Option<String>,
}

/// A release as planned.
#[derive(Clone, Debug)]
pub(super) struct Train {
    /// Its index, from the beginning of time.
    pub(super) index: i64,
    /// Index of its service.
    pub(super) service: usize,
    /// Its tag.
    pub(super) tag: String,
    /// When it was cut.
    pub(super) cut: i64,
    /// The last merged commit in it.
    pub(super) sha: String,
    /// The commit that its tag names once it is out.
    pub(super) tagged: String,
    /// Who does it.
    pub(super) captain: usize,
    /// When there is a draft.
    pub(super) drafted: i64,
    /// When there is a pre-release.
    pub(super) candidate: Option<i64>,
    /// When it is published for all.
    pub(super) published: i64,
    /// Its deployments.
    pub(super) deployments: Vec<DeployPlan>,
    /// Its runs.
    pub(super) runs: Vec<RunPlan>,
    /// The number that its runs share.
    pub(super) number: u64,
}

/// Returns when the train with this index is cut.
pub(super) fn cut(epoch: i64, spec: &RepoSpec, service: usize, index: i64) -> i64 {
    let late = (spec.index * 7 + service * 5 + 3) % 24;
    epoch + index * PERIOD + i64::try_from(late).unwrap_or(0) * 3_600
}

/// Returns how old a merge must be to be taken along.
pub(super) fn lag(ride: Ride) -> i64 {
    if ride == Ride::Unreleased {
        2 * PERIOD
    } else {
        0
    }
}

struct Way {
    at: i64,
    end_of_dwell: i64,
    ride: Ride,
    dice: Dice,
}

impl Way {
    fn pass(&mut self, place: Ride, from: i64, to: i64) {
        if self.ride == place {
            self.at = self.at.max(self.end_of_dwell);
        } else {
            self.at += self.dice.minutes(from, to);
        }
    }
}

/// What a train starts with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Start<'a> {
    /// Its index, from the beginning of time.
    pub(super) index: i64,
    /// When it is cut.
    pub(super) cut: i64,
    /// Until when it dwells in the place of its service: the next one has come there.
    pub(super) dwell: i64,
    /// The last merged commit in it.
    pub(super) sha: &'a str,
}

/// Plans a train.
pub(super) fn plan(seed: u64, spec: &RepoSpec, service: usize, start: Start<'_>) -> Option<Train> {
    let Start {
        index,
        cut,
        dwell,
        sha,
    } = start;
    let of = spec.services.get(service)?;
    let parts = [
        u64::try_from(spec.index).ok()?,
        1_000 + u64::try_from(service).ok()?,
    ];
    let mut dice = Dice::of(seed, &[parts[0], parts[1], index.cast_unsigned()]);
    let tagged = if spec.git_flow {
        dice.sha()
    } else {
        sha.to_owned()
    };
    let captain = dice.below(HUMANS);
    let mut way = Way {
        at: cut + 60,
        end_of_dwell: dwell,
        ride: of.ride,
        dice,
    };
    let number = u64::try_from(12_000 + index * 4 + i64::try_from(service).ok()?).ok()?;
    let mut train = Train {
        index,
        service,
        tag: format!("{}v{}.0", of.prefix, past::version(index)),
        cut,
        sha: sha.to_owned(),
        tagged,
        captain,
        drafted: 0,
        candidate: None,
        published: 0,
        deployments: Vec::new(),
        runs: Vec::new(),
        number,
    };
    release(&mut way, spec, &mut train);
    if spec.deploys {
        ship(&mut way, &of.prefix, &mut train);
    }
    Some(train)
}

fn run(train: &Train, slot: u64, workflow: usize, attempts: Vec<Attempt>) -> RunPlan {
    let branch = train.tag.clone();
    let verb = if workflow == RELEASE {
        "Release"
    } else {
        "Deploy"
    };
    RunPlan {
        number: train.number,
        slot,
        workflow,
        event: if workflow == RELEASE {
            "push"
        } else {
            "release"
        },
        title: format!("{verb} {branch}"),
        branch,
        sha: train.tagged.clone(),
        pull: None,
        actor: train.captain,
        attempts,
        held: None,
        environment: None,
    }
}

fn release(way: &mut Way, spec: &RepoSpec, train: &mut Train) {
    let fails = way.ride == Ride::ReleaseFailed;
    let mut attempts = vec![ci::publish(&mut way.dice, way.at, !fails)];
    if fails {
        way.at = way.end_of_dwell;
        attempts.push(ci::publish(&mut way.dice, way.at, true));
    }
    let mut run = run(train, 16, RELEASE, attempts);
    if spec.git_flow {
        // The release branch is built and published; `main` gets it with the tag.
        run.branch = branch(train);
        run.sha.clone_from(&train.sha);
    }
    way.at = run.end();
    train.runs.push(run);
    train.drafted = way.at;
    way.pass(Ride::Draft, 3, 9);
    if way.ride == Ride::Prerelease {
        train.candidate = Some(way.at);
        way.at = way.end_of_dwell;
    }
    train.published = way.at;
}

/// Returns the release branch of a train.
pub(super) fn branch(train: &Train) -> String {
    format!("release/{}", past::version(train.index))
}

fn ship(way: &mut Way, prefix: &str, train: &mut Train) {
    let begin = way.at + 15;
    let end = begin + way.dice.minutes(3, 7);
    train.deployments.push(DeployPlan {
        slot: 0,
        environment: format!("{prefix}staging"),
        production: false,
        created: begin,
        states: vec![
            (begin + 20, "in_progress", "Deploying".to_owned()),
            (end, "success", "Deployed".to_owned()),
        ],
        rollout: Vec::new(),
        back: false,
        sha: None,
    });
    let staging = ci::deploy("deploy-staging", way.at, begin, end, true);
    way.at = end;
    if way.ride == Ride::Staging {
        // Production is another run, when somebody asks for it.
        train.runs.push(run(
            train,
            17,
            DEPLOY,
            vec![Attempt::new(begin - 15, vec![staging])],
        ));
        way.at = way.end_of_dwell;
        produce(way, prefix, train, None);
    } else {
        produce(way, prefix, train, Some(staging));
    }
}

/// Production: the gate, the deployment, and what becomes of it.
fn produce(way: &mut Way, prefix: &str, train: &mut Train, before: Option<ci::JobPlan>) {
    let environment = format!("{prefix}production");
    let fails = way.ride == Ride::DeployFailed;
    if fails {
        // At a fixed hour, so that the second try of the train before is under way, not over.
        way.at = way.at.max(train.cut + LEAD - 62 * 60);
    }
    let created = way.at + 2;
    if fails {
        way.at += 120;
    } else {
        way.pass(Ride::Gate, 5, 25);
    }
    let approved = way.at;
    let start = approved + 15;
    let mut deployment = DeployPlan {
        slot: GATED_DEPLOYMENT,
        environment: environment.clone(),
        production: true,
        created,
        states: vec![
            (created, "waiting", "Waits for approval".to_owned()),
            (approved, "queued", "Approved".to_owned()),
            (start, "in_progress", "Deploying".to_owned()),
        ],
        rollout: Vec::new(),
        back: false,
        sha: None,
    };
    way.at = start;
    way.pass(Ride::Deploying, 4, 9);
    let end = way.at;
    if fails {
        deployment.states.push((
            end,
            "failure",
            "Health check failed after 3 tries".to_owned(),
        ));
    } else {
        roll_out(way, &mut deployment);
    }
    let mut job = ci::deploy("deploy-production", created, start, way.at, !fails);
    job.gated = true;
    let at = before.as_ref().map_or(created - 5, |job| job.listed);
    let jobs = before.into_iter().chain([job]).collect();
    let mut attempts = vec![Attempt::new(at, jobs)];
    train.deployments.push(deployment);
    if fails {
        let end = way.end_of_dwell;
        let again = end - 65 * 60;
        let job = ci::deploy("deploy-production", again, again + 12, end, true);
        attempts.push(Attempt::new(again, vec![job]));
        train
            .deployments
            .push(again_to(2, &environment, again, end, false));
    }
    if way.ride == Ride::CanaryDegraded {
        let back = train
            .deployments
            .last()
            .and_then(|last| last.states.last())
            .map_or(0, |s| s.0);
        train
            .deployments
            .push(again_to(3, &environment, back - 120, back, true));
    }
    let mut run = run(train, GATED, DEPLOY, attempts);
    run.environment = Some(environment);
    train.runs.push(run);
}

pub(super) fn again_to(slot: u64, environment: &str, at: i64, end: i64, back: bool) -> DeployPlan {
    let done = if back { "Rolled back" } else { "Deployed" };
    DeployPlan {
        slot,
        environment: environment.to_owned(),
        production: true,
        created: at,
        states: vec![
            (at + 12, "in_progress", "Deploying".to_owned()),
            (end, "success", done.to_owned()),
        ],
        rollout: Vec::new(),
        back,
        sha: None,
    }
}

/// The steps in which users get it, where it goes in steps.
fn roll_out(way: &mut Way, deployment: &mut DeployPlan) {
    let begin = way.at;
    let mut step = |at: i64, phase: &'static str, percent: u8, step: u8| {
        deployment.rollout.push((at, phase, percent, step));
    };
    match way.ride {
        Ride::Canary => {
            let quarter = PERIOD / 4;
            step(begin, "progressing", 5, 1);
            step(begin + quarter, "progressing", 25, 2);
            step(begin + 2 * quarter, "progressing", 50, 3);
            step(begin + 3 * quarter, "progressing", 75, 4);
            way.at = way.end_of_dwell;
            step(way.at, "complete", 100, 4);
        }
        Ride::CanaryPaused => {
            step(begin, "progressing", 5, 1);
            step(begin + 600, "paused", 25, 2);
            way.at = way.end_of_dwell;
            step(way.at, "progressing", 50, 3);
            way.at += 1_200;
            step(way.at, "complete", 100, 4);
        }
        Ride::CanaryDegraded => {
            step(begin, "progressing", 5, 1);
            step(begin + 900, "degraded", 25, 2);
            way.at = way.end_of_dwell;
            step(way.at, "aborted", 0, 2);
            let why = "Too many errors at 25 %, taken back".to_owned();
            deployment.states.push((way.at, "error", why));
            return;
        }
        Ride::Plain
        | Ride::Unreleased
        | Ride::ReleaseFailed
        | Ride::Draft
        | Ride::Prerelease
        | Ride::Staging
        | Ride::Gate
        | Ride::Deploying
        | Ride::DeployFailed => {}
    }
    deployment
        .states
        .push((way.at, "success", "Live for everybody".to_owned()));
}
