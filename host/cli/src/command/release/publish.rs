//! `jurat release publish`: publishes staged metadata.

use std::path::PathBuf;

use clap::Args;
use jurat_trust::publish::{Amendment, Handover, Plan, PlanError, Repository, Summary};
use jurat_trust::{KeyId, Role};

use super::explain::explain;
use super::judged;
use super::upload::{UploadArguments, write_uploads};
use crate::command::root::named;
use crate::exit::{CommandError, Exit};
use crate::output;
use crate::repository::{PublisherSettings, WorkingCopy, published};
use crate::signer::{AnySigner, RoleSigner, SIGNERS, SignerArguments};

const EXAMPLES: &str = "\
Examples:
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem --to /srv/rules
  jurat release publish repository --key keys/snapshot.pem \\
      --key keys/timestamp.pem --plan --format json

Publishes all staged metadata that has enough signatures, in the directory of the repository. The timestamp is written last, so the \
command can be interrupted at any moment and run again. Only the timestamp is ever overwritten. Before that, the command checks the \
result as a host does, runs the test vectors of new releases, and runs those of the replaced releases on both. With `--to`, nothing is written \
if something newer is in that directory.";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n\n{SIGNERS}"))]
pub(in crate::command) struct Arguments {
    /// The repository
    #[arg(value_name = "REPO")]
    repository: PathBuf,
    #[command(flatten)]
    signers: SignerArguments,
    #[command(flatten)]
    upload: UploadArguments,
    /// Publish even if a rule judges differently than before under the same id
    #[arg(long)]
    accept_changes: bool,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE")]
    root: Option<PathBuf>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let Arguments { upload, accept_changes, root, .. } = arguments;
    let copy = WorkingCopy::change(&arguments.repository)?;
    let repository = copy.read(root.as_deref())?;
    let clock = PublisherSettings::read(&copy)?.clock(None)?;
    let signers = arguments.signers.open()?;
    let signers = online(&repository, &signers)?;
    let signers: Vec<&dyn jurat_trust::Signer> = signers.iter().map(|signer| signer as _).collect();
    let plan = match repository.plan(copy.files(), &signers, clock) {
        // Earlier publications can still be copied elsewhere.
        Err(PlanError::NothingReady { waiting }) if waiting.is_empty() && upload.is_elsewhere() => None,
        plan => Some(plan?),
    };
    let Some(plan) = plan else {
        output::progress("nothing is staged");
        let destination = upload.destination(&copy, &[])?;
        upload.run(&copy, &[], destination.as_ref())?;
        return Ok(Exit::Success);
    };
    for (role, _, _) in plan.summary.published.iter().filter(|(role, _, _)| repository.staged_envelope(role).is_some())
    {
        output::progress(&format!("{role}:"));
        explain(&copy, &repository, role)?;
    }
    judged::check(&copy, &repository, &plan, &listed(&repository, &plan), clock.now, *accept_changes)?;
    let destination = upload.destination(&copy, &plan.uploads)?;
    write_uploads(&copy, &plan)?;
    report_publication(&plan.summary);
    upload.run(&copy, &plan.uploads, destination.as_ref())?;
    Ok(Exit::Success)
}

/// The signers, each for the role that has its key.
pub(in crate::command) fn online<'a>(
    repository: &Repository,
    signers: &'a [AnySigner],
) -> Result<Vec<RoleSigner<'a>>, CommandError> {
    let mut roles = repository.roles();
    // While a key is being replaced, the old one may have to sign too.
    roles.extend(published(repository).roles());
    let role_of = |signer: &AnySigner| {
        let public = signer.public();
        let holds = |keys: &jurat_trust::KeySet| keys.keys().any(|(_, key)| *key == public);
        roles.iter().find(|status| status.keys.as_ref().is_some_and(holds)).map(|status| status.role.clone())
    };
    let online = |signer: &'a AnySigner| match role_of(signer) {
        Some(role @ (Role::Snapshot | Role::Timestamp)) => Ok(signer.for_role(&role)),
        found => {
            let key = named(repository, &KeyId::of(&signer.public()));
            let found = found.map_or_else(|| "no role".to_owned(), |role| format!("the role {role}"));
            Err(CommandError::usage(format!("the key {key} has {found}; this command signs snapshot and timestamp")))
        }
    };
    signers.iter().map(online).collect()
}

/// The releases that are new to hosts.
fn listed(repository: &Repository, plan: &Plan) -> Vec<Amendment> {
    let published = plan.summary.published.iter().map(|(role, _, _)| role);
    let amendments = published.flat_map(|role| repository.amendments(role));
    amendments.filter(|amendment| matches!(amendment, Amendment::Listed { .. })).collect()
}

/// Prints what was published.
pub(in crate::command) fn report_publication(summary: &Summary) {
    let Summary { published, waiting, handover } = summary;
    for (role, version, expires) in published {
        output::progress(&format!("published   {role} {version}, until {expires}"));
    }
    for (role, missing) in waiting {
        output::progress(&format!("waiting     {role}: {missing}"));
    }
    match handover {
        Handover::None => {}
        Handover::Seamless => output::progress("keys replaced; the old and the new keys have signed"),
        Handover::Gap => output::complain(
            "warning",
            "the old keys have not signed: a host that polls between the upload of root and that of the timestamp keeps its release, \
             and polls again",
        ),
    }
}
