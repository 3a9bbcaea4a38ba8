//! Why cards are red, as JSON: schema 1, stable, documented in the README.
//!
//! Fields are only ever added. What cannot be known is null, and `why` says
//! why under the same name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::app::output::cause_words::{Whys, log_trouble, log_word, others, verdict_word, why_not};
use crate::app::output::instant;
use crate::app::output::json::{self, Card, SCHEMA, SourceDocument};
use crate::domain::Timestamp;
use crate::domain::diagnosis::{Diagnosis, FoundError, LogState, TestsFrom};
use crate::domain::item::WorkItem;
use crate::domain::key::{Sha, WebUrl};
use crate::domain::run::Run;
use crate::domain::text::Clean;
use crate::domain::triage::{
    BaseRed, Basis, FirstBad, Flaky, Known, RunRef, Suspect, TestRecord, Triage, TriageCard,
};
use crate::engine::snapshot::Snapshot;

/// What is printed.
#[derive(Clone, Copy, Debug)]
pub struct Causes<'a> {
    /// The red cards whose failing run is known.
    pub cards: &'a [&'a TriageCard],
    /// Cards of which no cause can be told.
    pub others: &'a [&'a Arc<WorkItem>],
    /// Why there may be red cards that are not known, if so.
    pub unknown: Option<&'a str>,
    /// How many of the newest runs are looked at.
    pub window: u32,
    /// The board they are on.
    pub snapshot: &'a Snapshot,
    /// The time that everything is reckoned from.
    pub now: Timestamp,
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    generated_at: String,
    sources: Vec<SourceDocument<'a>>,
    cards: Vec<CauseDocument<'a>>,
    others: Vec<OtherDocument<'a>>,
}

#[derive(Serialize)]
struct OtherDocument<'a> {
    card: Card<'a>,
    why: &'a str,
}

#[derive(Serialize)]
struct CauseDocument<'a> {
    key: &'a str,
    title: &'a str,
    since: String,
    card: Option<Card<'a>>,
    run: RunDocument<'a>,
    job: Option<JobDocument<'a>>,
    step: Option<StepDocument<'a>>,
    log: Option<LogDocument<'a>>,
    first_error: Option<ErrorDocument<'a>>,
    failing_tests: Option<Vec<TestDocument<'a>>>,
    first_bad: Option<FirstBadDocument<'a>>,
    base: Option<BaseDocument<'a>>,
    flaky: Option<FlakyDocument<'a>>,
    signature: Option<SignatureDocument<'a>>,
    same_run: Vec<&'a Clean>,
    group: Option<GroupDocument<'a>>,
    /// For each of the above that is null because it cannot be known: why.
    why: BTreeMap<&'static str, String>,
}

#[derive(Serialize)]
struct RunDocument<'a> {
    source: &'a str,
    host: &'a str,
    repo: &'a str,
    id: u64,
    number: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    attempt: u32,
    workflow: &'a str,
    branch: &'a str,
    sha: Option<&'a str>,
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct JobDocument<'a> {
    id: u64,
    name: &'a str,
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct StepDocument<'a> {
    number: u32,
    name: &'a str,
}

#[derive(Serialize)]
struct LogDocument<'a> {
    state: &'static str,
    lines: Option<u64>,
    bytes: Option<u64>,
    cut: bool,
    message: Option<&'a Clean>,
}

#[derive(Serialize)]
struct ErrorDocument<'a> {
    /// From 1; null where it is known from an annotation only.
    line: Option<u64>,
    text: &'a str,
    block: &'a [Clean],
    tool: &'a str,
    code: Option<&'a Clean>,
    file: Option<&'a Clean>,
    file_line: Option<u64>,
    guess: bool,
}

#[derive(Serialize)]
struct TestDocument<'a> {
    name: &'a str,
    suite: Option<&'a Clean>,
    message: &'a str,
    file: Option<&'a Clean>,
    line: Option<u64>,
    log_line: Option<u64>,
    seconds: Option<f64>,
    /// In how many of the newest runs it failed; null while one of them is not read.
    failed_runs: Option<usize>,
    /// How many of the newest runs are looked at.
    window: u32,
    /// In how many of those that are known.
    failed_of_known: Option<usize>,
    runs_known: usize,
    /// How many of them have a failure that was not read.
    runs_unread: usize,
    other_branches: &'a [Clean],
}

#[derive(Serialize)]
struct FirstBadDocument<'a> {
    /// `branch`: its own was green before; `base`: it never was, but the base of the change is.
    basis: &'static str,
    base_branch: Option<&'a Clean>,
    because: Option<String>,
    from: &'a str,
    to: &'a str,
    since: String,
    green_run: RunRefDocument<'a>,
    red_run: RunRefDocument<'a>,
    commits: Option<Vec<CommitDocument<'a>>>,
}

#[derive(Serialize)]
struct RunRefDocument<'a> {
    id: u64,
    number: u64,
    #[serde(skip_serializing_if = "str::is_empty")]
    label: &'a str,
    at: String,
    url: Option<&'a str>,
}

