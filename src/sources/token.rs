//! Which token a source uses, and where it comes from.
//!
//! The order: the source's own command, the source's own variable, the standard
//! variable of that very host, what `gh` holds for that host, none. A variable
//! is never used for a host that it was not made for.

use std::io::ErrorKind;
use std::process::Stdio;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use tokio::process::Command;

use super::http::{self, Environment, host_of, is_loopback};
use crate::config::SourceConfig;
use crate::sources::Account;

/// How long a command may take that prints a token.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest output that is taken for a token.
const LONGEST: u64 = 8 * 1024;

/// Variables that would make `gh` answer with a token of another host.
const FOREIGN: [&str; 4] = [
    "GH_TOKEN",
    "GITHUB_TOKEN",
    "GH_ENTERPRISE_TOKEN",
    "GITHUB_ENTERPRISE_TOKEN",
];

/// A token, and where it comes from.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token; `None` asks without one.
    pub secret: Option<SecretString>,
    /// Where it comes from, as text for people.
    pub from: String,
}

/// The kind of source that has usual places for a token.
const WITH_USUAL: &str = "github";

/// Finds the token of a source: where the settings say, else at the usual places of its kind.
///
/// An error is a sentence for people: the user named a place, and it gave no token.
pub async fn resolve(config: &SourceConfig, env: &Environment) -> Result<Token, String> {
    if let Some(words) = &config.token_command {
        let secret = from_command(words, &[], PATIENCE).await?;
        return Ok(Token {
            secret: Some(secret),
            from: "token_command".to_owned(),
        });
    }
    if let Some(token) = from_environment(config, env)? {
        return Ok(token);
    }
    if config.kind == WITH_USUAL && !is_loopback(&config.url) {
        let host = host_of(&config.url);
        let words = ["gh", "auth", "token", "--hostname", &host].map(str::to_owned);
        if let Ok(secret) = from_command(&words, &FOREIGN, PATIENCE).await {
            return Ok(Token {
                secret: Some(secret),
                from: "gh auth token".to_owned(),
            });
        }
    }
    Ok(Token {
        secret: None,
        from: "none".to_owned(),
    })
}

/// Returns as whom a source would ask, as far as that can be told without running a command.
pub fn account(config: &SourceConfig, env: &Environment) -> Account {
    if let Some(words) = &config.token_command {
        return Account::From(http::fingerprint(&format!("command\n{}", words.join("\n"))));
    }
    match from_environment(config, env) {
        Ok(Some(Token {
            secret: Some(secret),
            ..
        })) => Account::Known(http::fingerprint(secret.expose_secret())),
        Ok(_) if config.kind != WITH_USUAL || is_loopback(&config.url) => {
            Account::Known(http::NOBODY.to_owned())
        }
        Ok(_) => Account::From("gh".to_owned()),
        Err(place) => Account::From(http::fingerprint(&place)),
    }
}

/// Finds the token in the environment: the source's own variable, or the host's standard one.
fn from_environment(config: &SourceConfig, env: &Environment) -> Result<Option<Token>, String> {
    let read = |name: &str| env(name).filter(|value| !value.trim().is_empty());
    let token = |name: &str, value: &str| Token {
        secret: Some(SecretString::from(value.trim().to_owned())),
        from: name.to_owned(),
    };
    if let Some(name) = &config.token_env {
        let value = read(name).ok_or_else(|| format!("the variable `{name}` is not set"))?;
        return Ok(Some(token(name, &value)));
    }
    if config.kind != WITH_USUAL {
        return Ok(None);
    }
    let host = host_of(&config.url);
    let names: &[&str] = if host == "github.com" || host.ends_with(".ghe.com") {
        &["GH_TOKEN", "GITHUB_TOKEN"]
    } else if read("GH_HOST").is_some_and(|named| named.trim().eq_ignore_ascii_case(&host)) {
        &["GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN"]
    } else {
        &[]
    };
    Ok(names
        .iter()
        .find_map(|name| read(name).map(|value| token(name, &value))))
}

