//! What became of a change request and when: reviews, first commit, ready for review.

use crate::domain::change_request::{ChangeKey, ChangeTimes, ReviewNote, Verdict};
use crate::domain::key::Person;
use crate::domain::text::Clean;

use super::super::wire_past::{Event, Held, PullTimes, RestPullTimes, ReviewTold};
use super::person;

/// As whom GitHub shows accounts that are gone.
const GONE: &str = "ghost";

/// Returns the times of a change request.
pub(crate) fn times(change: ChangeKey, wire: &PullTimes) -> ChangeTimes {
    let reviews = wire.reviews.as_ref();
    let more = reviews.and_then(|list| list.page_info.as_ref());
    let told = reviews.map(|list| &list.nodes);
    let mut events = wire.timeline_items.iter().flat_map(|it| &it.nodes.items);
    let mut commits = wire.commits.iter().flat_map(|it| &it.nodes.items);
    ChangeTimes {
        change,
        as_of: wire.updated_at,
        ready_at: events.find_map(|event| event.created_at),
        first_commit_at: commits.find_map(|held| held.commit.as_ref()?.authored_date),
        reviews: notes(told.map_or(&[], |list| &list.items)),
        additions: wire.additions,
        deletions: wire.deletions,
        complete: told.is_some_and(|list| list.bad_count == 0)
            && !more.is_some_and(|page| page.has_next_page),
    }
}

/// The same, told by REST in several answers: of the pull request alone, its reviews and whether
/// these are all, its first commits, its events.
pub(crate) fn rest_times(
    change: ChangeKey,
    pull: &RestPullTimes,
    (reviews, complete): (&[ReviewTold], bool),
    commits: &[Held],
    events: &[Event],
) -> ChangeTimes {
    let mut ready = events
        .iter()
        .filter(|event| event.event.as_deref() == Some("ready_for_review"));
    let mut commits = commits.iter();
    ChangeTimes {
        change,
        as_of: pull.updated_at,
        ready_at: ready.find_map(|event| event.created_at),
        first_commit_at: commits
            .find_map(|held| held.commit.as_ref()?.author.as_ref().and_then(|by| by.date)),
        reviews: notes(reviews),
        additions: pull.additions,
        deletions: pull.deletions,
        complete,
    }
}

fn notes(reviews: &[ReviewTold]) -> Vec<ReviewNote> {
    let mut notes: Vec<ReviewNote> = reviews.iter().filter_map(note).collect();
    notes.sort_by_key(|note| note.at);
    notes
}

/// One that was not handed in yet is nobody's business.
fn note(wire: &ReviewTold) -> Option<ReviewNote> {
    let verdict = match wire.state.as_deref().unwrap_or_default() {
        "APPROVED" => Verdict::Approved,
        "CHANGES_REQUESTED" => Verdict::ChangesRequested,
        "COMMENTED" => Verdict::Commented,
        "DISMISSED" => Verdict::Dismissed,
        "PENDING" => return None,
        other => Verdict::Other(Clean::line(other)),
    };
    let by = wire.author.as_ref().and_then(person);
    Some(ReviewNote {
        by: by.unwrap_or_else(|| Person::new(GONE, false)),
        at: wire.submitted_at?,
        verdict,
    })
}

#[cfg(test)]
mod tests {
    use super::times;
    use crate::domain::change_request::{ChangeKey, ChangeTimes, Verdict};
    use crate::domain::key::RepoKey;

    fn read(text: &str) -> ChangeTimes {
        let change = ChangeKey {
            repo: RepoKey::new("github.com", "acme/api"),
            number: 7,
        };
        times(change, &serde_json::from_str(text).unwrap())
    }

    #[test]
    fn reviews_are_told_in_order_and_what_is_unknown_is_no_approval() {
        let told = read(
            r#"{"updatedAt":"2026-01-05T00:00:00Z","additions":12,"deletions":null,
            "reviews":{"pageInfo":{"hasNextPage":false,"endCursor":null},"nodes":[
              {"state":"NEWLY_INVENTED","submittedAt":"2026-01-03T00:00:00Z","author":null},
              {"state":"PENDING","submittedAt":null,"author":{"login":"ada"}},
              {"state":"APPROVED","submittedAt":"2026-01-04T00:00:00Z","author":{"__typename":"Bot","login":"checker"}},
              {"state":"CHANGES_REQUESTED","submittedAt":"2026-01-02T00:00:00Z","author":{"login":"ada"}}]},
            "timelineItems":{"nodes":[{"__typename":"ReadyForReviewEvent","createdAt":"2026-01-01T12:00:00Z"}]},
            "commits":{"nodes":[{"commit":{"authoredDate":"2025-12-31T00:00:00Z"}}]}}"#,
        );
        let words: Vec<_> = told
            .reviews
            .iter()
            .map(|note| (note.by.login.as_str(), note.by.bot, note.verdict.clone()))
            .collect();
        assert_eq!(
            words,
            [
                ("ada", false, Verdict::ChangesRequested),
                ("ghost", false, Verdict::Other("NEWLY_INVENTED".into())),
                ("checker", true, Verdict::Approved),
            ]
        );
        assert!(told.complete && told.first_commit_at < told.ready_at);
        assert_eq!((told.additions, told.deletions), (Some(12), None));
    }

    #[test]
    fn what_is_not_told_is_nothing_and_more_pages_are_not_all() {
        let told = read(
            r#"{"updatedAt":"2026-01-05T00:00:00Z",
            "reviews":{"pageInfo":{"hasNextPage":true,"endCursor":"x"},"nodes":[{"state":7}]},
            "timelineItems":{"nodes":[]},"commits":{"nodes":[null]}}"#,
        );
        assert!(!told.complete && told.reviews.is_empty());
        assert_eq!((told.ready_at, told.first_commit_at), (None, None));
    }
}
