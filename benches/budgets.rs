//! The budgets that a function can be held to: frames, filter, reducer, store.
//!
//! Run with `cargo bench --bench budgets`. Figures only; the bounds are in
//! README.md. `benches/program.rs` measures the program from outside.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark stops when it cannot go on"
)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, TimeZone, Utc};
use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cycleboard::demo::Options;
use cycleboard::demo::forge::start;
use cycleboard::domain::Timestamp;
use cycleboard::domain::change_request::{
    Called, ChangeRequest, ChangeState, Checks, LinkBasis, MergeState, Required, Review, TicketLink,
};
use cycleboard::domain::commit::Commit;
use cycleboard::domain::correlate::{Correlator, Sourced};
use cycleboard::domain::deployment::{DeployState, Deployment};
use cycleboard::domain::fact::Fact;
use cycleboard::domain::key::{Person, RepoKey, Sha, SourceName};
use cycleboard::domain::policy::Policy;
use cycleboard::domain::query::{Query, QueryContext};
use cycleboard::domain::release::Release;
use cycleboard::domain::run::{Run, RunState};
use cycleboard::domain::text::Clean;
use cycleboard::domain::ticket::{Ticket, TicketKey, TicketState};
use cycleboard::engine::db::Database;
use cycleboard::engine::snapshot::Snapshot;
use cycleboard::engine::update::Write;
use cycleboard::sources::github::measure;
use cycleboard::ui::command::Command;
use cycleboard::ui::keymap::Keymap;
use cycleboard::ui::sample;
use cycleboard::ui::state::{UiOptions, UiState};
use cycleboard::ui::theme::{ColorDepth, Glyphs, Theme};
use cycleboard::ui::{input, update, view};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::crossterm::event::{Event, KeyCode, KeyEvent, KeyModifiers};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 11, 21, 9, 0, 0)
        .single()
        .expect("a moment")
}

fn ago(minutes: u64) -> Timestamp {
    now() - TimeDelta::minutes(i64::try_from(minutes).expect("minutes"))
}

fn sha(repo: usize, number: u64) -> Sha {
    Sha::parse(&format!("{repo:08x}{number:032x}")).expect("a commit id")
}

fn person(number: u64) -> Person {
    Person::new(&format!("person-{}", number % 30), false)
}

fn repo(number: usize) -> RepoKey {
    RepoKey::new("forge.test", &format!("acme/service-{number}"))
}

fn ticket(at: usize, number: u64) -> Ticket {
    Ticket {
        key: TicketKey::Numbered {
            repo: repo(at),
            number,
        },
        title: Clean::line(&format!(
            "Retry the gateway when it answers late, case {number}"
        )),
        url: None,
        state: TicketState::Open,
        author: Some(person(number)),
        assignees: vec![person(number + 1)],
        labels: vec![Clean::line("bug")],
        milestone: None,
        project_status: None,
        project_status_at: None,
        created_at: ago(9_000 + number),
        updated_at: ago(number),
        closed_at: None,
        incident: false,
    }
}

fn change(at: usize, number: u64) -> ChangeRequest {
    let merged = number.is_multiple_of(3);
    ChangeRequest {
        repo: repo(at),
        number,
        called: Called::PullRequest,
        title: Clean::line(&format!("Make the gateway wait, part {number}")),
        url: None,
        state: if merged {
            ChangeState::Merged
        } else {
            ChangeState::Open
        },
        draft: number.is_multiple_of(7),
        author: Some(person(number)),
        assignees: Vec::new(),
        reviewers: vec![person(number + 2)],
        labels: Vec::new(),
        review: Review::Required,
        merge_state: MergeState::Blocked,
        queue: None,
        checks: Checks::Pending,
        required: Required::Unknown,
        head_sha: Some(sha(at, number)),
        head_branch: Clean::line(&format!("wait-{number}")),
        base_branch: Clean::line("main"),
        merge_sha: merged.then(|| sha(at, 10_000 + number)),
        tickets: vec![TicketLink {
            ticket: TicketKey::Numbered {
                repo: repo(at),
                number: number.saturating_sub(1_000),
            },
            basis: LinkBasis::Closing,
        }],
        created_at: ago(5_000 + number),
        updated_at: ago(number),
        merged_at: merged.then(|| ago(number)),
        closed_at: merged.then(|| ago(number)),
    }
}

