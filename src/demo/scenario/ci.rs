//! Plans of workflow runs: which jobs, when each starts and ends, and how.

use crate::demo::scenario::dice::Dice;

/// A workflow: its name and its file.
#[derive(Debug)]
pub struct Workflow {
    /// Its name.
    pub name: &'static str,
    /// Its file.
    pub path: &'static str,
}

/// All workflows; every repository has the same.
pub const WORKFLOWS: &[Workflow] = &[
    Workflow {
        name: "ci",
        path: ".github/workflows/ci.yml",
    },
    Workflow {
        name: "release",
        path: ".github/workflows/release.yml",
    },
    Workflow {
        name: "deploy",
        path: ".github/workflows/deploy.yml",
    },
    Workflow {
        name: "nightly",
        path: ".github/workflows/nightly.yml",
    },
];

pub(super) const CI: usize = 0;
pub(super) const RELEASE: usize = 1;
pub(super) const DEPLOY: usize = 2;
pub(super) const NIGHTLY: usize = 3;

/// How the jobs of an attempt go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// All pass.
    Green,
    /// The build fails.
    RedBuild,
    /// The integration tests fail.
    RedTest,
}

/// One job as planned, times on the simulated clock.
#[derive(Clone, Debug)]
pub(super) struct JobPlan {
    /// Its name.
    pub(super) name: &'static str,
    /// From when it is listed, queued.
    pub(super) listed: i64,
    /// From when it runs.
    pub(super) start: i64,
    /// When it ends.
    pub(super) end: i64,
    /// How it ends.
    pub(super) result: &'static str,
    /// Whether it waits at a gate, not for a runner, before it starts.
    pub(super) gated: bool,
    /// Its steps.
    pub(super) steps: &'static [&'static str],
}

/// One attempt of a run.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// When it was asked for.
    pub(super) at: i64,
    /// Its jobs.
    pub(super) jobs: Vec<JobPlan>,
}

impl Attempt {
    /// Returns when its last job ends.
    pub(super) fn end(&self) -> i64 {
        self.jobs.iter().map(|job| job.end).max().unwrap_or(self.at)
    }
}

/// A whole run as planned.
#[derive(Clone, Debug)]
pub(super) struct RunPlan {
    /// The number that it shares with its change or release, for its identity.
    pub(super) number: u64,
    /// What it is among the runs of that number, below 32.
    pub(super) slot: u64,
    /// The workflow.
    pub(super) workflow: usize,
    /// What started it.
    pub(super) event: &'static str,
    /// The branch or tag.
    pub(super) branch: String,
    /// The commit.
    pub(super) sha: String,
    /// The pull request.
    pub(super) pull: Option<u64>,
    /// Its title.
    pub(super) title: String,
    /// Who started it.
    pub(super) actor: usize,
    /// Its attempts.
    pub(super) attempts: Vec<Attempt>,
    /// While it stands still instead: until when, and its conclusion meanwhile.
    pub(super) held: Option<(i64, &'static str)>,
    /// When a newer run takes its place.
    pub(super) cancelled: Option<i64>,
    /// The environment of its gated job.
    pub(super) environment: Option<String>,
}

impl RunPlan {
    /// Returns when its last attempt ends.
    pub(super) fn end(&self) -> i64 {
        let end = self.attempts.last().map_or(0, Attempt::end);
        self.cancelled.map_or(end, |at| at.min(end))
    }
}

const SETUP: &str = "Set up job";
const CHECKOUT: &str = "Run actions/checkout@v4";
const COMPLETE: &str = "Complete job";
const BUILD_STEPS: &[&str] = &[SETUP, CHECKOUT, "Install Rust", "cargo build", COMPLETE];
const LINT_STEPS: &[&str] = &[SETUP, CHECKOUT, "cargo fmt", "cargo clippy", COMPLETE];
const UNIT_STEPS: &[&str] = &[SETUP, CHECKOUT, "Install Rust", "cargo test", COMPLETE];
const INTEGRATION_STEPS: &[&str] = &[SETUP, CHECKOUT, "Start services", "cargo test", COMPLETE];
const RELEASE_STEPS: &[&str] = &[SETUP, CHECKOUT, "Build artifacts", "Publish", COMPLETE];
const DEPLOY_STEPS: &[&str] = &[
    SETUP,
    CHECKOUT,
    "Authenticate",
    "Deploy",
    "Smoke test",
    COMPLETE,
];

/// Plans one attempt of the `ci` workflow.
pub(super) fn checks(dice: &mut Dice, at: i64, course: Course) -> Attempt {
    let build_start = at + dice.minutes(0, 1) + 8;
    let build_end = build_start + dice.minutes(2, 5);
    let red_build = course == Course::RedBuild;
    let mut jobs = vec![
        job("build", at, build_start, build_end, !red_build, BUILD_STEPS),
        job(
            "lint",
            at,
            build_start + 4,
            build_start + dice.minutes(1, 2),
            true,
            LINT_STEPS,
        ),
    ];
    if !red_build {
        let listed = build_end;
        let start = build_end + dice.minutes(0, 2) + 5;
        let unit_end = start + dice.minutes(2, 6);
        let end = start + dice.minutes(5, 12);
        let green = course == Course::Green;
        jobs.push(job("unit", listed, start, unit_end, true, UNIT_STEPS));
        jobs.push(job(
            "integration",
            listed,
            start + 7,
            end,
            green,
            INTEGRATION_STEPS,
        ));
    }
    Attempt { at, jobs }
}

fn job(
    name: &'static str,
    listed: i64,
    start: i64,
    end: i64,
    passes: bool,
    steps: &'static [&'static str],
) -> JobPlan {
    JobPlan {
        name,
        listed,
        start,
        end,
        result: if passes { "success" } else { "failure" },
        gated: false,
        steps,
    }
}

/// Plans one attempt of the `release` workflow.
pub(super) fn publish(dice: &mut Dice, at: i64, passes: bool) -> Attempt {
    let start = at + 12;
    let end = start + dice.minutes(4, 8);
    Attempt {
        at,
        jobs: vec![job("release", at, start, end, passes, RELEASE_STEPS)],
    }
}

/// Plans one attempt of the `nightly` workflow.
pub(super) fn nightly(dice: &mut Dice, at: i64, passes: bool) -> Attempt {
    let end = at + dice.minutes(20, 45);
    Attempt {
        at,
        jobs: vec![job("e2e", at, at + 20, end, passes, INTEGRATION_STEPS)],
    }
}

/// Plans a deployment's job.
pub(super) fn deploy(
    name: &'static str,
    listed: i64,
    start: i64,
    end: i64,
    passes: bool,
) -> JobPlan {
    job(name, listed, start, end, passes, DEPLOY_STEPS)
}
