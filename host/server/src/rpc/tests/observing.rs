//! What observers are told of clients, and what calls know of their callers.

use std::sync::Mutex;

use jurat::observe::{Event, Observer};

use super::*;
use crate::listener::{Listener, Remote};

/// Keeps authentications and limits in words: the decision and the client.
#[derive(Default)]
struct Recorder(Mutex<Vec<String>>);

impl Observer for Recorder {
    fn observe(&self, event: &Event<'_>) {
        let told = match event {
            Event::Authentication(decision) => {
                assert!(decision.peer.is_some_and(|peer| peer.starts_with("127.0.0.1:")));
                assert!(decision.context.correlation().is_some());
                format!("{} {:?}", decision.refused.unwrap_or("granted"), decision.context.principal())
            }
            Event::Limit(decision) => {
                format!("{} {:?}", decision.limit, decision.context.and_then(|context| context.principal()))
            }
            _ => return,
        };
        self.0.lock().unwrap().push(told);
    }
}

fn authenticate(token: &str) -> String {
    json!({"jsonrpc": "2.0", "id": 1, "method": "authenticate", "params": {"token": token}}).to_string()
}

async fn listen(stage: &Stage, settings: &ServerSettings) -> String {
    let listener = Listener::tcp("127.0.0.1", 0, settings, Remote::Refused).await.unwrap();
    let (rpc, address) = (stage.rpc.clone(), listener.address().to_owned());
    tokio::spawn(async move { rpc.listen(listener).await });
    address
}

async fn connect(address: &str) -> Peer<tokio::net::TcpStream> {
    Peer::new(tokio::net::TcpStream::connect(address).await.unwrap())
}

#[tokio::test]
async fn observers_are_told_of_authentications_and_of_limits() {
    let recorder = Arc::new(Recorder::default());
    let settings = ServerSettings {
        max_connections: 1.try_into().unwrap(),
        max_message: "1KiB".parse().unwrap(),
        max_reply: "1KiB".parse().unwrap(),
        ..with_token()
    };
    let observers: Vec<Box<dyn Observer>> = vec![Box::new(Arc::clone(&recorder))];
    let stage = Stage::observed(settings.clone(), Observers::new(observers));
    let address = listen(&stage, &settings).await;
    let told = || std::mem::take(&mut *recorder.0.lock().unwrap());

    connect(&address).await.ask(authenticate("wrong")).await;
    assert_eq!(told(), ["authentication_failed None"]);
    connect(&address).await.ask(script(1, "echo", "a")).await;
    assert_eq!(told(), ["authentication_needed None"]);
    let mut client = connect(&address).await;
    client.ask(authenticate("correct horse")).await;
    assert_eq!(told(), [r#"granted Some("token")"#]);
    connect(&address).await.ask(authenticate("correct horse")).await;
    assert_eq!(told(), [r#"granted Some("token")"#, r#"server.max_connections Some("token")"#]);
    client.ask(script(1, "echo", &"a".repeat(2_000))).await;
    assert_eq!(told(), [r#"server.max_message Some("token")"#]);
    client.ask(script(1, "fill", "2000")).await;
    assert_eq!(told(), [r#"server.max_reply Some("token")"#]);
    client.ask(script(1, "unheard-of", "a")).await;
    assert!(told().is_empty());
}

#[tokio::test]
async fn a_call_knows_its_caller_and_its_correlation_id() {
    let principal = |answer: &Value| {
        assert!(answer["result"]["correlation"].is_string(), "{answer}");
        answer["result"]["principal"].clone()
    };
    let stage = Stage::new(with_token());
    let (mut sole, _ended) = stage.sole(1 << 10);
    assert_eq!(principal(&sole.ask(script(1, "context", "a")).await), "operator");
    let mut client = connect(&listen(&stage, &with_token()).await).await;
    client.ask(authenticate("correct horse")).await;
    assert_eq!(principal(&client.ask(script(1, "context", "a")).await), "token");

    let unknown = Stage::new(open());
    let mut client = connect(&listen(&unknown, &open()).await).await;
    assert_eq!(principal(&client.ask(script(1, "context", "a")).await), Value::Null);
}
