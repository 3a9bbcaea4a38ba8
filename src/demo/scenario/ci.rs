//! Plans of workflow runs: which jobs, when each starts and ends, and how.

use crate::demo::scenario::dice::Dice;
use crate::demo::scenario::team::Lang;

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
    Workflow {
        name: "log lab",
        path: ".github/workflows/lab.yml",
    },
];

pub(super) const CI: usize = 0;
pub(super) const RELEASE: usize = 1;
pub(super) const DEPLOY: usize = 2;
pub(super) const NIGHTLY: usize = 3;
pub(super) const LAB: usize = 4;

/// Why a job fails, or what is odd about its log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Cause {
    /// It does not fail.
    None,
    /// The change is wrong.
    Own,
    /// The change with this number broke the base branch.
    Base(u64),
    /// A test that fails now and then.
    Flaky,
    /// The server of the packages does not answer.
    Registry,
    /// The kernel ended it: there was no memory left.
    Memory,
    /// A secret is not there.
    Secret,
    /// It belongs to the log lab.
    Odd,
}

impl Cause {
    /// Returns whether it is gone when the job is run again.
    pub(super) fn passes(self) -> bool {
        match self {
            Self::None | Self::Flaky | Self::Registry => true,
            Self::Own | Self::Base(_) | Self::Memory | Self::Secret | Self::Odd => false,
        }
    }
}

/// How the jobs of an attempt go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Course {
    /// All pass.
    Green,
    /// The build fails.
    RedBuild,
    /// The integration tests fail.
    RedTest,
    /// The build finds no packages.
    Outage,
    /// The integration tests fail this time.
    Flaky,
    /// The build fails for what is wrong with the base branch.
    BaseBuild(u64),
    /// The integration tests fail for what is wrong with the base branch.
    BaseTest(u64),
}

impl Course {
    /// Returns why the build fails, if it does.
    fn of_build(self) -> Cause {
        match self {
            Self::RedBuild => Cause::Own,
            Self::Outage => Cause::Registry,
            Self::BaseBuild(by) => Cause::Base(by),
            Self::Green | Self::RedTest | Self::Flaky | Self::BaseTest(_) => Cause::None,
        }
    }

    /// Returns why the tests fail, if they do.
    fn of_tests(self) -> Cause {
        match self {
            Self::RedTest => Cause::Own,
            Self::Flaky => Cause::Flaky,
            Self::BaseTest(by) => Cause::Base(by),
            Self::Green | Self::RedBuild | Self::Outage | Self::BaseBuild(_) => Cause::None,
        }
    }
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
    /// Why it fails.
    pub(super) cause: Cause,
}

impl JobPlan {
    /// Makes it fail.
    pub(super) fn fail(&mut self, cause: Cause) {
        self.cause = cause;
        self.result = if cause == Cause::None {
            "success"
        } else {
            "failure"
        };
    }

    /// Returns the index of the step that fails where the job does.
    pub(super) fn failing(&self) -> usize {
        let packages = self.steps.iter().position(|step| *step == PACKAGES);
        // The step before the last does the work; the others take a moment each.
        let work = self.steps.len().saturating_sub(2);
        packages
            .filter(|_| self.cause == Cause::Registry)
            .unwrap_or(work)
    }
}

/// One attempt of a run.
#[derive(Clone, Debug)]
pub(super) struct Attempt {
    /// When it was asked for.
    pub(super) at: i64,
    /// Its jobs.
    pub(super) jobs: Vec<JobPlan>,
    /// When it is broken off.
    pub(super) cancelled: Option<i64>,
    /// Who asked for it, where that is not who began the run.
    pub(super) by: Option<usize>,
}

impl Attempt {
    /// Returns an attempt that goes its way.
    pub(super) fn new(at: i64, jobs: Vec<JobPlan>) -> Self {
        Self {
            at,
            jobs,
            cancelled: None,
            by: None,
        }
    }

    /// Returns when its last job ends.
    pub(super) fn end(&self) -> i64 {
        let end = self.jobs.iter().map(|job| job.end).max().unwrap_or(self.at);
        self.cancelled.map_or(end, |at| at.min(end))
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
    /// The environment of its gated job.
    pub(super) environment: Option<String>,
}

impl RunPlan {
    /// Returns when its last attempt ends.
    pub(super) fn end(&self) -> i64 {
        self.attempts.last().map_or(0, Attempt::end)
    }
}

const SETUP: &str = "Set up job";
const CHECKOUT: &str = "Run actions/checkout@v4";
/// The step that asks the server of the packages; all repositories share it.
pub(super) const PACKAGES: &str = "Restore packages";
const COMPLETE: &str = "Complete job";
const RELEASE_STEPS: &[&str] = &[SETUP, CHECKOUT, "Build artifacts", "Publish", COMPLETE];
const DEPLOY_STEPS: &[&str] = &[
    SETUP,
    CHECKOUT,
    "Authenticate",
    "Deploy",
    "Smoke test",
    COMPLETE,
];
const LAB_STEPS: &[&str] = &[SETUP, CHECKOUT, "Run the lab", COMPLETE];

/// The jobs of the log lab: each has a log that is a trial for who reads it.
pub(super) const LAB_JOBS: [&str; 8] = [
    "soak", "empty", "cut", "binary", "escapes", "endless", "progress", "gone",
];

/// The steps of the jobs of one language.
struct Steps {
    build: &'static [&'static str],
    lint: &'static [&'static str],
    unit: &'static [&'static str],
    integration: &'static [&'static str],
}

