//! The program in a pseudo-terminal: keys in, screen out.
//!
//! There are no pauses here: a test waits for a state that lasts, and a state
//! that does not come within the ceiling is shown with the failure. Only whole
//! frames are looked at: half of one shows what never was.

use std::io::{Read as _, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use vt100::{Parser, Screen};

use crate::support::env::{Home, PROGRAM};

/// The longest wait for anything.
const CEILING: Duration = Duration::from_mins(1);

/// What opens a frame, and what closes it; between them the screen is neither old nor new.
const FRAME: [&[u8]; 2] = [b"\x1b[?2026h", b"\x1b[?2026l"];

/// The program in a terminal of its own.
pub(crate) struct Pty {
    parser: Parser,
    chunks: Receiver<Vec<u8>>,
    /// Everything that the program ever wrote.
    pub(crate) raw: Vec<u8>,
    // Never dropped before the program ends: dropping it types a line break and ctrl-d.
    writer: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    child: Box<dyn Child + Send + Sync>,
    fresh_modes: String,
}

#[expect(
    clippy::disallowed_methods,
    reason = "a ceiling is measured by the real clock"
)]
fn now() -> Instant {
    Instant::now()
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn cells(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has a size")
}

impl Pty {
    /// Starts the program with these arguments in a terminal of this size.
    pub(crate) fn start(home: &Home, arguments: &[&str], columns: u16, rows: u16) -> Self {
        Self::start_with(home, arguments, columns, rows, &[])
    }

    /// Starts it with more variables.
    pub(crate) fn start_with(
        home: &Home,
        arguments: &[&str],
        columns: u16,
        rows: u16,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut command = Self::command(home, PROGRAM, variables);
        command.args(arguments);
        Self::spawn(command, columns, rows)
    }

    /// Starts a shell with job control, which the tests that need one type to.
    pub(crate) fn shell(home: &Home, columns: u16, rows: u16) -> Self {
        let variables = [("PS1", "shell> "), ("PROGRAM", PROGRAM)];
        let mut command = Self::command(home, "/bin/bash", &variables);
        command.args(["--norc", "--noprofile", "--noediting", "-i"]);
        let mut shell = Self::spawn(command, columns, rows);
        shell.wait_for("shell> ");
        shell
    }

    fn command(home: &Home, program: &str, variables: &[(&str, &str)]) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.env_clear();
        for (name, value) in home.variables() {
            command.env(name, value);
        }
        for (name, value) in variables {
            command.env(name, value);
        }
        command.cwd(home.path("work"));
        command
    }

    /// Starts the program, takes its terminal away after the first frame, and returns its exit code.
    pub(crate) fn hang_up(home: &Home, arguments: &[&str]) -> u32 {
        let mut command = Self::command(home, PROGRAM, &[]);
        command.args(arguments);
        let pair = native_pty_system()
            .openpty(size(80, 24))
            .expect("a pseudo-terminal");
        let mut child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let mut raw = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while !raw.windows(8).any(|window| window == b"\x1b[?2026l") {
            let length = reader.read(&mut chunk).expect("a first frame");
            raw.extend_from_slice(&chunk[..length]);
        }
        // The last of these is the end of the line.
        drop(reader);
        drop(pair.master);
        let deadline = now() + CEILING;
        loop {
            if let Some(status) = child.try_wait().expect("its status") {
                return status.exit_code();
            }
            if now() > deadline {
                drop(child.kill());
                panic!("the program outlives its terminal");
            }
            std::thread::yield_now();
        }
    }

    fn spawn(command: CommandBuilder, columns: u16, rows: u16) -> Self {
        let pair = native_pty_system()
            .openpty(size(columns, rows))
            .expect("a pseudo-terminal");
        let fresh_modes = modes(pair.master.as_ref());
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the program starts");
        // Else its end would never be seen.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = pair.master.take_writer().expect("a writer");
        let (tell, chunks) = sync_channel(4096);
        std::thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            while let Ok(length @ 1..) = reader.read(&mut chunk) {
                if tell.send(chunk[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            parser: Parser::new(cells(rows), cells(columns), 0),
            chunks,
            raw: Vec::new(),
            writer,
            master: pair.master,
            child,
            fresh_modes,
        }
    }

    /// Returns the screen as it is.
    pub(crate) fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    /// Returns the text of the screen.
    pub(crate) fn text(&self) -> String {
        self.screen().contents()
    }

    /// Types these bytes.
    pub(crate) fn send(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).expect("keys go in");
        self.writer.flush().expect("keys go in");
    }

    /// Returns one line of the screen, counted from the top.
    pub(crate) fn line(screen: &Screen, number: u16) -> String {
        let (_, columns) = screen.size();
        let line = screen.rows(0, columns.get()).nth(usize::from(number));
        line.unwrap_or_default()
    }

    /// Returns the last line of the screen: the keys of what is open.
    pub(crate) fn hints(screen: &Screen) -> String {
        Self::line(screen, screen.size().0.get() - 1)
    }

    /// Returns whether a frame has begun and not ended.
    fn is_between(&self) -> bool {
        let [begun, ended] = FRAME.map(|mark| {
            let mut windows = self.raw.windows(mark.len());
            windows.rposition(|window| window == mark)
        });
        begun > ended
    }

    /// Waits until a whole frame is so. What was on the screen before must not be.
    #[track_caller]
    pub(crate) fn wait(&mut self, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let deadline = now() + CEILING;
        while self.is_between() || !is_so(self.parser.screen()) {
            let more = self.read_until(deadline);
            assert!(more, "no {what} came; the screen is\n{}", self.text());
        }
    }

    /// Waits until the screen shows this text.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        self.wait(&format!("`{text}`"), |screen| {
            screen.contents().contains(text)
        });
    }

    /// Waits until the program has written these bytes; returns what came before them.
    #[track_caller]
    pub(crate) fn wait_written(&mut self, bytes: &str) -> String {
        let deadline = now() + CEILING;
        loop {
            if let Some((before, _)) = String::from_utf8_lossy(&self.raw).split_once(bytes) {
                return before.to_owned();
            }
            let more = self.read_until(deadline);
            assert!(more, "no {bytes:?} came; the screen is\n{}", self.text());
        }
    }

    /// Holds a key down, as a keyboard repeats it, until something outside the screen is so.
    #[track_caller]
    pub(crate) fn hold_until(&mut self, key: &str, what: &str, is_so: impl Fn() -> bool) {
        let deadline = now() + CEILING;
        while !is_so() {
            assert!(
                now() < deadline,
                "no {what} came; the screen is\n{}",
                self.text()
            );
            self.send(key);
            let repeat = now() + Duration::from_millis(40);
            while self.read_until(repeat) {}
        }
    }

    /// Presses a key until a whole frame is so: now and then one is lost in what came before it.
    #[track_caller]
    pub(crate) fn press_until(&mut self, key: &str, what: &str, is_so: impl Fn(&Screen) -> bool) {
        let deadline = now() + CEILING;
        loop {
            self.send(key);
            let patience = now() + Duration::from_millis(1_500);
            while self.is_between() || !is_so(self.parser.screen()) {
                if !self.read_until(patience) {
                    break;
                }
            }
            if !self.is_between() && is_so(self.parser.screen()) {
                return;
            }
            assert!(
                now() < deadline,
                "no {what} came; the screen is\n{}",
                self.text()
            );
        }
    }

    /// Waits until a file is there; what the program writes meanwhile is taken in.
    #[track_caller]
    pub(crate) fn wait_file(&mut self, path: &std::path::Path) {
        let deadline = now() + CEILING;
        while !path.exists() {
            assert!(now() < deadline, "there is no {}", path.display());
            self.read_until(now() + Duration::from_millis(5));
        }
    }

    /// Takes in what the program wrote; returns whether there may be more.
    fn read_until(&mut self, deadline: Instant) -> bool {
        let left = deadline.saturating_duration_since(now());
        match self.chunks.recv_timeout(left) {
            Ok(chunk) => {
                self.parser.process(&chunk);
                self.raw.extend_from_slice(&chunk);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    /// Changes the size of the terminal.
    pub(crate) fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.set_size(cells(rows), cells(columns));
        self.master
            .resize(size(columns, rows))
            .expect("another size");
    }

    /// Sends the program a signal by its name: `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        Self::kill(name, self.pid());
    }

    /// Sends any process a signal by its name.
    pub(crate) fn kill(name: &str, pid: u32) {
        let pid = pid.to_string();
        let status = std::process::Command::new("kill")
            .args(["-s", name, &pid])
            .status()
            .expect("kill runs");
        assert!(status.success(), "kill -s {name} {pid}");
    }

    /// Returns the process that the shell started.
    pub(crate) fn child(&self) -> u32 {
        let pid = self.pid();
        let children = format!("/proc/{pid}/task/{pid}/children");
        let text = std::fs::read_to_string(children).expect("the children of the shell");
        text.trim().parse().expect("one child")
    }

    /// Returns the program's process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().expect("a process id")
    }

    /// Returns the state letter that the kernel gives the program: `T` when it is stopped.
    fn state(&self) -> char {
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        let after = stat.rsplit_once(") ").map(|(_, rest)| rest.to_owned());
        after.and_then(|rest| rest.chars().next()).unwrap_or('?')
    }

    /// Waits until the kernel says so of the program.
    #[track_caller]
    pub(crate) fn wait_state(&mut self, state: char) {
        let deadline = now() + CEILING;
        while self.state() != state {
            assert!(now() < deadline, "state `{}`, not `{state}`", self.state());
            // The kernel tells nobody; what the program writes meanwhile is taken in.
            self.read_until(now() + Duration::from_millis(5));
        }
    }

    /// Returns whether the terminal's modes are those that it had before the program started.
    pub(crate) fn is_restored(&self) -> bool {
        modes(self.master.as_ref()) == self.fresh_modes
            && !self.screen().alternate_screen()
            && !self.screen().hide_cursor()
            && !self.screen().bracketed_paste()
            && self.screen().mouse_protocol_mode() == vt100::MouseProtocolMode::None
    }

    /// Waits until the program ends; returns its exit code.
    #[track_caller]
    pub(crate) fn end(&mut self) -> u32 {
        let deadline = now() + CEILING;
        while self.read_until(deadline) {}
        loop {
            if let Some(status) = self.child.try_wait().expect("its status") {
                return status.exit_code();
            }
            let text = self.text();
            assert!(
                now() < deadline,
                "the program does not end; the screen is\n{text}"
            );
            std::thread::yield_now();
        }
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        // A test that failed must not leave the program behind.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// The terminal's modes as text, to be compared.
fn modes(master: &dyn MasterPty) -> String {
    match master.get_termios() {
        Some(modes) => format!(
            "{:?} {:?} {:?}",
            modes.input_flags, modes.output_flags, modes.local_flags
        ),
        None => String::new(),
    }
}
