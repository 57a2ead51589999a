//! `jurat pin`, `rollback` and `unpin`: which release a host stays with, also while it runs, and while its repository is away.

use clap::Args;
use jurat::HostState;

use crate::exit::{Exit, Failure};
use crate::settings::SettingsArguments;
use crate::{host, output};

const PIN: &str = "\
Examples:
  jurat status --config local-config.yaml
  jurat pin --config local-config.yaml 3f2a9c41 --reason 'too strict'

Running hosts with the same `state_dir` follow within a second, and stay with the release also after a restart, until `jurat unpin`. \
It must be one that this host has kept, and is checked again before it is used.";

const ROLLBACK: &str = "\
Example:
  jurat rollback --config local-config.yaml --reason 'too strict'

The same as `jurat pin` with the release that served before the present one.";

const UNPIN: &str = "Example:\n  jurat unpin --config local-config.yaml";

#[derive(Args, Debug)]
#[command(after_help = PIN)]
pub(super) struct PinArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The SHA-256 of the release's manifest, or enough of its beginning
    #[arg(value_name = "MANIFEST")]
    manifest: String,
    #[command(flatten)]
    about: About,
}

#[derive(Args, Debug)]
#[command(after_help = ROLLBACK)]
pub(super) struct RollbackArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    about: About,
}

#[derive(Args, Debug)]
#[command(after_help = UNPIN)]
pub(super) struct UnpinArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Whose release, if there are several tenants
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

#[derive(Args, Debug)]
struct About {
    /// Whose release, if there are several tenants
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// Why, for whoever looks at the status
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) fn pin(arguments: &PinArguments) -> Result<Exit, Failure> {
    let PinArguments { settings, manifest, about } = arguments;
    let held = about.state(settings)?.pin(manifest, host::now(), about.reason.clone())?;
    output::progress(&format!("pinned    {} {}  {}", held.name, held.version, held.manifest));
    Ok(Exit::Fine)
}

pub(super) fn rollback(arguments: &RollbackArguments) -> Result<Exit, Failure> {
    let RollbackArguments { settings, about } = arguments;
    let held = about.state(settings)?.rollback(host::now(), about.reason.clone())?;
    output::progress(&format!("pinned    {} {}  {}", held.name, held.version, held.manifest));
    Ok(Exit::Fine)
}

pub(super) fn unpin(arguments: &UnpinArguments) -> Result<Exit, Failure> {
    let state = jurat::host_state(&arguments.settings.read()?, arguments.tenant.as_deref())?;
    let held = state.pinned()?;
    state.unpin()?;
    output::progress(match held {
        Some(_) => "unpinned  the newest release serves again",
        None => "no release was pinned",
    });
    Ok(Exit::Fine)
}

impl About {
    fn state(&self, settings: &SettingsArguments) -> Result<HostState, Failure> {
        Ok(jurat::host_state(&settings.read()?, self.tenant.as_deref())?)
    }
}
