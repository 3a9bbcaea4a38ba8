//! Parts: one change in one lane, with all the evidence that the table asks for.

use std::collections::BTreeSet;

use crate::domain::Timestamp;
use crate::domain::alert::Alert;
use crate::domain::change_request::{ChangeRequest, ChangeState};
use crate::domain::commit::Commit;
use crate::domain::correlate::alerts::{self, Homes};
use crate::domain::correlate::facts::Facts;
use crate::domain::correlate::lanes::{Lane, RELEASING};
use crate::domain::correlate::needs::{ASKED, Wanted, open_in};
use crate::domain::correlate::place::Sought;
use crate::domain::correlate::reads::Reads;
use crate::domain::correlate::suspects::{self, Suspect};
use crate::domain::correlate::view::{Known, View};
use crate::domain::correlate::views::Views;
use crate::domain::key::Sha;
use crate::domain::later;
use crate::domain::placement::{
    Clock, Evidenced, InEnvironment, Landed, Reach, RunView, Shape, Standing,
};
use crate::domain::policy::{Branching, Phase, Policy};
use crate::domain::release::Release;
use crate::domain::run::Run;
use crate::domain::ticket::Ticket;

/// All that a recomputation reads.
pub(super) struct Ground<'a> {
    pub(super) facts: &'a Facts,
    pub(super) views: &'a Views<'a>,
    /// What the card at hand was made from.
    pub(super) reads: &'a Reads,
    /// Alerts that name a service of a repository, but not the repository.
    pub(super) homes: &'a Homes<'a>,
    pub(super) policy: &'a Policy,
    /// The clock that a card's own windows are read from.
    pub(super) clock: &'a Clock,
    /// The clock for what concerns all cards of a scope.
    pub(super) slow: &'a Clock,
    pub(super) now: Timestamp,
}

/// What changed: a change request, or a commit that was pushed without one.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    Change(Known<'a, ChangeRequest>),
    Push(Known<'a, Commit>),
}

/// One change in one lane.
pub(super) struct Part<'c, 'a> {
    pub(super) view: &'c View<'a>,
    pub(super) lane: &'c Lane<'a>,
    pub(super) case: Evidenced<'c>,
    /// Releases with their sources, oldest first.
    pub(super) releases: Vec<Known<'a, Release>>,
    /// Alerts that may come from it, by time only.
    pub(super) suspected: Vec<Suspect<'a>>,
}

/// Puts a part together and notes what would make it surer.
pub(super) fn part<'c, 'a: 'c>(
    ground: &'c Ground<'a>,
    view: &'c View<'a>,
    lane: &'c Lane<'a>,
    origin: Origin<'a>,
    ticket: Option<&'a Ticket>,
) -> Part<'c, 'a> {
    let change = match origin {
        Origin::Change(change) => Some(change.get()),
        Origin::Push(_) => None,
    };
    let shas = shas(view, origin);
    if ground.facts.is_past() {
        view.reads_deployed();
        view.reads_line(shas.iter().copied());
    }
    let mut landed = landed(view, origin, &shas);
    if let Some(landed) = &mut landed {
        landed.open_in = open_in(ground.clock, view, lane, landed);
    }
    let in_lane = |run: &Run| lane.has_run(run);
    let before: Vec<RunView<'a>> = change
        .filter(|_| landed.is_none())
        .into_iter()
        .flat_map(|change| {
            view.runs_before(change)
                .into_iter()
                .map(move |run| (run, change))
        })
        .filter(|(run, _)| in_lane(run))
        .map(|(run, change)| view.judging(run.get(), change))
        .collect();
    let mut releases = Vec::new();
    let mut environments = Vec::new();
    if let Some(landed) = &landed
        && let Some(sha) = landed.sha
    {
        releases = lane.releases_with(&view.graph, sha);
        let sought = Sought {
            change: sha,
            reverter: view.reverter(sha),
            restorer: view.reverter(sha).and_then(|by| view.reverter(by)),
            landed_at: landed.at,
            trusted_to: later(landed.at, ground.policy.watch_window),
        };
        environments = lane.standings(&view.graph, &sought);
    }
    let after = after(view, lane, landed.as_ref(), &shas, &environments);
    let (alerts, suspected) = alerts_of(ground, view, lane, &shas, &environments);
    let counts = |at: Timestamp| !ground.slow.passed_after(at, RELEASING);
    let shape: Shape = lane.shape(counts);
    Part {
        view,
        lane,
        case: Evidenced {
            clock: ground.clock,
            policy: ground.policy,
            ticket,
            change,
            landed,
            before,
            after,
            releases: releases.iter().map(|release| release.get()).collect(),
            environments,
            shape,
            alerts,
            findings: Vec::new(),
            alone: None,
            remark: None,
        },
        releases,
        suspected,
    }
}

