//! What is there: remotes of the clone, logins of programs, variables, servers that answer.
//!
//! Of variables only the names are taken. This machine's ports are tried only where the
//! user says so; what a host of the clone is, it is asked only where that is not known.

use std::path::Path;

use futures_util::future::join_all;
use url::Url;

use crate::app::clone::{self, Elsewhere, Remote, Surroundings};
use crate::app::env::Env;
use crate::sources::http::Ground;
use crate::sources::logins::{self, Login};
use crate::sources::probe::{self, Shown};
use crate::sources::token::{self, Held};
use crate::sources::usual::Row;

/// The most unknown hosts that are asked.
const MOST_ASKED: usize = 3;

/// What was found.
#[derive(Clone, Default, Debug)]
pub struct Found {
    /// Repositories of the clone, the one that a board is most likely wanted for first.
    pub remotes: Vec<Remote>,
    /// Hosts that programs are logged in to or that variables name.
    pub logins: Vec<Login>,
    /// Variables with a token.
    pub held: Vec<Held>,
    /// Hosts that showed what they are.
    pub shown: Vec<Shown>,
    /// Servers on this machine.
    pub local: Vec<Shown>,
    /// Hosts of the clone that did not show what they are, and why.
    pub unknown: Vec<(Elsewhere, String)>,
}

/// What may be asked.
#[derive(Clone, Copy, Debug)]
pub struct May {
    /// Whether hosts of the clone are asked what they are.
    pub ask: bool,
    /// Whether this machine's ports are tried.
    pub local: bool,
}

/// Looks around.
pub async fn look(
    here: Option<&Path>,
    env: &Env,
    (rows, remembered): (&[Row], Vec<Shown>),
    may: May,
    ground: &Ground,
) -> Found {
    let mut around = Surroundings::of(env, remembered);
    let mut unknown = Vec::new();
    let strangers = here.map_or_else(Vec::new, |here| clone::strangers(here, &around));
    let mut shown = Vec::new();
    for stranger in strangers.into_iter().take(MOST_ASKED) {
        if !may.ask {
            unknown.push((stranger, "it was not asked".to_owned()));
            continue;
        }
        let forges = clone::forges();
        match probe::ask(&stranger.bases, &forges, None, ground).await {
            Ok(Some(one)) => shown.push(one),
            Ok(None) => unknown.push((stranger, "its answers do not show that".to_owned())),
            Err(error) => unknown.push((stranger, error.to_string())),
        }
    }
    let all = logins::logins(rows, &env.reader());
    if may.ask {
        shown.extend(told_apart(&all, rows, ground).await);
    }
    around.shown.extend(shown.iter().cloned());
    Found {
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
pub async fn at_port(port: u16, rows: &[Row], ground: &Ground) -> Option<Shown> {
    let url = Url::parse(&format!("http://localhost:{port}")).ok()?;
    probe::ask(&[url], rows, None, ground).await.ok().flatten()
}
