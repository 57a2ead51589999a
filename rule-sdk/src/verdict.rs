//! The answers of a rule.

use std::borrow::Cow;
use std::fmt::{Display, Write};

use crate::Input;

/// The answer of a rule to one record: a status and the reasons for it.
///
/// [`Verdict::pass`] makes one without a reason; [`fail!`](crate::fail), [`warn!`](crate::warn) and [`norun!`](crate::norun) make one
/// with a reason.
///
/// ```
/// use jurat_rule::{Decimal, Inputs, Status, Verdict, warn};
///
/// #[derive(Inputs)]
/// struct Loan {
///     principal: Decimal,
///     balance: Decimal,
/// }
///
/// fn utilisation(loan: &Loan, percent: Decimal) -> Verdict {
///     if percent <= Decimal::from(85) {
///         return Verdict::pass();
///     }
///     warn!(
///         Loan,
///         "the balance {balance} is {percent} % of the principal {principal}",
///         percent = percent,
///         code = "high_utilisation",
///         on = ["balance", "principal"],
///     )
/// }
/// # let loan = Loan { principal: Decimal::ONE_HUNDRED, balance: Decimal::from(91) };
/// # assert_eq!(utilisation(&loan, loan.balance * Decimal::ONE_HUNDRED / loan.principal).status(), Status::Warn);
/// ```
///
/// A verdict without findings allocates nothing.
#[derive(Clone, Debug, Eq, PartialEq)]
#[must_use]
pub struct Verdict {
    status: Status,
    findings: Vec<Finding>,
}

/// The status that a rule gives one record.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Status {
    /// The record satisfies the rule.
    Pass,
    /// A person should check the record; rules below this one still run.
    Warn,
    /// The record breaks the rule.
    Fail,
    /// The rule does not apply to this record.
    Norun,
    /// The rule could not judge this record. It comes of an `Err`, see [`IntoVerdict`].
    Error,
}

/// One reason for a verdict.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    reason: Cause,
    params: Vec<(&'static str, String)>,
}

