//! Transport errors in words: what went wrong, without the address and its query.

use std::error::Error as _;

/// Returns what stopped a request, in a few words.
pub(super) fn transport(error: &reqwest::Error) -> String {
    let chain = chain(error);
    let has = |needle: &str| chain.iter().any(|text| text.contains(needle));
    if has("certificate") || has("UnknownIssuer") || has("tls") || has("TLS") {
        let cause = chain.last().map_or("", String::as_str);
        return format!("the encrypted connection failed: {cause}");
    }
    if has("dns error") || has("failed to lookup") {
        return "its name cannot be resolved".to_owned();
    }
    if error.is_timeout() {
        let what = if error.is_connect() {
            "connection"
        } else {
            "answer"
        };
        return format!("no {what} in time");
    }
    if has("Connection refused") {
        return "connection refused".to_owned();
    }
    if has("tunnel") || has("proxy") {
        let cause = chain.last().map_or("", String::as_str);
        return format!("the proxy does not let us through: {cause}");
    }
    if has("unreachable") {
        return "the network is unreachable".to_owned();
    }
    if has("reset by peer") || has("closed before") || has("connection closed") {
        return "the connection was cut".to_owned();
    }
    chain
        .last()
        .cloned()
        .unwrap_or_else(|| "the request failed".to_owned())
}

/// Returns what stopped an answer after its head had arrived.
pub(super) fn cut_body(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "the answer stopped half way".to_owned();
    }
    if error.is_decode() {
        return "the answer was cut off or wrongly compressed".to_owned();
    }
    "the answer was cut off".to_owned()
}

fn chain(error: &reqwest::Error) -> Vec<String> {
    let mut texts = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        texts.push(cause.to_string());
        source = cause.source();
        if texts.len() == 16 {
            break;
        }
    }
    texts
}
