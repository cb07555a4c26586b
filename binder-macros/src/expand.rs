//! From a model to the code that binds the function.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Attribute, Type};

use crate::check;
use crate::errors::Errors;
use crate::fallback;
use crate::model::{Form, Item, Mark, Marks, Model, bound};

/// The function, unchanged, and what binds it or what is wrong with it.
pub(crate) fn function(first: Mark, args: TokenStream, item: TokenStream) -> TokenStream {
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
        Err(_) => {
            let name = first.name();
            errors.at(first_token(&item.rest), format!("`#[{name}]` stands on functions only"));
            errors.into_tokens().unwrap_or_default()
        }
    };
    let Item { attributes, rest } = &item;
    quote!(#(#attributes)* #rest #binding)
}

fn first_token(tokens: &TokenStream) -> TokenStream {
    tokens.clone().into_iter().next().into_token_stream()
}

/// The hidden struct and its `impl`.
fn binding(model: &Model<'_>) -> TokenStream {
    let root = model.marks.root();
    let private = quote!(#root::__private);
    let name = model.name();
    let (role, arguments) = match model.form {
        Form::Emitter => (quote!(Emitter), model.parameters().collect::<Vec<_>>()),
        _ => (quote!(Listener), model.parameters().skip(1).collect()),
    };
    let argument = match model.form {
        Form::Emitter | Form::Stream => quote!(MadeOnce),
        Form::Async | Form::Sync => quote!(Argument),
    };
    let hidden = hidden_struct(model);
    let conditions = conditions(model.attributes);
    let definition = definition(model, &private);
    let body = body(model, &private);
    quote! {
        #hidden

        #(#conditions)*
        #[automatically_derived]
        #[allow(deprecated, unused_imports, clippy::all, clippy::pedantic)]
        impl<__S> #private::#role<__S> for #name
        where
            __S: ::core::clone::Clone + ::core::marker::Send + ::core::marker::Sync + 'static,
            #(#arguments: #private::#argument<__S>,)*
        {
            const DEFINITION: #private::Definition = #definition;

            fn body(__state: __S) -> #private::Body {
                #body
            }
        }
    }
}

/// The type that `listeners![]` names, as visible as the function.
pub(crate) fn hidden_struct(model: &Model<'_>) -> TokenStream {
    let (name, visibility) = (model.name(), model.visibility);
    let conditions = conditions(model.attributes);
    quote! {
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

/// What `body` does: the library's function for the form, the call, and what becomes of its
/// result.
fn body(model: &Model<'_>, private: &TokenStream) -> TokenStream {
    let name = model.name();
    let respond = respond(model, private);
    let mut parameters = model.parameters();
    match model.form {
        Form::Async | Form::Sync => {
            let first = parameters.next().map(
                |first| quote_spanned!(first.span()=> <#first as #private::First>::first(__call)?),
            );
            let rest = parameters.map(|_| quote!(#private::Argument::argument(__call, __state)?));
            let arguments = first.into_iter().chain(rest);
            let call = quote!(#name(#(#arguments),*));
            let call = match model.form {
                Form::Async => call,
                _ => quote!(::core::future::ready(#call)),
            };
            quote! {
                #private::calls(
                    __state,
                    |__call, __state| ::core::result::Result::Ok(#call),
                    #respond,
                )
            }
        }
        Form::Stream => {
            let first = parameters.next().map(|first| messages(first, private));
            let rest = parameters.map(|_| quote!(#private::MadeOnce::make_once(__state)));
            let arguments = first.into_iter().chain(rest);
            quote! {
                #private::streams(__state, |__feed, __state| #name(#(#arguments),*), #respond)
            }
        }
        Form::Emitter => {
            let arguments = parameters.map(|_| quote!(#private::MadeOnce::make_once(__state)));
            quote!(#private::emits(__state, |__state| #name(#(#arguments),*), #respond))
        }
    }
}

/// The messages of a stream function, whose parameter may be a type or `impl Stream<…>`.
fn messages(parameter: &Type, private: &TokenStream) -> TokenStream {
    match parameter {
        Type::ImplTrait(_) => {
            quote_spanned!(parameter.span()=> #private::Messages::new(__feed))
        }
        named => quote_spanned!(named.span()=> <#named>::new(__feed)),
    }
}

/// A closure that turns what was returned into outputs. Its tokens have the span of the return
/// type, because they are what fails when the type is wrong.
fn respond(model: &Model<'_>, private: &TokenStream) -> TokenStream {
    let span = returned_span(model);
    let value = quote_spanned!(span=> #private::Probe(__returned).returned()?);
    let sends = match model.marks.outputs().len() {
        0 => quote_spanned!(span=> #private::nothing(&#value);),
        1 => {
            let probe = quote_spanned!(span=> #private::Probe(#value));
            send(span, &probe, 0)
        }
        count => {
            let elements: Vec<_> = (0..count).map(|index| format_ident!("__{index}")).collect();
            let sends = elements
                .iter()
                .enumerate()
                .map(|(index, element)| send(span, &element.to_token_stream(), index));
            quote_spanned! {span=>
                let (#(#elements),*) = #private::elements::<#count, _>(#value);
                #(#sends)*
            }
        }
    };
    quote! {
        |__returned, __outputs| {
            use #private::{Items as _, Returned as _, Sends as _};
            #sends
            ::core::result::Result::Ok(())
        }
    }
}

fn send(span: Span, probe: &TokenStream, index: usize) -> TokenStream {
    quote_spanned! {span=>
        for __item in #probe.items() {
            __item.send(#index, __outputs)?;
        }
    }
}

/// Where to report a wrong return type: at what is sent, as far as it is written there.
fn returned_span(model: &Model<'_>) -> Span {
    let Some(returned) = model.returned() else { return model.name().span() };
    let sent = match model.form {
        Form::Async => bound(returned, "Future").and_then(|bound| associated(bound, "Output")),
        Form::Sync => None,
        Form::Stream => bound(returned, "Stream")
            .and_then(|bound| associated(bound, "Item"))
            .map(|item| inner(item).unwrap_or(item)),
        Form::Emitter => bound(returned, "Stream").and_then(|bound| associated(bound, "Item")),
    };
    sent.unwrap_or(returned).span()
}

/// `T` of `Trait<Name = T>`.
fn associated<'a>(bound: &'a syn::PathSegment, name: &str) -> Option<&'a Type> {
    let syn::PathArguments::AngleBracketed(arguments) = &bound.arguments else { return None };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::AssocType(assoc) if assoc.ident == name => Some(&assoc.ty),
        _ => None,
    })
}

/// `T` of `Step<T>`.
fn inner(item: &Type) -> Option<&Type> {
    let Type::Path(path) = item else { return None };
    let syn::PathArguments::AngleBracketed(arguments) = &path.path.segments.last()?.arguments
    else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        syn::GenericArgument::Type(inner) => Some(inner),
        _ => None,
    })
}
