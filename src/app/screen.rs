//! The screen: a frame is collected, and sent in one write that the terminal shows at once.
//!
//! Cells go through `ui::encode`. A terminal that is slower than we are gets fewer
//! frames, never older ones: nothing is drawn while the last is under way.

use std::cell::RefCell;
use std::future::Future;
use std::io::{self, Write};
use std::os::fd::BorrowedFd;
use std::rc::Rc;

use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::Cell;
use ratatui::layout::{Position, Size};
use rustix::event::{PollFd, PollFlags, Timespec};
use tokio::task::JoinHandle;

use crate::app::guard::{Guard, Switch};
use crate::app::signals;
use crate::app::tty::Events;
use crate::ui::encode::{self, Dialect};

/// Opens a frame that the terminal shows only when it is complete.
const BEGIN: &[u8] = b"\x1b[?2026h";
/// Closes it.
const END: &[u8] = b"\x1b[?2026l";
/// The size that is taken where the terminal tells none.
const FALLBACK: Size = Size {
    width: 80,
    height: 24,
};

/// How often a terminal that takes nothing is waited for at the start.
const PATIENCE: usize = 64;

/// What the loop needs of a screen besides drawing on it.
pub trait Screen: Backend<Error: Send + Sync + 'static> {
    /// Returns whether the last frame is still under way.
    fn is_busy(&self) -> bool;

    /// Waits until it is not.
    fn drained(&mut self) -> impl Future<Output = io::Result<()>>;

    /// Sends something that is not part of the picture, such as text for the clipboard.
    fn send_aside(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Switches something on or off that the terminal does beside the picture.
    fn switch(&mut self, switch: Switch, on: bool) -> io::Result<()> {
        let text = switch.turn(on);
        if text.is_empty() {
            Ok(())
        } else {
            self.send_aside(text.as_bytes())
        }
    }

    /// Forgets what the terminal was believed to show beside its cells.
    fn forget(&mut self);

    /// Gives the terminal back and stops the program; whoever continues it is told of by a signal.
    fn suspend(&mut self) -> io::Result<()>;

    /// Takes the terminal again after somebody else stopped and continued the program.
    fn retake(&mut self) -> io::Result<()>;

    /// Leaves the terminal to another program: nothing is read nor written until it is taken back.
    fn lend(&mut self) -> io::Result<()>;

    /// Takes the terminal back.
    fn take_back(&mut self) -> io::Result<()>;
}

/// How much was sent.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Sent {
    /// Frames that changed something.
    pub frames: u64,
    /// Calls of `write`.
    pub writes: u64,
    /// Bytes.
    pub bytes: u64,
}

/// A terminal as ratatui's backend.
#[derive(Debug)]
pub struct TerminalScreen {
    guard: Option<Guard>,
    encoder: CrosstermBackend<Frame>,
    frame: Frame,
    tty: BorrowedFd<'static>,
    /// Waits for room in the terminal; kept when nobody waits for it any more.
    room: Option<JoinHandle<io::Result<()>>>,
    unsent: Vec<u8>,
    cursor: Option<Position>,
    shown: Option<bool>,
    dialect: Dialect,
    /// Whether the next frame is a whole one, whatever the terminal shows.
    anew: bool,
    sent: Sent,
    events: Events,
}

