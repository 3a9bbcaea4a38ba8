//! The board once its sources were asked: for commands that print and end.
//!
//! How long is waited, and for whom; which sources say nothing while the others have answered is
//! the engine's to say.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::app::cli::{Format, WAIT_SECS};
use crate::app::clone::has_repositories;
use crate::app::exit::{Exit, Failure};
use crate::app::session::{Session, Tasks};
use crate::app::{runtime, waiting};
use crate::domain::item::WorkItem;
use crate::domain::key::RepoKey;
use crate::domain::trace;
use crate::engine::Engine;
use crate::engine::db::Store;
use crate::engine::snapshot::{Snapshot, SourceView};
use crate::sources::REGISTRY;

/// How long a command waits for its sources.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Wait {
    /// The longest wait.
    pub within: Duration,
    /// Whether a source is left behind that says nothing while the others have answered; a person
    /// who says how long to wait wants all of them.
    pub haste: bool,
}

impl Wait {
    /// Returns the wait for what a person said, in seconds.
    pub fn of(asked: Option<u64>) -> Self {
        Self {
            within: Duration::from_secs(asked.unwrap_or(WAIT_SECS)),
            haste: asked.is_none(),
        }
    }
}

/// The board after every source was asked.
#[derive(Debug)]
pub struct Heard {
    /// The board.
    pub snapshot: Arc<Snapshot>,
    /// Whether every answer is in it that was waited for.
    pub in_time: bool,
    /// Whether what was printed tells what a person should know about the program itself.
    pub tells_notices: bool,
}

impl Heard {
    /// Tells what sources have to say beside what was printed, and returns how they stand: what
    /// is fine so far is not known where not every answer came.
    pub fn ends(&self, verdict: Exit, format: Option<Format>) -> Exit {
        waiting::remarks(&self.snapshot.sources, waiting::is_told(format));
        let notices = self.snapshot.notices.iter();
        for notice in notices.filter(|_| !self.tells_notices) {
            waiting::say(&format!("note: {notice}"));
        }
        match (self.in_time, verdict) {
            (false, Exit::Fine) => {
                waiting::say(waiting::LATE);
                Exit::Stale
            }
            (_, verdict) => verdict,
        }
    }
}

impl Session {
    /// Runs the engine until every source answered or failed, and returns the board as it is then.
    ///
    /// Where not all of them did within `wait`, that is told.
    pub fn ask_once(&mut self, offline: bool, wait: Wait) -> Result<Heard, Failure> {
        self.ask(offline, wait, None)
    }

    /// The same for what a word means: once it is known, only sources are waited for that can tell
    /// of that.
    pub fn ask_about(&mut self, word: &str, offline: bool, wait: Wait) -> Result<Heard, Failure> {
        self.ask(offline, wait, Some(word))
    }

    /// Returns the store for what is printed once: nobody looks at a screen that would tell what is
    /// wrong with it, so that it is said.
    pub fn store_or_say(&self) -> Option<Store> {
        match self.open_store() {
            Ok((store, opened)) => {
                for notice in &opened.notices {
                    waiting::say(&format!("note: {notice}"));
                }
                Some(store)
            }
            Err(failure) => {
                tracing::warn!(%failure, "store");
                waiting::say(&format!("note: {failure}"));
                None
            }
        }
    }

    fn ask(&mut self, offline: bool, wait: Wait, word: Option<&str>) -> Result<Heard, Failure> {
        let store = self.store_or_none();
        runtime::run(async {
            let tasks = Tasks::default();
            let asks = (!offline, wait.haste);
            let mut engine = self.start_to_print(store, asks, false, &tasks).await?;
            let began = (self.clock)();
            let (told, settled) = (waiting::tell(engine.snapshots.clone(), began), async {
                match word {
                    Some(word) => known(&mut engine, word, wait.within).await,
                    None => drop(engine.settled(wait.within).await),
                }
            });
            tokio::select! {
                () = settled => {}
                never = told => match never {},
            }
            let snapshot = Arc::clone(&engine.snapshots.borrow_and_update());
            let in_time = engine.is_settled() || word.is_some_and(|it| is_known(&snapshot, it));
            tasks.end().await;
            Ok(Heard {
                snapshot,
                in_time,
                tells_notices: false,
            })
        })
    }
}

