//! Many requests at once, and how they end.

use super::*;

#[tokio::test]
async fn answers_come_as_they_are_ready() {
    let stage = Stage::new(open());
    let (mut client, _ended) = stage.sole(1 << 20);
    client.send(script(1, "gate", "a")).await;
    client.send(script(2, "echo", "a")).await;
    assert_eq!(client.answer().await["id"], 2);
    stage.gate.add_permits(1);
    assert_eq!(client.answer().await["id"], 1);
}

#[tokio::test]
async fn requests_beyond_the_limit_of_a_client_wait() {
    let settings = ServerSettings { max_in_flight: 2.try_into().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let (mut client, _ended) = stage.sole(1 << 20);
    for id in 1..=2 {
        client.send(script(id, "gate", "a")).await;
    }
    // Both permits are taken: this one is not even read.
    client.send(script(3, "echo", "a")).await;
    stage.gate.add_permits(1);
    let first = client.answer().await["id"].as_u64().unwrap();
    assert!(first < 3, "{first}");
    assert_eq!(client.answer().await["id"], 3);
    stage.gate.add_permits(1);
    assert_eq!(client.answer().await["id"], 3 - first);
}

#[tokio::test]
async fn an_array_is_worked_on_within_the_limit_of_its_client() {
    let settings = ServerSettings { max_in_flight: 3.try_into().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let (mut client, _ended) = stage.sole(1 << 20);
    let batch: Vec<_> = (0..50).map(|id| script(id, "gate", "a")).collect();
    client.send(format!("[{}]", batch.join(","))).await;
    stage.gate.add_permits(50);
    let answers = client.answer().await;
    let ids: Vec<_> = answers.as_array().unwrap().iter().map(|answer| answer["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (0..50).collect::<Vec<_>>());
}

#[tokio::test]
async fn the_end_of_the_input_ends_the_server_when_all_is_answered() {
    let stage = Stage::new(open());
    let (mut client, ended) = stage.sole(1 << 20);
    client.send(script(1, "gate", "a")).await;
    // A last line needs no end.
    client.writer.write_all(script(2, "echo", "a").as_bytes()).await.unwrap();
    client.end().await;
    assert_eq!(client.answer().await["id"], 2);
    stage.gate.add_permits(1);
    assert_eq!(client.answer().await["id"], 1);
    assert_eq!(client.line().await, None);
    assert_eq!(ended.await.unwrap(), Ended::Finished);
}

#[tokio::test]
async fn half_a_line_at_the_end_is_not_json() {
    let (mut client, ended) = Stage::new(open()).sole(1 << 20);
    client.writer.write_all(br#"{"jsonrpc":"2.0","id":1,"meth"#).await.unwrap();
    client.end().await;
    let answer = client.answer().await;
    assert_eq!((&answer["id"], error(&answer)), (&Value::Null, (-32700, "parse_error")));
    assert_eq!(ended.await.unwrap(), Ended::Finished);
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_finishes_what_it_has_begun() {
    let stage = Stage::new(open());
    let (mut client, ended) = stage.sole(1 << 20);
    client.send(script(1, "gate", "a")).await;
    assert_eq!(client.ask(script(2, "echo", "a")).await["id"], 2);
    stage.server.stop().drain();
    stage.gate.add_permits(1);
    assert_eq!(client.answer().await["id"], 1);
    assert_eq!(client.line().await, None);
    assert_eq!(ended.await.unwrap(), Ended::Finished);
}

#[tokio::test]
async fn draining_has_a_time_limit() {
    let settings = ServerSettings { drain: Duration::ZERO, ..open() };
    for (settings, is_impatient) in [(settings, false), (open(), true)] {
        let stage = Stage::new(settings);
        let (mut client, ended) = stage.sole(1 << 20);
        client.send(script(1, "gate", "a")).await;
        assert_eq!(client.ask(script(2, "echo", "a")).await["id"], 2);
        let stop = stage.server.stop();
        if is_impatient {
            stop.now();
        } else {
            stop.drain();
        }
        assert_eq!(ended.await.unwrap(), Ended::Unfinished { requests: 1 });
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_not_read_either_and_then_closed() {
    let settings = ServerSettings { max_in_flight: 2.try_into().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let (mut client, ended) = stage.one_of_many(4 << 10);
    // The pipe holds 4 KiB: answers of 10,000 bytes wait, and with them the permits of their requests.
    let mut sent = 0;
    while client.writer.write_all(format!("{}\n", script(sent, "fill", "10000")).as_bytes()).await.is_ok() {
        sent += 1;
        assert!(sent < 10_000, "requests are read without end");
    }
    assert_eq!(ended.await.unwrap(), CloseReason::WriteFailed);
    assert!(sent < 1_000, "{sent} requests were read");
}

#[tokio::test(start_paused = true)]
async fn the_sole_client_may_be_slow() {
    let stage = Stage::new(ServerSettings { max_in_flight: 2.try_into().unwrap(), ..open() });
    let (mut client, ended) = stage.sole(4 << 10);
    client.send(script(1, "fill", "100000")).await;
    client.writer.write_all(b"{\"jsonrpc\":\"2.0\",\"id\":2,").await.unwrap();
    tokio::time::sleep(Duration::from_secs(24 * 3_600)).await;
    assert_eq!(client.answer().await["result"].as_str().unwrap().len(), 100_000);
    assert_eq!(client.ask("\"method\":\"health\"}").await["id"], 2);
    client.end().await;
    assert_eq!(ended.await.unwrap(), Ended::Finished);
}

#[tokio::test(start_paused = true)]
async fn calls_without_a_reader_of_their_answers_are_not_made() {
    let settings = ServerSettings { max_in_flight: 2.try_into().unwrap(), ..open() };
    let stage = Stage::new(settings);
    let (mut client, ended) = stage.one_of_many(1 << 20);
    let batch: Vec<_> = (0..50).map(|id| script(id, "gate", "a")).collect();
    client.send(format!("[{}]", batch.join(","))).await;
    client.send(script(50, "echo", "a")).await;
    drop(client);
    // With the answer that cannot be written, the rest of the array ends: it would need far more.
    stage.gate.add_permits(10);
    let ended = tokio::time::timeout(Duration::from_secs(3_600), ended).await.expect("an end");
    assert_eq!(ended.unwrap(), CloseReason::WriteFailed);
    assert!(stage.gate.available_permits() > 0);
}

#[tokio::test(start_paused = true)]
async fn the_calls_of_a_client_that_has_left_are_cancelled() {
    let stage = Stage::new(open());
    let (mut client, ended) = stage.one_of_many(1 << 20);
    for id in 1..=3 {
        client.send(script(id, "until cancelled", "a")).await;
    }
    // It has sent everything, so only its answers can show that nobody reads them.
    drop(client);
    let ended = tokio::time::timeout(Duration::from_secs(10), ended).await.expect("an end");
    assert_eq!(ended.unwrap(), CloseReason::WriteFailed);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_sends_nothing_more_gets_its_answers_however_late() {
    let stage = Stage::new(open());
    let (mut client, ended) = stage.one_of_many(1 << 20);
    client.send(script(1, "gate", "a")).await;
    client.end().await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    stage.gate.add_permits(1);
    assert_eq!(client.answer().await["id"], 1);
    assert_eq!(client.line().await, None);
    assert_eq!(ended.await.unwrap(), CloseReason::Answered);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_without_waiting_cancels_its_calls() {
    let stage = Stage::new(open());
    let (mut client, ended) = stage.sole(1 << 20);
    client.send(script(1, "until cancelled", "a")).await;
    client.send(script(2, "echo", "a")).await;
    assert_eq!(client.answer().await["id"], 2);
    stage.server.stop().now();
    assert_eq!(ended.await.unwrap(), Ended::Unfinished { requests: 1 });
    assert!(stage.server.state().cancellation.is_cancelled());
}
