//! What is remembered of checks: failures in a row, since when, and which versions were live.
//!
//! Pure: what came of a round goes in, facts come out. Texts are kept while the kind
//! of wrong stays the same, so that a fact does not change with every figure.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::judge::{Kind, Version, Wrong};
use crate::config::HttpCheck;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::deployment::{DeployState, Deployment, SEEN};
use crate::domain::fact::Fact;
use crate::domain::key::{SourceName, WebUrl};
use crate::domain::run::foreign_id;
use crate::domain::text::Clean;
use crate::domain::{Timestamp, earlier};
use crate::sources::http::host_of;

/// How many versions of one place are remembered.
const VERSIONS: usize = 10;

/// So often in a row a version of before must be seen to count as rolled back to: while two
/// versions run side by side, each answers now and then.
const BACK: u32 = 3;

/// For how long one that hangs is asked after the others; then it is its turn.
const LATELY: TimeDelta = TimeDelta::minutes(5);

/// What ends the identity of the alert of a certificate.
const CERTIFICATE: &str = "certificate";

/// What is remembered of all checks of a source.
#[derive(Default)]
pub(super) struct Book {
    /// By the name of the check.
    records: BTreeMap<Clean, Record>,
    /// By the name of the check that tells the version.
    lives: BTreeMap<Clean, Live>,
}

/// Whether somebody answered at the last look.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(super) enum Way {
    /// Nobody looked.
    #[default]
    Unknown,
    /// Somebody answered, whatever it said.
    Answered,
    /// Nobody did as long as was waited, and how long that was.
    Late(Clean),
    /// Nobody did, and why not.
    Unanswered(Clean),
}

/// How much of a source was not answered, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Unanswered {
    /// Nothing of it was.
    All(String),
    /// Less than half of it was; what was answered, and an example.
    Most(String),
}

/// What is remembered of one check.
#[derive(Default)]
struct Record {
    failures: u32,
    way: Way,
    /// Whether it was ever well.
    was_well: bool,
    since: Option<Timestamp>,
    kind: Option<Kind>,
    about: Clean,
    asked_at: Option<Timestamp>,
    /// When its certificate ends.
    ends_at: Option<Timestamp>,
    /// What a person should know besides.
    notes: Vec<Clean>,
}

/// The versions of one place, oldest first.
#[derive(Default)]
struct Live {
    deployments: Vec<Deployment>,
    /// A version of before that is seen again, and how often in a row.
    back: Option<(Version, u32)>,
}

impl Book {
    /// Takes in what the store holds.
    pub(super) fn restore(&mut self, source: &SourceName, checks: &[HttpCheck], facts: &[&Fact]) {
        for check in checks {
            let id = alert_id(source, check, None);
            for fact in facts {
                if let Fact::Alert(alert) = fact
                    && alert.id == id
                {
                    let record = self.records.entry(check.name.clone()).or_default();
                    record.failures = check.failures;
                    record.since = Some(alert.started_at);
                    record.about = alert.about.clone();
                } else if let Fact::Deployment(it) = fact
                    && is_of(it, check)
                {
                    let live = self.lives.entry(check.name.clone()).or_default();
                    live.deployments.push(it.clone());
                }
            }
        }
        for live in self.lives.values_mut() {
            live.deployments.sort_by_key(|it| (it.created_at, it.id));
            live.shorten();
        }
    }

    /// Returns when a check was last asked.
    pub(super) fn asked_at(&self, check: &HttpCheck) -> Option<Timestamp> {
        self.records.get(&check.name)?.asked_at
    }

    /// Returns whether a check let us wait in vain when it was last asked, and that not long ago.
    pub(super) fn was_late(&self, check: &HttpCheck, now: Timestamp) -> bool {
        let Some(record) = self.records.get(&check.name) else {
            return false;
        };
        let lately = |at: Timestamp| now - at < LATELY;
        matches!(record.way, Way::Late(_)) && record.asked_at.is_some_and(lately)
    }

    /// Returns whether it is known how a check is: it was asked before, or fires already.
    pub(super) fn is_sure(&self, check: &HttpCheck) -> bool {
        self.asked_at(check).is_some() || self.fires(check)
    }

    /// Returns whether a check failed so often in a row that it is told.
    pub(super) fn fires(&self, check: &HttpCheck) -> bool {
        let record = self.records.get(&check.name);
        record.is_some_and(|record| record.since.is_some() && record.failures >= check.failures)
    }

