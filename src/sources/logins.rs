//! Which hosts the user has to do with: books of programs, and variables that name a host.
//!
//! Only hosts are read, never a token; what is not understood is left out. Whether a
//! host is asked, and with which token, is decided elsewhere.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use url::Url;

use super::http::{Environment, host_of};
use super::usual::{Book, Form, Row, Usual};

/// The largest file that is read, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// The most hosts that are taken from one file.
const MOST: usize = 100;

/// A host that the user has to do with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Login {
    /// Who knows it: a program, or a variable.
    pub by: &'static str,
    /// Whether that is a program, which may hold a token for it.
    pub is_tool: bool,
    /// The kinds of system that it may be, the most likely first.
    pub kinds: Vec<&'static str>,
    /// What the program calls it.
    pub name: String,
    /// Where it is.
    pub url: Url,
    /// Another name under which it answers ssh.
    pub ssh: Option<String>,
    /// Whether the program's token for it does not last, and has to be renewed by it.
    pub lapses: bool,
}

/// Returns every host that programs are logged in to or that variables name, each once a program
/// or variable.
pub fn logins(rows: &[Row], env: &Environment) -> Vec<Login> {
    let mut found: Vec<Login> = Vec::new();
    let mut add = |kind: &'static str, login: Login| {
        let same = |known: &&mut Login| known.by == login.by && known.url == login.url;
        match found.iter_mut().find(same) {
            Some(known) if !known.kinds.contains(&kind) => known.kinds.push(kind),
            Some(_) => {}
            None => found.push(login),
        }
    };
    for row in rows {
        let kind = row.kind.name;
        for mut login in of_tools(row.usual, env) {
            login.kinds.push(kind);
            add(kind, login);
        }
        for name in row.usual.variables.iter().flat_map(|one| one.named) {
            let Some(url) = read(env, name).and_then(|value| address(&value)) else {
                continue;
            };
            let login = Login {
                by: name,
                is_tool: false,
                kinds: vec![kind],
                name: host_of(&url),
                url,
                ssh: None,
                lapses: false,
            };
            add(kind, login);
        }
    }
    settle(&mut found, rows);
    found
}

/// Returns the hosts that programs of one kind of system are logged in to.
pub(super) fn of_tools(usual: &Usual, env: &Environment) -> Vec<Login> {
    let books = usual.tools.iter().filter_map(|tool| {
        let entries = read_book(tool.book.as_ref()?, env);
        Some(entries.into_iter().map(|entry| Login {
            by: tool.program,
            is_tool: true,
            kinds: Vec::new(),
            name: entry.name,
            url: entry.url,
            ssh: entry.ssh,
            lapses: entry.lapses,
        }))
    });
    books.flatten().collect()
}

/// Where hosts are of one kind for sure, they are of no other.
fn settle(found: &mut [Login], rows: &[Row]) {
    for login in found {
        let host = host_of(&login.url);
        let sure = rows.iter().find(|row| row.usual.is_host(&host));
        if let Some(row) = sure {
            login.kinds = vec![row.kind.name];
        }
    }
}

/// Returns the value of a variable, unless it is empty.
pub(super) fn read(env: &Environment, name: &str) -> Option<String> {
    let value = env(name)?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// Returns the address that a person means by a URL, or by a host with or without a port.
pub(super) fn address(text: &str) -> Option<Url> {
    let text = text.trim();
    let whole = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let url = Url::parse(&whole).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    let bare = url.username().is_empty() && url.password().is_none();
    (web && bare && url.host_str().is_some_and(is_host)).then_some(url)
}

fn is_host(host: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    let is_name = host.bytes().all(plain) && !host.starts_with(['.', '-']);
    let is_v6 = host.starts_with('[') && host.ends_with(']');
    !host.is_empty() && (is_name || is_v6)
}

/// One host of a book.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Entry {
    name: String,
    url: Url,
    ssh: Option<String>,
    lapses: bool,
}

fn read_book(book: &Book, env: &Environment) -> Vec<Entry> {
    let text = places(book, env)
        .iter()
        .find_map(|dir| read_file(&dir.join(book.file)));
    let mut found = text.map_or_else(Vec::new, |text| entries(book.form, &text));
    found.truncate(MOST);
    found
}

/// Returns the directories in which a program may keep its book, the first that is there counts.
fn places(book: &Book, env: &Environment) -> Vec<PathBuf> {
    if let Some(named) = book.variable.and_then(|name| read(env, name)) {
        return vec![PathBuf::from(named)];
    }
    let (variable, usual) = if book.data {
        ("XDG_DATA_HOME", ".local/share")
    } else {
        ("XDG_CONFIG_HOME", ".config")
    };
    let home = read(env, "HOME").map(PathBuf::from);
    let named = read(env, variable).map(PathBuf::from);
    let usual = home.as_ref().map(|home| home.join(usual));
    let mac = home.map(|home| home.join("Library/Application Support"));
    let dirs = [named.or(usual), mac];
    let dirs = dirs.into_iter().flatten();
    dirs.map(|dir| dir.join(book.dir)).collect()
}

