//! Proofs that the test vectors of a release hold on this host: a start with the same release and settings does not run them again.
//!
//! A proof is a MAC with the key of this host, over everything that could make a vector fail: the release, this build of the program, the
//! engine, and what the settings say about judging. It lies in the cache directory, so it may be lost, altered, or be another host's:
//! then the vectors run again.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;

use jurat_author::vectors::VectorLimits;
use jurat_disk::CacheDir;
use jurat_model::{Bytes, FuelSchedule};
use jurat_sandbox::{CodeKey, CodeStore, Sandbox};
use jurat_trust::Digest;

use crate::code_dir::CodeDir;
use crate::compiler::program_file;
use crate::settings::TenantSettings;

/// Says what the file is. The MAC covers it, so that no other use of the key can pass for this one.
const DOMAIN: &[u8; 16] = b"jurat proof v1\r\n";
const TAG: usize = 32;
/// The size of all proofs: a thousand and some. Beyond it the least recently used one is removed.
const SIZE: Bytes = Bytes::kibi(64);

/// The proofs of one host.
pub(crate) struct Proofs {
    key: CodeKey,
    store: CodeDir,
    /// The program and the engine.
    host: String,
    sandbox: jurat_sandbox::Settings,
}

/// What is or may become proven: that the vectors of one release hold under the settings of a tenant.
#[derive(Clone, Copy)]
pub(crate) struct Claim<'a> {
    proofs: &'a Proofs,
    content: Digest,
}

impl Proofs {
    /// The proofs in a directory of their own, for the rules in a sandbox.
    ///
    /// # Errors
    /// When this build of the program cannot be told from others.
    pub(crate) fn new(key: CodeKey, directory: CacheDir, sandbox: &Sandbox) -> io::Result<Self> {
        let host = format!("{:?}", (build()?, sandbox.engine(), FuelSchedule::CURRENT, VectorLimits::DEFAULT));
        Ok(Self { key, store: CodeDir::new(directory, SIZE), host, sandbox: sandbox.settings().clone() })
    }

    /// What a release of a tenant needs: the digest of its manifest stands for all of its files.
    pub(crate) fn claim(&self, manifest: &Digest, settings: &TenantSettings) -> Claim<'_> {
        let parts = [manifest.to_string(), self.host.clone(), self.conditions(settings)];
        let mut content = Vec::new();
        for part in parts {
            content.extend((part.len() as u64).to_le_bytes());
            content.extend(part.as_bytes());
        }
        Claim { proofs: self, content: Digest::of(&content) }
    }

    /// Whatever the settings say that a verdict could depend on. Their debug format names every field, also one that is added later.
    fn conditions(&self, settings: &TenantSettings) -> String {
        // Every setting is here, so that somebody decides about a new one.
        let jurat_sandbox::Settings {
            memory_ceiling,
            stack,
            workers: _,
            instances: _,
            wait: _,
            compiler: _,
            compile: _,
            code: _,
        } = self.sandbox;
        let TenantSettings {
            rules: _,
            trust: _,
            unsigned: _,
            limits,
            sealed_wasi,
            isolation,
            suspension,
            chunk,
            max_record,
            max_file: _,
            max_findings,
            data: _,
            coordination: _,
            rates: _,
            allow_unavailable: _,
        } = settings;
        let judging = (isolation, suspension, chunk, max_record, max_findings);
        format!("{:?}", (memory_ceiling, stack, limits, sealed_wasi, judging))
    }
}

impl Claim<'_> {
    /// Whether this host has proven it before.
    pub(crate) fn is_proven(&self) -> bool {
        let Self { proofs: Proofs { key, store, .. }, content } = self;
        let name = content.to_string();
        let Some(found) = store.get(&name) else { return false };
        let tag = found.strip_prefix(DOMAIN).and_then(|tag| <&[u8; TAG]>::try_from(tag).ok());
        let is_proven = tag.is_some_and(|tag| key.is_tag(tag, DOMAIN, content.as_bytes()));
        if !is_proven {
            tracing::warn!(
                entry = name,
                "a proof that test vectors hold is not this host's: it is removed, and they run again"
            );
            store.remove(&name);
        }
        is_proven
    }

    /// Keeps that its vectors hold.
    pub(crate) fn keep(&self) {
        let Self { proofs: Proofs { key, store, .. }, content } = self;
        let tag = key.tag(DOMAIN, content.as_bytes());
        store.put(&content.to_string(), &[&DOMAIN[..], &tag].concat());
    }
}

impl fmt::Debug for Proofs {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Proofs").field("host", &self.host).finish_non_exhaustive()
    }
}

/// This build: the sources and dependencies of Jurat, and the file of the program. An application may have built it with other features.
///
/// The content of the file is not read: that takes as long as some hundred vectors. These numbers change with each replacement of the file.
fn build() -> io::Result<String> {
    let file = fs::metadata(program_file()?)?;
    let times = [file.mtime(), file.mtime_nsec(), file.ctime(), file.ctime_nsec()];
    Ok(format!("{} {} {} {} {times:?}", env!("CARGO_PKG_VERSION"), env!("JURAT_BUILD"), file.ino(), file.len()))
}
