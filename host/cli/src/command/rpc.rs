//! `jurat rpc`: rules for other programs.

use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jurat::settings::{DataRoots, ServerSettings};
use jurat::{Service, Settings, chain};
use jurat_server::rpc::JsonRpc;
use jurat_server::{Ended, ListenError, Listener, Remote, Server, run as run_server};
use serde_json::json;

use crate::exit::{Exit, Failure};
use crate::host;
use crate::output::{self, LogFormat};
use crate::settings::SettingsArguments;

const EXAMPLES: &str = "\
Examples:
  jurat rpc --config local-config.yaml
  jurat rpc --config local-config.yaml --port 7070 --log-format json
  jurat rpc --config local-config.yaml --unix /run/jurat/rules.sock
  jurat rpc --config local-config.yaml --port 7070 --host 0.0.0.0 \\
      --allow-remote --set rpc.token_file=token \\
      --set rpc.tls.certificate=cert.pem --set rpc.tls.key=key.pem

Speaks JSON-RPC 2.0, one message a line; docs/json-rpc.md has the methods. With a port or a socket, standard output holds one \
line that says where clients find it, as in {\"listening\":\"127.0.0.1:7070\"}, and `data_roots` must name the directories that \
clients may have files read from. The first SIGTERM or SIGINT lets it finish what it has begun, the second ends it at once.
";

/// What rules say goes to clients: it is none of the server's own ends.
const EXIT_CODES: &str = "\
Exit codes:
  0  all that was read has been answered
  2  usage or configuration: nobody was served
  3  trust: a signature, a digest or an expiry is not in order, or the sandbox refuses a component
  4  the host: a port or a socket cannot be had, requests were broken off, or the only client stopped reading";

#[derive(Args, Debug)]
#[command(after_help = format!("{EXAMPLES}\n{EXIT_CODES}"))]
pub(super) struct Arguments {
    #[command(flatten)]
    settings: SettingsArguments,
    /// Listen on a TCP port instead of serving whoever started it; 0 takes one that is free
    #[arg(long, value_name = "PORT", conflicts_with = "unix")]
    port: Option<u16>,
    /// The address to listen on
    #[arg(long, value_name = "HOST", default_value = "127.0.0.1", requires = "port")]
    host: String,
    /// Listen on a Unix socket, which only this user can connect to
    #[arg(long, value_name = "PATH")]
    unix: Option<PathBuf>,
    /// Let other machines in; takes a certificate and a token as well, see `rpc` in the configuration
    #[arg(long, requires = "port")]
    allow_remote: bool,
    /// How log lines are written, of which there is one for each request
    #[arg(long, value_enum, default_value_t)]
    pub(super) log_format: LogFormat,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let mut settings = arguments.settings.read()?;
    let server = settings.server.clone();
    if arguments.listens() {
        forget_working_directory(&mut settings);
    }
    let service = Service::builder(settings).with_compiler(host::compiler()?).open()?;
    let ended = run_server(serve(arguments, &service, server));
    verdict(ended.map_err(|error| Failure::about(Exit::Host, "the server could not be started", &error))??)
}

async fn serve(arguments: &Arguments, service: &Service, settings: ServerSettings) -> Result<Ended, Failure> {
    let server = Server::new(settings.clone());
    let signals = server.stop().on_signals();
    signals.map_err(|error| Failure::about(Exit::Host, "signals cannot be received", &error))?;
    let rpc = JsonRpc::new(&server, service.asynchronous());
    let listener = if let Some(path) = &arguments.unix {
        Listener::unix(path)
    } else if let Some(port) = arguments.port {
        let remote = if arguments.allow_remote { Remote::Allowed } else { Remote::Refused };
        Listener::tcp(&arguments.host, port, &settings, remote).await
    } else {
        return Ok(rpc.stdio().await);
    };
    let listener = listener.map_err(|error| failure(&error))?;
    announce(&listener)?;
    Ok(rpc.listen(listener).await)
}

impl Arguments {
    fn listens(&self) -> bool {
        self.port.is_some() || self.unix.is_some()
    }
}

/// Whoever comes in over a socket may only have files read from where the settings say so.
fn forget_working_directory(settings: &mut Settings) {
    for tenant in settings.tenants.values_mut() {
        if tenant.data.roots == DataRoots::WorkingDirectory {
            tenant.data.roots = DataRoots::Listed(Vec::new());
        }
    }
}

/// Says where clients find the server, for programs.
fn announce(listener: &Listener) -> Result<(), Failure> {
    let mut out = output::stdout();
    writeln!(out, "{}", json!({"listening": listener.address()}))
        .and_then(|()| out.flush())
        .map_err(|error| Failure::of_output(&error))
}

fn failure(error: &ListenError) -> Failure {
    let exit = match error {
        ListenError::Tcp { .. } | ListenError::Unix(_) => Exit::Host,
        _ => Exit::Usage,
    };
    Failure::new(exit, chain(error))
}

fn verdict(ended: Ended) -> Result<Exit, Failure> {
    match ended {
        Ended::Finished => Ok(Exit::Fine),
        Ended::Unfinished { requests } => {
            Err(Failure::new(Exit::Host, format!("{requests} requests were broken off when the time to end was over")))
        }
        Ended::ClientGone => Err(Failure::new(Exit::Host, "the client stopped reading before it had all answers")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_directory_is_nobodys_who_comes_in_over_a_socket() {
        let mut settings = Settings::new("rules");
        forget_working_directory(&mut settings);
        let roots = |settings: &Settings| settings.tenants[Settings::DEFAULT_TENANT].data.roots.clone();
        assert_eq!(roots(&settings), DataRoots::Listed(Vec::new()));

        let named = DataRoots::Listed(vec!["data".into()]);
        settings.tenants.get_mut(Settings::DEFAULT_TENANT).unwrap().data.roots = named.clone();
        forget_working_directory(&mut settings);
        assert_eq!(roots(&settings), named);
    }

    #[test]
    fn the_table_has_the_codes_with_which_a_server_ends_and_no_other() {
        for exit in [Exit::Fine, Exit::Usage, Exit::Trust, Exit::Host] {
            assert!(EXIT_CODES.contains(&format!("\n  {}  ", exit as u8)), "{exit:?}");
        }
        assert_eq!(EXIT_CODES.lines().count(), 5);
    }

    #[test]
    fn what_was_not_answered_is_no_good_end() {
        assert_eq!(verdict(Ended::Finished).unwrap(), Exit::Fine);
        for ended in [Ended::Unfinished { requests: 2 }, Ended::ClientGone] {
            assert_eq!(verdict(ended).unwrap_err().report(), Exit::Host);
        }
    }
}
