//! `jurat rpc`: serves JSON-RPC.

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use jiff::Timestamp;
use jurat::settings::{DataRoots, Http, ServerSettings};
use jurat::{Service, Settings};
use jurat_identity::Authenticator;
use jurat_log::LogFormat;
use jurat_model::Blame;
use jurat_server::rpc::JsonRpc;
use jurat_server::{Ended, Listener, Remote, Server, run as run_server};

use crate::exit::{CommandError, Exit};
use crate::host;
use crate::number;
use crate::output;
use crate::settings::SettingsArguments;

const EXAMPLES: &str = "\
Examples:
  jurat rpc --config local-config.yaml
  jurat rpc --config local-config.yaml --port 7070 --log-format json
  jurat rpc --config local-config.yaml --unix /run/jurat/rules.sock
  jurat rpc --config local-config.yaml --port 7070 --host 0.0.0.0 \\
      --allow-remote --set server.token_file=token \\
      --set server.tls.certificate=cert.pem --set server.tls.key=key.pem

Speaks JSON-RPC 2.0, one message on each line; docs/json-rpc.md describes the methods. With a port or a socket, the command \
prints one line with its address, as in {\"listening\":\"127.0.0.1:7070\"}, and `data_roots` must list the directories from which \
clients may read files. The first SIGTERM or SIGINT lets running requests finish; the second ends the process at once.
";

/// The exit codes of a server. Verdicts go to clients and do not decide them.
pub(super) const EXIT_CODES: &str = "\
Exit codes:
  0  success: every request was answered
  2  usage or configuration: the server did not start
  3  trust: a signature, a digest, a version or an expiry is invalid, or the sandbox refuses a component
  4  host: a port or a socket is not available, requests were aborted, or the only client stopped reading";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Listen on a TCP port instead of serving standard input; 0 picks a free port
    #[arg(long, value_name = "PORT", value_parser = number::whole::<u16>(0..=65_535), conflicts_with = "unix")]
    port: Option<u16>,
    /// The address to listen on
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", requires = "port")]
    host: String,
    /// Listen on a Unix socket that only this user can connect to
    #[arg(long, value_name = "PATH")]
    unix: Option<PathBuf>,
    /// Accept other machines; also needs a certificate and a token, see `rpc` in the configuration
    #[arg(long, requires = "port")]
    allow_remote: bool,
    /// The format of the log, which has a line for each request
    #[arg(long, value_enum, default_value_t)]
    pub(super) log_format: LogFormatChoice,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub(super) enum LogFormatChoice {
    /// For people
    #[default]
    Text,
    /// One JSON object on each line
    Json,
}

impl From<LogFormatChoice> for LogFormat {
    fn from(choice: LogFormatChoice) -> Self {
        match choice {
            LogFormatChoice::Text => Self::Text,
            LogFormatChoice::Json => Self::Json,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let mut settings = arguments.settings.read()?;
    if arguments.listens() {
        forbid_working_directory(&mut settings);
    }
    if let Some(path) = &arguments.unix {
        Listener::clear_unix(path)?;
    }
    let service = Service::builder(settings.clone()).with_compiler(host::compiler()?).open()?;
    let ended = run_server(serve(arguments, &service, &settings));
    verdict(ended.map_err(|error| CommandError::about(Blame::Host, "the server cannot be started", &error))??)
}

async fn serve(arguments: &Arguments, service: &Service, settings: &Settings) -> Result<Ended, CommandError> {
    let authenticator = arguments.port.map(|_| authenticator(&settings.server, &settings.http)).transpose()?;
    let server = Server::new(settings, authenticator, service.observers().clone());
    let signals = server.stop_on_signals(Duration::ZERO);
    signals.map_err(|error| CommandError::about(Blame::Host, "signals cannot be handled", &error))?;
    let rpc = JsonRpc::new(&server, service.asynchronous());
    let listener = if let Some(path) = &arguments.unix {
        Listener::unix(path)
    } else if let Some(port) = arguments.port {
        Listener::tcp(&arguments.host, port, &settings.server, remote(arguments.allow_remote)).await
    } else {
        return Ok(rpc.stdio().await);
    };
    let listener = listener?;
    announce(&listener, &[])?;
    Ok(rpc.listen(listener).await)
}

impl Arguments {
    fn listens(&self) -> bool {
        self.port.is_some() || self.unix.is_some()
    }
}

/// What knows the credentials of clients over TCP.
pub(super) fn authenticator(settings: &ServerSettings, http: &Http) -> Result<Arc<Authenticator>, CommandError> {
    let opened = Authenticator::open(settings.auth.clone(), http, Timestamp::now());
    opened
        .map(Arc::new)
        .map_err(|error| CommandError::about(Blame::Settings, "clients cannot be authenticated", &error))
}

/// Whether other machines may connect.
pub(super) fn remote(is_allowed: bool) -> Remote {
    if is_allowed { Remote::Allowed } else { Remote::Refused }
}

/// A client on a socket may read files only from directories that the settings list.
pub(super) fn forbid_working_directory(settings: &mut Settings) {
    for tenant in settings.tenants.values_mut() {
        if tenant.data.roots == DataRoots::WorkingDirectory {
            tenant.data.roots = DataRoots::Listed(Vec::new());
        }
    }
}

/// Prints the address of the server, for programs; and those of others that it has.
pub(super) fn announce(listener: &Listener, others: &[(&str, Option<&Listener>)]) -> Result<(), CommandError> {
    let mut addresses = serde_json::Map::from_iter([("listening".to_owned(), listener.address().into())]);
    let others =
        others.iter().filter_map(|(name, listener)| Some(((*name).to_owned(), listener.as_ref()?.address().into())));
    addresses.extend(others);
    let addresses = serde_json::Value::from(addresses);
    let mut out = output::stdout();
    writeln!(out, "{addresses}").and_then(|()| out.flush()).map_err(|error| CommandError::of_output(&error))
}

pub(super) fn verdict(ended: Ended) -> Result<Exit, CommandError> {
    match ended {
        Ended::Finished => Ok(Exit::Success),
        Ended::Unfinished { requests } => Err(CommandError::new(
            Blame::Host,
            format!("{requests} requests were aborted: `server.drain_ms` was over, or a second signal came"),
        )),
        Ended::ClientGone => {
            Err(CommandError::new(Blame::Host, "the client stopped reading before it had all responses"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_on_a_socket_cannot_read_the_working_directory() {
        let mut settings = Settings::new("rules");
        forbid_working_directory(&mut settings);
        let roots = |settings: &Settings| settings.tenants[Settings::DEFAULT_TENANT].data.roots.clone();
        assert_eq!(roots(&settings), DataRoots::Listed(Vec::new()));

        let named = DataRoots::Listed(vec!["data".into()]);
        settings.tenants.get_mut(Settings::DEFAULT_TENANT).unwrap().data.roots = named.clone();
        forbid_working_directory(&mut settings);
        assert_eq!(roots(&settings), named);
    }

    #[test]
    fn the_help_has_the_exit_codes_of_a_server_and_no_others() {
        for exit in [Exit::Success, Exit::Usage, Exit::Trust, Exit::Host] {
            assert!(EXIT_CODES.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
        assert_eq!(EXIT_CODES.lines().count(), 5);
    }

    #[test]
    fn unanswered_requests_are_an_error() {
        assert_eq!(verdict(Ended::Finished).unwrap(), Exit::Success);
        for ended in [Ended::Unfinished { requests: 2 }, Ended::ClientGone] {
            assert_eq!(verdict(ended).unwrap_err().report(), Exit::Host);
        }
    }
}
