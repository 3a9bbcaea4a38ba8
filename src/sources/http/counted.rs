//! What one poll was charged with, counted where its requests are.
//!
//! Polls of one source run side by side; what belongs to which is known by the
//! task-local count around each.

use std::cell::Cell;

tokio::task_local! {
    static COUNT: Cell<Count>;
}

/// The requests of one poll.
#[derive(Clone, Copy, Default)]
struct Count {
    /// Requests by REST.
    rest: u32,
    /// Of them not answered with 304.
    charged: u32,
    /// Queries, which cost points and not requests.
    queries: u32,
}

/// Runs a poll; returns how many requests of it were charged, if it sent such and nothing else.
pub async fn counted<T>(poll: impl Future<Output = T>) -> (T, Option<u32>) {
    COUNT
        .scope(Cell::default(), async {
            let outcome = poll.await;
            let count = COUNT.with(Cell::get);
            let told = count.rest > 0 && count.queries == 0;
            (outcome, told.then_some(count.charged))
        })
        .await
}

/// Counts one request; outside of a poll nobody asks.
pub(super) fn count(method: &str, status: Option<u16>) {
    // Outside of a poll there is no count.
    let _ = COUNT.try_with(|cell| {
        let mut count = cell.get();
        if method == "POST" {
            count.queries += 1;
        } else {
            count.rest += 1;
            count.charged += u32::from(status != Some(304));
        }
        cell.set(count);
    });
}

#[cfg(test)]
mod tests {
    use super::{count, counted};

    #[tokio::test]
    async fn polls_side_by_side_count_for_themselves() {
        let poll = |statuses: &'static [u16]| {
            counted(async move {
                for status in statuses {
                    tokio::task::yield_now().await;
                    count("GET", Some(*status));
                }
            })
        };
        let (cheap, dear, none) =
            tokio::join!(poll(&[304, 304]), poll(&[200, 304, 500]), poll(&[]));
        assert_eq!((cheap.1, dear.1, none.1), (Some(0), Some(2), None));
        count("GET", Some(200));
    }

    #[tokio::test]
    async fn a_poll_with_a_query_tells_nothing() {
        let ((), told) = counted(async {
            count("GET", None);
            count("POST", Some(200));
        })
        .await;
        assert_eq!(told, None);
    }
}
