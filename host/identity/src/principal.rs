//! Who makes a call, and what was granted to it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::rates::Rates;
use crate::scope::{Scope, Scopes};

/// Who makes a call: a program or a person that has shown a credential, or that the operating system vouches for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Principal {
    name: Option<Arc<str>>,
    grants: Box<[Grant]>,
    rates: Rates,
}

/// Scopes, and the tenants for which they hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The scopes.
    pub scopes: Scopes,
    /// The tenants. They do not matter for [`Scope::Operator`], which concerns the host as a whole.
    pub tenants: Tenants,
}

/// Some tenants. By default there are none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Tenants {
    /// All that there are.
    All,
    /// Those with these names.
    Listed(BTreeSet<Box<str>>),
}

impl Principal {
    /// The principal of those who run the host: it may do everything. The operating system vouches for it, or the token of operators.
    #[must_use]
    pub fn operator() -> Self {
        Self::new("operator", [Grant { scopes: Scopes::all(), tenants: Tenants::All }])
    }

    /// The principal of clients where nobody is authenticated: it may judge records and see rules, of all tenants.
    #[must_use]
    pub fn anonymous() -> Self {
        let scopes = [Scope::Validate, Scope::Discover].into_iter().collect();
        Self { name: None, ..Self::new("", [Grant { scopes, tenants: Tenants::All }]) }
    }

    /// A principal with a name for evidence and logs, and what was granted to it.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, grants: impl IntoIterator<Item = Grant>) -> Self {
        Self { name: Some(name.into()), grants: grants.into_iter().collect(), rates: Rates::default() }
    }

    /// The same, with rates of its own.
    #[must_use]
    pub fn with_rates(self, rates: Rates) -> Self {
        Self { rates, ..self }
    }

    /// Its name in evidence and logs, which holds no secret; none if nobody has authenticated it.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// What was granted to it.
    #[must_use]
    pub fn grants(&self) -> &[Grant] {
        &self.grants
    }

    /// The rates of its own; those that it lacks are the same for all.
    #[must_use]
    pub fn rates(&self) -> Rates {
        self.rates
    }

    /// The tenants for which anything was granted to it.
    #[must_use]
    pub fn tenants(&self) -> Tenants {
        let mut names = BTreeSet::new();
        for grant in &self.grants {
            match &grant.tenants {
                Tenants::All => return Tenants::All,
                Tenants::Listed(listed) => names.extend(listed.iter().cloned()),
            }
        }
        Tenants::Listed(names)
    }
}

impl Default for Tenants {
    fn default() -> Self {
        Self::Listed(BTreeSet::new())
    }
}

impl Tenants {
    /// The tenants with these names.
    #[must_use]
    pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        Self::Listed(names.into_iter().map(Into::into).collect())
    }

    /// Whether a tenant is among them.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Listed(names) => names.contains(name),
        }
    }
}
