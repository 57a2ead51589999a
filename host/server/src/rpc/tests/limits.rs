//! Each limit, hit and just not hit.

use super::*;

#[tokio::test]
async fn a_message_may_be_as_long_as_it_may_be() {
    let line = script(1, "echo", &"a".repeat(50_000));
    let settings = |bytes: usize| Rpc { max_message: bytes.to_string().parse().unwrap(), ..Rpc::default() };
    let (mut client, _ended) = Stage::new(settings(line.len())).only(1 << 10);
    assert_eq!(client.ask(&line).await["id"], 1);

    let (mut client, _ended) = Stage::new(settings(line.len() - 1)).only(1 << 10);
    let answer = client.ask(&line).await;
    assert_eq!((&answer["id"], error(&answer)), (&Value::Null, (-32600, "message_too_large")));
    assert_eq!(client.ask(script(2, "echo", "a")).await["id"], 2);
}

#[tokio::test]
async fn an_answer_may_be_as_long_as_it_may_be() {
    let whole = r#"{"jsonrpc":"2.0","id":1,"result":""}"#.len() + 50_000;
    let settings = |bytes: usize| Rpc { max_reply: bytes.to_string().parse().unwrap(), ..Rpc::default() };
    let (mut client, _ended) = Stage::new(settings(whole)).only(1 << 10);
    assert_eq!(client.ask(script(1, "fill", "50000")).await["result"].as_str().unwrap().len(), 50_000);

    let (mut client, _ended) = Stage::new(settings(whole - 1)).only(1 << 10);
    let answer = client.ask(script(1, "fill", "50000")).await;
    assert_eq!((&answer["id"], error(&answer)), (&json!(1), (-32000, "reply_too_large")));
    assert_eq!(client.ask(script(2, "fill", "40000")).await["id"], 2);
}

#[tokio::test]
async fn the_answers_to_an_array_share_what_an_answer_may_be() {
    let settings = Rpc { max_reply: "100000".parse().unwrap(), ..Rpc::default() };
    let (mut client, _ended) = Stage::new(settings).only(1 << 10);
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
async fn what_does_not_fit_into_memory_is_refused_and_nothing_is_lost() {
    let line = |id, ruleset| script(id, ruleset, &"a".repeat(10_000));
    let settings = Rpc { max_buffered: (line(1, "gate").len() * 2).to_string().parse().unwrap(), ..Rpc::default() };
    let stage = Stage::new(settings);
    let (mut client, _ended) = stage.only(1 << 10);
    client.send(line(1, "gate")).await;
    client.send(line(2, "gate")).await;
    let answer = client.ask(line(3, "echo")).await;
    assert_eq!((&answer["id"], error(&answer)), (&Value::Null, (-32000, "overloaded")));
    stage.gate.add_permits(2);
    let mut answered = [client.answer().await["id"].as_u64(), client.answer().await["id"].as_u64()];
    answered.sort_unstable();
    assert_eq!(answered, [Some(1), Some(2)]);
    assert_eq!(client.ask(line(4, "echo")).await["id"], 4);
    assert_eq!(client.ask(line(5, "echo")).await["id"], 5);
}

#[tokio::test]
async fn an_array_of_many_small_requests_takes_what_they_take() {
    let settings = Rpc { max_buffered: "64KiB".parse().unwrap(), ..Rpc::default() };
    let (mut client, _ended) = Stage::new(settings).only(1 << 10);
    let batch =
        |length: usize| format!("[{}]", vec![r#"{"jsonrpc":"2.0","id":1,"method":"version"}"#; length].join(","));
    assert_eq!(client.ask(batch(60)).await.as_array().unwrap().len(), 60);
    assert_eq!(error(&client.ask(batch(64)).await), (-32000, "overloaded"));
    assert_eq!(client.ask(batch(60)).await.as_array().unwrap().len(), 60);
    assert_eq!(error(&client.ask(batch(1_001)).await), (-32600, "batch_too_long"));
}
