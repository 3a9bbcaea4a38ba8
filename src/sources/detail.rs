//! What a failure costs: the one detail that was asked for, or the rest of the fetch.
//!
//! One judgement for all adapters, by the kind of error alone. What a status means at
//! a certain route is the adapter's to say.

use super::told::is_answered;
use crate::domain::text::Clean;
use crate::sources::http::Failure;
use crate::sources::port::Port;
use crate::sources::{Batch, SourceError};

/// After how many places in a row that could not be read the others wait for the next fetch.
const MOST_FAILED: usize = 3;

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

impl Port {
    /// Takes a refusal for an answer: what was asked for need not be there.
    pub(super) fn excused(&self, failure: &Failure) {
        self.client.excused(failure);
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

/// Returns whether an error is about the place that was asked: the host itself did answer.
pub(super) fn is_of_place(error: &SourceError) -> bool {
    let failed = matches!(error, SourceError::Unreachable { cause, .. } if is_answered(cause));
    failed || is_detail(error)
}

/// The account of places that are asked one after another: trouble with one costs that one.
#[derive(Debug, Default)]
pub(super) struct Places {
    read: usize,
    /// How many in a row could not be read.
    failed: usize,
    trouble: Option<SourceError>,
}

impl Places {
    /// Takes in how a place was asked; returns whether the others are asked now.
    pub(super) fn take(&mut self, asked: Result<(), SourceError>) -> bool {
        let Err(error) = asked else {
            self.read += 1;
            self.failed = 0;
            return true;
        };
        self.failed += 1;
        let is_small = is_of_place(&error);
        if self.trouble.is_none() || !is_small {
            self.trouble = Some(error);
        }
        is_small && self.failed < MOST_FAILED
    }

    /// Returns whether any place was read.
    pub(super) fn has_read(&self) -> bool {
        self.read > 0
    }

    /// Returns whether no place had trouble.
    pub(super) fn is_whole(&self) -> bool {
        self.trouble.is_none()
    }

    /// Tells the trouble: as a warning where others were read, unless it is the token.
    pub(super) fn end(
        self,
        batch: &mut Batch,
        shown: impl Fn(&str) -> Clean,
    ) -> Result<(), SourceError> {
        let Some(error) = self.trouble else {
            return Ok(());
        };
        let is_token = matches!(
            error,
            SourceError::Auth { .. } | SourceError::NoToken { .. }
        );
        if self.read == 0 || is_token {
            return Err(error);
        }
        batch.warnings.push(shown(&error.to_string()));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Places, absent, is_detail, without};
    use crate::domain::fact::Fact;
    use crate::domain::key::RepoKey;
    use crate::domain::run::{JobSet, RunKey};
    use crate::domain::text::Clean;
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

    fn down(cause: &str) -> SourceError {
        SourceError::Unreachable {
            host: "git.test".to_owned(),
            cause: cause.to_owned(),
        }
    }

    /// Asks places until the rest waits; returns how many, how many warnings, and the error.
    #[track_caller]
    fn check_places(
        answers: &[Result<(), SourceError>],
        expected: (usize, usize, Option<&SourceError>),
    ) {
        let mut places = Places::default();
        let goes_on = |answer: &&Result<(), SourceError>| places.take((*answer).clone());
        let asked = answers.iter().take_while(goes_on).count();
        let mut batch = Batch::default();
        let end = places.end(&mut batch, Clean::line);
        assert_eq!((asked, batch.warnings.len(), end.as_ref().err()), expected);
    }

    #[test]
    fn a_place_that_fails_costs_itself_and_a_host_that_is_away_the_rest() {
        let ill = || Err(down("it answered 500 (internal server error)"));
        let away = down("connection refused");
        let token = SourceError::Auth {
            host: "git.test".to_owned(),
        };
        check_places(&[Ok(()), Ok(())], (2, 0, None));
        check_places(&[ill(), Ok(()), ill(), ill(), Ok(())], (5, 1, None));
        check_places(&[Ok(()), Err(away.clone()), Ok(())], (1, 1, None));
        check_places(&[ill(), Err(away.clone()), Ok(())], (1, 0, Some(&away)));
        check_places(&[ill(), ill(), ill(), Ok(())], (2, 0, ill().as_ref().err()));
        check_places(&[Ok(()), Err(token.clone())], (1, 0, Some(&token)));
    }
}
