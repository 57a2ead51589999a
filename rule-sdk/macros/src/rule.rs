//! `#[rule(..)]`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::spanned::Spanned;
use syn::visit_mut::VisitMut;
use syn::{Error, FnArg, Ident, ItemFn, LitStr, ReturnType, Token, Type, parenthesized, token};

use crate::lifetimes::OpenLifetimes;
use crate::names::{check_id, check_text};

/// The arguments of the attribute.
pub(crate) struct Arguments {
    id: LitStr,
    entity: LitStr,
    description: LitStr,
    annotations: Vec<(LitStr, LitStr)>,
}

pub(crate) fn expand(arguments: &Arguments, item: &ItemFn) -> syn::Result<TokenStream> {
    let inputs = inputs_of(item)?;
    let Arguments { id, entity, description, annotations } = arguments;
    let annotations = annotations.iter().map(|(key, value)| quote!((#key, #value)));
    let (function, visibility) = (&item.sig.ident, &item.vis);
    // The compiler's errors about the verdict or the inputs point at the author's code.
    let evaluate = quote_spanned!(item.sig.output.span()=> ::jurat_rule::__private::evaluate::<#inputs, _>);
    Ok(quote! {
        #[doc(hidden)]
        #[allow(non_camel_case_types, reason = "the rule is found under the name of its function")]
        #[derive(Debug)]
        #visibility enum #function {}

        #[automatically_derived]
        impl ::jurat_rule::Rule for #function {
            const DECLARATION: ::jurat_rule::Declaration = ::jurat_rule::Declaration {
                id: #id,
                entity: #entity,
                description: #description,
                inputs: <#inputs as ::jurat_rule::Inputs<'_>>::INPUTS,
                annotations: &[#(#annotations),*],
            };

            fn evaluate(
                batch: &::jurat_rule::columns::Batch<'_>,
            ) -> ::core::result::Result<::jurat_rule::Verdicts, ::jurat_rule::Mismatch> {
                #evaluate(batch, #function)
            }
        }
    })
}

impl Parse for Arguments {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut id, mut entity, mut description, mut annotations) = (None, None, None, None);
        while !input.is_empty() {
            let key = input.call(Ident::parse_any)?;
            let is_repeated = match key.to_string().as_str() {
                "id" => id.replace(literal(input, check_id)?).is_some(),
                "entity" => entity.replace(literal(input, check_id)?).is_some(),
                "description" => description.replace(literal(input, check_text)?).is_some(),
                "annotations" => annotations.replace(pairs(input)?).is_some(),
                _ => {
                    return Err(Error::new(key.span(), "a rule has `id`, `entity`, `description` and `annotations`"));
                }
            };
            if is_repeated {
                return Err(Error::new(key.span(), format!("`{key}` is given twice")));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        let missing = |what: &str| Error::new(Span::call_site(), format!("the rule lacks `{what} = \"..\"`"));
        Ok(Self {
            id: id.ok_or_else(|| missing("id"))?,
            entity: entity.ok_or_else(|| missing("entity"))?,
            description: description.ok_or_else(|| missing("description"))?,
            annotations: annotations.unwrap_or_default(),
        })
    }
}

fn literal(input: ParseStream<'_>, check: fn(&LitStr) -> syn::Result<()>) -> syn::Result<LitStr> {
    input.parse::<Token![=]>()?;
    let literal: LitStr = input.parse()?;
    check(&literal)?;
    Ok(literal)
}

fn pairs(input: ParseStream<'_>) -> syn::Result<Vec<(LitStr, LitStr)>> {
    let content;
    let parenthesis: token::Paren = parenthesized!(content in input);
    let pair = |input: ParseStream<'_>| {
        let key = match input.peek(LitStr) {
            true => input.parse()?,
            false => {
                let ident = input.call(Ident::parse_any)?;
                LitStr::new(&ident.unraw().to_string(), ident.span())
            }
        };
        check_text(&key)?;
        Ok((key, literal(input, check_text)?))
    };
    let pairs: Vec<_> = content.parse_terminated(pair, Token![,])?.into_iter().collect();
    if pairs.len() > 64 {
        return Err(Error::new(parenthesis.span.join(), "a rule has at most 64 annotations"));
    }
    for (index, (key, _)) in pairs.iter().enumerate() {
        if pairs.iter().take(index).any(|(other, _)| other.value() == key.value()) {
            return Err(Error::new(key.span(), format!("the annotation `{}` is given twice", key.value())));
        }
    }
    Ok(pairs)
}

/// The struct of inputs that the function takes by reference, with its lifetimes left open.
fn inputs_of(item: &ItemFn) -> syn::Result<Type> {
    let signature = &item.sig;
    let shape = "a rule is a function of one argument, a reference to its inputs: `fn name(loan: &Loan) -> Verdict`";
    if let Some(token) = &signature.asyncness {
        return Err(Error::new(token.span, "a rule does not wait: it cannot be `async`"));
    }
    if let Some(token) = &signature.unsafety {
        return Err(Error::new(token.span, "a rule cannot be `unsafe`"));
    }
    if let Some(generic) = signature.generics.type_params().next() {
        return Err(Error::new(generic.span(), "a rule has no type parameters"));
    }
    if matches!(signature.output, ReturnType::Default) {
        return Err(Error::new(signature.ident.span(), "a rule returns a `Verdict`, or a `Result` of one"));
    }
    let mut arguments = signature.inputs.iter();
    let (Some(FnArg::Typed(argument)), None) = (arguments.next(), arguments.next()) else {
        return Err(Error::new(signature.ident.span(), shape));
    };
    match &*argument.ty {
        Type::Reference(reference) if reference.mutability.is_none() => {
            let mut inputs = (*reference.elem).clone();
            OpenLifetimes.visit_type_mut(&mut inputs);
            Ok(inputs)
        }
        other => Err(Error::new(other.span(), shape)),
    }
}
