//! Which programs share the database, and whether they still live.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// This opening of the database; two in one program differ.
#[derive(Clone, Debug)]
pub(super) struct Identity {
    /// Unique among all programs that may share the file.
    pub id: String,
    /// The process.
    pub pid: i64,
    /// The machine since its start, and the space in which the process number counts.
    pub boot: String,
}

impl Identity {
    /// Makes a new one.
    pub(super) fn new() -> Self {
        Self {
            id: token(),
            pid: i64::from(std::process::id()),
            boot: boot(),
        }
    }
}

/// Returns a word that no other opening has, in this program or another.
///
/// Numbers of processes alone do not do: in each of two containers there is a process 1.
pub(super) fn token() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let any = RandomState::new().hash_one(count);
    format!("{}-{count}-{any:016x}", std::process::id())
}

/// Whether a process lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Life {
    /// It does.
    Alive,
    /// It does not.
    Dead,
    /// It cannot be told: another machine, or another space of process numbers.
    Unknown,
}

/// Returns whether the process of a row lives.
pub(super) fn life(pid: i64, boot_of_row: &str) -> Life {
    if boot_of_row != boot() || boot_of_row.is_empty() {
        return Life::Unknown;
    }
    let Some(pid) = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw)
    else {
        return Life::Unknown;
    };
    match rustix::process::test_kill_process(pid) {
        Err(rustix::io::Errno::SRCH) => Life::Dead,
        Ok(()) | Err(_) => Life::Alive,
    }
}

fn boot() -> String {
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let space = std::fs::read_link("/proc/self/ns/pid")
        .map(|link| link.display().to_string())
        .unwrap_or_default();
    let boot = boot.trim();
    if boot.is_empty() {
        String::new()
    } else {
        format!("{boot} {space}")
    }
}
