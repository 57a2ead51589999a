//! Selects a tenant's state by the settings of a host.

use jurat_model::advice;
use jurat_repository::{HostState, HostStateError};

use crate::settings::Settings;

/// The state of a tenant on the host with these settings; of the only tenant if none is named.
///
/// # Errors
/// When there is no such tenant, or no state directory.
///
/// ```no_run
/// # fn f(settings: &jurat::Settings) -> Result<(), jurat::HostStateError> {
/// use jurat::host_state;
///
/// for release in host_state(settings, None)?.kept()? {
///     println!("{} {}, since {}", release.name, release.version, release.since);
/// }
/// # Ok(())
/// # }
/// ```
pub fn host_state(settings: &Settings, tenant: Option<&str>) -> Result<HostState, HostStateError> {
    let name = match tenant {
        Some(name) if settings.tenants.contains_key(name) => name,
        Some(name) => {
            let advice = advice(name, settings.tenants.keys().map(String::as_str));
            return Err(HostStateError::UnknownTenant { name: name.to_owned(), advice });
        }
        None if settings.tenants.len() > 1 => return Err(HostStateError::TenantNeeded),
        None => settings.tenants.keys().next().map_or(Settings::DEFAULT_TENANT, String::as_str),
    };
    let state = HostState::open(settings.state.as_deref().ok_or(HostStateError::Nowhere)?, settings.parents, name)?;
    Ok(state.with_trust(settings.tenants.get(name).and_then(|tenant| tenant.trust.clone())))
}
