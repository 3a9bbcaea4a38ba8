//! HTTP checks: endpoints that should answer well, and what they say of themselves.
//!
//! One `[[source.check]]` an endpoint. What fails is an alert of its service, also a
//! host that cannot be reached; the version that an answer names is a deployment that
//! is live. Where no host at all answers it is this machine that is offline: an error.

mod book;
mod judge;
mod round;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::time::Instant;

use crate::config::{HttpCheck, SourceConfig};
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::sources::http::{self, Client, Ground, Limits, Missed, Others, Scheme, Visit};
use crate::sources::port::{Address, Ask, Port, Product, failed, fine};
use crate::sources::told::ANSWERED;
use crate::sources::{
    Account, Batch, Capability, CapabilityState, Check, CheckState, Fetch, Listing, Meter,
    Resource, Source, SourceError, Tier, labels,
};

use book::{Book, Unanswered, Way};
use judge::{Kind, Version, Wrong};
use round::{Came, Due, Round};

const PRODUCT: Product = Product {
    name: "the service",
    example: "https://api.example.org",
    copied: &[],
    address: Address::Page("behind a proxy"),
    scheme: Scheme::BearerOrLogin,
    has_records: false,
};

const CHECKS: &str = "checks";
const VERSIONS: &str = "versions";

/// How many checks that were not visited are named.
const NAMED: usize = 3;

/// How much sooner than its distance a check is asked again, as no poll is on the second.
const EARLY: Duration = Duration::from_secs(10);

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    let limits = limits().within(config.timeout);
    Ok(Box::new(HttpChecks::new(config, ground, limits)?))
}

/// Returns the bounds of a check: what takes longer is no answer.
fn limits() -> Limits {
    Limits {
        first_byte: Duration::from_secs(10),
        idle: Duration::from_secs(10),
        total: Duration::from_secs(15),
        body: 1024 * 1024,
        ..Limits::default()
    }
}

/// The checks of one host.
pub struct HttpChecks {
    port: Port,
    limits: Limits,
    checks: Vec<HttpCheck>,
    book: Mutex<Book>,
    /// Since when nobody answers there.
    away_since: Mutex<Option<Instant>>,
}

