//! `cycleboard where`: the way of one change through the cycle.
//!
//! Finding and tracing are `domain::trace`'s; this asks, chooses and prints.

use std::sync::Arc;

use crate::app::cli::{Format, WhereArgs};
use crate::app::exit::{Exit, Failure};
use crate::app::heard::Wait;
use crate::app::once;
use crate::app::output::way::Ways;
use crate::app::output::{self, Width, way};
use crate::app::session::Session;
use crate::app::waiting;
use crate::domain::item::{EvidenceKind, WorkItem};
use crate::domain::text::nearest;
use crate::domain::trace::{self, SIGNS, Trace};
use crate::engine::snapshot::Snapshot;

/// The most changes that one word may mean before only some are told.
const MOST: usize = 50;

/// How many of them are named on standard error.
const NAMED: usize = 10;

/// Prints the way of every change that the word means.
pub fn run(mut session: Session, args: &WhereArgs) -> Result<Exit, Failure> {
    session.require_sources()?;
    let heard = session.ask_about(&args.word, args.offline, Wait::of(None))?;
    let snapshot = &heard.snapshot;
    let now = (session.clock)();
    let found: Vec<&Arc<WorkItem>> = trace::find(&args.word, snapshot.items());
    if found.is_empty() {
        let verdict = once::source_verdict(&snapshot.sources, now, args.offline);
        // What was cut off may be what was asked for.
        let verdict = once::seen(verdict, &snapshot.sources);
        let verdict = heard.ends(verdict, None);
        return Err(not_found(&args.word, snapshot, verdict));
    }
    let traces: Vec<Trace> = found
        .iter()
        .take(MOST)
        .map(|item| trace::trace(item))
        .collect();
    let ways = Ways {
        word: &args.word,
        traces: &traces,
        more: found.len() - traces.len(),
        snapshot,
        now,
    };
    let text = match output::format_or_table(args.format) {
        Format::Json => way::json(ways).map_err(anyhow::Error::from)?,
        Format::Table => {
            let width = Width::find(&session.env, session.settings.ui.ascii);
            way::table(ways, width)
        }
        Format::Markdown => way::markdown(ways),
    };
    output::print(&text)?;
    // Other sources may fail: what was asked for is known.
    let verdict = once::source_verdict(ways.sources(), now, args.offline);
    let verdict = heard.ends(verdict, args.format);
    if found.len() < 2 {
        return Ok(verdict);
    }
    // A script that means one change must be able to tell.
    waiting::say(&format!("note: {}", several(&args.word, &found, snapshot)));
    Ok(Exit::Error)
}

/// Says which cards a word means, where it means several.
fn several(word: &str, found: &[&Arc<WorkItem>], snapshot: &Snapshot) -> String {
    // Two hosts may have a repository of one name: then only the identity tells them apart.
    let is_shared = |item: &WorkItem| found.iter().filter(|other| other.key == item.key).count();
    let name = |item: &&Arc<WorkItem>| match is_shared(item) {
        1 => format!("`{}`", snapshot.names().key(item)),
        _ => format!("`{}`", item.id),
    };
    let keys: Vec<String> = found.iter().map(name).collect();
    let (named, rest) = keys.split_at(keys.len().min(NAMED));
    let more = match rest.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "`{word}` names {} cards: {}{more}; name one in full",
        keys.len(),
        named.join(", ")
    )
}

/// Nothing found is an answer only when everybody was heard.
fn not_found(word: &str, snapshot: &Snapshot, verdict: Exit) -> Failure {
    let failure = Failure::error(format!("no card is known by `{word}`"));
    if verdict != Exit::Fine {
        return failure.with_exit(verdict).hint(waiting::NOT_EVERYBODY);
    }
    failure.hint(similar(word, snapshot).map_or_else(
        || "name a commit, `#12`, `owner/repo#12`, a tag (`owner/repo@v1.2.3`) or a ticket such as `PROJ-1`".to_owned(),
        |name| format!("did you mean `{name}`?"),
    ))
}

/// Returns the name that was probably meant. Another number is another thing, not a slip.
fn similar(word: &str, snapshot: &Snapshot) -> Option<String> {
    let number = |name: &str| -> String { name.chars().filter(char::is_ascii_digit).collect() };
    let asked = number(word);
    if asked.len() == word.trim_start_matches(SIGNS).len() {
        return None;
    }
    let names = snapshot.items().flat_map(|item| {
        let releases = item
            .evidence
            .iter()
            .filter(|evidence| evidence.kind == EvidenceKind::Release)
            .map(|evidence| evidence.key.as_str());
        std::iter::once(item.key.as_str()).chain(releases)
    });
    let same = names.filter(|name| asked.is_empty() || number(name).starts_with(&asked));
    nearest(word, same).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::ItemId;
    use crate::domain::stage::Stage;
    use crate::ui::sample;

    #[test]
    fn cards_of_one_name_are_told_apart_by_their_identity_and_others_by_their_name() {
        let card = |host: &str| {
            let mut card = sample::card(1, Stage::Plan);
            card.id = ItemId::new(&format!("ticket:{host}/acme/api#1"));
            Arc::new(card)
        };
        let cards = [card("a.test"), card("b.test")];
        let found: Vec<&Arc<WorkItem>> = cards.iter().collect();
        let snapshot = sample::snapshot(8);
        assert_eq!(
            several("#1", &found, &snapshot),
            "`#1` names 2 cards: `ticket:a.test/acme/api#1`, `ticket:b.test/acme/api#1`; name \
             one in full"
        );
        let other = Arc::new(sample::card(2, Stage::Plan));
        let told = several("x", &[&cards[0], &other], &snapshot);
        assert!(!told.contains("ticket:"), "{told}");
    }
}
