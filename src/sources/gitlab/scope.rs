//! What is asked for issues and merge requests: groups as a whole, projects alone; and whose turn
//! it is.
//!
//! Pure. A scope that could not be read has its next turn later, like one that was.

use chrono::TimeDelta;

use super::state::State;
use super::work::Kind;
use crate::domain::Timestamp;

/// After how long a scope is asked again for what is waited for and could not be read.
const AGAIN: TimeDelta = TimeDelta::minutes(10);

/// After how long all that is open is due again where that is asked for anyway.
const DUE: TimeDelta = TimeDelta::minutes(45);

/// How many groups and projects are asked in one fetch.
const MOST: usize = 50;

/// What is asked for issues and merge requests: a whole group, or one project.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Scope {
    /// A group with its subgroups, by path.
    Group(String),
    /// A project, by path in lower case.
    Project(String),
}

impl Scope {
    /// Returns its path.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Group(path) | Self::Project(path) => path,
        }
    }
}

/// How far a scope was read, by the host's clock.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(super) struct Cursors {
    pub(super) issues: Option<Timestamp>,
    pub(super) changes: Option<Timestamp>,
    /// Whether what ended lately was read.
    pub(super) landed: bool,
    /// When that was last asked for, by our clock.
    pub(super) landed_at: Option<Timestamp>,
    /// When its projects were last told to be current, by our clock.
    pub(super) covered: Option<Timestamp>,
    /// When all open issues were last asked for, by our clock.
    pub(super) all_issues_at: Option<Timestamp>,
    /// When all open merge requests were.
    pub(super) all_changes_at: Option<Timestamp>,
    /// When its vulnerabilities were, by our clock.
    pub(super) findings_at: Option<Timestamp>,
}

impl Cursors {
    /// Returns how far one kind of work was read.
    pub(super) fn read_to(&mut self, kind: Kind) -> &mut Option<Timestamp> {
        match kind {
            Kind::Issues => &mut self.issues,
            Kind::Changes => &mut self.changes,
        }
    }

    /// Returns when all that is open of one kind was last asked for.
    pub(super) fn asked_at(&mut self, kind: Kind) -> &mut Option<Timestamp> {
        match kind {
            Kind::Issues => &mut self.all_issues_at,
            Kind::Changes => &mut self.all_changes_at,
        }
    }
}

impl State {
    /// Returns how far a scope was read.
    pub(super) fn cursors_of(&self, scope: &Scope) -> Cursors {
        self.cursors.get(scope).copied().unwrap_or_default()
    }

    /// Returns whether all that is open in a scope was never read and is waited for now.
    pub(super) fn is_unread(&self, kind: Kind, scope: &Scope, now: Timestamp) -> bool {
        let mut cursors = self.cursors_of(scope);
        let is_begun = cursors.read_to(kind).is_some();
        let has_some = self.is_there(scope) && !self.has_none(kind, scope);
        !is_begun && has_some && is_due(*cursors.asked_at(kind), AGAIN, now)
    }

    /// Returns whether a scope is known to be there: of a project that is not, its lists tell
    /// nothing but that once more.
    fn is_there(&self, scope: &Scope) -> bool {
        match scope {
            Scope::Group(_) => true,
            Scope::Project(path) => {
                let project = self.projects.get(path);
                project.is_some_and(|it| {
                    it.misses == 0 && (it.id.is_some() || self.discovered_at.is_none())
                })
            }
        }
    }

    /// Returns whether a project has no work of a kind, or does not show it.
    fn has_none(&self, kind: Kind, scope: &Scope) -> bool {
        let place = scope.path().to_ascii_lowercase();
        self.is_off(kind, scope) || self.hidden.contains_key(&(place, kind.name()))
    }

    /// Returns whether a kind of work is switched off in a project.
    fn is_off(&self, kind: Kind, scope: &Scope) -> bool {
        match scope {
            Scope::Group(_) => false,
            Scope::Project(path) => self.projects.get(path).is_some_and(|it| match kind {
                Kind::Issues => it.no_issues,
                Kind::Changes => it.no_changes,
            }),
        }
    }

    /// Returns the scopes that may have work of this kind.
    pub(super) fn wanted_scopes(&self, kind: Kind) -> Vec<Scope> {
        let scopes = self.scopes().into_iter();
        scopes.filter(|scope| !self.is_off(kind, scope)).collect()
    }

