//! Which repositories the settings select: names, owners, patterns; and as two selections compare.
//!
//! The order and the case of names mean nothing. What was read for one selection
//! says nothing of what is stored for another.

use std::collections::BTreeSet;

use globset::{Glob, GlobBuilder};
use xxhash_rust::xxh3::Xxh3;

use crate::config::SourceConfig;

/// The names that the settings hold.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    /// Repositories, and patterns of them.
    pub repos: BTreeSet<String>,
    /// Owners, all of whose repositories are meant.
    pub owners: BTreeSet<String>,
    /// What the tables of the source say is read, and as what; empty for kinds without any.
    pub tables: Vec<String>,
}

impl Selection {
    /// Returns what a source is told to read.
    pub fn of(config: &SourceConfig) -> Self {
        Self {
            repos: lowered(&config.repos),
            owners: lowered(&config.orgs),
            tables: tables(config),
        }
    }

    fn parts(&self) -> Vec<&[u8]> {
        let repos = self.repos.iter().map(String::as_bytes);
        let owners = self.owners.iter().map(String::as_bytes);
        repos
            .chain(std::iter::once(b"/".as_slice()))
            .chain(owners)
            .collect()
    }

    /// Returns a number that stands for it.
    pub fn hash(&self) -> u64 {
        let mut hasher = Xxh3::new();
        for part in self.parts() {
            hasher.update(&part.len().to_le_bytes());
            hasher.update(part);
        }
        for table in &self.tables {
            hasher.update(&table.len().to_le_bytes());
            hasher.update(table.as_bytes());
        }
        hasher.digest()
    }
}

/// Returns what is read by the tables of a source: facts of another map are other facts.
fn tables(config: &SourceConfig) -> Vec<String> {
    let checks = config.extras.checks.iter();
    let checks = checks.map(|check| format!("check\n{}", check.identity()));
    let maps = config.extras.maps.iter();
    let maps = maps.map(|map| format!("map\n{map:?}"));
    let projects = config.extras.projects.iter();
    let projects = projects.map(|rule| format!("project\n{}", rule.text()));
    checks.chain(maps).chain(projects).collect()
}

/// Returns names as they are compared.
fn lowered(names: &[String]) -> BTreeSet<String> {
    let trimmed = names.iter().map(|name| name.trim().trim_matches('/'));
    trimmed.map(str::to_lowercase).collect()
}

/// Returns the repositories that are named in full, below groups of any depth.
pub(in crate::sources) fn paths(repos: &[String]) -> impl Iterator<Item = &str> {
    let named = repos.iter().map(|path| path.trim().trim_matches('/'));
    named.filter(|path| !is_pattern(path) && path.contains('/'))
}

/// The same where a repository belongs to its owner, without groups between.
pub(in crate::sources) fn plain(repos: &[String]) -> impl Iterator<Item = &str> {
    paths(repos).filter(|path| path.split('/').count() == 2)
}

/// Returns whether a name stands for several.
pub(in crate::sources) fn is_pattern(path: &str) -> bool {
    path.contains(['*', '?', '[', '{'])
}

/// Returns a pattern as it is matched: in any case, within one part of a path.
pub(in crate::sources) fn glob(pattern: &str) -> Option<Glob> {
    GlobBuilder::new(pattern.trim())
        .case_insensitive(true)
        .literal_separator(true)
        .build()
        .ok()
}

/// Returns whether a list must be asked for to know the repositories.
pub(in crate::sources) fn is_needed(config: &SourceConfig) -> bool {
    !config.orgs.is_empty() || config.repos.iter().any(|path| is_pattern(path))
}

/// Returns whether the settings name this repository, in full or by owner or pattern.
pub(in crate::sources) fn covers(config: &SourceConfig, path: &str) -> bool {
    let owner = path.split_once('/').map_or("", |(owner, _)| owner);
    let named = plain(&config.repos).any(|named| named.eq_ignore_ascii_case(path));
    let listed = config
        .orgs
        .iter()
        .any(|org| org.trim().eq_ignore_ascii_case(owner));
    named || listed || matches_pattern(config, path)
}

