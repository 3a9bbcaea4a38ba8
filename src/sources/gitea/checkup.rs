//! What the board will need of a server and a token, tried once: for `cycleboard doctor`.
//!
//! At most a dozen requests: the server, the account, the repositories that are
//! named or listed, and the parts of one of them.

use serde_json::Value;

use super::Gitea;
use super::api::{Asked, below, is_missing};
use super::server::Way;
use super::wire;
use crate::domain::text::Clean;
use crate::sources::http::{Failure, List};
use crate::sources::port::{Ask, failed, fine};
use crate::sources::selection::{owners, plain};
use crate::sources::{CapabilityState, Check, CheckState, SourceError};

/// How many names are looked up.
const MOST_NAMES: usize = 5;

impl Gitea {
    /// Tries everything that the board will need.
    pub(super) async fn look_over(&self) -> Vec<Check> {
        let asked = Asked {
            now: self.port.now(),
            ask: Ask::person(),
        };
        let mut checks = Vec::new();
        if let Err(error) = self.look_at_server(asked).await {
            return vec![failed("host", &error)];
        }
        let (words, me) = {
            let state = self.state();
            let version = state.server.as_ref().map(|server| server.text.clone());
            let text = version.unwrap_or_default();
            (
                format!("{} ({text})", state.words(self.kind)),
                state.me.clone(),
            )
        };
        checks.push(fine("host", &format!("it answers, {words}")));
        if let Some(me) = me {
            checks.push(fine("token", &format!("it belongs to `{me}`")));
        }
        let sample = self.sample(asked, &mut checks).await;
        if let Some(path) = sample {
            self.parts(&path, asked, &mut checks).await;
        }
        checks
    }

    /// Tries the repositories and owners that are configured; returns one to try more on.
    async fn sample(&self, asked: Asked, checks: &mut Vec<Check>) -> Option<String> {
        let mut sample = None;
        for path in plain(&self.config.repos).take(MOST_NAMES) {
            let read = self.one::<wire::Repo>(&below(path, &[]), &[], asked).await;
            match read {
                Ok((repo, _)) => {
                    if !repo.full_name.eq_ignore_ascii_case(path) {
                        let text = format!("`{path}` is called `{}` now", repo.full_name);
                        checks.push(note("repositories", &text));
                    }
                    sample = sample.or(Some(repo.full_name));
                }
                // Where the address is right, it is the name that is wrong.
                Err(failure) if is_missing(&failure) => {
                    checks.push(failed("repositories", &self.not_there(path)));
                }
                // This route may be broken while the others work.
                Err(failure) if !is_over(&failure.error) => {
                    sample = sample.or(Some(path.to_owned()));
                }
                Err(failure) => checks.push(failed("repositories", &failure.error)),
            }
        }
        for owner in owners(&self.config).into_iter().take(MOST_NAMES) {
            match self.owned(owner.as_deref(), asked).await {
                Ok(pages) => {
                    let count = pages.list.items.len();
                    let name = owner.unwrap_or_else(|| "this token".to_owned());
                    let text = format!("{count} repositories of `{name}`");
                    checks.push(fine("repositories", &text));
                    let mut found = pages.list.items.into_iter();
                    sample = sample.or(found.next().map(|repo| repo.full_name));
                }
                Err(error) => checks.push(failed("repositories", &error)),
            }
        }
        sample
    }

    /// Tries the parts of one repository.
    async fn parts(&self, path: &str, asked: Asked, checks: &mut Vec<Check>) {
        for part in ["issues", "pulls", "releases"] {
            let tried = self.part(path, &[part], asked).await;
            checks.push(match tried {
                Ok(()) => {
                    // Releases are no ability of their own.
                    if part != "releases" {
                        self.port.can(part, CapabilityState::Available);
                    }
                    fine(part, "they can be read")
                }
                Err(failure) if is_missing(&failure) => {
                    self.port.excused(&failure);
                    note(part, &format!("they are switched off in `{path}`"))
                }
                Err(failure) => failed(part, &failure.error),
            });
        }
        checks.push(self.actions(path, asked).await);
    }

    async fn part(&self, path: &str, rest: &[&str], asked: Asked) -> Result<(), Failure> {
        let query = [("page", "1"), ("limit", "1")];
        let parts = below(path, rest);
        let read = self.one::<List<Value>>(&parts, &query, asked).await;
        read.map(|_| ())
    }

    /// Tries in which form Actions can be read.
    async fn actions(&self, path: &str, asked: Asked) -> Check {
        const NAME: &str = "runs";
        for (way, word) in [(Way::Runs, "runs"), (Way::Tasks, "tasks")] {
            let parts = below(path, &["actions", word]);
            let query = [("page", "1"), ("limit", "1")];
            match self.one::<Value>(&parts, &query, asked).await {
                Ok(_) => {
                    self.there(way);
                    self.port.can(NAME, CapabilityState::Available);
                    let logs = self.state().ways.has(Way::Logs, asked.now);
                    let text = match (way, logs) {
                        (Way::Tasks, _) => "they can be read, as tasks; no job can be asked for",
                        (_, Some(false)) => "they can be read, without logs",
                        _ => "they can be read",
                    };
                    return fine(NAME, text);
                }
                Err(failure) if self.lacks(way, &failure, asked.now) => {}
                Err(failure) if is_missing(&failure) => {
                    self.port.excused(&failure);
                    return note(NAME, &format!("Actions are switched off in `{path}`"));
                }
                Err(failure) => return failed(NAME, &failure.error),
            }
        }
        let who = self.state().words(self.kind);
        note(NAME, &format!("{who} has no {}", Way::Runs.what()))
    }
}

fn note(name: &'static str, text: &str) -> Check {
    Check {
        state: CheckState::Note,
        text: Clean::line(text),
        ..fine(name, "")
    }
}

/// Returns whether an error ends everything else.
fn is_over(error: &SourceError) -> bool {
    matches!(
        error,
        SourceError::Auth { .. } | SourceError::NoToken { .. } | SourceError::Unreachable { .. }
    )
}
