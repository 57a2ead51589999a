//! Writes the results of judged records: lines of JSON for programs, tables for people.
//!
//! ```no_run
//! use jurat::Service;
//! use jurat_results::{Colors, Style, Table};
//!
//! # fn print(service: &Service, loans: std::sync::Arc<[u8]>) -> Result<(), Box<dyn std::error::Error>> {
//! let mut out = std::io::stdout().lock();
//! let mut table = Table::new(&mut out, Style { width: None, colors: Colors::Off });
//! let summary = service.judge(&service.request("quick")?, loans, &mut |record| table.record(&record))?;
//! table.finish(&summary)?;
//! # Ok(())
//! # }
//! ```
//!
//! - [`Renderer`] renders lines for several outputs while any number of records is judged.
//! - [`JsonResults`] writes results as JSON.
//! - [`Table`] prints results as they arrive. [`BatchSummary`] prints, or writes as JSON, what a batch did.
//!
//! # Foreign text
//! Records, rules and releases choose their texts. Tables and JSON contain them with escapes for every invisible character, so they can
//! neither move the cursor of a terminal nor imitate our own output. The texts of whole records, in [`OutputKind::Good`] and
//! [`OutputKind::Bad`], are unchanged: [`write_visible`] escapes them where they go to a terminal.
#![forbid(unsafe_code)]

mod accept;
mod batch_summary;
#[cfg(test)]
mod golden;
mod json;
mod line;
mod lines;
mod render;
mod table;
mod text;
mod visible;

pub use accept::Accept;
pub use batch_summary::{BatchSummary, InputSummary, OutputSummary};
pub use json::JsonResults;
pub use lines::{Lines, OutputKind};
pub use render::{Per, Rendered, Renderer};
pub use table::{Colors, Style, Table};
pub use text::plain;
pub use visible::{write_json, write_visible};
