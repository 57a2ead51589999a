//! Reads how clients of a server are authenticated.

use jurat_identity::{
    ApiKeySettings, AuthSettings, ClaimGrant, ClaimTenants, JwtSettings, Requirement, Scope, Scopes, Tenants,
    TokenSettings,
};
use jurat_model::{Excerpt, Secret, advice};
use jurat_yaml::{Field, Section};

use super::location::{self, each};
use super::secret_file::{self, Exposure, OPEN};

/// Reads what the section `server` says of it. `tenants` are the names that there are.
pub(super) fn auth(section: &mut Section<'_>, tenants: &[&str]) -> AuthSettings {
    let requirement = section.take("auth");
    let token = secret_token(section, "token", "token_file", "JURAT_SERVER_TOKEN");
    let token_tenants = section.take("token_tenants");
    let of_token = (token.is_some() || token_tenants.is_there()).then(|| listed_or_only(token_tenants, tenants));
    let token = token.zip(of_token).map(|(secret, tenants)| TokenSettings { secret, tenants });
    let settings = AuthSettings {
        requirement: requirement
            .choice([("required", Requirement::Required), ("none", Requirement::None)])
            .unwrap_or_default(),
        token,
        operator_token: secret_token(section, "operator_token", "operator_token_file", "JURAT_SERVER_OPERATOR_TOKEN"),
        api_keys: section.take("api_keys").section(api_keys),
        jwt: section.take("jwt").section(|section| jwt(section, tenants)),
    };
    if settings.requirement == Requirement::None && settings.has_credentials_of_clients() {
        requirement
            .refuse("clients can show a token, a key or a certificate, so `required` is meant; or leave these out");
    }
    settings
}

/// The tenants that a field lists. If it is not there, the only one.
pub(super) fn listed_or_only(field: Field<'_>, tenants: &[&str]) -> Tenants {
    match (field.is_there(), tenants) {
        (true, _) => listed(field, tenants),
        (false, [only]) => Tenants::listed([*only]),
        // They cannot be read, which is said already.
        (false, []) => Tenants::default(),
        (false, _) => {
            field.refuse(
                "it is missing: there are several tenants, and clients may use only those that are listed here",
            );
            Tenants::default()
        }
    }
}

fn listed(field: Field<'_>, tenants: &[&str]) -> Tenants {
    let names = each(field, |name| match tenants.is_empty() || tenants.contains(&name) {
        true => Ok(name.to_owned()),
        false => Err(format!("there is no tenant `{}`{}", Excerpt::of(name), advice(name, tenants.iter().copied()))),
    });
    Tenants::listed(names.iter().map(String::as_str))
}

fn api_keys(section: &mut Section<'_>) -> Option<ApiKeySettings> {
    let (file, pepper) = (section.take("file"), section.take("pepper_file"));
    match (file.is_there(), pepper.is_there()) {
        (true, false) => pepper.refuse("it is missing: API keys are kept under it; `openssl rand -hex 32` makes one"),
        (false, true) => file.refuse("it is missing: the pepper is for the keys in it"),
        _ => {}
    }
    let pepper = secret_file::choose(None, Some(&pepper), |pepper, _| token_is_fine(pepper));
    Some(ApiKeySettings { file: file.path()?, pepper: pepper? })
}

fn jwt(section: &mut Section<'_>, tenants: &[&str]) -> Option<JwtSettings> {
    let (issuer, audiences) = (section.take("issuer"), section.take("audiences"));
    let (keys, grants) = (section.take("keys"), section.take("grants"));
    let audiences = each(audiences, not_empty);
    let grants: Vec<_> =
        grants.list().into_iter().filter_map(|grant| grant.section(|grant| claim_grant(grant, tenants))).collect();
    if !issuer.is_there() && !keys.is_there() && audiences.is_empty() && grants.is_empty() {
        return None;
    }
    if audiences.is_empty() {
        issuer.refuse("`audiences` is missing beside it: tokens that were made for another service would be accepted");
    }
    if grants.is_empty() {
        issuer.refuse("`grants` is missing beside it: no token would permit anything");
    }
    let (issuer, keys) = (issuer.required().text(), keys.required());
    let location = keys.as_text().map(|text| location::file(text, keys.directory()));
    let keys = location.and_then(|location| location.map_err(|error| keys.refuse(error)).ok());
    Some(JwtSettings { issuer: issuer?, audiences, keys: keys?, grants })
}

fn claim_grant(section: &mut Section<'_>, tenants: &[&str]) -> Option<ClaimGrant> {
    let (claim, value) = (section.take("claim").required().text(), section.take("value").required().text());
    let scopes: Scopes = each(section.take("scopes").required(), scope).into_iter().collect();
    let (list, of_claim) = (section.take("tenants"), section.take("tenant_claim"));
    let tenants = match (list.is_there(), of_claim.is_there()) {
        (true, true) => {
            of_claim.refuse("`tenants` says it already: leave one of the two out");
            None
        }
        (false, true) => of_claim.text().map(ClaimTenants::OfClaim),
        // An operator has no tenant.
        (false, false) if scopes.iter().eq([Scope::Operator]) => Some(ClaimTenants::Listed(Tenants::default())),
        _ => Some(ClaimTenants::Listed(listed_or_only(list, tenants))),
    };
    Some(ClaimGrant { claim: claim?, value: value?, scopes, tenants: tenants? })
}

fn scope(name: &str) -> Result<Scope, String> {
    let names = || Scope::ALL.into_iter().map(Scope::name);
    let all: Vec<_> = names().collect();
    Scope::of_name(name).ok_or_else(|| {
        format!("`{}` is none of the scopes {}{}", Excerpt::of(name), all.join(", "), advice(name, names()))
    })
}

fn not_empty(text: &str) -> Result<String, String> {
    if text.is_empty() { Err("it is empty".to_owned()) } else { Ok(text.to_owned()) }
}

/// A token: from a variable, or from a file.
fn secret_token(section: &mut Section<'_>, key: &'static str, file: &'static str, variable: &str) -> Option<Secret> {
    let (token, file) = (section.take(key), section.take(file));
    secret_file::choose(Some(&token), Some(&file), |token, exposure| match exposure {
        Exposure::Readable => Err(format!("{OPEN} `{variable}`")),
        Exposure::Protected => token_is_fine(token),
    })
}

/// A token that can be guessed over a network must be long.
fn token_is_fine(token: &str) -> Result<(), String> {
    const SHORTEST: usize = 16;
    if token.len() < SHORTEST {
        return Err(format!(
            "it has fewer than {SHORTEST} characters and could be guessed; `openssl rand -hex 32` makes one"
        ));
    }
    Ok(())
}
