//! `#[derive(Inputs)]`.

use std::collections::HashSet;

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, Index, Lifetime, LitStr, Type};

use crate::names::check_field_name;

/// One input.
struct Input<'a> {
    field: &'a Ident,
    ty: &'a Type,
    name: LitStr,
    of: Option<LitStr>,
}

pub(crate) fn expand(item: &DeriveInput) -> syn::Result<TokenStream> {
    let fields = named_fields(item)?;
    let lifetime = lifetime(item)?;
    let inputs = collect(fields.iter().map(Input::parse))?;
    check_distinct(&inputs)?;

    let ident = &item.ident;
    let (row, generics) = match lifetime {
        Some(lifetime) => (lifetime.clone(), quote!(<#lifetime>)),
        None => (Lifetime::new("'jurat", ident.span()), quote!()),
    };
    let declarations = inputs.iter().map(|input| input.declaration(&row));
    let columns = inputs.iter().map(|input| {
        let field = input.as_field(&row);
        quote!(#field::Column)
    });
    let takes = inputs.iter().map(|Input { ty, .. }| quote_spanned!(ty.span()=> reader.column::<#ty>()?));
    let reader_mut = (!inputs.is_empty()).then(|| quote!(mut));
    let reads = inputs.iter().enumerate().map(|(index, input)| input.read(&row, &Index::from(index)));
    let checks = inputs.iter().filter_map(Input::check_now);
    Ok(quote! {
        #[automatically_derived]
        impl<#row> ::jurat_rule::Inputs<#row> for #ident #generics {
            const INPUTS: &'static [::jurat_rule::Input] = &[#(#declarations),*];

            type Columns = (#(#columns,)*);

            #[inline]
            fn columns(
                batch: &::jurat_rule::columns::Batch<#row>,
            ) -> ::core::result::Result<Self::Columns, ::jurat_rule::Mismatch> {
                let #reader_mut reader = ::jurat_rule::__private::Reader::new(batch, Self::INPUTS)?;
                let columns = (#(#takes,)*);
                reader.finish();
                ::core::result::Result::Ok(columns)
            }

            #[inline(always)]
            fn row(
                columns: &Self::Columns,
                row: usize,
            ) -> ::core::result::Result<Self, ::jurat_rule::Verdict> {
                ::core::result::Result::Ok(Self { #(#reads),* })
            }
        }
        #(#checks)*
    })
}

impl<'a> Input<'a> {
    fn parse(field: &'a Field) -> syn::Result<Self> {
        let ident = field.ident.as_ref().ok_or_else(|| Error::new(field.span(), "an input needs a name"))?;
        let (mut name, mut of) = (None, None);
        for attribute in field.attrs.iter().filter(|attribute| attribute.path().is_ident("input")) {
            attribute.parse_nested_meta(|meta| {
                let slot = match () {
                    () if meta.path.is_ident("name") => &mut name,
                    () if meta.path.is_ident("of") => &mut of,
                    () => return Err(meta.error("an input has `name = \"..\"` and `of = \"..\"`")),
                };
                let value: LitStr = meta.value()?.parse()?;
                check_field_name(&value)?;
                match slot.replace(value) {
                    Some(_) => Err(meta.error("given twice")),
                    None => Ok(()),
                }
            })?;
        }
        if let Some(advice) = unsupported(&field.ty) {
            return Err(Error::new(field.ty.span(), advice));
        }
        let name = name.unwrap_or_else(|| LitStr::new(&ident.unraw().to_string(), ident.span()));
        check_field_name(&name)?;
        Ok(Self { field: ident, ty: &field.ty, name, of })
    }

    fn path(&self) -> String {
        let name = self.name.value();
        self.of.as_ref().map_or(name.clone(), |of| format!("{}.{name}", of.value()))
    }

    /// The type as a field; the compiler's errors about it point at the type.
    fn as_field(&self, row: &Lifetime) -> TokenStream {
        let ty = self.ty;
        quote_spanned!(ty.span()=> <#ty as ::jurat_rule::Field<#row>>)
    }

    fn declaration(&self, row: &Lifetime) -> TokenStream {
        let Self { name, of, .. } = self;
        let field = self.as_field(row);
        let of = match of {
            Some(of) => quote!(::core::option::Option::Some(#of)),
            None => quote!(::core::option::Option::None),
        };
        quote! {
            ::jurat_rule::Input {
                name: #name,
                of: #of,
                kind: #field::KIND,
                required: #field::REQUIRED,
            }
        }
    }

    fn read(&self, row: &Lifetime, column: &Index) -> TokenStream {
        let (name, field, path) = (self.field, self.as_field(row), self.path());
        quote! {
            #name: match #field::read(&columns.#column, row) {
                ::core::result::Result::Ok(value) => value,
                ::core::result::Result::Err(unreadable) => {
                    return ::core::result::Result::Err(unreadable.into_verdict(&[#path]));
                }
            }
        }
    }

    /// The reserved input is what the contract says, whatever the type is called here.
    fn check_now(&self) -> Option<TokenStream> {
        let Self { ty, name, of, .. } = self;
        (of.is_none() && name.value() == "now").then(|| {
            quote_spanned! {ty.span()=>
                const _: () = {
                    const fn is_timestamp<'a, T: ::jurat_rule::Field<'a>>() -> bool {
                        matches!(T::KIND, ::jurat_rule::Kind::Timestamp) && T::REQUIRED
                    }
                    if !is_timestamp::<#ty>() {
                        ::core::panic!("the input `now` is the time of the run: it must be a `Timestamp`");
                    }
                };
            }
        })
    }
}

fn named_fields(item: &DeriveInput) -> syn::Result<&Fields> {
    let refusal = "inputs are a struct with named fields";
    match &item.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(_) => Ok(&data.fields),
            Fields::Unnamed(fields) => Err(Error::new(fields.span(), refusal)),
            Fields::Unit => Err(Error::new(item.ident.span(), refusal)),
        },
        Data::Enum(data) => Err(Error::new(data.enum_token.span, refusal)),
        Data::Union(data) => Err(Error::new(data.union_token.span, refusal)),
    }
}

fn lifetime(item: &DeriveInput) -> syn::Result<Option<&Lifetime>> {
    let mut lifetimes = item.generics.lifetimes();
    let first = lifetimes.next();
    if let Some(second) = lifetimes.next() {
        return Err(Error::new(second.span(), "inputs have at most one lifetime: that of the batch"));
    }
    if let Some(generic) = item.generics.type_params().next() {
        return Err(Error::new(generic.span(), "inputs have no type parameters"));
    }
    if let Some(generic) = item.generics.const_params().next() {
        return Err(Error::new(generic.span(), "inputs have no const parameters"));
    }
    Ok(first.map(|parameter| &parameter.lifetime))
}

fn check_distinct(inputs: &[Input<'_>]) -> syn::Result<()> {
    let mut seen = HashSet::new();
    collect(inputs.iter().map(|input| match seen.insert(input.path()) {
        true => Ok(()),
        false => Err(Error::new(input.name.span(), format!("the input `{}` is declared twice", input.path()))),
    }))?;
    Ok(())
}

/// What to use instead of a built-in type that cannot be an input. Types by other names are left to the compiler.
fn unsupported(ty: &Type) -> Option<&'static str> {
    match ty {
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => None,
            _ => Some("of all references only `&str` can be an input"),
        },
        Type::Path(path) => {
            let name = path.path.segments.last()?;
            match name.ident.to_string().as_str() {
                "i8" | "i16" | "i32" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
                    Some("a whole number is read as `i64`")
                }
                "f32" => Some("a number is read as `f64`, or exactly as `Decimal`"),
                "char" => Some("a text is read as `&str` or `String`"),
                "Vec" | "HashMap" | "BTreeMap" => Some("lists and objects are read as `Json<..>`"),
                _ => None,
            }
        }
        Type::Tuple(_) | Type::Array(_) | Type::Slice(_) => Some("lists and objects are read as `Json<..>`"),
        _ => None,
    }
}

/// All values, or all errors.
fn collect<T>(results: impl Iterator<Item = syn::Result<T>>) -> syn::Result<Vec<T>> {
    let mut errors: Option<Error> = None;
    let mut values = Vec::new();
    for result in results {
        match (result, &mut errors) {
            (Ok(value), _) => values.push(value),
            (Err(error), Some(errors)) => errors.combine(error),
            (Err(error), None) => errors = Some(error),
        }
    }
    errors.map_or(Ok(values), Err)
}
