//! `cycleboard triage`: why red cards are red.
//!
//! Asks once, waits until the failures were looked into, and prints. What was
//! found out is `domain::triage`'s; here it is chosen and waited for.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::cli::{Format, TriageArgs, WAIT_SECS};
use crate::app::exit::{Exit, Failure};
use crate::app::output::cause::{self, Causes};
use crate::app::output::{self, Width};
use crate::app::page::{self, Page};
use crate::app::session::{Session, Tasks};
use crate::app::{once, redact, runtime, waiting};
use crate::domain::diagnosis::LogKey;
use crate::domain::item::WorkItem;
use crate::domain::run::RunState;
use crate::domain::text::Clean;
use crate::domain::trace;
use crate::domain::triage::{JobLine, Known, Triage, TriageCard};
use crate::engine::snapshot::{Asked, Health, Snapshot};
use crate::engine::{Engine, EngineCommand};

/// How long the sources may take.
const WAIT: Duration = Duration::from_secs(WAIT_SECS);

/// How long is waited for what else tells of a failure.
const SETTLING: Duration = Duration::from_secs(10);

/// How long is waited for the next failure to be looked into, where all red cards are asked for.
const STALLS: Duration = Duration::from_secs(4);

/// How long nothing new must become known before no more is waited for.
const CALM: Duration = Duration::from_secs(2);

/// How many failures are asked for at once: each may cost a few requests.
const MOST_ASKED: usize = 50;

/// Prints why red cards are red.
pub fn run(mut session: Session, args: &TriageArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let within = (!args.offline).then(|| Duration::from_secs(args.within));
    let (snapshot, is_settled) = ask(&mut session, args.word.as_deref(), within)?;
    let now = (session.clock)();
    let mut found = Found::new(args.word.as_deref(), &snapshot);
    let named = of_job(args.word.as_deref(), &found, &snapshot)?;
    if let Some(card) = &named {
        found.red = vec![card];
    }
    if found.is_empty()
        && let Some(word) = &args.word
    {
        return Err(not_found(word, &snapshot, now, args.offline));
    }
    let unknown = unknown(&snapshot, now, args.offline, is_settled);
    let causes = Causes {
        cards: &found.red,
        others: &found.others,
        unknown: unknown.as_deref(),
        window: session.settings.policy.look_back.runs,
        snapshot: &snapshot,
        now,
    };
    let text = match output::format_or_table(args.format) {
        Format::Json => cause::json(causes).map_err(anyhow::Error::from)?,
        Format::Table => {
            let width = Width::find(&session.env, session.settings.ui.ascii);
            output::cause_text::table(causes, width)
        }
        Format::Markdown => output::cause_text::markdown(causes),
    };
    // Texts of logs are in it, and a log may print anything.
    output::print(&redact::known(&text))?;
    waiting::remarks(&snapshot.sources, waiting::is_told(args.format));
    let verdict = verdict(&found, &snapshot, now, args);
    // Nothing red is an answer only once everything was asked.
    let is_open = verdict == Exit::Fine && found.red.is_empty() && !is_settled;
    if is_open {
        waiting::say(waiting::LATE);
    }
    Ok(if is_open { Exit::Stale } else { verdict })
}

/// Returns why it cannot be said that no card is red, if so.
fn unknown(
    snapshot: &Snapshot,
    now: crate::domain::Timestamp,
    offline: bool,
    is_settled: bool,
) -> Option<String> {
    let late = || "not every answer came in time; `--within` waits longer".to_owned();
    once::unknown(&snapshot.sources, now, offline).or_else(|| (!is_settled).then(late))
}

