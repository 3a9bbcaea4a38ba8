//! What came to production and what it brought, by brute force.

use super::*;

/// A version that came to production, as the team saw it.
pub(super) struct Live<'a> {
    pub(super) sha: &'a str,
    pub(super) at: i64,
    pub(super) back: bool,
}

fn word_of(deployment: &Deployment, words: &[&str]) -> Option<i64> {
    let said = deployment.statuses.iter();
    let said = said.filter(|status| words.contains(&status.state));
    said.map(|status| status.at.timestamp()).max()
}

fn productive<'a>(of: &'a Of<'a>) -> impl Iterator<Item = &'a Deployment> {
    let name = format!("{}production", of.service.prefix);
    let all = of.state.deployments.iter();
    all.filter(move |it| it.environment == name)
}

/// The versions in production, one after the other; the same again is none.
pub(super) fn lives<'a>(of: &'a Of<'a>) -> Vec<Live<'a>> {
    let mut good: Vec<(i64, &str)> = productive(of)
        .filter_map(|it| Some((word_of(it, &["success"])?, it.sha.as_str())))
        .collect();
    good.sort_unstable();
    let mut lives: Vec<Live<'_>> = Vec::new();
    for (at, sha) in good {
        if lives.last().is_some_and(|last| last.sha == sha) {
            continue;
        }
        let back = lives.iter().any(|before| before.sha == sha);
        lives.push(Live { sha, at, back });
    }
    lives
}

/// Everything that a commit has in it.
pub(super) fn ancestors<'a>(state: &'a RepoState, sha: &'a str) -> BTreeSet<&'a str> {
    let mut open = vec![sha];
    let mut found = BTreeSet::new();
    while let Some(sha) = open.pop() {
        if found.insert(sha)
            && let Some(commit) = state.commits.get(sha)
        {
            open.extend(commit.parents.iter().map(String::as_str));
        }
    }
    found
}

/// A change that came to the branch: by a pull request, or pushed to take another back.
pub(super) struct Landed<'a> {
    pub(super) sha: &'a str,
    first: i64,
    pub(super) merged: i64,
    pub(super) bot: bool,
    hotfix: bool,
    reverts: bool,
}

/// What came to the branch since the past is known, as far as it concerns the service.
pub(super) fn landed<'a>(of: &Of<'a>, from: i64) -> Vec<Landed<'a>> {
    let state = of.state;
    let commit_at = |sha: &str| state.commits[sha].at.timestamp();
    let several = state.spec.services.len() > 1;
    let place = format!("services/{}/", of.service.name);
    let concerns = |pull: &&Pull| !several || pull.files.iter().any(|it| it.starts_with(&place));
    let merged = state.pulls.iter().filter(concerns).filter_map(|pull| {
        let marks = pull
            .labels
            .iter()
            .copied()
            .chain([pull.head_branch.as_str()]);
        Some(Landed {
            sha: pull.merge_sha.as_deref()?,
            first: commit_at(&pull.commits[0]),
            merged: pull.merged_at?.timestamp(),
            bot: is_bot(pull.author),
            hotfix: marks.into_iter().any(|mark| mark.contains("hotfix")),
            reverts: pull.title.starts_with("Revert "),
        })
    });
    // Nobody knows which service a push without a pull request concerns.
    let pushed = state
        .commits
        .values()
        .filter(|it| !several && it.pull.is_none() && it.message.starts_with("Revert "));
    let pushed = pushed.map(|commit| Landed {
        sha: &commit.sha,
        first: commit.at.timestamp(),
        merged: commit.at.timestamp(),
        bot: false,
        hotfix: false,
        reverts: true,
    });
    merged
        .chain(pushed)
        .filter(|it| it.merged >= from)
        .collect()
}

/// Each version with what it brought; nobody knows what the first one did.
pub(super) fn brought<'a>(of: &'a Of<'a>, from: i64) -> Vec<(Live<'a>, Vec<Landed<'a>>)> {
    let mut waiting = landed(of, from);
    let mut all: Vec<(Live<'_>, Vec<Landed<'_>>)> = Vec::new();
    for live in lives(of) {
        let has = ancestors(of.state, live.sha);
        let (here, rest) = waiting.into_iter().partition(|it| has.contains(it.sha));
        waiting = rest;
        all.push((live, here));
    }
    all
}

