//! Trouble in words: what went wrong, without the address and its query, and for how long.

use std::error::Error as _;
use std::fmt::Write as _;
use std::time::Duration;

use super::names;

/// Returns a length of time as people say it: `45 s`, `12 min`, `23 h 59 min`, never less than it is.
pub fn span(length: Duration) -> String {
    let secs = length.as_secs() + u64::from(length.subsec_nanos() > 0);
    if secs < 120 {
        return format!("{secs} s");
    }
    let mins = secs.div_ceil(60);
    match (mins / 60, mins % 60) {
        (0, mins) => format!("{mins} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, mins) => format!("{hours} h {mins} min"),
    }
}

/// Returns bytes as digits, two each: for names and keys.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Returns what stopped a request, in a few words.
pub(super) fn transport(error: &reqwest::Error) -> String {
    let chain = chain(error);
    let has = |needle: &str| chain.iter().any(|text| text.contains(needle));
    if let Some(cause) = chain.iter().find_map(|text| certificate(text)) {
        return cause;
    }
    if has("tls") || has("TLS") || has("InvalidContentType") || has("corrupt message") {
        return "it does not speak TLS as it should: is that a plain http port?".to_owned();
    }
    if has(names::TOO_LONG) {
        return format!(
            "the name server gave no address within {}",
            span(names::PATIENCE)
        );
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
    if has("proxy authentication required") || has("proxy authorization required") {
        return "the proxy asks for a login".to_owned();
    }
    if has("tunnel") || has("proxy") {
        return "the proxy does not let us through".to_owned();
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

/// How far a request came that got no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Loss {
    /// There is no way there: no name, no network, no passage through the proxy.
    NoWay,
    /// Nobody answered the knock.
    Silent,
    /// Somebody is there: it refused, spoke another language or hung up.
    Answered,
}

/// Returns how far a request came.
pub(super) fn loss(error: &reqwest::Error) -> Loss {
    let chain = chain(error);
    let has = |needle: &str| chain.iter().any(|text| text.contains(needle));
    let no_name = has(names::TOO_LONG) || has("dns error") || has("failed to lookup");
    if no_name || has("unreachable") || has("tunnel") || has("proxy") {
        Loss::NoWay
    } else if has("No route to host") || (error.is_timeout() && error.is_connect()) {
        Loss::Silent
    } else {
        Loss::Answered
    }
}

/// Returns what is wrong with a certificate, if that is what the text speaks of.
fn certificate(text: &str) -> Option<String> {
    let has = |needle: &str| text.contains(needle);
    if !has("certificate") && !has("UnknownIssuer") {
        return None;
    }
    let cause = if has("OtherThanNamed") {
        "`ca_file` holds another certificate than the one that it shows as its own"
    } else if has("NoAuthorityNamed") {
        "its certificate is signed by nobody that is trusted here, and `ca_file` holds none of an \
         authority (CA:FALSE): it may sign nothing"
    } else if has("CaUsedAsEndEntity") {
        "nobody who is trusted here vouches for its certificate, which it made itself: let \
         `ca_file` name that one, in PEM form"
    } else if has("EndEntityUsedAsCa") {
        "its certificate is signed by one that is of no authority"
    } else if has("InvalidPurpose") || has("RequiredEkuNotFound") {
        "its certificate is not for servers"
    } else if has("BadSignature") || has("InvalidSignature") {
        "the signature of its certificate is wrong"
    } else if has("UnsupportedSignatureAlgorithm") {
        "its certificate is signed in a way that is not known here"
    } else if has("UnsupportedCertVersion") {
        "its certificate is of an old form (version 3 is needed)"
    } else if has("BadEncoding") || has("BadDer") {
        "its certificate cannot be read"
    } else if has("RevocationList") || has("RevocationStatus") {
        "nobody can say whether its certificate was revoked"
    } else if has("expired") || has("Expired") {
        "its certificate has expired"
    } else if has("not valid yet") || has("NotValidYet") {
        "its certificate is not valid yet"
    } else if has("not valid for name") || has("NotValidForName") {
        "its certificate is for another host"
    } else if has("UnknownIssuer") {
        "its certificate is signed by nobody that is trusted here"
    } else if has("revoked") || has("Revoked") {
        "its certificate was revoked"
    } else {
        return Some(format!("its certificate is not accepted: {}", plain(text)));
    };
    Some(cause.to_owned())
}

/// Returns the last part of a chain of words joined by colons, the names of a program's values in
/// it as words: `Other(OtherError(PathLenConstraintViolated))` is "path len constraint violated".
fn plain(text: &str) -> String {
    let last = text.rsplit(": ").next().unwrap_or(text);
    let is_debug = last.ends_with([')', '}']) || !last.contains(' ');
    if !is_debug {
        return last.to_owned();
    }
    let mut names = last.split(|c: char| !c.is_ascii_alphanumeric());
    let name = names.rfind(|name| !name.is_empty()).unwrap_or(last);
    let mut words = String::with_capacity(name.len() + 8);
    for c in name.chars() {
        if c.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
    }
    words
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

#[cfg(test)]
mod tests {
    use super::{certificate, span};
    use std::time::Duration;

    #[track_caller]
    fn check(secs: u64, expected: &str) {
        assert_eq!(span(Duration::from_secs(secs)), expected);
    }

    #[test]
    fn what_is_wrong_with_a_certificate_is_said_in_words() {
        let of = |cause: &str| certificate(&format!("invalid peer certificate: {cause}"));
        for (cause, words) in [
            (
                "Other(OtherError(CaUsedAsEndEntity))",
                "nobody who is trusted here vouches",
            ),
            ("Other(OtherError(OtherThanNamed))", "holds another"),
            ("Other(OtherError(NoAuthorityNamed))", "may sign nothing"),
            ("certificate expired: verified at 1", "has expired"),
            ("Expired", "has expired"),
            ("NotValidYet", "not valid yet"),
            (
                "certificate not valid for name \"a\"; it is for \"b\"",
                "another host",
            ),
            ("UnknownIssuer", "nobody that is trusted here"),
            ("BadSignature", "signature"),
            (
                "UnsupportedSignatureAlgorithmForPublicKeyContext { a: [6, 8], b: [6, 9, 0] }",
                "signed in a way",
            ),
            ("ExpiredRevocationList", "revoked"),
            (
                "Other(OtherError(PathLenConstraintViolated))",
                "not accepted: path len constraint violated",
            ),
        ] {
            let told = of(cause).unwrap();
            assert!(told.contains(words), "{cause}: {told}");
            assert!(!told.contains("Other"), "{told}");
        }
        assert_eq!(certificate("connection refused"), None);
    }

    #[test]
    fn lengths_of_time_are_said_as_people_say_them() {
        check(1, "1 s");
        check(119, "119 s");
        check(120, "2 min");
        check(3_541, "1 h");
        check(86_399, "24 h");
        check(86_340, "23 h 59 min");
        assert_eq!(span(Duration::from_millis(300)), "1 s");
    }
}
