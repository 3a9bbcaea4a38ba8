//! Who is waited for, while a command asks its sources before it prints.
//!
//! Said on standard error, to people only, and only when it takes a while.

use std::io::{IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::app::cli::Format;
use crate::app::{guard, output, redact};
use crate::domain::Timestamp;
use crate::domain::flow::Window;
use crate::domain::text::{Clean, counted};
use crate::engine::sight::is_blind;
use crate::engine::snapshot::{Health, Snapshot, SourceView};
use crate::engine::{Engine, Progress};
use crate::sources::PastRead;

/// How many remarks of one source are told.
const MOST: usize = 10;

/// How long nothing is said.
const QUIET: Duration = Duration::from_secs(2);

/// What is said where not all that was asked was answered.
pub const LATE: &str = "note: not every answer came in time";

/// Why nothing is counted of what was before the board began to watch.
pub const NO_PAST: &str = "no past is read, as `days` of `[history]` is 0";

/// What is to be done where not everybody was heard.
pub const NOT_EVERYBODY: &str = "not every source answered: `cycleboard sources` tells why";

/// Waits until every source answered or failed, but no longer than `wait`.
pub async fn settled(engine: &mut Engine, began: Timestamp, wait: Duration) -> Arc<Snapshot> {
    let snapshots = engine.snapshots.clone();
    tokio::select! {
        snapshot = engine.settled(wait) => snapshot,
        never = tell(snapshots, began) => match never {},
    }
}

/// Waits until sources have read what history alone reads, but no longer than `wait`; returns
/// whether they have.
pub async fn past_read(engine: &mut Engine, wait: Duration) -> bool {
    let snapshots = engine.snapshots.clone();
    tokio::select! {
        read = engine.history_read(wait) => read,
        never = tell_of_past(snapshots) => match never {},
    }
}

/// Tells people how much of the past is read, for as long as it is waited.
async fn tell_of_past(mut snapshots: watch::Receiver<Arc<Snapshot>>) -> std::convert::Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    tokio::time::sleep(QUIET).await;
    let mut told = PastRead::default();
    loop {
        let past = past_of(&snapshots.borrow_and_update().sources);
        if past != told && past.of > 0 {
            say(&format!("reading the past: {} …", past.counts()));
        }
        told = past;
        if snapshots.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Waits until history is told as far as facts are known, but no longer than `wait`; returns
/// whether it is.
pub async fn told(engine: &mut Engine, wait: Duration) -> bool {
    let progress = engine.told.clone();
    tokio::select! {
        told = engine.history_told(wait) => told,
        never = tell_of_telling(progress) => match never {},
    }
}

/// Tells people of how many repositories history is told, for as long as it is waited.
async fn tell_of_telling(mut progress: watch::Receiver<Progress>) -> std::convert::Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    tokio::time::sleep(QUIET).await;
    loop {
        let Progress { told, left, .. } = *progress.borrow_and_update();
        if left > 0 {
            let all = told + left;
            say(&format!(
                "telling history: {told} of {} …",
                counted(all, "repository")
            ));
        }
        if progress.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// Returns the line that says how much of the past could not be read in time.
pub fn unread(sources: &[SourceView]) -> String {
    let past = past_of(sources);
    if past.is_over() {
        return "note: not every time of a change request could be read yet".to_owned();
    }
    format!(
        "note: the past of {} is read; run it again, or with a longer `--wait`",
        past.counts()
    )
}

/// Returns the line that says since when history counts, and why not for longer, where it does
/// not for as long as was asked.
pub fn since(window: &Window, sources: &[SourceView], unread: Option<&str>) -> Option<String> {
    let since = window.since.filter(|_| window.is_cut())?;
    let mut line = format!("note: history counts since {}", since.date_naive());
    let past = past_of(sources);
    let cannot = sources
        .iter()
        .find_map(|view| Some((view.name.as_str(), view.past.cannot?)));
    if window.dropped {
        line.push_str(": what was before is dropped, as the store may be no larger");
    } else if let Some(why) = unread {
        line.extend([": ", why]);
    } else if !past.is_over() || past.lost > 0 {
        line.extend([": the past of ", &past.counts(), " is read"]);
    } else if let Some((name, why)) = cannot {
        line.extend([": source `", name, "`: ", why]);
    } else {
        line.push_str(": a source tells no more of what was before");
    }
    Some(line)
}

/// Returns of how many repositories the past is read, of all sources.
pub fn past_of(sources: &[SourceView]) -> PastRead {
    let all = sources.iter().map(|view| view.past);
    all.fold(PastRead::default(), PastRead::and)
}

/// Tells people who is waited for, for as long as it is waited.
pub async fn tell(
    mut snapshots: watch::Receiver<Arc<Snapshot>>,
    began: Timestamp,
) -> std::convert::Infallible {
    if !std::io::stderr().is_terminal() {
        return std::future::pending().await;
    }
    tokio::time::sleep(QUIET).await;
    let mut told = String::new();
    loop {
        let line = names(&snapshots.borrow_and_update().sources, began);
        if line != told && !line.is_empty() {
            say(&line);
        }
        told = line;
        if snapshots.changed().await.is_err() {
            return std::future::pending().await;
        }
    }
}

/// What was said while the screen was taken.
static HELD: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// The most lines that wait for the screen to be given back.
const HELD_MOST: usize = 50;

/// Says a line on standard error, once the screen is given back: beside frames a line would
/// scroll them out of place.
pub fn say(line: &str) {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    say_to(&mut std::io::stderr(), &mut held, line, guard::is_taken());
}

/// Says what waited for the screen to be given back.
pub fn say_held() {
    let mut held = HELD.lock().unwrap_or_else(PoisonError::into_inner);
    if !guard::is_taken() {
        flush(&mut std::io::stderr(), &mut held);
    }
}

fn say_to(out: &mut impl Write, held: &mut Vec<String>, line: &str, is_taken: bool) {
    if is_taken {
        if held.len() < HELD_MOST {
            held.push(line.to_owned());
        }
        return;
    }
    flush(out, held);
    // Nobody is told where there is nobody.
    drop(writeln!(out, "{}", redact::shown(line)));
}

fn flush(out: &mut impl Write, held: &mut Vec<String>) {
    for line in held.drain(..) {
        drop(writeln!(out, "{}", redact::shown(&line)));
    }
}

/// Returns whether people who read what is printed see how sources stand.
pub fn is_told(format: Option<Format>) -> bool {
    let is_for_people = match output::format_or_table(format) {
        Format::Table | Format::Markdown => true,
        Format::Json => false,
    };
    is_for_people && std::io::stdout().is_terminal()
}

/// Tells beside what is printed what sources have to say, a line each; `told` says whether the
/// first sentence of each is in what is printed.
pub fn remarks(sources: &[SourceView], told: bool) {
    for line in remark_lines(sources, told) {
        say(&line);
    }
}

fn remark_lines(sources: &[SourceView], told: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for view in sources {
        let is_alone = view.remarks.len() <= 1;
        if is_alone && (told || (view.health == Health::Ok && !is_blind(view))) {
            continue;
        }
        // Of a source that another program polls, the sentence is all that is known.
        let is_all = view.remarks.is_empty() && is_blind(view);
        let is_trouble = view.health != Health::Ok || is_all;
        let message = view.message.as_deref();
        let first = message.filter(|_| is_trouble);
        let others = view.remarks.iter().map(Clean::as_str);
        let others = others.filter(|text| !first.is_some_and(|first| says(first, text)));
        let shown_first = first.filter(|_| !told);
        let all: Vec<&str> = shown_first.into_iter().chain(others).collect();
        let shown = all.iter().take(MOST);
        lines.extend(shown.map(|text| format!("note: source `{}`: {text}", view.name)));
        if let Some(more) = all.len().checked_sub(MOST).filter(|more| *more > 0) {
            lines.push(format!(
                "note: source `{}`: and {more} more remarks",
                view.name
            ));
        }
    }
    lines
}

/// Returns whether a sentence says already what another one does: it begins with it and goes on, or
/// it names several things where the other names one of them.
fn says(sentence: &str, other: &str) -> bool {
    let same = sentence.chars().zip(other.chars());
    let same: usize = same
        .take_while(|(a, b)| a == b)
        .map(|(a, _)| a.len_utf8())
        .sum();
    let rest = |text: &'_ str| text.get(same..).unwrap_or_default().trim().to_owned();
    // What begins otherwise is another matter.
    same * 3 >= other.len() && rest(sentence).contains(&rest(other))
}

/// Returns the line that names the sources which have told nothing since `began`.
fn names(sources: &[SourceView], began: Timestamp) -> String {
    let open = sources.iter().filter(|view| {
        let told = view.last_success.is_some_and(|at| at >= began);
        !told && (view.health == Health::Starting || view.health.is_down())
    });
    let names: Vec<String> = open.map(|view| format!("`{}`", view.name)).collect();
    if names.is_empty() {
        return String::new();
    }
    format!("waiting for {} …", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::says;

    #[track_caller]
    fn check(other: &str, expected: bool) {
        let sentence = "h does not let us read /a/version and /a/repos; one other request fails as \
                        well";
        assert_eq!(says(sentence, other), expected, "{other}");
    }

    #[test]
    fn the_same_trouble_is_told_once() {
        check("h does not let us read /a/version", true);
        check("h does not let us read /a/repos", true);
        check("h does not let us read /a/issues", false);
        check("only a part of /a was read", false);
        check("h answers 500 (internal server error)", false);
        let alone = "h answers 500 (internal server error)";
        assert!(says(alone, alone));
        assert!(says(
            &format!("{alone}; 3 other requests fail as well"),
            alone
        ));
    }

    #[test]
    fn nothing_is_written_beside_frames() {
        let (mut out, mut held) = (Vec::new(), Vec::new());
        super::say_to(&mut out, &mut held, "beside", true);
        assert!(out.is_empty());
        super::say_to(&mut out, &mut held, "after", false);
        assert_eq!(String::from_utf8(out).unwrap(), "beside\nafter\n");
        assert!(held.is_empty());
    }
}
