//! `jurat release bytes`: writes the bytes to sign.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jurat_trust::Role;

use super::explain::{explain, waiting};
use super::judged;
use crate::exit::{CommandError, Exit};
use crate::output;
use crate::repository::WorkingCopy;
use crate::signer::warn_of_length;

const EXAMPLES: &str = "\
Example:
  jurat release bytes repository --role t-acme > pae.bin

The signature is Ed25519 over exactly these bytes, not over a digest of them. Add it with `jurat release add-signature`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    /// The role: `root`, `targets`, or that of a tenant, as in `t-acme`
    #[arg(long)]
    role: Role,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let Arguments { repository, role } = arguments;
    let copy = WorkingCopy::open(repository)?;
    let repository = copy.read(None)?;
    let Some(envelope) = repository.staged_envelope(role) else {
        return Err(CommandError::usage(format!("nothing is staged for {role}; {}", waiting(&repository))));
    };
    explain(&copy, &repository, role)?;
    judged::preview(&copy, &repository, role);
    let bytes = envelope.bytes_to_sign();
    warn_of_length(role, &bytes);
    let mut out = output::stdout();
    out.write_all(&bytes).and_then(|()| out.flush()).map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}
