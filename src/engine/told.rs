//! Several failures of a source in one sentence: the same trouble is told once.
//!
//! Pure. Which trouble counts is the caller's to say.

use crate::domain::text::Clean;
use crate::engine::snapshot::Health;
use crate::sources::{Batch, SourceError, TRIED_AGAIN};

/// How many remarks of a source are kept.
const MOST_REMARKS: usize = 100;

/// How many names stand in one sentence.
const NAMED: usize = 2;

/// Returns the sentence for `worst` among `all` that fails.
pub fn sentence(worst: &SourceError, all: &[&SourceError]) -> String {
    let mut texts: Vec<String> = all.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    let mut names: Vec<&str> = all.iter().filter_map(|error| alike(worst, error)).collect();
    names.sort_unstable();
    names.dedup();
    let told = match (worst, names.len()) {
        (SourceError::NotFound { host, .. }, 2..) => format!(
            "{} do not exist on {host}, or this token may not see them",
            enumerated(&names)
        ),
        (SourceError::Forbidden { host, .. }, 2..) => {
            format!("{host} does not let us read {}", enumerated(&names))
        }
        _ => worst.to_string(),
    };
    let others = texts.len().saturating_sub(names.len().max(1));
    match others {
        0 => told,
        1 => format!("{told}; one other request fails as well"),
        _ => format!("{told}; {others} other requests fail as well"),
    }
}

/// Returns the worst of the errors whose health is wanted; of equals always the same.
pub fn worst<'a>(
    errors: &[&'a SourceError],
    wanted: impl Fn(Health) -> bool,
) -> Option<&'a SourceError> {
    let mut wanted: Vec<_> = errors
        .iter()
        .filter(|error| wanted(Health::of(error)))
        .collect();
    wanted.sort_by_key(|error| (Health::of(error), error.to_string()));
    wanted.last().map(|error| **error)
}

/// Returns all that there is to say, each once: trouble first.
pub fn remarks<'a>(
    errors: impl Iterator<Item = &'a SourceError>,
    warnings: impl Iterator<Item = &'a Clean>,
) -> Vec<Clean> {
    let mut remarks: Vec<Clean> = Vec::new();
    let errors = errors.map(|error| Clean::line(&error.to_string()));
    for remark in errors.chain(warnings.cloned()) {
        if !remarks.contains(&remark) && remarks.len() < MOST_REMARKS {
            remarks.push(remark);
        }
    }
    remarks
}

/// Returns the newest remark, and how many more there are.
pub fn newest(remarks: &[&Clean]) -> Option<Clean> {
    let last = remarks.last()?;
    Some(match remarks.len() {
        1 => Clean::clone(last),
        2 => Clean::line(&format!("{last}; 1 more remark")),
        more => Clean::line(&format!("{last}; {} more remarks", more - 1)),
    })
}

/// What stands in the place of [`TRIED_AGAIN`] where there are no cards to stay as they were.
const NEVER_THERE: &str = "check the address and the network; a board tries it again by itself";

/// Returns a hint where there are no cards to stay as they were.
pub fn without_cards(hint: Clean) -> Clean {
    if hint.as_str() == TRIED_AGAIN {
        return Clean::line(NEVER_THERE);
    }
    let Some(cause) = hint.strip_suffix(TRIED_AGAIN) else {
        return hint;
    };
    Clean::line(&format!("{cause}a board tries it again by itself"))
}

/// Returns whether a batch tells or confirms a fact, or that one is gone.
pub fn tells(batch: &Batch) -> bool {
    let said = !batch.facts.is_empty() || !batch.listings.is_empty() || !batch.covered.is_empty();
    said || !batch.gone.is_empty() || !batch.gone_repos.is_empty()
}

/// Returns whether an answer holds complaints and nothing else: from a source that never told
/// anything, that is no success (a web server that is no forge, a repository that is not there).
pub fn tells_nothing(batch: &Batch) -> bool {
    !tells(batch) && !batch.warnings.is_empty()
}

/// Returns what an error is about, where it is the same trouble as the worst.
fn alike<'a>(worst: &SourceError, error: &'a SourceError) -> Option<&'a str> {
    match (worst, error) {
        (SourceError::NotFound { .. }, SourceError::NotFound { what, .. })
        | (SourceError::Forbidden { .. }, SourceError::Forbidden { what, .. }) => Some(what),
        _ => None,
    }
}

fn enumerated(names: &[&str]) -> String {
    let (shown, rest) = names.split_at(names.len().min(NAMED));
    match (shown, rest.len()) {
        ([one, two], 0) => format!("{one} and {two}"),
        (shown, 0) => shown.join(", "),
        (shown, more) => format!("{} and {more} more", shown.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::{sentence, without_cards};
    use crate::domain::text::Clean;
    use crate::sources::SourceError;

    fn missing(what: &str) -> SourceError {
        SourceError::NotFound {
            host: "forge.test".to_owned(),
            what: what.to_owned(),
            near: None,
        }
    }

    fn gone(cause: &str) -> SourceError {
        SourceError::Unreachable {
            host: "forge.test".to_owned(),
            cause: cause.to_owned(),
        }
    }

    #[test]
    fn where_there_are_no_cards_none_stay() {
        let hint = |error: &SourceError| {
            let hint = error.hint().unwrap_or_default();
            without_cards(Clean::line(&hint)).to_string()
        };
        let silent = hint(&gone("no route"));
        assert!(silent.starts_with("check the address"), "{silent}");
        let faulty = hint(&gone("it answered 500 (internal server error)"));
        assert!(faulty.contains("fault of the server"), "{faulty}");
        assert!(
            !faulty.contains("network") && !faulty.contains("cards"),
            "{faulty}"
        );
        assert_eq!(hint(&missing("/x")), missing("/x").hint().unwrap());
    }

    #[track_caller]
    fn check(all: &[SourceError], expected: &str) {
        let all: Vec<&SourceError> = all.iter().collect();
        assert_eq!(sentence(all[0], &all), expected);
    }

    #[test]
    fn the_same_trouble_is_one_sentence() {
        check(
            &[gone("no route"), gone("no route")],
            "forge.test cannot be reached: no route",
        );
        check(
            &[missing("`a/b`")],
            "`a/b` does not exist on forge.test, or this token may not see it",
        );
        check(
            &[missing("`a/b`"), missing("`a/c`")],
            "`a/b` and `a/c` do not exist on forge.test, or this token may not see them",
        );
        check(
            &[
                missing("a"),
                missing("b"),
                missing("c"),
                missing("d"),
                missing("a"),
            ],
            "a, b and 2 more do not exist on forge.test, or this token may not see them",
        );
    }

    #[test]
    fn other_trouble_is_counted() {
        check(
            &[missing("`a/b`"), gone("no route")],
            "`a/b` does not exist on forge.test, or this token may not see it; \
             one other request fails as well",
        );
        check(
            &[gone("x"), gone("y"), gone("z")],
            "forge.test cannot be reached: x; 2 other requests fail as well",
        );
    }
}
