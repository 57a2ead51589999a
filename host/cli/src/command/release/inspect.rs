//! `jurat release inspect`: what a repository says, believed or not.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jurat::author;
use jurat_trust::{Caps, Digest, Manifest, Target, TargetPath};
use serde::Serialize;

use crate::command::inspect::Format;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::{Metadata, Repository};
use crate::table::plain;

/// Characters of foreign text that are shown.
const SHOWN: usize = 200;

#[derive(Args, Debug)]
#[command(
    after_help = "Example:\n  jurat release inspect repository --format json\n\nNothing is checked; `jurat release verify` does that."
)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    inspect(&arguments.repository, arguments.format)
}

/// Writes what the repository in a directory says.
pub(in crate::command) fn inspect(directory: &Path, format: Format) -> Result<Exit, Failure> {
    let repository = Repository::open(directory)?;
    let metadata: Vec<_> = [repository.published()?, repository.staged()?].into_iter().flatten().collect();
    if metadata.is_empty() {
        let advice = if repository.files().has(author::RELEASE_FILE) {
            ", but the sources of a release; `jurat release build` makes a repository of them"
        } else {
            ""
        };
        let directory = directory.display();
        return Err(Failure::usage(format!(
            "{directory}: it is no repository: it has no `metadata/targets.json`{advice}"
        )));
    }
    let report: Vec<_> = metadata.iter().map(|metadata| MetadataReport::new(&repository, metadata)).collect();
    let mut out = output::stdout();
    let written = match format {
        Format::Text => report.iter().try_for_each(|metadata| metadata.write(&mut out)),
        Format::Json => output::write_json(&mut out, &report).and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}

/// One envelope of a repository.
#[derive(Debug, Serialize)]
struct MetadataReport {
    file: &'static str,
    /// Always false: this command believes everybody.
    verified: bool,
    repository: String,
    version: u64,
    expires: String,
    signers: Vec<String>,
    releases: Vec<ReleaseReport>,
    revoked: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ReleaseReport {
    target: String,
    manifest: String,
    #[serde(flatten)]
    content: Content,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Content {
    /// The manifest cannot be used.
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

impl MetadataReport {
    fn new(repository: &Repository, metadata: &Metadata) -> Self {
        let Metadata { file, envelope, targets } = metadata;
        Self {
            file,
            verified: false,
            repository: targets.repository().to_string(),
            version: targets.version().get(),
            expires: targets.expires().to_string(),
            signers: envelope.unverified_key_ids().map(str::to_owned).collect(),
            releases: targets.releases().map(|(path, target)| ReleaseReport::new(repository, &path, target)).collect(),
            revoked: targets.revoked().iter().map(ToString::to_string).collect(),
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { file, verified: _, repository, version, expires, signers, releases, revoked } = self;
        writeln!(out, "{file}  not verified")?;
        writeln!(out, "  repository  {repository}")?;
        writeln!(out, "  version     {version}")?;
        writeln!(out, "  expires     {expires}")?;
        if signers.is_empty() {
            writeln!(out, "  signed by   nobody")?;
        }
        for signer in signers {
            writeln!(out, "  signed by   {}", plain(signer, SHOWN))?;
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

impl ReleaseReport {
    fn new(repository: &Repository, path: &TargetPath, target: &Target) -> Self {
        let content = content(repository, path, target.sha256()).unwrap_or_else(Content::Unreadable);
        Self { target: path.to_string(), manifest: target.sha256().to_string(), content }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "  release     {}", plain(&self.target, SHOWN))?;
        writeln!(out, "    manifest  {}", self.manifest)?;
        match &self.content {
            Content::Unreadable(reason) => writeln!(out, "    broken    {}", plain(reason, SHOWN)),
            Content::Release { name, version, world, files, rules } => {
                writeln!(out, "    name      {name} {version}  ({world})")?;
                for FileReport { path, kind, bytes, sha256 } in files {
                    writeln!(out, "    file      {kind:<15} {bytes:>9}  {}  {}", plain(path, SHOWN), sha256)?;
                }
                rules.iter().try_for_each(|rule| writeln!(out, "    rule      {}", plain(rule, SHOWN)))
            }
        }
    }
}

fn content(repository: &Repository, path: &TargetPath, sha256: &Digest) -> Result<Content, String> {
    let bytes = repository.files().read(&path.location(sha256), Caps::DEFAULT.manifest);
    let bytes = bytes.map_err(|error| jurat::chain(&error))?;
    let manifest = Manifest::parse(&bytes).map_err(|error| jurat::chain(&error))?;
    let files = manifest.files().iter().map(|file| FileReport {
        path: file.path.to_string(),
        kind: file.kind.name(),
        bytes: file.length,
        sha256: file.sha256.to_string(),
    });
    let in_components = manifest.components().iter().flat_map(|component| &component.rules).map(|rule| &rule.id);
    Ok(Content::Release {
        name: manifest.name().to_string(),
        version: manifest.version().to_string(),
        world: manifest.world().to_string(),
        files: files.collect(),
        rules: in_components.chain(manifest.builtin().iter().map(|rule| &rule.id)).cloned().collect(),
    })
}
