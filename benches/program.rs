//! The release binary in a pseudo-terminal: time to the first frame, key to
//! frame, bytes, idleness, memory, requests. Prints figures; judges nothing.
//!
//! Run with `cargo bench --bench program`, and `-- beside` for what sources cost that
//! hang or are dead. The board talks to the demo forge, which runs in this process, so
//! that its memory is not counted.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a benchmark measures time, prints, and stops when it cannot go on"
)]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cycleboard::demo;
use portable_pty::{Child, CommandBuilder, PtySize, native_pty_system};

/// End of a synchronized update: one for each frame.
const FRAME_END: &[u8] = b"\x1b[?2026l";
const COLS: u16 = 200;
const ROWS: u16 = 60;
/// How long anything may take before the benchmark gives up on it.
const CEILING: Duration = Duration::from_mins(1);

struct Board {
    child: Box<dyn Child + Send + Sync>,
    writer: Box<dyn Write + Send>,
    output: Receiver<(Instant, Vec<u8>)>,
    screen: vt100::Parser,
    started: Instant,
    _master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Board {
    fn start(home: &Path, config: &Path) -> Self {
        let size = PtySize {
            rows: ROWS,
            cols: COLS,
            pixel_width: 0,
            pixel_height: 0,
        };
        let pair = native_pty_system()
            .openpty(size)
            .expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_cycleboard"));
        command.env_clear();
        command.cwd(home);
        for (name, value) in environment(home) {
            command.env(name, value);
        }
        command.env("CYCLEBOARD_CONFIG", config);
        command.env("BENCH_TOKEN", demo::forge::TOKEN);
        let started = Instant::now();
        let child = pair
            .slave
            .spawn_command(command)
            .expect("the binary starts");
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = vec![0_u8; 1 << 16];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0
                    || sender
                        .send((Instant::now(), buffer[..count].to_vec()))
                        .is_err()
                {
                    break;
                }
            }
        });
        let writer = pair.master.take_writer().expect("a writer");
        let screen = vt100::Parser::new(
            ROWS.try_into().expect("rows"),
            COLS.try_into().expect("columns"),
            0,
        );
        Self {
            child,
            writer,
            output,
            screen,
            started,
            _master: pair.master,
        }
    }

    /// Reads until the screen fits and a frame has ended; returns when, and the bytes read.
    fn until(&mut self, fits: impl Fn(&str) -> bool) -> Option<(Instant, usize)> {
        let deadline = Instant::now() + CEILING;
        let mut bytes = 0;
        loop {
            let left = deadline.checked_duration_since(Instant::now())?;
            let (at, chunk) = self.output.recv_timeout(left).ok()?;
            bytes += chunk.len();
            self.screen.process(&chunk);
            let ended = chunk.windows(FRAME_END.len()).any(|part| part == FRAME_END);
            if ended && fits(&self.screen.screen().contents()) {
                return Some((at, bytes));
            }
        }
    }

    /// Sends a key and returns the time to the end of the next frame, and its bytes.
    fn key(&mut self, key: &str) -> Option<(Duration, usize)> {
        while let Ok((_, chunk)) = self.output.try_recv() {
            self.screen.process(&chunk);
        }
        let sent = Instant::now();
        self.writer.write_all(key.as_bytes()).ok()?;
        self.writer.flush().ok()?;
        let (at, bytes) = self.until(|_| true)?;
        Some((at - sent, bytes))
    }

    fn idle(&mut self, during: Duration) -> (usize, u64) {
        let before = self.switches();
        let mut bytes = 0;
        let end = Instant::now() + during;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            if let Ok((_, chunk)) = self.output.recv_timeout(left) {
                bytes += chunk.len();
                self.screen.process(&chunk);
            }
        }
        (bytes, self.switches().saturating_sub(before))
    }

    fn status_line(&self, name: &str) -> Option<u64> {
        let pid = self.child.process_id()?;
        let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.split_whitespace().nth(1)?.parse().ok()
    }

    fn switches(&self) -> u64 {
        let Some(pid) = self.child.process_id() else {
            return 0;
        };
        let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else {
            return 0;
        };
        tasks
            .filter_map(Result::ok)
            .filter_map(|task| std::fs::read_to_string(task.path().join("status")).ok())
            .filter_map(|text| {
                let line = text
                    .lines()
                    .find(|line| line.starts_with("voluntary_ctxt"))?;
                line.split_whitespace().nth(1)?.parse::<u64>().ok()
            })
            .sum()
    }

    fn quit(mut self) {
        drop(self.writer.write_all(b"\x03"));
        drop(self.writer.flush());
        drop(self.child.wait());
    }
}

