//! The evidence of results: the signed release that decided, and what vouched for it.

use jurat_model::FuelSchedule;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};

use super::visible::is_visible;

/// The signed release that decided, and what vouched for it: enough to tell years later which rules gave a verdict.
///
/// All results of a request share one. It is rendered once; writing it with each of them is a copy.
#[derive(Clone, Debug)]
pub struct Evidence {
    parts: EvidenceParts,
    /// `parts` as JSON; none if a writer may have to escape something in it.
    json: Option<Box<RawValue>>,
}

/// The parts of [`Evidence`].
#[derive(Clone, Debug, Eq, PartialEq, serde::Serialize)]
pub struct EvidenceParts {
    /// The name of the release.
    pub name: String,
    /// Its version: a label for people.
    pub version: String,
    /// The SHA-256 of its manifest, in lower-case hexadecimal: the name of exactly this release.
    pub manifest: String,
    /// The repository that it was signed for.
    pub repository: String,
    /// The metadata that vouched for it.
    pub roles: RoleVersions,
    /// The prices of the fuel that its rules had.
    #[serde(serialize_with = "number")]
    pub fuel_schedule: FuelSchedule,
    /// True if that metadata had expired, and nothing newer could be had; else it is not written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub stale: bool,
}

/// The roles that vouched for a release, from the root down, with the versions of their metadata.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RoleVersions {
    /// The root.
    pub root: u64,
    /// The timestamp.
    pub timestamp: u64,
    /// The snapshot.
    pub snapshot: u64,
    /// The targets at the top.
    pub targets: u64,
    /// The role that lists the release, as in `t-acme`, with its version; none if the targets at the top do.
    pub delegated: Option<(String, u64)>,
}

impl Evidence {
    /// Renders the parts.
    #[must_use]
    pub fn new(parts: EvidenceParts) -> Self {
        let json = to_raw_value(&parts).ok().filter(|json| is_visible(json.get()));
        Self { parts, json }
    }

    /// The name of the release.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.parts.name
    }

    /// Its version: a label for people.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.parts.version
    }

    /// The SHA-256 of its manifest, in lower-case hexadecimal.
    #[must_use]
    pub fn manifest(&self) -> &str {
        &self.parts.manifest
    }

    /// The repository that it was signed for.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.parts.repository
    }

    /// The metadata that vouched for it.
    #[must_use]
    pub fn roles(&self) -> &RoleVersions {
        &self.parts.roles
    }

    /// The prices of the fuel that its rules had.
    #[must_use]
    pub fn fuel_schedule(&self) -> FuelSchedule {
        self.parts.fuel_schedule
    }

    /// Whether that metadata had expired, and nothing newer could be had.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.parts.stale
    }
}

impl PartialEq for Evidence {
    fn eq(&self, other: &Self) -> bool {
        self.parts == other.parts
    }
}

impl Eq for Evidence {}

impl Serialize for Evidence {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        match &self.json {
            Some(json) => json.serialize(out),
            None => self.parts.serialize(out),
        }
    }
}

fn number<S: Serializer>(schedule: &FuelSchedule, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_u32(schedule.get())
}

impl Serialize for RoleVersions {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        let Self { root, timestamp, snapshot, targets, delegated } = self;
        let mut roles = out.serialize_map(None)?;
        for (name, version) in [("root", root), ("timestamp", timestamp), ("snapshot", snapshot), ("targets", targets)]
        {
            roles.serialize_entry(name, version)?;
        }
        if let Some((name, version)) = delegated {
            roles.serialize_entry(name, version)?;
        }
        roles.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts() -> EvidenceParts {
        EvidenceParts {
            name: "loan".to_owned(),
            version: "1.0.0".to_owned(),
            manifest: "23b408be".repeat(8),
            repository: "acme-prod".to_owned(),
            roles: RoleVersions {
                root: 1,
                timestamp: 5,
                snapshot: 3,
                targets: 1,
                delegated: Some(("t-acme".to_owned(), 4)),
            },
            fuel_schedule: FuelSchedule::CURRENT,
            stale: true,
        }
    }

    #[track_caller]
    fn check(parts: EvidenceParts, expected: &str) {
        let evidence = Evidence::new(parts);
        assert_eq!(serde_json::to_string(&evidence).unwrap(), expected);
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        assert_eq!(serde_json::to_value(&evidence).unwrap(), expected);
    }

    #[test]
    fn it_is_written_with_everything_that_vouched_for_the_release() {
        check(
            parts(),
            r#"{"name":"loan","version":"1.0.0","manifest":"23b408be23b408be23b408be23b408be23b408be23b408be23b408be23b408be","repository":"acme-prod","roles":{"root":1,"timestamp":5,"snapshot":3,"targets":1,"t-acme":4},"fuel_schedule":2,"stale":true}"#,
        );
    }

    #[test]
    fn what_does_not_apply_is_left_out() {
        let roles = RoleVersions { delegated: None, ..parts().roles };
        check(
            EvidenceParts { stale: false, roles, manifest: "00".to_owned(), ..parts() },
            r#"{"name":"loan","version":"1.0.0","manifest":"00","repository":"acme-prod","roles":{"root":1,"timestamp":5,"snapshot":3,"targets":1},"fuel_schedule":2}"#,
        );
    }

    #[test]
    fn it_says_what_it_was_made_of() {
        let evidence = Evidence::new(parts());
        let EvidenceParts { name, version, manifest, repository, roles, fuel_schedule, stale } = parts();
        assert_eq!((evidence.name(), evidence.version(), evidence.manifest()), (&*name, &*version, &*manifest));
        assert_eq!((evidence.repository(), evidence.roles(), evidence.is_stale()), (&*repository, &roles, stale));
        assert_eq!(evidence.fuel_schedule(), fuel_schedule);
        assert_eq!(evidence, Evidence::new(parts()));
        assert_ne!(evidence, Evidence::new(EvidenceParts { stale: false, ..parts() }));
    }

    #[test]
    fn text_that_needs_escaping_is_left_to_the_writer() {
        for (name, is_copied) in [("loan", true), ("a \"loan\"", true), ("l\u{f6}an", false), ("loan\u{202e}", false)] {
            let evidence = Evidence::new(EvidenceParts { name: name.to_owned(), ..parts() });
            assert_eq!(evidence.json.is_some(), is_copied, "{name:?}");
            assert_eq!(serde_json::to_value(&evidence).unwrap()["name"], name);
        }
    }
}
