//! The program's tasks, and those of one engine within them.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to end, once they are told to.
const GOODBYE: Duration = Duration::from_millis(1_500);

/// How long those of one engine may take, while a screen goes on: a slow disk is waited for.
const CHANGING: Duration = Duration::from_secs(5);

/// The program's tasks: all belong to a tracker and end with its token.
#[derive(Clone, Default, Debug)]
pub struct Tasks {
    /// Whose they are.
    pub tracker: TaskTracker,
    /// What ends them.
    pub cancel: CancellationToken,
    /// Those of the simulated forge, which end last: it is asked until the end.
    pub forge: (TaskTracker, CancellationToken),
}

impl Tasks {
    /// Ends them all, and waits for a moment until they have.
    pub async fn end(&self) {
        self.cancel.cancel();
        self.tracker.close();
        if tokio::time::timeout(GOODBYE, self.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!(left = self.tracker.len(), "tasks did not end in time");
        }
        self.forge.1.cancel();
    }

    /// Returns tasks of their own within these: they end with them, or before.
    #[must_use]
    pub fn within(&self) -> Self {
        let inner = Self {
            tracker: TaskTracker::new(),
            cancel: self.cancel.child_token(),
            forge: self.forge.clone(),
        };
        let (tracker, cancel) = (inner.tracker.clone(), inner.cancel.clone());
        // Who waits for all waits for these, too.
        drop(self.tracker.spawn(async move {
            cancel.cancelled().await;
            tracker.close();
            tracker.wait().await;
        }));
        inner
    }

    /// Ends these alone, and waits until they have, though not for ever.
    pub async fn stop(&self) {
        self.cancel.cancel();
        self.tracker.close();
        let ended = tokio::time::timeout(CHANGING, self.tracker.wait()).await;
        if ended.is_err() {
            tracing::warn!(left = self.tracker.len(), "an engine did not end in time");
        }
    }
}