/// Returns the card of a job that a page names, as far as that job tells why it is red.
fn of_job(
    word: Option<&str>,
    found: &Found<'_>,
    snapshot: &Snapshot,
) -> Result<Option<TriageCard>, Failure> {
    let Some(id) = word.and_then(Page::parse).and_then(|page| page.job) else {
        return Ok(None);
    };
    let Some(card) = found.red.first() else {
        return Ok(None);
    };
    let of = &card.triage;
    let is_named = |line: &JobLine| line.job.id == id;
    let Some(at) = of.jobs.iter().position(is_named) else {
        let failure = Failure::error(format!("job {id} is not known as one of the run"));
        return Err(if of.jobs_known {
            failure.hint("`cycleboard log` prints the log of any job")
        } else {
            failure.with_exit(Exit::Stale)
        });
    };
    if of.failed_job == Some(at) {
        return Ok(Some(TriageCard::clone(card)));
    }
    let job = of.jobs.get(at).map(|line| &line.job);
    if let Some(job) = job.filter(|job| !matches!(job.state, RunState::Failed(_))) {
        let failure = Failure::error(format!("job `{}` did not fail", job.name));
        return Err(failure.hint("`cycleboard log` prints the log of any job"));
    }
    let diagnosis = match snapshot.inquiries.get(&page::log_of_job(of, id)) {
        Some(Asked::Found(found)) => Known::Yes(Arc::clone(found)),
        Some(Asked::Failed { why, .. }) => Known::No(why.clone()),
        Some(Asked::Reading) | None => Known::No(Clean::line("its log is not read yet")),
    };
    let signature = match &diagnosis {
        Known::Yes(found) => found.signature.clone(),
        Known::No(_) => None,
    };
    let first = of.failed_job.and_then(|at| of.jobs.get(at));
    let first = first.map_or_else(String::new, |line| format!(": job `{}`", line.job.name));
    let why = Clean::line(&format!("it is judged by the job that failed first{first}"));
    let mut triage = Triage::clone(of);
    triage.failed_job = Some(at);
    triage.diagnosis = diagnosis;
    triage.signature = signature;
    triage.tests = Vec::new();
    triage.first_bad = Known::No(why.clone());
    triage.flaky = Known::No(why.clone());
    triage.base = Known::No(why);
    let mut groups = snapshot.triage.groups.iter();
    let group = groups.position(|group| Some(&group.signature) == triage.signature.as_ref());
    let triage = Arc::new(triage);
    Ok(Some(TriageCard { triage, group }))
}

/// What a word means.
#[derive(Debug, Default)]
pub struct Found<'a> {
    /// The red cards whose failing run is known.
    pub red: Vec<&'a TriageCard>,
    /// Cards of which nothing can be told: not red, or no failed run is known.
    pub others: Vec<&'a Arc<WorkItem>>,
}

impl<'a> Found<'a> {
    /// Finds the cards that a word or the page of a run means; without one, all that are red.
    pub fn new(word: Option<&str>, snapshot: &'a Snapshot) -> Self {
        let Some(word) = word else {
            let is_red = |item: &&Arc<WorkItem>| item.placement.status.is_red();
            let is_known = |item: &&Arc<WorkItem>| snapshot.triage.find(&item.id).is_some();
            let red = snapshot.items().filter(is_red);
            return Self {
                red: snapshot.triage.cards.iter().collect(),
                others: red.filter(|item| !is_known(item)).collect(),
            };
        };
        if let Some(page) = Page::parse(word) {
            return Self::by_page(page, snapshot);
        }
        let mut found = Self::default();
        for item in trace::find(word, snapshot.items()) {
            match snapshot.triage.find(&item.id) {
                Some(card) => found.red.push(card),
                None => found.others.push(item),
            }
        }
        found
    }

    fn by_page(page: Page<'_>, snapshot: &'a Snapshot) -> Self {
        let cards = snapshot.triage.cards.iter();
        let red: Vec<&TriageCard> = cards.filter(|card| page.is_of(&card.triage)).collect();
        if !red.is_empty() {
            let others = Vec::new();
            return Self { red, others };
        }
        let names = |item: &&Arc<WorkItem>| {
            let mut runs = item.evidence.iter().filter(|found| found.run.is_some());
            runs.any(|run| {
                run.url
                    .as_ref()
                    .is_some_and(|url| page.is_below(url.as_str()))
            })
        };
        Self {
            red,
            others: snapshot.items().filter(names).collect(),
        }
    }

