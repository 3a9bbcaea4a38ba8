//! Boards made up for tests and benches: any number of cards, always the same ones.
//!
//! Not the demo: nothing moves, nothing is asked.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::domain::attention::AttentionBoard;
use crate::domain::item::{Anchor, Evidence, EvidenceKind, Placement, Train, WorkItem};
use crate::domain::key::{ItemId, Person, RepoKey, ServiceName, SourceName, TrainId, WebUrl};
use crate::domain::pool::Pool;
use crate::domain::query::Haystack;
use crate::domain::stage::Stage;
use crate::domain::status::Status;
use crate::domain::text::Clean;
use crate::engine::snapshot::{
    Budget, Capability, CapabilityState, Column, Health, RequestLine, Row, Snapshot, SourceView,
};

/// The moment at which samples are taken.
pub fn moment() -> Timestamp {
    Timestamp::UNIX_EPOCH + TimeDelta::seconds(1_763_733_600)
}

const TITLES: [&str; 10] = [
    "Retry gateway timeouts with a bounded queue",
    "Search by label",
    "Rotate signing keys",
    "Fix broken links",
    "Split the cart from the checkout",
    "Price table waits on legal",
    "支払いの再試行を直す",
    "Token rotation plan",
    "Drop XML export",
    "Über-long Donaudampfschifffahrtsgesellschaftskapitän handling",
];
const PEOPLE: [&str; 7] = ["chen", "dara", "kai", "ana", "gus", "bo", "hana"];
const SERVICES: [&str; 5] = ["api", "web", "billing", "auth", "mobile"];

fn statuses(stage: Stage) -> [Status; 4] {
    match stage {
        Stage::Plan => [
            Status::Blocked,
            Status::Ready,
            Status::Backlog,
            Status::Backlog,
        ],
        Stage::Code => [
            Status::ChangesRequested,
            Status::Review,
            Status::Drafting,
            Status::Mergeable,
        ],
        Stage::Build => [
            Status::Failed,
            Status::Running,
            Status::Queued,
            Status::Queued,
        ],
        Stage::Test => [
            Status::Failed,
            Status::Flaky,
            Status::Running,
            Status::Queued,
        ],
        Stage::Release => [
            Status::Draft,
            Status::Candidate,
            Status::Unreleased,
            Status::Unreleased,
        ],
        Stage::Deploy => [
            Status::Failed,
            Status::Waiting,
            Status::Running,
            Status::Partial,
        ],
        Stage::Operate => [
            Status::Incident,
            Status::Degraded,
            Status::Running,
            Status::Live,
        ],
        Stage::Monitor => [
            Status::Firing,
            Status::Finding,
            Status::Watched,
            Status::Watched,
        ],
    }
}

fn pick<T: Copy>(list: &[T], at: usize) -> Option<T> {
    list.get(at % list.len().max(1)).copied()
}

/// Returns card number `number` in a stage.
pub fn card(number: usize, stage: Stage) -> WorkItem {
    let service = pick(&SERVICES, number).unwrap_or("api");
    let repo = RepoKey::new("github.com", &format!("acme/{service}"));
    let key = format!("acme/{service}#{number}");
    let status = pick(&statuses(stage), number / 3).unwrap_or(Status::Unknown);
    let minutes = i64::try_from(number * 37 % 20_000).unwrap_or_default();
    let since = moment() - TimeDelta::minutes(minutes);
    let person = Person::new(pick(&PEOPLE, number * 5).unwrap_or("chen"), false);
    let url = WebUrl::parse(&format!(
        "https://github.com/acme/{service}/issues/{number}"
    ));
    let evidence = |kind, name: &str, state: &str, status, back| Evidence {
        kind,
        key: name.into(),
        state: state.into(),
        status,
        url: url.clone(),
        at: since - TimeDelta::hours(back),
        confidence: if back > 20 { 80 } else { 100 },
        detail: pick(&TITLES, number).unwrap_or_default().into(),
        run: None,
        door: None,
        sha: None,
    };
    WorkItem {
        id: ItemId::new(&format!("ticket:github.com/{key}")),
        anchor: Anchor::Ticket,
        key: Clean::line(&key),
        title: pick(&TITLES, number).unwrap_or_default().into(),
        repo: Some(repo),
        services: vec![ServiceName::new(service)],
        author: Some(person.clone()),
        holders: if number.is_multiple_of(4) {
            Vec::new()
        } else {
            vec![person]
        },
        reviewers: vec![Person::new("dara", false)],
        labels: vec!["bug".into()],
        milestone: None,
        branches: vec!["retry-gateway".into()],
        placement: Placement {
            stage,
            status,
            rule: "sample".into(),
            reason: Clean::line(&format!("job `unit` of run {number} says so")),
            since,
            done: None,
            badges: if number.is_multiple_of(6) {
                vec!["in staging".into()]
            } else {
                Vec::new()
            },
            next_change: None,
        },
        evidence: vec![
            evidence(EvidenceKind::Ticket, &key, "open", Status::Ready, 48),
            evidence(
                EvidenceKind::ChangeRequest,
                &format!("{key}1"),
                "merged",
                Status::Live,
                20,
            ),
            evidence(
                EvidenceKind::Run,
                &format!("ci #{number}"),
                status.label(),
                status,
                0,
            ),
        ],
        train: None,
        bot: false,
        created_at: since - TimeDelta::days(2),
        updated_at: since,
        url,
        sources: vec![SourceName::new("github")],
        haystack: Haystack::default(),
    }
}

