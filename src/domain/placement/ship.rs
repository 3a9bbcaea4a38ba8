//! Rows 7 to 14: merged, and on its way through release and deployment.

use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::item::Outcome;
use crate::domain::later;
use crate::domain::placement::evidenced::{
    Evidenced, InEnvironment, Landed, Missed, Placed, Reach, Standing,
};
use crate::domain::placement::runs::{Piece, RunView, Work, fault};
use crate::domain::placement::{named, piece_name, run_name, version_of};
use crate::domain::policy::Phase;
use crate::domain::stage::Stage;
use crate::domain::status::Status;

pub(super) fn deploy_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let (place, attempt) = attempt(case, |state| *state == DeployState::Failed)?;
    let reason = format!(
        "the deployment of {} to {} failed",
        version_of(attempt),
        named(place.name)
    );
    Some(Placed::new(
        Stage::Deploy,
        Status::Failed,
        attempt.updated_at,
        reason,
    ))
}

pub(super) fn deploy_job_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let (run, piece) = failed(case, Phase::Deploy)?;
    let reason = format!("{} {}", piece_name(run, piece), fault(piece.state));
    Some(Placed::new(
        Stage::Deploy,
        Status::Failed,
        piece.since,
        reason,
    ))
}

pub(super) fn deploy_gate(case: &Evidenced<'_>) -> Option<Placed> {
    let run = undelivered(case).find(|run| run.gates().next().is_some())?;
    let gate = run
        .gates()
        .max_by_key(|gate| case.policy.is_production(&gate.environment))?;
    let since = gate.since.unwrap_or(run.run.updated_at);
    let reason = format!(
        "{} waits for {}",
        run_name(run.run),
        named(&gate.environment)
    );
    Some(Placed::new(Stage::Deploy, Status::Waiting, since, reason))
}

pub(super) fn deploy_waiting(case: &Evidenced<'_>) -> Option<Placed> {
    if let Some((place, attempt)) = attempt(case, |state| *state == DeployState::Waiting) {
        let reason = format!(
            "the deployment of {} waits for approval to go to {}",
            version_of(attempt),
            named(place.name)
        );
        let placed = Placed::new(Stage::Deploy, Status::Waiting, attempt.updated_at, reason);
        return Some(placed);
    }
    let (run, piece) = after(case, Work::Waiting, Phase::Deploy)?;
    let reason = format!("{} waits for a person", piece_name(run, piece));
    Some(Placed::new(
        Stage::Deploy,
        Status::Waiting,
        piece.since,
        reason,
    ))
}

pub(super) fn deploy_running(case: &Evidenced<'_>) -> Option<Placed> {
    if let Some((place, attempt)) = attempt(case, |state| *state == DeployState::Running) {
        let reason = format!("{} goes to {}", version_of(attempt), named(place.name));
        let placed = Placed::new(Stage::Deploy, Status::Running, attempt.updated_at, reason);
        return Some(placed);
    }
    let (run, piece) = after(case, Work::Running, Phase::Deploy)?;
    let reason = format!("{} is running", piece_name(run, piece));
    Some(Placed::new(
        Stage::Deploy,
        Status::Running,
        piece.since,
        reason,
    ))
}

pub(super) fn deploy_queued(case: &Evidenced<'_>) -> Option<Placed> {
    if let Some((place, attempt)) = attempt(case, |state| *state == DeployState::Queued) {
        let reason = format!(
            "the deployment of {} to {} is queued",
            version_of(attempt),
            named(place.name)
        );
        let placed = Placed::new(Stage::Deploy, Status::Queued, attempt.created_at, reason);
        return Some(placed);
    }
    let (run, piece) = after(case, Work::Queued, Phase::Deploy)?;
    // A deploy job that waits for the jobs before it does not hold the card: they do.
    if run
        .pieces
        .iter()
        .any(|other| other.phase != Phase::Deploy && other.work != Work::Passed)
    {
        return None;
    }
    let reason = format!("{} is queued", piece_name(run, piece));
    Some(Placed::new(
        Stage::Deploy,
        Status::Queued,
        piece.since,
        reason,
    ))
}

pub(super) fn deploy_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    let (place, attempt) = attempt(case, |state| matches!(state, DeployState::Unknown(_)))?;
    let reason = format!(
        "how the deployment of {} to {} stands is not known",
        version_of(attempt),
        named(place.name)
    );
    Some(Placed::new(
        Stage::Deploy,
        Status::Unknown,
        attempt.updated_at,
        reason,
    ))
}

