//! What a card is doing in its stage, and how urgent that is.

use serde::{Deserialize, Serialize};

/// The status of a card within its stage.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Written down, not looked at.
    Backlog,
    /// May be started.
    Ready,
    /// Cannot go on.
    Blocked,
    /// Somebody works on it.
    Drafting,
    /// Waits for, or is in, review.
    Review,
    /// A reviewer wants changes.
    ChangesRequested,
    /// May be merged.
    Mergeable,
    /// Waits for its turn.
    Queued,
    /// At work.
    Running,
    /// Went wrong.
    Failed,
    /// Waits for a person at a gate.
    Waiting,
    /// Went wrong and then right on the same commit.
    Flaky,
    /// Merged and in no release.
    Unreleased,
    /// In a pre-release.
    Candidate,
    /// In a drafted release.
    Draft,
    /// Live in part: some services or environments, not all.
    Partial,
    /// Live.
    Live,
    /// Live and not well.
    Degraded,
    /// Taken back.
    RolledBack,
    /// People handle a problem.
    Incident,
    /// Live and watched.
    Watched,
    /// A signal fires and nobody has it.
    Firing,
    /// A signal fires and somebody has it.
    Acknowledged,
    /// A signal is silenced on purpose.
    Silenced,
    /// A signal is held back while another one fires.
    Inhibited,
    /// A security finding is open.
    Finding,
    /// What it does is not known.
    Unknown,
}

/// How much a status asks for a person, least first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// Nothing to do.
    Calm,
    /// Waits for its turn.
    Idle,
    /// Moves by itself.
    Active,
    /// Cannot be told: the data is missing or has a word that we do not know.
    Unknown,
    /// Waits for a person.
    Waiting,
    /// Cannot go on.
    Blocked,
    /// Red.
    Failed,
}

impl Status {
    /// All statuses.
    pub const ALL: [Self; 27] = [
        Self::Backlog,
        Self::Ready,
        Self::Blocked,
        Self::Drafting,
        Self::Review,
        Self::ChangesRequested,
        Self::Mergeable,
        Self::Queued,
        Self::Running,
        Self::Failed,
        Self::Waiting,
        Self::Flaky,
        Self::Unreleased,
        Self::Candidate,
        Self::Draft,
        Self::Partial,
        Self::Live,
        Self::Degraded,
        Self::RolledBack,
        Self::Incident,
        Self::Watched,
        Self::Firing,
        Self::Acknowledged,
        Self::Silenced,
        Self::Inhibited,
        Self::Finding,
        Self::Unknown,
    ];

    /// Returns the word used in JSON, filters and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Backlog => "backlog",
            Self::Ready => "ready",
            Self::Blocked => "blocked",
            Self::Drafting => "drafting",
            Self::Review => "review",
            Self::ChangesRequested => "changes_requested",
            Self::Mergeable => "mergeable",
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Failed => "failed",
            Self::Waiting => "waiting",
            Self::Flaky => "flaky",
            Self::Unreleased => "unreleased",
            Self::Candidate => "candidate",
            Self::Draft => "draft",
            Self::Partial => "partial",
            Self::Live => "live",
            Self::Degraded => "degraded",
            Self::RolledBack => "rolled_back",
            Self::Incident => "incident",
            Self::Watched => "watched",
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Silenced => "silenced",
            Self::Inhibited => "inhibited",
            Self::Finding => "finding",
            Self::Unknown => "unknown",
        }
    }

    /// Returns the words shown on a card, at most 12 columns wide.
    pub fn label(self) -> &'static str {
        if self == Self::ChangesRequested {
            "changes"
        } else if self == Self::RolledBack {
            "rolled back"
        } else if self == Self::Acknowledged {
            "ack"
        } else {
            self.as_str()
        }
    }

    /// Returns the status that a word names, in any case; `-`, `_` and a space are the same, and
    /// what a card shows is understood, too.
    pub fn parse(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase().replace(['-', ' '], "_");
        let is_meant = |status: &Self| {
            let label = status.label();
            status.as_str() == word || (!label.contains(' ') && label == word)
        };
        Self::ALL.into_iter().find(is_meant)
    }

    /// Returns how much this status asks for a person.
    pub fn severity(self) -> Severity {
        match self {
            Self::Live | Self::Watched | Self::Silenced | Self::Inhibited | Self::Mergeable => {
                Severity::Calm
            }
            Self::Backlog | Self::Ready | Self::Queued | Self::Unreleased | Self::Partial => {
                Severity::Idle
            }
            Self::Drafting | Self::Running | Self::Candidate => Severity::Active,
            Self::Unknown => Severity::Unknown,
            Self::Review | Self::Waiting | Self::Draft | Self::Acknowledged | Self::Finding => {
                Severity::Waiting
            }
            Self::Blocked | Self::ChangesRequested | Self::Flaky => Severity::Blocked,
            Self::Failed | Self::Degraded | Self::RolledBack | Self::Incident | Self::Firing => {
                Severity::Failed
            }
        }
    }

    /// Returns whether a card of this status is red.
    pub fn is_red(self) -> bool {
        self.severity() == Severity::Failed
    }
}
