//! The eight stages of the cycle, which are the columns of the board.

use serde::{Deserialize, Serialize};

/// A stage; the order is the order of the cycle.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Nobody has started.
    Plan,
    /// People hold it.
    Code,
    /// A build job holds it.
    Build,
    /// A test job holds it.
    Test,
    /// Merged, not yet released.
    Release,
    /// Released, not yet live.
    Deploy,
    /// Live and baking, or handled by people.
    Operate,
    /// Watched, or a signal fires.
    Monitor,
}

impl Stage {
    /// All stages in the order of the cycle.
    pub const ALL: [Self; 8] = [
        Self::Plan,
        Self::Code,
        Self::Build,
        Self::Test,
        Self::Release,
        Self::Deploy,
        Self::Operate,
        Self::Monitor,
    ];

    /// What others call some of them.
    pub const OTHER_WORDS: [(&'static str, Self); 3] = [
        ("create", Self::Code),
        ("verify", Self::Test),
        ("configure", Self::Deploy),
    ];

    /// Returns the position in the cycle, 0 to 7.
    pub fn index(self) -> usize {
        self as usize
    }

    /// Returns the word used in JSON, filters and configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Code => "code",
            Self::Build => "build",
            Self::Test => "test",
            Self::Release => "release",
            Self::Deploy => "deploy",
            Self::Operate => "operate",
            Self::Monitor => "monitor",
        }
    }

    /// Returns the default title of the column.
    pub fn title(self) -> &'static str {
        match self {
            Self::Plan => "Plan",
            Self::Code => "Code",
            Self::Build => "Build",
            Self::Test => "Test",
            Self::Release => "Release",
            Self::Deploy => "Deploy",
            Self::Operate => "Operate",
            Self::Monitor => "Monitor",
        }
    }

    /// Returns the stage that a word or one of its aliases names, in any case.
    pub fn parse(word: &str) -> Option<Self> {
        let names = |known: &str| known.eq_ignore_ascii_case(word);
        let other = Self::OTHER_WORDS.into_iter().find(|it| names(it.0));
        let stage = || Self::ALL.into_iter().find(|stage| names(stage.as_str()));
        other.map(|(_, stage)| stage).or_else(stage)
    }
}
