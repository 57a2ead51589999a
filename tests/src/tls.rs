//! TLS to a server: its certificate, and clients that trust it.

use std::net::TcpStream;
use std::sync::Arc;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::CertificateDer;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::http::{Http, socket};
use crate::site::Site;

/// The settings of a server with the certificate of [`certify`].
pub const SETTINGS: &str = "tls: {certificate: cert.pem, key: key.pem}";

/// A stream over TLS.
pub type TlsStream = StreamOwned<ClientConnection, TcpStream>;

/// Writes a certificate for `localhost` and its key into a site.
#[must_use]
pub fn certify(site: &Site) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    site.write("cert.pem", cert.pem());
    site.write("key.pem", signing_key.serialize_pem());
    cert.der().clone()
}

/// Agrees with a server on TLS, and on one of the protocols. Gives the protocol; none if the server does not choose one.
#[must_use]
pub fn connect(
    address: &str,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> (TlsStream, TcpStream, Option<String>) {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    let mut client = ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap();
    let mut stream = socket(address);
    while client.is_handshaking() {
        client.complete_io(&mut stream).unwrap();
    }
    let protocol = client.alpn_protocol().map(|name| String::from_utf8(name.to_vec()).unwrap());
    let below = stream.try_clone().unwrap();
    (StreamOwned::new(client, stream), below, protocol)
}

/// A connection that speaks HTTP/1.1 over TLS.
#[must_use]
pub fn http(address: &str, trusted: &CertificateDer<'static>) -> Http {
    let (stream, socket, _) = connect(address, trusted, &["http/1.1"]);
    Http::over(stream, socket)
}
