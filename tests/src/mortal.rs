//! A host and a publisher that live in processes of their own, so that they can be killed.
#![expect(clippy::print_stdout, reason = "whoever has started it reads that")]

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use jurat::settings::Overrides;
use jurat::{Clock, Compiler, EntityType, RulesetName, Service, Settings, chain};

use crate::publisher::{record, write};

/// Runs what is in a directory, with a clock that stands still, and polls all the time. Prints what serves after each
/// poll: the number of the release, and what it says of a record that only this one passes.
pub fn host(arguments: &[String]) -> ! {
    let (directory, now): (_, Timestamp) = (Path::new(&arguments[0]), arguments[1].parse().unwrap());
    let settings = Settings::read(&directory.join("local-config.yaml"), &Overrides::none()).unwrap();
    let compiler = Compiler::Child { program: directory.join("no-compiler"), arguments: Vec::new() };
    let service =
        Service::builder(settings).with_clock(Clock::new(move || now)).with_compiler(compiler).open().unwrap();
    loop {
        say(&service);
        if let Err(error) = service.reload_logic() {
            println!("error {}", chain(&error));
        }
    }
}

/// Puts files where a list says, one on each line: where it is, and where it goes below a directory.
pub fn publisher(arguments: &[String]) -> ExitCode {
    let (list, served) = (fs::read_to_string(&arguments[0]).unwrap(), Path::new(&arguments[1]));
    for line in list.lines() {
        let (from, path) = line.split_once(' ').unwrap();
        write(served, path, &fs::read(from).unwrap());
    }
    ExitCode::SUCCESS
}

fn say(service: &Service) {
    let version = service.identity().unwrap().version;
    let number = version.split('.').next().unwrap().parse().unwrap();
    let result = service.validate(EntityType::new("loan"), &record(number), RulesetName::new("quick")).unwrap();
    let verdict = result.results.iter().find(|rule| &*rule.rule_id == "rule_001_v1").unwrap().status;
    println!("{} {verdict}", result.release.unwrap().version());
}