#[derive(Serialize)]
struct CommitDocument<'a> {
    sha: &'a str,
    title: &'a str,
    author: Option<&'a str>,
    change: Option<u64>,
}

#[derive(Serialize)]
struct BaseDocument<'a> {
    branch: &'a str,
    /// The newest finished run before that of the card.
    run: RunRefDocument<'a>,
    first_red_run: RunRefDocument<'a>,
    fails_alike: Option<bool>,
    /// Null while it is still red.
    green_again_run: Option<RunRefDocument<'a>>,
}

#[derive(Serialize)]
struct FlakyDocument<'a> {
    verdict: &'static str,
    evidence: &'a [Clean],
}

#[derive(Serialize)]
struct SignatureDocument<'a> {
    id: String,
    text: &'a str,
}

#[derive(Serialize)]
struct GroupDocument<'a> {
    size: usize,
    others: Vec<String>,
    first_seen: String,
    first_host: &'a str,
    first_repo: &'a str,
}

/// Returns the causes as one JSON document with a line break at its end.
pub fn json(causes: Causes<'_>) -> Result<String, serde_json::Error> {
    let cards = causes.cards.iter().map(|card| document(card, causes));
    let others = causes.others.iter().map(|item| OtherDocument {
        card: json::card(item, causes.snapshot, causes.now),
        why: why_not(item),
    });
    json::pretty(&Document {
        schema: SCHEMA,
        generated_at: instant(causes.now),
        sources: json::sources(&causes.snapshot.sources, causes.now),
        cards: cards.collect(),
        others: others.collect(),
    })
}

fn document<'a>(card: &'a TriageCard, causes: Causes<'a>) -> CauseDocument<'a> {
    let triage: &Triage = &card.triage;
    let mut why = Whys::default();
    let found = why.known("first_error", &triage.diagnosis).map(Arc::as_ref);
    let job = triage.failed_job.and_then(|at| triage.jobs.get(at));
    if job.is_none() {
        why.say("job", said(&triage.diagnosis));
    }
    let item = causes.snapshot.find(&triage.item);
    let same_run = causes.snapshot.triage.same_run(triage);
    CauseDocument {
        key: &triage.key,
        title: &triage.title,
        since: instant(triage.since),
        card: item.map(|item| json::card(item, causes.snapshot, causes.now)),
        run: run(triage),
        job: job.map(|line| JobDocument {
            id: line.job.id,
            name: &line.job.name,
            url: line.job.url.as_ref().map(WebUrl::as_str),
        }),
        step: step(triage, found, &mut why),
        log: found.map(|found| log(&found.log)),
        first_error: error(triage, found, &mut why),
        failing_tests: tests(triage, found, causes.window, &mut why),
        first_bad: why
            .known("first_bad", &triage.first_bad)
            .map(|found| first_bad(found, &mut why)),
        base: why
            .known("base", &triage.base)
            .map(|found| base(found, &mut why)),
        flaky: why.known("flaky", &triage.flaky).map(flaky),
        signature: signature(triage, &mut why),
        same_run: same_run.map(|other| &other.key).collect(),
        group: group(card, causes, &mut why),
        why: why.0,
    }
}

/// Returns why something is not known, as far as that was said.
fn said<T>(known: &Known<T>) -> &str {
    match known {
        Known::Yes(_) => "no job of this run failed by itself",
        Known::No(why) => why,
    }
}

fn run(triage: &Triage) -> RunDocument<'_> {
    let run: &Run = &triage.run;
    RunDocument {
        source: triage.source.as_str(),
        host: triage.repo.place(),
        repo: triage.repo.path(),
        id: run.id,
        number: run.number,
        label: &run.label,
        attempt: run.attempt,
        workflow: &run.workflow,
        branch: &run.branch,
        sha: run.head_sha.as_ref().map(Sha::as_str),
        url: run.url.as_ref().map(WebUrl::as_str),
    }
}

fn step<'a>(
    triage: &'a Triage,
    found: Option<&'a Diagnosis>,
    why: &mut Whys,
) -> Option<StepDocument<'a>> {
    let step = found.and_then(|found| found.step.as_ref());
    if step.is_none() {
        let said = match &triage.diagnosis {
            Known::Yes(_) => "the server does not tell which step failed",
            Known::No(why) => why.as_str(),
        };
        why.say("step", said);
    }
    step.map(|(number, name)| StepDocument {
        number: *number,
        name,
    })
}

fn log(state: &LogState) -> LogDocument<'_> {
    let mut document = LogDocument {
        state: log_word(state),
        lines: None,
        bytes: None,
        cut: false,
        message: None,
    };
    match state {
        LogState::Read { lines, bytes, cut } => {
            document.lines = Some(*lines);
            document.bytes = Some(*bytes);
            document.cut = *cut;
        }
        LogState::Refused(message) => document.message = Some(message),
        LogState::Gone
        | LogState::Missing
        | LogState::Empty
        | LogState::NotText
        | LogState::NotYet => {}
    }
    document
}

