//! What a newcomer reads first.

use crate::site::Site;

/// How many commands there are, with those that only hold others.
const COMMANDS: usize = 59;

/// Every command that the help of another one names.
fn commands(site: &Site, command: &[&str]) -> Vec<Vec<String>> {
    let help = site.run(&[command, &["--help"]].concat()).ends_with(0);
    let mut found = vec![command.iter().map(|part| (*part).to_owned()).collect()];
    let listed = help.split_once("\nCommands:\n").map_or("", |(_, rest)| rest);
    for line in listed.lines().take_while(|line| !line.is_empty()) {
        // Longer texts go on below themselves.
        if let Some(name) = line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')) {
            let name = name.split(' ').next().unwrap();
            // It shows the help of the others, and has none.
            if name == "help" {
                continue;
            }
            found.extend(commands(site, &[command, &[name]].concat()));
        }
    }
    found
}

#[test]
fn the_help_of_every_command_shows_an_example() {
    let site = Site::empty();
    let commands = commands(&site, &[]);
    assert_eq!(commands.len(), COMMANDS, "{commands:?}");
    for command in commands {
        let arguments: Vec<_> = command.iter().map(String::as_str).chain(["--help"]).collect();
        let help = site.run(&arguments).ends_with(0);
        let example = ["jurat"].into_iter().chain(command.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
        // What is longer would be broken in two on a narrow terminal, and could not be copied.
        let too_long = help.lines().find(|line| line.trim_start().starts_with("jurat ") && line.len() > 80);
        assert_eq!(too_long, None, "{help}");
        let shown = help.split_once("\nExample").map(|(_, examples)| examples);
        assert!(
            shown.is_some_and(|examples| examples.contains(&format!("\n  {example} "))
                || examples.contains(&format!("\n  {example}\n"))),
            "{example}: {help}"
        );
    }
}

#[test]
fn the_help_lists_every_exit_code() {
    let site = Site::empty();
    for command in [&["--help"][..], &["validate", "--help"]] {
        let help = site.run(command).ends_with(0);
        let codes = help.split_once("\nExit codes:\n").unwrap().1;
        assert!(["  0  ", "  1  ", "  2  ", "  3  ", "  4  "].iter().all(|code| codes.contains(code)), "{help}");
    }
}

#[test]
fn the_command_that_the_program_starts_itself_with_is_not_offered() {
    let help = Site::empty().run(&["--help"]).ends_with(0);
    assert!(!help.contains("\n  compile"), "{help}");
}

#[test]
fn every_shell_gets_completions() {
    let site = Site::empty();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = site.run(&["completions", shell]).ends_with(0);
        assert!(["validate", "inspect", "release"].iter().all(|command| script.contains(command)), "{shell}");
    }
}

#[test]
fn the_configuration_that_is_printed_is_one_that_can_be_used() {
    let site = Site::signed();
    let printed = site.run(&["config"]).ends_with(0);
    let own = printed
        .replace("repository: example", "repository: demo")
        .replace("t/example/main/loan.json", crate::site::TARGET)
        .replace("keys/rules-team.pub.pem", "keys/author.pub.pem");
    assert_ne!(own, printed);
    site.write("local-config.yaml", own);
    site.judges();
}

#[test]
fn version_and_name_are_printed() {
    let version = Site::empty().run(&["--version"]).ends_with(0);
    assert_eq!(version, concat!("jurat ", env!("CARGO_PKG_VERSION"), "\n"));
}
