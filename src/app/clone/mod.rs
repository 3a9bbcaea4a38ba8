//! Zero configuration: the repository of the clone that the program is started in.
//!
//! Reads the files of git, ssh and of programs that people log in with; git itself is
//! asked only where those cannot tell. Only hosts whose kind is known for sure, that
//! the user has to do with, or that showed what they are, are taken.

mod address;
mod ask;
mod git_config;
pub mod memory;
mod ssh_config;

#[cfg(test)]
mod tests;

use std::io::Read as _;
use std::path::{Path, PathBuf};

use url::Url;

use crate::app::clone::address::Address;
use crate::app::clone::git_config::GitConfig;
use crate::app::env::Env;
use crate::config::{RepoNames, SourceConfig};
use crate::sources::http::{host_of, is_loopback};
use crate::sources::logins::{self, Login};
use crate::sources::probe::Shown;
use crate::sources::usual::{self, Row};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// How many remotes git is asked for.
const MAX_ASKED: usize = 4;

/// A repository on a forge, as a remote names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Remote {
    /// What the remote is called.
    pub name: String,
    /// The word for the kind of the host.
    pub kind: &'static str,
    /// Where the host is.
    pub url: Url,
    /// The repository, as the host names it.
    pub path: String,
}

impl Remote {
    /// Returns the source that shows it.
    pub fn source(&self) -> SourceConfig {
        SourceConfig {
            repos: vec![self.path.clone()],
            ..SourceConfig::new(
                &source_name(self.kind, &self.url),
                self.kind,
                self.url.clone(),
            )
        }
    }
}

/// Returns what a source is called: by its kind where it is that kind's own host, else by its host.
pub fn source_name(kind: &str, url: &Url) -> String {
    let host = host_of(url);
    let rows = usual::rows();
    let own = rows.iter().find(|row| row.kind.name == kind);
    let own = own.and_then(|row| Url::parse(row.kind.url?).ok());
    if own.is_some_and(|own| host_of(&own) == host) {
        kind.to_owned()
    } else {
        host
    }
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
    /// Every kind of system.
    pub rows: Vec<Row>,
    /// Hosts that the user has to do with.
    pub logins: Vec<Login>,
    /// Hosts that showed what they are.
    pub shown: Vec<Shown>,
}

impl Surroundings {
    /// Finds them in the environment.
    pub fn of(env: &Env, shown: Vec<Shown>) -> Self {
        let home = env.path("HOME");
        let config = env
            .path("XDG_CONFIG_HOME")
            .or_else(|| Some(home.as_ref()?.join(".config")));
        let rows = forges();
        Self {
            home,
            config,
            git_dir: env.path("GIT_DIR"),
            path: env.get("PATH"),
            logins: logins::logins(&rows, &env.reader()),
            rows,
            shown,
        }
    }

    /// Returns the kind of the host of an address and where that is, if it is known.
    fn place(&self, address: &Address) -> Option<(&'static str, Url)> {
        let sure = |row: &&Row| address.is_usual() && row.usual.is_host(&address.host);
        if let Some(row) = self.rows.iter().find(sure) {
            let url = Url::parse(&format!("https://{}", address.host)).ok()?;
            return Some((row.kind.name, url));
        }
        if let Some(shown) = self.shown.iter().find(|shown| address.is_at(&shown.url)) {
            return Some((shown.kind, shown.url.clone()));
        }
        let mut known = self.logins.iter().filter(|login| {
            let by_ssh = login.ssh.as_deref() == Some(&address.host);
            address.is_at(&login.url) || (by_ssh && address.web.is_none())
        });
        let first = known.next()?;
        // Two servers of one name: nothing says which of them is meant.
        let others = known.filter(|other| host_of(&other.url) != host_of(&first.url));
        let kind = first.kinds.first().filter(|_| others.count() == 0)?;
        Some((kind, spoken(address, first)))
    }

    /// Returns the repository that an address names, if the kind of its host is known.
    fn repository(&self, name: &str, address: &Address) -> Option<Remote> {
        let (kind, url) = self.place(address)?;
        let row = self.rows.iter().find(|row| row.kind.name == kind)?;
        let path = address.below(&url);
        let parts = path.split('/').count();
        let fits = match row.kind.repos {
            RepoNames::Flat => parts == 2,
            RepoNames::Nested => parts >= 2,
            RepoNames::Absent | RepoNames::Jobs => false,
        };
        fits.then(|| Remote {
            name: name.to_owned(),
            kind,
            url,
            path: path.to_owned(),
        })
    }
}

/// Returns where the server of an address is: as a program or variable has it, but on this machine
/// as the remote speaks with it; a variable may name a host alone, and git has been there.
fn spoken(address: &Address, login: &Login) -> Url {
    let mut url = login.url.clone();
    if let Some(web) = address.web
        && !login.is_tool
        && is_loopback(&url)
        // One scheme of pages may always become the other.
        && url.set_scheme(web).is_err()
    {
        return login.url.clone();
    }
    url
}

/// Returns the kinds that have repositories.
pub fn forges() -> Vec<Row> {
    let mut rows = usual::rows();
    rows.retain(|row| has_repositories(row.kind.repos));
    rows
}

