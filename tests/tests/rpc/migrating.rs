//! Everything that `docs/migrating-from-validation-lib.md` shows is done, and comes out as shown.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use jurat_tests::results::is_shown;
use jurat_tests::site::{Site, root};
use jurat_tests::{program, skip};
use serde_json::{Value, json};

use crate::connection::Connection;
use crate::docs::{Block, MIGRATING, blocks};
use crate::server::{Server, Transport};
use crate::sites::{DATA, configured};

/// The only part of the page in that language, below that heading, that contains a text.
fn shown(language: &str, heading: &str, part: &str) -> String {
    let all = blocks(MIGRATING);
    let is_it = |block: &&Block| block.language == language && block.heading == heading && block.text.contains(part);
    let found: Vec<_> = all.iter().filter(is_it).collect();
    let [block] = found.as_slice() else { panic!("{} parts in {language} below {heading}", found.len()) };
    block.text.clone()
}

/// The rows of the table below a heading, without its head: what stands between backticks, or else the whole cell.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = fs::read_to_string(root().join(MIGRATING)).unwrap();
    let (_, section) = page.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    let cell = |cell: &str| cell.trim().trim_matches('`').to_owned();
    let rows: Vec<Vec<_>> = rows.map(|row| row.trim_matches('|').split(" | ").map(cell).collect()).collect();
    assert!(!rows.is_empty());
    rows
}

/// Runs Python in the directory of a site. Gives what it printed.
#[track_caller]
fn python(site: &Site, arguments: &[&str]) -> String {
    let mut command = Command::new("python3");
    let Output { status, stdout, stderr } =
        command.arg("-B").args(arguments).current_dir(site.path("")).output().unwrap();
    assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

#[test]
fn requests_are_answered_as_shown() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let all: Vec<_> = blocks(MIGRATING).iter().filter_map(Block::json).collect();
    let mut methods = Vec::new();
    for pair in all.chunks(2) {
        let [request, shown] = pair else { panic!("a request without an answer: {pair:?}") };
        assert_eq!((&request["jsonrpc"], &request["id"]), (&shown["jsonrpc"], &shown["id"]));
        connection.send(format!("{request}\n"));
        let found: Value = serde_json::from_str(&connection.line().unwrap()).unwrap();
        assert!(is_shown(shown, &found), "shown is\n{shown:#}\nand it is\n{found:#}");
        methods.push(request["method"].as_str().unwrap().to_owned());
    }
    assert_eq!(methods, ["validate", "batch_validate", "batch_file_validate", "validate", "batch_validate"]);
}

#[test]
fn the_configuration_is_read_with_one_warning() {
    let site = configured(DATA);
    site.write("local-config.yaml", shown("yaml", "Step by step", "business_config_uri"));
    let mut server = Server::start(&site, Transport::Stdio);
    server.connect().is_served();
    let (status, log) = server.ended();
    assert_eq!(status.code(), Some(0));
    let warnings: Vec<_> = log.iter().filter(|line| line.contains("WARN")).collect();
    let [warning] = warnings.as_slice() else { panic!("{log:#?}") };
    for key in ["logic_directory_location", "business_config_filename", "rules_directory"] {
        assert!(warning.contains(key), "{warning}");
    }
}

