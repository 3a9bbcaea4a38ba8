//! A command beside the screen: what it prints is read until it ends or is stopped.

use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Child;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::output::Tail;
use super::{Ready, Secrets, command, ending, not_started, nothing};
use crate::app::effects::Done;
use crate::ui::own::{Ending, Event, Order, Output};

/// How often what is printed is shown while it comes.
const STEP: Duration = Duration::from_millis(200);

/// How long a program may take to end that was told to.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long what is left in its pipes is read after it ended: a child of its own may hold them.
const REST: Duration = Duration::from_millis(200);

/// Runs a program until it ends; what it prints is told now and then.
pub(super) async fn run(
    secrets: &Secrets,
    order: &Order,
    ready: Ready,
    stop: &CancellationToken,
    tell: &mpsc::Sender<Done>,
) -> (Arc<Output>, Ending) {
    let mut command = command(secrets, order, &ready);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A group of its own, so that all that it starts can be ended with it.
        .process_group(0);
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => {
            return (
                nothing(),
                Ending::Failed(not_started(&ready.program, &error)),
            );
        }
    };
    let group = child.id();
    let mut reader = Reader {
        out: child.stdout.take(),
        err: child.stderr.take(),
        tail: Tail::default(),
        fresh: false,
        room: (vec![0; CHUNK].into(), vec![0; CHUNK].into()),
    };
    let ending = watch(&mut child, &mut reader, order.id, stop, tell).await;
    if ending == Ending::Stopped {
        // Of what was stopped nothing goes on; else it may have opened a window that stays.
        signal(group, Signal::KILL);
    }
    drop(tokio::time::timeout(REST, reader.drain()).await);
    (reader.tail.output(), ending)
}

async fn watch(
    child: &mut Child,
    reader: &mut Reader,
    id: u64,
    stop: &CancellationToken,
    tell: &mpsc::Sender<Done>,
) -> Ending {
    let group = child.id();
    let mut told = Instant::now();
    let mut deadline: Option<Instant> = None;
    loop {
        let show = told + STEP;
        tokio::select! {
            status = child.wait() => {
                return match status {
                    _ if deadline.is_some() => Ending::Stopped,
                    Ok(status) => ending(status),
                    Err(error) => Ending::Failed(error.to_string()),
                };
            }
            () = stop.cancelled(), if deadline.is_none() => {
                signal(group, Signal::TERM);
                deadline = Some(Instant::now() + PATIENCE);
            }
            () = until(deadline), if deadline.is_some() => {
                signal(group, Signal::KILL);
                deadline = Some(Instant::now() + PATIENCE);
            }
            () = reader.more(), if reader.is_open() => {}
            () = tokio::time::sleep_until(show), if reader.fresh => {
                reader.fresh = false;
                told = Instant::now();
                let event = Event { id, output: reader.tail.output(), ending: None };
                // With a full queue, the next one tells it as well.
                drop(tell.try_send(Done::Own(Box::new(event))));
            }
        }
    }
}

async fn until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then).await,
        None => std::future::pending().await,
    }
}

/// Sends a signal to a program and all that it started.
fn signal(group: Option<u32>, signal: Signal) {
    let group = group.and_then(|id| i32::try_from(id).ok());
    if let Some(group) = group.and_then(Pid::from_raw) {
        // One that is gone needs none.
        let _ = rustix::process::kill_process_group(group, signal);
    }
}

/// Both ends of what a program prints.
struct Reader {
    out: Option<tokio::process::ChildStdout>,
    err: Option<tokio::process::ChildStderr>,
    tail: Tail,
    /// Whether something came that was not shown yet.
    fresh: bool,
    /// What is read at once.
    room: Room,
}

/// Where what is read from either end is put.
type Room = (Box<[u8]>, Box<[u8]>);

/// How much is read at once, in bytes.
const CHUNK: usize = 8 * 1024;

impl Reader {
    fn is_open(&self) -> bool {
        self.out.is_some() || self.err.is_some()
    }

    /// Reads what comes next. May be dropped at any await.
    async fn more(&mut self) {
        let (out, err) = &mut self.room;
        tokio::select! {
            read = read(&mut self.out, out) => {
                self.fresh |= take(&mut self.tail, out, &read);
                if !matches!(read, Ok(1..)) {
                    self.out = None;
                }
            }
            read = read(&mut self.err, err) => {
                self.fresh |= take(&mut self.tail, err, &read);
                if !matches!(read, Ok(1..)) {
                    self.err = None;
                }
            }
        }
    }

    async fn drain(&mut self) {
        while self.is_open() {
            self.more().await;
        }
    }
}

async fn read<R: AsyncRead + Unpin>(from: &mut Option<R>, into: &mut [u8]) -> io::Result<usize> {
    match from {
        Some(from) => from.read(into).await,
        None => std::future::pending().await,
    }
}

fn take(tail: &mut Tail, bytes: &[u8], read: &io::Result<usize>) -> bool {
    let length = *read.as_ref().unwrap_or(&0);
    tail.push(bytes.get(..length).unwrap_or_default());
    length > 0
}
