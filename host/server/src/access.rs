//! Who makes a request, and whether it may: the way from a credential to a principal, and from a principal to a tenant.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU64;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use jurat::CallErrorKind;
use jurat::identity::{Action, Principal, RateClass, Resource, Tenants, authorize};
use jurat::limits::Rate;
use jurat::settings::Secret;
use jurat_identity::AuthenticationError;
use jurat_model::{CallContext, CorrelationId};

use crate::authentication::Authentication;
use crate::client::Client;
use crate::error::{ErrorKind, RequestError, listed};
use crate::observation;
use crate::quotas::{Quota, RecordQuota, Requester};
use crate::state::State;

/// How often clients at one address may show a wrong credential.
const FAILURES: Rate = Rate::per_minute(NonZeroU64::new(20).unwrap());

/// Finds out who the client of a connection is. `shown` is the credential that it shows.
///
/// # Errors
/// When it is not known: that is not told to observers yet.
pub(crate) async fn identify(
    state: &State,
    client: &Client,
    shown: Option<&Secret>,
) -> Result<Arc<Principal>, RequestError> {
    let authentication = &client.origin.authentication;
    if let Authentication::Connection(principal) = authentication {
        return Ok(Arc::clone(principal));
    }
    let Some(shown) = shown else {
        return Err(RequestError::new(
            ErrorKind::AuthenticationNeeded,
            "a token, an API key or a JSON Web Token is needed",
        ));
    };
    // Without an authenticator no credential is known.
    let Some(authenticator) = &state.authenticator else { return Err(refusal(&AuthenticationError::Unknown)) };
    let address = client.origin.peer.map(address_of);
    let now = Instant::now();
    if let Some(address) = &address
        && state.failures.remaining(address, FAILURES, now) == 0
        && !authenticator.has_seen(shown)
    {
        let message = "too many wrong credentials came from this address; try again in a minute";
        let retry_after = Some(FAILURES.window() / 20);
        return Err(RequestError { retry_after, ..RequestError::new(ErrorKind::TooManyAttempts, message) });
    }
    // The time of credentials is that of the world.
    let found = authenticator.authenticate(shown, Timestamp::now()).await;
    found.map_err(|error| {
        // Who shows something that was good does not guess.
        if let (Some(address), AuthenticationError::Unknown) = (&address, error) {
            state.failures.check(address, FAILURES, 1, now);
        }
        refusal(&error)
    })
}

/// Finds out who the client is, as [`identify`], and tells observers.
pub(crate) async fn identify_observed(
    state: &State,
    client: &Client,
    shown: Option<&Secret>,
    correlation: &CorrelationId,
) -> Result<Arc<Principal>, RequestError> {
    let found = identify(state, client, shown).await;
    let refused = found.as_ref().err().map(|failure| failure.kind);
    let context = context(correlation, found.as_deref().ok());
    observation::authentication(&state.observers, &context, refused, client.origin.peer);
    found
}

/// Decides whether a principal may do something. A request that names no `tenant` is for all of them, or for the only one of the
/// principal.
///
/// # Errors
/// When it may not, or must say for which tenant.
pub(crate) fn permit(principal: &Principal, tenant: &mut Option<String>, action: Action) -> Result<(), RequestError> {
    let is_for_all = action != Action::Greet && authorize(principal, action, Resource::EveryTenant).is_ok();
    if tenant.is_none() && !is_for_all && action != Action::Operate {
        *tenant = only_tenant(principal, action)?;
    }
    let resource = match tenant {
        _ if action == Action::Operate => Resource::Host,
        Some(name) => Resource::Tenant(name),
        None => Resource::EveryTenant,
    };
    authorize(principal, action, resource).map_err(|denied| RequestError::new(ErrorKind::Forbidden, denied.to_string()))
}

/// Takes what a request costs out of the buckets of its tenant, its principal and its address. Returns what is left in them, and how
/// fast its records may be judged.
///
/// Those have no limits whom the operating system vouches for, and those whom nobody has authenticated on this machine.
///
/// # Errors
/// When one of them has not enough; with what that one has.
pub(crate) fn charge(
    state: &State,
    client: &Client,
    principal: &Principal,
    tenant: Option<&str>,
    class: Option<RateClass>,
) -> Result<(Quota, RecordQuota), (RequestError, Quota)> {
    let (Some(peer), Some(_), Some(class)) = (client.origin.peer, principal.name(), class) else {
        return Ok((Quota::default(), RecordQuota::default()));
    };
    let (address, now) = (address_of(peer), Instant::now());
    let requester = Requester { principal, tenant, address: &address };
    let records = match class {
        RateClass::Batch => state.quotas.records(requester, now).map_err(|failure| (failure, Quota::default()))?,
        RateClass::Validate | RateClass::Discover | RateClass::Admin | RateClass::Records => RecordQuota::default(),
    };
    Ok((state.quotas.take(requester, class, now)?, records))
}

