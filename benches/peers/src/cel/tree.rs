//! CEL for a host that does not know in advance which fields its rules read: the whole record becomes a tree of CEL values.
//!
//! The tree is built directly from the text, borrows strings from it, and is lent to the expressions. The call that the
//! documentation shows first, `Context::add_variable` with a serializable value, builds the tree three times: as JSON, as
//! `Value`, and as this tree.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use anyhow::Context as _;
use cel::common::types::{CelBool, CelDouble, CelList, CelMap, CelMapKey, CelNull, CelString};
use cel::common::value::{CowVal, Val};
use cel::context::VariableResolver;
use cel::{Context, Env, Program};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use super::programs::Programs;
use crate::peer::Peer;

const SOUNDNESS: &str = "!has(loan.financial.principal_amount) ? 'NORUN' : loan.financial.principal_amount > 0.0
    && (!has(loan.financial.interest_rate) || loan.financial.interest_rate >= 0.0)
    && has(loan.dates.origination_date) && has(loan.dates.maturity_date)
    && loan.dates.origination_date < loan.dates.maturity_date
    && (!has(loan.financial.outstanding_balance)
        || loan.financial.outstanding_balance <= loan.financial.principal_amount) ? 'PASS' : 'FAIL'";
const KNOWN_STATUS: &str = "has(loan.status) && (loan.status == 'active' || loan.status == 'paid_off'
    || loan.status == 'defaulted' || loan.status == 'written_off') ? 'PASS' : 'FAIL'";
const BALANCE_FITS: &str = "!has(loan.financial.principal_amount) || !has(loan.financial.outstanding_balance) ? 'NORUN'
    : loan.financial.outstanding_balance <= loan.financial.principal_amount
    && (loan.status == 'active' ? loan.financial.outstanding_balance != 0.0
        : loan.status != 'paid_off' || loan.financial.outstanding_balance == 0.0) ? 'PASS' : 'FAIL'";
const UTILISATION: &str = "!has(loan.financial.principal_amount) || !has(loan.financial.outstanding_balance)
    || loan.financial.principal_amount <= 0.0 ? 'NORUN'
    : loan.financial.outstanding_balance <= loan.financial.principal_amount * 0.85 ? 'PASS' : 'WARN'";

pub(crate) struct CelTree {
    env: Arc<Env>,
    programs: Programs,
}

/// The variable `loan`.
pub(crate) struct Loan<'t>(Box<dyn Val + 't>);

impl CelTree {
    pub(crate) fn new() -> anyhow::Result<Self> {
        let env = Arc::new(Env::stdlib());
        let compile = |source: &str| -> anyhow::Result<Program> {
            env.compile(source).with_context(|| format!("`{source}` does not compile"))
        };
        let programs = Programs {
            soundness: compile(SOUNDNESS)?,
            known_status: compile(KNOWN_STATUS)?,
            balance_fits: compile(BALANCE_FITS)?,
            utilisation: compile(UTILISATION)?,
        };
        Ok(Self { env, programs })
    }
}

impl Peer for CelTree {
    type Input<'t> = Loan<'t>;

    fn parse<'t>(&self, text: &'t str) -> anyhow::Result<Loan<'t>> {
        let Node(tree) = serde_json::from_str(text)?;
        Ok(Loan(tree))
    }

    fn judge(&mut self, input: &Loan<'_>, out: &mut Vec<u8>) -> anyhow::Result<()> {
        let mut context = Context::with_env(Arc::clone(&self.env));
        context.set_variable_resolver(input);
        self.programs.judge(&context, out)
    }
}

impl VariableResolver for Loan<'_> {
    fn resolve<'b>(&'b self, variable: &str) -> Option<CowVal<'b, 'b>> {
        (variable == "loan").then(|| CowVal::Borrowed(&*self.0))
    }
}

/// A value of a record.
struct Node<'t>(Box<dyn Val + 't>);

impl<'de: 't, 't> Deserialize<'de> for Node<'t> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Tree).map(Node)
    }
}

/// The key of a member.
#[derive(serde::Deserialize)]
struct Key<'t>(#[serde(borrow)] Cow<'t, str>);

struct Tree;

impl<'de> Visitor<'de> for Tree {
    type Value = Box<dyn Val + 'de>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Box::new(CelNull))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Box::new(CelBool::from(value)))
    }

    // All numbers are floats, as in CEL's own conversion of JSON, so that integral amounts need no special case.
    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value as f64)))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value as f64)))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Box::new(CelDouble::from(value)))
    }

    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(value)))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Box::new(CelString::from(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Node(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Box::new(CelList::from(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut map: HashMap<CelMapKey<'de>, Box<dyn Val + 'de>> = HashMap::new();
        while let Some((Key(key), Node(value))) = members.next_entry()? {
            let key = match key {
                Cow::Borrowed(key) => CelMapKey::from(key),
                Cow::Owned(key) => CelMapKey::from(key),
            };
            map.insert(key, value);
        }
        Ok(Box::new(CelMap::from(map)))
    }
}
