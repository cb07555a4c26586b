//! The time of a request.

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Where digits (`0`), letters (`a`), the sign (`+`) and everything else have to stand.
const SHAPE: &[u8; 26] = b"00/aaa/0000:00:00:00 +0000";

/// Writes `17/May/2015:10:05:03 +0000` as `2015-05-17T10:05:03+00:00`; `None` for anything else.
///
/// A second of 60 is allowed: servers write leap seconds.
pub(crate) fn rfc3339(text: &str) -> Option<String> {
    if !has_shape(text.as_bytes()) {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<u32>().ok();
    let month = MONTHS.iter().position(|name| *name == &text[3..6])? + 1;
    let in_range = (1..=days(month, number(7, 11)?)).contains(&number(0, 2)?)
        && number(12, 14)? < 24
        && number(15, 17)? < 60
        && number(18, 20)? <= 60
        && number(22, 24)? < 24
        && number(24, 26)? < 60;
    let (day, year, clock) = (&text[0..2], &text[7..11], &text[12..20]);
    let (zone_hours, zone_minutes) = (&text[21..24], &text[24..26]);
    in_range.then(|| format!("{year}-{month:02}-{day}T{clock}{zone_hours}:{zone_minutes}"))
}

fn has_shape(text: &[u8]) -> bool {
    text.len() == SHAPE.len()
        && text.iter().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            b'a' => byte.is_ascii_alphabetic(),
            b'+' => matches!(byte, b'+' | b'-'),
            other => byte == other,
        })
}

fn days(month: usize, year: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => {
            29
        }
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::rfc3339;

    #[test]
    fn a_time_keeps_its_zone() {
        let time = |text| rfc3339(text).unwrap();
        assert_eq!(time("17/May/2015:10:05:03 +0000"), "2015-05-17T10:05:03+00:00");
        assert_eq!(time("29/Feb/2024:23:59:60 -0330"), "2024-02-29T23:59:60-03:30");
    }

    #[test]
    fn every_part_has_its_range() {
        for text in [
            "00/May/2015:10:05:03 +0000",
            "31/Apr/2015:10:05:03 +0000",
            "29/Feb/2015:10:05:03 +0000",
            "29/Feb/1900:10:05:03 +0000",
            "17/Mai/2015:10:05:03 +0000",
            "17/May/2015:24:05:03 +0000",
            "17/May/2015:10:60:03 +0000",
            "17/May/2015:10:05:61 +0000",
            "17/May/2015:10:05:03 +2400",
            "17/May/2015:10:05:03 +0060",
            "17/May/2015:10:05:03 *0000",
            "17/May/2015:10:05:03",
            "7/May/2015:10:05:03 +0000",
            "17/May/2015:10:05:03 +00000",
            "",
        ] {
            assert_eq!(rfc3339(text), None, "{text}");
        }
    }
}
