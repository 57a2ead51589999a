//! Certificates: the server's own, which may be replaced while it runs, and those of clients.

use jurat_tests::tls::{self, Shown, Turns, certify};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::connection::{Connection, request};
use crate::server::{Server, Transport};
use crate::sites::configured;

/// A connection. They have not agreed on anything yet: each may refuse the certificate of the other.
fn connect(port: &str, trusted: &CertificateDer<'static>, shown: Option<Shown>) -> Connection {
    let stream = Turns::new(tls::begin(&format!("127.0.0.1:{port}"), trusted, shown));
    Connection::new(stream.clone(), stream)
}

/// Whether a client that trusts only this certificate is served.
fn trusts(port: &str, certificate: &CertificateDer<'static>) -> bool {
    let mut client = connect(port, certificate, None);
    client.try_send(request("1", "health", "{}") + "\n").is_ok() && client.try_line().is_some()
}

#[test]
fn a_certificate_is_replaced_without_a_restart() {
    let site = configured("server: {tls: {certificate: cert.pem, key: key.pem, reload_seconds: 1}}\n");
    let first = certify(&site);
    let server = Server::start(&site, Transport::Tcp);
    let port = server.address.rsplit_once(':').unwrap().1;
    assert!(trusts(port, &first));

    // What cannot be used changes nothing.
    site.write("cert.pem", "no certificate");
    server.says("the new certificate cannot be used; the one before stays in use");
    assert!(trusts(port, &first));

    let second = certify(&site);
    server.says("the certificate was read again");
    assert!(trusts(port, &second) && !trusts(port, &first));
}

#[test]
fn clients_show_a_certificate_where_authorities_are_named() {
    let site = configured("server: {tls: {certificate: cert.pem, key: key.pem, client_authorities: [clients.pem]}}\n");
    let trusted = certify(&site);
    let authority = || {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ours, others) = (authority(), authority());
    site.write("clients.pem", ours.pem());
    let arguments = ["--port", "0", "--host", "0.0.0.0", "--allow-remote"];
    let server = Server::start_with(&site, Transport::Tcp, &arguments);
    let port = server.address.rsplit_once(':').unwrap().1;
    let signed = |by: &CertifiedIssuer<'static, KeyPair>| -> Shown {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(vec!["client".to_owned()]).unwrap().signed_by(&key, by).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::try_from(key.serialize_der()).unwrap())
    };
    connect(port, &trusted, Some(signed(&ours))).is_served();
    for shown in [None, Some(signed(&others))] {
        let mut client = connect(port, &trusted, shown);
        assert!(client.try_send(request("1", "health", "{}") + "\n").is_err() || client.try_line().is_none());
    }
}