macro_rules! steps {
    ($build:literal, $lint:literal, $test:literal, $whole:literal) => {
        Steps {
            build: &[SETUP, CHECKOUT, PACKAGES, $build, COMPLETE],
            lint: &[SETUP, CHECKOUT, $lint, COMPLETE],
            unit: &[SETUP, CHECKOUT, PACKAGES, $test, COMPLETE],
            integration: &[SETUP, CHECKOUT, "Start services", $whole, COMPLETE],
        }
    };
}

const fn steps(lang: Lang) -> &'static Steps {
    match lang {
        Lang::Rust => &steps!("cargo build", "cargo clippy", "cargo test", "cargo test"),
        Lang::Node => &steps!("npx tsc", "npx eslint", "npx jest", "npx jest"),
        Lang::Python => &steps!("docker build", "ruff check", "pytest", "pytest"),
        Lang::Go => &steps!("go build", "go vet", "go test", "go test"),
        Lang::C => &steps!("make", "clang-format", "ctest", "ctest"),
        Lang::Terraform => &steps!(
            "terraform plan",
            "terraform fmt",
            "terraform validate",
            "docker build"
        ),
    }
}

/// The names of the two unit-test jobs: a matrix.
const fn matrix(lang: Lang) -> [&'static str; 2] {
    match lang {
        Lang::Rust => ["test (linux, 1.95)", "test (macos, 1.95)"],
        Lang::Node => ["test (linux, 22)", "test (linux, 24)"],
        Lang::Python => ["test (linux, 3.13)", "test (linux, 3.14)"],
        Lang::Go => ["test (linux, 1.25)", "test (windows, 1.25)"],
        Lang::C => ["test (linux, gcc-15)", "test (linux, clang-21)"],
        Lang::Terraform => ["test (linux, 1.13)", "test (linux, 1.14)"],
    }
}

/// Plans one attempt of the `ci` workflow.
pub(super) fn checks(dice: &mut Dice, lang: Lang, at: i64, course: Course) -> Attempt {
    let build_start = at + dice.minutes(0, 1) + 8;
    let build_end = build_start + dice.minutes(2, 5);
    let of = steps(lang);
    let broken = course.of_build();
    let lint_end = build_start + dice.minutes(1, 2);
    let mut jobs = vec![
        job("build", at, (build_start, build_end), broken, of.build),
        job(
            "lint",
            at,
            (build_start + 4, lint_end),
            Cause::None,
            of.lint,
        ),
    ];
    if broken == Cause::None {
        let start = build_end + dice.minutes(0, 2) + 5;
        let unit_end = start + dice.minutes(2, 6);
        let end = start + dice.minutes(5, 12);
        for (late, name) in (0_i64..).zip(matrix(lang)) {
            let when = (start + late * 3, unit_end + late * 21);
            jobs.push(job(name, build_end, when, Cause::None, of.unit));
        }
        let when = (start + 7, end);
        let cause = course.of_tests();
        jobs.push(job("integration", build_end, when, cause, of.integration));
    }
    Attempt::new(at, jobs)
}

/// Makes an attempt go as badly as the base branch does.
pub(super) fn redden(attempt: &mut Attempt, course: Course) {
    let (build, tests) = (course.of_build(), course.of_tests());
    if build != Cause::None {
        attempt
            .jobs
            .retain(|job| job.name == "build" || job.name == "lint");
    }
    for job in &mut attempt.jobs {
        match job.name {
            "build" => job.fail(build),
            "integration" => job.fail(tests),
            _ => {}
        }
    }
}

fn job(
    name: &'static str,
    listed: i64,
    (start, end): (i64, i64),
    cause: Cause,
    steps: &'static [&'static str],
) -> JobPlan {
    let mut job = JobPlan {
        name,
        listed,
        start,
        end,
        result: "success",
        gated: false,
        steps,
        cause: Cause::None,
    };
    job.fail(cause);
    job
}

fn cause(passes: bool) -> Cause {
    if passes { Cause::None } else { Cause::Own }
}

/// Plans one attempt of the `release` workflow.
pub(super) fn publish(dice: &mut Dice, at: i64, passes: bool) -> Attempt {
    let start = at + 12;
    let end = start + dice.minutes(4, 8);
    let release = job("release", at, (start, end), cause(passes), RELEASE_STEPS);
    Attempt::new(at, vec![release])
}

/// Plans one attempt of the `nightly` workflow.
pub(super) fn nightly(dice: &mut Dice, lang: Lang, at: i64, cause: Cause) -> Attempt {
    let end = at + dice.minutes(20, 45);
    let when = (at + 20, end);
    Attempt::new(
        at,
        vec![job("e2e", at, when, cause, steps(lang).integration)],
    )
}

/// Plans one attempt of the `log lab` workflow.
pub(super) fn lab(at: i64) -> Attempt {
    let odd = |(nth, name): (i64, &'static str)| {
        let when = (at + 9 + nth, at + 240 + 60 * nth);
        job(name, at, when, Cause::Odd, LAB_STEPS)
    };
    Attempt::new(at, (0_i64..).zip(LAB_JOBS).map(odd).collect())
}

/// Plans a deployment's job.
pub(super) fn deploy(
    name: &'static str,
    listed: i64,
    start: i64,
    end: i64,
    passes: bool,
) -> JobPlan {
    job(name, listed, (start, end), cause(passes), DEPLOY_STEPS)
}
