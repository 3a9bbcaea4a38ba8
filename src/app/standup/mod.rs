//! `cycleboard standup`: what moved, what is stuck, who waits for whom.
//!
//! Asks the sources once and prints what `domain::standup` prepared. `kept` remembers when the last
//! one was held, and the parking lot; the view uses both by the same functions.

pub mod desk;
pub mod kept;

use std::sync::Arc;

use crate::app::cli::{StandupArgs, StandupFormat};
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::output::standup::{self as output_standup, Minutes};
use crate::app::output::{self, standup::text};
use crate::app::recall::{Reach, Recalled, recall};
use crate::app::session::Session;
use crate::app::standup::kept::Kept;
use crate::app::{cli::Format, once, team, waiting};
use crate::domain::Timestamp;
use crate::domain::calendar::Calendar;
use crate::domain::item::WorkItem;
use crate::domain::standup::{Material, Since, Standup, moment};
use crate::domain::text::nearest;

/// Prints the stand-up of now.
pub fn run(mut session: Session, args: &StandupArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let asked = Since::parse(&args.since).ok_or_else(|| unknown(&args.since))?;
    let Recalled { heard, ledger, .. } =
        recall(&mut session, args.offline, Wait::of(args.wait), Reach::Days)?;
    let snapshot = &heard.snapshot;
    let now = (session.clock)();
    let calendar = team::calendar(&session, now);
    let kept = kept_of(&session);
    let board = kept.load();
    let since = asked.moment(&calendar, board.last, now);
    if since > now {
        let told = moment(since, &calendar, now);
        let failure = Failure::usage(format!("`--since`: {told} is still to come"));
        return Err(failure.hint("a stand-up looks back, e.g. `1d` or `yesterday`"));
    }
    let cards: Vec<&Arc<WorkItem>> = snapshot.items().collect();
    let material = Material {
        ledger: &ledger,
        cards: &cards,
        calendar: &calendar,
        roster: &session.settings.team.roster(),
        parked: &board.parked,
    };
    let standup = Standup::prepare(material, since, now);
    let minutes = Minutes {
        standup: &standup,
        calendar: &calendar,
        columns: &session.settings.board.columns,
        snapshot,
        by: args.by,
    };
    let extent = if args.all {
        text::Extent::All
    } else {
        text::Extent::Message
    };
    let text = match args.format {
        StandupFormat::Json => output_standup::json::json(minutes).map_err(anyhow::Error::from)?,
        StandupFormat::Markdown => text::write(minutes, text::Form::Markdown, extent),
        StandupFormat::Text => text::write(minutes, text::Form::Text, extent),
    };
    output::print(&text)?;
    if args.done {
        let silent: Vec<&str> = minutes.silent().map(|view| view.name.as_str()).collect();
        if args.offline {
            hold(&kept, now, &calendar, &[]);
        } else if silent.len() == snapshot.sources.len() {
            waiting::say("note: not remembered as held: no source answered");
        } else {
            hold(&kept, now, &calendar, &silent);
        }
    }
    let verdict = once::source_verdict(&snapshot.sources, now, args.offline);
    let format = match args.format {
        StandupFormat::Json => Format::Json,
        StandupFormat::Markdown | StandupFormat::Text => Format::Markdown,
    };
    Ok(heard.ends(verdict, Some(format)))
}

/// Returns where the stand-ups of the board of a session are kept.
///
/// A board is known by its store: two that share one are one, and the demo's is its own.
pub fn kept_of(session: &Session) -> Kept {
    Kept::at(session.paths.standup(), session.board_name())
}

/// Remembers that a stand-up was held.
fn hold(kept: &Kept, now: Timestamp, calendar: &Calendar, silent: &[&str]) {
    let (_, trouble) = kept.held(now);
    let told = trouble.unwrap_or_else(|| {
        let at = moment(now, calendar, now);
        let without = match silent {
            [] => String::new(),
            silent => format!(", without what {} would tell", silent.join(", ")),
        };
        format!("note: held at {at}{without}; the next stand-up looks back to it")
    });
    waiting::say(&told);
}

fn unknown(text: &str) -> Failure {
    let hint = nearest(text, Since::WORDS).map_or_else(
        || "e.g. `last`, `1d`, `yesterday`, `friday`, `09:30`, `2026-11-20 09:30`".to_owned(),
        |word| format!("did you mean `{word}`?"),
    );
    Failure::usage(format!("`--since`: `{text}` is no moment")).hint(hint)
}
