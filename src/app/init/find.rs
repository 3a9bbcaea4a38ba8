//! What is there: remotes of the clone, logins of programs, variables, servers that answer.
//!
//! Of variables only the names are taken. This machine's ports are tried only where the
//! user says so; what a host of the clone is, it is asked only where that is not known.

use std::path::Path;

use futures_util::future::join_all;
use url::Url;

use crate::app::clone::{self, Elsewhere, Remote, Surroundings};
use crate::app::env::Env;
use crate::sources::http::{Ground, is_loopback};
use crate::sources::logins::{self, Login};
use crate::sources::probe::{self, Shown};
use crate::sources::token::{self, Held};
use crate::sources::usual::Row;

/// The most unknown hosts that are asked.
const MOST_ASKED: usize = 3;

/// What was found.
#[derive(Clone, Default, Debug)]
pub(super) struct Found {
    /// Repositories of the clone, the one that a board is most likely wanted for first.
    pub(super) remotes: Vec<Remote>,
    /// Hosts that programs are logged in to or that variables name.
    pub(super) logins: Vec<Login>,
    /// Variables with a token.
    pub(super) held: Vec<Held>,
    /// Hosts that showed what they are.
    pub(super) shown: Vec<Shown>,
    /// Servers on this machine.
    pub(super) local: Vec<Shown>,
    /// Hosts of the clone that did not show what they are, and why.
    pub(super) unknown: Vec<(Elsewhere, String)>,
    /// Hosts of the clone that are not asked what they are, as another of its remotes is known.
    pub(super) passed: Vec<Elsewhere>,
    /// What is said of remotes of the clone that are on no host.
    pub(super) hostless: Vec<String>,
}

/// What may be asked.
#[derive(Clone, Copy, Debug)]
pub(super) struct May {
    /// Whether hosts of the clone are asked what they are.
    pub(super) ask: bool,
    /// Whether this machine's ports are tried.
    pub(super) local: bool,
}

/// Looks around.
pub(super) async fn look(
    here: Option<&Path>,
    env: &Env,
    (rows, remembered): (&[Row], Vec<Shown>),
    may: May,
    ground: &Ground,
) -> Found {
    let mut around = Surroundings::of(env, remembered);
    let mut unknown = Vec::new();
    let (strangers, passed) = here.map_or_else(
        || (Vec::new(), Vec::new()),
        |here| clone::unknown_hosts(here, &around),
    );
    let mut shown = Vec::new();
    for stranger in strangers.into_iter().take(MOST_ASKED) {
        if !may.ask {
            unknown.push((stranger, "with `--offline` it is not asked".to_owned()));
            continue;
        }
        let forges = clone::forges();
        match probe::ask(&stranger.bases, &forges, None, ground).await {
            Ok(Some(one)) => shown.push(one),
            Ok(None) => unknown.push((stranger, "its answers do not show that".to_owned())),
            Err(error) => unknown.push((stranger, error.to_string())),
        }
    }
    let mut all = logins::logins(rows, &env.reader());
    if may.ask {
        answering(&mut all, (rows, env), ground).await;
        // A remote that does not say how pages are asked is read as they answered.
        for login in &mut around.logins {
            let same = |one: &&Login| one.by == login.by && one.name == login.name;
            if let Some(heard) = all.iter().find(same) {
                login.url = heard.url.clone();
            }
        }
        shown.extend(told_apart(&all, rows, ground).await);
    }
    around.shown.extend(shown.iter().cloned());
    Found {
        hostless: here.map_or_else(Vec::new, |here| clone::hostless(here, &around)),
        remotes: here.map_or_else(Vec::new, |here| clone::remotes(here, &around)),
        logins: all,
        held: token::held(rows, &env.reader()),
        local: if may.local {
            at_ports(rows, ground).await
        } else {
            Vec::new()
        },
        shown: around.shown,
        unknown,
        passed,
    }
}

