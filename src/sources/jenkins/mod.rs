//! Jenkins: builds of jobs and of branches, stages, tests, logs and questions that wait.
//!
//! One request a folder tells the newest build of each job in it; everything else is asked
//! of builds that are red, move or were missed. Builds belong to the repository they were
//! made of, or stand alone.

mod act;
mod backfill;
mod details;
mod diagnose;
mod follow;
mod map;
mod past;
mod poll;
mod queue;
mod restore;
mod state;
mod tree;
mod wire;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::sync::mpsc;

use crate::config::{ProjectRule, SourceConfig};
use crate::domain::Timestamp;
use crate::domain::action::{Fresh, Target};
use crate::domain::correlate::Need;
use crate::domain::diagnosis::LogKey;
use crate::domain::fact::Fact;
use crate::domain::key::{RepoKey, SourceName};
use crate::domain::run::is_foreign;
use crate::domain::text::Clean;
use crate::sources::action::{Act, ActError};
use crate::sources::backfill as pasts;
use crate::sources::follow::{FollowError, LIVE, Part, Place};
use crate::sources::http::{Answer, Ground, Limits, Scheme};
use crate::sources::needs::PAST;
use crate::sources::port::{Address, Ask, Port, Product, failed, fine};
use crate::sources::{
    Account, Batch, Capability, Check, CheckState, Fetch, Meter, PastRead, Resource, Source,
    SourceError, Tier,
};

use map::Subject;
use state::{JobState, State};
use tree::Choice;

const PRODUCT: Product = Product {
    name: "Jenkins",
    example: "https://jenkins.example.org",
    copied: &["/api/json", "/api", "/login"],
    address: Address::Page("with `--prefix=/x` or behind a proxy"),
    scheme: Scheme::BearerOrLogin,
    has_records: true,
};

const JOBS: &str = "jobs";
const STAGES: &str = "stages";
const TESTS: &str = "test reports";
const LOGS: &str = "job logs";

/// How many requests one fetch of details spends at most.
const DETAILS: usize = 6;

/// Makes a source from its settings.
pub fn open(config: &SourceConfig, ground: &Ground) -> Result<Box<dyn Source>, SourceError> {
    Ok(Box::new(Jenkins::new(
        config,
        ground,
        Limits::default().within(config.timeout),
    )?))
}

/// One Jenkins.
pub struct Jenkins {
    config: SourceConfig,
    ground: Ground,
    port: Port,
    /// Host and path: what its builds are known by.
    ci: String,
    choice: Choice,
    state: Mutex<State>,
}

