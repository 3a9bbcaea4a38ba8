//! Which repositories the settings select, as two selections are compared.
//!
//! The order and the case of names mean nothing. What was read for one selection
//! says nothing of what is stored for another.

use std::collections::BTreeSet;

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
            repos: plain(&config.repos),
            owners: plain(&config.orgs),
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
fn plain(names: &[String]) -> BTreeSet<String> {
    let trimmed = names.iter().map(|name| name.trim().trim_matches('/'));
    trimmed.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Selection, plain};

    fn selection(repos: &[&str], owners: &[&str]) -> u64 {
        let names = |list: &[&str]| -> BTreeSet<String> {
            plain(
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
}
