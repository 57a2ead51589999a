//! What a rule answers.

use std::borrow::Cow;
use std::fmt::{Display, Write};

/// What a rule says of one record: a status and the reasons for it.
///
/// ```
/// use jurat_rule::{Status, Verdict};
///
/// let verdict = Verdict::warn("the balance {balance} is {percent} % of the principal {principal}")
///     .code("high_utilisation")
///     .on("balance")
///     .on("principal")
///     .param("percent", "91.5");
/// assert_eq!(verdict.status(), Status::Warn);
/// ```
///
/// A message may hold placeholders. `{balance}` stands for an input and `{parent.limit}` for one of a related entity; the host
/// replaces them with the value as the record writes it, so that neither digits nor spelling are lost on the way. `{percent}`
/// stands for a [`param`](Self::param). Braces themselves are written `{{` and `}}`. In a literal that stands in the body of a
/// [`#[rule]`](crate::rule), all names are checked by the compiler.
///
/// A verdict without findings allocates nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Verdict {
    status: Status,
    findings: Vec<Finding>,
}

/// What a rule says of one record, without the reasons.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// Nothing to object to.
    Pass,
    /// Worth a look; rules below this one still run.
    Warn,
    /// The record breaks the rule.
    Fail,
    /// The rule has no meaning for this record.
    Norun,
    /// The rule could not judge this record. It comes of an `Err`, see [`IntoVerdict`].
    Error,
}

/// One reason for a verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    pub(crate) code: Option<&'static str>,
    pub(crate) message: Cow<'static, str>,
    pub(crate) inputs: Vec<&'static str>,
    pub(crate) params: Vec<(&'static str, String)>,
}

/// What a rule function may return: a [`Verdict`], or a `Result` of one.
///
/// An `Err` gives the record the status [`Status::Error`], with the error's text as the finding's message and the code
/// `rule_error`. Other records are not touched by it.
#[diagnostic::on_unimplemented(
    message = "a rule cannot return `{Self}`",
    label = "not a verdict",
    note = "a rule returns `Verdict`, or `Result<Verdict, E>` where `E` implements `Display`"
)]
pub trait IntoVerdict {
    /// The verdict.
    fn into_verdict(self) -> Verdict;
}

impl Verdict {
    /// Nothing to object to.
    #[inline]
    pub const fn pass() -> Self {
        Self { status: Status::Pass, findings: Vec::new() }
    }

    /// Worth a look, with the reason.
    pub fn warn(message: impl Into<Cow<'static, str>>) -> Self {
        Self::because(Status::Warn, message.into())
    }

    /// The record breaks the rule, with the reason.
    pub fn fail(message: impl Into<Cow<'static, str>>) -> Self {
        Self::because(Status::Fail, message.into())
    }

    /// The rule has no meaning for the record, with the reason.
    pub fn norun(message: impl Into<Cow<'static, str>>) -> Self {
        Self::because(Status::Norun, message.into())
    }

    /// Names the reason for machines: at most 64 letters, digits, `_`, `-` and `.`.
    ///
    /// Like [`on`](Self::on) and [`param`](Self::param), it goes to the finding added last.
    pub fn code(mut self, code: &'static str) -> Self {
        if let Some(finding) = self.findings.last_mut() {
            finding.code = Some(code);
        }
        self
    }

    /// Adds an input that the finding is about: `balance`, or `parent.limit`. The host shows its place and value.
    pub fn on(mut self, input: &'static str) -> Self {
        if let Some(finding) = self.findings.last_mut() {
            finding.inputs.push(input);
        }
        self
    }

    /// Adds a value that the rule has worked out, for `{key}` in the message and for machines.
    pub fn param(mut self, key: &'static str, value: impl Display) -> Self {
        if let Some(finding) = self.findings.last_mut() {
            finding.params.push((key, value.to_string()));
        }
        self
    }

