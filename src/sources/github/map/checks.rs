//! What checks and reviews say of a change request, by GraphQL and by REST.
//!
//! Unknown words stay unknown. REST tells no decision: where reviews and the
//! state of the merge do not prove one, it is unknown as well.

use std::collections::BTreeMap;

use crate::domain::change_request::{Checks, MergeState, Required, Review};
use crate::domain::run::RunState;
use crate::domain::text::Clean;

use super::super::wire::Rollup;
use super::super::wire_rest::{CheckRunPage, CombinedStatus, RestReview, Run, SinglePull};
use super::runs::state;

/// Returns which checks are required, by name; unknown unless each check was read.
pub(crate) fn required(rollup: Option<&Rollup>) -> Required {
    let asked = rollup.and_then(|rollup| rollup.0.as_ref());
    let Some(list) = asked.and_then(|checks| checks.contexts.as_ref()) else {
        return Required::Unknown;
    };
    if list.nodes.bad_count > 0 || list.next().is_some() {
        return Required::Unknown;
    }
    let mut names = Vec::new();
    for check in &list.nodes.items {
        match (
            check.is_required,
            check.name.as_ref().or(check.context.as_ref()),
        ) {
            (Some(false), _) => {}
            (Some(true), Some(name)) => names.push(Clean::line(name)),
            (Some(true), None) | (None, _) => return Required::Unknown,
        }
    }
    if names.is_empty() {
        return Required::None;
    }
    Required::Named(names)
}

/// Returns what a run counts for among the checks of a commit.
fn run_says(state: &RunState) -> Checks {
    match state {
        RunState::Passed | RunState::Skipped => Checks::Passed,
        RunState::Queued | RunState::Waiting | RunState::Running => Checks::Pending,
        RunState::Failed(_) | RunState::Cancelled | RunState::ActionRequired => Checks::Failed,
        RunState::Unknown(word) => Checks::Unknown(word.clone()),
    }
}

/// Returns what several checks say together: the worst that one of them says.
pub(crate) fn together(checks: &[Checks]) -> Checks {
    let rank = |checks: &&Checks| match checks {
        Checks::None => 0,
        Checks::Passed => 1,
        Checks::Unknown(_) => 2,
        Checks::Pending => 3,
        Checks::Failed => 4,
    };
    checks
        .iter()
        .max_by_key(rank)
        .cloned()
        .unwrap_or(Checks::None)
}

/// No decision at all means that no review is required.
pub(crate) fn review(word: Option<&str>) -> Review {
    match word {
        None => Review::NotRequired,
        Some("APPROVED") => Review::Approved,
        Some("CHANGES_REQUESTED") => Review::ChangesRequested,
        Some("REVIEW_REQUIRED") => Review::Required,
        Some(other) => Review::Unknown(Clean::line(other)),
    }
}

/// Returns whether it could be merged; what is not computed yet is unknown, never a conflict.
pub(crate) fn merge_state(status: Option<&str>, mergeable: Option<&str>) -> MergeState {
    match (status, mergeable) {
        (Some("DIRTY"), _) | (_, Some("CONFLICTING")) => MergeState::Conflict,
        (Some("CLEAN" | "HAS_HOOKS"), _) => MergeState::Clean,
        (Some("BEHIND"), _) => MergeState::Behind,
        (Some("BLOCKED"), _) => MergeState::Blocked,
        (Some("UNSTABLE"), _) => MergeState::Unstable,
        (Some("DRAFT"), _) => MergeState::Draft,
        (Some("UNKNOWN") | None, _) => MergeState::Unknown(Clean::line("not computed yet")),
        (Some(other), _) => MergeState::Unknown(Clean::line(other)),
    }
}

/// Returns what all checks say together.
pub(crate) fn checks(rollup: Option<&Rollup>) -> Checks {
    let Some(rollup) = rollup else {
        return Checks::Unknown(Clean::line("not asked"));
    };
    let Some(rollup) = &rollup.0 else {
        return Checks::None;
    };
    check_word(rollup.state.as_deref())
}

/// Returns what a word for checks means.
pub(crate) fn check_word(word: Option<&str>) -> Checks {
    match word.unwrap_or_default() {
        "SUCCESS" => Checks::Passed,
        "FAILURE" | "ERROR" => Checks::Failed,
        "PENDING" | "EXPECTED" => Checks::Pending,
        other => Checks::Unknown(Clean::line(other)),
    }
}

