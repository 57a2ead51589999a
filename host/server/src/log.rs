//! One log line for each request: what was asked and how it ended, and nothing of the records in it.

use std::net::SocketAddr;
use std::time::Instant;

use jurat::Excerpt;
use jurat_model::CorrelationId;

use crate::error::ErrorKind;

/// The log line of one request.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The id that the answer to the request has as well.
    pub(crate) correlation: CorrelationId,
    began: Instant,
    connection: u64,
    peer: Option<SocketAddr>,
    id: Option<String>,
    method: Option<String>,
    principal: Option<String>,
    tenant: Option<String>,
    ruleset: Option<String>,
    status: Option<u16>,
    bytes_in: u64,
}

impl Entry {
    /// Begins the line of a request on a connection, which has a number and perhaps an address, and starts the measurement of its duration.
    pub(crate) fn begin(
        correlation: CorrelationId,
        (connection, peer): (u64, Option<SocketAddr>),
        id: Option<&str>,
        bytes_in: u64,
    ) -> Self {
        Self {
            correlation,
            began: Instant::now(),
            connection,
            peer,
            status: None,
            id: id.map(shown),
            method: None,
            principal: None,
            tenant: None,
            ruleset: None,
            bytes_in,
        }
    }

    /// Records which method the request names.
    pub(crate) fn set_method(&mut self, method: &str) {
        self.method = Some(shown(method));
    }

    /// Records who makes the request.
    pub(crate) fn set_principal(&mut self, name: Option<&str>) {
        self.principal = name.map(shown);
    }

    /// Records whose rules, and which of them, the request is about.
    pub(crate) fn set_subject(&mut self, tenant: Option<&str>, ruleset: Option<&str>) {
        self.tenant = tenant.map(shown);
        self.ruleset = ruleset.map(shown);
    }

    /// Records the status of the response, where a protocol has one.
    pub(crate) fn set_status(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Records the length of the request.
    pub(crate) fn set_length(&mut self, bytes_in: u64) {
        self.bytes_in = bytes_in;
    }

    /// Writes the line.
    pub(crate) fn end(&self, records: Option<u64>, bytes_out: u64, failure: Option<ErrorKind>) {
        // A person reads three decimals easily, and more would not be exact.
        let duration_ms = (self.began.elapsed().as_secs_f64() * 1e6).round() / 1e3;
        tracing::info!(
            target: "jurat::request",
            correlation_id = self.correlation.as_str(),
            connection = self.connection,
            peer = self.peer.map(tracing::field::display),
            method = self.method.as_deref(),
            id = self.id.as_deref(),
            principal = self.principal.as_deref(),
            tenant = self.tenant.as_deref(),
            ruleset = self.ruleset.as_deref(),
            records,
            bytes_in = self.bytes_in,
            bytes_out,
            duration_ms,
            status = self.status,
            outcome = if failure.is_some() { "error" } else { "ok" },
            kind = failure.map(ErrorKind::code),
        );
    }
}

/// The beginning of a client's text, escaped so that it can neither fake another line nor move a cursor.
fn shown(text: &str) -> String {
    let excerpt = Excerpt::of(text);
    // Most texts are.
    if excerpt.as_str().bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return excerpt.as_str().to_owned();
    }
    let mut shown = String::new();
    for character in excerpt.as_str().chars() {
        match character {
            // The writer of the log escapes these itself.
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
    fn a_hostile_name_is_cut_and_stays_on_its_line() {
        let name = shown(&format!("a\n\u{1b}[2J\u{202e}{}", "x".repeat(1 << 20)));
        assert!(name.len() < 200 && name.starts_with(r"a\n\u{1b}[2J\u{202e}xx"), "{name}");
        assert_eq!(shown(r#""a\u0007""#), r#""a\u0007""#);
    }
}
