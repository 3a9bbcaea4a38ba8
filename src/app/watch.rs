//! Says when files of a person were saved: configuration, keys, themes.
//!
//! Watches the folders, as editors save by putting another file in the place of the old one. What a
//! change means is the caller's matter. The thread sleeps in the kernel, so that an idle board stays
//! idle; where nothing can be watched, it looks at the times of the files.

use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::event::Timespec;

/// How long files have to be left alone before they are read.
const SETTLE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 200_000_000,
};

/// How often times are looked at where nothing can be watched.
const LOOK: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

/// How many files of a folder are looked at.
const MAX_FILES: usize = 200;

/// What is watched.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Files {
    /// Files, there or not.
    pub files: Vec<PathBuf>,
    /// Folders, there or not, of which every `*.toml` counts.
    pub folders: Vec<PathBuf>,
}

/// A file as it was last seen: two of its times are equal only where it was not written.
type Stamp = (PathBuf, u64, i64, i64, u64);

impl Files {
    /// Returns how all of them are now.
    fn stamps(&self) -> BTreeSet<Stamp> {
        let of_folder = |folder: &PathBuf| {
            let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let paths = entries.take(MAX_FILES).map(|entry| entry.path());
            paths
                .filter(|path| path.extension().is_some_and(|end| end == "toml"))
                .collect::<Vec<_>>()
        };
        let in_folders = self.folders.iter().flat_map(of_folder);
        let all = self.files.iter().cloned().chain(in_folders);
        all.filter_map(|path| {
            let it = std::fs::metadata(&path).ok()?;
            Some((path, it.ino(), it.mtime(), it.mtime_nsec(), it.size()))
        })
        .collect()
    }

    /// Returns the folders in which something happens when one of them is saved: where a name is a
    /// link, also that of what it leads to.
    fn homes(&self) -> BTreeSet<PathBuf> {
        let home = |path: &Path| {
            let parent = path.parent()?;
            let is_named = !parent.as_os_str().is_empty();
            Some(if is_named { parent } else { Path::new(".") }.to_owned())
        };
        let led_to = self
            .files
            .iter()
            .filter_map(|file| file.canonicalize().ok());
        let of_files = self.files.iter().cloned().chain(led_to);
        let homes = of_files.filter_map(|file| home(&file));
        // A folder that is not there yet is seen to appear in the one that holds it.
        let parents = self.folders.iter().filter_map(|folder| home(folder));
        homes
            .chain(parents)
            .chain(self.folders.iter().cloned())
            .collect()
    }
}

/// Calls back after every change, until it returns false; on a thread of its own.
pub fn watch(files: Files, mut changed: impl FnMut() -> bool + Send + 'static) {
    let run = move || {
        let mut waiter = Waiter::new();
        let mut known = files.stamps();
        loop {
            // What changes from here on is noticed, and what changed before is seen.
            waiter.arm(&files);
            let now = files.stamps();
            if now != known {
                known = now;
                if !changed() {
                    return;
                }
            }
            waiter.wait();
        }
    };
    let started = std::thread::Builder::new()
        .name("watch".to_owned())
        .spawn(run);
    if let Err(error) = started {
        // Then a change counts after the next start.
        tracing::warn!(%error, "watch");
    }
}

/// Sleeps for a while; the loop may not.
fn doze(span: &Timespec) {
    let _ = rustix::event::poll(&mut [], Some(span));
}

#[cfg(target_os = "linux")]
use linux::Waiter;

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Waiter;

#[cfg(not(target_os = "linux"))]
impl Waiter {
    fn new() -> Self {
        Self
    }

    fn arm(&mut self, _files: &Files) {}

    fn wait(&mut self) {
        doze(&LOOK);
    }
}

#[cfg(target_os = "linux")]
mod linux {
    //! Waits by inotify.

    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;

    use rustix::event::{PollFd, PollFlags, Timespec};
    use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
    use rustix::io::Errno;

    use super::{Files, LOOK, SETTLE, doze};

    /// Waits until something happened in the folders, and then until nothing does any more.
    #[derive(Debug)]
    pub(super) struct Waiter {
        notices: Option<OwnedFd>,
        /// Whether any folder is watched.
        armed: bool,
    }

    impl Waiter {
        pub(super) fn new() -> Self {
            let notices = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK);
            if let Err(error) = &notices {
                tracing::warn!(%error, "files are not watched, but looked at");
            }
            Self {
                notices: notices.ok(),
                armed: false,
            }
        }

