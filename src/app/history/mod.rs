//! `cycleboard history`: what history holds, and all of it as records.
//!
//! Asks sources once so that history is up to date; how records are written is `output::export`'s.

mod export;

use crate::app::cli::{HistoryArgs, HistoryCommand};
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::output::history::{Kept, Rows};
use crate::app::output::{self, Width, format_or_table};
use crate::app::recall::{Reach, Recalled, recall};
use crate::app::session::Session;
use crate::app::{cli, once};

/// Tells what history holds, or writes it out.
pub fn run(session: Session, args: &HistoryArgs) -> Result<Exit, Failure> {
    match &args.command {
        Some(HistoryCommand::Export(export)) => export::run(session, export),
        None => about(session, args),
    }
}

/// Tells since when history counts, how much it holds and of which repositories.
fn about(mut session: Session, args: &HistoryArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let Recalled { heard, ledger, .. } =
        recall(&mut session, args.offline, Wait::of(None), Reach::Days)?;
    let snapshot = &heard.snapshot;
    let now = (session.clock)();
    let file = session.store_file();
    let kept = Kept {
        rows: Rows::of(&ledger),
        bytes: size(&file),
        file: &file.display().to_string(),
        days: session.settings.history.days,
        ledger: &ledger,
        snapshot,
        now,
    };
    let text = match format_or_table(args.format) {
        cli::Format::Json => output::history::json(&kept).map_err(anyhow::Error::from)?,
        cli::Format::Table => {
            output::history::table(&kept, Width::find(&session.env, session.settings.ui.ascii))
        }
        cli::Format::Markdown => output::history::markdown(&kept),
    };
    output::print(&text)?;
    let verdict = once::source_verdict(&snapshot.sources, now, args.offline);
    Ok(heard.ends(verdict, args.format))
}

/// Returns how much of the disk the store takes, what it has not put in its place yet included.
fn size(file: &std::path::Path) -> u64 {
    let parts = ["", "-wal", "-shm"].into_iter().map(|end| {
        let mut name = file.to_path_buf().into_os_string();
        name.push(end);
        std::fs::metadata(name).map_or(0, |about| about.len())
    });
    parts.sum()
}
