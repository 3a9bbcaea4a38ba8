//! A small world for tests: facts of one team, built by naming only what matters.
//!
//! Time runs in hours from a fixed start; commits are small numbers.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{TimeDelta, TimeZone, Utc};

use crate::domain::Timestamp;
use crate::domain::alert::{Alert, AlertState};
use crate::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, LinkBasis, MergeState, Required, Review, TicketLink,
};
use crate::domain::commit::{Commit, Range, Relation};
use crate::domain::correlate::{Correlator, Need, Sourced};
use crate::domain::deployment::{DeployState, Deployment};
use crate::domain::fact::Fact;
use crate::domain::finding::{Finding, FindingKind, Severity};
use crate::domain::item::WorkItem;
use crate::domain::key::{ItemId, Person, RepoKey, Sha, SourceName};
use crate::domain::policy::Policy;
use crate::domain::release::Release;
use crate::domain::repository::{Branch, Repository};
use crate::domain::run::{
    Blocks, Failure, Gate, GateSet, Job, JobSet, Run, RunKey, RunState, foreign_id,
    foreign_workflow,
};
use crate::domain::text::Clean;
use crate::domain::ticket::{Ticket, TicketKey, TicketState};

/// The moment of so many hours after the start.
pub(crate) fn at(hours: i64) -> Timestamp {
    let start = Utc.with_ymd_and_hms(2026, 3, 2, 9, 0, 0).single();
    start.expect("a date") + TimeDelta::hours(hours)
}

/// The commit of a number.
pub(crate) fn sha(n: u64) -> Sha {
    Sha::parse(&format!("{n:07x}{n:033x}")).expect("hexadecimal")
}

/// The repository that facts belong to where nothing else is said.
pub(crate) fn repo() -> RepoKey {
    named_repo("api")
}

/// Another repository of the same owner.
pub(crate) fn named_repo(name: &str) -> RepoKey {
    RepoKey::new("github.com", &format!("acme/{name}"))
}

/// A person.
pub(crate) fn person(login: &str) -> Person {
    Person::new(login, false)
}

/// The way in which things fail.
pub(crate) const FAILED: RunState = RunState::Failed(Failure::Failed);

/// Where the CI is that is not the forge.
pub(crate) const CI: &str = "ci.test/jenkins";

/// Facts in the making.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) facts: Vec<Sourced>,
    pub(crate) policy: Policy,
    pub(crate) now: Timestamp,
}

impl World {
    /// A repository with the commits 1 to 9 on its default branch, each the parent of the next.
    pub(crate) fn new() -> Self {
        let mut world = Self {
            facts: Vec::new(),
            policy: Policy::default(),
            now: at(100),
        };
        world.repository(|_| {});
        for n in 1..10 {
            world.commit(n, |_| {});
        }
        world
    }

    /// Takes a fact in, as said by the one source.
    pub(crate) fn fact(&mut self, fact: Fact) -> &mut Self {
        self.facts.push(Sourced {
            source: SourceName::new("hub"),
            fact: Arc::new(fact),
        });
        self
    }

    pub(crate) fn repository(&mut self, edit: impl FnOnce(&mut Repository)) -> &mut Self {
        let mut fact = Repository {
            repo: repo(),
            renamed_from: Vec::new(),
            url: None,
            default_branch: Some(Branch {
                name: Clean::line("main"),
                tip: Some(sha(9)),
            }),
            flow_branches: Vec::new(),
            pushed_at: Some(at(0)),
            archived: false,
        };
        edit(&mut fact);
        self.fact(Fact::Repository(fact))
    }

    pub(crate) fn commit(&mut self, n: u64, edit: impl FnOnce(&mut Commit)) -> &mut Self {
        let mut fact = Commit {
            repo: repo(),
            sha: sha(n),
            parents: if n > 1 { vec![sha(n - 1)] } else { Vec::new() },
            branch: Clean::line("main"),
            title: Clean::line("a commit"),
            author: Some(person("ada")),
            committed_at: Some(at(0)),
            change_request: None,
            direct: false,
            url: None,
            reverts: Vec::new(),
        };
        edit(&mut fact);
        self.fact(Fact::Commit(fact))
    }

    pub(crate) fn ticket(&mut self, n: u64, edit: impl FnOnce(&mut Ticket)) -> &mut Self {
        let mut fact = Ticket {
            key: ticket_key(n),
            title: Clean::line("a ticket"),
            url: None,
            state: TicketState::Open,
            author: Some(person("tess")),
            assignees: Vec::new(),
            labels: Vec::new(),
            milestone: None,
            project_status: None,
            project_status_at: None,
            created_at: at(0),
            updated_at: at(1),
            closed_at: None,
            incident: false,
        };
        edit(&mut fact);
        self.fact(Fact::Ticket(fact))
    }

