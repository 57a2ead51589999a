//! The release manifest: what a release consists of, and what its components may use.

use std::fmt;
use std::num::NonZeroU64;
use std::str::FromStr;
use std::time::Duration;

use jurat_model::{Bytes, Input, Limits};

use crate::digest::Digest;
use crate::name::{ReleaseName, ReleaseVersion, SafePath, World};

mod check;
mod read;
mod write;

pub use check::ManifestError;

/// The schema of the manifests that this version writes, and the only one that it reads.
pub const SCHEMA: &str = "jurat.release/1";

/// Everything that makes a release, except the bytes of its files: those it names by length and digest.
///
/// A manifest in memory is coherent: see [`Manifest::new`] for what holds.
///
/// # Limits
/// A manifest proves nothing about itself. Only the one inside a [`VerifiedRelease`](crate::VerifiedRelease) is known to
/// have been signed, and only the sandbox can tell whether a component does what its entry says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    name: ReleaseName,
    version: ReleaseVersion,
    world: World,
    files: Vec<FileEntry>,
    components: Vec<ComponentEntry>,
    builtin: Vec<BuiltinRule>,
}

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

/// What a file of a release is for.
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

/// What a release says of one component: what it may use, and which rules it must turn out to have.
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
/// They are no limits by themselves, as each may be missing: [`LowerLimits::within`] makes those that hold.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LowerLimits {
    /// Instructions for a call.
    pub fuel: Option<NonZeroU64>,
    /// Linear memory of an instance.
    pub memory: Option<Bytes>,
    /// Table elements of an instance.
    pub table_elements: Option<u32>,
    /// Size of a reply.
    pub reply: Option<Bytes>,
    /// Wall-clock back-stop of a call; whole milliseconds.
    pub deadline: Option<Duration>,
}

impl LowerLimits {
    /// The limits that hold on a host: the smaller of both, limit by limit.
    #[must_use]
    pub fn within(&self, host: &Limits) -> Limits {
        host.at_most(&Limits {
            fuel: self.fuel.unwrap_or(host.fuel),
            memory: self.memory.unwrap_or(host.memory),
            table_elements: self.table_elements.unwrap_or(host.table_elements),
            reply: self.reply.unwrap_or(host.reply),
            deadline: self.deadline.unwrap_or(host.deadline),
        })
    }
}

impl Manifest {
    /// A manifest of the given parts. Files and components are put in the order of their paths, built-in rules in that of
    /// their ids, so that the same parts always make the same bytes.
    ///
    /// # Errors
    /// Unless paths are unique, exactly one file is the business configuration, each component file is described exactly
    /// once and has rules, and rule ids are unique over components and built-in rules.
    pub fn new(
        name: ReleaseName,
        version: ReleaseVersion,
        world: World,
        mut files: Vec<FileEntry>,
        mut components: Vec<ComponentEntry>,
        mut builtin: Vec<BuiltinRule>,
    ) -> Result<Self, ManifestError> {
        check::files(&files)?;
        check::components(&files, &components)?;
        check::rules(&components, &builtin)?;
        files.sort_by(|one, other| one.path.cmp(&other.path));
        components.sort_by(|one, other| one.path.cmp(&other.path));
        builtin.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self { name, version, world, files, components, builtin })
    }

    /// The name of the release.
    #[must_use]
    pub fn name(&self) -> &ReleaseName {
        &self.name
    }

    /// The version of the release.
    #[must_use]
    pub fn version(&self) -> &ReleaseVersion {
        &self.version
    }

    /// The contract that its components are built for.
    #[must_use]
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Its files, in the order of their paths.
    #[must_use]
    pub fn files(&self) -> &[FileEntry] {
        &self.files
    }

    /// Its components, in the order of their paths.
    #[must_use]
    pub fn components(&self) -> &[ComponentEntry] {
        &self.components
    }

    /// Its built-in rules, in the order of their ids.
    #[must_use]
    pub fn builtin(&self) -> &[BuiltinRule] {
        &self.builtin
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
