//! The address of a remote: a URL, or `user@host:path`.
//!
//! Reads what is written; which kind of host it is, others say.

use std::path::Path;

use url::Url;

use crate::app::clone::{Elsewhere, Surroundings, ssh_config};
use crate::sources::http::{host_of, is_loopback};

/// The address of a repository, as a remote names it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Address {
    /// The host, lower-cased.
    pub(super) host: String,
    /// The port, where it is not the usual one and says where the host's pages are.
    pub(super) port: Option<u16>,
    /// The scheme, where it is that of pages.
    pub(super) web: Option<&'static str>,
    /// The path of the repository.
    pub(super) path: String,
}

impl Address {
    /// Reads an address; nothing where it is no repository on another machine.
    pub(super) fn parse(text: &str, around: &Surroundings) -> Option<Self> {
        let (host, port, web, path) = if text.contains("://") {
            let url = Url::parse(text).ok()?;
            let host = url.host_str()?.to_owned();
            let path = url.path().to_owned();
            match url.scheme() {
                "https" => (host, url.port(), Some("https"), path),
                "http" => (host, url.port(), Some("http"), path),
                // Another port than that of pages says nothing about where those are.
                "git" => (host, None, None, path),
                "ssh" | "git+ssh" => (meant(&host, around), None, None, path),
                _ => return None,
            }
        } else {
            let (host, path) = text.split_once(':')?;
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            (meant(host, around), None, None, path.to_owned())
        };
        let host = host.to_ascii_lowercase();
        let path = path.trim_matches('/');
        let path = path.strip_suffix(".git").unwrap_or(path);
        (is_host(&host) && is_repository(path)).then(|| Self {
            host: page_host(&host, around).to_owned(),
            port,
            web,
            path: path.to_owned(),
        })
    }

    /// Returns whether nothing but the host says where it is: a public host has no other port.
    pub(super) fn is_usual(&self) -> bool {
        self.port.is_none()
    }

    /// Returns whether it is on the server at an address.
    pub(super) fn is_at(&self, url: &Url) -> bool {
        let same_host = url.host_str().is_some_and(|host| host == self.host);
        match self.web {
            // A page that moved to https is the same server; another port is another one.
            Some(_) => same_host && url.port() == self.port && self.is_below(url),
            None => same_host,
        }
    }

    fn is_below(&self, url: &Url) -> bool {
        let base = url.path().trim_matches('/');
        let rest = self.path.strip_prefix(base);
        base.is_empty() || rest.is_some_and(|rest| rest.starts_with('/'))
    }

    /// Returns the path of the repository below the base path of its server.
    pub(super) fn below(&self, url: &Url) -> &str {
        let base = url.path().trim_matches('/');
        if self.web.is_none() || base.is_empty() {
            return &self.path;
        }
        let rest = self.path.strip_prefix(base);
        rest.map_or(&self.path, |rest| rest.trim_start_matches('/'))
    }

    /// Returns where its server may be, which nobody knows.
    pub(super) fn elsewhere(&self) -> Elsewhere {
        let host = match self.port {
            Some(port) => format!("{}:{port}", self.host),
            None => self.host.clone(),
        };
        let at = |scheme: &str| Url::parse(&format!("{scheme}://{host}")).ok();
        // Nothing leaves this machine in clear text.
        let clear = self.web.filter(|web| *web == "http").and_then(at);
        let base = clear.filter(is_loopback).or_else(|| at("https"));
        let mut bases: Vec<Url> = base.into_iter().collect();
        let first = self.path.split('/').next().unwrap_or_default();
        let deep = self.web.is_some() && self.path.split('/').count() > 2;
        if let Some(base) = bases.first().filter(|_| deep) {
            let mut below = base.clone();
            below.set_path(first);
            bases.push(below);
        }
        Elsewhere {
            host: bases.first().map_or(host, host_of),
            bases,
        }
    }
}

/// Returns what an address is that names no repository on a host; it is not quoted, as it may hold
/// a secret.
pub(super) fn oddity(text: &str) -> String {
    let is_bundle = Path::new(text.trim_end_matches('/'))
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("bundle"));
    let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
    let is_word = scheme
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let is_usual = matches!(scheme, "http" | "https" | "ssh" | "git+ssh" | "git");
    let is_path = rest.starts_with(['/', '.', '~']) || !rest.contains(':');
    if is_bundle {
        "is a file of commits (a bundle): no forge is behind it".to_owned()
    } else if scheme == "file" || (scheme.is_empty() && is_path) {
        "is a directory: no forge is behind it".to_owned()
    } else if is_usual {
        "names no repository of a forge: `owner/name` after its host".to_owned()
    } else if !scheme.is_empty() && is_word {
        format!("is reached by `{scheme}`, which no forge speaks")
    } else {
        "is no address that is understood".to_owned()
    }
}

/// Returns the host of the pages of one that answers ssh under another name.
fn page_host<'a>(host: &'a str, around: &'a Surroundings) -> &'a str {
    let mut names = around.rows.iter().flat_map(|row| row.usual.ssh);
    let found = names.find(|(ssh, _)| *ssh == host);
    found.map_or(host, |(_, page)| page)
}

/// Returns the host that an alias of the user's ssh settings stands for.
fn meant(host: &str, around: &Surroundings) -> String {
    let found = around
        .home
        .as_deref()
        .and_then(|home| ssh_config::host_name(host, home));
    found.unwrap_or_else(|| host.to_owned())
}

/// Returns whether a text is the name of a host.
pub(super) fn is_host(host: &str) -> bool {
    (host.contains('.') || host == "localhost")
        && host
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        && !host.starts_with(['.', '-'])
}

/// Returns whether a text is names between slashes, two or more.
pub(super) fn is_repository(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').collect();
    let is_name = |part: &&str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
    };
    (2..=20).contains(&parts.len()) && parts.iter().all(is_name)
}
