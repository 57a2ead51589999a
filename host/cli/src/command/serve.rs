//! `jurat serve`: serves the HTTP API, and JSON-RPC beside it.

use std::path::PathBuf;

use clap::Args;
use jurat::settings::Settings;
use jurat::{AsyncService, Service};
use jurat_model::Blame;
use jurat_server::http::HttpApi;
use jurat_server::rpc::JsonRpc;
use jurat_server::{Ended, Listener, Server, all, run as run_server};

use super::rpc::{LogFormatChoice, announce, authenticator, forbid_working_directory, remote, verdict};
use crate::exit::{CommandError, Exit};
use crate::host;
use crate::number;
use crate::settings::SettingsArguments;

const EXAMPLES: &str = "\
Examples:
  jurat serve --config local-config.yaml
  jurat serve --config local-config.yaml --port 8080 --log-format json
  jurat serve --config local-config.yaml --rpc-port 7070
  jurat serve --config local-config.yaml --operator-unix operators.sock
  jurat serve --config local-config.yaml --host 0.0.0.0 --allow-remote \\
      --set api.hosts=rules.example.com --set server.token_file=token \\
      --set server.tls.certificate=cert.pem --set server.tls.key=key.pem

Serves the HTTP API, which docs/http.md describes: `POST /api/v1/validate` judges a record, `/ready` says whether a release serves. \
The command prints one line with its address, as in {\"listening\":\"127.0.0.1:8080\"}. `data_roots` must list the directories from \
which clients may read files. The first SIGTERM or SIGINT lets running requests finish; the second ends the process at once.
";

/// The exit codes of a server. Verdicts go to clients and do not decide them.
const EXIT_CODES: &str = super::rpc::EXIT_CODES;

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// The port to listen on, 8080 unless the settings have another; 0 picks a free port
    #[arg(long, value_name = "PORT", value_parser = number::whole::<u16>(0..=65_535))]
    port: Option<u16>,
    /// The address to listen on, 127.0.0.1 unless the settings have another
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Serve JSON-RPC as well, on this port of the same address; 0 picks a free port
    #[arg(long, value_name = "PORT", value_parser = number::whole::<u16>(0..=65_535))]
    rpc_port: Option<u16>,
    /// Let operators call the server on this port of 127.0.0.1; needs `server.operator_token_file`
    #[arg(long, value_name = "PORT", value_parser = number::whole::<u16>(0..=65_535))]
    operator_port: Option<u16>,
    /// Let operators call the server on a Unix socket that only this user can connect to
    #[arg(long, value_name = "PATH", conflicts_with = "operator_port")]
    operator_unix: Option<PathBuf>,
    /// Accept other machines; also needs a certificate and a token, see `server` in the configuration
    #[arg(long)]
    allow_remote: bool,
    /// The format of the log, which has a line for each request
    #[arg(long, value_enum, default_value_t)]
    pub(super) log_format: LogFormatChoice,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let mut settings = arguments.settings.read()?;
    forbid_working_directory(&mut settings);
    if let Some(path) = &arguments.operator_unix {
        Listener::clear_unix(path)?;
    }
    let service = Service::builder(settings.clone()).with_compiler(host::compiler()?).open()?;
    let ended = run_server(serve(arguments, &service, &settings));
    verdict(ended.map_err(|error| CommandError::about(Blame::Host, "the server cannot be started", &error))??)
}

async fn serve(arguments: &Arguments, service: &Service, settings: &Settings) -> Result<Ended, CommandError> {
    let authenticator = authenticator(&settings.server, &settings.http)?;
    let server = Server::new(settings, Some(authenticator), service.observers().clone());
    let signals = server.stop_on_signals(settings.api.drain_delay);
    signals.map_err(|error| CommandError::about(Blame::Host, "signals cannot be handled", &error))?;
    let remote = remote(arguments.allow_remote);
    let service: AsyncService = service.asynchronous();
    let host = arguments.host.as_ref().unwrap_or(&settings.api.host);
    let listen = |port| Listener::tcp(host, port, &settings.server, remote);
    let listener = listen(arguments.port.unwrap_or(settings.api.port)).await?;
    let rpc_listener = match arguments.rpc_port {
        Some(port) => Some(listen(port).await?),
        None => None,
    };
    let operators = match (&arguments.operator_unix, arguments.operator_port) {
        (Some(path), _) => Some(Listener::unix(path)?),
        (None, Some(port)) => Some(Listener::operators("127.0.0.1", port, &settings.server, remote).await?),
        (None, None) => None,
    };
    announce(&listener, &[("rpc", rpc_listener.as_ref()), ("operators", operators.as_ref())])?;
    let http = HttpApi::new(&server, service.clone(), settings.api.clone());
    let rpc = JsonRpc::new(&server, service);
    let protocols = [
        Some(http.listen(listener)),
        rpc_listener.map(|listener| rpc.listen(listener)),
        operators.map(|listener| http.listen_to_operators(listener)),
    ];
    Ok(all(protocols.into_iter().flatten()).await)
}
