//! Addresses of repositories as git writes them, to the key under which a forge tells them.
//!
//! What CI servers say they have checked out. Knows no alias of ssh and no rule of
//! git's own configuration; what a clone's remotes mean is the shell's to find out.

use url::Url;

use crate::domain::key::RepoKey;

/// The longest address that is looked at, in bytes.
const MAX: usize = 1_024;

/// Names under which forges answer ssh on the port of https.
const SSH_HOSTS: [(&str, &str); 2] = [
    ("ssh.github.com", "github.com"),
    ("altssh.gitlab.com", "gitlab.com"),
];

impl RepoKey {
    /// Returns the key of a repository by its address: `https://host/owner/name.git`,
    /// `git@host:owner/name.git`, `ssh://git@host:22/owner/name`.
    ///
    /// The port of a web address belongs to the host; that of ssh says nothing of the forge.
    /// Files and folders of a machine are no repository of a forge.
    pub fn of_url(address: &str) -> Option<Self> {
        let address = address.trim();
        let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if address.len() > MAX || address.chars().any(odd) {
            return None;
        }
        if address.contains("://") {
            return of_address(&Url::parse(address).ok()?);
        }
        // As scp writes it: the path begins after the first colon.
        let (place, path) = address.split_once(':')?;
        let host = place.rsplit('@').next().unwrap_or(place);
        let is_host = !host.is_empty() && !host.contains('/') && !host.starts_with('-');
        // A single letter is a drive, not a host.
        (is_host && host.len() > 1)
            .then(|| of_parts(host, path))
            .flatten()
    }
}

fn of_address(url: &Url) -> Option<RepoKey> {
    let host = url.host_str()?;
    match (url.scheme(), url.port()) {
        ("http" | "https", Some(port)) => of_parts(&format!("{host}:{port}"), url.path()),
        ("http" | "https", None) | ("ssh" | "git" | "git+ssh" | "ssh+git", _) => {
            of_parts(host, url.path())
        }
        _ => None,
    }
}

/// A repository has an owner and a name.
fn of_parts(host: &str, path: &str) -> Option<RepoKey> {
    let host = SSH_HOSTS
        .iter()
        .find(|(name, _)| host.eq_ignore_ascii_case(name))
        .map_or(host, |(_, forge)| forge);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let parts = || path.split('/');
    let plain = parts().all(|part| !part.is_empty() && !matches!(part, "." | ".." | "~"));
    (plain && parts().count() >= 2).then(|| RepoKey::new(host, path))
}

#[cfg(test)]
mod tests {
    use crate::domain::key::RepoKey;

    #[track_caller]
    fn check(address: &str, expected: Option<&str>) {
        let found = RepoKey::of_url(address);
        assert_eq!(found.as_ref().map(RepoKey::as_str), expected, "{address}");
    }

    #[test]
    fn every_way_to_write_an_address_names_the_same_repository() {
        let api = Some("git.test/acme/api");
        check("https://git.test/acme/api.git", api);
        check("https://someone@git.test/acme/api/", api);
        check("http://git.test/Acme/API", api);
        check("git@git.test:acme/api.git", api);
        check("git.test:/acme/api", api);
        check("ssh://git@git.test:2222/acme/api.git", api);
        check("git://git.test/acme/api", api);
        check(
            "ssh://git@ssh.github.com:443/acme/api",
            Some("github.com/acme/api"),
        );
        check(" https://git.test/acme/api.git\n", api);
        check(
            "https://git.test:8443/a/b/c.git",
            Some("git.test:8443/a/b/c"),
        );
        check(
            "http://127.0.0.1:3000/acme/api",
            Some("127.0.0.1:3000/acme/api"),
        );
    }

    #[test]
    fn what_is_on_a_machine_or_nowhere_is_no_repository_of_a_forge() {
        for text in [
            "",
            "/srv/git/acme/api.git",
            "file:///srv/git/acme/api",
            "../api",
            "C:/repos/acme/api",
            "https://git.test/",
            "https://git.test/api",
            "git@git.test:api.git",
            "https://git.test/acme/../api",
            "https://git.test/acme/a b",
            "ftp://git.test/acme/api",
            "https://",
        ] {
            check(text, None);
        }
        check(
            &format!("https://git.test/acme/{}", "a".repeat(2_000)),
            None,
        );
    }
}
