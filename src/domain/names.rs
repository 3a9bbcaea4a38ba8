//! How repositories are called on one board: by the shortest form that tells them apart.
//!
//! The name alone, else with its owner, and with the host only where two hosts have the same. What
//! cards are called in their own right stays as it is.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};

use crate::domain::item::WorkItem;
use crate::domain::key::RepoKey;

/// The repositories of a board of which one alone cannot be called by its name.
#[derive(Clone, Debug, Default)]
pub struct Names {
    alike: HashMap<RepoKey, Called>,
}

/// What a repository is called where others are called like it.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Called {
    /// In few letters.
    short: String,
    /// In full; with its host only where another one has the same owner and name.
    full: String,
}

impl Names {
    /// Finds out which of these repositories are called alike.
    pub fn new<'a>(repos: impl Iterator<Item = &'a RepoKey>) -> Self {
        let repos: BTreeSet<&RepoKey> = repos.collect();
        let lower = |text: &str| text.to_ascii_lowercase();
        let at_host = |repo: &RepoKey| format!("{}/{}", repo.place(), repo.short());
        let in_full = |repo: &RepoKey| format!("{}/{}", repo.place(), repo.path());
        let (mut names, mut paths, mut places) = (HashMap::new(), HashMap::new(), HashMap::new());
        for repo in &repos {
            *names.entry(lower(repo.short())).or_insert(0_usize) += 1;
            *paths.entry(lower(repo.path())).or_insert(0_usize) += 1;
            *places.entry(lower(&at_host(repo))).or_insert(0_usize) += 1;
        }
        let is_only = |counts: &HashMap<String, usize>, text: &str| {
            counts.get(&text.to_ascii_lowercase()) == Some(&1)
        };
        let alike = repos.into_iter().filter_map(|repo| {
            if is_only(&names, repo.short()) {
                return None;
            }
            let is_path_only = is_only(&paths, repo.path());
            let at_host = at_host(repo);
            let short = if is_path_only {
                repo.path().to_owned()
            } else if is_only(&places, &at_host) {
                at_host
            } else {
                in_full(repo)
            };
            let full = if is_path_only {
                repo.path().to_owned()
            } else {
                in_full(repo)
            };
            Some((repo.clone(), Called { short, full }))
        });
        Self {
            alike: alike.collect(),
        }
    }

    /// Returns what a repository is called in full: `acme/web`.
    pub fn repo<'a>(&'a self, repo: &'a RepoKey) -> &'a str {
        let called = self.alike.get(repo);
        called.map_or(repo.path(), |called| called.full.as_str())
    }

    /// Returns the key of a card with the full name of its repository: `acme/web#7`.
    pub fn key<'a>(&self, item: &'a WorkItem) -> Cow<'a, str> {
        self.full(&item.key, item.repo.as_ref())
    }

    /// The same, of a key that is not at hand with its card.
    pub fn full<'a>(&self, key: &'a str, repo: Option<&RepoKey>) -> Cow<'a, str> {
        self.with(key, repo, |called| &called.full)
            .map_or(Cow::Borrowed(key), Cow::Owned)
    }

    /// Returns the key of a card in few letters: `web#7`.
    pub fn short_key<'a>(&self, item: &'a WorkItem) -> Cow<'a, str> {
        self.short(&item.key, item.repo.as_ref())
    }

    /// The same, of a key that is not at hand with its card.
    pub fn short<'a>(&self, key: &'a str, repo: Option<&RepoKey>) -> Cow<'a, str> {
        self.with(key, repo, |called| &called.short)
            .map_or_else(|| Cow::Borrowed(without_owner(key, repo)), Cow::Owned)
    }

    fn with(
        &self,
        key: &str,
        repo: Option<&RepoKey>,
        form: impl Fn(&Called) -> &String,
    ) -> Option<String> {
        let repo = repo.filter(|_| !self.alike.is_empty())?;
        let rest = key.strip_prefix(repo.path())?;
        let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let called = self
            .alike
            .get(repo)
            .filter(|_| !rest.starts_with(goes_on))?;
        Some(format!("{}{rest}", form(called)))
    }
}

/// Returns a key without the owner of its repository: `web#7` of `acme/web#7`.
pub fn without_owner<'a>(key: &'a str, repo: Option<&RepoKey>) -> &'a str {
    let owner = repo
        .and_then(|repo| repo.path().rsplit_once('/'))
        .map_or("", |(owner, _)| owner);
    key.strip_prefix(owner)
        .and_then(|rest| rest.strip_prefix('/'))
        .unwrap_or(key)
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::domain::key::RepoKey;

    fn repos() -> Vec<RepoKey> {
        [
            ("git.a.org", "team/app"),
            ("git.b.org", "team/app"),
            ("git.b.org", "other/lab"),
            ("git.b.org", "Team/Lab"),
            ("git.b.org", "team/alone"),
            ("git.c.org/one", "x/web"),
            ("git.c.org/two", "x/web"),
            ("git.c.org/two", "y/web"),
        ]
        .map(|(place, path)| RepoKey::new(place, path))
        .to_vec()
    }

    #[track_caller]
    fn check(at: usize, tail: &str, short: &str, full: &str) {
        let repos = repos();
        let names = Names::new(repos.iter());
        let repo = &repos[at];
        let key = format!("{}{tail}", repo.path());
        assert_eq!(names.short(&key, Some(repo)), short);
        assert_eq!(names.full(&key, Some(repo)), full);
    }

    #[test]
    fn the_host_is_told_only_where_two_have_the_same() {
        check(0, "#7", "git.a.org/app#7", "git.a.org/team/app#7");
        check(1, "!7", "git.b.org/app!7", "git.b.org/team/app!7");
        check(2, "#7", "other/lab#7", "other/lab#7");
        check(3, "@0123456", "Team/Lab@0123456", "Team/Lab@0123456");
        check(4, "#7", "alone#7", "team/alone#7");
        check(5, " ci", "git.c.org/one/web ci", "git.c.org/one/x/web ci");
        check(6, "#7", "git.c.org/two/x/web#7", "git.c.org/two/x/web#7");
        check(7, "#7", "y/web#7", "y/web#7");
    }

    #[test]
    fn what_is_no_name_of_a_repository_stays_as_it_is() {
        let repos = repos();
        let names = Names::new(repos.iter());
        for key in ["PROJ-12", "HighErrorRate", "team/apple#7", ""] {
            assert_eq!(names.full(key, Some(&repos[0])), key);
        }
        assert_eq!(names.full("team/app#7", None), "team/app#7");
        assert_eq!(names.repo(&repos[0]), "git.a.org/team/app");
        assert_eq!(names.repo(&repos[4]), "team/alone");
    }

    #[test]
    fn one_repository_is_called_by_its_name_however_often_it_is_told() {
        let repos = [repos(), repos()].concat();
        let names = Names::new(repos.iter().filter(|repo| repo.path() == "team/alone"));
        assert_eq!(names.short("team/alone#7", Some(&repos[4])), "alone#7");
    }
}
