//! What the claims of a verified token say: whether it is for this server and valid now, and what it permits.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jurat_model::Excerpt;
use serde_json::{Number, Value};

use crate::authentication_error::AuthenticationError;
use crate::jwt::Claims;
use crate::principal::{Grant, Principal, Tenants};
use crate::settings::{ClaimGrant, ClaimTenants, JwtSettings};

/// By how many seconds two clocks may differ.
const LEEWAY: i64 = 30;
/// The most tenants that a claim names.
const MAX_TENANTS: usize = 100;

/// Who shows a token with these claims, and until when it is valid.
///
/// # Errors
/// When a claim is missing or another than the settings say, the token is not valid now, or nothing was granted to it.
pub(crate) fn accept(
    claims: &Claims,
    settings: &JwtSettings,
    now: Timestamp,
) -> Result<(Principal, Timestamp), AuthenticationError> {
    let is_ours = claims.get("iss").and_then(Value::as_str) == Some(&settings.issuer)
        && claims.get("aud").is_some_and(|aud| texts(aud).any(|aud| settings.audiences.iter().any(|ours| ours == aud)));
    let expires = time(claims, "exp")?.filter(|_| is_ours).ok_or(AuthenticationError::Unknown)?;
    let present = now.as_second();
    if present >= expires.saturating_add(LEEWAY) {
        return Err(AuthenticationError::Expired);
    }
    for name in ["nbf", "iat"] {
        if time(claims, name)?.is_some_and(|begins| present.saturating_add(LEEWAY) < begins) {
            return Err(AuthenticationError::NotYetValid);
        }
    }
    let grants: Vec<_> = settings.grants.iter().filter_map(|grant| granted(grant, claims)).collect();
    if grants.is_empty() {
        return Err(AuthenticationError::NoGrant);
    }
    let subject = claims.get("sub").and_then(Value::as_str).unwrap_or_default();
    let end = Timestamp::from_second(expires.saturating_add(LEEWAY)).unwrap_or(Timestamp::MAX);
    Ok((Principal::new(format!("jwt:{}", Excerpt::of(subject)), grants), end))
}

/// What a grant permits to a token with these claims; none if it does not apply.
fn granted(grant: &ClaimGrant, claims: &Claims) -> Option<Grant> {
    let value = find(claims, &grant.claim)?;
    let words = value.as_str().into_iter().flat_map(|text| text.split(' '));
    if !texts(value).chain(words).any(|text| text == grant.value) {
        return None;
    }
    let tenants = match &grant.tenants {
        ClaimTenants::Listed(tenants) => tenants.clone(),
        ClaimTenants::OfClaim(name) => {
            let names: BTreeSet<Box<str>> = texts(find(claims, name)?).take(MAX_TENANTS).map(Into::into).collect();
            if names.is_empty() {
                return None;
            }
            Tenants::Listed(names)
        }
    };
    Some(Grant { scopes: grant.scopes, tenants })
}

/// A claim: the one with this very name, or else a member of nested objects.
fn find<'c>(claims: &'c Claims, name: &str) -> Option<&'c Value> {
    claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    })
}

/// A text, or the texts of a list.
fn texts(value: &Value) -> impl Iterator<Item = &str> {
    let list = value.as_array().into_iter().flatten().filter_map(Value::as_str);
    value.as_str().into_iter().chain(list)
}

/// A claim with a time, in seconds since 1970 (RFC 7519, section 2, `NumericDate`).
fn time(claims: &Claims, name: &str) -> Result<Option<i64>, AuthenticationError> {
    match claims.get(name) {
        None => Ok(None),
        Some(Value::Number(number)) => seconds(number).map(Some).ok_or(AuthenticationError::Unknown),
        Some(_) => Err(AuthenticationError::Unknown),
    }
}