pub(super) fn deploy_partial(case: &Evidenced<'_>) -> Option<Placed> {
    let mut production = 0;
    let mut live = Vec::new();
    for place in case.environments.iter().filter(|place| place.production) {
        production += 1;
        if place.standing == Standing::Live {
            live.push(place);
        }
    }
    let since = live
        .iter()
        .filter_map(|place| place.brought)
        .map(Deployment::arrived_at)
        .max()?;
    if live.len() == production {
        return None;
    }
    let names: Vec<String> = live.iter().map(|place| named(place.name)).collect();
    let reason = format!("live in {}, not in all of production", names.join(", "));
    let placed = Placed::new(Stage::Deploy, Status::Partial, since, reason);
    Some(placed.badge(format!("{}/{production} live", live.len())))
}

pub(super) fn in_lower_environment(case: &Evidenced<'_>) -> Option<Placed> {
    if !case.shape.production {
        return None;
    }
    let (place, at) = lower(case)?;
    let reason = format!("in {}, not yet in production", named(place.name));
    let placed = Placed::new(Stage::Deploy, Status::Queued, at, reason);
    Some(unless_open(
        case,
        placed.badge(format!("in {}", place.name)),
    ))
}

pub(super) fn released_not_deployed(case: &Evidenced<'_>) -> Option<Placed> {
    if !case.shape.production {
        return None;
    }
    let release = case.releases.iter().find(|r| !r.draft && !r.prerelease)?;
    let at = release.published_at.unwrap_or(release.created_at);
    let reason = format!("released as {}, not yet deployed", named(&release.tag));
    let placed = Placed::new(Stage::Deploy, Status::Queued, at, reason);
    Some(unless_open(case, placed))
}

pub(super) fn release_job_failed(case: &Evidenced<'_>) -> Option<Placed> {
    let (run, piece) = failed(case, Phase::Release)?;
    let reason = format!("{} {}", piece_name(run, piece), fault(piece.state));
    Some(Placed::new(
        Stage::Release,
        Status::Failed,
        piece.since,
        reason,
    ))
}

pub(super) fn release_job_active(case: &Evidenced<'_>) -> Option<Placed> {
    for (work, status, words) in [
        (Work::Waiting, Status::Waiting, "waits for a person"),
        (Work::Running, Status::Running, "is running"),
    ] {
        if let Some((run, piece)) = after(case, work, Phase::Release) {
            let reason = format!("{} {words}", piece_name(run, piece));
            return Some(Placed::new(Stage::Release, status, piece.since, reason));
        }
    }
    None
}

pub(super) fn in_draft(case: &Evidenced<'_>) -> Option<Placed> {
    if case.releases.iter().any(|r| !r.draft && !r.prerelease) {
        return None;
    }
    let release = case.releases.iter().find(|release| release.draft)?;
    let reason = format!("in the draft of release {}", named(&release.tag));
    Some(Placed::new(
        Stage::Release,
        Status::Draft,
        release.created_at,
        reason,
    ))
}

pub(super) fn in_candidate(case: &Evidenced<'_>) -> Option<Placed> {
    if case.releases.iter().any(|r| !r.draft && !r.prerelease) {
        return None;
    }
    if let Some(release) = case.releases.iter().find(|r| r.prerelease && !r.draft) {
        let at = release.published_at.unwrap_or(release.created_at);
        let reason = format!("in pre-release {}", named(&release.tag));
        return Some(Placed::new(Stage::Release, Status::Candidate, at, reason));
    }
    let landed = case.landed.as_ref()?;
    let Reach::ReleaseBranch(branch) = landed.reach else {
        return None;
    };
    let reason = format!("on `{branch}`, in no release yet");
    Some(Placed::new(
        Stage::Release,
        Status::Candidate,
        landed.at,
        reason,
    ))
}

/// Stages and phases of the jobs that judge a merged change, the later phase first.
const JUDGES: [(Phase, Stage); 2] = [(Phase::Test, Stage::Test), (Phase::Build, Stage::Build)];

pub(super) fn merged_job_failed(case: &Evidenced<'_>) -> Option<Placed> {
    JUDGES.into_iter().find_map(|(phase, stage)| {
        let (run, piece) = failed(case, phase)?;
        let reason = format!(
            "merged, and {} {}",
            piece_name(run, piece),
            fault(piece.state)
        );
        Some(Placed::new(stage, Status::Failed, piece.since, reason))
    })
}

