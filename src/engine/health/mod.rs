//! How a source stands: from the outcomes of its polls to one word and a sentence.
//!
//! The rule, first match wins: a refused token is `auth`; a limit that the last answer spoke of,
//! or for which something due is not asked, is `rate limited`; something that may not be read or
//! is not there is `forbidden`, however much else works; other trouble is named as it is when
//! nothing told a fact (an answer without facts, such as a rate limit or an empty list, proves
//! nothing), and is `stale` when something did. A source that says itself that its host is away is
//! believed, whatever it told. The age is that of the last answer that told or confirmed a fact.

mod settled;
mod view;

use std::collections::HashMap;
use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::engine::lately::last_of;
use crate::engine::snapshot::{FRESH_SECS, Health};
use crate::engine::update::{RemoteState, Report};
use crate::engine::{sight, told};
use crate::sources::{Batch, ResourceId, Source, SourceError, TRIED_AGAIN, Trouble};

/// Failures in a row, over all resources, after which a host counts as gone.
const HOST_GONE: u32 = 2;

/// Without one byte of answer for so long, a source counts as out of reach, polled or not.
const PATIENCE_SECS: i64 = 20;

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
    /// When it last answered as it should, whoever asked.
    before: Option<Timestamp>,
    answered: bool,
    asked_at: Option<Timestamp>,
    /// How often something came of it.
    news: u64,
    /// For how long nothing had come of it, where somebody stopped waiting for that.
    left: Option<Duration>,
    crashed: Option<(Timestamp, u32)>,
    report: Report,
    poller: Poller,
    /// As whom the store says that it was asked last.
    me_before: Option<Clean>,
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
    /// Whether it ever told or confirmed a fact.
    told: bool,
    warnings: Vec<Clean>,
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
            before: None,
            answered: false,
            asked_at: None,
            news: 0,
            left: None,
            crashed: None,
            report,
            poller: Poller::Open,
            me_before: None,
        }
    }

    /// Takes in that a poll went well; returns whether its answer proves anything.
    pub fn succeeded(
        &mut self,
        resource: ResourceId,
        order: u64,
        at: Timestamp,
        batch: &Batch,
    ) -> bool {
        // An empty one of who never told a fact and is ill elsewhere does not.
        let is_blank = batch.facts.is_empty() && self.last_success.is_none();
        let proves = !(is_blank && self.is_ill_beside(&resource));
        let told = proves && told::tells(batch);
        self.note(
            resource,
            Outcome {
                order,
                error: None,
                told,
                warnings: batch.warnings.clone(),
            },
        );
        self.failures = 0;
        self.answered = true;
        self.crashed = None;
        if told {
            self.last_success = Some(self.last_success.map_or(at, |known| last_of(known, at)));
        }
        proves
    }

    /// Returns whether something else than this resource is no answer of such a system.
    fn is_ill_beside(&self, resource: &ResourceId) -> bool {
        let others = self.outcomes.iter().filter(|(id, _)| *id != resource);
        let mut ills = others.filter_map(|(_, outcome)| outcome.error.as_ref().map(Health::of));
        ills.any(|it| it == Health::Unreadable || it.is_down())
    }

    /// Takes in that a poll failed.
    pub fn failed(&mut self, resource: ResourceId, order: u64, error: SourceError) {
        self.note(
            resource,
            Outcome {
                order,
                error: Some(error),
                told: false,
                warnings: Vec::new(),
            },
        );
        self.failures = self.failures.saturating_add(1);
    }

    fn note(&mut self, resource: ResourceId, mut outcome: Outcome) {
        self.poller = Poller::Here;
        self.news += 1;
        self.left = None;
        self.order = self.order.max(outcome.order);
        match self.outcomes.get(&resource) {
            Some(known) if known.order > outcome.order => {}
            known => {
                outcome.told |= known.is_some_and(|known| known.told) && outcome.error.is_none();
                self.outcomes.insert(resource, outcome);
            }
        }
    }

    /// Takes in what the poller reports.
    pub fn report(&mut self, report: Report, now: Timestamp) {
        self.poller = Poller::Here;
        self.asked_at.get_or_insert(now);
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
        if let Some(at) = state.as_ref().and_then(|state| state.last_success) {
            self.last_success = Some(self.last_success.map_or(at, |known| last_of(known, at)));
        }
        self.news += 1;
        self.poller = state.map_or(Poller::Silent, Poller::There);
    }

    /// Takes in when the database says that the source was last confirmed.
    pub fn loaded(&mut self, at: Timestamp) {
        self.last_success = self.last_success.max(Some(at));
    }

    /// Takes in as whom the database says that it was asked.
    pub fn known_as(&mut self, me: Clean) {
        self.me_before = Some(me);
    }

    /// Forgets when it was last confirmed and as whom: that was another account.
    pub fn forget(&mut self) {
        self.last_success = None;
        self.me_before = None;
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

    /// Returns what it can and cannot do.
    pub fn capabilities(&self) -> &[crate::sources::Capability] {
        &self.report.capabilities
    }

    /// Returns when its health changes by the clock alone.
    pub fn next_change(&self, now: Timestamp) -> Option<Timestamp> {
        let stale = self
            .last_success
            .map(|at| at + TimeDelta::seconds(FRESH_SECS + 1));
        let mute = self.asked_at.filter(|_| !self.was_heard());
        let mute = mute.map(|at| at + TimeDelta::seconds(self.patience_secs()));
        [stale, mute]
            .into_iter()
            .flatten()
            .filter(|at| *at > now)
            .min()
    }

    /// Returns when it last answered as it should.
    pub fn last_success(&self) -> Option<Timestamp> {
        self.last_success
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
            Poller::Open | Poller::Here => self.own_verdict(now),
        };
        let verdict = self.left_behind(verdict);
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

    fn own_verdict(&self, now: Timestamp) -> Verdict {
        if let Some((_, times)) = self.crashed {
            return self.crash_verdict(times);
        }
        let failing: Vec<&SourceError> = self
            .outcomes
            .values()
            .filter_map(|outcome| outcome.error.as_ref())
            .chain(&self.report.problems)
            .collect();
        if let Some(error) = told::worst(&failing, |health| health == Health::Auth) {
            return Verdict::because(Health::Auth, error, &failing);
        }
        if let Some(error) = self.limit() {
            return Verdict::because(Health::RateLimited, error, &[]);
        }
        if let Some(error) = told::worst(&failing, |health| health == Health::Forbidden) {
            return Verdict::because(Health::Forbidden, error, &failing);
        }
        let told = self.outcomes.values().any(|outcome| outcome.told);
        let Some(error) = told::worst(&failing, |_| true) else {
            return self.well_verdict(told, now);
        };
        // A problem of a host that answers is one of a part of it.
        let is_said = self.failures >= HOST_GONE
            || (self.report.problems.contains(error) && error.trouble() != Some(Trouble::Server));
        let host_gone = is_said && Health::of(error).is_down();
        // Whatever was answered since, what waits for a limit does so still.
        let is_limited = Health::of(error) == Health::RateLimited;
        let health = if told && !host_gone && !is_limited {
            Health::Stale
        } else {
            Health::of(error)
        };
        Verdict::because(health, error, &failing)
    }

    fn crash_verdict(&self, times: u32) -> Verdict {
        let again = if times > 1 {
            format!(", {times} times now")
        } else {
            String::new()
        };
        Verdict {
            health: Health::Stale,
            message: Some(Clean::line(&format!(
                "source `{}` crashed{again}, restarting",
                self.name
            ))),
            hint: Some(Clean::line(
                "cards stay as they were; please report it with the log",
            )),
        }
    }

    /// The verdict where nothing fails: well once it told something, or has nothing to tell.
    fn well_verdict(&self, told: bool, now: Timestamp) -> Verdict {
        if self.is_mute(now) {
            return Verdict {
                health: Health::Unreachable,
                message: Some(Clean::line(&format!(
                    "{} has not answered for {} s",
                    self.host,
                    self.patience_secs()
                ))),
                hint: Some(Clean::line(TRIED_AGAIN)),
            };
        }
        if !told && !self.report.round_done {
            return Verdict::of(Health::Starting);
        }
        let mut outcomes: Vec<&Outcome> = self.outcomes.values().collect();
        outcomes.sort_by_key(|outcome| outcome.order);
        let mut remarks: Vec<&Clean> = outcomes.iter().flat_map(|o| &o.warnings).collect();
        let stranger = (self.report.meter.token_from == "none" && !self.is_followed())
            .then(|| Clean::line(STRANGER));
        remarks.extend(&stranger);
        let hidden = sight::hidden(&self.report.capabilities);
        remarks.extend(&hidden);
        let clock = self.clock();
        remarks.extend(&clock);
        Verdict {
            message: told::newest(&remarks),
            ..Verdict::of(Health::Ok)
        }
    }

    /// Returns all that it has to say, the newest last.
    fn remarks(&self) -> Vec<Clean> {
        let mut outcomes: Vec<&Outcome> = self.outcomes.values().collect();
        outcomes.sort_by_key(|outcome| outcome.order);
        let errors = outcomes.iter().filter_map(|outcome| outcome.error.as_ref());
        let errors = errors
            .chain(&self.report.problems)
            .chain(&self.report.limited)
            .filter(|error| !self.is_said_otherwise(error));
        let warnings = outcomes.iter().flat_map(|outcome| &outcome.warnings);
        let hidden = sight::hidden(&self.report.capabilities);
        let clock = self.clock();
        told::remarks(errors, warnings.chain(&hidden).chain(&clock))
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
            me: self.me(),
            round_done: self.is_settled(0, now),
            history_done: self.report.history_done || self.is_settled(u64::MAX, now),
            past: self.report.past,
        }
    }

    /// Returns that without what changes with every poll, which is no news by itself.
    pub fn standing(&self, now: Timestamp) -> RemoteState {
        RemoteState {
            last_success: None,
            next_poll: None,
            budgets: Vec::new(),
            ..self.remote_state(now)
        }
    }

    /// Returns the login that the token belongs to, as far as this program found out itself.
    pub fn me(&self) -> Option<Clean> {
        self.report.meter.me.as_deref().map(Clean::line)
    }
}

/// What is told as long as a source is asked without a token.
const STRANGER: &str = "no token: public repositories only, within the limit for strangers";

impl Verdict {
    fn of(health: Health) -> Self {
        Self {
            health,
            message: None,
            hint: None,
        }
    }

    fn because(health: Health, error: &SourceError, all: &[&SourceError]) -> Self {
        Self {
            health,
            message: Some(Clean::line(&told::sentence(error, all))),
            hint: error.advice().map(|hint| Clean::line(&hint)),
        }
    }
}
