//! The repositories of the team: how each works, and what it always has on hand.
//!
//! A *focus* is a situation in which something of a repository dwells until its
//! successor is in the same situation, so that the board never lacks it.

/// The situation in which the changes of a lane dwell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Focus {
    /// An incident that nobody has taken.
    IncidentFiring,
    /// An incident that somebody handles.
    IncidentTaken,
    /// A ticket that nobody has sorted.
    Untriaged,
    /// A ticket with a milestone and nobody at work on it.
    Triaged,
    /// A ticket that is blocked.
    Blocked,
    /// A ticket at work, without a pull request.
    InProgress,
    /// A draft.
    Draft,
    /// A pull request that no workflow looks at.
    Unchecked,
    /// A red build.
    RedBuild,
    /// A run that needs somebody's consent: a fork.
    ActionRequired,
    /// A workflow that does not start.
    StartupFailure,
    /// Red tests.
    RedTest,
    /// Waits for a review.
    Review,
    /// A reviewer wants changes.
    ChangesRequested,
    /// Conflicts with its base.
    Conflict,
    /// Behind its base, which must not be.
    Behind,
    /// Approved, green and not merged.
    Mergeable,
    /// In the merge queue.
    Queue,
    /// Merged, and the build of the base branch is red.
    RedMainBuild,
    /// Merged, and the tests of the base branch are red.
    RedMainTest,
    /// Closed without merging, its ticket as not planned.
    Dropped,
    /// An update by a machine.
    Update,
    /// Nothing special: goes through.
    Mixed,
    /// A ticket of the backlog.
    Backlog,
    /// A red build, because a server that all repositories need did not answer.
    Outage,
    /// Red tests that pass when they are run again.
    Flaky,
    /// Red for what is wrong with the base branch.
    RedBase,
}

/// What a repository is written in, and so which tools build and test it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Lang {
    /// `cargo`.
    Rust,
    /// `tsc`, `jest`.
    Node,
    /// `docker build`, `pytest`.
    Python,
    /// `go build`, `go test`.
    Go,
    /// `make`, `gcc`, `ctest`.
    C,
    /// `terraform`, `docker build`.
    Terraform,
}

impl Lang {
    /// Returns its name as hosts write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "Rust",
            Self::Node => "TypeScript",
            Self::Python => "Python",
            Self::Go => "Go",
            Self::C => "C",
            Self::Terraform => "HCL",
        }
    }

    /// Returns the suffix of its files.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Rust => "rs",
            Self::Node => "ts",
            Self::Python => "py",
            Self::Go => "go",
            Self::C => "c",
            Self::Terraform => "tf",
        }
    }
}

/// The languages of the repositories in [`TEAM`], and of those beyond it in turn.
const LANGS: [Lang; 10] = [
    Lang::Rust,
    Lang::Node,
    Lang::Python,
    Lang::Go,
    Lang::C,
    Lang::Rust,
    Lang::Go,
    Lang::Python,
    Lang::Terraform,
    Lang::Node,
];

/// The situation in which the releases of a service dwell.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ride {
    /// Goes to production and is watched.
    Plain,
    /// Merged changes wait for a day before they are released.
    Unreleased,
    /// The release workflow fails.
    ReleaseFailed,
    /// A draft.
    Draft,
    /// A pre-release.
    Prerelease,
    /// In staging only.
    Staging,
    /// Waits at the gate of production.
    Gate,
    /// A slow deployment.
    Deploying,
    /// The deployment to production fails.
    DeployFailed,
    /// A canary that goes on by itself.
    Canary,
    /// A canary that waits for a person.
    CanaryPaused,
    /// A canary that went bad, and is taken back.
    CanaryDegraded,
}

/// A service of a repository.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// Where its releases dwell.
    pub ride: Ride,
    /// What leads its tags and environments, in a mono-repo: `search-`.
    pub prefix: String,
}

/// A stream of changes, one after another.
#[derive(Clone, Copy, Debug)]
pub struct Lane {
    /// Where they dwell.
    pub focus: Focus,
    /// Seconds between two of them.
    pub period: i64,
    /// Seconds by which the first is late.
    pub phase: i64,
}