fn read_file(path: &Path) -> Option<String> {
    if !path.metadata().ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).ok()?;
    file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn entries(form: Form, text: &str) -> Vec<Entry> {
    match form {
        Form::Keys => below(&lines(text), 0),
        Form::Below(key) => below(&section(text, key), 1),
        Form::Urls(key) => listed(&section(text, key)),
        Form::Json(key) => keys(text, key),
    }
}

/// A line `key: value`, maybe the first of an entry of a list.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Line {
    indent: usize,
    begins: bool,
    key: String,
    value: String,
}

/// Reads as much of YAML as the books of programs hold: keys, values, lists of such.
fn lines(text: &str) -> Vec<Line> {
    text.lines().filter_map(line).collect()
}

fn line(text: &str) -> Option<Line> {
    let inner = text.trim_start_matches(' ');
    let mut indent = text.len() - inner.len();
    let begins = inner.starts_with("- ");
    let body = if begins {
        let rest = inner.trim_start_matches('-').trim_start_matches(' ');
        indent += inner.len() - rest.len();
        rest
    } else {
        inner
    };
    if body.is_empty() || body.starts_with(['#', '\t', '-', '{', '[', '&', '*', '!']) {
        return None;
    }
    // The colon that ends a key is followed by a space or nothing: hosts may have ports.
    let (key, value) = match body.split_once(": ") {
        Some((key, value)) => (key, value),
        None => (body.trim_end().strip_suffix(':')?, ""),
    };
    Some(Line {
        indent,
        begins,
        key: unquoted(key).to_owned(),
        value: unquoted(value).to_owned(),
    })
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let quoted = |mark: char| text.strip_prefix(mark)?.strip_suffix(mark);
    quoted('"').or_else(|| quoted('\'')).unwrap_or(text)
}

/// Returns the lines below a key at the top.
fn section(text: &str, key: &str) -> Vec<Line> {
    let all = lines(text);
    let begin = all.iter().position(|line| {
        let top = line.indent == 0 && !line.begins;
        top && line.key == key
    });
    let Some(begin) = begin else {
        return Vec::new();
    };
    let rest = all.into_iter().skip(begin + 1);
    rest.take_while(|line| line.indent > 0).collect()
}

/// Returns the hosts that are keys of their own: all of the smallest indent, which is at least
/// `least`.
fn below(lines: &[Line], least: usize) -> Vec<Entry> {
    let Some(indent) = lines.iter().map(|line| line.indent).min() else {
        return Vec::new();
    };
    if indent < least {
        return Vec::new();
    }
    let mut found: Vec<Entry> = Vec::new();
    let mut blocks = lines.iter().peekable();
    while let Some(head) = blocks.next() {
        let mut more: Vec<&Line> = Vec::new();
        while let Some(next) = blocks.next_if(|next| next.indent > indent) {
            more.push(next);
        }
        let value = |key: &str| {
            let line = more.iter().find(|line| line.key == key)?;
            (!line.value.is_empty()).then(|| line.value.clone())
        };
        // A key with a value is a setting of the program.
        if !head.value.is_empty() || head.begins {
            continue;
        }
        let scheme = value("api_protocol").filter(|scheme| scheme == "http");
        let host = value("api_host").unwrap_or_else(|| head.key.clone());
        let below = value("subfolder").unwrap_or_default();
        let below = below.trim_matches('/');
        let whole = format!("{}://{host}/{below}", scheme.as_deref().unwrap_or("https"));
        let Some(url) = address(&whole).filter(|_| looks_like_a_host(&head.key)) else {
            continue;
        };
        found.push(Entry {
            ssh: other_host(&head.key, value("ssh_host"), &url),
            lapses: value("is_oauth2").is_some_and(|word| word == "true"),
            name: head.key.to_ascii_lowercase(),
            url,
        });
    }
    found
}

/// Returns whether a key is a host and not a word that a program uses for itself.
fn looks_like_a_host(key: &str) -> bool {
    let name = key.split(':').next().unwrap_or_default();
    is_host(name) && (name.contains('.') || name == "localhost")
}

/// Returns the name by which remotes call a host, where that is not the one of its interface.
fn other_host(key: &str, ssh: Option<String>, url: &Url) -> Option<String> {
    let own = url.host_str().unwrap_or_default();
    let key = key.split(':').next().unwrap_or_default().to_owned();
    let mut names = ssh.into_iter().chain([key]);
    let other = names.find(|name| !name.eq_ignore_ascii_case(own) && is_host(name));
    other.map(|name| name.to_ascii_lowercase())
}

