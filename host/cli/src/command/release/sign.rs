//! `jurat release sign`: what makes hosts believe a repository.

use std::path::PathBuf;

use clap::Args;
use jurat_trust::publish::{Repository, StagedFile};
use jurat_trust::{KeyId, Role};

use super::explain::{explain, waiting};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::{WorkingCopy, shown};
use crate::signer::{SIGNERS, Signer, SignerArguments, short};

const EXAMPLES: &str = "\
Examples:
  jurat release sign repository --key keys/author.pem
  jurat release sign repository --key keys/reviewer.pem --role t-acme
  jurat release sign repository --public kms.pub.pem \\
      --key 'exec:openssl pkeyutl -sign -rawin -inkey k.pem | base64'

Says what is signed, and what it changes of what is published; checks every file of the releases in it; and adds a signature to \
everything that is staged and that the key may sign.";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n\n{SIGNERS}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    #[command(flatten)]
    signers: SignerArguments,
    /// Only this role: `root`, `targets`, or a tenant's, as in `t-acme`; can be given several times
    #[arg(long)]
    role: Vec<Role>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let copy = WorkingCopy::change(&arguments.repository)?;
    let mut repository = copy.read(None)?;
    let signers = arguments.signers.open()?;
    let (mut signed, mut explained) = (Vec::new(), Vec::new());
    for signer in &signers {
        for role in roles(&repository, signer, &arguments.role)? {
            if !explained.contains(&role) {
                output::progress(&format!("{role}:"));
                explain(&copy, &repository, &role)?;
                explained.push(role.clone());
            }
            let file = repository.sign(&role, &signer.for_role(&role))?;
            output::progress(&format!("signed      {role} {} with {}", file.version, KeyId::of(&signer.public())));
            signed.push(file);
        }
    }
    finish(&copy, &repository, &signed)
}

/// What a key signs now.
fn roles(repository: &Repository, signer: &Signer, wanted: &[Role]) -> Result<Vec<Role>, Failure> {
    let public = signer.public();
    let mut roles = repository.signable_by(&public);
    roles.retain(|role| wanted.is_empty() || wanted.contains(role));
    if !roles.is_empty() {
        return Ok(roles);
    }
    let key = short(&KeyId::of(&public));
    let wanted = if wanted.is_empty() { "" } else { " of what `--role` names" };
    Err(Failure::usage(format!(
        "the key {key}... may sign nothing{wanted} that is staged, or has signed it: {}",
        waiting(repository)
    )))
}

/// Writes what has more signatures now, and says what is missing.
pub(super) fn finish(copy: &WorkingCopy, repository: &Repository, signed: &[StagedFile]) -> Result<Exit, Failure> {
    // A later signature has the earlier ones too.
    for file in signed {
        copy.shelf().replace(&file.path, &file.bytes)?;
    }
    let mut is_ready = false;
    for status in repository.roles() {
        let Some((version, _, missing)) = status.staged else { continue };
        is_ready |= missing.is_empty();
        output::progress(&format!("staged      {} {version}: {missing}", status.role));
    }
    if is_ready {
        let shown = shown(copy.root());
        output::progress(&format!(
            "next        jurat release publish {} --key SNAPSHOT --key TIMESTAMP",
            shown.display()
        ));
    }
    Ok(Exit::Fine)
}
