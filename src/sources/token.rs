//! Which token a source uses, and where it comes from.
//!
//! The order: the source's own command, the source's own variable, the standard
//! variable of that very host, what a program holds for that host that people log
//! in with, none. A variable is never used for a host that it was not made for.

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use super::http::{self, Environment, host_of, is_loopback};
use super::logins::{self, Login};
use super::token_ask as ask;
use super::usual::{self, Asked, Row, Tool, Usual, Variables};
use crate::config::SourceConfig;
use crate::sources::Account;

/// How long a command may take that prints a token.
const PATIENCE: Duration = Duration::from_secs(10);

/// A token, and where it comes from.
#[derive(Debug, Clone)]
pub struct Token {
    /// The token; `None` asks without one.
    pub secret: Option<SecretString>,
    /// Where it comes from, as text for people.
    pub from: String,
}

/// Finds the token of a source: where the settings say, else at the usual places of its kind.
///
/// An error is a sentence for people: the user named a place, and it gave no token.
pub async fn resolve(config: &SourceConfig, env: &Environment) -> Result<Token, String> {
    resolve_by(usual::of(&config.kind), config, env).await
}

async fn resolve_by(
    usual: &'static Usual,
    config: &SourceConfig,
    env: &Environment,
) -> Result<Token, String> {
    if let Some(words) = &config.token_command {
        let secret = ask::own(words, PATIENCE).await?;
        return Ok(Token {
            secret: Some(secret),
            from: "token_command".to_owned(),
        });
    }
    if let Some(token) = from_environment(usual, config, env)? {
        return Ok(token);
    }
    for tool in tools(usual, config, env) {
        if let Some(secret) = ask::tool(&tool, &config.url, env, PATIENCE).await {
            return Ok(Token {
                secret: Some(secret),
                from: told(tool.tool),
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
    account_by(usual::of(&config.kind), config, env)
}

fn account_by(usual: &'static Usual, config: &SourceConfig, env: &Environment) -> Account {
    if let Some(words) = &config.token_command {
        return Account::From(http::fingerprint(&format!("command\n{}", words.join("\n"))));
    }
    match from_environment(usual, config, env) {
        Ok(Some(Token {
            secret: Some(secret),
            ..
        })) => Account::Known(http::fingerprint(secret.expose_secret())),
        Ok(_) => {
            let asked: Vec<&str> = tools(usual, config, env)
                .iter()
                .map(|asked| asked.tool.program)
                .collect();
            if asked.is_empty() {
                Account::Known(http::NOBODY.to_owned())
            } else {
                Account::From(asked.join(" "))
            }
        }
        Err(missing) => Account::Missing(missing),
    }
}

/// Returns where a token would be looked for beyond the settings: variables that are set, and
/// programs that are asked.
pub fn places(config: &SourceConfig, env: &Environment) -> Vec<String> {
    let usual = usual::of(&config.kind);
    let set = from_environment(usual, config, env).ok().flatten();
    let variable = set.map(|token| token.from);
    let tools = tools(usual, config, env);
    let tools = tools.iter().map(|asked| told(asked.tool));
    variable.into_iter().chain(tools).collect()
}

/// A program that is asked for a token, and what it calls the host.
pub(super) struct AskedTool {
    /// The program.
    pub(super) tool: &'static Tool,
    /// What it calls the host.
    pub(super) name: String,
    /// Whether its token has to be renewed first.
    pub(super) lapses: bool,
}

/// Returns the programs that are asked about the host of a source, in order.
///
/// Nobody is asked about this machine: a test that listens here must not get a token.
fn tools(usual: &'static Usual, config: &SourceConfig, env: &Environment) -> Vec<AskedTool> {
    if is_loopback(&config.url) {
        return Vec::new();
    }
    let host = host_of(&config.url);
    let mut found = Vec::new();
    for tool in usual.tools {
        let name = match tool.asked {
            Asked::Not => None,
            Asked::Prints(_) | Asked::Credential { .. } => Some((host.clone(), false)),
            Asked::PrintsListed(_) => listed(usual, tool, config, env),
        };
        found.extend(name.map(|(name, lapses)| AskedTool { tool, name, lapses }));
    }
    found
}

/// Returns what a program calls the host of a source and whether its token lapses, where its book
/// has it.
fn listed(
    usual: &'static Usual,
    tool: &Tool,
    config: &SourceConfig,
    env: &Environment,
) -> Option<(String, bool)> {
    let host = host_of(&config.url);
    let is_it = |login: &Login| login.by == tool.program && host_of(&login.url) == host;
    let books = logins::of_tools(usual, env);
    let found = books.into_iter().find(is_it);
    found.map(|login| (login.name, login.lapses))
}

/// Returns a program in words: its name, and what it was asked.
fn told(tool: &Tool) -> String {
    let words = match tool.asked {
        Asked::Prints(words)
        | Asked::PrintsListed(words)
        | Asked::Credential { get: words, .. } => words,
        Asked::Not => &[],
    };
    let words = words
        .iter()
        .take_while(|word| !word.starts_with(['-', '{']));
    let words: Vec<&str> = std::iter::once(tool.program)
        .chain(words.copied())
        .collect();
    words.join(" ")
}

/// Finds the token in the environment: the source's own variable, or the host's standard one.
fn from_environment(
    usual: &Usual,
    config: &SourceConfig,
    env: &Environment,
) -> Result<Option<Token>, String> {
    let token = |name: &str, value: String| Token {
        secret: Some(SecretString::from(value)),
        from: name.to_owned(),
    };
    if let Some(name) = &config.token_env {
        let value = logins::read(env, name);
        let value = value.ok_or_else(|| format!("the variable `{name}` is not set"))?;
        return Ok(Some(token(name, value)));
    }
    let meant = usual
        .variables
        .iter()
        .filter(|one| is_for(one, config, env));
    let mut found = meant.filter_map(|one| {
        let user = match one.user {
            Some(name) => format!("{}:", logins::read(env, name)?),
            None => String::new(),
        };
        let mut names = one.names.iter();
        names.find_map(|name| {
            let value = logins::read(env, name)?;
            Some(token(name, format!("{user}{value}")))
        })
    });
    Ok(found.next())
}

/// Returns whether variables hold a token for the host of a source, and for no other.
fn is_for(variables: &Variables, config: &SourceConfig, env: &Environment) -> bool {
    let host = host_of(&config.url);
    let named: Vec<String> = variables
        .named
        .iter()
        .filter_map(|name| logins::read(env, name))
        .collect();
    if named.is_empty() {
        // Another port is another server, and plain http shows the token to all on the way.
        return config.url.scheme() == "https" && usual::fits(variables.hosts, &host);
    }
    // Where they name several hosts, it cannot be told whose token it is.
    named.iter().all(|text| {
        let is_whole = text.contains("://");
        logins::address(text).is_some_and(|url| {
            let same = !is_whole || url.scheme() == config.url.scheme();
            same && host_of(&url) == host
        })
    })
}

/// A variable that holds a token, and the host that it is for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Held {
    /// The variable.
    pub name: &'static str,
    /// The kind of system.
    pub kind: &'static str,
    /// The host.
    pub host: String,
}

/// Returns the variables that are set and hold a token, for hosts that are known by name.
pub fn held(rows: &[Row], env: &Environment) -> Vec<Held> {
    let mut found = Vec::new();
    for row in rows {
        for one in row.usual.variables {
            let set = one
                .names
                .iter()
                .find(|name| logins::read(env, name).is_some());
            let Some(name) = set else { continue };
            let named = one.named.iter().filter_map(|name| logins::read(env, name));
            let mut hosts: Vec<String> = named
                .filter_map(|text| logins::address(&text))
                .map(|url| host_of(&url))
                .collect();
            hosts.dedup();
            let plain = one.hosts.iter().find(|host| !host.starts_with('.'));
            let host = match hosts.as_slice() {
                [host] => Some(host.clone()),
                [] => plain.map(|host| (*host).to_owned()),
                _ => None,
            };
            found.extend(host.map(|host| Held {
                name,
                kind: row.kind.name,
                host,
            }));
        }
    }
    found
}