impl HttpChecks {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        Ok(Self {
            port: Port::new(config, ground, limits.clone(), PRODUCT, &[CHECKS])?,
            limits,
            checks: config.extras.checks.clone(),
            book: Mutex::default(),
            away_since: Mutex::default(),
        })
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the checks whose time has come: what answered first, then whom it is longest ago.
    fn due(&self, fetch: &Fetch) -> Vec<Due<'_>> {
        let book = self.book();
        let is_due = |check: &&HttpCheck| {
            let early = check.every.saturating_sub(EARLY);
            let waited = book.asked_at(check).map(|at| fetch.now - at);
            // A clock that was set back has no say.
            let waits = waited
                .is_some_and(|it| it.num_seconds() >= 0 && it.to_std().is_ok_and(|it| it < early));
            fetch.forced || !waits
        };
        let mut due: Vec<&HttpCheck> = self.checks.iter().filter(is_due).collect();
        due.sort_by_key(|check| (book.was_late(check, fetch.now), book.asked_at(check)));
        let sure = |check| {
            if book.is_sure(check) {
                Due::again(check)
            } else {
                Due::first(check)
            }
        };
        due.into_iter().map(sure).collect()
    }

    async fn visit<'a>(&'a self, due: Vec<Due<'a>>, ask: Ask) -> Result<Round<'a>, SourceError> {
        let client = self.port.client(ask).await?;
        Ok(round::visit(client, due, &self.limits, ask.urgency).await)
    }

    /// Returns the error of being offline, where nothing speaks for the host being away.
    fn offline(&self, client: &Client, came: &[Came<'_>]) -> Option<SourceError> {
        let lost = |came: &Came<'_>| match &came.visit {
            Err(Missed::NoWay(cause)) => Some((cause.clone(), true)),
            Err(Missed::Silent(cause)) => Some((cause.clone(), false)),
            Ok(_) | Err(Missed::Held(_) | Missed::Late(_) | Missed::Bad(_)) => None,
        };
        let mut since = self
            .away_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if came.is_empty() {
            return None;
        }
        let first = came.first().and_then(lost);
        let Some((cause, no_way)) = first.filter(|_| came.iter().all(|came| lost(came).is_some()))
        else {
            *since = None;
            return None;
        };
        let begun = *since.get_or_insert_with(Instant::now);
        drop(since);
        let is_offline = match client.others(begun) {
            Others::Answered => false,
            Others::Silent => true,
            // Nobody was asked who could tell: a host that only says nothing is away.
            Others::Unasked => no_way,
        };
        is_offline.then(|| SourceError::Unreachable {
            host: self.port.host().to_owned(),
            cause: format!("{cause}; no other host answers, so that no check is said to fail"),
        })
    }

    async fn round(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let ask = Ask::of(fetch);
        let Round { came, unseen } = self.visit(self.due(fetch), ask).await?;
        let client = self.port.client(ask).await?;
        if let Some(error) = self.offline(client, &came) {
            // They stay due: nothing came of them.
            return Err(error);
        }
        let mut batch = Batch::default();
        let mut held = None;
        let asked = came.len();
        let mut judged = 0;
        for came in came {
            if let Err(Missed::Held(error)) = came.visit {
                held = Some(error);
                continue;
            }
            judged += 1;
            self.take_in(came, fetch.now);
        }
        let mut missing = Vec::new();
        if let Some(error) = held {
            if judged == 0 {
                return Err(error);
            }
            let left = asked - judged;
            missing.push(format!(
                "only a part was asked: {left} of {asked} checks were not, {error}"
            ));
        }
        if !unseen.is_empty() {
            missing.push(unvisited(&unseen, asked + unseen.len()));
        }
        self.tell(&mut batch, &unseen, fetch.now);
        let missing = missing.iter().map(|text| self.port.shown(text));
        batch.warnings.extend(missing);
        self.port.can(CHECKS, CapabilityState::Available);
        Ok(batch)
    }

    /// Takes in what came of one check.
    fn take_in(&self, came: Came<'_>, now: Timestamp) {
        let Came {
            check,
            visit,
            failures,
        } = came;
        let way = way(&visit);
        let visit = visit.map_err(|missed| wrong(check, &missed));
        let judged = visit.as_ref().map_or_else(
            |wrong| Err(wrong.clone()),
            |visit| judge::judge(check, visit),
        );
        let judged = judged.map_err(|wrong| Wrong {
            about: self.port.shown(&wrong.about).to_string(),
            ..wrong
        });
        let is_well = judged.is_ok();
        let end = visit.as_ref().ok().and_then(ends_at);
        let mut book = self.book();
        book.judged(check, judged, end, now);
        book.looked(check, failures, way);
        let Ok(visit) = visit else {
            return;
        };
        let mut notes = Vec::new();
        if check.certificate.is_some() && end.is_none() {
            notes.push("the end of its certificate cannot be read".to_owned());
        }
        match check.version.as_ref().map(|at| judge::version(at, &visit)) {
            Some(Ok(version)) => book.saw(self.port.name(), check, version, now),
            // What is ill anyway need not say its version.
            Some(Err(why)) if is_well => notes.push(why),
            Some(Err(_)) | None => {}
        }
        let shown = |note: &String| self.port.shown(&format!("`{}`: {note}", check.name));
        book.noted(check, notes.iter().map(shown).collect());
    }

    /// Tells all that is known, asked in this round or before; `unseen` should have been asked.
    fn tell(&self, batch: &mut Batch, unseen: &[&HttpCheck], now: Timestamp) {
        let book = self.book();
        let alerts = book.alerts(self.port.name(), &self.checks, now);
        labels::list(batch, CHECKS, alerts, true);
        let lived = book.deployments().cloned().map(Fact::Deployment);
        let lived: Vec<Fact> = lived.collect();
        batch.listings.push(Listing {
            name: Clean::line(VERSIONS),
            members: lived.iter().map(Fact::id).collect(),
        });
        batch.facts.extend(lived);
        batch.warnings.extend(book.notes().cloned());
        let quiet = book.quiet(&self.checks);
        batch
            .warnings
            .extend(quiet.iter().map(|it| Clean::line(it)));
        // What fires and was not visited may be over.
        if !unseen.iter().any(|check| book.fires(check)) {
            // All that this source tells.
            batch.covered.push(Clean::default());
        }
    }

    async fn look_over(&self) -> Vec<Check> {
        let ask = Ask::person();
        let due = self.checks.iter().map(Due::first).collect();
        let Round { came, unseen } = match self.visit(due, ask).await {
            Ok(round) => round,
            Err(error) => return vec![failed("host", &error)],
        };
        let offline = match self.port.client(ask).await {
            Ok(client) => self.offline(client, &came),
            Err(error) => return vec![failed("host", &error)],
        };
        if let Some(error) = offline {
            return vec![failed("host", &error)];
        }
        let mut checks: Vec<Check> = came
            .iter()
            .map(|came| self.told(came.check, &came.visit))
            .collect();
        if !unseen.is_empty() {
            let text = unvisited(&unseen, came.len() + unseen.len());
            checks.push(Check {
                state: CheckState::Failed,
                ..fine(CHECKS, &self.port.shown(&text))
            });
        }
        let answered = came.iter().filter(|came| came.visit.is_ok()).count();
        let all = came.len() + unseen.len();
        if answered < all && all > 1 {
            let text = format!("{answered} of {all} checks answered");
            let state = if answered * 2 < all {
                CheckState::Failed
            } else {
                CheckState::Note
            };
            checks.insert(
                0,
                Check {
                    state,
                    ..fine("host", &text)
                },
            );
        }
        checks
    }

    /// Says what came of one check.
    fn told(&self, check: &HttpCheck, came: &Result<Visit, Missed>) -> Check {
        let name = &check.name;
        if let Err(Missed::Held(error)) = came {
            // Nothing was said of what is checked.
            let check = failed(CHECKS, error);
            let text = format!("`{name}` was not asked: {}", check.text);
            return Check {
                text: self.port.shown(&text),
                ..check
            };
        }
        let judged = match came {
            Err(missed) => Err(wrong(check, missed)),
            Ok(visit) => judge::judge(check, visit).map(|()| visit),
        };
        let visit = match judged {
            Ok(visit) => visit,
            Err(wrong) => {
                let text = self.port.shown(&format!("`{name}`: {}", wrong.about));
                let hint = "it is an alert once it failed so often in a row as `failures` says";
                return Check {
                    state: CheckState::Failed,
                    hint: Some(Clean::line(hint)),
                    ..fine(CHECKS, &text)
                };
            }
        };
        let (status, took) = (visit.status, judge::brief(visit.took));
        let mut text = format!("`{name}`: {} answered {status} in {took}", check.url.path());
        let mut state = CheckState::Fine;
        if let Some(place) = &check.version {
            match judge::version(place, visit) {
                Ok(Version::Commit(sha)) => text.extend([", commit ", sha.short()]),
                Ok(Version::Name(version)) => text.extend([", version ", &version]),
                Err(why) => {
                    state = CheckState::Note;
                    text.extend(["; ", &why]);
                }
            }
        }
        if check.certificate.is_some() {
            let end = ends_at(visit).map(|at| at.format("%Y-%m-%d").to_string());
            let end = end.unwrap_or_else(|| "an unknown day".to_owned());
            text.extend([", certificate until ", &end]);
        }
        Check {
            state,
            ..fine(CHECKS, &self.port.shown(&text))
        }
    }
}

