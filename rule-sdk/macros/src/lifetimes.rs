//! Types of the author, used where the lifetimes of the author's function mean nothing.

use proc_macro2::Ident;
use syn::Lifetime;
use syn::visit_mut::{self, VisitMut};

/// Makes every named lifetime `'_`.
pub(crate) struct OpenLifetimes;

impl VisitMut for OpenLifetimes {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        if lifetime.ident != "static" {
            lifetime.ident = Ident::new("_", lifetime.ident.span());
        }
        visit_mut::visit_lifetime_mut(self, lifetime);
    }
}
