//! The checks that make a manifest coherent.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use super::parts::{BuiltinRule, ComponentEntry, FileEntry, FileKind};
use crate::json::FormatError;
use crate::name::SafePath;
use crate::quote::Quoted;

/// The schema of the manifests that this version writes, and the only one that it reads.
pub const SCHEMA: &str = "jurat.release/1";

/// Why something is not a release manifest.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[non_exhaustive]
pub enum ManifestError {
    /// It cannot be read.
    #[error(transparent)]
    Format(#[from] FormatError),
    /// It is a manifest of another version of Jurat.
    #[error("it has the schema {}, but this version reads `{SCHEMA}` only", Quoted(.found))]
    UnknownSchema {
        /// The schema that it names.
        found: String,
    },
    /// It lists a path twice.
    #[error("it lists {} twice", Quoted(.path.as_str()))]
    RepeatedPath {
        /// The path.
        path: SafePath,
    },
    /// It has no business configuration, or more than one.
    #[error("it lists {found} files of the kind `business_config`, but a release has exactly one")]
    BusinessConfigs {
        /// How many it has.
        found: usize,
    },
    /// It says something of a component that it does not have.
    #[error("it describes the component {}, but lists no file of the kind `component` with that path", Quoted(.path.as_str()))]
    MissingComponent {
        /// The path of the component.
        path: SafePath,
    },
    /// It has a component of which it says nothing.
    #[error("it lists the component {}, but does not describe it", Quoted(.path.as_str()))]
    UndescribedComponent {
        /// The path of the component.
        path: SafePath,
    },
    /// It describes a component twice.
    #[error("it describes the component {} twice", Quoted(.path.as_str()))]
    RepeatedComponent {
        /// The path of the component.
        path: SafePath,
    },
    /// A component without a rule.
    #[error("the component {} has no rules", Quoted(.path.as_str()))]
    NoRules {
        /// The path of the component.
        path: SafePath,
    },
    /// Two rules have one name.
    #[error("it has two rules with the id {}", Quoted(.id))]
    RepeatedRule {
        /// The name.
        id: String,
    },
}

pub(super) fn files(files: &[FileEntry]) -> Result<(), ManifestError> {
    let mut paths = BTreeSet::new();
    if let Some(file) = files.iter().find(|file| !paths.insert(&file.path)) {
        return Err(ManifestError::RepeatedPath { path: file.path.clone() });
    }
    match files.iter().filter(|file| file.kind == FileKind::BusinessConfig).count() {
        1 => Ok(()),
        found => Err(ManifestError::BusinessConfigs { found }),
    }
}

pub(super) fn components(files: &[FileEntry], components: &[ComponentEntry]) -> Result<(), ManifestError> {
    let mut described: BTreeMap<&SafePath, bool> =
        files.iter().filter(|file| file.kind == FileKind::Component).map(|file| (&file.path, false)).collect();
    for ComponentEntry { path, rules, .. } in components {
        match described.get_mut(path) {
            None => return Err(ManifestError::MissingComponent { path: path.clone() }),
            Some(true) => return Err(ManifestError::RepeatedComponent { path: path.clone() }),
            Some(_) if rules.is_empty() => return Err(ManifestError::NoRules { path: path.clone() }),
            Some(is_described) => *is_described = true,
        }
    }
    match described.into_iter().find(|(_, is_described)| !is_described) {
        Some((path, _)) => Err(ManifestError::UndescribedComponent { path: path.clone() }),
        None => Ok(()),
    }
}

pub(super) fn rules(components: &[ComponentEntry], builtin: &[BuiltinRule]) -> Result<(), ManifestError> {
    let mut ids = BTreeSet::new();
    let in_components = components.iter().flat_map(|component| &component.rules).map(|rule| &rule.id);
    match in_components.chain(builtin.iter().map(|rule| &rule.id)).find(|id| !ids.insert(id.as_str())) {
        Some(id) => Err(ManifestError::RepeatedRule { id: id.clone() }),
        None => Ok(()),
    }
}
