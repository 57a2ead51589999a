//! `jurat release inspect`: shows the contents of a repository without verifying it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_disk::files::Directory;
use jurat_model::Blame;
use jurat_results::plain;
use jurat_trust::{
    Caps, Digest, Envelope, Manifest, MetadataVersion, Role, RootMetadata, SafePath, SnapshotMetadata, Target,
    TargetPath, TargetsMetadata, TimestampMetadata, TopRole,
};
use serde::Serialize;

use crate::exit::{CommandError, Exit};
use crate::output::ReportFormat;

/// The longest foreign text, in characters.
const SHOWN: usize = 200;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  jurat release inspect repository --format json\n\nNothing is verified; `jurat trust verify` does that."
)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    inspect(&arguments.repository, arguments.format)
}

/// Prints the newest metadata of each role in a repository, and the staged metadata.
pub(in crate::command) fn inspect(directory: &Path, format: ReportFormat) -> Result<Exit, CommandError> {
    let files = Directory::new(directory);
    let shown = directory.display();
    if !directory.is_dir() {
        return Err(CommandError::usage(format!("{shown}: no such directory")));
    }
    let metadata = [newest(&files, "metadata")?, newest(&files, "staged")?].concat();
    if metadata.is_empty() {
        let advice = if files.has(jurat_author::RELEASE_FILE) {
            ", but the sources of a release; `jurat release build` builds it"
        } else {
            ""
        };
        return Err(CommandError::usage(format!(
            "{shown}: not a repository: it has no `metadata/timestamp.json`{advice}"
        )));
    }
    let report = metadata.iter().map(|(role, file)| MetadataReport::read(&files, role, file));
    let report = report.collect::<Result<Vec<_>, _>>()?;
    let printed = format.print(&report, |out| report.iter().try_for_each(|metadata| metadata.write(out)));
    printed.map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}

/// The file of each role with the highest version in its name, in the order of trust.
fn newest(files: &Directory, directory: &str) -> Result<Vec<(Role, SafePath)>, CommandError> {
    let path = files.root().join(directory);
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(CommandError::about(Blame::Caller, path.display(), &error)),
    };
    let mut newest: BTreeMap<Role, (Option<MetadataVersion>, SafePath)> = BTreeMap::new();
    for entry in entries {
        let entry = entry.map_err(|error| CommandError::about(Blame::Caller, path.display(), &error))?;
        let name = entry.file_name();
        let Some((role, version)) = name.to_str().and_then(parse_name) else { continue };
        let Ok(file) = format!("{directory}/{}", name.display()).parse::<SafePath>() else { continue };
        if newest.get(&role).is_none_or(|(known, _)| *known < version) {
            newest.insert(role, (version, file));
        }
    }
    Ok(newest.into_iter().map(|(role, (_, file))| (role, file)).collect())
}

/// The role and the version in the name of a file.
fn parse_name(name: &str) -> Option<(Role, Option<MetadataVersion>)> {
    let stem = name.strip_suffix(".json")?;
    if stem == Role::Timestamp.name() {
        return Some((Role::Timestamp, None));
    }
    let (version, role) = stem.split_once('.')?;
    Some((role.parse().ok()?, Some(MetadataVersion::new(version.parse().ok()?)?)))
}

