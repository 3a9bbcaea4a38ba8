//! Cards of what finds no partner: findings, and runs and deployments that are red or at work.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::domain::correlate::card::{Card, Head};
use crate::domain::correlate::cards::Making;
use crate::domain::correlate::evidence;
use crate::domain::correlate::parts::bare;
use crate::domain::correlate::place::Place;
use crate::domain::correlate::run_lines;
use crate::domain::correlate::view::{Known, View};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::finding::{Finding, FindingKind};
use crate::domain::item::Anchor;
use crate::domain::key::ItemId;
use crate::domain::phase::is_change_event;
use crate::domain::placement::{InEnvironment, Standing, Work, version_of};
use crate::domain::run::{Run, RunState, is_foreign};
use crate::domain::text::Clean;

/// How long a red run of a side branch is shown that no change request is known of.
const ASIDE: TimeDelta = TimeDelta::days(7);

/// How long a deployment is shown that brings nothing that is known here.
const LOST: TimeDelta = TimeDelta::days(30);

/// One card for the open findings of each kind.
pub(super) fn findings<'c, 'a: 'c>(making: &mut Making<'c, 'a>, view: &'c View<'a>) {
    let mut groups: BTreeMap<FindingKind, Vec<Known<'a, Finding>>> = BTreeMap::new();
    for finding in &view.kinds.findings {
        groups.entry(finding.kind).or_default().push(*finding);
    }
    for (kind, group) in groups {
        let word = match kind {
            FindingKind::Dependency => "dependency",
            FindingKind::Code => "code",
            FindingKind::Secret => "secret",
        };
        let worst = group
            .iter()
            .min_by_key(|f| (&f.severity, f.created_at, f.number));
        let first = group.iter().map(|finding| finding.created_at).min();
        let last = group.iter().map(|finding| finding.created_at).max();
        let (Some(worst), Some(first), Some(last)) = (worst, first, last) else {
            continue;
        };
        let title = match group.len() {
            1 => format!("{} {word} finding: {}", severity(worst), worst.title),
            n => format!(
                "{n} {word} findings, worst {}: {}",
                severity(worst),
                worst.title
            ),
        };
        let mut card = Card::new(Head {
            id: ItemId::new(&format!("finding:{}/{word}", view.repo.as_str())),
            anchor: Anchor::Finding,
            key: Clean::line(&format!("{} {word} findings", view.repo)),
            title: Clean::line(&title),
            url: worst.url.clone(),
            repo: Some(view.repo.clone()),
            author: None,
            created_at: first,
            updated_at: last,
        });
        let mut case = bare(making.ground, None);
        for finding in &group {
            card.known_from(finding.sources());
            card.evidence([evidence::of_finding(finding)]);
            case.findings.push(finding.get());
        }
        card.badge(severity(worst));
        card.bare(&case);
        making.loose(card);
    }
}

fn severity(finding: &Finding) -> &str {
    evidence::severity_word(&finding.severity)
}

/// The newest run of each workflow and branch that no card tells, while it is red or moves.
pub(super) fn runs<'c, 'a: 'c>(making: &mut Making<'c, 'a>, view: &'c View<'a>) {
    // Most are of change requests: what is left is put in order.
    let may_be_one =
        |run: &Run| run.state != RunState::Cancelled && (!run.ci.is_empty() || is_alone(view, run));
    let newest = view.newest().filter(|(_, run)| may_be_one(run.get()));
    let newest: BTreeMap<(&str, &str), Known<'a, Run>> = newest.collect();
    for run in newest.into_values() {
        let fact = run.get();
        let run_view = view.run_view(fact);
        // Most are green: what cards tell is not even looked up then.
        if run_view.work() == Work::Passed || making.tells(fact.id) || view.is_told_better(fact) {
            continue;
        }
        let is_foreign = !fact.ci.is_empty();
        if is_foreign && !is_stray(making, view, fact) {
            continue;
        }
        making.wanted.run(view, &run_view);
        let id = format!(
            "run:{}/{}@{}",
            view.repo.as_str(),
            fact.workflow_key(),
            fact.branch
        );
        let mut card = Card::new(Head {
            id: ItemId::new(&id),
            anchor: Anchor::Run,
            key: key(view, fact),
            title: title(fact),
            url: fact.url.clone(),
            repo: Some(view.repo.clone()),
            author: fact.actor.clone(),
            created_at: fact.created_at,
            updated_at: fact.updated_at,
        });
        card.known_from(run.sources());
        for lane in view
            .lanes
            .iter()
            .filter(|lane| lane.rule.is_some() && lane.has_run(fact))
        {
            card.service(lane.service.clone());
        }
        let mut lines = Vec::new();
        run_lines::of_run(&run_view, &mut lines);
        card.evidence(lines);
        let mut case = bare(making.ground, None);
        case.alone = Some(run_view);
        card.bare(&case);
        making.loose(card);
    }
}

