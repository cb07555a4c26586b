//! What people read: every byte that comes from a message is made harmless first.

use binder_core::message::DEFAULT_CONTENT_TYPE;

use super::letter::Letter;
use super::list::StoreSummary;
use super::redrive::{RedriveEnd, Redriven};

/// The most of a payload that is shown, in bytes of text.
const PAYLOAD: usize = 2_000;
/// And in bytes that are no text.
const HEX: usize = 128;
/// The most of any other value.
const VALUE: usize = super::tally::KEY;

/// The class of letters that name none.
pub(super) const FOREIGN: &str = "foreign";

/// A store as a few lines.
pub(super) fn summary(store: &StoreSummary) -> String {
    let StoreSummary { binder, destination, letters: count, .. } = store;
    let mut text = match (store.exists, count) {
        (false, _) => format!("{destination} ({binder}): not there before the first start\n"),
        (true, 0) => format!("{destination} ({binder}): empty\n"),
        (true, count) => format!("{destination} ({binder}): {}\n", letters(*count)),
    };
    let inputs = store.inputs.iter().map(|(binding, group)| match group {
        Some(group) => format!("{binding} (group {group})"),
        None => binding.clone(),
    });
    line(&mut text, "inputs", &inputs.collect::<Vec<_>>().join(", "));
    if let (Some(oldest), Some(newest)) = (store.oldest, store.newest) {
        line(&mut text, "oldest", &utc(oldest));
        line(&mut text, "newest", &utc(newest));
    }
    let classes = store.classes.iter().map(|(class, count)| {
        let class =
            class.as_deref().map_or_else(|| FOREIGN.into(), |class| value(class.as_bytes()));
        format!("{class} {count}")
    });
    let classes: Vec<_> = classes.collect();
    if !classes.is_empty() {
        line(&mut text, "classes", &classes.join(", "));
    }
    text
}

/// A letter as a paragraph.
pub(super) fn letter(letter: &Letter, number: usize) -> String {
    let Letter { store_partition, store_position, .. } = letter;
    let mut text = format!("letter {number}, {store_partition}@{store_position} in the store\n");
    let mut bytes = |name, bytes: &Option<bytes::Bytes>| {
        if let Some(bytes) = bytes {
            line(&mut text, name, &value(bytes));
        }
    };
    bytes("id", &letter.id);
    bytes("key", &letter.key);
    bytes("type", &letter.content_type.clone().filter(|name| name != DEFAULT_CONTENT_TYPE));
    line(&mut text, "origin", &origin(letter));
    line(&mut text, "failed", &failure(letter));
    if letter.redrives > 0 {
        line(&mut text, "redriven", &times(letter.redrives));
    }
    for (index, (name, content)) in letter.headers.iter().enumerate() {
        let content = content.map_or_else(|| "null".to_owned(), |content| value(content));
        let label = if index == 0 { "headers" } else { "" };
        line(&mut text, label, &format!("{}: {content}", value(name)));
    }
    let payload = match &letter.payload {
        None => "null".to_owned(),
        Some(payload) if payload.is_empty() => "empty".to_owned(),
        Some(payload) => shown(payload, PAYLOAD),
    };
    line(&mut text, "payload", &payload);
    text
}

fn origin(letter: &Letter) -> String {
    let Some(destination) = &letter.destination else {
        return "unknown: not a letter of this framework".to_owned();
    };
    let mut text = value(destination.as_bytes());
    if let (Some(partition), Some(position)) = (&letter.partition, &letter.position) {
        let place = format!("/{partition}@{position}");
        text.push_str(&value(place.as_bytes()));
    }
    for (name, part) in [("binding", &letter.binding), ("group", &letter.group)] {
        if let Some(part) = part {
            text.push_str(&format!(", {name} {}", value(part.as_bytes())));
        }
    }
    if let Some(at) = letter.sent_at {
        text.push_str(&format!(", sent {}", utc(at)));
    }
    text
}

fn failure(letter: &Letter) -> String {
    let mut text = letter.failed_at.map_or_else(|| "at an unknown time".to_owned(), utc);
    if let Some(attempts) = letter.attempts {
        let plural = if attempts == 1 { "" } else { "s" };
        text.push_str(&format!(", {attempts} attempt{plural}"));
    }
    for part in [&letter.class, &letter.cause].into_iter().flatten() {
        text.push_str(&format!(": {}", value(part.as_bytes())));
    }
    text
}

