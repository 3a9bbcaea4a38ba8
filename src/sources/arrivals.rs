//! What is known of the environments of one repository: which there are, what got there, and
//! which of them have to be asked.
//!
//! The first read of a repository brings its newest deployments, and a busy environment may be
//! all that they tell of. Each environment with fewer than two known arrivals (the version that
//! is there, and the one before) is asked once, in the spare time; adapters ask in their own way.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::deployment::{DeployState, Deployment};

/// How many deployments that got to an environment have to be known.
pub(super) const ENOUGH: usize = 2;

/// Of how many environments of a repository something is remembered.
const MOST: usize = 300;

/// How many environments of a repository are asked.
const MOST_ASKED: usize = 100;

/// How often an environment is asked that its host fails to tell.
const MOST_TRIES: u8 = 3;

/// The environments of one repository, by name in lower case.
#[derive(Clone, Default, Debug)]
pub(super) struct Arrivals {
    places: BTreeMap<String, Place>,
    /// Whether the newest deployments that were read are all that there are.
    whole: bool,
}

/// One environment.
#[derive(Clone, Default, Debug)]
struct Place {
    /// As the host spells it, where it is known to be there.
    name: Option<String>,
    asked: bool,
    /// How often its host failed to tell.
    failed: u8,
    /// The last deployments that are known to have got there.
    arrived: BTreeSet<u64>,
}

/// Returns whether a deployment got where it was to go.
pub(super) fn has_arrived(deployment: &Deployment) -> bool {
    matches!(
        deployment.state,
        DeployState::Succeeded | DeployState::Superseded
    )
}

impl Place {
    fn is_unread(&self) -> bool {
        self.name.is_some() && !self.asked && self.arrived.len() < ENOUGH
    }
}

impl Arrivals {
    /// Takes in a deployment that is known, if it got where it was to go.
    pub(super) fn see(&mut self, deployment: &Deployment) {
        if !has_arrived(deployment) {
            return;
        }
        if let Some(place) = self.place(&deployment.environment) {
            place.arrived.insert(deployment.id);
            while place.arrived.len() > ENOUGH {
                place.arrived.pop_first();
            }
        }
    }

    /// Takes in that there is an environment.
    pub(super) fn mention(&mut self, name: &str) {
        if name.is_empty() {
            return;
        }
        if let Some(place) = self.place(name) {
            place.name = Some(name.to_owned());
        }
    }

    /// Takes in all environments that there are.
    pub(super) fn list<'n>(&mut self, names: impl Iterator<Item = &'n str>) {
        let mut before = std::mem::take(&mut self.places);
        for name in names.filter(|name| !name.is_empty()).take(MOST) {
            let key = name.to_lowercase();
            let mut place = before.remove(&key).unwrap_or_default();
            place.name = Some(name.to_owned());
            self.places.insert(key, place);
        }
    }

    /// Takes in whether the newest deployments are all that there are.
    pub(super) fn reaches_back(&mut self, whole: bool) {
        self.whole = whole;
    }

    /// Notes that it is the turn of an environment: one that cannot be told keeps no other from its.
    pub(super) fn ask(&mut self, name: &str) {
        self.set_asked(name, true);
    }

    /// Notes that an environment is to be asked again.
    pub(super) fn ask_again(&mut self, name: &str) {
        self.set_asked(name, false);
    }

    /// Notes that the host answered and could not tell of an environment: it is asked again after
    /// the others, and not for ever.
    pub(super) fn fail(&mut self, name: &str) {
        if let Some(place) = self.places.get_mut(&name.to_lowercase()) {
            place.failed = place.failed.saturating_add(1);
            place.asked = place.failed >= MOST_TRIES;
        }
    }

    fn set_asked(&mut self, name: &str, asked: bool) {
        if let Some(place) = self.places.get_mut(&name.to_lowercase()) {
            place.asked = asked;
        }
    }

    /// Returns whether a deployment is one of the last that got to their environment.
    pub(super) fn has(&self, deployment: u64) -> bool {
        let mut places = self.places.values();
        places.any(|place| place.arrived.contains(&deployment))
    }

    /// Returns whether an environment is to be asked.
    pub(super) fn has_unread(&self) -> bool {
        self.room() > 0 && self.places.values().any(Place::is_unread)
    }

    /// Returns the environments that are to be asked next, at most so many.
    ///
    /// Those of a name of its own come first: of review apps there may be hundreds, named alike.
    pub(super) fn unread(&self, most: usize) -> Vec<String> {
        let most = most.min(self.room());
        if most == 0 || !self.has_unread() {
            return Vec::new();
        }
        let mut alike: BTreeMap<String, usize> = BTreeMap::new();
        for key in self.places.keys() {
            *alike.entry(shape(key)).or_default() += 1;
        }
        let count = |key: &String| alike.get(&shape(key)).copied().unwrap_or_default();
        let unread = self.places.iter().filter(|(_, place)| place.is_unread());
        let mut unread: Vec<(u8, usize, &String)> = unread
            .filter_map(|(key, place)| Some((place.failed, count(key), place.name.as_ref()?)))
            .collect();
        unread.sort();
        let names = unread.into_iter().map(|(.., name)| name.clone());
        names.take(most).collect()
    }

    /// Returns how many may still be asked.
    fn room(&self) -> usize {
        if self.whole {
            return 0;
        }
        let asked = self.places.values().filter(|place| place.asked).count();
        MOST_ASKED.saturating_sub(asked)
    }

    fn place(&mut self, name: &str) -> Option<&mut Place> {
        let key = name.to_lowercase();
        if self.places.len() >= MOST && !self.places.contains_key(&key) {
            return None;
        }
        Some(self.places.entry(key).or_default())
    }
}

