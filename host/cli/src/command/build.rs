//! `jurat build`: from Rust to components.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;

use crate::exit::{Exit, Failure};
use crate::guest::{self, Built, Guest, Target};
use crate::report::ComponentReport;
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat build
  jurat build rules/loan --out built
  jurat build tests/guests --example endless_loop -- --offline

Compiles every library and example that is a `cdylib`, with a profile and flags of its own, and makes components of them. A \
workspace needs no settings but `crate-type = [\"cdylib\"]`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The directory of a crate, or of a workspace
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Where components go, instead of `jurat` in cargo's target directory
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Only this example; can be given several times
    #[arg(long, value_name = "NAME")]
    example: Vec<String>,
    /// What rules are compiled for
    #[arg(long, value_enum, default_value_t)]
    target: Target,
    /// More arguments for cargo
    #[arg(last = true, value_name = "CARGO")]
    cargo: Vec<OsString>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { directory, out, example, target, cargo } = arguments;
    let built = guest::build(&Guest { directory, names: example, target: *target, cargo })?;
    let out = out.clone().unwrap_or_else(|| built.target_directory.join("jurat"));
    fs::create_dir_all(&out).map_err(|error| Failure::about(Exit::Host, out.display(), &error))?;
    let sandbox = host::sandbox()?;
    let mut report_out = output::stdout();
    for Built { name, bytes } in built.components {
        let file = out.join(format!("{name}.wasm"));
        fs::write(&file, &bytes).map_err(|error| Failure::about(Exit::Host, file.display(), &error))?;
        let report = ComponentReport::new(file.display().to_string(), bytes, &sandbox, &host::author_policy());
        report.write(&mut report_out).and_then(|()| report_out.flush()).map_err(|error| Failure::of_output(&error))?;
        if let Some(refused) = report.refused() {
            output::complain("warning", &format!("hosts will refuse `{}`: {refused}", file.display()));
        }
    }
    Ok(Exit::Fine)
}
