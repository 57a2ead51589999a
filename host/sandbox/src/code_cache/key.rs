//! The key with which a host recognizes its own machine code.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The secret with which one host recognizes its own machine code. It is erased from memory when it is dropped.
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

    pub(super) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for CodeKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("CodeKey(..)")
    }
}
