//! Reads on in a log as the engine does: what one read hands on, and where the next begins.

use cycleboard::domain::diagnosis::LogKey;
use cycleboard::sources::Source;
use cycleboard::sources::follow::{FollowError, Place, Standing};
use tokio::sync::mpsc;

/// Reads on once; returns what came, and how the log stands.
pub(crate) async fn read_on(
    source: &dyn Source,
    key: &LogKey,
    place: &mut Place,
) -> Result<(String, Standing), FollowError> {
    let (into, mut parts) = mpsc::channel(64);
    let part = source.follow(key.clone(), place.clone(), into).await?;
    let mut text = Vec::new();
    while let Some(bytes) = parts.recv().await {
        text.extend_from_slice(&bytes);
    }
    place.pass(&text);
    place.mark = part.mark;
    if part.standing == Standing::Anew {
        *place = Place::default();
    }
    Ok((String::from_utf8(text).unwrap(), part.standing))
}