/// Returns whether a pull request could be merged, as REST says it.
pub(crate) fn rest_merge_state(wire: &SinglePull) -> MergeState {
    let word = wire.mergeable_state.as_deref();
    let word = word.map(str::to_ascii_uppercase);
    let mergeable = wire
        .mergeable
        .map(|yes| if yes { "MERGEABLE" } else { "CONFLICTING" });
    merge_state(word.as_deref(), mergeable)
}

/// Returns what reviewers said; the newest word of each counts.
///
/// Whether approvals are enough, or none is needed, only the state of the merge proves.
pub(crate) fn rest_review(
    reviews: &[RestReview],
    whole: bool,
    merge: &MergeState,
    asked: bool,
) -> Review {
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for review in reviews {
        let login = review.user.as_ref().and_then(|user| user.login.as_deref());
        let word = review.state.as_deref().unwrap_or_default();
        if matches!(word, "APPROVED" | "CHANGES_REQUESTED" | "DISMISSED") {
            last.insert(login.unwrap_or_default(), word);
        }
    }
    let says = |wanted: &str| last.values().any(|word| *word == wanted);
    let free = matches!(merge, MergeState::Clean | MergeState::Unstable);
    let unknown = |why: &str| Review::Unknown(Clean::line(why));
    if says("CHANGES_REQUESTED") {
        Review::ChangesRequested
    } else if !whole {
        unknown("not all reviews could be read")
    } else if says("APPROVED") && free {
        Review::Approved
    } else if says("APPROVED") {
        unknown("approved; REST does not tell whether that is enough")
    } else if free {
        Review::NotRequired
    } else if asked && *merge == MergeState::Blocked {
        Review::Required
    } else {
        unknown("not told by REST")
    }
}

/// Returns what check runs say.
pub(crate) fn rest_check_runs(page: &CheckRunPage) -> Vec<Checks> {
    let runs = page.check_runs.items.iter();
    let mut said: Vec<Checks> = runs
        .map(|run| run_says(&state(run.status.as_deref(), run.conclusion.as_deref())))
        .collect();
    if said.len() < page.total_count {
        said.push(Checks::Unknown(Clean::line("not all checks were read")));
    }
    said
}

/// Returns what statuses of other systems say, if there are any.
pub(crate) fn rest_status(status: &CombinedStatus) -> Option<Checks> {
    let word = status.state.as_deref().map(str::to_ascii_uppercase);
    (status.total_count > 0).then(|| check_word(word.as_deref()))
}

