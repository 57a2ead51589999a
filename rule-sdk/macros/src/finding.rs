//! `fail!`, `warn!` and `norun!`: one finding, with every name in it checked.
//!
//! Only the compiler knows the inputs of a struct. So each name becomes a constant that does not evaluate where the struct has no
//! such input, and the error points at the literal.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Error, Expr, Ident, LitStr, Token, Type, bracketed};

use crate::lifetimes::OpenLifetimes;
use crate::names::{check_field_name, check_id};
use crate::placeholders::placeholders;

/// The arguments: `Loan, "balance is {balance}", percent = value, code = "..", on = [".."]`.
pub(crate) struct Arguments {
    /// The struct whose inputs the finding names. A finding that names none needs none.
    inputs: Option<Type>,
    message: LitStr,
    params: Vec<(LitStr, Expr)>,
    code: Option<LitStr>,
    on: Vec<LitStr>,
}

/// The expression for a verdict with one finding. `status` is a variant of `Status`.
pub(crate) fn expand(status: &str, arguments: &Arguments) -> syn::Result<TokenStream> {
    let Arguments { inputs, message, params, code, on } = arguments;
    let names = placeholders(&message.value()).map_err(|reason| Error::new(message.span(), reason))?;
    let is_param = |name: &str| params.iter().any(|(key, _)| key.value() == name);
    let mut named = Vec::new();
    for name in names {
        let Some((input, form)) = name.split_once(':') else {
            named.extend(Some(name).filter(|name| !is_param(name)));
            continue;
        };
        if form != "json" {
            let refusal = format!(
                "`{{{name}}}`: a value has no form `{form}`; `{{{input}:json}}` is the value as the record writes it"
            );
            return Err(Error::new(message.span(), refusal));
        }
        if is_param(input) {
            let refusal = format!("`{{{name}}}`: a param is a text and has no form; write `{{{input}}}`");
            return Err(Error::new(message.span(), refusal));
        }
        named.push(input.to_owned());
    }

    let (inputs, checks) = match inputs {
        Some(inputs) => (slice_of(inputs), checks(inputs, arguments, &named)),
        None => {
            refuse_names(arguments, &named)?;
            (quote!(&[]), TokenStream::new())
        }
    };
    let status = Ident::new(status, Span::call_site());
    let code = match code {
        Some(code) => quote!(::core::option::Option::Some(#code)),
        None => quote!(::core::option::Option::None),
    };
    let params = params.iter().map(|(key, value)| {
        let text = quote_spanned!(value.span()=> ::jurat_rule::__private::text(&(#value)));
        quote!((#key, #text))
    });
    Ok(quote! {
        ::jurat_rule::__private::finding(
            ::jurat_rule::Status::#status,
            {
                #[allow(elided_lifetimes_in_paths, reason = "`Loan` is easier to read than `Loan<'_>`")]
                const INPUTS: &[::jurat_rule::Input] = #inputs;
                #checks
                const REASON: &::jurat_rule::__private::Reason = &::jurat_rule::__private::Reason {
                    code: #code,
                    message: #message,
                    placeholders: &[#(#named),*],
                    on: &[#(#on),*],
                    inputs: INPUTS,
                };
                REASON
            },
            ::std::vec::Vec::from([#(#params),*]),
        )
    })
}

/// The inputs of a struct, as an expression. The compiler's errors about it point at the author's code.
fn slice_of(inputs: &Type) -> TokenStream {
    let mut inputs = inputs.clone();
    OpenLifetimes.visit_type_mut(&mut inputs);
    quote_spanned!(inputs.span()=> <#inputs as ::jurat_rule::Inputs<'_>>::INPUTS)
}

/// A constant for each name, which evaluates if the inputs have the name (or lack it, for a param).
fn checks(inputs: &Type, arguments: &Arguments, named: &[String]) -> TokenStream {
    let ty = name_of(inputs);
    let keys = arguments.params.iter().map(|(key, _)| key);
    let params = quote!(&[#(#keys),*]);
    let in_message = named.iter().map(|name| {
        quote_spanned! {arguments.message.span()=>
            const _: () = ::jurat_rule::__private::check::placeholder(INPUTS, #params, #ty, #name);
        }
    });
    let on = arguments.on.iter().map(
        |path| quote_spanned!(path.span()=> const _: () = ::jurat_rule::__private::check::input(INPUTS, #ty, #path);),
    );
    let keys = arguments.params.iter().map(
        |(key, _)| quote_spanned!(key.span()=> const _: () = ::jurat_rule::__private::check::param(INPUTS, #ty, #key);),
    );
    quote!(#(#in_message)* #(#on)* #(#keys)*)
}

/// Refuses names in a finding without a struct of inputs.
fn refuse_names(arguments: &Arguments, named: &[String]) -> syn::Result<()> {
    if let Some(name) = named.first() {
        let refusal = format!(
            "`{{{name}}}` is not a param of this finding; to name an input, begin with the struct of inputs: `(Loan, \"..\")`"
        );
        return Err(Error::new(arguments.message.span(), refusal));
    }
    match arguments.on.first() {
        Some(path) => {
            Err(Error::new(path.span(), "to name an input, begin with the struct of inputs: `(Loan, \"..\")`"))
        }
        None => Ok(()),
    }
}

/// The name of the struct for people: without its path and its lifetimes.
fn name_of(inputs: &Type) -> String {
    match inputs {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.unraw().to_string()),
        Type::Group(group) => Some(name_of(&group.elem)),
        _ => None,
    }
    .unwrap_or_else(|| quote!(#inputs).to_string())
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        const NO_MESSAGE: &str = "a finding needs a message, which is a literal: `(Loan, \"balance is {balance}\")`";
        if input.is_empty() {
            return Err(Error::new(Span::call_site(), NO_MESSAGE));
        }
        let inputs = match message_follows(input) {
            true => None,
            false => {
                let inputs: Type = input.parse()?;
                if input.is_empty() {
                    return Err(Error::new(inputs.span(), NO_MESSAGE));
                }
                input.parse::<Token![,]>()?;
                Some(inputs)
            }
        };
        if !message_follows(input) {
            return Err(input.error("the message is a literal, as in `format!`; make a param of what varies"));
        }
        let message = input.parse()?;
        let mut arguments = Self { inputs, message, params: Vec::new(), code: None, on: Vec::new() };
        let mut seen = Vec::new();
        while !input.is_empty() {
            input.parse::<Token![,]>()?;
            if input.is_empty() {
                break;
            }
            let named = "a param has a name: `(Loan, \"{percent} %\", percent = value)`";
            if !input.peek(Ident::peek_any) || !input.peek2(Token![=]) {
                return Err(input.error(named));
            }
            let key = input.call(Ident::parse_any)?;
            if seen.contains(&key) {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            input.parse::<Token![=]>()?;
            arguments.add(&key, input)?;
            seen.push(key);
        }
        Ok(arguments)
    }
}

impl Arguments {
    /// Reads the value of `key`.
    fn add(&mut self, key: &Ident, input: ParseStream<'_>) -> syn::Result<()> {
        match key.to_string().as_str() {
            "code" => {
                let code: LitStr = input.parse()?;
                check_id(&code)?;
                self.code = Some(code);
            }
            "on" => {
                let names;
                bracketed!(names in input);
                self.on = Punctuated::<LitStr, Token![,]>::parse_terminated(&names)?.into_iter().collect();
            }
            _ => {
                let key = LitStr::new(&key.unraw().to_string(), key.span());
                check_field_name(&key)?;
                self.params.push((key, input.parse()?));
            }
        }
        Ok(())
    }
}

/// Whether the next token is a string, also where a macro has put it.
fn message_follows(input: ParseStream<'_>) -> bool {
    input.fork().parse::<LitStr>().is_ok()
}
