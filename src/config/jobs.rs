//! Jobs and folders of a build server, as `repos` and `orgs` name them.
//!
//! Their names are freer than those of repositories: they hold spaces and percents.

use globset::Glob;

use crate::config::check::Checker;
use crate::config::file;

/// Returns the jobs and folders that are chosen.
pub(super) fn check(
    checker: &mut Checker<'_>,
    source: &file::Source,
) -> (Vec<String>, Vec<String>) {
    // Names of jobs hold spaces and percents as well.
    let is_path = |text: &str| {
        let parts = text.trim_matches('/').split('/');
        let plain = parts.clone().all(|part| {
            let odd = |c: char| c.is_control() || matches!(c, '\\' | ':' | '<' | '>' | '|');
            !part.trim().is_empty() && !matches!(part, "." | "..") && !part.contains(odd)
        });
        plain && text.len() <= 512
    };
    let mut repos = Vec::new();
    for text in source.repos.iter().flatten() {
        let path = text.get_ref();
        if is_path(path) && Glob::new(path).is_ok() {
            repos.push(path.clone());
        } else {
            let message = format!("`repos`: `{path}` is not the path of a job");
            let hint =
                "write `folder/job`, `job`, or a pattern, e.g. `folder/*`; the host is `url`";
            checker.error(text.span(), &message, Some(hint));
        }
    }
    let mut orgs = Vec::new();
    for text in source.orgs.iter().flatten() {
        let path = text.get_ref();
        if is_path(path) && !path.contains(['*', '?', '[', '{']) {
            orgs.push(path.clone());
        } else {
            let message = format!("`orgs`: `{path}` is not the path of a folder");
            checker.error(
                text.span(),
                &message,
                Some("e.g. `team` or `team/services`"),
            );
        }
    }
    (repos, orgs)
}
