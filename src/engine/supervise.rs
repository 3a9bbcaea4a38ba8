//! Futures that may panic without taking anything else down.
//!
//! While one is polled, its thread is marked, so that the program's panic hook
//! can leave the screen alone: see [`is_supervised`].

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;

thread_local! {
    static SUPERVISED: Cell<bool> = const { Cell::new(false) };
}

/// Returns whether a supervised future is being polled on this thread.
pub fn is_supervised() -> bool {
    SUPERVISED.get()
}

/// A panic that was caught.
#[derive(Debug)]
pub struct Panicked {
    /// What it said, if it said anything.
    pub message: String,
}

/// A future whose panics become [`Panicked`].
pub struct Supervised<'a, T> {
    inner: BoxFuture<'a, T>,
}

/// Wraps a future so that a panic in it ends only it.
pub fn supervised<'a, T>(inner: impl Future<Output = T> + Send + 'a) -> Supervised<'a, T> {
    Supervised {
        inner: Box::pin(inner),
    }
}

impl<T> Future for Supervised<'_, T> {
    type Output = Result<T, Panicked>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let before = SUPERVISED.replace(true);
        let polled = catch_unwind(AssertUnwindSafe(|| self.inner.as_mut().poll(context)));
        SUPERVISED.set(before);
        match polled {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Err(panic) => Poll::Ready(Err(Panicked {
                message: message(panic.as_ref()),
            })),
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}
