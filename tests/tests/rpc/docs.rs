//! What the documents show is tried: programs are run, requests are sent, and answers are as shown.

use std::collections::BTreeSet;
use std::fs;
use std::io::ErrorKind;
use std::process::{Command, Output, Stdio};

use jurat_tests::site::{Site, root, sample_path};
use jurat_tests::{guest, program, skip};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

const CLIENTS: &str = "docs/clients.md";
const PROTOCOL: &str = "docs/json-rpc.md";
pub(crate) const MIGRATING: &str = "docs/migrating-from-validation-lib.md";
/// What a script ends with that could not do what it is for.
const SKIPPED: i32 = 77;

/// A part of a document that is set apart: between fences.
#[derive(Debug)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
    /// The heading above it.
    pub(crate) heading: String,
}

#[test]
fn the_python_client_of_the_documents_works() {
    works("client.py", "python", &["python3", "-B", "client.py"]);
}

#[test]
fn the_java_client_of_the_documents_works() {
    match Command::new("java").arg("-version").output() {
        Err(error) if error.kind() == ErrorKind::NotFound => skip::not_tried("the Java client: there is no `java`"),
        _ => works("Client.java", "java", &["java", "Client.java"]),
    }
}

#[test]
fn a_proxy_stands_in_front_of_two_servers_and_one_of_them_goes() {
    let site = configured(&format!("{DATA}server: {{auth: none}}\n"));
    let mut command = Command::new("python3");
    command.arg("-B").arg(guest::package().join("clients/proxy.py")).arg(root().join(MIGRATING));
    command.arg(program::path()).args(["rpc", "--config", "local-config.yaml"]).current_dir(site.path(""));
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.code() == Some(SKIPPED) {
        return skip::not_tried(&format!("the proxy: {stdout}"));
    }
    assert!(status.success(), "{status}\n{stdout}{stderr}");
    assert!(stdout.contains(" requests; "), "{stdout}");
}

#[test]
fn requests_in_the_documents_are_answered() {
    let site = configured(DATA);
    let server = Server::start(&site, Transport::Tcp);
    let mut connection = Connection::tcp(&server.address);
    let mut methods = BTreeSet::new();
    for document in [CLIENTS, PROTOCOL] {
        for request in blocks(document)
            .iter()
            .filter_map(Block::json)
            .filter(|shown| shown.get("jsonrpc").is_some() && shown.get("method").is_some())
        {
            connection.send(format!("{request}\n"));
            let answer = connection.answer();
            assert_eq!(answer.id.get(), request["id"].to_string(), "{document}");
            answer.outcome().unwrap_or_else(|refused| panic!("{document}: {request}: {refused:?}"));
            methods.insert(request["method"].to_string());
        }
    }
    assert_eq!(methods.into_iter().collect::<Vec<_>>(), [r#""authenticate""#, r#""validate""#]);
}

#[test]
fn answers_look_as_the_documents_show() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Unix);
    let mut connection = server.connect();
    let mut seen = Vec::new();
    for block in blocks(PROTOCOL) {
        let Some(method) = block.heading.strip_prefix('`').and_then(|heading| heading.strip_suffix('`')) else {
            continue;
        };
        let shown = block.json().unwrap_or_else(|| panic!("below `{method}`: {}", block.text));
        let result = connection.result(method, &parameters(method));
        assert_like(&shown, &result, method);
        seen.push(method.to_owned());
    }
    let all = [
        "validate",
        "batch_validate",
        "discover_rules",
        "discover_rulesets",
        "reload_logic",
        "get_cache_age",
        "health",
        "status",
        "version",
        "limits",
        "reset_limits",
        "authenticate",
    ];
    assert_eq!(seen, all);
}

#[test]
fn errors_look_as_the_documents_show() {
    let site = configured(DATA);
    let server = Server::start(&site, Transport::Tcp);
    let mut connection = Connection::tcp(&server.address);
    let blocks = blocks(PROTOCOL);
    let shown: Vec<_> = blocks.iter().filter_map(Block::json).filter(|shown| shown.get("error").is_some()).collect();
    let [shown] = shown.as_slice() else { panic!("{} errors are shown", shown.len()) };
    let lacking = r#"{"entity_type": "loan", "entity_data": {}}"#;
    let kind = shown["error"]["data"]["kind"].as_str().unwrap();
    let message = connection.refused("validate", lacking, -32602, kind);
    assert_eq!((&shown["error"]["code"], &shown["error"]["message"]), (&json!(-32602), &json!(message)));
}

#[test]
fn the_log_looks_as_the_documents_show() {
    let site = configured(DATA);
    let server = Server::start_with(&site, Transport::Tcp, &["--port", "0", "--log-format", "json"]);
    let blocks = blocks(PROTOCOL);
    let shown = blocks.iter().find(|block| block.heading == "The log").and_then(Block::json).unwrap();
    let lone = json!({"entity_type": "lone", "entity_data": {}, "ruleset_name": "quick"}).to_string();
    Connection::tcp(&server.address).refused("validate", &lone, -32000, shown["kind"].as_str().unwrap());
    let line: Value = serde_json::from_str(&server.says("unknown_entity_type")).unwrap();
    assert_like(&shown, &line, "the log");
}

