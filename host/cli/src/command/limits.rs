//! `jurat limits`: shows what clients of a running server have left of their limits, and gives it back.

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use jurat_disk::reserve_memory::unlimited;
use jurat_http::{Client, Http, Reach, client, client_over_unix, header, read_body};
use jurat_model::{Blame, Bytes, chain};
use jurat_results::plain;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::runtime;
use url::Url;

use crate::exit::{CommandError, Exit};
use crate::output::{self, ReportFormat};
use crate::secret::{self, SecretSource};

pub(super) const EXAMPLES: &str = "\
Examples:
  jurat limits show --unix operators.sock
  jurat limits reset --unix operators.sock tenant/loans/validate
  jurat limits show --url http://127.0.0.1:8081 --credential-file token

The server must have a socket or a port for operators: `jurat serve --operator-unix` or `--operator-port`.";

const SHOW: &str = "Example:\n  jurat limits show --unix operators.sock --format json";
const RESET: &str = "\
Examples:
  jurat limits reset --unix operators.sock tenant/loans/validate
  jurat limits reset --unix operators.sock --all";

/// The longest answer that is read.
const MAX_ANSWER: Bytes = Bytes::mebi(16);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the buckets that are not full
    #[command(after_help = SHOW)]
    Show(ShowArguments),
    /// Fill a bucket, or all of them
    #[command(after_help = RESET)]
    Reset(ResetArguments),
}

#[derive(Args, Debug)]
pub(super) struct ShowArguments {
    #[command(flatten)]
    server: ServerArguments,
    /// The output format
    #[arg(long, value_enum, default_value_t)]
    format: ReportFormat,
}

#[derive(Args, Debug)]
pub(super) struct ResetArguments {
    #[command(flatten)]
    server: ServerArguments,
    /// The bucket, as `show` names it
    #[arg(value_name = "BUCKET", required_unless_present = "all")]
    bucket: Option<String>,
    /// Fill all buckets
    #[arg(long, conflicts_with = "bucket")]
    all: bool,
}

#[derive(Args, Debug)]
#[group(required = true, multiple = true)]
struct ServerArguments {
    /// The Unix socket of the server for operators
    #[arg(long, value_name = "PATH", conflicts_with = "url")]
    unix: Option<PathBuf>,
    /// The address of the server for operators, as in `http://127.0.0.1:8081`
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// The file with a credential that has the scope `operator`
    #[arg(long, value_name = "FILE", requires = "url")]
    credential_file: Option<PathBuf>,
}

/// What the server says.
#[derive(Deserialize, Serialize)]
struct Limits {
    buckets: Vec<Bucket>,
    not_full: u64,
    allowed: u64,
    refused: u64,
    dropped: u64,
}

/// A bucket that is not full.
#[derive(Deserialize, Serialize)]
struct Bucket {
    bucket: String,
    per_minute: u64,
    remaining: u64,
    full_after_ms: u64,
}

/// How many buckets were filled.
#[derive(Deserialize)]
struct Filled {
    reset: u64,
}

/// Why it says nothing else (RFC 9457).
#[derive(Deserialize)]
struct Problem {
    detail: String,
}

pub(super) fn run(command: &Command) -> Result<Exit, CommandError> {
    match command {
        Command::Show(arguments) => show(arguments),
        Command::Reset(arguments) => reset(arguments),
    }
}

fn show(arguments: &ShowArguments) -> Result<Exit, CommandError> {
    let limits: Limits = arguments.server.ask(None)?;
    let printed = arguments.format.print(&limits, |out| {
        for Bucket { bucket, per_minute, remaining, full_after_ms } in &limits.buckets {
            let (name, seconds) = (plain(bucket, 300), full_after_ms.div_ceil(1_000));
            writeln!(out, "{name}  {remaining} of {per_minute} left, full in {seconds} s")?;
        }
        Ok(())
    });
    printed.map_err(|error| CommandError::of_output(&error))?;
    if limits.buckets.is_empty() {
        output::progress("all buckets are full");
    }
    Ok(Exit::Success)
}

fn reset(arguments: &ResetArguments) -> Result<Exit, CommandError> {
    let body = arguments.bucket.as_ref().map_or_else(|| json!({}), |bucket| json!({"bucket": bucket}));
    let Filled { reset } = arguments.server.ask(Some(body))?;
    match reset {
        0 if arguments.bucket.is_some() => Err(CommandError::new(
            Blame::Caller,
            "there is no such bucket that is not full; `jurat limits show` names all",
        )),
        filled => {
            output::progress(&format!("filled    {filled} buckets"));
            Ok(Exit::Success)
        }
    }
}

impl ServerArguments {
    /// Asks the server: for its limits, or with a body to reset them.
    fn ask<T: DeserializeOwned>(&self, reset: Option<Value>) -> Result<T, CommandError> {
        let (client, base) = self.client()?;
        let path = if reset.is_some() { "/api/v1/limits/reset" } else { "/api/v1/limits" };
        let url = base.join(path).map_err(|error| CommandError::about(Blame::Caller, "--url", &error))?;
        let mut request = match reset {
            Some(body) => client.post(url).header(header::CONTENT_TYPE, "application/json").body(body.to_string()),
            None => client.get(url),
        };
        if let Some(file) = &self.credential_file {
            let credential = secret::read(file, Bytes::kibi(64), SecretSource::FileOrPipe)?;
            let credential = String::from_utf8_lossy(&credential);
            request = request.bearer_auth(credential.trim());
        }
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| CommandError::about(Blame::Host, "no server can be asked", &error))?;
        let answered = runtime.block_on(async {
            let response = request.timeout(PATIENCE).send().await.map_err(|error| chain(&error))?;
            let status = response.status();
            let body = read_body(response, MAX_ANSWER, &unlimited()).await.map_err(|error| chain(&error))?;
            let other = |_| format!("it answers with status {status}");
            if status.is_success() {
                return serde_json::from_slice(&body).map_err(other);
            }
            Err(serde_json::from_slice(&body).map_or_else(other, |Problem { detail }| detail))
        });
        answered
            .map_err(|problem| CommandError::new(Blame::Transport, format!("the server does not say it: {problem}")))
    }

    fn client(&self) -> Result<(Client, Url), CommandError> {
        let failed = |error| CommandError::about(Blame::Settings, "the server cannot be asked", &error);
        match (&self.unix, &self.url) {
            (Some(path), _) => {
                let base = Url::parse("http://localhost")
                    .map_err(|error| CommandError::about(Blame::Host, "a URL", &error))?;
                Ok((client_over_unix(path).map_err(failed)?, base))
            }
            (None, Some(url)) => Ok((client(&Http::default(), Reach::Anywhere).map_err(failed)?, url.clone())),
            (None, None) => Err(CommandError::usage("name the server: `--unix PATH` or `--url URL`")),
        }
    }
}
