//! What is written when there were mistakes: enough for the rest of the program to compile.

use proc_macro2::TokenStream;
use quote::quote;

use crate::expand::{conditions, hidden_struct};
use crate::model::{Form, Model};

/// A binding that is never run, so that `listeners![name]` is no second error.
pub(crate) fn binding(model: &Model<'_>) -> TokenStream {
    let root = model.marks.root();
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
        impl<__S> #root::__private::#role<__S> for #name {
            const DEFINITION: #root::__private::Definition =
                #root::__private::Definition::UNKNOWN;

            fn body(_: __S) -> #root::__private::Body {
                ::core::unreachable!()
            }
        }
    }
}
