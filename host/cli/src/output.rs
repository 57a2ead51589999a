//! Output to the terminal. Text from elsewhere is escaped here, where it is written.

mod format;
mod log;
mod terminal;
mod visible;

pub(crate) use format::Format;
pub(crate) use log::{Log, LogFormat, start_log};
pub(crate) use terminal::{ColorChoice, MESSAGE, complain, progress, refuse_arguments, stdout, style, style_of_errors};
pub(crate) use visible::{write_json, write_visible};
