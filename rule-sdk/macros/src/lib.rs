//! The macros of `jurat-rule`, which re-exports and documents them. A mistake is a compile error at the word that is wrong.

mod body;
mod inputs;
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
/// In the body, literals that are given to `Verdict::warn`, `fail` and `norun`, and to `.on`, `.param` and `.code` on whatever
/// value, are checked: placeholders and names must be inputs of the struct, or params that the rule sets.
#[proc_macro_attribute]
pub fn rule(arguments: TokenStream, item: TokenStream) -> TokenStream {
    let item = parse_macro_input!(item as syn::ItemFn);
    let expanded = syn::parse(arguments).and_then(|arguments| rule::expand(&arguments, &item));
    // The function is there even where the rule is not, so that one mistake is one error.
    let rule = expanded.unwrap_or_else(syn::Error::into_compile_error);
    quote!(#item #rule).into()
}