#[test]
fn with_one_request_in_flight_answers_come_in_the_order_of_requests() {
    let loans = String::from_utf8(jurat_tests::site::sample("loans.ndjson")).unwrap();
    let many = vec![loans.lines().next().unwrap(); 40].join(",");
    let long = format!(r#"{{"entities":[{many}],"id_fields":["id"],"ruleset_name":"thorough"}}"#);
    let site = configured(&format!("{DATA}{}", shown("yaml", "Order of answers", "max_in_flight")));
    for transport in Transport::ALL {
        let mut server = Server::start(&site, transport);
        let mut connection = server.connect();
        let asked: Vec<_> =
            (0..4)
                .map(|number| {
                    if number % 2 == 0 {
                        connection.ask("batch_validate", &long)
                    } else {
                        connection.ask("health", "{}")
                    }
                })
                .collect();
        let answered: Vec<_> = asked.iter().map(|_| connection.answer().id.get().to_owned()).collect();
        assert_eq!(answered, asked);
    }
}

#[test]
fn the_generation_is_told_by_the_signature() {
    let site = Site::empty();
    let program = shown("python", "Which generation you have", "inspect");
    site.write("generation.py", program);
    for (parameters, expected) in
        [("entities, id_fields, ruleset_name", "lists\n"), ("items, ruleset_name, plugin_name=None", "envelopes\n")]
    {
        let class = format!("class ValidationService:\n    def batch_validate(self, {parameters}):\n        pass\n");
        site.write("validation_lib/__init__.py", class);
        assert_eq!(python(&site, &["generation.py"]), expected);
    }
}

#[test]
fn the_command_of_the_python_package_starts_this_server() {
    let site = configured(&format!("{DATA}server: {{auth: none}}\n"));
    site.write("validation_lib/__init__.py", "");
    site.write("validation_lib/jsonrpc_server.py", shown("python", "The command", "execvp"));
    let start = |arguments: &[&str], directory: &Path| {
        let mut command = Command::new("python3");
        command.args(["-B", "-m", "validation_lib.jsonrpc_server"]).args(arguments).current_dir(directory);
        command.env("JURAT", program::path()).env("PYTHONPATH", site.path("")).env_remove("JURAT_CONFIG");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    };
    // Standard input and output, from any directory; the process ends with its input.
    for arguments in [&[][..], &["--debug"]] {
        let mut child = start(arguments, Path::new("/"));
        let mut connection = Connection::new(child.stdout.take().unwrap(), child.stdin.take().unwrap());
        connection.is_served();
        drop(connection);
        let Output { status, stderr, .. } = child.wait_with_output().unwrap();
        assert!(status.success());
        assert_eq!(String::from_utf8_lossy(&stderr).contains("DEBUG"), !arguments.is_empty());
    }
    // A port; the process is Jurat's own, so it stops with its signal.
    let mut child = start(&["--port", "0", "--host", "127.0.0.1"], &site.path(""));
    let mut said = Connection::new(child.stdout.take().unwrap(), std::io::sink());
    let line: Value = serde_json::from_str(&said.line().unwrap()).unwrap();
    Connection::tcp(line["listening"].as_str().unwrap()).is_served();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert!(child.wait_with_output().unwrap().status.success());
    // A wrong flag is an error, and says so.
    let Output { status, stderr, .. } = start(&["--prot", "1"], &site.path("")).wait_with_output().unwrap();
    assert!(!status.success() && String::from_utf8_lossy(&stderr).contains("--prot"));
}

#[test]
fn fees_at_a_boundary_come_out_as_shown() {
    let site = Site::empty();
    site.write("fees.py", shown("python", "Numbers at a boundary", "def fees"));
    assert_eq!(python(&site, &["fees.py"]), shown("text", "Numbers at a boundary", "FAIL"));
    // The rules are in a test of their own, word for word.
    let rules = fs::read_to_string(root().join("rule-sdk/tests/sdk/migrated.rs")).unwrap();
    let (_, rules) = rules.split_once("// As the page shows it.\n").unwrap();
    let (rules, _) = rules.split_once("// To here.\n").unwrap();
    assert_eq!(shown("rust", "Numbers at a boundary", "fees_exact"), rules);
}

#[test]
fn numbers_beyond_range_cost_their_record() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    for row in table("Numbers beyond range") {
        let [number, in_python, code] = row.as_slice() else { panic!("{row:?}") };
        let read = python(&site, &["-c", &format!("import json\nprint(json.loads('{number}'))")]);
        assert_eq!(read.trim_end(), in_python);
        let entities = format!(r#"[{{"entity_type":"loan","id":"A","x":{number}}},{{"entity_type":"loan","id":"B"}}]"#);
        let params = format!(r#"{{"entities":{entities},"id_fields":["id"],"ruleset_name":"quick"}}"#);
        let entries = connection.result("batch_validate", &params);
        assert_eq!((&entries[0]["status"], &entries[0]["error"]["code"]), (&json!("ERROR"), &json!(code)), "{number}");
        assert_eq!((&entries[1]["entity_id"], entries[1].get("error")), (&json!("B"), None));
    }
}

#[test]
fn dates_are_read_as_shown() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    let is_new = python(&site, &["-c", "import sys\nprint(sys.version_info >= (3, 11))"]) == "True\n";
    if !is_new {
        skip::not_tried("the column of Python in the table of dates: its version is below 3.11");
    }
    for row in table("Dates") {
        let [text, in_python, in_jurat] = row.as_slice() else { panic!("{row:?}") };
        if is_new {
            let program = format!(
                "from datetime import date\ntry:\n    print(date.fromisoformat('{text}'))\nexcept ValueError:\n    print('refused')"
            );
            assert_eq!(python(&site, &["-c", &program]).trim_end(), in_python, "{text}");
        }
        // The rule wants a maturity after the inception: no other date than the one that is shown lies between these two.
        let (before, after) = if in_jurat == "refused" { (text.clone(), text.clone()) } else { around(in_jurat) };
        let statuses = [(text, &after), (&before, text)].map(|(inception, maturity)| {
            let loan = json!({
                "$schema": "https://schemas.example.com/loan/v1.0.0", "id": "A", "status": "active",
                "financial": {"principal_amount": 1}, "dates": {"origination_date": inception, "maturity_date": maturity},
            });
            let params = json!({"entity_type": "loan", "entity_data": loan, "ruleset_name": "quick"});
            let results = connection.result("validate", &params.to_string());
            let rule = results.as_array().unwrap().iter().find(|rule| rule["rule_id"] == "rule_002_v1").unwrap().clone();
            format!("{} {}", rule["status"].as_str().unwrap(), rule["code"].as_str().unwrap_or_default())
        });
        let expected = if in_jurat == "refused" { "ERROR input_kind" } else { "PASS " };
        assert_eq!(statuses, [expected; 2], "{text}");
    }
}

/// The days before and after one.
fn around(day: &str) -> (String, String) {
    let day: jurat::jiff::civil::Date = day.parse().unwrap();
    (day.yesterday().unwrap().to_string(), day.tomorrow().unwrap().to_string())
}

#[test]
fn ids_are_written_as_shown() {
    let site = configured(DATA);
    let mut server = Server::start(&site, Transport::Stdio);
    let mut connection = server.connect();
    for row in table("Ids") {
        let [value, in_python, in_jurat] = row.as_slice() else { panic!("{row:?}") };
        let program = format!("import json\nprint(str(json.loads('{value}')))");
        assert_eq!(python(&site, &["-c", &program]).trim_end(), in_python, "{value}");
        let entities = format!(r#"[{{"entity_type":"loan","id":{value}}}]"#);
        let params = format!(r#"{{"entities":{entities},"id_fields":["id"],"ruleset_name":"quick"}}"#);
        assert_eq!(connection.result("batch_validate", &params)[0]["entity_id"], *in_jurat, "{value}");
    }
}

#[test]
fn figures_of_speed_are_those_of_the_measurements() {
    let page = fs::read_to_string(root().join(MIGRATING)).unwrap();
    let (_, section) = page.split_once("\n## Speed\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let measured = fs::read_to_string(root().join("docs/performance.md")).unwrap();
    for (said, source) in [
        ("49 times as fast (`vs_python`)", "| against Python | `vs_python` | 49 |"),
        (
            "185 µs over standard input and output",
            "| `validate` over standard input and output, one after the other | 185 µs,",
        ),
        ("169 µs over TCP", "| `validate` over TCP, one after the other | 169 µs,"),
        (
            "`batch_validate` of 20,000 records | | 118,000 records a second",
            "| `batch_validate` of 20,000 records in one line | 118,000 records a second |",
        ),
    ] {
        assert!(section.contains(said) && measured.contains(source), "{said}");
    }
}
