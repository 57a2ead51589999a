//! Publishes the files of a repository: in its own directory, in another directory, or as an upload plan.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Plan, Stability, Upload};
use jurat_trust::{Digest, MetadataVersion, SafePath};
use serde::Serialize;

use crate::exit::CommandError;
use crate::output::{self, ReportFormat};
use crate::repository::{
    AfterUploads, Contents, PublishedFile, WorkingCopy, check_destination, check_immutable, first_root, read_exactly,
};

/// The file with the first of two timestamps, while root replaces keys.
const HANDOVER: &str = "staged/handover.timestamp.json";

/// Where files are published besides the directory of the repository.
#[derive(Args, Debug)]
pub(in crate::command) struct UploadArguments {
    /// Also copy new files to this directory, in the right order; refused if something newer is there
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    to: Option<PathBuf>,
    /// Also print all files with their headers, in the order in which to upload them
    #[arg(long)]
    plan: bool,
    /// The format of the plan
    #[arg(long, value_enum, default_value_t, requires = "plan")]
    format: ReportFormat,
}

/// A file to upload.
#[derive(Debug, Serialize)]
struct UploadEntry {
    /// Its path on the server.
    path: String,
    /// Its path in the directory of the repository.
    file: String,
    length: u64,
    sha256: String,
    cache_control: &'static str,
    content_type: &'static str,
    /// Whether it is new in this publication. An older file need not be uploaded again.
    new: bool,
}

/// Writes the planned files. It may be killed at any moment: hosts do not read any of them before the timestamp is written.
pub(in crate::command) fn write_uploads(copy: &WorkingCopy, plan: &Plan) -> Result<(), CommandError> {
    for upload in &plan.uploads {
        copy.writer().put(upload)?;
    }
    plan.done.iter().try_for_each(|file| copy.writer().remove(file))
}

impl UploadArguments {
    /// Whether files are also published elsewhere.
    pub(in crate::command) fn is_elsewhere(&self) -> bool {
        self.to.is_some() || self.plan
    }

    /// Opens the directory to copy to, before anything is written; none if the files are not copied.
    ///
    /// # Errors
    /// When it is newer than what is published, or files in it are in the way.
    pub(in crate::command) fn destination(
        &self,
        copy: &WorkingCopy,
        new: &[Upload],
    ) -> Result<Option<WorkingCopy>, CommandError> {
        let Some(directory) = &self.to else { return Ok(None) };
        let destination = WorkingCopy::create(directory)?;
        let after = AfterUploads { source: copy.files(), uploads: new };
        check_destination(&destination, first_root(&after, copy.root())?, &after, copy.root())?;
        let immutable = new.iter().filter(|upload| upload.stability == Stability::Immutable);
        let sizes = immutable.map(|upload| (&upload.path, upload.bytes.len() as u64, Digest::of(&upload.bytes)));
        check_immutable(&destination, sizes)?;
        Ok(Some(destination))
    }

    /// Publishes elsewhere: first the older files, then the new ones in the order of the plan.
    pub(in crate::command) fn run(
        &self,
        copy: &WorkingCopy,
        new: &[Upload],
        destination: Option<&WorkingCopy>,
    ) -> Result<(), CommandError> {
        if !self.is_elsewhere() {
            return Ok(());
        }
        let repository = copy.read(None)?;
        let contents = Contents::of(&repository, copy.files(), MetadataVersion::FIRST)?;
        let paths: BTreeSet<_> = new.iter().map(|upload| &upload.path).collect();
        let old: Vec<_> = contents.files().iter().filter(|item| !paths.contains(&item.path)).collect();
        match destination {
            Some(destination) => copy_to(copy, destination, &old, new),
            None => self.print(copy, &old, new),
        }
    }

    fn print(&self, copy: &WorkingCopy, old: &[&PublishedFile], new: &[Upload]) -> Result<(), CommandError> {
        let old = old.iter().map(|item| UploadEntry::new(&item.path, item.length, &item.sha256, item.stability, false));
        let mut entries: Vec<_> = old.collect();
        for (index, upload) in new.iter().enumerate() {
            let sha256 = Digest::of(&upload.bytes);
            let length = upload.bytes.len() as u64;
            let mut entry = UploadEntry::new(&upload.path, length, &sha256, upload.stability, true);
            let is_replaced = new.iter().skip(index + 1).any(|later| later.path == upload.path);
            if is_replaced {
                let file: SafePath =
                    HANDOVER.parse().map_err(|error| CommandError::about(Blame::Host, HANDOVER, &error))?;
                copy.writer().replace(&file, &upload.bytes)?;
                entry.file = file.to_string();
            }
            entries.push(entry);
        }
        let printed = self.format.print(&entries, |out| entries.iter().try_for_each(|entry| entry.write(out)));
        printed.map_err(|error| CommandError::of_output(&error))
    }
}

fn copy_to(
    copy: &WorkingCopy,
    destination: &WorkingCopy,
    old: &[&PublishedFile],
    new: &[Upload],
) -> Result<(), CommandError> {
    let immutable = old.iter().filter(|file| file.stability == Stability::Immutable);
    check_immutable(destination, immutable.map(|file| (&file.path, file.length, file.sha256)))?;
    let mut count = 0;
    for PublishedFile { path, length, sha256, stability } in old {
        let bytes = read_exactly(copy.files(), path, Bytes::new(*length), sha256)
            .map_err(|reason| CommandError::new(Blame::Source, format!("{}: {reason}", copy.root().display())))?;
        let upload = Upload { path: path.clone(), bytes: bytes.into(), stability: *stability };
        count += u64::from(destination.writer().put(&upload)?);
    }
    for upload in new {
        count += u64::from(destination.writer().put(upload)?);
    }
    output::progress(&format!("copied      {count} files to {}", destination.root().display()));
    Ok(())
}

impl UploadEntry {
    fn new(path: &SafePath, length: u64, sha256: &Digest, stability: Stability, new: bool) -> Self {
        let cache_control = match stability {
            Stability::Immutable => "public, max-age=31536000, immutable",
            Stability::Mutable => "public, max-age=10",
        };
        let is_json = path.as_str().ends_with(".json");
        let content_type = if is_json { "application/json" } else { "application/octet-stream" };
        let (path, sha256) = (path.to_string(), sha256.to_string());
        Self { file: path.clone(), path, length, sha256, cache_control, content_type, new }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let Self { path, file, length, sha256, cache_control, content_type, new } = self;
        let new = if *new { "new" } else { "old" };
        let from = if path == file { String::new() } else { format!("  from {file}") };
        writeln!(out, "{new}  {length:>9}  {sha256}  {content_type:<24}  {cache_control:<36}  {path}{from}")
    }
}
