//! The dialects in which the world is told: which there are, and who answers in each.
//!
//! What all have in common is here and in `answer`; what one says is in its folder.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::StatusCode;
use serde_json::json;

use crate::demo::forge::answer::{Answer, Asked, Sent};
use crate::demo::forge::faults::Taken;
use crate::demo::forge::{Ground, alertmanager, forgejo, github, gitlab, jenkins};

/// What a server speaks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Dialect {
    /// GitHub's REST and GraphQL.
    GitHub,
    /// GitLab's REST v4.
    GitLab,
    /// Forgejo's API v1.
    Forgejo,
    /// Jenkins' JSON.
    Jenkins,
    /// Alertmanager's API v2.
    Alertmanager,
}

/// How lists are cut into pages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paging {
    /// The parameter that says how much a page holds.
    pub(super) size: &'static str,
    /// How much it holds where nothing is said.
    pub(super) usual: usize,
    /// How much it holds at most.
    pub(super) most: usize,
}

impl Dialect {
    /// Returns the word by which a configuration calls it.
    pub fn kind(self) -> &'static str {
        match self {
            Self::GitHub => "github",
            Self::GitLab => "gitlab",
            Self::Forgejo => "forgejo",
            Self::Jenkins => "jenkins",
            Self::Alertmanager => "alertmanager",
        }
    }

    /// Answers one request.
    pub(super) fn respond(
        self,
        ground: &Arc<Ground>,
        asked: &Asked,
        body: &Bytes,
        faults: &Taken,
    ) -> Answer {
        match self {
            Self::GitHub => github::respond(ground, asked, body, faults),
            Self::GitLab => gitlab::respond(ground, asked, body, faults),
            Self::Forgejo => forgejo::respond(ground, asked, body, faults),
            Self::Jenkins => jenkins::respond(ground, asked, body, faults),
            Self::Alertmanager => alertmanager::respond(ground, asked, body, faults),
        }
    }

    /// Returns the headers that every answer has.
    pub(super) fn headers(self, sent: &Sent<'_>) -> Vec<(&'static str, String)> {
        match self {
            Self::GitHub => github::headers(sent),
            Self::GitLab => gitlab::headers(sent),
            Self::Forgejo => forgejo::headers(sent),
            Self::Jenkins => jenkins::headers(sent),
            Self::Alertmanager => alertmanager::headers(sent),
        }
    }

    /// Returns an error as this system writes it.
    pub(super) fn error(self, status: StatusCode, text: &str) -> Answer {
        match self {
            Self::GitHub => Answer::error(status, text),
            Self::GitLab => {
                let text = format!("{} {text}", status.as_u16());
                Answer::json(json!({"message": text})).status(status)
            }
            Self::Forgejo => {
                let body =
                    json!({"message": text, "url": "https://forgejo.example.org/api/swagger"});
                Answer::json(body).status(status)
            }
            Self::Jenkins => {
                let page = format!(
                    "<html><head><title>Error {0}</title></head><body><h2>HTTP ERROR {0} {text}</h2></body></html>",
                    status.as_u16()
                );
                Answer::text("text/html;charset=iso-8859-1", page).status(status)
            }
            Self::Alertmanager => Answer::json(json!(text)).status(status),
        }
    }

    /// Returns how lists are cut into pages.
    pub(super) fn paging(self) -> Paging {
        let (size, usual, most) = match self {
            Self::GitHub => ("per_page", 30, 100),
            Self::GitLab => ("per_page", 20, 100),
            Self::Forgejo => ("limit", 30, 50),
            Self::Jenkins | Self::Alertmanager => ("limit", usize::MAX, usize::MAX),
        };
        Paging { size, usual, most }
    }

    /// Returns how much a token may ask in which time.
    pub(super) fn limit(self) -> (u64, Duration) {
        match self {
            Self::GitLab => (2_000, Duration::from_mins(1)),
            Self::GitHub | Self::Forgejo | Self::Jenkins | Self::Alertmanager => {
                (5_000, Duration::from_hours(1))
            }
        }
    }

    /// Returns whether lists and objects have a validator.
    pub(super) fn validates(self) -> bool {
        match self {
            Self::GitHub | Self::GitLab => true,
            Self::Forgejo | Self::Jenkins | Self::Alertmanager => false,
        }
    }
}
