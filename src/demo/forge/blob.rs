//! Bodies that may be long: logs and archives, sent piece by piece, or a range of them.

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode, header};

use crate::demo::forge::answer::Asked;
use crate::demo::forge::faults::{Fault, Taken};
use crate::demo::scenario::log::Tape;

/// How much of a long body goes out where a fault wants it cut or slow.
const SPOILT: usize = 1 << 16;

/// A body that may be long.
#[derive(Debug)]
pub(super) enum Blob {
    /// Text, read piece by piece.
    Log(Tape),
    /// An archive.
    Zip(Vec<u8>),
}

impl Blob {
    fn len(&self) -> u64 {
        match self {
            Self::Log(tape) => tape.len(),
            Self::Zip(bytes) => u64::try_from(bytes.len()).unwrap_or(0),
        }
    }

    fn read(&self, from: u64) -> Bytes {
        match self {
            Self::Log(tape) => tape.read(from).into(),
            Self::Zip(bytes) => {
                let from = usize::try_from(from).unwrap_or(usize::MAX);
                Bytes::copy_from_slice(bytes.get(from..).unwrap_or_default())
            }
        }
    }
}

/// Sends it, or the range of it that is asked for.
pub(super) fn send(blob: Blob, asked: &Asked, faults: &Taken) -> Response<Body> {
    let len = blob.len();
    let range = asked
        .range
        .as_deref()
        .and_then(|word| word.strip_prefix("bytes="))
        .map(|word| range(word, len));
    let (status, from, to) = match range {
        None => (StatusCode::OK, 0, len),
        Some(Some((from, to))) => (StatusCode::PARTIAL_CONTENT, from, to),
        Some(None) => {
            let mut response = refuse(StatusCode::RANGE_NOT_SATISFIABLE, "InvalidRange");
            set(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes */{len}"),
            );
            return response;
        }
    };
    let kind = match blob {
        Blob::Log(_) => "text/plain; charset=utf-8",
        Blob::Zip(_) => "application/zip",
    };
    let spoilt = [Fault::Cut, Fault::Silence, Fault::Drip];
    let body = if asked.method == "HEAD" {
        Body::empty()
    } else if spoilt.iter().any(|fault| faults.has(fault)) {
        let mut start = blob.read(from).to_vec();
        start.truncate(SPOILT);
        faults.body(start)
    } else {
        stream(blob, from, to)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, kind);
    set(
        &mut response,
        header::CONTENT_LENGTH,
        &(to - from).to_string(),
    );
    set(&mut response, header::ACCEPT_RANGES, "bytes");
    set(
        &mut response,
        header::DATE,
        &asked.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string(),
    );
    if status == StatusCode::PARTIAL_CONTENT {
        let last = to.saturating_sub(1);
        set(
            &mut response,
            header::CONTENT_RANGE,
            &format!("bytes {from}-{last}/{len}"),
        );
    }
    response
}

/// Sends a blob piece by piece: the longest are never in memory as a whole.
fn stream(blob: Blob, from: u64, to: u64) -> Body {
    let pieces = futures_util::stream::unfold((blob, from), move |(blob, at)| async move {
        if at >= to {
            return None;
        }
        let mut piece = blob.read(at);
        let left = usize::try_from(to - at).unwrap_or(usize::MAX);
        piece.truncate(left);
        let next = at + u64::try_from(piece.len()).unwrap_or(0);
        (!piece.is_empty()).then(|| (Ok::<_, std::convert::Infallible>(piece), (blob, next)))
    });
    Body::from_stream(pieces)
}

/// Returns the first and the last but one byte of a range, if it can be had.
fn range(word: &str, len: u64) -> Option<(u64, u64)> {
    let (from, to) = word.split_once('-')?;
    let (from, to) = match (from.parse::<u64>().ok(), to.parse::<u64>().ok()) {
        (Some(from), Some(to)) => (from, to.saturating_add(1).min(len)),
        (Some(from), None) => (from, len),
        (None, Some(last)) => (len.saturating_sub(last), len),
        (None, None) => return None,
    };
    (from < to).then_some((from, to))
}

fn set(response: &mut Response<Body>, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// Refuses in the words of a store of blobs.
pub(super) fn refuse(status: StatusCode, text: &str) -> Response<Body> {
    let (code, message) = text.split_once(": ").unwrap_or((text, text));
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() = status;
    set(&mut response, header::CONTENT_TYPE, "application/xml");
    response
}

#[cfg(test)]
mod tests {
    use super::range;

    #[track_caller]
    fn check(word: &str, wanted: Option<(u64, u64)>) {
        assert_eq!(range(word, 100), wanted, "{word}");
    }

    #[test]
    fn a_range_lies_within_the_blob_or_is_refused() {
        check("0-9", Some((0, 10)));
        check("90-", Some((90, 100)));
        check("90-400", Some((90, 100)));
        check("-10", Some((90, 100)));
        check("-400", Some((0, 100)));
        check("100-", None);
        check("9-3", None);
        check("-", None);
        check("a-b", None);
        check("-0", None);
    }
}
