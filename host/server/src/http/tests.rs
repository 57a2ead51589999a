//! What no service does on demand: a call that panics, and one that waits.

use std::time::Duration;

use jurat::identity::{AuthSettings, Requirement};
use jurat::observe::Observers;
use jurat::settings::{ServerSettings, Settings};
use jurat_model::CallContext;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::batch::LineSender;
use crate::budget::Allowance;
use crate::call::{Call, StreamCall};
use crate::handler::{Handling, Streaming};
use crate::listener::Remote;
use crate::output::Output;

const JSON: &str = "application/json";
const LINES: &str = "application/x-ndjson";

/// Answers as the ruleset's name says.
#[derive(Debug)]
struct Script;

impl Handler for Script {
    fn handle(&self, call: Call, _: CallContext, _: Arc<Allowance>, mut output: Output) -> Handling {
        Box::pin(async move {
            match call.ruleset() {
                Some("panic") => panic!("as asked"),
                Some("wait") => std::future::pending().await,
                _ => output.text("[]")?,
            }
            Ok(output)
        })
    }

    fn stream(&self, _: StreamCall, _: CallContext, _: Arc<Allowance>, _: LineSender) -> Streaming {
        Box::pin(async { panic!("as asked") })
    }

    fn is_serving(&self) -> bool {
        false
    }
}

/// The status and the text of the response to a request, after which the connection is closed.
async fn ask(address: &str, head: &str, accept: &str, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let length = body.len();
    let request = format!("{head} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: {length}\r\n");
    let text = format!("{request}Content-Type: application/json\r\nAccept: {accept}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let status = response.split(' ').nth(1).unwrap().parse().unwrap();
    (status, response)
}

fn validate(ruleset: &str) -> String {
    format!(r#"{{"entity_type":"loan","ruleset_name":"{ruleset}","entity_data":{{}}}}"#)
}

/// A server with these settings, and its address.
async fn start(settings: ApiSettings) -> (Server, String) {
    let auth = AuthSettings { requirement: Requirement::None, ..AuthSettings::default() };
    let server_settings = ServerSettings { auth, ..ServerSettings::default() };
    let listener = Listener::tcp("127.0.0.1", 0, &server_settings, Remote::Refused).await.unwrap();
    let address = listener.address().to_owned();
    let settings_of_host = Settings { server: server_settings, ..Settings::new("rules") };
    let server = Server::new(&settings_of_host, None, Observers::default());
    let api = HttpApi::with_handler(&server, Arc::new(Script), settings);
    tokio::spawn(async move { api.listen(listener).await });
    (server, address)
}

#[tokio::test]
async fn a_panic_costs_its_request_and_nothing_else() {
    let (_server, address) = start(ApiSettings::default()).await;
    let batch = r#"{"entities":[],"id_fields":["id"],"ruleset_name":"quick"}"#;
    for _ in 0..3 {
        for (path, accept, body) in [("validate", JSON, &*validate("panic")), ("batch", LINES, batch)] {
            let (status, response) = ask(&address, &format!("POST /api/v1/{path}"), accept, body).await;
            assert_eq!(status, 500, "{response}");
            assert!(response.contains(r#""code":"internal""#) && !response.contains("as asked"), "{response}");
        }
        let (status, response) = ask(&address, "POST /api/v1/batch", JSON, batch).await;
        assert_eq!(status, 200, "{response}");
    }
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_given_up() {
    let settings = ApiSettings { request_timeout: Duration::from_millis(100), ..ApiSettings::default() };
    let (_server, address) = start(settings).await;
    let (status, response) = ask(&address, "POST /api/v1/validate", JSON, &validate("wait")).await;
    assert_eq!(status, 503, "{response}");
    assert!(response.contains(r#""code":"request_timeout""#) && response.contains("retry-after: 1"), "{response}");
}

#[tokio::test]
async fn a_server_without_a_release_lives_and_is_not_ready() {
    let (server, address) = start(ApiSettings::default()).await;
    let (status, response) = ask(&address, "GET /health", "*/*", "").await;
    assert!(status == 200 && response.ends_with("\r\n\r\nok"), "{response}");
    let (status, response) = ask(&address, "GET /ready", "*/*", "").await;
    assert!(status == 503 && response.ends_with("\r\n\r\nunavailable"), "{response}");
    server.stop().leave();
    let (status, response) = ask(&address, "GET /ready", "*/*", "").await;
    assert!(status == 503 && response.ends_with("\r\n\r\nstopping"), "{response}");
}
