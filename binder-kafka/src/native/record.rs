//! A message as librdkafka holds it.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::slice;

use rdkafka::bindings as rd;
use rdkafka::error::IsError as _;

use crate::error::Code;

/// A message that belongs to a [`DataQueue`](super::DataQueue).
pub(crate) struct Record<'q> {
    message: NonNull<rd::rd_kafka_message_t>,
    queue: PhantomData<&'q ()>,
}

impl<'q> Record<'q> {
    /// # Safety
    ///
    /// `message` came from librdkafka and is not destroyed during `'q`.
    pub(super) unsafe fn new(message: NonNull<rd::rd_kafka_message_t>) -> Self {
        Self { message, queue: PhantomData }
    }

    fn raw(&self) -> &'q rd::rd_kafka_message_t {
        // SAFETY: the message lives for `'q` (see `new`), and nobody writes to it.
        unsafe { self.message.as_ref() }
    }

    /// The partition; librdkafka uses -1 for an error that concerns none.
    pub(crate) fn partition(&self) -> Option<u32> {
        u32::try_from(self.raw().partition).ok()
    }

    /// The offset, where there is one.
    pub(crate) fn offset(&self) -> Option<u64> {
        u64::try_from(self.raw().offset).ok()
    }

    /// An error that librdkafka reports in the place of a message, with its text.
    pub(crate) fn error(&self) -> Option<(Code, String)> {
        let raw = self.raw();
        if !raw.err.is_error() {
            return None;
        }
        // SAFETY: for an error, librdkafka returns a string that lives as long as the message.
        let text = unsafe { rd::rd_kafka_message_errstr(raw) };
        let text = if text.is_null() {
            String::new()
        } else {
            // SAFETY: not null, and a C string by librdkafka's contract.
            unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
        };
        Some((raw.err.into(), text))
    }

    /// The payload; `None` is a null payload.
    pub(crate) fn payload(&self) -> Option<&'q [u8]> {
        // SAFETY: the pair describes memory that lives as long as the message.
        unsafe { bytes(self.raw().payload.cast(), self.raw().len) }
    }

    /// The key; `None` is a null key.
    pub(crate) fn key(&self) -> Option<&'q [u8]> {
        // SAFETY: the pair describes memory that lives as long as the message.
        unsafe { bytes(self.raw().key.cast(), self.raw().key_len) }
    }

    /// Milliseconds since the Unix epoch.
    pub(crate) fn timestamp(&self) -> Option<i64> {
        let mut kind = rd::rd_kafka_timestamp_type_t::RD_KAFKA_TIMESTAMP_NOT_AVAILABLE;
        // SAFETY: both pointers are valid for the call.
        let millis = unsafe { rd::rd_kafka_message_timestamp(self.raw(), &raw mut kind) };
        (millis >= 0).then_some(millis)
    }

    /// The headers. Ask once: librdkafka looks for them anew each time where there are none.
    pub(crate) fn headers(&self) -> HeaderList<'q> {
        let mut headers = ptr::null_mut();
        // SAFETY: both pointers are valid; librdkafka parses once and keeps the list in the
        // message. Records are not `Sync`, so no other thread parses at the same time.
        let found = unsafe { rd::rd_kafka_message_headers(self.raw(), &raw mut headers) };
        let list = if found.is_error() { None } else { NonNull::new(headers) };
        HeaderList { list, message: PhantomData }
    }

    /// Bytes of payload, key and headers.
    pub(crate) fn size(&self, headers: &HeaderList<'_>) -> usize {
        let len = |bytes: Option<&[u8]>| bytes.map_or(0, <[u8]>::len);
        let headers: usize = headers.iter().map(|(name, value)| name.len() + len(value)).sum();
        len(self.payload()) + len(self.key()) + headers
    }
}

/// The headers of a record, as librdkafka holds them.
pub(crate) struct HeaderList<'q> {
    list: Option<NonNull<rd::rd_kafka_headers_t>>,
    message: PhantomData<&'q ()>,
}

impl<'q> HeaderList<'q> {
    /// Every header in order: name and value, which may be null.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'q [u8], Option<&'q [u8]>)> + use<'q> {
        let list = self.list;
        let mut index = 0;
        std::iter::from_fn(move || {
            let (mut name, mut value, mut size) = (ptr::null(), ptr::null(), 0);
            // SAFETY: the list belongs to the message; an index past the end is an error code.
            let found = unsafe {
                rd::rd_kafka_header_get_all(
                    list?.as_ptr(),
                    index,
                    &raw mut name,
                    &raw mut value,
                    &raw mut size,
                )
            };
            index += 1;
            if found.is_error() {
                return None;
            }
            // SAFETY: name is a C string and value/size a pair, both as old as the message.
            Some(unsafe { (CStr::from_ptr(name).to_bytes(), bytes(value.cast(), size)) })
        })
    }
}

/// # Safety
///
/// `start` is null or the start of `len` bytes that nobody writes to during `'a`.
unsafe fn bytes<'a>(start: *const u8, len: usize) -> Option<&'a [u8]> {
    // SAFETY: not null, and the caller vouches for the rest.
    (!start.is_null()).then(|| unsafe { slice::from_raw_parts(start, len) })
}
