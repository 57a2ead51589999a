//! The server under programs of others: schemathesis, a browser, load balancers.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use jurat_tests::server::Server;
use jurat_tests::site::Site;
use jurat_tests::{guest, program, skip};

/// What a script ends with if a program that it needs is not there.
const SKIPPED: i32 = 77;

fn clients() -> PathBuf {
    guest::package().join("clients")
}

fn root() -> PathBuf {
    guest::package().join("..")
}

/// Runs a program. Gives what it printed; none if something was not there, which is then said.
#[track_caller]
fn output(command: &mut Command) -> Option<String> {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    if status.code() == Some(SKIPPED) {
        skip::not_tried(&stdout);
        return None;
    }
    assert!(status.success(), "{status}\n{stdout}{stderr}");
    Some(stdout.into_owned())
}

#[test]
fn requests_made_from_the_description_find_nothing() {
    let directory = guest::package().join("../target/python-schemathesis");
    let wanted = fs::read(clients().join("requirements.txt")).unwrap();
    if fs::read(directory.join("installed.txt")).is_ok_and(|installed| installed == wanted) {
        let site = Site::configured("");
        let server = Server::serve(&site, &[]);
        let mut command = Command::new(directory.join("bin/schemathesis"));
        command.args(["--config-file".as_ref(), clients().join("schemathesis.toml").as_os_str()]);
        command.args(["run", &format!("http://{}/openapi.json", server.address)]);
        command.args(["--seed", "1", "--max-examples", "60", "--no-color"]).current_dir(site.path(""));
        let said = output(&mut command).unwrap();
        assert!(said.contains("Tested: 7"), "{said}");
    } else {
        skip::not_tried("target/python-schemathesis has no schemathesis; `cargo xtask test` installs it where it can");
    }
}

#[test]
fn the_page_works_in_a_browser() {
    let site = Site::configured("");
    let server = Server::serve(&site, &[]);
    let origin = format!("http://{}", server.address);
    let said = output(Command::new("python3").arg("-B").arg(clients().join("browser.py")).arg(origin));
    assert!(said.is_none_or(|said| said.contains("none to elsewhere")));
}

#[test]
fn load_balancers_stand_in_front_of_two_servers_and_one_of_them_goes() {
    let site = Site::configured("");
    let mut command = Command::new("python3");
    command.arg("-B").arg(clients().join("balance.py")).arg(root().join("docs/load-balancing.md"));
    command.arg(program::path()).args(["serve", "--config", "local-config.yaml"]).current_dir(site.path(""));
    let said = output(&mut command);
    assert!(said.is_none_or(|said| said.matches("all were answered").count() == 2));
}
