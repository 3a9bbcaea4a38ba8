//! A board of red cards made up for tests, and a shell that answers from a real small log.

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::domain::action::{ActionId, ActionState, ActionView, Fresh, Target, Verb};
use crate::domain::diagnosis::{
    Diagnosis, FailedTest, FoundError, LogKey, LogState, Signature, TestsFrom,
};
use crate::domain::key::{ItemId, Person, RepoKey, Sha, SourceName, WebUrl};
use crate::domain::run::{Failure, Job, Run, RunState, Step};
use crate::domain::text::Clean;
use crate::domain::triage::{
    Attempt, BaseRed, Basis, FirstBad, Flaky, Group, JobLine, Known, RunRef, Suspect, TestRecord,
    Triage, TriageBoard, TriageCard, Verdict,
};
use crate::engine::snapshot::{Capability, CapabilityState, Snapshot};
use crate::log::{self, Index, Intake, Matches};
use crate::ui::effect::Effect;
use crate::ui::logs::{LogEvent, on_log};
use crate::ui::sample;
use crate::ui::state::UiOptions;
use crate::ui::testing::Screen;

/// A log as GitHub writes it: steps, groups, colours, wide characters, one failing test.
pub(crate) fn text_of_log() -> String {
    let mut log = String::from("2026-11-21T09:12:00.0Z ##[group]Run actions/checkout@v4\n");
    for at in 0..40 {
        writeln!(log, "2026-11-21T09:12:01.0Z fetching object {at}").unwrap();
    }
    log.push_str("2026-11-21T09:12:02.0Z ##[endgroup]\n");
    log.push_str("2026-11-21T09:12:03.0Z ##[group]Run cargo test\n");
    log.push_str(
        "2026-11-21T09:12:03.0Z cargo test --locked\n2026-11-21T09:12:03.0Z ##[endgroup]\n",
    );
    for at in 0..120 {
        writeln!(
            log,
            "2026-11-21T09:12:04.0Z test pay::case_{at} ... \u{1b}[32mok\u{1b}[0m 支払い {}",
            "x".repeat(at)
        )
        .unwrap();
    }
    log.push_str(
        "2026-11-21T09:12:05.0Z test pay::retry_after_timeout ... \u{1b}[31mFAILED\u{1b}[0m\n",
    );
    log.push_str(
        "2026-11-21T09:12:05.0Z thread 'pay::retry_after_timeout' panicked at src/pay.rs:42:9:\n",
    );
    log.push_str("2026-11-21T09:12:05.0Z assertion `left == right` failed\n");
    log.push_str("2026-11-21T09:12:05.0Z   left: 3\n2026-11-21T09:12:05.0Z  right: 5\n");
    log.push_str("2026-11-21T09:12:05.0Z note: run with `RUST_BACKTRACE=1`\n");
    log.push_str("2026-11-21T09:12:06.0Z error: test failed, to rerun pass `--lib`\n");
    log.push_str("2026-11-21T09:12:06.0Z ##[error]Process completed with exit code 101.\n");
    log
}

/// Answers questions about logs as the shell does.
pub(crate) struct Shell {
    bytes: Vec<u8>,
    index: Arc<Index>,
}

impl Shell {
    pub(crate) fn new(text: &str) -> Self {
        let mut bytes = Vec::new();
        let mut intake = Intake::new(&mut bytes);
        intake.push(text.as_bytes()).unwrap();
        let index = Arc::new(intake.finish().unwrap());
        Self { bytes, index }
    }

    pub(crate) fn index(&self) -> Arc<Index> {
        Arc::clone(&self.index)
    }

    /// Returns the lines in which a word is.
    pub(crate) fn hits(&self, word: &str) -> Arc<log::LineSet> {
        let matches = Matches::new(log::Query::parse(word).unwrap());
        let found = matches.finish(&mut self.bytes.as_slice()).unwrap();
        Arc::new(found.lines().clone())
    }

