//! `cargo xtask test`: everything that a change must pass, the quickest to fail first.

use std::time::{Duration, Instant};

use crate::progress::Step;
use crate::python::Environment;
use crate::shell::{TaskError, Workspace, print, say};
use crate::tally::Tally;
use crate::wasm::Consent;
use crate::{demo, guests, invariants, picture, readme};

/// Runs all steps and sums up.
pub(crate) fn run(workspace: &Workspace, consent: Consent) -> Result<(), TaskError> {
    let mut steps = Steps::default();
    let mut tally = Tally::default();
    let outcome = all(workspace, consent, &mut steps, &mut tally);
    steps.print();
    print(&tally.lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    if !tally.lines.is_empty() {
        print(&tally.skipped.iter().map(|line| format!("{line}\n")).collect::<String>());
        print(&format!("{} passed, {} failed\n", tally.passed, tally.failed));
    }
    outcome
}

fn all(workspace: &Workspace, consent: Consent, steps: &mut Steps, tally: &mut Tally) -> Result<(), TaskError> {
    let step = &Step::verbose();
    steps.run("format", || {
        let advice = "`cargo fmt --all` puts it right";
        workspace.cargo(&["fmt", "--all", "--", "--check"]).run().map_err(|failure| failure.advise(advice))
    })?;
    steps.run("invariants", || invariants::check(workspace))?;
    let toolchain = steps.run("targets", || guests::targets(workspace, consent, step))?;
    steps.run("lints", || {
        let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--", "-D", "warnings"];
        workspace.cargo(&clippy).run()
    })?;
    steps.run("without servers", || {
        // What an application compiles that wants neither HTTP nor TLS.
        let packages = ["--package", "jurat", "--package", "jurat-results", "--no-default-features"];
        workspace.cargo(&["clippy", "--release"]).args(&packages).args(&["--", "-D", "warnings"]).run()
    })?;
    steps.run("documentation", || {
        let doc = workspace.cargo(&["doc", "--release", "--workspace", "--lib", "--no-deps"]);
        doc.env("RUSTDOCFLAGS", "-D warnings").run()
    })?;
    steps.run("rules", || demo::build(workspace, &toolchain, step))?;
    steps.run("guests", || guests::build(workspace, &toolchain, step))?;
    steps.run("README", || {
        demo::release(workspace, step)?;
        readme::check(workspace)?;
        picture::check(workspace)
    })?;
    steps.run("python", || {
        Environment::TUF.ensure(workspace)?;
        Environment::SCHEMATHESIS.ensure(workspace)
    })?;
    steps.run("example", || {
        workspace.cargo(&["build", "--release", "--workspace", "--example", "embed"]).run()?;
        workspace
            .call_built("examples/embed")
            .args(&["config/demo/local-config.yaml", "config/samples/loans.ndjson"])
            .run()
    })?;
    steps.run("tests", || {
        // Here everything is built: a test that does not find what it needs fails.
        let test = workspace.cargo(&["test", "--release", "--workspace", "--no-fail-fast"]);
        match test.run_for_lines(|line| tally.add(line))? {
            0 if tally.passed == 0 => Err(TaskError::new("no test was run")),
            0 => Ok(()),
            code => {
                Err(TaskError::new(format!("the tests ended with {code}"))
                    .advise("their output above says which and why"))
            }
        }
    })?;
    steps.run("promises", || invariants::hold(workspace, tally))
}

/// How long each step took.
#[derive(Debug, Default)]
struct Steps(Vec<(&'static str, &'static str, Duration)>);

impl Steps {
    fn run<T>(&mut self, name: &'static str, step: impl FnOnce() -> Result<T, TaskError>) -> Result<T, TaskError> {
        say(&format!("\n== {name}"));
        let begun = Instant::now();
        let outcome = step();
        self.0.push((name, if outcome.is_ok() { "ok" } else { "FAILED" }, begun.elapsed()));
        outcome
    }

    fn print(&self) {
        let mut text = String::from("\n");
        for (name, outcome, time) in &self.0 {
            text.push_str(&format!("{name:<15} {outcome:<6} {:>7.1} s\n", time.as_secs_f64()));
        }
        let total: Duration = self.0.iter().map(|(_, _, time)| *time).sum();
        print(&format!("{text}{:<15} {:<6} {:>7.1} s\n\n", "all", "", total.as_secs_f64()));
    }
}
