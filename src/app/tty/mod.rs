//! What the terminal says: keys, mouse, pastes, its size, its ground.
//!
//! Reads stop while another program has the terminal: a key for it would be taken from it. What
//! the bytes mean is said in `decode`, who reads them in `reader`; no command is known here.

mod decode;
mod keys;
mod mouse;
mod reader;

use std::cell::RefCell;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use crossterm::event::Event;
use futures_util::Stream;
use rustix::fs::OFlags;
use rustix::process::Signal;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};

use crate::app::ground::Ground;
use reader::Reader;

/// What came from the terminal.
#[derive(Clone, PartialEq, Debug)]
pub enum Input {
    /// A key, the mouse, a paste, the focus.
    Event(Event),
    /// It told how dark its ground is, asked or not.
    Ground(Ground),
    /// It has changed its size, and may show anything.
    Resized,
}

/// What the terminal says; clones are the same stream.
#[derive(Clone, Debug, Default)]
pub struct Events(Rc<RefCell<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    tty: Option<OwnedFd>,
    sizes: Option<Listener>,
    reader: Option<Reader>,
}

impl Events {
    /// Opens the keyboard and listens for sizes; nothing is read before [`Events::begin`].
    ///
    /// # Errors
    ///
    /// There is no keyboard.
    pub fn open() -> io::Result<Self> {
        Ok(Self(Rc::new(RefCell::new(Inner {
            tty: Some(open_keyboard()?),
            sizes: Some(signal(SignalKind::window_change())?),
            reader: None,
        }))))
    }

    /// Begins to read.
    ///
    /// # Errors
    ///
    /// No thread could be started.
    pub fn begin(&self) -> io::Result<()> {
        let mut inner = self.0.borrow_mut();
        let tty = inner.tty.as_ref().map(OwnedFd::try_clone).transpose()?;
        inner.reader = tty.map(|tty| Reader::begin(tty, hang_up)).transpose()?;
        Ok(())
    }

    /// Reads no more; what the terminal tells from now on is for somebody else.
    pub fn end(&self) {
        drop(self.0.borrow_mut().reader.take());
    }
}

impl Stream for Events {
    type Item = io::Result<Input>;

    /// Whoever begins anew polls anew.
    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut inner = self.0.borrow_mut();
        if let Some(sizes) = &mut inner.sizes
            && let Poll::Ready(Some(())) = sizes.poll_recv(context)
        {
            return Poll::Ready(Some(Ok(Input::Resized)));
        }
        match &mut inner.reader {
            Some(reader) => reader.poll(context).map(|input| input.map(Ok)),
            None => Poll::Pending,
        }
    }
}

/// Whoever handles a hang-up handles this one, too: nobody else may have been told.
fn hang_up() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::HUP);
}

/// Opens the terminal of standard input anew, so that our way of waiting is not the shell's; where
/// that is none, the one that the program belongs to.
fn open_keyboard() -> io::Result<OwnedFd> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let open = |path: &str| {
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
        file.map(OwnedFd::from)
    };
    if io::stdin().is_terminal() {
        match open("/proc/self/fd/0") {
            Ok(tty) => Ok(tty),
            Err(_) => Ok(rustix::io::dup(rustix::stdio::stdin())?),
        }
    } else {
        open("/dev/tty")
    }
}
