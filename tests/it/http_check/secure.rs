//! Certificates of checks: a near end, an end that has come, an authority of one's own.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/support/tls")
        .join(name)
}

/// Starts a server on `localhost` that shows this certificate; returns its port.
fn server(certificate: &str) -> u16 {
    let chain = CertificateDer::pem_file_iter(file(certificate)).unwrap();
    let chain = chain.map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(file("server.key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let server = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = rustls::StreamOwned::new(server, stream);
            std::thread::spawn(move || {
                let mut line = String::new();
                let mut reader = BufReader::with_capacity(1, &mut stream);
                while !line.ends_with("\r\n\r\n") && reader.read_line(&mut line).unwrap_or(0) > 0 {}
                // A client that goes away is part of the tests.
                let _gone = stream.write_all(
                    b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
                );
                stream.conn.send_close_notify();
                let _gone = stream.flush();
            });
        }
    });
    port
}

/// Returns a source that trusts what a file holds, if it names one.
fn trusting(port: u16, authority: Option<&str>) -> HttpChecks {
    let ca = authority.map(|name| format!("ca_file = \"{}\"", file(name).display()));
    let check = "[[source.check]]\nname = \"checkout\"\npath = \"/healthz\"\n\
                 certificate = 30\nfailures = 1";
    let url = format!("https://localhost:{port}");
    with(&url, &ca.unwrap_or_default(), check)
}

/// Returns what is told at that time.
async fn told(source: &HttpChecks, time: &str) -> Vec<String> {
    let now = DateTime::parse_from_rfc3339(time).unwrap().to_utc();
    let fetch = Fetch {
        resource: "checks".into(),
        now,
        forced: true,
    };
    let batch = source.fetch(fetch).await.unwrap();
    assert!(batch.warnings.is_empty(), "{:?}", batch.warnings);
    let told = alerts(&batch).into_iter();
    told.map(|alert| format!("{}: {}", alert.id, alert.about))
        .collect()
}

#[tokio::test]
async fn the_end_of_a_certificate_is_told_before_it_comes() {
    let source = trusting(server("localhost.pem"), Some("localhost.pem"));
    let none: [&str; 0] = [];
    assert_eq!(told(&source, "2026-11-21T00:00:00Z").await, none);
    assert_eq!(told(&source, "2123-12-01T00:00:00Z").await, none);
    let words = "probes/checkout/certificate: the certificate of localhost ends on 2124-01-01";
    assert_eq!(told(&source, "2123-12-02T00:00:00Z").await, [words]);
    assert_eq!(told(&source, "2123-12-30T00:00:00Z").await, [words]);
    let checks = source.check_up().await;
    let text = checks[0].text.to_string();
    assert!(text.ends_with(", certificate until 2124-01-01"), "{text}");
}

#[tokio::test]
async fn a_certificate_that_is_not_accepted_is_a_failing_check_that_says_why() {
    let says = |words: &str| {
        format!("probes/checkout: /healthz of localhost:PORT gave no answer: {words}")
    };
    for (shown, authority, words) in [
        (
            "localhost.pem",
            None,
            "its certificate is signed by nobody that is trusted here",
        ),
        (
            "localhost-expired.pem",
            Some("localhost-expired.pem"),
            "its certificate has expired",
        ),
        (
            "foreign.pem",
            Some("ca.pem"),
            "its certificate is for another host",
        ),
    ] {
        let port = server(shown);
        let found = told(&trusting(port, authority), "2026-11-21T00:00:00Z").await;
        let found: Vec<String> = found
            .iter()
            .map(|text| text.replace(&port.to_string(), "PORT"))
            .collect();
        assert_eq!(found, [says(words)]);
    }
}

#[test]
fn doctor_tells_of_the_certificate_and_who_trusts_it() {
    let port = server("localhost.pem");
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nkind = \"http\"\nurl = \"https://localhost:{port}\"\nca_file = \"{}\"\n\
         [[source.check]]\npath = \"/healthz\"\n",
        file("localhost.pem").display()
    ));
    home.run(&["doctor"])
        .exits(0)
        .prints("  certificate  by `")
        .prints("trusted by `ca_file`, `")
        .prints("; until 2124-01-01, ");
}