        /// Watches the folders that are there now.
        pub(super) fn arm(&mut self, files: &Files) {
            let Some(notices) = &self.notices else {
                return;
            };
            let what = WatchFlags::CLOSE_WRITE
                | WatchFlags::MOVED_TO
                | WatchFlags::MOVED_FROM
                | WatchFlags::CREATE
                | WatchFlags::DELETE;
            self.armed = false;
            for home in files.homes() {
                // The same folder again is no second watch.
                let added = inotify::add_watch(notices, &home, what | WatchFlags::ONLYDIR);
                self.armed |= added.is_ok();
            }
        }

        pub(super) fn wait(&mut self) {
            let Some(notices) = self.notices.as_ref().filter(|_| self.armed) else {
                return doze(&LOOK);
            };
            let mut patience = None;
            // A storm in a folder is waited out, but not for ever.
            for _ in 0..64 {
                if !is_ready(notices, patience) {
                    return;
                }
                drain(notices);
                patience = Some(&SETTLE);
            }
        }
    }

    /// Returns whether there is a notice, or false when the time is over.
    fn is_ready(notices: &OwnedFd, patience: Option<&Timespec>) -> bool {
        loop {
            let mut fds = [PollFd::new(notices, PollFlags::IN)];
            match rustix::event::poll(&mut fds, patience) {
                Ok(count) => return count > 0,
                Err(Errno::INTR) => {}
                Err(_) => {
                    doze(&LOOK);
                    return false;
                }
            }
        }
    }

    fn drain(notices: &OwnedFd) {
        let mut buffer = [MaybeUninit::uninit(); 4_096];
        let mut reader = Reader::new(notices, &mut buffer);
        while reader.next().is_ok() {}
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    const LONG: Duration = Duration::from_secs(20);

    #[track_caller]
    fn check(prepare: impl Fn(&Path), change: impl Fn(&Path)) {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path());
        let files = Files {
            files: vec![dir.path().join("config.toml")],
            folders: vec![dir.path().join("themes")],
        };
        let (tell, told) = mpsc::channel();
        let (ready, is_ready) = mpsc::channel();
        let path = dir.path().to_owned();
        // The first call may be due to what was prepared; what counts is that a later change is told.
        watch(files.clone(), move || {
            tell.send(files.stamps()).unwrap();
            ready.send(()).is_ok()
        });
        // The watch may not have begun yet: whoever is impatient saves again.
        let mut again = 0;
        loop {
            change(&path);
            if told.recv_timeout(Duration::from_millis(500)).is_ok() {
                break;
            }
            again += 1;
            assert!(again < 40, "nothing was told");
        }
        is_ready.recv_timeout(LONG).unwrap();
    }

    fn write(path: &Path, text: &str) {
        use std::io::Write as _;
        let mut file = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    #[test]
    fn a_file_that_is_written_is_told() {
        check(
            |dir| write(&dir.join("config.toml"), "a"),
            |dir| write(&dir.join("config.toml"), "b"),
        );
    }

    #[test]
    fn a_file_that_takes_the_place_of_another_is_told() {
        check(
            |dir| write(&dir.join("config.toml"), "a"),
            |dir| {
                write(&dir.join("config.toml.new"), "bb");
                std::fs::rename(dir.join("config.toml.new"), dir.join("config.toml")).unwrap();
            },
        );
    }

    #[test]
    fn a_folder_that_appears_and_its_files_are_told() {
        check(
            |_| {},
            |dir| {
                std::fs::create_dir_all(dir.join("themes")).unwrap();
                write(&dir.join("themes/own.toml"), "x");
            },
        );
    }

    #[test]
    fn what_a_link_leads_to_is_watched() {
        check(
            |dir| {
                std::fs::create_dir(dir.join("dotfiles")).unwrap();
                write(&dir.join("dotfiles/real.toml"), "a");
                let link = dir.join("config.toml");
                std::os::unix::fs::symlink(dir.join("dotfiles/real.toml"), link).unwrap();
            },
            |dir| write(&dir.join("dotfiles/real.toml"), "b"),
        );
    }

    #[test]
    fn other_files_of_the_folder_are_not_told() {
        let dir = tempfile::tempdir().unwrap();
        let files = Files {
            files: vec![dir.path().join("config.toml")],
            folders: Vec::new(),
        };
        let before = files.stamps();
        write(&dir.path().join("other.toml"), "x");
        assert_eq!(files.stamps(), before);
        write(&dir.path().join("config.toml"), "x");
        assert_ne!(files.stamps(), before);
    }
}
