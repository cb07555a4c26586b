//! An ordered list of headers that keeps what a broker sent.

use bytes::Bytes;

/// Headers in the order they were written.
///
/// A name may stand more than once, a value may be null, and letter case is kept: what came in
/// goes out unchanged. An empty list owns no memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(Vec<(Bytes, Option<Bytes>)>);

impl Headers {
    /// No headers.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Adds a header behind the others; `None` is a null value.
    pub fn push(&mut self, name: impl Into<Bytes>, value: Option<Bytes>) {
        self.0.push((name.into(), value));
    }

    /// Replaces every header of that name by one at the end.
    pub fn set(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        let name = name.into();
        self.0.retain(|(other, _)| *other != name);
        self.0.push((name, Some(value.into())));
    }

    /// The last non-null value of that exact name.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().rev().find_map(
            |(other, value)| {
                if other == name.as_bytes() { value.as_ref() } else { None }
            },
        )
    }

    /// The last non-null value of that name, if it is UTF-8.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Every header, in order.
    #[must_use]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Bytes, Option<&Bytes>)> {
        self.0.iter().map(|(name, value)| (name, value.as_ref()))
    }

    /// Keeps the headers whose name satisfies `keep`.
    pub fn retain(&mut self, mut keep: impl FnMut(&[u8]) -> bool) {
        self.0.retain(|(name, _)| keep(name));
    }

    /// Removes every header of one of these names; letter case counts.
    pub fn remove_all(&mut self, names: &[&str]) {
        self.retain(|name| !names.iter().any(|removed| removed.as_bytes() == name));
    }

    /// How many headers there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of all names and values.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.as_ref().map_or(0, Bytes::len)).sum()
    }
}

impl<N: Into<Bytes>, V: Into<Bytes>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(headers: I) -> Self {
        Self(headers.into_iter().map(|(name, value)| (name.into(), Some(value.into()))).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_names_null_values_and_case_are_kept() {
        let mut headers = Headers::new();
        headers.push("Trace", Some("1".into()));
        headers.push("trace", None);
        headers.push("Trace", Some("2".into()));
        assert_eq!(headers.len(), 3);
        assert_eq!(headers.text("Trace"), Some("2"));
        assert_eq!(headers.value("trace"), None);
        headers.set("Trace", "3");
        let kept: Vec<_> = headers.iter().map(|(name, _)| name.clone()).collect();
        assert_eq!(kept, ["trace", "Trace"]);
    }
}
