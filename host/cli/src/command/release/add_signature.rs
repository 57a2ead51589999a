//! `jurat release add-signature`: adds signatures from other machines.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use jurat_disk::files;
use jurat_model::{Blame, Bytes};
use jurat_trust::publish::{Repository, StagedFile};
use jurat_trust::{Caps, Envelope, Role};

use super::explain::waiting;
use super::sign::finish;
use crate::exit::{CommandError, Exit};
use crate::output;
use crate::public_key::read_public_key;
use crate::repository::WorkingCopy;

const EXAMPLES: &str = "\
Examples:
  jurat release add-signature repository sent/2.t-acme.json
  jurat release add-signature repository --role t-acme \\
      --key reviewer.pub.pem --signature pae.sig

Adds the valid signatures of another copy of the staged file, by keys that may sign. Or adds one signature over the bytes that \
`jurat release bytes` writes, as 64 bytes or in base64.";

/// The longest signature file.
const SIGNATURE_FILE: Bytes = Bytes::kibi(4);

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// Another copy of the staged file
    #[arg(value_name = "ENVELOPE", required_unless_present = "signature", conflicts_with_all = ["role", "key", "signature"])]
    envelope: Option<PathBuf>,
    /// The signed role: `root`, `targets`, or that of a tenant, as in `t-acme`
    #[arg(long, requires = "key", requires = "signature")]
    role: Option<Role>,
    /// The public key of the signature
    #[arg(long, value_name = "PUB", requires = "role")]
    key: Option<PathBuf>,
    /// The file with the signature
    #[arg(long, value_name = "FILE", requires = "role")]
    signature: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::change(&arguments.repository)?;
    let mut repository = copy.read(None)?;
    let file = match arguments {
        Arguments { envelope: Some(envelope), .. } => merge(&mut repository, envelope)?,
        Arguments { role: Some(role), key: Some(key), signature: Some(signature), .. } => {
            let (key, signature) = (read_public_key(key)?, read_signature(signature)?);
            repository.add_signature(role, &key, &signature)?
        }
        _ => {
            return Err(CommandError::usage(
                "name another copy of the staged file, or `--role`, `--key` and `--signature`",
            ));
        }
    };
    output::progress(&format!("merged      {} {}", file.role, file.version));
    finish(&copy, &repository, &[file])
}

/// Adds the signatures of another copy. Its payload identifies the role.
fn merge(repository: &mut Repository, file: &Path) -> Result<StagedFile, CommandError> {
    let about = |error: &(dyn std::error::Error + 'static)| CommandError::about(Blame::Caller, file.display(), error);
    let bytes = files::read(file, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
    let envelope = Envelope::parse(&bytes, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
    let payload = envelope.unverified_payload();
    let staged = repository.staged_files().into_iter().map(|file| file.role);
    let same = staged
        .into_iter()
        .find(|role| repository.staged_envelope(role).is_some_and(|staged| staged.unverified_payload() == payload));
    let Some(role) = same else {
        return Err(CommandError::usage(format!(
            "{}: not a copy of a staged file, so its signatures are for something else; {}",
            file.display(),
            waiting(repository)
        )));
    };
    let before = repository.staged_files().into_iter().find(|file| file.role == role);
    let merged = repository.merge(&role, &bytes)?;
    if before.is_some_and(|before| before.bytes == merged.bytes) {
        output::complain("warning", "it has no new signature by a key that may sign");
    }
    Ok(merged)
}

fn read_signature(file: &Path) -> Result<[u8; 64], CommandError> {
    let bytes = files::read(file, SIGNATURE_FILE)
        .map_err(|error| CommandError::about(Blame::Caller, file.display(), &error))?;
    if let Ok(signature) = <[u8; 64]>::try_from(bytes.as_slice()) {
        return Ok(signature);
    }
    let text: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    decoded.ok_or_else(|| {
        CommandError::usage(format!("{}: not a signature: 64 bytes, or their base64, are expected", file.display()))
    })
}