    /// Returns whether the word means nothing that is known.
    pub fn is_empty(&self) -> bool {
        self.red.is_empty() && self.others.is_empty()
    }
}

/// Says that a word means nothing; that is an answer only when everybody was heard.
pub fn not_found(
    word: &str,
    snapshot: &Snapshot,
    now: crate::domain::Timestamp,
    offline: bool,
) -> Failure {
    let failure = Failure::error(match Page::parse(word) {
        Some(page) => match page.run() {
            Some(run) => format!("no card shows run {run}"),
            None => format!("no card shows `{word}`"),
        },
        None => format!("no card or run is known by `{word}`"),
    });
    let verdict = once::source_verdict(&snapshot.sources, now, offline);
    if verdict == Exit::Fine {
        return failure.hint(if Page::parse(word).is_some() {
            "only runs that stand on a card are known, most often the newest of a branch; \
             `cycleboard where KEY` shows those of a card"
        } else {
            "name a card such as `owner/repo#12`, or the page of a failed run"
        });
    }
    failure.with_exit(verdict).hint(waiting::NOT_EVERYBODY)
}

/// Red for sure comes before what is not known, as on the board.
fn verdict(
    found: &Found<'_>,
    snapshot: &Snapshot,
    now: crate::domain::Timestamp,
    args: &TriageArgs,
) -> Exit {
    let sources = once::source_verdict(&snapshot.sources, now, args.offline);
    if sources == Exit::Auth || !args.exit_status {
        return sources;
    }
    let cards = found
        .red
        .iter()
        .filter_map(|card| snapshot.find(&card.triage.item));
    let red = cards
        .chain(found.others.iter().copied())
        .filter(|item| item.placement.status.is_red());
    let sure: Vec<bool> = red.map(|item| snapshot.is_fresh(item, now)).collect();
    match (sure.contains(&true), sure.is_empty()) {
        (true, _) => Exit::Red,
        (false, false) => Exit::Stale,
        (false, true) => once::seen(sources, &snapshot.sources),
    }
}

/// Returns which log tells why a card is red, once its jobs are known.
pub fn log_of(triage: &Triage) -> Option<LogKey> {
    if let Known::Yes(diagnosis) = &triage.diagnosis {
        return Some(diagnosis.log_key());
    }
    let job = &triage.jobs.get(triage.failed_job?)?.job;
    Some(LogKey {
        run: triage.run.key(),
        attempt: job.attempt,
        job: job.id,
    })
}

/// Runs the engine until every source answered and the failures that a word means were looked
/// into; without `within` nobody is asked. Returns whether the first round is over as well.
fn ask(
    session: &mut Session,
    word: Option<&str>,
    within: Option<Duration>,
) -> Result<(Arc<Snapshot>, bool), Failure> {
    let store = session.store_or_say();
    runtime::run(async {
        let tasks = Tasks::default();
        let polling = within.is_some();
        let deadline = Instant::now() + within.unwrap_or(WAIT);
        let mut engine = session
            .start_to_print(store, (polling, true), polling, &tasks)
            .await?;
        let began = (session.clock)();
        let told = waiting::tell(engine.snapshots.clone(), began);
        let snapshot = tokio::select! {
            snapshot = look_into(&mut engine, word, deadline, polling) => snapshot,
            never = told => match never {},
        };
        let is_settled = engine.is_settled();
        tasks.end().await;
        Ok((snapshot, is_settled))
    })
}

