//! Makes a release of a directory of sources.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jurat_disk::files::{self, Directory};
pub use jurat_engine::Release;
use jurat_engine::ruleset::BusinessConfig;
use jurat_model::{Component, Declaration, chain};
use jurat_sandbox::{Description, LoadError, Policy, Sandbox};
use jurat_trust::publish::{BuildError, BuiltRelease, DraftFile, ReleaseDraft};
use jurat_trust::{Caps, ComponentEntry, FileKind, RuleEntry, SafePath, VerifiedRelease, World, danger};
use jurat_yaml::{Problem, Problems};
use thiserror::Error;

use crate::business_config;
use crate::vectors::Report;

mod check;
mod source;
mod vectors;

pub use source::{ComponentSource, RELEASE_FILE, ReleaseSource, file_name};

/// A checked release without signatures.
#[derive(Debug)]
pub struct Checked {
    /// The release with all its files.
    pub built: BuiltRelease,
    /// The release, ready to judge.
    pub release: Arc<Release>,
    /// The report of its test vectors. All of them hold.
    pub vectors: Report,
    /// Warnings.
    pub warnings: Vec<Problem>,
}

/// Why no release could be made, or made ready.
#[derive(Debug, Error)]
pub enum CheckError {
    /// Its sources or components are wrong.
    #[error(transparent)]
    Problems(#[from] Problems),
    /// This machine could not load a component: the moment's fault, not the component's.
    #[error(transparent)]
    Machine(LoadError),
}

/// Reads the sources of a release from a directory.
///
/// # Errors
/// With everything that is wrong with `release.yaml`.
pub fn read(directory: &Path) -> Result<ReleaseSource, Problems> {
    source::read(Directory::new(directory))
}

/// Reads the components of a release from where they have been built to.
///
/// # Errors
/// With all that are missing.
pub fn built_components(
    source: &ReleaseSource,
    directory: Option<&Path>,
) -> Result<BTreeMap<SafePath, Vec<u8>>, Problems> {
    let mut problems = Vec::new();
    let mut components = BTreeMap::new();
    for ComponentSource { path, .. } in &source.components {
        let file = match directory {
            Some(directory) => directory.join(file_name(path)),
            None => source.directory.root().join(path.as_str()),
        };
        match files::read(&file, Caps::DEFAULT.file) {
            Ok(bytes) => _ = components.insert(path.clone(), bytes),
            Err(error) => {
                let message = format!("{}; `jurat build` makes components", chain(&error));
                problems.push(Problem::of_file(file.display().to_string(), message));
            }
        }
    }
    Problems::none(problems).map(|()| components)
}

/// Makes a release of its sources and built components, checks that it fits together, and runs its test vectors.
///
/// # Errors
/// With everything that is wrong, or with the first failure of this machine.
pub fn check(
    source: &ReleaseSource,
    components: BTreeMap<SafePath, Vec<u8>>,
    sandbox: &Sandbox,
    policy: &Policy,
) -> Result<Checked, CheckError> {
    let mut gathering = Gathering { source, problems: Vec::new(), files: Vec::new() };
    let described = gathering.components(components, sandbox, policy)?;
    gathering.files(FileKind::FieldMap, &source.field_maps);
    gathering.files(FileKind::Schema, &source.schemas);
    gathering.files(FileKind::Vectors, &source.vectors);
    gathering.files(FileKind::BusinessConfig, std::slice::from_ref(&source.business_config));
    let config = gathering.business_config();
    let world = gathering.world(&described);
    let Gathering { mut problems, files, .. } = gathering;
    let refuse = |message: String| Problem::of_file(source.file(), message);

    let declarations: Vec<_> = described.iter().flat_map(|(_, description)| &description.rules).collect();
    let mut warnings = Vec::new();
    // The rules of a component that could not be described are unknown, so missing rules cannot be reported.
    let is_complete = described.len() == source.components.len();
    let (Some(config), true) = (config, is_complete) else {
        let problems = Problems::none(problems).err();
        return Err(problems.unwrap_or_else(|| refuse("it cannot be read".to_owned()).into()).into());
    };
    let checks = check::Checks::new(source, &config, &declarations, &files);
    checks.rule_ids(&mut problems);
    checks.inputs(&mut problems, &mut warnings);
    let vectors = vectors::read(&checks, &files, &mut problems);

    let built = build(source, world, files, &described).map_err(|error| problems.push(refuse(chain(&error)))).ok();
    let release = match &built {
        Some(built) => ready(&danger::assume_verified(built), config, sandbox, policy).map_err(CheckError::Machine)?,
        None => Err(Vec::new()),
    };
    let release = release.map_err(|errors| problems.extend(errors.into_iter().map(refuse))).ok();
    Problems::none(problems)?;
    match (built, release) {
        (Some(built), Some(release)) => {
            let release = Arc::new(release);
            warnings.extend(release.schema_warnings().iter().map(|warning| refuse(warning.to_string())));
            let vectors = vectors::run(source, &release, &vectors, &mut warnings)?;
            Ok(Checked { built, release, vectors, warnings })
        }
        _ => Err(Problems::from(refuse("it cannot be used".to_owned())).into()),
    }
}

/// Makes a verified release ready to judge, to see its verdicts before hosts use it.
///
/// # Errors
/// With all reasons for which hosts would refuse it, apart from its test vectors, which are not run; or with the first failure of
/// this machine.
pub fn load(verified: &VerifiedRelease, sandbox: &Sandbox, policy: &Policy) -> Result<Arc<Release>, CheckError> {
    let manifest = verified.manifest();
    let name = |path: &str| format!("{} {}: {path}", manifest.name(), manifest.version());
    let maps: Vec<_> = verified.files(FileKind::FieldMap).map(|(file, _)| file_name(&file.path)).collect();
    // A manifest has exactly one.
    let file = verified.files(FileKind::BusinessConfig).next();
    let (path, bytes) = file.map_or(("", &[][..]), |(file, bytes)| (file.path.as_str(), bytes.as_slice()));
    let text = str::from_utf8(bytes);
    let text = text.map_err(|_| Problems::from(Problem::of_file(name(path), "it is not UTF-8 text")))?;
    let config = business_config::parse(text, &name(path), &maps)?.config;
    let refuse = |message: String| Problem::of_file(name(RELEASE_FILE), message);
    let release = ready(verified, config, sandbox, policy).map_err(CheckError::Machine)?;
    match release {
        Ok(release) => Ok(Arc::new(release)),
        Err(errors) => {
            Problems::none(errors.into_iter().map(refuse).collect())?;
            Err(Problems::from(refuse("it cannot be used".to_owned())).into())
        }
    }
}

fn build(
    source: &ReleaseSource,
    world: World,
    files: Vec<DraftFile>,
    described: &[(SafePath, Description)],
) -> Result<BuiltRelease, BuildError> {
    let rule = |rule: &Declaration| RuleEntry { id: rule.id.clone(), inputs: rule.inputs.clone() };
    let components = described.iter().zip(&source.components).map(|((path, description), component)| ComponentEntry {
        path: path.clone(),
        limits: component.limits.clone(),
        wasi: component.wasi,
        rules: description.rules.iter().map(rule).collect(),
    });
    BuiltRelease::build(ReleaseDraft {
        name: source.name.clone(),
        version: source.version.clone(),
        world,
        files,
        components: components.collect(),
        builtin: source.builtin.clone(),
    })
}

/// The release, ready to judge, or what is wrong with it.
///
/// # Errors
/// When this machine fails.
fn ready(
    release: &VerifiedRelease,
    config: BusinessConfig,
    sandbox: &Sandbox,
    policy: &Policy,
) -> Result<Result<Release, Vec<String>>, LoadError> {
    let files: Vec<_> = release.components().collect();
    let loaded = match sandbox.load_release(&files, policy) {
        Ok(loaded) => loaded,
        Err(error) if error.reason.is_passing() => return Err(error),
        Err(error) => return Ok(Err(vec![chain(&error)])),
    };
    let components = loaded.into_iter().map(|component| Arc::new(component) as Arc<dyn Component>).collect();
    let release = Release::new(release, config, components);
    Ok(release.map_err(|problems| problems.iter().map(|problem| chain(problem)).collect()))
}

/// A release under construction.
struct Gathering<'a> {
    source: &'a ReleaseSource,
    problems: Vec<Problem>,
    files: Vec<DraftFile>,
}

