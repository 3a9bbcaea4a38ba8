//! Zero configuration: the repository of the clone that the program is started in.
//!
//! Reads the files of git, ssh and `gh`; git itself is asked only where those
//! cannot tell. Only hosts that are GitHub's, or that the user is logged in to,
//! are taken: a directory that was cloned must not decide who gets a token.

mod ask;
mod git_config;
mod ssh_config;

#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use url::Url;

use crate::app::clone::git_config::GitConfig;
use crate::app::env::Env;
use crate::config::SourceConfig;
use crate::domain::key::SourceName;
use crate::sources::http::host_of;

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// How many remotes git is asked for.
const MAX_ASKED: usize = 4;

/// A repository on a forge, as a remote names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// The host, lower-cased, with its port where that is unusual.
    pub host: String,
    /// `owner/name`.
    pub path: String,
}

/// What is around a clone and says what its remotes mean.
#[derive(Clone, Default, Debug)]
pub struct Surroundings {
    /// The user's directory.
    pub home: Option<PathBuf>,
    /// Where programs keep their settings.
    pub config: Option<PathBuf>,
    /// The directory of git, where the user named one.
    pub git_dir: Option<PathBuf>,
    /// Where programs are looked for.
    pub path: Option<String>,
    /// Hosts of GitHub Enterprise that the user is logged in to.
    pub hosts: Vec<String>,
}

impl Surroundings {
    /// Finds them in the environment.
    pub fn of(env: &Env) -> Self {
        let home = env.path("HOME");
        let config = env
            .path("XDG_CONFIG_HOME")
            .or_else(|| Some(home.as_ref()?.join(".config")));
        let logins = env
            .path("GH_CONFIG_DIR")
            .or_else(|| Some(config.as_ref()?.join("gh")));
        let logins = logins.and_then(|dir| read(&dir.join("hosts.yml")));
        let mut hosts = hosts_of(&logins.unwrap_or_default());
        hosts.extend(env.get("GH_HOST").map(|host| host.to_ascii_lowercase()));
        Self {
            home,
            config,
            git_dir: env.path("GIT_DIR"),
            path: env.get("PATH"),
            hosts,
        }
    }

    /// Returns whether a host is known to be one of GitHub's kind.
    fn knows(&self, host: &str) -> bool {
        host == "github.com"
            || host.ends_with(".ghe.com")
            || self.hosts.iter().any(|known| known == host)
    }
}

/// Returns the hosts of `gh`'s own list: its keys that are not indented.
fn hosts_of(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| !line.starts_with([' ', '\t', '#', '-']))
        .filter_map(|line| line.trim_end().strip_suffix(':'))
        .map(|host| host.trim_matches(['"', '\'']).to_ascii_lowercase())
        .filter(|host| is_host(host.split(':').next().unwrap_or_default()))
        .collect()
}

/// Returns the source for the clone that holds `here`, where its kind is known.
pub fn source(here: &Path, env: &Env) -> Option<SourceConfig> {
    let remote = find(here, &Surroundings::of(env))?;
    let name = if remote.host == "github.com" {
        "github"
    } else {
        &remote.host
    };
    Some(SourceConfig {
        name: SourceName::new(name),
        kind: "github".to_owned(),
        url: Url::parse(&format!("https://{}", remote.host)).ok()?,
        repos: vec![remote.path],
        orgs: Vec::new(),
        token_env: None,
        token_command: None,
        ca_file: None,
        insecure_http: false,
        writes: Vec::new(),
        extras: crate::config::Extras::default(),
    })
}

/// Returns the host of a clone whose kind is not known, as the remote names it, to tell why it is
/// not shown.
pub fn elsewhere(here: &Path, env: &Env) -> Option<Elsewhere> {
    let around = Surroundings::of(env);
    let git = here.ancestors().find_map(GitDir::at)?;
    let config = GitConfig::read(&git, &around);
    let named = |name: &String| {
        let address = config.address(name)?;
        Some((parse(&address, &around)?.host, address))
    };
    let (host, address) = config.names().iter().find_map(named)?;
    if around.knows(&host) {
        return None;
    }
    let url = Url::parse(&address).ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.port().is_some());
    Some(url.map_or(Elsewhere { host, url: None }, |url| Elsewhere {
        host: host_of(&url),
        url: Some(format!("{}://{}", url.scheme(), host_of(&url))),
    }))
}