/// Returns what environments that are made by the dozen have in common: their folder, or their
/// name without numbers.
fn shape(name: &str) -> String {
    if let Some((folder, _)) = name.split_once('/') {
        return format!("{folder}/");
    }
    let mut shape = String::with_capacity(name.len());
    for letter in name.chars() {
        let letter = if letter.is_ascii_digit() { '0' } else { letter };
        if letter != '0' || !shape.ends_with('0') {
            shape.push(letter);
        }
    }
    shape
}

#[cfg(test)]
mod tests {
    use super::{Arrivals, MOST, MOST_ASKED};
    use crate::domain::Timestamp;
    use crate::domain::deployment::{DeployState, Deployment};
    use crate::domain::key::RepoKey;
    use crate::domain::text::Clean;

    fn deployment(id: u64, environment: &str, state: DeployState) -> Deployment {
        Deployment {
            repo: RepoKey::new("git.test", "acme/api"),
            id,
            environment: Clean::line(environment),
            sha: None,
            git_ref: None,
            task: Clean::line("deploy"),
            rollout: None,
            state,
            creator: None,
            came_at: None,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            environment_url: None,
            log_url: None,
        }
    }

    fn listed(names: &[&str]) -> Arrivals {
        let mut arrivals = Arrivals::default();
        arrivals.list(names.iter().copied());
        arrivals
    }

    #[test]
    fn it_is_asked_of_what_is_there_and_of_what_was_before_and_once() {
        let mut arrivals = listed(&["Production", "staging"]);
        for (id, environment, state) in [
            (9, "staging", DeployState::Succeeded),
            (8, "STAGING", DeployState::Superseded),
            (7, "production", DeployState::Succeeded),
            (6, "production", DeployState::Failed),
            (5, "gone", DeployState::Succeeded),
        ] {
            arrivals.see(&deployment(id, environment, state));
        }
        assert_eq!(arrivals.unread(9), ["Production"]);
        arrivals.ask("Production");
        assert!(!arrivals.has_unread() && arrivals.unread(9).is_empty());
        arrivals.ask_again("Production");
        assert_eq!(arrivals.unread(9), ["Production"]);
        arrivals.see(&deployment(4, "production", DeployState::Superseded));
        assert!(!arrivals.has_unread());
        assert!(arrivals.has(4) && arrivals.has(8) && !arrivals.has(6));
    }

    #[test]
    fn one_that_its_host_fails_to_tell_comes_after_the_others_and_not_for_ever() {
        let mut arrivals = listed(&["a", "b"]);
        arrivals.fail("A");
        assert_eq!(arrivals.unread(9), ["b", "a"]);
        arrivals.fail("a");
        arrivals.ask("b");
        assert_eq!(arrivals.unread(9), ["a"]);
        arrivals.fail("a");
        assert!(!arrivals.has_unread(), "three times are enough");
    }

    #[test]
    fn where_all_deployments_are_known_nothing_is_asked() {
        let mut arrivals = listed(&["production"]);
        arrivals.reaches_back(true);
        assert!(!arrivals.has_unread() && arrivals.unread(9).is_empty());
        arrivals.reaches_back(false);
        assert_eq!(arrivals.unread(9), ["production"]);
    }

    #[test]
    fn environments_of_a_name_of_their_own_come_before_review_apps() {
        let mut arrivals = Arrivals::default();
        for number in 0..40 {
            arrivals.mention(&format!("pr-{number}"));
            arrivals.mention(&format!("feature/x{number}"));
        }
        for name in ["zone", "Production", "eu-1", "eu-2", ""] {
            arrivals.mention(name);
        }
        assert_eq!(arrivals.unread(4), ["Production", "zone", "eu-1", "eu-2"]);
    }

    #[test]
    fn a_host_that_lists_environments_without_end_is_asked_of_some() {
        let mut arrivals = Arrivals::default();
        let names: Vec<String> = (0..5_000).map(|nth| format!("pr-{nth}")).collect();
        for name in &names {
            arrivals.mention(name);
        }
        assert_eq!(arrivals.places.len(), MOST);
        arrivals.list(names.iter().map(String::as_str));
        assert_eq!(arrivals.places.len(), MOST);
        let mut asked = 0;
        while let Some(name) = arrivals.unread(1).pop() {
            arrivals.ask(&name);
            asked += 1;
        }
        assert_eq!(asked, MOST_ASKED);
        assert!(!arrivals.has_unread());
    }

    #[test]
    fn an_environment_that_is_listed_no_more_is_forgotten() {
        let mut arrivals = listed(&["production", "staging"]);
        arrivals.ask("staging");
        arrivals.list(["production"].into_iter());
        arrivals.list(["production", "staging"].into_iter());
        assert_eq!(arrivals.unread(9), ["production", "staging"]);
    }
}
