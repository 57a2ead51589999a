//! The key with which a host recognizes its own machine code.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// The secret with which one host recognizes its own machine code, and what else it has found out by itself. It is erased from memory
/// when it is dropped.
///
/// # Limits
/// A reader of the key can make this host run any code. So it is never stored beside the code that it protects, is readable by the host's user
/// only, and is made anew for each host. A host that loses it only has to compile again.
#[derive(Clone)]
pub struct CodeKey(Arc<Zeroizing<[u8; 32]>>);

impl CodeKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(bytes: &[u8; 32]) -> Self {
        Self(Arc::new(Zeroizing::new(*bytes)))
    }

    /// The HMAC-SHA-256 of a domain and a content. Each use of the key has a domain of its own, so that what was authenticated for one
    /// cannot pass for another.
    #[must_use]
    pub fn tag(&self, domain: &[u8; 16], content: &[u8]) -> [u8; 32] {
        self.mac(domain).chain_update(content).finalize().into_bytes().into()
    }

    /// Whether a tag is that of a domain and a content. Takes the same time wherever the difference is.
    #[must_use]
    pub fn is_tag(&self, tag: &[u8; 32], domain: &[u8; 16], content: &[u8]) -> bool {
        self.mac(domain).chain_update(content).verify(tag.into()).is_ok()
    }

    pub(super) fn mac(&self, domain: &[u8; 16]) -> Hmac<Sha256> {
        // A key of one block, as HMAC itself fills up a shorter one.
        let mut block = Zeroizing::new([0; 64]);
        for (to, from) in block.iter_mut().zip(&**self.0) {
            *to = *from;
        }
        Hmac::<Sha256>::new((&*block).into()).chain_update(domain)
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CodeKey(..)")
    }
}
