//! The log of a job that runs: it grows below, and the cursor stays at the end while it is there.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::diagnosis::LogKey;
use crate::log::Grows;
use crate::log::{Fold, Index, LogError};
use crate::ui::effect::Effect;
use crate::ui::logs::Live;
use crate::ui::state::{LogPane, LogStanding};

/// Asks for a log as it grows.
pub(super) fn follow(log: &mut LogPane, key: LogKey) -> Effect {
    log.standing = LogStanding::Asked;
    log.asked_at = None;
    log.live = Some(Live::default());
    Effect::FollowLog(key)
}

/// Returns whether it was followed, and is not any more though its job runs.
pub(super) fn is_stopped(log: &LogPane) -> bool {
    let stands = log.live.as_ref().map(|live| &live.stands);
    stands.is_some_and(|stands| match stands {
        Grows::Stopped(_) => true,
        Grows::Starting | Grows::Following | Grows::Trouble(_) | Grows::Ended(_) => false,
    })
}

/// Forgets what was shown: it begins anew.
pub(super) fn begin(log: &mut LogPane) {
    log.index = None;
    log.lines = BTreeMap::new();
    log.asked.clear();
    log.generation += 1;
    log.errors = Vec::new();
    log.first = None;
    log.copying = None;
    log.search = None;
}

/// Returns whether an index is all of the log that is shown as it grew.
pub(super) fn has_come_whole(log: &LogPane, index: &Index) -> bool {
    let shown = log.index.as_ref().filter(|_| log.live.is_some());
    log.standing == LogStanding::Open && shown.is_some_and(|shown| index.continues(shown))
}

/// Takes in what there is more of it.
pub(super) fn grown(
    log: &mut LogPane,
    index: &Arc<Index>,
    errors: Option<(Option<u64>, Vec<LogError>)>,
    height: u64,
) {
    if let Some((first, errors)) = errors {
        (log.first, log.errors) = (first, errors);
    }
    let Some(before) = log.index.replace(Arc::clone(index)) else {
        log.standing = LogStanding::Open;
        log.fold = Fold::open(index);
        log.go_to_end(height);
        return;
    };
    let at_end = log.is_at_end();
    log.fold.grow(index);
    // The last line may say something else now.
    let (whole, _) = before.whole();
    log.lines.split_off(&whole);
    if let Some(search) = &mut log.search {
        search.of = index.lines();
    }
    if at_end {
        log.go_to_end(height);
    } else {
        log.settle(height);
    }
}