    fn answer(&self, effect: &Effect) -> Option<LogEvent> {
        let mut reader = Cursor::new(&self.bytes);
        if let Effect::OpenLog(key) = effect {
            return Some(LogEvent::Opened {
                key: key.clone(),
                index: Arc::clone(&self.index),
                error: log::first_error(&self.index, &mut reader)
                    .unwrap()
                    .map(|error| error.line),
                errors: log::errors(&self.index, &mut reader, 100).unwrap(),
            });
        }
        if let Effect::ReadLog {
            key,
            ranges,
            generation,
        } = effect
        {
            let mut lines = Vec::new();
            for range in ranges {
                lines.extend(log::window(&self.index, &mut reader, range.clone()).unwrap());
            }
            return Some(LogEvent::Lines {
                key: key.clone(),
                generation: *generation,
                lines,
            });
        }
        if let Effect::SearchLog {
            key,
            query,
            generation,
        } = effect
        {
            let found = Matches::new(query.clone()).finish(&mut reader).unwrap();
            return Some(LogEvent::Matches {
                key: key.clone(),
                generation: *generation,
                lines: Arc::new(found.lines().clone()),
                done: true,
            });
        }
        None
    }

    /// Carries effects out until there are none, and returns those that are not of logs.
    pub(crate) fn serve(&self, screen: &mut Screen, effects: Vec<Effect>) -> Vec<Effect> {
        let mut waiting = std::collections::VecDeque::from(effects);
        let mut others = Vec::new();
        for _ in 0..200 {
            let Some(effect) = waiting.pop_front() else {
                break;
            };
            match self.answer(&effect) {
                Some(event) => waiting.extend(on_log(
                    &mut screen.state,
                    event,
                    &screen.snapshot,
                    screen.now,
                )),
                None => others.push(effect),
            }
        }
        assert!(waiting.is_empty(), "the screen asks for ever: {waiting:?}");
        screen.draw();
        others
    }

    /// Presses keys, each answered before the next.
    pub(crate) fn press(&self, screen: &mut Screen, keys: &str) -> Vec<Effect> {
        let mut others = Vec::new();
        for key in keys.split(' ') {
            let effects = screen.press(key);
            others.extend(self.serve(screen, effects));
        }
        others
    }
}

fn clean(text: &str) -> Clean {
    Clean::line(text)
}

fn sha(digit: char) -> Sha {
    Sha::parse(&digit.to_string().repeat(40)).unwrap()
}

fn repo() -> RepoKey {
    RepoKey::new("github.com", "acme/web")
}

const FAILED: RunState = RunState::Failed(Failure::Failed);

fn ago(minutes: i64) -> crate::domain::Timestamp {
    sample::moment() - TimeDelta::minutes(minutes)
}

fn job(id: u64, name: &str, state: RunState) -> Job {
    let step = |number, name: &str, state: RunState, secs| Step {
        number,
        name: clean(name),
        state,
        started_at: Some(ago(20)),
        finished_at: Some(ago(20) + TimeDelta::seconds(secs)),
    };
    Job {
        id,
        name: clean(name),
        stage: None,
        attempt: 2,
        steps: vec![
            step(1, "checkout", RunState::Passed, 4),
            step(2, "build", RunState::Passed, 182),
            step(3, "test", state.clone(), 104),
            step(4, "publish", RunState::Skipped, 0),
        ],
        state,
        created_at: Some(ago(21)),
        started_at: Some(ago(20)),
        finished_at: Some(ago(14)),
        url: WebUrl::parse(&format!(
            "https://github.com/acme/web/actions/runs/1/job/{id}"
        )),
    }
}

fn line(id: u64, name: &str, state: RunState, secs: i64) -> JobLine {
    let group = name.split(" (").next().unwrap();
    JobLine {
        job: job(id, name, state),
        group: clean(group),
        queued_secs: Some(42),
        ran_secs: Some(secs),
        usual: Some((270, 20)),
    }
}