/// Returns whether names are those of repositories, and not of jobs.
pub fn has_repositories(names: RepoNames) -> bool {
    match names {
        RepoNames::Flat | RepoNames::Nested => true,
        RepoNames::Jobs | RepoNames::Absent => false,
    }
}

/// Returns the source for the clone that holds `here`, where its kind is known.
pub fn source(here: &Path, env: &Env, shown: Vec<Shown>) -> Option<SourceConfig> {
    Some(find(here, &Surroundings::of(env, shown))?.source())
}

/// Returns the host of a clone whose kind is not known, as the remote names it, to tell why it is
/// not shown.
pub fn elsewhere(here: &Path, env: &Env, shown: Vec<Shown>) -> Option<Elsewhere> {
    strangers(here, &Surroundings::of(env, shown))
        .into_iter()
        .next()
}

/// Returns the hosts of the remotes of a clone whose kinds are not known, the first of them where
/// no remote is known.
pub fn strangers(here: &Path, around: &Surroundings) -> Vec<Elsewhere> {
    match all_strangers(here, around) {
        (found, false) => found.into_iter().map(|(_, host)| host).collect(),
        // A fork of something that is shown needs no other board.
        (_, true) => Vec::new(),
    }
}

/// Returns the hosts of a clone that are to be asked what they are, and those that are passed over:
/// their kinds are not known, that of another remote is. `origin` is where the work is.
pub fn unknown_hosts(here: &Path, around: &Surroundings) -> (Vec<Elsewhere>, Vec<Elsewhere>) {
    let (found, is_known) = all_strangers(here, around);
    let is_asked = |one: &(String, Elsewhere)| !is_known || one.0 == "origin";
    let (asked, passed): (Vec<_>, Vec<_>) = found.into_iter().partition(is_asked);
    let hosts = |all: Vec<(String, Elsewhere)>| all.into_iter().map(|(_, host)| host).collect();
    (hosts(asked), hosts(passed))
}

/// Returns the hosts of the remotes whose kinds are not known, with what the remote is called, and
/// whether that of another is.
fn all_strangers(here: &Path, around: &Surroundings) -> (Vec<(String, Elsewhere)>, bool) {
    let mut found: Vec<(String, Elsewhere)> = Vec::new();
    let Some(git) = git_dir(here, around) else {
        return (found, false);
    };
    let config = GitConfig::read(&git, around);
    let mut is_known = false;
    for name in config.names() {
        let told = config
            .address(&name)
            .and_then(|text| Address::parse(&text, around));
        let Some(address) = told else { continue };
        if around.place(&address).is_some() {
            is_known = true;
            continue;
        }
        let stranger = address.elsewhere();
        match found.iter_mut().find(|(_, host)| *host == stranger) {
            Some(known) if name == "origin" => known.0 = name,
            Some(_) => {}
            None => found.push((name, stranger)),
        }
    }
    (found, is_known)
}

/// Returns what is said of remotes that are on no host: a directory, a bundle, another protocol.
pub fn hostless(here: &Path, around: &Surroundings) -> Vec<String> {
    let Some(git) = git_dir(here, around) else {
        return Vec::new();
    };
    let config = GitConfig::read(&git, around);
    let told = |name: &String| {
        let text = config.address(name)?;
        let is_known = Address::parse(&text, around).is_some();
        let what = (!is_known).then(|| address::oddity(&text))?;
        Some(format!("the remote `{name}` {what}"))
    };
    config.names().iter().filter_map(told).collect()
}

/// A host of which nobody said what kind it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Elsewhere {
    /// The host, with the port that the remote names.
    pub host: String,
    /// Where its interface may begin, the most likely first.
    pub bases: Vec<Url>,
}

fn git_dir(dir: &Path, around: &Surroundings) -> Option<GitDir> {
    match &around.git_dir {
        Some(named) => Some(GitDir::linked(dir.join(named))),
        None => dir.ancestors().find_map(GitDir::at),
    }
}

/// Returns the repository of the clone that holds `dir`, if it is in one.
///
/// The remote that a program was told to use comes first, then `upstream` (a fork is shown as
/// what it was forked from, where the work is), `github`, `origin`, any other.
pub fn find(dir: &Path, around: &Surroundings) -> Option<Remote> {
    remotes(dir, around).into_iter().next()
}

/// Returns the repositories of the clone that holds `dir`, the one that a board is most likely
/// wanted for first.
pub fn remotes(dir: &Path, around: &Surroundings) -> Vec<Remote> {
    let Some(git) = git_dir(dir, around) else {
        return Vec::new();
    };
    let config = GitConfig::read(&git, around);
    let known = |name: &str, text: &str| {
        let address = Address::parse(text, around)?;
        around.repository(name, &address)
    };
    let mut found: Vec<Remote> = config.resolved(around).into_iter().collect();
    let mut names = config.names();
    if config.unsure {
        let usual = ["upstream", "origin"].map(str::to_owned);
        for name in usual {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names.truncate(MAX_ASKED);
    }
    for name in names {
        let asked = config
            .unsure
            .then(|| ask::address(dir, &name, around))
            .flatten();
        let text = asked.or_else(|| config.address(&name));
        let remote = text.and_then(|text| known(&name, &text));
        let is_new = |remote: &Remote| {
            let same = |other: &Remote| other.url == remote.url && other.path == remote.path;
            !found.iter().any(same)
        };
        found.extend(remote.filter(is_new));
    }
    found
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