/// Waits until all that can tell of what a word means has told, but no longer than `within`.
async fn known(engine: &mut Engine, word: &str, within: Duration) {
    let deadline = Instant::now() + within;
    loop {
        let snapshot = Arc::clone(&engine.snapshots.borrow_and_update());
        if engine.is_settled() || is_known(&snapshot, word) {
            return;
        }
        let news = tokio::time::timeout_at(deadline, engine.next_change()).await;
        if !matches!(news, Ok(true)) {
            return;
        }
    }
}

fn is_known(snapshot: &Snapshot, word: &str) -> bool {
    have_told(snapshot, &trace::find(word, snapshot.items()))
}

/// Returns whether every source has told all that can tell of one of these cards; of no card,
/// nobody can say who that is.
pub(super) fn have_told(snapshot: &Snapshot, cards: &[&Arc<WorkItem>]) -> bool {
    let open = snapshot.sources.iter().filter(|view| !view.settled);
    let mut open = open.filter(|view| cards.iter().any(|item| may_tell(view, item, snapshot)));
    !cards.is_empty() && open.next().is_none()
}

/// Returns whether a source may tell of a card: it did, or nothing speaks against it. A forge tells
/// of what is in its own repositories.
fn may_tell(view: &SourceView, item: &WorkItem, snapshot: &Snapshot) -> bool {
    if item.sources.contains(&view.name) || snapshot.ran_by(item).contains(&view.name) {
        return true;
    }
    let mut kinds = REGISTRY.iter();
    let kind = kinds.find(|kind| kind.config.name == view.kind);
    let is_forge = kind.is_none_or(|kind| has_repositories(kind.config.repos));
    let host = item.repo.as_ref().map(RepoKey::host);
    // The address of an interface may be another host than that of the pages: a forge that told
    // nothing yet may be the one.
    !is_forge || host.is_none_or(|host| host == view.host) || view.facts == 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::key::SourceName;
    use crate::engine::snapshot::Health;
    use crate::ui::sample;

    /// Returns whether a card of `github` is known while another source has not told all.
    #[track_caller]
    fn check(other: &SourceView, expected: bool) {
        let mut snapshot = sample::snapshot(8);
        let card = snapshot.items().find(|item| item.repo.is_some());
        let mut card = WorkItem::clone(card.expect("there are cards"));
        card.sources = [SourceName::new("github")].into_iter().collect();
        snapshot.sources = vec![sample::source("github", Health::Ok), other.clone()];
        assert_eq!(
            have_told(&snapshot, &[&Arc::new(card)]),
            expected,
            "{other:?}"
        );
    }

    #[test]
    fn only_who_can_tell_of_a_card_is_waited_for() {
        let open = |name: &str, kind, host: &str| SourceView {
            kind,
            host: host.to_owned(),
            settled: false,
            facts: 7,
            ..sample::source(name, Health::Starting)
        };
        check(&open("lab", "gitlab", "gitlab.test"), true);
        check(&open("lab", "gitlab", "github.com"), false);
        let untold = SourceView {
            facts: 0,
            ..open("lab", "gitlab", "gitlab.test")
        };
        check(&untold, false);
        let over = SourceView {
            settled: true,
            ..open("lab", "gitlab", "github.com")
        };
        check(&over, true);
        check(&open("ci", "jenkins", "ci.test"), false);
        check(&open("github", "github", "github.com"), false);
    }

    #[test]
    fn of_no_card_nobody_can_say_who_tells() {
        assert!(!have_told(&sample::snapshot(8), &[]));
    }
}
