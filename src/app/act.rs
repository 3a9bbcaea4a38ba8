//! `cycleboard act`: does one thing to the run of a card, as the menu of the board does.
//!
//! What may be done, the fresh read before, the journal and the one request are the engine's; here
//! the card is found, a person or the command line confirms, and what came of it is told.

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::cli::ActArgs;
use crate::app::exit::{Exit, Failure};
use crate::app::page::Page;
use crate::app::session::{Session, Tasks};
use crate::app::{board, heard, output, redact, runtime, triage, waiting};
use crate::domain::action::{ActionId, ActionState, ActionView, Fresh, Of};
use crate::domain::item::{Evidence, EvidenceKind, WorkItem};
use crate::domain::text::Clean;
use crate::domain::trace;
use crate::engine::snapshot::Snapshot;
use crate::engine::{Engine, EngineCommand};
use crate::ui::overlay::Aim;
use crate::ui::update::{action, aims, question};

/// How long nothing new must become known before a gate counts as absent.
const CALM: Duration = Duration::from_secs(3);

/// What is typed where no name has to be.
const YES: &str = "yes";

/// Does one thing, once it is confirmed.
pub fn run(mut session: Session, args: &ActArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let store = session.store_or_none();
    runtime::run(async {
        let tasks = Tasks::default();
        let began = (session.clock)();
        let mut engine = session.start_to_act(store, &tasks).await?;
        let deadline = Instant::now() + Duration::from_secs(args.within);
        let told = waiting::tell(engine.snapshots.clone(), began);
        let found = tokio::select! {
            found = find(&mut engine, args, deadline, began) => found,
            never = told => match never {},
        };
        let outcome = match found {
            Ok(aim) => carry_out(&mut engine, args, aim).await,
            Err(failure) => Err(failure),
        };
        tasks.end().await;
        outcome
    })
}

/// Waits until it is known what is to be acted on, or that nothing is.
async fn find(
    engine: &mut Engine,
    args: &ActArgs,
    deadline: Instant,
    began: crate::domain::Timestamp,
) -> Result<Aim, Failure> {
    let mut looks = args.verb.of() == Of::Gate;
    let mut calm = deadline;
    let mut before = None;
    loop {
        let (snapshot, is_settled) = engine.look();
        // Whoever tells of other cards alone holds nobody up.
        let told = heard::have_told(&snapshot, &cards(&snapshot, &args.word));
        let is_settled = is_settled || told;
        let is_late = Instant::now() >= deadline;
        let found = aim(&snapshot, args, began);
        if found.is_ok() && (is_settled || is_late) {
            return found;
        }
        if is_settled
            && looks
            && let Some(card) = cards(&snapshot, &args.word).first()
        {
            // Which manual jobs a run went on without is read of an open card.
            looks = false;
            send(engine, EngineCommand::Look(Some(card.id.clone()))).await?;
        }
        // Gates and jobs come after the first round; what is news of other cards is none here.
        let said = found.as_ref().err().map(ToString::to_string);
        let known: Vec<Arc<WorkItem>> = cards(&snapshot, &args.word).into_iter().cloned().collect();
        let standing = Some((is_settled, looks, said, known));
        if standing != before {
            before = standing;
            calm = if is_settled {
                deadline.min(Instant::now() + CALM)
            } else {
                deadline
            };
        }
        if is_settled && Instant::now() >= calm {
            return found;
        }
        match tokio::time::timeout_at(calm, engine.next_change()).await {
            Ok(true) => {}
            Ok(false) => return Err(Failure::error("nothing can be asked for any more")),
            Err(_calm) if is_settled || is_late => return found,
            Err(_calm) => {}
        }
    }
}

/// Returns what is to be acted on.
fn aim(
    snapshot: &Snapshot,
    args: &ActArgs,
    began: crate::domain::Timestamp,
) -> Result<Aim, Failure> {
    let cards = cards(snapshot, &args.word);
    if cards.is_empty() {
        return Err(triage::not_found(&args.word, snapshot, began, false));
    }
    let mut aims: Vec<Aim> = Vec::new();
    for item in &cards {
        let found = match args.verb.of() {
            Of::Gate => of_gates(snapshot, item, args),
            Of::Job => of_job(snapshot, item, args.job.as_deref())?,
            Of::Run => of_run(snapshot, item, &args.word).into_iter().collect(),
        };
        aims.extend(found);
    }
    // Several cards may wait for one run.
    aims.dedup_by(|a, b| a.target == b.target);
    if aims.is_empty() && args.verb.of() == Of::Gate {
        return Err(none_waits(&cards, args));
    }
    let aim = only(aims, args)?;
    let why = action::refused(snapshot, args.verb, &aim, began).or_else(|| {
        let of_gate = args.verb.of() == Of::Gate;
        let why = action::gate_refused(args.verb, aim.target.gate.as_ref());
        why.filter(|_| of_gate).map(str::to_owned)
    });
    match why {
        Some(why) => Err(Failure::error(format!(
            "cannot {}: {why}",
            args.verb.words()
        ))),
        None => Ok(aim),
    }
}