fn run(at: usize, number: u64, state: RunState) -> Run {
    Run {
        repo: repo(at),
        id: number,
        number,
        attempt: 1,
        workflow: Clean::line("ci"),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        workflow_path: Clean::line(".github/workflows/ci.yml"),
        event: Clean::line("pull_request"),
        branch: Clean::line(&format!("wait-{number}")),
        head_sha: Some(sha(at, number)),
        change_requests: vec![number],
        state,
        actor: Some(person(number)),
        title: Clean::line("Make the gateway wait"),
        url: None,
        created_at: ago(100 + number % 60),
        started_at: Some(ago(90)),
        updated_at: ago(number % 60),
    }
}

/// About 100 facts of one repository: 25 tickets, 25 changes, 30 runs, 18 commits, a release, a deployment.
fn facts_of(at: usize) -> Vec<Fact> {
    let mut facts: Vec<Fact> = (1..=25).map(|n| Fact::Ticket(ticket(at, n))).collect();
    facts.extend((1_001..=1_025).map(|n| Fact::ChangeRequest(Box::new(change(at, n)))));
    facts.extend((1_001..=1_030_u64).map(|n| {
        let state = if n.is_multiple_of(5) {
            RunState::Running
        } else {
            RunState::Passed
        };
        Fact::Run(run(at, n, state))
    }));
    facts.extend((0..18_u64).map(|n| {
        Fact::Commit(Commit {
            repo: repo(at),
            sha: sha(at, 10_990 + n),
            parents: vec![sha(at, 10_989 + n)],
            branch: Clean::line("main"),
            title: Clean::line("Make the gateway wait"),
            author: Some(person(n)),
            committed_at: Some(ago(3_000 - n)),
            change_request: Some(1_000 + n),
            direct: false,
            url: None,
            reverts: Vec::new(),
        })
    }));
    facts.push(Fact::Release(Release {
        repo: repo(at),
        tag: Clean::line("v1.0.0"),
        name: Clean::line("v1.0.0"),
        draft: false,
        prerelease: false,
        sha: Some(sha(at, 10_995)),
        author: None,
        created_at: ago(2_000),
        published_at: Some(ago(2_000)),
        url: None,
    }));
    facts.push(Fact::Deployment(Deployment {
        repo: repo(at),
        id: 1,
        environment: Clean::line("production"),
        sha: Some(sha(at, 10_993)),
        git_ref: None,
        task: Clean::line("deploy"),
        state: DeployState::Succeeded,
        creator: None,
        created_at: ago(1_900),
        updated_at: ago(1_890),
        environment_url: None,
        log_url: None,
        came_at: None,
        rollout: None,
    }));
    facts
}

fn sourced(fact: Fact) -> Sourced {
    Sourced {
        source: SourceName::new("forge"),
        fact: Arc::new(fact),
    }
}

fn frames(criterion: &mut Criterion) {
    let theme = Theme::builtin("dark", ColorDepth::True, Glyphs::Unicode).expect("a theme");
    let mut group = criterion.benchmark_group("key to frame, 200x60");
    for cards in [500, 5_000, 50_000] {
        let snapshot = sample::snapshot(cards);
        let mut state = UiState::new(UiOptions::default());
        let mut terminal = Terminal::new(TestBackend::new(200, 60)).expect("a terminal");
        drop(update::on_snapshot(&mut state, &snapshot, sample::moment()));
        group.bench_function(BenchmarkId::new("next card", cards), |bencher| {
            let mut down = true;
            bencher.iter(|| {
                let command = if down { Command::Down } else { Command::Up };
                down = !down;
                update::update(&mut state, command, &snapshot, sample::moment());
                terminal
                    .draw(|frame| {
                        view::frame(frame, &mut state, &snapshot, &theme, sample::moment());
                    })
                    .expect("a frame");
            });
        });
    }
    group.finish();
}

