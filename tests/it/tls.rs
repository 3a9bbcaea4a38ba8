//! Encrypted connections and proxies, with the real program: certificates of one's own, broken
//! ones, and who may see what on the way.
//!
//! A proxy on loopback stands for the network, so that names need no resolver. The certificates
//! are made by `support/tls/make.sh`.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::env::{Home, Ran};

const TOKEN: &str = "ghp_thisIsNoRealToken0123456789abcdef";

/// What the proxy does with a `CONNECT`.
#[derive(Clone, Copy)]
enum Proxy {
    /// Lets it through to the TLS server.
    Passes,
    /// Asks for a login.
    AsksForLogin,
    /// Refuses.
    Refuses,
}

fn file(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/support/tls")
        .join(name)
}

/// A proxy with a TLS server of the name `ghe.test` behind it; returns its port and what it read.
fn proxy(way: Proxy, certificate: &str) -> (u16, Arc<Mutex<Vec<String>>>) {
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
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, heard) = (Arc::clone(&config), Arc::clone(&heard));
            std::thread::spawn(move || {
                // A client that goes away is part of the tests.
                let _gone = tunnel(stream, way, &config, &heard);
            });
        }
    });
    (port, seen)
}

fn tunnel(
    mut stream: TcpStream,
    way: Proxy,
    config: &Arc<rustls::ServerConfig>,
    written: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let head = head(&mut stream)?;
    written.lock().unwrap().push(head);
    let answer = match way {
        Proxy::Passes => "200 OK\r\n",
        Proxy::AsksForLogin => "407 Proxy Authentication Required\r\nproxy-authenticate: Basic\r\n",
        Proxy::Refuses => "403 Forbidden\r\n",
    };
    stream.write_all(format!("HTTP/1.1 {answer}\r\n").as_bytes())?;
    if !matches!(way, Proxy::Passes) {
        return Ok(());
    }
    let server =
        rustls::ServerConnection::new(Arc::clone(config)).map_err(std::io::Error::other)?;
    let mut stream = rustls::StreamOwned::new(server, stream);
    let _request = self::head(&mut stream)?;
    let body = "{\"message\":\"Not Found\"}";
    let head = "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nconnection: close";
    write!(
        stream,
        "{head}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}

/// Reads the head of a request.
fn head(stream: &mut impl std::io::Read) -> std::io::Result<String> {
    let mut reader = BufReader::with_capacity(1, stream.by_ref());
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") && reader.read_line(&mut text)? > 0 {}
    Ok(text)
}

/// Runs `sources` against `https://ghe.test` through that proxy.
fn run(port: u16, more: &str, variables: &[(&str, &str)]) -> Ran {
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nname = \"x\"\nkind = \"github\"\nurl = \"https://ghe.test\"\n\
         repos = [\"acme/api\"]\ntoken_env = \"MY_TOKEN\"\n{more}\n"
    ));
    let mut command = home.command(&["sources"]);
    command
        .env("MY_TOKEN", TOKEN)
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"))
        .envs(variables.iter().copied());
    Ran::of(command.output().unwrap(), &["sources"])
}

fn with_authority() -> String {
    format!("ca_file = \"{}\"", file("ca.pem").display())
}

#[track_caller]
fn check(way: Proxy, certificate: &str, more: &str, words: &str) {
    let (port, seen) = proxy(way, certificate);
    let ran = run(port, more, &[]);
    ran.exits(5).prints(words);
    let seen = seen.lock().unwrap().clone();
    assert!(!seen.is_empty(), "nobody came through the proxy");
    for request in seen {
        assert!(request.starts_with("CONNECT ghe.test:443 "), "{request}");
        assert!(
            !request.contains(TOKEN) && !request.contains("uthorization"),
            "{request}"
        );
    }
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    check(
        Proxy::Passes,
        "good.pem",
        &with_authority(),
        "`acme/api` does not exist on ghe.test",
    );
    check(
        Proxy::Passes,
        "good.pem",
        "",
        "its certificate is signed by nobody that is trusted here",
    );
}

