//! Headers whose values are secrets.

use std::collections::BTreeMap;

use jurat_http::header::{HeaderMap, HeaderName, HeaderValue};
use jurat_model::{Excerpt, Secret, advice};

use jurat_yaml::Field;

/// Headers that control the transfer, or that this client sets by itself.
const OURS: [&str; 17] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "trailers",
    "transfer-encoding",
    "upgrade",
];

/// Reads a map from headers to names of secrets. `secrets` is none if the service is disabled, so that no secret has to be set.
pub(super) fn read(field: Field<'_>, secrets: Option<&BTreeMap<String, Secret>>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (header, secret) in field.entries() {
        let secret = secret.required();
        let Some(name) = secret.as_text() else { continue };
        let known = name_of(&header).and_then(|header| match headers.contains_key(&header) {
            true => Err(format!("the header `{header}` is there twice")),
            false => Ok(header),
        });
        let value = match secrets {
            Some(secrets) => value_of(name, secrets).map(Some),
            None => Ok(None),
        };
        match (known, value) {
            (Ok(header), Ok(value)) => {
                // Kept without a value, so that a duplicate is found.
                headers.insert(header, value.unwrap_or(HeaderValue::from_static("")));
            }
            (known, value) => known.err().into_iter().chain(value.err()).for_each(|error| secret.refuse(error)),
        }
    }
    if secrets.is_some() { headers } else { HeaderMap::new() }
}

fn name_of(header: &str) -> Result<HeaderName, String> {
    let name: HeaderName =
        header.parse().map_err(|_| format!("`{}` is not the name of a header", Excerpt::of(header)))?;
    match OURS.contains(&name.as_str()) {
        true => Err(format!("the header `{name}` is set by the client itself")),
        false => Ok(name),
    }
}

fn value_of(name: &str, secrets: &BTreeMap<String, Secret>) -> Result<HeaderValue, String> {
    let secret = secrets.get(name).ok_or_else(|| {
        let advice = advice(name, secrets.keys().map(String::as_str));
        format!("the secret `{}` is not set{advice}", Excerpt::of(name))
    })?;
    let value = HeaderValue::from_str(secret.reveal());
    // The reason would reveal a part of the value.
    let mut value = value.map_err(|_| format!("the secret `{}` cannot be sent in a header", Excerpt::of(name)))?;
    value.set_sensitive(true);
    Ok(value)
}
