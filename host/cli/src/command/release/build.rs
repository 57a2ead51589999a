//! `jurat release build`: a release, ready to be signed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_author::{Checked, ComponentSource, ReleaseSource};
use jurat_disk::files;
use jurat_trust::{Caps, Digest, ReleaseName, RoleName, SafePath, TargetPath, Wasi};

use crate::exit::{Exit, Failure};
use crate::guest::{self, Guest, Target};
use crate::lifetime::Lifetime;
use crate::repository::{PublisherSettings, WorkingCopy, shown};
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat release build rules/loan --out repository --tenant acme
  jurat release build --tenant acme --channel canary --expires-in 30d

Compiles the crates that `release.yaml` names, checks that everything in the release fits together, runs its test vectors, and \
stages the tenant's role, which lists it as `t/TENANT/CHANNEL/NAME.json`. Hosts see nothing of it until it is signed and published.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The directory with `release.yaml`
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The repository
    #[arg(long, value_name = "REPO", default_value = "repository")]
    out: PathBuf,
    /// Whose release it is
    #[arg(long, value_name = "NAME")]
    tenant: String,
    /// Which of the tenant's hosts it is for
    #[arg(long, value_name = "NAME", default_value = "main")]
    channel: String,
    /// How long hosts may use it without a new signature: days, hours or minutes
    #[arg(long, value_name = "TIME", default_value = "90d")]
    expires_in: Lifetime,
    /// Where components lie that have been built already; what is not there is compiled
    #[arg(long, value_name = "DIR")]
    component_dir: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
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
    for warning in &warnings {
        output::complain("warning", &warning.to_string());
    }
    let manifest = built.manifest();
    let staged = repository.list_release(&target, manifest, clock)?;
    // What nobody looks for yet comes first: then whatever is staged is there.
    for upload in built.uploads(&target) {
        copy.shelf().put(&upload)?;
    }
    output::progress(&format!("release     {} {}  as {target}", manifest.name(), manifest.version()));
    output::progress(&format!("manifest    {}", Digest::of(&manifest.to_bytes())));
    output::progress(&format!("vectors     {vectors}, in {} ms", vectors.elapsed.as_millis()));
    copy.stage(&[staged])?;
    output::progress(&format!("next        jurat release sign {} --key FILE", shown(copy.root()).display()));
    Ok(Exit::Fine)
}

impl Arguments {
    /// Where the release is listed.
    fn target(&self, name: &ReleaseName) -> Result<TargetPath, Failure> {
        TargetPath::new(&format!("t/{}/{}", self.tenant, self.channel), name)
            .map_err(|error| Failure::about(Exit::Usage, "--tenant, --channel", &error))
    }

    /// Nobody should wait for a compiler to hear that there is no such tenant.
    fn check_tenant(&self, repository: &jurat_trust::publish::Repository) -> Result<(), Failure> {
        let out = shown(&self.out);
        let out = out.display();
        if repository.id().is_none() {
            return Err(Failure::usage(format!("{out}: there is no repository in it; `jurat trust init` makes one")));
        }
        let role =
            RoleName::of_tenant(&self.tenant).map_err(|error| Failure::about(Exit::Usage, "--tenant", &error))?;
        let is_there = repository.roles().into_iter().any(|status| {
            status.keys.is_some() && matches!(&status.role, jurat_trust::Role::Delegated(name) if *name == role)
        });
        if is_there {
            return Ok(());
        }
        Err(Failure::usage(format!("{out}: there is no tenant `{}`; `jurat tenant add` adds one", self.tenant)))
    }
}

/// The components of a release: those that have been built, and those that have to be.
fn components(source: &ReleaseSource, directory: Option<&Path>) -> Result<BTreeMap<SafePath, Vec<u8>>, Failure> {
    let mut components = BTreeMap::new();
    for component in &source.components {
        let there = directory
            .map(|directory| directory.join(jurat_author::file_name(&component.path)))
            .filter(|file| file.exists());
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
    let file = jurat_author::file_name(&component.path);
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
