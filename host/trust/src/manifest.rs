//! The release manifest: what a release consists of, and what its components may use.

use crate::name::{ReleaseName, ReleaseVersion, World};

mod check;
mod parts;
mod read;
mod write;

pub use check::{ManifestError, SCHEMA};
pub use parts::{
    BuiltinCheck, BuiltinRule, ComponentEntry, FileEntry, FileKind, LowerFuel, LowerLimits, RuleEntry, Wasi,
};

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