impl Gathering<'_> {
    fn components(
        &mut self,
        mut components: BTreeMap<SafePath, Vec<u8>>,
        sandbox: &Sandbox,
        policy: &Policy,
    ) -> Result<Vec<(SafePath, Description)>, CheckError> {
        let mut described = Vec::new();
        for ComponentSource { path, wasi, .. } in &self.source.components {
            let Some(bytes) = components.remove(path) else {
                self.problems.push(Problem::of_file(path.as_str(), "it has not been built"));
                continue;
            };
            match sandbox.describe(&danger::assume_verified_bytes(bytes.clone()), *wasi, policy) {
                Ok(description) => described.push((path.clone(), description)),
                Err(reason) if reason.is_passing() => {
                    return Err(CheckError::Machine(LoadError { component: path.to_string(), reason }));
                }
                Err(refusal) => self.problems.push(Problem::of_file(path.as_str(), chain(&refusal))),
            }
            self.files.push(DraftFile { path: path.clone(), kind: FileKind::Component, bytes });
        }
        Ok(described)
    }

    fn files(&mut self, kind: FileKind, paths: &[SafePath]) {
        for path in paths {
            match self.source.directory.read(path, Caps::DEFAULT.file) {
                Ok(bytes) => self.files.push(DraftFile { path: path.clone(), kind, bytes }),
                Err(error) => self.problems.push(Problem::of_file(self.source.path_of(path), chain(&error))),
            }
        }
    }

    fn business_config(&mut self) -> Option<BusinessConfig> {
        let name = self.source.path_of(&self.source.business_config);
        let file = self.files.iter().find(|file| file.kind == FileKind::BusinessConfig)?;
        let maps: Vec<_> = self.source.field_maps.iter().map(file_name).collect();
        let read = match str::from_utf8(&file.bytes) {
            Ok(text) => business_config::parse(text, &name, &maps),
            Err(_) => Err(Problem::of_file(&name, "it is not UTF-8 text").into()),
        };
        read.map(|document| document.config).map_err(|problems| self.problems.extend(problems.iter().cloned())).ok()
    }

    /// The one contract that all components were built against.
    fn world(&mut self, described: &[(SafePath, Description)]) -> World {
        let mut worlds = described.iter().filter_map(|(path, description)| {
            let (package, version) = description.contract.split_once('@')?;
            let package = package.split('/').next().unwrap_or(package);
            Some((path, format!("{package}@{version}").parse::<World>().ok()?))
        });
        let Some((first, world)) = worlds.next() else { return World::current() };
        if let Some((other, found)) = worlds.find(|(_, other)| *other != world) {
            let message = format!("it is built for `{found}`, but `{first}` is built for `{world}`; build both again");
            self.problems.push(Problem::of_file(other.as_str(), message));
        }
        world
    }
}

#[cfg(test)]
mod tests;
