//! `jurat config`: all settings, explained.

use std::io::Write;

use jurat::Settings;

use crate::exit::{Exit, Failure};
use crate::output;

pub(super) const EXAMPLES: &str = "Example:\n  jurat config > local-config.yaml";

pub(super) fn run() -> Result<Exit, Failure> {
    let mut out = output::stdout();
    out.write_all(Settings::EXAMPLE.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::of_output(&error))?;
    Ok(Exit::Fine)
}
