//! The certificate that this server shows, and its key.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jurat::settings::{Secret, Tls};
use jurat_disk::files::{self, ReadError};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
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

/// Reads the certificate and the key.
pub(crate) fn config(tls: &Tls) -> Result<Arc<ServerConfig>, TlsError> {
    let certificates = certificates(&tls.certificate)?;
    let key = key(&tls.key)?;
    let pair = |cause| TlsError::Pair { certificate: tls.certificate.clone(), key: tls.key.clone(), cause };
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(pair)?
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(pair)?;
    Ok(Arc::new(config))
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
