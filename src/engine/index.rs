//! What is known of the cards of a column without looking through them: where each is, and whose
//! names stand on them.
//!
//! Made with the column, off the screen's thread, and shared by all snapshots in which it is the same.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, RepoKey, ServiceName};
use crate::domain::text::Clean;
use crate::engine::snapshot::Row;

/// What is known of the cards of one column.
#[derive(Debug, Default)]
pub struct Index {
    /// Row, and place in the row; made at the first question.
    places: OnceLock<HashMap<ItemId, (usize, usize)>>,
    mentions: Mentions,
}

impl Index {
    /// Takes in what stands on the cards of a column.
    pub fn of(rows: &[Row]) -> Self {
        Self {
            places: OnceLock::new(),
            mentions: Mentions::of(rows.iter().flat_map(Row::items).map(AsRef::as_ref)),
        }
    }

    /// Returns where a card is: its row, and its place in it.
    pub(super) fn place(&self, rows: &[Row], id: &ItemId) -> Option<(usize, usize)> {
        let places = self.places.get_or_init(|| {
            let mut places = HashMap::with_capacity(rows.len());
            for (row, cards) in rows.iter().enumerate() {
                for (place, item) in cards.items().iter().enumerate() {
                    places.insert(item.id.clone(), (row, place));
                }
            }
            places
        });
        places.get(id).copied()
    }

    /// Returns whose names stand on the cards.
    pub(super) fn mentions(&self) -> &Mentions {
        &self.mentions
    }
}

/// The repositories, services and people that stand on cards.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Mentions {
    /// The repositories.
    pub repos: BTreeSet<RepoKey>,
    /// The services.
    pub services: BTreeSet<ServiceName>,
    /// Who wrote them or holds them, by login.
    pub people: BTreeSet<Clean>,
}

impl Mentions {
    /// Looks through cards.
    pub(super) fn of<'a>(items: impl Iterator<Item = &'a WorkItem>) -> Self {
        let mut all = Self::default();
        let mut recent = Recent::default();
        for item in items {
            if let Some(repo) = &item.repo
                && recent.is_new(0, repo.path())
                && !all.repos.contains(repo)
            {
                all.repos.insert(repo.clone());
            }
            for service in &item.services {
                if recent.is_new(1, service.as_str()) && !all.services.contains(service) {
                    all.services.insert(service.clone());
                }
            }
            for person in item.holders.iter().chain(&item.author) {
                // One text may be the login of a person and the name of a service.
                if recent.is_new(2, &person.login) && !all.people.contains(&person.login) {
                    all.people.insert(person.login.clone());
                }
            }
        }
        all
    }

    /// Takes in those of another column.
    pub(super) fn add(&mut self, other: &Self) {
        self.repos.extend(other.repos.iter().cloned());
        self.services.extend(other.services.iter().cloned());
        self.people.extend(other.people.iter().cloned());
    }
}

/// Texts that were seen a moment ago, by where they are: cards share theirs, so that most are known
/// without being read.
struct Recent([(usize, usize); 512]);

impl Default for Recent {
    fn default() -> Self {
        Self([(0, 0); 512])
    }
}

impl Recent {
    /// Returns whether a text may not have been seen as one of a kind; that it has is known for sure.
    fn is_new(&mut self, kind: usize, text: &str) -> bool {
        let address = text.as_ptr().addr();
        let Some(slot) = self.0.get_mut(((address >> 4) + kind) % 512) else {
            return true;
        };
        let is_new = *slot != (address, kind);
        *slot = (address, kind);
        is_new
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::key::Person;
    use crate::domain::pool::Pool;
    use crate::domain::stage::Stage;
    use crate::ui::sample;

    #[test]
    fn every_name_on_a_card_is_mentioned_once() {
        let mut pool = Pool::default();
        let mut items: Vec<WorkItem> = (0..40).map(|n| sample::card(n, Stage::Code)).collect();
        // A person who is called as a service is: one text, two kinds.
        items[7].author = Some(Person::new("billing", false));
        for item in &mut items {
            pool.share(item);
        }
        let found = Mentions::of(items.iter());
        let repos: Vec<&str> = found.repos.iter().map(RepoKey::path).collect();
        assert_eq!(
            repos,
            [
                "acme/api",
                "acme/auth",
                "acme/billing",
                "acme/mobile",
                "acme/web"
            ]
        );
        let services: Vec<&str> = found.services.iter().map(ServiceName::as_str).collect();
        assert_eq!(services, ["api", "auth", "billing", "mobile", "web"]);
        let people: Vec<&str> = found.people.iter().map(|login| &**login).collect();
        assert_eq!(
            people,
            ["ana", "billing", "bo", "chen", "dara", "gus", "hana", "kai"]
        );
        let rows: Vec<Row> = items
            .into_iter()
            .map(|it| Row::Item(Arc::new(it)))
            .collect();
        let index = Index::of(&rows);
        assert_eq!(*index.mentions(), found);
        let id = rows[3].items()[0].id.clone();
        assert_eq!(index.place(&rows, &id), Some((3, 0)));
    }
}
