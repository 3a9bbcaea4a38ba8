//! `cycleboard doctor`: what is configured, what answers, what is missing.
//!
//! Each source tries what the board will need of it, once. Shows where a token
//! comes from, never what it is.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::app::cli::DoctorArgs;
use crate::app::config_file;
use crate::app::env;
use crate::app::exit::{Exit, Failure};
use crate::app::output::{self, instant};
use crate::app::runtime::runtime;
use crate::app::session::{Session, Tasks};
use crate::domain::text::Clean;
use crate::sources::http::{Clock, span};
use crate::sources::{
    Batch, CapabilityState, Check, CheckState, Fetch, Resource, Source, SourceError, Trouble,
    UNNAMED,
};

/// How long one source may take to answer.
const WAIT: Duration = Duration::from_mins(1);

/// Checks everything and prints what was found.
pub fn run(mut session: Session, args: &DoctorArgs) -> Result<Exit, Failure> {
    let mut out = String::new();
    configuration(&session, &mut out);
    let stored = store(&session, &mut out);
    terminal(&session, &mut out);
    output::print(&out)?;
    if session.demo.is_none() && session.settings.sources.is_empty() {
        output::print("sources\n  none configured\n")?;
        session.require_sources()?;
    }
    let verdict = sources(&mut session, args.offline)?;
    if verdict == Exit::Fine && !stored {
        return Ok(Exit::Error);
    }
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

/// Tells how the store is; returns whether it can be used.
fn store(session: &Session, out: &mut String) -> bool {
    out.push_str("store\n");
    line(out, "file", format!("`{}`", session.store_file().display()));
    match session.open_store() {
        Ok((_, opened)) => {
            let tried = opened.file.as_deref().map(try_to_write);
            let (state, fine) = match tried {
                Some(Ok(())) => ("fine".to_owned(), true),
                Some(Err(error)) => (format!("failed: nothing can be written: {error}"), false),
                None => ("in memory only".to_owned(), true),
            };
            line(out, "state", state);
            for notice in &opened.notices {
                line(out, "note", notice);
            }
            fine
        }
        Err(failure) => {
            line(out, "state", failure.to_string().trim_end());
            false
        }
    }
}

/// Writes a small file beside the store and takes it away: a full disk is not seen otherwise.
fn try_to_write(store: &Path) -> io::Result<()> {
    const SIZE: usize = 16 * 1_024;
    let mut name = store.as_os_str().to_owned();
    name.push(format!(".doctor-{}", std::process::id()));
    // Never a file that is there already: it would be somebody's.
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&name)?;
    let written = file.write_all(&[0; SIZE]).and_then(|()| file.sync_all());
    drop(file);
    written.and(std::fs::remove_file(&name))
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

/// Has every source tried, one after another, and prints what came of it.
fn sources(session: &mut Session, offline: bool) -> Result<Exit, Failure> {
    runtime()?.block_on(async {
        let tasks = Tasks::default();
        session.begin_demo(!offline, &tasks).await?;
        let mut worst = Exit::Fine;
        for source in session.open_sources(None) {
            let checks = if offline {
                Vec::new()
            } else {
                checks(source.as_ref(), &session.clock).await
            };
            let place = named_place(session, source.as_ref());
            output::print(&describe(source.as_ref(), &checks, offline, &place))?;
            for check in &checks {
                worst = match check.state {
                    CheckState::Refused => Exit::Auth,
                    CheckState::Failed if worst == Exit::Fine => Exit::Error,
                    CheckState::Failed | CheckState::Fine | CheckState::Note => worst,
                };
            }
        }
        tasks.end().await;
        Ok(worst)
    })
}

/// Has a source try itself; one that cannot is asked for what it puts first.
async fn checks(source: &dyn Source, clock: &Clock) -> Vec<Check> {
    let tried = tokio::time::timeout(WAIT, source.check_up()).await;
    let asked = match tried {
        Ok(checks) if !checks.is_empty() => return checks,
        Ok(_) => ask(source, clock).await,
        Err(_elapsed) => Err(SourceError::Unreachable {
            host: source.host().to_owned(),
            cause: format!("no whole answer within {}", span(WAIT)),
        }),
    };
    let Err(error) = asked else {
        return Vec::new();
    };
    let state = match error {
        SourceError::Auth { .. } | SourceError::NoToken { .. } => CheckState::Refused,
        SourceError::Forbidden { .. }
        | SourceError::NotFound { .. }
        | SourceError::RateLimited { .. }
        | SourceError::Unreachable { .. }
        | SourceError::Unreadable { .. }
        | SourceError::Refused { .. } => CheckState::Failed,
    };
    vec![Check {
        name: "host",
        state,
        text: Clean::line(&error.to_string()),
        hint: error.hint().map(|hint| Clean::line(&hint)),
        trouble: error.trouble(),
    }]
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
            cause: format!("no answer within {}", span(WAIT)),
        }),
    }
}

