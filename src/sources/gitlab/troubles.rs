//! What of a project could not be read when it was last asked, part by part.
//!
//! What was read beside it is told; this is trouble of the source until that part is read. Whether
//! one thing is not there or the whole project, only the project itself tells.

use super::api::{Poll, is_refusal};
use super::state::Project;
use super::{CHANGES, GitLab, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::ChangeState;
use crate::domain::key::RepoKey;
use crate::sources::SourceError;
use crate::sources::detail::is_of_place;
use crate::sources::told::{LATE, is_answered};

/// After how many minutes a part is asked for again that could not be read.
const AGAIN_MINS: i64 = 10;

/// What stands for the project itself among its parts.
const WHOLE: &str = "the project";

/// For how many minutes it holds what a project answered to whether it is there.
const KNOWN_MINS: i64 = 5;

/// Returns whether an error is about the part that was asked for: the others may answer.
pub(super) fn is_of_part(error: &SourceError) -> bool {
    let is_late =
        matches!(error, SourceError::Unreachable { cause, .. } if cause.starts_with(LATE));
    is_late || is_of_place(error)
}

/// Returns an error that says what was asked for: `environments of acme/api`.
pub(super) fn named(error: SourceError, what: String) -> SourceError {
    match error {
        SourceError::Forbidden {
            host, permission, ..
        } => SourceError::Forbidden {
            host,
            what,
            permission,
        },
        SourceError::NotFound { host, near, .. } => SourceError::NotFound { host, what, near },
        SourceError::Unreachable { host, cause } => {
            let cause = if is_answered(&cause) || cause.starts_with(LATE) {
                format!("{cause} to the question for {what}")
            } else {
                cause
            };
            SourceError::Unreachable { host, cause }
        }
        SourceError::Unreadable { host, cause } => SourceError::Unreadable {
            host,
            cause: format!("{what}: {cause}"),
        },
        SourceError::Refused { host, cause } => SourceError::Refused {
            host,
            cause: format!("{what}: {cause}"),
        },
        error @ (SourceError::Auth { .. }
        | SourceError::NoToken { .. }
        | SourceError::RateLimited { .. }) => error,
    }
}

impl Project {
    /// Notes that a part could not be read.
    pub(super) fn ails(&mut self, part: &'static str, error: SourceError) {
        let what = format!("{part} of {}", self.path);
        self.troubles.insert(part, named(error, what));
    }

    /// Notes that a part was read.
    pub(super) fn is_well(&mut self, part: &'static str) {
        self.troubles.remove(part);
    }

    /// Notes that something of it was read: it is there.
    pub(super) fn answers(&mut self) {
        if self.troubles.remove(WHOLE).is_some() {
            self.there = None;
        }
    }

    /// Returns whether an open merge request could not be read when it was last asked for.
    fn has_failed_changes(&self) -> bool {
        let mut open = self.changes.values();
        open.any(|seen| seen.fact.state == ChangeState::Open && seen.failed_at.is_some())
    }

    /// Notes that a merge request was read.
    pub(super) fn read_change(&mut self) {
        self.answers();
        if !self.has_failed_changes() {
            self.is_well(CHANGES);
        }
    }

    /// Returns why the project itself is not to be had, where it was asked last.
    pub(super) fn lost(&self) -> Option<&SourceError> {
        self.troubles.get(WHOLE)
    }

    /// Returns what could not be read when it was last asked for.
    pub(super) fn all_troubles(&self) -> impl Iterator<Item = &SourceError> {
        let all = self.troubles.iter();
        // One that has ended since is not asked for again.
        all.filter(|(part, _)| **part != CHANGES || self.has_failed_changes())
            .map(|(_, error)| error)
    }

    /// Returns whether what it ships is to be read: something moved, or a part could not be read.
    pub(super) fn wants_delivery(&self, days: i64, now: Timestamp) -> bool {
        let failed = self.delivery_failed_at;
        let is_due = failed.is_some_and(|at| (now - at).num_minutes() >= AGAIN_MINS);
        self.id.is_some() && (is_due || self.delivery_wanted && self.moved_within(days, now))
    }
}

impl GitLab {
    /// Takes in how a part of a project was asked for; returns whether it was read, or what ails
    /// more than that part.
    pub(super) fn take_part(
        &self,
        key: &RepoKey,
        part: &'static str,
        asked: Result<(), SourceError>,
    ) -> Result<bool, SourceError> {
        let mut state = self.state();
        let project = state.known(key.path());
        match (asked, project) {
            (Ok(()), project) => {
                if let Some(project) = project {
                    project.is_well(part);
                }
                Ok(true)
            }
            (Err(error), Some(project)) if is_of_part(&error) => {
                if project.lost().is_some() {
                    // Said once, of the whole.
                    project.is_well(part);
                } else {
                    project.ails(part, error);
                }
                Ok(false)
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Returns why a project as a whole is not to be had, where something of it was refused; it
    /// may have answered that minutes ago.
    pub(super) async fn loss(&self, path: &str, poll: Poll) -> Option<SourceError> {
        let known = self.state().known(path).and_then(|project| {
            let (at, _) = project.there.filter(|(_, is_there)| *is_there)?;
            ((poll.now - at).num_minutes() < KNOWN_MINS).then_some(())
        });
        if known.is_some() {
            return None;
        }
        // Where not even that can be told, nothing is known to be refused by itself.
        match self.is_there(path, poll).await {
            Ok(true) => None,
            Ok(false) => {
                let mut state = self.state();
                state
                    .known(path)
                    .and_then(|project| project.lost().cloned())
            }
            Err(error) => Some(error),
        }
    }

    /// Asks whether a project itself is there, for this token.
    pub(super) async fn is_there(&self, path: &str, poll: Poll) -> Result<bool, SourceError> {
        let known = self.state().known(path).and_then(|project| project.there);
        let is_fresh = |at: Timestamp| (poll.now - at).num_minutes() < KNOWN_MINS;
        if known.is_some_and(|(at, is_there)| !is_there && is_fresh(at)) {
            return Ok(false);
        }
        let part = self.part(path);
        let route = ["projects", part.as_str()];
        let refusal = match self.one::<wire::Project>(&route, &[], poll).await {
            Ok(_) => None,
            Err(failure) if is_refusal(&failure) => Some(failure.error),
            Err(failure) => return Err(failure.error),
        };
        let mut state = self.state();
        if let Some(project) = state.known(path) {
            project.there = Some((poll.now, refusal.is_none()));
            match &refusal {
                None => project.is_well(WHOLE),
                Some(error) => {
                    let what = format!("{WHOLE} `{}`", project.path);
                    project.troubles.insert(WHOLE, named(error.clone(), what));
                }
            }
        }
        Ok(refusal.is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::told::ANSWERED;

    #[track_caller]
    fn check(error: SourceError, is_part: bool, expected: &str) {
        assert_eq!(is_of_part(&error), is_part, "{error:?}");
        let told = named(error, "releases of acme/api".to_owned()).to_string();
        assert_eq!(told, expected);
    }

    #[test]
    fn trouble_names_the_part_that_was_asked_for() {
        let host = || "git.test".to_owned();
        let away = |cause: &str| SourceError::Unreachable {
            host: host(),
            cause: cause.to_owned(),
        };
        check(
            away(&format!("{ANSWERED}500 (internal server error)")),
            true,
            "git.test answers 500 (internal server error) to the question for releases of acme/api",
        );
        check(
            away(&format!("{LATE}10 s")),
            true,
            "git.test cannot be reached: no answer within 10 s to the question for releases of \
             acme/api",
        );
        let refused = "git.test cannot be reached: connection refused";
        check(away("connection refused"), false, refused);
        let forbidden = SourceError::Forbidden {
            host: host(),
            what: "/api/v4/projects/1/releases".to_owned(),
            permission: None,
        };
        let told = "git.test does not let us read releases of acme/api";
        check(forbidden, true, told);
        let odd = SourceError::Unreadable {
            host: host(),
            cause: "not JSON".to_owned(),
        };
        let told = "git.test gave an answer that cannot be read: releases of acme/api: not JSON";
        check(odd, true, told);
        let token = SourceError::Auth { host: host() };
        check(token, false, "git.test rejected the token");
    }
}
