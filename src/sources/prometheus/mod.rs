//! Prometheus: alerts that its rules raise, and rules that cannot be evaluated.
//!
//! One small request a round for the alerts; the rules are read at leisure. An
//! answer that calls itself partial removes nothing.

mod map;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::sources::http::{Answer, Failure, Ground, Limits, Scheme, their_now};
use crate::sources::port::{Address, Ask, Port, Product, fine};
use crate::sources::{
    Account, Batch, Capability, CapabilityState, Check, CheckState, Fetch, Meter, Resource, Source,
    SourceError, Tier, labels, needs,
};

const PRODUCT: Product = Product {
    name: "Prometheus",
    example: "https://prometheus.example.org",
    copied: &[
        "/api/v1/alerts",
        "/api/v1/rules",
        "/api/v1",
        "/api",
        "/graph",
        "/alerts",
    ],
    address: Address::Page("with `--web.route-prefix=/x` or behind a proxy"),
    scheme: Scheme::BearerOrLogin,
    has_records: false,
};

const ALERTS: &str = "alerts";
const RULES: &str = "rules";

/// How many warnings of one answer are passed on.
const WARNINGS: usize = 3;

/// Minutes after which rules that were not read no longer pass for current.
const RULES_LATE: i64 = 10;

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Prometheus::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One Prometheus, or a server that answers as one.
pub struct Prometheus {
    port: Port,
    rules: Mutex<KnownRules>,
}

/// What is remembered of the rules.
#[derive(Clone, Default)]
struct KnownRules {
    /// Since when groups of them are not evaluated, by the identity of their alert.
    ill: BTreeMap<Clean, Timestamp>,
    /// When they were last read.
    read_at: Option<Timestamp>,
}

impl KnownRules {
    /// Returns whether what is told of them may pass for current.
    fn is_current(&self, now: Timestamp) -> bool {
        let is_late = |at: Timestamp| (now - at).num_minutes() >= RULES_LATE;
        self.ill.is_empty() || !self.read_at.is_none_or(is_late)
    }
}

/// An answer, without what is around it.
struct Said<T> {
    data: T,
    /// Whether it says that it is all there is.
    whole: bool,
    now: Timestamp,
    batch: Batch,
}

