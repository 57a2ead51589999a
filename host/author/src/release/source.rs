//! Reads `release.yaml`, which lists the sources of a release.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::time::Duration;

use jurat_trust::{BuiltinCheck, BuiltinRule, LowerFuel, LowerLimits, ReleaseName, ReleaseVersion, SafePath, Wasi};

use jurat_disk::files::Directory;
use jurat_model::{FuelSchedule, chain};
use jurat_yaml::{Field, Reader, Section};
use jurat_yaml::{Problem, Problems};

/// The file at the root of a directory of sources.
pub const RELEASE_FILE: &str = "release.yaml";

/// The sources of a release.
#[derive(Clone, Debug)]
pub struct ReleaseSource {
    /// Their directory.
    pub directory: Directory,
    /// The name of the release.
    pub name: ReleaseName,
    /// Its version.
    pub version: ReleaseVersion,
    /// The business configuration.
    pub business_config: SafePath,
    /// The components.
    pub components: Vec<ComponentSource>,
    /// The rules that the host brings.
    pub builtin: Vec<BuiltinRule>,
    /// The field maps.
    pub field_maps: Vec<SafePath>,
    /// The schemas.
    pub schemas: Vec<SafePath>,
    /// The test vectors.
    pub vectors: Vec<SafePath>,
}

/// The source of a component, and its settings in the release.
#[derive(Clone, Debug)]
pub struct ComponentSource {
    /// Its path inside of the release.
    pub path: SafePath,
    /// The directory of the crate that it is built from.
    pub package: Option<PathBuf>,
    /// Limits that are lower than the host's.
    pub limits: LowerLimits,
    /// The part of WASI that it asks for.
    pub wasi: Wasi,
}

impl ReleaseSource {
    /// The file `release.yaml`, as the user named it.
    #[must_use]
    pub fn file(&self) -> String {
        self.directory.root().join(RELEASE_FILE).display().to_string()
    }

    /// A file of the release, as the user named it.
    #[must_use]
    pub fn path_of(&self, path: &SafePath) -> String {
        self.directory.root().join(path.as_str()).display().to_string()
    }
}

pub(super) fn read(directory: Directory) -> Result<ReleaseSource, Problems> {
    let file = directory.root().join(RELEASE_FILE);
    let name = file.display().to_string();
    let text = jurat_disk::files::read_text(&file, jurat_yaml::MAX_BYTES as u64)
        .map_err(|error| Problem::of_file(&name, chain(&error)))?;
    parse(&text, &name, directory)
}

pub(super) fn parse(text: &str, file: &str, directory: Directory) -> Result<ReleaseSource, Problems> {
    Reader::read(file, text, |document| {
        let name = document.take("name").required().parsed();
        let version = document.take("version").required();
        let version = version.as_text().is_some().then(|| version.parsed()).flatten();
        let business_config = document.take("business_config");
        let business_config =
            if business_config.is_there() { business_config.parsed() } else { "business-config.yaml".parse().ok() };
        let root = directory.root();
        let components = document.take("components").list().into_iter();
        let components = components.filter_map(|field| component(field, root)).collect();
        let builtin = document.take("builtin").entries().into_iter().filter_map(builtin_rule).collect();
        let field_maps = paths(document.take("field_maps"));
        let schemas = paths(document.take("schemas"));
        let vectors = paths(document.take("vectors"));
        Some(ReleaseSource {
            name: name?,
            version: version?,
            business_config: business_config?,
            components,
            builtin,
            field_maps,
            schemas,
            vectors,
            directory,
        })
    })
}

fn component(field: Field<'_>, root: &std::path::Path) -> Option<ComponentSource> {
    field.section(|section| {
        let path = section.take("path").required().parsed();
        let package = section.take("package").text().map(|path| root.join(path));
        let limits = section.take("limits").section(|limits| Some(lower_limits(limits))).unwrap_or_default();
        let wasi = section.take("wasi").choice([("none", Wasi::None), ("sealed", Wasi::Sealed)]).unwrap_or_default();
        Some(ComponentSource { path: path?, package, limits, wasi })
    })
}

fn lower_limits(section: &mut Section<'_>) -> LowerLimits {
    let deadline = section.take("deadline_ms").positive::<NonZeroU64>();
    LowerLimits {
        fuel: section.take("fuel").positive().map(|units| LowerFuel { units, schedule: FuelSchedule::CURRENT }),
        memory: section.take("memory").parsed(),
        table_elements: section.take("table_elements").positive().map(NonZeroU32::get),
        reply: section.take("reply").parsed(),
        deadline: deadline.map(|milliseconds| Duration::from_millis(milliseconds.get())),
    }
}

fn builtin_rule((id, field): (String, Field<'_>)) -> Option<BuiltinRule> {
    field.required().section(|section| {
        let check = section.take("check").required().choice([("json_schema", BuiltinCheck::JsonSchema)]);
        let description = section.take("description").required().text();
        Some(BuiltinRule { id, check: check?, description: description? })
    })
}

fn paths(field: Field<'_>) -> Vec<SafePath> {
    field.list().into_iter().filter_map(|path| path.required().parsed()).collect()
}

/// The last part of a path.
#[must_use]
pub fn file_name(path: &SafePath) -> &str {
    path.as_str().rsplit('/').next().unwrap_or(path.as_str())
}
