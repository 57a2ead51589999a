//! The client against a real server.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::num::NonZeroU32;

use jurat_model::Bytes as Size;
use jurat_model::Secret;

use super::server::{Does, Server};
use super::*;

/// No test depends on the speed of the machine: what should succeed has minutes.
const PATIENT: Duration = Duration::from_secs(120);

pub(super) struct Setup {
    pub(super) server: Server,
    /// Its threads make the requests.
    pub(super) runtime: Runtime,
    retries: Arc<Mutex<Vec<Retry>>>,
}

impl Setup {
    pub(super) fn new(does: impl Into<Vec<Does>>) -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        Self { server: Server::new(does.into()), runtime, retries: Arc::default() }
    }

    pub(super) fn config(&self) -> Config {
        let retry = RetryPolicy { base_delay: MILLI, max_delay: MILLI, ..RetryPolicy::DEFAULT };
        let base_url = Some(format!("http://{}/refs", self.server.address).parse().unwrap());
        Config { base_url, timeout: PATIENT, deadline: PATIENT, retry, breaker: None, ..Config::default() }
    }

    fn client(&self, config: Config) -> Coordination {
        let retries = Arc::clone(&self.retries);
        let on_event: OnEvent = Arc::new(move |event| {
            if let CoordinationEvent::Retry(retry) = event {
                retries.lock().unwrap().push(retry.clone());
            }
        });
        Coordination::new(config, lasting(), self.runtime.handle().clone(), Some(on_event))
    }

    fn one(&self, config: Config) -> Supplied {
        let [supplied] = self.client(config).supply(&[wanted("{}", &["parent"])]).concat().try_into().unwrap();
        supplied
    }
}

fn answers(body: &str) -> Does {
    Does::Answers(200, "", body.to_owned())
}

