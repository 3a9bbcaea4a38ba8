//! A source that could not be opened: it says why whenever it is asked.
//!
//! So that one wrong `[[source]]` costs that source and not the board.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use crate::config::SourceConfig;
use crate::domain::Timestamp;
use crate::domain::correlate::Need;
use crate::domain::fact::Fact;
use crate::domain::key::SourceName;
use crate::sources::http::Ground;
use crate::sources::{
    Batch, Capability, Fetch, Meter, REGISTRY, Resource, Source, SourceError, Tier,
};

/// Where the token of such a source comes from.
pub const NOT_LOOKED_FOR: &str = "not looked for";

/// A source that could not be opened.
pub struct Unopened {
    name: SourceName,
    kind: &'static str,
    host: String,
    error: SourceError,
}

impl Unopened {
    /// Builds it from the settings and what is wrong.
    pub fn new(config: &SourceConfig, kind: &'static str, error: SourceError) -> Self {
        Self {
            name: config.name.clone(),
            kind,
            host: config.url.host_str().unwrap_or_default().to_owned(),
            error,
        }
    }
}

/// Opens a source, or tells why it cannot be opened.
pub(super) fn try_open(
    config: &SourceConfig,
    ground: &Ground,
) -> Result<Box<dyn Source>, SourceError> {
    let kind = REGISTRY.iter().find(|kind| kind.config.name == config.kind);
    match kind {
        Some(kind) => (kind.open)(config, ground),
        None => Err(SourceError::Refused {
            host: config.url.host_str().unwrap_or_default().to_owned(),
            cause: format!("`{}` is no kind of source", config.kind),
        }),
    }
}

/// Opens a source; one that cannot be opened tells why instead of answering.
pub(super) fn open_source(config: &SourceConfig, ground: &Ground) -> Box<dyn Source> {
    try_open(config, ground).unwrap_or_else(|error| {
        let kind = REGISTRY.iter().find(|kind| kind.config.name == config.kind);
        tracing::warn!(source = %config.name, %error, "open");
        Box::new(Unopened::new(
            config,
            kind.map_or("unknown", |kind| kind.config.name),
            error,
        ))
    })
}

impl Source for Unopened {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn host(&self) -> &str {
        &self.host
    }

    fn capabilities(&self) -> Vec<Capability> {
        Vec::new()
    }

    fn resources(&self, _now: Timestamp) -> Vec<Resource> {
        vec![Resource {
            id: Arc::from("open"),
            tier: Tier::Rare,
            cost: 0,
            bucket: "none",
        }]
    }

    fn fetch(&self, _fetch: Fetch) -> BoxFuture<'_, Result<Batch, SourceError>> {
        Box::pin(std::future::ready(Err(self.error.clone())))
    }

    fn restore(&self, _facts: &[Arc<Fact>]) {}

    fn need(&self, _needs: &BTreeSet<Need>) {}

    fn meter(&self) -> Meter {
        Meter {
            token_from: NOT_LOOKED_FOR.to_owned(),
            ..Meter::default()
        }
    }
}
