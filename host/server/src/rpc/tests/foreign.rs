//! Clients that do not speak JSON-RPC. A browser sends what a web page chose, but never as the first line.

use super::*;

/// A call that leaves a trace: it takes a permit of the gate.
fn call() -> String {
    script(9, "gate", "a")
}

/// Sends a text to a socket of a server. Gives the answers until the connection is closed, and whether the call was made.
async fn converse(text: impl AsRef<[u8]>) -> (Vec<Value>, bool) {
    let stage = Stage::new(ServerSettings { max_message: "256KiB".parse().unwrap(), ..open() });
    stage.gate.add_permits(1);
    let (mut client, ended) = stage.one_of_many(1 << 20);
    client.writer.write_all(text.as_ref()).await.unwrap();
    client.writer.write_all(b"\n").await.unwrap();
    let mut answers = Vec::new();
    while let Some(line) = client.line().await {
        answers.push(serde_json::from_str(&line).unwrap());
    }
    // The server closes first: the client has not.
    assert_eq!(ended.await.unwrap(), CloseReason::Answered);
    (answers, stage.gate.available_permits() == 0)
}

#[tokio::test(start_paused = true)]
async fn a_call_behind_lines_that_are_not_json_is_never_made() {
    let call = call();
    let headers = "Host: 127.0.0.1:7070\r\nContent-Type: text/plain;charset=UTF-8\r\nOrigin: https://evil.example";
    let texts = [
        format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n{call}"),
        format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n[{call},{call}]"),
        format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n--boundary\r\n\r\n{call}\r\n--boundary--"),
        format!("GET /{{}} HTTP/1.1\r\n{headers}\r\nCookie: {call}\r\n\r\n{call}"),
        format!("OPTIONS / HTTP/1.1\r\n{headers}\r\n\r\n{call}"),
        // Longer than a message may be.
        format!("POST /{} HTTP/1.1\r\n{call}", "x".repeat(300_000)),
        format!("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n{call}"),
        // A session ticket of TLS holds what a server has chosen.
        format!("\x16\x03\x01\x02\x00\x01\n{call}"),
        format!("\n\r\n \n{{\n{call}"),
        format!("{call}{call}\n{call}"),
        format!("\u{feff}{call}\n{call}"),
    ];
    for text in texts {
        let (answers, is_made) = converse(&text).await;
        assert!(!is_made, "{text}");
        assert_eq!(answers.len(), 1, "{text}");
        assert_eq!((&answers[0]["id"], error(&answers[0])), (&Value::Null, (-32700, "parse_error")), "{text}");
    }
    let (answers, is_made) = converse([b"\xff\xfe\n", call.as_bytes()].concat()).await;
    assert_eq!((error(&answers[0]), answers.len(), is_made), ((-32700, "parse_error"), 1, false));
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_a_line_that_is_not_json_is_answered() {
    // A long line is parsed on another thread.
    for line in [script(1, "echo", "a"), script(1, "echo", "a") + &" ".repeat(200 << 10)] {
        let (answers, is_made) = converse(format!("{line}\nGET / HTTP/1.1\r\n\r\n{}", call())).await;
        assert!(!is_made);
        let ids: Vec<_> = answers.iter().map(|answer| &answer["id"]).collect();
        assert!(ids.len() == 2 && ids.contains(&&json!(1)) && ids.contains(&&Value::Null), "{answers:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_of_json_that_is_not_a_request_closes_nothing() {
    for line in ["1", "null", "\"GET / HTTP/1.1\"", "[]", "{}", &format!("{{{}", " ".repeat(260 << 10))] {
        let (answers, is_made) = converse(format!("{line}\n{}\n{{", call())).await;
        assert!(is_made, "{line}");
        assert!(answers.iter().any(|answer| answer["error"]["code"] == -32600), "{answers:?}");
    }
}

#[tokio::test]
async fn the_sole_client_is_served_after_a_line_that_is_not_json() {
    let (mut client, ended) = Stage::new(open()).sole(1 << 20);
    for line in ["GET / HTTP/1.1", "{", "\u{feff}{}"] {
        assert_eq!(error(&client.ask(line).await), (-32700, "parse_error"));
        assert_eq!(client.ask(script(1, "echo", "a")).await["id"], 1);
    }
    client.end().await;
    assert_eq!(ended.await.unwrap(), Ended::Finished);
}
