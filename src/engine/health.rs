//! How a source stands: from the outcomes of its polls to one word and a sentence.
//!
//! A failed poll changes this and nothing else. Trouble that belongs to the host
//! (no answer, limit, token) is told apart from trouble of a single resource.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::snapshot::{FRESH_SECS, Health, SourceView};
use crate::engine::update::{RemoteState, Report};
use crate::sources::{ResourceId, Source, SourceError};

/// Failures in a row, over all resources, after which a host counts as gone.
const HOST_GONE: u32 = 2;

/// What is known about one source.
#[derive(Clone, Debug)]
pub struct SourceState {
    /// Its configured name.
    pub name: SourceName,
    kind: &'static str,
    /// Its host, for messages.
    pub host: String,
    outcomes: HashMap<ResourceId, Outcome>,
    order: u64,
    failures: u32,
    last_success: Option<Timestamp>,
    answered: bool,
    crashed: Option<(Timestamp, u32)>,
    warning: Option<Clean>,
    report: Report,
    poller: Poller,
}

/// Who polls the source.
#[derive(Clone, PartialEq, Debug)]
enum Poller {
    /// Not decided yet.
    Open,
    /// This program.
    Here,
    /// Another program, of which this is known.
    There(RemoteState),
    /// Another program that has not written how it stands.
    Silent,
}

#[derive(Clone, Debug)]
struct Outcome {
    order: u64,
    error: Option<SourceError>,
}

/// The state in words.
#[derive(Clone, PartialEq, Debug)]
pub struct Verdict {
    /// One word.
    pub health: Health,
    /// One sentence.
    pub message: Option<Clean>,
    /// What to do.
    pub hint: Option<Clean>,
}

impl SourceState {
    /// Starts with a source that was not asked yet.
    pub fn new(source: &dyn Source) -> Self {
        let report = Report {
            meter: source.meter(),
            capabilities: source.capabilities(),
            ..Report::default()
        };
        Self {
            name: source.name().clone(),
            kind: source.kind(),
            host: Clean::line(source.host()).as_str().to_owned(),
            outcomes: HashMap::new(),
            order: 0,
            failures: 0,
            last_success: None,
            answered: false,
            crashed: None,
            warning: None,
            report,
            poller: Poller::Open,
        }
    }

    /// Takes in that a poll went well.
    pub fn succeeded(
        &mut self,
        resource: ResourceId,
        order: u64,
        at: Timestamp,
        warnings: &[Clean],
    ) {
        self.note(resource, order, None);
        self.failures = 0;
        self.answered = true;
        self.crashed = None;
        self.last_success = self.last_success.max(Some(at));
        self.warning = warnings.first().map(|first| match warnings.len() {
            1 => first.clone(),
            more => Clean::line(&format!("{first} (and {} more)", more - 1)),
        });
    }

    /// Takes in that a poll failed.
    pub fn failed(&mut self, resource: ResourceId, order: u64, error: SourceError) {
        self.note(resource, order, Some(error));
        self.failures = self.failures.saturating_add(1);
    }

    fn note(&mut self, resource: ResourceId, order: u64, error: Option<SourceError>) {
        self.poller = Poller::Here;
        self.order = self.order.max(order);
        match self.outcomes.get(&resource) {
            Some(known) if known.order > order => {}
            Some(_) | None => {
                self.outcomes.insert(resource, Outcome { order, error });
            }
        }
    }

    /// Takes in what the poller reports.
    pub fn report(&mut self, report: Report) {
        self.poller = Poller::Here;
        if !report.resources.is_empty() {
            self.outcomes
                .retain(|resource, _| report.resources.contains(resource));
        }
        self.report = report;
    }

    /// Takes in that the task of the source panicked.
    pub fn crashed(&mut self, restart_at: Timestamp) {
        let times = self.crashed.map_or(0, |(_, times)| times);
        self.crashed = Some((restart_at, times.saturating_add(1)));
    }

    /// Takes in that another program polls the source, and how it stands there.
    pub fn followed(&mut self, state: Option<RemoteState>) {
        if let Some(state) = &state {
            self.last_success = self.last_success.max(state.last_success);
        }
        self.poller = state.map_or(Poller::Silent, Poller::There);
    }

    /// Takes in when the database says that the source was last confirmed.
    pub fn loaded(&mut self, at: Timestamp) {
        self.last_success = self.last_success.max(Some(at));
    }

    /// Returns whether its first round, with the needs of edition `needs`, is over.
    pub fn is_settled(&self, needs: u64) -> bool {
        let followed = matches!(self.poller, Poller::There(_));
        let round = self.report.round_done && self.report.needs_seen >= needs;
        followed || round || self.crashed.is_some()
    }

    /// Returns whether another program polls it.
    pub fn is_followed(&self) -> bool {
        match self.poller {
            Poller::There(_) | Poller::Silent => true,
            Poller::Open | Poller::Here => false,
        }
    }

    /// Returns whether this program polls it, and may tell others how it stands.
    pub fn is_led(&self) -> bool {
        self.poller == Poller::Here
    }

    /// Returns whether it ever answered as it should.
    pub fn has_answered(&self) -> bool {
        self.answered || self.is_followed()
    }

    /// Returns what it can and cannot do.
    pub fn capabilities(&self) -> &[crate::sources::Capability] {
        &self.report.capabilities
    }