fn seconds(number: &Number) -> Option<i64> {
    // A conversion of a float saturates.
    #[expect(clippy::cast_possible_truncation, reason = "a time beyond all times stays one")]
    let whole = |float: f64| float.is_finite().then(|| float.floor() as i64);
    number.as_i64().or_else(|| number.as_f64().and_then(whole))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::scope::{Scope, Scopes};

    fn settings() -> JwtSettings {
        let grant = |claim: &str, value: &str, scope, tenants| ClaimGrant {
            claim: claim.to_owned(),
            value: value.to_owned(),
            scopes: [scope].into_iter().collect(),
            tenants,
        };
        let loans = ClaimTenants::Listed(Tenants::listed(["loans"]));
        JwtSettings {
            issuer: "https://id".to_owned(),
            audiences: vec!["jurat".to_owned(), "rules".to_owned()],
            keys: jurat_http::Location::File("keys.json".into()),
            grants: vec![
                grant("groups", "checkers", Scope::Validate, loans),
                grant("realm.roles", "admin", Scope::Admin, ClaimTenants::OfClaim("tenants".to_owned())),
                grant("https://example.com/role", "ops", Scope::Operator, ClaimTenants::Listed(Tenants::default())),
            ],
        }
    }

    /// What becomes of a token that is valid, but for these claims; `null` takes one away.
    fn accepted(changes: &Value) -> Result<Principal, AuthenticationError> {
        let usual =
            json!({"iss": "https://id", "aud": "jurat", "exp": 2_000, "sub": "ann", "groups": ["others", "checkers"]});
        let mut claims = usual.as_object().unwrap().clone();
        for (name, value) in changes.as_object().unwrap() {
            claims.insert(name.clone(), value.clone());
        }
        claims.retain(|_, value| !value.is_null());
        accept(&claims, &settings(), Timestamp::from_second(1_000).unwrap()).map(|(principal, _)| principal)
    }

    #[test]
    fn issuer_audience_and_expiry_are_needed() {
        assert_eq!(accepted(&json!({})).unwrap().name(), Some("jwt:ann"));
        assert!(accepted(&json!({"aud": ["a", "rules"]})).is_ok());
        for wrong in [
            json!({"iss": null}),
            json!({"iss": "https://id/"}),
            json!({"iss": ["https://id"]}),
            json!({"aud": null}),
            json!({"aud": "jura"}),
            json!({"aud": []}),
            json!({"aud": {"jurat": 1}}),
            json!({"exp": null}),
            json!({"exp": "2000"}),
            json!({"exp": {}}),
            json!({"nbf": "soon"}),
            json!({"iat": []}),
        ] {
            assert_eq!(accepted(&wrong), Err(AuthenticationError::Unknown), "{wrong}");
        }
    }

    #[test]
    fn a_token_is_valid_for_as_long_as_it_says_and_half_a_minute_longer_on_both_sides() {
        for (claims, error) in [
            (json!({"exp": 971}), None),
            (json!({"exp": 970}), Some(AuthenticationError::Expired)),
            (json!({"exp": 970.9}), Some(AuthenticationError::Expired)),
            (json!({"exp": -1e300}), Some(AuthenticationError::Expired)),
            (json!({"exp": 1e300}), None),
            (json!({"exp": u64::MAX}), None),
            (json!({"exp": i64::MIN}), Some(AuthenticationError::Expired)),
            (json!({"nbf": 1_030}), None),
            (json!({"nbf": 1_031}), Some(AuthenticationError::NotYetValid)),
            (json!({"nbf": u64::MAX}), Some(AuthenticationError::NotYetValid)),
            (json!({"iat": 1_030.5}), None),
            (json!({"iat": 1_031}), Some(AuthenticationError::NotYetValid)),
        ] {
            assert_eq!(accepted(&claims).err(), error, "{claims}");
        }
    }

    #[test]
    fn claims_that_the_settings_name_permit_what_these_say() {
        let grant = |scope, tenants| Grant { scopes: [scope].into_iter().collect(), tenants };
        let loans = grant(Scope::Validate, Tenants::listed(["loans"]));
        let of = |claims: Value| accepted(&claims).map(|principal| principal.grants().to_vec());
        assert_eq!(of(json!({})), Ok(vec![loans.clone()]));
        assert_eq!(of(json!({"groups": "checkers"})), Ok(vec![loans.clone()]));
        assert_eq!(of(json!({"groups": "a checkers b"})), Ok(vec![loans.clone()]));
        let admin = grant(Scope::Admin, Tenants::listed(["a", "b"]));
        let roles = json!({"realm": {"roles": ["admin"]}, "tenants": ["a", "b"]});
        assert_eq!(of(roles), Ok(vec![loans, admin]));
        let ops = grant(Scope::Operator, Tenants::default());
        assert_eq!(of(json!({"groups": null, "https://example.com/role": "ops"})), Ok(vec![ops]));
        for nothing in [
            json!({"groups": null}),
            json!({"groups": ["checker", "Checkers", "checkers "]}),
            json!({"groups": ["a checkers"]}),
            json!({"groups": {"checkers": true}}),
            json!({"groups": [["checkers"]]}),
            // An admin of no tenant.
            json!({"groups": null, "realm": {"roles": "admin"}}),
            json!({"groups": null, "realm": {"roles": "admin"}, "tenants": []}),
            json!({"groups": null, "realm": {"roles": "admin"}, "tenants": 7}),
        ] {
            assert_eq!(of(nothing.clone()), Err(AuthenticationError::NoGrant), "{nothing}");
        }
    }

    #[test]
    fn a_claim_names_a_hundred_tenants_at_most() {
        let names: Vec<_> = (0..101).map(|number| format!("t{number:03}")).collect();
        let roles = json!({"groups": null, "realm": {"roles": "admin"}, "tenants": names});
        let Tenants::Listed(tenants) = accepted(&roles).unwrap().tenants() else { panic!("not all") };
        assert_eq!(tenants.len(), 100);
        assert!(!tenants.contains("t100"));
    }

    #[test]
    fn a_long_subject_is_cut() {
        let principal = accepted(&json!({"sub": "x".repeat(10_000)})).unwrap();
        assert!(principal.name().unwrap().len() < 200);
        assert_eq!(accepted(&json!({"sub": null})).unwrap().name(), Some("jwt:"));
    }

    /// Any JSON, of the names and values that matter more often than others.
    fn json() -> impl Strategy<Value = Value> {
        let text = prop_oneof![Just("checkers".to_owned()), Just("admin".to_owned()), ".{0,10}"].prop_map(Value::from);
        let number = prop_oneof![any::<i64>().prop_map(Value::from), any::<f64>().prop_map(Value::from)];
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), number, text];
        let name = prop_oneof![Just("roles".to_owned()), ".{0,5}"];
        leaf.prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                prop::collection::btree_map(name.clone(), inner, 0..3).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_claims_make_it_panic_and_none_permit_more_than_the_settings_say(
            name in "exp|nbf|iat|iss|aud|sub|groups|realm|tenants|https://example.com/role", value in json(),
        ) {
            let granted: Scopes = [Scope::Validate, Scope::Admin, Scope::Operator].into_iter().collect();
            if let Ok(principal) = accepted(&json!({name: value})) {
                prop_assert!(!principal.grants().is_empty());
                let scopes = principal.grants().iter().flat_map(|grant| grant.scopes.iter());
                prop_assert!(scopes.into_iter().all(|scope| granted.has(scope)));
                prop_assert!(principal.grants().iter().all(|grant| grant.tenants != Tenants::All));
            }
        }
    }
}
