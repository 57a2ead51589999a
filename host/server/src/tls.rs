//! The certificate that this server shows, its key, and the certificates that it demands.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use jurat::chain;
use jurat::settings::{Secret, Tls};
use jurat_disk::files::{self, ReadError};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use thiserror::Error;

/// The longest file of certificates.
const MAX_FILE: u64 = 1 << 20;

/// Why the certificate or its key cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    #[error("{}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        cause: ReadError,
    },
    /// A file does not hold what it should.
    #[error("{}: the file does not contain a {what} in PEM form", .file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// What should be in it.
        what: &'static str,
        /// What is wrong.
        #[source]
        cause: pem::Error,
    },
    /// A certificate is not that of an authority.
    #[error("{}: this is not the certificate of an authority", .file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        #[source]
        cause: rustls::Error,
    },
    /// The certificate and the key do not belong together, or are of an unknown kind.
    #[error("the certificate in {} and the key in {} cannot be used", .certificate.display(), .key.display())]
    Pair {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
        /// Why not.
        #[source]
        cause: rustls::Error,
    },
}

/// The TLS identity of a server, which follows its files: a certificate is replaced while the server runs.
#[derive(Debug)]
pub(crate) struct Identity {
    files: Tls,
    /// The protocols that clients can choose from (RFC 7301); empty = none is offered.
    protocols: RwLock<Vec<Vec<u8>>>,
    config: RwLock<Arc<ServerConfig>>,
    /// The states of the files when they were last read.
    read: Mutex<Vec<FileState>>,
}

/// What shows that a file was replaced; none if there is no such file.
type FileState = Option<(SystemTime, u64)>;

impl Identity {
    /// Reads the files.
    pub(crate) fn open(files: &Tls) -> Result<Self, TlsError> {
        let (read, config) = (states(files), config(files, &[])?);
        Ok(Self {
            files: files.clone(),
            protocols: RwLock::default(),
            config: RwLock::new(Arc::new(config)),
            read: Mutex::new(read),
        })
    }

    /// Offers protocols from now on.
    pub(crate) fn offer(&self, protocols: &[&[u8]]) {
        let protocols: Vec<_> = protocols.iter().map(|protocol| protocol.to_vec()).collect();
        let mut present = self.config.write().unwrap_or_else(PoisonError::into_inner);
        let mut config = (**present).clone();
        config.alpn_protocols.clone_from(&protocols);
        *present = Arc::new(config);
        *self.protocols.write().unwrap_or_else(PoisonError::into_inner) = protocols;
    }

    /// What the next client agrees on.
    pub(crate) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// How often the files should be looked at.
    pub(crate) fn interval(&self) -> Duration {
        self.files.reload
    }

    /// Reads the files again if they were replaced. If they cannot be used, what was read before stays in use.
    pub(crate) fn follow(&self) {
        let states = states(&self.files);
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if *read == states {
            return;
        }
        let protocols = self.protocols.read().unwrap_or_else(PoisonError::into_inner).clone();
        match config(&self.files, &protocols) {
            Ok(config) => {
                *self.config.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(config);
                tracing::info!(certificate = %self.files.certificate.display(), "the certificate was read again");
            }
            Err(error) => {
                // Two files are not replaced at the same moment.
                let error = chain(&error);
                tracing::warn!(error, "the new certificate cannot be used; the one before stays in use");
            }
        }
        *read = states;
    }
}

fn states(files: &Tls) -> Vec<FileState> {
    let paths = [&files.certificate, &files.key].into_iter().chain(&files.client_authorities);
    let state = |path: &PathBuf| {
        let metadata = fs::metadata(path).ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    };
    paths.map(state).collect()
}

/// Reads the certificate and the key, and the authorities of clients.
fn config(tls: &Tls, protocols: &[Vec<u8>]) -> Result<ServerConfig, TlsError> {
    let certificates = certificates(&tls.certificate)?;
    let key = key(&tls.key)?;
    let pair = |cause| TlsError::Pair { certificate: tls.certificate.clone(), key: tls.key.clone(), cause };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(pair)?;
    let builder = match client_verifier(&tls.client_authorities, provider)? {
        Some(verifier) => builder.with_client_cert_verifier(verifier),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_single_cert(certificates, key).map_err(pair)?;
    config.alpn_protocols = protocols.to_vec();
    Ok(config)
}

/// Demands a certificate of one of these authorities from clients; none if there are none.
fn client_verifier(
    authorities: &[PathBuf],
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    let Some(first) = authorities.first() else { return Ok(None) };
    let mut roots = RootCertStore::empty();
    for file in authorities {
        for certificate in certificates(file)? {
            roots.add(certificate).map_err(|cause| TlsError::Authority { file: file.clone(), cause })?;
        }
    }
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier
        .map(Some)
        .map_err(|error| TlsError::Authority { file: first.clone(), cause: rustls::Error::General(error.to_string()) })
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = |cause| TlsError::Pem { file: file.to_owned(), what: "certificate", cause };
    let text = read(file)?;
    let certificates: Vec<_> =
        CertificateDer::pem_slice_iter(text.as_bytes()).collect::<Result<_, _>>().map_err(pem)?;
    if certificates.is_empty() { Err(pem(pem::Error::NoItemsFound)) } else { Ok(certificates) }
}

fn key(file: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = Secret::new(read(file)?);
    PrivateKeyDer::from_pem_slice(text.reveal().as_bytes()).map_err(|cause| TlsError::Pem {
        file: file.to_owned(),
        what: "private key",
        cause,
    })
}

fn read(file: &Path) -> Result<String, TlsError> {
    files::read_text(file, MAX_FILE).map_err(|cause| TlsError::File { file: file.to_owned(), cause })
}
