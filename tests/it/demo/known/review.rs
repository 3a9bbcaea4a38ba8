//! What reviewers did, by brute force.

use super::*;

/// Everything that is counted by pull requests of one repository.
pub(super) fn truth(state: &RepoState, from: i64, truth: &mut Truth) {
    for pull in state.pulls.iter().filter(|pull| !is_bot(pull.author)) {
        let is_known = pull.closed_at.is_none_or(|at| at.timestamp() >= from);
        if !is_known {
            continue;
        }
        let ready = pull.ready_at.unwrap_or(pull.created_at).timestamp();
        let mut said: Vec<(i64, &str)> = pull
            .reviews
            .iter()
            .filter(|review| review.by != pull.author && !is_bot(review.by))
            .map(|review| (review.at.timestamp(), review.state))
            .collect();
        said.sort_unstable();
        let since = || said.iter().filter(|(at, _)| *at >= ready);
        if let Some((at, _)) = since().next() {
            truth.span("time_to_first_review", *at, ready, *at);
        }
        if let Some((at, _)) = since().find(|(_, word)| *word == "APPROVED") {
            truth.span("time_to_approve", *at, ready, *at);
        }
        let Some(merged) = pull.merged_at.map(|at| at.timestamp()) else {
            continue;
        };
        let lines = i64::try_from(pull.additions + pull.deletions).unwrap();
        truth.add("batch_size", merged, float(lines));
        said.retain(|(at, _)| *at <= merged);
        let asked = said.iter().filter(|(_, word)| *word == "CHANGES_REQUESTED");
        truth.add("review_rounds", merged, number(asked.count()));
        // The first approval after which nobody asked for more.
        let asked = said
            .iter()
            .rposition(|(_, word)| *word == "CHANGES_REQUESTED");
        let rest = &said[asked.map_or(0, |nth| nth + 1)..];
        let Some((approved, _)) = rest.iter().find(|(_, word)| *word == "APPROVED") else {
            continue;
        };
        let green = green(state, pull, from);
        let begin = green.map_or(*approved, |green| green.min(merged).max(*approved));
        truth.span("merge_wait", merged, begin, merged);
    }
}

/// When the head of a pull request was green, by runs that are known.
fn green(state: &RepoState, pull: &Pull, from: i64) -> Option<i64> {
    let runs = state.runs.iter().filter(|run| {
        run.pull == Some(pull.number)
            && run.sha == pull.head_sha()
            && run.created_at.timestamp() >= from
    });
    let mut first: BTreeMap<usize, i64> = BTreeMap::new();
    for run in runs.filter(|run| run.conclusion == Some("success")) {
        let end = run.updated_at.timestamp();
        let known = first.entry(run.workflow).or_insert(end);
        *known = end.min(*known);
    }
    first.into_values().max()
}