/// Returns the place that the configuration names for a token that did not come from there.
fn named_place(session: &Session, source: &dyn Source) -> String {
    let name = source.name();
    let config = session.settings.sources.iter();
    let Some(config) = config.into_iter().find(|config| config.name == *name) else {
        return "not looked for".to_owned();
    };
    match (&config.token_command, &config.token_env) {
        (Some(words), _) => {
            let program = words.first().map_or("", String::as_str);
            format!("none from `token_command`, `{program}`")
        }
        (None, Some(name)) if session.env.get(name).is_none() => {
            format!("none: the variable `{name}` is not set")
        }
        (None, Some(name)) => format!("from {name}"),
        (None, None) => "not looked for".to_owned(),
    }
}

/// Says what to do about a token that is refused.
fn token_hint(from: &str, place: &str) -> String {
    match from {
        UNNAMED => {
            "the host wants a token and there is none: `token_env` or `token_command` of the \
                   source names one, a token or `user:password`"
                .to_owned()
        }
        "none" => {
            "the host wants a token and there is none: `token_env` or `token_command` of the \
                   source names one, or log in with `gh auth login`"
                .to_owned()
        }
        "" => format!("check the token: {place}"),
        from => format!("check the token; it comes from {from}"),
    }
}

fn describe(source: &dyn Source, checks: &[Check], offline: bool, place: &str) -> String {
    let mut out = format!("source {}\n", source.name());
    line(&mut out, "kind", source.kind());
    line(&mut out, "address", source.host());
    let meter = source.meter();
    let token = match meter.token_from.as_str() {
        "" => place.to_owned(),
        UNNAMED => UNNAMED.to_owned(),
        "none" => {
            "none: only what is public can be read, within the limit for strangers".to_owned()
        }
        from => format!("from {from}"),
    };
    line(&mut out, "token", &token);
    if meter.insecure {
        line(&mut out, "connection", "not encrypted");
    }
    for check in checks {
        let word = match check.state {
            CheckState::Fine => "",
            CheckState::Note => "note: ",
            CheckState::Failed | CheckState::Refused => "failed: ",
        };
        line(&mut out, check.name, format!("{word}{}", check.text));
        if let Some(hint) = &check.hint {
            // Who reads this has come here already, and sees no cards.
            let hint = match check.trouble {
                Some(Trouble::Token) => token_hint(&meter.token_from, place),
                Some(Trouble::Host) => {
                    "check the address, and whether the host can be reached from here".to_owned()
                }
                None => hint.to_string(),
            };
            line(&mut out, "", format!("hint: {hint}"));
        }
    }
    let is_bad = |check: &&Check| matches!(check.state, CheckState::Failed | CheckState::Refused);
    let answer = match checks.iter().filter(is_bad).count() {
        _ if offline => "not asked".to_owned(),
        0 => "ok".to_owned(),
        1 => "one thing failed".to_owned(),
        many => format!("{many} things failed"),
    };
    line(&mut out, "answer", answer);
    // What may be changed was told above, where the source could be asked.
    let told = checks.iter().any(|check| check.name == "writes");
    let acts = |name: &str| matches!(name, "re-run" | "cancel");
    let capabilities = source.capabilities();
    for capability in capabilities.iter().filter(|one| !told || !acts(one.name)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_token_is_looked_for_where_it_comes_from() {
        for (from, place, expected) in [
            ("GH_TOKEN", "", "check the token; it comes from GH_TOKEN"),
            (
                "",
                "none from `token_command`, `op`",
                "check the token: none from `token_command`, `op`",
            ),
            (
                "none",
                "not looked for",
                "the host wants a token and there is none: `token_env` or `token_command` of the \
                 source names one, or log in with `gh auth login`",
            ),
        ] {
            assert_eq!(token_hint(from, place), expected);
        }
        assert!(token_hint(UNNAMED, "x").ends_with("a token or `user:password`"));
    }

    #[test]
    fn the_trial_leaves_the_files_of_others_alone() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("board.db");
        std::fs::write(home.path().join("board.doctor"), "mine").unwrap();
        try_to_write(&store).unwrap();
        let mut own = store.clone().into_os_string();
        own.push(format!(".doctor-{}", std::process::id()));
        std::fs::write(&own, "somebody's").unwrap();
        assert!(try_to_write(&store).is_err());
        assert_eq!(std::fs::read_to_string(&own).unwrap(), "somebody's");
        let left = std::fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, 2, "and nothing else is left");
    }
}
