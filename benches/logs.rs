//! The budgets of logs: 100 MB indexed, shown, scrolled and searched, and what memory that takes.
//!
//! Run with `cargo bench --bench logs`. Prints figures; the bounds are in
//! README.md. Memory is that of a process of its own, started for the purpose.

#![expect(clippy::expect_used, reason = "a benchmark stops when it cannot go on")]
#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(
    clippy::disallowed_methods,
    reason = "it measures time, and starts itself again"
)]

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cycleboard::log::{self, Fold, Index, Intake, Matches, Query, Signature};

const SIZE: usize = 100 << 20;

/// Which log is measured.
const FLAVOURS: &[&str] = &["lines", "noisy", "endless", "progress"];

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, flag, path] = arguments.as_slice()
        && flag == "--memory"
    {
        memory(Path::new(path));
        return;
    }
    for flavour in FLAVOURS {
        let path = folder.path().join(flavour);
        generate(&path, flavour);
        measure(&path, flavour);
        let this = std::env::current_exe().expect("this program");
        let child = std::process::Command::new(this)
            .arg("--memory")
            .arg(&path)
            .output();
        print!(
            "{}",
            String::from_utf8_lossy(&child.expect("a child").stdout)
        );
    }
    signatures();
}

/// Writes 100 MB that look like a log of a job.
fn generate(path: &Path, flavour: &str) {
    let mut out = BufWriter::new(File::create(path).expect("a file"));
    let mut written = 0;
    let mut line = 0_u64;
    while written < SIZE {
        line += 1;
        let text = match flavour {
            "endless" => format!("token{line} "),
            "progress" => format!("\x1b[32m[{:>3} %]\x1b[0m downloading\r", line % 100),
            "noisy" => format!(
                "2026-11-21T09:{:02}:{:02}.1234567Z test error_{line}::fails_{line} ... ok\n",
                line / 60_000 % 60,
                line / 1_000 % 60
            ),
            _ if line.is_multiple_of(1_000) => format!(
                "2026-11-21T09:{:02}:{:02}.1234567Z ##[group]Run step {line}\n2026-11-21T09:00:00.1234567Z ##[endgroup]\n",
                line / 60_000 % 60,
                line / 1_000 % 60
            ),
            _ => format!(
                "2026-11-21T09:{:02}:{:02}.1234567Z \x1b[36m   Compiling\x1b[0m crate-{line} v1.{}.{} (/home/runner/work/acme/api/crates/crate-{line})\n",
                line / 60_000 % 60,
                line / 1_000 % 60,
                line % 37,
                line % 11
            ),
        };
        written += text.len();
        out.write_all(text.as_bytes()).expect("room");
    }
    let end = "\n2026-11-21T09:59:00.1234567Z error[E0308]: mismatched types\n  --> src/main.rs:4:5\n   |\n\n2026-11-21T09:59:01.1234567Z ##[error]Process completed with exit code 101.\n";
    out.write_all(end.as_bytes()).expect("room");
    out.flush().expect("room");
}

fn open(path: &Path, cache: PathBuf) -> (Index, File) {
    let mut file = File::open(path).expect("a log");
    let mut intake = Intake::new(File::create(&cache).expect("a cache"));
    let mut chunk = vec![0; 64 * 1024];
    loop {
        let read = file.read(&mut chunk).expect("a log");
        if read == 0 {
            break;
        }
        intake
            .push(chunk.get(..read).unwrap_or_default())
            .expect("room");
    }
    (
        intake.finish().expect("an index"),
        File::open(cache).expect("a cache"),
    )
}

/// The same without a cache to write: a log that is on disk already.
fn reopen(path: &Path) -> (Index, File) {
    let mut file = File::open(path).expect("a log");
    let mut intake = Intake::new(std::io::sink());
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = file.read(&mut chunk) {
        intake
            .push(chunk.get(..read).unwrap_or_default())
            .expect("room");
    }
    (intake.finish().expect("an index"), file)
}

