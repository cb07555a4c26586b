//! The settlements that one message or step carries.

use super::token::Token;

/// None, one or many tokens; one, the common case, owns no memory.
#[derive(Debug, Default)]
pub(crate) enum Tokens {
    #[default]
    None,
    One(Token),
    Many(Vec<Token>),
}

impl Tokens {
    /// Adds those of another message.
    pub(crate) fn join(&mut self, other: Self) {
        let mut all = match std::mem::take(self) {
            Self::None => {
                *self = other;
                return;
            }
            Self::One(token) => vec![token],
            Self::Many(tokens) => tokens,
        };
        other.move_to(&mut all);
        *self = Self::Many(all);
    }

    /// Moves them behind those of `tokens`.
    pub(crate) fn move_to(self, tokens: &mut Vec<Token>) {
        match self {
            Self::None => {}
            Self::One(token) => tokens.push(token),
            Self::Many(mut many) => tokens.append(&mut many),
        }
    }
}
