//! `jurat batch`: judges any number of records and writes the results to files.

mod arguments;
mod destination;
mod output_file;
mod outputs;
mod progress;
mod run;
mod signals;
mod stderr_line;

pub(super) use arguments::Arguments;
pub(super) use run::run;
