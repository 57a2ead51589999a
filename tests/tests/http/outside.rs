//! The server under programs of others: schemathesis, a browser, load balancers.

use std::fs;
use std::process::Command;

use jurat_tests::outside::{output, script, scripts};
use jurat_tests::server::Server;
use jurat_tests::site::{self, Site};
use jurat_tests::{program, skip};

const TOKEN: &str = "correct-horse-battery-staple";

#[test]
fn requests_made_from_the_description_find_nothing() {
    let directory = site::root().join("target/python-schemathesis");
    let wanted = fs::read(scripts().join("requirements.txt")).unwrap();
    if fs::read(directory.join("installed.txt")).is_ok_and(|installed| installed == wanted) {
        let site = Site::configured("state_dir: state\nserver: {auth: none, operator_token_file: token}\n");
        site.write("token", TOKEN);
        let server = Server::serve(&site, &["--operator-port", "0"]);
        let run = |address: &str, more: &[&str]| {
            let mut command = Command::new(directory.join("bin/schemathesis"));
            command.args(["--config-file".as_ref(), scripts().join("schemathesis.toml").as_os_str()]);
            command.args(["run", &format!("http://{address}/openapi.json"), "--seed", "1", "--no-color"]);
            output(command.args(more).current_dir(site.path(""))).unwrap()
        };
        let said = run(&server.address, &["--max-examples", "60"]);
        assert!(said.contains("Tested: 12"), "{said}");
        let token = format!("Authorization: Bearer {TOKEN}");
        let operators =
            ["--header", &token, "--include-tag", "operators", "--include-tag", "releases", "--max-examples", "20"];
        let said = run(&server.operators_address, &operators);
        assert!(said.contains("Tested: 8"), "{said}");
    } else {
        skip::not_tried("target/python-schemathesis has no schemathesis; `cargo xtask test` installs it where it can");
    }
}

#[test]
fn the_page_works_in_a_browser() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let origin = format!("http://{}", server.address);
    let said = output(script("browser.py").arg(origin));
    assert!(said.is_none_or(|said| said.contains("none to elsewhere")));
}

#[test]
fn load_balancers_stand_in_front_of_two_servers_and_one_of_them_goes() {
    let site = Site::configured("server: {auth: none}\n");
    let mut command = script("balance.py");
    command.arg(site::root().join("docs/load-balancing.md"));
    command.arg(program::path()).args(["serve", "--config", "local-config.yaml"]).current_dir(site.path(""));
    let said = output(&mut command);
    assert!(said.is_none_or(|said| said.matches("all were answered").count() == 2));
}