async fn look_into(
    engine: &mut Engine,
    word: Option<&str>,
    deadline: Instant,
    polling: bool,
) -> Arc<Snapshot> {
    let left = || deadline.saturating_duration_since(Instant::now());
    if !polling {
        return engine.settled(left()).await;
    }
    answered(engine, left()).await;
    let mut asked = HashSet::new();
    let snapshot = diagnosed(engine, word, &mut asked, deadline).await;
    if Found::new(word, &snapshot).red.is_empty() {
        // Nothing is red, or so it seems: that is an answer only once all was asked.
        engine.settled(left()).await;
        diagnosed(engine, word, &mut asked, deadline).await;
    }
    // What else tells of a failure comes after that: history, commits between.
    quiet(engine, left().min(SETTLING)).await;
    diagnosed(engine, word, &mut asked, deadline).await
}

/// Waits until every source answered in this program, or failed to.
async fn answered(engine: &mut Engine, within: Duration) {
    let told = |snapshot: &Arc<Snapshot>| {
        let mut sources = snapshot.sources.iter();
        sources.all(|view| view.health != Health::Starting)
    };
    drop(tokio::time::timeout(within, engine.snapshots.wait_for(told)).await);
}

/// Asks for what is not known of the failures, and waits for it, but no longer than to the
/// deadline. Of all cards, a log that is very long is not waited for: who names a card wants that.
async fn diagnosed(
    engine: &mut Engine,
    word: Option<&str>,
    asked: &mut HashSet<LogKey>,
    deadline: Instant,
) -> Arc<Snapshot> {
    let mut snapshot = Arc::clone(&engine.snapshots.borrow_and_update());
    let mut before = usize::MAX;
    let mut until = deadline;
    loop {
        let open = open(word, &snapshot);
        if open.is_empty() {
            return snapshot;
        }
        if open.len() != before && word.is_none() {
            before = open.len();
            until = deadline.min(Instant::now() + STALLS);
        }
        for key in open.into_iter().flatten().take(MOST_ASKED) {
            if asked.len() < MOST_ASKED && asked.insert(key.clone()) {
                let command = EngineCommand::Diagnose(key);
                drop(tokio::time::timeout_at(deadline, engine.commands.send(command)).await);
            }
        }
        let changed = tokio::time::timeout_at(until, engine.snapshots.changed()).await;
        snapshot = Arc::clone(&engine.snapshots.borrow_and_update());
        if !matches!(changed, Ok(Ok(()))) {
            return snapshot;
        }
    }
}

/// Waits until nothing more becomes known of the failures, but no longer than `within`.
async fn quiet(engine: &mut Engine, within: Duration) {
    let mut snapshots = engine.snapshots.clone();
    let calm = async {
        let mut known = Arc::clone(&snapshots.borrow_and_update().triage);
        loop {
            let news = snapshots.wait_for(|snapshot| snapshot.triage != known);
            match tokio::time::timeout(CALM, news).await {
                Ok(Ok(snapshot)) => known = Arc::clone(&snapshot.triage),
                Ok(Err(_)) | Err(_) => return,
            }
        }
    };
    tokio::select! {
        _ = engine.settled(within) => {}
        () = calm => {}
    }
}

/// Returns the failures that were not looked into yet: their logs, where the job is known.
fn open(word: Option<&str>, snapshot: &Snapshot) -> Vec<Option<LogKey>> {
    let job = word.and_then(Page::parse).and_then(|page| page.job);
    let cards = Found::new(word, snapshot).red.into_iter();
    let cards = cards.map(|card| &card.triage);
    // Whoever was asked and did not know it does not know it a moment later.
    let is_over = |key: &LogKey| {
        let asked = snapshot.inquiries.get(key);
        matches!(asked, Some(Asked::Found(_) | Asked::Failed { .. }))
    };
    if let Some(id) = job {
        let keys = cards.map(|triage| page::log_of_job(triage, id));
        return keys.filter(|key| !is_over(key)).map(Some).collect();
    }
    cards
        .filter(|triage| matches!(triage.diagnosis, Known::No(_)))
        // With jobs and none that failed by itself there is nothing to wait for.
        .filter(|triage| !triage.jobs_known || triage.failed_job.is_some())
        .map(|triage| log_of(triage))
        .filter(|key| !key.as_ref().is_some_and(is_over))
        .collect()
}