    /// Returns when its health changes by the clock alone.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let at = self.last_success? + TimeDelta::seconds(FRESH_SECS + 1);
        (at > now).then_some(at)
    }

    /// Returns how it stands.
    pub fn verdict(&self, now: Timestamp) -> Verdict {
        let verdict = match &self.poller {
            Poller::There(remote) => Verdict {
                health: remote.health,
                message: remote.message.clone(),
                hint: remote.hint.clone(),
            },
            Poller::Silent => Verdict::of(Health::Starting),
            Poller::Open | Poller::Here => self.own_verdict(),
        };
        let silent = self
            .last_success
            .filter(|at| (now - *at).num_seconds() > FRESH_SECS);
        match (verdict.health, silent) {
            (Health::Ok, Some(at)) => Verdict {
                health: Health::Stale,
                message: Some(Clean::line(&format!(
                    "{} has not answered for {} min",
                    self.host,
                    (now - at).num_minutes()
                ))),
                hint: None,
            },
            _ => verdict,
        }
    }

    fn own_verdict(&self) -> Verdict {
        if let Some((_, times)) = self.crashed {
            let again = if times > 1 {
                format!(", {times} times now")
            } else {
                String::new()
            };
            return Verdict {
                health: Health::Stale,
                message: Some(Clean::line(&format!(
                    "source `{}` crashed{again}, restarting",
                    self.name
                ))),
                hint: Some(Clean::line(
                    "cards stay as they were; please report it with the log",
                )),
            };
        }
        if self.outcomes.is_empty() {
            return Verdict::of(Health::Starting);
        }
        let failing = || {
            self.outcomes
                .values()
                .filter_map(|outcome| outcome.error.as_ref())
        };
        if let Some(error) = failing().find(|error| health_of(error) == Health::Auth) {
            return Verdict::because(Health::Auth, error, 0);
        }
        let latest = self.outcomes.values().max_by_key(|outcome| outcome.order);
        if let Some(error) = latest.and_then(|latest| latest.error.as_ref())
            && health_of(error) == Health::RateLimited
        {
            return Verdict::because(Health::RateLimited, error, 0);
        }
        let count = failing().count();
        let Some(worst) = failing().max_by_key(|error| (health_of(error), error.to_string()))
        else {
            return Verdict {
                message: self.warning.clone(),
                ..Verdict::of(Health::Ok)
            };
        };
        let nothing_works = count == self.outcomes.len();
        let host_gone = self.failures >= HOST_GONE && health_of(worst) == Health::Unreachable;
        let health = if nothing_works || host_gone {
            health_of(worst)
        } else {
            Health::Stale
        };
        Verdict::because(health, worst, count - 1)
    }

    /// Returns what programs that follow should know.
    pub fn remote_state(&self, now: Timestamp) -> RemoteState {
        let verdict = self.verdict(now);
        RemoteState {
            health: verdict.health,
            message: verdict.message,
            hint: verdict.hint,
            last_success: self.last_success,
            next_poll: self.report.next_poll,
            budgets: self.report.meter.budgets.clone(),
        }
    }

    /// Returns the source as views show it.
    pub fn view(&self, now: Timestamp, facts: usize) -> SourceView {
        let verdict = self.verdict(now);
        let meter = &self.report.meter;
        let remote = match &self.poller {
            Poller::There(state) => Some(state),
            Poller::Open | Poller::Here | Poller::Silent => None,
        };
        let restart = self.crashed.map(|(at, _)| at);
        SourceView {
            name: self.name.clone(),
            kind: self.kind,
            host: self.host.clone(),
            health: verdict.health,
            message: verdict.message,
            hint: verdict.hint,
            last_success: self.last_success,
            next_poll: restart.or(remote.map_or(self.report.next_poll, |state| state.next_poll)),
            followed: self.is_followed(),
            capabilities: self.report.capabilities.clone(),
            budgets: remote.map_or_else(|| meter.budgets.clone(), |state| state.budgets.clone()),
            sent: meter.sent,
            not_modified: meter.not_modified,
            failed: meter.failed,
            recent: meter.recent.clone(),
            token_from: meter.token_from.clone(),
            me: meter.me.clone(),
            insecure: meter.insecure,
            facts,
        }
    }
}

impl Verdict {
    fn of(health: Health) -> Self {
        Self {
            health,
            message: None,
            hint: None,
        }
    }

    fn because(health: Health, error: &SourceError, others: usize) -> Self {
        let message = if others == 0 {
            error.to_string()
        } else {
            format!("{error} (and {others} more)")
        };
        Self {
            health,
            message: Some(Clean::line(&message)),
            hint: error.hint().map(|hint| Clean::line(&hint)),
        }
    }
}

/// Returns the health that an error means where nothing else works.
pub fn health_of(error: &SourceError) -> Health {
    match error {
        SourceError::Auth { .. } | SourceError::NoToken { .. } => Health::Auth,
        SourceError::Forbidden { .. } | SourceError::NotFound { .. } => Health::Forbidden,
        SourceError::RateLimited { .. } => Health::RateLimited,
        SourceError::Unreachable { .. } => Health::Unreachable,
        SourceError::Unreadable { .. } | SourceError::Refused { .. } => Health::Unreadable,
    }
}
