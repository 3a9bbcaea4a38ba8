//! What became of a pull request and when: reviews, first commit, lines.
//!
//! Three requests each, when nothing else is asked. When a draft became ready is in its
//! title alone, and no interface tells when that changed.

use serde::Deserialize;

use super::api::{Asked, below, is_missing, is_whole};
use super::map::{person, when};
use super::{Gitea, wire};
use crate::domain::Timestamp;
use crate::domain::change_request::{ChangeKey, ChangeTimes, ReviewNote, Verdict};
use crate::domain::fact::Fact;
use crate::domain::key::{Person, RepoKey};
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List};
use crate::sources::port::Ask;

/// Of how many pull requests the times are read in one fetch.
pub(super) const AT_ONCE: usize = 4;

/// How many pages of reviews, and of commits, are read.
const PAGES: usize = 3;

/// As whom accounts that are gone are shown.
const GONE: &str = "Ghost";

/// A pull request, as far as lists do not tell it.
#[derive(Deserialize)]
struct Sized {
    updated_at: Timestamp,
    additions: Option<u64>,
    deletions: Option<u64>,
}

/// A commit of a pull request, as far as it is dated.
#[derive(Deserialize)]
struct Held {
    commit: Option<Git>,
}

#[derive(Deserialize)]
struct Git {
    author: Option<Signed>,
}

#[derive(Deserialize)]
struct Signed {
    date: Option<Timestamp>,
}

impl Gitea {
    /// Reads the times of one pull request.
    pub(super) async fn times_of(
        &self,
        repo: &RepoKey,
        number: u64,
        asked: Asked,
    ) -> Result<Vec<Fact>, Failure> {
        // The answer is kept as a fact; keeping its text as well would be waste.
        let asked = Asked {
            ask: Ask {
                conditional: false,
                ..asked.ask
            },
            ..asked
        };
        let text = number.to_string();
        let route = |rest: &'static str| {
            let mut parts = below(repo.path(), &["pulls", &text]);
            parts.extend((!rest.is_empty()).then_some(rest));
            parts
        };
        let (pull, _) = self.one::<Sized>(&route(""), &[], asked).await?;
        let take = |list: List<wire::Review>| list;
        let reviews = self
            .pages(&route("reviews"), &[], (PAGES, asked), take)
            .await?;
        let take = |list: List<Held>| list;
        let held = match self
            .pages(&route("commits"), &[], (PAGES, asked), take)
            .await
        {
            Ok(held) => Some(held),
            // Servers before 1.13 do not tell them.
            Err(failure) if is_missing(&failure) => {
                self.port.excused(&failure);
                None
            }
            Err(failure) => return Err(failure),
        };
        let change = ChangeKey {
            repo: repo.clone(),
            number,
        };
        // The newest come first: of only some of them the first one is not known.
        let held = held.filter(|held| held.complete);
        let first = held.and_then(|held| first_of(&held.list.items));
        let complete = is_whole(&reviews);
        Ok(vec![Fact::ChangeTimes(ChangeTimes {
            change,
            as_of: pull.updated_at,
            ready_at: None,
            first_commit_at: first,
            reviews: notes(&reviews.list.items),
            additions: pull.additions,
            deletions: pull.deletions,
            complete,
        })])
    }
}

fn first_of(held: &[Held]) -> Option<Timestamp> {
    let dates = held.iter().filter_map(|held| {
        let git = held.commit.as_ref()?;
        when(git.author.as_ref()?.date)
    });
    dates.min()
}

/// Returns what was said, oldest first; that somebody was asked is no review.
fn notes(reviews: &[wire::Review]) -> Vec<ReviewNote> {
    let mut notes: Vec<ReviewNote> = reviews.iter().filter_map(note).collect();
    notes.sort_by_key(|note| note.at);
    notes
}

fn note(wire: &wire::Review) -> Option<ReviewNote> {
    let word = wire.state.as_deref().unwrap_or_default();
    let verdict = match word.to_ascii_uppercase().as_str() {
        "REQUEST_REVIEW" | "PENDING" => return None,
        _ if wire.dismissed == Some(true) => Verdict::Dismissed,
        "APPROVED" => Verdict::Approved,
        "REQUEST_CHANGES" => Verdict::ChangesRequested,
        "COMMENT" => Verdict::Commented,
        other => Verdict::Other(Clean::line(other)),
    };
    let by = wire.user.as_ref().and_then(person);
    Some(ReviewNote {
        by: by.unwrap_or_else(|| Person::new(GONE, false)),
        at: when(wire.submitted_at)?,
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::{Held, first_of, notes};
    use crate::domain::change_request::Verdict;

    #[test]
    fn asking_for_a_review_is_none_and_a_dismissed_one_is_no_approval() {
        let told = notes(
            &serde_json::from_str::<Vec<_>>(
                r#"[{"state":"APPROVED","dismissed":true,"submitted_at":"2026-01-04T00:00:00Z","user":{"login":"ada"}},
                {"state":"REQUEST_REVIEW","submitted_at":"2026-01-01T00:00:00Z","user":{"login":"bob"}},
                {"state":"REQUEST_CHANGES","submitted_at":"2026-01-02T00:00:00Z","user":null},
                {"state":"COMMENT","submitted_at":"0001-01-01T00:00:00Z","user":{"login":"eve"}},
                {"state":"GLORIFIED","submitted_at":"2026-01-03T00:00:00Z","user":{"login":"eve"}}]"#,
            )
            .unwrap(),
        );
        let words: Vec<_> = told
            .iter()
            .map(|note| (note.by.login.as_str(), note.verdict.clone()))
            .collect();
        assert_eq!(
            words,
            [
                ("Ghost", Verdict::ChangesRequested),
                ("eve", Verdict::Other("GLORIFIED".into())),
                ("ada", Verdict::Dismissed),
            ]
        );
    }

    #[test]
    fn the_first_commit_is_the_one_that_was_written_first() {
        let held: Vec<Held> = serde_json::from_str(
            r#"[{"commit":{"author":{"date":"2026-01-03T00:00:00Z"}}},{"commit":null},
                {"commit":{"author":{"date":"0001-01-01T00:00:00Z"}}},
                {"commit":{"author":{"date":"2026-01-02T00:00:00+01:00"}}}]"#,
        )
        .unwrap();
        let first = first_of(&held).unwrap();
        assert_eq!(first.to_rfc3339(), "2026-01-01T23:00:00+00:00");
    }
}
