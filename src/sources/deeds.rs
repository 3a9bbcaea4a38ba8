//! What a source can do to runs, and what of our own settings forbids it.
//!
//! One list of deeds with their names, and one reading of `writes` and `--read-only`.
//! What a token, an account or a server's version allows is the adapter's to say.

use crate::config::{Action, SourceConfig};
use crate::domain::action::{Deed, Verb};
use crate::domain::text::Clean;
use crate::sources::action::{ActError, lacks};
use crate::sources::{Capability, CapabilityState, SourceError};

/// Why nothing is changed though the settings allow it.
pub const READ_ONLY: &str = "nothing is changed with `--read-only`, nor by a command that prints";

/// Returns whether a capability is a deed: it is told by [`all`], not by what was read.
pub(super) fn is_deed(name: &str) -> bool {
    Deed::is_named(name)
}

/// Returns the deeds that a source has for the list of capabilities; `state` says how each stands.
pub(super) fn all(
    has: &[Deed],
    state: impl Fn(Deed) -> CapabilityState,
) -> impl Iterator<Item = Capability> {
    has.iter().map(move |deed| Capability {
        name: deed.name(),
        state: state(*deed),
    })
}

/// Returns whether the settings list a deed.
pub(super) fn is_listed(config: &SourceConfig, deed: Deed) -> bool {
    Action::parse(deed.permission()).is_some_and(|action| config.writes.contains(&action))
}

/// Returns why our own settings do not allow a deed, if they do not.
pub(super) fn forbidden(config: &SourceConfig, read_only: bool, deed: Deed) -> Option<Clean> {
    if !is_listed(config, deed) {
        let (name, word) = (&config.name, deed.permission());
        let why = format!("`writes` of source `{name}` does not list `{word}`");
        return Some(Clean::line(&why));
    }
    read_only.then(|| Clean::line(READ_ONLY))
}

/// Returns the verbs of which a source has the deed but not the verb, each with the reason; of
/// those that the settings list, as what may not be done needs no other reason.
pub(super) fn lacking<'a>(
    config: &'a SourceConfig,
    verbs: impl IntoIterator<Item = (Verb, &'a str)> + 'a,
) -> impl Iterator<Item = Capability> + 'a {
    let verbs = verbs.into_iter();
    let listed = verbs.filter(|(verb, _)| is_listed(config, verb.deed()));
    listed.map(|(verb, why)| lacks(verb, why))
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
    use super::{all, forbidden, is_deed, lacking};
    use crate::config::{Action, SourceConfig};
    use crate::domain::action::{Deed, Verb};
    use crate::sources::CapabilityState;

    fn config(writes: &[Action]) -> SourceConfig {
        let mut config = SourceConfig::new("one", "jenkins", "https://ci.test".parse().unwrap());
        config.writes = writes.to_vec();
        config
    }

    #[track_caller]
    fn check(writes: &[Action], read_only: bool, deed: Deed, expected: Option<&str>) {
        let why = forbidden(&config(writes), read_only, deed);
        assert_eq!(why.as_deref(), expected, "{writes:?} {read_only} {deed:?}");
    }

    #[test]
    fn a_deed_is_allowed_by_its_own_word_alone() {
        let no = |word: &str| format!("`writes` of source `one` does not list `{word}`");
        check(&[Action::Rerun], false, Deed::Rerun, None);
        check(&[Action::Rerun], false, Deed::Cancel, Some(&no("cancel")));
        check(&[], false, Deed::Rerun, Some(&no("rerun")));
        check(&[Action::Approve], false, Deed::Approve, None);
        check(&[Action::Approve], false, Deed::Reject, Some(&no("reject")));
        check(&[], true, Deed::Cancel, Some(&no("cancel")));
    }

    #[test]
    fn nothing_is_allowed_where_everything_is_only_read() {
        let why = "nothing is changed with `--read-only`, nor by a command that prints";
        for deed in Deed::ALL {
            let action = Action::parse(deed.permission()).unwrap();
            check(&[action], true, deed, Some(why));
        }
    }

    #[test]
    fn every_deed_is_told_under_its_name() {
        let told: Vec<_> = all(&Deed::ALL, |_| CapabilityState::Unknown)
            .map(|can| can.name)
            .collect();
        assert_eq!(told, ["re-run", "cancel", "approve", "reject"]);
        assert!(told.into_iter().all(is_deed) && !is_deed("job logs"));
    }

    #[test]
    fn a_verb_that_is_not_there_is_told_where_its_deed_is_allowed() {
        let config = config(&[Action::Cancel]);
        let absent = [(Verb::RerunAll, "no"), (Verb::ForceCancel, "one way")];
        let told: Vec<_> = lacking(&config, absent).map(|can| can.name).collect();
        assert_eq!(told, ["force-cancel"]);
    }
}