/// The caller, and the correlation id of a call.
pub(crate) fn context(correlation: &CorrelationId, principal: Option<&Principal>) -> CallContext {
    let context = CallContext::new().with_correlation(correlation.clone());
    match principal.and_then(Principal::name) {
        Some(name) => context.with_principal(name),
        None => context,
    }
}

/// The tenant of a principal that has one only; none for those that have all, or need none.
fn only_tenant(principal: &Principal, action: Action) -> Result<Option<String>, RequestError> {
    let Tenants::Listed(names) = principal.tenants() else { return Ok(None) };
    let mut names = names.iter();
    match (names.next(), names.next()) {
        (Some(only), None) => Ok(Some(String::from(&**only))),
        (None, _) => Ok(None),
        _ if action == Action::Greet => Ok(None),
        (Some(first), Some(second)) => {
            let all = [first, second].into_iter().chain(names).map(|name| &**name);
            let message = format!("say which `tenant` the request is for: {}", listed(all));
            Err(RequestError::new(ErrorKind::Call(CallErrorKind::TenantNeeded), message))
        }
    }
}

fn refusal(error: &AuthenticationError) -> RequestError {
    let kind = match error {
        AuthenticationError::NoGrant => ErrorKind::Forbidden,
        AuthenticationError::Unavailable => ErrorKind::AuthenticationUnavailable,
        _ => ErrorKind::AuthenticationFailed,
    };
    RequestError::new(kind, error.to_string())
}

/// The address of a client, as failures are counted: of an IPv6 address the network, which one client has as a whole.
fn address_of(peer: SocketAddr) -> String {
    match peer.ip().to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use jurat::identity::{Grant, Scope};

    use super::*;

    fn principal(scope: Scope, tenants: &[&str]) -> Principal {
        let tenants = Tenants::listed(tenants.iter().copied());
        Principal::new("p", [Grant { scopes: [scope].into_iter().collect(), tenants }])
    }

    /// The tenant that a request is for; or the kind of its refusal.
    fn permitted(principal: &Principal, tenant: Option<&str>, action: Action) -> Result<Option<String>, &'static str> {
        let mut tenant = tenant.map(str::to_owned);
        permit(principal, &mut tenant, action).map_err(|failure| failure.kind.code())?;
        Ok(tenant)
    }

    #[test]
    fn a_request_without_a_tenant_is_for_the_only_one_of_its_principal() {
        let one = principal(Scope::Validate, &["a"]);
        assert_eq!(permitted(&one, None, Action::Validate), Ok(Some("a".to_owned())));
        assert_eq!(permitted(&one, Some("a"), Action::Validate), Ok(Some("a".to_owned())));
        for other in ["b", "A", "a ", "", "*"] {
            assert_eq!(permitted(&one, Some(other), Action::Validate), Err("forbidden"), "{other}");
        }
        let two = principal(Scope::Validate, &["a", "b"]);
        assert_eq!(permitted(&two, None, Action::Validate), Err("tenant_needed"));
        assert_eq!(permitted(&two, Some("b"), Action::Validate), Ok(Some("b".to_owned())));
        assert_eq!(permitted(&two, None, Action::Greet), Ok(None));
        assert_eq!(permitted(&principal(Scope::Validate, &[]), None, Action::Validate), Err("forbidden"));
        for tenants in [&[][..], &["a"], &["a", "b"]] {
            assert_eq!(permitted(&principal(Scope::Operator, tenants), None, Action::Administer), Ok(None));
        }
        assert_eq!(permitted(&one, None, Action::Greet), Ok(Some("a".to_owned())));
        assert_eq!(permitted(&Principal::operator(), None, Action::Validate), Ok(None));
        assert_eq!(permitted(&Principal::anonymous(), Some("a"), Action::Administer), Err("forbidden"));
    }

    #[test]
    fn the_addresses_of_a_client_count_as_one() {
        let address = |text: &str| address_of(text.parse().unwrap());
        assert_eq!(address("192.0.2.7:80"), "192.0.2.7");
        assert_eq!(address("[::ffff:192.0.2.7]:80"), "192.0.2.7");
        assert_eq!(address("[2001:db8:1:2:3:4:5:6]:80"), "2001:db8:1:2::");
    }
}