/// Says that there was no time for some of the checks.
fn unvisited(unseen: &[&HttpCheck], all: usize) -> String {
    let count = unseen.len();
    let names: Vec<String> = unseen
        .iter()
        .take(NAMED)
        .map(|check| format!("`{}`", check.name))
        .collect();
    let more = match count - names.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "only a part was visited: {count} of {all} checks were not, as the others took too long \
         ({}{more})",
        names.join(", ")
    )
}

/// Returns whether somebody answered, and why not.
fn way(visit: &Result<Visit, Missed>) -> Way {
    match visit {
        Ok(_) => Way::Answered,
        Err(Missed::Late(cause)) => Way::Late(Clean::line(cause)),
        Err(Missed::NoWay(cause) | Missed::Silent(cause) | Missed::Bad(cause)) => {
            Way::Unanswered(Clean::line(cause))
        }
        Err(Missed::Held(_)) => Way::Unknown,
    }
}

/// Returns when the certificate ends that was shown.
fn ends_at(visit: &Visit) -> Option<Timestamp> {
    http::not_after(visit.certificate.as_ref()?)
}

/// Returns what is wrong where no answer came.
fn wrong(check: &HttpCheck, missed: &Missed) -> Wrong {
    let path = check.url.path();
    let host = http::host_of(&check.url);
    match missed {
        Missed::NoWay(cause) | Missed::Silent(cause) => Wrong {
            kind: Kind::Away,
            about: format!("{host} cannot be reached: {cause}"),
        },
        Missed::Late(cause) | Missed::Bad(cause) => Wrong {
            kind: Kind::NoAnswer,
            about: format!("{path} of {host} gave no answer: {cause}"),
        },
        Missed::Held(error) => Wrong {
            kind: Kind::NoAnswer,
            about: error.to_string(),
        },
    }
}

impl Source for HttpChecks {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "http"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        self.port.capabilities()
    }

    fn problems(&self) -> Vec<SourceError> {
        let unanswered = self.book().unanswered(&self.checks);
        let cause = unanswered.map(|it| match it {
            Unanswered::All(cause) => self.port.shown(&cause).to_string(),
            Unanswered::Most(what) => format!("{ANSWERED}{}", self.port.shown(&what)),
        });
        let problem = cause.map(|cause| SourceError::Unreachable {
            host: self.port.host().to_owned(),
            cause,
        });
        problem.into_iter().collect()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        let every = self.checks.iter().map(|check| check.every.as_secs()).min();
        vec![Resource {
            id: CHECKS.into(),
            tier: match every.unwrap_or_default() {
                // A poll at which no check is due costs nothing.
                0..600 => Tier::Hot,
                600..3_600 => Tier::Warm,
                3_600.. => Tier::Cold,
            },
            cost: u32::try_from(self.checks.len()).unwrap_or(u32::MAX),
            bucket: "core",
        }]
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move { self.round(&fetch).await }.boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        let facts: Vec<&Fact> = facts.iter().map(|fact| &**fact).collect();
        self.book().restore(self.port.name(), &self.checks, &facts);
    }

    fn need(&self, _needs: &BTreeSet<Need>) {}

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn meter(&self) -> Meter {
        self.port.meter()
    }
}
