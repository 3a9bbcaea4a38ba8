//! Whether re-runs and cancellations would work, as far as reading tells: for `cycleboard doctor`.
//!
//! Nothing is tried. What a fine-grained token may is told by no answer; then
//! that is what is said.

use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::GitHub;
use super::checkup::check;
use crate::domain::action::Deed;
use crate::domain::text::Clean;
use crate::sources::{Check, CheckState, deeds};

#[derive(Deserialize)]
struct Repo {
    permissions: Option<Rights>,
}

#[derive(Deserialize)]
struct Rights {
    #[serde(default)]
    push: bool,
}

impl GitHub {
    /// Tells what is configured, and whether account and token may do it to a repository.
    pub(super) async fn writes(&self, repo: &str, checks: &mut Vec<Check>) {
        let deeds = Deed::ALL.into_iter();
        let words: Vec<&str> = deeds
            .filter(|deed| deeds::is_listed(&self.config, *deed))
            .map(Deed::permission)
            .collect();
        if words.is_empty() {
            let text = "none configured: this source is only read";
            checks.push(check("writes", CheckState::Fine, text));
            return;
        }
        let listed = format!("configured: {}", words.join(", "));
        checks.push(check("writes", CheckState::Fine, &listed));
        if self.state().anonymous {
            let text = "there is no token: nothing can be changed";
            checks.push(check("may write", CheckState::Note, text));
            return;
        }
        let verdict = match self.try_get(&format!("repos/{repo}")).await {
            Ok(answer) => {
                let found: Option<Repo> = serde_json::from_slice(&answer.body).ok();
                let rights = found.and_then(|found| found.permissions);
                verdict(
                    scopes(&answer.headers),
                    rights.map(|rights| rights.push),
                    repo,
                )
            }
            Err(failure) => Verdict::Unknown(format!("not known: {}", failure.error)),
        };
        checks.push(match verdict {
            Verdict::Yes(text) | Verdict::Unknown(text) => {
                check("may write", CheckState::Fine, &text)
            }
            Verdict::No(text, hint) => Check {
                hint: Some(Clean::line(hint)),
                ..check("may write", CheckState::Note, &text)
            },
        });
    }
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Yes(String),
    No(String, &'static str),
    Unknown(String),
}

/// Returns the scopes of a classic token; other tokens have none.
fn scopes(headers: &HeaderMap) -> Option<&str> {
    let scopes = headers.get("x-oauth-scopes")?.to_str().ok()?;
    (!scopes.trim().is_empty()).then_some(scopes)
}

/// Judges by the scopes of the token and by whether the account may push to a repository.
fn verdict(scopes: Option<&str>, push: Option<bool>, repo: &str) -> Verdict {
    let may = |scope: &str| matches!(scope.trim(), "repo" | "public_repo");
    if scopes.is_some_and(|scopes| !scopes.split(',').any(may)) {
        let hint = "give the token the scope `repo`, or for public repositories `public_repo`";
        return Verdict::No("no: the token lacks the scope `repo`".to_owned(), hint);
    }
    match (push, scopes) {
        (Some(false), _) => Verdict::No(
            format!("no: the account may not write to `{repo}`"),
            "ask for the role `write` in that repository",
        ),
        (Some(true), Some(_)) => {
            Verdict::Yes(format!("yes, by its scopes and the role in `{repo}`"))
        }
        (Some(true), None) => Verdict::Unknown(format!(
            "the account may write to `{repo}`; whether the token has `Actions: write` is told by \
             the first action only"
        )),
        (None, _) => Verdict::Unknown(format!("not known: the server does not tell for `{repo}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_to_write_is_told_as_far_as_reading_tells() {
        let says = |scopes, push, start: &str| {
            let (Verdict::Yes(text) | Verdict::No(text, _) | Verdict::Unknown(text)) =
                verdict(scopes, push, "acme/api");
            assert!(text.starts_with(start), "{text}");
        };
        says(Some("repo, read:org"), Some(true), "yes");
        says(Some("public_repo"), Some(true), "yes");
        says(Some("read:org"), Some(true), "no: the token lacks");
        says(Some("repo"), Some(false), "no: the account");
        says(None, Some(false), "no: the account");
        says(None, Some(true), "the account may write");
        says(None, None, "not known");
    }
}
