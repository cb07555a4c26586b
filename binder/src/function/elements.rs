//! One element of a returned tuple for each output.

use super::probe::Probe;

/// A tuple with one element for each of `N` outputs.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not have one element for each of the {N} outputs",
    label = "return a tuple of {N}, in the order of `#[output]`",
    note = "an element may be `T`, `Out<T>`, `Option<T>` or `Vec<T>`; `None` and the empty `Vec` send nothing"
)]
pub trait Elements<const N: usize> {
    /// A probe for each element.
    type Probes;

    /// Takes it apart.
    fn elements(self) -> Self::Probes;
}

/// What a function without outputs returns.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is returned, but the function has no output",
    label = "this would be sent nowhere",
    note = "name where it goes: `#[output(\"name\")]`, or return nothing"
)]
pub trait Nothing {}

#[diagnostic::do_not_recommend]
impl Nothing for () {}

macro_rules! tuple {
    ($count:literal: $($element:ident)+) => {
        #[diagnostic::do_not_recommend]
        impl<$($element),+> Elements<$count> for ($($element,)+) {
            type Probes = ($(Probe<$element>,)+);

            #[allow(non_snake_case, reason = "each element is named like its type")]
            fn elements(self) -> Self::Probes {
                let ($($element,)+) = self;
                ($(Probe($element),)+)
            }
        }
    };
}

tuple!(2: A B);
tuple!(3: A B C);
tuple!(4: A B C D);
tuple!(5: A B C D E);
tuple!(6: A B C D E F);
tuple!(7: A B C D E F G);
tuple!(8: A B C D E F G H);