/// What a redrive has done, in full.
pub(super) fn redriven(done: &Redriven, dry_run: bool) -> String {
    let (sent, left) = match dry_run {
        true => ("would be sent back", "would stay"),
        false => ("sent back and confirmed", "left in the store"),
    };
    let mut lines = vec![letters(done.all_sent()) + " " + sent];
    for ((destination, group), sent) in &done.sent {
        lines.push(format!("  {} to {destination}, group {group}", letters(*sent)));
    }
    if done.all_left() > 0 {
        lines.push(letters(done.all_left()) + " " + left);
    }
    for (why, left) in &done.left {
        lines.push(format!("  {}: {}", letters(*left), value(why.as_bytes())));
    }
    match done.end {
        RedriveEnd::Limit => lines.push("ended at `--limit`".to_owned()),
        RedriveEnd::Stopped => {
            lines.push("stopped before the end; the same command goes on from here".to_owned());
        }
        RedriveEnd::Failed(_) => {
            lines.push("not finished; the same command goes on from here".to_owned());
        }
        RedriveEnd::Whole => {}
    }
    lines.join("\n") + "\n"
}

/// How far a redrive is.
pub(super) fn progress(done: &Redriven) -> String {
    format!("{} sent, {} left, of about {}", done.all_sent(), done.all_left(), done.held)
}

fn letters(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} letter{plural}")
}

fn times(count: u32) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn line(text: &mut String, name: &str, value: &str) {
    text.push_str(&format!("  {name:<9} {value}\n"));
}

/// Bytes on one line.
pub(super) fn value(bytes: &[u8]) -> String {
    shown(bytes, VALUE)
}

/// Text where it is text, otherwise hexadecimal digits; what is too long is cut.
fn shown(bytes: &[u8], most: usize) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if is_text(text) => {
            let mut end = most.min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let mut shown = String::with_capacity(end);
            text[..end].chars().for_each(|c| push(&mut shown, c));
            rest(shown, end, bytes.len())
        }
        _ => {
            let end = HEX.min(bytes.len());
            let mut shown = String::from("hex ");
            for byte in &bytes[..end] {
                shown.push_str(&format!("{byte:02x}"));
            }
            rest(shown, end, bytes.len())
        }
    }
}

fn rest(mut shown: String, end: usize, all: usize) -> String {
    if end < all {
        shown.push_str(&format!("… ({all} bytes in all)"));
    }
    shown
}

/// Whether it was meant to be read: hardly any control characters but line ends and tabs.
fn is_text(text: &str) -> bool {
    let odd = text.chars().filter(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r'));
    odd.count() * 8 <= text.len()
}

/// Escapes what would move the cursor, colour the terminal or reverse the line.
fn push(text: &mut String, c: char) {
    match c {
        '"' | '\'' | '\\' => text.push(c),
        _ => text.extend(c.escape_debug()),
    }
}

/// A time in milliseconds since the Unix epoch, as RFC 3339 has it.
pub(super) fn utc(millis: i64) -> String {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = date(days);
    let (seconds, millis) = (rest / 1_000, rest % 1_000);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Year, month and day of a day since the Unix epoch: Howard Hinnant's `civil_from_days`.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_dates() {
        assert_eq!(utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(utc(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(utc(1_700_000_000_123), "2023-11-14T22:13:20.123Z");
        assert_eq!(utc(-1), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn bytes_of_strangers_cannot_harm_a_terminal() {
        assert_eq!(value(b"a\x1b[31m \"b\\\n"), "a\\u{1b}[31m \"b\\\\n");
        assert_eq!(value("a\u{202e}b".as_bytes()), "a\\u{202e}b");
        assert_eq!(value(b"\xff\x00"), "hex ff00");
        assert_eq!(value(b"\x00\x01\x02a"), "hex 00010261");
        let long = "é".repeat(VALUE);
        let cut = value(long.as_bytes());
        assert!(cut.ends_with(&format!("é… ({} bytes in all)", 2 * VALUE)), "{cut}");
        assert!(value(&[0xff; 300]).len() < 300 * 2, "cut");
    }

    #[test]
    fn a_redrive_is_told_in_numbers() {
        let mut done = Redriven { end: RedriveEnd::Stopped, ..Redriven::default() };
        done.sent.insert(("orders".into(), "billing".into()), 2);
        done.left.insert("read without a group".into(), 1);
        let expected = "2 letters sent back and confirmed\n  2 letters to orders, group billing\n\
                        1 letter left in the store\n  1 letter: read without a group\n\
                        stopped before the end; the same command goes on from here\n";
        assert_eq!(redriven(&done, false), expected);
        assert_eq!(redriven(&Redriven::default(), true), "0 letters would be sent back\n");
    }
}
