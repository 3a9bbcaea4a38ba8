//! Rows 1 to 6: what is live, rolling out, taken back or firing.

use chrono::TimeDelta;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::deployment::{Deployment, Rollout, RolloutPhase};
use crate::domain::item::Outcome;
use crate::domain::placement::evidenced::{Evidenced, InEnvironment, Placed, Standing};
use crate::domain::placement::{named, version_of};
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::{Timestamp, later};

/// How long an alert that is over is still shown: who looks for it should see that it went.
pub(crate) const JUST_OVER: TimeDelta = TimeDelta::hours(1);

/// How long a change that was taken back from its users waits for what comes of it. Then nobody
/// waits for it any more: what becomes of it is another change, or it comes again and is live.
pub(crate) const TAKEN_BACK: TimeDelta = TimeDelta::days(7);

pub(super) fn alert_firing(case: &Evidenced<'_>) -> Option<Placed> {
    let alert = newest_alert(case, |state| *state == AlertState::Firing)?;
    let reason = format!("alert {} fires", named(&alert.name));
    Some(alarming(case, alert, Status::Firing, reason))
}

/// What may fire is not said to, and never passes for well.
pub(super) fn alert_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    let is_unknown = |state: &AlertState| matches!(state, AlertState::Unknown(_));
    let alert = newest_alert(case, is_unknown)?;
    let AlertState::Unknown(word) = &alert.state else {
        return None;
    };
    let name = named(&alert.name);
    let reason = if word.is_empty() {
        format!("how alert {name} stands is not known")
    } else {
        format!("how alert {name} stands is not known: {word}")
    };
    Some(alarming(case, alert, Status::Unknown, reason))
}

fn alarming(case: &Evidenced<'_>, alert: &Alert, status: Status, reason: String) -> Placed {
    let reason = match &case.remark {
        Some(remark) => format!("{reason}; {remark}"),
        None => reason,
    };
    Placed::new(Stage::Monitor, status, alert.started_at, reason)
}

pub(super) fn alert_acknowledged(case: &Evidenced<'_>) -> Option<Placed> {
    let alert = newest_alert(case, |state| *state == AlertState::Acknowledged)?;
    let reason = format!("alert {} fires and somebody has it", named(&alert.name));
    Some(Placed::new(
        Stage::Monitor,
        Status::Acknowledged,
        alert.started_at,
        reason,
    ))
}

/// An alert that is silenced, inhibited or over decides only where there is nothing but the alert.
pub(super) fn alert_quiet(case: &Evidenced<'_>) -> Option<Placed> {
    if case.ticket.is_some() || case.landed.is_some() || case.change.is_some() {
        return None;
    }
    let alert = newest_alert(case, |_| true)?;
    if let Some(ended) = alert
        .ended_at
        .filter(|_| alert.state == AlertState::Resolved)
    {
        let reason = format!("alert {} is over", named(&alert.name));
        let placed = Placed::new(Stage::Monitor, Status::Watched, ended, reason);
        let is_past = case.clock.passed_after(ended, JUST_OVER);
        return Some(if is_past {
            placed.over(Outcome::Shipped)
        } else {
            placed
        });
    }
    let (status, word) = match alert.state {
        AlertState::Silenced => (Status::Silenced, "is silenced"),
        AlertState::Inhibited => (Status::Inhibited, "is inhibited by another"),
        AlertState::Resolved => (Status::Watched, "is over"),
        AlertState::Firing => (Status::Firing, "fires"),
        AlertState::Unknown(_) => (Status::Unknown, "may fire"),
        AlertState::Acknowledged => (Status::Acknowledged, "fires and somebody has it"),
    };
    let reason = format!("alert {} {word}", named(&alert.name));
    let placed = Placed::new(Stage::Monitor, status, alert.started_at, reason);
    Some(if alert.state == AlertState::Resolved {
        placed.over(Outcome::Shipped)
    } else {
        placed
    })
}

fn newest_alert<'a>(
    case: &Evidenced<'a>,
    wanted: impl Fn(&AlertState) -> bool,
) -> Option<&'a Alert> {
    case.alerts
        .iter()
        .filter(|alert| wanted(&alert.state))
        .max_by_key(|alert| (alert.started_at, &alert.id))
        .copied()
}

