//! A function and its attributes, as the user wrote them.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, Ident, LitStr, Meta, Path, Signature, Type, Visibility};

use crate::args::{self, Allowed, Args};
use crate::errors::Errors;

/// An attribute of ours.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Listener,
    Input,
    Output,
    Emitter,
}

impl Mark {
    pub(crate) const ALL: [Self; 4] = [Self::Listener, Self::Input, Self::Output, Self::Emitter];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Listener => "stream_listener",
            Self::Input => "input",
            Self::Output => "output",
            Self::Emitter => "stream_emitter",
        }
    }

    const fn allowed(self) -> Allowed {
        Allowed { names: matches!(self, Self::Input | Self::Output), defaults: false }
    }

    /// The mark that an attribute is, whatever path it is named by.
    fn of(attribute: &Attribute) -> Option<Self> {
        let last = attribute.path().segments.last()?;
        Self::ALL.into_iter().find(|mark| last.ident == mark.name())
    }
}

/// An item whose attributes were read and nothing else.
pub(crate) struct Item {
    /// Those which are not ours.
    pub(crate) attributes: Vec<Attribute>,
    /// Everything behind them, as it came.
    pub(crate) rest: TokenStream,
}

impl Item {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        Ok(Self { attributes: input.call(Attribute::parse_outer)?, rest: input.parse()? })
    }

    /// Reads the attributes of an item.
    pub(crate) fn read(tokens: TokenStream, errors: &mut Errors) -> Self {
        let parsed = Self::parse.parse2(tokens.clone());
        errors.take(parsed).unwrap_or(Self { attributes: Vec::new(), rest: tokens })
    }

    /// Whether it is a function, however its head is written.
    pub(crate) fn is_function(&self) -> bool {
        let head = self.rest.clone().into_iter().take_while(|token| match token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Parenthesis,
            _ => true,
        });
        head.into_iter().any(|token| matches!(token, TokenTree::Ident(word) if word == "fn"))
    }

    /// The head of the function, if the item is one; its body is not looked at, so it may be half
    /// typed.
    pub(crate) fn function(&self) -> syn::Result<(Visibility, Signature)> {
        let head = |input: ParseStream<'_>| {
            let head = (input.parse()?, input.parse()?);
            input.parse::<TokenStream>()?;
            Ok(head)
        };
        head.parse2(self.rest.clone())
    }
}

/// One attribute of ours.
pub(crate) struct Written {
    /// How it is named, if it was taken out of the item.
    pub(crate) path: Option<Path>,
    /// Where to report what is wrong with it as a whole.
    pub(crate) span: Span,
    pub(crate) args: Args,
}

/// The attributes of ours that stand on one function.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) listener: Option<Written>,
    pub(crate) input: Option<Written>,
    pub(crate) output: Option<Written>,
    pub(crate) emitter: Option<Written>,
}

