//! Which repository it is, and who asks: another one under the same name is not the one that
//! was read.
//!
//! A server that was replaced, or a name that was given away, answers everything
//! that is asked; only the number of the repository tells. What is known of the
//! old one goes then, and the new one is read from the start. So it is where
//! another token asks: what one may see says nothing of what another may.

use super::GitHub;
use super::memory::Memory;
use super::state::{Mode, RepoState, State};
use crate::domain::action::Deed;
use crate::domain::key::RepoKey;
use crate::domain::text::Clean;
use crate::sources::Batch;
use crate::sources::http::{Stored, ValidatorKey};
use crate::sources::needs;

impl GitHub {
    /// Notes which repository answers to a name; returns whether it is another one than before.
    ///
    /// All that is known of the one before is forgotten then, and the batch says so.
    pub(super) fn is_another(
        &self,
        state: &mut State,
        path: &str,
        id: Option<u64>,
        batch: &mut Batch,
    ) -> bool {
        let (Some(id), Some(repo)) = (id, state.known(path)) else {
            return false;
        };
        let first = repo.identity.is_none();
        let before = repo.identity.or_else(|| self.kept_identity(path));
        repo.identity = Some(id);
        if before == Some(id) {
            if first {
                self.keep_identity(path, id);
            }
            return false;
        }
        self.keep_identity(path, id);
        if before.is_none() {
            return false;
        }
        let key = self.key(&repo.path);
        *repo = RepoState {
            identity: Some(id),
            // What is asked for next must not have the name of something that was asked for.
            turn: repo.turn + 1,
            ..RepoState::new(path)
        };
        state.forget(&key);
        // They may have been read of the new one before that was known, and go with the rest.
        state.turns.findings += 1;
        self.api.distrust(path);
        let text = format!(
            "`{}` is another repository than before: what was known of that one is gone",
            Clean::line(path)
        );
        batch.warnings.push(Clean::line(&text));
        batch.gone_repos.push(key);
        true
    }

    /// Returns what a note of a repository stands under: the account and the selection, as the
    /// rows do that it is about. What was read for others confirms none of these.
    pub(super) fn note_key(&self, what: &str, path: &str) -> ValidatorKey {
        let (hash, repo) = (self.selection, self.key(path));
        ValidatorKey {
            source: self.config.name.clone(),
            credential: self.api.client.account(),
            url: format!("{what}:{hash:016x}:{}", repo.as_str().to_ascii_lowercase()),
        }
    }

    /// Returns which repository it was, whoever saw it.
    ///
    /// Rows may be inherited from another account or selection: its note is better than none.
    fn kept_identity(&self, path: &str) -> Option<u64> {
        let keys = [self.note_key("identity", path), self.common_key(path)];
        let stored = keys
            .iter()
            .find_map(|key| self.ground.validators.get(key))?;
        stored.etag.parse().ok()
    }

    fn keep_identity(&self, path: &str, id: u64) {
        for key in [self.note_key("identity", path), self.common_key(path)] {
            let stored = Stored {
                etag: id.to_string(),
                next: None,
                body: Vec::new().into(),
            };
            if self.ground.validators.get(&key).as_ref() != Some(&stored) {
                self.ground.validators.put(&key, stored);
            }
        }
    }

    fn common_key(&self, path: &str) -> ValidatorKey {
        ValidatorKey {
            source: self.config.name.clone(),
            credential: "identity".to_owned(),
            url: format!("identity:{}", self.key(path).as_str().to_ascii_lowercase()),
        }
    }
}

impl State {
    /// Takes in as whom it asks from now on: what another token told, or could not tell, is
    /// that one's, and all is read anew.
    pub(super) fn asks_as(&mut self, account: String) {
        let deeds = Deed::ALL.map(Deed::name);
        for name in ["annotations", "job logs"].into_iter().chain(deeds) {
            self.capabilities.remove(name);
        }
        let before = self.account.replace(account);
        if before.is_none() || before == self.account {
            return;
        }
        (self.me, self.me_asked, self.anonymous) = (None, false, false);
        if let Mode::RestOnly(_) = std::mem::replace(&mut self.mode, Mode::GraphQl) {
            self.capabilities.remove("graphql");
        }
        self.refused.clear();
        self.answered.clear();
        self.hidden.clear();
        self.memory = Memory::default();
        self.discovered_at = None;
        for repo in self.repos.values_mut() {
            *repo = RepoState {
                identity: repo.identity,
                changed_at: repo.changed_at,
                // What is asked for next must not have the name of something that was asked for.
                turn: repo.turn + 1,
                ..RepoState::new(&repo.path)
            };
        }
    }

    /// Forgets what was found out about a repository besides its own state.
    fn forget(&mut self, key: &RepoKey) {
        let path = key.path();
        self.answered.retain(|need, _| needs::repo_of(need) != key);
        self.hidden
            .retain(|(of, _), _| !of.eq_ignore_ascii_case(path));
        self.memory.forget(key);
        self.backfill = None;
        self.stored.remove(key);
    }
}