pub(super) fn rollout_degraded(case: &Evidenced<'_>) -> Option<Placed> {
    let (deployment, _) = rollout(case, |phase| *phase == RolloutPhase::Degraded)?;
    let reason = format!(
        "the roll-out of {} to {} is degraded",
        version_of(deployment),
        named(&deployment.environment)
    );
    Some(Placed::new(
        Stage::Operate,
        Status::Degraded,
        deployment.updated_at,
        reason,
    ))
}

pub(super) fn rollout_aborted(case: &Evidenced<'_>) -> Option<Placed> {
    let (deployment, _) = rollout(case, |phase| *phase == RolloutPhase::Aborted)?;
    let reason = format!(
        "the roll-out of {} to {} was aborted",
        version_of(deployment),
        named(&deployment.environment)
    );
    Some(taken_back(case, deployment.updated_at, reason))
}

/// A change that its users had and have no longer: it is over where nothing came of it in time.
fn taken_back(case: &Evidenced<'_>, at: Timestamp, reason: String) -> Placed {
    if case.clock.passed_after(at, TAKEN_BACK) {
        let reason = format!("{reason}, and nothing came of it since");
        let end = later(at, TAKEN_BACK);
        return Placed::new(Stage::Operate, Status::RolledBack, end, reason).over(Outcome::Dropped);
    }
    Placed::new(Stage::Operate, Status::RolledBack, at, reason)
}

/// When users lost a change: newer versions that lack it as well take nothing from them.
fn taken_at(place: &InEnvironment<'_>) -> Option<Timestamp> {
    let taken = place.taken_by.or(place.current)?;
    Some(taken.arrived_at())
}

pub(super) fn rolled_back(case: &Evidenced<'_>) -> Option<Placed> {
    let place = production(case).find(|place| place.standing == Standing::TakenBack)?;
    let current = place.current?;
    let reason = format!(
        "{} went back to {}, which does not contain it",
        named(place.name),
        version_of(current)
    );
    Some(taken_back(case, taken_at(place)?, reason))
}

pub(super) fn reverted_live(case: &Evidenced<'_>) -> Option<Placed> {
    let by = case.landed.as_ref()?.reverted_by?;
    let place = production(case).find(|place| place.standing == Standing::Reverted)?;
    let at = taken_at(place)?;
    let reason = format!("`{by}` reverts it and is in {}", named(place.name));
    Some(taken_back(case, at, reason))
}

pub(super) fn rollout_paused(case: &Evidenced<'_>) -> Option<Placed> {
    let (deployment, rollout) = rollout(case, |phase| *phase == RolloutPhase::Paused)?;
    let reason = format!(
        "the roll-out to {} waits at step {} of {}",
        named(&deployment.environment),
        rollout.step,
        rollout.steps
    );
    let placed = Placed::new(
        Stage::Operate,
        Status::Waiting,
        deployment.updated_at,
        reason,
    );
    Some(placed.badge(format!("{} %", rollout.percent.min(100))))
}

pub(super) fn rollout_running(case: &Evidenced<'_>) -> Option<Placed> {
    let (deployment, rollout) = rollout(case, |phase| *phase == RolloutPhase::Progressing)?;
    let reason = format!(
        "the roll-out to {} goes on: step {} of {}",
        named(&deployment.environment),
        rollout.step,
        rollout.steps
    );
    let placed = Placed::new(
        Stage::Operate,
        Status::Running,
        deployment.updated_at,
        reason,
    );
    Some(placed.badge(format!("{} %", rollout.percent.min(100))))
}

pub(super) fn rollout_unknown(case: &Evidenced<'_>) -> Option<Placed> {
    let (deployment, _) = rollout(case, |phase| matches!(phase, RolloutPhase::Other(_)))?;
    let reason = format!(
        "how the roll-out to {} stands is not known",
        named(&deployment.environment)
    );
    // Unknown never moves a card on: it stays where the deployment stands.
    Some(Placed::new(
        Stage::Deploy,
        Status::Unknown,
        deployment.updated_at,
        reason,
    ))
}

