//! How a team works: everything that placement may be told.
//!
//! Built by `config` from checked settings; the defaults here are the
//! product's defaults, and `config.example.toml` is tested to equal them.

use std::sync::Arc;

use chrono::TimeDelta;
use globset::GlobSet;
use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::domain::key::{ItemId, RepoKey, ServiceName};
use crate::domain::query::Query;
use crate::domain::roster::Roster;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;

/// How a team works.
#[derive(Clone, Debug)]
pub struct Policy {
    /// How long a change counts as baking after it went live.
    pub bake_window: TimeDelta,
    /// How long it is watched after that.
    pub watch_window: TimeDelta,
    /// Where review stands: `Code` or `Test`.
    pub review_stage: Stage,
    /// How branches are used, unless a repository says otherwise.
    pub branching: Branching,
    /// Repositories with another way of branching: pattern on `owner/name`, first match wins.
    pub branching_of: Vec<(GlobSet, Branching)>,
    /// Environments that count as production, by name, in any case.
    pub production: Regex,
    /// Labels (in any case) that mark a ticket as an incident.
    pub incident_labels: Vec<Clean>,
    /// Labels that mark a card as blocked.
    pub blocked_labels: Vec<Clean>,
    /// Words of a project status or label that mean "in progress".
    pub progress_words: Vec<Clean>,
    /// The services of mono-repos, in the order of the configuration.
    pub services: Vec<ServiceRule>,
    /// Phases of jobs, before the built-in words.
    pub phases: Vec<PhaseRule>,
    /// Overrides, first match wins.
    pub rules: Vec<OverrideRule>,
    /// Local pins of single cards.
    pub pins: Vec<(ItemId, Pin)>,
    /// Keys of trackers that may be named in titles and branches, e.g. `PROJ`.
    pub tracker_keys: Vec<Clean>,
    /// Logins that are machines, besides those that the host marks.
    pub bots: Vec<Clean>,
    /// Who is who, for overrides that name people.
    pub people: Arc<Roster>,
    /// How far back is looked to explain a failure.
    pub look_back: LookBack,
}

/// How far back is looked to explain a failure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LookBack {
    /// How many of the newest runs of a workflow tell since when something fails, and how often.
    pub runs: u32,
    /// How many earlier runs of a job tell its usual time.
    pub usual: u32,
}

impl Default for LookBack {
    fn default() -> Self {
        Self {
            runs: 50,
            usual: 20,
        }
    }
}

impl LookBack {
    /// Returns the number of runs, to count with.
    pub(in crate::domain) fn runs(self) -> usize {
        usize::try_from(self.runs).unwrap_or(usize::MAX)
    }

    /// Returns the number of earlier runs of a job, to count with.
    pub(in crate::domain) fn usual(self) -> usize {
        usize::try_from(self.usual).unwrap_or(usize::MAX)
    }
}

/// How branches are used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Branching {
    /// Found out from the branches that exist.
    Auto,
    /// Everything is merged to the default branch.
    Trunk,
    /// Changes go to `develop`, releases to `main` by way of `release/*`.
    GitFlow,
}

/// One service of a mono-repo.
#[derive(Clone, Debug)]
pub struct ServiceRule {
    /// Its name.
    pub name: ServiceName,
    /// The repositories it may be in, as patterns on `owner/name`; none means all.
    pub repos: Option<GlobSet>,
    /// Files that belong to it; none means all of the repository.
    pub paths: Option<GlobSet>,
    /// Names or files of its workflows.
    pub workflows: Option<GlobSet>,
    /// Its environments, with `{env}` taken out: `api-{env}` matches `api-production`.
    pub environment: Option<Regex>,
    /// Its tags, e.g. `api-v*`.
    pub tag: Option<GlobSet>,
}

/// The phase of jobs whose workflow or name matches.
#[derive(Clone, Debug)]
pub struct PhaseRule {
    /// Pattern on the workflow's name or file.
    pub workflow: Option<GlobSet>,
    /// Pattern on the job's name.
    pub job: Option<GlobSet>,
    /// The phase.
    pub phase: Phase,
}

/// What a job is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Phase {
    /// Makes something.
    Build,
    /// Judges something.
    Test,
    /// Publishes something.
    Release,
    /// Puts something where it runs.
    Deploy,
}

/// One `[[rule]]`: cards that match are moved.
#[derive(Clone, Debug)]
pub struct OverrideRule {
    /// What is shown as its name.
    pub name: Clean,
    /// Which cards.
    pub when: Query,
    /// The stage they get.
    pub stage: Option<Stage>,
    /// The status they get.
    pub status: Option<Status>,
}

/// A local pin of one card.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Pin {
    /// The stage it is held in.
    pub stage: Stage,
    /// The stage in which the table must place the card for the pin to hold: once the card moves at
    /// its source, what was decided about it is out of date. Without one the pin holds for good.
    ///
    /// A stage and not a moment: the clocks of sources are not ours.
    #[serde(default)]
    pub while_in: Option<Stage>,
}

impl Pin {
    /// Returns whether it holds for a card that the table places in `stage`.
    pub fn holds_in(&self, stage: Stage) -> bool {
        self.while_in.is_none_or(|held| held == stage)
    }
}

impl Default for Policy {
    fn default() -> Self {
        let words = |list: &[&str]| list.iter().map(|word| Clean::line(word)).collect();
        Self {
            bake_window: TimeDelta::hours(24),
            watch_window: TimeDelta::days(7),
            review_stage: Stage::Code,
            branching: Branching::Auto,
            branching_of: Vec::new(),
            production: production_pattern(),
            incident_labels: words(&["incident"]),
            blocked_labels: words(&["blocked", "needs-info", "on hold"]),
            progress_words: words(&["in progress", "in-progress", "doing", "started", "wip"]),
            services: Vec::new(),
            phases: Vec::new(),
            rules: Vec::new(),
            pins: Vec::new(),
            tracker_keys: Vec::new(),
            bots: words(&["dependabot", "renovate", "github-actions"]),
            people: Arc::default(),
            look_back: LookBack::default(),
        }
    }
}

/// The default pattern of production environments.
pub const PRODUCTION: &str = r"(?i)(^|[-_/ .])(prod|production|live)($|[-_/ .])";

/// Returns what names production in a gate, if that is behind it: the environment, or a word of the
/// name of the gate.
///
/// A question is a sentence: `Deploy to production?`.
pub fn production_word(production: &Regex, environment: Option<&str>, name: &str) -> Option<Clean> {
    if let Some(environment) = environment.filter(|name| production.is_match(name)) {
        return Some(Clean::line(environment));
    }
    let mut words = name.split_whitespace();
    let bare = |word: &str| Clean::line(word.trim_matches(|sign: char| !sign.is_alphanumeric()));
    words.find_map(|word| Some(bare(word)).filter(|word| production.is_match(word)))
}

fn production_pattern() -> Regex {
    #[expect(clippy::expect_used, reason = "a constant pattern, compiled by a test")]
    Regex::new(PRODUCTION).expect("the pattern is a constant")
}

impl Policy {
    /// Returns whether an environment of this name is production.
    pub fn is_production(&self, environment: &str) -> bool {
        self.production.is_match(environment)
    }

    /// Returns the way of branching that is configured for a repository.
    pub fn branching_for(&self, repo: &RepoKey) -> Branching {
        self.branching_of
            .iter()
            .find(|(repos, _)| repos.is_match(repo.path()))
            .map_or(self.branching, |(_, branching)| *branching)
    }
}
