//! Zero configuration: the repository of the clone that the program is started in.
//!
//! Reads git's own files and runs nothing: a directory that was only cloned
//! must not decide what is executed, nor which host gets a token.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use url::Url;

/// The largest git file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// A repository on a forge, as a remote names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// The host, lower-cased, without port.
    pub host: String,
    /// `owner/name`.
    pub path: String,
}

impl Remote {
    /// Returns whether the host is one of GitHub's, for which the kind of source is known.
    pub fn is_github(&self) -> bool {
        self.host == "github.com" || self.host.ends_with(".ghe.com")
    }
}

/// Returns the repository of the clone that holds `dir`, if it is in one.
///
/// `home` is where the user's own git settings are, for `insteadOf`.
pub fn find(dir: &Path, home: Option<&Path>) -> Option<Remote> {
    let git = dir.ancestors().find_map(git_dir)?;
    let mut config = GitConfig::default();
    if let Some(home) = home {
        config.read(&read(&home.join(".gitconfig")).unwrap_or_default());
    }
    config.read(&read(&git.join("config"))?);
    config.best()
}

/// Returns the directory with git's configuration for a working tree, if `dir` is the top of one.
fn git_dir(dir: &Path) -> Option<PathBuf> {
    let dot = dir.join(".git");
    if dot.is_dir() {
        return Some(dot);
    }
    // A worktree or a submodule: the file says where the directory is.
    let text = read(&dot)?;
    let linked = dir.join(text.strip_prefix("gitdir:")?.trim());
    match read(&linked.join("commondir")) {
        Some(common) => Some(linked.join(common.trim())),
        None => Some(linked),
    }
}

fn read(path: &Path) -> Option<String> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .ok()?
        .take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// What matters of git's configuration.
#[derive(Default, Debug)]
struct GitConfig {
    remotes: BTreeMap<String, String>,
    /// What is written, and what it stands for.
    instead_of: Vec<(String, String)>,
}

impl GitConfig {
    fn read(&mut self, text: &str) {
        let mut section = (String::new(), String::new());
        for line in text.lines().map(str::trim) {
            if line.starts_with('[') {
                section = section_of(line);
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                continue;
            };
            let key = key.trim().to_ascii_lowercase();
            let value = value.trim().trim_matches('"').to_owned();
            match (section.0.as_str(), key.as_str()) {
                ("remote", "url") => {
                    // With several, git fetches from the first.
                    self.remotes.entry(section.1.clone()).or_insert(value);
                }
                ("url", "insteadof") => self.instead_of.push((value, section.1.clone())),
                _ => {}
            }
        }
    }

    /// Returns the remote that a board is most likely wanted for: `upstream`, `origin`, any.
    fn best(&self) -> Option<Remote> {
        let named = ["upstream", "origin"]
            .into_iter()
            .filter_map(|name| self.remotes.get(name));
        named
            .chain(self.remotes.values())
            .find_map(|url| parse(&self.resolve(url)))
    }

    /// Applies the longest `insteadOf`, as git does.
    fn resolve(&self, url: &str) -> String {
        self.instead_of
            .iter()
            .filter_map(|(written, meant)| Some((written.len(), meant, url.strip_prefix(written)?)))
            .max_by_key(|(length, _, _)| *length)
            .map_or_else(
                || url.to_owned(),
                |(_, meant, rest)| format!("{meant}{rest}"),
            )
    }
}

/// Splits `[remote "origin"]` into its name, lower-cased, and its quoted part.
fn section_of(line: &str) -> (String, String) {
    let inner = line
        .trim_start_matches('[')
        .split(']')
        .next()
        .unwrap_or_default();
    match inner.split_once('"') {
        Some((name, rest)) => (
            name.trim().to_ascii_lowercase(),
            line.split_once('"')
                .and_then(|(_, rest)| rest.rsplit_once('"'))
                .map_or_else(
                    || rest.to_owned(),
                    |(quoted, _)| quoted.replace("\\\"", "\""),
                ),
        ),
        None => (inner.trim().to_ascii_lowercase(), String::new()),
    }
}

