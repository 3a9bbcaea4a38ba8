//! From when until when a certificate holds, and who signed it: as much DER as leads there.
//!
//! Nothing is judged here. See RFC 5280, section 4.1. What is not written as it should be has no
//! such time.

use chrono::NaiveDateTime;

use crate::domain::Timestamp;
use crate::domain::text::Clean;

const INTEGER: u8 = 0x02;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xA0;
const SET: u8 = 0x31;
const BOOLEAN: u8 = 0x01;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const EXTENSIONS: u8 = 0xA3;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;

/// The kinds of text that a name is written in: UTF-8, printable, IA5.
const TEXTS: [u8; 3] = [0x0C, 0x13, 0x16];

/// The name of somebody or something, as the identifier `2.5.4.3` is written.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// The name of an organisation, `2.5.4.10`.
const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0A];

/// What a certificate may be used for, `2.5.29.19`.
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1D, 0x13];

/// The longest name that is shown.
const LONGEST: usize = 80;

/// Returns when a certificate ends.
pub fn not_after(der: &[u8]) -> Option<Timestamp> {
    validity(der).map(|(_, end)| end)
}

/// Returns when a certificate begins and when it ends.
pub(super) fn validity(der: &[u8]) -> Option<(Timestamp, Timestamp)> {
    let (_issuer, inside) = signed(der)?;
    let (validity, _) = take(inside, SEQUENCE)?;
    let (tag, begin, rest) = element(validity)?;
    let begin = time(tag, begin)?;
    let (tag, end, _) = element(rest)?;
    Some((begin, time(tag, end)?))
}

/// Returns what who signed a certificate is called: a name of its own, else that of its owner.
pub fn issuer(der: &[u8]) -> Option<Clean> {
    let (mut rest, _) = signed(der)?;
    let mut owner = None;
    while let Some((set, after)) = take(rest, SET) {
        rest = after;
        let (pair, _) = take(set, SEQUENCE)?;
        let (kind, value) = take(pair, OBJECT)?;
        let (tag, text, _) = element(value)?;
        let text = str::from_utf8(text).ok().filter(|_| TEXTS.contains(&tag));
        let name = text.map(|text| text.chars().take(LONGEST).collect::<String>());
        let name = name.map(|name| Clean::line(name.trim()));
        let name = name.filter(|name| !name.is_empty());
        match kind {
            COMMON_NAME if name.is_some() => return name,
            ORGANISATION => owner = owner.or(name),
            _ => {}
        }
    }
    owner
}

/// Returns whether a certificate says that it is of an authority, which may sign others.
pub(super) fn is_authority(der: &[u8]) -> Option<bool> {
    let (_issuer, inside) = signed(der)?;
    let (_validity, inside) = take(inside, SEQUENCE)?;
    let (_subject, inside) = take(inside, SEQUENCE)?;
    let (_key, mut inside) = take(inside, SEQUENCE)?;
    let mut extensions: &[u8] = &[];
    while let Some((tag, content, rest)) = element(inside) {
        if tag == EXTENSIONS {
            (extensions, _) = take(content, SEQUENCE)?;
        }
        inside = rest;
    }
    while let Some((extension, rest)) = take(extensions, SEQUENCE) {
        extensions = rest;
        let (kind, value) = take(extension, OBJECT)?;
        if kind != BASIC_CONSTRAINTS {
            continue;
        }
        let value = take(value, BOOLEAN).map_or(value, |(_critical, value)| value);
        let (value, _) = take(value, OCTETS)?;
        let (constraints, _) = take(value, SEQUENCE)?;
        let said = take(constraints, BOOLEAN);
        return Some(said.is_some_and(|(said, _)| said != [0]));
    }
    Some(false)
}

/// Returns who signed a certificate, as it stands there, and what follows that.
fn signed(der: &[u8]) -> Option<(&[u8], &[u8])> {
    let (certificate, _) = take(der, SEQUENCE)?;
    let (inside, _) = take(certificate, SEQUENCE)?;
    let inside = take(inside, VERSION).map_or(inside, |(_, rest)| rest);
    let (_serial, inside) = take(inside, INTEGER)?;
    let (_algorithm, inside) = take(inside, SEQUENCE)?;
    take(inside, SEQUENCE)
}

/// Returns the content of an element with this tag, and what follows it.
fn take(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(der)?;
    (tag == wanted).then_some((content, rest))
}

/// Returns tag and content of the first element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = der.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7F => (usize::from(*first), rest),
        // The length of the length, and then the length: more than four bytes are no certificate.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7F))?;
            let fold = |length: usize, byte: &u8| length << 8 | usize::from(*byte);
            (bytes.iter().fold(0, fold), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

fn time(tag: u8, content: &[u8]) -> Option<Timestamp> {
    let text = str::from_utf8(content).ok()?;
    let text = match tag {
        // Two digits of the year: from 50 on it is the last century.
        UTC_TIME => {
            let year: u32 = text.get(..2)?.parse().ok()?;
            format!("{}{text}", if year < 50 { "20" } else { "19" })
        }
        GENERALIZED_TIME => text.to_owned(),
        _ => return None,
    };
    let at = NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?;
    Some(at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::{is_authority, issuer, not_after, validity};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    #[track_caller]
    fn check(pem: &[u8], expected: &str) {
        let der = CertificateDer::from_pem_slice(pem).unwrap();
        let end = not_after(&der).unwrap();
        assert_eq!(end.to_rfc3339(), expected);
        assert!(validity(&der).unwrap().0 < end);
        // No part of it is a certificate, and no byte of it harms.
        for length in 0..der.len() {
            let _cut = not_after(&der[..length]);
            let _cut = issuer(&der[..length]);
            let _cut = is_authority(&der[..length]);
        }
        for at in 0..der.len() {
            for byte in [0, 0x7F, 0x80, 0x84, 0xFF] {
                let mut odd = der.to_vec();
                odd[at] = byte;
                let _odd = not_after(&odd);
                let _odd = issuer(&odd);
                let _odd = is_authority(&odd);
            }
        }
        assert_eq!(not_after(&der[..der.len() / 3]), None);
    }

    #[test]
    fn the_end_of_a_certificate_is_read_whatever_its_century() {
        let expired = include_bytes!("../../../tests/it/support/tls/expired.pem");
        check(expired, "2021-01-01T00:00:00+00:00");
        let good = include_bytes!("../../../tests/it/support/tls/good.pem");
        check(good, "2124-01-01T00:00:00+00:00");
    }

    #[test]
    fn what_is_no_certificate_has_no_end() {
        for der in [
            &b""[..],
            b"x",
            &[0x30, 0x84, 0xFF, 0xFF, 0xFF, 0xFF],
            &[0x30, 0x80],
        ] {
            assert_eq!(not_after(der), None);
        }
    }

    #[test]
    fn a_certificate_says_whether_it_may_sign_others() {
        let said = |pem: &[u8]| is_authority(&CertificateDer::from_pem_slice(pem).unwrap());
        let file = |name: &str| {
            let at = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
            std::fs::read(at.join("tests/it/support/tls").join(name)).unwrap()
        };
        for (name, expected) in [
            ("ca.pem", true),
            ("own.pem", true),
            ("good.pem", false),
            ("localhost.pem", false),
        ] {
            assert_eq!(said(&file(name)), Some(expected), "{name}");
        }
    }
}
