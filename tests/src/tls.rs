//! TLS to a server: its certificate, and clients that trust it.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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

/// A certificate that a client shows, and its key.
pub type Shown = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// A stream that is read and written in turns.
#[derive(Clone, Debug)]
pub struct Turns(Arc<Mutex<TlsStream>>);

impl Turns {
    /// Of a stream.
    #[must_use]
    pub fn new(stream: TlsStream) -> Self {
        Self(Arc::new(Mutex::new(stream)))
    }
}

impl Read for Turns {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.lock().unwrap().read(buffer)
    }
}

impl Write for Turns {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.lock().unwrap().flush()
    }
}

/// A client of `localhost` that trusts a certificate.
fn client(trusted: &CertificateDer<'static>, protocols: &[&str], shown: Option<Shown>) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let mut config = match shown {
        Some((chain, key)) => config.with_client_auth_cert(chain, key).unwrap(),
        None => config.with_no_client_auth(),
    };
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    ClientConnection::new(Arc::new(config), "localhost".try_into().unwrap()).unwrap()
}

/// A stream to a server on which nothing is agreed yet: each side may refuse the certificate of the other.
#[must_use]
pub fn begin(address: &str, trusted: &CertificateDer<'static>, shown: Option<Shown>) -> TlsStream {
    StreamOwned::new(client(trusted, &[], shown), socket(address))
}

/// Agrees with a server on TLS, and on one of the protocols. Gives the protocol; none if the server does not choose one.
#[must_use]
pub fn connect(
    address: &str,
    trusted: &CertificateDer<'static>,
    protocols: &[&str],
) -> (TlsStream, TcpStream, Option<String>) {
    let mut client = client(trusted, protocols, None);
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
