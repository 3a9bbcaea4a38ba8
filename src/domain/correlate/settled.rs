//! What another deployment leaves as it is, on the way through the past.
//!
//! A change that is live wherever its service goes stays so with each version that contains it,
//! and one that has not landed is in none. Their texts may name the version before: nobody
//! reads those of the past.

use crate::domain::correlate::parts::Part;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, Sha};
use crate::domain::placement::{Standing, Work};
use crate::domain::run::is_foreign;

/// How many digits a whole commit id has at least.
const WHOLE: usize = 40;

/// What is noted of the parts of one card.
#[derive(Debug, Default)]
pub(super) struct Landings {
    /// Whether a part moves with each deployment.
    moves: bool,
    live: Vec<Sha>,
}

impl Landings {
    /// Notes a part of a card of a repository.
    pub(super) fn note(&mut self, repo: Option<&RepoKey>, part: &Part<'_, '_>) {
        let Some(landed) = &part.case.landed else {
            return;
        };
        let places = &part.case.environments;
        let is_live = places.iter().all(|place| place.standing == Standing::Live);
        let is_settled = is_live
            && !places.is_empty()
            && landed.reverted_by.is_none()
            && part.case.after.iter().all(|run| run.work() == Work::Passed)
            && part.suspected.is_empty()
            && places.iter().all(|place| place.seen.is_none())
            && repo == Some(part.view.repo);
        match landed.sha.filter(|_| is_settled) {
            Some(sha) => self.live.push(sha.clone()),
            None => self.moves = true,
        }
    }

    /// Returns the commits that are live wherever they go, where the card is of nothing else, and
    /// forgets them.
    pub(super) fn take(&mut self) -> Option<Box<[Sha]>> {
        let noted = std::mem::take(self);
        (!noted.moves).then(|| noted.live.into())
    }
}

/// Returns the commit that a deployment brings where it changed, or came to where others are known.
pub(super) fn brought<'a>(
    before: Option<&Fact>,
    after: Option<&'a Fact>,
    mut others: impl Iterator<Item = &'a Deployment>,
) -> Option<&'a Sha> {
    let Some(Fact::Deployment(now)) = after else {
        return None;
    };
    let is_alike = match before {
        Some(Fact::Deployment(before)) => {
            (&before.sha, &before.environment, before.created_at)
                == (&now.sha, &now.environment, now.created_at)
        }
        Some(_) => false,
        None => others.any(|other| other.id != now.id && other.environment == now.environment),
    };
    let is_known = !matches!(now.state, DeployState::Unknown(_)) && !is_foreign(now.id);
    let sha = now.sha.as_ref()?;
    (is_alike && is_known && sha.as_str().len() >= WHOLE).then_some(sha)
}
