//! Whom a source trusts that names a `ca_file`: the system's authorities, those of the file, and
//! a server that shows a certificate of the file itself.
//!
//! The last is what `openssl req -x509` makes unless told otherwise: a certificate of an authority
//! that a server shows as its own. Judged as everywhere it is refused. Who named this very
//! certificate trusts its key with more than that, as it could sign any other; that it is in time
//! and for this host is still wanted.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use chrono::DateTime;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use super::certificate;

/// The largest file of certificates that is read, in bytes: that of a system is a tenth of it.
const LARGEST: u64 = 4 * 1024 * 1024;

/// What the judge calls a certificate of an authority that a server shows as its own.
const AUTHORITY: &str = "CaUsedAsEndEntity";

/// Returns the certificates of a file in PEM form, all of which can be read; an error is a
/// sentence for people.
pub fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let name = file.display();
    let unreadable = |error| format!("the certificate file `{name}` cannot be read: {error}");
    // Whoever opened a pipe would wait for somebody to write into it.
    if !std::fs::metadata(file).map_err(unreadable)?.is_file() {
        return Err(format!("the certificate file `{name}` is no file"));
    }
    let mut pem = Vec::new();
    let file = File::open(file).map_err(unreadable)?;
    let mut file = file.take(LARGEST + 1);
    file.read_to_end(&mut pem).map_err(unreadable)?;
    if pem.len() as u64 > LARGEST {
        let most = LARGEST / (1024 * 1024);
        return Err(format!(
            "the certificate file `{name}` is larger than {most} MiB"
        ));
    }
    let mut found = Vec::new();
    let mut roots = RootCertStore::empty();
    for (turn, certificate) in CertificateDer::pem_slice_iter(&pem).enumerate() {
        let whole = certificate.ok();
        let read = whole.filter(|it| roots.add(it.clone()).is_ok());
        found.push(read.ok_or_else(|| {
            let turn = turn + 1;
            format!("the certificate file `{name}`: certificate {turn} of it cannot be read")
        })?);
    }
    if found.is_empty() {
        return Err(format!(
            "the certificate file `{name}` holds no certificate in PEM form"
        ));
    }
    Ok(found)
}

/// Returns how TLS is spoken by who trusts these certificates besides the system's.
pub(super) fn config(own: Vec<CertificateDer<'static>>) -> Result<ClientConfig, String> {
    let failed = |error: rustls::Error| format!("no HTTPS client: {error}");
    let provider = CryptoProvider::get_default().cloned();
    let provider = provider.unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
    let system = rustls_platform_verifier::Verifier::new_with_extra_roots(
        own.iter().cloned(),
        Arc::clone(&provider),
    )
    .map_err(failed)?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(failed)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trust { system, own }))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Judges as the system does, but for a server that shows a certificate of the file itself.
#[derive(Debug)]
struct Trust<V = rustls_platform_verifier::Verifier> {
    system: V,
    own: Vec<CertificateDer<'static>>,
}

impl<V> Trust<V> {
    /// Returns whether no certificate of the file is one of an authority.
    fn signs_nothing(&self) -> bool {
        let mut own = self.own.iter();
        own.all(|own| certificate::is_authority(own) == Some(false))
    }

    /// Returns whether it was named itself.
    fn is_named(&self, shown: &CertificateDer<'_>) -> bool {
        self.own.iter().any(|own| own.as_ref() == shown.as_ref())
    }
}

/// A server shows a certificate of an authority as its own that the file does not hold.
#[derive(Debug, thiserror::Error)]
#[error("OtherThanNamed")]
struct OtherThanNamed;

/// Nobody who is trusted signed what a server shows, and no certificate of the file may sign.
#[derive(Debug, thiserror::Error)]
#[error("NoAuthorityNamed")]
struct NoAuthorityNamed;

/// Returns whether a certificate is refused as nobody is known who signed it.
fn is_strange(refused: &rustls::Error) -> bool {
    matches!(
        refused,
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)
    )
}

/// Returns whether a certificate is refused only for being one of an authority.
fn is_authority(refused: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(CertificateError::Other(cause)) = refused else {
        return false;
    };
    cause.to_string().contains(AUTHORITY)
}

/// Judges a certificate that was named itself: whether it is in time, and for this host.
fn in_time_and_place(
    shown: &CertificateDer<'_>,
    host: &ServerName<'_>,
    now: UnixTime,
) -> Result<ServerCertVerified, rustls::Error> {
    let validity = certificate::validity(shown);
    let (begin, end) = validity.ok_or(CertificateError::BadEncoding)?;
    let secs = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let now = DateTime::from_timestamp(secs, 0).ok_or(CertificateError::Expired)?;
    if now < begin {
        return Err(CertificateError::NotValidYet.into());
    }
    if now > end {
        return Err(CertificateError::Expired.into());
    }
    verify_server_name(&ParsedCertificate::try_from(shown)?, host)?;
    Ok(ServerCertVerified::assertion())
}

impl<V: ServerCertVerifier> ServerCertVerifier for Trust<V> {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged = self.system.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match judged {
            Err(refused) if is_authority(&refused) && self.is_named(end_entity) => {
                in_time_and_place(end_entity, server_name, now)
            }
            Err(refused) if is_authority(&refused) => {
                let other = rustls::OtherError(Arc::new(OtherThanNamed));
                Err(CertificateError::Other(other).into())
            }
            Err(refused) if is_strange(&refused) && self.signs_nothing() => {
                let other = rustls::OtherError(Arc::new(NoAuthorityNamed));
                Err(CertificateError::Other(other).into())
            }
            judged => judged,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::client::WebPkiServerVerifier;
    use std::time::Duration;

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/it/support/tls")
            .join(name)
    }

