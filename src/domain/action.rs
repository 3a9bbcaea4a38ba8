//! What can be done at a source: verbs, their target, and how far one got.
//!
//! Data only. The protocol (fresh read, confirm, journal, one request,
//! reconcile) is the engine's; the request is the adapter's.

use serde::{Deserialize, Serialize};

use crate::domain::Timestamp;
use crate::domain::key::{ItemId, Sha, SourceName, WebUrl};
use crate::domain::run::{Door, RunKey, RunState};
use crate::domain::text::Clean;

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Run the failed jobs of a run again.
    RerunFailed,
    /// Run all jobs of a run again.
    RerunAll,
    /// Run one job again, and those that depend on it.
    RerunJob,
    /// Stop a run.
    Cancel,
    /// Stop a run that does not stop.
    ForceCancel,
    /// Let a run through a gate: approve its deployment, start its manual job, answer with yes.
    Approve,
    /// Do not let a run through a gate.
    Reject,
}

/// A row of the table of verbs; what a deed has in common stands with [`Deed`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct About {
    /// Its name on the command line and in the journal.
    pub name: &'static str,
    /// What it does, as menus and questions say it; sources that lack the verb name it so.
    pub words: &'static str,
    /// Its letter in the menu.
    pub key: char,
    /// What it comes to.
    pub deed: Deed,
    /// What has to be pointed at.
    pub of: Of,
    /// The same in a word, for the card on which it is under way.
    pub short: &'static str,
    /// What may be done only once at a time: verbs of one claim exclude each other.
    pub claim: &'static str,
}

/// What verbs come to: one permission, one capability, one way to see that it was done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Deed {
    /// Something runs again.
    Rerun,
    /// A run is stopped.
    Cancel,
    /// A run goes on behind a gate.
    Approve,
    /// A run does not go on behind a gate.
    Reject,
}

/// What a verb is done to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Of {
    /// A run as a whole.
    Run,
    /// One job of it.
    Job,
    /// One gate at which it waits.
    Gate,
}

impl Verb {
    /// All of them, in the order of the menu.
    pub const ALL: [Self; 7] = [
        Self::RerunFailed,
        Self::RerunAll,
        Self::RerunJob,
        Self::Cancel,
        Self::ForceCancel,
        Self::Approve,
        Self::Reject,
    ];

    /// Returns its row of the table.
    pub const fn about(self) -> About {
        use {Deed as D, Of as O};
        const fn row(
            (name, key): (&'static str, char),
            words: &'static str,
            (deed, of): (Deed, Of),
            (short, claim): (&'static str, &'static str),
        ) -> About {
            About {
                name,
                words,
                key,
                deed,
                of,
                short,
                claim,
            }
        }
        let again = ("re-run", "rerun");
        match self {
            Self::RerunFailed => row(
                ("rerun-failed", 'f'),
                "re-run failed jobs",
                (D::Rerun, O::Run),
                again,
            ),
            Self::RerunAll => row(
                ("rerun-all", 'a'),
                "re-run all jobs",
                (D::Rerun, O::Run),
                again,
            ),
            Self::RerunJob => row(
                ("rerun-job", 'j'),
                "re-run this job",
                (D::Rerun, O::Job),
                again,
            ),
            Self::Cancel => row(
                ("cancel", 'x'),
                "cancel",
                (D::Cancel, O::Run),
                ("cancel", "cancel"),
            ),
            Self::ForceCancel => {
                let both = ("force-cancel", "force-cancel");
                row(
                    ("force-cancel", 'X'),
                    "force-cancel",
                    (D::Cancel, O::Run),
                    both,
                )
            }
            Self::Approve => row(
                ("approve", 'p'),
                "approve gate",
                (D::Approve, O::Gate),
                ("approve", "gate"),
            ),
            Self::Reject => row(
                ("reject", 'R'),
                "reject gate",
                (D::Reject, O::Gate),
                ("reject", "gate"),
            ),
        }
    }

    /// Returns the verb of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.about().name == name)
    }

    /// Returns what it does, as menus and questions say it.
    pub const fn words(self) -> &'static str {
        self.about().words
    }

    /// Returns what it comes to.
    pub const fn deed(self) -> Deed {
        self.about().deed
    }

    /// Returns what has to be pointed at.
    pub const fn of(self) -> Of {
        self.about().of
    }
}

impl Deed {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 4] = [Self::Rerun, Self::Cancel, Self::Approve, Self::Reject];

    /// Returns the word of `writes` in the configuration that allows it.
    pub const fn permission(self) -> &'static str {
        match self {
            Self::Rerun => "rerun",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }

    /// Returns its name among the capabilities of a source.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rerun => "re-run",
            Self::Cancel => "cancel",
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }

    /// Returns whether a capability of this name is a deed.
    pub fn is_named(name: &str) -> bool {
        Self::ALL.into_iter().any(|deed| deed.name() == name)
    }

    /// Returns what became of the run, once it was seen.
    pub const fn done(self) -> &'static str {
        match self {
            Self::Rerun => "runs again",
            Self::Cancel => "was stopped",
            Self::Approve => "goes on",
            Self::Reject => "does not go on",
        }
    }
}