/// One envelope of a repository.
#[derive(Debug, Serialize)]
struct MetadataReport {
    file: String,
    role: String,
    /// Always false: this command verifies nothing.
    verified: bool,
    repository: String,
    version: u64,
    expires: String,
    signers: Vec<String>,
    /// The other metadata that it lists, and the roles whose keys it lists.
    names: Vec<String>,
    releases: Vec<ReleaseReport>,
    revoked: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ReleaseReport {
    target: String,
    manifest: String,
    #[serde(flatten)]
    content: ReleaseContent,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum ReleaseContent {
    /// The manifest cannot be read.
    Unreadable(String),
    Release {
        name: String,
        version: String,
        world: String,
        files: Vec<FileReport>,
        rules: Vec<String>,
    },
}

#[derive(Debug, Serialize)]
struct FileReport {
    path: String,
    kind: &'static str,
    bytes: u64,
    sha256: String,
}

/// The payload of a role.
enum AnyMetadata {
    Root(RootMetadata),
    Timestamp(TimestampMetadata),
    Snapshot(SnapshotMetadata),
    Targets(TargetsMetadata),
}

impl MetadataReport {
    fn read(files: &Directory, role: &Role, file: &SafePath) -> Result<Self, CommandError> {
        let shown = || files.root().join(file.as_str()).display().to_string();
        let bytes = files
            .read(file, Caps::DEFAULT.targets)
            .map_err(|error| CommandError::about(Blame::Caller, shown(), &error))?;
        let envelope = Envelope::parse(&bytes, Caps::DEFAULT.targets)
            .map_err(|error| CommandError::about(Blame::Source, shown(), &error))?;
        let bytes = envelope.unverified_payload();
        let payload = match role {
            Role::Root => RootMetadata::parse(bytes).map(AnyMetadata::Root),
            Role::Timestamp => TimestampMetadata::parse(bytes).map(AnyMetadata::Timestamp),
            Role::Snapshot => SnapshotMetadata::parse(bytes).map(AnyMetadata::Snapshot),
            Role::Targets | Role::Delegated(_) => TargetsMetadata::parse(bytes).map(AnyMetadata::Targets),
        };
        let payload = payload.map_err(|error| CommandError::about(Blame::Source, shown(), &error))?;
        let (repository, version, expires) = payload.head();
        let targets = match &payload {
            AnyMetadata::Targets(targets) => Some(targets),
            _ => None,
        };
        let releases = targets.into_iter().flat_map(TargetsMetadata::releases);
        Ok(Self {
            file: file.to_string(),
            role: role.to_string(),
            verified: false,
            repository,
            version,
            expires,
            signers: envelope.unverified_key_ids().map(str::to_owned).collect(),
            names: payload.names(),
            releases: releases.map(|(path, target)| ReleaseReport::new(files, &path, target)).collect(),
            revoked: targets.into_iter().flat_map(|targets| targets.revoked()).map(ToString::to_string).collect(),
        })
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { file, role, verified: _, repository, version, expires, signers, names, releases, revoked } = self;
        writeln!(out, "{}  not verified", plain(file, SHOWN))?;
        writeln!(out, "  role        {}", plain(role, SHOWN))?;
        writeln!(out, "  repository  {repository}")?;
        writeln!(out, "  version     {version}")?;
        writeln!(out, "  expires     {expires}")?;
        if signers.is_empty() {
            writeln!(out, "  signed by   no key")?;
        }
        for signer in signers {
            writeln!(out, "  signed by   {}", plain(signer, SHOWN))?;
        }
        for name in names {
            writeln!(out, "  names       {}", plain(name, SHOWN))?;
        }
        for release in releases {
            release.write(out)?;
        }
        for manifest in revoked {
            writeln!(out, "  revoked     {manifest}")?;
        }
        Ok(())
    }
}

impl AnyMetadata {
    fn head(&self) -> (String, u64, String) {
        let head = |repository: &jurat_trust::RepositoryId, version: MetadataVersion, expires: jiff::Timestamp| {
            (repository.to_string(), version.get(), expires.to_string())
        };
        match self {
            Self::Root(root) => head(root.repository(), root.version(), root.expires()),
            Self::Timestamp(timestamp) => head(timestamp.repository(), timestamp.version(), timestamp.expires()),
            Self::Snapshot(snapshot) => head(snapshot.repository(), snapshot.version(), snapshot.expires()),
            Self::Targets(targets) => head(targets.repository(), targets.version(), targets.expires()),
        }
    }

    fn names(&self) -> Vec<String> {
        let keys = |role: &dyn std::fmt::Display, keys: &jurat_trust::KeySet| {
            let ids: Vec<_> = keys.keys().map(|(id, _)| id.to_string()).collect();
            format!("{role}: {} of {}", keys.threshold(), ids.join(", "))
        };
        match self {
            Self::Root(root) => TopRole::ALL.iter().map(|role| keys(role, root.keys(*role))).collect(),
            Self::Timestamp(timestamp) => vec![format!("snapshot {}", timestamp.snapshot().version)],
            Self::Snapshot(snapshot) => {
                snapshot.files().map(|(role, file)| format!("{role} {}", file.version)).collect()
            }
            Self::Targets(targets) => {
                targets.delegations().iter().map(|delegation| keys(&delegation.role, &delegation.keys)).collect()
            }
        }
    }
}

impl ReleaseReport {
    fn new(files: &Directory, path: &TargetPath, target: &Target) -> Self {
        let content = content(files, path, target.sha256()).unwrap_or_else(ReleaseContent::Unreadable);
        Self { target: path.to_string(), manifest: target.sha256().to_string(), content }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "  release     {}", plain(&self.target, SHOWN))?;
        writeln!(out, "    manifest  {}", self.manifest)?;
        match &self.content {
            ReleaseContent::Unreadable(reason) => writeln!(out, "    broken    {}", plain(reason, SHOWN)),
            ReleaseContent::Release { name, version, world, files, rules } => {
                writeln!(out, "    name      {name} {version}  ({world})")?;
                for FileReport { path, kind, bytes, sha256 } in files {
                    writeln!(out, "    file      {kind:<15} {bytes:>9}  {}  {}", plain(path, SHOWN), sha256)?;
                }
                rules.iter().try_for_each(|rule| writeln!(out, "    rule      {}", plain(rule, SHOWN)))
            }
        }
    }
}

fn content(files: &Directory, path: &TargetPath, sha256: &Digest) -> Result<ReleaseContent, String> {
    let bytes = files.read(&path.location(sha256), Caps::DEFAULT.manifest);
    let bytes = bytes.map_err(|error| jurat::chain(&error))?;
    let manifest = Manifest::parse(&bytes).map_err(|error| jurat::chain(&error))?;
    let listed = manifest.files().iter().map(|file| FileReport {
        path: file.path.to_string(),
        kind: file.kind.name(),
        bytes: file.length,
        sha256: file.sha256.to_string(),
    });
    let in_components = manifest.components().iter().flat_map(|component| &component.rules).map(|rule| &rule.id);
    Ok(ReleaseContent::Release {
        name: manifest.name().to_string(),
        version: manifest.version().to_string(),
        world: manifest.world().to_string(),
        files: listed.collect(),
        rules: in_components.chain(manifest.builtin().iter().map(|rule| &rule.id)).cloned().collect(),
    })
}