/// What never changes of a repository.
#[derive(Clone, Debug)]
pub struct RepoSpec {
    /// Its index in the world.
    pub index: usize,
    /// Its number at the forge: another team has other repositories, whatever they are called.
    pub id: u64,
    /// Its owner.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub about: String,
    /// What it is written in.
    pub lang: Lang,
    /// Whether it has `develop` and release branches.
    pub git_flow: bool,
    /// How changes are merged: `SQUASH`, `MERGE` or `REBASE`.
    pub method: &'static str,
    /// Whether it has environments.
    pub deploys: bool,
    /// Its services; one, but for a mono-repo.
    pub services: Vec<Service>,
    /// Its streams of changes.
    pub lanes: Vec<Lane>,
}

impl RepoSpec {
    /// Returns `owner/name`.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// Returns the branch to which changes are merged.
    pub fn base_branch(&self) -> &'static str {
        if self.git_flow { "develop" } else { "main" }
    }

    /// Returns the environments with whether each is guarded.
    pub fn environments(&self) -> Vec<(String, bool)> {
        if !self.deploys {
            return Vec::new();
        }
        let of = |service: &Service| {
            [
                (format!("{}staging", service.prefix), false),
                (format!("{}production", service.prefix), true),
            ]
        };
        self.services.iter().flat_map(of).collect()
    }
}

/// The owner of all repositories.
pub const ORG: &str = "acme";

const DAY: i64 = 86_400;
/// Seconds between two changes of a lane.
const LANE: i64 = DAY * 5 / 4;

/// One row of the team's table: name, purpose, git-flow, merge method, lanes, ride.
type Row = (
    &'static str,
    &'static str,
    bool,
    &'static str,
    &'static [Focus],
    Ride,
);

const TEAM: &[Row] = &[
    (
        "api",
        "The public API",
        false,
        "SQUASH",
        &[Focus::RedTest, Focus::Review, Focus::IncidentFiring],
        Ride::Canary,
    ),
    (
        "web",
        "The shop as customers see it",
        false,
        "MERGE",
        &[Focus::Draft, Focus::ChangesRequested, Focus::RedBuild],
        Ride::CanaryPaused,
    ),
    (
        "payments",
        "Takes money, gives receipts",
        true,
        "MERGE",
        &[
            Focus::Review,
            Focus::Blocked,
            Focus::Conflict,
            Focus::IncidentTaken,
        ],
        Ride::Gate,
    ),
    (
        "auth",
        "Accounts, sessions and keys",
        false,
        "SQUASH",
        &[Focus::RedMainTest, Focus::Mergeable],
        Ride::DeployFailed,
    ),
    (
        "ledger",
        "Books every movement twice",
        true,
        "SQUASH",
        &[Focus::InProgress, Focus::Behind],
        Ride::Unreleased,
    ),
    (
        "platform",
        "Search, billing and notifications in one tree",
        false,
        "SQUASH",
        &[Focus::Queue, Focus::Review, Focus::Untriaged, Focus::Mixed],
        Ride::Plain,
    ),
    (
        "gateway",
        "What phones talk to",
        false,
        "REBASE",
        &[Focus::ActionRequired, Focus::StartupFailure],
        Ride::ReleaseFailed,
    ),
    (
        "reports",
        "Numbers for those who ask",
        false,
        "SQUASH",
        &[Focus::Triaged, Focus::Unchecked],
        Ride::CanaryDegraded,
    ),
    (
        "infra",
        "Machines, networks and their names",
        false,
        "MERGE",
        &[Focus::RedMainBuild, Focus::Draft],
        Ride::Staging,
    ),
    (
        "docs",
        "What we tell the world",
        false,
        "SQUASH",
        &[Focus::Dropped, Focus::Update],
        Ride::Deploying,
    ),
];

const RIDES: &[Ride] = &[
    Ride::Plain,
    Ride::Canary,
    Ride::Gate,
    Ride::Draft,
    Ride::Plain,
    Ride::Staging,
    Ride::Prerelease,
    Ride::Plain,
    Ride::DeployFailed,
    Ride::CanaryPaused,
];

const FOCI: &[Focus] = &[
    Focus::Review,
    Focus::Draft,
    Focus::RedTest,
    Focus::InProgress,
    Focus::ChangesRequested,
    Focus::Mergeable,
    Focus::RedBuild,
    Focus::Conflict,
];