    /// Adds the findings of another verdict. The graver status counts: fail, then warn, then norun, then pass.
    ///
    /// ```
    /// use jurat_rule::{Status, Verdict};
    ///
    /// let mut verdict = Verdict::pass();
    /// verdict.also(Verdict::fail("the principal {principal} is not above zero").on("principal"));
    /// verdict.also(Verdict::warn("the rate {rate} is unusual").on("rate"));
    /// assert_eq!((verdict.status(), verdict.findings().len()), (Status::Fail, 2));
    /// ```
    pub fn also(&mut self, other: Self) {
        if other.status.gravity() > self.status.gravity() {
            self.status = other.status;
        }
        if self.findings.is_empty() {
            self.findings = other.findings;
        } else {
            self.findings.extend(other.findings);
        }
    }

    /// The status.
    #[must_use]
    #[inline]
    pub const fn status(&self) -> Status {
        self.status
    }

    /// The reasons, in the order in which they were given.
    #[must_use]
    #[inline]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The codes of the findings, in order; a finding without one is left out.
    #[must_use]
    pub fn codes(&self) -> Vec<&'static str> {
        self.findings.iter().filter_map(Finding::code).collect()
    }

    /// The rule could not judge the record. `reason` is foreign text, so none of its braces is a placeholder.
    #[cold]
    pub(crate) fn error(code: &'static str, reason: &str) -> Self {
        let mut message = String::with_capacity(reason.len());
        for char in reason.chars() {
            message.push(char);
            if matches!(char, '{' | '}') {
                message.push(char);
            }
        }
        Self::because(Status::Error, message.into()).code(code)
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    #[inline(never)]
    fn because(status: Status, message: Cow<'static, str>) -> Self {
        Self { status, findings: vec![Finding { code: None, message, inputs: Vec::new(), params: Vec::new() }] }
    }
}

impl Status {
    /// Which of two statuses a verdict of several parts has.
    fn gravity(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Norun => 1,
            Self::Warn => 2,
            Self::Fail => 3,
            Self::Error => 4,
        }
    }
}

impl Finding {
    /// The name of the reason for machines.
    #[must_use]
    pub const fn code(&self) -> Option<&'static str> {
        self.code
    }

    /// The reason in words, with its placeholders.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The inputs that it is about.
    #[must_use]
    pub fn inputs(&self) -> &[&'static str] {
        &self.inputs
    }

    /// The values that the rule has worked out.
    #[must_use]
    pub fn params(&self) -> &[(&'static str, String)] {
        &self.params
    }
}

impl IntoVerdict for Verdict {
    #[inline]
    fn into_verdict(self) -> Verdict {
        self
    }
}

impl<E: Display> IntoVerdict for Result<Verdict, E> {
    #[inline]
    fn into_verdict(self) -> Verdict {
        self.unwrap_or_else(|error| {
            let mut reason = String::new();
            // A text that cannot be written is cut off; there is nobody to tell.
            let _ = write!(reason, "{error}");
            Verdict::error("rule_error", &reason)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graver_status_counts_in_any_order() {
        let all = [Verdict::pass(), Verdict::norun("n"), Verdict::warn("w"), Verdict::fail("f")];
        for (index, left) in all.iter().enumerate() {
            for (other, right) in all.iter().enumerate() {
                let mut verdict = left.clone();
                verdict.also(right.clone());
                assert_eq!(verdict.status(), all[index.max(other)].status());
                assert_eq!(verdict.findings().len(), usize::from(index > 0) + usize::from(other > 0));
            }
        }
    }

    #[test]
    fn what_is_said_goes_to_the_last_finding() {
        let mut verdict = Verdict::fail("a").code("first").on("x");
        verdict.also(Verdict::fail("b").code("second").on("y").on("z").param("k", 5));
        assert_eq!(verdict.codes(), ["first", "second"]);
        assert_eq!(verdict.findings()[1].inputs(), ["y", "z"]);
        assert_eq!(verdict.findings()[1].params(), [("k", "5".to_owned())]);
        assert_eq!(Verdict::pass().code("nothing").on("x").param("k", 1), Verdict::pass());
    }

    #[test]
    fn an_error_becomes_a_finding_whose_braces_are_text() {
        let verdict = Err("no {principal} here }").into_verdict() as Verdict;
        assert_eq!((verdict.status(), verdict.codes()), (Status::Error, vec!["rule_error"]));
        assert_eq!(verdict.findings()[0].message(), "no {{principal}} here }}");
        assert_eq!(Ok::<_, String>(Verdict::pass()).into_verdict(), Verdict::pass());
    }
}