pub(super) fn merged_job_active(case: &Evidenced<'_>) -> Option<Placed> {
    for (work, status, words) in [
        (Work::Waiting, Status::Waiting, "waits for a person"),
        (Work::Running, Status::Running, "is running"),
        (Work::Queued, Status::Queued, "is queued"),
    ] {
        // What is queued in the later phase waits for the earlier one.
        let mut judges = JUDGES;
        if work == Work::Queued {
            judges.reverse();
        }
        for (phase, stage) in judges {
            if let Some((run, piece)) = after(case, work, phase) {
                let reason = format!("merged, and {} {words}", piece_name(run, piece));
                return Some(Placed::new(stage, status, piece.since, reason));
            }
        }
    }
    let (run, piece) = after(case, Work::Queued, Phase::Release)?;
    let reason = format!("{} is queued", piece_name(run, piece));
    Some(Placed::new(
        Stage::Release,
        Status::Queued,
        piece.since,
        reason,
    ))
}

pub(super) fn merged_job_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    [
        (Phase::Build, Stage::Build),
        (Phase::Test, Stage::Test),
        (Phase::Release, Stage::Release),
        (Phase::Deploy, Stage::Release),
    ]
    .into_iter()
    .find_map(|(phase, stage)| {
        let (run, piece) = after(case, Work::Unknown, phase)?;
        let reason = format!(
            "merged, and what {} did is not known",
            piece_name(run, piece)
        );
        Some(Placed::new(stage, Status::Unknown, piece.since, reason))
    })
}

pub(super) fn merged_elsewhere(case: &Evidenced<'_>) -> Option<Placed> {
    let landed = case.landed.as_ref()?;
    let since = settled_at(case, landed);
    match landed.reach {
        Reach::Mainline | Reach::ReleaseBranch(_) => None,
        Reach::Develop => {
            let reason = format!("merged to `{}`, on no release branch yet", landed.branch);
            let placed = Placed::new(Stage::Release, Status::Unreleased, since, reason);
            Some(unless_open(case, placed))
        }
        Reach::Elsewhere => {
            let end = later(landed.at, case.policy.watch_window);
            if case.clock.passed(end) {
                let reason = format!("merged to `{}` (proxy: merge)", landed.branch);
                let placed = Placed::new(Stage::Release, Status::Unreleased, end, reason);
                return Some(placed.over(Outcome::Shipped));
            }
            let reason = format!("merged to `{}`, not to the default branch", landed.branch);
            Some(Placed::new(
                Stage::Release,
                Status::Unreleased,
                since,
                reason,
            ))
        }
    }
}

pub(super) fn merged_unreleased(case: &Evidenced<'_>) -> Option<Placed> {
    let landed = case.landed.as_ref()?;
    if !case.shape.releases {
        return None;
    }
    let since = settled_at(case, landed);
    let reason = if landed.sha.is_some() {
        "merged, in no release yet".to_owned()
    } else {
        "merged as a commit that is not known yet".to_owned()
    };
    let placed = Placed::new(Stage::Release, Status::Unreleased, since, reason);
    Some(unless_open(case, placed))
}

pub(super) fn merged_undeployed(case: &Evidenced<'_>) -> Option<Placed> {
    let landed = case.landed.as_ref()?;
    if !case.shape.production {
        return None;
    }
    let since = settled_at(case, landed);
    let reason = "merged, in no deployment yet".to_owned();
    let placed = Placed::new(Stage::Deploy, Status::Queued, since, reason);
    Some(unless_open(case, placed))
}

/// Says that it is not known how far a change got, where nobody told what a newer version has.
fn unless_open(case: &Evidenced<'_>, placed: Placed) -> Placed {
    let Some((_, version)) = case.landed.as_ref().and_then(|landed| landed.open_in) else {
        return unless_before(case, placed);
    };
    let phases = [Phase::Test, Phase::Build, Phase::Release, Phase::Deploy];
    let mut pieces = phases.into_iter();
    let failed = pieces.find_map(|phase| after(case, Work::Failed, phase));
    let far = failed.map_or_else(
        || "merged".to_owned(),
        |(run, piece)| {
            format!(
                "merged, and {} {}",
                piece_name(run, piece),
                fault(piece.state)
            )
        },
    );
    let reason = format!("{far}; it is not known yet whether `{version}` contains it");
    Placed {
        status: Status::Unknown,
        reason,
        ..placed
    }
}

