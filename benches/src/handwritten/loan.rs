//! Loans, with the members that their schema and the rules name.

use rust_decimal::Decimal;

use super::value::{AnyText, Frequency, Number, Quoted, Read, Text, present};

/// A record. Members that the schema does not name are skipped; serde checks that they are JSON.
#[derive(Debug, serde::Deserialize)]
pub(super) struct Loan<'a> {
    #[serde(rename = "$schema", borrow)]
    pub(super) schema: Text<'a>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) id: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) loan_number: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) financial: Option<Financial<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) dates: Option<Dates<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    status: Option<Quoted<'a>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) repayment_schedule: Option<RepaymentSchedule>,
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
pub(super) struct Financial<'a> {
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) principal_amount: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) outstanding_balance: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) currency: Option<Text<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) interest_rate: Option<Number<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) interest_type: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    pub(super) fees: Option<Fees>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Fees {
    #[serde(default, deserialize_with = "present")]
    pub(super) origination_fee: Option<f64>,
    #[serde(default, deserialize_with = "present")]
    pub(super) servicing_fee: Option<f64>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct Dates<'a> {
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) origination_date: Option<Quoted<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) maturity_date: Option<Quoted<'a>>,
    #[serde(default, borrow, deserialize_with = "present")]
    pub(super) first_payment_date: Option<Text<'a>>,
    #[serde(default, rename = "last_modified_date", deserialize_with = "present")]
    _last_modified_date: Option<AnyText>,
}

#[derive(Debug, serde::Deserialize)]
pub(super) struct RepaymentSchedule {
    #[serde(default, deserialize_with = "present")]
    pub(super) frequency: Option<Frequency>,
    #[serde(default, deserialize_with = "present")]
    pub(super) number_of_payments: Option<f64>,
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

    /// A field as the record writes it.
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

    /// The kind that its values must have.
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Principal | Self::Balance | Self::Rate => "a decimal number",
            Self::Inception | Self::Maturity => {
                "a date: expected a text `YYYY-MM-DD`, from `0001-01-01` to `9999-12-31`"
            }
            Self::Status => "text: expected a JSON string",
        }
    }
}
