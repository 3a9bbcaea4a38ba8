//! The terminal guard: takes the terminal, and gives it back on every way out.
//!
//! `leave` works from any thread, takes no lock, may be called twice, and waits
//! for nobody: a hook and a watchdog call it when the rest may be stuck. A board that ends gives the
//! screen back at once and the keyboard last: what is typed until then is for nobody.

use std::cell::Cell;
use std::fs::OpenOptions;
use std::io;
use std::io::Write as _;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::PanicHookInfo;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::termios::{LocalModes, OptionalActions, QueueSelector, Termios};

use crate::app::{log, redact};

/// What is switched on besides the alternate screen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features {
    /// Whether the terminal tells of the mouse.
    pub mouse: bool,
    /// Whether it has a title to set.
    pub title: bool,
    /// Whether it is told to tell all keys apart, by the protocol of kitty.
    pub kitty: bool,
}

/// What may be switched on and off while the board runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Switch {
    /// The terminal tells of the mouse.
    Mouse,
    /// It tells all keys apart.
    Kitty,
    /// It shows progress beside the picture: on means that it has to be taken away at the end.
    Progress,
}

impl Switch {
    fn state(self) -> &'static AtomicBool {
        match self {
            Self::Mouse => &MOUSE,
            Self::Kitty => &KITTY,
            Self::Progress => &PROGRESS,
        }
    }

    fn text(self, on: bool) -> &'static str {
        match (self, on) {
            (Self::Mouse, true) => "\x1b[?1000h\x1b[?1002h\x1b[?1006h",
            (Self::Mouse, false) => "\x1b[?1006l\x1b[?1002l\x1b[?1000l",
            // Flags that somebody left are taken away first: nobody else is on our screen.
            (Self::Kitty, true) => "\x1b[<1u\x1b[>1u",
            (Self::Kitty, false) => "\x1b[<1u",
            (Self::Progress, true) => "",
            (Self::Progress, false) => "\x1b]9;4;0\x1b\\",
        }
    }

    /// Notes that it is on or off from now on; returns what the terminal must be sent for it.
    pub fn turn(self, on: bool) -> &'static str {
        if self.state().swap(on, Ordering::SeqCst) == on {
            return "";
        }
        self.text(on)
    }

    fn is_on(self) -> bool {
        self.state().load(Ordering::SeqCst)
    }
}

/// Alternate screen, no cursor, bracketed paste, focus.
const ENTER: &str = "\x1b[?1049h\x1b[?25l\x1b[?2004h\x1b[?1004h\x1b[2J";
const ENTER_TITLE: &str = "\x1b[22;0t\x1b]2;cycleboard\x1b\\";
/// First ends whatever sequence a frame that was cut left open.
const LEAVE: &str =
    "\x18\x1b[?2026l\x1b]8;;\x1b\\\x1b[0m\x1b[?1006l\x1b[?1002l\x1b[?1000l\x1b[?1004l\x1b[?2004l";
const LEAVE_TITLE: &str = "\x1b[23;0t";
const LEAVE_SCREEN: &str = "\x1b[?25h\x1b[?1049l";

/// How long `leave` waits for a terminal that takes nothing, in nanoseconds.
const PATIENCE_NANOS: i64 = 300_000_000;

/// How long the keyboard may be kept after the screen was given back.
const AT_MOST: Duration = Duration::from_secs(3);

struct Tty {
    fd: OwnedFd,
    original: Termios,
    has_title: bool,
}

static TTY: OnceLock<Tty> = OnceLock::new();
static ACTIVE: AtomicBool = AtomicBool::new(false);
static MOUSE: AtomicBool = AtomicBool::new(false);
static KITTY: AtomicBool = AtomicBool::new(false);
static PROGRESS: AtomicBool = AtomicBool::new(false);
/// Whether the screen was given back, and the keyboard not yet.
static PARTED: AtomicBool = AtomicBool::new(false);
/// Whether another program that we started has the terminal.
static LENT: AtomicBool = AtomicBool::new(false);

/// Returns whether the screen is ours: nothing may be written to the terminal then but frames.
pub fn is_taken() -> bool {
    ACTIVE.load(Ordering::SeqCst)
}