/// The lanes of a change: those whose files it touches, else the repository as a whole.
pub(super) fn lanes_of<'c, 'a>(view: &'c View<'a>, origin: Origin<'a>) -> Vec<&'c Lane<'a>> {
    let touched: Vec<&Lane<'a>> = match origin {
        Origin::Push(_) => Vec::new(),
        Origin::Change(change) => {
            let paths = view.kinds.paths.get(&change.number);
            let touches = |lane: &&Lane<'a>| match lane.rule.map(|rule| rule.paths.as_ref()) {
                None => false,
                Some(None) => true,
                Some(Some(globs)) => paths
                    .is_some_and(|set| set.paths.iter().any(|path| globs.is_match(path.as_str()))),
            };
            view.lanes.iter().filter(touches).collect()
        }
    };
    if touched.is_empty() {
        view.lanes.first().into_iter().collect()
    } else {
        touched
    }
}

/// A case of which nothing but the ticket is known.
pub(super) fn bare<'c>(ground: &'c Ground<'_>, ticket: Option<&'c Ticket>) -> Evidenced<'c> {
    Evidenced {
        clock: ground.clock,
        policy: ground.policy,
        ticket,
        change: None,
        landed: None,
        before: Vec::new(),
        after: Vec::new(),
        releases: Vec::new(),
        environments: Vec::new(),
        shape: Shape::default(),
        alerts: Vec::new(),
        findings: Vec::new(),
        alone: None,
        remark: None,
    }
}

/// The commits that a change became on a long-lived branch.
fn shas<'a>(view: &View<'a>, origin: Origin<'a>) -> BTreeSet<&'a Sha> {
    match origin {
        Origin::Push(commit) => BTreeSet::from([&commit.get().sha]),
        Origin::Change(change) => {
            let change = change.get();
            if change.state != ChangeState::Merged {
                return BTreeSet::new();
            }
            let told = view.commits_of.get(&change.number).into_iter().flatten();
            let told = told.map(|commit| &commit.sha);
            change.merge_sha.iter().chain(told).collect()
        }
    }
}

fn landed<'a>(view: &View<'a>, origin: Origin<'a>, shas: &BTreeSet<&'a Sha>) -> Option<Landed<'a>> {
    let (sha, at, branch) = match origin {
        Origin::Push(commit) => {
            let commit = commit.get();
            let pushed = view.kinds.repository.and_then(|r| r.pushed_at);
            let at = commit.committed_at.or(pushed).unwrap_or_default();
            (Some(&commit.sha), at, commit.branch.as_str())
        }
        Origin::Change(change) => {
            let change = change.get();
            if change.state != ChangeState::Merged {
                return None;
            }
            let at = change
                .merged_at
                .or(change.closed_at)
                .unwrap_or(change.updated_at);
            let told = || shas.iter().next().copied();
            let sha = change.merge_sha.as_ref().or_else(told);
            (sha, at, change.base_branch.as_str())
        }
    };
    Some(Landed {
        sha,
        at,
        branch,
        reach: reach(view, branch, sha),
        reverted_by: sha.and_then(|sha| view.reverter(sha)),
        open_in: None,
    })
}

/// Whether a repository is worked on by git-flow.
fn git_flow(view: &View<'_>) -> bool {
    match view.policy.branching_for(view.repo) {
        Branching::Trunk => false,
        Branching::GitFlow => true,
        Branching::Auto => {
            let flow = view.kinds.repository.map(|r| r.flow_branches.as_slice());
            let has_develop = flow
                .unwrap_or_default()
                .iter()
                .any(|branch| is_develop(&branch.name));
            has_develop || view.default_branch().is_some_and(is_develop)
        }
    }
}

fn is_develop(branch: &str) -> bool {
    matches!(branch, "develop" | "development" | "dev")
}

fn is_release_branch(branch: &str) -> bool {
    branch.starts_with("release/") || branch.starts_with("releases/")
}

fn reach<'a>(view: &View<'a>, branch: &'a str, sha: Option<&Sha>) -> Reach<'a> {
    let Some(default) = view.default_branch() else {
        return Reach::Mainline;
    };
    let repository = view.kinds.repository;
    let tip_has = |tip: Option<&Sha>| match (tip, sha) {
        (Some(tip), Some(sha)) => view.has(tip, sha),
        _ => false,
    };
    let default_tip = repository.and_then(|r| r.default_branch.as_ref()?.tip.as_ref());
    if git_flow(view) && (is_develop(branch) || is_release_branch(branch)) {
        if !is_develop(default) && tip_has(default_tip) {
            return Reach::Mainline;
        }
        if is_release_branch(branch) {
            return Reach::ReleaseBranch(branch);
        }
        let flow = repository.map(|r| r.flow_branches.as_slice());
        let release = flow
            .unwrap_or_default()
            .iter()
            .find(|branch| is_release_branch(&branch.name) && tip_has(branch.tip.as_ref()));
        return release.map_or(Reach::Develop, |branch| Reach::ReleaseBranch(&branch.name));
    }
    let straight = branch == default || is_release_branch(branch) || git_flow(view);
    if straight || tip_has(default_tip) {
        Reach::Mainline
    } else {
        Reach::Elsewhere
    }
}

