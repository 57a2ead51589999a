//! `jurat apikey`: makes, lists and revokes API keys of a server's clients.

use std::io::Write;
use std::num::NonZeroU64;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use jurat::Settings;
use jurat_identity::{
    ApiKeySettings, EditKeysError, Grant, KeyEntry, KeyFile, KeyId, NewKey, ParseKeyIdError, RateClass, Rates, Scope,
    Scopes, Tenants,
};
use jurat_model::{Blame, Excerpt, advice};
use jurat_results::plain;
use serde::Serialize;

use crate::exit::{CommandError, Exit};
use crate::host;
use crate::lifetime::Lifetime;
use crate::output::{self, ReportFormat};
use crate::settings::SettingsArguments;

pub(super) const EXAMPLES: &str = "\
Examples:
  openssl rand -hex 32 > pepper && chmod 600 pepper
  jurat apikey create --config local-config.yaml --name checkout \\
      --tenant loans --scope validate --scope discover
  jurat apikey list --config local-config.yaml

The configuration says where keys are kept: `server.api_keys.file` and `server.api_keys.pepper_file`. Running servers know a change \
within 30 seconds.";

const CREATE: &str = "\
Examples:
  jurat apikey create --config local-config.yaml --name checkout \\
      --tenant loans --scope validate --scope discover
  jurat apikey create --config local-config.yaml --name nightly \\
      --tenant loans --scope validate --expires 30d --rate records=50000000
  jurat apikey create --config local-config.yaml --name on-call --scope operator

Prints the key, which is shown this one time: only its MAC is kept. Scopes are `validate`, `discover`, `read-decisions` and `admin`, \
of the tenants of the key, and `operator`, of the host.";

const REVOKE: &str = "Example:\n  jurat apikey revoke --config local-config.yaml 5f2a90c1";
const LIST: &str = "Example:\n  jurat apikey list --config local-config.yaml --format json";

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make a key and print it
    #[command(after_help = CREATE)]
    Create(CreateArguments),
    /// List all keys, also those that were revoked
    #[command(after_help = LIST)]
    List(ListArguments),
    /// Take a key back; servers refuse it within 30 seconds
    #[command(after_help = REVOKE)]
    Revoke(RevokeArguments),
}

#[derive(Args, Debug)]
pub(super) struct CreateArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// What the key is for, for people
    #[arg(long, value_name = "TEXT")]
    name: String,
    /// A tenant that the key is for; repeatable. Default: the only one
    #[arg(long, value_name = "NAME")]
    tenant: Vec<String>,
    /// What the key permits; repeatable
    #[arg(long, value_name = "SCOPE", required = true, value_parser = scope)]
    scope: Vec<Scope>,
    /// After how long it is no longer valid
    #[arg(long, value_name = "LIFETIME", default_value = "365d")]
    expires: Lifetime,
    /// Let it be valid until it is revoked
    #[arg(long, conflicts_with = "expires")]
    never_expires: bool,
    /// A rate of its own instead of the usual one, as in `validate=1000` a minute; repeatable
    #[arg(long, value_name = "CLASS=NUMBER", value_parser = rate)]
    rate: Vec<(RateClass, NonZeroU64)>,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

#[derive(Args, Debug)]
pub(super) struct ListArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

#[derive(Args, Debug)]
pub(super) struct RevokeArguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The id of the key, as in `5f2a90c1` or `jk_5f2a90c1`
    #[arg(value_name = "ID", value_parser = id)]
    id: KeyId,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Create(arguments) => create(arguments),
        Command::List(arguments) => list(arguments),
        Command::Revoke(arguments) => revoke(arguments),
    }
}

fn create(arguments: &CreateArguments) -> Result<Exit, CommandError> {
    let settings = arguments.settings.read()?;
    let keys = keys(&settings)?;
    // Nobody needs to read parts of seconds.
    let now = Timestamp::from_second(host::now().as_second()).unwrap_or_else(|_| host::now());
    let expires = (!arguments.never_expires).then(|| now.saturating_add(arguments.expires.duration()));
    let new = NewKey {
        name: arguments.name.clone(),
        grant: grant(&arguments.scope, &arguments.tenant, &settings)?,
        rates: arguments.rate.iter().fold(Rates::default(), |rates, (class, rate)| rates.with(*class, *rate)),
        expires: expires.transpose().unwrap_or_default(),
    };
    let key = KeyFile::create(&keys.file, &keys.pepper, new, now).map_err(|error| refused(&error))?;
    let made = Made { id: key.id().to_string(), key: key.reveal() };
    let printed = arguments.format.print(&made, |out| writeln!(out, "{}", key.reveal()));
    printed.map_err(|error| CommandError::of_output(&error))?;
    output::progress(&format!("created   {}; the key is not shown again", key.id()));
    Ok(Exit::Success)
}