    /// Returns the scopes whose turn it is to be asked for all that is open, the longest ago first.
    ///
    /// While some were never read, those are not read again that were read just now.
    pub(super) fn next_scopes(&self, kind: Kind, (now, all): (Timestamp, bool)) -> Vec<Scope> {
        let mut scopes = self.wanted_scopes(kind);
        scopes.retain(|scope| self.is_there(scope));
        let asked_at = |scope: &Scope| *self.cursors_of(scope).asked_at(kind);
        let is_unread = |scope: &Scope| self.is_unread(kind, scope, now);
        if !all && scopes.iter().any(is_unread) {
            scopes.retain(|scope| {
                let at = asked_at(scope);
                is_unread(scope) || at.is_some() && is_due(at, DUE, now)
            });
        }
        scopes.sort_by_key(asked_at);
        scopes.truncate(MOST);
        scopes
    }

    /// Returns the scopes of which it is to be read what ended lately, the longest ago first.
    pub(super) fn unlanded(&self, now: Timestamp) -> Vec<Scope> {
        let unread = |scope: &Scope| {
            let cursors = self.cursors_of(scope);
            !cursors.landed && is_due(cursors.landed_at, AGAIN, now)
        };
        let mut scopes: Vec<Scope> = self.scopes().into_iter().filter(unread).collect();
        scopes.sort_by_key(|scope| self.cursors_of(scope).landed_at);
        scopes.truncate(MOST);
        scopes
    }

    /// Returns so many scopes whose turn it is to be asked for vulnerabilities.
    pub(super) fn next_found(&self, most: usize) -> Vec<Scope> {
        let mut scopes = self.scopes();
        scopes.sort_by_key(|scope| self.cursors_of(scope).findings_at);
        scopes.truncate(most);
        scopes
    }
}

fn is_due(at: Option<Timestamp>, after: TimeDelta, now: Timestamp) -> bool {
    at.is_none_or(|at| now - at >= after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minutes: i64) -> Timestamp {
        chrono::DateTime::from_timestamp(1_800_000_000 + minutes * 60, 0).unwrap()
    }

    fn state(paths: &[&str]) -> State {
        let mut state = State::new();
        for (id, path) in (1..).zip(paths) {
            state.project(path).id = Some(id);
        }
        state
    }

    #[track_caller]
    fn check(state: &State, minutes: i64, expected: &[&str]) {
        let found = state.next_scopes(Kind::Issues, (at(minutes), false));
        let paths: Vec<&str> = found.iter().map(Scope::path).collect();
        assert_eq!(paths, expected, "after {minutes} min");
    }

    #[test]
    fn a_scope_that_could_not_be_read_waits_and_takes_no_turn_of_the_others() {
        let mut state = state(&["a/bad", "a/good"]);
        check(&state, 0, &["a/bad", "a/good"]);
        for (path, is_read) in [("a/bad", false), ("a/good", true)] {
            let scope = Scope::Project(path.to_owned());
            let cursors = state.cursors.entry(scope).or_default();
            cursors.all_issues_at = Some(at(0));
            cursors.issues = is_read.then(|| at(0));
        }
        // Nothing is waited for: all of them have their turn.
        check(&state, 5, &["a/bad", "a/good"]);
        check(&state, 10, &["a/bad"]);
        check(&state, 45, &["a/bad", "a/good"]);
        state.hide("a/bad", Kind::Issues.name(), at(10));
        check(&state, 10, &["a/bad", "a/good"]);
    }

    #[test]
    fn what_landed_and_what_was_found_come_in_turns() {
        let mut state = state(&["a/one", "a/two"]);
        let one = Scope::Project("a/one".to_owned());
        let cursors = state.cursors.entry(one.clone()).or_default();
        (cursors.landed_at, cursors.findings_at) = (Some(at(0)), Some(at(0)));
        let two = Scope::Project("a/two".to_owned());
        assert_eq!(state.unlanded(at(5)), std::slice::from_ref(&two));
        assert_eq!(state.unlanded(at(10)), [two.clone(), one]);
        assert_eq!(state.next_found(1), [two]);
    }
}
