//! `#[enable_binding]`: from `async fn main` to a program.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{FnArg, LitStr, Path, Signature};

use crate::args::{self, Allowed};
use crate::errors::Errors;
use crate::model::Item;

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
    let root = args.root.unwrap_or_else(|| syn::parse_quote!(::binder));
    match errors.into_tokens() {
        None => program(&item, &signature, &root, args.defaults.as_ref()),
        Some(errors) => {
            let Item { attributes, rest } = &item;
            // A `main` that is there and compiles, so that its absence is no second error.
            quote! {
                #errors
                #[allow(dead_code)]
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

fn program(
    item: &Item,
    signature: &Signature,
    root: &Path,
    defaults: Option<&LitStr>,
) -> TokenStream {
    let Item { attributes, rest } = item;
    let private = quote!(#root::__private);
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
    let returned = signature.output.span();
    let main = if signature.inputs.is_empty() {
        quote_spanned!(returned=> |_: #private::NoArgs| main())
    } else {
        quote_spanned!(returned=> main)
    };
    quote! {
        #(#attributes)*
        fn main() -> #private::ExitCode {
            #rest

            let package = #private::Package {
                name: ::core::env!("CARGO_PKG_NAME"),
                version: ::core::env!("CARGO_PKG_VERSION"),
            };
            #private::main(package, #defaults, #main)
        }
    }
}