fn list(arguments: &ListArguments) -> Result<Exit, CommandError> {
    let settings = arguments.settings.read()?;
    let path = &keys(&settings)?.file;
    // Before the first key is made there is no file.
    let file =
        if path.exists() { KeyFile::read(path).map_err(|error| refused(&error.into()))? } else { KeyFile::default() };
    let now = host::now();
    let listed: Vec<_> = file.keys().map(|entry| Listed::of(entry, now)).collect();
    let printed = arguments.format.print(&listed, |out| {
        for key in &listed {
            writeln!(
                out,
                "{}  {:<8} {}  {}  {}  {}",
                key.id,
                key.state,
                key.expires.map_or("never expires       ".to_owned(), |expires| expires.to_string()),
                key.scopes.join(","),
                key.tenants.as_ref().map_or("(all tenants)".to_owned(), |tenants| tenants.join(",")),
                plain(key.name, 100),
            )?;
        }
        Ok(())
    });
    printed.map_err(|error| CommandError::of_output(&error))?;
    if listed.is_empty() {
        output::progress("there are no keys; `jurat apikey create` makes one");
    }
    Ok(Exit::Success)
}

fn revoke(arguments: &RevokeArguments) -> Result<Exit, CommandError> {
    let settings = arguments.settings.read()?;
    let revoked =
        KeyFile::revoke(&keys(&settings)?.file, arguments.id, host::now()).map_err(|error| refused(&error))?;
    output::progress(&format!(
        "revoked   {} {}; running servers refuse it within 30 seconds",
        revoked.id, revoked.name
    ));
    Ok(Exit::Success)
}

/// A key that was made.
#[derive(Serialize)]
struct Made<'a> {
    id: String,
    key: &'a str,
}

/// A key in a list.
#[derive(Serialize)]
struct Listed<'a> {
    id: String,
    name: &'a str,
    state: &'static str,
    scopes: Vec<&'static str>,
    /// None: all.
    tenants: Option<Vec<&'a str>>,
    rates: serde_json::Map<String, serde_json::Value>,
    created: Timestamp,
    expires: Option<Timestamp>,
    revoked: Option<Timestamp>,
}

impl<'a> Listed<'a> {
    fn of(entry: &'a KeyEntry, now: Timestamp) -> Self {
        let state = match entry {
            KeyEntry { revoked: Some(_), .. } => "revoked",
            KeyEntry { expires: Some(expires), .. } if *expires <= now => "expired",
            _ => "valid",
        };
        let rate = |class: RateClass| Some((class.name().to_owned(), entry.rates.get(class)?.get().into()));
        Self {
            id: entry.id.to_string(),
            name: &entry.name,
            state,
            scopes: entry.grant.scopes.iter().map(Scope::name).collect(),
            tenants: match &entry.grant.tenants {
                Tenants::All => None,
                Tenants::Listed(names) => Some(names.iter().map(|name| &**name).collect()),
            },
            rates: RateClass::ALL.into_iter().filter_map(rate).collect(),
            created: entry.created,
            expires: entry.expires,
            revoked: entry.revoked,
        }
    }
}

fn keys(settings: &Settings) -> Result<&ApiKeySettings, CommandError> {
    settings.server.auth.api_keys.as_ref().ok_or_else(|| {
        CommandError::usage(
            "the configuration does not say where keys are kept: set `server.api_keys.file` and `server.api_keys.pepper_file`",
        )
    })
}

fn grant(scopes: &[Scope], names: &[String], settings: &Settings) -> Result<Grant, CommandError> {
    let scopes: Scopes = scopes.iter().copied().collect();
    let known = || settings.tenants.keys().map(String::as_str);
    if let Some(name) = names.iter().find(|name| !settings.tenants.contains_key(*name)) {
        let advice = advice(name, known());
        return Err(CommandError::usage(format!("--tenant: there is no tenant `{}`{advice}", Excerpt::of(name))));
    }
    let tenants = match (names, settings.tenants.len()) {
        ([], _) if scopes.has(Scope::Operator) => Tenants::All,
        ([], 1) => Tenants::listed(known()),
        ([], _) => {
            return Err(CommandError::usage("--tenant: there are several tenants; name those that the key is for"));
        }
        (names, _) => Tenants::listed(names.iter().map(String::as_str)),
    };
    Ok(Grant { scopes, tenants })
}

fn scope(text: &str) -> Result<Scope, String> {
    let names = Scope::ALL.map(Scope::name);
    Scope::of_name(text).ok_or_else(|| format!("expected one of {}{}", names.join(", "), advice(text, names)))
}

fn rate(text: &str) -> Result<(RateClass, NonZeroU64), String> {
    let names = RateClass::ALL.map(RateClass::name);
    let expected = || format!("expected one of {} and a number, as in `validate=1000`", names.join(", "));
    let (name, number) = text.split_once('=').ok_or_else(expected)?;
    let class = RateClass::of_name(name).ok_or_else(|| format!("{}{}", expected(), advice(name, names)))?;
    Ok((class, number.parse().map_err(|_| expected())?))
}

fn id(text: &str) -> Result<KeyId, ParseKeyIdError> {
    // As logs have it.
    text.strip_prefix("jk_").unwrap_or(text).parse()
}

fn refused(error: &EditKeysError) -> CommandError {
    let blame = match error {
        EditKeysError::File(_) => Blame::Host,
        EditKeysError::Random(_) => Blame::Host,
        _ => Blame::Caller,
    };
    CommandError::about(blame, "API keys", error)
}