/// Returns the repository with this index in a team of `repos` with `cards` cards in all.
pub(super) fn spec(index: usize, repos: usize, cards: usize) -> RepoSpec {
    let share = cards / repos.max(1);
    let mut spec = TEAM
        .get(index)
        .map_or_else(|| further(index), |row| listed(index, row));
    // Merged changes stay in sight for nine days: a lane has about eight, a busy one more.
    let fixed = spec.lanes.len() * 8;
    let pace = i64::try_from(share.max(1)).unwrap_or(1);
    let period = (40 * DAY / pace).clamp(DAY / 8, 2 * DAY);
    spec.lanes.push(Lane {
        focus: Focus::Mixed,
        period,
        phase: 3_600,
    });
    let seen = fixed + usize::try_from(9 * DAY / period).unwrap_or(0);
    let backlog = i64::try_from(share.saturating_sub(seen).max(3)).unwrap_or(3);
    spec.lanes.push(Lane {
        focus: Focus::Backlog,
        period: BACKLOG / backlog,
        phase: 0,
    });
    let sick = |focus: Focus| Lane {
        focus,
        period: LANE,
        phase: phase(&spec, focus),
    };
    let sick: Vec<Lane> = SICK
        .iter()
        .filter(|(repo, _)| *repo == index)
        .map(|(_, focus)| sick(*focus))
        .collect();
    spec.lanes.extend(sick);
    spec
}

/// What besides is always red in the team, and why: the repository, then the situation.
const SICK: &[(usize, Focus)] = &[
    (1, Focus::Outage),
    (2, Focus::Outage),
    (3, Focus::RedBase),
    (4, Focus::Outage),
    (5, Focus::Outage),
    (6, Focus::Flaky),
    (7, Focus::Flaky),
    (8, Focus::RedBase),
    (9, Focus::Outage),
];

/// Returns by how much the first change of a sick lane is late.
fn phase(spec: &RepoSpec, focus: Focus) -> i64 {
    if focus == Focus::RedBase {
        // After the base branch broke: the lane that breaks it has the same period.
        let breaks = |lane: &&Lane| matches!(lane.focus, Focus::RedMainTest | Focus::RedMainBuild);
        let base = spec.lanes.iter().find(breaks).map_or(0, |lane| lane.phase);
        return base + 7 * 3_600;
    }
    // An outage hits all repositories on the same day.
    5 * 3_600 + i64::try_from(spec.index).unwrap_or(0) * 240
}

fn lang(index: usize) -> Lang {
    LANGS
        .get(index % LANGS.len())
        .copied()
        .unwrap_or(Lang::Rust)
}

/// For how long a ticket of the backlog stays open, in seconds.
pub(super) const BACKLOG: i64 = 60 * DAY;

fn lanes(index: usize, foci: &[Focus]) -> Vec<Lane> {
    let lane = |(slot, focus): (usize, &Focus)| Lane {
        focus: *focus,
        period: LANE,
        phase: i64::try_from((index * 5 + slot * 7) % 24).unwrap_or(0) * 3_600,
    };
    foci.iter().enumerate().map(lane).collect()
}

fn listed(index: usize, row: &Row) -> RepoSpec {
    let (name, about, git_flow, method, foci, ride) = *row;
    let service = |name: &str, ride, prefix: &str| Service {
        name: name.to_owned(),
        ride,
        prefix: prefix.to_owned(),
    };
    let services = if name == "platform" {
        vec![
            service("search", Ride::Plain, "search-"),
            service("billing", Ride::Draft, "billing-"),
            service("notify", Ride::Prerelease, "notify-"),
        ]
    } else {
        vec![service(name, ride, "")]
    };
    RepoSpec {
        index,
        id: 5_000 + index as u64,
        owner: ORG.to_owned(),
        name: name.to_owned(),
        about: about.to_owned(),
        lang: lang(index),
        git_flow,
        method,
        deploys: true,
        services,
        lanes: lanes(index, foci),
    }
}

fn further(index: usize) -> RepoSpec {
    let name = format!("svc-{index:03}");
    let at = |step: usize| FOCI.get((index + step) % FOCI.len()).copied();
    let foci: Vec<Focus> = [at(0), at(3)].into_iter().flatten().collect();
    let ride = RIDES
        .get(index % RIDES.len())
        .copied()
        .unwrap_or(Ride::Plain);
    let methods = ["SQUASH", "MERGE", "REBASE"];
    RepoSpec {
        index,
        id: 5_000 + index as u64,
        owner: ORG.to_owned(),
        about: format!("Service {index} of many"),
        lang: lang(index),
        git_flow: index.is_multiple_of(6),
        method: methods.get(index % 3).copied().unwrap_or("SQUASH"),
        deploys: !index.is_multiple_of(7),
        services: vec![Service {
            name: name.clone(),
            ride,
            prefix: String::new(),
        }],
        name,
        lanes: lanes(index, &foci),
    }
}
