//! `jurat release sign`: signs staged metadata.

use std::path::PathBuf;

use clap::Args;
use jurat_trust::publish::{Repository, StagedFile};
use jurat_trust::{KeyId, Role};

use super::explain::{explain, waiting};
use super::judged;
use crate::command::root::{named, next};
use crate::exit::{CommandError, Exit};
use crate::output;
use crate::repository::WorkingCopy;
use crate::signer::{AnySigner, SIGNERS, SignerArguments};

const EXAMPLES: &str = "\
Examples:
  jurat release sign repository --key keys/author.pem
  jurat release sign repository --key keys/reviewer.pem --role t-acme
  jurat release sign repository --public kms.pub.pem \\
      --key 'exec:openssl pkeyutl -sign -rawin -inkey k.pem | base64'

Shows the changes to the published metadata, down to rulesets, field maps and schemas, and which verdicts on test vectors differ; checks \
every file of the listed releases; and adds a signature to all staged metadata \
that the key may sign.";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n\n{SIGNERS}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    #[command(flatten)]
    signers: SignerArguments,
    /// Sign only this role: `root`, `targets`, or that of a tenant, as in `t-acme`; repeatable
    #[arg(long)]
    role: Vec<Role>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let copy = WorkingCopy::change(&arguments.repository)?;
    let mut repository = copy.read(None)?;
    let signers = arguments.signers.open()?;
    let (mut signed, mut explained) = (Vec::new(), Vec::new());
    for signer in &signers {
        for role in roles(&repository, signer, &arguments.role)? {
            if !explained.contains(&role) {
                output::progress(&format!("{role}:"));
                explain(&copy, &repository, &role)?;
                judged::preview(&copy, &repository, &role);
                explained.push(role.clone());
            }
            let file = repository.sign(&role, &signer.for_role(&role))?;
            let key = named(&repository, &KeyId::of(&signer.public()));
            output::progress(&format!("signed      {role} {} with {key}", file.version));
            signed.push(file);
        }
    }
    finish(&copy, &repository, &signed)
}

/// The staged roles that a key can sign now.
fn roles(repository: &Repository, signer: &AnySigner, wanted: &[Role]) -> Result<Vec<Role>, CommandError> {
    let public = signer.public();
    let mut roles = repository.signable_by(&public);
    roles.retain(|role| wanted.is_empty() || wanted.contains(role));
    if !roles.is_empty() {
        return Ok(roles);
    }
    let key = named(repository, &KeyId::of(&public));
    let which = if wanted.is_empty() { "staged role" } else { "role that `--role` names" };
    Err(CommandError::usage(format!(
        "the key {key} cannot sign any {which}, or has signed already: {}",
        waiting(repository)
    )))
}

/// Writes the signed metadata, and prints the missing signatures.
pub(super) fn finish(copy: &WorkingCopy, repository: &Repository, signed: &[StagedFile]) -> Result<Exit, CommandError> {
    // A later file also has the earlier signatures.
    for file in signed {
        copy.writer().replace(&file.path, &file.bytes)?;
    }
    for status in repository.roles() {
        let Some((version, _, missing)) = status.staged else { continue };
        output::progress(&format!("staged      {} {version}: {missing}", status.role));
    }
    next(copy.root(), repository);
    Ok(Exit::Success)
}
