//! The tables of a `[[source]]` that only some kinds take.
//!
//! Which kind takes which is told by the kinds; what stands in a table is checked by its own file.

use std::ops::Range;

use url::Url;

use crate::config::check::Checker;
use crate::config::{Extras, RepoNames, SourceKind, check_table, file, map_table, project};

/// Returns the tables that a source has of its own; tells of those that its kind does not take.
pub(super) fn check(
    checker: &mut Checker<'_>,
    value: &mut file::Source,
    kind: Option<&SourceKind>,
    url: Option<&Url>,
    span: &Range<usize>,
) -> Extras {
    let checks = std::mem::take(&mut value.checks);
    let maps = std::mem::take(&mut value.maps);
    let projects = std::mem::take(&mut value.projects);
    let mut extras = Extras {
        projects: project::check(checker, projects, kind),
        ..Extras::default()
    };
    let at = checks.first().map(|table| table.span.clone());
    if takes(checker, kind, "check", at, span) {
        extras.checks = check_table::check(checker, checks, url);
    }
    let at = maps.first().map(|table| table.span.clone());
    if takes(checker, kind, "map", at, span) {
        extras.maps = map_table::check(checker, maps, url);
    }
    extras
}

/// Returns whether a kind takes a table that begins there; tells if it does not, and if there is
/// none where nothing else says what is asked for.
fn takes(
    checker: &mut Checker<'_>,
    kind: Option<&SourceKind>,
    name: &str,
    at: Option<Range<usize>>,
    span: &Range<usize>,
) -> bool {
    let Some(kind) = kind else {
        return true;
    };
    let takes = kind.tables.contains(&name);
    match at {
        Some(_) if takes => true,
        None if takes && kind.repos == RepoNames::Absent && checker.is_well() => {
            let message = format!(
                "a source of kind `{}` asks for nothing by itself",
                kind.name
            );
            let hint = format!("write at least one `[[source.{name}]]` below it");
            checker.error(span.clone(), &message, Some(&hint));
            false
        }
        Some(at) => {
            let message = format!(
                "a source of kind `{}` takes no `[[source.{name}]]`",
                kind.name
            );
            let takers = checker.kinds.iter();
            let takers = takers.filter(|kind| kind.tables.contains(&name));
            let takers: Vec<String> = takers.map(|kind| format!("`{}`", kind.name)).collect();
            let hint = format!("it belongs to a source of kind {}", takers.join(" or "));
            checker.error(at, &message, Some(&hint));
            false
        }
        None => true,
    }
}
