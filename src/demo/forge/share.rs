//! Which of the world's repositories a server has, and what they are called there.

use std::sync::Arc;

use url::Url;

use crate::demo::forge::Dialect;
use crate::demo::scenario::World;
use crate::demo::scenario::model::RepoState;
use crate::domain::Timestamp;

/// A repository at a server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Its index in the world.
    pub index: usize,
    /// Its path at the server: `acme/backend/api`.
    pub path: String,
}

/// The repositories of a server.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share {
    /// Where each is, in the order of the world.
    pub places: Vec<Place>,
}

/// Another server of the same team.
#[derive(Clone, Debug)]
pub struct Sister {
    /// What it speaks.
    pub dialect: Dialect,
    /// Where it is.
    pub url: Url,
    /// What it has.
    pub share: Share,
}

/// Under which group of GitLab a repository of the mixed team is; the others are at Forgejo.
const GROUPS: &[(&str, &str)] = &[
    ("api", "acme/backend"),
    ("web", "acme/frontend"),
    ("payments", "acme/backend/money"),
    ("auth", "acme/backend"),
    ("ledger", "acme/backend/money"),
    ("platform", "acme"),
];

/// Which of the further repositories are at Forgejo: every third.
const THIRD: usize = 3;

impl Share {
    /// Returns all repositories of a world by their own names.
    pub(super) fn whole(world: &World) -> Self {
        Self::of(world, |_, own| Some(own))
    }

    /// Returns what a server of this dialect has in a mixed team: a forge its own repositories, the
    /// CI server what is at Forgejo, and the monitor all.
    pub(super) fn mixed(world: &World, dialect: Dialect) -> Self {
        Self::of(world, |name, own| {
            let group = group(name, world.find("acme", name).unwrap_or(0));
            match (dialect, group) {
                (Dialect::GitLab, Some(group)) => Some(format!("{group}/{name}")),
                (Dialect::Forgejo | Dialect::Jenkins, None) => Some(own),
                (Dialect::Alertmanager, group) => {
                    Some(group.map_or(own, |group| format!("{group}/{name}")))
                }
                (Dialect::GitLab | Dialect::GitHub, None)
                | (Dialect::Forgejo | Dialect::Jenkins | Dialect::GitHub, Some(_)) => None,
            }
        })
    }

    fn of(world: &World, path: impl Fn(&str, String) -> Option<String>) -> Self {
        let place = |index| {
            let spec = world.spec(index)?;
            let path = path(&spec.name, spec.full_name())?;
            Some(Place { index, path })
        };
        Self {
            places: (0..world.len()).filter_map(place).collect(),
        }
    }

    /// Returns a repository by its path, in any case.
    pub fn find(&self, path: &str) -> Option<&Place> {
        self.places
            .iter()
            .find(|place| place.path.eq_ignore_ascii_case(path))
    }

    /// Returns a repository by its index in the world.
    pub fn at(&self, index: usize) -> Option<&Place> {
        self.places.iter().find(|place| place.index == index)
    }

    /// Returns every repository with how it stands at a moment.
    pub(super) fn states<'a>(
        &'a self,
        world: &'a World,
        now: Timestamp,
    ) -> impl Iterator<Item = (&'a Place, Arc<RepoState>)> {
        self.places
            .iter()
            .filter_map(move |place| Some((place, world.at(place.index, now)?)))
    }
}

/// Returns the group in which a repository of the mixed team is at GitLab, if it is there.
fn group(name: &str, index: usize) -> Option<&'static str> {
    if let Some((_, group)) = GROUPS.iter().find(|(known, _)| *known == name) {
        return Some(group);
    }
    let further = name.starts_with("svc-") && !index.is_multiple_of(THIRD);
    further.then_some("acme/services")
}
