//! The macros of `jurat-rule`, which re-exports and documents them. What is wrong is a compile error at the wrong word.

mod finding;
mod inputs;
mod lifetimes;
mod names;
mod placeholders;
mod rule;

use proc_macro::TokenStream;
use quote::quote;
use syn::parse_macro_input;

/// Makes a struct the inputs of a rule: each field is an input, by its name.
///
/// A field is a `bool`, `i64`, `f64`, `Decimal`, `&str`, `String`, `Date`, `Timestamp` or `Json<T>`, or an `Option` of one of
/// them. A field without `Option` is required: for a record that does not have it the verdict is `NORUN`, and the rule is not
/// asked. A struct with a `&str` has one lifetime.
///
/// `#[input(name = "limit")]` gives an input another name than its field; `#[input(of = "parent")]` reads it from a related entity.
/// An input called `now` is the time of the run, and a `Timestamp`.
///
/// ```
/// use jurat_rule::{Date, Decimal, Inputs, Timestamp};
///
/// #[derive(Inputs)]
/// struct Loan<'a> {
///     principal: Decimal,
///     maturity: Option<Date>,
///     status: Option<&'a str>,
///     #[input(of = "parent", name = "limit")]
///     facility_limit: Decimal,
///     now: Timestamp,
/// }
/// # let _ = |loan: Loan<'_>| (loan.principal, loan.maturity.is_some(), loan.status.is_some(), loan.facility_limit, loan.now);
/// ```
#[proc_macro_derive(Inputs, attributes(input))]
pub fn derive_inputs(item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::DeriveInput);
    inputs::expand(&item).unwrap_or_else(syn::Error::into_compile_error).into()
}

/// Makes a function a rule.
///
/// The function takes a reference to a struct of [`Inputs`](derive@Inputs) and returns a `Verdict` or a `Result` of one. It stays
/// the function it is, and can be called in tests; `package!` and rulesets know the rule beside it.
///
/// - `id`: the name under which rulesets list the rule. Once published it never changes its meaning; a changed rule gets a new id.
/// - `entity`: the entity type that it judges.
/// - `description`: what it checks, in one sentence for people.
/// - `annotations(key = "value", "another.key" = "value")`: optional; handed on with the rule.
///
/// The attribute leaves the body alone: `fail!`, `warn!` and `norun!` check what they are given.
#[proc_macro_attribute]
pub fn rule(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    let expanded = syn::parse(arguments).and_then(|arguments| rule::expand(&arguments, &item));
    // The function is there even where the rule is not, so that one error is not followed by others.
    let rule = expanded.unwrap_or_else(syn::Error::into_compile_error);
    quote!(#item #rule).into()
}

/// The record breaks the rule: a `Verdict` with the status `Fail` and one finding.
///
/// ```
/// use jurat_rule::{Decimal, Inputs, Verdict, fail, rule};
///
/// #[derive(Inputs)]
/// struct Loan {
///     principal: Decimal,
///     balance: Decimal,
/// }
///
/// #[rule(id = "rule_901_v1", entity = "loan", description = "The balance of a loan is within its principal")]
/// fn within_principal(loan: &Loan) -> Verdict {
///     if loan.balance <= loan.principal {
///         return Verdict::pass();
///     }
///     fail!(
///         Loan,
///         "balance is {balance}, {excess} more than the principal, {principal}",
///         excess = loan.balance - loan.principal,
///         code = "balance_above_principal",
///         on = ["balance", "principal"],
///     )
/// }
/// ```
///
/// - `Loan`: the struct whose inputs the finding names. A finding that names no input needs no struct.
/// - The message: a literal. `{balance}` stands for an input, `{parent.limit}` for an input of a related entity, and `{excess}` for a
///   param. The host replaces an input with the value as the record writes it, so that no digit is lost. A text, a date or a timestamp
///   loses its quotes and escapes; `{status:json}` keeps them. Braces themselves are written `{{` and `}}`.
/// - `excess = ..`: a param, for the message and for machines. Any name but `code` and `on`; any value that implements `Display`.
/// - `code = ".."`: names the reason for machines. 1 to 64 letters, digits, `_`, `-` and `.`.
/// - `on = [".."]`: the inputs that the finding is about. The host shows where the record has them, and their values.
///
/// The compiler checks every name. It suggests the nearest one for an unknown name:
///
/// ```compile_fail
/// # use jurat_rule::{Decimal, Inputs, fail};
/// #[derive(Inputs)]
/// struct Loan {
///     principal: Decimal,
/// }
///
/// let verdict = fail!(Loan, "principal is {principle}"); // error: did you mean `{principal}`?
/// ```
#[proc_macro]
pub fn fail(arguments: TokenStream) -> TokenStream {
    finding("Fail", arguments)
}

/// A person should check the record: a `Verdict` with the status `Warn` and one finding. Rules below this one still run.
///
/// [`fail!`] describes the arguments.
///
/// ```
/// # use jurat_rule::{Decimal, Inputs, Status, warn};
/// # #[derive(Inputs)]
/// # struct Loan {
/// #     rate: Decimal,
/// # }
/// let verdict = warn!(Loan, "rate is {rate}, expected at most {limit}", limit = "0.2", on = ["rate"]);
/// assert_eq!(verdict.status(), Status::Warn);
/// # let _ = |loan: Loan| loan.rate;
/// ```
#[proc_macro]
pub fn warn(arguments: TokenStream) -> TokenStream {
    finding("Warn", arguments)
}

/// The rule does not apply to the record: a `Verdict` with the status `Norun` and one finding.
///
/// [`fail!`] describes the arguments.
///
/// ```
/// use jurat_rule::{Status, norun};
///
/// assert_eq!(norun!("the market is closed").status(), Status::Norun);
/// ```
#[proc_macro]
pub fn norun(arguments: TokenStream) -> TokenStream {
    finding("Norun", arguments)
}

fn finding(status: &str, arguments: TokenStream) -> TokenStream {
    let expanded = syn::parse(arguments).and_then(|arguments| finding::expand(status, &arguments));
    // A block, so that the error is a verdict and nothing else is wrong.
    expanded.map_or_else(|error| block(&error.into_compile_error()), Into::into)
}

fn block(error: &proc_macro2::TokenStream) -> TokenStream {
    quote!({ #error ::jurat_rule::Verdict::pass() }).into()
}
