//! `jurat release add-signature`: signatures from other machines.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use jurat_disk::files;
use jurat_model::Bytes;
use jurat_trust::publish::{Repository, StagedFile};
use jurat_trust::{Caps, Envelope, Role};

use super::explain::waiting;
use super::sign::finish;
use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::WorkingCopy;

const EXAMPLES: &str = "\
Examples:
  jurat release add-signature repository sent/2.t-acme.json
  jurat release add-signature repository --role t-acme \\
      --key reviewer.pub.pem --signature pae.sig

Takes the signatures of another copy of what is staged, as far as they hold and are by keys that may sign; or one signature of the \
bytes that `jurat release bytes` writes, as 64 bytes or in base64.";

/// The longest file with one signature.
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
    /// The role that was signed: `root`, `targets`, or a tenant's, as in `t-acme`
    #[arg(long, requires = "key", requires = "signature")]
    role: Option<Role>,
    /// The public key that belongs to the signature
    #[arg(long, value_name = "PUB", requires = "role")]
    key: Option<PathBuf>,
    /// The signature
    #[arg(long, value_name = "FILE", requires = "role")]
    signature: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let copy = WorkingCopy::change(&arguments.repository)?;
    let mut repository = copy.read(None)?;
    let file = match arguments {
        Arguments { envelope: Some(envelope), .. } => merge(&mut repository, envelope)?,
        Arguments { role: Some(role), key: Some(key), signature: Some(signature), .. } => {
            let (key, signature) = (jurat::read_public_key(key)?, read_signature(signature)?);
            repository.add_signature(role, &key, &signature)?
        }
        _ => return Err(Failure::usage("name another copy, or `--role`, `--key` and `--signature`")),
    };
    output::progress(&format!("merged      {} {}", file.role, file.version));
    finish(&copy, &repository, &[file])
}

/// Whose copy it is, its payload says.
fn merge(repository: &mut Repository, file: &Path) -> Result<StagedFile, Failure> {
    let about = |error: &(dyn std::error::Error + 'static)| Failure::about(Exit::Usage, file.display(), error);
    let bytes = files::read(file, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
    let envelope = Envelope::parse(&bytes, Caps::DEFAULT.targets).map_err(|error| about(&error))?;
    let payload = envelope.unverified_payload();
    let staged = repository.staged_files().into_iter().map(|file| file.role);
    let same = staged
        .into_iter()
        .find(|role| repository.staged_envelope(role).is_some_and(|staged| staged.unverified_payload() == payload));
    let Some(role) = same else {
        return Err(Failure::usage(format!(
            "{}: it is a copy of nothing that is staged here, so its signatures are for something else; {}",
            file.display(),
            waiting(repository)
        )));
    };
    let before = repository.staged_files().into_iter().find(|file| file.role == role);
    let merged = repository.merge(&role, &bytes)?;
    if before.is_some_and(|before| before.bytes == merged.bytes) {
        output::complain("warning", "it has no signature by a key that may sign, other than those that are here");
    }
    Ok(merged)
}

fn read_signature(file: &Path) -> Result<[u8; 64], Failure> {
    let bytes =
        files::read(file, SIGNATURE_FILE).map_err(|error| Failure::about(Exit::Usage, file.display(), &error))?;
    if let Ok(signature) = <[u8; 64]>::try_from(bytes.as_slice()) {
        return Ok(signature);
    }
    let text: Vec<u8> = bytes.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let decoded = STANDARD.decode(text).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
    decoded.ok_or_else(|| {
        Failure::usage(format!("{}: it is no signature: 64 bytes, or these in base64, are expected", file.display()))
    })
}
