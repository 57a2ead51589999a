//! `jurat release build`: a release, ready to be signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::Timestamp;
use jurat::author::{self, Checked, ComponentSource, ReleaseSource};
use jurat::files;
use jurat_trust::publish::BuiltRelease;
use jurat_trust::{Caps, Digest, Envelope, MetadataVersion, RepositoryId, SafePath, TargetPath, Targets, Wasi};

use super::expiry::Lifetime;
use crate::exit::{Exit, Failure};
use crate::guest::{self, Guest, Target};
use crate::repository::Repository;
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat release build rules/loan --out repository --repository acme-prod \\
      --target t/acme/prod/loan.json
  jurat release sign repository --key keys/rules-team.pem

Compiles the crates that `release.yaml` names, checks that everything in the release fits together, runs its test vectors, and \
puts it into the repository. Hosts see nothing of it until it is signed.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The directory with `release.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The repository: a directory, made if it is not there
    #[arg(long, value_name = "REPO", default_value = "repository")]
    out: PathBuf,
    /// The name that the repository is signed for; needed for a new one
    #[arg(long, value_name = "ID")]
    repository: Option<RepositoryId>,
    /// The path of the release among the targets of the repository, instead of NAME.json
    #[arg(long, value_name = "PATH")]
    target: Option<TargetPath>,
    /// How long hosts may use it without a new signature: days, hours or minutes
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires_in: Lifetime,
    /// Where components lie that have been built already; what is not there is compiled
    #[arg(long, value_name = "DIR")]
    component_dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let source = author::read(&arguments.directory)?;
    let components = components(&source, arguments.component_dir.as_deref())?;
    let Checked { built, warnings, vectors, .. } =
        author::check(&source, components, &host::sandbox()?, &host::author_policy())?;
    for warning in &warnings {
        output::complain("warning", &warning.to_string());
    }
    let target = match &arguments.target {
        Some(target) => target.clone(),
        None => TargetPath::new("", &source.name).map_err(|error| Failure::about(Exit::Usage, "--target", &error))?,
    };
    if target.name() != &source.name {
        let name = &source.name;
        return Err(Failure::usage(format!(
            "--target: `{target}` is no place for the release `{name}`; it ends in `{name}.json`"
        )));
    }
    let repository = Repository::new(&arguments.out);
    let expires = arguments.expires_in.from(host::now());
    let expires = expires.ok_or_else(|| Failure::usage("--expires-in: that is beyond all calendars"))?;
    let targets =
        successor(&repository, arguments.repository.as_ref(), expires)?.with_release(&target, built.manifest());
    write(&repository, &built, &target)?;
    let staged = repository.stage(&Envelope::unsigned(targets.to_bytes()))?;

    let manifest = built.manifest();
    output::progress(&format!("release     {} {}  as {target}", manifest.name(), manifest.version()));
    output::progress(&format!("manifest    {}", Digest::of(&manifest.to_bytes())));
    let (version, expires) = (targets.version(), targets.expires());
    output::progress(&format!("vectors     {vectors}, in {} ms", vectors.elapsed.as_millis()));
    output::progress(&format!("metadata    version {version} of `{}`, until {expires}", targets.repository()));
    output::progress(&format!("not signed  {}", staged.display()));
    output::progress(&format!("next        jurat release sign {} --key FILE", arguments.out.display()));
    Ok(Exit::Fine)
}

/// The components of a release: those that have been built, and those that have to be.
fn components(source: &ReleaseSource, directory: Option<&Path>) -> Result<BTreeMap<SafePath, Vec<u8>>, Failure> {
    let mut components = BTreeMap::new();
    for component in &source.components {
        let there =
            directory.map(|directory| directory.join(author::file_name(&component.path))).filter(|file| file.exists());
        let bytes = match (there, &component.package) {
            (Some(file), _) => read(&file)?,
            (None, Some(package)) => compile(component, package)?,
            (None, None) => read(&source.directory.root().join(component.path.as_str()))?,
        };
        components.insert(component.path.clone(), bytes);
    }
    Ok(components)
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    files::read(file, Caps::DEFAULT.file).map_err(|error| Failure::about(Exit::Usage, file.display(), &error))
}

fn compile(component: &ComponentSource, package: &Path) -> Result<Vec<u8>, Failure> {
    let file = author::file_name(&component.path);
    let name = file.strip_suffix(".wasm").unwrap_or(file).to_owned();
    let target = match component.wasi {
        Wasi::None => Target::Unknown,
        Wasi::Sealed => Target::Wasi,
    };
    let built = guest::build(&Guest { directory: package, names: &[name], target, cargo: &[] })?;
    // Exactly one has the name, or the build would have failed.
    let built = built.components.into_iter().next();
    built
        .map(|built| built.bytes)
        .ok_or_else(|| Failure::usage(format!("{}: cargo made no `{file}`", package.display())))
}

/// Metadata that can take the place of what the repository has.
fn successor(repository: &Repository, id: Option<&RepositoryId>, expires: Timestamp) -> Result<Targets, Failure> {
    let published = repository.published()?.map(|metadata| metadata.targets);
    let staged = repository.staged()?.map(|metadata| metadata.targets);
    // What is staged counts, or one of two releases that are signed together would be lost.
    let old = match (published, staged) {
        (Some(published), Some(staged)) if staged.version() > published.version() => Some(staged),
        (Some(published), _) => Some(published),
        (None, staged) => staged,
    };
    let shown = repository.root().display();
    match (old, id) {
        (None, None) => Err(Failure::usage(format!("{shown}: a new repository needs a name: --repository ID"))),
        (None, Some(id)) => Ok(Targets::new(id.clone(), MetadataVersion::FIRST, expires)),
        (Some(old), Some(id)) if old.repository() != id => {
            Err(Failure::usage(format!("{shown}: it is the repository `{}`, not `{id}`", old.repository())))
        }
        (Some(old), _) => old.successor(expires).ok_or_else(|| Failure::usage(format!("{shown}: no version is left"))),
    }
}

/// Writes what hosts do not look for yet.
fn write(repository: &Repository, built: &BuiltRelease, target: &TargetPath) -> Result<(), Failure> {
    for (_, bytes) in built.files() {
        repository.write(&SafePath::of_blob(&Digest::of(bytes)), bytes)?;
    }
    let manifest = built.manifest().to_bytes();
    repository.write(&target.location(&Digest::of(&manifest)), &manifest)?;
    Ok(())
}