/// A host of which nobody said that it is GitHub's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elsewhere {
    /// The host, with the port that the remote names.
    pub host: String,
    /// What a source would have to name, where the host alone does not tell it: a port that is
    /// not the usual one.
    pub url: Option<String>,
}

/// Returns the repository of the clone that holds `dir`, if it is in one.
///
/// The remote that `gh` was told to use comes first, then `upstream` (a fork is shown as what it
/// was forked from, where the work is), `github`, `origin`, any other.
pub fn find(dir: &Path, around: &Surroundings) -> Option<Remote> {
    let git = match &around.git_dir {
        Some(named) => GitDir::linked(dir.join(named)),
        None => dir.ancestors().find_map(GitDir::at)?,
    };
    let config = GitConfig::read(&git, around);
    let known = |address: &str| parse(address, around).filter(|found| around.knows(&found.host));
    if let Some(found) = config.resolved(around) {
        return Some(found);
    }
    let names = config.names();
    if !config.unsure {
        return names.iter().find_map(|name| known(&config.address(name)?));
    }
    let usual = ["upstream", "origin"].map(str::to_owned);
    let mut asked: Vec<String> = Vec::new();
    for name in names.into_iter().chain(usual) {
        if !asked.contains(&name) {
            asked.push(name);
        }
    }
    asked.iter().take(MAX_ASKED).find_map(|name| {
        let told = ask::address(dir, name, around).or_else(|| config.address(name));
        known(&told?)
    })
}

/// Where git keeps what it knows of a working tree.
#[derive(Clone, PartialEq, Eq, Debug)]
struct GitDir {
    /// The working tree's own.
    own: PathBuf,
    /// What it shares with other working trees.
    common: PathBuf,
}

impl GitDir {
    /// Returns it, if `dir` is the top of a working tree or a bare repository.
    fn at(dir: &Path) -> Option<Self> {
        let dot = dir.join(".git");
        if dot.is_dir() {
            return Some(Self::linked(dot));
        }
        // A working tree beside another or a submodule: the file says where the directory is.
        if let Some(text) = read(&dot) {
            return Some(Self::linked(
                dir.join(
                    text.trim_start_matches('\u{feff}')
                        .strip_prefix("gitdir:")?
                        .trim(),
                ),
            ));
        }
        let is_bare = dir.join("objects").is_dir() && dir.join("refs").is_dir();
        (is_bare && dir.join("HEAD").is_file() && dir.join("config").is_file())
            .then(|| Self::linked(dir.to_owned()))
    }

    fn linked(own: PathBuf) -> Self {
        let common = read(&own.join("commondir")).map(|common| own.join(common.trim()));
        Self {
            common: common.unwrap_or_else(|| own.clone()),
            own,
        }
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

/// Returns the repository that a remote's address names: a URL, or `user@host:path`.
fn parse(address: &str, around: &Surroundings) -> Option<Remote> {
    let (host, port, path) = if address.contains("://") {
        let url = Url::parse(address).ok()?;
        let host = url.host_str()?.to_owned();
        match url.scheme() {
            "https" => (host, url.port(), url.path().to_owned()),
            // Another port than that of https says nothing about where the API is.
            "http" | "git" => (host, None, url.path().to_owned()),
            "ssh" | "git+ssh" => (meant(&host, around), None, url.path().to_owned()),
            _ => return None,
        }
    } else {
        let (host, path) = address.split_once(':')?;
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        (meant(host, around), None, path.to_owned())
    };
    let host = host.to_ascii_lowercase();
    // GitHub answers ssh on port 443 under another name.
    let host = host
        .strip_prefix("ssh.")
        .filter(|rest| *rest == "github.com")
        .unwrap_or(&host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (is_host(host) && is_repository(path)).then(|| Remote {
        host: port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")),
        path: path.to_owned(),
    })
}

/// Returns the host that an alias of the user's ssh settings stands for.
fn meant(host: &str, around: &Surroundings) -> String {
    let found = around
        .home
        .as_deref()
        .and_then(|home| ssh_config::host_name(host, home));
    found.unwrap_or_else(|| host.to_owned())
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
