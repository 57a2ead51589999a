//! The names that the contract allows.

use syn::LitStr;

/// Names of inputs and terms: at most 64 bytes of letters, digits and `_`.
pub(crate) fn check_field_name(literal: &LitStr) -> syn::Result<()> {
    check(literal, |byte| byte.is_ascii_alphanumeric() || byte == b'_', "letters, digits and `_`")
}

/// Ids and codes: at most 64 bytes of letters, digits, `_`, `-` and `.`.
pub(crate) fn check_id(literal: &LitStr) -> syn::Result<()> {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    check(literal, is_allowed, "letters, digits, `_`, `-` and `.`")
}

/// Texts for people: some, and at most 1,024 bytes.
pub(crate) fn check_text(literal: &LitStr) -> syn::Result<()> {
    let text = literal.value();
    match text.trim().is_empty() || text.len() > 1_024 {
        true => Err(syn::Error::new(literal.span(), "must have 1 to 1,024 bytes")),
        false => Ok(()),
    }
}

fn check(literal: &LitStr, is_allowed: impl Fn(u8) -> bool, allowed: &str) -> syn::Result<()> {
    let name = literal.value();
    match (1..=64).contains(&name.len()) && name.bytes().all(is_allowed) {
        true => Ok(()),
        false => Err(syn::Error::new(literal.span(), format!("must be 1 to 64 {allowed}"))),
    }
}
