//! The entries of a manifest: files, components and rules.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use jurat_model::{Bytes, FuelSchedule, Input, Limits};

use crate::digest::Digest;
use crate::name::SafePath;

/// One file of a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FileEntry {
    /// Its path inside of the release.
    pub path: SafePath,
    /// The digest of its bytes.
    pub sha256: Digest,
    /// How many bytes it has; at least one.
    pub length: u64,
    /// What it is for.
    pub kind: FileKind,
}

/// The purpose of a release's file.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum FileKind {
    /// The rules team's settings: rulesets, field maps, schemas. Every release has exactly one.
    BusinessConfig,
    /// Logical names and where they lie in a record.
    FieldMap,
    /// A JSON Schema.
    Schema,
    /// Rules, compiled.
    Component,
    /// Records with the verdicts that the release must give on them.
    Vectors,
}

/// The entry of one component: its limits, and the rules that it must turn out to have.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ComponentEntry {
    /// Its file.
    pub path: SafePath,
    /// Limits that are lower than the host's.
    pub limits: LowerLimits,
    /// What of WASI it asks for.
    pub wasi: Wasi,
    /// Its rules, in the order in which the component describes them.
    pub rules: Vec<RuleEntry>,
}

/// One rule of a component.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleEntry {
    /// The name under which rulesets list it.
    pub id: String,
    /// The columns that it is given, in this order.
    pub inputs: Vec<Input>,
}

/// A rule that the host itself brings.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct BuiltinRule {
    /// The name under which rulesets list it.
    pub id: String,
    /// What it checks.
    pub check: BuiltinCheck,
    /// What it checks, in one sentence for people.
    pub description: String,
}

/// The checks that the host has.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum BuiltinCheck {
    /// The record against the release's schema of that name.
    JsonSchema,
}

/// What of WASI a component is linked with.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub enum Wasi {
    /// Nothing: a component that imports anything is refused.
    #[default]
    None,
    /// The interfaces of WASI 0.2 with nothing behind them, if the host's policy allows it.
    Sealed,
}

/// Limits that a release sets for one of its components.
///
/// They are not limits by themselves, as each may be missing: [`LowerLimits::within`] makes those that hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LowerLimits {
    /// Units of work for a call.
    pub fuel: Option<LowerFuel>,
    /// Linear memory of an instance.
    pub memory: Option<Bytes>,
    /// Table elements of an instance.
    pub table_elements: Option<u32>,
    /// Size of a reply.
    pub reply: Option<Bytes>,
    /// Wall-clock back-stop of a call; whole milliseconds.
    pub deadline: Option<Duration>,
}

/// A limit of fuel, and the prices that it was measured by.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct LowerFuel {
    /// Units of work for a call.
    pub units: NonZeroU64,
    /// By these prices. With others, the same number of units is another amount of work.
    pub schedule: FuelSchedule,
}

impl LowerLimits {
    /// The limits that hold on a host: the smaller of both, limit by limit.
    #[must_use]
    pub fn within(&self, host: &Limits) -> Limits {
        host.at_most(&Limits {
            fuel: self.fuel.map_or(host.fuel, |fuel| fuel.units),
            memory: self.memory.unwrap_or(host.memory),
            table_elements: self.table_elements.unwrap_or(host.table_elements),
            reply: self.reply.unwrap_or(host.reply),
            deadline: self.deadline.unwrap_or(host.deadline),
        })
    }
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::BusinessConfig, Self::FieldMap, Self::Schema, Self::Component, Self::Vectors];

    /// The name in manifests.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::BusinessConfig => "business_config",
            Self::FieldMap => "field_map",
            Self::Schema => "schema",
            Self::Component => "component",
            Self::Vectors => "vectors",
        }
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.name())
    }
}

impl FromStr for FileKind {
    type Err = ();

    fn from_str(name: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or(())
    }
}