fn rollout<'a>(
    case: &Evidenced<'a>,
    wanted: impl Fn(&RolloutPhase) -> bool,
) -> Option<(&'a Deployment, &'a Rollout)> {
    production(case)
        .filter_map(|place| place.rollout)
        .find(|(_, rollout)| wanted(&rollout.phase))
}

pub(super) fn live_unsure(case: &Evidenced<'_>) -> Option<Placed> {
    let place = production(case).find(|place| place.standing == Standing::Unsure)?;
    let current = place.current?;
    let reason = format!(
        "{} got {} and it is not known whether that contains it",
        named(place.name),
        version_of(current)
    );
    Some(Placed::new(
        Stage::Operate,
        Status::Unknown,
        current.updated_at,
        reason,
    ))
}

pub(super) fn live_baking(case: &Evidenced<'_>) -> Option<Placed> {
    let live = live(case)?;
    if case.clock.passed_after(live.at, case.policy.bake_window) {
        return None;
    }
    let reason = format!("live in {} and baking", live.place);
    Some(Placed::new(
        Stage::Operate,
        Status::Live,
        live.at,
        live.reason(reason),
    ))
}

pub(super) fn live_watched(case: &Evidenced<'_>) -> Option<Placed> {
    let live = live(case)?;
    let baked = later(live.at, case.policy.bake_window);
    if case.clock.passed_after(baked, case.policy.watch_window) {
        return None;
    }
    let reason = format!("live in {} and watched", live.place);
    Some(Placed::new(
        Stage::Monitor,
        Status::Watched,
        baked,
        live.reason(reason),
    ))
}

pub(super) fn live_done(case: &Evidenced<'_>) -> Option<Placed> {
    let live = live(case)?;
    let baked = later(live.at, case.policy.bake_window);
    let end = later(baked, case.policy.watch_window);
    let reason = format!("live in {} and no longer watched", live.place);
    let placed = Placed::new(Stage::Monitor, Status::Watched, end, live.reason(reason));
    Some(placed.over(Outcome::Shipped))
}

/// A change that its users have.
struct Live {
    at: Timestamp,
    place: String,
    proxy: Option<&'static str>,
}

impl Live {
    fn reason(&self, text: String) -> String {
        match self.proxy {
            Some(proxy) => format!("{text} (proxy: {proxy})"),
            None => text,
        }
    }
}

/// Returns whether all of production has the change, or a release where nothing is deployed.
fn live(case: &Evidenced<'_>) -> Option<Live> {
    // A deployment without partner tells for itself.
    let is_alone = case.change.is_none() && case.ticket.is_none();
    (is_alone || case.landed.is_some()).then_some(())?;
    if case.shape.production {
        let mut places = production(case).peekable();
        places.peek()?;
        // Of what is only seen nobody knows since when it is there: who was told knows better.
        let told = production(case).any(|place| !place.first_seen);
        let mut at = None;
        let mut names = Vec::new();
        for place in places {
            if place.standing != Standing::Live {
                return None;
            }
            names.push(named(place.name));
            if told && place.first_seen {
                continue;
            }
            let arrived = place.brought.map(Deployment::arrived_at);
            // Nobody knows when it came; that was not lately, and it is not for us to watch.
            let landed = case.landed.as_ref().map(|landed| landed.at);
            at = at.max(if place.fresh { arrived } else { landed });
        }
        return Some(Live {
            at: at?,
            place: names.join(", "),
            proxy: None,
        });
    }
    let release = case.releases.iter().find(|r| !r.draft && !r.prerelease)?;
    if !case.shape.releases {
        return None;
    }
    Some(Live {
        at: release.published_at.unwrap_or(release.created_at),
        place: format!("release {}", named(&release.tag)),
        proxy: Some("release"),
    })
}

fn production<'c, 'a>(case: &'c Evidenced<'a>) -> impl Iterator<Item = &'c InEnvironment<'a>> {
    case.environments.iter().filter(|place| place.production)
}
