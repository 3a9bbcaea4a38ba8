//! `cycleboard where`: the way of one change through the cycle.
//!
//! Finding and tracing are `domain::trace`'s; this asks, chooses and prints.

use std::sync::Arc;
use std::time::Duration;

use crate::app::cli::{Format, WAIT_SECS, WhereArgs};
use crate::app::exit::{Exit, Failure};
use crate::app::output::{self, Width, way};
use crate::app::session::Session;
use crate::domain::item::WorkItem;
use crate::domain::trace::{self, Trace};

/// How long the sources may take.
const WAIT: Duration = Duration::from_secs(WAIT_SECS);

/// The most changes that one word may mean before it is refused as too wide.
const MOST: usize = 20;

/// Prints the way of every change that the word means.
pub fn run(mut session: Session, args: &WhereArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let snapshot = session.ask_once(args.offline, WAIT)?;
    let now = (session.clock)();
    let found: Vec<&Arc<WorkItem>> = trace::find(&args.word, snapshot.items());
    if found.is_empty() {
        let verdict = super::once::source_verdict(&snapshot, now, args.offline);
        return Err(not_found(&args.word, verdict));
    }
    let traces: Vec<Trace> = found
        .iter()
        .take(MOST)
        .map(|item| trace::trace(item))
        .collect();
    let text = match output::format_or_table(args.format) {
        Format::Json => way::json(&traces, &snapshot, now).map_err(anyhow::Error::from)?,
        Format::Table => {
            let width = Width::find(session.env.get("COLUMNS").as_deref());
            way::table(&traces, &snapshot, now, width)
        }
        Format::Markdown => way::markdown(&traces, &snapshot, now),
    };
    output::print(&text)?;
    if found.len() > MOST {
        output::print(&format!(
            "and {} more; name one of them in full\n",
            found.len() - MOST
        ))?;
    }
    Ok(Exit::Fine)
}

/// Nothing found is an answer only when everybody was heard.
fn not_found(word: &str, verdict: Exit) -> Failure {
    let failure = Failure::error(format!("no card is known by `{word}`"));
    if verdict == Exit::Fine {
        failure.hint("name a commit, `#12`, `owner/repo#12`, a tag or a ticket such as `PROJ-1`")
    } else {
        failure
            .with_exit(verdict)
            .hint("not every source answered: `cycleboard sources` tells why")
    }
}
