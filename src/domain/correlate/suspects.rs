//! What an alert may come from: the deployment that it names, or one that it began soon after.
//!
//! Only what an alert names is certain. Time alone is suspicion, and says so with its window.

use chrono::TimeDelta;

use crate::domain::alert::{Alert, AlertState};
use crate::domain::correlate::evidence;
use crate::domain::correlate::joins::SKEW;
use crate::domain::correlate::lanes::Lane;
use crate::domain::correlate::place::Place;
use crate::domain::correlate::view::View;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::key::{ServiceName, Sha};
use crate::domain::placement::InEnvironment;
use crate::domain::text::Clean;

/// How long after a deployment an alert is suspected to come from it.
const SUSPECTED: TimeDelta = TimeDelta::hours(24);

/// How sure a suspicion is, in percent.
const DOUBT: u8 = 50;

/// An alert and the deployment that it may come from.
#[derive(Debug)]
pub(super) struct Suspect<'a> {
    pub(super) alert: &'a Alert,
    /// Whether the alert names it; else it began so long after.
    basis: Basis,
    /// What was deployed.
    version: Clean,
    /// The service, where a repository has several.
    service: Option<ServiceName>,
}

#[derive(Clone, Copy, Debug)]
enum Basis {
    Named,
    After(TimeDelta),
}

impl Suspect<'_> {
    /// How sure it is, in percent.
    pub(super) fn confidence(&self) -> u8 {
        match self.basis {
            Basis::Named => 100,
            Basis::After(_) => DOUBT,
        }
    }

    /// Returns it as the end of a sentence.
    pub(super) fn words(&self) -> String {
        let of = self.service.as_ref();
        let of = of.map_or_else(String::new, |service| format!(" of `{service}`"));
        let version = &self.version;
        match self.basis {
            Basis::Named => format!("it names deploy {version}{of}"),
            Basis::After(span) => format!(
                "suspected: fired {} after deploy {version}{of} (window {} h)",
                spent(span),
                SUSPECTED.num_hours()
            ),
        }
    }
}

/// Returns a span in one unit: `7 min`, `3 h`.
fn spent(span: TimeDelta) -> String {
    // By clocks that differ it may have begun before.
    match span.num_minutes().max(0) {
        0 => "less than a minute".to_owned(),
        minutes @ 1..=119 => format!("{minutes} min"),
        minutes => format!("{} h", minutes / 60),
    }
}

/// Returns what ties an alert to a change, by the deployments to production that brought it; for
/// one that names the change itself, or nothing of it, see [`names`].
pub(super) fn of_change<'a>(
    view: &View<'a>,
    lane: &Lane<'a>,
    alert: &'a Alert,
    environments: &[InEnvironment<'a>],
) -> Option<Suspect<'a>> {
    let production = environments.iter().filter(|place| place.production);
    let fresh = production.filter(|place| place.fresh);
    let brought = fresh.filter_map(|place| place.brought);
    let spans = brought.filter_map(|deployment| Some((deployment, after(alert, deployment)?)));
    let (deployment, span) = spans.min_by_key(|(_, span)| *span)?;
    Some(Suspect {
        alert,
        basis: Basis::After(span),
        version: version(view, deployment),
        service: lane.rule.map(|rule| rule.name.clone()),
    })
}

/// Returns what an alert of a repository may come from, by service.
pub(super) fn of_alert<'a>(view: &View<'a>, alert: &'a Alert) -> Vec<Suspect<'a>> {
    let mut found: Vec<Suspect<'a>> = lanes(view, alert)
        .into_iter()
        .filter_map(|lane| of_lane(view, lane, alert))
        .collect();
    found.sort_by(|a, b| a.service.cmp(&b.service));
    found
}

/// The lanes that an alert may be of: the one that it names, else all services of the repository.
fn lanes<'c, 'a>(view: &'c View<'a>, alert: &Alert) -> Vec<&'c Lane<'a>> {
    let divided = || view.lanes.iter().filter(|lane| lane.rule.is_some());
    let named: Vec<_> = match &alert.service {
        Some(service) => divided().filter(|lane| lane.service == *service).collect(),
        None => divided().collect(),
    };
    if named.is_empty() {
        view.lanes.first().into_iter().collect()
    } else {
        named
    }
}

fn of_lane<'a>(view: &View<'a>, lane: &Lane<'a>, alert: &'a Alert) -> Option<Suspect<'a>> {
    let suspect = |deployment: &'a Deployment, basis| Suspect {
        alert,
        basis,
        version: version(view, deployment),
        service: lane.rule.map(|rule| rule.name.clone()),
    };
    let places = || lane.places.iter().filter(|place| place.production);
    let there = || places().flat_map(Place::arrived);
    if tells_version(view, alert) {
        let sha = names(view, alert)?;
        let named = there().filter(|deployment| view.deployed(deployment) == Some(sha));
        let named = named.max_by_key(|deployment| (deployment.created_at, deployment.id))?;
        return Some(suspect(named, Basis::Named));
    }
    let last = |(deployment, span)| Some((deployment, span?));
    // To see a version answer is no arrival of it where its deployment is known.
    let is_told = |seen: &Deployment| {
        let sha = view.deployed(seen);
        let mut told = there().filter(|d| !d.is_sighting());
        sha.is_some() && told.any(|d| view.deployed(d) == sha)
    };
    let newest = places().filter_map(|place| {
        let came = place.arrived().filter(|d| !d.is_sighting() || !is_told(d));
        let mut before = came.map(|d| (d, after(alert, d)));
        before.find(|(_, span)| span.is_some()).and_then(last)
    });
    let (deployment, span) = newest.min_by_key(|(_, span)| *span)?;
    Some(suspect(deployment, Basis::After(span)))
}

/// Returns whether an alert says of which version it is: then time says nothing.
pub(super) fn tells_version<'a>(view: &View<'a>, alert: &'a Alert) -> bool {
    alert.sha.is_some() || names(view, alert).is_some()
}

/// Returns the commit that an alert names, as far as it is known.
pub(super) fn names<'a>(view: &View<'a>, alert: &'a Alert) -> Option<&'a Sha> {
    match &alert.sha {
        Some(sha) => view.whole(sha).or(Some(sha)),
        None => view.tagged(&alert.version),
    }
}

/// Returns how long after a deployment had arrived an alert began, within the window; nothing of
/// one of which nobody knows whether it fires: a rule that could not be evaluated did not.
fn after(alert: &Alert, deployment: &Deployment) -> Option<TimeDelta> {
    let arrived = match deployment.state {
        DeployState::Succeeded | DeployState::Superseded => deployment.arrived_at(),
        DeployState::Queued
        | DeployState::Waiting
        | DeployState::Running
        | DeployState::Failed
        | DeployState::Abandoned
        | DeployState::Unknown(_) => return None,
    };
    if matches!(alert.state, AlertState::Unknown(_)) {
        return None;
    }
    let span = alert.started_at - arrived;
    (-SKEW <= span && span <= SUSPECTED).then_some(span)
}

/// Returns what people call what a deployment brought: its release, else as its system says.
fn version<'a>(view: &View<'a>, deployment: &'a Deployment) -> Clean {
    let sha = view.deployed(deployment);
    let releases = || view.kinds.releases.iter().filter(|release| !release.draft);
    let asked = deployment.git_ref.as_ref();
    let named = releases().find(|release| asked == Some(&release.tag));
    let at = || releases().find(|release| sha.is_some() && release.sha.as_ref() == sha);
    match named.or_else(at) {
        Some(release) => release.tag.clone(),
        None => evidence::version(deployment),
    }
}
