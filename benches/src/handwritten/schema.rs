//! The JSON Schema of loans as code.

use super::loan::{Dates, Financial, Loan, RepaymentSchedule};
use super::value::{Frequency, Quoted, Text, is_digits, is_written_as_date};
use super::verdict::Verdict;

const SCHEMA_URL: &str = "https://schemas.example.com/loan/v1.0.0";

impl<'a> Loan<'a> {
    /// Checks what the types do not. The first violation becomes the verdict.
    pub(super) fn check(&self, verdict: &mut Verdict<'a>) {
        if let Some((pointer, code, reason)) = self.violation() {
            match pointer {
                "" => verdict.fail(code, &[reason]),
                _ => verdict.fail(code, &[pointer, ": ", reason]),
            }
            verdict.at(pointer);
        }
    }

    fn violation(&self) -> Violation {
        if self.schema.0 != SCHEMA_URL {
            return Some(("/$schema", "const", "is not `https://schemas.example.com/loan/v1.0.0`"));
        }
        // As in Jurat, missing members come first, then the others in the order of their names.
        let dates = || self.dates.as_ref().and_then(Dates::violation);
        let financial = || self.financial.as_ref().and_then(Financial::violation);
        let schedule = || self.repayment_schedule.as_ref().and_then(RepaymentSchedule::violation);
        self.missing().or_else(dates).or_else(financial).or_else(|| self.violation_of_names()).or_else(schedule)
    }

    fn violation_of_names(&self) -> Violation {
        if self.id.as_ref().is_some_and(|id| id.0.is_empty()) {
            return Some(("/id", "minLength", "has fewer than 1 characters"));
        }
        let number = self.loan_number.as_ref()?.0.strip_prefix("LN-");
        if number.is_none_or(|digits| digits.is_empty() || !is_digits(digits.as_bytes())) {
            return Some(("/loan_number", "pattern", "does not match the pattern `^LN-[0-9]+$`"));
        }
        None
    }

    fn missing(&self) -> Violation {
        let reason = if self.id.is_none() {
            "has no member `id`"
        } else if self.loan_number.is_none() {
            "has no member `loan_number`"
        } else if self.financial.is_none() {
            "has no member `financial`"
        } else if self.dates.is_none() {
            "has no member `dates`"
        } else {
            return None;
        };
        Some(("", "required", reason))
    }
}

/// A violation of the schema: its pointer, the keyword, and the reason.
type Violation = Option<(&'static str, &'static str, &'static str)>;

impl Financial<'_> {
    fn violation(&self) -> Violation {
        if self.principal_amount.is_none() {
            return Some(("/financial", "required", "has no member `principal_amount`"));
        }
        if self.currency.is_none() {
            return Some(("/financial", "required", "has no member `currency`"));
        }
        let is_currency = |text: &Text<'_>| matches!(text.0.as_bytes(), [b'A'..=b'Z', b'A'..=b'Z', b'A'..=b'Z']);
        if self.currency.as_ref().is_some_and(|currency| !is_currency(currency)) {
            return Some(("/financial/currency", "pattern", "does not match the pattern `^[A-Z]{3}$`"));
        }
        if let Some(fees) = &self.fees {
            if fees.origination_fee.is_some_and(|fee| fee < 0.0) {
                return Some(("/financial/fees/origination_fee", "minimum", "is below `0`"));
            }
            if fees.servicing_fee.is_some_and(|fee| fee < 0.0) {
                return Some(("/financial/fees/servicing_fee", "minimum", "is below `0`"));
            }
        }
        if self.interest_type.as_ref().is_some_and(|of| !matches!(&*of.0, "fixed" | "variable")) {
            return Some(("/financial/interest_type", "enum", "is none of `fixed`, `variable`"));
        }
        None
    }
}

impl Dates<'_> {
    fn violation(&self) -> Violation {
        const REASON: &str = "does not match the pattern `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`";
        let written = |date: &Option<Quoted<'_>>| date.as_ref().is_none_or(|date| is_written_as_date(&date.text));
        if self.first_payment_date.as_ref().is_some_and(|date| !is_written_as_date(&date.0)) {
            return Some(("/dates/first_payment_date", "pattern", REASON));
        }
        if !written(&self.maturity_date) {
            return Some(("/dates/maturity_date", "pattern", REASON));
        }
        if !written(&self.origination_date) {
            return Some(("/dates/origination_date", "pattern", REASON));
        }
        None
    }
}

impl RepaymentSchedule {
    fn violation(&self) -> Violation {
        if matches!(self.frequency, Some(Frequency::Unknown)) {
            let reason = "is none of `monthly`, `quarterly`, `annually`, `bullet`";
            return Some(("/repayment_schedule/frequency", "enum", reason));
        }
        let payments = self.number_of_payments?;
        if payments.fract() != 0.0 {
            return Some(("/repayment_schedule/number_of_payments", "type", "is not of type `integer`"));
        }
        (payments < 1.0).then_some(("/repayment_schedule/number_of_payments", "minimum", "is below `1`"))
    }
}
