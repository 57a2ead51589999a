//! Write rules for Jurat: plain functions over the fields they read.
//!
//! A rule is a function from a struct to a [`Verdict`]. The struct names the fields of a record that the rule reads, and so
//! everything that it will ever be given. Compiled for WebAssembly, a crate of rules becomes a component that imports nothing;
//! compiled natively, it is a library like any other, with `cargo test` and a debugger.
//!
//! ```
//! use jurat_rule::testing::{Row, judge};
//! use jurat_rule::{Date, Decimal, Inputs, Status, Verdict, fail, rule, warn};
//!
//! /// What the rule reads. A record without a principal never reaches it; one without a balance does.
//! #[derive(Inputs)]
//! struct Loan {
//!     principal: Decimal,
//!     balance: Option<Decimal>,
//!     inception: Date,
//!     maturity: Date,
//! }
//!
//! #[rule(id = "rule_901_v1", entity = "loan", description = "The balance and the dates of a loan make sense")]
//! fn makes_sense(loan: &Loan) -> Verdict {
//!     let mut verdict = Verdict::pass();
//!     if loan.balance.is_some_and(|balance| balance > loan.principal) {
//!         verdict.also(fail!(
//!             Loan,
//!             "balance is {balance}, expected at most the principal, {principal}",
//!             code = "balance_above_principal",
//!             on = ["balance"],
//!         ));
//!     }
//!     if loan.inception.days_until(loan.maturity) < 30 {
//!         verdict.also(warn!(Loan, "maturity is {maturity}, less than 30 days after {inception}", on = ["maturity"]));
//!     }
//!     verdict
//! }
//!
//! jurat_rule::package![makes_sense];
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let short = Row::new()
//!     .with("principal", Decimal::ONE_HUNDRED)
//!     .with("inception", "2024-01-01".parse::<Date>()?)
//!     .with("maturity", "2024-01-15".parse::<Date>()?);
//! let wrong = short.clone().with("balance", Decimal::ONE_THOUSAND);
//! assert_eq!(judge(package(), "rule_901_v1", &[short, wrong]).statuses, [Status::Warn, Status::Fail]);
//! # Ok(())
//! # }
//! ```
//!
//! # Core concepts
//!
//! - *Inputs* ([`Inputs`], [`Field`]): logical names; the release's field map says where each lies in a record. An input
//!   of a related entity is `#[input(of = "parent", name = "limit")]`. There is no clock: `now: Timestamp` is an input as well.
//! - *Verdicts* ([`Verdict`]): a status and findings, made with [`fail!`], [`warn!`] and [`norun!`]. Messages hold placeholders like
//!   `{balance}`, which the host replaces with the value as the record writes it, a text without its quotes. The compiler checks every
//!   name in a finding. [`Verdict::pass_with`] passes a record with a remark.
//! - *JSON* ([`Json`]): lists and objects, read with serde. Decimals, dates and timestamps in them are read exactly.
//! - *Errors*: a rule may return `Result<Verdict, E>`. An `Err` is the status `error` for that record and for no other. Do not
//!   panic: the record is then judged a second time alone, and counts as a fault of the rule.
//! - *Batches*: a rule is called for one record after the other, in any order and grouping. It must not carry anything from one to
//!   the next.
//!
//! # Building a component
//!
//! A crate of rules has the crate types `cdylib` and `rlib`, is built for `wasm32-unknown-unknown`, and needs nothing but that
//! target. Amounts are best computed with the `checked_` functions of [`Decimal`]: the others panic where a result does not fit.

// The bindings name this crate as their users do.
extern crate self as jurat_rule;

mod calendar;
mod check;
pub mod columns;
mod decimal;
mod declaration;
pub mod field;
mod inputs;
mod json;
mod package;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
mod verdict;

#[cfg(any(test, target_family = "wasm"))]
mod allocator;
mod bindings;

pub use calendar::{Date, ParseTimeError, Timestamp};
pub use decimal::{Decimal, ParseDecimalError};
pub use declaration::{Declaration, Input, Kind};
pub use field::Field;
pub use inputs::{Inputs, Mismatch};
pub use json::{Json, Text};
pub use jurat_rule_macros::{Inputs, fail, norun, rule, warn};
pub use package::{Package, RowFinding, Rule, Verdicts};
pub use rust_decimal::RoundingStrategy;
pub use verdict::{Finding, IntoVerdict, Status, Verdict};

/// The items that the macros use. No part of it is meant to be named by hand.
#[doc(hidden)]
pub mod __private {
    pub use crate::bindings::{Component, Guest, contract, export};
    pub mod check {
        pub use crate::check::{input, param, placeholder};
    }
    pub use crate::declaration::are_distinct;
    pub use crate::inputs::Reader;
    pub use crate::package::{Entry, evaluate};
    pub use crate::verdict::{Reason, finding, text};

    #[cfg(target_family = "wasm")]
    pub use crate::allocator::ArenaAllocator;
}