/// Asks hosts of which a program does not say what they are: one program serves two kinds.
async fn told_apart(logins: &[Login], rows: &[Row], ground: &Ground) -> Vec<Shown> {
    let unsure = logins.iter().filter(|login| login.kinds.len() > 1);
    let asked = unsure.take(MOST_ASKED).map(|login| async move {
        let may_be: Vec<Row> = rows
            .iter()
            .filter(|row| login.kinds.contains(&row.kind.name))
            .copied()
            .collect();
        let url = login.url.clone();
        probe::ask(&[url], &may_be, None, ground)
            .await
            .ok()
            .flatten()
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Finds out how hosts of this machine answer that a variable names without a scheme.
///
/// Elsewhere that means `https`, as to the programs that the variables are for: a token must not go
/// in clear text because nobody wrote how.
async fn answering(logins: &mut [Login], (rows, env): (&[Row], &Env), ground: &Ground) {
    let is_open = |login: &&mut Login| {
        let named = env.get(login.by).unwrap_or_default();
        !login.is_tool && is_loopback(&login.url) && !named.contains("://")
    };
    for login in logins.iter_mut().filter(is_open).take(MOST_ASKED) {
        let may_be: Vec<Row> = rows
            .iter()
            .filter(|row| login.kinds.contains(&row.kind.name))
            .copied()
            .collect();
        for scheme in ["https", "http"] {
            let mut url = login.url.clone();
            if url.set_scheme(scheme).is_err() {
                continue;
            }
            let asked = probe::ask(std::slice::from_ref(&url), &may_be, None, ground);
            if matches!(asked.await, Ok(Some(_))) {
                login.url = url;
                break;
            }
        }
    }
}

/// Returns the servers that answer at the usual ports of this machine.
async fn at_ports(rows: &[Row], ground: &Ground) -> Vec<Shown> {
    let mut ports: Vec<u16> = rows
        .iter()
        .flat_map(|row| row.usual.ports)
        .copied()
        .collect();
    ports.sort_unstable();
    ports.dedup();
    let asked = ports.into_iter().map(|port| async move {
        let may_be: Vec<Row> = rows
            .iter()
            .filter(|row| row.usual.ports.contains(&port))
            .copied()
            .collect();
        at_port(port, &may_be, ground).await
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Returns the server at a port of this machine, if it shows what it is.
async fn at_port(port: u16, rows: &[Row], ground: &Ground) -> Option<Shown> {
    let url = Url::parse(&format!("http://localhost:{port}")).ok()?;
    probe::ask(&[url], rows, None, ground).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::init::ground;
    use crate::sources::usual;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    /// Answers one path with JSON, and everything else with nothing.
    async fn serve(listener: TcpListener, path: &str, body: &str) {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap_or_default();
            let asked = String::from_utf8_lossy(head.get(..length).unwrap_or_default());
            assert!(!asked.to_lowercase().contains("authorization"), "{asked}");
            let (status, body) = if asked.starts_with(&format!("GET {path} ")) {
                ("200 OK", body)
            } else {
                ("404 Not Found", "{}")
            };
            let answer = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\nconnection: close\r\n\
                 content-length: {}\r\n\r\n{body}",
                body.len()
            );
            drop(stream.write_all(answer.as_bytes()).await);
        }
    }

    #[tokio::test]
    async fn a_server_at_a_port_shows_what_it_is() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let body = r#"{"cluster":{},"versionInfo":{"version":"0.28.1"}}"#;
        let env = Env::process();
        let (ground, rows) = (ground(&env), usual::rows());
        let found = tokio::select! {
            found = at_port(port, &rows, &ground) => found,
            () = serve(listener, "/api/v2/status", body) => None,
        };
        let found = found.unwrap();
        assert_eq!(found.kind, "alertmanager");
        assert_eq!(found.url.as_str(), format!("http://localhost:{port}/"));
        assert_eq!(found.version.unwrap().as_str(), "0.28.1");
    }

    #[tokio::test]
    async fn a_host_of_this_machine_is_written_as_it_answers() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let body = r#"{"version":"18.5.1","revision":"de30de30"}"#;
        let none = Env::process().with("HOME", String::new());
        let env = none.with("GITLAB_HOST", format!("localhost:{port}"));
        let whole = none.with("GITLAB_HOST", format!("https://localhost:{port}"));
        let away = none.with("GITLAB_HOST", "git.example.test".to_owned());
        let rows = usual::rows();
        let looked = async {
            let mut urls = Vec::new();
            for env in [env, whole, away] {
                let ground = ground(&env);
                let mut all = logins::logins(&rows, &env.reader());
                all.retain(|login| !login.is_tool);
                answering(&mut all, (&rows, &env), &ground).await;
                let [login] = all.as_slice() else {
                    panic!("one variable is set: {all:?}");
                };
                urls.push(login.url.to_string());
            }
            urls
        };
        let urls = tokio::select! {
            urls = looked => urls,
            () = serve(listener, "/api/v4/version", body) => Vec::new(),
        };
        let expected = [
            format!("http://localhost:{port}/"),
            // Who wrote how it is asked is not asked again, and no token leaves in clear text.
            format!("https://localhost:{port}/"),
            "https://git.example.test/".to_owned(),
        ];
        assert_eq!(urls, expected);
    }

    #[tokio::test]
    async fn a_port_where_nobody_listens_is_nothing() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let env = Env::process();
        assert_eq!(at_port(port, &usual::rows(), &ground(&env)).await, None);
    }
}