    /// Takes in how many looks in a row a check failed at in the round that was judged, and
    /// whether somebody answered.
    pub(super) fn looked(&mut self, check: &HttpCheck, failures: u32, way: Way) {
        let record = self.records.entry(check.name.clone()).or_default();
        let further = failures.saturating_sub(1);
        record.failures = record.failures.saturating_add(further);
        record.way = way;
    }

    /// Returns why most of the checks that were looked at were not answered, if that is so.
    pub(super) fn unanswered(&self, checks: &[HttpCheck]) -> Option<Unanswered> {
        let (mut asked, mut answered) = (0_usize, 0_usize);
        let mut first = None;
        for check in checks {
            match self.records.get(&check.name).map(|record| &record.way) {
                None | Some(Way::Unknown) => {}
                Some(Way::Answered) => {
                    asked += 1;
                    answered += 1;
                }
                Some(Way::Late(cause) | Way::Unanswered(cause)) => {
                    asked += 1;
                    first.get_or_insert((cause, &check.name));
                }
            }
        }
        let (cause, name) = first?;
        match (asked, answered) {
            (1, _) => Some(Unanswered::All(format!(
                "{cause}; its check `{name}` was not answered"
            ))),
            (all, 0) => Some(Unanswered::All(format!(
                "{cause}; none of {all} checks was answered, the first is `{name}`"
            ))),
            (all, some) if some * 2 < all => Some(Unanswered::Most(format!(
                "{some} of {all} checks only; `{name}`: {cause}"
            ))),
            _ => None,
        }
    }

    /// Returns what to say of checks that were never well, and failed less often than is told.
    pub(super) fn quiet(&self, checks: &[HttpCheck]) -> Vec<String> {
        let mut told = Vec::new();
        for check in checks {
            let HttpCheck { name, failures, .. } = check;
            let record = self.records.get(name).filter(|record| !record.was_well);
            if let Some(record) = record.filter(|it| (1..*failures).contains(&it.failures)) {
                let (times, about) = (record.failures, &record.about);
                told.push(format!(
                    "`{name}` failed {times} times in a row, and is an alert at {failures}: {about}"
                ));
            }
        }
        told
    }

    /// Takes in what came of a check; `ends_at` is the end of the certificate that was shown.
    pub(super) fn judged(
        &mut self,
        check: &HttpCheck,
        came: Result<(), Wrong>,
        ends_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        let record = self.records.entry(check.name.clone()).or_default();
        record.asked_at = Some(now);
        record.ends_at = ends_at.or(record.ends_at);
        let Err(wrong) = came else {
            record.failures = 0;
            record.was_well = true;
            record.since = None;
            record.kind = None;
            return;
        };
        record.failures = record.failures.saturating_add(1);
        record.since.get_or_insert(now);
        if record.kind != Some(wrong.kind) {
            record.kind = Some(wrong.kind);
            record.about = Clean::line(&wrong.about);
        }
    }

    /// Takes in the version that a check saw.
    pub(super) fn saw(
        &mut self,
        source: &SourceName,
        check: &HttpCheck,
        version: Version,
        now: Timestamp,
    ) {
        let Some(found) = deployment(source, check, &version, now) else {
            return;
        };
        let live = self.lives.entry(check.name.clone()).or_default();
        let is_it = |it: &Deployment| it.sha == found.sha && it.git_ref == found.git_ref;
        if live.deployments.last().is_some_and(is_it) {
            live.back = None;
            return;
        }
        if live.deployments.iter().any(is_it) {
            let times = match &live.back {
                Some((last, times)) if *last == version => times + 1,
                Some(_) | None => 1,
            };
            if times < BACK {
                live.back = Some((version, times));
                return;
            }
        }
        live.back = None;
        if let Some(last) = live.deployments.last_mut() {
            last.state = DeployState::Superseded;
            last.updated_at = now;
        }
        live.deployments.push(found);
        live.shorten();
    }

    /// Takes in what a person should know of a check besides.
    pub(super) fn noted(&mut self, check: &HttpCheck, notes: Vec<Clean>) {
        self.records.entry(check.name.clone()).or_default().notes = notes;
    }