fn environment(home: &Path) -> Vec<(&'static str, PathBuf)> {
    vec![
        ("HOME", home.to_path_buf()),
        ("XDG_CONFIG_HOME", home.join("config")),
        ("XDG_STATE_HOME", home.join("state")),
        ("XDG_CACHE_HOME", home.join("cache")),
        ("TZ", "UTC".into()),
        ("LANG", "C.UTF-8".into()),
        ("TERM", "xterm-256color".into()),
        ("COLORTERM", "truecolor".into()),
        ("PATH", "/usr/bin:/bin".into()),
    ]
}

fn percentile(sorted: &[Duration], part: usize) -> Duration {
    sorted
        .get((sorted.len() * part / 100).min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn row(what: &str, figure: &str) {
    println!("{what:<66} {figure}");
}

fn press(board: &mut Board, what: &str, keys: &[&str], times: usize) {
    let mut taken = Vec::with_capacity(times);
    let mut bytes = Vec::with_capacity(times);
    for turn in 0..times {
        // A person's pace: keys that come faster than frames are drawn together, 16 ms apart.
        board.idle(Duration::from_millis(25));
        if let Some((time, count)) = board.key(keys[turn % keys.len()]) {
            taken.push(time);
            bytes.push(count);
        }
    }
    taken.sort_unstable();
    bytes.sort_unstable();
    let median = bytes.get(bytes.len() / 2).copied().unwrap_or_default();
    let most = bytes.last().copied().unwrap_or_default();
    let (half, tail) = (ms(percentile(&taken, 50)), ms(percentile(&taken, 99)));
    row(
        what,
        &format!(
            "p50 {half:.2} ms, p99 {tail:.2} ms; bytes median {median}, most {most}; n={}",
            taken.len()
        ),
    );
}

/// Returns whether the log pane holds the long log, not only its beginning.
fn is_whole(text: &str) -> bool {
    let lines = text.split("log ").skip(1).find_map(|rest| {
        let number = rest.split_once(" lines")?.0.replace(',', "");
        number.parse::<u64>().ok()
    });
    lines.is_some_and(|lines| lines > 500_000)
}

/// Opens the log of 100 MB in the triage view; returns how long its first whole screen took.
fn open_long_log(board: &mut Board) -> Option<Duration> {
    for (key, shown) in [("g", ""), ("f", " red"), ("/", "/"), ("log lab", "1 of ")] {
        drop(board.writer.write_all(key.as_bytes()));
        board.until(|text| text.contains(shown))?;
    }
    let sent = Instant::now();
    drop(board.writer.write_all(b"\r"));
    let (at, _) = board.until(is_whole)?;
    Some(at - sent)
}

fn triage(home: &Path, config: &Path) {
    let mut board = Board::start(home, config);
    board.idle(Duration::from_secs(2));
    for what in [
        "100 MB log: open to first screen, downloaded",
        "100 MB log: open to first screen, from disk",
    ] {
        let before = board.status_line("VmRSS:").unwrap_or_default();
        let took = open_long_log(&mut board).map_or(f64::NAN, ms);
        let after = board.status_line("VmRSS:").unwrap_or_default();
        let more = f64::from(u32::try_from(after.saturating_sub(before)).unwrap_or(0)) / 1024.0;
        row(what, &format!("{took:.0} ms; + {more:.1} MB resident"));
        if what.ends_with("disk") {
            break;
        }
        board.quit();
        board = Board::start(home, config);
        board.idle(Duration::from_secs(2));
    }
    drop(board.writer.write_all(b"e"));
    board.idle(Duration::from_secs(1));
    press(
        &mut board,
        "100 MB log: next / previous line",
        &["j", "k"],
        200,
    );
    press(
        &mut board,
        "100 MB log: half a page",
        &["\x04", "\x15"],
        200,
    );
    let sent = Instant::now();
    drop(board.writer.write_all(b"/round lost\r"));
    let found = board
        .until(|text| text.contains("1 of 1"))
        .map(|(at, _)| ms(at - sent));
    row(
        "100 MB log: search for what is there once, whole file",
        &format!("{:.0} ms", found.unwrap_or(f64::NAN)),
    );
    board.quit();
}

/// Keys and frames of a board whose forge is well, beside sources that hang or are dead.
async fn beside() {
    println!("\n-- 12 repositories, 1,000 cards, beside sources that hang and are dead");
    let tracker = tokio_util::task::TaskTracker::new();
    let cancel = tokio_util::sync::CancellationToken::new();
    let clock: cycleboard::sources::http::Clock =
        std::sync::Arc::new(|| std::time::SystemTime::now().into());
    let options = demo::Options {
        repos: 12,
        cards: 1_000,
        ..demo::Options::default()
    };
    let forge = demo::forge::start(options, clock, &tracker, &cancel)
        .await
        .expect("the forge");
    // Connections are taken by the system, and nobody ever answers.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let hangs = silent.local_addr().expect("an address");
    let dead = {
        let closed = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        closed.local_addr().expect("an address")
    };
    let well = format!(
        "[[source]]\nname = \"bench\"\nkind = \"github\"\nurl = \"{}\"\norgs = [\"{}\"]\ntoken_env = \"BENCH_TOKEN\"\n",
        forge.url(),
        forge.org()
    );
    let others = format!(
        "[[source]]\nname = \"hangs\"\nkind = \"alertmanager\"\nurl = \"http://{hangs}\"\n\
         [[source]]\nname = \"dead\"\nkind = \"prometheus\"\nurl = \"http://{dead}\"\n"
    );
    let work = tokio::task::spawn_blocking(move || {
        for (what, text) in [("alone", well.clone()), ("beside", well + &others)] {
            let home = tempfile::tempdir().expect("a folder");
            let config = home.path().join("config.toml");
            std::fs::write(&config, text).expect("a configuration");
            let mut board = Board::start(home.path(), &config);
            let live = board
                .until(|text| text.contains('#'))
                .map_or(f64::NAN, |(at, _)| ms(at - board.started));
            row(&format!("{what}: start to cards"), &format!("{live:.0} ms"));
            board.idle(Duration::from_secs(5));
            let name = format!("{what}: next / previous card, key to frame");
            press(&mut board, &name, &["j", "k"], 200);
            board.quit();
        }
    });
    work.await.expect("the drive ends");
    drop(silent);
    cancel.cancel();
}

async fn measure(repos: usize, cards: usize) {
    println!("\n-- {repos} repositories, {cards} cards, {COLS}x{ROWS}");
    let home = tempfile::tempdir().expect("a folder");
    let tracker = tokio_util::task::TaskTracker::new();
    let cancel = tokio_util::sync::CancellationToken::new();
    let options = demo::Options {
        repos,
        cards,
        ..demo::Options::default()
    };
    let clock: cycleboard::sources::http::Clock =
        std::sync::Arc::new(|| std::time::SystemTime::now().into());
    let forge = demo::forge::start(options, clock, &tracker, &cancel)
        .await
        .expect("the forge");
    let config = home.path().join("config.toml");
    let text = format!(
        "[[source]]\nname = \"bench\"\nkind = \"github\"\nurl = \"{}\"\norgs = [\"{}\"]\ntoken_env = \"BENCH_TOKEN\"\n",
        forge.url(),
        forge.org()
    );
    std::fs::write(&config, text).expect("a configuration");
    let folder = home.path().to_path_buf();
    let work = tokio::task::spawn_blocking(move || {
        drive(&folder, &config);
        if repos < 100 {
            triage(&folder, &config);
        }
    });
    work.await.expect("the drive ends");
    row(
        "requests that the forge saw, both starts",
        &forge.count("/").to_string(),
    );
    cancel.cancel();
}

fn drive(home: &Path, config: &Path) {
    let mut board = Board::start(home, config);
    let first = board.until(|_| true).map(|(at, _)| ms(at - board.started));
    row(
        "empty store: start to first frame",
        &format!("{:.1} ms", first.unwrap_or(f64::NAN)),
    );
    let live = board
        .until(|text| text.contains("live"))
        .map(|(at, _)| ms(at - board.started));
    row(
        "empty store: start to live board",
        &format!("{:.0} ms", live.unwrap_or(f64::NAN)),
    );
    board.idle(Duration::from_secs(5));
    press(
        &mut board,
        "next / previous card: key to frame",
        &["j", "k"],
        200,
    );
    press(
        &mut board,
        "next / previous stage: key to frame",
        &["l", "h"],
        200,
    );
    let (bytes, switches) = board.idle(Duration::from_secs(10));
    row(
        "idle for 10 s",
        &format!("{bytes} bytes, {switches} voluntary switches"),
    );
    let memory = board.status_line("VmRSS:").unwrap_or_default();
    row(
        "resident memory",
        &format!(
            "{:.1} MB",
            f64::from(u32::try_from(memory).unwrap_or(0)) / 1024.0
        ),
    );
    board.quit();

    let mut times = Vec::new();
    for _ in 0..11 {
        let mut board = Board::start(home, config);
        if let Some((at, _)) = board.until(|_| true) {
            times.push(at - board.started);
        }
        board.quit();
    }
    times.sort_unstable();
    row(
        "stored board: start to first full frame",
        &format!(
            "median {:.1} ms, most {:.1} ms; n={}",
            ms(percentile(&times, 50)),
            ms(percentile(&times, 99)),
            times.len()
        ),
    );
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if std::env::args().any(|word| word == "beside") {
        runtime.block_on(beside());
        return;
    }
    for (repos, cards) in [(12, 1_000), (100, 10_000)] {
        runtime.block_on(measure(repos, cards));
    }
    runtime.block_on(beside());
    let binary = std::fs::metadata(env!("CARGO_BIN_EXE_cycleboard")).map_or(0, |data| data.len());
    row(
        "\nsize of the release binary",
        &format!(
            "{:.1} MB",
            f64::from(u32::try_from(binary / 1024).unwrap_or(0)) / 1024.0
        ),
    );
}