/// Returns what runs of one commit say: the newest of each workflow and event counts.
pub(crate) fn rest_runs(runs: &[Run]) -> Vec<Checks> {
    let mut newest: BTreeMap<_, &Run> = BTreeMap::new();
    for run in runs {
        let place = newest.entry((&run.path, &run.event)).or_insert(run);
        if run.id > place.id {
            *place = run;
        }
    }
    let newest = newest.values();
    newest
        .map(|run| run_says(&state(run.status.as_deref(), run.conclusion.as_deref())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{checks, merge_state, required, rest_review, review, together};
    use crate::domain::change_request::{Checks, MergeState, Required, Review};
    use crate::sources::github::wire::Rollup;
    use crate::sources::github::wire_rest::RestReview;

    #[test]
    fn checks_pass_only_by_the_word() {
        let word = |word: &str| {
            let state = serde_json::from_str(&format!(r#"{{"state":"{word}"}}"#)).unwrap();
            checks(Some(&Rollup(Some(state))))
        };
        assert_eq!(word("SUCCESS"), Checks::Passed);
        assert_eq!(word("ERROR"), Checks::Failed);
        assert_eq!(word("EXPECTED"), Checks::Pending);
        assert!(matches!(word("GREEN"), Checks::Unknown(_)));
        assert_eq!(checks(Some(&Rollup(None))), Checks::None);
        assert!(matches!(checks(None), Checks::Unknown(_)));
    }

    #[test]
    fn reviews_and_merge_states_keep_new_words_apart() {
        assert_eq!(review(None), Review::NotRequired);
        assert!(matches!(review(Some("NEW")), Review::Unknown(_)));
        assert_eq!(
            merge_state(Some("CLEAN"), Some("MERGEABLE")),
            MergeState::Clean
        );
        assert_eq!(
            merge_state(Some("UNKNOWN"), Some("CONFLICTING")),
            MergeState::Conflict
        );
        assert!(matches!(
            merge_state(Some("UNKNOWN"), None),
            MergeState::Unknown(_)
        ));
        assert!(matches!(
            merge_state(Some("NEW"), None),
            MergeState::Unknown(_)
        ));
    }

    #[track_caller]
    fn check_required(contexts: &str, expected: &Required) {
        let text = format!(r#"{{"state":"FAILURE","contexts":{contexts}}}"#);
        let rollup = Rollup(serde_json::from_str(&text).unwrap());
        assert_eq!(&required(Some(&rollup)), expected, "{contexts}");
    }

    #[test]
    fn whether_a_check_is_required_is_known_only_if_every_check_was_read() {
        let run = |name: &str, required: &str| {
            format!(r#"{{"__typename":"CheckRun","name":"{name}","isRequired":{required}}}"#)
        };
        let list = |nodes: &[String], more: bool| {
            let nodes = nodes.join(",");
            format!(r#"{{"pageInfo":{{"hasNextPage":{more},"endCursor":"x"}},"nodes":[{nodes}]}}"#)
        };
        let named = |names: &[&str]| Required::Named(names.iter().map(|n| (*n).into()).collect());
        let (free, needed) = (run("lint", "false"), run("build", "true"));
        check_required("null", &Required::Unknown);
        check_required(&list(&[], false), &Required::None);
        check_required(&list(std::slice::from_ref(&free), false), &Required::None);
        let both = [free, needed.clone()];
        check_required(&list(&both, true), &Required::Unknown);
        check_required(&list(&both, false), &named(&["build"]));
        check_required(&list(&[run("build", "null")], false), &Required::Unknown);
        let broken = ["{\"isRequired\":7}".to_owned()];
        check_required(&list(&broken, false), &Required::Unknown);
        let nameless = ["{\"isRequired\":true}".to_owned()];
        check_required(&list(&nameless, false), &Required::Unknown);
        let status = r#"{"__typename":"StatusContext","context":"ci/legal","isRequired":true}"#;
        let status = status.to_owned();
        check_required(
            &list(&[needed, status], false),
            &named(&["build", "ci/legal"]),
        );
        assert_eq!(required(None), Required::Unknown);
    }

    #[test]
    fn several_checks_say_the_worst_that_one_says() {
        let odd = Checks::Unknown("ODD".into());
        assert_eq!(together(&[]), Checks::None);
        assert_eq!(
            together(&[Checks::Passed, Checks::Pending]),
            Checks::Pending
        );
        assert_eq!(together(&[Checks::Failed, Checks::Pending]), Checks::Failed);
        assert_eq!(together(&[Checks::Passed, odd.clone()]), odd);
    }

    #[track_caller]
    fn check_review(words: &[(&str, &str)], merge: &MergeState, expected: Option<&Review>) {
        let reviews: Vec<RestReview> = words
            .iter()
            .map(|(login, state)| {
                let text = format!(r#"{{"user":{{"login":"{login}"}},"state":"{state}"}}"#);
                serde_json::from_str(&text).unwrap()
            })
            .collect();
        let found = rest_review(&reviews, true, merge, true);
        match expected {
            Some(expected) => assert_eq!(&found, expected, "{words:?}"),
            None => assert!(matches!(found, Review::Unknown(_)), "{words:?}: {found:?}"),
        }
    }

    #[test]
    fn reviews_by_rest_prove_a_decision_only_with_the_state_of_the_merge() {
        let (clean, blocked) = (MergeState::Clean, MergeState::Blocked);
        let no = MergeState::Unknown("".into());
        let against = [("ada", "APPROVED"), ("ada", "CHANGES_REQUESTED")];
        check_review(&against, &clean, Some(&Review::ChangesRequested));
        let for_it = [
            ("ada", "CHANGES_REQUESTED"),
            ("ada", "APPROVED"),
            ("ada", "COMMENTED"),
        ];
        check_review(&for_it, &clean, Some(&Review::Approved));
        check_review(&for_it, &blocked, None);
        check_review(&for_it, &no, None);
        check_review(&[], &clean, Some(&Review::NotRequired));
        check_review(&[], &blocked, Some(&Review::Required));
        check_review(&[("ada", "DISMISSED")], &no, None);
        assert!(matches!(
            rest_review(&[], false, &clean, false),
            Review::Unknown(_)
        ));
    }
}