/// Says what is not known of production, where the change may have been there all the same.
fn unless_before(case: &Evidenced<'_>, placed: Placed) -> Placed {
    let production = case.environments.iter().filter(|place| place.production);
    let mut absent = production.filter(|place| place.standing == Standing::Absent);
    let missed = absent.find_map(|place| Some((named(place.name), place.missed?)));
    let said = match missed {
        None => return placed,
        Some((name, Missed::Before(from))) => {
            format!("{name} is not known before {}", from.format("%Y-%m-%d"))
        }
        Some((name, Missed::All)) => format!("what was deployed to {name} is not known"),
    };
    let reason = format!("{}; {said}", placed.reason);
    Placed { reason, ..placed }
}

/// Neither releases nor a production to deploy to: the merge itself stands for the delivery.
pub(super) fn merged_proxy(case: &Evidenced<'_>) -> Option<Placed> {
    let landed = case.landed.as_ref()?;
    let end = later(landed.at, case.policy.watch_window);
    if case.clock.passed(end) {
        let reason = "merged and no longer watched (proxy: merge)".to_owned();
        let placed = Placed::new(Stage::Release, Status::Unreleased, end, reason);
        return Some(placed.over(Outcome::Shipped));
    }
    if let Some((place, at)) = lower(case) {
        let reason = format!(
            "in {}; nothing is deployed to production (proxy: merge)",
            named(place.name)
        );
        let placed = Placed::new(Stage::Deploy, Status::Queued, at, reason);
        return Some(placed.badge(format!("in {}", place.name)));
    }
    let since = settled_at(case, landed);
    if case.shape.environments {
        let reason = "merged, in no deployment yet (proxy: merge)".to_owned();
        return Some(Placed::new(Stage::Deploy, Status::Queued, since, reason));
    }
    let reason = "merged; nothing here is released or deployed (proxy: merge)".to_owned();
    Some(Placed::new(
        Stage::Release,
        Status::Unreleased,
        since,
        reason,
    ))
}

/// The furthest lower environment that has it, and since when.
fn lower<'c, 'a>(
    case: &'c Evidenced<'a>,
) -> Option<(&'c InEnvironment<'a>, crate::domain::Timestamp)> {
    case.environments
        .iter()
        .filter(|place| !place.production && place.standing == Standing::Live)
        .filter_map(|place| Some((place, place.brought?.arrived_at())))
        .max_by_key(|(place, at)| (*at, place.name))
}

/// When the last thing that judged a merged change was done with it.
fn settled_at(case: &Evidenced<'_>, landed: &Landed<'_>) -> crate::domain::Timestamp {
    let own = |run: &&RunView<'_>| run.head == landed.sha;
    let judged = case.after.iter().filter(own).flat_map(|run| &run.pieces);
    judged.map(|piece| piece.since).fold(landed.at, Ord::max)
}

/// An attempt to deploy it that did not end well or has not ended, production first.
fn attempt<'c, 'a>(
    case: &'c Evidenced<'a>,
    wanted: impl Fn(&DeployState) -> bool,
) -> Option<(&'c InEnvironment<'a>, &'a Deployment)> {
    case.environments
        .iter()
        .filter_map(|place| Some((place, place.attempt?)))
        .find(|(_, deployment)| wanted(&deployment.state))
}

/// Runs that may still bring the change further.
fn undelivered<'c, 'a>(case: &'c Evidenced<'a>) -> impl Iterator<Item = &'c RunView<'a>> {
    case.after.iter()
}

/// What failed after the merge, unless the change may have gone on since: where a version that was
/// made later may contain it, it is not known that the failure still holds it up.
fn failed<'c, 'a>(
    case: &'c Evidenced<'a>,
    phase: Phase,
) -> Option<(&'c RunView<'a>, &'c Piece<'a>)> {
    let (run, piece) = after(case, Work::Failed, phase)?;
    let open = case.landed.as_ref().and_then(|landed| landed.open_in);
    let overtaken = open.is_some_and(|(made, _)| made > piece.since);
    (!overtaken).then_some((run, piece))
}

/// The first piece of this work and phase after the merge.
fn after<'c, 'a>(
    case: &'c Evidenced<'a>,
    work: Work,
    phase: Phase,
) -> Option<(&'c RunView<'a>, &'c Piece<'a>)> {
    case.landed.as_ref()?;
    case.after
        .iter()
        .filter_map(|run| Some((run, run.piece(work, |piece| piece.phase == phase)?)))
        .min_by_key(|(run, piece)| (piece.since, run.run.id))
}
