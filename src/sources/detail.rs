//! What a failure costs: the one detail that was asked for, or the rest of the fetch.
//!
//! One judgement for all adapters, by the kind of error alone. What a status means at
//! a certain route is the adapter's to say.

use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::{Batch, SourceError};

/// Returns whether an error is about one thing that is not there, not for us or not to be read;
/// any other is trouble with the host, so that the same is asked again later.
pub(super) fn is_detail(error: &SourceError) -> bool {
    match error {
        SourceError::NotFound { .. }
        | SourceError::Forbidden { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Refused { .. } => true,
        SourceError::Auth { .. }
        | SourceError::NoToken { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unreachable { .. } => false,
    }
}

/// Notes a detail that failed as a warning; trouble with the host ends the fetch.
pub(super) fn absent(failure: Failure, batch: &mut Batch) -> Result<(), SourceError> {
    if !is_detail(&failure.error) {
        return Err(failure.error);
    }
    let told = Clean::line(&failure.error.to_string());
    batch.warnings.push(told);
    Ok(())
}

/// The same, but what was read so far is not thrown away for trouble that passes by itself: the
/// rest comes with the next poll.
pub(super) fn without(failure: Failure, batch: &mut Batch) -> Result<(), SourceError> {
    let passes = matches!(
        failure.error,
        SourceError::RateLimited { .. } | SourceError::Unreachable { .. }
    );
    if !passes || batch.facts.is_empty() {
        return absent(failure, batch);
    }
    let told = Clean::line(&failure.error.to_string());
    batch.warnings.push(told);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{absent, is_detail, without};
    use crate::domain::fact::Fact;
    use crate::domain::key::RepoKey;
    use crate::domain::run::{JobSet, RunKey};
    use crate::sources::http::Failure;
    use crate::sources::{Batch, SourceError};

    fn batch(has_facts: bool) -> Batch {
        let repo = RepoKey::new("git.test", "acme/api");
        let set = Fact::JobSet(JobSet {
            run: RunKey { repo, id: 9 },
            attempt: 1,
            jobs: Vec::new(),
            complete: true,
        });
        Batch {
            facts: has_facts.then_some(set).into_iter().collect(),
            ..Batch::default()
        }
    }

    /// Each as: is it a detail, does it end a fetch that read nothing, and one that read something?
    #[track_caller]
    fn check(error: &SourceError, expected: [bool; 3]) {
        let ends = |has_facts| {
            let mut batch = batch(has_facts);
            let ended = without(Failure::of(error.clone()), &mut batch).is_err();
            assert_eq!(batch.warnings.is_empty(), ended, "{error:?}");
            ended
        };
        assert_eq!([is_detail(error), ends(false), ends(true)], expected);
        let mut batch = batch(true);
        let ended = absent(Failure::of(error.clone()), &mut batch).is_err();
        assert_eq!(ended, !is_detail(error), "{error:?}");
        assert_eq!(batch.warnings.is_empty(), ended, "{error:?}");
    }

    #[test]
    fn a_detail_costs_itself_and_trouble_with_the_host_the_rest() {
        let host = || "git.test".to_owned();
        let text = || "x".to_owned();
        let (what, cause) = (text(), text());
        let missing = SourceError::NotFound {
            host: host(),
            what,
            near: None,
        };
        check(&missing, [true, false, false]);
        let odd = SourceError::Unreadable {
            host: host(),
            cause,
        };
        check(&odd, [true, false, false]);
        let down = SourceError::Unreachable {
            host: host(),
            cause: text(),
        };
        check(&down, [false, true, false]);
        check(&SourceError::Auth { host: host() }, [false, true, true]);
    }
}
