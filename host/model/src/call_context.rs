//! The context of a call: its caller, and its ids in logs and traces.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use thiserror::Error;

/// The caller of a call, and the ids by which logs, traces and stored decisions find the call again. Clones are cheap.
///
/// It never changes a verdict.
///
/// # Defaults
/// No principal, no correlation id, no trace: a call of the program that embeds the engine.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct CallContext {
    principal: Option<Arc<str>>,
    correlation: Option<CorrelationId>,
    trace: Option<TraceContext>,
}

impl CallContext {
    /// A context without a principal, a correlation id or a trace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the caller: what authentication established, never what a client claims.
    #[must_use]
    pub fn with_principal(self, principal: impl Into<Arc<str>>) -> Self {
        Self { principal: Some(principal.into()), ..self }
    }

    /// Sets the id that all log lines and events of the call carry.
    #[must_use]
    pub fn with_correlation(self, correlation: CorrelationId) -> Self {
        Self { correlation: Some(correlation), ..self }
    }

    /// Sets the trace that the call belongs to.
    #[must_use]
    pub fn with_trace(self, trace: TraceContext) -> Self {
        Self { trace: Some(trace), ..self }
    }

    /// The caller; none = the program itself, or a caller that was not asked to authenticate.
    #[must_use]
    pub fn principal(&self) -> Option<&str> {
        self.principal.as_deref()
    }

    /// The correlation id.
    #[must_use]
    pub fn correlation(&self) -> Option<&CorrelationId> {
        self.correlation.as_ref()
    }

    /// The trace.
    #[must_use]
    pub fn trace(&self) -> Option<TraceContext> {
        self.trace
    }
}

/// An id that ties together everything that one call causes. Clones are cheap.
///
/// # Limits
/// 1 to 128 visible ASCII characters, so that a log line or a header can hold it as it is.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct CorrelationId(Arc<str>);

/// A text is not a correlation id.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("a correlation id is 1 to {} visible ASCII characters", CorrelationId::MAX)]
pub struct CorrelationIdError;

impl CorrelationId {
    /// The longest one, in bytes.
    pub const MAX: usize = 128;

    /// The id of the request with this number in a process that has this number.
    #[must_use]
    pub fn numbered(process: u32, request: u64) -> Self {
        Self(format!("{process:08x}-{request:x}").into())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CorrelationId {
    type Err = CorrelationIdError;

    fn from_str(text: &str) -> Result<Self, CorrelationIdError> {
        let fits = (1..=Self::MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.into())) } else { Err(CorrelationIdError) }
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// A position in a distributed trace: the `traceparent` of [W3C Trace Context](https://www.w3.org/TR/trace-context/).
///
/// `parse` and `Display` use the form of version 00: `00-<32 hex>-<16 hex>-<2 hex>`, in lower case.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct TraceContext {
    trace: u128,
    span: u64,
    flags: u8,
}

/// A text is not a `traceparent`.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error(
    "a trace context is `00-<32 hex digits>-<16 hex digits>-<2 hex digits>`, in lower case, and neither id is zero"
)]
pub struct TraceContextError;

impl TraceContext {
    /// The id of the trace; never zero.
    #[must_use]
    pub fn trace_id(self) -> u128 {
        self.trace
    }

    /// The id of the span that caused the call; never zero.
    #[must_use]
    pub fn span_id(self) -> u64 {
        self.span
    }

    /// Whether the caller records the trace, and asks others to do so.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.flags & 1 == 1
    }
}

impl FromStr for TraceContext {
    type Err = TraceContextError;

    fn from_str(text: &str) -> Result<Self, TraceContextError> {
        let mut parts = text.split('-');
        let mut next = |length: usize| {
            let part = parts.next().filter(|part| part.len() == length).ok_or(TraceContextError)?;
            let is_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if is_hex { u128::from_str_radix(part, 16).map_err(|_| TraceContextError) } else { Err(TraceContextError) }
        };
        let (version, trace, span, flags) = (next(2)?, next(32)?, next(16)?, next(2)?);
        if version != 0 || trace == 0 || span == 0 || parts.next().is_some() {
            return Err(TraceContextError);
        }
        let span = u64::try_from(span).map_err(|_| TraceContextError)?;
        let flags = u8::try_from(flags).map_err(|_| TraceContextError)?;
        Ok(Self { trace, span, flags })
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlation_ids_fit_into_a_log_line_and_a_header() {
        for good in ["a", "3f-7/2", &"x".repeat(CorrelationId::MAX)] {
            assert_eq!(good.parse::<CorrelationId>().map(|id| id.to_string()).as_deref(), Ok(good));
        }
        let longest = CorrelationId::numbered(u32::MAX, u64::MAX);
        assert_eq!(longest.as_str().parse(), Ok(longest.clone()));
        assert_eq!(CorrelationId::numbered(7, 42).as_str(), "00000007-2a");
        for bad in ["", " ", "a b", "a\n", "é", "\u{7f}", &"x".repeat(CorrelationId::MAX + 1)] {
            assert_eq!(bad.parse::<CorrelationId>(), Err(CorrelationIdError), "{bad:?}");
        }
    }

    #[test]
    fn a_traceparent_is_read_and_written_alike() {
        let text = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let context: TraceContext = text.parse().unwrap();
        assert_eq!(context.to_string(), text);
        assert_eq!(context.trace_id(), 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c);
        assert_eq!(context.span_id(), 0xb7ad_6b71_6920_3331);
        assert!(context.is_sampled());
    }

    #[test]
    fn what_is_not_a_traceparent_is_refused() {
        let bad = [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        ];
        for text in bad {
            assert_eq!(text.parse::<TraceContext>(), Err(TraceContextError), "{text}");
        }
    }
}