/// Runs a program of a document on the record beside it, over standard input and output and over TCP; it prints what is shown.
#[track_caller]
fn works(file: &str, language: &str, command: &[&str]) {
    let blocks = blocks(CLIENTS);
    let only = |what: &str, is_it: &dyn Fn(&&Block) -> bool| {
        let found: Vec<_> = blocks.iter().filter(is_it).collect();
        let [block] = found.as_slice() else { panic!("{} blocks are {what}", found.len()) };
        block.text.clone()
    };
    let site = configured(DATA);
    site.write(file, only(file, &|block| block.language == language && block.lines_begin(file)));
    site.write("loan.json", only("a record", &|block| block.json().is_some_and(|json| json.get("$schema").is_some())));
    let expected = only("what is printed", &|block| block.language == "text");

    let path = program::path().display().to_string();
    assert_eq!(run(&site, command, &[&path, "rpc", "--config", "local-config.yaml"]), expected, "{file} over stdio");
    let server = Server::start(&site, Transport::Tcp);
    assert_eq!(run(&site, command, &[&server.address]), expected, "{file} over TCP");
}

/// Runs a client to its end. Gives what it printed.
#[track_caller]
fn run(site: &Site, command: &[&str], whom: &[&str]) -> String {
    let mut client = Command::new(command[0]);
    client.args(&command[1..]).arg("loan.json").args(whom).current_dir(site.path("")).stdin(Stdio::null());
    let Output { status, stdout, stderr } = client.output().unwrap();
    assert!(status.success(), "{command:?}: {status}\n{}", String::from_utf8_lossy(&stderr));
    // Some results have no message, and editors and linters like no spaces at the ends of lines in documents.
    String::from_utf8(stdout).unwrap().lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}

/// What is asked so that everything that is shown is in the answer.
fn parameters(method: &str) -> String {
    let loans: Vec<Value> = serde_json::from_slice(&fs::read(sample_path("loans.json")).unwrap()).unwrap();
    let parameters = match method {
        "validate" => json!({"entity_type": "loan", "entity_data": loans[1], "ruleset_name": "quick"}),
        "batch_validate" => {
            let twice = r#"{"id": "LOAN-1003", "id": "LOAN-1003"}"#;
            return format!(r#"{{"entities": [{}, {twice}], "id_fields": ["id"], "ruleset_name": "quick"}}"#, loans[0]);
        }
        "discover_rules" => json!({"entity_type": "loan", "entity_data": loans[0], "ruleset_name": "quick"}),
        "authenticate" => json!({"token": "any is welcome"}),
        _ => json!({}),
    };
    parameters.to_string()
}

/// Everything that is shown is there, and of the same kind. More may be there.
#[track_caller]
fn assert_like(shown: &Value, found: &Value, path: &str) {
    assert!(is_like(shown, found), "{path} is shown as\n{shown:#}\nand is\n{found:#}");
}

fn is_like(shown: &Value, found: &Value) -> bool {
    match (shown, found) {
        (Value::Object(shown), Value::Object(found)) => {
            shown.iter().all(|(key, shown)| found.get(key).is_some_and(|found| is_like(shown, found)))
        }
        (Value::Array(shown), Value::Array(found)) => {
            shown.iter().all(|shown| found.iter().any(|found| is_like(shown, found)))
        }
        (shown, found) => std::mem::discriminant(shown) == std::mem::discriminant(found),
    }
}

/// Everything between fences.
pub(crate) fn blocks(document: &str) -> Vec<Block> {
    let text = fs::read_to_string(root().join(document)).unwrap();
    let (mut blocks, mut heading, mut open): (Vec<Block>, String, Option<Block>) = Default::default();
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, None) if line.starts_with('#') => line.trim_start_matches('#').trim().clone_into(&mut heading),
            (None, None) => {}
            (None, Some(language)) => {
                open = Some(Block { language: language.to_owned(), text: String::new(), heading: heading.clone() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.text += line;
                block.text += "\n";
            }
        }
    }
    assert!(open.is_none() && !blocks.is_empty(), "{document}");
    blocks
}

impl Block {
    /// The value, if it is JSON. What says that it is must be.
    pub(crate) fn json(&self) -> Option<Value> {
        let read = |error| panic!("below `{}`: {error}: {}", self.heading, self.text);
        (self.language == "json").then(|| serde_json::from_str(&self.text).unwrap_or_else(read))
    }

    pub(crate) fn lines_begin(&self, text: &str) -> bool {
        self.text.lines().next().is_some_and(|line| line.ends_with(text))
    }
}