fn measure(path: &Path, flavour: &str) {
    let show = |what: &str, time: Duration| println!("{flavour:<9} {what:<42} {time:>10.2?}");
    let best = |run: &mut dyn FnMut()| {
        let times = (0..5).map(|_| {
            let start = Instant::now();
            run();
            start.elapsed()
        });
        times.min().expect("a time")
    };
    let first_screen = |(index, mut file): (Index, File)| {
        let first = log::first_error(&index, &mut file)
            .expect("a log")
            .expect("an error");
        let fold = Fold::at_error(&index, Some(first.line));
        let row = fold.row_of(first.line).expect("a row");
        let rows = fold.visible(row.saturating_sub(30)..row + 30);
        let shown: usize = rows
            .into_iter()
            .map(|lines| log::window(&index, &mut file, lines).expect("lines").len())
            .sum();
        assert!(shown >= 2);
    };
    show(
        "index, first error, first screen, from disk",
        best(&mut || first_screen(reopen(path))),
    );
    let cache = path.with_extension("cache");
    show(
        "the same, written to the cache on the way",
        best(&mut || first_screen(open(path, cache.clone()))),
    );
    let (index, mut file) = reopen(path);
    let mut times: Vec<Duration> = (0..2_000_u64)
        .map(|n| {
            let from = n.wrapping_mul(2_654_435_761) % index.lines();
            let start = Instant::now();
            let lines = log::window(&index, &mut file, from..from + 60).expect("lines");
            let time = start.elapsed();
            assert!(!lines.is_empty());
            time
        })
        .collect();
    times.sort();
    show(
        "a window of 60 lines, p99",
        times.get(1_980).copied().unwrap_or_default(),
    );
    for text in ["mismatched", "crate-9+ ", "Compiling.*v1.3", "Compiling"] {
        let time = best(&mut || {
            let query = Query::parse(text).expect("an expression");
            let mut file = File::open(path).expect("a log");
            let found = Matches::new(query).finish(&mut file).expect("a log");
            assert!(found.is_done());
        });
        show(&format!("search for `{text}`"), time);
    }
    println!(
        "{flavour:<9} {:<42} {:>8} kB",
        "size of the index",
        index.memory() / 1024
    );
}

/// Prints by how much the resident memory of this process peaks above its start.
fn memory(path: &Path) {
    let before = resident();
    let (index, mut file) = reopen(path);
    let first = log::first_error(&index, &mut file)
        .expect("a log")
        .expect("an error");
    let from = first.line.saturating_sub(30);
    let lines = log::window(&index, &mut file, from..from + 60).expect("lines");
    let query = Query::parse("mismatched").expect("an expression");
    let mut file = File::open(path).expect("a log");
    let found = Matches::new(query).finish(&mut file).expect("a log");
    assert!(!found.lines().is_empty() && !lines.is_empty());
    let more = resident().saturating_sub(before);
    println!(
        "{:<9} {:<42} {more:>8} kB",
        "", "memory above the start, at its peak"
    );
}

/// The peak of resident memory in kB (`VmHWM`); 0 where there is no `/proc`.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .unwrap_or_default()
}

/// 2,000 failures grouped by what they say.
fn signatures() {
    let messages: Vec<String> = (0..2_000)
        .map(|n| format!("assertion `left == right` failed at /tmp/run-{n}/src/case_{}.rs:{n}: {n} ms, id 0x{n:08x}", n % 40))
        .collect();
    let start = Instant::now();
    let mut groups = std::collections::HashMap::new();
    for message in &messages {
        let signature = Signature::new("cargo test", Some("E1"), Some("a::b"), message);
        *groups.entry(signature.hash).or_insert(0) += 1;
    }
    println!(
        "{:<9} {:<42} {:>10.2?}",
        "",
        format!("2,000 failures in {} group(s)", groups.len()),
        start.elapsed()
    );
}