    /// An open change request whose review is awaited and whose head is commit 100 + n.
    pub(crate) fn change(&mut self, n: u64, edit: impl FnOnce(&mut ChangeRequest)) -> &mut Self {
        let mut fact = ChangeRequest {
            repo: repo(),
            number: n,
            called: Called::PullRequest,
            title: Clean::line("a change"),
            url: None,
            state: ChangeState::Open,
            draft: false,
            author: Some(person("ada")),
            assignees: Vec::new(),
            reviewers: Vec::new(),
            labels: Vec::new(),
            review: Review::Required,
            merge_state: MergeState::Blocked,
            queue: None,
            checks: Checks::None,
            required: Required::Unknown,
            head_sha: Some(sha(100 + n)),
            head_branch: Clean::line("topic"),
            base_branch: Clean::line("main"),
            merge_sha: None,
            tickets: Vec::new(),
            created_at: at(2),
            updated_at: at(3),
            merged_at: None,
            closed_at: None,
        };
        edit(&mut fact);
        self.fact(Fact::ChangeRequest(Box::new(fact)))
    }

    /// A change request that was merged as a commit, ten hours after the start.
    pub(crate) fn merged(&mut self, n: u64, commit: u64) -> &mut Self {
        self.change(n, |c| land(c, commit))
    }

    /// A run of workflow `ci` at a commit.
    pub(crate) fn run(
        &mut self,
        id: u64,
        commit: u64,
        state: RunState,
        edit: impl FnOnce(&mut Run),
    ) -> &mut Self {
        let change = commit > 100;
        let mut fact = Run {
            repo: repo(),
            id,
            number: id,
            attempt: 1,
            workflow: Clean::line("ci"),
            ci: Clean::default(),
            no_jobs: Clean::default(),
            label: Clean::default(),
            workflow_path: Clean::line(".github/workflows/ci.yml"),
            event: Clean::line(if change { "pull_request" } else { "push" }),
            branch: Clean::line(if change { "topic" } else { "main" }),
            head_sha: Some(sha(commit)),
            change_requests: Vec::new(),
            state,
            actor: Some(person("ada")),
            title: Clean::line("a run"),
            url: None,
            created_at: at(11),
            started_at: Some(at(11)),
            updated_at: at(12),
        };
        edit(&mut fact);
        self.fact(Fact::Run(fact))
    }

    /// A run that another system than the forge tells, of workflow `ci` there.
    pub(crate) fn foreign_run(
        &mut self,
        own: &str,
        state: RunState,
        edit: impl FnOnce(&mut Run),
    ) -> &mut Self {
        self.run(foreign_id(CI, own), 1, state, |run| {
            run.ci = Clean::line(CI);
            run.number = 7;
            run.workflow_path = foreign_workflow(CI, "ci");
            run.head_sha = None;
            run.branch = Clean::line("topic");
            edit(run);
        });
        if let Some(last) = self.facts.last_mut() {
            last.source = SourceName::new("jenkins");
        }
        self
    }

    /// The jobs of the first attempt of a run.
    pub(crate) fn jobs(&mut self, run: u64, jobs: &[(&str, RunState)]) -> &mut Self {
        let jobs = jobs.iter().map(|(name, state)| job(name, 1, state.clone()));
        let set = JobSet {
            run: RunKey {
                repo: repo(),
                id: run,
            },
            attempt: 1,
            jobs: jobs.collect(),
            complete: true,
        };
        self.fact(Fact::JobSet(set))
    }

    pub(crate) fn gate(&mut self, run: u64, environment: &str) -> &mut Self {
        self.door(run, environment, Blocks::Delivery)
    }

    /// Something of a run that a person may open or start.
    pub(crate) fn door(&mut self, run: u64, environment: &str, blocks: Blocks) -> &mut Self {
        self.fact(Fact::GateSet(GateSet {
            run: RunKey {
                repo: repo(),
                id: run,
            },
            gates: vec![Gate {
                environment: Clean::line(environment),
                door: None,
                blocks,
                reviewers: vec![person("gail")],
                may_approve: false,
                wait_secs: 0,
                since: Some(at(12)),
            }],
        }))
    }

    /// A release of a commit, published twenty hours after the start.
    pub(crate) fn release(
        &mut self,
        tag: &str,
        commit: u64,
        edit: impl FnOnce(&mut Release),
    ) -> &mut Self {
        let mut fact = Release {
            repo: repo(),
            tag: Clean::line(tag),
            name: Clean::line(tag),
            draft: false,
            prerelease: false,
            sha: Some(sha(commit)),
            author: Some(person("rita")),
            created_at: at(20),
            published_at: Some(at(20)),
            url: None,
        };
        edit(&mut fact);
        self.fact(Fact::Release(fact))
    }

    /// A deployment, asked for 30 hours after the start plus as many as its identity.
    pub(crate) fn deploy(
        &mut self,
        id: u64,
        environment: &str,
        commit: u64,
        state: DeployState,
    ) -> &mut Self {
        self.deployment(id, environment, commit, |d| d.state = state)
    }

