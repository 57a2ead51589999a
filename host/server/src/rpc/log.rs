//! One line of the log for each request: what it was and how it ended, and nothing of what was in it.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use jurat::Excerpt;

use super::call::Call;
use super::failure::Kind;

/// Names that tell the requests of one process, and of several, apart.
#[derive(Debug)]
pub(crate) struct Correlations {
    process: u32,
    next: AtomicU64,
}

/// What the log says of a request.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The name by which an answer and the log speak of the same request.
    pub(crate) correlation: String,
    began: Instant,
    connection: u64,
    id: Option<String>,
    method: Option<String>,
    tenant: Option<String>,
    ruleset: Option<String>,
    bytes_in: u64,
}

impl Correlations {
    pub(crate) fn new() -> Self {
        // The seeds of hash tables are random, which is enough to tell processes apart.
        let seed = RandomState::new().hash_one(0_u8);
        Self { process: u32::try_from(seed >> 32).unwrap_or_default(), next: AtomicU64::new(1) }
    }

    fn next(&self) -> String {
        format!("{:08x}-{:x}", self.process, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

impl Entry {
    /// Begins an entry, and the measuring of its time.
    pub(crate) fn begin(correlations: &Correlations, connection: u64, id: Option<&str>, bytes_in: u64) -> Self {
        Self {
            correlation: correlations.next(),
            began: Instant::now(),
            connection,
            id: id.map(shown),
            method: None,
            tenant: None,
            ruleset: None,
            bytes_in,
        }
    }

    /// Says which method was named.
    pub(crate) fn names(&mut self, method: &str) {
        self.method = Some(shown(method));
    }

    /// Says what is asked.
    pub(crate) fn asks(&mut self, call: &Call) {
        self.tenant = call.tenant.as_deref().map(shown);
        self.ruleset = call.ruleset().map(shown);
    }

    /// Writes the entry.
    pub(crate) fn end(&self, records: Option<u64>, bytes_out: u64, failure: Option<Kind>) {
        // Three digits behind the point are enough of a time, and what people can read.
        let duration_ms = (self.began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        tracing::info!(
            target: "jurat::request",
            correlation_id = self.correlation,
            connection = self.connection,
            method = self.method.as_deref(),
            id = self.id.as_deref(),
            tenant = self.tenant.as_deref(),
            ruleset = self.ruleset.as_deref(),
            records,
            bytes_in = self.bytes_in,
            bytes_out,
            duration_ms,
            outcome = if failure.is_some() { "error" } else { "ok" },
            kind = failure.map(Kind::name),
        );
    }
}

/// A client's text as the log shows it: its beginning, with nothing in it that could be taken for another line, or move a cursor.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for character in Excerpt::of(text).as_str().chars() {
        match character {
            // The writer of the log has its own way with these.
            '"' | '\'' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_differ() {
        let correlations = Correlations::new();
        assert_ne!(correlations.next(), correlations.next());
    }

    #[test]
    fn a_hostile_name_is_cut_and_stays_on_its_line() {
        let name = shown(&format!("a\n\u{1b}[2J\u{202e}{}", "x".repeat(1 << 20)));
        assert!(name.len() < 200 && name.starts_with(r"a\n\u{1b}[2J\u{202e}xx"), "{name}");
        assert_eq!(shown(r#""a\u0007""#), r#""a\u0007""#);
    }
}