    /// Returns what a person should know besides.
    pub(super) fn notes(&self) -> impl Iterator<Item = &Clean> + '_ {
        self.records.values().flat_map(|record| &record.notes)
    }

    /// Returns the alerts of the checks.
    pub(super) fn alerts(
        &self,
        source: &SourceName,
        checks: &[HttpCheck],
        now: Timestamp,
    ) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for check in checks {
            let Some(record) = self.records.get(&check.name) else {
                continue;
            };
            if let Some(since) = record.since.filter(|_| self.fires(check)) {
                let about = record.about.clone();
                alerts.push(alert(source, check, None, about, since));
            }
            if let Some((since, ends_at)) = record.is_ending(check, now) {
                let host = check.url.host_str().unwrap_or_default();
                let day = ends_at.format("%Y-%m-%d");
                let about = Clean::line(&format!("the certificate of {host} ends on {day}"));
                alerts.push(alert(source, check, Some(CERTIFICATE), about, since));
            }
        }
        alerts
    }

    /// Returns the versions that are, and were, live.
    pub(super) fn deployments(&self) -> impl Iterator<Item = &Deployment> + '_ {
        self.lives.values().flat_map(|live| &live.deployments)
    }
}

impl Record {
    /// Returns since when the end of the certificate is near, and when it is, if that is so.
    fn is_ending(&self, check: &HttpCheck, now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let (ends_at, days) = (self.ends_at?, check.certificate?);
        let since = earlier(ends_at, TimeDelta::days(i64::from(days)));
        (since <= now).then_some((since, ends_at))
    }
}

impl Live {
    fn shorten(&mut self) {
        let over = self.deployments.len().saturating_sub(VERSIONS);
        self.deployments.drain(..over);
    }
}

/// Returns the identity of an alert: it belongs to who tells it.
fn alert_id(source: &SourceName, check: &HttpCheck, what: Option<&str>) -> Clean {
    let end = what.map(|what| format!("/{what}")).unwrap_or_default();
    Clean::line(&format!("{source}/{}{end}", check.name))
}

fn alert(
    source: &SourceName,
    check: &HttpCheck,
    what: Option<&str>,
    about: Clean,
    since: Timestamp,
) -> Alert {
    // A path alone is the same on every host.
    let own = if *check.name == *check.url.path() {
        Clean::line(&format!("{}{}", host_of(&check.url), check.name))
    } else {
        check.name.clone()
    };
    let name = what.map_or_else(|| own.clone(), |what| Clean::line(&format!("{own} {what}")));
    let mut page = check.url.clone();
    // What follows the path may be a secret.
    page.set_query(None);
    Alert {
        id: alert_id(source, check, what),
        name,
        about,
        severity: Clean::line(if what.is_some() { "warning" } else { "" }),
        state: AlertState::Firing,
        service: check.service.clone(),
        repo: check.repo.clone(),
        // Which change brought it is for its time to tell: what is live was so before as well.
        sha: None,
        version: Clean::default(),
        knows_silences: false,
        own_key: Clean::default(),
        incident: None,
        started_at: since,
        ended_at: None,
        url: WebUrl::parse(page.as_str()),
    }
}

/// Returns the fact that a version is live since now, where a repository is known.
fn deployment(
    source: &SourceName,
    check: &HttpCheck,
    version: &Version,
    now: Timestamp,
) -> Option<Deployment> {
    let repo = check.repo.clone()?;
    let (sha, git_ref) = match version {
        Version::Commit(sha) => (Some(sha.clone()), None),
        Version::Name(name) => (None, Some(name.clone())),
    };
    let word = sha.as_ref().map_or_else(
        || git_ref.clone().unwrap_or_default().to_string(),
        |sha| sha.as_str().to_owned(),
    );
    let own = format!("{}\n{word}\n{}", check.name, now.timestamp_millis());
    let mut page = check.url.clone();
    page.set_query(None);
    page.set_path("/");
    Some(Deployment {
        repo,
        id: foreign_id(source.as_str(), &own),
        environment: check.environment.clone(),
        sha,
        git_ref,
        task: task(check),
        state: DeployState::Succeeded,
        creator: None,
        created_at: now,
        updated_at: now,
        environment_url: WebUrl::parse(page.as_str()),
        log_url: None,
        came_at: None,
        rollout: None,
    })
}

/// Returns the word for what is deployed there.
fn task(check: &HttpCheck) -> Clean {
    let service = check.service.as_ref();
    Clean::line(&service.map_or_else(|| SEEN.to_owned(), |it| format!("{SEEN}:{it}")))
}

fn is_of(deployment: &Deployment, check: &HttpCheck) -> bool {
    check.version.is_some()
        && check.repo.as_ref() == Some(&deployment.repo)
        && check.environment == deployment.environment
        && deployment.task == task(check)
}

#[cfg(test)]
mod tests;
