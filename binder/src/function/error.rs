//! Why a function of the application failed.

use std::error::Error as StdError;
use std::fmt;

use super::failure::{Class, Failure};

/// The result of an application's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any error, boxed, with a source.
type Boxed = Box<dyn StdError + Send + Sync>;

/// Any error that a function returns, and whether trying again can help.
///
/// Made from every [`std::error::Error`] by `?`. It is transient unless
/// [`permanent`](Classify::permanent) was called, or the application says otherwise about its type
/// ([`App::classify`](crate::App::classify)): the message is tried again with back-off. It
/// prints the error and its causes as `a: b: c`.
///
/// Like `anyhow::Error` it is no [`std::error::Error`] itself, or `?` could not convert from all
/// of them.
pub struct Error {
    /// What was said where it came up.
    class: Option<Class>,
    cause: Boxed,
}

impl Error {
    /// An error with that text: lower case, without a full stop.
    #[must_use]
    #[cold]
    pub fn msg(text: impl Into<String>) -> Self {
        Self::from_boxed(text.into().into())
    }

    /// The same error, which trying again cannot mend: the message goes to the dead letters at
    /// once.
    #[must_use]
    pub fn permanent(mut self) -> Self {
        self.class = Some(Class::Permanent);
        self
    }

    /// The same error, which trying again may mend, whatever the application says about its type:
    /// it is tried again with back-off, as long as there are attempts left.
    #[must_use]
    pub fn transient(mut self) -> Self {
        self.class = Some(Class::Transient);
        self
    }

    /// Whether it was called permanent.
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        matches!(self.class, Some(Class::Permanent))
    }

    /// What caused it, for a look at its type.
    #[must_use]
    pub fn cause(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.cause.as_ref()
    }

    /// Its class as long as nobody says anything else.
    const fn class(&self) -> Class {
        match self.class {
            Some(class) => class,
            None => Class::Transient,
        }
    }

    /// An error that was boxed on its way keeps its class.
    fn from_boxed(cause: Boxed) -> Self {
        match cause.downcast::<Carried>() {
            Ok(carried) => carried.0,
            Err(cause) => Self { class: None, cause },
        }
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    #[cold]
    fn from(error: E) -> Self {
        Self { class: None, cause: Box::new(error) }
    }
}

impl From<Error> for Boxed {
    fn from(error: Error) -> Self {
        Box::new(Carried(error))
    }
}

impl From<Error> for Failure {
    #[cold]
    fn from(error: Error) -> Self {
        let mut failure = Self::new(error.class(), error.to_string());
        if error.class.is_none() {
            failure.unclassified = Some(error.cause.into());
        }
        failure
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = self.cause.to_string();
        f.write_str(&last)?;
        let mut source = self.cause.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            // Many an error prints its cause itself.
            if !last.ends_with(&text) {
                write!(f, ": {text}")?;
                last = text;
            }
            source = cause.source();
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} ({})", self.class().as_str())
    }
}

/// An [`Error`] inside a box of a standard error.
struct Carried(Error);

impl fmt::Display for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Carried {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Its text holds its causes, so it names none.
impl StdError for Carried {}

/// The error itself, where it was boxed on its way.
pub(crate) fn unwrapped<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    match error.downcast_ref::<Carried>() {
        Some(Carried(inner)) => inner.cause.as_ref(),
        None => error,
    }
}

/// What a function may fail with: [`Error`], every [`std::error::Error`], and what converts into
/// a boxed one, such as `anyhow::Error` or `String`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an error a function can fail with",
    label = "the error type of a `Result` must implement `std::error::Error + Send + Sync`",
    note = "implement `std::error::Error` for `{Self}`, or return `binder::Result<_>`",
    note = "to send a `Result` as a message, wrap it: `Out<Result<_, _>>`"
)]
pub trait Cause {
    /// The error, with its class if it says one.
    fn into_error(self) -> Error;
}

#[diagnostic::do_not_recommend]
impl<E: Into<Boxed>> Cause for E {
    #[cold]
    fn into_error(self) -> Error {
        Error::from_boxed(self.into())
    }
}

/// Says of a failed result whether trying again can help.
///
/// ```
/// use binder::prelude::*;
///
/// fn parse(text: &str) -> Result<u32> {
///     text.parse().permanent()
/// }
/// assert!(parse("x").is_err_and(|error| error.is_permanent()));
/// ```
pub trait Classify<T> {
    /// An error that trying again cannot mend: the message goes to the dead letters at once.
    ///
    /// # Errors
    ///
    /// The error of `self`.
    fn permanent(self) -> Result<T>;

    /// An error that trying again may mend, which is what it is unless it was called permanent, here
    /// or by [`App::classify`](crate::App::classify): this goes before what that says.
    ///
    /// # Errors
    ///
    /// The error of `self`.
    fn transient(self) -> Result<T>;
}

impl<T, E: Cause> Classify<T> for std::result::Result<T, E> {
    fn permanent(self) -> Result<T> {
        self.map_err(|error| error.into_error().permanent())
    }

    fn transient(self) -> Result<T> {
        self.map_err(|error| error.into_error().transient())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Outer(std::num::ParseIntError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no quantity")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    fn number(text: &str) -> Result<u32, Outer> {
        text.parse().map_err(Outer)
    }

    fn class(error: Error) -> Class {
        Failure::from(error).class
    }

    #[test]
    fn question_mark_takes_any_error_and_prints_its_causes() {
        let fails = || -> Result<u32> { Ok(number("x")?) };
        let failure = Failure::from(fails().unwrap_err());
        assert_eq!(failure.class, Class::Transient);
        assert_eq!(failure.cause, "no quantity: invalid digit found in string");
    }

    #[test]
    fn a_cause_that_is_printed_already_is_not_repeated() {
        #[derive(Debug)]
        struct Wordy(Outer);
        impl fmt::Display for Wordy {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "wordy: {}", self.0)
            }
        }
        impl StdError for Wordy {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(&self.0)
            }
        }
        let error = Error::from(Wordy(number("x").unwrap_err()));
        assert_eq!(error.to_string(), "wordy: no quantity: invalid digit found in string");
    }

    #[test]
    fn a_class_survives_question_marks_and_boxes() {
        let inner = || -> Result<u32> { number("x").permanent() };
        let outer = || -> Result<u32> {
            let n = inner()?;
            Ok(n + 1)
        };
        assert_eq!(class(outer().unwrap_err()), Class::Permanent);
        let boxed = || -> Result<u32, Boxed> { Ok(inner()?) };
        assert_eq!(class(boxed().unwrap_err().into_error()), Class::Permanent);
        assert_eq!(class(boxed().transient().unwrap_err()), Class::Transient);
    }

    #[test]
    fn an_error_at_hand_is_classified_where_a_value_is_expected() {
        let price = |known: bool| -> Result<u32> {
            let cents = match number(if known { "5" } else { "x" }) {
                Err(error) => Err(error).permanent()?,
                other => other?,
            };
            Ok(cents)
        };
        assert_eq!(price(true).unwrap(), 5);
        assert!(price(false).unwrap_err().is_permanent());
    }

    #[test]
    fn errors_of_the_core_strings_and_own_texts_are_taken() {
        let core = binder_core::Error::new(binder_core::ErrorKind::Closed, "gone");
        assert_eq!(Error::from(core).to_string(), "gone");
        assert_eq!("text".into_error().to_string(), "text");
        let error = Error::msg("sold out").permanent();
        assert_eq!(format!("{error:?}"), "sold out (permanent)");
        assert!(error.cause().source().is_none());
    }
}