impl Prometheus {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let port = Port::new(config, ground, limits, PRODUCT, &[ALERTS, RULES])?;
        Ok(Self {
            port,
            rules: Mutex::default(),
        })
    }

    fn known_rules(&self) -> MutexGuard<'_, KnownRules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a route, and takes the answer out of what is around it.
    async fn ask<T: DeserializeOwned>(
        &self,
        route: &str,
        fetch: &Fetch,
    ) -> Result<Said<T>, Failure> {
        let parts: Vec<&str> = route.split('/').collect();
        let url = self.port.url(&parts, &[]);
        let route = url.path().trim_start_matches('/').to_owned();
        let asked = self
            .port
            .get::<wire::Envelope<T>>(url, Ask::of(fetch))
            .await;
        let (envelope, answer): (_, Answer) = asked?;
        let lost = |cause: String| Failure::of(self.port.failed(&cause));
        if envelope.status != "success" {
            let kind = envelope.error_type.unwrap_or_default();
            let why = envelope.error.unwrap_or_default();
            let status = envelope.status;
            return Err(lost(format!("/{route}: it says `{status}`, {kind}: {why}")));
        }
        let data = envelope
            .data
            .ok_or_else(|| lost(format!("/{route}: `data` is missing")))?;
        let warnings = envelope.warnings.unwrap_or_default();
        let mut batch = Batch::default();
        for text in warnings.iter().take(WARNINGS) {
            let text = format!("only a part is known: {text}");
            batch.warnings.push(self.port.shown(&text));
        }
        Ok(Said {
            data,
            whole: warnings.is_empty(),
            now: their_now(&answer.headers, fetch.now),
            batch,
        })
    }

    async fn alerts(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let said = self.ask::<wire::Alerts>("api/v1/alerts", fetch).await?;
        let (list, mut batch) = (said.data.alerts, said.batch);
        self.unread(
            &mut batch,
            list.items.len(),
            list.bad_count,
            &list.bad,
            "alerts",
        )?;
        let page = |rest: &str| self.port.page(rest);
        let alert = |wire| map::alert(self.port.name(), wire, said.now, &page);
        let alerts = list.items.iter().filter_map(alert).collect();
        let whole = said.whole && list.bad_count == 0;
        labels::list(&mut batch, ALERTS, alerts, whole);
        if self.known_rules().is_current(fetch.now) {
            // All that this source tells.
            batch.covered.push(Clean::default());
        }
        self.port.can(ALERTS, CapabilityState::Available);
        Ok(batch)
    }

    async fn rules(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let said = match self.ask::<wire::Rules>("api/v1/rules", fetch).await {
            Ok(said) => said,
            // Where alerts are, the address is right: this server tells no rules.
            Err(failure) if failure.status == Some(404) && self.port.did(ALERTS) => {
                let why = Clean::line("this server has no `/api/v1/rules`");
                self.port.can(RULES, CapabilityState::Missing(why));
                return Ok(Batch::default());
            }
            Err(failure) => return Err(failure.error),
        };
        let (groups, mut batch) = (said.data.groups, said.batch);
        let (read, bad) = (groups.items.len(), groups.bad_count);
        self.unread(&mut batch, read, bad, &groups.bad, "groups of rules")?;
        let page = |rest: &str| self.port.page(rest);
        let ill = self.known_rules().ill.clone();
        let since = |id: &Clean| ill.get(id).copied();
        let name = self.port.name();
        let health = |group| map::health(name, group, said.now, &page, &since);
        let all: Vec<map::Health> = groups.items.iter().map(health).collect();
        let waiting: usize = all.iter().map(|health| health.waiting).sum();
        let unread: usize = all.iter().map(|health| health.unread).sum();
        for (count, text) in [
            (waiting, "rules were never evaluated yet"),
            (unread, "rules cannot be read"),
        ] {
            if count > 0 {
                batch.warnings.push(Clean::line(&format!("{count} {text}")));
            }
        }
        let alerts: Vec<_> = all.into_iter().filter_map(|health| health.alert).collect();
        let now_ill = alerts
            .iter()
            .map(|alert| (alert.id.clone(), alert.started_at));
        let now_ill: BTreeMap<_, _> = now_ill.take(labels::MOST).collect();
        *self.known_rules() = KnownRules {
            ill: now_ill,
            read_at: Some(fetch.now),
        };
        let whole = said.whole && groups.bad_count == 0 && unread == 0;
        labels::list(&mut batch, RULES, alerts, whole);
        self.port.can(RULES, CapabilityState::Available);
        Ok(batch)
    }

    /// Tells of records that cannot be read; a list of nothing else is none.
    fn unread(
        &self,
        batch: &mut Batch,
        read: usize,
        bad: usize,
        why: &[String],
        what: &str,
    ) -> Result<(), SourceError> {
        if bad == 0 {
            return Ok(());
        }
        let why = why.first().map_or("", String::as_str);
        if read == 0 {
            let cause = format!("none of its {what} fits: {why}");
            return Err(self.port.failed(&cause));
        }
        let all = read + bad;
        let text = format!("{bad} of {all} {what} cannot be read: {why}");
        batch.warnings.push(self.port.shown(&text));
        Ok(())
    }

    async fn look_over(&self) -> Vec<Check> {
        let fetch = Fetch {
            resource: ALERTS.into(),
            now: self.port.now(),
            forced: true,
        };
        let mut checks = Vec::new();
        let info = self.ask::<wire::BuildInfo>("api/v1/status/buildinfo", &fetch);
        match info.await {
            Ok(said) => {
                let version = said.data.version.unwrap_or_default();
                let text = format!("it answers, version {version}");
                checks.push(fine("host", &text));
            }
            // Servers that only answer as Prometheus have no build of it.
            Err(failure) if failure.status == Some(404) => {}
            Err(failure) => return vec![self.port.failed_check("host", &failure.error)],
        }
        match self.alerts(&fetch).await {
            Ok(batch) => tell(&mut checks, ALERTS, ["alert fires", "alerts fire"], &batch),
            Err(error) => {
                checks.push(self.port.failed_check(ALERTS, &error));
                return checks;
            }
        }
        match self.rules(&fetch).await {
            Ok(batch) => tell(
                &mut checks,
                RULES,
                ["group of rules fails", "groups of rules fail"],
                &batch,
            ),
            Err(error) => checks.push(self.port.failed_check(RULES, &error)),
        }
        let missing = self.port.capabilities().into_iter();
        checks.extend(missing.filter_map(|can| match can.state {
            CapabilityState::Missing(why) => Some(note(can.name, &why)),
            CapabilityState::Unknown | CapabilityState::Available => None,
        }));
        checks
    }
}

fn tell(checks: &mut Vec<Check>, name: &'static str, what: [&str; 2], batch: &Batch) {
    let [one, many] = what;
    let count = batch.facts.len();
    checks.push(fine(
        name,
        &format!("{count} {}", if count == 1 { one } else { many }),
    ));
    checks.extend(batch.warnings.iter().map(|text| note(name, text)));
}

fn note(name: &'static str, text: &str) -> Check {
    Check {
        state: CheckState::Note,
        ..fine(name, text)
    }
}

impl Source for Prometheus {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "prometheus"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        let told = self.port.capabilities().into_iter();
        let past = needs::no_past("alerts that are over are not worked out of its samples");
        told.chain([past]).collect()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        let resource = |id: &'static str, tier| Resource {
            id: id.into(),
            tier,
            cost: 1,
            bucket: "core",
        };
        vec![resource(ALERTS, Tier::Hot), resource(RULES, Tier::Warm)]
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move {
            match &*fetch.resource {
                ALERTS => self.alerts(&fetch).await,
                RULES => self.rules(&fetch).await,
                // A resource of another version of the program: nothing is lost.
                _ => Ok(Batch::default()),
            }
        }
        .boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        let prefix = labels::identity(self.port.name(), "rules/");
        let mut rules = self.known_rules();
        for fact in facts.iter().take(2 * labels::MOST) {
            if let Fact::Alert(alert) = &**fact
                && alert.id.starts_with(prefix.as_str())
            {
                rules.ill.insert(alert.id.clone(), alert.started_at);
            }
        }
    }

    fn need(&self, _needs: &BTreeSet<Need>) {}

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn meter(&self) -> Meter {
        self.port.meter()
    }
}
