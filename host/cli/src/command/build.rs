//! `jurat build`: compiles Rust to components.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::Args;
use jurat_model::Blame;

use crate::cargo::{self, BuildRequest, Built, WasmTarget};
use crate::exit::{CommandError, Exit};
use crate::report::ComponentReport;
use crate::{host, output};

const EXAMPLES: &str = "\
Examples:
  jurat build
  jurat build rules/loan --out built
  jurat build tests/guests --example endless_loop -- --offline

Compiles every library and example with crate type `cdylib` to a component. The command sets the profile and all flags; the crate \
needs only `crate-type = [\"cdylib\"]`.";

#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Arguments {
    /// The directory of a crate or a workspace
    #[arg(value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// The directory for components; default: `jurat` in cargo's target directory
    #[arg(long, short, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Build only this example; repeatable
    #[arg(long, value_name = "NAME")]
    example: Vec<String>,
    /// The target to compile for
    #[arg(long, value_enum, default_value_t)]
    target: WasmTarget,
    /// Further arguments for cargo
    #[arg(last = true, value_name = "CARGO")]
    cargo: Vec<OsString>,
}

pub(super) fn run(arguments: &Arguments) -> Result<Exit, CommandError> {
    let Arguments { directory, out, example, target, cargo: arguments } = arguments;
    let built = cargo::build(&BuildRequest { directory, names: example, target: *target, arguments })?;
    let out = out.clone().unwrap_or_else(|| built.target_directory.join("jurat"));
    fs::create_dir_all(&out).map_err(|error| CommandError::about(Blame::Host, out.display(), &error))?;
    let sandbox = host::sandbox()?;
    let mut report_out = output::stdout();
    for Built { name, bytes } in built.components {
        let file = out.join(format!("{name}.wasm"));
        fs::write(&file, &bytes).map_err(|error| CommandError::about(Blame::Host, file.display(), &error))?;
        let report = ComponentReport::new(file.display().to_string(), bytes, &sandbox, &host::author_policy());
        report
            .write(&mut report_out)
            .and_then(|()| report_out.flush())
            .map_err(|error| CommandError::of_output(&error))?;
        if let Some(refused) = report.refused() {
            let file = file.display();
            output::complain(
                "warning",
                &match report.blame() {
                    Some(Blame::Host) => format!("`{file}` could not be checked here: {refused}"),
                    _ => format!("hosts will refuse `{file}`: {refused}"),
                },
            );
        }
    }
    Ok(Exit::Success)
}