fn matches_pattern(config: &SourceConfig, path: &str) -> bool {
    let patterns = config.repos.iter().filter(|pattern| is_pattern(pattern));
    patterns
        .filter_map(|pattern| glob(pattern))
        .any(|pattern| pattern.compile_matcher().is_match(path))
}

/// Returns the owners whose lists are read; `None` stands for all that the token sees.
pub(in crate::sources) fn owners(config: &SourceConfig) -> Vec<Option<String>> {
    let of_orgs = config.orgs.iter().map(|org| Some(org.trim().to_owned()));
    let of_patterns = config
        .repos
        .iter()
        .filter(|pattern| is_pattern(pattern))
        .map(|pattern| {
            let owner = pattern
                .trim()
                .split_once('/')
                .map_or("", |(owner, _)| owner);
            (!owner.is_empty() && !is_pattern(owner)).then(|| owner.to_owned())
        });
    let mut owners: Vec<_> = of_orgs.chain(of_patterns).collect();
    owners.sort();
    owners.dedup();
    owners
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Selection, covers, is_needed, lowered, owners, plain};
    use crate::config::SourceConfig;

    fn selection(repos: &[&str], owners: &[&str]) -> u64 {
        let names = |list: &[&str]| -> BTreeSet<String> {
            lowered(
                &list
                    .iter()
                    .map(|name| (*name).to_owned())
                    .collect::<Vec<_>>(),
            )
        };
        let (repos, owners) = (names(repos), names(owners));
        let tables = Vec::new();
        Selection {
            repos,
            owners,
            tables,
        }
        .hash()
    }

    #[test]
    fn what_tables_say_is_a_part_of_it_and_their_order_counts() {
        let of = |tables: &[&str]| {
            Selection {
                repos: BTreeSet::new(),
                owners: BTreeSet::new(),
                tables: tables.iter().map(|one| (*one).to_owned()).collect(),
            }
            .hash()
        };
        assert_eq!(of(&[]), selection(&[], &[]));
        assert_ne!(of(&["a"]), of(&[]));
        assert_ne!(of(&["a", "b"]), of(&["b", "a"]));
    }

    #[test]
    fn order_and_case_mean_nothing_and_all_else_does() {
        let one = selection(&["acme/api", "acme/web"], &["umbrella"]);
        assert_eq!(one, selection(&["Acme/Web", "/acme/api/"], &["UMBRELLA"]));
        assert_ne!(one, selection(&["acme/api"], &["umbrella"]));
        assert_ne!(one, selection(&["acme/api", "acme/web"], &[]));
        assert_ne!(one, selection(&["acme/api", "acme/web", "umbrella"], &[]));
    }

    fn config(repos: &[&str], orgs: &[&str]) -> SourceConfig {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
        SourceConfig {
            repos: texts(repos),
            orgs: texts(orgs),
            ..SourceConfig::new(
                "one",
                "github",
                url::Url::parse("https://github.com").unwrap(),
            )
        }
    }

    #[test]
    fn named_repositories_need_no_list() {
        let config = config(&["acme/api", "/acme/web/", "nonsense", "a/b/c"], &[]);
        assert!(!is_needed(&config));
        let named: Vec<_> = plain(&config.repos).collect();
        assert_eq!(named, ["acme/api", "acme/web"]);
    }

    #[test]
    fn patterns_match_within_one_part_and_in_any_case() {
        let config = config(&["acme/api-*", "*/docs"], &["umbrella"]);
        assert!(is_needed(&config));
        assert!(covers(&config, "Acme/API-core"));
        assert!(covers(&config, "any/docs"));
        assert!(covers(&config, "Umbrella/x"));
        assert!(!covers(&config, "acme/web"));
        assert!(!covers(&config, "acme/api-/x"));
    }

    #[test]
    fn each_owner_is_listed_once() {
        let config = config(&["acme/a*", "acme/b*", "*/docs"], &["acme"]);
        assert_eq!(owners(&config), [None, Some("acme".to_owned())]);
    }
}