fn error<'a>(
    triage: &'a Triage,
    found: Option<&'a Diagnosis>,
    why: &mut Whys,
) -> Option<ErrorDocument<'a>> {
    let Some(error) = found.and_then(|found| found.error.as_ref()) else {
        if let Known::Yes(found) = &triage.diagnosis {
            let said = log_trouble(&found.log);
            why.say(
                "first_error",
                said.unwrap_or_else(|| "the log names no error".to_owned()),
            );
        }
        return None;
    };
    let FoundError {
        line,
        tool,
        code,
        text,
        file,
        row,
        block,
        guess,
    } = error;
    Some(ErrorDocument {
        line: Some(*line).filter(|line| *line > 0),
        text,
        block,
        tool,
        code: code.as_ref(),
        file: file.as_ref(),
        file_line: *row,
        guess: *guess,
    })
}

fn tests<'a>(
    triage: &'a Triage,
    found: Option<&'a Diagnosis>,
    window: u32,
    why: &mut Whys,
) -> Option<Vec<TestDocument<'a>>> {
    let Some(found) = found else {
        why.say("failing_tests", said(&triage.diagnosis));
        return None;
    };
    if let (TestsFrom::Nowhere(said), true) = (&found.tests_from, found.tests.is_empty()) {
        why.say("failing_tests", said.as_str());
        return None;
    }
    let unread = triage.tests.iter().map(|record| record.unread).max();
    if let Some(unread) = unread.filter(|unread| *unread > 0) {
        let text = format!("the failures of {unread} of these runs are not read");
        why.say("failing_tests.failed_runs", text);
    }
    let tests = found.tests.iter().enumerate().map(|(at, test)| {
        let record = triage.tests.iter().find(|record| record.test == at);
        TestDocument {
            name: &test.name,
            suite: test.suite.as_ref(),
            message: &test.message,
            file: test.file.as_ref(),
            line: test.row,
            log_line: test.line,
            seconds: test.seconds,
            failed_runs: record.and_then(TestRecord::failed_in_all),
            window,
            failed_of_known: record.map(|record| record.failed_of.0),
            runs_known: record.map_or(0, |record| record.failed_of.1),
            runs_unread: record.map_or(0, |record| record.unread),
            other_branches: record.map_or(&[], |record| &record.other_branches),
        }
    });
    Some(tests.collect())
}

fn first_bad<'a>(found: &'a FirstBad, why: &mut Whys) -> FirstBadDocument<'a> {
    let (basis, base_branch) = match &found.basis {
        Basis::Branch => ("branch", None),
        Basis::Base { branch, .. } => ("base", Some(branch)),
    };
    FirstBadDocument {
        basis,
        base_branch,
        because: found.because(),
        from: found.from.as_str(),
        to: found.to.as_str(),
        since: instant(found.since),
        green_run: run_ref(&found.green),
        red_run: run_ref(&found.red),
        commits: why
            .known("first_bad.commits", &found.commits)
            .map(|commits| commits.iter().map(commit).collect()),
    }
}

fn run_ref(run: &RunRef) -> RunRefDocument<'_> {
    RunRefDocument {
        id: run.id,
        number: run.number,
        label: &run.label,
        at: instant(run.at),
        url: run.url.as_ref().map(WebUrl::as_str),
    }
}

fn commit(suspect: &Suspect) -> CommitDocument<'_> {
    CommitDocument {
        sha: suspect.sha.as_str(),
        title: &suspect.title,
        author: suspect.author.as_ref().map(|person| person.login.as_str()),
        change: suspect.change,
    }
}

fn base<'a>(found: &'a BaseRed, why: &mut Whys) -> BaseDocument<'a> {
    BaseDocument {
        branch: &found.branch,
        run: run_ref(&found.run),
        first_red_run: run_ref(&found.first),
        fails_alike: why.known("base.fails_alike", &found.alike).copied(),
        green_again_run: found.green_again.as_ref().map(run_ref),
    }
}

fn flaky(found: &Flaky) -> FlakyDocument<'_> {
    FlakyDocument {
        verdict: verdict_word(found.verdict),
        evidence: &found.evidence,
    }
}

fn signature<'a>(triage: &'a Triage, why: &mut Whys) -> Option<SignatureDocument<'a>> {
    let Some(signature) = &triage.signature else {
        let said = match &triage.diagnosis {
            Known::Yes(_) => "neither an error nor a failing test was found",
            Known::No(why) => why.as_str(),
        };
        why.say("signature", said);
        return None;
    };
    Some(SignatureDocument {
        // As text: programs that read JSON do not keep 64 bits of a number.
        id: format!("{:016x}", signature.id),
        text: &signature.text,
    })
}

fn group<'a>(card: &TriageCard, causes: Causes<'a>, why: &mut Whys) -> Option<GroupDocument<'a>> {
    let Some(group) = causes.snapshot.triage.group_of(card) else {
        why.say("group", causes.snapshot.triage.alone(&card.triage));
        return None;
    };
    Some(GroupDocument {
        size: group.items.len(),
        others: others(group, &card.triage, causes.snapshot),
        first_seen: instant(group.first_seen),
        first_host: group.first_repo.place(),
        first_repo: group.first_repo.path(),
    })
}