/// Says that no gate waits, and which manual jobs may be started: those only by their names.
fn none_waits(cards: &[&Arc<WorkItem>], args: &ActArgs) -> Failure {
    let text = format!("no gate of a run of `{}` is known to wait", args.word);
    let lines = cards.iter().flat_map(|item| &item.evidence);
    let offered = lines.filter(|line| line.kind == EvidenceKind::ManualJob);
    let mut names: Vec<String> = offered.map(|line| format!("`{}`", line.key)).collect();
    names.sort();
    names.dedup();
    let failure = Failure::error(text);
    if names.is_empty() || args.gate.is_some() {
        return failure;
    }
    let names = names.join(", ");
    failure.hint(format!(
        "manual jobs that nothing waits for are named with `--gate`: {names}"
    ))
}

/// Returns the one thing that is meant, or says which there are.
fn only(mut aims: Vec<Aim>, args: &ActArgs) -> Result<Aim, Failure> {
    let word = &args.word;
    match (aims.pop(), aims.is_empty()) {
        (Some(aim), true) => Ok(aim),
        (None, _) => Err(Failure::error(format!(
            "no run of `{word}` is known; actions are for runs"
        ))),
        (Some(last), false) => {
            aims.push(last);
            let is_shared = |aim: &Aim| aims.iter().filter(|it| it.name == aim.name).count() > 1;
            // Two hosts may have a run of one name: then only the card tells them apart.
            let name = |aim: &Aim| {
                if is_shared(aim) {
                    format!("`{}` of `{}`", aim.name, aim.item)
                } else {
                    format!("`{}`", aim.name)
                }
            };
            let names: Vec<String> = aims.iter().map(name).collect();
            let failure = Failure::usage(format!("`{word}` means several: {}", names.join(", ")));
            Err(failure.hint(match args.verb.of() {
                Of::Gate => "name one with `--gate`, or by the page of its run or card",
                Of::Run | Of::Job => "name one by the page of its run or card",
            }))
        }
    }
}

/// Returns the cards that a word or the page of a run means.
fn cards<'a>(snapshot: &'a Snapshot, word: &str) -> Vec<&'a Arc<WorkItem>> {
    let Some(page) = Page::parse(word) else {
        return trace::find(word, snapshot.items());
    };
    let items = snapshot.items();
    let found: Vec<&Arc<WorkItem>> = items.filter(|item| has_run_at(item, page)).collect();
    if found.is_empty() {
        return trace::find(word, snapshot.items());
    }
    found
}

/// Whether a page is that of a run of a card, or of something of it.
fn has_run_at(item: &WorkItem, page: Page<'_>) -> bool {
    let shows = |line: &Evidence| {
        let url = line.url.as_ref();
        line.run.is_some() && url.is_some_and(|url| page.is_below(url.as_str()))
    };
    item.evidence.iter().any(shows)
}

/// Returns the gates at which runs of a card wait; of one name and of the run of a page, where
/// those are given. A manual job that nothing waits for has to be named.
fn of_gates(snapshot: &Snapshot, item: &WorkItem, args: &ActArgs) -> Vec<Aim> {
    // The page of the card itself means all of its gates.
    let page = Page::parse(&args.word).filter(|page| has_run_at(item, *page));
    let lines = item.evidence.iter().filter(|line| {
        let name = args.gate.as_deref();
        let is_named = name.is_none_or(|name| line.key.eq_ignore_ascii_case(name));
        let url = line.url.as_ref();
        let is_there = |page: Page<'_>| url.is_some_and(|url| page.is_below(url.as_str()));
        let is_offer = line.kind == EvidenceKind::ManualJob && name.is_some();
        let is_meant = is_named && (line.kind == EvidenceKind::Gate || is_offer);
        is_meant && page.is_none_or(is_there)
    });
    let of_line = |line: &Evidence| {
        let mut aim = aims::of_card(snapshot, item, line.run.as_deref())?;
        aim.target.gate = line.door.as_deref().cloned();
        aim.name = format!("{} of {}", line.key, aim.name);
        Some(aim)
    };
    lines.filter_map(of_line).collect()
}

/// Returns the run of a card: the one that a page names, or that is most likely meant.
fn of_run(snapshot: &Snapshot, item: &WorkItem, word: &str) -> Option<Aim> {
    let page = Page::parse(word);
    let named = item.evidence.iter().find(|line| {
        let url = line.url.as_ref();
        let is_it = |page: Page<'_>| url.is_some_and(|url| page.is_below(url.as_str()));
        line.kind == EvidenceKind::Run && page.is_some_and(is_it)
    });
    aims::of_card(snapshot, item, named.and_then(|line| line.run.as_deref()))
}

/// Returns a job of the red run of a card.
fn of_job(snapshot: &Snapshot, item: &WorkItem, name: Option<&str>) -> Result<Vec<Aim>, Failure> {
    let Some(name) = name else {
        return Err(Failure::usage(
            "which job is to be re-run is said with `--job`",
        ));
    };
    let Some(card) = snapshot.triage.find(&item.id) else {
        return Ok(Vec::new());
    };
    let triage = &card.triage;
    let mut jobs = triage.jobs.iter();
    let job = jobs.find(|line| line.job.name.as_str() == name);
    let aim = aims::of_card(snapshot, item, Some(&triage.run.key()));
    Ok(job
        .zip(aim)
        .map(|(line, mut aim)| {
            aim.target.job = Some(line.job.id);
            aim
        })
        .into_iter()
        .collect())
}

