//! Signals, and the watchdog that ends the program when it cannot end itself.
//!
//! Runs on a thread with a runtime of its own, so that a board that hangs is
//! still left within two seconds with the terminal restored. Decides nothing else.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Listener, SignalKind, signal};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::guard;

/// How long the program may take to end after a signal.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the signal that ends a stopped job may come after the one that continues it.
const SETTLE: Duration = Duration::from_millis(250);

/// What a signal asks of the board.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job {
    /// Stop, as after `ctrl-z`.
    Suspend,
    /// Somebody continued us in the foreground: the terminal may show anything.
    Resumed,
}

/// What the signals said so far.
#[derive(Debug)]
pub struct Signals {
    /// Jobs for the board.
    pub jobs: mpsc::Receiver<Job>,
    ending: Ending,
}

impl Signals {
    /// Returns the way to learn which signal ended the program.
    pub fn ending(&self) -> Ending {
        self.ending.clone()
    }
}

/// Which signal ended the program, if one did.
#[derive(Clone, Default, Debug)]
pub struct Ending(Arc<AtomicU8>);

impl Ending {
    /// Returns the number of the signal.
    pub fn get(&self) -> Option<u8> {
        Some(self.0.load(Ordering::SeqCst)).filter(|number| *number != 0)
    }
}

/// Begins to watch for signals; returns when all are caught.
///
/// `cancel` is cancelled by the first that ends the program.
pub fn watch(cancel: &CancellationToken) -> io::Result<Signals> {
    let (tell, jobs) = mpsc::channel(4);
    let (ready, is_ready) = std::sync::mpsc::sync_channel(1);
    let ending = Ending::default();
    let state = State {
        cancel: cancel.clone(),
        ending: ending.clone(),
        tell,
    };
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let outcome = runtime.and_then(|runtime| {
                runtime.block_on(async {
                    // A board in the background must be able to restore the terminal when it is
                    // ended: caught, this signal does not stop the process.
                    let _background = signal(SignalKind::from_raw(Signal::TTOU.as_raw()))?;
                    let listeners = Listeners::new()?;
                    drop(ready.send(Ok(())));
                    state.listen(listeners).await;
                    Ok(())
                })
            });
            if let Err(error) = outcome {
                drop(ready.send(Err(error)));
            }
        })?;
    is_ready
        .recv()
        .unwrap_or_else(|_| Err(io::ErrorKind::BrokenPipe.into()))?;
    Ok(Signals { jobs, ending })
}

/// Stops this process until somebody continues it.
pub fn stop_here() {
    let _ = rustix::process::kill_process(rustix::process::getpid(), Signal::STOP);
}

/// Stops again, as any program does that wants the terminal where it has none; returns what comes
/// next.
async fn wait_in_background(listeners: &mut Listeners) -> Result<Job, Signal> {
    guard::leave();
    // Whoever ends a stopped job continues it, too, and of two signals any may come first.
    if let Ok(next) = tokio::time::timeout(SETTLE, listeners.next()).await {
        return next;
    }
    if !guard::is_in_background() {
        return Ok(Job::Resumed);
    }
    stop_here();
    listeners.next().await
}

struct Listeners {
    hang_up: Listener,
    terminate: Listener,
    interrupt: Listener,
    quit: Listener,
    stop: Listener,
    resume: Listener,
}

impl Listeners {
    fn new() -> io::Result<Self> {
        Ok(Self {
            hang_up: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            quit: signal(SignalKind::quit())?,
            stop: signal(SignalKind::from_raw(Signal::TSTP.as_raw()))?,
            resume: signal(SignalKind::from_raw(Signal::CONT.as_raw()))?,
        })
    }

    /// Waits for the next; returns the one that ends the program, or a job.
    ///
    /// A shell that ends a stopped job continues it as well: the end comes first.
    async fn next(&mut self) -> Result<Job, Signal> {
        tokio::select! {
            biased;
            _ = self.hang_up.recv() => Err(Signal::HUP),
            _ = self.terminate.recv() => Err(Signal::TERM),
            _ = self.interrupt.recv() => Err(Signal::INT),
            _ = self.quit.recv() => Err(Signal::QUIT),
            _ = self.stop.recv() => Ok(Job::Suspend),
            _ = self.resume.recv() => Ok(Job::Resumed),
        }
    }
}

struct State {
    cancel: CancellationToken,
    ending: Ending,
    tell: mpsc::Sender<Job>,
}

impl State {
    async fn listen(self, mut listeners: Listeners) {
        let mut next = listeners.next().await;
        let signal = loop {
            let job = match next {
                Ok(job) => job,
                // Of a key on the terminal: the program that has it is meant.
                Err(Signal::INT | Signal::QUIT) if guard::is_lent() => {
                    next = listeners.next().await;
                    continue;
                }
                Err(signal) => break signal,
            };
            next = if job == Job::Resumed && guard::is_in_background() {
                wait_in_background(&mut listeners).await
            } else {
                // With nobody to take it, or a queue of the same, it is not needed.
                let _ = self.tell.try_send(job);
                listeners.next().await
            };
        };
        let number = u8::try_from(signal.as_raw()).unwrap_or(u8::MAX);
        self.ending.0.store(number, Ordering::SeqCst);
        self.cancel.cancel();
        // Who asks twice does not want to wait; a hang-up is told more than once by itself.
        let again = async { while matches!(listeners.next().await, Ok(_) | Err(Signal::HUP)) {} };
        drop(tokio::time::timeout(PATIENCE, again).await);
        guard::leave();
        #[expect(
            clippy::disallowed_methods,
            reason = "the program did not end by itself"
        )]
        std::process::exit(i32::from(128_u8.saturating_add(number)));
    }
}
