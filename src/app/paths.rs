//! Directories: where configuration, state and logs are.
//!
//! XDG on Linux, the platform's own elsewhere. Directories of ours are open to
//! their owner only.

use std::collections::hash_map::RandomState;
use std::fs::OpenOptions;
use std::hash::BuildHasher as _;
use std::io::{self, Write as _};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::app::exit::Failure;

/// The program's directories.
#[derive(Clone, Debug)]
pub struct Paths {
    /// Configuration; ours to read only.
    pub config: PathBuf,
    /// Store, log, local pins.
    pub state: PathBuf,
    /// What may go at any time: logs of jobs.
    pub cache: PathBuf,
}

impl Paths {
    /// Finds the directories; nothing is made yet.
    pub fn find() -> Result<Self, Failure> {
        let dirs = directories::ProjectDirs::from("", "", "cycleboard").ok_or_else(|| {
            Failure::error("there is no home directory")
                .hint("set `HOME`, or `XDG_CONFIG_HOME` and `XDG_STATE_HOME`")
        })?;
        Ok(Self {
            config: dirs.config_dir().to_owned(),
            state: dirs
                .state_dir()
                .unwrap_or_else(|| dirs.data_local_dir())
                .to_owned(),
            cache: dirs.cache_dir().to_owned(),
        })
    }

    /// Returns where the configuration file is looked for.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// Returns where the store is, unless the configuration says otherwise.
    pub fn store(&self) -> PathBuf {
        self.state.join("board.db")
    }

    /// Returns where it is remembered what kind of system a host is.
    pub fn hosts(&self) -> PathBuf {
        self.state.join("hosts.json")
    }

    /// Returns where the user's pins are.
    pub fn pins(&self) -> PathBuf {
        self.state.join("pins.json")
    }

    /// Returns where it is kept when stand-ups were held, and what was put aside at them.
    pub fn standup(&self) -> PathBuf {
        self.state.join("standup.json")
    }

    /// Returns where it is kept which cards were put aside.
    pub fn hidden(&self) -> PathBuf {
        self.state.join("hidden.json")
    }

    /// Returns where it is kept where boards were left.
    pub fn place(&self) -> PathBuf {
        self.state.join("place.json")
    }

    /// Returns where views are that were saved from the board.
    pub fn views(&self) -> PathBuf {
        self.state.join("views.json")
    }

    /// Returns where the log is.
    pub fn log(&self) -> PathBuf {
        self.state.join("cycleboard.log")
    }

    /// Returns where the logs of jobs are.
    pub fn job_logs(&self) -> PathBuf {
        self.cache.join("logs")
    }

    /// Returns where it is written down what was done at a source.
    pub fn journal(&self) -> PathBuf {
        self.state.join("actions.jsonl")
    }

    /// Returns the directories of something that must not mix with the user's own board.
    #[must_use]
    pub fn apart(&self, name: &str) -> Self {
        Self {
            config: self.config.clone(),
            state: self.state.join(name),
            cache: self.cache.join(name),
        }
    }
}

/// Makes a directory that only its owner may enter, with those above it.
pub fn make_private(dir: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)?;
    let metadata = std::fs::metadata(dir)?;
    let is_ours = metadata.uid() == rustix::process::geteuid().as_raw();
    if is_ours && metadata.mode() & 0o077 != 0 {
        std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a file that only its owner may read, in place of the one that is there.
///
/// Whoever reads it meanwhile, or after the power went, sees the old one or the new one, never a
/// half. A link stays one: what it leads to is replaced.
pub fn write_private(file: &Path, text: &str) -> io::Result<()> {
    let target = std::fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    let draft = Draft::beside(&target);
    // Never one that is there already: it would be somebody's.
    let mut out = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft.0)?;
    out.write_all(text.as_bytes())?;
    out.sync_all()?;
    std::fs::rename(&draft.0, &target)
}

/// A file that is half written, and goes where it is not finished.
struct Draft(PathBuf);

impl Draft {
    /// Names one that nobody else writes, in this program or another.
    fn beside(target: &Path) -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let any = RandomState::new().hash_one(count);
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".{}-{any:016x}", std::process::id()));
        Self(PathBuf::from(name))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After the rename it is not there.
        drop(std::fs::remove_file(&self.0));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_others_may_read_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a/b");
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        make_private(&dir).unwrap();
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
    }
}
