//! Loans, as far as their schema and the rules speak of them.

use rust_decimal::Decimal;

use super::value::{AnyText, Frequency, Number, Quoted, Read, Text, is_digits, is_written_as_date, present};
use super::verdict::Verdict;

const SCHEMA_URL: &str = "https://schemas.example.com/loan/v1.0.0";

/// A record. Members that the schema does not name are skipped; serde has checked that they are JSON.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Loan<'a> {
    #[serde(rename = "$schema", borrow)]
    schema: Text<'a>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) id: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    loan_number: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    financial: Option<Financial<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    dates: Option<Dates<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    status: Option<Quoted<'a>>,
    #[serde(default, deserialize_with = "present")]
    repayment_schedule: Option<RepaymentSchedule>,
    #[serde(rename = "facility_id")]
    _facility_id: Option<AnyText>,
    #[serde(default, rename = "client_id", deserialize_with = "present")]
    _client_id: Option<AnyText>,
    #[serde(rename = "collateral_id")]
    _collateral_id: Option<AnyText>,
    #[serde(default, rename = "loan_type", deserialize_with = "present")]
    _loan_type: Option<AnyText>,
    #[serde(default, rename = "collateral_required", deserialize_with = "present")]
    _collateral_required: Option<bool>,
    #[serde(rename = "notes")]
    _notes: Option<AnyText>,
}

#[derive(Debug, serde::Deserialize)]
struct Financial<'a> {
    #[serde(default, borrow, deserialize_with = "present")]
    principal_amount: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    outstanding_balance: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    currency: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    interest_rate: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    interest_type: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    fees: Option<Fees>,
}

#[derive(Debug, serde::Deserialize)]
struct Fees {
    #[serde(default, deserialize_with = "present")]
    origination_fee: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    servicing_fee: Option<f64>,
}

#[derive(Debug, serde::Deserialize)]
struct Dates<'a> {
    #[serde(default, borrow, deserialize_with = "present")]
    origination_date: Option<Quoted<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    maturity_date: Option<Quoted<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    first_payment_date: Option<Text<'a>>,
    #[serde(default, rename = "last_modified_date", deserialize_with = "present")]
    _last_modified_date: Option<AnyText>,
}

#[derive(Debug, serde::Deserialize)]
struct RepaymentSchedule {
    #[serde(default, deserialize_with = "present")]
    frequency: Option<Frequency>,
    #[serde(default, deserialize_with = "present")]
    number_of_payments: Option<f64>,
}

/// The logical fields that the rules read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Field {
    Principal,
    Balance,
    Rate,
    Inception,
    Maturity,
    Status,
}

impl<'a> Loan<'a> {
    pub(super) fn principal(&self) -> Read<Decimal> {
        Number::read(self.financial.as_ref().and_then(|financial| financial.principal_amount.as_ref()))
    }

    pub(super) fn balance(&self) -> Read<Decimal> {
        Number::read(self.financial.as_ref().and_then(|financial| financial.outstanding_balance.as_ref()))
    }

    pub(super) fn rate(&self) -> Read<Decimal> {
        Number::read(self.financial.as_ref().and_then(|financial| financial.interest_rate.as_ref()))
    }

    pub(super) fn inception(&self) -> Read<u32> {
        Quoted::day(self.dates.as_ref().and_then(|dates| dates.origination_date.as_ref()))
    }

    pub(super) fn maturity(&self) -> Read<u32> {
        Quoted::day(self.dates.as_ref().and_then(|dates| dates.maturity_date.as_ref()))
    }

    pub(super) fn status(&self) -> Option<&str> {
        self.status.as_ref().map(|status| &*status.text)
    }

    /// How the record writes a field.
    pub(super) fn token(&self, field: Field) -> Option<&'a str> {
        let (financial, dates) = (self.financial.as_ref(), self.dates.as_ref());
        match field {
            Field::Principal => Some(financial?.principal_amount.as_ref()?.token),
            Field::Balance => Some(financial?.outstanding_balance.as_ref()?.token),
            Field::Rate => Some(financial?.interest_rate.as_ref()?.token),
            Field::Inception => Some(dates?.origination_date.as_ref()?.token),
            Field::Maturity => Some(dates?.maturity_date.as_ref()?.token),
            Field::Status => Some(self.status.as_ref()?.token),
        }
    }

    pub(super) fn is_wrong(&self, field: Field) -> bool {
        match field {
            Field::Principal => self.principal() == Read::Wrong,
            Field::Balance => self.balance() == Read::Wrong,
            Field::Rate => self.rate() == Read::Wrong,
            Field::Inception => self.inception() == Read::Wrong,
            Field::Maturity => self.maturity() == Read::Wrong,
            Field::Status => false,
        }
    }

    /// The JSON Schema, as far as the types have not said it all. The first thing that is wrong becomes the verdict.
    pub(super) fn check(&self, verdict: &mut Verdict<'a>) {
        if let Some((pointer, code, reason)) = self.wrong() {
            match pointer {
                "" => verdict.fail(code, &[reason]),
                _ => verdict.fail(code, &[pointer, ": ", reason]),
            }
            verdict.at(pointer);
        }
    }

    fn wrong(&self) -> Wrong {
        if self.schema.0 != SCHEMA_URL {
            return Some(("/$schema", "const", "is not `https://schemas.example.com/loan/v1.0.0`"));
        }
        // What is missing comes first, then the members in the order of their names, as Jurat has it.
        let dates = || self.dates.as_ref().and_then(Dates::wrong);
        let financial = || self.financial.as_ref().and_then(Financial::wrong);
        let schedule = || self.repayment_schedule.as_ref().and_then(RepaymentSchedule::wrong);
        self.missing().or_else(dates).or_else(financial).or_else(|| self.wrong_name()).or_else(schedule)
    }

    fn wrong_name(&self) -> Wrong {
        if self.id.as_ref().is_some_and(|id| id.0.is_empty()) {
            return Some(("/id", "minLength", "has fewer than 1 characters"));
        }
        let number = self.loan_number.as_ref()?.0.strip_prefix("LN-");
        if number.is_none_or(|digits| digits.is_empty() || !is_digits(digits.as_bytes())) {
            return Some(("/loan_number", "pattern", "does not match the pattern `^LN-[0-9]+$`"));
        }
        None
    }

    fn missing(&self) -> Wrong {
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

/// Where a record breaks its schema, which keyword, and in words.
type Wrong = Option<(&'static str, &'static str, &'static str)>;

impl Financial<'_> {
    fn wrong(&self) -> Wrong {
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
    fn wrong(&self) -> Wrong {
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
    fn wrong(&self) -> Wrong {
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

impl Field {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Principal => "principal",
            Self::Balance => "balance",
            Self::Rate => "rate",
            Self::Inception => "inception",
            Self::Maturity => "maturity",
            Self::Status => "status",
        }
    }

    pub(super) fn pointer(self) -> &'static str {
        match self {
            Self::Principal => "/financial/principal_amount",
            Self::Balance => "/financial/outstanding_balance",
            Self::Rate => "/financial/interest_rate",
            Self::Inception => "/dates/origination_date",
            Self::Maturity => "/dates/maturity_date",
            Self::Status => "/status",
        }
    }

    /// What its values must be.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Principal | Self::Balance | Self::Rate => "decimal",
            Self::Inception | Self::Maturity => "date",
            Self::Status => "text",
        }
    }
}
