//! The one place that decides whether a principal may do something.

use thiserror::Error;

use crate::principal::{Principal, Tenants};
use crate::scope::Scope;

/// What a principal wants to do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// To ask whether the server is there, and which version it has.
    Greet,
    /// To judge records.
    Validate,
    /// To see rules and rulesets.
    Discover,
    /// To read decisions.
    ReadDecisions,
    /// To see the status of a tenant, or to decide which of its releases serves.
    Administer,
    /// To run the host.
    Operate,
}

/// What it wants to do it with.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Resource<'a> {
    /// The tenant with this name.
    Tenant(&'a str),
    /// All tenants, or the only one: the call names none.
    EveryTenant,
    /// The host as a whole.
    Host,
}

/// Why a principal may not do something.
///
/// It does not tell whether a tenant exists: to who may not use it, there is no difference.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum Denied {
    /// It has nothing to do with the tenant.
    #[error("{principal} may not use the tenant that the request is for")]
    Tenant {
        /// The principal.
        principal: String,
    },
    /// It lacks a scope.
    #[error("{principal} lacks the scope `{needed}` for this")]
    Scope {
        /// The principal.
        principal: String,
        /// The scope.
        needed: Scope,
    },
}

/// Whether a principal may do something.
///
/// # Errors
/// When it may not.
pub fn authorize(principal: &Principal, action: Action, resource: Resource<'_>) -> Result<(), Denied> {
    let Some(needed) = needed(action) else { return Ok(()) };
    let covers = |tenants: &Tenants| match resource {
        Resource::Tenant(name) => tenants.has(name),
        Resource::EveryTenant => *tenants == Tenants::All,
        Resource::Host => false,
    };
    let permits = |scope| principal.grants().iter().any(|grant| grant.scopes.has(scope) && covers(&grant.tenants));
    let is_operator = principal.grants().iter().any(|grant| grant.scopes.has(Scope::Operator));
    let permitted = match needed {
        Scope::Operator => is_operator,
        Scope::Admin => is_operator || permits(Scope::Admin),
        Scope::Validate | Scope::Discover | Scope::ReadDecisions => permits(needed),
    };
    if permitted {
        return Ok(());
    }
    let name = principal.name().unwrap_or("a client without a credential").to_owned();
    if needed == Scope::Operator || principal.grants().iter().any(|grant| covers(&grant.tenants)) {
        return Err(Denied::Scope { principal: name, needed });
    }
    Err(Denied::Tenant { principal: name })
}

/// The scope that an action needs; none = each principal may do it.
fn needed(action: Action) -> Option<Scope> {
    match action {
        Action::Greet => None,
        Action::Validate => Some(Scope::Validate),
        Action::Discover => Some(Scope::Discover),
        Action::ReadDecisions => Some(Scope::ReadDecisions),
        Action::Administer => Some(Scope::Admin),
        Action::Operate => Some(Scope::Operator),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::principal::Grant;
    use crate::scope::Scopes;

    const ACTIONS: [Action; 6] =
        [Action::Greet, Action::Validate, Action::Discover, Action::ReadDecisions, Action::Administer, Action::Operate];

    fn principal(scopes: &[Scope], tenants: Tenants) -> Principal {
        Principal::new("p", [Grant { scopes: scopes.iter().copied().collect(), tenants }])
    }

    /// What a principal may do.
    fn permitted(principal: &Principal, resource: Resource<'_>) -> Vec<Action> {
        ACTIONS.into_iter().filter(|action| authorize(principal, *action, resource).is_ok()).collect()
    }

    #[test]
    fn each_scope_permits_its_own_actions_for_its_own_tenants() {
        let resources = [Resource::Tenant("b"), Resource::EveryTenant, Resource::Host];
        for (scope, action) in [
            (Scope::Validate, Action::Validate),
            (Scope::Discover, Action::Discover),
            (Scope::ReadDecisions, Action::ReadDecisions),
            (Scope::Admin, Action::Administer),
        ] {
            let principal = principal(&[scope], Tenants::listed(["a"]));
            assert_eq!(permitted(&principal, Resource::Tenant("a")), [Action::Greet, action]);
            for resource in resources {
                assert_eq!(permitted(&principal, resource), [Action::Greet], "{scope}: {resource:?}");
            }
        }
    }

    #[test]
    fn an_operator_runs_the_host_and_sees_no_data_of_tenants() {
        let principal = principal(&[Scope::Operator], Tenants::default());
        for resource in [Resource::Tenant("a"), Resource::EveryTenant, Resource::Host] {
            assert_eq!(permitted(&principal, resource), [Action::Greet, Action::Administer, Action::Operate]);
        }
    }

    #[test]
    fn scopes_of_one_grant_do_not_hold_for_the_tenants_of_another() {
        let grant = |scope, tenant| Grant { scopes: [scope].into_iter().collect(), tenants: Tenants::listed([tenant]) };
        let principal = Principal::new("p", [grant(Scope::Validate, "a"), grant(Scope::Admin, "b")]);
        assert_eq!(permitted(&principal, Resource::Tenant("a")), [Action::Greet, Action::Validate]);
        assert_eq!(permitted(&principal, Resource::Tenant("b")), [Action::Greet, Action::Administer]);
    }

    #[test]
    fn without_a_grant_nothing_is_permitted() {
        for nobody in [Principal::new("p", []), principal(&[], Tenants::All)] {
            assert_eq!(permitted(&nobody, Resource::Tenant("a")), [Action::Greet]);
        }
        assert!(Scopes::default().is_empty());
    }

    #[test]
    fn a_refusal_names_the_scope_and_does_not_tell_which_tenants_there_are() {
        let principal = principal(&[Scope::Discover], Tenants::listed(["a"]));
        let refused = |action, resource| authorize(&principal, action, resource).unwrap_err().to_string();
        assert_eq!(refused(Action::Validate, Resource::Tenant("a")), "p lacks the scope `validate` for this");
        assert_eq!(refused(Action::Operate, Resource::Host), "p lacks the scope `operator` for this");
        let other = refused(Action::Discover, Resource::Tenant("b"));
        assert_eq!(other, "p may not use the tenant that the request is for");
        assert_eq!(refused(Action::Discover, Resource::Tenant("no such tenant")), other);
        // Nor which scopes it would need there.
        assert_eq!(refused(Action::Validate, Resource::Tenant("b")), other);
    }
}
