//! From a text to a document, within bounds.

use jurat_model::Excerpt;
use serde::de::DeserializeOwned;
use serde_yaml::{DuplicateKeyPolicy, MergeKeyPolicy, MessageFormatter, Options, UserMessageFormatter};

use crate::problem::{LineColumn, Problem};

/// The longest text, in bytes.
pub const MAX_BYTES: usize = 1 << 20;
/// The most levels of lists and maps. A ruleset may have 25 levels of rules, each a list and a map.
pub const MAX_DEPTH: usize = 64;
/// The most scalars, lists and maps, those that aliases repeat included.
pub const MAX_NODES: usize = 50_000;
/// The most aliases.
pub const MAX_ALIASES: usize = 1_000;

/// Reads a text of one YAML document.
///
/// `file` is its name in messages.
///
/// # Errors
/// At the first error, with its line and column.
///
/// # Limits
/// [`MAX_BYTES`], [`MAX_DEPTH`], [`MAX_NODES`], [`MAX_ALIASES`].
pub fn from_yaml<T: DeserializeOwned>(text: &str, file: &str) -> Result<T, Problem> {
    if text.len() > MAX_BYTES {
        let length = text.len();
        return Err(Problem::of_file(file, format!("it has {length} bytes, but at most {MAX_BYTES} are read")));
    }
    serde_yaml::from_str_with_options(text, options()).map_err(|error| problem(&error, file))
}

fn options() -> Options {
    serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH,
            max_nodes: MAX_NODES,
            max_events: 2 * MAX_NODES,
            max_aliases: MAX_ALIASES,
            max_anchors: MAX_ALIASES,
            max_documents: 1,
            max_total_scalar_bytes: MAX_BYTES,
            max_merge_keys: 0,
        },
        alias_limits: serde_yaml::alias_limits! { max_total_replayed_events: 2 * MAX_NODES, max_replay_stack_depth: 8 },
        duplicate_keys: DuplicateKeyPolicy::Error,
        merge_keys: MergeKeyPolicy::Error,
        strict_booleans: true,
        with_snippet: false,
    }
}

fn problem(error: &serde_yaml::Error, file: &str) -> Problem {
    let at = error.location().filter(|location| location.line() > 0);
    let at = at.map(|location| LineColumn { line: location.line(), column: location.column() });
    // The message may contain parts of the file.
    let message = UserMessageFormatter.format_message(error.without_snippet());
    let message = Excerpt::of(message.trim_end_matches('.')).to_string();
    Problem { at, ..Problem::of_file(file, message) }
}

#[cfg(test)]
mod tests;