    /// Judges what a server of this name shows on that day, where `named` are trusted.
    fn judge(shown: &str, named: &[&str], host: &str, day: &str) -> Result<(), String> {
        let own: Vec<_> = named
            .iter()
            .flat_map(|name| certificates(&file(name)).unwrap())
            .collect();
        let mut roots = RootCertStore::empty();
        for certificate in &own {
            roots.add(certificate.clone()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let system = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider);
        // `Verifier` of the system hands on to the same.
        let system = system.build().unwrap();
        let trust = Trust {
            system: Shared(system),
            own,
        };
        let shown = certificates(&file(shown)).unwrap();
        let host = ServerName::try_from(host.to_owned()).unwrap();
        let at = DateTime::parse_from_rfc3339(&format!("{day}T00:00:00Z")).unwrap();
        let secs = u64::try_from(at.timestamp()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(secs));
        trust
            .verify_server_cert(&shown[0], &[], &host, &[], now)
            .map(drop)
            .map_err(|error| error.to_string())
    }

    #[derive(Debug)]
    struct Shared(Arc<WebPkiServerVerifier>);

    impl ServerCertVerifier for Shared {
        fn verify_server_cert(
            &self,
            end_entity: &CertificateDer<'_>,
            intermediates: &[CertificateDer<'_>],
            server_name: &ServerName<'_>,
            ocsp_response: &[u8],
            now: UnixTime,
        ) -> Result<ServerCertVerified, rustls::Error> {
            let inner = &self.0;
            inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        }

        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.0.verify_tls12_signature(message, cert, dss)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.0.verify_tls13_signature(message, cert, dss)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.0.supported_verify_schemes()
        }
    }

    const DAY: &str = "2030-01-01";

    #[test]
    fn a_certificate_of_an_authority_that_is_named_itself_is_trusted() {
        assert_eq!(judge("own.pem", &["own.pem"], "ghe.test", DAY), Ok(()));
        let both = ["ca.pem", "own.pem"];
        assert_eq!(judge("own.pem", &both, "ghe.test", DAY), Ok(()));
        // What an authority signed is judged as before.
        assert_eq!(judge("good.pem", &["ca.pem"], "ghe.test", DAY), Ok(()));
    }

    #[track_caller]
    fn refused(shown: &str, named: &[&str], host: &str, day: &str, words: &str) {
        let told = judge(shown, named, host, day).unwrap_err();
        assert!(told.contains(words), "{told}");
    }

    #[test]
    fn it_is_refused_out_of_time_for_another_host_and_where_another_was_named() {
        let own = ["own.pem"];
        refused("own.pem", &own, "other.test", DAY, "not valid for name");
        refused("own.pem", &own, "ghe.test", "2000-01-01", "not valid yet");
        refused("own.pem", &own, "ghe.test", "2200-01-01", "expired");
        // The same host and key, and an authority by that name: another certificate all the same.
        refused("own-again.pem", &own, "ghe.test", DAY, "OtherThanNamed");
        refused("own.pem", &["ca.pem"], "ghe.test", DAY, "OtherThanNamed");
        // The file holds a server's certificate, which may sign nothing, or another authority's.
        let server = ["localhost.pem"];
        refused("good.pem", &server, "ghe.test", DAY, "NoAuthorityNamed");
        refused("good.pem", &own, "ghe.test", DAY, "UnknownIssuer");
        refused(
            "foreign.pem",
            &["ca.pem"],
            "ghe.test",
            DAY,
            "not valid for name",
        );
        refused("good.pem", &own, "ghe.test", DAY, "UnknownIssuer");
    }

    #[test]
    fn time_and_host_are_judged_by_this_file_too() {
        let shown = certificates(&file("own.pem")).unwrap();
        let judge = |host: &str, secs| {
            let host = ServerName::try_from(host.to_owned()).unwrap();
            let now = UnixTime::since_unix_epoch(Duration::from_secs(secs));
            let judged = in_time_and_place(&shown[0], &host, now);
            judged.map(drop).map_err(|error| error.to_string())
        };
        assert_eq!(judge("ghe.test", 1_900_000_000), Ok(()));
        for (host, secs) in [
            ("ghe.test", 0),
            ("ghe.test", 9_000_000_000),
            ("ghe.test", u64::MAX),
            ("www.ghe.test", 1_900_000_000),
        ] {
            assert!(judge(host, secs).is_err(), "{host} {secs}");
        }
    }

    #[track_caller]
    fn unread(text: &[u8], words: &str) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("ca.pem");
        std::fs::write(&path, text).unwrap();
        let told = certificates(&path).unwrap_err();
        assert!(told.contains(words), "{told}");
        assert!(told.starts_with("the certificate file `"), "{told}");
    }

    #[test]
    fn a_file_that_holds_no_certificates_says_why() {
        unread(b"", "holds no certificate in PEM form");
        unread(&[0x30, 0x82], "holds no certificate in PEM form");
        let good = std::fs::read(file("good.pem")).unwrap();
        let odd = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        unread(
            &[&good[..], odd].concat(),
            "certificate 2 of it cannot be read",
        );
        unread(&vec![b'#'; 5 * 1024 * 1024], "is larger than 4 MiB");
        let told = certificates(Path::new("/dev")).unwrap_err();
        assert!(told.contains("is no file"), "{told}");
    }
}
