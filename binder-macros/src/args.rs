//! What stands in the parentheses of an attribute.

use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Ident, LitStr, Path, Token};

use crate::errors::Errors;

/// What an attribute may say beside names.
#[derive(Clone, Copy)]
pub(crate) struct Allowed {
    /// Names of bindings.
    pub(crate) names: bool,
    /// `defaults = "file"`.
    pub(crate) defaults: bool,
}

/// What an attribute says.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) names: Vec<LitStr>,
    pub(crate) root: Option<Path>,
    pub(crate) defaults: Option<LitStr>,
    /// There was a mistake, so that what is missing may stand there.
    pub(crate) is_faulty: bool,
}

/// Reads `"a", "b", crate = path, defaults = "file"`, as far as they are allowed.
pub(crate) fn parse(tokens: TokenStream, allowed: Allowed, errors: &mut Errors) -> Args {
    let mut args = Args::default();
    let before = errors.len();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            argument(input, allowed, &mut args, errors)?;
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    };
    let parsed = parser.parse2(tokens);
    errors.take(parsed);
    args.is_faulty = errors.len() > before;
    args
}

fn argument(
    input: ParseStream<'_>,
    allowed: Allowed,
    args: &mut Args,
    errors: &mut Errors,
) -> syn::Result<()> {
    if input.peek(LitStr) {
        let name: LitStr = input.parse()?;
        if allowed.names {
            args.names.push(name);
        } else {
            errors.at(name, "names stand in `#[input(\"name\")]` and `#[output(\"name\")]`");
        }
        return Ok(());
    }
    if input.peek(Token![=]) {
        let message = "names stand in parentheses: `#[input(\"name\")]`";
        errors.at(input.parse::<TokenStream>()?, message);
        return Ok(());
    }
    if !input.peek(Ident::peek_any) {
        return Err(input.error(expected(allowed)));
    }
    let key = input.call(Ident::parse_any)?;
    if !input.peek(Token![=]) {
        let message = if allowed.names {
            format!("a name is a string: `\"{key}\"`")
        } else {
            format!("unknown key `{key}`: {}", expected(allowed))
        };
        errors.at(&key, message);
        return Ok(());
    }
    input.parse::<Token![=]>()?;
    if key == "crate" {
        let root = input.call(Path::parse_mod_style)?;
        once(&mut args.root, root, &key, errors);
    } else if key == "defaults" && allowed.defaults {
        let file = input.parse()?;
        once(&mut args.defaults, file, &key, errors);
    } else {
        let known = match (allowed.names, allowed.defaults) {
            (true, _) => "names and `crate` stand here; everything else is configuration",
            (false, true) => "`defaults` and `crate` are known",
            (false, false) => "`crate` is known; everything else is configuration",
        };
        errors.at(&key, format!("unknown key `{key}`: {known}"));
        input.parse::<syn::Expr>()?;
    }
    Ok(())
}

fn expected(allowed: Allowed) -> &'static str {
    match (allowed.names, allowed.defaults) {
        (true, _) => "expected a name: `\"orders\"`",
        (false, true) => "expected `defaults = \"binder.toml\"` or `crate = path`",
        (false, false) => "expected nothing, or `crate = path`",
    }
}

fn once<T>(slot: &mut Option<T>, value: T, key: &Ident, errors: &mut Errors) {
    if slot.is_some() {
        errors.at(key, format!("`{key}` stands here twice"));
    }
    slot.get_or_insert(value);
}
