//! Whole conversations. Their calls are made not on a service, but on [`Script`], which does what a test needs.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jurat::CallErrorKind;
use jurat::identity::{AuthSettings, Principal, Requirement, Tenants, TokenSettings};
use jurat::observe::Observers;
use jurat::settings::{Http, Secret, ServerSettings, Settings};
use jurat_identity::Authenticator;
use jurat_model::CallContext;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, DuplexStream, duplex, split};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::JsonRpc;
use crate::admission::{Admission, Admitted};
use crate::authentication::Authentication;
use crate::batch::LineSender;
use crate::budget::Allowance;
use crate::call::{Call, Operation, StreamCall};
use crate::connection::{CloseReason, ConnectionOrigin};
use crate::error::{ErrorKind, RequestError};
use crate::handler::{Handler, Handling, Streaming};
use crate::output::Output;
use crate::protocol::Protocol;
use crate::server::{Ended, Server};

mod connections;
mod flow;
mod foreign;
mod limits;
mod observing;
mod properties;
mod requests;
mod table;

/// Answers as the ruleset's name says.
#[derive(Debug)]
struct Script {
    /// What rulesets called `gate` wait for.
    gate: Arc<Semaphore>,
}

impl Handler for Script {
    fn handle(&self, call: Call, context: CallContext, _: Arc<Allowance>, mut output: Output) -> Handling {
        let gate = Arc::clone(&self.gate);
        Box::pin(async move {
            match call.operation {
                Operation::Validate { record, entity_type, judging } => match judging.ruleset.as_str() {
                    "echo" => output.text(std::str::from_utf8(&record).unwrap())?,
                    "context" => output.value(&json!({
                        "principal": context.principal(), "correlation": context.correlation().map(ToString::to_string),
                    }))?,
                    "gate" => {
                        gate.acquire().await.unwrap().forget();
                        output.text("\"gate\"")?;
                    }
                    "until cancelled" => {
                        while !output.cancellation().is_cancelled() {
                            tokio::time::sleep(Duration::from_millis(100)).await;
                        }
                        output.check()?;
                    }
                    "fill" => output.value(&"x".repeat(entity_type.parse().unwrap()))?,
                    "panic" => panic!("as asked"),
                    other => {
                        return Err(RequestError::new(ErrorKind::Call(CallErrorKind::UnknownRuleset), other));
                    }
                },
                Operation::ValidateBatch { records, .. } => output.text(std::str::from_utf8(&records).unwrap())?,
                _ => output.value(&json!({"done": true}))?,
            }
            Ok(output)
        })
    }

    fn stream(&self, _: StreamCall, _: CallContext, _: Arc<Allowance>, _: LineSender) -> Streaming {
        unreachable!("nothing streams over JSON-RPC")
    }

    fn is_serving(&self) -> bool {
        true
    }
}

/// A server and the controls of its tests.
struct Stage {
    server: Server,
    rpc: JsonRpc,
    gate: Arc<Semaphore>,
}

/// A client's end of a connection.
struct Peer<S> {
    reader: BufReader<tokio::io::ReadHalf<S>>,
    writer: tokio::io::WriteHalf<S>,
}

/// Settings of a server whose clients need not be authenticated.
fn open() -> ServerSettings {
    let auth = AuthSettings { requirement: Requirement::None, ..AuthSettings::default() };
    ServerSettings { auth, ..ServerSettings::default() }
}

/// Settings of a server whose clients show a token.
fn with_token() -> ServerSettings {
    let token = TokenSettings { secret: Secret::new("correct horse"), tenants: Tenants::listed(["default"]) };
    let auth = AuthSettings { token: Some(token), ..AuthSettings::default() };
    ServerSettings { auth, ..ServerSettings::default() }
}

impl Stage {
    fn new(settings: ServerSettings) -> Self {
        Self::observed(settings, Observers::default())
    }

    /// A stage whose server tells observers.
    fn observed(settings: ServerSettings, observers: Observers) -> Self {
        let gate = Arc::new(Semaphore::new(0));
        let authenticator = Authenticator::open(settings.auth.clone(), &Http::default(), Timestamp::now()).unwrap();
        let settings = Settings { server: settings, ..Settings::new("rules") };
        let server = Server::new(&settings, Some(Arc::new(authenticator)), observers);
        let rpc = JsonRpc::with_handler(&server, Arc::new(Script { gate: Arc::clone(&gate) }));
        Self { server, rpc, gate }
    }

    /// The sole client of this server, over a pipe with a capacity in bytes.
    fn sole(&self, capacity: usize) -> (Peer<DuplexStream>, JoinHandle<Ended>) {
        let (client, host) = duplex(capacity);
        let (reader, writer) = split(host);
        let rpc = self.rpc.clone();
        let ended = tokio::spawn(async move { rpc.serve_sole(reader, writer).await });
        (Peer::new(client), ended)
    }

    /// One of many clients of this server, over such a pipe.
    fn one_of_many(&self, capacity: usize) -> (Peer<DuplexStream>, JoinHandle<CloseReason>) {
        let (client, host) = duplex(capacity);
        let (reader, writer) = split(host);
        let permit = Admission::new(1).permit().unwrap();
        let authentication = Authentication::Connection(Arc::new(Principal::anonymous()));
        let connection =
            self.server.state().connection(ConnectionOrigin { authentication, peer: None }, reader, writer);
        let ended = tokio::spawn(self.rpc.clone().serve(connection, Admitted::Permitted(permit)));
        (Peer::new(client), ended)
    }
}

impl<S: AsyncRead + AsyncWrite> Peer<S> {
    fn new(stream: S) -> Self {
        let (reader, writer) = split(stream);
        Self { reader: BufReader::new(reader), writer }
    }

    /// Sends a line.
    async fn send(&mut self, line: impl AsRef<[u8]>) {
        self.writer.write_all(line.as_ref()).await.unwrap();
        self.writer.write_all(b"\n").await.unwrap();
        self.writer.flush().await.unwrap();
    }

    /// The next line; none at the end.
    async fn line(&mut self) -> Option<String> {
        let mut line = String::new();
        let length = self.reader.read_line(&mut line).await.unwrap_or_default();
        (length > 0).then(|| line.trim_end_matches('\n').to_owned())
    }

    /// The next answer.
    async fn answer(&mut self) -> Value {
        serde_json::from_str(&self.line().await.expect("an answer")).unwrap()
    }

    /// Sends a line, and gives back the next answer.
    async fn ask(&mut self, line: impl AsRef<[u8]>) -> Value {
        self.send(line).await;
        self.answer().await
    }

    /// Closes the direction to the server.
    async fn end(&mut self) {
        self.writer.shutdown().await.unwrap();
    }
}

/// A call of the script.
fn script(id: u64, ruleset: &str, entity_type: &str) -> String {
    let params = json!({"entity_type": entity_type, "entity_data": {"id": id}, "ruleset_name": ruleset});
    json!({"jsonrpc": "2.0", "id": id, "method": "validate", "params": params}).to_string()
}

/// The code and the kind of an error.
fn error(answer: &Value) -> (i64, &str) {
    let error = &answer["error"];
    assert!(error["data"]["correlation_id"].is_string(), "{answer}");
    (error["code"].as_i64().unwrap(), error["data"]["kind"].as_str().unwrap())
}
