//! The code that calls the function, with every token placed where a mistake should be reported.
//!
//! A token keeps the meaning it has and takes the place of the user's type: what is wrong with a
//! type is reported at that type.

use proc_macro2::{Group, Span, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::spanned::Spanned;
use syn::{Path, Type};

use crate::model::{Form, Model, bound};

/// Writes the calls of one function.
pub(crate) struct Site<'a> {
    model: &'a Model<'a>,
    root: Option<&'a Path>,
}

impl<'a> Site<'a> {
    pub(crate) fn new(model: &'a Model<'a>) -> Self {
        Self { model, root: model.marks.root() }
    }

    pub(crate) fn private(&self, place: Span) -> TokenStream {
        private(self.root, place)
    }

    /// The place of a type. All tokens have the context of the function's name: it is the user's, so
    /// that a mistake is not reported as one of the macro, and it is one, so that they see each
    /// other's variables even if the function comes out of a macro of the user's.
    fn place(&self, user: &Type) -> Span {
        self.model.name().span().located_at(user.span())
    }

    fn is_called_once(&self) -> bool {
        matches!(self.model.form, Form::Stream | Form::Emitter)
    }

    /// That the state has what a parameter needs.
    pub(crate) fn bound(&self, argument: &Type) -> TokenStream {
        let place = self.place(argument);
        let private = self.private(place);
        let (asked, answer) = if self.is_called_once() {
            (quote_spanned!(place=> PerRun), quote_spanned!(place=> RunArgument))
        } else {
            (quote_spanned!(place=> PerCall), quote_spanned!(place=> CallArgument))
        };
        quote_spanned! {place=>
            #private::Parameter<#argument, {
                use #private::No as _;
                #private::#asked::<#argument>::IS
            }>: #private::#answer<S__, Argument = #argument>
        }
    }

    /// That a type is a parameter at all.
    fn check(&self, argument: &Type) -> TokenStream {
        let place = self.place(argument);
        let private = self.private(place);
        let check = if self.is_called_once() { "is_per_run" } else { "is_per_call" };
        let check = format_ident!("{check}", span = place);
        quote_spanned!(place=> #private::#check::<#argument>();)
    }

    /// `fn body`: the library's function for the form, the call, and what becomes of its result.
    pub(crate) fn body(&self, arguments: &[&Type]) -> TokenStream {
        let name = self.model.name();
        let checks = arguments.iter().map(|argument| self.check(argument));
        let bound = self.bound_function();
        let private = self.private(name.span());
        quote_spanned! {name.span()=>
            fn body(__state: S__) -> #private::Body {
                #(#checks)*
                #bound
            }
        }
    }

    fn bound_function(&self) -> TokenStream {
        let name = self.model.name();
        let respond = self.respond();
        let mut parameters = self.model.parameters();
        let first = match self.model.form {
            Form::Emitter => None,
            _ => parameters.next().map(|first| self.first(first)),
        };
        let rest = parameters.map(|argument| self.argument(argument));
        let arguments = first.into_iter().chain(rest);
        let call = quote_spanned!(name.span()=> #name(#(#arguments),*));
        // A future that is not `Send` is not the return type's fault, a stream that is none is.
        let place = match self.model.form {
            Form::Async | Form::Sync => name.span(),
            Form::Stream | Form::Emitter => {
                self.model.returned().map_or_else(|| name.span(), |returned| self.place(returned))
            }
        };
        let private = self.private(place);
        match self.model.form {
            Form::Async => quote_spanned! {place=>
                #private::calls(
                    __state,
                    |__call, __state| ::core::result::Result::Ok(#call),
                    #respond,
                )
            },
            Form::Sync => quote_spanned! {place=>
                #private::calls(
                    __state,
                    |__call, __state| ::core::result::Result::Ok(::core::future::ready(#call)),
                    #respond,
                )
            },
            Form::Stream => quote_spanned! {place=>
                #private::streams(__state, |__feed, __state| #call, #respond)
            },
            Form::Emitter => quote_spanned! {place=>
                #private::emits(__state, |__state| #call, #respond)
            },
        }
    }

    /// The message, or the messages: a stream function may take them as `impl Stream<…>`.
    fn first(&self, first: &Type) -> TokenStream {
        let place = self.place(first);
        let private = self.private(place);
        match (self.model.form, first) {
            (Form::Stream, Type::ImplTrait(_)) => {
                quote_spanned!(place=> #private::Messages::new(__feed))
            }
            (Form::Stream, _) => {
                quote_spanned!(place=> <#first as #private::FromFeed>::from_feed(__feed))
            }
            _ => quote_spanned!(place=> <#first as #private::First>::first(__call)?),
        }
    }

    fn argument(&self, argument: &Type) -> TokenStream {
        let place = self.place(argument);
        let private = self.private(place);
        if self.is_called_once() {
            quote_spanned!(place=> #private::run_argument(__state))
        } else {
            quote_spanned!(place=> #private::call_argument(__call, __state)?)
        }
    }

    /// A closure that turns what was returned into outputs.
    fn respond(&self) -> TokenStream {
        let place = self.sent();
        let private = self.private(place);
        let returned = quote_spanned!(place=> __returned.__probe().returned()?);
        let sends = match self.model.marks.outputs().len() {
            0 => quote_spanned!(place=> #returned.nothing();),
            1 => send(place, &returned, 0),
            count => {
                let elements: Vec<_> =
                    (0..count).map(|index| format_ident!("__{index}", span = place)).collect();
                let sends = elements
                    .iter()
                    .enumerate()
                    .map(|(index, element)| send(place, &element.to_token_stream(), index));
                quote_spanned! {place=>
                    let (#(#elements),*) = #private::elements::<#count, _>(#returned);
                    #(#sends)*
                }
            }
        };
        quote_spanned! {place=>
            |__returned, __outputs| {
                use #private::{IntoProbe as _, Items as _, Returned as _, Sends as _};
                #sends
                ::core::result::Result::Ok(())
            }
        }
    }

    /// Where to report a wrong return type: at what is sent, as far as it is written there.
    fn sent(&self) -> Span {
        let Some(returned) = self.model.returned() else {
            return self.model.name().span();
        };
        let item = || bound(returned, "Stream").and_then(|bound| associated(bound, "Item"));
        let sent = match self.model.form {
            Form::Async => bound(returned, "Future").and_then(|bound| associated(bound, "Output")),
            Form::Sync => None,
            Form::Stream => item().map(|item| inner(item).unwrap_or(item)),
            Form::Emitter => item(),
        };
        self.place(sent.unwrap_or(returned))
    }
}

fn send(place: Span, probe: &TokenStream, index: usize) -> TokenStream {
    quote_spanned! {place=>
        for __item in #probe.items() {
            __item.send(#index, __outputs)?;
        }
    }
}

/// The path of the library's functions, at that place.
pub(crate) fn private(root: Option<&Path>, place: Span) -> TokenStream {
    match root {
        None => quote_spanned!(place=> ::binder::__private),
        Some(root) => {
            let root = at(place, root.to_token_stream());
            quote_spanned!(place=> #root::__private)
        }
    }
}

/// The same tokens at another place.
fn at(place: Span, tokens: TokenStream) -> TokenStream {
    let moved = tokens.into_iter().map(|mut token| {
        if let TokenTree::Group(group) = &token {
            token = Group::new(group.delimiter(), at(place, group.stream())).into();
        }
        // What says which crate is meant, such as `$crate`, is kept.
        token.set_span(token.span().located_at(place));
        token
    });
    moved.collect()
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
