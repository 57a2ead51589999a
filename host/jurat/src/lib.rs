//! Signed, sandboxed rules for business records: the crate that an application embeds.