#[test]
fn broken_certificates_are_named() {
    check(
        Proxy::Passes,
        "expired.pem",
        &with_authority(),
        "its certificate has expired",
    );
    check(
        Proxy::Passes,
        "foreign.pem",
        &with_authority(),
        "its certificate is for another host",
    );
}

/// As `openssl req -x509` makes it: a server that shows a certificate of an authority as its own.
#[test]
fn a_server_that_shows_the_very_certificate_that_is_named_is_trusted() {
    check(
        Proxy::Passes,
        "own.pem",
        &format!("ca_file = \"{}\"", file("own.pem").display()),
        "`acme/api` does not exist on ghe.test",
    );
}

#[test]
fn a_certificate_of_an_authority_that_is_not_named_is_told_and_how_to_mend_it() {
    check(
        Proxy::Passes,
        "own.pem",
        "",
        "nobody who is trusted here vouches for its certificate, which it made itself: let \
         `ca_file` name that one",
    );
    for more in [
        with_authority(),
        format!("ca_file = \"{}\"", file("own-again.pem").display()),
    ] {
        check(
            Proxy::Passes,
            "own.pem",
            &more,
            "`ca_file` holds another certificate than the one that it shows as its own",
        );
    }
}

#[test]
fn a_proxy_that_does_not_let_through_is_named() {
    check(
        Proxy::AsksForLogin,
        "good.pem",
        "",
        "the proxy asks for a login",
    );
    check(
        Proxy::Refuses,
        "good.pem",
        "",
        "the proxy does not let us through",
    );
}

#[test]
fn a_host_without_proxy_is_asked_directly() {
    let (port, seen) = proxy(Proxy::Passes, "good.pem");
    run(port, &with_authority(), &[("NO_PROXY", "ghe.test")])
        .exits(5)
        .prints("ghe.test cannot be reached");
    assert_eq!(*seen.lock().unwrap(), Vec::<String>::new());
}

#[test]
fn plain_http_is_for_those_who_say_so() {
    let home = Home::new();
    home.configure(
        "[[source]]\nname = \"x\"\nkind = \"github\"\nurl = \"http://ghe.test\"\nrepos = [\"a/b\"]\n",
    );
    let ran = home.run(&["sources"]);
    let text = format!("{}{}", ran.out, ran.err);
    assert_ne!(ran.code, 0, "{ran:#?}");
    assert!(text.contains("insecure_http"), "{ran:#?}");
}

#[test]
fn doctor_says_what_to_do_about_a_certificate_of_ones_own() {
    let (port, _seen) = proxy(Proxy::Passes, "good.pem");
    let home = Home::new();
    home.configure(
        "[[source]]\nkind = \"gitlab\"\nurl = \"https://ghe.test\"\nrepos = [\"acme/api\"]\n\
         token_env = \"MY_TOKEN\"\n",
    );
    let mut command = home.command(&["doctor"]);
    command
        .env("MY_TOKEN", TOKEN)
        .env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"));
    let ran = Ran::of(command.output().unwrap(), &["doctor"]);
    ran.exits(1)
        .prints("its certificate is signed by nobody that is trusted here")
        .prints("hint: if it is your own, let `ca_file` name the certificate of who signed it");
}

#[test]
fn doctor_tells_of_the_certificate_and_who_trusts_it() {
    let (port, _seen) = proxy(Proxy::Passes, "good.pem");
    let home = Home::new();
    home.configure(&format!(
        "[[source]]\nkind = \"http\"\nurl = \"https://ghe.test\"\n{}\n\
         [[source.check]]\npath = \"/healthz\"\nstatus = [404]\n",
        with_authority()
    ));
    let mut command = home.command(&["doctor"]);
    command.env("HTTPS_PROXY", format!("http://127.0.0.1:{port}"));
    let ran = Ran::of(command.output().unwrap(), &["doctor"]);
    ran.exits(0)
        .prints("  certificate  accepted, trusted by `ca_file`, `")
        .prints("; behind the proxy its end is not seen");
}
