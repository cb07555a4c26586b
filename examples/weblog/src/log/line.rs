//! One line of the combined log format.
//!
//! ```text
//! 83.149.9.216 - ann [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200    2326 "http://…" "…"
//! address      (any) time                         request          status size referrer   agent
//! ```
//!
//! A line parses when address, time, request, status and size do. Whatever stands between address
//! and time (identity and user, which may contain spaces) is passed over; the request may be any
//! text in quotes, such as the `-` of a connection that was closed before it asked; referrer and
//! agent may be missing, cut off or not UTF-8.

use std::ops::Range;
use std::str;

use super::address;
use super::broken::{Broken, Fault, Field};
use super::cursor::Cursor;
use super::hit::Hit;
use super::timestamp;

impl Hit {
    /// Reads one line, without its line ending.
    ///
    /// # Errors
    ///
    /// [`Broken`] names the first field that does not parse.
    pub(crate) fn parse(line: &[u8]) -> Result<Self, Broken> {
        let mut cursor = Cursor::new(line);
        let client = client(&mut cursor, line)?;
        let time = time(&mut cursor, line)?;
        let request = request(&mut cursor)?;
        let status = status(&mut cursor, line)?;
        let bytes = size(&mut cursor, line)?;
        let text = utf8(&line[..cursor.at()], &request)?;
        let (method, path) = method_and_path(&text[request]);
        let referrer = optional(&mut cursor);
        let agent = optional(&mut cursor);
        let client = client.to_owned();
        Ok(Self { client, time, method, path, status, bytes, referrer, agent })
    }
}

fn client<'a>(cursor: &mut Cursor<'_>, line: &'a [u8]) -> Result<&'a str, Broken> {
    let word = cursor.word();
    let fail = |fault| Broken { field: Field::Address, fault, at: word.start };
    if word.is_empty() {
        return Err(fail(Fault::Missing));
    }
    let text = str::from_utf8(&line[word.clone()]).map_err(|_| fail(Fault::Malformed))?;
    if address::is_client(text) { Ok(text) } else { Err(fail(Fault::Malformed)) }
}

fn time(cursor: &mut Cursor<'_>, line: &[u8]) -> Result<String, Broken> {
    cursor.before(b" [", Field::Time)?;
    let malformed = cursor.fail(Field::Time, Fault::Malformed);
    let range = cursor.before(b"]", Field::Time).map_err(|_| malformed)?;
    let text = str::from_utf8(&line[range]).map_err(|_| malformed)?;
    timestamp::rfc3339(text).ok_or(malformed)
}

fn request(cursor: &mut Cursor<'_>) -> Result<Range<usize>, Broken> {
    cursor.skip(b" \"", Field::Request)?;
    let unclosed = cursor.fail(Field::Request, Fault::Malformed);
    cursor.quoted().ok_or(unclosed)
}

fn status(cursor: &mut Cursor<'_>, line: &[u8]) -> Result<u16, Broken> {
    let word = cursor.next_word(Field::Status)?;
    let malformed = Broken { field: Field::Status, fault: Fault::Malformed, at: word.start };
    let digits = &line[word];
    let status = number(digits).and_then(|status| u16::try_from(status).ok());
    status.filter(|status| digits.len() == 3 && (100..=599).contains(status)).ok_or(malformed)
}

fn size(cursor: &mut Cursor<'_>, line: &[u8]) -> Result<u64, Broken> {
    let word = cursor.next_word(Field::Size)?;
    let malformed = Broken { field: Field::Size, fault: Fault::Malformed, at: word.start };
    match &line[word] {
        b"-" => Ok(0),
        digits => number(digits).ok_or(malformed),
    }
}

/// The number that `digits` and nothing else write; `None` also if it is too large.
fn number(digits: &[u8]) -> Option<u64> {
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}

/// Everything that has to be text. Address, time, status and size are by now.
fn utf8<'a>(required: &'a [u8], request: &Range<usize>) -> Result<&'a str, Broken> {
    str::from_utf8(required).map_err(|error| {
        let at = error.valid_up_to();
        let field = if at < request.start { Field::User } else { Field::Request };
        Broken { field, fault: Fault::NotUtf8, at }
    })
}

/// `GET /path HTTP/1.1`, or without the version; anything else has neither.
fn method_and_path(request: &str) -> (Option<String>, Option<String>) {
    let Some((method, rest)) = request.split_once(' ') else { return (None, None) };
    let is_method = !method.is_empty()
        && method.bytes().all(|byte| byte.is_ascii_alphabetic() || b"-_".contains(&byte));
    let path = rest.rsplit_once(" HTTP/").map_or(rest, |(path, _version)| path);
    if is_method && !path.is_empty() {
        (Some(method.to_owned()), Some(path.to_owned()))
    } else {
        (None, None)
    }
}

/// A quoted text that may be missing or cut off; `-` stands for none.
fn optional(cursor: &mut Cursor<'_>) -> Option<String> {
    cursor.skip(b" \"", Field::Request).ok()?;
    let rest = cursor.rest();
    let text = match cursor.quoted() {
        Some(range) => &rest[..range.len()],
        None => rest,
    };
    (!text.is_empty() && text != b"-").then(|| String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
#[path = "line_tests.rs"]
mod tests;
