//! What functions have returned and nobody has published yet.

use binder_core::message as wire;
use bytes::{BufMut, Bytes, BytesMut};

/// How much of the arena is asked for at once. Payloads are slices of it, so that what crosses to
/// the publisher's thread is one allocation per chunk, not per message.
const CHUNK: usize = 64 * 1024;

/// Bytes up to which something is copied to the arena although it stands somewhere already.
const SHORT: usize = 256;

/// How many bytes of outputs are gathered before they are handed on.
const HEAVY: usize = 1024 * 1024;

/// The outputs of the calls of one batch, in order, and the arena their payloads are written to.
#[derive(Debug, Default)]
pub struct Outputs {
    arena: BytesMut,
    messages: Vec<(usize, wire::Message)>,
    bytes: usize,
}

impl Outputs {
    /// No outputs.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets `write` append to the arena and gives what it wrote.
    ///
    /// # Errors
    ///
    /// Whatever `write` fails with; what it wrote is taken away.
    pub fn write<E>(
        &mut self,
        write: impl FnOnce(&mut bytes::buf::Writer<&mut BytesMut>) -> Result<(), E>,
    ) -> Result<Bytes, E> {
        // What a write that panicked has left behind.
        self.arena.clear();
        if self.arena.capacity() < CHUNK / 64 {
            self.arena.reserve(CHUNK);
        }
        let mut writer = (&mut self.arena).writer();
        let written = write(&mut writer);
        let bytes = self.arena.split();
        written.map(|()| bytes.freeze())
    }

    /// Copies something short that has an allocation of its own to the arena: one that is made here
    /// and freed by a client's thread costs more than a copy.
    #[must_use]
    pub fn keep(&mut self, bytes: Bytes) -> Bytes {
        if bytes.len() > SHORT || !bytes.is_unique() {
            return bytes;
        }
        // What a write that panicked has left behind.
        self.arena.clear();
        if self.arena.capacity() < CHUNK / 64 {
            self.arena.reserve(CHUNK);
        }
        self.arena.extend_from_slice(&bytes);
        self.arena.split().freeze()
    }

    /// Adds a message for the output of that index in the attribute.
    pub fn push(&mut self, output: usize, message: wire::Message) {
        self.bytes += message.size();
        self.messages.push((output, message));
    }

    /// How many messages there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.messages.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Takes away what was added after there were `len`.
    pub fn truncate(&mut self, len: usize) {
        for (_, message) in self.messages.drain(len.min(self.messages.len())..) {
            self.bytes -= message.size();
        }
    }

    /// Whether so much has come together that it is handed on before more is made.
    #[must_use]
    pub fn is_heavy(&self) -> bool {
        self.bytes >= HEAVY
    }

    /// Takes every message from the `from`th on.
    pub fn drain_from(&mut self, from: usize) -> impl Iterator<Item = (usize, wire::Message)> + '_ {
        let drained = &self.messages[from.min(self.messages.len())..];
        self.bytes -= drained.iter().map(|(_, message)| message.size()).sum::<usize>();
        self.messages.drain(from..)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn payloads_are_slices_of_one_arena() {
        let mut outputs = Outputs::new();
        let one = outputs.write(|w| w.write_all(b"one")).unwrap();
        let two = outputs.write(|w| w.write_all(b"two")).unwrap();
        assert_eq!((one.as_ref(), two.as_ref()), (&b"one"[..], &b"two"[..]));
        assert_eq!(two.as_ptr() as usize - one.as_ptr() as usize, 3);
    }

    #[test]
    fn only_what_is_short_and_nobody_elses_is_copied() {
        let mut outputs = Outputs::new();
        let mut is_copied = |bytes: Bytes| {
            let at = bytes.as_ptr();
            outputs.keep(bytes).as_ptr() != at
        };
        assert!(is_copied(b"short".to_vec().into()));
        assert!(!is_copied(vec![0; SHORT + 1].into()));
        assert!(!is_copied(Bytes::from_static(b"static")));
        let shared = Bytes::from(b"shared".to_vec());
        let other = shared.clone();
        assert!(!is_copied(shared));
        assert_eq!(other, "shared");
    }

    #[test]
    fn a_failed_write_leaves_nothing() {
        let mut outputs = Outputs::new();
        let failed =
            outputs.write(|w| w.write_all(b"half").and_then(|()| Err(std::io::Error::other("x"))));
        assert!(failed.is_err());
        let next = outputs.write(|w| w.write_all(b"whole")).unwrap();
        assert_eq!(next, "whole");
    }

    #[test]
    fn a_write_that_panics_leaves_nothing() {
        let mut outputs = Outputs::new();
        let panics = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            outputs.write(|w| {
                w.write_all(b"half")?;
                std::panic::resume_unwind(Box::new("in the middle"));
                #[expect(unreachable_code, reason = "gives the closure its type")]
                Ok::<(), std::io::Error>(())
            })
        }));
        assert!(panics.is_err());
        assert_eq!(outputs.write(|w| w.write_all(b"whole")).unwrap(), "whole");
    }
}