/// Runs of the merge commit, and those that carry it on: of releases, attempts and gates.
fn after<'a>(
    view: &View<'a>,
    lane: &Lane<'a>,
    landed: Option<&Landed<'a>>,
    shas: &BTreeSet<&'a Sha>,
    environments: &[InEnvironment<'a>],
) -> Vec<RunView<'a>> {
    let Some(landed) = landed else {
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut found: Vec<RunView<'a>> = Vec::new();
    for run in view.runs_after(shas) {
        if lane.has_run(&run) && seen.insert(run.id) {
            found.push(view.run_view(run.get()));
        }
    }
    let mut production = environments
        .iter()
        .filter(|place| place.production)
        .peekable();
    let delivered =
        production.peek().is_some() && production.all(|place| place.standing == Standing::Live);
    let Some(sha) = landed.sha.filter(|_| !delivered) else {
        return found;
    };
    let carriers = carriers(view, lane, sha, environments);
    let gated = view.gated().filter(|run| {
        let head = view.head_of(run.get());
        head.is_some_and(|head| view.has(head, sha))
    });
    for run in view.runs_after(&carriers).into_iter().chain(gated) {
        if !lane.has_run(&run) || !seen.insert(run.id) {
            continue;
        }
        let mut carried = view.run_view(run.get());
        // What judges the carrier does not judge this change.
        carried
            .pieces
            .retain(|piece| matches!(piece.phase, Phase::Release | Phase::Deploy));
        if !carried.pieces.is_empty() || carried.gates().next().is_some() {
            found.push(carried);
        }
    }
    found
}

fn carriers<'a>(
    view: &View<'a>,
    lane: &Lane<'a>,
    sha: &Sha,
    environments: &[InEnvironment<'a>],
) -> BTreeSet<&'a Sha> {
    let releases = lane.releases_with(&view.graph, sha).into_iter();
    let cut = releases.rev().take(3).filter_map(|r| r.get().sha.as_ref());
    let attempts = environments.iter().filter_map(|place| place.attempt);
    cut.chain(attempts.filter_map(|deployment| view.deployed(deployment)))
        .collect()
}

/// Alerts that name the change, and those that began soon after it was deployed.
fn alerts_of<'a>(
    ground: &Ground<'a>,
    view: &View<'a>,
    lane: &Lane<'a>,
    shas: &BTreeSet<&'a Sha>,
    environments: &[InEnvironment<'a>],
) -> (Vec<&'a Alert>, Vec<Suspect<'a>>) {
    let named = ground.homes.of(view.repo);
    let mut exact = Vec::new();
    let mut suspected = Vec::new();
    for known in view.kinds.alerts.iter().chain(named) {
        let alert = known.get();
        let ours = alert
            .service
            .as_ref()
            .is_none_or(|service| *service == lane.service || lane.rule.is_none());
        if !ours {
            continue;
        }
        if !suspects::tells_version(view, alert) {
            suspected.extend(suspects::of_change(view, lane, alert, environments));
        } else if let Some(sha) = suspects::names(view, alert) {
            let ours = |place: &&InEnvironment<'_>| place.production && place.fresh;
            let production = environments.iter().filter(ours);
            let mut brought = production.filter_map(|place| place.brought);
            if shas.contains(sha) || brought.any(|d| view.deployed(d) == Some(sha)) {
                exact.push(*known);
            }
        }
    }
    (alerts::deciding(&exact), suspected)
}

/// Notes what would make a part surer, and what history has to know of it.
pub(super) fn want(ground: &Ground<'_>, part: &Part<'_, '_>, done: bool, wanted: &mut Wanted) {
    if ground.facts.is_past() {
        return;
    }
    if let Some(change) = part.case.change {
        wanted.times(ground.clock, part.view, change);
    }
    if done {
        return;
    }
    for run in part.case.before.iter().chain(&part.case.after) {
        wanted.run(part.view, run);
    }
    if let Some(landed) = &part.case.landed
        && let Some(sha) = landed.sha
        && !ground.slow.passed_after(landed.at, ASKED)
    {
        wanted.containment(part.view, part.lane, sha, landed.at);
    }
}
