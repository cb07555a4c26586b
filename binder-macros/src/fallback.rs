//! What is written when there were mistakes: enough for the rest of the program to compile.

use proc_macro2::{Span, TokenStream};
use quote::quote;

use crate::expand::{conditions, hidden_struct};
use crate::model::{Form, Model};
use crate::site;

/// A binding that is never run, so that `listeners![name]` is no second error.
pub(crate) fn binding(model: &Model<'_>) -> TokenStream {
    if model.signature.receiver().is_some() {
        // Inside of an `impl` no item could stand.
        return TokenStream::new();
    }
    let private = site::private(model.marks.root(), Span::call_site());
    let name = model.name();
    let role = match model.form {
        Form::Emitter => quote!(Emitter),
        Form::Async | Form::Sync | Form::Stream => quote!(Listener),
    };
    let hidden = hidden_struct(model);
    let conditions = conditions(model.attributes);
    quote! {
        #hidden

        #(#conditions)*
        #[automatically_derived]
        impl<__S> #private::#role<__S> for #name {
            const DEFINITION: #private::Definition =
                #private::Definition::UNKNOWN;

            fn body(_: __S) -> #private::Body {
                ::core::unreachable!()
            }
        }
    }
}
