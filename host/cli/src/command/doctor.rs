//! `jurat doctor`: checks a repository, and how hosts reach it, for problems.

use std::path::{Path, PathBuf};

use clap::Args;
use jurat::settings::Location;
use jurat_repository::Server;
use jurat_trust::Demands;

use super::mirror::{is_url, open_server};
use crate::exit::{CommandError, Exit};
use crate::output::{self, ReportFormat};
use crate::repository::{WorkingCopy, read_anchor};
use crate::settings::SettingsArguments;

mod caching;
mod check;
mod directory;
mod host;
mod server;

use check::{Check, exit};
use host::SeenVersions;

const EXAMPLES: &str = "\
Examples:
  jurat doctor repository
  jurat doctor https://rules.example.com/acme --root root.json
  jurat doctor --config local-config.yaml --format json

For a directory, checks expiries, the number of keys, staged metadata, and whether all files are there. For a server, checks whether \
hosts get the files, how long caches keep them, and whether the clocks agree. With the configuration of a host, checks each tenant, with \
the HTTP settings of the host, and compares it with the versions that the host has seen.

Exit codes:
  0  no problems
  1  warnings: act soon
  3  hosts refuse something
  4  hosts cannot reach something";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The repository: its directory, or the URL that hosts use; default: the repositories of the configuration
    #[arg(value_name = "REPO|URL")]
    repository: Option<String>,
    /// The root that hosts have pinned; default: the first root in the repository
    #[arg(long, value_name = "FILE", requires = "repository")]
    root: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let checks = match arguments.repository.as_deref() {
        Some(url) if is_url(url) => of_url(url, arguments.root.as_deref())?,
        Some(directory) => directory::check(&WorkingCopy::open(Path::new(directory))?, arguments.root.as_deref())?,
        None => of_settings(&arguments.settings)?,
    };
    let printed = arguments.format.print(&checks, |out| checks.iter().try_for_each(|check| check.write(out)));
    printed.map_err(|error| CommandError::of_output(&error))?;
    Ok(exit(&checks))
}

fn of_url(url: &str, root: Option<&Path>) -> Result<Vec<Check>, CommandError> {
    let server = open_server(url, None)?;
    let anchor = match root {
        Some(root) => Some(read_anchor(root)?),
        None => {
            output::complain("warning", "without `--root`, the first root of the server is trusted");
            None
        }
    };
    Ok(server::check(&server, anchor, Demands::default(), None, &SeenVersions::default()))
}

fn of_settings(settings: &SettingsArguments) -> Result<Vec<Check>, CommandError> {
    let settings = settings.read()?;
    let mut checks = Vec::new();
    for (name, tenant) in &settings.tenants {
        let found = match (&tenant.trust, &tenant.rules) {
            (Some(trust), rules) => {
                let anchor = host::anchor(trust)?;
                let demands =
                    Demands { repository: trust.repository.clone(), floors: trust.floors, ..Demands::default() };
                let (target, seen) = (Some(&trust.release), SeenVersions::of(&settings, name));
                let server = Server::of(&tenant.rules, tenant.trust.as_ref(), &settings.http, &settings.headers)?;
                match (server, rules) {
                    (Some(server), _) => server::check(&server, Some(anchor), demands, target, &seen),
                    (None, Location::File(directory)) => {
                        let files = jurat_disk::files::Directory::new(directory);
                        let mut checks = Vec::new();
                        host::refresh(&files, anchor, demands, target, &seen, &mut checks);
                        checks
                    }
                    (None, Location::Url(_)) => Vec::new(),
                }
            }
            (None, Location::File(directory)) => {
                let what =
                    format!("{} is not signed; hosts use it because the settings allow that", directory.display());
                vec![Check::ok("rules", what)]
            }
            (None, Location::Url(url)) => {
                return Err(CommandError::usage(format!(
                    "{name}: {url}: a repository on a server needs `trust`; see `jurat config`"
                )));
            }
        };
        let is_only = settings.tenants.len() == 1;
        checks.extend(found.into_iter().map(|check| if is_only { check } else { check.of_tenant(name) }));
    }
    Ok(checks)
}