/// Holds the terminal; gives the screen back when dropped, and leaves the keyboard to [`leave`].
#[derive(Debug)]
pub struct Guard(());

impl Guard {
    /// Takes the terminal that standard output is.
    pub fn enter(features: Features) -> io::Result<Self> {
        if TTY.get().is_none() {
            let fd = open_tty()?;
            let original = rustix::termios::tcgetattr(&fd)?;
            // A second caller would have found the same terminal.
            drop(TTY.set(Tty {
                fd,
                original,
                has_title: features.title,
            }));
        }
        Switch::Mouse.turn(features.mouse);
        Switch::Kitty.turn(features.kitty);
        let guard = Self(());
        take(true)?;
        Ok(guard)
    }

    /// Returns whether something may be written to the terminal: we took it, and nobody else has it.
    pub fn holds(&self) -> bool {
        ACTIVE.load(Ordering::SeqCst) && !is_in_background()
    }

    /// Gives the terminal back for a while.
    pub fn pause(&self) {
        leave();
    }

    /// Takes the terminal again, whatever has become of its modes meanwhile; not from the background.
    pub fn resume(&self) -> io::Result<()> {
        if is_in_background() || is_lent() {
            return Ok(());
        }
        let was_active = ACTIVE.load(Ordering::SeqCst);
        take(!was_active)
    }

    /// Leaves the terminal to a program that we start, until it is taken back.
    pub fn lend(&self) {
        LENT.store(true, Ordering::SeqCst);
        leave();
    }

    /// Takes the terminal back from a program that has ended.
    pub fn take_back(&self) -> io::Result<()> {
        LENT.store(false, Ordering::SeqCst);
        self.resume()
    }

    /// Returns the terminal, to write frames to and to watch.
    pub fn terminal(&self) -> io::Result<BorrowedFd<'static>> {
        TTY.get()
            .map(|tty| tty.fd.as_fd())
            .ok_or_else(|| io::ErrorKind::NotConnected.into())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        part();
    }
}

/// Opens the terminal of standard output anew, so that our way of waiting is not the shell's.
fn open_tty() -> io::Result<OwnedFd> {
    let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).unwrap_or_default();
    let open = |path: &str| {
        OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(flags)
            .open(path)
    };
    match open("/proc/self/fd/1").or_else(|_| open("/dev/tty")) {
        Ok(file) if rustix::termios::isatty(&file) => Ok(file.into()),
        Ok(_) | Err(_) => Ok(rustix::io::dup(rustix::stdio::stdout())?),
    }
}

/// Returns whether the terminal lets us change its modes. It stops others, and as that signal is
/// caught, the call would be tried again for ever.
fn is_ours(tty: &Tty) -> bool {
    // Where nobody is in the foreground, or it is no terminal of our session, nobody is disturbed.
    rustix::termios::tcgetpgrp(&tty.fd).map_or(true, |group| group == rustix::process::getpgrp())
}

fn take(with_title: bool) -> io::Result<()> {
    let Some(tty) = TTY.get() else {
        return Err(io::ErrorKind::NotConnected.into());
    };
    if !is_ours(tty) {
        return Err(io::Error::other("another program is in its foreground"));
    }
    let mut raw = tty.original.clone();
    raw.make_raw();
    // From here on there is something to give back, even if the rest fails.
    ACTIVE.store(true, Ordering::SeqCst);
    rustix::termios::tcsetattr(&tty.fd, OptionalActions::Now, &raw)?;
    let mut text = ENTER.to_owned();
    for switch in [Switch::Mouse, Switch::Kitty] {
        if switch.is_on() {
            text.push_str(switch.text(true));
        }
    }
    if tty.has_title && with_title {
        text.push_str(ENTER_TITLE);
    }
    send(tty, &text)
}

/// Returns whether a shell has put us into the background: the terminal is another program's then.
pub fn is_in_background() -> bool {
    TTY.get().is_some_and(|tty| !is_ours(tty))
}

/// Returns whether a program that we started has the terminal: `ctrl-c` is for it.
pub fn is_lent() -> bool {
    LENT.load(Ordering::SeqCst)
}

