//! What git's configuration says of remotes, with what it includes.
//!
//! Reads the machine's, the user's and the clone's files in git's order. A
//! condition that cannot be judged from files is noted, not guessed.

use std::path::{Path, PathBuf};

use globset::GlobBuilder;

use crate::app::clone::address::{Address, is_host, is_repository};
use crate::app::clone::{GitDir, Remote, Surroundings, read};

/// How deep files may include one another; git's own bound.
const MAX_DEPTH: usize = 10;

/// How many files are read at most.
const MAX_FILES: usize = 50;

/// What matters of git's configuration.
#[derive(Default, Debug)]
pub(super) struct GitConfig {
    /// Names and addresses, in the order of the files; the first address of a name counts.
    remotes: Vec<(String, String)>,
    /// What `gh` or `glab` was told about a remote.
    resolved: Vec<(String, String)>,
    /// What is written, and what it stands for.
    instead_of: Vec<(String, String)>,
    /// Whether something was said that files alone cannot settle.
    pub(super) unsure: bool,
    per_worktree: bool,
    files: usize,
}

/// What a condition of an include may look at.
struct Scene<'a> {
    home: Option<&'a Path>,
    git: &'a GitDir,
}

impl GitConfig {
    /// Reads everything that holds in a clone.
    pub(super) fn read(git: &GitDir, around: &Surroundings) -> Self {
        let mut config = Self::default();
        let home = around.home.as_deref();
        let scene = Scene { home, git };
        let user = [
            Some(PathBuf::from("/etc/gitconfig")),
            around.config.as_ref().map(|dir| dir.join("git/config")),
            home.map(|home| home.join(".gitconfig")),
        ];
        for file in user.into_iter().flatten() {
            config.take_file(&file, &scene, 0);
        }
        config.take_file(&git.common.join("config"), &scene, 0);
        if config.per_worktree {
            config.take_file(&git.own.join("config.worktree"), &scene, 0);
        }
        config
    }

    fn take_file(&mut self, file: &Path, scene: &Scene<'_>, depth: usize) {
        self.files += 1;
        if depth > MAX_DEPTH || self.files > MAX_FILES {
            self.unsure = true;
            return;
        }
        // Git ignores an include that is not there, too.
        let Some(text) = read(file) else { return };
        for said in statements(&text) {
            let key = (said.section.as_str(), said.key.as_str());
            match key {
                ("remote", "url") => self.remotes.push((said.name, said.value)),
                ("remote", "gh-resolved" | "glab-resolved") => {
                    self.resolved.push((said.name, said.value));
                }
                ("url", "insteadof") => self.instead_of.push((said.value, said.name)),
                ("extensions", "worktreeconfig") => {
                    self.per_worktree = matches!(said.value.as_str(), "true" | "yes" | "on" | "1");
                }
                ("include", "path") => self.include(file, &said.value, scene, depth),
                ("includeif", "path") => match scene.holds(&said.name, file) {
                    Some(true) => self.include(file, &said.value, scene, depth),
                    Some(false) => {}
                    None => self.unsure = true,
                },
                _ => {}
            }
        }
    }

    fn include(&mut self, from: &Path, path: &str, scene: &Scene<'_>, depth: usize) {
        let beside = from.parent().unwrap_or(Path::new("/"));
        let file = match (path.strip_prefix("~/"), scene.home) {
            (Some(rest), Some(home)) => home.join(rest),
            (Some(_), None) => return,
            (None, _) => beside.join(path),
        };
        self.take_file(&file, scene, depth + 1);
    }

    /// Returns the remotes, the one that a board is most likely wanted for first; `gh`'s order.
    pub(super) fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for (name, _) in &self.remotes {
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        let usual = ["upstream", "github", "origin"];
        names.sort_by_key(|name| {
            let place = usual.iter().position(|usual| usual == name);
            place.unwrap_or(usual.len())
        });
        names
    }

    /// Returns the address that git fetches a remote from.
    pub(super) fn address(&self, name: &str) -> Option<String> {
        let (_, url) = self.remotes.iter().find(|(known, _)| known == name)?;
        Some(self.meant(url))
    }

    /// Returns the repository that a program was told to use here.
    pub(super) fn resolved(&self, around: &Surroundings) -> Option<Remote> {
        self.resolved.iter().find_map(|(name, value)| {
            let of_remote = Address::parse(&self.address(name)?, around);
            let found = match value.split('/').collect::<Vec<_>>().as_slice() {
                ["base" | "head"] => of_remote?,
                [host, owner, repo] if is_host(host) => Address {
                    host: host.to_ascii_lowercase(),
                    port: None,
                    web: None,
                    path: format!("{owner}/{repo}"),
                },
                _ => Address {
                    path: value.clone(),
                    ..of_remote?
                },
            };
            let is_sound = is_repository(&found.path);
            is_sound.then(|| around.repository(name, &found)).flatten()
        })
    }

