//! Authentication of clients, and the roles that they get by it.

use jurat::settings::Secret;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// What a client must show before it is served.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Authentication {
    /// Nothing.
    NotRequired,
    /// A certificate, which the TLS handshake has checked.
    Certificate,
    /// The token of clients.
    Token,
    /// The token of operators.
    OperatorToken,
}

impl Authentication {
    /// Whether each request shows it, and not the connection.
    pub(crate) fn is_token(self) -> bool {
        match self {
            Self::NotRequired | Self::Certificate => false,
            Self::Token | Self::OperatorToken => true,
        }
    }
}

/// What a client may do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Role {
    /// Everything: it has started this server, may open its Unix socket, or shows the token of operators.
    Operator,
    /// Everything but to decide which release serves.
    Client,
}

/// The principal that authentication has established; none if it has established nothing.
///
/// The operating system establishes who an operator is: no other user can reach stdin or the Unix socket. Over TCP a token does.
pub(crate) fn principal(role: Role, shown: Authentication) -> Option<&'static str> {
    match (role, shown) {
        (Role::Operator, _) => Some("operator"),
        (Role::Client, Authentication::Token) => Some("token"),
        (Role::Client, Authentication::Certificate) => Some("certificate"),
        (Role::Client, Authentication::NotRequired | Authentication::OperatorToken) => None,
    }
}

/// The token that clients must know. Only its digest is kept: the comparison of two digests reveals nothing, not even a length.
#[derive(Clone, Debug)]
pub(crate) struct Token([u8; 32]);

impl Token {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self(Sha256::digest(secret.reveal().as_bytes()).into())
    }

    /// Compares in constant time.
    pub(crate) fn is(&self, shown: &Secret) -> bool {
        self.0.ct_eq(&Self::new(shown).0).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_token_is_accepted() {
        let token = Token::new(&Secret::new("correct horse"));
        assert!(token.is(&Secret::new("correct horse")));
        for other in ["", "correct hors", "correct horse ", "Correct horse"] {
            assert!(!token.is(&Secret::new(other)), "{other}");
        }
    }
}