/// Sets the modes of the terminal as they were before us, whatever another program made of them.
pub fn restore_modes() {
    if let Some(tty) = TTY.get().filter(|tty| is_ours(tty)) {
        let _ = rustix::termios::tcsetattr(&tty.fd, OptionalActions::Now, &tty.original);
    }
}

/// Gives the screen back, if we have it. The program is about to end: what is typed until it has
/// is neither shown nor a signal, and is thrown away by [`leave`], which must follow.
fn part() {
    if !ACTIVE.swap(false, Ordering::SeqCst) {
        return;
    }
    let Some(tty) = TTY.get() else { return };
    PARTED.store(true, Ordering::SeqCst);
    give_back_screen(tty);
    if !is_ours(tty) {
        return;
    }
    // Lines that are printed from now on are lines again.
    let mut quiet = tty.original.clone();
    quiet
        .local_modes
        .remove(LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG);
    let _ = rustix::termios::tcsetattr(&tty.fd, OptionalActions::Now, &quiet);
    // Nobody is to sit before a keyboard that does nothing.
    let watchdog = std::thread::Builder::new().name("keyboard".to_owned());
    drop(watchdog.spawn(|| {
        std::thread::park_timeout(AT_MOST);
        leave();
    }));
}

/// Gives the terminal back, as far as we have it.
pub fn leave() {
    let was_active = ACTIVE.swap(false, Ordering::SeqCst);
    let was_parted = PARTED.swap(false, Ordering::SeqCst);
    let Some(tty) = TTY.get().filter(|_| was_active || was_parted) else {
        return;
    };
    if was_active {
        give_back_screen(tty);
    }
    if !is_ours(tty) {
        return;
    }
    let _ = rustix::termios::tcsetattr(&tty.fd, OptionalActions::Now, &tty.original);
    // Reports of the mouse that are still under way are not for the shell.
    let _ = rustix::termios::tcflush(&tty.fd, QueueSelector::IFlush);
}

fn give_back_screen(tty: &Tty) {
    let mut text = LEAVE.to_owned();
    for switch in [Switch::Kitty, Switch::Progress] {
        if switch.is_on() {
            text.push_str(switch.text(false));
        }
    }
    if tty.has_title {
        text.push_str(LEAVE_TITLE);
    }
    text.push_str(LEAVE_SCREEN);
    // A terminal that is gone cannot be restored, and there is nobody to tell.
    drop(send(tty, &text));
}

/// Writes all of it, unless the terminal takes nothing for a while.
fn send(tty: &Tty, text: &str) -> io::Result<()> {
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match rustix::io::write(&tty.fd, rest) {
            Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
            Err(rustix::io::Errno::AGAIN) => wait_for_room(tty)?,
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_for_room(tty: &Tty) -> io::Result<()> {
    let patience = Timespec {
        tv_sec: 0,
        tv_nsec: PATIENCE_NANOS,
    };
    let mut fds = [PollFd::new(&tty.fd, PollFlags::OUT)];
    match rustix::event::poll(&mut fds, Some(&patience)) {
        Ok(0) => Err(io::ErrorKind::TimedOut.into()),
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

thread_local! {
    /// Whether this thread is the program itself. A panic on any other is the
    /// end of one task, which its owner hears of; the board goes on.
    static IS_PROGRAM: Cell<bool> = const { Cell::new(false) };
}

/// Marks this thread as the program: a panic here ends everything.
pub fn mark_program() {
    IS_PROGRAM.set(true);
}

/// Replaces the panic hook: a task's panic is logged, the program's own restores the terminal first.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(on_panic));
}

fn on_panic(info: &PanicHookInfo<'_>) {
    let report = redact::shown(&info.to_string());
    tracing::error!(%report, "panic");
    if !IS_PROGRAM.try_with(Cell::get).unwrap_or(false) {
        return;
    }
    leave();
    let mut out = io::stderr().lock();
    drop(writeln!(
        out,
        "error: this is a fault of cycleboard itself: {report}"
    ));
    if let Some(place) = log::place() {
        drop(writeln!(out, "hint: `{}` may tell more", place.display()));
    }
}

/// Keeps secrets in memory from being dumped to disk, as far as the system lets us.
pub fn forbid_core_dumps() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // Both are a second line of defence; without them the program works as well.
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
