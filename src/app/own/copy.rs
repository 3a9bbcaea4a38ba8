//! A clean copy of a log for a program of the user: no escape, no secret.
//!
//! In the cache, for its owner only; the oldest copies go.

use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::app::{logs, paths};
use crate::domain::diagnosis::LogKey;
use crate::engine::logs::FileLogs;

/// How many copies are kept.
const KEPT: usize = 20;

/// Copies a log; returns where it is, or why there is none.
pub(super) fn of_log(logs: &FileLogs, key: &LogKey, dir: &Path) -> Result<PathBuf, String> {
    let told = |error: std::io::Error| format!("the log cannot be copied: {error}");
    let mut file = logs
        .open(key)
        .map_err(told)?
        .ok_or("the log is not here any more")?;
    paths::make_private(dir).map_err(told)?;
    prune(dir);
    let index = logs::index(&mut file).map_err(told)?;
    let path = dir.join(name(key));
    // An older copy may still be read by a program: it keeps what it has.
    drop(std::fs::remove_file(&path));
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path);
    let mut out = BufWriter::new(made.map_err(told)?);
    logs::text::write(&index, &mut file, 0..index.lines(), false, &mut out)
        .and_then(|()| out.flush())
        .map_err(told)?;
    Ok(path)
}

/// A name that no card decides: only numbers of ours and hexadecimal digits are in it.
fn name(key: &LogKey) -> String {
    let run = xxhash_rust::xxh3::xxh3_64(format!("{:?}", key.run).as_bytes());
    format!("{run:016x}-{}-{}.log", key.attempt, key.job)
}

/// Removes the oldest copies, so that there is room for one more.
fn prune(dir: &Path) {
    let Ok(entries) = std::fs::read_dir(dir) else {
        return;
    };
    let age = |entry: &std::fs::DirEntry| {
        let made = entry.metadata().and_then(|data| data.modified());
        made.unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut all: Vec<_> = entries
        .flatten()
        .filter(|entry| entry.path().extension().is_some_and(|end| end == "log"))
        .collect();
    all.sort_by_key(|entry| std::cmp::Reverse(age(entry)));
    for old in all.iter().skip(KEPT - 1) {
        drop(std::fs::remove_file(old.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_do_not_grow_in_number() {
        let home = tempfile::tempdir().unwrap();
        for number in 0..KEPT * 2 {
            std::fs::write(home.path().join(format!("{number}.log")), "x").unwrap();
        }
        std::fs::write(home.path().join("else"), "x").unwrap();
        prune(home.path());
        let left = std::fs::read_dir(home.path()).unwrap().count();
        assert_eq!(left, KEPT);
        assert!(home.path().join("else").exists());
    }
}
