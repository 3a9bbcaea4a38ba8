//! Who the token belongs to, and what it may: for `cycleboard doctor`.
//!
//! The typed library speaks here, on our own connections. It is given a base
//! without a path and asked for one address of that origin, nothing else.

use std::time::Duration;

use octocrab::Octocrab;
use secrecy::SecretString;

use super::api::Api;
use crate::config::SourceConfig;
use crate::domain::text::Clean;
use crate::sources::http::{Ground, Limits};
use crate::sources::{SourceError, token};

/// How long the answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// The owner of a token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The login; none without a token.
    pub login: Option<Clean>,
    /// The scopes of a classic token; a fine-grained one has permissions instead.
    pub scopes: Vec<Clean>,
    /// Where the token comes from, never its value.
    pub token_from: String,
}

/// Asks a host who the token of a source belongs to.
pub async fn identity(config: &SourceConfig, ground: &Ground) -> Result<Identity, SourceError> {
    let api = Api::new(config, ground, Limits::default())?;
    let host = api.client.host().to_owned();
    let found =
        token::resolve(config, &ground.env)
            .await
            .map_err(|cause| SourceError::Refused {
                host: host.clone(),
                cause,
            })?;
    let Some(secret) = found.secret else {
        return Ok(Identity {
            login: None,
            scopes: Vec::new(),
            token_from: found.from,
        });
    };
    // Refuses what cannot be a header; the library would panic over it.
    api.client.bind(&secret)?;
    let asked = tokio::time::timeout(PATIENCE, ask(&api, secret)).await;
    let (login, scopes) = asked.unwrap_or_else(|_elapsed| {
        Err(SourceError::Unreachable {
            host,
            cause: format!("no answer within {} s", PATIENCE.as_secs()),
        })
    })?;
    Ok(Identity {
        login: Some(login),
        scopes,
        token_from: found.from,
    })
}

async fn ask(api: &Api, secret: SecretString) -> Result<(Clean, Vec<Clean>), SourceError> {
    let host = api.client.host().to_owned();
    let failed = |error: &octocrab::Error| {
        let cause = api.client.shown(&innermost(error)).to_string();
        SourceError::Unreachable {
            host: host.clone(),
            cause,
        }
    };
    let base = api.url("", &[]);
    let origin = base.origin().ascii_serialization();
    let octocrab = Octocrab::builder()
        .base_uri(origin.as_str())
        .map_err(|error| failed(&error))?
        .personal_token(secret)
        .build_with_reqwest(api.client.connections())
        .map_err(|error| failed(&error))?;
    // The route carries the path of the base: the library's own handlers do not know it.
    let route = api.url("user", &[]).path().to_owned();
    let response = octocrab
        ._get_with_headers(route, None)
        .await
        .map_err(|error| failed(&error))?;
    let scopes = response
        .headers()
        .get("x-oauth-scopes")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let scopes = scopes
        .split(',')
        .map(str::trim)
        .filter(|scope| !scope.is_empty());
    let scopes: Vec<Clean> = scopes.take(40).map(Clean::line).collect();
    match response.status().as_u16() {
        200 => {}
        401 => return Err(SourceError::Auth { host }),
        status => {
            return Err(SourceError::Unreadable {
                host,
                cause: format!("it answered {status} when asked who the token belongs to"),
            });
        }
    }
    let text = octocrab
        .body_to_string(response)
        .await
        .map_err(|error| failed(&error))?;
    let user: super::wire::Actor =
        crate::sources::http::decode(&host, "/user", text.as_bytes()).map_err(|f| f.error)?;
    Ok((Clean::line(&user.login.unwrap_or_default()), scopes))
}

/// The library's own text is only "Service Error"; the cause is at the end of the chain.
fn innermost(error: &octocrab::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = cause.to_string();
        source = cause.source();
    }
    text
}
