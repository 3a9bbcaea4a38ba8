//! Any endpoint that answers JSON: its records become tickets, runs, deployments or alerts.
//!
//! What is read and how is said by the settings, one `[[source.map]]` an endpoint,
//! each a resource of its own. Nothing here knows any system.

mod intake;
mod map;
mod page;
mod record;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use crate::config::{JsonMap, SourceConfig, Target};
use crate::domain::Timestamp;
use crate::domain::alert::AlertState;
use crate::domain::correlate::Need;
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::domain::run::RunState;
use crate::domain::text::{Clean, counted};
use crate::domain::ticket::TicketState;
use crate::sources::http::{Ground, Limits, Scheme};
use crate::sources::port::{Address, Port, Product, fine};
use crate::sources::{
    Account, Batch, Capability, CapabilityState, Check, CheckState, Fetch, Listing, Meter,
    Resource, ResourceId, Source, SourceError, Tier,
};

use intake::Intake;

const PRODUCT: Product = Product {
    name: "the interface",
    example: "https://tool.example.org/api",
    copied: &[],
    address: Address::Page("behind a proxy"),
    scheme: Scheme::BearerOrLogin,
    has_records: false,
};

/// The most records of one endpoint that are kept.
const MOST: usize = 1_000;

/// How many words without a meaning are named by the check-up.
const WORDS: usize = 10;

/// The most pages of one endpoint that are read in one poll.
const PAGES: usize = 10;

/// Minutes after which an endpoint that was not read no longer passes for current.
const LATE: i64 = 10;

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(HttpJson::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One system that answers JSON.
pub struct HttpJson {
    port: Port,
    /// Host and path of the system: the place of what it tells.
    place: Clean,
    maps: BTreeMap<ResourceId, JsonMap>,
    /// Of which endpoints something is at work.
    at_work: Mutex<BTreeSet<ResourceId>>,
    /// When each endpoint was last read.
    read: Mutex<BTreeMap<ResourceId, Timestamp>>,
}

/// What came of one endpoint.
struct Came {
    batch: Batch,
    /// How many records there were, those that cannot be read included.
    count: usize,
}

impl HttpJson {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let maps = &config.extras.maps;
        let mut can: Vec<&'static str> = maps.iter().map(|map| map.to.plural()).collect();
        can.sort_unstable();
        can.dedup();
        let port = Port::new(config, ground, limits, PRODUCT, &can)?;
        let path = config.url.path().trim_end_matches('/');
        Ok(Self {
            place: Clean::line(&format!("{}{path}", port.host())),
            port,
            maps: named(maps),
            at_work: Mutex::default(),
            read: Mutex::default(),
        })
    }

    async fn read(&self, fetch: &Fetch) -> Result<Came, SourceError> {
        let Some(map) = self.maps.get(&fetch.resource) else {
            return Ok(Came {
                batch: Batch::default(),
                count: 0,
            });
        };
        let mut intake = Intake::new(map);
        let missing = self.pages(map, fetch, &mut intake).await?;
        if let Some(why) = intake.refusal() {
            return Err(self.port.failed(&why));
        }
        let mut batch = Batch::default();
        let warnings = intake.warnings();
        let missing_told = missing.iter().map(|why| {
            let path = map.path();
            format!("only a part of {path} was read: {why}")
        });
        let warnings = warnings.into_iter().chain(missing_told);
        batch.warnings = warnings.map(|text| self.port.shown(&text)).collect();
        batch.facts = std::mem::take(&mut intake.facts);
        let whole = missing.is_none() && intake.bad == 0;
        self.enlist(&mut batch, map, fetch, whole);
        self.note(&fetch.resource, &batch.facts);
        self.port.can(map.to.plural(), CapabilityState::Available);
        let count = intake.count;
        Ok(Came { batch, count })
    }

    /// Keeps each fact once, and not too many; a whole list is all there are.
    fn enlist(&self, batch: &mut Batch, map: &JsonMap, fetch: &Fetch, whole: bool) {
        let (resource, now) = (&fetch.resource, fetch.now);
        let mut members = BTreeSet::new();
        // What a list tells twice is what it says first.
        batch.facts.retain(|fact| members.insert(fact.id()));
        let told = batch.facts.len();
        if told > MOST {
            let (path, what) = (map.path(), map.to.plural());
            let text =
                format!("only a part of {path} is shown: the newest {MOST} of {told} {what}");
            batch.warnings.push(self.port.shown(&text));
            batch
                .facts
                .sort_by_key(|fact| std::cmp::Reverse(moment(fact)));
            batch.facts.truncate(MOST);
            // Those that are not shown are there as well: none of them is over.
        }
        let name = Clean::line(resource);
        let list = Listing { name, members };
        if whole {
            batch.listings.push(list);
        } else {
            batch.partial.push(list);
        }
        // All that this source tells, but for what it was not asked for lately.
        batch
            .partial
            .extend(self.others_that_are_late(resource, now));
        batch.covered.push(Clean::default());
    }

    /// Notes that an endpoint was read; returns the lists of those that were not, lately.
    fn others_that_are_late(&self, resource: &ResourceId, now: Timestamp) -> Vec<Listing> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.insert(Arc::clone(resource), now);
        let is_late = |id: &&ResourceId| {
            let at = read.get(*id);
            at.is_none_or(|at| (now - *at).num_minutes() >= LATE)
        };
        let late = self.maps.keys().filter(is_late);
        late.map(|id| Listing {
            name: Clean::line(id),
            members: BTreeSet::new(),
        })
        .collect()
    }

    /// Notes whether something is at work, which is asked for sooner.
    fn note(&self, resource: &ResourceId, facts: &[Fact]) {
        let mut at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        if facts.iter().any(is_at_work) {
            at_work.insert(Arc::clone(resource));
        } else {
            at_work.remove(resource);
        }
    }

    async fn look_over(&self) -> Vec<Check> {
        let mut checks = Vec::new();
        for (resource, map) in &self.maps {
            let fetch = Fetch {
                resource: Arc::clone(resource),
                now: self.port.now(),
                forced: true,
            };
            let name = map.to.plural();
            match self.read(&fetch).await {
                Ok(came) => checks.extend(self.told(map, &came)),
                Err(error) => checks.push(self.port.failed_check(name, &error)),
            }
        }
        checks
    }

    /// Says what came of one endpoint.
    fn told(&self, map: &JsonMap, came: &Came) -> Vec<Check> {
        let name = map.to.plural();
        let records = counted(came.count, "record");
        let read = counted(came.batch.facts.len(), map.to.as_str());
        let text = format!("{}: {records}, {read} among them", map.path());
        let mut checks = vec![fine(name, &self.port.shown(&text))];
        let unknown = came.batch.facts.iter().filter_map(unknown_word);
        let unknown: BTreeSet<&Clean> = unknown.collect();
        if !unknown.is_empty() {
            let words: Vec<String> = unknown
                .iter()
                .take(WORDS)
                .map(|word| format!("`{word}`"))
                .collect();
            let text = format!("no `states` names {}", words.join(", "));
            checks.push(Check {
                state: CheckState::Note,
                hint: Some(Clean::line(&format!(
                    "say what they mean: {}",
                    map.to.states().join(", ")
                ))),
                ..fine(name, &self.port.shown(&text))
            });
        }
        let note = |text: &Clean| Check {
            state: CheckState::Note,
            ..fine(name, text)
        };
        checks.extend(came.batch.warnings.iter().map(note));
        checks
    }
}

