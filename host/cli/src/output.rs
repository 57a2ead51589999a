//! Output to the terminal. Text from elsewhere is escaped here, where it is written.

mod log;
mod report_format;
mod terminal;

pub(crate) use log::start_log;
pub(crate) use report_format::ReportFormat;
pub(crate) use terminal::{ColorChoice, MESSAGE, complain, progress, refuse_arguments, stdout, style, style_of_errors};
