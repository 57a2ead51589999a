//! A repository on a server, named by its URL on the command line.

use std::path::{Path, PathBuf};

use jurat::Settings;
use jurat::settings::{Location, Overrides};
use jurat_repository::Server;

use crate::exit::CommandError;

/// Whether a text is a URL and not a directory.
pub(in crate::command) fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// Opens the repository at a URL, with the HTTP settings of a host and the headers of the tenant that uses this URL, if given.
pub(in crate::command) fn open_server(url: &str, config: Option<&Path>) -> Result<Server, CommandError> {
    let Some(file) = config else { return Ok(Server::open(url, &Settings::new(".").http, &[].into())?) };
    let settings = Settings::read(file, &Overrides::new(PathBuf::new()).with_environment(std::env::vars_os()))?;
    let is_its = |rules: &Location| match rules {
        Location::Url(its) => its.as_str().trim_end_matches('/') == url.trim_end_matches('/'),
        Location::File(_) => false,
    };
    let tenant = settings.tenants.values().find(|tenant| is_its(&tenant.rules));
    match tenant
        .map(|tenant| Server::of(&tenant.rules, tenant.trust.as_ref(), &settings.http, &settings.headers))
        .transpose()?
        .flatten()
    {
        Some(server) => Ok(server),
        None => Ok(Server::open(url, &settings.http, &[].into())?),
    }
}
