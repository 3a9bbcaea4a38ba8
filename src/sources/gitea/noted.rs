//! Which lists of a repository were read once: notes that outlive the program.
//!
//! That a repository is stored says nothing of its lists: the program may have ended between.
//! What is not noted is read.

use super::Gitea;
use crate::domain::key::RepoKey;
use crate::sources::http::{Stored, ValidatorKey};

/// A list that is read as a whole once, and then in turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noted {
    /// All open issues.
    Issues,
    /// All open pull requests.
    Pulls,
}

/// What a note holds of a list that was read, and of one that has to be read again.
const READ: &str = "read";
const AGAIN: &str = "again";

impl Gitea {
    fn list_key(&self, repo: &RepoKey, list: Noted) -> ValidatorKey {
        let word = match list {
            Noted::Issues => "issues",
            Noted::Pulls => "pulls",
        };
        ValidatorKey {
            source: self.port.name().clone(),
            credential: self.port.credential(),
            url: format!("list:{word}:{}", repo.as_str().to_ascii_lowercase()),
        }
    }

    fn put_note(&self, repo: &RepoKey, list: Noted, word: &str) {
        let stored = Stored {
            etag: word.to_owned(),
            next: None,
            body: Vec::new().into(),
        };
        let key = self.list_key(repo, list);
        self.ground.validators.put(&key, stored);
    }

    /// Notes that a list was read; anew each time, as old notes may be let go.
    pub(super) fn note_read(&self, repo: &RepoKey, list: Noted) {
        self.put_note(repo, list, READ);
    }

    /// Notes that a list has to be read again.
    pub(super) fn note_again(&self, repo: &RepoKey, list: Noted) {
        if self.was_read(repo, list) {
            self.put_note(repo, list, AGAIN);
        }
    }

    /// Returns whether a list was read, by this run of the program or by one before.
    pub(super) fn was_read(&self, repo: &RepoKey, list: Noted) -> bool {
        let stored = self.ground.validators.get(&self.list_key(repo, list));
        stored.is_some_and(|note| note.etag == READ)
    }
}
