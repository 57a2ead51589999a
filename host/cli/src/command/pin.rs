//! `jurat pin`, `rollback` and `unpin`: pins a host to a release, also while it runs, and without its repository.

use clap::Args;
use jurat::{EarlierRelease, HostState};

use crate::exit::{CommandError, Exit};
use crate::settings::SettingsArguments;
use crate::{host, output};

const PIN: &str = "\
Examples:
  jurat status --config local-config.yaml
  jurat pin --config local-config.yaml 3f2a9c41 --reason 'too strict'

Running hosts with the same `state_dir` switch within a second, and keep the release across restarts, until `jurat unpin`. The host \
must have kept the release, and verifies it again before use. A revoked release is refused.";

const ROLLBACK: &str = "\
Example:
  jurat rollback --config local-config.yaml --reason 'too strict'

Equivalent to `jurat pin` with the release that served before the current one.";

const UNPIN: &str = "Example:\n  jurat unpin --config local-config.yaml";

#[derive(Args, Debug)]
#[command(after_help = PIN)]
pub(super) struct PinArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The SHA-256 of the manifest of the release, or a unique prefix of it
    #[arg(value_name = "MANIFEST")]
    manifest: String,
    #[command(flatten)]
    pin: PinOptions,
}

#[derive(Args, Debug)]
#[command(after_help = ROLLBACK)]
pub(super) struct RollbackArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    #[command(flatten)]
    pin: PinOptions,
}

#[derive(Args, Debug)]
#[command(after_help = UNPIN)]
pub(super) struct UnpinArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The tenant; needed if the configuration has several
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
}

#[derive(Args, Debug)]
struct PinOptions {
    /// The tenant; needed if the configuration has several
    #[arg(long, value_name = "NAME")]
    tenant: Option<String>,
    /// The reason, which `jurat status` shows
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

pub(super) fn pin(arguments: &PinArguments) -> Result<Exit, CommandError> {
    let PinArguments { settings, manifest, pin } = arguments;
    let pinned = pin.state(settings)?.pin(manifest, host::now(), pin.reason.clone())?;
    report(&pinned);
    Ok(Exit::Success)
}

pub(super) fn rollback(arguments: &RollbackArguments) -> Result<Exit, CommandError> {
    let RollbackArguments { settings, pin } = arguments;
    let pinned = pin.state(settings)?.rollback(host::now(), pin.reason.clone())?;
    report(&pinned);
    Ok(Exit::Success)
}

fn report(pinned: &EarlierRelease) {
    output::progress(&format!("pinned    {} {}  {}", pinned.name, pinned.version, pinned.manifest));
    if pinned.revoked.is_none() {
        output::complain(
            "warning",
            "whether it was revoked is unknown here, because the trusted root or the stored metadata cannot be read; hosts check that \
             before they use it",
        );
    }
}

pub(super) fn unpin(arguments: &UnpinArguments) -> Result<Exit, CommandError> {
    let state = jurat::host_state(&arguments.settings.read()?, arguments.tenant.as_deref())?;
    let pinned = state.pinned()?;
    state.unpin()?;
    output::progress(match pinned {
        Some(_) => "unpinned  the newest release serves again",
        None => "no release was pinned",
    });
    Ok(Exit::Success)
}

impl PinOptions {
    fn state(&self, settings: &SettingsArguments) -> Result<HostState, CommandError> {
        Ok(jurat::host_state(&settings.read()?, self.tenant.as_deref())?)
    }
}