fn run(number: u64) -> Run {
    Run {
        repo: repo(),
        id: number,
        number,
        attempt: 2,
        workflow: clean("ci"),
        ci: Clean::default(),
        no_jobs: Clean::default(),
        label: Clean::default(),
        workflow_path: clean(".github/workflows/ci.yml"),
        event: clean("pull_request"),
        branch: clean("retry-gateway"),
        head_sha: Some(sha('6')),
        change_requests: Vec::new(),
        state: FAILED,
        actor: Some(Person::new("chen", false)),
        title: clean("Retry gateway timeouts"),
        url: WebUrl::parse(&format!(
            "https://github.com/acme/web/actions/runs/{number}"
        )),
        created_at: ago(22),
        started_at: Some(ago(20)),
        updated_at: ago(8),
    }
}

fn reference(number: u64, minutes: i64) -> RunRef {
    RunRef {
        number,
        label: Clean::default(),
        id: number,
        url: None,
        at: ago(minutes),
    }
}

pub(crate) fn diagnosis(number: u64, log: LogState) -> Diagnosis {
    let test = |name: &str, line| FailedTest {
        name: clean(name),
        suite: None,
        message: clean("left: 3, right: 5"),
        seconds: Some(0.2),
        file: Some(clean("src/pay.rs")),
        row: Some(42),
        line,
    };
    Diagnosis {
        run: run(number).key(),
        attempt: 2,
        job: 11,
        job_name: clean("test (linux)"),
        step: Some((3, clean("test"))),
        finished_at: Some(ago(14)),
        log,
        error: Some(FoundError {
            line: 167,
            tool: clean("cargo"),
            code: Some(clean("exit 101")),
            text: clean("panicked at src/pay.rs:42:9"),
            file: Some(clean("src/pay.rs")),
            row: Some(42),
            block: vec![
                clean("assertion `left == right` failed"),
                clean("  left: 3"),
            ],
            guess: false,
        }),
        tests: vec![
            test("pay::retry_after_timeout", Some(166)),
            test("pay::gives_up_at_5", None),
        ],
        tests_failed: Some(2),
        tests_total: Some(1204),
        tests_from: TestsFrom::Log,
        signature: Some(signature()),
    }
}

fn signature() -> Signature {
    Signature {
        id: 7,
        text: clean("cargo test pay::retry_after_timeout"),
    }
}

fn first_bad() -> FirstBad {
    let suspect = |digit, title: &str, change| Suspect {
        sha: sha(digit),
        title: clean(title),
        author: Some(Person::new("chen", false)),
        change,
        called: crate::domain::change_request::Called::PullRequest,
    };
    FirstBad {
        basis: Basis::Branch,
        from: sha('4'),
        green: reference(799, 300),
        to: sha('6'),
        red: reference(801, 200),
        since: ago(200),
        commits: Known::Yes(vec![
            suspect('5', "支払いの再試行を直す", Some(511)),
            suspect('6', "Retry gateway timeouts", None),
        ]),
    }
}

