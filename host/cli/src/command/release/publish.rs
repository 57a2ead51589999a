//! `jurat release publish`: what makes hosts see a release.

use std::path::PathBuf;

use clap::Args;
use jurat_trust::publish::{Amendment, Handover, Plan, PlanError, Repository, Summary};
use jurat_trust::{KeyId, Role};

use super::explain::explain;
use super::judged;
use super::upload::{Destination, carry_out};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::{PublisherSettings, WorkingCopy, published};
use crate::signer::{RoleSigner, SIGNERS, Signer, SignerArguments, short};

const EXAMPLES: &str = "\
Examples:
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem --to /srv/rules
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem --plan --format json

Publishes all that is staged and has enough signatures, in the repository's own directory: files that nobody looks for yet first, \
the timestamp last, so that it can be broken off at any moment and begun again. Nothing but the timestamp is ever overwritten. \
Before that, the result is checked as a host does it, the test vectors of new releases are run, and those of the releases that they \
replace are run on both.";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n\n{SIGNERS}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    #[command(flatten)]
    signers: SignerArguments,
    #[command(flatten)]
    destination: Destination,
    /// Publish also where a rule judges otherwise than before under the same id
    #[arg(long)]
    accept_changes: bool,
    /// The root that hosts have pinned, instead of the first one of the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { destination, accept_changes, root, .. } = arguments;
    let copy = WorkingCopy::change(&arguments.repository)?;
    let repository = copy.read(root.as_deref())?;
    let clock = PublisherSettings::read(&copy)?.clock(None)?;
    let signers = arguments.signers.open()?;
    let signers = online(&repository, &signers)?;
    let signers: Vec<&dyn jurat_trust::Signer> = signers.iter().map(|signer| signer as _).collect();
    let plan = match repository.plan(copy.files(), &signers, clock) {
        // Somebody may want elsewhere what was published before.
        Err(PlanError::NothingReady { waiting }) if waiting.is_empty() && destination.is_elsewhere() => None,
        plan => Some(plan?),
    };
    let Some(plan) = plan else {
        output::progress("nothing is staged");
        destination.serve(&copy, &[])?;
        return Ok(Exit::Fine);
    };
    for (role, _, _) in plan.summary.published.iter().filter(|(role, _, _)| repository.staged_envelope(role).is_some())
    {
        output::progress(&format!("{role}:"));
        explain(&copy, &repository, role)?;
    }
    judged::check(&copy, &repository, &plan, &listed(&repository, &plan), clock.now, *accept_changes)?;
    carry_out(&copy, &plan)?;
    tell(&plan.summary);
    destination.serve(&copy, &plan.uploads)?;
    Ok(Exit::Fine)
}

/// The signers, each for the role that has its key.
pub(in crate::command) fn online<'a>(
    repository: &Repository,
    signers: &'a [Signer],
) -> Result<Vec<RoleSigner<'a>>, Failure> {
    let mut roles = repository.roles();
    // While a key is replaced, the old one may have to sign too.
    roles.extend(published(repository).roles());
    let role_of = |signer: &Signer| {
        let public = signer.public();
        let holds = |keys: &jurat_trust::KeySet| keys.keys().any(|(_, key)| *key == public);
        roles.iter().find(|status| status.keys.as_ref().is_some_and(holds)).map(|status| status.role.clone())
    };
    let online = |signer: &'a Signer| match role_of(signer) {
        Some(role @ (Role::Snapshot | Role::Timestamp)) => Ok(signer.for_role(&role)),
        found => {
            let key = short(&KeyId::of(&signer.public()));
            let found = found.map_or_else(|| "no role".to_owned(), |role| format!("the role {role}"));
            Err(Failure::usage(format!("the key {key}... has {found}, but snapshot and timestamp are signed here")))
        }
    };
    signers.iter().map(online).collect()
}

/// The releases that hosts will see and do not see yet.
fn listed(repository: &Repository, plan: &Plan) -> Vec<Amendment> {
    let published = plan.summary.published.iter().map(|(role, _, _)| role);
    let amendments = published.flat_map(|role| repository.amendments(role));
    amendments.filter(|amendment| matches!(amendment, Amendment::Listed { .. })).collect()
}

/// Says what has happened.
pub(in crate::command) fn tell(summary: &Summary) {
    let Summary { published, waiting, handover } = summary;
    for (role, version, expires) in published {
        output::progress(&format!("published   {role} {version}, until {expires}"));
    }
    for (role, missing) in waiting {
        output::progress(&format!("waits       {role}: {missing}"));
    }
    match handover {
        Handover::None => {}
        Handover::Seamless => output::progress("handed over from the old keys to the new ones, which both have signed"),
        Handover::Gap => output::complain(
            "warning",
            "the old keys have not signed: hosts that looked between the upload of root and that of the timestamp keep what they \
             have, and look again",
        ),
    }
}