/// The incidents: when each began and when it was over.
fn incidents(state: &RepoState) -> impl Iterator<Item = (i64, Option<i64>)> {
    let issues = state.issues.iter();
    let incidents = issues.filter(|issue| issue.labels.contains(&"incident"));
    incidents.map(|issue| {
        let over = issue.closed.as_ref().map(|(at, _)| at.timestamp());
        (issue.created_at.timestamp(), over)
    })
}

/// What went wrong with a version.
#[derive(Clone, Default)]
struct Fate {
    undone_at: Option<i64>,
    troubles: Vec<(i64, Option<i64>)>,
    mends: bool,
}

impl Fate {
    fn failed(&self) -> bool {
        self.undone_at.is_some() || !self.troubles.is_empty()
    }
}

fn fates(of: &Of<'_>, versions: &[(Live<'_>, Vec<Landed<'_>>)]) -> Vec<Fate> {
    let mut fates = vec![Fate::default(); versions.len()];
    for (nth, (live, with)) in versions.iter().enumerate().skip(1) {
        if live.back || with.iter().any(|it| it.reverts) {
            fates[nth - 1].undone_at = Some(live.at);
        }
    }
    for (began, over) in incidents(of.state) {
        let last = versions.iter().rposition(|(live, _)| live.at <= began);
        if let Some(nth) = last.filter(|nth| began - versions[*nth].0.at <= 86_400) {
            fates[nth].troubles.push((began, over));
        }
    }
    fates
}

/// When a failure was over, and the version that is to be thanked for it.
fn end(
    nth: usize,
    versions: &[(Live<'_>, Vec<Landed<'_>>)],
    fates: &[Fate],
) -> (Option<i64>, Option<usize>) {
    let fate = &fates[nth];
    let began = fate.troubles.iter().map(|(began, _)| *began).min();
    let good = began.and_then(|began| {
        (nth + 1..versions.len()).find(|it| versions[*it].0.at > began && !fates[*it].failed())
    });
    let all_over = fate.troubles.iter().map(|(_, over)| *over);
    let over = all_over
        .collect::<Option<Vec<i64>>>()
        .and_then(|all| all.into_iter().max());
    let good_at = good.map(|it| versions[it].0.at);
    let end = [fate.undone_at, over, good_at].into_iter().flatten().min();
    (end, good.filter(|_| good_at == end))
}

/// Everything that is counted by deployments of one service.
pub(super) fn truth(of: &Of<'_>, from: i64, truth: &mut Truth) {
    let versions = brought(of, from);
    let mut fates = fates(of, &versions);
    let mut ends = Vec::new();
    for nth in 0..versions.len() {
        ends.push(end(nth, &versions, &fates));
    }
    for (_, mends) in &ends {
        if let Some(nth) = mends {
            fates[*nth].mends = true;
        }
    }
    for (((live, with), fate), (end, _)) in versions.iter().zip(&fates).zip(&ends) {
        let yes = |is: bool| if is { 1.0 } else { 0.0 };
        let undoes = live.back || with.iter().any(|it| it.reverts);
        let rework = undoes || fate.mends || with.iter().any(|it| it.hotfix);
        truth.add("deployment_frequency", live.at, 1.0);
        truth.add("change_fail_rate", live.at, yes(fate.failed()));
        truth.add("rework_rate", live.at, yes(rework));
        if let Some(end) = end.filter(|_| fate.failed()) {
            truth.span("recovery_time", live.at, live.at, end);
        }
        for change in with {
            if change.bot {
                truth.span("lead_time_bots", live.at, change.first, live.at);
            } else {
                truth.span("lead_time", live.at, change.first, live.at);
                truth.span("lead_time_from_merge", live.at, change.merged, live.at);
            }
        }
        let is_known = of.state.commits.contains_key(live.sha);
        if !live.back && is_known {
            truth.add("changes_per_deployment", live.at, number(with.len()));
        }
    }
    for deployment in productive(of) {
        let bad = word_of(deployment, &["failure", "error"]);
        if let Some(at) = bad.filter(|_| word_of(deployment, &["success"]).is_none()) {
            truth.add("deploy_attempt_failures", at, 1.0);
        }
    }
}
