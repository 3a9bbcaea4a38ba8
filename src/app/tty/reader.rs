//! The thread that reads the terminal: it sleeps in the kernel until there is something to read,
//! a begun sequence has waited long enough, or nobody listens any more.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc as threads;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::sync::mpsc;

use super::Input;
use super::decode::Decoder;
use crate::app::guard;

/// How much may wait for the loop; more waits in the kernel.
const QUEUE: usize = 1_024;

/// How much is read at once.
const CHUNK: usize = 4_096;

/// How long is waited where there would be nothing but to ask again.
const MOMENT: Duration = Duration::from_millis(50);

/// How long the end of the thread is waited for; longer only where a read cannot be broken off.
const PATIENCE: Duration = Duration::from_millis(500);

/// A thread that reads until it is dropped, or the terminal is gone.
#[derive(Debug)]
pub(super) struct Reader {
    inputs: mpsc::Receiver<Input>,
    /// Gone, it wakes the thread.
    awake: Option<UnixStream>,
    ended: threads::Receiver<()>,
}

impl Reader {
    /// Begins to read; `hang_up` is called once the terminal is gone.
    pub(super) fn begin(tty: OwnedFd, hang_up: fn()) -> io::Result<Self> {
        let (tell, inputs) = mpsc::channel(QUEUE);
        let (awake, stop) = UnixStream::pair()?;
        let (end, ended) = threads::sync_channel::<()>(1);
        std::thread::Builder::new()
            .name("keyboard".to_owned())
            .spawn(move || {
                let thread = Thread { tty, stop, tell };
                if thread.run() == Ending::Gone {
                    hang_up();
                }
                drop(end);
            })?;
        Ok(Self {
            inputs,
            awake: Some(awake),
            ended,
        })
    }

    /// Returns what comes next; nothing once the terminal is gone.
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Input>> {
        self.inputs.poll_recv(context)
    }
}

impl Drop for Reader {
    /// Once this returns, nothing is taken from the terminal any more.
    fn drop(&mut self) {
        self.inputs.close();
        drop(self.awake.take());
        // The other end is dropped with the thread; nothing is ever sent.
        let _ = self.ended.recv_timeout(PATIENCE);
    }
}

/// Why the thread ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ending {
    /// Nobody listens any more.
    Stopped,
    /// The terminal is gone.
    Gone,
}

/// What became of a wait.
enum Woken {
    /// There is something to read, or the end of it.
    Read,
    /// Nothing came in time.
    Late,
    /// A signal: it is asked again.
    Again,
    End(Ending),
}

struct Thread {
    tty: OwnedFd,
    stop: UnixStream,
    tell: mpsc::Sender<Input>,
}

impl Thread {
    fn run(&self) -> Ending {
        let mut decoder = Decoder::default();
        let mut bytes = [0; CHUNK];
        loop {
            match self.wait(decoder.patience()) {
                Woken::Again => continue,
                Woken::End(ending) => return ending,
                Woken::Late => decoder.pause(),
                // Whoever reads from the background is stopped.
                Woken::Read if guard::is_in_background() => {
                    if self.rest() {
                        return Ending::Stopped;
                    }
                }
                Woken::Read => match rustix::io::read(&self.tty, &mut bytes) {
                    // A terminal that is gone says so to `poll`, too.
                    Ok(0) if self.is_gone() => return Ending::Gone,
                    Ok(0) => {
                        if self.rest() {
                            return Ending::Stopped;
                        }
                    }
                    Ok(length) => decoder.take(bytes.get(..length).unwrap_or_default()),
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(_) => return Ending::Gone,
                },
            }
            while let Some(input) = decoder.next() {
                if self.tell.blocking_send(input).is_err() {
                    return Ending::Stopped;
                }
            }
        }
    }

    /// Waits for bytes, as long as the decoder does.
    fn wait(&self, patience: Option<Duration>) -> Woken {
        let patience = patience.map(timespec);
        let mut fds = [
            PollFd::new(&self.tty, PollFlags::IN),
            PollFd::new(&self.stop, PollFlags::IN),
        ];
        match rustix::event::poll(&mut fds, patience.as_ref()) {
            Ok(0) => return Woken::Late,
            Ok(_) => {}
            Err(Errno::INTR) => return Woken::Again,
            Err(_) => return Woken::End(Ending::Gone),
        }
        let [tty, stop] = &fds;
        if !stop.revents().is_empty() {
            Woken::End(Ending::Stopped)
        } else if tty.revents().contains(PollFlags::IN) {
            Woken::Read
        } else {
            Woken::End(Ending::Gone)
        }
    }

    /// Waits for a moment; returns whether nobody listens any more.
    fn rest(&self) -> bool {
        let mut fds = [PollFd::new(&self.stop, PollFlags::IN)];
        matches!(
            rustix::event::poll(&mut fds, Some(&timespec(MOMENT))),
            Ok(1..)
        )
    }

    fn is_gone(&self) -> bool {
        let mut fds = [PollFd::new(&self.tty, PollFlags::empty())];
        let now = timespec(Duration::ZERO);
        matches!(rustix::event::poll(&mut fds, Some(&now)), Ok(1..))
    }
}

fn timespec(span: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: span.subsec_nanos().into(),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::atomic::{AtomicBool, Ordering};

    use crossterm::event::{Event, KeyCode};

    use super::*;

    fn begin(hang_up: fn()) -> (Reader, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        (Reader::begin(ours.into(), hang_up).unwrap(), theirs)
    }

    fn press(code: KeyCode) -> Input {
        Input::Event(Event::Key(code.into()))
    }

    #[test]
    fn what_is_typed_arrives_and_a_lone_escape_is_not_held_for_ever() {
        let (mut reader, mut keyboard) = begin(|| {});
        keyboard.write_all(b"q\x1b[").unwrap();
        assert_eq!(
            reader.inputs.blocking_recv(),
            Some(press(KeyCode::Char('q')))
        );
        keyboard.write_all(b"B\x1b").unwrap();
        assert_eq!(reader.inputs.blocking_recv(), Some(press(KeyCode::Down)));
        assert_eq!(reader.inputs.blocking_recv(), Some(press(KeyCode::Esc)));
    }

    #[test]
    fn a_terminal_that_is_gone_ends_it_and_is_told_of() {
        static TOLD: AtomicBool = AtomicBool::new(false);
        let (mut reader, mut keyboard) = begin(|| TOLD.store(true, Ordering::SeqCst));
        keyboard.write_all(b"x").unwrap();
        drop(keyboard);
        assert_eq!(
            reader.inputs.blocking_recv(),
            Some(press(KeyCode::Char('x')))
        );
        assert_eq!(reader.inputs.blocking_recv(), None);
        drop(reader);
        assert!(TOLD.load(Ordering::SeqCst));
    }

    #[test]
    fn what_comes_after_its_end_is_left_to_others() {
        let (reader, mut keyboard) = begin(|| panic!("it is there"));
        let (tty, ours) = UnixStream::pair().unwrap();
        drop((tty, ours));
        drop(reader);
        // Nobody holds the other end any more, so that a write fails.
        assert!(keyboard.write_all(b"x").is_err());
    }
}
