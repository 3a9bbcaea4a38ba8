//! What a source can do to runs, and what of our own settings forbids it.
//!
//! One list of deeds with their names, and one reading of `writes` and `--read-only`.
//! What a token, an account or a server's version allows is the adapter's to say.

use crate::config::{Action, SourceConfig};
use crate::domain::text::Clean;
use crate::sources::action::ActError;
use crate::sources::{Capability, CapabilityState, SourceError};

/// Each deed: its name among the capabilities, and the word of `writes` that allows it.
const DEEDS: [(&str, &str, Action); 2] = [
    ("re-run", "rerun", Action::Rerun),
    ("cancel", "cancel", Action::Cancel),
];

/// Why nothing is changed though the settings allow it.
pub const READ_ONLY: &str = "nothing is changed with `--read-only`, nor by a command that prints";

/// Returns whether a capability is a deed: it is told by [`all`], not by what was read.
pub(super) fn is_deed(name: &str) -> bool {
    DEEDS.iter().any(|(known, _, _)| *known == name)
}

/// Returns the name among the capabilities of a word of `writes`.
pub(super) fn capability(word: &str) -> &'static str {
    let found = DEEDS.iter().find(|(_, known, _)| *known == word);
    found.map_or("act", |(name, _, _)| name)
}

/// Returns the names of all deeds among the capabilities.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    DEEDS.iter().map(|(name, _, _)| *name)
}

/// Returns all deeds for the list of capabilities; `state` says of a word of `writes` how it stands.
pub(super) fn all(
    state: impl Fn(&'static str) -> CapabilityState,
) -> impl Iterator<Item = Capability> {
    DEEDS.iter().map(move |(name, word, _)| Capability {
        name,
        state: state(word),
    })
}

/// Returns why our own settings do not allow something, if they do not.
pub(super) fn forbidden(config: &SourceConfig, read_only: bool, word: &str) -> Option<Clean> {
    let known = DEEDS.iter().find(|(_, known, _)| *known == word);
    if known.is_none_or(|(_, _, action)| !config.writes.contains(action)) {
        let name = &config.name;
        let why = format!("`writes` of source `{name}` does not list `{word}`");
        return Some(Clean::line(&why));
    }
    read_only.then(|| Clean::line(READ_ONLY))
}

/// Returns the error of a deed that was not sent because it may not be done.
pub(super) fn refused(host: &str, why: &str) -> ActError {
    ActError::NotSent(SourceError::Refused {
        host: host.to_owned(),
        cause: why.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::{all, capability, forbidden, is_deed, names};
    use crate::config::{Action, SourceConfig};
    use crate::sources::CapabilityState;

    #[track_caller]
    fn check(writes: &[Action], read_only: bool, word: &str, expected: Option<&str>) {
        let mut config = SourceConfig::new("one", "jenkins", "https://ci.test".parse().unwrap());
        config.writes = writes.to_vec();
        let why = forbidden(&config, read_only, word);
        assert_eq!(why.as_deref(), expected, "{writes:?} {read_only} {word}");
    }

    #[test]
    fn a_deed_is_allowed_by_its_own_word_alone() {
        let no = |word: &str| format!("`writes` of source `one` does not list `{word}`");
        check(&[Action::Rerun], false, "rerun", None);
        check(&[Action::Rerun], false, "cancel", Some(&no("cancel")));
        check(&[], false, "rerun", Some(&no("rerun")));
        check(&[Action::Merge], false, "merge", Some(&no("merge")));
        check(&[], true, "cancel", Some(&no("cancel")));
    }

    #[test]
    fn nothing_is_allowed_where_everything_is_only_read() {
        let why = "nothing is changed with `--read-only`, nor by a command that prints";
        check(&[Action::Cancel], true, "cancel", Some(why));
    }

    #[test]
    fn every_deed_is_told_under_its_name() {
        let told: Vec<_> = all(|_| CapabilityState::Unknown)
            .map(|can| can.name)
            .collect();
        assert_eq!(told, ["re-run", "cancel"]);
        assert!(names().all(is_deed) && !is_deed("job logs"));
        assert_eq!(capability("rerun"), "re-run");
        assert_eq!(capability("merge"), "act");
    }
}