impl Jenkins {
    /// Makes a source with bounds of its own for each request, without asking the network.
    pub fn new(
        config: &SourceConfig,
        ground: &Ground,
        limits: Limits,
    ) -> Result<Self, SourceError> {
        let port = Port::new(
            config,
            ground,
            limits,
            PRODUCT,
            &[JOBS, STAGES, TESTS, LOGS, LIVE, PAST],
        )?;
        let path = port.url(&[], &[]).path().trim_matches('/').to_owned();
        let ci = match path.as_str() {
            "" => port.host().to_owned(),
            path => format!("{}/{path}", port.host()),
        };
        Ok(Self {
            config: config.clone(),
            ground: ground.clone(),
            port,
            ci,
            choice: Choice::of(config),
            state: Mutex::default(),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs what maps an answer, with what is known besides it.
    fn with_ground<T>(&self, work: impl FnOnce(&map::Ground<'_>) -> T) -> T {
        work(&map::Ground {
            ci: &self.ci,
            rule: &|subject| self.rule(subject),
            page: &|parts| self.port.url(parts, &[]).to_string(),
        })
    }

    /// Returns what the settings say of a job, by its own name or that of its project.
    fn rule(&self, subject: &Subject) -> Option<&ProjectRule> {
        let rules = &self.config.extras.projects;
        ProjectRule::of(rules, &subject.path).or_else(|| ProjectRule::of(rules, &subject.project))
    }

    async fn fetch_now(&self, fetch: Fetch) -> Result<Batch, SourceError> {
        let ask = Ask::of(&fetch);
        let (kind, _) = fetch
            .resource
            .split_once(':')
            .unwrap_or((&fetch.resource, ""));
        match kind {
            JOBS => {
                let batch = self.poll(ask, fetch.now).await?;
                self.look_back(fetch.now);
                Ok(batch)
            }
            "builds" => self.missed(ask).await,
            "needs" => self.answer_needs(ask, fetch.now).await,
            "live" => self.live(ask, fetch.now).await,
            "past" => self.past(ask).await,
            "backfill" => self.backfill(ask, fetch.now).await,
            // A resource of an earlier plan: nothing is lost, its successor is in the next one.
            _ => Ok(Batch::default()),
        }
    }

    fn plan(&self, now: Timestamp) -> Vec<Resource> {
        let state = self.state();
        let moving = state.jobs.values().any(|job| {
            let mut builds = job.builds.values();
            builds.any(|seen| state::is_moving(&seen.run.state))
        });
        let changed = state.jobs.values().filter_map(JobState::changed_at);
        let lately = changed.max().is_none_or(|at| (now - at).num_minutes() < 60);
        let resource = |id: String, tier, cost| Resource {
            id: id.into(),
            tier,
            cost,
            bucket: "core",
        };
        let roots = u32::try_from(self.choice.roots().len()).unwrap_or(u32::MAX);
        let tier = if moving || lately {
            Tier::Hot
        } else {
            Tier::Warm
        };
        let mut list = vec![resource(JOBS.to_owned(), tier, roots)];
        if !self.port.did(JOBS) {
            // What is missing before anything answered would be taken for a wrong address.
            return list;
        }
        let turn = state.turn;
        let most = u32::try_from(DETAILS).unwrap_or(u32::MAX);
        if state.jobs.values().any(JobState::is_behind) || !state.heads().is_empty() {
            list.push(resource(format!("builds:{turn}"), Tier::Now, most));
        }
        if !state.due(now).is_empty() || !state.ended().is_empty() {
            list.push(resource(format!("needs:{turn}"), Tier::Now, most));
        }
        if moving {
            list.push(resource("live".to_owned(), Tier::Live, 2));
        }
        if state.jobs.values().any(|job| job.past) {
            list.push(resource(format!("past:{turn}"), Tier::Past, most));
        }
        if let Some(page) = state.next_of_past() {
            let id = format!("backfill:{}@{}", page.path, page.step);
            list.push(resource(id, Tier::Spare, 1));
        }
        list
    }

    /// Notes which version it says it is, and returns it.
    fn learn_version(&self, answer: &Answer) -> Option<Clean> {
        let told = answer.headers.get("x-jenkins")?.to_str().ok()?;
        let version = Clean::line(told);
        self.state().version = Some(version.clone());
        Some(version)
    }

    async fn look_over(&self) -> Vec<Check> {
        let ask = Ask::person();
        let url = self.port.url(&["api", "json"], &[("tree", "nodeName")]);
        let answer = match self
            .port
            .get::<serde_json::Map<_, serde_json::Value>>(url, ask)
            .await
        {
            Ok((_, answer)) => answer,
            Err(failure) => return vec![failed("host", &explained(failure.error))],
        };
        let told = match self.learn_version(&answer) {
            Some(version) => format!("it answers, Jenkins {version}"),
            None => "it answers, Jenkins of a version that it does not tell".to_owned(),
        };
        let mut checks = vec![fine("host", &told)];
        let url = self.port.url(&["whoAmI", "api", "json"], &[]);
        if let Ok((who, _)) = self.port.get::<wire::WhoAmI>(url, ask).await {
            checks.push(self.asker(&who));
        }
        match self.poll(ask, self.port.now()).await {
            Ok(batch) => {
                let jobs = self.state().jobs.len();
                checks.push(fine(JOBS, &format!("jobs that are read: {jobs}")));
                let note = |text: &Clean| Check {
                    state: CheckState::Note,
                    ..fine(JOBS, text)
                };
                checks.extend(batch.warnings.iter().map(note));
                let missing = self.state().missing.clone();
                checks.extend(missing.iter().map(|error| failed(JOBS, error)));
                checks.extend(self.stages_check(ask).await);
            }
            Err(error) => checks.push(failed(JOBS, &error)),
        }
        checks
    }

    /// Tries whether stages are told, where there is a pipeline.
    async fn stages_check(&self, ask: Ask) -> Option<Check> {
        let told = self.tells_stages(ask, self.port.now()).await?;
        Some(if told {
            fine(STAGES, "they can be read")
        } else {
            Check {
                state: CheckState::Note,
                ..fine(STAGES, details::NO_STAGES)
            }
        })
    }

    /// Says as whom it asks; a token that is not written with its user is not looked at.
    fn asker(&self, who: &wire::WhoAmI) -> Check {
        let name = who.name.as_deref().unwrap_or("somebody");
        let unseen = who.anonymous == Some(true) && self.config.has_token();
        if unseen {
            return Check {
                state: CheckState::Note,
                hint: Some(Clean::line(
                    "write it as `user:token`: Jenkins knows an API token by its user",
                )),
                ..fine("token", "the token is not taken: it asks as nobody")
            };
        }
        fine("token", &format!("it asks as `{name}`"))
    }
}

/// Says of a refusal what Jenkins means by it.
fn explained(error: SourceError) -> SourceError {
    match error {
        SourceError::Forbidden { host, what, .. } => SourceError::Forbidden {
            host,
            what,
            permission: Some("Overall/Read and Job/Read".to_owned()),
        },
        same @ (SourceError::Auth { .. }
        | SourceError::NoToken { .. }
        | SourceError::RateLimited { .. }
        | SourceError::NotFound { .. }
        | SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Refused { .. }) => same,
    }
}

impl Source for Jenkins {
    fn name(&self) -> &SourceName {
        self.port.name()
    }

    fn kind(&self) -> &'static str {
        "jenkins"
    }

    fn host(&self) -> &str {
        self.port.host()
    }

    fn capabilities(&self) -> Vec<Capability> {
        let mut known = self.port.capabilities();
        known.retain(|can| !super::deeds::is_deed(can.name));
        known.extend(self.deeds());
        known
    }

    fn problems(&self) -> Vec<SourceError> {
        self.state().missing.clone()
    }

    fn resources(&self, now: Timestamp) -> Vec<Resource> {
        self.plan(now)
    }

    fn fetch(&self, fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        async move {
            let done = self.fetch_now(fetch).await;
            done.map_err(explained)
        }
        .boxed()
    }

    fn past(&self) -> PastRead {
        self.state().pasts.read()
    }

    fn past_kept(&self, of: &Clean) {
        if self.state().pasts.kept(of.as_str()) {
            let key = pasts::note_key(&self.port, &RepoKey::new(&self.ci, of.as_str()));
            pasts::note_kept(&self.ground, &key, self.config.past_days);
        }
    }

    fn account(&self) -> BoxFuture<'_, Account> {
        self.port.account().boxed()
    }

    fn restore(&self, facts: &[Arc<Fact>]) {
        self.take_back(facts);
    }

    fn need(&self, needs: &BTreeSet<Need>) {
        let foreign = |need: &&Need| match need {
            Need::Jobs { run, .. } | Need::Gates { run, .. } | Need::Diagnosis { run, .. } => {
                is_foreign(*run)
            }
            Need::History { workflow, .. } => {
                let own = crate::domain::run::parts_of_foreign(workflow);
                own.is_some_and(|(place, _)| place == self.ci)
            }
            Need::Attempts { .. }
            | Need::ManualJobs { .. }
            | Need::Range { .. }
            | Need::Paths { .. }
            | Need::Times { .. } => false,
        };
        let mut state = self.state();
        state.needs = needs.iter().filter(foreign).cloned().collect();
        let State {
            needs, answered, ..
        } = &mut *state;
        answered.retain(|need, _| needs.contains(need));
    }

    fn check_up(&self) -> BoxFuture<'_, Vec<Check>> {
        self.look_over().boxed()
    }

    fn meter(&self) -> Meter {
        self.port.meter()
    }

    fn diagnose(&self, log: LogKey, now: Timestamp) -> BoxFuture<'_, Result<Batch, SourceError>> {
        self.diagnose_now(log, now).boxed()
    }

    fn follow(
        &self,
        log: LogKey,
        from: Place,
        into: mpsc::Sender<Vec<u8>>,
    ) -> BoxFuture<'_, Result<Part, FollowError>> {
        self.follow_now(log, from, into).boxed()
    }

    fn look_at(&self, target: Target) -> BoxFuture<'_, Result<Fresh, SourceError>> {
        self.look(target).boxed()
    }

    fn act(&self, act: Act) -> BoxFuture<'_, Result<(), ActError>> {
        self.do_it(act).boxed()
    }
}
