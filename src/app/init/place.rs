//! The file that is written: whole or not at all, for its owner only, never over another unasked.

use std::io;
use std::path::{Path, PathBuf};

use crate::app::paths;

/// The most lines of two texts that are compared one by one.
const MOST_LINES: usize = 2_000;

/// Returns where a text goes that must not replace a file that is there.
pub(super) fn beside(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    PathBuf::from(name)
}

/// Writes a file and the folders above it.
pub(super) fn write(file: &Path, text: &str) -> io::Result<()> {
    if let Some(dir) = file.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        std::fs::create_dir_all(dir)?;
    }
    paths::write_private(file, text)
}

/// Returns what differs between two texts, line by line.
pub(super) fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let mut out = String::new();
    if old.len() > MOST_LINES || new.len() > MOST_LINES {
        return format!("{} lines become {}\n", old.len(), new.len());
    }
    let table = common(&old, &new);
    let length = |i: usize, j: usize| table.get(i).and_then(|row| row.get(j)).copied();
    let (mut i, mut j) = (0, 0);
    loop {
        let (mark, line) = match (old.get(i), new.get(j)) {
            (Some(gone), Some(come)) if gone == come => {
                i += 1;
                j += 1;
                (' ', *gone)
            }
            (Some(gone), come) if come.is_none() || length(i + 1, j) >= length(i, j + 1) => {
                i += 1;
                ('-', *gone)
            }
            (_, Some(come)) => {
                j += 1;
                ('+', *come)
            }
            (Some(_) | None, None) => break,
        };
        out.push(mark);
        out.push_str(line);
        out.push('\n');
    }
    out
}

/// Returns how many lines the ends of two texts have in common, for each pair of places.
fn common(old: &[&str], new: &[&str]) -> Vec<Vec<u32>> {
    let mut table = vec![vec![0; new.len() + 1]];
    for gone in old.iter().rev() {
        let below = table.last().cloned().unwrap_or_default();
        let mut row = vec![0; new.len() + 1];
        for (j, come) in new.iter().enumerate().rev() {
            let at = |row: &[u32], j: usize| row.get(j).copied().unwrap_or_default();
            let best = if gone == come {
                at(&below, j + 1) + 1
            } else {
                at(&below, j).max(at(&row, j + 1))
            };
            if let Some(cell) = row.get_mut(j) {
                *cell = best;
            }
        }
        table.push(row);
    }
    table.reverse();
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    #[track_caller]
    fn check(old: &str, new: &str, expected: &str) {
        assert_eq!(difference(old, new), expected);
    }

    #[test]
    fn what_differs_is_told_line_by_line() {
        check("a\nb\nc\n", "a\nx\nc\n", " a\n-b\n+x\n c\n");
        check("", "a\n", "+a\n");
        check("a\n", "", "-a\n");
        check("a\nb\n", "b\nc\n", "-a\n b\n+c\n");
        check("", "", "");
        let long = "a\n".repeat(MOST_LINES + 1);
        check(&long, "a\n", "2001 lines become 1\n");
    }

    #[test]
    fn a_file_is_its_owners_and_a_link_stays_one() {
        let dir = tempfile::tempdir().unwrap();
        let real = dir.path().join("deep/real.toml");
        write(&real, "one").unwrap();
        let link = dir.path().join("link.toml");
        std::os::unix::fs::symlink(&real, &link).unwrap();
        std::fs::set_permissions(&real, std::fs::Permissions::from_mode(0o644)).unwrap();
        write(&link, "two").unwrap();
        assert!(link.is_symlink());
        assert_eq!(std::fs::read_to_string(&real).unwrap(), "two");
        let mode = std::fs::metadata(&real).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let left = std::fs::read_dir(real.parent().unwrap()).unwrap().count();
        assert_eq!(left, 1, "no half of a file is left");
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("config.toml")).unwrap();
        assert!(write(&dir.path().join("config.toml"), "x").is_err());
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
