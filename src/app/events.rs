//! The terminal's events, which stop while another program has the terminal.
//!
//! crossterm reads on a thread of its own as long as its stream is there: a key for the other
//! program would be taken from it. So the stream goes, and a new one comes.

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crossterm::event::{Event, EventStream};
use futures_util::Stream;

/// The terminal's events; clones are the same stream.
#[derive(Clone, Debug, Default)]
pub struct Events(Rc<RefCell<Option<EventStream>>>);

impl Events {
    /// Begins to read.
    pub fn begin(&self) {
        *self.0.borrow_mut() = Some(EventStream::new());
    }

    /// Reads no more; what the terminal tells from now on is for somebody else.
    pub fn end(&self) {
        drop(self.0.borrow_mut().take());
    }
}

impl Stream for Events {
    type Item = io::Result<Event>;

    /// Whoever begins anew polls anew.
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.0.borrow_mut().as_mut() {
            Some(events) => Pin::new(events).poll_next(context),
            None => Poll::Pending,
        }
    }
}