#[test]
fn a_record_is_asked_about_as_agreed_and_its_entities_come_back_as_they_are() {
    let setup = Setup::new([Does::Echoes]);
    let record = "{ \"amount\" : 1234567890123456789.012345678, \"x\\u0041\":[1e2]}";
    let client = setup.client(setup.config());
    let supplied = client.supply(&[wanted(record, &["parent", "all_children"])]);
    assert_eq!(supplied.concat(), [(); 2].map(|()| entity(&format!(r#"{{"of":{record}}}"#))));
    let [received] = setup.server.received().try_into().unwrap();
    assert_eq!(received.target, "/refs/fetch-data");
    let body =
        format!(r#"{{"entity_type":"loan","entity_data":{record},"vocabulary_terms":["parent","all_children"]}}"#);
    assert_eq!(received.body, body);
    assert_eq!(
        (&*received.headers["content-type"], &*received.headers["accept"]),
        ("application/json", "application/json")
    );
}

#[test]
fn many_records_are_asked_about_in_one_request() {
    let setup = Setup::new([Does::EchoesAll]);
    let client = setup.client(Config { bulk: NonZeroUsize::new(100), ..setup.config() });
    let supplied = client.supply(&[wanted("1.10", &["parent"]), wanted("2", &["all_children"])]);
    assert_eq!(supplied, [[entity(r#"{"of":1.10}"#)], [entity(r#"{"of":2}"#)]]);
    let [received] = setup.server.received().try_into().unwrap();
    assert_eq!(received.target, "/refs/fetch-data-batch");
    assert_eq!(
        received.body,
        r#"{"requests":[{"entity_type":"loan","entity_data":1.10,"vocabulary_terms":["parent"]},{"entity_type":"loan","entity_data":2,"vocabulary_terms":["all_children"]}]}"#
    );
}

#[test]
fn connections_are_used_again() {
    let setup = Setup::new([Does::Echoes]);
    let client = setup.client(Config { concurrency: NonZeroU32::MIN, ..setup.config() });
    let texts: Vec<String> = (0..20).map(|number| number.to_string()).collect();
    for text in &texts {
        assert_eq!(client.supply(&[wanted(text, &["parent"])]).concat(), [entity(&format!(r#"{{"of":{text}}}"#))]);
    }
    let received = setup.server.received();
    assert_eq!((received.len(), received.iter().map(|received| received.connection).max()), (20, Some(0)));
}

#[test]
fn headers_carry_their_secrets_and_nothing_shows_them() {
    let setup = Setup::new([Does::Answers(403, "", "s3cret is wrong".into())]);
    let secrets = BTreeMap::from([("REFS_TOKEN".to_owned(), Secret::new("Bearer s3cret"))]);
    let address = setup.server.address.to_string();
    let hosts = [address.parse().unwrap()];
    let permitted = crate::config::Permitted { hosts: &hosts, signed_base_url: None, secrets: &secrets };
    let text = format!("enabled: true\nbase_url: http://{address}\nheaders: {{Authorization: REFS_TOKEN}}");
    let client = setup.client(Config::parse(&text, "x.yaml", &permitted).unwrap());
    let supplied = client.supply(&[wanted(r#"{"name":"Jane Roe"}"#, &["parent"])]).concat();
    assert_eq!(setup.server.received()[0].headers["authorization"], "Bearer s3cret");
    assert_eq!(
        (code(&supplied[0]), reason(&supplied[0])),
        ("coordination_refused", "the coordination service refused the request with status 403")
    );
    let shown = format!("{supplied:?} {client:?} {:?}", client.status());
    assert!(!shown.contains("s3cret") && !shown.contains("Jane"), "{shown}");
}

#[test]
fn what_passes_is_survived() {
    for (first, expected) in [
        (Does::Answers(500, "", String::new()), "the coordination service answered with status 500"),
        (Does::Answers(503, "Retry-After: 0\r\n", String::new()), "the coordination service answered with status 503"),
        (Does::Answers(429, "Retry-After: 0\r\n", String::new()), "the coordination service answered with status 429"),
        (Does::Resets, "the connection to the coordination service was interrupted"),
        (Does::Closes, "the connection to the coordination service was interrupted"),
        (Does::BreaksOff, "the connection to the coordination service was interrupted"),
        (Does::Babbles, "the connection to the coordination service was interrupted"),
    ] {
        let setup = Setup::new([first.clone(), Does::Echoes]);
        assert_eq!(setup.one(setup.config()), entity(r#"{"of":{}}"#), "{first:?}");
        assert_eq!(setup.server.received().len(), 2, "{first:?}");
        let retries = setup.retries.lock().unwrap();
        assert_eq!((retries.len(), &*retries[0].reason, retries[0].code), (1, expected, "coordination_unavailable"));
    }
}

#[test]
fn what_does_not_pass_is_unavailable_after_all_attempts() {
    for does in
        [Does::Answers(502, "", "<html>".into()), Does::Resets, Does::Closes, Does::Answers(429, "", String::new())]
    {
        let setup = Setup::new([does]);
        let supplied = setup.one(setup.config());
        assert_eq!((code(&supplied), setup.server.received().len()), ("coordination_unavailable", 3));
        assert!(reason(&supplied).ends_with(", the last of 3 attempts"));
    }
}

#[test]
fn a_port_without_a_listener_is_unavailable() {
    let setup = Setup::new([Does::Echoes]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = Config { base_url: Some(format!("http://{nobody}").parse().unwrap()), ..setup.config() };
    let supplied = setup.one(config);
    let expected = "the coordination service cannot be reached, the last of 3 attempts";
    assert_eq!((code(&supplied), reason(&supplied)), ("coordination_unavailable", expected));
}

#[test]
fn an_answer_that_does_not_come_is_a_time_out() {
    let setup = Setup::new([Does::Waits]);
    let (timeout, deadline) = (Duration::from_millis(50), PATIENT);
    let supplied = setup.one(Config { timeout, deadline, ..setup.config() });
    let expected = "the coordination service did not answer within 50 ms, the last of 3 attempts";
    assert_eq!((code(&supplied), reason(&supplied)), ("coordination_timeout", expected));
    let setup = Setup::new([Does::Waits]);
    let supplied = setup.one(Config { timeout, deadline: timeout, ..setup.config() });
    assert_eq!(code(&supplied), "coordination_timeout");
}

#[test]
fn a_wait_beyond_the_deadline_is_not_begun() {
    let setup = Setup::new([Does::Answers(429, "Retry-After: 3600\r\n", String::new())]);
    let supplied = setup.one(setup.config());
    assert_eq!((code(&supplied), setup.server.received().len()), ("coordination_unavailable", 1));
    let date = "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 09:49:37 GMT\r\n";
    let setup = Setup::new([Does::Answers(503, date, String::new())]);
    let supplied = setup.one(setup.config());
    assert_eq!((code(&supplied), setup.server.received().len()), ("coordination_unavailable", 1));
}

#[test]
fn other_statuses_are_refusals_and_asked_once() {
    for (status, headers) in [(400, ""), (401, ""), (404, ""), (408, ""), (422, ""), (304, "")] {
        let setup = Setup::new([Does::Answers(status, headers, String::new())]);
        assert_eq!((code(&setup.one(setup.config())), setup.server.received().len()), ("coordination_refused", 1));
    }
}

#[test]
fn redirects_are_not_followed() {
    let elsewhere = Server::new(vec![Does::Echoes]);
    let location: &'static str = format!("Location: http://{}/\r\n", elsewhere.address).leak();
    for status in [301, 302, 307, 308] {
        let setup = Setup::new([Does::Answers(status, location, String::new())]);
        let supplied = setup.one(setup.config());
        assert_eq!(code(&supplied), "coordination_refused");
        assert!(reason(&supplied).contains("which is not followed"));
    }
    assert!(elsewhere.received().is_empty());
}

#[test]
fn what_is_not_what_was_agreed_is_malformed_for_as_much_as_is_wrong() {
    for body in
        ["", "<html>", "[]", "null", r#"{"parent":{}} {}"#, r#"{"parent":{},"parent":{}}"#, r#"{"parent":{"a"}}"#]
    {
        let setup = Setup::new([answers(body)]);
        assert_eq!(
            (code(&setup.one(setup.config())), setup.server.received().len()),
            ("coordination_malformed", 1),
            "{body}"
        );
    }
    let setup = Setup::new([answers(r#"{"parent":17,"all_children":[{}]}"#)]);
    let client = setup.client(setup.config());
    let supplied = client.supply(&[wanted("{}", &["parent", "all_children", "all_siblings"])]).concat();
    assert_eq!((code(&supplied[0]), &supplied[1]), ("coordination_malformed", &entity("[{}]")));
    assert_eq!(
        reason(&supplied[0]),
        "the coordination service gave a number as `parent`, where an object or a list is expected"
    );
    assert_eq!(code(&supplied[2]), "coordination_term_missing");
    assert_eq!(reason(&supplied[2]), "the coordination service has no `all_siblings` for this record");
}

#[test]
fn no_more_of_an_answer_is_read_than_may_be() {
    let body = r#"{"parent":{"a":"bc"}}"#;
    let limit = |bytes: usize, setup: &Setup| Config { max_response: Size::new(bytes as u64), ..setup.config() };
    let setup = Setup::new([answers(body)]);
    assert_eq!(setup.one(limit(body.len(), &setup)), entity(r#"{"a":"bc"}"#));
    let supplied = setup.one(limit(body.len() - 1, &setup));
    let expected = "the coordination service's answer has more than 20 bytes, which is the most that is read";
    assert_eq!((code(&supplied), reason(&supplied)), ("coordination_oversized", expected));
    assert_eq!(setup.server.received().len(), 2);
    let setup = Setup::new([Does::GoesOn]);
    assert_eq!(code(&setup.one(limit(1 << 20, &setup))), "coordination_oversized");
}

#[test]
fn a_caller_may_be_on_a_thread_of_another_runtime() {
    let setup = Setup::new([Does::Echoes]);
    let client = setup.client(setup.config());
    let other = Builder::new_current_thread().enable_all().build().unwrap();
    let supplied = other.block_on(async { client.supply(&[wanted("{}", &["parent"])]) });
    assert_eq!(supplied.concat(), [entity(r#"{"of":{}}"#)]);
}

#[test]
fn a_runtime_that_has_ended_keeps_no_caller_waiting() {
    let setup = Setup::new([Does::Echoes]);
    let gone = Builder::new_current_thread().enable_all().build().unwrap();
    let client = Coordination::new(setup.config(), lasting(), gone.handle().clone(), None);
    drop(gone);
    let supplied = client.supply(&[wanted("{}", &["parent"])]).concat();
    assert_eq!(
        (code(&supplied[0]), reason(&supplied[0])),
        ("coordination_unavailable", "the request to the coordination service was given up")
    );
}
