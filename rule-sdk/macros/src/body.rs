//! The literals in the body of a rule: messages with placeholders, and names of inputs.
//!
//! What the inputs are is known only to the compiler. So each name becomes an assertion that is evaluated while the rule is
//! compiled, with the span of the literal.

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::quote_spanned;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Block, Error, Expr, ExprCall, ExprLit, ExprMethodCall, Lit, LitStr, Macro, Token, Type};

use crate::names::{check_field_name, check_id};
use crate::placeholders::placeholders;

/// Assertions about the body of a rule with these inputs.
pub(crate) fn checks(body: &Block, inputs: &Type) -> syn::Result<Vec<TokenStream>> {
    let mut literals = Literals::default();
    literals.visit_block(body);
    if let Some(error) = literals.error {
        return Err(error);
    }
    let mut checks = Vec::new();
    let ty = quote::quote!(#inputs).to_string();
    for (path, span) in literals.inputs {
        checks.push(assertion(inputs, &path, span, true, &format!("`{path}` is not an input of `{ty}`")));
    }
    for (name, span) in literals.placeholders {
        if !literals.params.contains(&name) {
            let refusal = format!("`{{{name}}}` is neither an input of `{ty}` nor a param of this rule");
            checks.push(assertion(inputs, &name, span, true, &refusal));
        }
    }
    for (key, span) in literals.keys {
        let refusal = format!("the param `{key}` has the name of an input of `{ty}`; in a message it would be hidden");
        checks.push(assertion(inputs, &key, span, false, &refusal));
    }
    Ok(checks)
}

/// The compiler stops with `refusal` at `span` unless the inputs have (or lack) the name.
fn assertion(inputs: &Type, path: &str, span: Span, expected: bool, refusal: &str) -> TokenStream {
    quote_spanned! {span=>
        const _: () = {
            const HAS: bool = ::jurat_rule::__private::names_input(<#inputs as ::jurat_rule::Inputs<'_>>::INPUTS, #path);
            if HAS != #expected {
                ::core::panic!("{}", #refusal);
            }
        };
    }
}

#[derive(Default)]
struct Literals {
    /// What `.on` names.
    inputs: Vec<(String, Span)>,
    /// What messages name.
    placeholders: Vec<(String, Span)>,
    /// What `.param` sets, as a set and with places.
    params: HashSet<String>,
    keys: Vec<(String, Span)>,
    error: Option<Error>,
}

impl Literals {
    fn refuse(&mut self, error: Error) {
        match &mut self.error {
            Some(errors) => errors.combine(error),
            None => self.error = Some(error),
        }
    }

    fn check(&mut self, result: syn::Result<()>) {
        if let Err(error) = result {
            self.refuse(error);
        }
    }

    fn message(&mut self, literal: &LitStr) {
        match placeholders(&literal.value()) {
            Ok(names) => self.placeholders.extend(names.into_iter().map(|name| (name, literal.span()))),
            Err(reason) => self.refuse(Error::new(literal.span(), reason)),
        }
    }
}

impl<'ast> Visit<'ast> for Literals {
    fn visit_expr_call(&mut self, call: &'ast ExprCall) {
        if let (true, Some(message)) = (makes_finding(&call.func), first_literal(&call.args)) {
            self.message(message);
        }
        visit::visit_expr_call(self, call);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if let Some(literal) = first_literal(&call.args) {
            let name = (literal.value(), literal.span());
            match call.method.to_string().as_str() {
                "on" => self.inputs.push(name),
                "code" => self.check(check_id(literal)),
                "param" => {
                    self.check(check_field_name(literal));
                    self.params.insert(name.0.clone());
                    self.keys.push(name);
                }
                _ => {}
            }
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        // What a macro makes of its words is its own business; most take expressions, and those can be read.
        if let Ok(arguments) = call.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            let mut inside = Self::default();
            arguments.iter().for_each(|argument| inside.visit_expr(argument));
            self.inputs.extend(inside.inputs);
            self.placeholders.extend(inside.placeholders);
            self.params.extend(inside.params);
            self.keys.extend(inside.keys);
            if let Some(error) = inside.error {
                self.refuse(error);
            }
        }
    }
}

/// Whether the function is `Verdict::warn`, `fail` or `norun`.
fn makes_finding(function: &Expr) -> bool {
    let Expr::Path(path) = function else { return false };
    let mut segments = path.path.segments.iter().rev();
    let (Some(name), Some(ty)) = (segments.next(), segments.next()) else { return false };
    ty.ident == "Verdict" && ["warn", "fail", "norun"].iter().any(|known| name.ident == known)
}

fn first_literal(arguments: &Punctuated<Expr, Token![,]>) -> Option<&LitStr> {
    match arguments.first()? {
        Expr::Lit(ExprLit { lit: Lit::Str(literal), .. }) => Some(literal),
        _ => None,
    }
}
