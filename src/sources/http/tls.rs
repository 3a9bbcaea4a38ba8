//! The one TLS configuration: ring, the system's certificates, a file besides.

use std::path::Path;
use std::sync::OnceLock;

use super::names::Names;
use super::{Limits, trust};

/// How every trouble with the file of `ca_file` begins.
pub(in crate::sources) const OWN_FILE: &str = "the certificate file";

/// Makes the HTTP client of one source.
///
/// Redirects are followed by [`super::Client`], not here; nothing is retried,
/// no cookie and no referrer is sent. `local` is for loopback addresses: no
/// proxy, and no certificates, since nothing there is encrypted.
pub(super) fn build(
    limits: &Limits,
    ca_file: Option<&Path>,
    local: bool,
) -> Result<reqwest::Client, String> {
    install_provider();
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("cycleboard/", env!("CARGO_PKG_VERSION")))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .tls_info(true)
        .gzip(true)
        .connect_timeout(limits.connect)
        .dns_resolver(Names::system())
        .read_timeout(limits.idle)
        .pool_idle_timeout(limits.pool_idle)
        .tcp_keepalive(limits.pool_idle)
        .http2_keep_alive_interval(std::time::Duration::from_secs(15))
        .http2_keep_alive_timeout(std::time::Duration::from_secs(10));
    if local {
        builder = builder.no_proxy().tls_certs_only([]);
    }
    if let Some(file) = ca_file {
        let certificates = trust::certificates(file)?;
        // Nothing is encrypted there: the file need only be what it says.
        if !local {
            builder = builder.tls_backend_preconfigured(trust::config(certificates)?);
        }
    }
    builder
        .build()
        .map_err(|error| format!("no HTTPS client: {}", super::words::transport(&error)))
}

/// Installs ring for the whole process, once; building a client before that would panic.
fn install_provider() {
    static ONCE: OnceLock<()> = OnceLock::new();
    ONCE.get_or_init(|| {
        // Another part of the process may have been first; then its provider serves as well.
        let _first = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::build;
    use crate::sources::http::Limits;

    #[test]
    fn a_client_is_built_without_a_provider_installed_before() {
        assert!(build(&Limits::default(), None, true).is_ok());
    }

    #[test]
    fn a_missing_certificate_file_is_named() {
        let file = std::path::Path::new("/nowhere/ca.pem");
        let error = build(&Limits::default(), Some(file), true).unwrap_err();
        assert!(error.contains("/nowhere/ca.pem"), "{error}");
    }
}
