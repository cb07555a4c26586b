//! What an application says about its error types.

use std::error::Error as StdError;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::error::unwrapped;
use super::failure::{Class, Failure};

/// Says the class of an error, if it is of the type that it knows.
type Classifier = dyn Fn(&(dyn StdError + 'static)) -> Option<Class> + Send + Sync;

/// The classes of an application's error types.
#[derive(Clone, Default)]
pub(crate) struct Classes(Vec<Arc<Classifier>>);

impl Classes {
    /// Adds what is said about one type.
    pub(crate) fn add<E: StdError + 'static>(
        &mut self,
        class: impl Fn(&E) -> Class + Send + Sync + 'static,
    ) {
        self.0.push(Arc::new(move |error| error.downcast_ref().map(&class)));
    }

    /// Gives a failure its class, unless the place where it came up has said it.
    pub(crate) fn classify(&self, mut failure: Failure) -> Failure {
        let Some(error) = failure.unclassified.take().filter(|_| !self.0.is_empty()) else {
            return failure;
        };
        match catch_unwind(AssertUnwindSafe(|| self.class(error.as_ref()))) {
            Ok(Some(class)) => failure.class = class,
            Ok(None) => {}
            Err(_) => tracing::error!("a panic while an error was classified: {failure}"),
        }
        failure
    }

    /// That of the outermost error of which something is said; what was said last about a type
    /// counts.
    fn class(&self, error: &(dyn StdError + 'static)) -> Option<Class> {
        let mut next = Some(error);
        while let Some(error) = next.map(unwrapped) {
            let class = self.0.iter().rev().find_map(|classifier| classifier(error));
            if class.is_some() {
                return class;
            }
            next = error.source();
        }
        None
    }
}

impl fmt::Debug for Classes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Classes").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::function::error::{Cause, Error};

    #[derive(Debug)]
    enum PriceError {
        Unknown,
        Timeout,
    }

    impl fmt::Display for PriceError {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "{self:?}")
        }
    }

    impl StdError for PriceError {}

    #[derive(Debug)]
    struct Outer(PriceError);

    impl fmt::Display for Outer {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no invoice")
        }
    }

    impl StdError for Outer {
        fn source(&self) -> Option<&(dyn StdError + 'static)> {
            Some(&self.0)
        }
    }

    fn classes() -> Classes {
        let mut classes = Classes::default();
        classes.add(|error: &PriceError| match error {
            PriceError::Unknown => Class::Permanent,
            PriceError::Timeout => Class::Transient,
        });
        classes
    }

    fn class(classes: &Classes, error: impl Into<Error>) -> Class {
        classes.classify(Failure::from(error.into())).class
    }

    #[test]
    fn a_type_has_the_class_that_was_said_also_as_a_cause() {
        assert_eq!(class(&classes(), PriceError::Unknown), Class::Permanent);
        assert_eq!(class(&classes(), PriceError::Timeout), Class::Transient);
        assert_eq!(class(&classes(), Outer(PriceError::Unknown)), Class::Permanent);
        assert_eq!(class(&Classes::default(), PriceError::Unknown), Class::Transient);
        assert_eq!(class(&classes(), Error::msg("something else")), Class::Transient);
    }

    #[test]
    fn what_is_said_where_it_came_up_goes_before() {
        let transient = Error::from(PriceError::Unknown).transient();
        assert_eq!(class(&classes(), transient), Class::Transient);
        let permanent = Error::from(PriceError::Timeout).permanent();
        assert_eq!(class(&classes(), permanent), Class::Permanent);
    }

    #[test]
    fn the_outermost_error_and_what_was_said_last_decide() {
        let mut classes = classes();
        classes.add(|_: &Outer| Class::Transient);
        assert_eq!(class(&classes, Outer(PriceError::Unknown)), Class::Transient);
        classes.add(|_: &PriceError| Class::Transient);
        assert_eq!(class(&classes, PriceError::Unknown), Class::Transient);
    }

    #[test]
    fn boxes_on_the_way_hide_nothing() {
        /// Carries an error of ours as its cause.
        #[derive(Debug)]
        struct Boxing(Box<dyn StdError + Send + Sync>);
        impl fmt::Display for Boxing {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("boxing")
            }
        }
        impl StdError for Boxing {
            fn source(&self) -> Option<&(dyn StdError + 'static)> {
                Some(self.0.as_ref())
            }
        }
        let boxed: Box<dyn StdError + Send + Sync> = Error::from(PriceError::Unknown).into();
        assert_eq!(class(&classes(), Boxing(boxed)), Class::Permanent);
        let boxed: Box<dyn StdError + Send + Sync> = Box::new(PriceError::Unknown);
        assert_eq!(class(&classes(), boxed.into_error()), Class::Permanent);
    }

    #[test]
    fn a_classifier_that_panics_leaves_the_class_as_it_is() {
        let mut classes = Classes::default();
        classes.add(|_: &PriceError| panic!("no class"));
        assert_eq!(class(&classes, PriceError::Unknown), Class::Transient);
    }
}
