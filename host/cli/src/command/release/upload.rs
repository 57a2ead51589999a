//! From a publisher's directory to where hosts look.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use jurat_model::Bytes;
use jurat_trust::publish::{Plan, Stability, Upload};
use jurat_trust::{Digest, MetadataVersion, SafePath};
use serde::Serialize;

use crate::command::inspect::Format;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::{Contents, Item, WorkingCopy, read_exactly};

/// Where the first of two timestamps lies, while root hands keys over.
const HANDOVER: &str = "staged/handover.timestamp.json";

/// Where files go, other than into the repository's own directory.
#[derive(Args, Debug)]
pub(in crate::command) struct Destination {
    /// Also copy all that is not there yet to this directory, in the right order
    #[arg(long, value_name = "DIR", conflicts_with = "plan")]
    to: Option<PathBuf>,
    /// Also print all files in the order in which to upload them, with their headers, for whatever uploads them
    #[arg(long)]
    plan: bool,
    /// How the plan is printed
    #[arg(long, value_enum, default_value_t, requires = "plan")]
    format: Format,
}

/// A file to upload.
#[derive(Debug, Serialize)]
struct Entry {
    /// Where it goes.
    path: String,
    /// Where it lies, below the repository's directory.
    file: String,
    length: u64,
    sha256: String,
    cache_control: &'static str,
    content_type: &'static str,
    /// Whether this publication has made it. What is older need not be uploaded if it is there already.
    new: bool,
}

/// Makes hosts see what was planned. It may be killed at any moment: what is written before the timestamp, nobody looks for.
pub(in crate::command) fn carry_out(copy: &WorkingCopy, plan: &Plan) -> Result<(), Failure> {
    for upload in &plan.uploads {
        copy.shelf().put(upload)?;
    }
    plan.done.iter().try_for_each(|file| copy.shelf().remove(file))
}

impl Destination {
    /// Whether files go anywhere else.
    pub(in crate::command) fn is_elsewhere(&self) -> bool {
        self.to.is_some() || self.plan
    }

    /// Brings what is published elsewhere: what was there before, then what is new, in the order of the plan.
    pub(in crate::command) fn serve(&self, copy: &WorkingCopy, new: &[Upload]) -> Result<(), Failure> {
        if !self.is_elsewhere() {
            return Ok(());
        }
        let repository = copy.read(None)?;
        let contents = Contents::of(&repository, copy.files(), MetadataVersion::FIRST)?;
        let paths: BTreeSet<_> = new.iter().map(|upload| &upload.path).collect();
        let old: Vec<_> = contents.items().iter().filter(|item| !paths.contains(&item.path)).collect();
        match &self.to {
            Some(directory) => copy_to(copy, directory, &old, new),
            None => self.print(copy, &old, new),
        }
    }

    fn print(&self, copy: &WorkingCopy, old: &[&Item], new: &[Upload]) -> Result<(), Failure> {
        let old = old.iter().map(|item| Entry::new(&item.path, item.length, &item.sha256, item.stability, false));
        let mut entries: Vec<_> = old.collect();
        for (index, upload) in new.iter().enumerate() {
            let sha256 = Digest::of(&upload.bytes);
            let length = upload.bytes.len() as u64;
            let mut entry = Entry::new(&upload.path, length, &sha256, upload.stability, true);
            let is_replaced = new.iter().skip(index + 1).any(|later| later.path == upload.path);
            if is_replaced {
                let file: SafePath = HANDOVER.parse().map_err(|error| Failure::about(Exit::Host, HANDOVER, &error))?;
                copy.shelf().replace(&file, &upload.bytes)?;
                entry.file = file.to_string();
            }
            entries.push(entry);
        }
        let mut out = output::stdout();
        let written = match self.format {
            Format::Text => entries.iter().try_for_each(|entry| entry.write(&mut out)),
            Format::Json => output::write_json(&mut out, &entries).and_then(|()| writeln!(out)),
        };
        written.and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))
    }
}

fn copy_to(copy: &WorkingCopy, directory: &Path, old: &[&Item], new: &[Upload]) -> Result<(), Failure> {
    let origin = WorkingCopy::create(directory)?;
    let mut count = 0;
    for Item { path, length, sha256, stability } in old {
        let bytes = read_exactly(copy.files(), path, Bytes::new(*length), sha256)
            .map_err(|reason| Failure::new(Exit::Trust, format!("{}: {reason}", copy.root().display())))?;
        let upload = Upload { path: path.clone(), bytes: bytes.into(), stability: *stability };
        count += u64::from(origin.shelf().put(&upload)?);
    }
    for upload in new {
        count += u64::from(origin.shelf().put(upload)?);
    }
    output::progress(&format!("copied      {count} files to {}", directory.display()));
    Ok(())
}

impl Entry {
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