/// Has it read afresh, asks, and tells what came of it.
async fn carry_out(engine: &mut Engine, args: &ActArgs, aim: Aim) -> Result<Exit, Failure> {
    let id = ActionId(format!("{:032x}", board::seed()));
    let intend = EngineCommand::Intend {
        id: id.clone(),
        verb: args.verb,
        target: aim.target,
        item: Some(aim.item),
    };
    send(engine, intend).await?;
    let deadline = Instant::now() + Duration::from_secs(args.within);
    let read = |state: &ActionState| !matches!(state, ActionState::Reading);
    let view = watch(engine, &id, read, deadline).await?;
    let fresh = match &view.state {
        ActionState::Ready(fresh) => fresh.clone(),
        ActionState::Reading => return Err(Failure::error("the run was not read in time")),
        ActionState::Sending(_)
        | ActionState::Requested(_)
        | ActionState::Confirmed(_)
        | ActionState::Stopped(_)
        | ActionState::Refused(_)
        | ActionState::Unsure(_) => return told(&view),
    };
    let question = format!("{}?\n", args.verb.words());
    let lines = question::told_alone(&view, &fresh).join("\n  ");
    output::print(&redact::known(&format!("{question}  {lines}\n")))?;
    let agreed = agreed(args, &fresh).await;
    if !matches!(agreed, Ok(true)) {
        send(engine, EngineCommand::Dismiss(id)).await?;
        agreed?;
        return Err(Failure::error(
            "it was not confirmed, so nothing is changed",
        ));
    }
    send(engine, EngineCommand::Confirm(id.clone())).await?;
    let deadline = Instant::now() + Duration::from_secs(args.within);
    let view = watch(engine, &id, ActionState::is_over, deadline).await?;
    told(&view)
}

async fn send(engine: &Engine, command: EngineCommand) -> Result<(), Failure> {
    let sent = engine.commands.send(command).await;
    sent.map_err(|_closed| Failure::error("nothing can be asked for any more"))
}

/// Waits until an action is as it should be, or it is late; returns how it stands.
async fn watch(
    engine: &mut Engine,
    id: &ActionId,
    wanted: impl Fn(&ActionState) -> bool,
    deadline: Instant,
) -> Result<ActionView, Failure> {
    loop {
        let snapshot = Arc::clone(&engine.snapshots.borrow_and_update());
        let view = action::find(&snapshot, id);
        let is_late = Instant::now() >= deadline;
        if let Some(view) = view.filter(|view| is_late || wanted(&view.state)) {
            return Ok(view.clone());
        }
        if is_late {
            return Err(Failure::error("the run was not read in time"));
        }
        let news = tokio::time::timeout_at(deadline, engine.next_change()).await;
        if matches!(news, Ok(false)) {
            return Err(Failure::error("nothing can be asked for any more"));
        }
    }
}

/// Returns whether what was shown is to be done.
async fn agreed(args: &ActArgs, fresh: &Fresh) -> Result<bool, Failure> {
    let name = question::word_to_type(args.verb, fresh);
    let wanted = name.map_or(YES, Clean::as_str).to_owned();
    if let Some(said) = &args.confirm {
        let failure = || Failure::usage(format!("`--confirm` has to say `{wanted}`"));
        return (*said == wanted).then_some(true).ok_or_else(failure);
    }
    if !io::stdin().is_terminal() {
        let failure = Failure::usage("nobody is here to confirm it");
        return Err(failure.hint(format!("`--confirm {wanted}` does")));
    }
    let question = format!("type `{wanted}` to do it: ");
    let answer = tokio::task::spawn_blocking(move || {
        // A terminal that has gone gives no answer either.
        let mut out = io::stderr().lock();
        drop(write!(out, "{}", redact::shown(&question)));
        drop(out.flush());
        let mut line = String::new();
        io::stdin().read_line(&mut line).map(|_| line)
    });
    let line = answer.await.map_err(anyhow::Error::from)??;
    Ok(line.trim() == wanted)
}

/// Tells what came of it.
fn told(view: &ActionView) -> Result<Exit, Failure> {
    let words = view.verb.words();
    match (&view.state, action::outcome(view)) {
        (_, Some((text, true))) => {
            output::print(&redact::known(&format!("{text}\n")))?;
            Ok(Exit::Fine)
        }
        (ActionState::Unsure(_), Some((text, _))) => {
            Err(Failure::error(text).with_exit(Exit::Stale))
        }
        (_, Some((text, _))) => Err(Failure::error(text)),
        (_, None) => {
            let text = format!("{words}: the server took it, and nothing came of it yet");
            let failure = Failure::error(text).with_exit(Exit::Stale);
            Err(failure.hint("the board shows what comes of it; it is not asked for again"))
        }
    }
}
