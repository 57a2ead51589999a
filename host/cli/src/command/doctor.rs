//! `jurat doctor`: what will go wrong with a repository, or with the way to it, if nobody does anything.

use std::io::Write;
use std::path::{Path, PathBuf};

use clap::Args;
use jurat::{Server, settings::Location};
use jurat_trust::Demands;

use super::inspect::Format;
use super::mirror::{is_url, server};
use crate::exit::{Exit, Failure};
use crate::output;
use crate::repository::{WorkingCopy, read_anchor};
use crate::settings::SettingsArguments;

mod caching;
mod directory;
mod finding;
mod host;
mod way;

use finding::{Finding, exit};
use host::Seen;

const EXAMPLES: &str = "\
Examples:
  jurat doctor repository
  jurat doctor https://rules.example.com/acme --root root.json
  jurat doctor --config local-config.yaml --format json

A publisher's directory: what expires, whose keys are few, what is staged, whether everything is there. A server: whether hosts get what \
they ask for, how long caches keep it, and whether the clocks agree. With the configuration of a host, each of its tenants, reached as \
the host reaches it, and held against what the host has seen.

Ends with 3 if hosts would refuse something, otherwise with 4 if they cannot get it, otherwise with 1 if something should be done soon, and \
with 0 if all is well.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The repository: its directory, or the URL that hosts have; without it, those of the configuration
    #[arg(value_name = "REPO|URL")]
    repository: Option<String>,
    /// The root that hosts have pinned; without it, the first one of the repository is believed
    #[arg(long, value_name = "FILE", requires = "repository")]
    root: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArguments,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let findings = match arguments.repository.as_deref() {
        Some(url) if is_url(url) => of_url(url, arguments.root.as_deref())?,
        Some(directory) => directory::look(&WorkingCopy::open(Path::new(directory))?, arguments.root.as_deref())?,
        None => of_settings(&arguments.settings)?,
    };
    let mut out = output::stdout();
    let written = match arguments.format {
        Format::Text => findings.iter().try_for_each(|finding| finding.write(&mut out)),
        Format::Json => output::write_json(&mut out, &findings).and_then(|()| writeln!(out)),
    };
    written.and_then(|()| out.flush()).map_err(|error| Failure::of_output(&error))?;
    Ok(exit(&findings))
}

fn of_url(url: &str, root: Option<&Path>) -> Result<Vec<Finding>, Failure> {
    let server = server(url, None)?;
    let anchor = match root {
        Some(root) => Some(read_anchor(root)?),
        None => {
            output::complain("warning", "without `--root`, whatever root the server shows first is believed");
            None
        }
    };
    Ok(way::look(&server, anchor, Demands::default(), None, &Seen::default()))
}

fn of_settings(settings: &SettingsArguments) -> Result<Vec<Finding>, Failure> {
    let settings = settings.read()?;
    let mut findings = Vec::new();
    for (name, tenant) in &settings.tenants {
        let found = match (&tenant.trust, &tenant.rules) {
            (Some(trust), rules) => {
                let anchor = host::anchor(trust)?;
                let demands =
                    Demands { repository: trust.repository.clone(), floors: trust.floors, ..Demands::default() };
                let (target, seen) = (Some(&trust.release), Seen::of(&settings, name));
                let server = Server::of(&tenant.rules, tenant.trust.as_ref(), &settings.http, &settings.headers)
                    .map_err(|error| Failure::new(error.blame().into(), jurat::chain(&error)))?;
                match (server, rules) {
                    (Some(server), _) => way::look(&server, Some(anchor), demands, target, &seen),
                    (None, Location::File(directory)) => {
                        let files = jurat_disk::files::Directory::new(directory);
                        let mut findings = Vec::new();
                        host::refresh(&files, anchor, demands, target, &seen, &mut findings);
                        findings
                    }
                    (None, Location::Url(_)) => Vec::new(),
                }
            }
            (None, Location::File(directory)) => {
                let what = format!("nothing was signed in {}: `jurat validate` runs it", directory.display());
                vec![Finding::ok("rules", what)]
            }
            (None, Location::Url(url)) => {
                return Err(Failure::usage(format!("{name}: {url}: a repository needs `trust`; see `jurat config`")));
            }
        };
        let is_only = settings.tenants.len() == 1;
        findings.extend(found.into_iter().map(|finding| if is_only { finding } else { finding.of_tenant(name) }));
    }
    Ok(findings)
}