/// What another system than the forge deployed last, each thing in each environment, while it is
/// red or moves and brings no commit that is known here. Where no forge tells of the repository, its
/// deployments are all there is of the work, so that one that went well is a card as well.
pub(super) fn deployments<'c, 'a: 'c>(making: &mut Making<'c, 'a>, view: &'c View<'a>) {
    let is_all = has_no_forge(view);
    // The lane of the repository as a whole has them all.
    let Some(lane) = view.lanes.first() else {
        return;
    };
    let has_production = lane.places.iter().any(|place| place.production);
    for place in &lane.places {
        let is_end = is_all && (place.production || !has_production);
        let mut tasks = BTreeSet::new();
        for deployment in place.deployments.iter().rev() {
            let fact = deployment.get();
            let is_past = making.ground.slow.passed_after(fact.updated_at, LOST);
            let is_good = matches!(fact.state, DeployState::Succeeded | DeployState::Superseded);
            if is_past || (is_good && !is_end) {
                break;
            }
            let is_newest = tasks.insert(&fact.task);
            let is_shown = match fact.state {
                DeployState::Abandoned | DeployState::Superseded => false,
                DeployState::Succeeded => !fact.is_sighting(),
                DeployState::Queued
                | DeployState::Waiting
                | DeployState::Running
                | DeployState::Failed
                | DeployState::Unknown(_) => !brings_known(view, fact),
            };
            if is_newest && is_shown && is_foreign(fact.id) {
                making.loose(deployment_card(making, view, place, *deployment));
            }
        }
    }
}

/// Whether nothing but other systems than a forge tells of a repository.
fn has_no_forge(view: &View<'_>) -> bool {
    let kinds = &view.kinds;
    kinds.repository.is_none() && kinds.changes.is_empty() && kinds.commits.is_empty()
}

fn deployment_card<'a>(
    making: &Making<'_, 'a>,
    view: &View<'a>,
    place: &Place<'a>,
    deployment: Known<'a, Deployment>,
) -> Card {
    let fact = deployment.get();
    let (repo, task) = (view.repo.as_str(), &fact.task);
    let environment = place.name.to_lowercase();
    let page = fact.log_url.as_ref().or(fact.environment_url.as_ref());
    let mut card = Card::new(Head {
        id: ItemId::new(&format!("deployment:{repo}/{environment}@{task}")),
        anchor: Anchor::Run,
        key: Clean::line(&format!("{} {}", view.repo, place.name)),
        title: Clean::line(&format!("{} to {}", version_of(fact), place.name)),
        url: page.cloned(),
        repo: Some(view.repo.clone()),
        author: fact.creator.clone(),
        created_at: fact.created_at,
        updated_at: fact.updated_at,
    });
    card.known_from(deployment.sources());
    card.evidence([evidence::of_deployment(fact, place.name)]);
    let mut case = bare(making.ground, None);
    let there = (fact.state == DeployState::Succeeded).then_some(fact);
    // Where it went well is where it was to go.
    case.shape.production = there.is_some();
    case.environments = vec![InEnvironment {
        name: place.name,
        production: place.production || there.is_some(),
        standing: there.map_or(Standing::Absent, |_| Standing::Live),
        brought: there,
        fresh: there.is_some(),
        current: there,
        missed: None,
        taken_by: None,
        attempt: there.is_none().then_some(fact),
        rollout: None,
        first_seen: false,
        seen: None,
    }];
    card.bare(&case);
    card
}

/// Whether the forge tells of the commit that a deployment brings: then it is on the card of that.
fn brings_known<'a>(view: &View<'a>, deployment: &'a Deployment) -> bool {
    let Some(sha) = view.deployed(deployment) else {
        return false;
    };
    let mut changes = view.kinds.changes.values();
    let mut commits = view.kinds.commits.iter();
    changes.any(|it| [&it.head_sha, &it.merge_sha].contains(&&Some(sha.clone())))
        || commits.any(|it| it.sha == *sha)
}

/// Whether a run may be a card of its own: not one that judges a change request or a side branch.
fn is_alone(view: &View<'_>, run: &Run) -> bool {
    !is_change_event(&run.event) && (&*run.event != "push" || lasts(view, &run.branch))
}

/// Whether a run of another system than the forge may be a card of its own: of a side branch or a
/// change request it may for a while, where no change request is known that it judges, as the
/// forge may not be on the board.
fn is_stray<'a>(making: &Making<'_, 'a>, view: &View<'a>, run: &'a Run) -> bool {
    let of_change = is_change_event(&run.event);
    let of_branch = of_change || matches!(&*run.event, "push" | "");
    if !of_branch || (!of_change && lasts(view, &run.branch) && is_long_lived(view, &run.branch)) {
        return true;
    }
    !view.has_partner(run) && !making.ground.slow.passed_after(run.updated_at, ASIDE)
}

/// Whether a branch is one that changes are merged to, as far as is known.
fn lasts(view: &View<'_>, branch: &str) -> bool {
    let flow = view.kinds.repository.map(|r| r.flow_branches.as_slice());
    let mut flow = flow.unwrap_or_default().iter();
    let default = view.default_branch();
    default.is_none_or(|default| *default == *branch) || flow.any(|one| *one.name == *branch)
}

/// Whether a branch is one that changes are merged to: by its name where its forge tells nothing.
fn is_long_lived(view: &View<'_>, branch: &str) -> bool {
    let usual = ["", "main", "master", "trunk", "develop"];
    view.default_branch().is_some() || usual.contains(&branch)
}

/// Returns what a run is told by: repository and workflow; what is no repository but the project of
/// a CI is named once.
fn key(view: &View<'_>, run: &Run) -> Clean {
    let repo = view.repo.to_string();
    if run.workflow.as_str() == view.repo.path() || run.workflow.as_str() == repo {
        return Clean::line(&repo);
    }
    Clean::line(&format!("{repo} {}", run.workflow))
}

fn title(run: &Run) -> Clean {
    if run.title.is_empty() && run.event.is_empty() {
        run.workflow.clone()
    } else if run.title.is_empty() {
        Clean::line(&format!("{} ({})", run.workflow, run.event))
    } else {
        run.title.clone()
    }
}
