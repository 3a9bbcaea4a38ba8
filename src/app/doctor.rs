//! `cycleboard doctor`: what is configured, what answers, what is missing.
//!
//! Asks each source for one thing only. Shows where a token comes from, never
//! what it is.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use crate::app::cli::DoctorArgs;
use crate::app::config_file;
use crate::app::env;
use crate::app::exit::{Exit, Failure};
use crate::app::output::{self, instant};
use crate::app::session::{Session, Tasks, runtime};
use crate::sources::http::Clock;
use crate::sources::{Batch, CapabilityState, Fetch, Resource, Source, SourceError};

/// How long one source may take to answer.
const WAIT: Duration = Duration::from_secs(20);

/// Checks everything and prints what was found.
pub fn run(mut session: Session, args: &DoctorArgs) -> Result<Exit, Failure> {
    let mut out = String::new();
    configuration(&session, &mut out);
    store(&session, &mut out);
    terminal(&session, &mut out);
    output::print(&out)?;
    if session.demo.is_none() && session.settings.sources.is_empty() {
        output::print("sources\n  none configured\n")?;
        session.require_sources()?;
    }
    let verdict = sources(&mut session, args.offline)?;
    Ok(verdict)
}

fn line(out: &mut String, name: &str, value: impl std::fmt::Display) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "  {name:<12} {value}");
}

fn configuration(session: &Session, out: &mut String) {
    out.push_str("configuration\n");
    let place = session.place.path.display();
    // Its owner and permissions were checked when it was read.
    let state = if session
        .files
        .iter()
        .any(|name| *name != config_file::DIRECTORY_FILE)
    {
        "read; only you may write it"
    } else {
        "not there; the defaults hold"
    };
    line(out, "file", format!("`{place}`: {state}"));
    if session
        .files
        .iter()
        .any(|name| name == config_file::DIRECTORY_FILE)
    {
        line(
            out,
            "directory",
            format!("`{}`: read", config_file::DIRECTORY_FILE),
        );
    }
    if !session.sources_from.is_empty() {
        line(out, "sources", format!("from {}", session.sources_from));
    }
    line(out, "log", format!("`{}`", session.paths.log().display()));
}

fn store(session: &Session, out: &mut String) {
    out.push_str("store\n");
    match session.store_file() {
        Ok(file) => line(out, "file", format!("`{}`", file.display())),
        Err(failure) => line(out, "file", failure.to_string().trim_end()),
    }
    match session.open_store() {
        Ok((_, opened)) => {
            let state = if opened.file.is_some() {
                "fine"
            } else {
                "in memory only"
            };
            line(out, "state", state);
            for notice in &opened.notices {
                line(out, "note", notice);
            }
        }
        Err(failure) => line(out, "state", failure.to_string().trim_end()),
    }
}

fn terminal(session: &Session, out: &mut String) {
    out.push_str("terminal\n");
    let found = env::abilities(&session.env);
    let named = |name: &str| {
        session
            .env
            .get(name)
            .unwrap_or_else(|| "not set".to_owned())
    };
    line(out, "TERM", named("TERM"));
    let depth = env::color_depth(session.global.color, found.depth);
    line(out, "colours", env::depth_word(depth));
    line(out, "characters", env::glyphs_word(found.glyphs));
    line(out, "mouse", if found.mouse { "yes" } else { "no" });
    line(
        out,
        "full screen",
        if found.full_screen {
            "yes"
        } else {
            "no: `board --once` prints instead"
        },
    );
    if let Ok(size) = rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        line(out, "size", format!("{}x{}", size.ws_col, size.ws_row));
    }
}

/// Asks every source for one thing, one after another, and prints what it said.
fn sources(session: &mut Session, offline: bool) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let tasks = Tasks::default();
        session.begin_demo(&tasks).await?;
        let mut worst = Exit::Fine;
        for source in session.open_sources(None) {
            let answer = if offline {
                None
            } else {
                Some(ask(source.as_ref(), &session.clock).await)
            };
            output::print(&describe(source.as_ref(), answer.as_ref()))?;
            worst = worse(worst, answer.as_ref());
        }
        tasks.end().await;
        Ok(worst)
    })
}

fn worse(worst: Exit, answer: Option<&Result<Batch, SourceError>>) -> Exit {
    match answer {
        None | Some(Ok(_)) => worst,
        Some(Err(SourceError::Auth { .. })) => Exit::Auth,
        Some(Err(_)) if worst == Exit::Auth => worst,
        Some(Err(_)) => Exit::Stale,
    }
}

/// Asks for the resource that the source itself puts first.
async fn ask(source: &dyn Source, clock: &Clock) -> Result<Batch, SourceError> {
    let now = clock();
    let mut resources: Vec<Resource> = source.resources(now);
    resources.sort_by_key(|resource| resource.tier);
    let Some(first) = resources.into_iter().next() else {
        return Ok(Batch::default());
    };
    let fetch = Fetch {
        resource: Arc::clone(&first.id),
        now,
        forced: true,
    };
    match tokio::time::timeout(WAIT, source.fetch(fetch)).await {
        Ok(answer) => answer,
        Err(_) => Err(SourceError::Unreachable {
            host: source.host().to_owned(),
            cause: format!("no answer within {} s", WAIT.as_secs()),
        }),
    }
}

fn describe(source: &dyn Source, answer: Option<&Result<Batch, SourceError>>) -> String {
    let mut out = format!("source {}\n", source.name());
    line(&mut out, "kind", source.kind());
    line(&mut out, "host", source.host());
    let meter = source.meter();
    line(&mut out, "token", format!("from {}", meter.token_from));
    if meter.insecure {
        line(&mut out, "connection", "not encrypted");
    }
    match answer {
        None => line(&mut out, "answer", "not asked"),
        Some(Ok(batch)) => {
            line(&mut out, "answer", "ok");
            for warning in &batch.warnings {
                line(&mut out, "warning", warning);
            }
        }
        Some(Err(error)) => {
            line(&mut out, "answer", error);
            if let Some(hint) = error.hint() {
                line(&mut out, "hint", hint);
            }
        }
    }
    for capability in source.capabilities() {
        let state = match &capability.state {
            CapabilityState::Unknown => "not tried yet".to_owned(),
            CapabilityState::Available => "yes".to_owned(),
            CapabilityState::Missing(why) => format!("no: {why}"),
        };
        line(&mut out, "can", format!("{}: {state}", capability.name));
    }
    for budget in &meter.budgets {
        let reset = budget
            .reset_at
            .map_or_else(String::new, |at| format!(", full again at {}", instant(at)));
        line(
            &mut out,
            "budget",
            format!(
                "{} of {} {} left{reset}",
                budget.remaining, budget.limit, budget.bucket
            ),
        );
    }
    out
}