/// What an action is done to.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Target {
    /// The source that the run is known from.
    pub source: SourceName,
    /// The run.
    pub run: RunKey,
    /// The job, for [`Verb::RerunJob`].
    pub job: Option<u64>,
    /// What opens the gate, for [`Verb::Approve`] and [`Verb::Reject`].
    #[serde(default)]
    pub gate: Option<Door>,
}

/// A target as the server described it just now; the action holds for this and nothing else.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Fresh {
    /// Name and number for people: `ci #812`.
    pub name: Clean,
    /// Name of the job, for [`Verb::RerunJob`].
    pub job: Option<Clean>,
    /// Which attempt is the newest.
    pub attempt: u32,
    /// The commit it ran for.
    pub head_sha: Option<Sha>,
    /// The branch it ran for.
    pub branch: Clean,
    /// What it does.
    pub state: RunState,
    /// The page for people.
    pub url: Option<WebUrl>,
    /// When this was read.
    pub read_at: Timestamp,
    /// The gate, for [`Verb::Approve`] and [`Verb::Reject`]; none where nothing waits there.
    #[serde(default)]
    pub gate: Option<OpenGate>,
    /// Why nothing of it is left that could be stopped, though it has not ended.
    #[serde(default)]
    pub at_rest: Option<Clean>,
}

/// A gate that waits, as the server described it just now.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct OpenGate {
    /// What opens it.
    pub door: Door,
    /// Its name there: the environment, the job, the question.
    pub name: Clean,
    /// The environment behind it, where that is known.
    pub environment: Option<Clean>,
    /// Why it cannot be answered from here, if so.
    pub hindrance: Option<Clean>,
    /// What a person has to type before it opens: production is behind it.
    pub typed: Option<Clean>,
}

/// One action, as views show it.
#[derive(Clone, PartialEq, Debug)]
pub struct ActionView {
    /// Its identity; the same in journal and audit.
    pub id: ActionId,
    /// What is done.
    pub verb: Verb,
    /// To what.
    pub target: Target,
    /// For which card it was asked.
    pub item: Option<ItemId>,
    /// How far it got.
    pub state: ActionState,
    /// When that was.
    pub at: Timestamp,
}

/// Identity of an action; 128 random bits in hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct ActionId(pub String);

/// How far an action got.
#[derive(Clone, PartialEq, Debug)]
pub enum ActionState {
    /// The target is read afresh.
    Reading,
    /// Waits for a person to confirm it, on these values.
    Ready(Fresh),
    /// Under way.
    Sending(Fresh),
    /// The server took it; what it does is not seen yet.
    Requested(Fresh),
    /// The server did it: seen by reading.
    Confirmed(Fresh),
    /// It was not sent: the sentence says why (not allowed, changed meanwhile, no journal).
    Stopped(Clean),
    /// The server said no, in its own words.
    Refused(Clean),
    /// Nobody knows whether it was done; it is found out by reading, never repeated.
    Unsure(Clean),
}

impl ActionState {
    /// Returns whether nothing more will happen to it.
    pub fn is_over(&self) -> bool {
        match self {
            Self::Confirmed(_) | Self::Stopped(_) | Self::Refused(_) => true,
            Self::Reading
            | Self::Ready(_)
            | Self::Sending(_)
            | Self::Requested(_)
            | Self::Unsure(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Deed, Verb};

    #[test]
    fn no_two_verbs_share_words_or_a_letter_of_the_menu() {
        let words: BTreeSet<_> = Verb::ALL.map(Verb::words).into();
        let keys: BTreeSet<_> = Verb::ALL.map(|verb| verb.about().key).into();
        assert_eq!(
            (words.len(), keys.len()),
            (Verb::ALL.len(), Verb::ALL.len())
        );
        // What moves in the menu or leaves it is no letter of a verb.
        assert!(!keys.contains(&'k') && !keys.contains(&'q'), "{keys:?}");
    }

    #[test]
    fn a_verb_has_one_name_wherever_it_is_written() {
        for verb in Verb::ALL {
            let name = verb.about().name;
            assert_eq!(serde_json::to_string(&verb).unwrap(), format!("\"{name}\""));
            assert_eq!(Verb::parse(name), Some(verb));
        }
        assert_eq!(Verb::parse("merge"), None);
    }

    #[test]
    fn every_deed_has_a_verb() {
        let deeds: BTreeSet<_> = Verb::ALL.map(Verb::deed).into();
        assert_eq!(deeds, Deed::ALL.into());
        assert!(Deed::is_named("re-run") && !Deed::is_named("re-run failed jobs"));
    }
}
