//! A client in another language: plain Python, without packages.

use std::io::ErrorKind;
use std::process::{Command, Output};

use jurat_tests::site::Site;
use jurat_tests::{guest, program};

use crate::server::{OPERATOR_TOKEN, Server, Transport};
use crate::sites::{DATA, configured};

#[test]
fn a_python_client_drives_every_method_over_stdio() {
    let site = configured(DATA);
    let program = program::path().display().to_string();
    drives(&site, &["stdio", &program, "rpc", "--config", "local-config.yaml"]);
}

#[test]
fn a_python_client_drives_every_method_over_tcp() {
    let site = configured(DATA);
    let server = Server::start_for_operators(&site, Transport::Tcp);
    let (host, port) = server.address.rsplit_once(':').unwrap();
    drives(&site, &["tcp", host, port, OPERATOR_TOKEN]);
}

#[track_caller]
fn drives(site: &Site, arguments: &[&str]) {
    let said = python(site, "drive.py", arguments);
    assert_eq!(said, format!("7 parts over {}\n", arguments[0]));
}

/// Runs a script of `tests/clients` in the directory of a site. Gives what it printed.
#[track_caller]
pub(crate) fn python(site: &Site, script: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("python3");
    command.arg("-B").arg(guest::package().join("clients").join(script)).args(arguments).current_dir(site.path(""));
    let Output { status, stdout, stderr } = match command.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!(
                "there is no python3 on this machine, so nobody has shown that clients in other languages work: install it"
            )
        }
        output => output.unwrap(),
    };
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{script}: {status}\n{stderr}");
    String::from_utf8(stdout).unwrap()
}
