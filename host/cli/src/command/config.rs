//! `jurat config`: prints all settings with explanations, or checks a configuration file.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use jurat::Settings;
use jurat::settings::{Key, Scope};
use serde::Serialize;

use crate::exit::{CommandError, EXIT_CODES, Exit};
use crate::output::{self, ReportFormat};
use crate::settings::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat config > local-config.yaml
  jurat config --keys
  jurat config check --config local-config.yaml";

const CHECK_EXAMPLES: &str = "\
Examples:
  jurat config check --config local-config.yaml
  jurat config check --config local-config.yaml --set limits.fuel=5000000

Also opens the files and directories that the configuration names, as the user who runs the command: run it as the user of the host. \
It creates nothing, and asks no server.
";

#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true, after_help = EXAMPLES)]
pub(super) struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print a list of all keys with their variables, defaults and meanings instead
    #[arg(long)]
    keys: bool,
    /// The format of the list
    #[arg(long, value_enum, default_value_t, requires = "keys")]
    format: ReportFormat,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a configuration, and show each problem with its position
    #[command(after_help = format!("{CHECK_EXAMPLES}\n{EXIT_CODES}"))]
    Check(SettingsArguments),
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let mut out = output::stdout();
    let written = match (&arguments.command, arguments.keys, arguments.format) {
        (Some(Command::Check(arguments)), _, _) => {
            let settings = arguments.read()?;
            settings.check_files(&arguments.file()?.display().to_string())?;
            check(&settings, &mut out)
        }
        (None, false, _) => out.write_all(Settings::EXAMPLE.as_bytes()),
        (None, true, ReportFormat::Text) => text(&mut out),
        (None, true, ReportFormat::Json) => json(&mut out),
    };
    written.and_then(|()| out.flush()).map_err(|error| CommandError::of_output(&error))?;
    Ok(Exit::Success)
}

/// Prints the tenants of a valid configuration.
fn check(settings: &Settings, out: &mut impl Write) -> io::Result<()> {
    let names: Vec<_> = settings.tenants.keys().map(String::as_str).collect();
    let tenants = if names.len() == 1 { "tenant" } else { "tenants" };
    writeln!(out, "no errors; {} {tenants}: {}. What it names can be read and used", names.len(), names.join(", "))
}

fn text(out: &mut impl Write) -> io::Result<()> {
    for key in Key::ALL {
        let Key { path, kind, meaning, .. } = key;
        let (variable, scope) = (key.variable(), scope(key.scope));
        let default = default(key).map_or_else(|| "required".to_owned(), |default| format!("default {default}"));
        writeln!(out, "{path}\n    {meaning}\n    {kind}, {default}, {variable}, {scope}")?;
    }
    Ok(())
}

/// The default of a setting; `None` if it is required.
fn default(key: &Key) -> Option<&'static str> {
    (key.default != Key::NEEDED).then_some(key.default)
}

fn scope(scope: Scope) -> &'static str {
    match scope {
        Scope::Tenant => "per tenant",
        Scope::Shared => "per tenant or for all tenants",
        _ => "per host",
    }
}

fn json(out: &mut impl Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Row {
        key: &'static str,
        kind: String,
        scope: &'static str,
        default: Option<&'static str>,
        variable: String,
        meaning: &'static str,
    }
    let rows = Key::ALL.iter().map(|key| Row {
        key: key.path,
        kind: key.kind.to_string(),
        scope: match key.scope {
            Scope::Tenant => "tenant",
            Scope::Shared => "shared",
            _ => "host",
        },
        default: default(key),
        variable: key.variable(),
        meaning: key.meaning,
    });
    jurat_results::write_json(out, &rows.collect::<Vec<_>>())?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(print: impl FnOnce(&mut Vec<u8>) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        print(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_key_is_printed() {
        let text = printed(text);
        let json: serde_json::Value = serde_json::from_str(&printed(json)).unwrap();
        assert_eq!(json.as_array().unwrap().len(), Key::ALL.len());
        assert!(text.contains("\nlimits.fuel\n"), "{text}");
        assert!(
            text.contains("    number, default 10000000, JURAT_LIMITS_FUEL, per tenant or for all tenants\n"),
            "{text}"
        );
        let proxy = json.as_array().unwrap().iter().find(|row| row["key"] == "http.proxy").unwrap();
        assert_eq!((proxy["variable"].as_str(), proxy["kind"].as_str()), (Some("JURAT_HTTP_PROXY"), Some("secret")));
    }

    #[test]
    fn what_is_in_order_is_told_in_one_line() {
        let mut settings = Settings::new("rules");
        assert_eq!(
            printed(|out| check(&settings, out)),
            "no errors; 1 tenant: default. What it names can be read and used\n"
        );
        let tenant = settings.tenants.values().next().unwrap().clone();
        settings.tenants.insert("acme".to_owned(), tenant);
        assert_eq!(
            printed(|out| check(&settings, out)),
            "no errors; 2 tenants: acme, default. What it names can be read and used\n"
        );
    }
}
