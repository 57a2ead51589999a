//! The bytes of a payload.

use serde_json::{Value, json};

use super::{SPEC_VERSION, Target, Targets};

impl Targets {
    /// The payload as JSON, to be put into an envelope: the same metadata always gives the same bytes, and [`Targets::parse`]
    /// reads them back.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { version, expires, repository, targets, revoked, other } = self;
        let mut own = json!({ "repo": repository.as_str() });
        if let Value::Object(own) = &mut own
            && !revoked.is_empty()
        {
            own.insert("revoked".to_owned(), revoked.iter().map(ToString::to_string).collect());
        }
        let mut document = other.clone();
        let targets = targets.iter().map(|(path, entry)| (path.as_str().to_owned(), target(entry)));
        let ours = [
            ("_type", "targets".into()),
            ("spec_version", SPEC_VERSION.into()),
            ("version", version.get().into()),
            ("expires", expires.to_string().into()),
            ("targets", Value::Object(targets.collect())),
            ("x-jurat", own),
        ];
        document.extend(ours.map(|(name, value)| (name.to_owned(), value)));
        let mut document = Value::Object(document);
        document.sort_all_objects();
        document.to_string().into_bytes()
    }
}

fn target(Target { length, sha256, custom }: &Target) -> Value {
    let mut target = json!({ "length": length, "hashes": { "sha256": sha256.to_string() } });
    if let Value::Object(target) = &mut target
        && !custom.is_empty()
    {
        target.insert("custom".to_owned(), custom.clone().into());
    }
    target
}