/// Returns the repository that a remote's address names: a URL, or `user@host:path`.
fn parse(address: &str) -> Option<Remote> {
    let (host, path) = if address.contains("://") {
        let url = Url::parse(address).ok()?;
        let is_remote = matches!(url.scheme(), "https" | "http" | "ssh" | "git" | "git+ssh");
        let host = url.host_str().filter(|_| is_remote)?.to_owned();
        (host, url.path().to_owned())
    } else {
        let (host, path) = address.split_once(':')?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        (host.to_owned(), path.to_owned())
    };
    let host = host.to_ascii_lowercase();
    // GitHub answers ssh on port 443 under another name.
    let host = host
        .strip_prefix("ssh.")
        .filter(|rest| *rest == "github.com")
        .unwrap_or(&host)
        .to_owned();
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (is_host(&host) && is_repository(path)).then(|| Remote {
        host,
        path: path.to_owned(),
    })
}

fn is_host(host: &str) -> bool {
    host.contains('.')
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        && !host.starts_with(['.', '-'])
}

fn is_repository(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let is_name = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
    };
    parts.len() == 2 && parts.iter().all(is_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(address: &str, expected: Option<(&str, &str)>) {
        let found = parse(address);
        let found = found
            .as_ref()
            .map(|remote| (remote.host.as_str(), remote.path.as_str()));
        assert_eq!(found, expected, "{address}");
    }

    #[test]
    fn addresses_in_every_form() {
        let api = Some(("github.com", "acme/api"));
        check("https://github.com/acme/api.git", api);
        check("https://github.com/acme/api", api);
        check("https://joe:pw@github.com/acme/api/", api);
        check("git@github.com:acme/api.git", api);
        check("github.com:acme/api", api);
        check("ssh://git@github.com/acme/api.git", api);
        check("ssh://git@ssh.github.com:443/acme/api.git", api);
        check("git://GitHub.com/acme/api.git", api);
        check(
            "https://git.example.org/acme/api",
            Some(("git.example.org", "acme/api")),
        );
    }

    #[test]
    fn what_is_no_repository_on_a_forge_is_nothing() {
        for address in [
            "",
            "/srv/git/api.git",
            "../api",
            "file:///srv/api.git",
            "C:\\repos\\api",
            "https://github.com/acme",
            "https://github.com/acme/api/wiki/x",
            "ext::sh -c whoami% /x/y",
            "git@github.com:acme/../api",
            "git@github.com:ac me/api",
            "https:///acme/api",
        ] {
            check(address, None);
        }
    }

    fn clone(config: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".git")).unwrap();
        std::fs::write(dir.path().join(".git/config"), config).unwrap();
        dir
    }

    #[test]
    fn upstream_comes_before_origin() {
        let dir = clone(
            "[core]\n\tbare = false\n[remote \"origin\"]\n\turl = git@github.com:me/api.git\n\
             [remote \"upstream\"]\n\turl = https://github.com/acme/api\n",
        );
        assert_eq!(find(dir.path(), None).unwrap().path, "acme/api");
    }

    #[test]
    fn a_directory_below_and_a_worktree_find_the_same() {
        let dir = clone("[remote \"origin\"]\n\turl = git@github.com:acme/api.git\n");
        let below = dir.path().join("src/deep");
        std::fs::create_dir_all(&below).unwrap();
        assert_eq!(find(&below, None).unwrap().path, "acme/api");
        let linked = dir.path().join(".git/worktrees/w");
        std::fs::create_dir_all(&linked).unwrap();
        std::fs::write(linked.join("commondir"), "../..\n").unwrap();
        let tree = tempfile::tempdir().unwrap();
        std::fs::write(
            tree.path().join(".git"),
            format!("gitdir: {}\n", linked.display()),
        )
        .unwrap();
        assert_eq!(find(tree.path(), None).unwrap().path, "acme/api");
    }

    #[test]
    fn short_forms_of_the_user_are_resolved() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(
            home.path().join(".gitconfig"),
            "[url \"git@github.com:\"]\n\tinsteadOf = gh:\n",
        )
        .unwrap();
        let dir = clone("[remote \"origin\"]\n\turl = gh:acme/api\n");
        let remote = find(dir.path(), Some(home.path())).unwrap();
        assert!(
            remote.is_github() && remote.path == "acme/api",
            "{remote:?}"
        );
    }

    #[test]
    fn a_directory_outside_any_clone_is_none() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(find(dir.path(), None), None);
    }
}