/// Runs a command that prints a token; no shell has a part in it.
///
/// `without` are variables that it does not get to see.
async fn from_command(
    words: &[String],
    without: &[&str],
    patience: Duration,
) -> Result<SecretString, String> {
    let (program, arguments) = words
        .split_first()
        .ok_or_else(|| "`token_command` is empty".to_owned())?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env("GH_PROMPT_DISABLED", "1")
        .env("GH_NO_UPDATE_NOTIFIER", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    for name in without {
        command.env_remove(name);
    }
    tokio::time::timeout(patience, output(command, program))
        .await
        .map_err(|_elapsed| {
            format!(
                "`{program}` gave no token within {} s",
                patience.as_secs_f32()
            )
        })?
}

async fn output(mut command: Command, program: &str) -> Result<SecretString, String> {
    let mut child = command.spawn().map_err(|error| {
        if error.kind() == ErrorKind::NotFound {
            format!("the program `{program}` was not found")
        } else {
            format!("`{program}` cannot be started: {}", error.kind())
        }
    })?;
    let mut bytes = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        stdout
            .take(LONGEST + 1)
            .read_to_end(&mut bytes)
            .await
            .map_err(|error| format!("`{program}` cannot be read: {}", error.kind()))?;
    }
    if bytes.len() as u64 > LONGEST {
        return Err(format!("`{program}` printed more than a token"));
    }
    let status = child
        .wait()
        .await
        .map_err(|error| format!("`{program}` did not end: {}", error.kind()))?;
    if !status.success() {
        return Err(status.code().map_or_else(
            || format!("`{program}` was ended by a signal"),
            |code| format!("`{program}` failed with exit code {code}"),
        ));
    }
    let text = String::from_utf8(bytes)
        .map_err(|_bytes| format!("`{program}` printed something that is no text"))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(format!("`{program}` printed something that is no token"));
    }
    Ok(SecretString::from(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{account, from_command, from_environment};
    use crate::config::SourceConfig;
    use crate::domain::key::SourceName;
    use crate::sources::Account;
    use crate::sources::http::Environment;
    use secrecy::ExposeSecret;
    use std::sync::Arc;
    use std::time::Duration;

    fn config(url: &str, token_env: Option<&str>) -> SourceConfig {
        SourceConfig {
            name: SourceName::new("one"),
            kind: "github".to_owned(),
            url: url::Url::parse(url).unwrap(),
            repos: Vec::new(),
            orgs: Vec::new(),
            token_env: token_env.map(str::to_owned),
            token_command: None,
            ca_file: None,
            insecure_http: false,
            writes: Vec::new(),
            extras: crate::config::Extras::default(),
        }
    }

    fn environment(pairs: &[(&'static str, &'static str)]) -> Environment {
        let pairs = pairs.to_vec();
        Arc::new(move |name| {
            let found = pairs.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    }

    const ALL: &[(&str, &str)] = &[
        ("GH_TOKEN", "a"),
        ("GITHUB_TOKEN", "b"),
        ("GH_ENTERPRISE_TOKEN", "c"),
        ("GITHUB_ENTERPRISE_TOKEN", "d"),
        ("GH_HOST", "ghe.example.org"),
        ("MINE", "e"),
        ("GITLAB_TOKEN", "f"),
        ("EMPTY", " "),
    ];

    #[track_caller]
    fn check(url: &str, without: &[&str], expected: Option<(&str, &str)>) {
        let pairs: Vec<_> = ALL
            .iter()
            .filter(|(name, _)| !without.contains(name))
            .copied()
            .collect();
        let token = from_environment(&config(url, None), &environment(&pairs)).unwrap();
        let found = token.map(|token| {
            let secret = token.secret.unwrap();
            (token.from, secret.expose_secret().to_owned())
        });
        let expected = expected.map(|(from, value)| (from.to_owned(), value.to_owned()));
        assert_eq!(found, expected, "{url} without {without:?}");
    }

    #[test]
    fn a_standard_variable_is_used_for_its_own_host_only() {
        check("https://github.com", &[], Some(("GH_TOKEN", "a")));
        check(
            "https://github.com",
            &["GH_TOKEN"],
            Some(("GITHUB_TOKEN", "b")),
        );
        check("https://github.com", &["GH_TOKEN", "GITHUB_TOKEN"], None);
        check("https://acme.ghe.com", &[], Some(("GH_TOKEN", "a")));
        check(
            "https://ghe.example.org",
            &[],
            Some(("GH_ENTERPRISE_TOKEN", "c")),
        );
        check(
            "https://ghe.example.org",
            &["GH_ENTERPRISE_TOKEN"],
            Some(("GITHUB_ENTERPRISE_TOKEN", "d")),
        );
        check("https://ghe.example.org", &["GH_HOST"], None);
        check("https://other.example.org", &[], None);
        check("https://github.com.evil.example", &[], None);
        check("https://evilghe.com", &[], None);
        check("https://ghe.example.org:8443", &[], None);
        check("http://127.0.0.1:9999", &[], None);
        check("http://localhost:9999", &[], None);
    }

    #[test]
    fn a_kind_without_usual_places_gets_what_is_named_and_nothing_else() {
        let env = environment(ALL);
        let mut other = config("https://ghe.example.org", None);
        other.kind = "prometheus".to_owned();
        assert!(from_environment(&other, &env).unwrap().is_none());
        assert_eq!(
            account(&other, &env),
            Account::Known(crate::sources::http::NOBODY.to_owned())
        );
        other.token_env = Some("MINE".to_owned());
        assert_eq!(
            from_environment(&other, &env).unwrap().unwrap().from,
            "MINE"
        );
    }

    #[test]
    fn a_host_on_this_machine_gets_the_token_that_is_named_for_it_and_its_port() {
        let env = environment(&[
            ("GH_HOST", "127.0.0.1:47103"),
            ("GH_ENTERPRISE_TOKEN", "c"),
            ("GH_TOKEN", "a"),
        ]);
        let from = |url| from_environment(&config(url, None), &env).unwrap();
        let found = from("http://127.0.0.1:47103").unwrap();
        assert_eq!(found.from, "GH_ENTERPRISE_TOKEN");
        for other in [
            "http://127.0.0.1:47104",
            "http://127.0.0.1",
            "http://localhost:47103",
        ] {
            assert!(from(other).is_none(), "{other}");
        }
    }

    #[test]
    fn the_variable_of_the_source_comes_first_and_must_be_set() {
        let env = environment(ALL);
        let mine = |name| from_environment(&config("http://127.0.0.1:1", Some(name)), &env);
        assert_eq!(mine("MINE").unwrap().unwrap().from, "MINE");
        assert_eq!(mine("NOT").unwrap_err(), "the variable `NOT` is not set");
        assert!(mine("EMPTY").is_err());
    }

    #[test]
    fn an_account_is_that_of_the_token_and_does_not_tell_it() {
        let of = |name, value| {
            let env = environment(&[(name, value)]);
            account(&config("https://f.test", Some(name)), &env)
        };
        assert_eq!(of("A", "secret"), of("B", "secret"));
        assert_ne!(of("A", "secret"), of("A", "other"));
        assert_ne!(of("A", "secret"), of("A", ""));
        let Account::Known(told) = of("A", "secret") else {
            panic!("a variable tells whose it is");
        };
        assert_eq!(told.len(), 64, "{told}");
        assert!(!told.contains("secret"));
    }

    #[test]
    fn whose_a_command_or_gh_is_cannot_be_told_before_it_ran() {
        let none = environment(&[]);
        let mut asked = config("https://f.test", None);
        let gh = account(&asked, &none);
        asked.token_command = Some(vec!["pass".to_owned(), "one".to_owned()]);
        let one = account(&asked, &none);
        asked.token_command = Some(vec!["pass".to_owned(), "two".to_owned()]);
        let two = account(&asked, &none);
        assert!(
            [&gh, &one, &two]
                .iter()
                .all(|it| matches!(it, Account::From(_)))
        );
        assert!(gh != one && one != two);
        assert!(matches!(
            account(&config("https://f.test", Some("NOT")), &none),
            Account::From(_)
        ));
        let here = account(&config("http://127.0.0.1:1", None), &none);
        assert!(matches!(here, Account::Known(_)), "nobody asks `gh` there");
    }

    async fn check_command(words: &[&str], expected: Result<&str, &str>) {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let secret = from_command(&words, &[], Duration::from_millis(300)).await;
        let found = secret.map(|secret| secret.expose_secret().to_owned());
        let expected = expected.map(str::to_owned).map_err(str::to_owned);
        assert_eq!(found, expected, "{words:?}");
    }

    #[tokio::test]
    async fn a_command_prints_one_token_or_gives_a_reason() {
        check_command(&["printf", "abc\\n"], Ok("abc")).await;
        check_command(
            &["printf", ""],
            Err("`printf` printed something that is no token"),
        )
        .await;
        check_command(
            &["printf", "\\033[31mabc"],
            Err("`printf` printed something that is no token"),
        )
        .await;
        check_command(
            &["printf", "a b"],
            Err("`printf` printed something that is no token"),
        )
        .await;
        check_command(&["printf", "%s", "$(id)"], Ok("$(id)")).await;
        check_command(&["false"], Err("`false` failed with exit code 1")).await;
        check_command(&["sleep", "20"], Err("`sleep` gave no token within 0.3 s")).await;
        check_command(
            &["head", "-c", "1000000", "/dev/zero"],
            Err("`head` printed more than a token"),
        )
        .await;
        check_command(&[], Err("`token_command` is empty")).await;
        check_command(
            &["/nowhere/tool"],
            Err("the program `/nowhere/tool` was not found"),
        )
        .await;
    }
}