/// Returns the entries of a list that have a `url`.
fn listed(lines: &[Line]) -> Vec<Entry> {
    let mut found = Vec::new();
    let mut entry: Vec<&Line> = Vec::new();
    let mut ends = lines.iter().peekable();
    while let Some(line) = ends.next() {
        entry.push(line);
        if ends.peek().is_some_and(|next| !next.begins) {
            continue;
        }
        let value = |key: &str| {
            let mut of_key = entry.iter().filter(|line| line.key == key);
            of_key
                .find(|line| !line.value.is_empty())
                .map(|line| line.value.clone())
        };
        if let Some(url) = value("url").and_then(|url| address(&url)) {
            let own = url.host_str().unwrap_or_default().to_owned();
            found.push(Entry {
                ssh: value("ssh_host").and_then(|ssh| other_host(&own, Some(ssh), &url)),
                name: value("name").unwrap_or(own),
                url,
                lapses: false,
            });
        }
        entry.clear();
    }
    found
}

fn keys(text: &str, key: &str) -> Vec<Entry> {
    let Ok(whole) = serde_json::from_str::<serde_json::Value>(text) else {
        return Vec::new();
    };
    let hosts = whole.get(key).and_then(serde_json::Value::as_object);
    let hosts = hosts.into_iter().flat_map(|hosts| hosts.keys());
    let entry = |host: &String| {
        Some(Entry {
            name: host.clone(),
            url: address(host)?,
            ssh: None,
            lapses: false,
        })
    };
    hosts.filter_map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(form: Form, text: &str, expected: &[(&str, &str, Option<&str>)]) {
        let found = entries(form, text);
        let found: Vec<_> = found
            .iter()
            .map(|one| (one.name.as_str(), one.url.as_str(), one.ssh.as_deref()))
            .collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn gh_has_a_key_for_each_host() {
        let text = "# mine\ngithub.com:\n    user: me\n    users:\n        me:\n\
                    \"ghe.example.org\":\n    oauth_token: gho_x\nversion: \"1\"\nedge:\n    x: y\n";
        check(
            Form::Keys,
            text,
            &[
                ("github.com", "https://github.com/", None),
                ("ghe.example.org", "https://ghe.example.org/", None),
            ],
        );
    }

    #[test]
    fn glab_has_them_below_a_key_and_may_call_them_otherwise() {
        let text = "git_protocol: ssh\nhosts:\n    gitlab.com:\n        api_protocol: https\n        \
                    token: glpat-x\n    git.example.org:\n        token: y\n        \
                    api_host: api.example.org:3443\n    http.example.org:\n        \
                    api_protocol: http\n        subfolder: git/lab/\nlocal.one:\n    x: y\n";
        check(
            Form::Below("hosts"),
            text,
            &[
                ("gitlab.com", "https://gitlab.com/", None),
                (
                    "git.example.org",
                    "https://api.example.org:3443/",
                    Some("git.example.org"),
                ),
                ("http.example.org", "http://http.example.org/git/lab", None),
            ],
        );
    }

    #[test]
    fn tea_has_a_list_of_addresses() {
        let text = "logins:\n- name: one\n  url: https://gitea.example.org/git\n  token: t\n  \
                    default: false\n  ssh_host: ssh.example.org\n- name: two\n  \
                    url: http://localhost:3000\npreferences:\n  url: https://no.example.org\n";
        let expected = [
            (
                "one",
                "https://gitea.example.org/git",
                Some("ssh.example.org"),
            ),
            ("two", "http://localhost:3000/", None),
        ];
        check(Form::Urls("logins"), text, &expected);
        let indented = text
            .replace("- name", "    - name")
            .replace("\n  ", "\n      ");
        check(Form::Urls("logins"), &indented, &expected);
    }

    #[test]
    fn fj_has_an_object_of_hosts() {
        let text = r#"{"hosts": {"codeberg.org": {"type": "Application", "token": "t"}}}"#;
        check(
            Form::Json("hosts"),
            text,
            &[("codeberg.org", "https://codeberg.org/", None)],
        );
        check(Form::Json("hosts"), "{", &[]);
        check(Form::Json("hosts"), "[]", &[]);
    }

    #[test]
    fn what_is_not_understood_is_left_out() {
        check(Form::Keys, "a b:\n  c: d\n? x\n: y\n{}\n", &[]);
        check(Form::Below("hosts"), "hosts: {a.b: {token: x}}\n", &[]);
        check(Form::Urls("logins"), "logins: []\n", &[]);
        check(Form::Urls("logins"), "logins:\n- url: file:///etc\n", &[]);
        check(
            Form::Urls("logins"),
            "logins:\n- url: https://me:pw@a.example\n",
            &[],
        );
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_harm(text in "[-a-z.: \"'#\n]{0,120}") {
            for form in [Form::Keys, Form::Below("a"), Form::Urls("a"), Form::Json("a")] {
                entries(form, &text);
            }
        }
    }
}
