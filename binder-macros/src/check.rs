//! What the macro can know to be wrong. What needs types is left to the compiler, which the code
//! of `expand` makes report it at the type.

use syn::spanned::Spanned;
use syn::{FnArg, Type};

use crate::errors::Errors;
use crate::model::{Form, Mark, Marks, Model};
use crate::names;

/// The longest tuple of outputs.
const OUTPUTS: usize = 8;

/// Reports every mistake.
pub(crate) fn check(model: &Model<'_>, errors: &mut Errors) {
    marks(model, errors);
    bindings(model.marks, errors);
    head(model, errors);
    parameters(model, errors);
}

/// Attributes that do not go together, and those that are missing.
fn marks(model: &Model<'_>, errors: &mut Errors) {
    let Marks { listener, input, output, emitter } = model.marks;
    let mut at = |span, message: &str| errors.add(syn::Error::new(span, message));
    match (emitter, listener, input, output) {
        (Some(_), Some(listener), _, _) => {
            at(listener.span, "a function is a `#[stream_listener]` or a `#[stream_emitter]`");
        }
        (Some(_), None, Some(input), _) => at(
            input.span,
            "an emitter has no input: remove `#[input]`, or make it a `#[stream_listener]`",
        ),
        (Some(emitter), None, None, None) => {
            at(emitter.span, "an emitter needs an output: add `#[output(\"name\")]`");
        }
        (None, Some(listener), None, _) => {
            at(listener.span, "a listener needs an input: add `#[input(\"name\")]`");
        }
        (None, None, None, Some(output)) => at(
            output.span,
            "an output alone binds nothing: add `#[input(\"name\")]` or `#[stream_emitter]`",
        ),
        _ => {}
    }
}

/// The names in the attributes.
fn bindings(marks: &Marks, errors: &mut Errors) {
    for (mark, written) in [(Mark::Input, &marks.input), (Mark::Output, &marks.output)] {
        let Some(written) = written else { continue };
        let names = &written.args.names;
        let name = mark.name();
        if names.is_empty() && !written.args.is_faulty {
            let message = format!("`#[{name}]` names no binding: write `#[{name}(\"name\")]`");
            errors.add(syn::Error::new(written.span, message));
        }
        if let (Mark::Input, Some(second)) = (mark, names.get(1)) {
            errors.at(
                second,
                "a function reads one input: its configuration may list several destinations",
            );
            continue;
        }
        names::check(names, errors);
        if let Some(extra) = names.get(OUTPUTS) {
            errors.at(extra, format!("a function has at most {OUTPUTS} outputs"));
        }
    }
}

/// The head of the function, but its parameters.
fn head(model: &Model<'_>, errors: &mut Errors) {
    let signature = model.signature;
    if let Some(keyword) = &signature.unsafety {
        errors.at(keyword, "a bound function is not `unsafe`: nobody would keep its contract");
    }
    if !signature.generics.params.is_empty() {
        errors.at(
            &signature.generics,
            "a bound function is not generic: name the types, and share code in another function",
        );
    }
    let Some(keyword) = &signature.asyncness else { return };
    match model.form {
        Form::Stream => errors.at(
            keyword,
            "a stream function is not `async`: it returns its stream at once; await inside of it, \
             in `then` and `Message::and_then`",
        ),
        Form::Emitter => errors.at(
            keyword,
            "an emitter is not `async`: it returns its stream at once; await inside of it, with \
             `stream::once` or `stream::unfold`",
        ),
        Form::Async | Form::Sync => {}
    }
}

/// The parameters, as far as they can be judged without their types.
fn parameters(model: &Model<'_>, errors: &mut Errors) {
    let (signature, form) = (model.signature, model.form);
    if signature.inputs.is_empty() && form != Form::Emitter {
        let example = match form {
            Form::Stream => "messages: Messages<T>",
            _ => "payload: T",
        };
        let message = format!("a listener takes what it reads: `fn {}({example})`", model.name());
        errors.add(syn::Error::new(signature.paren_token.span.join(), message));
    }
    for (index, input) in signature.inputs.iter().enumerate() {
        match input {
            FnArg::Receiver(receiver) => errors.at(
                receiver,
                "a bound function takes no `self`: write a free function, and take what it shares \
                 as `State(name): State<T>`",
            ),
            FnArg::Typed(typed) => parameter(&typed.ty, index == 0 && form == Form::Stream, errors),
        }
    }
}

fn parameter(parameter: &Type, is_stream: bool, errors: &mut Errors) {
    match parameter {
        Type::Reference(reference) => {
            let owned = match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
                Type::Slice(_) => "Vec<_>` or `Bytes".to_owned(),
                other => {
                    let text = other.span().source_text();
                    text.unwrap_or_else(|| "the value".to_owned())
                }
            };
            errors.at(reference, format!("a parameter is owned: take `{owned}` by value"));
        }
        Type::ImplTrait(opaque) if !is_stream => {
            errors.at(opaque, "`impl Trait` makes the function generic: name the type");
        }
        _ => {}
    }
}