/// Returns a board of about that many cards, with a train in Release, Deploy and Operate.
pub fn snapshot(cards: usize) -> Snapshot {
    let mut columns = Vec::new();
    let mut confirmed = HashMap::new();
    // As correlation makes cards: what they repeat is there once.
    let mut pool = Pool::default();
    for (at, stage) in Stage::ALL.into_iter().enumerate() {
        let count = cards / 8 + usize::from(at < cards % 8);
        let items: Vec<Arc<WorkItem>> = (0..count)
            .map(|nth| {
                let mut item = card(nth * 8 + at + 1, stage);
                item.haystack = Haystack::of(&item);
                pool.share(&mut item);
                Arc::new(item)
            })
            .collect();
        for item in &items {
            if let (Some(repo), Some(source)) = (&item.repo, item.sources.first()) {
                confirmed.insert(
                    (source.clone(), Clean::line(repo.path())),
                    moment() - TimeDelta::seconds(30),
                );
            }
        }
        columns.push(column(stage, items));
    }
    Snapshot {
        told_by: Arc::default(),
        generation: 1,
        taken_at: moment(),
        columns,
        sources: vec![source("github", Health::Ok)],
        doubts: Arc::default(),
        confirmed: Arc::new(confirmed),
        finished: 12,
        partial: false,
        notices: Vec::new(),
        attention: AttentionBoard::default(),
        triage: Arc::default(),
        watched: Arc::default(),
        inquiries: Arc::default(),
        actions: Arc::default(),
        repositories: Arc::default(),
        index: Vec::new(),
        names: std::sync::OnceLock::new(),
    }
}

fn column(stage: Stage, mut items: Vec<Arc<WorkItem>>) -> Column {
    items.sort_by_key(|item| {
        (
            std::cmp::Reverse(item.placement.status.severity()),
            item.placement.since,
        )
    });
    let count = items.len();
    let red = items
        .iter()
        .filter(|item| item.placement.status.is_red())
        .count();
    let travels = matches!(stage, Stage::Release | Stage::Deploy | Stage::Operate);
    let mut rows = Vec::new();
    if travels && items.len() > 3 {
        let carried = items.split_off(items.len() - 3);
        let first = carried
            .first()
            .map(|item| (item.placement.status, item.placement.since));
        let (status, since) = first.unwrap_or((Status::Unknown, moment()));
        rows.push(Row::Train(Arc::new(Train {
            id: TrainId::new(&format!("release:github.com/acme/api/{stage:?}")),
            title: "api v1.14.0".into(),
            stage,
            status,
            since,
            service: ServiceName::new("api"),
            items: carried,
        })));
    }
    rows.extend(items.into_iter().map(Row::Item));
    Column {
        stage,
        rows: rows.into(),
        count,
        red,
        empty_because: (count == 0).then(|| "no source reports this".into()),
    }
}

/// Returns a source in some state.
pub fn source(name: &str, health: Health) -> SourceView {
    let bad = health != Health::Ok;
    SourceView {
        past: crate::engine::snapshot::PastRead::default(),
        settled: true,
        left: false,
        name: SourceName::new(name),
        kind: "github",
        host: "github.com".to_owned(),
        health,
        message: bad.then(|| "github.com rejected the token".into()),
        remarks: Vec::new(),
        hint: bad.then(|| "check the token".into()),
        last_success: (health != Health::Starting).then(|| moment() - TimeDelta::seconds(200)),
        last_told: (health != Health::Starting).then(|| moment() - TimeDelta::seconds(200)),
        next_poll: Some(moment() + TimeDelta::seconds(40)),
        followed: false,
        me: Some("ada-k".to_owned()),
        capabilities: vec![
            Capability {
                name: "graphql",
                state: CapabilityState::Available,
            },
            Capability {
                name: "code scanning alerts",
                state: CapabilityState::Missing("token lacks Security events: read".into()),
            },
        ],
        budgets: vec![Budget {
            bucket: "graphql".to_owned(),
            limit: 5_000,
            remaining: 4_912,
            reset_at: Some(moment() + TimeDelta::minutes(31)),
        }],
        sent: 214,
        not_modified: 163,
        failed: 2,
        recent: vec![RequestLine {
            at: moment() - TimeDelta::seconds(90),
            what: "GET /repos/acme/api/actions/runs".into(),
            status: Some(304),
            millis: 42,
            bytes: 0,
        }],
        failing: Vec::new(),
        last_failed: None,
        ahead: None,
        token_from: "GH_TOKEN".to_owned(),
        insecure: false,
        facts: 1_234,
    }
}
