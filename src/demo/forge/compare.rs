//! Commits: names to commits, histories, and what lies between two of them.

use std::collections::HashSet;

use crate::demo::scenario::model::RepoState;

/// What lies between two commits.
pub(in crate::demo::forge) struct Range {
    /// Commits of the head that the base has not, oldest first.
    pub(in crate::demo::forge) ahead: Vec<String>,
    /// Commits of the base that the head has not.
    pub(in crate::demo::forge) behind: Vec<String>,
    /// The newest commit that both have.
    pub(in crate::demo::forge) fork: Option<String>,
}

impl Range {
    /// Returns how the head stands to the base.
    pub(in crate::demo::forge) fn status(&self) -> &'static str {
        match (self.ahead.is_empty(), self.behind.is_empty()) {
            (true, true) => "identical",
            (false, true) => "ahead",
            (true, false) => "behind",
            (false, false) => "diverged",
        }
    }
}

/// Returns the commit that a branch, a tag, a full name or the beginning of one stands for.
pub(in crate::demo::forge) fn resolve(repo: &RepoState, name: &str) -> Option<String> {
    let bare = ["refs/heads/", "refs/tags/", "heads/", "tags/"]
        .iter()
        .find_map(|prefix| name.strip_prefix(prefix))
        .unwrap_or(name);
    if bare == "HEAD" {
        return repo.branches.first().map(|branch| branch.sha.clone());
    }
    if repo.commits.contains_key(bare) {
        return Some(bare.to_owned());
    }
    let branch = repo
        .branches
        .iter()
        .find(|branch| branch.name == bare)
        .map(|b| &b.sha);
    let tag = || {
        repo.releases
            .iter()
            .find(|one| one.tag == bare && !one.draft)
            .map(|r| &r.sha)
    };
    let short = || {
        let hex = bare.len() >= 7 && bare.chars().all(|c| c.is_ascii_hexdigit());
        repo.commits.keys().find(|sha| hex && sha.starts_with(bare))
    };
    branch.or_else(tag).or_else(short).cloned()
}

/// Returns a commit and all before it, newest first.
pub(in crate::demo::forge) fn history(repo: &RepoState, sha: &str) -> Vec<String> {
    let mut seen = HashSet::new();
    let mut open = vec![sha];
    let mut all = Vec::new();
    while let Some(next) = open.pop() {
        let Some(commit) = repo.commits.get(next) else {
            continue;
        };
        if seen.insert(next) {
            open.extend(commit.parents.iter().map(String::as_str));
            all.push((commit.at, all.len(), commit));
        }
    }
    // Commits of the same second keep the order in which they were reached: children first.
    all.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    all.into_iter()
        .map(|(_, _, commit)| commit.sha.clone())
        .collect()
}

/// Returns what lies between two commits.
pub(in crate::demo::forge) fn range(repo: &RepoState, base: &str, head: &str) -> Range {
    let (of_base, of_head) = (history(repo, base), history(repo, head));
    let in_base: HashSet<&String> = of_base.iter().collect();
    let in_head: HashSet<&String> = of_head.iter().collect();
    let fork = of_head.iter().find(|sha| in_base.contains(sha)).cloned();
    let mut ahead: Vec<String> = of_head
        .iter()
        .filter(|sha| !in_base.contains(sha))
        .cloned()
        .collect();
    ahead.reverse();
    let behind = of_base
        .iter()
        .filter(|sha| !in_head.contains(sha))
        .cloned()
        .collect();
    Range {
        ahead,
        behind,
        fork,
    }
}
