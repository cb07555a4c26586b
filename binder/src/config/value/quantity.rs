//! Durations such as `1m 30s` and sizes such as `64MiB`.

use std::time::Duration;

/// The longest duration that is taken: clocks can add it without an overflow.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A sum of whole numbers with the units `ms`, `s`, `m`, `h` and `d`, at most 365 days.
pub(crate) fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut sum = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (number, after) = digits(rest)?;
        let unit_end = after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit_end);
        sum = sum.checked_add(match unit {
            "ms" => Duration::from_millis(number),
            "s" => Duration::from_secs(number),
            "m" => Duration::from_secs(number.checked_mul(60)?),
            "h" => Duration::from_secs(number.checked_mul(60 * 60)?),
            "d" => Duration::from_secs(number.checked_mul(24 * 60 * 60)?),
            _ => return None,
        })?;
        rest = after.trim_start();
    }
    (sum <= LONGEST).then_some(sum)
}

/// A whole number of bytes, at least 1, with the unit `B`, `kB`, `MB`, `GB` (powers of 1000),
/// `KiB`, `MiB`, `GiB` (powers of 1024) or none.
pub(crate) fn size(text: &str) -> Option<u64> {
    let (number, unit) = digits(text.trim())?;
    let factor = match unit.trim_start() {
        "" | "B" => 1,
        "kB" | "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.checked_mul(factor).filter(|bytes| *bytes > 0 && usize::try_from(*bytes).is_ok())
}

/// A duration in the largest units that fit.
pub(crate) fn shown(duration: Duration) -> String {
    let millis = duration.as_millis();
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let (mut rest, mut parts) = (millis, Vec::new());
    for (length, unit) in units {
        if rest >= length {
            parts.push(format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

fn digits(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_sums_with_units() {
        for (text, millis) in [
            ("0s", 0),
            ("250ms", 250),
            (" 10s ", 10_000),
            ("1m30s", 90_000),
            ("1m 30s", 90_000),
            ("2h", 7_200_000),
            ("365d", 31_536_000_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", " ", "10", "s", "1.5s", "-1s", "10S", "10 s", "1w", "366d", "10s x"] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(duration("18446744073709551615d"), None);
        assert_eq!(duration("99999999999999999999s"), None);
    }

    #[test]
    fn sizes_have_units_of_bytes() {
        for (text, bytes) in
            [("1", 1), ("512B", 512), ("1kB", 1000), ("64 MiB", 64 << 20), ("2GiB", 2 << 30)]
        {
            assert_eq!(size(text), Some(bytes), "{text}");
        }
        for text in ["", "0", "0MiB", "MiB", "1.5MiB", "64mib", "64M", "18446744073709551615GiB"] {
            assert_eq!(size(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(millis in 0..=31_536_000_000_u64) {
            let length = Duration::from_millis(millis);
            prop_assert_eq!(duration(&shown(length)), Some(length));
        }
    }
}
