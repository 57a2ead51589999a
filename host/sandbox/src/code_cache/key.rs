//! The key by which a host knows its own machine code again.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

/// The secret by which one host knows its own machine code again. It is erased from memory when it is dropped.
///
/// # Limits
/// Anybody who can read it can make this host run any code. So it never lies beside what it protects, is readable by the host's user
/// only, and is made anew for each host. A host that loses it compiles once more, that is all.
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