fn filters(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("filter, one keystroke");
    let ctx = QueryContext {
        now: sample::moment(),
        me: vec!["ada-k".to_owned()],
        attention: cycleboard::domain::attention::AttentionBoard::default(),
        hides: cycleboard::domain::hide::Hides::default(),
    };
    for cards in [10_000, 50_000] {
        let snapshot = sample::snapshot(cards);
        for text in ["gateway", "status:failed age:>2h -is:bot"] {
            let query = Query::parse(text).expect("a filter");
            group.bench_function(BenchmarkId::new(text, cards), |bencher| {
                bencher.iter(|| {
                    snapshot
                        .items()
                        .filter(|item| query.matches(item, &ctx))
                        .count()
                });
            });
        }
    }
    group.finish();
}

/// Whole keystrokes in the filter line and in the palette, but for the frame.
fn typing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("typing, 50,000 cards");
    group.sample_size(20);
    let snapshot = sample::snapshot(50_000).indexed();
    let keymap = Keymap::default();
    let opened = |opening: Command, typed: &str| {
        let mut state = UiState::new(UiOptions::default());
        drop(update::on_snapshot(&mut state, &snapshot, sample::moment()));
        update::update(&mut state, opening, &snapshot, sample::moment());
        for letter in typed.chars() {
            press(&mut state, letter, &snapshot, &keymap);
        }
        state
    };
    for (name, opening, typed, letter) in [
        ("filter, gatewa + y", Command::Filter, "gatewa", 'y'),
        ("filter, xyzz + y", Command::Filter, "xyzz", 'y'),
        (
            "filter, branch:retr + y",
            Command::Filter,
            "branch:retr",
            'y',
        ),
        ("filter, repo + :", Command::Filter, "repo", ':'),
        ("filter, repo: + a", Command::Filter, "repo:", 'a'),
        ("palette, g + a", Command::Palette, "g", 'a'),
        ("palette, gatewa + y", Command::Palette, "gatewa", 'y'),
        ("palette, xyzz + y", Command::Palette, "xyzz", 'y'),
    ] {
        let before = opened(opening, typed);
        group.bench_function(name, |bencher| {
            bencher.iter_batched_ref(
                || before.clone(),
                |state| press(state, letter, &snapshot, &keymap),
                BatchSize::PerIteration,
            );
        });
    }
    let mut closed = UiState::new(UiOptions::default());
    update::on_snapshot(&mut closed, &snapshot, sample::moment());
    group.bench_function("palette, opened", |bencher| {
        bencher.iter_batched_ref(
            || closed.clone(),
            |state| update::update(state, Command::Palette, &snapshot, sample::moment()),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

fn press(state: &mut UiState, letter: char, snapshot: &Snapshot, keymap: &Keymap) {
    let event = Event::Key(KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE));
    drop(input::on_event(
        state,
        keymap,
        &event,
        snapshot,
        sample::moment(),
    ));
}

fn correlation(criterion: &mut Criterion) {
    let policy = Policy::default();
    let mut group = criterion.benchmark_group("facts to cards, 50,000 facts");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(10));
    let mut correlator = Correlator::default();
    for at in 0..500 {
        for fact in facts_of(at) {
            correlator.insert(sourced(fact));
        }
    }
    correlator.refresh(&policy, now());
    group.bench_function("from scratch", |bencher| {
        bencher.iter(|| correlator.refresh_all(&policy, now()).changed.len());
    });
    let mut turn = 0_u64;
    for (name, repos) in [
        ("1 % changed, in 20 repositories", 20),
        ("1 % changed, in 500 repositories", 500),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    turn += 1;
                    let state = if turn.is_multiple_of(2) {
                        RunState::Passed
                    } else {
                        RunState::Running
                    };
                    let each = 500 / repos;
                    (0..repos)
                        .flat_map(|at| (0..each).map(move |n| (at, n)))
                        .map(|(at, n)| {
                            let number = 1_001 + u64::try_from(n).expect("a number");
                            sourced(Fact::Run(run(at, number, state.clone())))
                        })
                        .collect::<Vec<_>>()
                },
                |changed| {
                    for fact in changed {
                        correlator.insert(fact);
                    }
                    correlator.refresh(&policy, now()).changed.len()
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

fn store(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("a folder");
    let (database, _opened) = Database::open(folder.path(), now()).expect("a store");
    let writes = |turn: u64, repos: usize| -> Vec<Write> {
        (0..repos)
            .flat_map(facts_of)
            .map(|mut fact| {
                if let Fact::Ticket(ticket) = &mut fact {
                    ticket.milestone = Some(Clean::line(&turn.to_string()));
                } else if let Fact::ChangeRequest(change) = &mut fact {
                    change.updated_at =
                        now() + TimeDelta::seconds(i64::try_from(turn).expect("turn"));
                } else if let Fact::Run(run) = &mut fact {
                    run.attempt = u32::try_from(turn).expect("turn");
                } else if let Fact::Commit(commit) = &mut fact {
                    commit.title = Clean::line(&turn.to_string());
                }
                Write::Fact {
                    source: SourceName::new("forge"),
                    id: fact.id(),
                    fact: Arc::new(fact),
                    seen_at: now(),
                }
            })
            .collect()
    };
    let mut turn = 0;
    let mut group = criterion.benchmark_group("store");
    group.sample_size(20);
    for (name, repos) in [
        ("10,000 facts, all changed", 100),
        ("100 of 10,000 facts changed", 1),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    turn += 1;
                    writes(turn, repos)
                },
                |writes| {
                    let written = database.write(writes, now()).expect("room");
                    written.blocking_recv().expect("written")
                },
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// Answers as the demo forge gives them, to the facts that they tell.
fn json_to_facts(criterion: &mut Criterion) {
    let (refresh, runs) = answers();
    let repo = repo(1);
    let mut group = criterion.benchmark_group("json to facts");
    group.sample_size(20);
    group.throughput(Throughput::Bytes(refresh.len() as u64));
    group.bench_function(
        BenchmarkId::new("GraphQL refresh, bytes", refresh.len()),
        |bencher| bencher.iter(|| measure::refresh_facts("forge.test", &refresh).len()),
    );
    group.throughput(Throughput::Bytes(runs.len() as u64));
    group.bench_function(
        BenchmarkId::new("REST runs, bytes", runs.len()),
        |bencher| bencher.iter(|| measure::run_facts(&repo, &runs).len()),
    );
    group.finish();
}

/// Returns a full refresh of ten repositories, and a list of a hundred runs.
fn answers() -> (Vec<u8>, Vec<u8>) {
    drop(rustls::crypto::ring::default_provider().install_default());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async {
        let cancel = CancellationToken::new();
        let forge = start(
            Options::default(),
            Arc::new(now),
            &TaskTracker::new(),
            &cancel,
        )
        .await
        .expect("the demo forge starts");
        let world = forge.world();
        let paths: Vec<String> = (0..world.len())
            .filter_map(|at| Some(world.spec(at)?.full_name()))
            .collect();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("a client");
        let url = forge.url().join("graphql").expect("an address");
        let sent = http.post(url).json(&measure::refresh_query(&paths));
        let refresh = sent.bearer_auth(forge.token()).send().await;
        let refresh = refresh.expect("an answer").bytes().await.expect("a body");
        let route = format!("repos/{}/actions/runs?per_page=100", paths[0]);
        let url = forge.url().join(&route).expect("an address");
        let runs = http.get(url).bearer_auth(forge.token()).send().await;
        let runs = runs.expect("an answer").bytes().await.expect("a body");
        let told = measure::refresh_facts("forge.test", &refresh).len();
        assert!(told > 500, "the refresh tells {told} facts");
        assert!(!measure::run_facts(&repo(1), &runs).is_empty());
        (refresh.to_vec(), runs.to_vec())
    })
}

fn ids(criterion: &mut Criterion) {
    let facts = facts_of(1);
    criterion.bench_function("identities of 100 facts", |bencher| {
        bencher.iter(|| facts.iter().map(Fact::id).collect::<BTreeSet<_>>().len());
    });
}

criterion_group!(
    budgets,
    frames,
    filters,
    typing,
    json_to_facts,
    correlation,
    store,
    ids
);
criterion_main!(budgets);
