//! CEL: one expression for each rule, compiled once, and evaluated in a context for each record without building a `Value`.
//!
//! CEL does not read JSON. Its documentation recommends a variable resolver for speed, which lends values to the expressions. So
//! serde reads only the six values that the rules name, borrowed where possible. A host that does not know in advance which
//! fields its rules read cannot do that, and needs a [`tree`], which is slower. Amounts are floats, as CEL has no decimals. Dates
//! are compared as text: ISO 8601 sorts like time, and `timestamp()` would parse both each time.

mod programs;
mod tree;

use std::borrow::Cow;
use std::sync::Arc;

use anyhow::Context as _;
use cel::common::types::{CelDouble, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Env};

use self::programs::Programs;
pub(crate) use self::tree::CelTree;
use crate::peer::Peer;

const SOUNDNESS: &str = "principal == null ? 'NORUN' : principal > 0.0
    && (rate == null || rate >= 0.0)
    && inception != null && maturity != null && inception < maturity
    && (balance == null || balance <= principal) ? 'PASS' : 'FAIL'";
const KNOWN_STATUS: &str =
    "status == 'active' || status == 'paid_off' || status == 'defaulted' || status == 'written_off' ? 'PASS' : 'FAIL'";
const BALANCE_FITS: &str = "principal == null || balance == null ? 'NORUN' : balance <= principal
    && (status == 'active' ? balance != 0.0 : status != 'paid_off' || balance == 0.0) ? 'PASS' : 'FAIL'";
const UTILISATION: &str = "principal == null || balance == null || principal <= 0.0 ? 'NORUN'
    : balance <= principal * 0.85 ? 'PASS' : 'WARN'";

pub(crate) struct Cel {
    env: Arc<Env>,
    programs: Programs,
}

/// The variables of the expressions.
pub(crate) struct Loan<'t> {
    principal: Option<CelDouble>,
    balance: Option<CelDouble>,
    rate: Option<CelDouble>,
    inception: Option<CelString<'t>>,
    maturity: Option<CelString<'t>>,
    status: Option<CelString<'t>>,
}

impl Cel {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let env = Arc::new(Env::stdlib());
        let compile = |source| env.compile(source).with_context(|| format!("`{source}` does not compile"));
        let programs = Programs {
            soundness: compile(SOUNDNESS)?,
            known_status: compile(KNOWN_STATUS)?,
            balance_fits: compile(BALANCE_FITS)?,
            utilisation: compile(UTILISATION)?,
        };
        Ok(Self { env, programs })
    }
}

impl Peer for Cel {
    type Input<'t> = Loan<'t>;

    fn parse<'t>(&self, text: &'t str) -> anyhow::Result<Loan<'t>> {
        let Record { financial, dates, status } = serde_json::from_str(text)?;
        Ok(Loan {
            principal: financial.principal_amount.map(CelDouble::from),
            balance: financial.outstanding_balance.map(CelDouble::from),
            rate: financial.interest_rate.map(CelDouble::from),
            inception: dates.origination_date.map(Text::into_cel),
            maturity: dates.maturity_date.map(Text::into_cel),
            status: status.map(Text::into_cel),
        })
    }

    fn judge(&mut self, input: &Loan<'_>, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        context.set_variable_resolver(input);
        self.programs.judge(&context, out)
    }
}

impl VariableResolver for Loan<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        fn lent<'b>(value: &'b Option<impl Val + 'b>) -> CowVal<'b, 'b> {
            match value {
                Some(value) => CowVal::Borrowed(value),
                None => CowVal::Borrowed(&CelNull),
            }
        }
        Some(match variable {
            "principal" => lent(&self.principal),
            "balance" => lent(&self.balance),
            "rate" => lent(&self.rate),
            "inception" => lent(&self.inception),
            "maturity" => lent(&self.maturity),
            "status" => lent(&self.status),
            _ => return None,
        })
    }
}

#[derive(serde::Deserialize)]
struct Record<'t> {
    financial: Financial,
    #[serde(borrow)]
    dates: Dates<'t>,
    #[serde(borrow)]
    status: Option<Text<'t>>,
}

#[derive(serde::Deserialize)]
struct Financial {
    principal_amount: Option<f64>,
    outstanding_balance: Option<f64>,
    interest_rate: Option<f64>,
}

#[derive(serde::Deserialize)]
struct Dates<'t> {
    #[serde(borrow)]
    origination_date: Option<Text<'t>>,
    #[serde(borrow)]
    maturity_date: Option<Text<'t>>,
}

#[derive(serde::Deserialize)]
struct Text<'t>(#[serde(borrow)] Cow<'t, str>);

impl<'t> Text<'t> {
    fn into_cel(self) -> CelString<'t> {
        CelString::from(self.0)
    }
}