impl Marks {
    /// The one that was expanded, and those it takes along out of `item`.
    pub(crate) fn read(
        first: Mark,
        tokens: TokenStream,
        item: &mut Item,
        errors: &mut Errors,
    ) -> Self {
        let mut marks = Self::default();
        marks.add(first, None, tokens, errors);
        item.attributes.retain(|attribute| {
            let Some(mark) = Mark::of(attribute) else { return true };
            let tokens = match &attribute.meta {
                Meta::Path(_) => TokenStream::new(),
                Meta::List(list) => list.tokens.clone(),
                // What is wrong with it is found where it is read.
                Meta::NameValue(value) => {
                    let (equals, value) = (&value.eq_token, &value.value);
                    quote::quote!(#equals #value)
                }
            };
            marks.add(mark, Some(attribute.path()), tokens, errors);
            false
        });
        marks
    }

    fn add(&mut self, mark: Mark, path: Option<&Path>, tokens: TokenStream, errors: &mut Errors) {
        let last = path.and_then(|path| path.segments.last());
        let span = last.map_or_else(Span::call_site, |last| last.ident.span());
        let args = args::parse(tokens, mark.allowed(), errors);
        let slot = match mark {
            Mark::Listener => &mut self.listener,
            Mark::Input => &mut self.input,
            Mark::Output => &mut self.output,
            Mark::Emitter => &mut self.emitter,
        };
        if slot.is_some() {
            let name = mark.name();
            let remedy = match mark {
                Mark::Output => ": name all outputs in one, `#[output(\"a\", \"b\")]`",
                Mark::Input => ": a function reads one input, whose destinations are configuration",
                _ => "",
            };
            errors.add(syn::Error::new(span, format!("`#[{name}]` stands here twice{remedy}")));
            return;
        }
        *slot = Some(Written { path: path.cloned(), span, args });
    }

    fn all(&self) -> impl Iterator<Item = &Written> {
        [&self.listener, &self.input, &self.output, &self.emitter].into_iter().flatten()
    }

    /// The paths of those that were taken along.
    pub(crate) fn taken(&self) -> impl Iterator<Item = &Path> {
        self.all().filter_map(|written| written.path.as_ref())
    }

    /// The path of the framework, if it is not its name.
    pub(crate) fn root(&self) -> Option<&Path> {
        self.all().find_map(|written| written.args.root.as_ref())
    }

    pub(crate) fn inputs(&self) -> &[LitStr] {
        names(self.input.as_ref())
    }

    pub(crate) fn outputs(&self) -> &[LitStr] {
        names(self.output.as_ref())
    }
}

fn names(written: Option<&Written>) -> &[LitStr] {
    written.map_or(&[], |written| &written.args.names)
}

/// How the function is driven.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An `async fn`, or one that returns `impl Future`.
    Async,
    /// Any other function that is called per message.
    Sync,
    /// Called once, with all messages.
    Stream,
    /// Called once, with no input.
    Emitter,
}

/// A bound function.
pub(crate) struct Model<'a> {
    pub(crate) attributes: &'a [Attribute],
    pub(crate) visibility: &'a Visibility,
    pub(crate) signature: &'a Signature,
    pub(crate) marks: &'a Marks,
    pub(crate) form: Form,
}

impl<'a> Model<'a> {
    pub(crate) fn new(
        attributes: &'a [Attribute],
        visibility: &'a Visibility,
        signature: &'a Signature,
        marks: &'a Marks,
    ) -> Self {
        let form = form(signature, marks);
        Self { attributes, visibility, signature, marks, form }
    }

    pub(crate) const fn name(&self) -> &'a Ident {
        &self.signature.ident
    }

    /// The types of the parameters.
    pub(crate) fn parameters(&self) -> impl Iterator<Item = &'a Type> + use<'a> {
        self.signature.inputs.iter().filter_map(|input| match input {
            syn::FnArg::Typed(typed) => Some(&*typed.ty),
            syn::FnArg::Receiver(_) => None,
        })
    }

    /// The return type, if there is one.
    pub(crate) const fn returned(&self) -> Option<&'a Type> {
        match &self.signature.output {
            syn::ReturnType::Type(_, returned) => Some(returned),
            syn::ReturnType::Default => None,
        }
    }
}

fn form(signature: &Signature, marks: &Marks) -> Form {
    let returns = |what: &str| match &signature.output {
        syn::ReturnType::Type(_, returned) => bound(returned, what).is_some(),
        syn::ReturnType::Default => false,
    };
    if marks.emitter.is_some() {
        Form::Emitter
    } else if returns("Stream") || takes_messages(signature) {
        Form::Stream
    } else if signature.asyncness.is_some() || returns("Future") {
        Form::Async
    } else {
        Form::Sync
    }
}

/// Whether the first parameter is written `Messages<T>`.
fn takes_messages(signature: &Signature) -> bool {
    let Some(syn::FnArg::Typed(first)) = signature.inputs.first() else { return false };
    let Type::Path(path) = &*first.ty else { return false };
    path.path.segments.last().is_some_and(|last| last.ident == "Messages")
}

/// The last segment of the bound of that name, of a type written `impl Name<…>`.
pub(crate) fn bound<'a>(returned: &'a Type, name: &str) -> Option<&'a syn::PathSegment> {
    let Type::ImplTrait(opaque) = returned else { return None };
    opaque.bounds.iter().find_map(|bound| match bound {
        syn::TypeParamBound::Trait(bound) => {
            bound.path.segments.last().filter(|last| last.ident == name)
        }
        _ => None,
    })
}
