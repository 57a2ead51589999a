//! A repository on a server, as somebody names it on the command line.

use std::path::{Path, PathBuf};

use jurat::settings::{Location, Overrides};
use jurat::{RepositoryError, Server, Settings};

use crate::exit::{Exit, Failure};

/// Whether something names a server, and no directory.
pub(in crate::command) fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// The repository at a URL, reached as the settings of a host say, if there are any: also with the headers of the tenant whose it is.
pub(in crate::command) fn server(url: &str, config: Option<&Path>) -> Result<Server, Failure> {
    let Some(file) = config else { return Server::open(url, &Settings::new(".").http, &[].into()).map_err(failure) };
    let settings = Settings::read(file, &Overrides::new(PathBuf::new()).with_environment(std::env::vars_os()))?;
    let is_its = |rules: &Location| match rules {
        Location::Url(its) => its.as_str().trim_end_matches('/') == url.trim_end_matches('/'),
        Location::File(_) => false,
    };
    let tenant = settings.tenants.values().find(|tenant| is_its(&tenant.rules));
    match tenant
        .map(|tenant| Server::of(&tenant.rules, tenant.trust.as_ref(), &settings.http, &settings.headers))
        .transpose()
        .map_err(failure)?
        .flatten()
    {
        Some(server) => Ok(server),
        None => Server::open(url, &settings.http, &[].into()).map_err(failure),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it ends a chain of calls")]
fn failure(error: RepositoryError) -> Failure {
    Failure::new(Exit::from(error.blame()), jurat::chain(&error))
}
