//! From a model to the code that binds the function.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote};
use syn::Attribute;

use crate::check;
use crate::errors::Errors;
use crate::fallback;
use crate::model::{Form, Item, Mark, Marks, Model};
use crate::site::Site;

/// Says that an attribute only stands where it does so that its name is used and resolved, as it
/// would be if the first one had not taken it along.
const TAKEN: &str = "__taken";

/// The function, unchanged, and what binds it or what is wrong with it.
pub(crate) fn function(first: Mark, args: TokenStream, item: TokenStream) -> TokenStream {
    if args.to_string() == TAKEN {
        return TokenStream::new();
    }
    let mut errors = Errors::default();
    let mut item = Item::read(item, &mut errors);
    let marks = Marks::read(first, args, &mut item, &mut errors);
    let binding = match item.function() {
        Ok((visibility, signature)) => {
            let model = Model::new(&item.attributes, &visibility, &signature, &marks);
            check::check(&model, &mut errors);
            match errors.into_tokens() {
                None => binding(&model),
                Some(errors) => {
                    let fallback = fallback::binding(&model);
                    quote!(#errors #fallback)
                }
            }
        }
        Err(error) if item.is_function() => {
            errors.add(error);
            errors.into_tokens().unwrap_or_default()
        }
        Err(_) => {
            let message = format!("`#[{}]` stands on functions only", first.name());
            errors.at(item.rest.clone().into_iter().next(), message);
            errors.into_tokens().unwrap_or_default()
        }
    };
    let Item { attributes, rest } = &item;
    quote!(#(#attributes)* #rest #binding)
}

/// The hidden struct and its `impl`.
fn binding(model: &Model<'_>) -> TokenStream {
    let site = Site::new(model);
    let private = site.private(Span::call_site());
    let name = model.name();
    let (role, first) = match model.form {
        Form::Emitter => (quote!(Emitter), 0),
        Form::Async | Form::Sync | Form::Stream => (quote!(Listener), 1),
    };
    let arguments: Vec<_> = model.parameters().skip(first).collect();
    let bounds = arguments.iter().map(|argument| site.bound(argument));
    let hidden = hidden_struct(model);
    let conditions = conditions(model.attributes);
    let definition = definition(model, &private);
    let body = site.body(&arguments);
    quote! {
        #hidden

        #(#conditions)*
        #[automatically_derived]
        #[allow(deprecated, unused_imports, unused_qualifications)]
        #[allow(clippy::all, clippy::pedantic, clippy::nursery)]
        impl<S__> #private::#role<S__> for #name
        where
            S__: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
            #(#bounds,)*
        {
            const DEFINITION: #private::Definition = #definition;

            #body
        }
    }
}

/// The type that `listeners![]` names, as visible as the function.
pub(crate) fn hidden_struct(model: &Model<'_>) -> TokenStream {
    let (name, visibility) = (model.name(), model.visibility);
    let conditions = conditions(model.attributes);
    let taken = model.marks.taken();
    let mark = format_ident!("{TAKEN}");
    quote! {
        #(#[#taken(#mark)] const _: () = ();)*

        #(#conditions)*
        #[doc(hidden)]
        #[allow(non_camel_case_types, dead_code, missing_debug_implementations)]
        #visibility struct #name {}
    }
}

/// The `#[cfg]`s of the function.
pub(crate) fn conditions(attributes: &[Attribute]) -> Vec<&Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect()
}

fn definition(model: &Model<'_>, private: &TokenStream) -> TokenStream {
    let name = model.name().to_string();
    let name = name.trim_start_matches("r#");
    let doc = doc(model.attributes);
    let (inputs, outputs) = (model.marks.inputs(), model.marks.outputs());
    let kind = match model.form {
        Form::Async | Form::Sync => quote!(Listener),
        Form::Stream => quote!(StreamListener),
        Form::Emitter => quote!(Emitter),
    };
    quote! {
        #private::Definition {
            name: #name,
            module: ::core::module_path!(),
            doc: #doc,
            inputs: &[#(#inputs),*],
            outputs: &[#(#outputs),*],
            kind: #private::Kind::#kind,
        }
    }
}

/// The doc comment, one line each, without the space that stands before the text.
fn doc(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        syn::Meta::NameValue(meta) if meta.path.is_ident("doc") => match &meta.value {
            syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(line), .. }) => {
                let line = line.value();
                Some(line.strip_prefix(' ').unwrap_or(&line).to_owned())
            }
            _ => None,
        },
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}