    pub(crate) fn deployment(
        &mut self,
        id: u64,
        environment: &str,
        commit: u64,
        edit: impl FnOnce(&mut Deployment),
    ) -> &mut Self {
        let hours = 30 + i64::try_from(id % 1_000).expect("small");
        let mut fact = Deployment {
            repo: repo(),
            id,
            environment: Clean::line(environment),
            sha: Some(sha(commit)),
            git_ref: None,
            task: Clean::line("deploy"),
            state: DeployState::Succeeded,
            creator: None,
            created_at: at(hours),
            updated_at: at(hours),
            environment_url: None,
            log_url: None,
            came_at: None,
            rollout: None,
        };
        edit(&mut fact);
        self.fact(Fact::Deployment(fact))
    }

    pub(crate) fn alert(&mut self, id: &str, edit: impl FnOnce(&mut Alert)) -> &mut Self {
        let mut fact = Alert {
            id: Clean::line(id),
            name: Clean::line("HighErrorRate"),
            about: Clean::default(),
            severity: Clean::line("critical"),
            state: AlertState::Firing,
            service: None,
            repo: Some(repo()),
            sha: None,
            version: Clean::default(),
            knows_silences: false,
            own_key: Clean::default(),
            incident: None,
            started_at: at(40),
            ended_at: None,
            url: None,
        };
        edit(&mut fact);
        self.fact(Fact::Alert(fact))
    }

    pub(crate) fn finding(&mut self, n: u64, severity: Severity) -> &mut Self {
        self.fact(Fact::Finding(Finding {
            repo: repo(),
            kind: FindingKind::Dependency,
            number: n,
            severity,
            title: Clean::line("leftpad"),
            url: None,
            created_at: at(5),
        }))
    }

    pub(crate) fn range(
        &mut self,
        from: u64,
        to: u64,
        relation: Relation,
        commits: &[u64],
    ) -> &mut Self {
        self.fact(Fact::Range(Range {
            repo: repo(),
            from: sha(from),
            to: sha(to),
            relation,
            commits: commits.iter().map(|n| sha(*n)).collect(),
            complete: true,
            told: Vec::new(),
        }))
    }

    /// A correlator that has seen everything at once.
    pub(crate) fn correlator(&self) -> Correlator {
        let mut correlator = Correlator::default();
        for fact in &self.facts {
            correlator.insert(fact.clone());
        }
        drop(correlator.refresh(&self.policy, self.now));
        correlator
    }

    /// What is asked for to be sure where cards stand; what history alone wants is left out.
    pub(crate) fn doubts(&self) -> BTreeSet<Need> {
        let correlator = self.correlator();
        let needs = correlator.needs().iter();
        let needs = needs.filter(|need| !matches!(need, Need::Times { .. }));
        needs.cloned().collect()
    }

    /// Every card, by identity.
    pub(crate) fn cards(&self) -> Vec<Arc<WorkItem>> {
        cards(&self.correlator())
    }

    /// The card of this identity; `change:12` and the like are of the one repository.
    #[track_caller]
    pub(crate) fn card(&self, id: &str) -> Arc<WorkItem> {
        let (kind, name) = id.split_once(':').expect("kind:name");
        let full = match (kind, name.parse::<u64>()) {
            ("push", Ok(n)) => format!("push:{}@{}", repo().as_str(), sha(n).as_str()),
            (_, Ok(n)) => format!("{kind}:{}#{n}", repo().as_str()),
            (_, Err(_)) => id.to_owned(),
        };
        let correlator = self.correlator();
        let item = correlator.item(&ItemId::new(&full)).cloned();
        item.unwrap_or_else(|| {
            let all: Vec<_> = correlator.items().map(|item| item.id.clone()).collect();
            panic!("no card {full} among {all:?}")
        })
    }
}

/// Every card of a correlator, by identity.
pub(crate) fn cards(correlator: &Correlator) -> Vec<Arc<WorkItem>> {
    let mut all: Vec<_> = correlator.items().cloned().collect();
    all.sort_by(|a, b| a.id.cmp(&b.id));
    all
}

/// Marks a change request as merged.
pub(crate) fn land(change: &mut ChangeRequest, commit: u64) {
    change.state = ChangeState::Merged;
    change.merge_sha = Some(sha(commit));
    change.merged_at = Some(at(10));
    change.closed_at = Some(at(10));
    change.updated_at = at(10);
}

/// Makes a change request approved, green and mergeable.
pub(crate) fn ready(change: &mut ChangeRequest) {
    change.review = Review::Approved;
    change.checks = Checks::Passed;
    change.merge_state = MergeState::Clean;
}

/// The key of a ticket of the one repository.
pub(crate) fn ticket_key(n: u64) -> TicketKey {
    TicketKey::Numbered {
        repo: repo(),
        number: n,
    }
}

/// A link that the forge records.
pub(crate) fn closes(n: u64) -> TicketLink {
    TicketLink {
        ticket: ticket_key(n),
        basis: LinkBasis::Closing,
    }
}

/// A job.
pub(crate) fn job(name: &str, attempt: u32, state: RunState) -> Job {
    Job {
        id: u64::from(attempt),
        name: Clean::line(name),
        stage: None,
        attempt,
        state,
        created_at: Some(at(11)),
        started_at: Some(at(11)),
        finished_at: Some(at(12)),
        url: None,
        steps: Vec::new(),
    }
}