/// The source of a finding's words.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Cause {
    /// From the author of the rule.
    Rule(&'static Reason),
    /// From a text. No braces in it are placeholders.
    Text { code: Option<&'static str>, message: String, on: &'static [&'static str] },
}

/// The constant part of a finding, as a macro has checked it.
#[derive(Debug, Eq, PartialEq)]
pub struct Reason {
    /// Names the reason for machines.
    pub code: Option<&'static str>,
    /// The reason in words, with placeholders.
    pub message: &'static str,
    /// The inputs that the message names.
    pub placeholders: &'static [&'static str],
    /// The inputs that the finding is about.
    pub on: &'static [&'static str],
    /// The inputs against which the names were checked.
    pub inputs: &'static [Input],
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

    /// Nothing to object to, with a message for people: what was checked, or why nothing was. Results have it beside the status.
    ///
    /// It is a text, so none of its braces is a placeholder.
    ///
    /// ```
    /// use jurat_rule::{Status, Verdict};
    ///
    /// let verdict = Verdict::pass_with(format!("{} of {} instalments are paid", 3, 12));
    /// assert_eq!((verdict.status(), verdict.findings().len()), (Status::Pass, 1));
    /// ```
    pub fn pass_with(message: impl AsRef<str>) -> Self {
        Self::text(Status::Pass, None, message.as_ref(), &[])
    }

    /// Adds the findings of another verdict. The graver status counts: fail, then warn, then norun, then pass.
    ///
    /// ```
    /// use jurat_rule::{Status, Verdict, fail, warn};
    ///
    /// let mut verdict = Verdict::pass();
    /// verdict.also(fail!("the loan is closed"));
    /// verdict.also(warn!("the loan is old"));
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
    pub(crate) fn error(code: &'static str, reason: &str, on: &'static [&'static str]) -> Self {
        Self::text(Status::Error, Some(code), reason, on)
    }

    /// A verdict with a text, of which no brace is a placeholder.
    fn text(status: Status, code: Option<&'static str>, text: &str, on: &'static [&'static str]) -> Self {
        let mut message = String::with_capacity(text.len());
        for char in text.chars() {
            message.push(char);
            if matches!(char, '{' | '}') {
                message.push(char);
            }
        }
        Self { status, findings: vec![Finding { reason: Cause::Text { code, message, on }, params: Vec::new() }] }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// A verdict with one finding. The macros call it.
#[inline(never)]
pub fn finding(status: Status, reason: &'static Reason, params: Vec<(&'static str, String)>) -> Verdict {
    Verdict { status, findings: vec![Finding { reason: Cause::Rule(reason), params }] }
}

/// The value of a param.
#[inline(never)]
pub fn text(value: &dyn Display) -> String {
    value.to_string()
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
        match &self.reason {
            Cause::Rule(reason) => reason.code,
            Cause::Text { code, .. } => *code,
        }
    }

    /// The reason in words, with its placeholders.
    #[must_use]
    pub fn message(&self) -> &str {
        match &self.reason {
            Cause::Rule(reason) => reason.message,
            Cause::Text { message, .. } => message,
        }
    }

    /// The inputs that it is about.
    #[must_use]
    pub const fn inputs(&self) -> &[&'static str] {
        match &self.reason {
            Cause::Rule(reason) => reason.on,
            Cause::Text { on, .. } => on,
        }
    }

    /// The values that the rule has worked out.
    #[must_use]
    pub fn params(&self) -> &[(&'static str, String)] {
        &self.params
    }

    /// What a macro has checked; nothing for a text.
    pub(crate) const fn checked(&self) -> Option<&'static Reason> {
        match &self.reason {
            Cause::Rule(reason) => Some(reason),
            Cause::Text { .. } => None,
        }
    }

    /// The message and the params, to be handed over.
    pub(crate) fn into_parts(self) -> (Cow<'static, str>, Vec<(&'static str, String)>) {
        let message = match self.reason {
            Cause::Rule(reason) => Cow::Borrowed(reason.message),
            Cause::Text { message, .. } => Cow::Owned(message),
        };
        (message, self.params)
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
            // An error whose `Display` fails is cut off where it failed.
            let _ = write!(reason, "{error}");
            Verdict::error("rule_error", &reason, &[])
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fail, norun, warn};

    #[test]
    fn the_graver_status_counts_in_any_order() {
        let all = [Verdict::pass(), norun!("n"), warn!("w"), fail!("f")];
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
    fn findings_keep_what_they_are_given_and_their_order() {
        let mut verdict = fail!("a", code = "first");
        verdict.also(fail!("b {k}", k = 5, code = "second"));
        assert_eq!(verdict.codes(), ["first", "second"]);
        let [first, second] = verdict.findings() else { panic!("{verdict:?}") };
        assert_eq!((first.message(), first.params()), ("a", &[][..]));
        assert_eq!((second.message(), second.params()), ("b {k}", &[("k", "5".to_owned())][..]));
    }

    #[test]
    fn a_pass_can_have_a_message_whose_braces_are_text() {
        let verdict = Verdict::pass_with(format!("{{principal}} of {}", 7));
        assert_eq!((verdict.status(), verdict.codes()), (Status::Pass, vec![]));
        assert_eq!((verdict.findings()[0].message(), verdict.findings()[0].inputs()), ("{{principal}} of 7", &[][..]));
        let mut verdict = Verdict::pass_with("first");
        verdict.also(warn!("second"));
        assert_eq!((verdict.status(), verdict.findings().len()), (Status::Warn, 2));
    }

    #[test]
    fn an_error_becomes_a_finding_whose_braces_are_text() {
        let verdict = Err("no {principal} here }").into_verdict() as Verdict;
        assert_eq!((verdict.status(), verdict.codes()), (Status::Error, vec!["rule_error"]));
        assert_eq!(verdict.findings()[0].message(), "no {{principal}} here }}");
        assert_eq!(Ok::<_, String>(Verdict::pass()).into_verdict(), Verdict::pass());
    }
}
