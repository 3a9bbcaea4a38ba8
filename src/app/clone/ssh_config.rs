//! The host that an alias of ssh stands for: `git@work:acme/api`.
//!
//! Reads `Host`, `HostName` and `Include` of the user's settings and runs
//! nothing; a `Match` that asks for more than a host is taken as not meant.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobBuilder};

use crate::app::clone::read;

/// How deep files may include one another.
const MAX_DEPTH: usize = 4;

/// How many files one line may include.
const MAX_FILES: usize = 50;

/// Returns the host that `alias` stands for, if the settings say one.
pub(super) fn host_name(alias: &str, home: &Path) -> Option<String> {
    let dir = home.join(".ssh");
    let found = in_file(&dir.join("config"), alias, &dir, home, 0)
        .or_else(|| in_file(Path::new("/etc/ssh/ssh_config"), alias, &dir, home, 0))?;
    Some(found.replace("%h", alias).replace("%%", "%"))
}

fn in_file(file: &Path, alias: &str, dir: &Path, home: &Path, depth: usize) -> Option<String> {
    if depth > MAX_DEPTH {
        return None;
    }
    let text = read(file)?;
    let mut applies = true;
    for line in text.lines() {
        let (word, rest) = split(line);
        match word.to_ascii_lowercase().as_str() {
            "host" => applies = fits(rest.split_whitespace(), alias),
            "match" => applies = is_match(rest, alias),
            // The first value counts.
            "hostname" if applies => return Some(unquoted(rest).to_owned()),
            "include" if applies => {
                let files = rest.split_whitespace().flat_map(|path| {
                    let path = unquoted(path);
                    let path = path
                        .strip_prefix("~/")
                        .map_or_else(|| dir.join(path), |rest| home.join(rest));
                    files_of(&path)
                });
                let found = files
                    .take(MAX_FILES)
                    .find_map(|file| in_file(&file, alias, dir, home, depth + 1));
                if found.is_some() {
                    return found;
                }
            }
            _ => {}
        }
    }
    None
}

/// Splits a line into its first word and the rest; `key=value` is a form of it.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim();
    let end = line.find(|c: char| c.is_whitespace() || c == '=');
    let (word, rest) = line
        .split_at_checked(end.unwrap_or(line.len()))
        .unwrap_or((line, ""));
    (
        word,
        rest.trim_start_matches(|c: char| c.is_whitespace() || c == '='),
    )
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches('"')
}

/// Returns whether one pattern fits and none that begins with `!` does.
fn fits<'a>(patterns: impl Iterator<Item = &'a str>, alias: &str) -> bool {
    let mut found = false;
    for pattern in patterns.map(unquoted) {
        let (denied, pattern) = pattern
            .strip_prefix('!')
            .map_or((false, pattern), |rest| (true, rest));
        let fits = GlobBuilder::new(pattern)
            .case_insensitive(true)
            .build()
            .is_ok_and(|glob| glob.compile_matcher().is_match(alias));
        if fits && denied {
            return false;
        }
        found |= fits;
    }
    found
}

fn is_match(rest: &str, alias: &str) -> bool {
    let words: Vec<&str> = rest.split_whitespace().collect();
    match words.as_slice() {
        [all] => all.eq_ignore_ascii_case("all"),
        [kind, patterns]
            if kind.eq_ignore_ascii_case("host") || kind.eq_ignore_ascii_case("originalhost") =>
        {
            fits(patterns.split(','), alias)
        }
        _ => false,
    }
}

/// Returns the files that a path with `*` in its last part means, in order.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str());
    let Some(name) = name.filter(|name| name.contains(['*', '?'])) else {
        return vec![path.to_owned()];
    };
    let (Ok(glob), Some(dir)) = (Glob::new(name), path.parent()) else {
        return Vec::new();
    };
    let glob = glob.compile_matcher();
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| glob.is_match(entry.file_name()))
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(config: &str, alias: &str, expected: Option<&str>) {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(home.path().join(".ssh/more")).unwrap();
        std::fs::write(home.path().join(".ssh/config"), config).unwrap();
        let more = "Host inner\n  HostName inner.example\n";
        std::fs::write(home.path().join(".ssh/more/a.conf"), more).unwrap();
        let found = host_name(alias, home.path());
        assert_eq!(found.as_deref(), expected, "{alias} in {config:?}");
    }

    #[test]
    fn an_alias_is_the_first_host_name_that_fits() {
        let config = "# mine\nHost work w-*\n  User git\n  HostName github.com\nHost work\n  HostName no.example\n";
        check(config, "work", Some("github.com"));
        check(config, "w-1", Some("github.com"));
        check(config, "play", None);
        check(
            "host=work\nhostname = \"github.com\"",
            "work",
            Some("github.com"),
        );
        check("Host * !work\nHostName x.example", "work", None);
        check(
            "Host gh-*\nHostName %h.example",
            "gh-1",
            Some("gh-1.example"),
        );
    }

    #[test]
    fn files_are_included_and_commands_are_not_run() {
        check("Include more/*.conf\n", "inner", Some("inner.example"));
        check(
            "Include ~/.ssh/more/a.conf\n",
            "inner",
            Some("inner.example"),
        );
        check("Host x\nInclude more/*.conf\n", "inner", None);
        check("Include config\n", "inner", None);
        let exec = "Match exec \"touch owned\"\nHostName x.example\nMatch all\nHostName y.example";
        check(exec, "work", Some("y.example"));
        check(
            "Match host work,play\nHostName x.example",
            "play",
            Some("x.example"),
        );
    }
}