/// Returns the maps by what they are called: `runs`, and `runs 2` for another one.
fn named(maps: &[JsonMap]) -> BTreeMap<ResourceId, JsonMap> {
    let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut found = BTreeMap::new();
    for map in maps {
        let word = map.to.plural();
        let count = counts.entry(word).or_default();
        *count += 1;
        let id = match count {
            1 => word.to_owned(),
            more => format!("{word} {more}"),
        };
        found.insert(id.into(), map.clone());
    }
    found
}

/// Returns whether something goes on there that will soon be otherwise.
fn is_at_work(fact: &Fact) -> bool {
    if let Fact::Run(run) = fact {
        return matches!(run.state, RunState::Queued | RunState::Running);
    }
    let moves = |it: &Deployment| matches!(it.state, DeployState::Queued | DeployState::Running);
    matches!(fact, Fact::Deployment(it) if moves(it))
}

/// Returns when something last happened to what a fact tells.
fn moment(fact: &Fact) -> Option<Timestamp> {
    if let Fact::Ticket(it) = fact {
        Some(it.updated_at)
    } else if let Fact::Run(it) = fact {
        Some(it.updated_at)
    } else if let Fact::Deployment(it) = fact {
        Some(it.updated_at)
    } else if let Fact::Alert(it) = fact {
        Some(it.started_at)
    } else {
        None
    }
}

/// Returns the word for how something stands, where no setting names it.
fn unknown_word(fact: &Fact) -> Option<&Clean> {
    if let Fact::Ticket(it) = fact
        && let TicketState::Other(word) = &it.state
    {
        Some(word)
    } else if let Fact::Run(it) = fact
        && let RunState::Unknown(word) = &it.state
    {
        Some(word)
    } else if let Fact::Deployment(it) = fact
        && let DeployState::Unknown(word) = &it.state
    {
        Some(word)
    } else if let Fact::Alert(it) = fact
        && let AlertState::Unknown(word) = &it.state
    {
        Some(word)
    } else {
        None
    }
}

impl Source for HttpJson {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "http-json"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        self.port.capabilities()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        let at_work = self.at_work.lock().unwrap_or_else(PoisonError::into_inner);
        let maps = self.maps.iter();
        maps.map(|(id, map)| Resource {
            id: Arc::clone(id),
            tier: match map.to {
                Target::Alert => Tier::Hot,
                Target::Run | Target::Deployment if at_work.contains(id) => Tier::Hot,
                Target::Run | Target::Deployment | Target::Ticket => Tier::Warm,
            },
            cost: 1,
            bucket: "core",
        })
        .collect()
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move { Ok(self.read(&fetch).await?.batch) }.boxed()
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
