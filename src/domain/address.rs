//! Whether an address is written as it would be anew, so that it need not be taken apart.
//!
//! The store gives back thousands of addresses at the start, and all were written out when they came.
//! What is not sure to be the same again is left to the parser.

use std::net::Ipv4Addr;

/// Returns whether the parser would give this very address back, and it may be opened.
pub(super) fn is_written_out(text: &str) -> bool {
    let (rest, usual_port) = match text.strip_prefix("https://") {
        Some(rest) => (rest, 443),
        None => match text.strip_prefix("http://") {
            Some(rest) => (rest, 80),
            None => return false,
        },
    };
    let Some(at) = rest.find('/') else {
        return false;
    };
    let (place, path) = rest.split_at(at);
    let host = match place.split_once(':') {
        Some((host, port)) if is_port(port, usual_port) => host,
        Some(_) => return false,
        None => place,
    };
    is_host(host) && is_path(path)
}

/// A port as it is written out: the usual one is left away.
fn is_port(text: &str, usual: u16) -> bool {
    let is_plain = text.bytes().all(|b| b.is_ascii_digit()) && !text.starts_with('0');
    is_plain && text.parse::<u16>().is_ok_and(|port| port != usual)
}

/// A name in small letters, or four numbers.
fn is_host(host: &str) -> bool {
    if host.len() > 253 {
        return false;
    }
    let is_label = |label: &str| {
        let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        // `xn--` and its like have rules of their own.
        let is_odd = label.starts_with('-') || label.ends_with('-') || label.contains("--");
        (1..=63).contains(&label.len()) && label.bytes().all(is_plain) && !is_odd
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    // What ends in a number is taken for one.
    let is_name = last.starts_with(|c: char| c.is_ascii_lowercase());
    (is_name && host.split('.').all(is_label)) || host.parse::<Ipv4Addr>().is_ok()
}

/// A path, with what follows it: nothing to encode, and no step back.
fn is_path(path: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_~/.%?=&+:@,;!*()$#".contains(&b);
    let lower = |part: &str| path.contains(part);
    path.bytes().all(is_plain) && !lower("/.") && !lower("%2e") && !lower("%2E")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the parser makes of an address that may be opened.
    fn anew(text: &str) -> Option<String> {
        let url = url::Url::parse(text).ok()?;
        let bare = url.username().is_empty() && url.password().is_none() && url.has_host();
        bare.then(|| url.into())
    }

    #[test]
    fn addresses_of_forges_are_written_out() {
        for text in [
            "https://github.com/acme/api/pull/12#issuecomment-1",
            "https://gitlab.example.org/a/b/-/merge_requests/7?tab=x&y=%C3%BC",
            "http://127.0.0.1:36027/acme/auth/issues/829",
            "http://forge.lab:8080/",
            "https://1and1.com/",
        ] {
            assert!(is_written_out(text), "{text}");
            assert_eq!(anew(text).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_would_be_written_otherwise_is_not() {
        for text in [
            "https://github.com",
            "https://GitHub.com/",
            "HTTPS://github.com/",
            "https://github.com:443/",
            "http://github.com:080/",
            "http://github.com:/",
            "https://me@github.com/",
            "https://me:pw@github.com/",
            "https://host.test/a/../b",
            "https://host.test/a/%2e%2E/b",
            "https://host.test/./a",
            "https://host.test/größe",
            "https://host.test/a b",
            "https://host.test/a'b",
            "https://host.test\\a/",
            "https://127.1/",
            "https://0x7f.0.0.1/",
            "https://127.0.0.01/",
            "https://2130706433/",
            "https://host.test./",
            "https://xn--gthub-n2e.com/",
            "https://-a.test/",
            "https://[::1]/",
            "https:///a",
            "https://?a/",
            "ftp://host.test/",
            "javascript://host.test/",
        ] {
            assert!(!is_written_out(text), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_out_is_the_same_again(
            scheme in "https?",
            host in "[a-zA-Z0-9.:@-]{0,12}|[0-9x.]{1,12}|[a-z]{1,4}(\\.[a-z0-9]{1,3}){0,2}",
            port in "(:[0-9]{0,5})?",
            path in "[/a-z0-9.%2eE?#&='@:+ü|~-]{0,16}",
        ) {
            let text = format!("{scheme}://{host}{port}{path}");
            if is_written_out(&text) {
                prop_assert_eq!(anew(&text), Some(text));
            }
        }
    }
}
