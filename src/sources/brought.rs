//! Which change request brought a commit of a branch, as far as the commits themselves tell.
//!
//! Pure. A merge names its own, and what it brought along came with it; asking the forge of single
//! commits is the adapter's.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::commit::Commit;
use crate::domain::key::Sha;

/// Says of each commit, the newest first, which change request brought it, as far as that is known,
/// and which were pushed by themselves.
///
/// `merged` are the commits that change requests became, `asked` what the forge said of a commit:
/// nobody is an answer as well.
pub(super) fn attribute(
    commits: &mut [Commit],
    merged: &BTreeMap<&Sha, u64>,
    asked: impl Fn(&Sha) -> Option<Option<u64>>,
) {
    let at: BTreeMap<Sha, usize> = commits
        .iter()
        .enumerate()
        .map(|(at, commit)| (commit.sha.clone(), at))
        .collect();
    let mut mainline = BTreeSet::new();
    let mut next = commits.first().map(|commit| commit.sha.clone());
    while let Some(place) = next.and_then(|sha| at.get(&sha).copied()) {
        if !mainline.insert(place) {
            break;
        }
        let commit = commits.get(place);
        next = commit.and_then(|commit| commit.parents.first().cloned());
    }
    let mut brought: BTreeMap<usize, u64> = BTreeMap::new();
    for (place, commit) in commits.iter_mut().enumerate() {
        let asked = asked(&commit.sha);
        let known = merged.get(&commit.sha).copied();
        let number = known.or(commit.change_request).or(asked.flatten());
        commit.change_request = number;
        commit.direct = number.is_none() && asked == Some(None) && mainline.contains(&place);
    }
    // What a merge brought along came with its change request; the newest merge first.
    for place in mainline.iter().copied() {
        let Some(number) = commits.get(place).and_then(|commit| commit.change_request) else {
            continue;
        };
        let parents = commits.get(place).map(|it| it.parents.clone());
        let mut stack: Vec<Sha> = parents.into_iter().flatten().skip(1).collect();
        while let Some(inner) = stack.pop().and_then(|sha| at.get(&sha).copied()) {
            if mainline.contains(&inner) || brought.contains_key(&inner) {
                continue;
            }
            brought.insert(inner, number);
            stack.extend(
                commits
                    .get(inner)
                    .into_iter()
                    .flat_map(|it| it.parents.clone()),
            );
        }
    }
    for (place, number) in brought {
        if let Some(commit) = commits.get_mut(place) {
            commit.change_request.get_or_insert(number);
            commit.direct = false;
        }
    }
}
