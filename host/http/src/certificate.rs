//! Certificate errors of the client. The client wraps them, so they are found by type in the chain of causes.

use std::error::Error;
use std::io;

/// Whether a request failed because this machine does not trust the certificate of the server.
#[must_use]
pub fn is_untrusted_certificate(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn Error + 'static)> = Some(error);
    while let Some(cause) = next {
        if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
            return matches!(tls, rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented);
        }
        // The source of an I/O error is the source of what it wraps, and not what it wraps.
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|wrapped| wrapped as &(dyn Error + 'static)).or_else(|| cause.source());
    }
    false
}
