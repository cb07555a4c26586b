//! `#[enable_binding]`: from `async fn main` to a program.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, Signature};

use crate::args::{self, Allowed, Args};
use crate::errors::Errors;
use crate::model::Item;
use crate::site;

const SHAPE: &str = "`async fn main() -> Result<App<AppState>>`";

/// `main`, which hands the user's own to the framework.
pub(crate) fn main(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::default();
    let args = args::parse(args, Allowed { names: false, defaults: true }, &mut errors);
    let item = Item::read(item, &mut errors);
    let Ok((_, signature)) = item.function() else {
        let Item { attributes, rest } = &item;
        let message = format!("`#[enable_binding]` stands on {SHAPE} only");
        errors.at(rest.clone().into_iter().next(), message);
        let errors = errors.into_tokens();
        return quote!(#(#attributes)* #rest #errors);
    };
    check(&signature, &mut errors);
    match errors.into_tokens() {
        None => program(&item, &signature, &args),
        Some(errors) => {
            let Item { attributes, rest } = &item;
            if signature.ident != "main" {
                return quote!(#errors #(#attributes)* #rest);
            }
            // A `main` that is there and compiles, so that its absence is no second error.
            quote! {
                #errors
                #[allow(unused)]
                fn main() {
                    #(#attributes)* #rest
                }
            }
        }
    }
}

fn check(signature: &Signature, errors: &mut Errors) {
    if signature.ident != "main" {
        let message = format!("`#[enable_binding]` stands on {SHAPE} only");
        errors.at(&signature.ident, message);
        return;
    }
    if signature.asyncness.is_none() {
        errors.at(signature.fn_token, format!("`main` is async here: {SHAPE}"));
    }
    if !signature.generics.params.is_empty() {
        errors.at(&signature.generics, "`main` is not generic");
    }
    if let syn::ReturnType::Default = signature.output {
        errors.at(&signature.ident, format!("`main` returns the application: {SHAPE}"));
    }
    if let Some(second) = signature.inputs.iter().nth(1) {
        errors.at(
            second,
            "`main` takes one value at most: one type with `#[derive(clap::Args)]` holds all \
             arguments",
        );
    }
    if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
        errors.at(receiver, "`main` takes no `self`");
    }
}

fn program(item: &Item, signature: &Signature, args: &Args) -> TokenStream {
    let Item { attributes, rest } = item;
    let Args { root, defaults, .. } = args;
    let root = root.as_ref();
    let private = site::private(root, Span::call_site());
    let defaults = match defaults {
        None => quote!(::core::option::Option::None),
        Some(file) => {
            let text = quote_spanned! {file.span()=>
                ::core::include_str!(
                    ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file)
                )
            };
            quote!(::core::option::Option::Some(#private::Defaults { path: #file, text: #text }))
        }
    };
    // What is wrong with the application's type is reported where it stands.
    let place = match &signature.output {
        syn::ReturnType::Type(_, returned) => signature.ident.span().located_at(returned.span()),
        syn::ReturnType::Default => signature.ident.span(),
    };
    let placed = site::private(root, place);
    let main = if signature.inputs.is_empty() {
        quote_spanned!(place=> |_: #placed::NoArgs| main())
    } else {
        quote_spanned!(place=> main)
    };
    let run = quote_spanned! {place=>
        let package = #placed::Package {
            name: ::core::env!("CARGO_PKG_NAME"),
            version: ::core::env!("CARGO_PKG_VERSION"),
        };
        let defaults = #defaults;
        #placed::main(package, defaults, #main)
    };
    quote! {
        #(#attributes)*
        fn main() -> #private::ExitCode {
            #rest

            #run
        }
    }
}
