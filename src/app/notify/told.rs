//! What was told already, on this machine: a small file that several boards share.
//!
//! Each name is taken once, by whoever is first; where the file cannot be had,
//! everything is told, as a call too many is better than none.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use crate::app::notify::Notice;
use crate::app::paths;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 256 * 1024;

/// How many names are kept; the oldest give way.
const MOST: usize = 1_000;

/// Where it is kept.
#[derive(Clone, Debug)]
pub struct Told {
    file: PathBuf,
}

impl Told {
    /// Settles where the file is; nothing is read yet.
    pub fn at(file: PathBuf) -> Self {
        Self { file }
    }

    /// Takes notices, and returns those that nobody told before.
    pub fn take(&self, mut notices: Vec<Notice>) -> Vec<Notice> {
        match self.claim(&notices) {
            Ok(news) => {
                notices.retain(|notice| notice.names.iter().any(|name| news.contains(name)));
            }
            Err(error) => tracing::warn!(%error, file = %self.file.display(), "notices"),
        }
        notices
    }

    fn claim(&self, notices: &[Notice]) -> io::Result<HashSet<String>> {
        if let Some(dir) = self.file.parent() {
            paths::make_private(dir)?;
        }
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&self.file)?;
        // Held for the time of one small write, by every board alike.
        flock(&file, FlockOperation::LockExclusive)?;
        let known = read(&mut file)?;
        let mut lines: Vec<&str> = known.lines().collect();
        let mut news = HashSet::new();
        for name in notices.iter().flat_map(|notice| &notice.names) {
            if !lines.contains(&name.as_str()) {
                lines.push(name);
                news.insert(name.clone());
            }
        }
        if !news.is_empty() {
            let old = lines.len().saturating_sub(MOST);
            let mut text = lines.get(old..).unwrap_or_default().join("\n");
            text.push('\n');
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(text.as_bytes())?;
        }
        Ok(news)
    }
}

fn read(file: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::Occasion;

    fn notice(name: &str) -> Notice {
        Notice {
            occasion: Occasion::Red,
            names: vec![name.to_owned()],
            title: name.to_owned(),
            text: String::new(),
        }
    }

    fn names(notices: &[Notice]) -> Vec<&str> {
        notices.iter().map(|notice| notice.title.as_str()).collect()
    }

    #[test]
    fn what_one_board_told_no_other_tells_nor_the_next_start() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("state/notified");
        let told = Told::at(file.clone());
        assert_eq!(
            names(&told.take(vec![notice("a 1 1"), notice("a 2 1")])),
            ["a 1 1", "a 2 1"]
        );
        let other = Told::at(file.clone());
        assert_eq!(
            names(&other.take(vec![notice("a 2 1"), notice("a 2 2")])),
            ["a 2 2"]
        );
        assert!(told.take(vec![notice("a 2 2")]).is_empty());
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn the_file_stays_small_and_forgets_the_oldest() {
        let home = tempfile::tempdir().unwrap();
        let told = Told::at(home.path().join("notified"));
        let many: Vec<Notice> = (0..MOST + 10)
            .map(|n| notice(&format!("r {n} 1")))
            .collect();
        assert_eq!(told.take(many).len(), MOST + 10);
        assert_eq!(
            told.take(vec![notice("r 0 1")]).len(),
            1,
            "it was forgotten"
        );
        assert!(told.take(vec![notice("r 1000 1")]).is_empty());
    }

    #[test]
    fn without_a_file_everything_is_told() {
        let told = Told::at(PathBuf::from("/proc/no/such/notified"));
        assert_eq!(told.take(vec![notice("a")]).len(), 1);
    }
}