    /// Applies the longest `insteadOf`, as git does.
    fn meant(&self, url: &str) -> String {
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

impl Scene<'_> {
    /// Returns whether the condition of an `includeIf` holds, if that can be told.
    fn holds(&self, condition: &str, file: &Path) -> Option<bool> {
        let (kind, pattern) = condition.split_once(':')?;
        match kind {
            "gitdir" => self.is_git_dir(pattern, file, false),
            "gitdir/i" => self.is_git_dir(pattern, file, true),
            "onbranch" => {
                let head = read(&self.git.own.join("HEAD"))?;
                let Some(branch) = head.trim().strip_prefix("ref: refs/heads/") else {
                    return Some(false);
                };
                matches(&with_all_below(pattern), Path::new(branch), false)
            }
            // `hasconfig` asks for addresses that may themselves be included.
            _ => None,
        }
    }

    fn is_git_dir(&self, pattern: &str, file: &Path, any_case: bool) -> Option<bool> {
        let home = |rest: &str| Some(self.home?.join(rest).display().to_string());
        let beside = |rest: &str| Some(file.parent()?.join(rest).display().to_string());
        let pattern = if let Some(rest) = pattern.strip_prefix("~/") {
            home(rest)?
        } else if let Some(rest) = pattern.strip_prefix("./") {
            beside(rest)?
        } else if pattern.starts_with('/') {
            pattern.to_owned()
        } else {
            format!("**/{pattern}")
        };
        let pattern = with_all_below(&pattern);
        let real = self.git.own.canonicalize();
        let places = [Some(self.git.own.clone()), real.ok()];
        let mut fits = false;
        for place in places.into_iter().flatten() {
            fits |= matches(&pattern, &place, any_case)?;
        }
        Some(fits)
    }
}

/// A pattern that ends with a slash means everything below.
fn with_all_below(pattern: &str) -> String {
    if pattern.ends_with('/') {
        format!("{pattern}**")
    } else {
        pattern.to_owned()
    }
}

fn matches(pattern: &str, path: &Path, any_case: bool) -> Option<bool> {
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .case_insensitive(any_case)
        .build();
    Some(glob.ok()?.compile_matcher().is_match(path))
}

/// One line of the configuration: `[section "name"] key = value`.
#[derive(PartialEq, Eq, Debug)]
struct Statement {
    section: String,
    name: String,
    key: String,
    value: String,
}

/// Reads git's own format; what cannot be read is left out.
fn statements(text: &str) -> Vec<Statement> {
    let mut found = Vec::new();
    let (mut section, mut name) = (String::new(), String::new());
    let mut lines = text.trim_start_matches('\u{feff}').lines();
    while let Some(line) = lines.next() {
        let mut line = line.trim_start();
        if let Some(inner) = line.strip_prefix('[') {
            let Some(head) = header(inner) else { continue };
            (section, name) = (head.0, head.1);
            line = head.2.trim_start();
        }
        if line.starts_with(['#', ';']) {
            continue;
        }
        let Some((key, raw)) = line.split_once('=') else {
            continue;
        };
        let mut value = Value::default();
        let mut raw = raw.trim_start();
        while value.take(raw) {
            let Some(next) = lines.next() else { break };
            raw = next;
        }
        found.push(Statement {
            section: section.clone(),
            name: name.clone(),
            key: key.trim().to_ascii_lowercase(),
            value: value.text(),
        });
    }
    found
}

/// Splits what follows `[` into section, its quoted name, and the rest of the line.
fn header(inner: &str) -> Option<(String, String, &str)> {
    let Some((section, quoted)) = inner
        .split_once('"')
        .filter(|(before, _)| !before.contains(']'))
    else {
        let (section, rest) = inner.split_once(']')?;
        let (section, name) = section.split_once('.').unwrap_or((section, ""));
        let lower = |text: &str| text.trim().to_ascii_lowercase();
        return Some((lower(section), lower(name), rest));
    };
    let mut name = String::new();
    let mut chars = quoted.chars();
    loop {
        match chars.next()? {
            '"' => break,
            '\\' => name.push(chars.next()?),
            c => name.push(c),
        }
    }
    let (_, rest) = chars.as_str().split_once(']')?;
    Some((section.trim().to_ascii_lowercase(), name, rest))
}

/// A value while it is read: quotes, escapes, comments, lines that go on.
#[derive(Default)]
struct Value {
    text: String,
    /// How much of it stays when the spaces at the end go.
    kept: usize,
    quoted: bool,
}

impl Value {
    /// Takes a line in; returns whether the next one belongs to it.
    fn take(&mut self, line: &str) -> bool {
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            let (c, escaped) = match c {
                '"' => {
                    self.quoted = !self.quoted;
                    continue;
                }
                '#' | ';' if !self.quoted => return false,
                '\\' => match chars.next() {
                    None => return true,
                    Some('n') => ('\n', true),
                    Some('t') => ('\t', true),
                    Some(c) => (c, true),
                },
                c => (c, false),
            };
            self.text.push(c);
            if self.quoted || escaped || !c.is_whitespace() {
                self.kept = self.text.len();
            }
        }
        false
    }

    fn text(mut self) -> String {
        self.text.truncate(self.kept);
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str, &str, &str)]) {
        let found = statements(text);
        let found: Vec<_> = found
            .iter()
            .map(|s| (&*s.section, &*s.name, &*s.key, &*s.value))
            .collect();
        assert_eq!(found, expected, "{text:?}");
    }

    #[test]
    fn lines_are_read_as_git_reads_them() {
        check(
            "[remote \"a\"]\n\turl = x # why\n",
            &[("remote", "a", "url", "x")],
        );
        check(
            "[Remote \"A b\\\"c\"] URL = \"x # y \" ; z",
            &[("remote", "A b\"c", "url", "x # y ")],
        );
        check(
            "[remote.Origin]\r\nurl=a\\\r\nb\r\n",
            &[("remote", "origin", "url", "ab")],
        );
        check("[a]\n# url = x\nb\nc = \\t\\\\", &[("a", "", "c", "\t\\")]);
        check("[broken\nurl = x", &[("", "", "url", "x")]);
        check("[a \"never closed\nurl = x", &[("", "", "url", "x")]);
        check("[a]\nb = \\", &[("a", "", "b", "")]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "[\\[\\]\"\\\\=#;a-z \n]{0,80}") {
            statements(&text);
        }
    }
}