/// The bytes of the frame that is being built; `flush` sends nothing.
#[derive(Clone, Default, Debug)]
struct Frame(Rc<RefCell<Vec<u8>>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminalScreen {
    /// Builds the screen on a terminal that was taken; it is given back with the screen.
    pub fn new(guard: Guard, dialect: Dialect) -> io::Result<Self> {
        let mut screen = Self::on(guard.terminal()?);
        screen.dialect = dialect;
        screen.guard = Some(guard);
        Ok(screen)
    }

    fn on(tty: BorrowedFd<'static>) -> Self {
        let frame = Frame::default();
        Self {
            guard: None,
            encoder: CrosstermBackend::new(frame.clone()),
            frame,
            tty,
            room: None,
            unsent: Vec::new(),
            cursor: None,
            shown: None,
            dialect: Dialect::default(),
            anew: true,
            sent: Sent::default(),
            events: Events::default(),
        }
    }

    /// Waits until the first frame is out: nothing else runs yet that could.
    pub fn finish(&mut self) -> io::Result<()> {
        for _ in 0..PATIENCE {
            if !self.is_busy() {
                break;
            }
            wait_for_room(self.tty)?;
            self.push()?;
        }
        Ok(())
    }

    /// Returns how much was sent so far.
    pub fn sent(&self) -> Sent {
        self.sent
    }

    /// Sends the frame as far as the terminal takes it; the rest waits for [`Screen::drained`].
    fn commit(&mut self) -> io::Result<()> {
        let mut frame = self.frame.0.borrow_mut();
        if frame.is_empty() {
            return Ok(());
        }
        self.unsent.reserve(BEGIN.len() + frame.len() + END.len());
        self.unsent.extend_from_slice(BEGIN);
        self.unsent.append(&mut frame);
        self.unsent.extend_from_slice(END);
        drop(frame);
        self.sent.frames += 1;
        self.push()
    }

    fn push(&mut self) -> io::Result<()> {
        if self.guard.as_ref().is_some_and(|guard| !guard.holds()) {
            // Once the terminal is ours again, everything is painted anew.
            self.unsent.clear();
            return Ok(());
        }
        while !self.unsent.is_empty() {
            match rustix::io::write(self.tty, &self.unsent) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(length) => {
                    self.sent.writes += 1;
                    self.sent.bytes += length as u64;
                    self.unsent.drain(..length);
                }
                Err(rustix::io::Errno::AGAIN) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

impl Screen for TerminalScreen {
    fn is_busy(&self) -> bool {
        !self.unsent.is_empty()
    }

    async fn drained(&mut self) -> io::Result<()> {
        while self.is_busy() {
            let tty = self.tty;
            let room = self
                .room
                .get_or_insert_with(|| tokio::task::spawn_blocking(move || wait_for_room(tty)));
            let waited = room.await;
            self.room = None;
            waited.map_err(io::Error::other)??;
            self.push()?;
        }
        Ok(())
    }

    fn send_aside(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.unsent.extend_from_slice(bytes);
        self.push()
    }

    fn forget(&mut self) {
        self.cursor = None;
        self.shown = None;
        self.unsent.clear();
    }

    fn suspend(&mut self) -> io::Result<()> {
        if let Some(guard) = &self.guard {
            guard.pause();
            signals::stop_here();
        }
        self.forget();
        Ok(())
    }

    fn retake(&mut self) -> io::Result<()> {
        if let Some(guard) = &self.guard {
            guard.resume()?;
        }
        self.forget();
        Ok(())
    }

    fn lend(&mut self) -> io::Result<()> {
        self.events.end();
        if let Some(guard) = &self.guard {
            guard.lend();
        }
        self.forget();
        Ok(())
    }

    fn take_back(&mut self) -> io::Result<()> {
        if let Some(guard) = &self.guard {
            guard.take_back()?;
        }
        self.events.begin()?;
        self.forget();
        Ok(())
    }
}

impl TerminalScreen {
    /// Tells who reads the terminal, so that it can be left to somebody else.
    pub fn reads(&mut self, events: Events) {
        self.events = events;
    }
}

impl Backend for TerminalScreen {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let cells: Vec<(u16, u16, &Cell)> = content.collect();
        let anew = std::mem::take(&mut self.anew);
        if cells.is_empty() && !anew {
            return Ok(());
        }
        self.cursor = None;
        let mut frame = self.frame.0.borrow_mut();
        if anew {
            let size = self.size().unwrap_or_default();
            let size = (size.width, size.height);
            encode::encode_whole(&cells, size, self.dialect, &mut frame);
        } else {
            encode::encode(&cells, self.dialect, &mut frame);
        }
        Ok(())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        if self.shown == Some(false) {
            return Ok(());
        }
        self.shown = Some(false);
        self.encoder.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        if self.shown == Some(true) {
            return Ok(());
        }
        self.shown = Some(true);
        self.encoder.show_cursor()
    }

    /// Never asks the terminal: its answer would have to be waited for.
    fn get_cursor_position(&mut self) -> io::Result<Position> {
        Ok(self.cursor.unwrap_or_default())
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        let position = position.into();
        if self.cursor == Some(position) {
            return Ok(());
        }
        self.cursor = Some(position);
        self.encoder.set_cursor_position(position)
    }

    /// Is done with the next frame, which knows the ground.
    fn clear(&mut self) -> io::Result<()> {
        self.anew = true;
        Ok(())
    }

    fn clear_region(&mut self, clear_type: ClearType) -> io::Result<()> {
        if clear_type == ClearType::All {
            return self.clear();
        }
        self.encoder.clear_region(clear_type)
    }

    fn size(&self) -> io::Result<Size> {
        let size = rustix::termios::tcgetwinsize(self.tty)?;
        Ok(if size.ws_col == 0 || size.ws_row == 0 {
            FALLBACK
        } else {
            Size::new(size.ws_col, size.ws_row)
        })
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        Ok(WindowSize {
            columns_rows: self.size()?,
            pixels: Size::default(),
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.commit()
    }
}

/// Waits until the terminal takes more, or for a moment: the program must not end later for it.
fn wait_for_room(tty: BorrowedFd<'static>) -> io::Result<()> {
    let moment = Timespec {
        tv_sec: 0,
        tv_nsec: 200_000_000,
    };
    let mut fds = [PollFd::from_borrowed_fd(tty, PollFlags::OUT)];
    match rustix::event::poll(&mut fds, Some(&moment)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;
    use std::os::fd::AsFd as _;
    use std::os::unix::net::UnixStream;

    use ratatui::Terminal;
    use ratatui::style::{Color, Modifier, Style};

    use super::*;

    /// A socket in place of a terminal: everything but its size works alike.
    fn pair() -> (TerminalScreen, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        theirs.set_nonblocking(true).unwrap();
        let ours: &'static UnixStream = Box::leak(Box::new(ours));
        (TerminalScreen::on(ours.as_fd()), theirs)
    }

    fn fixed(screen: TerminalScreen) -> Terminal<TerminalScreen> {
        let area = ratatui::layout::Rect::new(0, 0, 20, 2);
        let viewport = ratatui::Viewport::Fixed(area);
        Terminal::with_options(screen, ratatui::TerminalOptions { viewport }).unwrap()
    }

    fn received(stream: &mut UnixStream) -> String {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        while let Ok(length @ 1..) = stream.read(&mut chunk) {
            bytes.extend_from_slice(&chunk[..length]);
        }
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_frame_is_one_write_between_its_marks_and_an_equal_one_is_none() {
        let (screen, mut stream) = pair();
        let mut terminal = fixed(screen);
        let draw = |terminal: &mut Terminal<TerminalScreen>| {
            terminal
                .draw(|frame| {
                    let style = Style::new().add_modifier(Modifier::REVERSED);
                    frame.buffer_mut().set_string(0, 0, "hello", style);
                })
                .unwrap();
        };
        draw(&mut terminal);
        let text = received(&mut stream);
        assert!(
            text.starts_with("\x1b[?2026h") && text.ends_with("\x1b[?2026l"),
            "{text:?}"
        );
        assert!(
            text.contains("\x1b[7m") && text.contains("hello"),
            "{text:?}"
        );
        assert_eq!(terminal.backend().sent().writes, 1);
        draw(&mut terminal);
        assert_eq!(received(&mut stream), "");
        assert_eq!(terminal.backend().sent().frames, 1);
    }

    #[test]
    fn a_terminal_of_sixteen_colours_gets_no_colour_of_256() {
        for (sixteen, expected) in [(true, "\x1b[91;44m"), (false, "\x1b[38;5;9")] {
            let (mut screen, mut stream) = pair();
            screen.dialect.sixteen = sixteen;
            let mut terminal = fixed(screen);
            terminal
                .draw(|frame| {
                    let style = Style::new().fg(Color::LightRed).bg(Color::Blue);
                    frame.buffer_mut().set_string(0, 0, "hello", style);
                })
                .unwrap();
            let text = received(&mut stream);
            assert!(text.contains(expected), "{text:?}");
            assert_eq!(text.contains("8;5;"), !sixteen, "{text:?}");
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_slow_terminal_makes_the_screen_busy_until_it_has_read() {
        let (mut screen, mut stream) = pair();
        let large = vec![b'x'; 4 * 1024 * 1024];
        screen.send_aside(&large).unwrap();
        assert!(screen.is_busy());
        let mut length = 0;
        let reader = async {
            while length < large.len() {
                length += received(&mut stream).len();
                tokio::task::yield_now().await;
            }
        };
        let (drained, ()) = tokio::join!(screen.drained(), reader);
        drained.unwrap();
        assert!(!screen.is_busy());
        assert_eq!(length, large.len());
    }

    #[test]
    fn a_terminal_that_is_gone_is_an_error() {
        let (mut screen, stream) = pair();
        drop(stream);
        assert!(screen.send_aside(b"x").is_err());
    }
}
