//! Notices: what the status of a commit tells of a run, beside what the run's own system tells of it.
//!
//! Says which run a notice is of. What is left is a run that only its status tells. What a run that
//! passed hides must be surely of it: a page that several jobs share, or a name, is not enough.

use crate::domain::run::{Run, RunState};

impl Run {
    /// Returns whether only a status tells of it: somebody who does not know its number.
    pub fn is_notice(&self) -> bool {
        !self.ci.is_empty() && self.called().is_empty()
    }

    /// Returns whether it is no more than a notice of another run of the same commit: with the
    /// page of that or of its job, or told of a run of the same system by a page above it or by
    /// its name, and not of something that went otherwise.
    pub fn is_notice_of(&self, other: &Self) -> bool {
        if !self.is_notice() || other.ci.is_empty() || other.is_notice() {
            return false;
        }
        let (Some(page), Some(of)) = (&self.url, &other.url) else {
            return false;
        };
        let (page, of) = (page.as_str(), of.as_str());
        let job = parent(of);
        if is_below(page, of) || is_below(job, page) && is_below(page, job) {
            return true;
        }
        let is_likely = if is_below(page, job) {
            // Another build of the same job.
            false
        } else {
            is_below(of, page)
                || is_at(page, &other.ci) && (is_build(page, other) || self.is_named_as(other))
        };
        is_likely && (!is_good(&other.state) || is_good(&self.state))
    }

    /// Whether it has the name of the other's workflow: `jenkins/release` that of `acme/api-release`.
    fn is_named_as(&self, other: &Self) -> bool {
        let (name, workflow) = (
            self.workflow.to_ascii_lowercase(),
            other.workflow.to_ascii_lowercase(),
        );
        let own = last(&workflow);
        let repo = other.repo.short().to_ascii_lowercase();
        let short = own.strip_prefix(&repo).and_then(|it| it.strip_prefix('-'));
        let is_last = |word: &str| !word.is_empty() && last(&name) == word;
        let has_whole = || format!("/{name}/").contains(&format!("/{workflow}/"));
        is_last(own) || short.is_some_and(is_last) || !workflow.is_empty() && has_whole()
    }
}

/// Whether nothing is left to do or to mend.
fn is_good(state: &RunState) -> bool {
    matches!(state, RunState::Passed | RunState::Skipped)
}

/// Whether a page is the other or lies below it.
fn is_below(page: &str, other: &str) -> bool {
    let rest = page.strip_prefix(other.trim_end_matches('/'));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether a page is one of the system at this host and path.
fn is_at(page: &str, ci: &str) -> bool {
    let place = page.split_once("://").map(|(_, place)| place);
    place.is_some_and(|place| is_below(place, ci))
}

/// Whether a page that is written otherwise names both the workflow of a run and its number.
fn is_build(page: &str, run: &Run) -> bool {
    let page = page.replace("%2F", "/").replace("%2f", "/");
    let called = run.called();
    let has = |part: &str| page.split('/').any(|word| word == part);
    has(&called) && has(last(&run.workflow))
}

/// The page of the job of a run, as far as an address tells.
fn parent(page: &str) -> &str {
    let page = page.trim_end_matches('/');
    page.rsplit_once('/').map_or(page, |(parent, _)| parent)
}

fn last(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or_default()
}
