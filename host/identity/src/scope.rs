//! What a principal may do, in kinds of calls.

use std::fmt;

/// A kind of calls that a principal may make.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Scope {
    /// To judge records of its tenants.
    Validate,
    /// To see the rules and rulesets of its tenants.
    Discover,
    /// To read the decisions that were kept for its tenants.
    ReadDecisions,
    /// To see the status of its tenants, and to decide which of their releases serves.
    Admin,
    /// To run the host: everything that [`Scope::Admin`] permits, for each tenant, and what concerns no tenant.
    Operator,
}

/// Some scopes.
#[derive(Clone, Copy, Default, Eq, Hash, PartialEq)]
pub struct Scopes(u8);

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 5] = [Self::Validate, Self::Discover, Self::ReadDecisions, Self::Admin, Self::Operator];

    /// Its name in settings, tokens and messages. It does not change.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Validate => "validate",
            Self::Discover => "discover",
            Self::ReadDecisions => "read-decisions",
            Self::Admin => "admin",
            Self::Operator => "operator",
        }
    }

    /// The scope with a name.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|scope| scope.name() == name)
    }
}

impl Scopes {
    /// All scopes.
    #[must_use]
    pub fn all() -> Self {
        Scope::ALL.into_iter().collect()
    }

    /// Whether a scope is among them.
    #[must_use]
    pub const fn has(self, scope: Scope) -> bool {
        self.0 & (1 << scope as u8) != 0
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The scopes, in the order of [`Scope::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.into_iter().filter(move |scope| self.has(*scope))
    }
}

impl FromIterator<Scope> for Scopes {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | 1 << scope as u8))
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl fmt::Debug for Scopes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_set().entries(self.iter()).finish()
    }
}
