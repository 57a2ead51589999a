//! `jurat release build`: builds a release, ready to be signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_author::{Checked, ComponentSource, ReleaseSource};
use jurat_disk::files;
use jurat_model::Blame;
use jurat_trust::{Caps, Digest, ReleaseName, RoleName, SafePath, TargetPath, Wasi};
use jurat_yaml::Problems;

use crate::cargo::{self, BuildRequest, WasmTarget};
use crate::command::root::next;
use crate::exit::{CommandError, Exit};
use crate::lifetime::Lifetime;
use crate::repository::{PublisherSettings, WorkingCopy, shown};
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat release build rules/loan --out repository --tenant acme
  jurat release build --tenant acme --channel canary --expires-in 30d

Compiles the crates that `release.yaml` names, checks that all parts of the release fit together, runs its test vectors, and stages \
the role of the tenant, which lists the release as `t/TENANT/CHANNEL/NAME.json`. Hosts do not see it before it is signed and published.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The directory with `release.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The repository
    #[arg(long, value_name = "REPO", default_value = "repository")]
    out: PathBuf,
    /// The tenant of the release
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// The channel of the release, which selects hosts of the tenant
    #[arg(long, value_name = "NAME", default_value = "main")]
    channel: String,
    /// How long hosts may use it without a new signature, as in `90d`, `12h` or `30m`
    #[arg(long, value_name = "DURATION", default_value = "90d")]
    expires_in: Lifetime,
    /// A directory with built components; a missing component is compiled
    #[arg(long, value_name = "DIR")]
    component_dir: Option<PathBuf>,
    /// Refuse a release with warnings
    #[arg(long)]
    strict: bool,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let source = jurat_author::read(&arguments.directory)?;
    let target = arguments.target(&source.name)?;
    let copy = WorkingCopy::change(&arguments.out)?;
    let mut repository = copy.read(None)?;
    arguments.check_tenant(&repository)?;
    let mut clock = PublisherSettings::read(&copy)?.clock(None)?;
    clock.lifetimes.tenant = arguments.expires_in.duration();

    let components = components(&source, arguments.component_dir.as_deref())?;
    let Checked { built, warnings, vectors, .. } =
        jurat_author::check(&source, components, &host::sandbox()?, &host::author_policy())?;
    if arguments.strict {
        Problems::none(warnings.clone())?;
    }
    for warning in &warnings {
        output::complain("warning", &warning.to_string());
    }
    let manifest = built.manifest();
    let staged = repository.list_release(&target, manifest, clock)?;
    // The files come first, so that staged metadata never refers to a missing file.
    for upload in built.uploads(&target) {
        copy.writer().put(&upload)?;
    }
    output::progress(&format!("release     {} {}  as {target}", manifest.name(), manifest.version()));
    output::progress(&format!("manifest    {}", Digest::of(&manifest.to_bytes())));
    output::progress(&format!("vectors     {vectors}, in {} ms", vectors.elapsed.as_millis()));
    copy.stage(&[staged])?;
    next(copy.root(), &repository);
    Ok(Exit::Success)
}

impl Arguments {
    /// The path at which the release is listed.
    fn target(&self, name: &ReleaseName) -> Result<TargetPath, CommandError> {
        TargetPath::new(&format!("t/{}/{}", self.tenant, self.channel), name)
            .map_err(|error| CommandError::about(Blame::Caller, "--tenant, --channel", &error))
    }

    /// Checks the tenant before compiling.
    fn check_tenant(&self, repository: &jurat_trust::publish::Repository) -> Result<(), CommandError> {
        let out = shown(&self.out);
        let out = out.display();
        if repository.id().is_none() {
            return Err(CommandError::usage(format!("{out}: no repository; `jurat trust init` creates one")));
        }
        let role = RoleName::of_tenant(&self.tenant)
            .map_err(|error| CommandError::about(Blame::Caller, "--tenant", &error))?;
        let is_there = repository.roles().into_iter().any(|status| {
            status.keys.is_some() && matches!(&status.role, jurat_trust::Role::Delegated(name) if *name == role)
        });
        if is_there {
            return Ok(());
        }
        Err(CommandError::usage(format!("{out}: there is no tenant `{}`; `jurat tenant add` adds one", self.tenant)))
    }
}

/// The components of a release: built ones from the directory, or compiled ones.
fn components(source: &ReleaseSource, directory: Option<&Path>) -> Result<BTreeMap<SafePath, Vec<u8>>, CommandError> {
    let mut components = BTreeMap::new();
    for component in &source.components {
        let built = directory
            .map(|directory| directory.join(jurat_author::file_name(&component.path)))
            .filter(|file| file.exists());
        let bytes = match (built, &component.package) {
            (Some(file), _) => read(&file)?,
            (None, Some(package)) => compile(component, package)?,
            (None, None) => read(&source.directory.root().join(component.path.as_str()))?,
        };
        components.insert(component.path.clone(), bytes);
    }
    Ok(components)
}

fn read(file: &Path) -> Result<Vec<u8>, CommandError> {
    files::read(file, Caps::DEFAULT.file).map_err(|error| CommandError::about(Blame::Caller, file.display(), &error))
}

fn compile(component: &ComponentSource, package: &Path) -> Result<Vec<u8>, CommandError> {
    let file = jurat_author::file_name(&component.path);
    let name = file.strip_suffix(".wasm").unwrap_or(file).to_owned();
    let target = match component.wasi {
        Wasi::None => WasmTarget::Unknown,
        Wasi::Sealed => WasmTarget::Wasi,
    };
    let built = cargo::build(&BuildRequest { directory: package, names: &[name], target, arguments: &[] })?;
    // Exactly one has the name, or the build would have failed.
    let built = built.components.into_iter().next();
    built
        .map(|built| built.bytes)
        .ok_or_else(|| CommandError::usage(format!("{}: cargo did not build `{file}`", package.display())))
}
