//! Who answered of late: whether it is a host that is away, or this machine.
//!
//! One note an origin for the whole process, of every client. Hosts of this machine
//! prove nothing of the network and are left out.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::origin::Origin;

/// When each origin last answered, if it ever did.
type Notes = HashMap<Origin, Option<Instant>>;

/// What became of requests to other hosts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Others {
    /// One of them answered.
    Answered,
    /// None of them did.
    Silent,
    /// No other host was ever asked.
    Unasked,
}

fn notes() -> MutexGuard<'static, Notes> {
    static NOTES: LazyLock<Mutex<Notes>> = LazyLock::new(Mutex::default);
    NOTES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that an origin was asked, and whether it answered.
pub(super) fn note(origin: &Origin, answered: bool) {
    if origin.is_local() {
        return;
    }
    enter(&mut notes(), origin, answered.then(Instant::now));
}

fn enter(notes: &mut Notes, origin: &Origin, answered: Option<Instant>) {
    let last = notes.entry(origin.clone()).or_default();
    *last = answered.or(*last);
}

/// Returns what became of requests to other hosts than this since a moment.
pub(super) fn others(origin: &Origin, since: Instant) -> Others {
    judge(&notes(), origin, since)
}

fn judge(notes: &Notes, origin: &Origin, since: Instant) -> Others {
    let mut others = notes
        .iter()
        .filter(|(other, _)| !other.is_same_host(origin));
    let answered = |(_, last): (&Origin, &Option<Instant>)| last.is_some_and(|at| at >= since);
    if others.clone().any(answered) {
        Others::Answered
    } else if others.next().is_some() {
        Others::Silent
    } else {
        Others::Unasked
    }
}

#[cfg(test)]
mod tests {
    use super::{Notes, Others, enter, judge};
    use crate::sources::http::Origin;
    use std::time::Duration;
    use tokio::time::Instant;

    fn origin(text: &str) -> Origin {
        Origin::of(&url::Url::parse(text).unwrap()).unwrap()
    }

    #[test]
    fn only_an_answer_of_another_host_since_then_proves_a_network() {
        let (ours, other) = (origin("https://api.test"), origin("https://forge.test"));
        let begun = Instant::now();
        let mut notes = Notes::new();
        assert_eq!(judge(&notes, &ours, begun), Others::Unasked);
        enter(&mut notes, &ours, Some(begun));
        enter(&mut notes, &origin("https://api.test:8443"), Some(begun));
        assert_eq!(judge(&notes, &ours, begun), Others::Unasked);
        enter(&mut notes, &other, None);
        assert_eq!(judge(&notes, &ours, begun), Others::Silent);
        enter(&mut notes, &other, Some(begun));
        enter(&mut notes, &other, None);
        assert_eq!(judge(&notes, &ours, begun), Others::Answered);
        let later = begun + Duration::from_secs(1);
        assert_eq!(judge(&notes, &ours, later), Others::Silent);
    }
}
