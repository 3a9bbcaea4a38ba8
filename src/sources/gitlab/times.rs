//! What became of a merge request and when: notes, of which some are verdicts, and commits.
//!
//! GitLab has no list of reviews with times; what it notes itself in the discussion tells them,
//! in English whatever the language of the user. Three requests each, when nothing else is asked.

use serde::Deserialize;

use super::GitLab;
use super::api::Poll;
use super::map::person;
use super::wire::User;
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangeTimes, ReviewNote, Verdict};
use crate::domain::key::RepoKey;
use crate::sources::http::Failure;
use crate::sources::port::Ask;

/// Of how many merge requests the times are read in one fetch.
pub(super) const AT_ONCE: usize = 4;

/// How many pages of notes, and of commits, are read.
const PAGES: usize = 3;

/// A merge request, as far as it is dated.
#[derive(Deserialize)]
struct Dated {
    updated_at: Timestamp,
}

/// A note of the discussion, by a person or by GitLab itself.
#[derive(Deserialize)]
pub(super) struct Note {
    #[serde(default)]
    body: String,
    #[serde(default)]
    system: bool,
    author: Option<User>,
    #[serde(alias = "createdAt")]
    created_at: Timestamp,
}

/// A commit of a merge request.
#[derive(Deserialize)]
pub(super) struct Held {
    #[serde(alias = "authoredDate")]
    authored_date: Option<Timestamp>,
}

impl GitLab {
    /// Reads the times of one merge request.
    pub(super) async fn times_of(
        &self,
        repo: &RepoKey,
        number: u64,
        poll: Poll,
    ) -> Result<ChangeTimes, Failure> {
        // The answer is kept as a fact; keeping its text as well would be waste.
        let poll = Poll {
            ask: Ask {
                conditional: false,
                ..poll.ask
            },
            ..poll
        };
        let (part, iid) = (self.part(repo.path()), number.to_string());
        let route = ["projects", part.as_str(), "merge_requests", &iid];
        let (change, _) = self.one::<Dated>(&route, &[], poll).await?;
        let key = ChangeKey {
            repo: repo.clone(),
            number,
        };
        self.told_of(key, change.updated_at, poll).await
    }

    /// Reads what notes and commits tell of a merge request, as it was then.
    pub(super) async fn told_of(
        &self,
        change: ChangeKey,
        as_of: Timestamp,
        poll: Poll,
    ) -> Result<ChangeTimes, Failure> {
        let (part, iid) = (self.part(change.repo.path()), change.number.to_string());
        let notes = ["projects", &part, "merge_requests", &iid, "notes"];
        let query = [
            ("sort", "asc"),
            ("order_by", "created_at"),
            ("per_page", "100"),
        ];
        let notes = self.list::<Note>(&notes, &query, PAGES, poll).await?;
        let held = ["projects", &part, "merge_requests", &iid, "commits"];
        let query = [("per_page", "100")];
        let held = self.list::<Held>(&held, &query, PAGES, poll).await?;
        let said = (notes.list.items.as_slice(), notes.is_whole());
        let held = (held.list.items.as_slice(), held.complete);
        Ok(dated(change, as_of, said, held))
    }
}

/// Returns what notes and commits tell of a merge request; with each whether those are all.
pub(super) fn dated(
    change: ChangeKey,
    as_of: Timestamp,
    (notes, all_notes): (&[Note], bool),
    (held, all_held): (&[Held], bool),
) -> ChangeTimes {
    let dates = held.iter().filter_map(|held| held.authored_date);
    let mut reviews: Vec<ReviewNote> = notes.iter().filter_map(note).collect();
    reviews.sort_by_key(|note| note.at);
    let ready = notes.iter().filter(|it| is_ready(it));
    ChangeTimes {
        change,
        as_of,
        ready_at: ready.map(|it| it.created_at).min(),
        // The newest come first: of only some of them the first one is not known.
        first_commit_at: all_held.then(|| dates.min()).flatten(),
        reviews,
        additions: None,
        deletions: None,
        complete: all_notes,
    }
}

/// Whether a note tells that a draft became ready; old servers had another word for drafts.
fn is_ready(note: &Note) -> bool {
    let says = |words: &str| note.body.starts_with(words);
    note.system
        && (says("marked this merge request as **ready**")
            || says("unmarked as a **Work In Progress"))
}

fn note(wire: &Note) -> Option<ReviewNote> {
    let says = |words: &str| wire.body.starts_with(words);
    let verdict = if !wire.system {
        Verdict::Commented
    } else if says("approved this merge request") {
        Verdict::Approved
    } else if says("unapproved this merge request") {
        Verdict::Dismissed
    } else if says("requested changes") {
        Verdict::ChangesRequested
    } else {
        return None;
    };
    Some(ReviewNote {
        by: wire.author.as_ref().and_then(person)?,
        at: wire.created_at,
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::{Note, is_ready, note};
    use crate::domain::change_request::Verdict;

    #[track_caller]
    fn check(system: bool, body: &str, expected: Option<&Verdict>, ready: bool) {
        let text = serde_json::json!({
            "body": body, "system": system, "created_at": "2026-01-01T00:00:00.000Z",
            "author": {"id": 1, "username": "ada", "name": "Ada"},
        });
        let wire: Note = serde_json::from_value(text).unwrap();
        let found = note(&wire).map(|note| note.verdict);
        assert_eq!(found.as_ref(), expected, "{body}");
        assert_eq!(is_ready(&wire), ready, "{body}");
    }

    #[test]
    fn only_what_gitlab_notes_itself_is_a_verdict() {
        check(
            true,
            "approved this merge request",
            Some(&Verdict::Approved),
            false,
        );
        check(
            false,
            "approved this merge request",
            Some(&Verdict::Commented),
            false,
        );
        check(
            true,
            "unapproved this merge request",
            Some(&Verdict::Dismissed),
            false,
        );
        check(
            true,
            "requested changes",
            Some(&Verdict::ChangesRequested),
            false,
        );
        check(true, "added 1 commit", None, false);
        check(true, "marked this merge request as **ready**", None, true);
        check(true, "marked this merge request as **draft**", None, false);
        check(
            false,
            "marked this merge request as **ready**",
            Some(&Verdict::Commented),
            false,
        );
    }
}
