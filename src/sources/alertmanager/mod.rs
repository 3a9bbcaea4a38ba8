//! Alertmanager (interface v2): alerts that fire, are silenced, inhibited or over.
//!
//! One request a round reads all of them: the server pages nothing and confirms
//! nothing. What left the list is over. Silencing is not built; `Source::act` is the seam.

mod map;
mod wire;

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::domain::text::Clean;
use crate::sources::http::{Answer, Ground, Limits, List, Scheme, their_now};
use crate::sources::port::{Address, Ask, Port, Product, fine};
use crate::sources::{
    Account, Batch, Capability, CapabilityState, Check, Fetch, Meter, Resource, Source,
    SourceError, Tier, labels, needs,
};

const PRODUCT: Product = Product {
    name: "Alertmanager",
    example: "https://alertmanager.example.org",
    copied: &[
        "/api/v2/alerts",
        "/api/v2/status",
        "/api/v2",
        "/api/v1",
        "/api",
    ],
    address: Address::Page("with `--web.route-prefix=/x` or behind a proxy"),
    scheme: Scheme::BearerOrLogin,
    has_records: false,
};

const ALERTS: &str = "alerts";

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Alertmanager::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One Alertmanager.
pub struct Alertmanager {
    port: Port,
}

impl Alertmanager {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let port = Port::new(config, ground, limits, PRODUCT, &[ALERTS])?;
        Ok(Self { port })
    }

    async fn read(&self, fetch: &Fetch) -> Result<Batch, SourceError> {
        let url = self.port.url(&["api", "v2", "alerts"], &[]);
        let asked = self.port.get::<List<_>>(url, Ask::of(fetch)).await;
        let (list, answer): (List<wire::GettableAlert>, Answer) = asked?;
        self.port.fits("/api/v2/alerts", &list)?;
        let mut batch = Batch::default();
        let unread = list.unread(ALERTS);
        batch
            .warnings
            .extend(unread.map(|text| self.port.shown(&text)));
        let now = their_now(&answer.headers, fetch.now);
        let page = |rest: &str| self.port.page(rest);
        let alert = |wire| map::alert(self.port.name(), wire, now, &page);
        let alerts = list.items.iter().map(alert).collect();
        // One that cannot be read may be one that is known: then nothing is removed.
        labels::list(&mut batch, ALERTS, alerts, list.bad_count == 0);
        // All that this source tells.
        batch.covered.push(Clean::default());
        self.port.can(ALERTS, CapabilityState::Available);
        Ok(batch)
    }

    async fn look_over(&self) -> Vec<Check> {
        let fetch = Fetch {
            resource: ALERTS.into(),
            now: self.port.now(),
            forced: true,
        };
        let mut checks = Vec::new();
        let url = self.port.url(&["api", "v2", "status"], &[]);
        match self.port.get::<wire::Status>(url, Ask::of(&fetch)).await {
            Ok((status, _)) => checks.push(fine("host", &told(&status))),
            Err(failure) => return vec![self.port.failed_check("host", &failure.error)],
        }
        match self.read(&fetch).await {
            Ok(batch) => {
                checks.push(fine(ALERTS, &counted(&batch)));
                let note = |text: &Clean| Check {
                    state: crate::sources::CheckState::Note,
                    ..fine(ALERTS, text)
                };
                checks.extend(batch.warnings.iter().map(note));
            }
            Err(error) => checks.push(self.port.failed_check(ALERTS, &error)),
        }
        checks
    }
}

/// Says what runs there.
fn told(status: &wire::Status) -> String {
    let version = status.version_info.as_ref();
    let version = version.and_then(|info| info.version.as_deref());
    let mut text = "it answers, Alertmanager".to_owned();
    for word in [" ", version.unwrap_or("of a version that it does not tell")] {
        text.push_str(word);
    }
    let cluster = status.cluster.as_ref();
    if let Some(state) = cluster.and_then(|cluster| cluster.status.as_deref())
        && !matches!(state, "ready" | "disabled")
    {
        text.push_str(", its cluster is ");
        text.push_str(state);
    }
    text
}

/// Says how many alerts of a batch stand how.
fn counted(batch: &Batch) -> String {
    let count = |wanted: fn(&AlertState) -> bool| {
        let alerts = batch.facts.iter();
        let is = |fact: &&Fact| matches!(fact, Fact::Alert(Alert { state, .. }) if wanted(state));
        alerts.filter(is).count()
    };
    let mut text = format!(
        "firing: {}, silenced or inhibited: {}",
        count(|state| *state == AlertState::Firing),
        count(|state| matches!(state, AlertState::Silenced | AlertState::Inhibited))
    );
    match count(|state| matches!(state, AlertState::Unknown(_))) {
        0 => {}
        unknown => text.extend([", in a state that is not known: ", &unknown.to_string()]),
    }
    text
}

impl Source for Alertmanager {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "alertmanager"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        let told = self.port.capabilities().into_iter();
        let past = needs::no_past("it tells what fires now and keeps nothing of what did");
        told.chain([past]).collect()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        vec![Resource {
            id: ALERTS.into(),
            tier: Tier::Hot,
            cost: 1,
            bucket: "core",
        }]
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move { self.read(&fetch).await }.boxed()
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, _facts: &[Arc<Fact>]) {}

    fn need(&self, _needs: &BTreeSet<Need>) {}

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn meter(&self) -> Meter {
        self.port.meter()
    }
}
