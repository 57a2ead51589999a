//! Each limit, hit and just not hit.

use super::*;

#[tokio::test]
async fn a_message_may_be_as_long_as_it_may_be() {
    let line = script(1, "echo", &"a".repeat(50_000));
    let settings = |bytes: usize| ServerSettings { max_message: bytes.to_string().parse().unwrap(), ..open() };
    let (mut client, _ended) = Stage::new(settings(line.len())).sole(1 << 10);
    assert_eq!(client.ask(&line).await["id"], 1);

    let (mut client, _ended) = Stage::new(settings(line.len() - 1)).sole(1 << 10);
    let answer = client.ask(&line).await;
    assert_eq!((&answer["id"], error(&answer)), (&Value::Null, (-32600, "message_too_large")));
    assert_eq!(client.ask(script(2, "echo", "a")).await["id"], 2);
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_it_may_be() {
    let whole = r#"{"jsonrpc":"2.0","id":1,"result":""}"#.len() + 50_000;
    let settings = |bytes: usize| ServerSettings { max_reply: bytes.to_string().parse().unwrap(), ..open() };
    let (mut client, _ended) = Stage::new(settings(whole)).sole(1 << 10);
    assert_eq!(client.ask(script(1, "fill", "50000")).await["result"].as_str().unwrap().len(), 50_000);

    let (mut client, _ended) = Stage::new(settings(whole - 1)).sole(1 << 10);
    let answer = client.ask(script(1, "fill", "50000")).await;
    assert_eq!((&answer["id"], error(&answer)), (&json!(1), (-32000, "reply_too_large")));
    assert_eq!(client.ask(script(2, "fill", "40000")).await["id"], 2);
}

#[tokio::test]
async fn the_answers_to_an_array_share_what_an_answer_may_be() {
    let settings = ServerSettings { max_reply: "100000".parse().unwrap(), ..open() };
    let (mut client, _ended) = Stage::new(settings).sole(1 << 10);
    let batch: Vec<_> = (0..5).map(|id| script(id, "fill", "40000")).collect();
    let answers = client.ask(format!("[{}]", batch.join(","))).await;
    let answers = answers.as_array().unwrap();
    assert_eq!(answers.len(), 5);
    assert_eq!(answers.iter().filter(|answer| answer.get("result").is_some()).count(), 2);
    for refused in answers.iter().filter(|answer| answer.get("result").is_none()) {
        assert_eq!(error(refused), (-32000, "reply_too_large"));
    }
}

#[tokio::test]
async fn a_request_without_memory_is_refused_and_nothing_is_lost() {
    // Shorter ones have memory of their own.
    let line = |id, ruleset| script(id, ruleset, &"a".repeat(100_000));
    let settings = ServerSettings {
        max_message: "100KiB".parse().unwrap(),
        max_buffered: (line(1, "gate").len() * 2).to_string().parse().unwrap(),
        ..open()
    };
    let stage = Stage::new(settings);
    let (mut client, _ended) = stage.sole(1 << 10);
    let (mut other, _other_ended) = stage.one_of_many(1 << 10);
    client.send(line(1, "gate")).await;
    other.send(line(2, "gate")).await;
    for refused in [client.ask(line(3, "echo")).await, other.ask(line(3, "echo")).await] {
        assert_eq!((&refused["id"], error(&refused)), (&json!(3), (-32000, "overloaded")));
    }
    // What is short is always done.
    assert_eq!(client.ask(script(4, "echo", "a")).await["id"], 4);
    stage.gate.add_permits(2);
    assert_eq!((&client.answer().await["id"], &other.answer().await["id"]), (&json!(1), &json!(2)));
    assert_eq!(client.ask(line(5, "echo")).await["id"], 5);
    assert_eq!(other.ask(line(6, "echo")).await["id"], 6);
}

#[tokio::test]
async fn one_client_cannot_take_all_memory() {
    let line = |id, ruleset| script(id, ruleset, &"a".repeat(100_000));
    let settings =
        ServerSettings { max_message: "128KiB".parse().unwrap(), max_buffered: "1MiB".parse().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let ((mut greedy, _greedy), (mut other, _other)) = (stage.one_of_many(1 << 10), stage.one_of_many(1 << 10));
    for id in 0..2 {
        greedy.send(line(id, "gate")).await;
    }
    // A quarter of it is 256 KiB.
    let refused = greedy.ask(line(2, "echo")).await;
    assert_eq!((&refused["id"], error(&refused)), (&json!(2), (-32000, "overloaded")));
    assert_eq!(other.ask(line(3, "echo")).await["id"], 3);
    stage.gate.add_permits(2);
    for _ in 0..2 {
        assert_eq!(greedy.answer().await["result"], "gate");
    }
    assert_eq!(greedy.ask(line(4, "echo")).await["id"], 4);
}

#[tokio::test(start_paused = true)]
async fn half_lines_keep_no_client_out() {
    let settings =
        ServerSettings { max_message: "1MiB".parse().unwrap(), max_buffered: "4MiB".parse().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let mut halves: Vec<_> = (0..4).map(|_| stage.one_of_many(1 << 10)).collect();
    for (half, _) in &mut halves {
        half.writer.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
    }
    let (mut other, _ended) = stage.one_of_many(1 << 10);
    let long = script(1, "echo", &"a".repeat(100_000));
    assert_eq!(error(&other.ask(&long).await), (-32000, "overloaded"));
    for method in ["health", "version", "discover_rulesets"] {
        let line = json!({"jsonrpc": "2.0", "id": 2, "method": method}).to_string();
        assert_eq!(other.ask(line).await["id"], 2);
    }
    for (half, ended) in &mut halves {
        assert_eq!(error(&half.answer().await), (-32600, "incomplete_message"));
        assert_eq!(half.line().await, None);
        half.end().await;
        ended.await.unwrap();
    }
    assert_eq!(other.ask(&long).await["id"], 1);
}

#[tokio::test]
async fn many_answers_at_once_take_no_more_than_they_are() {
    // A thousand small answers are far shorter than 128 KiB; in steps of 4 KiB they would be four MiB.
    let settings = ServerSettings {
        max_message: "128KiB".parse().unwrap(),
        max_reply: "128KiB".parse().unwrap(),
        max_buffered: "8MiB".parse().unwrap(),
        ..open()
    };
    let (mut client, _ended) = Stage::new(settings).sole(1 << 10);
    let batch = vec![r#"{"jsonrpc":"2.0","id":1,"method":"version"}"#; 1_000].join(",");
    for _ in 0..3 {
        let answers = client.ask(format!("[{batch}]")).await;
        let answers = answers.as_array().unwrap();
        assert_eq!(
            (answers.len(), answers.iter().filter(|answer| answer.get("result").is_some()).count()),
            (1_000, 1_000)
        );
    }
}

#[tokio::test]
async fn long_ids_that_errors_repeat_take_memory_until_they_are_read() {
    let settings =
        ServerSettings { max_message: "1MiB".parse().unwrap(), max_buffered: "4MiB".parse().unwrap(), ..open() };
    let (mut client, _ended) = Stage::new(settings).one_of_many(1 << 10);
    let request = format!(r#"{{"id":"{}"}}"#, "x".repeat(60_000));
    let batch = format!("[{}]", vec![request; 15].join(","));
    for _ in 0..2 {
        // A client may take 1 MiB, and the first answer is not read yet.
        client.send(&batch).await;
        client.send(&batch).await;
        let answers = client.answer().await;
        let kinds: Vec<_> = answers.as_array().unwrap().iter().map(error).collect();
        assert_eq!(kinds, [(-32600, "invalid_request"); 15]);
        assert_eq!(error(&client.answer().await), (-32000, "overloaded"));
    }
}

#[tokio::test]
async fn clients_that_read_nothing_leave_memory_for_the_short_answers_of_others() {
    let settings =
        ServerSettings { max_reply: "200KiB".parse().unwrap(), max_buffered: "200KiB".parse().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let mut greedy: Vec<_> = (0..2).map(|_| stage.one_of_many(1 << 10)).collect();
    for (client, _) in &mut greedy {
        client.send(script(1, "fill", "150000")).await;
    }
    let (mut other, _ended) = stage.one_of_many(1 << 10);
    // Until both answers are made.
    while other.ask(script(2, "fill", "150000")).await.get("error").is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(error(&other.ask(script(3, "fill", "150000")).await), (-32000, "overloaded"));
    assert_eq!(other.ask(script(4, "fill", "60000")).await["result"].as_str().unwrap().len(), 60_000);
    for (client, _) in &mut greedy {
        assert_eq!(client.answer().await["id"], 1);
    }
    assert_eq!(other.ask(script(5, "fill", "150000")).await["id"], 5);
}

#[tokio::test]
async fn an_array_of_many_small_requests_takes_what_they_take() {
    let settings = ServerSettings { max_buffered: "64KiB".parse().unwrap(), ..open() };
    let (mut client, _ended) = Stage::new(settings).sole(1 << 10);
    let batch =
        |length: usize| format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"version"}"#; length].join(","));
    assert_eq!(client.ask(batch(60)).await.as_array().unwrap().len(), 60);
    assert_eq!(error(&client.ask(batch(70)).await), (-32000, "overloaded"));
    assert_eq!(client.ask(batch(60)).await.as_array().unwrap().len(), 60);
    assert_eq!(error(&client.ask(batch(1_001)).await), (-32600, "batch_too_long"));
}