fn triage(item: &ItemId, key: &str, number: u64, rich: bool) -> Triage {
    Triage {
        item: item.clone(),
        key: clean(key),
        title: clean("Retry gateway timeouts with a bounded queue"),
        source: SourceName::new("github"),
        repo: repo(),
        run: Arc::new(run(number)),
        attempts: vec![Attempt {
            number: 1,
            jobs: vec![
                job(1, "test (linux)", FAILED),
                job(2, "lint", RunState::Passed),
            ],
        }],
        jobs: vec![
            line(10, "lint", RunState::Passed, 42),
            line(11, "test (linux)", FAILED, 372),
            line(12, "test (macos)", RunState::Passed, 300),
            line(13, "test (windows)", RunState::Cancelled, 12),
        ],
        jobs_known: true,
        failed_job: Some(1),
        diagnosis: if rich {
            let log = LogState::Read {
                lines: 170,
                bytes: 20_000,
                cut: false,
            };
            Known::Yes(Arc::new(diagnosis(number, log)))
        } else {
            Known::No(clean("the log was not asked for yet"))
        },
        tests: vec![TestRecord {
            test: 0,
            failed_of: (2, 50),
            unread: 0,
            other_branches: vec![clean("billing-v2")],
        }],
        first_bad: if rich {
            Known::Yes(first_bad())
        } else {
            Known::No(clean("no green run of `ci` on `retry-gateway` is known"))
        },
        base: if rich {
            Known::Yes(BaseRed {
                branch: clean("main"),
                run: reference(803, 190),
                first: reference(801, 200),
                alike: Known::Yes(true),
                green_again: None,
                red_again: false,
            })
        } else {
            Known::No(clean("`main` was green when this ran (run 799)"))
        },
        flaky: if rich {
            Known::Yes(Flaky {
                verdict: Verdict::LikelyFlaky,
                evidence: vec![clean(
                    "`pay::retry_after_timeout` failed on 1 other branch within 50 runs",
                )],
            })
        } else {
            Known::No(clean("it ran once on this commit"))
        },
        signature: Some(signature()),
        since: ago(8),
    }
}

/// Returns a board with five red cards in triage, the first two of which fail alike.
pub(crate) fn snapshot() -> Snapshot {
    let mut snapshot = sample::snapshot(48);
    let red: Vec<(ItemId, String)> = snapshot
        .items()
        .filter(|item| item.placement.status.is_red())
        .map(|item| (item.id.clone(), item.key.to_string()))
        .take(5)
        .collect();
    assert_eq!(red.len(), 5);
    let cards = red.iter().zip(0_u64..).map(|((item, key), at)| TriageCard {
        triage: Arc::new(triage(item, key, 812 + at, at != 2)),
        group: (at < 2).then_some(0),
    });
    snapshot.triage = Arc::new(TriageBoard {
        cards: cards.collect(),
        groups: vec![Group {
            signature: signature(),
            items: vec![red[1].0.clone(), red[0].0.clone()],
            first_seen: ago(200),
            first_repo: repo(),
        }],
    });
    for name in ["re-run", "cancel"] {
        snapshot.sources[0].capabilities.push(Capability {
            name,
            state: CapabilityState::Available,
        });
    }
    snapshot
}

/// Returns a screen on which the triage of the first red card is open, and the shell behind it.
pub(crate) fn opened(width: u16, height: u16) -> (Screen, Shell) {
    let mut screen = Screen::with(width, height, snapshot(), UiOptions::default());
    let shell = Shell::new(&text_of_log());
    shell.press(&mut screen, "g f");
    (screen, shell)
}

/// Returns the log of the first card.
pub(crate) fn log_key() -> LogKey {
    LogKey {
        run: run(812).key(),
        attempt: 2,
        job: 11,
    }
}

/// Returns what was read of a run just now.
pub(crate) fn fresh() -> Fresh {
    Fresh {
        name: clean("ci #812"),
        job: None,
        attempt: 2,
        head_sha: Some(sha('6')),
        branch: clean("retry-gateway"),
        state: FAILED,
        url: None,
        read_at: sample::moment(),
        gate: None,
        at_rest: None,
    }
}

/// Lets an action be seen in some state.
pub(crate) fn act(screen: &mut Screen, id: &ActionId, state: ActionState) {
    let item = screen.state.triage.selected.clone();
    let mut actions: Vec<ActionView> = screen.snapshot.actions.to_vec();
    actions.retain(|view| view.id != *id);
    actions.push(ActionView {
        id: id.clone(),
        verb: Verb::RerunFailed,
        target: Target {
            source: SourceName::new("github"),
            run: run(812).key(),
            job: None,
            gate: None,
        },
        item,
        state,
        at: screen.now,
    });
    screen.snapshot.actions = actions.into();
    screen.snapshot.generation += 1;
    screen.arrive();
}
