//! A home of its own for every run of the program: nothing of the machine gets in.
//!
//! Directories, variables, zone and language are the test's; what a run leaves
//! behind can be looked through afterwards.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_cycleboard");

/// A home directory with everything that XDG puts into it.
pub(crate) struct Home {
    dir: TempDir,
}

impl Home {
    /// Makes an empty one.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        for name in ["config/cycleboard", "state", "cache", "work", "bin"] {
            std::fs::create_dir_all(dir.path().join(name)).expect("a directory in it");
        }
        Self { dir }
    }

    /// Returns a path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Returns the variables that the program is started with; there are no others.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let path = |name: &str| self.path(name).display().to_string();
        vec![
            ("HOME", path("")),
            ("XDG_CONFIG_HOME", path("config")),
            ("XDG_STATE_HOME", path("state")),
            ("XDG_CACHE_HOME", path("cache")),
            ("XDG_DATA_HOME", path("data")),
            ("PATH", format!("{}:/usr/bin:/bin", path("bin"))),
            ("TZ", "UTC".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TERM", "xterm-256color".to_owned()),
        ]
    }

    /// Writes the configuration file, for its owner only.
    pub(crate) fn configure(&self, text: &str) -> PathBuf {
        let path = self.path("config/cycleboard/config.toml");
        std::fs::write(&path, text).expect("the configuration");
        set_mode(&path, 0o600);
        path
    }

    /// Returns the program with these arguments, in the empty directory `work`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .args(arguments)
            .env_clear()
            .envs(self.variables())
            .current_dir(self.path("work"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(
            self.command(arguments).output().expect("the program runs"),
            arguments,
        )
    }

    /// Returns every file below it that contains this text.
    pub(crate) fn files_with(&self, text: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(self.dir.path(), &mut |path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            if bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes())
            {
                found.push(path.to_owned());
            }
        });
        found
    }

    /// Returns every file below one of its directories.
    pub(crate) fn files(&self, name: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        walk(&self.path(name), &mut |path| found.push(path.to_owned()));
        found
    }
}

/// Sets the permissions of a file.
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
}

fn walk(dir: &Path, visit: &mut impl FnMut(&Path)) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(&path, visit);
        } else if path.is_file() {
            visit(&path);
        }
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Its exit code.
    pub(crate) code: i32,
    /// What it printed.
    pub(crate) out: String,
    /// What it said on standard error.
    pub(crate) err: String,
    arguments: String,
}

impl Ran {
    /// Takes in a run that has ended.
    pub(crate) fn of(output: Output, arguments: &[&str]) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8(output.stdout).expect("UTF-8 on standard output"),
            err: String::from_utf8(output.stderr).expect("UTF-8 on standard error"),
            arguments: arguments.join(" "),
        }
    }

    /// Expects this exit code.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Self {
        assert_eq!(self.code, code, "{self:#?}");
        self
    }

    /// Expects these words on standard error, and a hint.
    #[track_caller]
    pub(crate) fn complains(&self, words: &str) -> &Self {
        assert!(self.err.starts_with("error: "), "{self:#?}");
        assert!(self.err.contains(words), "no `{words}` in {self:#?}");
        assert!(self.err.contains("\nhint: "), "no hint in {self:#?}");
        self
    }

    /// Expects these words on standard output.
    #[track_caller]
    pub(crate) fn prints(&self, words: &str) -> &Self {
        assert!(self.out.contains(words), "no `{words}` in {self:#?}");
        self
    }

    /// Returns standard output as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> serde_json::Value {
        match serde_json::from_str(&self.out) {
            Ok(value) => value,
            Err(error) => panic!("no JSON from `{}`: {error}\n{self:#?}", self.arguments),
        }
    }
}
